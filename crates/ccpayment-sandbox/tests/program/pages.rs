//! Every page, on a phone and on a desk, in the light and in the dark.

use serde_json::{Value, json};

use crate::browser::chromium;
use crate::devtools::{Devtools, Screen};
use crate::support::{Program, call, folder};

const SCREENS: [Screen; 4] = [
    Screen {
        width: 320,
        dark: false,
    },
    Screen {
        width: 320,
        dark: true,
    },
    Screen {
        width: 1280,
        dark: false,
    },
    Screen {
        width: 1280,
        dark: true,
    },
];

/// A page, and a name for its pictures.
fn look(browser: &mut Devtools, url: &str, name: &str) {
    for screen in SCREENS {
        browser.open(url, screen);
        let scheme = if screen.dark { "dark" } else { "light" };
        browser.picture(&format!("{name}-{}-{scheme}.png", screen.width), "html");
        assert_eq!(
            browser.complaints(),
            Vec::<String>::new(),
            "{name} {screen:?}"
        );
        let wide = browser.value(
            "[...document.querySelectorAll('html, .scroll, .card')]\
             .filter(it => it.scrollWidth > it.clientWidth).map(it => it.outerHTML.slice(0, 200))",
        );
        assert_eq!(
            wide,
            json!([]),
            "{name} {screen:?}: something is cut off or overflows"
        );
    }
}

/// What a phone reads from the code on the page, by the pixels that the browser makes of it.
fn scanned(browser: &mut Devtools) -> String {
    const SIDE: usize = 600;
    let pixels = browser.value(&format!(
        "new Promise(done => {{
           const image = new Image();
           image.onload = () => {{
             const canvas = document.createElement('canvas');
             canvas.width = canvas.height = {SIDE};
             const pen = canvas.getContext('2d');
             pen.drawImage(image, 0, 0, {SIDE}, {SIDE});
             const {{ data }} = pen.getImageData(0, 0, {SIDE}, {SIDE});
             done(Array.from(data).filter((_, at) => at % 4 === 0).map(it => it > 127 ? '1' : '0').join(''));
           }};
           image.onerror = () => done('');
           const code = new XMLSerializer().serializeToString(document.querySelector('.qr'));
           image.src = 'data:image/svg+xml,' + encodeURIComponent(code);
         }})"
    ));
    let pixels = pixels.as_str().unwrap().as_bytes();
    assert_eq!(pixels.len(), SIDE * SIDE, "the code was not drawn");
    let at = |x: usize, y: usize| if pixels[y * SIDE + x] == b'1' { 255 } else { 0 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(SIDE, SIDE, at);
    let codes = image.detect_grids();
    assert_eq!(codes.len(), 1);
    codes[0].decode().unwrap().1
}

fn order(program: &Program, order_id: &str, coin_id: u64, chain: &str, price: &str) -> Value {
    let order = json!({
        "orderId": order_id, "coinId": coin_id, "chain": chain, "price": price,
        "generateCheckoutURL": true, "product": "Two <b>coffees</b> and a very long cake",
    });
    program.call("createAppOrderDepositAddress", &order)
}

fn url(order: &Value) -> &str {
    order["checkoutUrl"].as_str().unwrap()
}

#[test]
fn each_checkout_reads_well_and_its_code_is_what_it_says() {
    let Some(name) = chromium() else { return };
    let mut browser = Devtools::start(name, &folder("pages-checkout"));
    let program = Program::start(&[]);
    let desk = SCREENS[2];
    for (coin_id, chain, price) in [
        (1280, "POLYGON", "20.5"),
        (2, "ETH", "0.123456789012345678"),
        (1, "BTC", "0.00012345"),
        (106, "BCH", "0.5"),
        (1282, "SOL", "20"),
        (1280, "TON", "20"),
        (1445, "XLM", "20"),
    ] {
        let made = order(
            &program,
            &format!("{chain}-{coin_id}"),
            coin_id,
            chain,
            price,
        );
        browser.open(url(&made), desk);
        let uri = browser.text("payment-uri");
        assert!(
            uri.contains(
                made["address"]
                    .as_str()
                    .unwrap()
                    .trim_start_matches("bitcoincash:")
            )
        );
        assert_eq!(scanned(&mut browser), uri);
        assert_eq!(browser.text("amount"), price);
        assert_eq!(browser.text("address"), made["address"].as_str().unwrap());
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{chain}");
    }
    // Without a standard it is the address alone, and the page says so.
    let made = order(&program, "xrp", 1486, "XRP", "20");
    browser.open(url(&made), desk);
    assert_eq!(scanned(&mut browser), browser.text("address"));
    assert_eq!(
        browser.value("document.getElementById('payment-uri')"),
        Value::Null
    );
    look(&mut browser, url(&made), "memo");
    let long = order(&program, "long", 2, "ETH", "1234567.123456789012345678");
    look(&mut browser, url(&long), "long");
}

