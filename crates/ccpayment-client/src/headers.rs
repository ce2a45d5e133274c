//! `retry_after` and `date`: what the headers of an answer say about time.

use std::time::{Duration, SystemTime};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName};

/// How long the answer asks to wait: seconds, or a date. A date is compared with the answer's own
/// `Date` where there is one, since our clock may be wrong.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    // Some servers send fractions of a second, which the standard lacks; rounding up is harmless.
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = fraction.bytes().all(|digit| digit.is_ascii_digit());
    if let Some(seconds) = whole.parse::<u64>().ok().filter(|_| is_number) {
        let more = u64::from(fraction.bytes().any(|digit| digit != b'0'));
        return Some(Duration::from_secs(seconds.saturating_add(more)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let from = date(headers, DATE).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or_default())
}

pub(crate) fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Thu, 01 Jan 2026 00:00:00 GMT").unwrap();
        let read = |value: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers, now).map(|duration| duration.as_secs())
        };
        assert_eq!(read("7", None), Some(7));
        assert_eq!(read(" 120 ", None), Some(120));
        assert_eq!(read("292.05", None), Some(293));
        assert_eq!(read("5.0", None), Some(5));
        for none in ["5.x", "5, 10", "-1", "", "1e3"] {
            assert_eq!(read(none, None), None, "{none}");
        }
        assert_eq!(read("Thu, 01 Jan 2026 00:01:00 GMT", None), Some(60));
        assert_eq!(read("Wed, 31 Dec 2025 23:00:00 GMT", None), Some(0));
        let far = "Thu, 01 Jan 2026 08:00:00 GMT";
        let theirs = Some("Thu, 01 Jan 2026 07:59:50 GMT");
        assert_eq!(read(far, theirs), Some(10));
        for nothing in ["", "soon", "-1", "1.x", "99999999999999999999999"] {
            assert_eq!(read(nothing, None), None, "{nothing}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
