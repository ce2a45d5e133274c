//! How a CCPayment notification is trusted: verify, confirm, acknowledge
