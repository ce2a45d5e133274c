//! The page of an invoice: a coin is chosen, then it is paid like an order.

use super::checkout::{Checkout, back, countdown, heading, open_live};
use super::html::Html;
use super::layout::{Frame, layout};

/// A coin on a chain that the invoice can be paid in.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) coin_id: u64,
    pub(crate) symbol: String,
    pub(crate) chain: String,
    pub(crate) amount: String,
}

impl Choice {
    fn button(&self, page: &mut Html, with_coin: bool) {
        page.raw("<button name=\"coin\" value=\"")
            .text(self.coin_id)
            .raw("-")
            .text(&self.chain)
            .raw("\">");
        if with_coin {
            page.raw("<strong>").text(&self.symbol).raw("</strong> ");
        }
        page.raw("on ")
            .text(&self.chain)
            .raw(" <small>")
            .text(&self.amount)
            .raw(" ")
            .text(&self.symbol)
            .raw("</small></button>\n");
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Invoice {
    pub(crate) product: String,
    pub(crate) order_id: String,
    pub(crate) path: String,
    pub(crate) price: String,
    pub(crate) expires_at: u64,
    pub(crate) now: u64,
    pub(crate) choices: Vec<Choice>,
    /// Once a coin was chosen.
    pub(crate) chosen: Option<Checkout>,
    pub(crate) return_url: Option<String>,
    pub(crate) version: String,
}

impl Invoice {
    pub(crate) fn render(&self) -> String {
        let mut main = Html::default();
        match &self.chosen {
            Some(checkout) => checkout.live(&mut main),
            None => self.choose(&mut main),
        }
        if self.chosen.as_ref().is_some_and(Checkout::is_open) {
            main.raw("<details class=\"card\">\n<summary>Pay with another coin</summary>\n");
            self.offers(&mut main);
            main.raw("</details>\n");
        }
        back(&mut main, self.return_url.as_deref());
        layout(&self.product, Frame::Live, &main)
    }

    fn choose(&self, page: &mut Html) {
        open_live(page, &self.path, &self.version, self.expires_at, self.now);
        page.raw("<section class=\"card\">\n");
        heading(page, &self.product, &self.order_id);
        page.raw("<p class=\"amount\"><span id=\"amount\">")
            .text(&self.price)
            .raw("</span></p>\n");
        countdown(page, self.expires_at, self.now);
        if self.expires_at <= self.now {
            page.raw("<p class=\"state\" id=\"state\">Expired</p>\n</section>\n</div>\n");
            return;
        }
        page.raw("<h2>Pay with</h2>\n");
        self.offers(page);
        page.raw("</section>\n</div>\n");
    }

    fn offers(&self, page: &mut Html) {
        page.raw("<form class=\"choices\" method=\"post\" action=\"")
            .text(&self.path)
            .raw("/choose\">\n");
        for coin in self.choices.chunk_by(|a, b| a.coin_id == b.coin_id) {
            match coin {
                [only] => only.button(page, true),
                [first, ..] => {
                    page.raw("<details name=\"coin\">\n<summary><strong>")
                        .text(&first.symbol)
                        .raw("</strong> on one of ")
                        .text(coin.len())
                        .raw(" chains</summary>\n<div class=\"choices\">\n");
                    for choice in coin {
                        choice.button(page, false);
                    }
                    page.raw("</div>\n</details>\n");
                }
                [] => {}
            }
        }
        page.raw("</form>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkout::tests::example;
    use super::*;

    fn choice(coin_id: u64, symbol: &str, chain: &str) -> Choice {
        Choice {
            coin_id,
            symbol: symbol.to_owned(),
            chain: chain.to_owned(),
            amount: "20".to_owned(),
        }
    }

    fn invoice() -> Invoice {
        Invoice {
            product: "A \"thing\"".to_owned(),
            order_id: "i-1".to_owned(),
            path: "/invoice/abc".to_owned(),
            price: "20 USD".to_owned(),
            expires_at: 20,
            now: 10,
            choices: vec![
                choice(1280, "USDT", "POLYGON"),
                choice(1280, "USDT", "TON"),
                choice(1486, "XRP", "XRP"),
            ],
            chosen: None,
            return_url: Some("javascript:alert(1)".to_owned()),
            version: "v".to_owned(),
        }
    }

    #[test]
    fn a_coin_is_chosen_and_then_paid() {
        let mut shown = invoice();
        let page = shown.render();
        assert!(page.contains("value=\"1280-POLYGON\""));
        // A coin is shown once, whatever number of chains it is on.
        assert_eq!(page.matches("<details").count(), 1);
        assert!(page.contains("<strong>USDT</strong> on one of 2 chains"));
        assert!(page.contains("value=\"1486-XRP\"><strong>XRP</strong> on XRP"));
        assert!(page.contains("A &quot;thing&quot;"));
        assert!(!page.contains("javascript:"));
        shown.chosen = Some(example());
        shown.return_url = Some("https://shop.example/?a=1&b=2".to_owned());
        let page = shown.render();
        assert!(page.contains("id=\"address\">rExample<") && page.contains("another coin"));
        assert!(page.contains("href=\"https://shop.example/?a=1&amp;b=2\""));
    }

    #[test]
    fn an_expired_one_offers_nothing() {
        let page = Invoice {
            now: 20,
            ..invoice()
        }
        .render();
        assert!(page.contains(">Expired<") && !page.contains("<button"));
    }
}
