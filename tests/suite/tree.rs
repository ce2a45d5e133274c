//! Checks which crates each crate pulls in.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["tree", "--offline", "--prefix", "none"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn names(tree: &BTreeSet<String>) -> BTreeSet<&str> {
    tree.iter()
        .filter_map(|line| line.split(' ').next())
        .collect()
}

fn ours<'a>(names: &BTreeSet<&'a str>) -> Vec<&'a str> {
    names
        .iter()
        .copied()
        .filter(|name| name.starts_with("ccpayment"))
        .collect()
}

#[test]
fn core_stays_light() {
    let lines = tree(&["-p", "ccpayment-core", "-e", "normal"]);
    assert!(lines.len() <= 36, "{} lines: {lines:#?}", lines.len());
    let names = names(&lines);
    assert_eq!(ours(&names), ["ccpayment-core"]);
    for heavy in [
        "tokio",
        "rustls",
        "ring",
        "aws-lc-rs",
        "native-tls",
        "hyper",
        "reqwest",
        "ureq",
    ] {
        assert!(!names.contains(heavy), "{heavy}");
    }
}

#[test]
fn the_sandbox_is_independent() {
    let lines = tree(&[
        "-p",
        "ccpayment-sandbox",
        "-e",
        "normal,build,dev",
        "--all-features",
    ]);
    let names = names(&lines);
    assert_eq!(ours(&names), ["ccpayment-sandbox"]);
    for shared in ["hmac", "sha2", "rsa", "aws-lc-rs", "rust_decimal"] {
        assert!(
            !names.contains(shared),
            "{shared}: money or crypto by the same code on both sides"
        );
    }
}

#[test]
fn xtask_is_independent() {
    let lines = tree(&["-p", "xtask", "-e", "normal,build,dev"]);
    assert_eq!(ours(&names(&lines)), [""; 0]);
}

/// Arrows point down only.
#[test]
fn layers_pull_in_nothing_from_above() {
    for (package, expected) in [
        (
            "ccpayment-client",
            &["ccpayment-client", "ccpayment-core"][..],
        ),
        (
            "ccpayment-reqwest",
            &["ccpayment-client", "ccpayment-core", "ccpayment-reqwest"],
        ),
        (
            "ccpayment-hyper",
            &["ccpayment-client", "ccpayment-core", "ccpayment-hyper"],
        ),
        (
            "ccpayment-ureq",
            &["ccpayment-client", "ccpayment-core", "ccpayment-ureq"],
        ),
        (
            "ccpayment-webhook",
            &["ccpayment-core", "ccpayment-webhook"],
        ),
        (
            "ccpayment-actix",
            &["ccpayment-actix", "ccpayment-core", "ccpayment-webhook"],
        ),
        (
            "ccpayment-testing",
            &["ccpayment-client", "ccpayment-core", "ccpayment-testing"],
        ),
    ] {
        let lines = tree(&["-p", package, "-e", "normal"]);
        let names = names(&lines);
        assert_eq!(ours(&names), expected);
        // Only the feature for strategies pulls it in.
        assert!(!names.contains("proptest"), "{package}");
    }
    // Only its own feature pulls in the whole gateway, and even that none of its program.
    let whole = [
        "-p",
        "ccpayment-testing",
        "-e",
        "normal",
        "--features",
        "sandbox",
    ];
    let lines = tree(&whole);
    let whole = names(&lines);
    assert_eq!(
        ours(&whole),
        [
            "ccpayment-client",
            "ccpayment-core",
            "ccpayment-sandbox",
            "ccpayment-testing",
            "ccpayment-webhook",
        ]
    );
    assert!(!whole.contains("rusqlite") && !whole.contains("reqwest"));
    let bare = tree(&["-p", "ccpayment", "-e", "normal", "--no-default-features"]);
    let names = names(&bare);
    assert_eq!(
        ours(&names),
        ["ccpayment", "ccpayment-client", "ccpayment-core"]
    );
    assert!(!names.contains("hyper") && !names.contains("rustls"));
}

