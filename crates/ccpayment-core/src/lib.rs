//! Amounts, identifiers, signing, endpoints and errors of the CCPayment API, without any I/O
