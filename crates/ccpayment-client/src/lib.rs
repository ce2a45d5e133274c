//! How a CCPayment call is made: transport, timeouts, outcomes and payouts that happen once
