//! The page on which one order is paid.

use super::html::Html;
use super::layout::{Frame, layout, left, moment};
use super::qr;

/// The state of an order, from the payer's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing has arrived.
    Waiting,
    /// Something has arrived and is not confirmed yet.
    Confirming,
    /// Less than asked for is confirmed; what is missing.
    Short(String),
    /// All of it is there.
    Paid,
    /// More than asked for; the surplus.
    Over(String),
    /// It has arrived but is held back as risky.
    Held,
    /// It has expired, and nothing has arrived.
    Expired,
}

impl Phase {
    /// One word for scripts and style.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Confirming => "confirming",
            Self::Short(_) => "short",
            Self::Paid => "paid",
            Self::Over(_) => "over",
            Self::Held => "held",
            Self::Expired => "expired",
        }
    }

    /// Nothing is left to wait for.
    fn is_over(&self) -> bool {
        matches!(self, Self::Paid | Self::Over(_) | Self::Held)
    }
}

/// What to send, and where.
#[derive(Debug, Clone)]
pub(crate) struct Payable {
    pub(crate) symbol: String,
    pub(crate) chain: String,
    /// All of it.
    pub(crate) total: String,
    /// What is left to send; nothing when all of it is on its way.
    pub(crate) left: Option<String>,
    /// Hands the payment to a wallet, where the chain has a standard.
    pub(crate) uri: Option<String>,
    pub(crate) address: String,
    pub(crate) memo: Option<String>,
    /// Confirmations that a payment needs.
    pub(crate) confirms: u64,
}

/// One payment that has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) amount: String,
    pub(crate) symbol: String,
    pub(crate) tx_id: String,
    pub(crate) status: &'static str,
    pub(crate) risky: bool,
    pub(crate) at: u64,
}

/// The amounts that the buttons pay; `None` where there is no such amount.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simulate {
    pub(crate) exact: Option<String>,
    pub(crate) part: Option<String>,
    pub(crate) over: Option<String>,
    /// Only before the order expires.
    pub(crate) late: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    pub(crate) title: String,
    pub(crate) order_id: String,
    /// The page's own path.
    pub(crate) path: String,
    /// The price in a currency, such as `20 USD`.
    pub(crate) price: Option<String>,
    pub(crate) payable: Payable,
    pub(crate) sent: Vec<Sent>,
    pub(crate) phase: Phase,
    pub(crate) expires_at: u64,
    pub(crate) now: u64,
    pub(crate) simulate: Simulate,
    /// The shop's page to which the payer goes back.
    pub(crate) return_url: Option<String>,
    /// Changes whenever the page would.
    pub(crate) version: String,
}

impl Checkout {
    /// Whether it still waits for money.
    pub(super) fn is_open(&self) -> bool {
        self.simulate.exact.is_some()
    }

    pub(crate) fn render(&self) -> String {
        let mut main = Html::default();
        self.live(&mut main);
        back(&mut main, self.return_url.as_deref());
        layout(&self.title, Frame::Live, &main)
    }

    /// The part that the script replaces when the state has changed.
    pub(super) fn live(&self, page: &mut Html) {
        open_live(page, &self.path, &self.version, self.expires_at, self.now);
        page.raw("<section class=\"card\" data-phase=\"")
            .text(self.phase.word())
            .raw("\">\n");
        self.head(page);
        if self.is_open() && !self.phase.is_over() {
            self.instructions(page);
        }
        self.payments(page);
        page.raw("</section>\n");
        self.buttons(page);
        page.raw("</div>\n");
    }

    fn head(&self, page: &mut Html) {
        let payable = &self.payable;
        heading(page, &self.title, &self.order_id);
        let asked = payable.left.as_ref().unwrap_or(&payable.total);
        page.raw("<p class=\"amount\"><span id=\"amount\" class=\"whole\">")
            .text(asked)
            .raw("</span> <abbr>")
            .text(&payable.symbol)
            .raw("</abbr>");
        if payable.left.is_some() {
            copy(page, "amount");
        }
        page.raw("</p>\n");
        if payable
            .left
            .as_ref()
            .is_some_and(|left| *left != payable.total)
        {
            page.raw("<p class=\"quiet\" id=\"left\">left to pay of ")
                .text(&payable.total)
                .raw(" ")
                .text(&payable.symbol)
                .raw("</p>\n");
        }
        if let Some(price) = &self.price {
            page.raw("<p class=\"quiet\">for ")
                .text(price)
                .raw("</p>\n");
        }
        page.raw("<p class=\"state\" id=\"state\" role=\"status\">");
        match &self.phase {
            Phase::Waiting => page.raw("Waiting for your payment"),
            Phase::Confirming => {
                page.raw("Payment seen, waiting for ")
                    .text(payable.confirms);
                page.raw(if payable.confirms == 1 {
                    " confirmation"
                } else {
                    " confirmations"
                });
                if let Some(left) = &payable.left {
                    page.raw("; ")
                        .text(left)
                        .raw(" ")
                        .text(&payable.symbol)
                        .raw(" is missing");
                }
                &mut *page
            }
            Phase::Short(missing) => page
                .raw("Paid in part: ")
                .text(missing)
                .raw(" ")
                .text(&payable.symbol)
                .raw(" is missing"),
            Phase::Paid => page.raw("Paid. Thank you!"),
            Phase::Over(surplus) => page
                .raw("Paid, with ")
                .text(surplus)
                .raw(" ")
                .text(&payable.symbol)
                .raw(" too much"),
            Phase::Held => page.raw("Received, but held back as risky"),
            Phase::Expired => page.raw("Expired"),
        };
        page.raw("</p>\n");
        if !self.phase.is_over() {
            countdown(page, self.expires_at, self.now);
        }
    }

