//! What `cargo xtask routes` prints.

use std::process::Command;

use ccpayment_sandbox::Sandbox;
use ccpayment_tests::sandbox::knows;

#[tokio::test]
async fn every_route_is_listed_and_counted() {
    let sandbox = Sandbox::builder().strict().build().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_routes")).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let (totals, lines) = lines.split_last().unwrap();
    assert_eq!(*totals, "v2 61/61 v1 14/14 webhooks v2 5/5 v1 5/5");
    let routes = ccpayment::v2::ROUTES.len() + ccpayment::v1::ROUTES.len();
    assert_eq!(lines.len(), routes);
    for line in lines {
        let columns: Vec<_> = line.split("  ").map(str::trim).collect();
        let columns: Vec<_> = columns.into_iter().filter(|it| !it.is_empty()).collect();
        let [version, name, path, _, source, in_sandbox, payloads] = columns[..] else {
            panic!("not seven columns: {line}");
        };
        // If the merchant documents have the route, they have a payload of it, except for one route
        // of v1.
        let covered = !payloads.starts_with("- ");
        let expected = (source == "documented" || version == "v1") && name != "resend_webhooks";
        assert_eq!(covered, expected, "{line}");
        assert!(
            covered || payloads == "- no example in the documents",
            "{line}"
        );
        let has = knows(&sandbox, path).await;
        assert_eq!(in_sandbox, if has { "sandbox" } else { "-" }, "{line}");
        assert!(has || version == "v1", "{line}");
    }
}
