//! A local CCPayment gateway to develop and test against without an account