#[test]
fn a_backend_brings_its_own_library_and_no_other() {
    let lines = tree(&["-p", "ccpayment-hyper", "-e", "normal"]);
    let hyper = names(&lines);
    assert!(hyper.contains("hyper") && hyper.contains("ring"));
    assert!(!hyper.contains("reqwest") && !hyper.contains("rustls-platform-verifier"));

    // Without a runtime, there is none: of tokio only the timer, which the async client's clock
    // names, and the locks in which its calls wait their turn.
    let lines = tree(&["-p", "ccpayment-ureq", "-e", "normal,features"]);
    let of_tokio: Vec<&str> = (lines.iter().map(String::as_str))
        .filter(|line| line.starts_with("tokio feature") && !line.ends_with("(*)"))
        .collect();
    let expected = ["default", "sync", "time"].map(|name| format!("tokio feature \"{name}\""));
    assert_eq!(of_tokio, expected);
    let ureq = names(&lines);
    assert!(!ureq.contains("hyper") && !ureq.contains("flate2") && !ureq.contains("reqwest"));
}

/// A user with an own crypto provider gets no second one, and a user with an own TLS gets none of
/// ours.
#[test]
fn a_build_can_do_without_our_crypto_provider_and_without_our_tls() {
    for backend in ["reqwest", "hyper", "blocking"] {
        let mut arguments = vec!["-p", "ccpayment", "-e", "normal", "--no-default-features"];
        let features = format!("v2,webhook,{backend},rustls-no-provider");
        arguments.extend(["--features", &features]);
        let lines = tree(&arguments);
        let with_tls = names(&lines);
        assert!(with_tls.contains("rustls") && with_tls.contains("webpki-roots"));
        for provider in ["ring", "aws-lc-rs", "aws-lc-sys"] {
            assert!(!with_tls.contains(provider), "{backend}: {provider}");
        }

        // ureq has no form without TLS.
        if backend == "blocking" {
            continue;
        }
        let features = format!("v2,webhook,{backend}");
        arguments.pop();
        arguments.push(&features);
        let lines = tree(&arguments);
        let without = names(&lines);
        assert!(without.contains("hyper") && !without.contains("rustls"));
    }
}

/// Two versions of a crate that we use ourselves would give two types of one name.
#[test]
fn no_crate_that_we_name_is_there_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, after) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let (section, _) = after.split_once("\n[").unwrap();
    let named: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .collect();
    assert!(named.contains("reqwest") && named.len() > 20);

    // Duplicates stand at the beginning of a paragraph; below them is who wants them.
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["tree", "--offline", "--duplicates", "-e", "normal"])
        .arg("--all-features")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let doubled: BTreeSet<&str> = (text.split("\n\n"))
        .filter_map(|paragraph| paragraph.trim_start().split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    // sqlx has its own version, and shows no type of it. actix-web has an older one, behind
    // ccpayment-actix.
    let inside = BTreeSet::from(["http", "sha2"]);
    let ours: Vec<_> = (doubled.intersection(&named))
        .filter(|name| !inside.contains(**name))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");

    let reasons = std::fs::read_to_string(root.join("deny.toml")).unwrap();
    for name in doubled {
        assert!(
            reasons.contains(&format!("crate = \"{name}@")),
            "{name} has no reason in deny.toml"
        );
    }
}

#[test]
fn the_durable_half_brings_no_driver_and_the_facade_no_database() {
    let lines = tree(&["-p", "ccpayment-durable", "-e", "normal", "--all-features"]);
    let names = names(&lines);
    let below = [
        "ccpayment-client",
        "ccpayment-core",
        "ccpayment-durable",
        "ccpayment-webhook",
    ];
    assert_eq!(ours(&names), below);
    assert!(!names.contains("sqlx"));

    let lines = tree(&["-p", "ccpayment", "-e", "normal"]);
    let names = self::names(&lines);
    assert!(!names.contains("sqlx") && !names.contains("ccpayment-durable"));

    // One TLS stack, and no database that nobody asked for.
    let lines = tree(&["-p", "ccpayment-sqlx", "-e", "normal", "--all-features"]);
    let names = self::names(&lines);
    for unwanted in ["aws-lc-rs", "native-tls", "rsa", "sqlx-mysql"] {
        assert!(!names.contains(unwanted), "{unwanted}");
    }
}