    fn instructions(&self, page: &mut Html) {
        let payable = &self.payable;
        let scanned = payable.uri.as_ref().unwrap_or(&payable.address);
        qr::draw(
            page,
            scanned,
            if payable.uri.is_some() {
                "QR code of the payment"
            } else {
                "QR code of the address"
            },
        );
        page.raw("<dl>\n<dt>Network</dt><dd id=\"chain\">")
            .text(&payable.chain)
            .raw("</dd>\n<dt>Address</dt><dd><code id=\"address\">")
            .text(&payable.address)
            .raw("</code>");
        copy(page, "address");
        page.raw("</dd>\n");
        if let Some(memo) = &payable.memo {
            page.raw("<dt>Memo</dt><dd><code id=\"memo\">")
                .text(memo)
                .raw("</code>");
            copy(page, "memo");
            page.raw(
                " <strong class=\"must\">Without the memo the payment is lost.</strong></dd>\n",
            );
        }
        match &payable.uri {
            Some(uri) => {
                page.raw("<dt>QR code</dt><dd><code class=\"small\" id=\"payment-uri\">");
                page.text(uri).raw("</code></dd>\n");
            }
            None => {
                page.raw(
                    "<dt>QR code</dt><dd class=\"quiet\">the address alone: this chain has no ",
                );
                page.raw("standard for amounts</dd>\n");
            }
        }
        page.raw("</dl>\n");
    }

    fn payments(&self, page: &mut Html) {
        if self.sent.is_empty() {
            return;
        }
        page.raw("<h2>Payments</h2>\n<ul class=\"payments\">\n");
        for sent in &self.sent {
            // A risky payment ends as `Success`, but nobody gets the money.
            let (status, says) = if sent.risky {
                ("held", "risky, held back")
            } else {
                (sent.status, sent.status)
            };
            page.raw("<li><strong class=\"whole\">")
                .text(&sent.amount)
                .raw("</strong> ")
                .text(&sent.symbol)
                .raw(" <span class=\"tag\" data-status=\"")
                .raw(status)
                .raw("\">")
                .raw(says)
                .raw("</span>");
            page.raw("<br><small>");
            moment(page, sent.at);
            page.raw("</small><br><code class=\"small\">")
                .text(&sent.tx_id)
                .raw("</code></li>\n");
        }
        page.raw("</ul>\n");
    }

    fn buttons(&self, page: &mut Html) {
        if !self.is_open() {
            return;
        }
        page.raw("<section class=\"card simulate\">\n<h2>Simulate a payment</h2>\n<form method=\"post\" action=\"")
            .text(&self.path)
            .raw("/pay\">\n");
        let simulate = &self.simulate;
        for (how, label, amount) in [
            ("exact", "Pay exactly", &simulate.exact),
            ("part", "Pay a part", &simulate.part),
            ("over", "Pay too much", &simulate.over),
            ("late", "Expire, then pay", &simulate.late),
        ] {
            if let Some(amount) = amount {
                page.raw("<button name=\"how\" value=\"")
                    .raw(how)
                    .raw("\"")
                    .raw(if how == "exact" {
                        " class=\"main\">"
                    } else {
                        ">"
                    })
                    .raw(label)
                    .raw(" <small>")
                    .text(amount)
                    .raw(" ")
                    .text(&self.payable.symbol)
                    .raw("</small></button>\n");
            }
        }
        page.raw("</form>\n");
        if simulate.late.is_some() {
            page.raw("<p class=\"quiet\">\u{201c}Expire, then pay\u{201d} makes this order old. ");
            page.raw("The clock and all other orders stay as they are.</p>\n");
        }
        page.raw("</section>\n");
    }
}

/// A button that copies the text of an element; for browsers with scripts.
fn copy(page: &mut Html, id: &'static str) {
    page.raw(" <button type=\"button\" class=\"copy\" data-copy=\"")
        .raw(id);
    page.raw("\" aria-label=\"Copy the ")
        .raw(id)
        .raw("\">Copy</button>");
}

