//! The pages in a real browser.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{Program, folder, http};

/// Set in CI, where a missing browser must not pass for a test.
const NEEDED: &str = "CCPAYMENT_NEEDS_CHROMIUM";

pub(crate) fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        // Past the capture of the test's output, because a passing test says nothing otherwise.
        let _ = writeln!(
            std::io::stderr(),
            "\n!!! NO CHROMIUM: the pages were NOT looked at in a browser. Install `chromium`.\n"
        );
        assert!(
            std::env::var_os(NEEDED).is_none(),
            "{NEEDED} is set, but there is no chromium"
        );
    }
    found
}

/// Without a window, and without anything that Chromium does by itself.
pub(crate) const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

struct Browser {
    name: &'static str,
    folder: PathBuf,
}

impl Browser {
    /// The page after `wait` milliseconds of its own time, and a picture of it.
    fn look(&self, url: &str, wait: u32, picture: &str) -> String {
        let shot = self.folder.join(picture);
        let output = Command::new(self.name)
            .args(FLAGS)
            .args(["--window-size=480,1200", "--dump-dom"])
            .arg(format!(
                "--user-data-dir={}",
                self.folder.join("profile").display()
            ))
            .arg(format!("--virtual-time-budget={wait}"))
            .arg(format!("--screenshot={}", shot.display()))
            .arg(url)
            .output()
            .unwrap();
        assert!(
            is_picture(&shot),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

fn is_picture(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG") && bytes.len() > 5_000)
}

/// The text of the element with this id.
fn text<'a>(dom: &'a str, id: &str) -> &'a str {
    let (_, rest) = dom
        .split_once(&format!("id=\"{id}\""))
        .unwrap_or_else(|| panic!("no {id} in {dom}"));
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split('<').next().unwrap().trim()
}

#[test]
fn an_order_is_paid_in_a_browser() {
    let Some(name) = chromium() else { return };
    let browser = Browser {
        name,
        folder: folder("page"),
    };
    let program = Program::start(&[]);
    let order = program.order("browser-1", "20.50");
    let url = order["checkoutUrl"].as_str().unwrap();
    // The browser's time runs ahead of the sandbox's, and the page goes by the latter once it has
    // asked for it. Below a day it is "23 h 59 min" by both.
    program.admin("advance", &json!({ "seconds": 5 }));

    let dom = browser.look(url, 3_500, "checkout-waiting.png");
    assert_eq!(text(&dom, "amount"), "20.5");
    assert_eq!(text(&dom, "address"), order["address"].as_str().unwrap());
    assert_eq!(text(&dom, "order"), "browser-1");
    assert_eq!(text(&dom, "state"), "Waiting for your payment");
    // The policy let the script run, and it has counted down from a day.
    assert!(dom.contains("data-running=\"yes\""), "{dom}");
    assert!(text(&dom, "countdown").starts_with("23 h 59 min "), "{dom}");
    assert!(dom.contains("<svg class=\"qr\""));

    let path = url.split_once(&program.addr.to_string()).unwrap().1;
    let form = [(
        "Content-Type",
        "application/x-www-form-urlencoded".to_owned(),
    )];
    let (status, _) = http(
        program.addr,
        "POST",
        &format!("{path}/pay"),
        &form,
        "how=exact",
    )
    .unwrap();
    assert_eq!(status, 303);
    let dom = browser.look(url, 1_000, "checkout-confirming.png");
    assert!(text(&dom, "state").starts_with("Payment seen"), "{dom}");

    program.admin("confirm-all", &json!({}));
    let dom = browser.look(url, 1_000, "checkout-paid.png");
    assert_eq!(text(&dom, "state"), "Paid. Thank you!");
    assert!(!dom.contains("id=\"countdown\"") && !dom.contains("value=\"exact\""));

    let overview = format!("http://{}/sandbox/", program.addr);
    let dom = browser.look(&overview, 500, "overview.png");
    assert!(
        dom.contains("browser-1") && dom.contains("20.3975"),
        "{dom}"
    );
}

/// A page that stays open follows the order. What the browser asks for goes through here, so that
/// the payment comes only once the page is open and its script has asked for the state.
#[test]
fn an_open_page_follows_its_order() {
    let Some(name) = chromium() else { return };
    let folder = folder("follow");
    let program = Program::start(&[]);
    let order = program.order("browser-2", "3");
    let path = order["checkoutUrl"]
        .as_str()
        .unwrap()
        .split_once("/checkout/")
        .unwrap()
        .1;
    let between = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/checkout/{path}", between.local_addr().unwrap());
    let looking =
        thread::spawn(move || Browser { name, folder }.look(&url, 10_000, "followed.png"));
    let mut asked = Vec::new();
    while !looking.is_finished() {
        between.set_nonblocking(true).unwrap();
        let Ok((mut stream, _)) = between.accept() else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        stream.set_nonblocking(false).unwrap();
        let Some(path) = asked_path(&stream) else {
            continue;
        };
        if path.ends_with("/state") && !asked.contains(&path) {
            program.admin(
                "pay",
                &json!({ "address": order["address"], "amount": "3" }),
            );
            program.admin("confirm-all", &json!({}));
        }
        let (status, body) = program.get(&path);
        let media = if path.ends_with("/state") {
            "application/json"
        } else {
            "text/html"
        };
        let head = format!(
            "HTTP/1.1 {status} OK\r\nContent-Type: {media}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all((head + &body).as_bytes());
        asked.push(path);
    }
    let dom = looking.join().unwrap();
    assert_eq!(text(&dom, "state"), "Paid. Thank you!", "{asked:?}");
    assert!(
        asked[0].starts_with("/checkout/") && !asked[0].ends_with("/state"),
        "{asked:?}"
    );
}

fn asked_path(stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    // To the end of the head, or the connection would be reset with something unread.
    while !lines.next()?.ok()?.is_empty() {}
    first.split(' ').nth(1).map(str::to_owned)
}

/// An invoice: the coin is chosen, and its address shown.
#[test]
fn an_invoice_offers_coins() {
    let Some(name) = chromium() else { return };
    let browser = Browser {
        name,
        folder: folder("invoice"),
    };
    let program = Program::start(&[]);
    let invoice = json!({ "orderId": "invoice-1", "price": "20.50", "priceFiatId": 1033, "product": "Two coffees" });
    let opened = program.call("createInvoiceUrl", &invoice);
    let url = opened["invoiceUrl"].as_str().unwrap();
    let dom = browser.look(url, 2_500, "invoice-choice.png");
    assert_eq!(text(&dom, "amount"), "20.50 USD");
    assert!(dom.contains("value=\"1280-POLYGON\"") && dom.contains("data-running=\"yes\""));
    program.admin(
        "pick",
        &json!({ "orderId": "invoice-1", "coinId": 1486, "chain": "XRP" }),
    );
    let dom = browser.look(url, 2_500, "invoice-picked.png");
    assert!(!text(&dom, "memo").is_empty() && text(&dom, "address").starts_with('r'));
}
