//! Everything at a glance: balances, orders, payouts and what became of the notifications.

use super::html::Html;
use super::layout::{layout, moment};

#[derive(Debug, Clone)]
pub(crate) struct Balance {
    pub(crate) symbol: String,
    pub(crate) coin_id: u64,
    pub(crate) available: String,
}

/// The newest so many of each are shown, lest a long test makes a page that no browser bears.
const MOST: usize = 100;

/// An order, a deposit or a withdrawal.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) amount: String,
    pub(crate) status: String,
    pub(crate) link: Option<String>,
}

/// One try to deliver a notification.
#[derive(Debug, Clone)]
pub(crate) struct Notified {
    pub(crate) record_id: String,
    pub(crate) event: String,
    pub(crate) number: u32,
    pub(crate) at: u64,
    pub(crate) outcome: String,
    pub(crate) acknowledged: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Overview {
    pub(crate) app_id: String,
    pub(crate) now: u64,
    pub(crate) webhook_url: Option<String>,
    pub(crate) pending: usize,
    pub(crate) balanced: bool,
    pub(crate) balances: Vec<Balance>,
    pub(crate) orders: Vec<Row>,
    pub(crate) deposits: Vec<Row>,
    pub(crate) payouts: Vec<Row>,
    pub(crate) notified: Vec<Notified>,
}

impl Overview {
    pub(crate) fn render(&self) -> String {
        let mut page = Html::default();
        page.raw("<h1>Sandbox of <code>")
            .text(&self.app_id)
            .raw("</code></h1>\n<p class=\"quiet\">Its time is ");
        moment(&mut page, self.now);
        page.raw(". The books ")
            .raw(if self.balanced { "balance" } else { "DO NOT balance" })
            .raw(". What can be done here is described in <a href=\"/sandbox/openapi.json\">openapi.json</a>.</p>\n");
        self.balances(&mut page);
        rows(&mut page, "Orders", &self.orders);
        rows(&mut page, "Deposits", &self.deposits);
        rows(&mut page, "Withdrawals", &self.payouts);
        self.notifications(&mut page);
        layout("Overview", true, false, &page)
    }

    fn balances(&self, page: &mut Html) {
        open(
            page,
            "Balances",
            self.balances.is_empty(),
            &["Coin", "Id", "Available"],
        );
        for balance in &self.balances {
            page.raw("<tr><td>")
                .text(&balance.symbol)
                .raw("</td><td>")
                .text(balance.coin_id)
                .raw("</td><td class=\"number\">")
                .text(&balance.available)
                .raw("</td></tr>\n");
        }
        close(page, self.balances.len());
    }

    fn notifications(&self, page: &mut Html) {
        let titles = ["Record", "Event", "Try", "At", "Outcome"];
        open(
            page,
            "Notification attempts",
            self.notified.is_empty(),
            &titles,
        );
        for tried in self.notified.iter().rev().take(MOST) {
            page.raw("<tr><td><code class=\"small\">")
                .text(&tried.record_id)
                .raw("</code></td><td>")
                .text(&tried.event)
                .raw("</td><td class=\"number\">")
                .text(tried.number)
                .raw("</td><td>");
            moment(page, tried.at);
            page.raw("</td><td><span class=\"tag\" data-status=\"")
                .raw(if tried.acknowledged {
                    "Success"
                } else {
                    "Failed"
                })
                .raw("\">")
                .text(&tried.outcome)
                .raw("</span></td></tr>\n");
        }
        if !self.notified.is_empty() {
            page.raw("</tbody>\n</table></div>\n");
        }
        more(page, self.notified.len());
        page.raw("<p class=\"quiet\">Waiting: ")
            .text(self.pending)
            .raw(". ");
        match &self.webhook_url {
            Some(url) => page.raw("They go to ").text(url).raw(".</p>\n"),
            None => page.raw("They have nowhere to go: no webhook URL is set.</p>\n"),
        };
        page.raw("</section>\n");
    }
}

fn rows(page: &mut Html, title: &'static str, rows: &[Row]) {
    open(
        page,
        title,
        rows.is_empty(),
        &["Id", "What", "Amount", "Status"],
    );
    for row in rows.iter().rev().take(MOST) {
        page.raw("<tr><td>");
        match &row.link {
            Some(link) => page
                .raw("<a href=\"")
                .text(link)
                .raw("\">")
                .text(&row.id)
                .raw("</a>"),
            None => page
                .raw("<code class=\"small\">")
                .text(&row.id)
                .raw("</code>"),
        };
        page.raw("</td><td>")
            .text(&row.kind)
            .raw("</td><td class=\"number\">")
            .text(&row.amount)
            .raw("</td><td><span class=\"tag\" data-status=\"")
            .text(&row.status)
            .raw("\">")
            .text(&row.status)
            .raw("</span></td></tr>\n");
    }
    close(page, rows.len());
}

fn open(page: &mut Html, title: &'static str, empty: bool, columns: &[&'static str]) {
    page.raw("<section class=\"card\">\n<h2>")
        .raw(title)
        .raw("</h2>\n");
    if empty {
        page.raw("<p class=\"quiet\">None yet.</p>\n");
        return;
    }
    // A wide table scrolls in its own box, never the page.
    page.raw("<div class=\"scroll\"><table>\n<thead><tr>");
    for column in columns {
        page.raw("<th scope=\"col\">").raw(column).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
}

fn close(page: &mut Html, count: usize) {
    if count > 0 {
        page.raw("</tbody>\n</table></div>\n");
    }
    more(page, count);
    page.raw("</section>\n");
}

fn more(page: &mut Html, count: usize) {
    if count > MOST {
        page.raw("<p class=\"quiet\">The newest ")
            .text(MOST)
            .raw(" of ")
            .text(count)
            .raw("; the admin API has them all.</p>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lists_what_there_is_and_escapes_it() {
        let row = |id: &str, link: Option<&str>| Row {
            id: id.to_owned(),
            kind: "USDT on POLYGON".to_owned(),
            amount: "20.10".to_owned(),
            status: "Success".to_owned(),
            link: link.map(str::to_owned),
        };
        let page = Overview {
            app_id: "app".to_owned(),
            now: 1_750_000_000,
            webhook_url: None,
            pending: 2,
            balanced: true,
            balances: vec![Balance {
                symbol: "USDT".to_owned(),
                coin_id: 1280,
                available: "19.9".to_owned(),
            }],
            orders: (0..101)
                .map(|n| row(if n < 100 { "older" } else { "<o>" }, Some("/checkout/k")))
                .collect(),
            deposits: vec![row("r", None)],
            payouts: Vec::new(),
            notified: vec![Notified {
                record_id: "r".to_owned(),
                event: "ApiDeposit".to_owned(),
                number: 1,
                at: 0,
                outcome: "no answer: <refused>".to_owned(),
                acknowledged: false,
            }],
        }
        .render();
        for part in [
            "<a href=\"/checkout/k\">&lt;o&gt;</a>",
            ">20.10<",
            ">19.9<",
            "None yet.",
            "The newest 100 of 101",
            "no answer: &lt;refused&gt;",
            "Waiting: 2",
            "1970-01-01 00:00:00 UTC",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
    }
}