/// A merchant's link could be `javascript:`, which nobody should be able to click.
pub(super) fn back(page: &mut Html, url: Option<&str>) {
    let is_web = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    if let Some(url) = url.filter(is_web) {
        page.raw("<p class=\"back\"><a rel=\"noreferrer\" href=\"")
            .text(url)
            .raw("\">Back to the shop</a></p>\n");
    }
}

/// The part that follows the state; `path` is the page's own.
pub(super) fn open_live(page: &mut Html, path: &str, version: &str, ends: u64, now: u64) {
    page.raw("<div id=\"live\" data-state=\"")
        .text(path)
        .raw("/state\" data-version=\"")
        .text(version)
        .raw("\" data-ends=\"")
        .text(ends)
        .raw("\" data-now=\"")
        .text(now)
        .raw("\">\n");
}

pub(super) fn heading(page: &mut Html, title: &str, order_id: &str) {
    page.raw("<h1>")
        .text(title)
        .raw("</h1>\n<p class=\"quiet\">Order <span id=\"order\">")
        .text(order_id)
        .raw("</span></p>\n");
}

pub(super) fn countdown(page: &mut Html, ends: u64, now: u64) {
    page.raw("<p class=\"quiet\">");
    if ends > now {
        page.raw("Expires in <span id=\"countdown\">")
            .text(left(ends - now))
            .raw("</span><br>");
    } else {
        page.raw("Expired ");
    }
    moment(page, ends);
    page.raw("</p>\n");
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn example() -> Checkout {
        Checkout {
            title: "Order".to_owned(),
            order_id: "order-<1>".to_owned(),
            path: "/checkout/abc".to_owned(),
            price: Some("20 USD".to_owned()),
            payable: Payable {
                symbol: "XRP".to_owned(),
                chain: "XRP".to_owned(),
                total: "8.000000".to_owned(),
                left: Some("8.000000".to_owned()),
                uri: None,
                address: "rExample".to_owned(),
                memo: Some("1234".to_owned()),
                confirms: 6,
            },
            sent: Vec::new(),
            phase: Phase::Waiting,
            expires_at: 1_750_003_600,
            now: 1_750_000_000,
            simulate: Simulate {
                exact: Some("8.000000".to_owned()),
                part: Some("4".to_owned()),
                over: Some("9".to_owned()),
                late: None,
            },
            return_url: Some("javascript:alert(1)".to_owned()),
            version: "v1".to_owned(),
        }
    }

    #[test]
    fn it_shows_what_a_payer_needs() {
        let page = example().render();
        for part in [
            "id=\"amount\" class=\"whole\">8.000000<",
            "id=\"address\">rExample<",
            "id=\"memo\">1234<",
            "1 h 00 min 00 s",
            "order-&lt;1&gt;",
            "value=\"exact\"",
            "action=\"/checkout/abc/pay\"",
            "<svg",
            "for 20 USD",
            "2025-06-15 16:06:40 UTC",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("value=\"late\"") && !page.contains("javascript:"));
    }

    #[test]
    fn nothing_is_asked_for_once_it_is_paid() {
        let mut paid = example();
        paid.phase = Phase::Over("1".to_owned());
        paid.sent.push(Sent {
            amount: "9".to_owned(),
            symbol: "XRP".to_owned(),
            tx_id: "abc".to_owned(),
            status: "Success",
            risky: true,
            at: 1_750_000_000,
        });
        paid.payable.left = None;
        let page = paid.render();
        assert!(page.contains("Paid, with 1 XRP too much"));
        assert!(page.contains("data-status=\"held\">risky, held back<"));
        assert!(!page.contains("data-status=\"Success\""));
        assert!(!page.contains("<svg") && !page.contains("id=\"countdown\""));
    }

    #[test]
    fn a_part_shows_what_is_left() {
        let mut part = example();
        part.phase = Phase::Confirming;
        part.payable.left = Some("3".to_owned());
        let page = part.render();
        for says in [
            "class=\"whole\">3</span>",
            "left to pay of 8.000000 XRP",
            "waiting for 6 confirmations; 3 XRP is missing",
        ] {
            assert!(page.contains(says), "{says}: {page}");
        }
        // All of it is on its way: the page must not ask for it again.
        part.payable.left = None;
        part.payable.confirms = 1;
        part.simulate = Simulate::default();
        let page = part.render();
        assert!(page.contains("waiting for 1 confirmation<") && page.contains(">8.000000<"));
        assert!(
            !page.contains("<svg") && !page.contains("data-copy=") && !page.contains("id=\"left\"")
        );
    }

    #[test]
    fn the_code_is_of_the_uri_where_there_is_one() {
        let mut order = example();
        assert!(order.render().contains("the address alone"));
        order.payable.uri = Some("bitcoin:abc?amount=8".to_owned());
        let page = order.render();
        assert!(page.contains("id=\"payment-uri\">bitcoin:abc?amount=8<"));
        assert!(page.contains("QR code of the payment") && !page.contains("the address alone"));
    }
}
