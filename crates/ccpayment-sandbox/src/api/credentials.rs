//! The calls that a request by hand needs: who the merchant is, and how it signs.

use crate::api::sandbox::Sandbox;
use crate::model::coins::Coin;
use crate::model::v1::is_kind;
use crate::rules::v1::tokens;
use crate::sign::v1::Signer;

/// # Credentials and signatures
///
/// For requests by hand, and for checking what the sandbox signs.
impl Sandbox {
    /// The merchant's app id.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.shared.gateway.signer.app_id
    }

    /// The merchant's app secret.
    #[must_use]
    pub fn app_secret(&self) -> &str {
        &self.shared.app_secret
    }

    /// The headers `Appid`, `Timestamp` and `Sign` for a body, signed at the
    /// [`signing_time`](Self::signing_time).
    ///
    /// They serve for requests and for notifications, which are signed in the same way. They are
    /// always signed with the secret, whatever RSA keys there are; [`sign_v1`](Self::sign_v1) is
    /// for v1.
    #[must_use]
    pub fn sign_v2(&self, body: &[u8]) -> [(&'static str, String); 3] {
        self.headers(self.signing_time(), body)
    }

    /// The headers `Appid`, `Timestamp` and `Sign` of v1 for a body, signed at the
    /// [`signing_time`](Self::signing_time). They serve for requests, answers and notifications.
    #[must_use]
    pub fn sign_v1(&self, body: &[u8]) -> [(&'static str, String); 3] {
        self.signer_v1().headers(self.signing_time(), body)
    }

    /// The `token_id` that v1 has for a coin on a chain; the same in every sandbox.
    #[must_use]
    pub fn v1_token_id(&self, coin_id: u64, chain: &str) -> Option<&'static str> {
        let coin = Coin::find(coin_id)?;
        Some(tokens::token_id(coin, coin.network(chain)?))
    }

    pub(crate) fn signer_v1(&self) -> &Signer {
        &self.shared.gateway.signer_v1
    }

    /// Signs v1 by its digest; v2 by the sandbox's RSA key if it has one, else by the secret.
    pub(crate) fn notification_headers(
        &self,
        kind: &str,
        at: u64,
        body: &[u8],
    ) -> [(&'static str, String); 3] {
        let gateway = &self.shared.gateway;
        if is_kind(kind) {
            return gateway.signer_v1.headers(at, body);
        }
        let mut headers = self.headers(at, body);
        if let Some(key) = &gateway.notification_key {
            let [_, (_, timestamp), (_, sign)] = &mut headers;
            // No fallback: a signature by the secret would hide that the key can't sign.
            *sign = key
                .sign(&gateway.signer.text(timestamp, body))
                .unwrap_or_default();
        }
        headers
    }

    fn headers(&self, at: u64, body: &[u8]) -> [(&'static str, String); 3] {
        let signer = &self.shared.gateway.signer;
        let timestamp = format!("{at:010}");
        let sign = signer.sign(&timestamp, body);
        [
            ("Appid", signer.app_id.clone()),
            ("Timestamp", timestamp),
            ("Sign", sign),
        ]
    }
}
