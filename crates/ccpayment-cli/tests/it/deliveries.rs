//! `sign`, `verify`, `listen`, `trigger` and `replay`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;

use serde_json::Value;

use crate::support::{Gateway, Ran, Running, ccpay, free_port, now, written};

fn listen(options: &[&str]) -> Running {
    let mut command = ccpay();
    command.args(["--json", "listen", "--listen", "127.0.0.1:0"]);
    Running::start(command.args(options))
}

fn event(running: &mut Running) -> Value {
    serde_json::from_str(&running.line()).unwrap()
}

#[test]
fn what_is_signed_verifies_in_both_versions_and_a_changed_body_does_not() {
    let folder = tempfile::tempdir().unwrap();
    for (api, text) in [
        ("v2", r#"{"type":"ActivateWebhookURL"}"#),
        ("v1", r#"{"order_type":"Test"}"#),
    ] {
        let body = written(folder.path(), "body", text);
        let body = body.to_str().unwrap();
        let signed = Ran::of(ccpay().args(["sign", body, "--api", api]))
            .ended(0)
            .out;
        assert!(
            signed.starts_with("Appid: testappid0000001\nTimestamp: "),
            "{signed}"
        );
        let headers = written(folder.path(), "headers", &signed);
        let headers = headers.to_str().unwrap();
        let verify = |body: &str, more: &[&str]| {
            let files = ["verify", "--headers", headers, "--body", body, "--api", api];
            Ran::of(ccpay().args(files).args(more))
        };
        assert!(verify(body, &[]).ended(0).out.contains("verified"));
        assert_eq!(verify(body, &["--json"]).ended(0).json()["verified"], true);

        let changed = written(folder.path(), "changed", format!("{text}\n"));
        let ran = verify(changed.to_str().unwrap(), &["--json"]).ended(5);
        assert_eq!(ran.json()["authentic"], false);
        let causes = ran.json()["causes"].to_string();
        assert!(
            causes.contains("a newline was put behind the body"),
            "{causes}"
        );
        let other = if api == "v1" { "v2" } else { "v1" };
        let files = [
            "--json",
            "verify",
            "--headers",
            headers,
            "--body",
            body,
            "--api",
            other,
        ];
        let ran = Ran::of(ccpay().args(files)).ended(5);
        let signed_as = format!("signed as a notification of {api}");
        let causes = ran.json()["causes"].to_string();
        assert!(causes.contains(&signed_as), "{causes}");
        // The signature is right, and old.
        let late = (now() + 3_600).to_string();
        let ran = verify(body, &["--json", "--at", &late]).ended(5);
        assert_eq!(ran.json()["authentic"], true);
    }
}

#[test]
fn what_the_sandbox_tells_is_received_saved_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved");
    let mut listening = listen(&["--save", saved.to_str().unwrap(), "--count", "1"]);
    let gateway = Gateway::start(&["--webhook-url", &listening.url]);
    let address = gateway.order("order-1");
    gateway.pay(&address);
    gateway.run(&["trigger", "deliver"]).ended(0);
    let told = event(&mut listening);
    assert_eq!(told["event"]["msg"]["orderId"], "order-1");
    assert_eq!(told["acknowledged"], true);
    let file = told["saved"].as_str().unwrap().to_owned();
    // It ends after the one that it was to wait for.
    listening.ended();

    let again = listen(&[]);
    let replay = |more: &[&str]| {
        let to = ["replay", &file, "--to", &again.url];
        Ran::of(ccpay().args(to).args(more))
    };
    assert!(replay(&[]).ended(0).out.contains("acknowledged"));
    replay(&["--sign-anew"]).ended(0);
    let verified = Ran::of(ccpay().args(["--json", "verify", &file]))
        .ended(0)
        .json();
    assert_eq!(verified["event"], told["event"]);
    assert!(is_private(Path::new(&file)));
    again.end("-INT");
}

#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> bool {
    true
}

