//! The client meets every fault that the sandbox's line knows, over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetCoin};
use ccpayment::{
    Address, AnswerError, AppId, AppSecret, Chain, Client, CoinId, Credentials, Error, ErrorCode,
    OrderId, Outcome, RetryPolicy, Timeouts, TransportError,
};
use ccpayment_sandbox::{BadResponse, EntryKind, Fault, Sandbox, Server, Setting};
use ccpayment_testing::SandboxClock;

use super::Backend;

const USDT: CoinId = CoinId::new(1280);

pub(crate) const START: u64 = 1_767_225_600;

pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    server: Server,
    pub(crate) client: Client,
}

pub(crate) async fn house() -> House {
    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(START)
        .setting(Setting::ManualChain(true))
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
        .with_clock(SandboxClock::new(&sandbox));
    House {
        sandbox,
        server,
        client,
    }
}

impl House {
    /// Sets short timeouts. The real clock times the attempts, the sandbox's clock the whole call.
    /// A slow body takes longer than a second, and all else on loopback is far quicker.
    pub(crate) fn hasty(mut self) -> Self {
        let timeouts = Timeouts::new(Duration::from_secs(1), Duration::from_secs(60));
        self.client = self.client.with_timeouts(timeouts);
        self
    }

    /// How often money was taken.
    pub(crate) fn debits(&self) -> usize {
        let entries = self.sandbox.ledger().entries().to_vec();
        let debits = (entries.iter())
            .filter(|entry| entry.kind == EntryKind::Payout)
            .count();
        assert_eq!(debits, self.sandbox.payouts().len());
        debits
    }

    pub(crate) async fn close(self) {
        assert!(self.sandbox.ledger().is_balanced());
        self.server.shutdown().await;
    }
}

pub(crate) fn payout(id: &str, amount: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(id),
        USDT,
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        amount.parse().unwrap(),
    )
}

pub(crate) fn takes_time(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Silence { .. }
            | Fault::Reply {
                with: BadResponse::SlowBody,
                ..
            }
    )
}

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Value,
    NotSent,
    MaybeSent,
    TimedOut,
    Refused(ErrorCode),
    Undecodable,
    NotAnEnvelope(u16),
}

async fn ask(client: &Client) -> Class {
    let once = client.clone().with_retry_policy(RetryPolicy::off());
    match once.send(&GetCoin::new(USDT)).await {
        Ok(_) => Class::Value,
        Err(Error::Transport { source, .. }) => match source {
            TransportError::NotSent(_) => Class::NotSent,
            TransportError::MaybeSent(_) => Class::MaybeSent,
            TransportError::TimedOut { .. } => Class::TimedOut,
            other => panic!("{other}"),
        },
        Err(Error::Answer { source, .. }) => match source {
            AnswerError::Refused(refusal) => Class::Refused(refusal.code),
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
            Fault::DeliveredTwice | Fault::DeliveredTwiceAnswerSecond => Class::Value,
            Fault::Silence { .. } => Class::TimedOut,
            _ => Class::MaybeSent,
        };
    };
    let promises_nothing = Class::Refused(ErrorCode::Internal);
    match with {
        BadResponse::Html
        | BadResponse::Empty
        | BadResponse::GzipBomb
        | BadResponse::LengthTooShort
        | BadResponse::CodeTwice => Class::NotAnEnvelope(200),
        // From an answer that is not clean text, the client reads a refusal, but never a success.
        BadResponse::InvalidUtf8 if acted => Class::NotAnEnvelope(200),
        BadResponse::InvalidUtf8 => promises_nothing,
        BadResponse::RateLimited { .. } => Class::NotAnEnvelope(429),
        BadResponse::BadGateway => Class::NotAnEnvelope(502),
        BadResponse::Redirect => Class::NotAnEnvelope(302),
        BadResponse::SlowBody => Class::TimedOut,
        BadResponse::CutMidChunk | BadResponse::LengthTooLong => Class::MaybeSent,
        BadResponse::Error => promises_nothing,
        BadResponse::DateOff { .. } | BadResponse::NoDate if acted => Class::Value,
        BadResponse::DateOff { .. } | BadResponse::NoDate => promises_nothing,
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
        house.sandbox.plan_fault("*", fault);
        let class = ask(&house.client).await;
        if class != expected(fault) {
            wrong.push((fault, class));
        }
        // The fault is over: the next call works, whatever is left in the pool of connections.
        assert_eq!(ask(&house.client).await, Class::Value, "{fault:?}");
        house.close().await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_closed_port_means_not_sent_and_so_refused() {
    let house = house().await;
    house.server.stop_listening().await;
    assert_eq!(ask(&house.client).await, Class::NotSent);
    let error = house
        .client
        .payout(&payout("payout-1", "10"))
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert_eq!(house.debits(), 0);
    house.server.listen_again().await.unwrap();
    house
        .client
        .payout(&payout("payout-1", "10"))
        .await
        .unwrap();
    assert_eq!(house.debits(), 1);
    house.close().await;
}