#[test]
fn an_order_is_followed_from_a_part_to_the_end() {
    let Some(name) = chromium() else { return };
    let mut browser = Devtools::start(name, &folder("pages-order"));
    let program = Program::start(&[]);
    // Otherwise a payment may be confirmed while the browser looks.
    program.admin("set", &json!({ "ChainByHand": true }));
    let made = order(&program, "order-1", 1486, "XRP", "20");
    let pay = |amount: &str| {
        program.admin(
            "pay",
            &json!({ "address": made["address"], "amount": amount }),
        )
    };
    look(&mut browser, url(&made), "waiting");
    assert_eq!(
        browser.value("document.querySelector('h1').textContent"),
        "Two <b>coffees</b> and a very long cake"
    );

    // A text is selected whole, and copied by its button.
    let selects = "getComputedStyle(document.getElementById('amount')).userSelect";
    assert_eq!(browser.value(selects), "all");
    for id in ["amount", "address", "memo"] {
        let button = format!("document.querySelector('[data-copy={id}]')");
        browser.value(&format!("{button}.click()"));
        let copied = browser.value(&format!(
            "new Promise(done => {{ const look = () => {button}.textContent === 'Copied' \
             ? done(getSelection().toString().trim()) : setTimeout(look, 10); look() }})"
        ));
        assert_eq!(copied, browser.text(id));
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());

    pay("7.5");
    look(&mut browser, url(&made), "part-seen");
    assert_eq!(browser.text("amount"), "12.5");
    assert_eq!(browser.text("left"), "left to pay of 20 XRP");
    let state = browser.text("state");
    assert_eq!(
        state,
        "Payment seen, waiting for 1 confirmation; 12.5 XRP is missing"
    );
    program.admin("confirm-all", &json!({}));
    look(&mut browser, url(&made), "part-paid");
    assert_eq!(browser.text("state"), "Paid in part: 12.5 XRP is missing");

    let risky = pay("12.5");
    program.admin("flag-risky", &json!({ "recordId": risky["recordId"] }));
    program.admin("confirm-all", &json!({}));
    look(&mut browser, url(&made), "risky");
    assert_eq!(
        browser.text("amount"),
        "12.5",
        "what is held back pays for nothing"
    );
    pay("12.5");
    look(&mut browser, url(&made), "all-seen");
    assert_eq!(
        browser.value("document.querySelector('.qr')"),
        Value::Null,
        "nobody pays twice"
    );
    program.admin("confirm-all", &json!({}));
    look(&mut browser, url(&made), "paid");
    assert_eq!(browser.text("state"), "Paid. Thank you!");

    let old = order(&program, "old", 1280, "POLYGON", "20");
    program.admin("expire", &json!({ "orderId": "old" }));
    look(&mut browser, url(&old), "expired");
    assert_eq!(browser.text("state"), "Expired");
}

#[test]
fn an_invoice_and_the_overview_read_well() {
    let Some(name) = chromium() else { return };
    let mut browser = Devtools::start(name, &folder("pages-overview"));
    let program = Program::start(&["--balance", "1280=1000"]);
    let invoice = json!({
        "orderId": "invoice-1", "price": "20.50", "priceFiatId": 101, "product": "Two coffees",
    });
    let opened = program.call("createInvoiceUrl", &invoice);
    let page = opened["invoiceUrl"].as_str().unwrap().to_owned();
    look(&mut browser, &page, "invoice-choice");
    program.admin(
        "pick",
        &json!({ "orderId": "invoice-1", "coinId": 1445, "chain": "XLM" }),
    );
    look(&mut browser, &page, "invoice-picked");
    assert_eq!(scanned(&mut browser), browser.text("payment-uri"));

    let made = order(&program, "order-1", 1280, "POLYGON", "20");
    let paid = program.admin(
        "pay",
        &json!({ "address": made["address"], "amount": "20" }),
    );
    program.admin("flag-risky", &json!({ "recordId": paid["recordId"] }));
    let user = json!({ "userId": "user-alice", "chain": "POLYGON" });
    let user = program.call("getOrCreateUserDepositAddress", &user);
    let reference = json!({ "referenceId": "reference-7", "chain": "POLYGON" });
    let reference = program.call("getOrCreateAppDepositAddress", &reference);
    for place in [&user, &reference] {
        let pay = json!({
            "address": place["address"], "amount": "5.25", "coinId": 1280, "chain": "POLYGON",
        });
        program.admin("pay", &pay);
    }
    program.admin("confirm-all", &json!({}));
    program.admin("webhook-url", &json!({ "url": "http://127.0.0.1:9/hook" }));
    program.admin("deliver", &json!({}));
    let payout = json!({
        "orderId": "payout-1", "coinId": 1280, "chain": "POLYGON", "amount": "5",
        "address": "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE",
    });
    program.call("applyAppWithdrawToNetwork", &payout);
    assert_eq!(
        call(program.addr, "getCoin", &json!({ "coinId": 9 })).unwrap()["code"],
        13_000
    );

    let overview = format!("http://{}/sandbox/", program.addr);
    look(&mut browser, &overview, "overview");
    let all = browser.value("document.body.textContent");
    for says in [
        "user user-alice",
        "reference reference-7",
        "risky, Success",
        "13000",
        "can't connect",
        "payout-1",
        "invoice-1",
    ] {
        assert!(all.as_str().unwrap().contains(says), "{says}");
    }
    // On a phone every cell has its name beside it.
    browser.open(&overview, SCREENS[0]);
    browser.value("document.querySelectorAll('details').forEach(it => { it.open = true })");
    browser.picture("overview-open-320.png", "html");
    let width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    assert_eq!(browser.value(width), true);
    look(
        &mut browser,
        &format!("{overview}?refused=1&find=getCoin"),
        "overview-filtered",
    );
    let rows = browser.value("document.querySelectorAll('#requests tbody tr').length");
    assert_eq!(rows, 1);
    look(
        &mut browser,
        &format!("{overview}?find=nothing"),
        "overview-empty",
    );
    // A page that is not there complains, in its status, and reads well all the same.
    browser.open(
        &format!("http://{}/checkout/none", program.addr),
        SCREENS[0],
    );
    assert!(
        browser
            .value("document.body.textContent")
            .as_str()
            .unwrap()
            .contains("no such order")
    );
}
