//! Starting, ending, starting again.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{APP_ID, Program, SECRET, call, folder, http};

fn signal(program: &Program, name: &str) {
    let id = program.process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn it_says_what_it_is_not_and_listens_on_loopback() {
    let program = Program::start(&[]);
    assert!(program.addr.ip().is_loopback());
    let (status, page) = program.get("/sandbox/");
    assert_eq!(status, 200);
    assert!(page.contains("not a payment gateway"));
    signal(&program, "INT");
    let (success, rest) = program.wait_for_end();
    assert!(success && rest.contains("stopped"), "{rest}");
}

/// The best of a few starts, because the machine of a test has other things to do.
#[test]
fn it_starts_in_a_tenth_of_a_second() {
    let best = (0..10)
        .map(|_| {
            let began = Instant::now();
            let program = Program::start(&[]);
            assert_eq!(program.get("/sandbox/clock").0, 200);
            began.elapsed()
        })
        .min()
        .unwrap();
    eprintln!("started and answered after {best:?}");
    assert!(best < Duration::from_millis(100), "{best:?}");
}

#[test]
fn it_goes_on_where_it_stood() {
    let file = folder("state").join("sandbox.db");
    let state = ["--state", file.to_str().unwrap(), "--balance", "1280=50"];
    let first = Program::start(&state);
    let order = first.order("kept-1", "20");
    let paid = first.admin(
        "pay",
        &json!({ "address": order["address"], "amount": "20" }),
    );
    first.admin("confirm", &json!({ "recordId": paid["recordId"] }));
    first.admin("webhook-url", &json!({ "url": "http://127.0.0.1:9/hook" }));
    first.admin("advance", &json!({ "seconds": 3_600 }));
    let (orders, ledger) = (first.look("orders"), first.look("ledger"));
    signal(&first, "TERM");
    assert!(first.wait_for_end().0);

    let second = Program::start(&state);
    assert_eq!(second.look("orders"), orders);
    assert_eq!(
        second.look("ledger"),
        ledger,
        "the opening balance came once"
    );
    let clock = second.look("clock");
    assert!(clock["now"].as_u64().unwrap() >= clock["signedAt"].as_u64().unwrap() + 3_600);
    assert_eq!(
        second.look("notifications")["webhookUrl"],
        "http://127.0.0.1:9/hook"
    );
    // The same page, at the address of this start; and a client whose clock did not move.
    let info = second.call("getAppOrderInfo", &json!({ "orderId": "kept-1" }));
    let page = info["checkoutUrl"].as_str().unwrap();
    assert!(
        page.starts_with(&format!("http://{}/checkout/", second.addr)),
        "{page}"
    );
    // Ids go on, too: nothing is handed out twice.
    assert_ne!(second.order("kept-2", "20")["address"], order["address"]);

    let output = Command::new(env!("CARGO_BIN_EXE_ccpayment-sandbox"))
        .args(["--listen", "127.0.0.1:0", "--state", file.to_str().unwrap()])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && error.contains("another sandbox uses it"),
        "{error}"
    );
}

#[test]
fn it_refuses_a_file_of_another_story() {
    let file = folder("story").join("sandbox.db");
    let first = Program::start(&["--state", file.to_str().unwrap(), "--seed", "3"]);
    signal(&first, "TERM");
    assert!(first.wait_for_end().0);
    let output = Command::new(env!("CARGO_BIN_EXE_ccpayment-sandbox"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--state",
            file.to_str().unwrap(),
            "--seed",
            "4",
        ])
        .args(["--app-id", APP_ID, "--app-secret", SECRET])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("was made with the seed"), "{error}");
}

/// A receiver checks the age of what it gets by its own clock, which does not move with ours.
#[test]
fn notifications_are_signed_by_the_real_time() {
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", hook.local_addr().unwrap());
    let receiving = thread::spawn(move || {
        let (mut stream, _) = hook.accept().unwrap();
        let mut lines = BufReader::new(&stream).lines();
        let mut head = Vec::new();
        while let Some(Ok(line)) = lines
            .next()
            .filter(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
        {
            head.push(line.to_ascii_lowercase());
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nSuccess")
            .unwrap();
        head
    });
    let program = Program::start(&["--webhook-url", &url]);
    program.admin("advance", &json!({ "seconds": 864_000 }));
    let order = program.order("order-1", "20");
    program.admin(
        "pay",
        &json!({ "address": order["address"], "amount": "20" }),
    );
    let head = receiving.join().unwrap();
    let signed = head
        .iter()
        .find_map(|line| line.strip_prefix("timestamp: "))
        .unwrap();
    let clock = program.look("clock");
    let real = clock["signedAt"].as_u64().unwrap();
    assert!(
        real.abs_diff(signed.parse().unwrap()) <= 20,
        "{head:?} {clock}"
    );
    assert!(clock["now"].as_u64().unwrap() >= real + 864_000);
}

/// One line for each request, which says why it was refused and no secret.
#[test]
fn the_terminal_has_a_line_for_each_request() {
    let program = Program::start(&[]);
    program.order("order-1", "20");
    let sign = "ab".repeat(32);
    let headers = [
        ("Appid", APP_ID.to_owned()),
        ("Timestamp", program.look("clock")["signedAt"].to_string()),
        ("Sign", sign.clone()),
        ("Content-Type", "application/json".to_owned()),
    ];
    let body = format!("{{\"orderId\":\"{SECRET}\"}}");
    http(
        program.addr,
        "POST",
        "/ccpayment/v2/getAppOrderInfo",
        &headers,
        &body,
    )
    .unwrap();
    let said = program.said("getAppOrderInfo");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].ends_with(" /ccpayment/v2/createAppOrderDepositAddress 10000 [order-1]"));
    assert!(
        lines[1].contains(" 11005 [***] VerifySignFailed: "),
        "{said}"
    );
    assert!(
        lines[1].contains("most likely the secret is another one"),
        "{said}"
    );
    assert!(!said.contains(SECRET) && !said.contains(&sign));
}

#[test]
fn readings_and_settings_are_options() {
    let null = json!({ "chains": null });
    let unknown = json!({ "nobody": 1 });
    for (options, of_null, of_unknown) in [
        (&[][..], 10_000, 11_000),
        (&["--strict"], 11_000, 11_000),
        (&["--allow-unknown-fields"], 10_000, 10_000),
        (&["--set", r#"{"RefuseEverything":12003}"#], 12_003, 11_000),
    ] {
        let program = Program::start(options);
        for (body, code) in [(&null, of_null), (&unknown, of_unknown)] {
            let answer = call(program.addr, "getChainList", body).unwrap();
            assert_eq!(answer["code"], code, "{options:?} {body}: {answer}");
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_ccpayment-sandbox"))
        .args(["--set", "{\"Nothing\":1}"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
