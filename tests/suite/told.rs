//! Checks that the documentation of each item says what a merchant has to know about it.

use std::path::Path;

/// The documentation of an item, as one line of text. A field is found by its type and its name.
fn docs_of(file: &str, item: &str) -> String {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates"));
    let source = std::fs::read_to_string(root.join(file)).unwrap();
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let at = item.split(" > ").fold(0, |from, part| {
        let found = lines[from..].iter().position(|line| line.starts_with(part));
        from + found.unwrap_or_else(|| panic!("{file} has no `{part}` for `{item}`"))
    });
    let is_doc = |line: &str| line.starts_with("///") || line.starts_with("//!");
    let docs: Vec<_> = (lines[..at].iter().rev())
        .skip_while(|line| !is_doc(line))
        .map_while(|line| line.strip_prefix("///").or(line.strip_prefix("//!")))
        .map(str::trim)
        .collect();
    docs.into_iter().rev().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_merchant_has_to_know_stands_where_it_is_needed() {
    let mut missing = Vec::new();
    for (file, item, words) in FACTS {
        let docs = docs_of(file, item);
        for word in *words {
            if !docs.contains(word) {
                missing.push(format!("{item} does not say: {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

type Fact = (&'static str, &'static str, &'static [&'static str]);

const FACTS: &[Fact] = &[
    // When nothing came.
    (
        "ccpayment-webhook/src/event.rs",
        "pub struct ApiWithdrawal",
        &["about two hours, read the record", "Cwallet"],
    ),
    (
        "ccpayment-webhook/src/event.rs",
        "pub struct UserWithdrawal",
        &["about two hours, read the record", "Cwallet"],
    ),
    // When deliveries end, and what then.
    (
        "ccpayment-webhook/src/verifier.rs",
        "impl Verified<Event> > pub fn acknowledge(",
        &[
            "up to six times",
            "31.5 minutes or after an hour",
            "WebhookResend",
            "the lists of records",
        ],
    ),
    (
        "ccpayment-webhook/src/v1/verifier.rs",
        "impl Verified<Event> > pub fn acknowledge(",
        &["six or seven times", "ResendWebhooks"],
    ),
    (
        "ccpayment-webhook/src/lib.rs",
        "mod acknowledge",
        &[
            "not enabled on the dashboard",
            "[`SENDER_ADDRESSES`]",
            "Developer, Webhook URL",
        ],
    ),
    // Before the first call.
    (
        "ccpayment-core/src/credentials.rs",
        "pub struct Credentials",
        &["the gateway blocks the IP address", "allow list"],
    ),
    (
        "ccpayment-core/src/lib.rs",
        "#![cfg_attr(",
        &["ETH Sepolia", "sepolia.etherscan.io", "ETH test network"],
    ),
    // Which deposit interface.
    (
        "ccpayment-core/src/v2/order.rs",
        "pub struct CreateAppOrderDepositAddress ",
        &[
            "goods that have a price",
            "[`CreateInvoiceUrl`]",
            "[`GetOrCreateAppDepositAddress`]",
            "locked until the order expires",
            "up to 7 days after the expiry",
        ],
    ),
    (
        "ccpayment-core/src/v2/order.rs",
        "pub struct CreateInvoiceUrl ",
        &[
            "a page of CCPayment's to pay on",
            "[`CreateAppOrderDepositAddress`]",
            "rate of its receipt",
        ],
    ),
    (
        "ccpayment-core/src/v2/deposit.rs",
        "pub struct GetOrCreateAppDepositAddress ",
        &["what and when they like", "coin that is not enabled"],
    ),
    (
        "ccpayment-core/src/v2/user_deposit.rs",
        "pub struct GetOrCreateUserDepositAddress ",
        &["a balance for each user", "coin that is not enabled"],
    ),
    // The rate of a payment.
    (
        "ccpayment-core/src/v2/order.rs",
        "pub struct OrderPayment > pub rate:",
        &[
            "locked when the order was made",
            "at the rate of its receipt",
        ],
    ),
    (
        "ccpayment-core/src/v2/order.rs",
        "pub struct InvoicePayment > pub rate:",
        &["at the time of receipt"],
    ),
    (
        "ccpayment-core/src/envelope.rs",
        "pub fn decode_signed",
        &["valid for two minutes"],
    ),
    (
        "ccpayment-core/src/v1/order.rs",
        "pub struct CreateOrder ",
        &["does not say how much of the token", "[`GetTokenRate`]"],
    ),
    (
        "ccpayment-core/src/v2/status.rs",
        "Maintenance = ",
        &["may be late, or are not processed at all"],
    ),
];
