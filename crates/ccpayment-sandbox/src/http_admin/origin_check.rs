//! People at this machine may use the pages and the admin API; foreign web pages may not.
//!
//! There is no password, because the sandbox listens on loopback and holds no secret worth one.
//! What remains is the browser, which sits on loopback too and runs other people's pages:
//!
//! - A page of `evil.example` can post a form to `http://127.0.0.1:8480/sandbox/pay`. A browser
//!   always says where such a request comes from (`Origin`, `Sec-Fetch-Site`), so that everything
//!   that is foreign or unknown (`null`) is refused. Tools like curl send neither and are let in.
//! - `evil.example` can point its own name at 127.0.0.1 after its page was loaded (DNS rebinding);
//!   then the request is same-origin for the browser. But its `Host` is the foreign name, so only
//!   names that mean this machine are answered. Every address is answered, because an address can't
//!   be rebound. So a sandbox that listens on more than loopback stays usable.
//! - A page may be shown in a foreign frame and clicked through: `frame-ancestors 'none'`.
//! - A link from a shop to its checkout page is a foreign request and has to work: a `GET` changes
//!   nothing here, and without CORS headers a foreign script can't read its answer.
//!
//! The gateway's own routes need none of this, because every call there is signed.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};

/// Lets a request in, or says why not.
pub(super) fn check(parts: &Parts, names: &[String]) -> Result<(), String> {
    let host = text(&parts.headers, HOST.as_str())
        .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
        .unwrap_or_default();
    if !is_this_machine(host, names) {
        return Err(format!(
            "the Host {host:?} is not this machine's; if it should be, start the sandbox with `--host {}`",
            name_of(host)
        ));
    }
    if let Some(origin) = text(&parts.headers, ORIGIN.as_str())
        && !is_same(origin, host)
    {
        return Err(format!("the request comes from a page of {origin:?}"));
    }
    // A request that changes something must come from a page of the sandbox itself, or from no
    // page.
    if parts.method != Method::GET
        && text(&parts.headers, "sec-fetch-site")
            .is_some_and(|site| site != "same-origin" && site != "none")
    {
        return Err("the request comes from a foreign page".to_owned());
    }
    Ok(())
}

/// A header that is not text can't be one of ours; it counts as foreign, not as absent.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn is_this_machine(host: &str, names: &[String]) -> bool {
    let name = name_of(host);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Also with TLS: a proxy before the sandbox may speak it, and a page from this very host and port
/// is not foreign.
fn is_same(origin: &str, host: &str) -> bool {
    let place = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    place == Some(host)
}

/// Without the port; the colons of an IPv6 address are inside its brackets.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::builder().method(method).uri("/sandbox/pay");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, &["shop-sandbox".to_owned()]).is_ok()
    }

    #[test]
    fn tools_on_this_machine_are_let_in() {
        for host in [
            "127.0.0.1:8480",
            "localhost:8480",
            "LOCALHOST",
            "[::1]:8480",
            "192.168.1.7:8480",
            "shop-sandbox:8480",
        ] {
            assert!(verdict("POST", &[("host", host)]), "{host}");
        }
    }

    #[test]
    fn a_rebound_name_is_not() {
        for host in [
            "",
            "evil.example:8480",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::1].evil",
        ] {
            assert!(!verdict("GET", &[("host", host)]), "{host}");
        }
        assert!(!verdict("GET", &[]));
    }

    #[test]
    fn only_our_own_pages_may_post() {
        let host = ("host", "127.0.0.1:8480");
        assert!(verdict(
            "POST",
            &[
                host,
                ("origin", "http://127.0.0.1:8480"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
        for origin in [
            "null",
            "http://evil.example",
            "http://127.0.0.1:3000",
            "ftp://127.0.0.1:8480",
            "http://127.0.0.1:8480.evil",
        ] {
            assert!(!verdict("POST", &[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(
                !verdict("POST", &[host, ("sec-fetch-site", site)]),
                "{site}"
            );
        }
    }

    #[test]
    fn a_link_from_a_shop_works() {
        assert!(verdict(
            "GET",
            &[("host", "localhost:8480"), ("sec-fetch-site", "cross-site")]
        ));
        assert!(!verdict(
            "GET",
            &[
                ("host", "localhost:8480"),
                ("origin", "http://shop.example")
            ]
        ));
    }
}
