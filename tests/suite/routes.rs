//! What `cargo xtask routes` prints.

use std::process::Command;

#[test]
fn every_route_is_listed_and_counted() {
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
        // Where the merchant documents have the route, they have a payload of it, but for one of v1.
        let covered = !line.contains("  - ");
        let expected = (line.contains("  documented  ") || line.starts_with("v1"))
            && !line.contains("  resend_webhooks ");
        assert_eq!(covered, expected, "{line}");
        assert!(
            covered || line.ends_with("- no example in the documents"),
            "{line}"
        );
    }
}
