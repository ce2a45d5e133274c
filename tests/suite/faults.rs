//! The client meets every fault that the sandbox's line knows, over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetCoin};
use ccpayment::{
    Address, AnswerError, AppId, AppSecret, Chain, Client, CoinId, Credentials, Error, ErrorCode,
    OrderId, Outcome, PayoutError, Proof, RecordId, Retries, Submitted, Timeouts, Timestamp,
    TransportError,
};
use ccpayment_sandbox::{EntryKind, Fault, Garbled, Sandbox, Server, Setting};

use super::Backend;
use super::gateway::SandboxClock;

const USDT: CoinId = CoinId::new(1280);
const APPLY: &str = "applyAppWithdrawToNetwork";
const START: u64 = 1_767_225_600;

struct House {
    sandbox: Sandbox,
    server: Server,
    client: Client,
}

async fn house() -> House {
    let sandbox = Sandbox::builder()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(START)
        .setting(Setting::ChainByHand(true))
        .balance(USDT.get(), "100")
        .build()
        .unwrap();
    let server = sandbox
        .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    let client = Client::new(credentials, Backend::new().unwrap())
        .with_origin(server.origin().parse().unwrap())
        .with_clock(SandboxClock::of(&sandbox));
    House {
        sandbox,
        server,
        client,
    }
}

impl House {
    /// Attempts are timed by the real clock, everything together by the sandbox's. A second is
    /// less than a slow body takes, and ages on loopback.
    fn hasty(mut self) -> Self {
        let timeouts = Timeouts::new(Duration::from_secs(1), Duration::from_secs(60));
        self.client = self.client.with_timeouts(timeouts);
        self
    }

    /// How often money was taken.
    fn debits(&self) -> usize {
        let entries = self.sandbox.ledger().entries().to_vec();
        let debits = (entries.iter())
            .filter(|entry| entry.kind == EntryKind::Payout)
            .count();
        assert_eq!(debits, self.sandbox.payouts().len());
        debits
    }

    async fn close(self) {
        assert!(self.sandbox.ledger().is_balanced());
        self.server.shutdown().await;
    }
}

fn payout(id: &str, amount: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(id),
        USDT,
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        amount.parse().unwrap(),
    )
}

fn takes_time(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Silence { .. }
            | Fault::Reply {
                with: Garbled::SlowBody,
                ..
            }
    )
}

/// Whether the client reads a sound answer that the gateway gave.
fn is_readable(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Twice
            | Fault::Reply {
                acted: true,
                with: Garbled::DateOff { .. } | Garbled::NoDate,
            }
    )
}

#[tokio::test]
async fn a_payout_is_made_once_whatever_becomes_of_its_submit() {
    for fault in Fault::every() {
        let mut house = house().await;
        if takes_time(&fault) {
            house = house.hasty();
        }
        house.sandbox.fault(APPLY, fault);
        let request = payout("payout-1", "10");
        let paid = (house.client.payout(&request).await)
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(house.debits(), 1, "{fault:?}");
        let made = &house.sandbox.payouts()[0];
        assert_eq!(made.record_id, paid.made.as_str(), "{fault:?}");
        assert_eq!(house.sandbox.fault_hits()[&fault], 1);
        if is_readable(fault) {
            assert_eq!((paid.proof, paid.tried.lookups), (Proof::Accepted, 0));
        } else {
            assert!(paid.tried.lookups > 0, "{fault:?}: {:?}", paid.tried);
        }
        house.close().await;
    }
}

