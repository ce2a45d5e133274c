//! CCPayment transport over reqwest, with everything it does by itself switched off
