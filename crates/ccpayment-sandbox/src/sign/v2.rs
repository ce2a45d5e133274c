//! Signatures of v2: HMAC-SHA256 over app id, timestamp and body, or the merchant's RSA key.

use http::HeaderMap;
use ring::hmac;

use crate::model::hex::{from_lower_hex, to_lower_hex};
use crate::model::refusal::{self, Refusal};
use crate::sign::headers::SignedHeaders;
use crate::sign::rsa::PublicKey;

/// The merchant's app id and keys, as v2 signs and verifies with them.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) app_id: String,
    pub(crate) key: hmac::Key,
    /// Requests are signed with this key instead. Notifications are not, unless the sandbox has a
    /// key of its own: nobody knows which key the gateway signs them with for such an account.
    pub(crate) rsa: Option<PublicKey>,
    /// Whether signatures by the secret are taken beside those by the key.
    pub(crate) accept_secret: bool,
}

impl Signer {
    pub(crate) fn new(app_id: String, app_secret: &str, rsa: Option<PublicKey>) -> Self {
        Self {
            app_id,
            key: hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes()),
            rsa,
            accept_secret: false,
        }
    }

    /// Lower-case hex of the signature.
    pub(crate) fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let tag = hmac::sign(&self.key, &self.text(timestamp, body));
        to_lower_hex(tag.as_ref())
    }

    /// The text that is signed, with either key.
    pub(crate) fn text(&self, timestamp: &str, body: &[u8]) -> Vec<u8> {
        [self.app_id.as_bytes(), timestamp.as_bytes(), body].concat()
    }

    /// Runs the checks that come before anybody looks at the body. Returns the moment of the
    /// signature, in the sandbox's time.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: u64,
        signing: u64,
    ) -> Result<u64, Refusal> {
        let signed = SignedHeaders::read(headers, body, &self.app_id, now, signing)?;
        let text = self.text(signed.timestamp, body);
        // ring compares in constant time.
        let by_hmac = (self.rsa.is_none() || self.accept_secret)
            && from_lower_hex(signed.sign)
                .is_some_and(|tag| hmac::verify(&self.key, &text, &tag).is_ok());
        let by_rsa = || {
            let key = self.rsa.as_ref();
            key.is_some_and(|key| key.verifies(&text, signed.sign))
        };
        if by_hmac || by_rsa() {
            return Ok(signed.at);
        }
        Err(Refusal::new(
            refusal::BAD_SIGNATURE,
            "the signature does not match",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::rsa;

    #[test]
    fn published_vectors() {
        let signer = Signer::new(
            "testappid0000001".into(),
            "testsecret0000000000000000000001",
            None,
        );
        for (body, sign) in [
            (
                "",
                "19dbaf2a249cb988fabd3221a2ff126b8e8af48e136a7049a717c1cd0a231479",
            ),
            (
                "{\"coinId\":1280}",
                "da499b0a5e5c15f25e961e4c76601209415dbb9e1c02e6bd92bcb8dbe32d3965",
            ),
            (
                "{}",
                "2de717679608e359706521d6cc9e4cbf29085c19ef54a0c78739d4dfdb9c7465",
            ),
        ] {
            assert_eq!(signer.sign("1677152720", body.as_bytes()), sign);
        }
    }

    #[test]
    fn an_account_with_a_key_takes_no_other_signature() {
        let rsa = PublicKey::read(rsa::tests::SPKI.as_bytes()).unwrap();
        let secret = "testsecret0000000000000000000001";
        let signer = Signer::new("testappid0000001".into(), secret, Some(rsa));
        let at = 1_677_152_720;
        let check = |sign: &str, body: &[u8]| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("Appid", "testappid0000001"),
                ("Timestamp", "1677152720"),
                ("Content-Type", "application/json"),
                ("Sign", sign),
            ] {
                headers.insert(name, value.parse().unwrap());
            }
            signer
                .check(&headers, body, at, at)
                .map_err(|refusal| refusal.code)
        };
        assert_eq!(check(rsa::tests::SIGN, b"{}"), Ok(at));
        assert_eq!(check(rsa::tests::SIGN, b"{ }"), Err(refusal::BAD_SIGNATURE));
        let hmac = signer.sign("1677152720", b"{}");
        assert_eq!(check(&hmac, b"{}"), Err(refusal::BAD_SIGNATURE));
    }

    /// After an advance callers go by their own clock alone, and a signature ages in the sandbox's.
    #[test]
    fn the_callers_clock_is_taken_and_no_other() {
        let secret = "testsecret0000000000000000000001";
        let signer = Signer::new("testappid0000001".into(), secret, None);
        // The clocks differ by less than the tolerance, so a mixture of the two would show.
        let (now, signing) = (1_700_000_061, 1_700_000_000);
        let check = |at: u64| {
            let mut headers = HeaderMap::new();
            let at = at.to_string();
            let sign = signer.sign(&at, b"");
            for (name, value) in [
                ("Appid", "testappid0000001"),
                ("Timestamp", &at),
                ("Sign", &sign),
            ] {
                headers.insert(name, value.parse().unwrap());
            }
            signer
                .check(&headers, b"", now, signing)
                .map_err(|refusal| refusal.message)
        };
        assert_eq!(check(signing - 120), Ok(now - 120));
        assert_eq!(check(signing + 120), Ok(now + 120));
        for (at, says) in [
            (
                signing - 125,
                "the header Timestamp is 125 s behind the clock here",
            ),
            (
                signing + 125,
                "the header Timestamp is 125 s ahead of the clock here",
            ),
        ] {
            assert_eq!(check(at), Err(says.to_owned()));
        }
    }
}
