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
        for choice in &self.choices {
            page.raw("<button name=\"coin\" value=\"")
                .text(choice.coin_id)
                .raw("-")
                .text(&choice.chain)
                .raw("\"><strong>")
                .text(&choice.symbol)
                .raw("</strong> on ")
                .text(&choice.chain)
                .raw(" <small>")
                .text(&choice.amount)
                .raw(" ")
                .text(&choice.symbol)
                .raw("</small></button>\n");
        }
        page.raw("</form>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkout::tests::example;
    use super::*;

    fn invoice() -> Invoice {
        Invoice {
            product: "A \"thing\"".to_owned(),
            order_id: "i-1".to_owned(),
            path: "/invoice/abc".to_owned(),
            price: "20 USD".to_owned(),
            expires_at: 20,
            now: 10,
            choices: vec![Choice {
                coin_id: 1280,
                symbol: "USDT".to_owned(),
                chain: "POLYGON".to_owned(),
                amount: "20".to_owned(),
            }],
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