#[tokio::test]
async fn a_payout_is_made_once_whatever_becomes_of_its_look_up() {
    for fault in Fault::every() {
        let mut house = house().await;
        if takes_time(&fault) {
            house = house.hasty();
        }
        house.sandbox.fault(APPLY, Fault::ActThenDrop);
        house.sandbox.fault("getAppWithdrawRecord", fault);
        let paid = (house.client.payout(&payout("payout-1", "10")).await)
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(paid.proof, Proof::Record, "{fault:?}");
        assert_eq!(paid.tried.submits, 1, "{fault:?}");
        assert_eq!(house.debits(), 1, "{fault:?}");
        house.close().await;
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Value,
    NotSent,
    MaybeSent,
    TimedOut,
    Rejected(ErrorCode),
    Undecodable,
    NotAnEnvelope(u16),
}

async fn ask(client: &Client) -> Class {
    let once = client.clone().with_retries(Retries::off());
    match once.send(&GetCoin::new(USDT)).await {
        Ok(_) => Class::Value,
        Err(Error::Transport { source, .. }) => match source {
            TransportError::NotSent(_) => Class::NotSent,
            TransportError::MaybeSent(_) => Class::MaybeSent,
            TransportError::TimedOut { .. } => Class::TimedOut,
            other => panic!("{other}"),
        },
        Err(Error::Answer { source, .. }) => match source {
            AnswerError::Rejected(rejection) => Class::Rejected(rejection.code),
            AnswerError::Undecodable { .. } => Class::Undecodable,
            AnswerError::NotAnEnvelope { status, .. } => Class::NotAnEnvelope(status.as_u16()),
            other => panic!("{other}"),
        },
        Err(other) => panic!("{other}"),
    }
}

fn expected(fault: Fault) -> Class {
    let Fault::Reply { acted, with } = fault else {
        return match fault {
            Fault::Twice | Fault::TwiceAnswerSecond => Class::Value,
            Fault::Silence { .. } => Class::TimedOut,
            _ => Class::MaybeSent,
        };
    };
    let promises_nothing = Class::Rejected(ErrorCode::Internal);
    match with {
        Garbled::Html
        | Garbled::Empty
        | Garbled::GzipBomb
        | Garbled::LengthTooShort
        | Garbled::CodeTwice => Class::NotAnEnvelope(200),
        // Of what is no clean text a refusal is read, and never a success.
        Garbled::InvalidUtf8 if acted => Class::NotAnEnvelope(200),
        Garbled::InvalidUtf8 => promises_nothing,
        Garbled::RateLimited { .. } => Class::NotAnEnvelope(429),
        Garbled::BadGateway => Class::NotAnEnvelope(502),
        Garbled::Redirect => Class::NotAnEnvelope(302),
        Garbled::SlowBody => Class::TimedOut,
        Garbled::CutMidChunk | Garbled::LengthTooLong => Class::MaybeSent,
        Garbled::Error => promises_nothing,
        Garbled::DateOff { .. } | Garbled::NoDate if acted => Class::Value,
        Garbled::DateOff { .. } | Garbled::NoDate => promises_nothing,
        _ => Class::Undecodable,
    }
}

#[tokio::test]
async fn a_read_ends_in_the_class_that_its_fault_allows() {
    let mut wrong = Vec::new();
    for fault in Fault::every() {
        let mut house = house().await;
        if takes_time(&fault) {
            house = house.hasty();
        }
        house.sandbox.fault("*", fault);
        let class = ask(&house.client).await;
        if class != expected(fault) {
            wrong.push((fault, class));
        }
        // The fault is over, whatever it left in the pool of connections.
        assert_eq!(ask(&house.client).await, Class::Value, "{fault:?}");
        house.close().await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_closed_port_means_not_sent_and_so_refused() {
    let house = house().await;
    house.server.refuse().await;
    assert_eq!(ask(&house.client).await, Class::NotSent);
    let error = house
        .client
        .payout(&payout("payout-1", "10"))
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert_eq!(house.debits(), 0);
    house.server.listen().await.unwrap();
    house
        .client
        .payout(&payout("payout-1", "10"))
        .await
        .unwrap();
    assert_eq!(house.debits(), 1);
    house.close().await;
}

#[tokio::test]
async fn a_line_that_never_heals_leaves_the_outcome_unknown() {
    for (fault, debits) in [
        (Fault::ActThenDrop, 1),
        (Fault::DropBeforeActing, 0),
        (Fault::Reset { acted: true }, 1),
        (Fault::Refused, 0),
    ] {
        let house = house().await;
        house.sandbox.faults_by_seed(1, 1000, &[fault]);
        let request = payout("payout-1", "10");
        let error = house.client.payout(&request).await.unwrap_err();
        assert!(matches!(error, PayoutError::Unknown { .. }), "{error}");
        assert_eq!(house.debits(), debits, "{fault:?}");
        house.close().await;
    }
}

#[tokio::test]
async fn a_refusal_counts_once_nothing_is_in_doubt() {
    let house = house().await;
    let patient = Timeouts::new(Duration::from_secs(20), Duration::from_secs(600));
    let client = house.client.clone().with_timeouts(patient);
    house.sandbox.fault(APPLY, Fault::ResetMidRequest);
    let error = client
        .payout(&payout("payout-1", "1000"))
        .await
        .unwrap_err();
    assert_eq!(
        error.code(),
        Some(ErrorCode::BalanceInsufficient),
        "{error}"
    );
    assert_eq!(house.debits(), 0);
    house.close().await;
}

/// What a verdict promises about the number of debits.
fn promised(verdict: &Result<Submitted<RecordId>, PayoutError>) -> &'static [usize] {
    match verdict {
        Ok(_) => &[1],
        Err(PayoutError::Refused { .. }) => &[0],
        Err(PayoutError::Unknown { .. }) => &[0, 1],
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn verdicts_hold_whatever_a_seed_brings() {
    let mut among = Fault::every();
    among.retain(|fault| !takes_time(fault));
    let (mut unknown, mut hits) = (0, 0);
    for seed in 0..40 {
        let house = house().await;
        house.sandbox.faults_by_seed(seed, 700, &among);
        let request = payout("payout-1", "10");
        let verdict = house.client.payout(&request).await;
        let debits = house.debits();
        assert!(promised(&verdict).contains(&debits), "{seed}: {verdict:?}");
        hits += house.sandbox.fault_hits().values().sum::<u64>();

        // Later, on a line that works, a doubt is settled for good.
        house.sandbox.faults_by_seed(seed, 0, &[]);
        house.sandbox.advance(Duration::from_secs(600));
        if let Err(PayoutError::Unknown { tried, .. }) = verdict {
            unknown += 1;
            let since = tried.in_doubt_since.unwrap_or(Timestamp::new(START));
            let settled = house.client.settle(&request, since).await;
            assert!(promised(&settled).contains(&house.debits()), "{seed}");
            let for_good = matches!(settled, Ok(_) | Err(PayoutError::Refused { .. }));
            assert!(for_good, "{seed}: {settled:?}");
        }
        house.close().await;
    }
    assert!(unknown > 0 && hits > 100, "{unknown} {hits}");
}