#[test]
fn a_forwarded_delivery_is_acknowledged_by_the_receiver_alone() {
    let behind = listen(&[]);
    let mut before = listen(&["--forward", &behind.url]);
    let trigger = |url: &str| {
        Ran::of(ccpay().args(["trigger", "ApiDeposit", "orderId=order-7", "--to", url]))
    };
    trigger(&before.url).ended(0);
    let told = event(&mut before);
    assert_eq!(
        (&told["acknowledged"], &told["forwarded"]["status"]),
        (&true.into(), &200.into())
    );
    assert_eq!(told["event"]["msg"]["orderId"], "order-7");

    // Nobody is behind it any more.
    behind.end("-TERM");
    let refused = trigger(&before.url).ended(5);
    assert!(refused.out.contains("502"), "{}", refused.out);
    let told = event(&mut before);
    assert_eq!(told["acknowledged"], false);
    assert!(told["forwarded"]["error"].is_string(), "{told}");
}

/// The gateway hangs up after ten seconds. The event is printed all the same.
#[test]
fn a_sender_that_hangs_up_does_not_drop_the_event() {
    let behind = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", behind.local_addr().unwrap());
    let mut before = listen(&["--forward", &url]);
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"type":"ApiDeposit","msg":{"orderId":"order-8"}}"#;
    let body = written(folder.path(), "body", text);
    let head = Ran::of(ccpay().args(["sign", body.to_str().unwrap()])).ended(0);
    let address = before.url.strip_prefix("http://").unwrap();
    let mut sender = TcpStream::connect(address).unwrap();
    let (length, head) = (text.len(), head.out.trim().replace('\n', "\r\n"));
    let request =
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{head}\r\n\r\n{text}");
    sender.write_all(request.as_bytes()).unwrap();
    // It is on its way to the receiver behind, when the sender goes and is known to have gone.
    let (mut forwarded, _) = behind.accept().unwrap();
    let mut came = Vec::new();
    while !came.ends_with(text.as_bytes()) {
        let mut byte = [0];
        forwarded.read_exact(&mut byte).unwrap();
        came.extend(byte);
    }
    sender.shutdown(Shutdown::Write).unwrap();
    assert_eq!(sender.read_to_end(&mut Vec::new()).unwrap(), 0);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nSuccess";
    forwarded.write_all(answer).unwrap();
    let told = event(&mut before);
    assert_eq!(told["event"]["msg"]["orderId"], "order-8");
    assert_eq!(told["acknowledged"], true);
}

#[test]
fn a_url_to_forward_to_is_checked_at_the_start_and_not_shown() {
    for url in [
        "http://me:hunter2@127.0.0.1/",
        "http://127.0.0.1/hunter2 x",
        "hunter2",
    ] {
        let options = ["listen", "--listen", "127.0.0.1:0", "--forward", url];
        let ran = Ran::of(ccpay().args(options)).ended(2);
        assert!(ran.err.contains("--forward"), "{}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
}

/// What was saved long ago is judged as of then, and a good signature that is old gets advice.
#[test]
fn what_was_saved_is_verified_as_of_its_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"type":"ActivateWebhookURL"}"#;
    let body = written(folder.path(), "body", text);
    let sign = ["sign", body.to_str().unwrap(), "--at", "1750000000"];
    let head = Ran::of(ccpay().args(sign)).ended(0).out;
    let saved = format!("POST / HTTP/1.1\n{}\n\n{text}", head.trim());
    let named = written(folder.path(), "1750000003123-0000.http", &saved);
    Ran::of(ccpay().args(["verify", named.to_str().unwrap()])).ended(0);

    let other = written(folder.path(), "other name.http", &saved);
    let other = other.to_str().unwrap();
    let old = Ran::of(ccpay().args(["verify", other])).ended(5);
    let commands: Vec<_> = old
        .err
        .lines()
        .filter(|it| it.starts_with("  ccpay "))
        .collect();
    let expected = [
        format!("  ccpay verify '{other}' --at 1750000000"),
        format!("  ccpay replay '{other}' --sign-anew --to URL"),
    ];
    assert_eq!(commands, expected);
    Ran::of(ccpay().args(["verify", other, "--at", "1750000000"])).ended(0);
    let listening = listen(&[]);
    let replay = Ran::of(ccpay().args(["replay", other, "--to", &listening.url])).ended(5);
    assert!(
        replay.err.contains("--sign-anew --to http"),
        "{}",
        replay.err
    );
}

