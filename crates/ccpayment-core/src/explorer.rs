//! `ChainInfo::explorer_url`, the page that shows a transaction.

use std::fmt::Write as _;

use crate::ids::TxId;
use crate::v2::ChainInfo;

impl ChainInfo {
    /// The block explorer's page of a transaction: [`base_url`](Self::base_url) with the id in
    /// place of `%s`, or with the id at its end where it has no `%s`.
    ///
    /// `None` when the base is no http or https address or the id is empty. Characters of the id
    /// that can't be in a path are percent-encoded, so the page is always one of this explorer.
    ///
    /// ```
    /// use ccpayment_core::TxId;
    /// use ccpayment_core::v2::ChainInfo;
    ///
    /// let chain: ChainInfo = serde_json::from_str(
    ///     r#"{"chain":"ETH","status":"Normal","baseUrl":"https://etherscan.io/tx/%s"}"#,
    /// )?;
    /// let page = chain.explorer_url(&TxId::new("0xef4a"));
    /// assert_eq!(page.as_deref(), Some("https://etherscan.io/tx/0xef4a"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn explorer_url(&self, tx_id: &TxId) -> Option<String> {
        let (before, after) = (self.base_url.split_once("%s")).unwrap_or((&self.base_url, ""));
        let tx_id = encoded(tx_id.as_str());
        // The id must not become a part of the host.
        let has_path = before.split('/').count() > 3;
        if tx_id.is_empty() || !has_path {
            return None;
        }
        let page = format!("{before}{tx_id}{after}");
        crate::validate::checks::uri(&page, "baseUrl")
            .is_ok()
            .then_some(page)
    }
}

/// Percent-encodes a text as a part of a path (RFC 3986, 2.3).
fn encoded(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a text can't fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(base_url: &str, tx_id: &str) -> Option<String> {
        let chain = json!({"chain": "ETH", "status": "Normal", "baseUrl": base_url});
        let chain: ChainInfo = serde_json::from_value(chain).unwrap();
        chain.explorer_url(&TxId::new(tx_id))
    }

    #[test]
    fn the_id_stands_for_the_placeholder_or_is_appended() {
        for (base_url, expected) in [
            ("https://x.example/tx/%s", "https://x.example/tx/0xAb"),
            ("https://x.example/tx/", "https://x.example/tx/0xAb"),
            ("https://x.example/%s?a=%s", "https://x.example/0xAb?a=%s"),
        ] {
            assert_eq!(page(base_url, "0xAb").as_deref(), Some(expected));
        }
    }

    #[test]
    fn an_odd_id_stays_within_its_part_of_the_path() {
        let odd = page("https://x.example/tx/%s", "a/../b?c#d e+f=%s\u{e9}").unwrap();
        let expected = "https://x.example/tx/a%2F..%2Fb%3Fc%23d%20e%2Bf%3D%25s%C3%A9";
        assert_eq!(odd, expected);
    }

    #[test]
    fn without_a_web_address_or_an_id_there_is_no_page() {
        for (base_url, tx_id) in [
            ("", "0xAb"),
            ("javascript:%s", "alert"),
            ("x.example/tx/%s", "0xAb"),
            ("https://%s", "evil.example"),
            ("https://x.example%s", ".evil.example"),
            ("https://x.example/tx/%s", ""),
        ] {
            assert_eq!(page(base_url, tx_id), None, "{base_url}");
        }
    }
}
