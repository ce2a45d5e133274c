//! An error says what it adds, and leaves the reason to its source: no text stands twice in a chain.

use std::error::Error as StdError;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use ccpayment::raw::SignText;
use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetAppDepositRecord, GetCoin, GetSwapRecordList};
use ccpayment::webhook::ConfirmedDeposit;
use ccpayment::{
    Address, AppId, Chain, Client, CoinId, Credentials, ErrorReport, RetryPolicy, Signer,
    SigningFuture, Timeouts, TransportError, Version, transport_fn,
};
use ccpayment_testing::TestClock;
use http::{Response, StatusCode};

/// The error with its sources. Checks that no text of them contains another.
#[track_caller]
fn checked(error: &(dyn StdError + 'static)) -> String {
    let mut all = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        all.push(source.to_string());
        next = source.source();
    }
    for (at, text) in all.iter().enumerate() {
        let others = all.iter().enumerate().filter(|(it, _)| *it != at);
        for (_, other) in others {
            assert!(!text.contains(other.as_str()), "{all:?}");
        }
    }
    let report = ErrorReport::new(error).to_string();
    assert_eq!(report, all.join(": "));
    report
}

/// The gateway's behaviour, whatever the request.
#[derive(Debug, Clone, Copy)]
enum Gateway {
    Answers(u16, &'static str),
    IsNotThere,
    BreaksOff,
    IsSilent,
    SaysTooMuch,
}

const ALL: [Gateway; 9] = [
    Gateway::Answers(200, r#"{"code":14000,"msg":"short"}"#),
    Gateway::Answers(200, r#"{"code":11006,"msg":"ReqExpired"}"#),
    Gateway::Answers(200, r#"{"code":12001,"msg":"who"}"#),
    Gateway::Answers(200, r#"{"code":10000,"msg":"success","data":{"coin":7}}"#),
    Gateway::Answers(502, "<html>"),
    Gateway::IsNotThere,
    Gateway::BreaksOff,
    Gateway::IsSilent,
    Gateway::SaysTooMuch,
];

impl Gateway {
    fn answer(self) -> Result<Response<Bytes>, TransportError> {
        let (status, body) = match self {
            Self::Answers(status, body) => (status, body),
            Self::IsNotThere => return Err(TransportError::NotSent("no such host".into())),
            Self::BreaksOff => return Err(TransportError::MaybeSent("reset by peer".into())),
            Self::IsSilent => {
                let after = Duration::from_secs(5);
                return Err(TransportError::TimedOut { after });
            }
            Self::SaysTooMuch => return Err(TransportError::TooLarge { limit: 8 }),
        };
        let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(answer)
    }

    fn client(self, credentials: Credentials) -> Client {
        let timeouts = Timeouts::new(Duration::from_secs(5), Duration::from_secs(5));
        Client::new(
            credentials,
            transport_fn(move |_| async move { self.answer() }),
        )
        .with_clock(TestClock::at(ccpayment::Timestamp::new(1_700_000_000)))
        .with_timeouts(timeouts)
        .with_retry_policy(RetryPolicy::off())
    }
}

fn credentials() -> Credentials {
    Credentials::new("app-id", "app-secret").unwrap()
}

fn payout(amount: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        "payout-1",
        1280,
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        amount.parse().unwrap(),
    )
}

#[derive(Debug)]
struct Broken;

impl Signer for Broken {
    fn sign<'a>(&'a self, _: SignText<'a>) -> SigningFuture<'a> {
        Box::pin(async {
            Err(ccpayment::raw::SigningError::Signer(
                "the key service is away".into(),
            ))
        })
    }
}

#[tokio::test]
async fn what_a_client_reports_has_each_reason_once() {
    let coin = GetCoin::new(CoinId::new(1));
    let mut reports = Vec::new();
    for gateway in ALL {
        let client = gateway.client(credentials());
        reports.push(checked(&client.send(&coin).await.unwrap_err()));
        let error = client.payout(&payout("1")).await.unwrap_err();
        reports.push(checked(&error));
        let error = client
            .pages(GetSwapRecordList::new())
            .next()
            .await
            .unwrap()
            .unwrap_err();
        reports.push(checked(&error));
        let error = ConfirmedDeposit::read(&client, &GetAppDepositRecord::new("20240312"))
            .await
            .unwrap_err();
        reports.push(checked(&error));
    }

    let limited = ALL[0].client(credentials());
    let limited = limited.with_rate_limit(Version::V2, NonZeroU32::new(1));
    limited.send(&coin).await.unwrap_err();
    reports.push(checked(&limited.send(&coin).await.unwrap_err()));
    let client = ALL[0].client(credentials());
    reports.push(checked(&client.payout(&payout("0")).await.unwrap_err()));
    let signer = Credentials::with_signer(AppId::new("app-id"), Broken).unwrap();
    let client = ALL[0].client(signer);
    reports.push(checked(&client.payout(&payout("1")).await.unwrap_err()));
    insta::assert_snapshot!("reports", reports.join("\n"));
}

/// The `Display` of no error type of the crates formats what its source says.
#[test]
fn no_error_type_formats_its_source() {
    let mut sources = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates"),
        &mut sources,
    );
    let (mut checked, mut wrong) = (0, Vec::new());
    for file in sources {
        let text = fs::read_to_string(&file).unwrap();
        for variant in text.split("#[error(").skip(1) {
            let Some((format, body)) = variant.split_once(")]\n") else {
                continue;
            };
            let body = body.split("\n    }").next().unwrap_or(body);
            let is_source = body.contains("#[source]") || body.contains("#[from]");
            let names: &[&str] = match body.split_once("#[source]") {
                _ if body.contains("source:") => &["{source"],
                Some((_, field)) if field.trim_start().starts_with("last:") => &["{last"],
                Some((_, field)) if field.trim_start().starts_with("reason:") => &["{reason"],
                _ if is_source => &["{0"],
                _ => continue,
            };
            checked += 1;
            if names.iter().any(|name| format.contains(name)) {
                wrong.push(format!("{}: {format}", file.display()));
            }
        }
    }
    assert!(checked > 12, "only {checked} have a source");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn collect(folder: &Path, sources: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|it| it == "rs") {
            sources.push(path);
        }
    }
}
