//! The frame around every page, and the parts that pages share.

use super::html::Html;
use super::style;
use crate::model::calendar;

/// The policy that the browser applies to every page: nothing from outside, no frame, no other
/// script.
pub(crate) fn content_security_policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; img-src data:; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        style::CSS_HASH,
        style::SCRIPT_HASH,
    )
}

const WARNING: &str = "This is a sandbox, not a payment gateway. Nothing here moves real money, \
                       and coins sent to these addresses are lost.";

/// The kinds of frames around a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// A page to pay on: a script follows the state, and browsers without scripts reload the page.
    Live,
    /// Only says something.
    Plain,
    Overview,
}

/// The frame around every page.
pub(super) fn layout(title: &str, frame: Frame, main: &Html) -> String {
    let live = frame == Frame::Live;
    let mut page = Html::default();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .raw("<meta name=\"robots\" content=\"noindex\">\n<title>")
        .text(title)
        .raw(" · CCPayment sandbox</title>\n")
        // An empty icon: a browser would ask for one otherwise.
        .raw("<link rel=\"icon\" href=\"data:,\">\n<style>")
        .raw(style::CSS)
        .raw("</style>\n");
    if live {
        page.raw("<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>\n");
    }
    page.raw("</head>\n<body")
        .raw(if frame == Frame::Overview {
            " class=\"wide\""
        } else {
            ""
        })
        .raw(">\n<p class=\"warning\" role=\"note\"><strong>Sandbox.</strong> ")
        .text(WARNING)
        .raw("</p>\n<main>\n")
        .html(main)
        .raw("</main>\n");
    if frame != Frame::Overview {
        page.raw("<footer><a href=\"/sandbox/\">Overview of this sandbox</a></footer>\n");
    }
    if live {
        page.raw("<script>").raw(style::SCRIPT).raw("</script>\n");
    }
    page.raw("</body>\n</html>\n");
    page.finish()
}

/// A page that only says something, such as that there is no such order.
pub(crate) fn message_page(title: &str, message: &str) -> String {
    let mut main = Html::default();
    main.raw("<section class=\"card\">\n<h1>")
        .text(title)
        .raw("</h1>\n<p>")
        .text(message)
        .raw("</p>\n</section>\n");
    layout(title, Frame::Plain, &main)
}

/// The remaining time, in the same words as the script's.
pub(super) fn left(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    if days > 0 {
        format!("{days} d {hours:02} h {minutes:02} min")
    } else if hours > 0 {
        format!("{hours} h {minutes:02} min {seconds:02} s")
    } else {
        format!("{minutes} min {seconds:02} s")
    }
}

/// Writes a moment for people and, in an attribute, for machines.
pub(super) fn moment(page: &mut Html, at: u64) {
    let text = calendar::plain(at);
    page.raw("<time datetime=\"")
        .text(text.replace(' ', "T"))
        .raw("Z\">")
        .text(text)
        .raw(" UTC</time>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_worded() {
        assert_eq!(left(0), "0 min 00 s");
        assert_eq!(left(61), "1 min 01 s");
        assert_eq!(left(3_661), "1 h 01 min 01 s");
        assert_eq!(left(10 * 86_400 + 59), "10 d 00 h 00 min");
    }

    #[test]
    fn every_page_says_what_it_is_not() {
        let page = message_page("Nothing <here>", "\"quoted\" & 'single'");
        assert!(page.contains("not a payment gateway"));
        assert!(page.contains("Nothing &lt;here&gt;"));
        assert!(page.contains("&quot;quoted&quot; &amp; &#39;single&#39;"));
        assert!(!page.contains("<script>"));
    }
}
