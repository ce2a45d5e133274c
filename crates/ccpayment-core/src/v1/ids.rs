//! Names for things that v1 alone has.

use crate::ids::text_ids;
use crate::validate::{MADE_BY_GATEWAY, NOT_EMPTY, UUID};

text_ids! {
    /// CCPayment's id of a coin, a UUID. Balances and fees are held by coin.
    CoinId: UUID;
    /// CCPayment's id of a coin on one network, a UUID. It says both what to pay with and where.
    TokenId: UUID;
    /// CCPayment's own id of an order or a withdrawal. The merchant's is an
    /// [`OrderId`](crate::OrderId), and that is the one to look things up by.
    GatewayOrderId: MADE_BY_GATEWAY;
    /// What a price is in: a fiat currency by its code, or the token that is paid with.
    ///
    /// ```
    /// use ccpayment_core::v1::Currency;
    ///
    /// assert_eq!(Currency::usd().as_str(), "USD");
    /// assert!(Currency::new("Token").is_token());
    /// assert!(!Currency::new("EUR").is_token());
    /// ```
    Currency: NOT_EMPTY;
}

impl Currency {
    /// US dollars.
    #[must_use]
    pub fn usd() -> Self {
        Self::new("USD")
    }

    /// The token itself.
    #[must_use]
    pub fn token() -> Self {
        Self::new("token")
    }

    /// Whether it is the token itself, in whatever case.
    #[must_use]
    pub fn is_token(&self) -> bool {
        self.as_str().eq_ignore_ascii_case("token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;

    #[test]
    fn a_uuid_is_told_from_anything_else() {
        let rule = |text: &str| TokenId::new(text).validate("token_id").map_err(|e| e.rule);
        assert_eq!(rule("0912e09a-d8e2-41d7-a0bc-a25530892988"), Ok(()));
        assert_eq!(rule("0912E09A-D8E2-41D7-A0BC-A25530892988"), Ok(()));
        assert_eq!(rule(""), Err(Rule::Empty));
        for text in [
            "0912e09ad8e241d7a0bca25530892988",
            "0912e09a-d8e2-41d7-a0bc-a2553089298",
            "0912e09a-d8e2-41d7-a0bc-a255308929888",
            "0912e09a-d8e2-41d7-a0bca-25530892988",
            "g912e09a-d8e2-41d7-a0bc-a25530892988",
            "{0912e09a-d8e2-41d7-a0bc-a2553089298}",
            "1280",
        ] {
            assert_eq!(rule(text), Err(Rule::NotAUuid), "{text}");
        }
    }
}
