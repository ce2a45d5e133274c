//! `Halt`, which stops all requests of a client after the gateway has blocked it.

use std::sync::atomic::{AtomicU64, Ordering};

use ccpayment_core::ErrorCode;

/// Two refusals set it. All clones of a client share it. Only a person releases it.
///
/// 11014: our address is blocked, and requests prolong it. 12001: the APP ID is unknown, and requests
/// with it get the address blocked.
#[derive(Debug, Default)]
pub(crate) struct Halt {
    /// The code of the refusal; 0 for none.
    code: AtomicU64,
}

impl Halt {
    pub(crate) fn refused(&self, operation: &str, code: ErrorCode) {
        // This one operation has an APP ID in its body, which may be the unknown one.
        let is_about_us = operation != "getMainCoinList" || code == ErrorCode::MaliciousReq;
        let blocks = matches!(code, ErrorCode::MaliciousReq | ErrorCode::MerchantNotFound);
        if is_about_us && blocks {
            let code = code.code();
            if self.code.swap(code, Ordering::Relaxed) != code {
                tracing::error!(
                    code,
                    "the gateway blocks this client: no more requests are sent"
                );
            }
        }
    }

    pub(crate) fn set_by(&self) -> Option<ErrorCode> {
        match self.code.load(Ordering::Relaxed) {
            0 => None,
            code => Some(ErrorCode::from(code)),
        }
    }

    pub(crate) fn release(&self) {
        self.code.store(0, Ordering::Relaxed);
    }
}
