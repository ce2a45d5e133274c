//! `doctor` names every trouble.

use serde_json::Value;

use crate::support::{Gateway, Ran, Running, ccpay, free_port, now};

/// What it says about a thing: its state and its words.
fn about(report: &Value, name: &str) -> (String, String) {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|it| it["about"] == name).unwrap();
    let text = |field: &str| finding[field].as_str().unwrap().to_owned();
    (text("state"), text("detail"))
}

#[test]
fn a_healthy_merchant_has_nothing_wrong() {
    let mut command = ccpay();
    let receiver = Running::start(command.args(["listen", "--listen", "127.0.0.1:0"]));
    let gateway = Gateway::start(&[]);
    let ran = gateway
        .run(&["--json", "doctor", "--webhook-url", &receiver.url])
        .ended(0);
    let report = ran.json();
    assert_eq!(report["wrong"], 0);
    for name in [
        "dns",
        "tcp",
        "tls and http",
        "clock",
        "credentials",
        "webhook",
        "webhook forgery",
    ] {
        assert_eq!(about(&report, name).0, "ok", "{report}");
    }
    // The older API as well.
    gateway.run(&["doctor", "--api", "v1"]).ended(0);
}

#[test]
fn a_wrong_clock_a_wrong_secret_and_a_dead_webhook_are_all_named() {
    let start = (now() + 600).to_string();
    let gateway = Gateway::start(&["--start-time", &start]);
    let dead = format!("http://127.0.0.1:{}/webhook", free_port());
    let mut command = gateway.command(&["--json", "doctor", "--webhook-url", &dead]);
    let ran = Ran::of(command.env("CCPAYMENT_APP_SECRET", "another-secret")).ended(5);
    let report = ran.json();
    assert_eq!(report["wrong"], 3, "{report}");
    let (state, detail) = about(&report, "clock");
    assert!(
        state == "wrong" && detail.contains("behind the gateway's"),
        "{detail}"
    );
    let seconds: u64 = detail.split(' ').next().unwrap().parse().unwrap();
    assert!((540..=600).contains(&seconds), "{detail}");
    let (state, detail) = about(&report, "credentials");
    assert!(state == "wrong" && detail.contains("11005"), "{detail}");
    let (state, detail) = about(&report, "webhook");
    assert!(state == "wrong" && detail.contains(&dead), "{detail}");

    // For people, too.
    let mut command = gateway.command(&["doctor", "--webhook-url", &dead]);
    let ran = Ran::of(command.env("CCPAYMENT_APP_SECRET", "another-secret")).ended(5);
    assert_eq!(
        ran.out
            .lines()
            .filter(|it| it.starts_with("wrong "))
            .count(),
        3,
        "{}",
        ran.out
    );
    assert!(ran.err.contains("3 things are wrong"), "{}", ran.err);
}

/// Otherwise a server that lies about the time gets a signature for any year.
#[test]
fn nothing_is_signed_for_a_day_that_is_far_away() {
    for (hours, state) in [(23, "ok"), (25, "wrong")] {
        let start = (now() + hours * 3600).to_string();
        let gateway = Gateway::start(&["--start-time", &start]);
        let report = gateway.run(&["--json", "doctor"]).ended(5).json();
        assert_eq!(about(&report, "clock").0, "wrong", "{report}");
        assert_eq!(about(&report, "credentials").0, state, "{report}");
    }
}

#[test]
fn an_unknown_app_id_and_a_gateway_that_is_not_there_are_named() {
    let gateway = Gateway::start(&[]);
    let mut command = gateway.command(&["--json", "--app-id", "another-app-0001", "doctor"]);
    let report = Ran::of(&mut command).ended(5).json();
    let (state, detail) = about(&report, "credentials");
    assert!(state == "wrong" && detail.contains("12001"), "{detail}");

    let origin = format!("http://127.0.0.1:{}", free_port());
    let report = Ran::of(ccpay().args(["--json", "--origin", &origin, "doctor"]))
        .ended(5)
        .json();
    assert_eq!(about(&report, "tcp").0, "wrong");
    assert_eq!(about(&report, "credentials").0, "skipped");
    let nowhere = ["--json", "--origin", "https://nowhere.invalid", "doctor"];
    let report = Ran::of(ccpay().args(nowhere)).ended(5).json();
    assert_eq!(about(&report, "dns").0, "wrong");
}

#[test]
fn a_receiver_that_believes_everybody_is_named() {
    // The sandbox's own pages answer 200 to nobody's word; a receiver of this kind is three lines.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut request);
            let answer =
                b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nSuccess";
            std::io::Write::write_all(&mut stream, answer).unwrap();
        }
    });
    let gateway = Gateway::start(&[]);
    let report = gateway
        .run(&["--json", "doctor", "--webhook-url", &url])
        .ended(5)
        .json();
    assert_eq!(about(&report, "webhook").0, "ok");
    assert_eq!(about(&report, "webhook forgery").0, "wrong");
}