#[test]
fn a_forgery_is_refused_and_explained_to_the_merchant_alone() {
    let mut listening = listen(&[]);
    let url = listening.url.clone();
    let mut forger = ccpay();
    forger.env("CCPAYMENT_APP_SECRET", "another-secret");
    let ran = Ran::of(forger.args(["--json", "trigger", "ApiDeposit", "--to", &url])).ended(5);
    assert_eq!(
        (&ran.json()["status"], &ran.json()["answer"]),
        (&401.into(), &"".into())
    );
    let told = event(&mut listening);
    assert_eq!(told["verified"], false);
    assert!(!told["causes"].as_array().unwrap().is_empty());
}

#[test]
fn people_read_a_line_for_each_notification() {
    let mut command = ccpay();
    command.args(["listen", "--listen", "127.0.0.1:0", "--count", "1"]);
    let listening = Running::start(&mut command);
    let url = listening.url.clone();
    Ran::of(ccpay().args(["trigger", "ApiDeposit", "--to", &url])).ended(0);
    assert_eq!(
        listening.ended(),
        "ApiDeposit order-1 Success, acknowledged\n"
    );
}

/// A float in between would send another amount than the one that was written.
#[test]
fn a_field_goes_out_as_it_was_written_or_not_at_all() {
    for (fields, named) in [
        (&["amount:=0.1"][..], "amount=0.1"),
        (&["msg:={\"amount\":[1e2]}"], "amounts are text"),
        (&["coinId:=18446744073709551616"], "amounts are text"),
        (&["amount=1", "amount=2"], "amount is there twice"),
    ] {
        let arguments = [
            &["trigger", "pay", "--origin", "http://127.0.0.1:1"],
            fields,
        ]
        .concat();
        let ran = Ran::of(ccpay().args(arguments)).ended(2);
        assert!(ran.err.contains(named), "{}", ran.err);
    }
}

#[test]
fn a_trigger_without_a_receiver_fails() {
    let url = format!("http://127.0.0.1:{}/", free_port());
    let ran = Ran::of(ccpay().args(["trigger", "ApiDeposit", "--to", &url])).ended(5);
    assert!(ran.err.contains("not sent"), "{}", ran.err);
    let ran = Ran::of(ccpay().args(["trigger", "Nothing", "--to", &url])).ended(2);
    assert!(ran.err.contains("ApiDeposit"), "{}", ran.err);
    let gateway = Gateway::start(&[]);
    let ran = gateway.run(&["trigger", "pay", "amount=20"]).ended(1);
    assert!(ran.err.contains("refused"), "{}", ran.err);
}

/// A number goes through no float, and one that is too large for one ends nothing.
#[test]
fn an_event_is_shown_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    for (api, text) in [
        (
            "v2",
            r#"{"type":"New","amount":0.12345678901234567890,"x":1e999}"#,
        ),
        (
            "v1",
            r#"{"order_type":"New","amount":0.12345678901234567890,"x":1e999}"#,
        ),
    ] {
        let body = written(folder.path(), "body", text);
        let body = body.to_str().unwrap();
        let signed = Ran::of(ccpay().args(["sign", body, "--api", api])).ended(0);
        let headers = written(folder.path(), "headers", &signed.out);
        let files = ["--headers", headers.to_str().unwrap(), "--body", body];
        for json in [&["--json"][..], &[]] {
            let ran = ccpay()
                .args(json)
                .args(["verify", "--api", api])
                .args(files)
                .output();
            let ran = ran.unwrap();
            let out = String::from_utf8(ran.stdout).unwrap();
            assert_eq!(ran.status.code(), Some(0), "{out}");
            assert!(
                out.contains("0.12345678901234567890") && out.contains("1e999"),
                "{out}"
            );
        }
    }
}

/// Who reads the events has gone: what it did not get has to come again.
#[test]
fn what_can_not_be_shown_is_not_acknowledged() {
    let mut listening = ccpay();
    listening.args(["listen", "--listen", "127.0.0.1:0"]);
    let mut listening = listening
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(listening.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    drop(out);
    let ran = Ran::of(ccpay().args(["--json", "trigger", "ActivateWebhookURL", "--to", &url]));
    assert_eq!(ran.ended(5).json()["status"], 503);
    listening.wait().unwrap();
}
