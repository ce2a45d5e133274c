//! Scripted transports, a recorder and a settable clock for testing code that uses ccpayment
