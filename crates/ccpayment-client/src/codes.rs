//! What the codes of some refusals mean for a client.

use ccpayment_core::ErrorCode;

/// Refusals before any work that pass within seconds. Others that pass by themselves (an unstable
/// chain, an odd price) take minutes to hours: the caller decides whether the request is still wanted
/// then.
pub(crate) fn passes_in_seconds(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::RateLimit | ErrorCode::FrequentOperation)
}

/// Whether the gateway does not accept who we are, so that no repeat helps.
pub(crate) fn is_unauthorized(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::VerifySignFailed
            | ErrorCode::MaliciousReq
            | ErrorCode::MerchantNotFound
            | ErrorCode::IpNotInWhitelist
    )
}
