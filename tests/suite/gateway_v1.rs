//! The client of v1 against the sandbox, over real sockets.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use ccpayment::raw::Unverified;
use ccpayment::v1::{
    CheckUser, CreateOrder, Currency, GetAssets, GetBlockHeight, GetCheckoutUrl, GetNetworkFee,
    GetOrderInfo, GetPermanentAddress, GetTokenRate, ListCoins, ListSupportTokensLegacy,
    ListTokenChainsLegacy, OrderStatus, ResendWebhooks, TokenId, Withdraw,
};
use ccpayment::webhook::VerifyError;
use ccpayment::webhook::v1::{Event, Verifier};
use ccpayment::{
    Address, Amount, AnswerError, AppId, AppSecret, Chain, Client, Clock, Credentials, Error,
    ErrorCode, Exchange, Memo, OrderId, Outcome, Request, Timestamp, Transport, TransportError,
    UserId,
};
use ccpayment_sandbox::{IncomingPayment, Sandbox, Server, Setting};
use ccpayment_testing::SandboxClock;

use super::Backend;

const USDT: u64 = 1280;

type Tamper = fn(&mut http::Response<Bytes>);

/// What the line does to an answer; it also notes which operations succeeded.
struct Line {
    inner: Backend,
    tamper: Tamper,
    answered: Arc<Mutex<BTreeSet<&'static str>>>,
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let operation = exchange.operation;
        let mut answer = self.inner.send(exchange).await?;
        if answer.body().starts_with(b"{\"code\":10000") {
            self.answered.lock().unwrap().insert(operation);
        }
        (self.tamper)(&mut answer);
        Ok(answer)
    }
}

struct House {
    sandbox: Sandbox,
    server: Server,
    client: Client,
    answered: Arc<Mutex<BTreeSet<&'static str>>>,
}

async fn house_with(secret: &str, tamper: Tamper) -> House {
    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(1_767_225_600)
        .setting(Setting::ManualChain(true))
        .balance(USDT, "100")
        .balance(1486, "100")
        .build()
        .unwrap();
    let server = sandbox
        .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let answered = Arc::default();
    let line = Line {
        inner: Backend::new().unwrap(),
        tamper,
        answered: Arc::clone(&answered),
    };
    let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new(secret)).unwrap();
    let client = Client::new(credentials, line)
        .with_origin(server.origin().parse().unwrap())
        .with_clock(SandboxClock::new(&sandbox));
    House {
        sandbox,
        server,
        client,
        answered,
    }
}

async fn house() -> House {
    house_with("app-secret", |_| {}).await
}

impl House {
    async fn send<E: Request>(&self, request: &E) -> E::Response {
        let answer = self.client.send_unsettled(request).await;
        answer.unwrap_or_else(|error| panic!("{}: {error}", E::OPERATION))
    }

    async fn code<E: Request>(&self, request: &E) -> ErrorCode {
        let error = self
            .client
            .send_unsettled(request)
            .await
            .map(|_| ())
            .unwrap_err();
        error.code().unwrap_or_else(|| panic!("{error}"))
    }

    fn token(&self, coin_id: u64, chain: &str) -> TokenId {
        TokenId::new(self.sandbox.v1_token_id(coin_id, chain).unwrap())
    }

    fn order(&self, id: &str, price: &str) -> CreateOrder {
        CreateOrder::new(
            OrderId::new(id),
            amount(price),
            self.token(USDT, "POLYGON"),
            Currency::new("token"),
        )
    }

    fn payout(&self, id: &str, value: &str) -> Withdraw {
        Withdraw::new(
            OrderId::new(id),
            Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
            self.token(USDT, "POLYGON"),
            amount(value),
        )
    }

    async fn close(self) {
        assert!(self.sandbox.ledger().is_balanced());
        self.server.shutdown().await;
    }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[tokio::test]
async fn every_route_of_v1_answers_the_typed_client() {
    let house = house().await;
    let coins = house.send(&ListCoins::new()).await.list;
    let usdt = coins.iter().find(|coin| coin.crypto == "USDT").unwrap();
    let token = house.token(USDT, "POLYGON");
    let polygon = usdt.tokens.iter().find(|one| one.token_id == token);
    assert_eq!(polygon.unwrap().chain, Chain::new("POLYGON"));
    let rate = GetTokenRate::new(amount("10.002"), token.clone());
    assert_eq!(house.send(&rate).await.value, amount("10"));
    let fee = house.send(&GetNetworkFee::new(token.clone())).await;
    assert_eq!(fee.fee, amount("0.05"));
    assert!(!house.send(&GetBlockHeight::new()).await.chains.is_empty());
    let tokens = house.send(&ListSupportTokensLegacy::new()).await.list;
    assert_eq!(tokens.len(), coins.len());
    let chains = house.send(&ListTokenChainsLegacy::new(token)).await.list;
    assert_eq!(chains.len(), 8);
    let user = house.send(&CheckUser::new("9558861")).await;
    assert!(user.nickname.is_some());

    let opened = house.send(&house.order("1", "20")).await;
    assert_eq!(opened.product_price, Some(amount("20")));
    let payment = house
        .sandbox
        .pay(opened.pay_address.as_str(), "20")
        .unwrap();
    house.sandbox.confirm(&payment.record_id).unwrap();
    let asked = GetOrderInfo::new([OrderId::new("1")]);
    let found = house.send(&asked).await.orders;
    assert_eq!(found[0].order_detail.status, OrderStatus::Paid);
    assert_eq!(found[0].trade_list[0].amount, amount("20"));
    let page = GetCheckoutUrl::new(OrderId::new("2"), amount("9.99"), "a book");
    assert!(house.send(&page).await.payment_url.starts_with("https://"));
    let user = GetPermanentAddress::new(UserId::new("user-1"), Chain::new("XRP"));
    assert!(house.send(&user).await.memo.is_some());

    let paid = house.send(&house.payout("out", "10")).await;
    assert_eq!(paid.net_receivable, Some(amount("9.95")));
    assert_eq!(paid.network_fee_crypto.as_deref(), Some("USDT"));
    house.sandbox.settle_payouts();
    let asked = GetOrderInfo::new([OrderId::new("out")]);
    let found = house.send(&asked).await.orders;
    assert_eq!(found[0].order_detail.status, OrderStatus::Successful);
    assert!(found[0].trade_list[0].txid.is_some());
    let assets = house.send(&GetAssets::new()).await.list;
    let held = assets.iter().find(|asset| asset.crypto == "USDT").unwrap();
    assert_eq!(held.value, amount("109.9"));
    let since = Timestamp::new(house.sandbox.now() - 600);
    house.send(&ResendWebhooks::new(since)).await;

    assert_eq!(house.answered.lock().unwrap().len(), 14);
    house.close().await;
}

#[tokio::test]
async fn v1_refuses_with_codes_that_no_other_version_has() {
    let house = house().await;
    house.send(&house.order("1", "20")).await;
    let taken = house.code(&house.order("1", "20")).await;
    assert_eq!(taken, ErrorCode::Unknown(990_004));
    let poor = house.code(&house.payout("out", "1000")).await;
    assert_eq!(poor, ErrorCode::Unknown(990_005));
    let nobody = house.code(&CheckUser::new("1234567")).await;
    assert_eq!(nobody, ErrorCode::ToUserNotFound);
    house.sandbox.fail_next("withdraw", 224_066).unwrap();
    let error = house.client.send_unsettled(&house.payout("out", "1")).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ServiceError));
    assert!(house.sandbox.payouts().is_empty());
    house.close().await;

    let house = house_with("another", |_| {}).await;
    let error = house.client.send(&ListCoins::new()).await.unwrap_err();
    // The refusal itself is signed with a secret that this client does not have.
    assert!(matches!(
        error,
        Error::Answer {
            source: AnswerError::Unverified { .. },
            ..
        }
    ));
    house.close().await;
}

fn change(answer: &mut http::Response<Bytes>, from: &str, to: &str) {
    let body = String::from_utf8(answer.body().to_vec()).unwrap();
    assert!(body.contains(from), "{body}");
    *answer.body_mut() = Bytes::from(body.replacen(from, to, 1));
}

#[tokio::test]
async fn an_answer_with_one_other_byte_is_not_believed() {
    let tampers: [(Tamper, Unverified); 5] = [
        (
            |answer| change(answer, "9.95", "9.96"),
            Unverified::WrongSignature,
        ),
        (
            |answer| change(answer, ",", ", "),
            Unverified::WrongSignature,
        ),
        (
            |answer| change(answer, "\"success\"}", "\"success\"} "),
            Unverified::WrongSignature,
        ),
        (
            |answer| {
                let headers = answer.headers_mut();
                headers.insert("timestamp", "1767225601".parse().unwrap());
            },
            Unverified::WrongSignature,
        ),
        (
            |answer| _ = answer.headers_mut().remove("sign"),
            Unverified::Unsigned,
        ),
    ];
    for (place, (tamper, expected)) in tampers.into_iter().enumerate() {
        let house = house_with("app-secret", tamper).await;
        let error = house
            .client
            .send_unsettled(&house.payout("out", "10"))
            .await;
        let error = error.unwrap_err();
        // The money went out: a changed answer can't make it look refused.
        assert!(matches!(error.outcome(), Outcome::Unknown(_)), "{place}");
        match error {
            Error::Answer {
                source: AnswerError::Unverified { why, .. },
                ..
            } => assert_eq!(why, expected, "{place}"),
            other => panic!("{place}: {other}"),
        }
        assert_eq!(house.sandbox.payouts().len(), 1);
        house.close().await;
    }
}

#[derive(Clone)]
struct Ear {
    verifier: Verifier,
    clock: SandboxClock,
    heard: Arc<Mutex<Vec<Event>>>,
}

async fn notify(State(ear): State<Ear>, headers: HeaderMap, body: Bytes) -> (StatusCode, Bytes) {
    match ear.verifier.verify(&headers, &body, ear.clock.now()) {
        Ok(event) => {
            ear.heard.lock().unwrap().push(event.event().clone());
            let answer = event.acknowledge().into_response();
            (StatusCode::OK, Bytes::from(answer.body().to_vec()))
        }
        Err(error) => (error.status(), Bytes::new()),
    }
}

/// Receives the sandbox's notifications, and verifies them with this secret.
async fn ear(house: &House, secret: &str) -> Ear {
    let ear = Ear {
        verifier: Verifier::new(AppId::new("app-id"), AppSecret::new(secret)).unwrap(),
        clock: SandboxClock::new(&house.sandbox),
        heard: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    house
        .sandbox
        .set_webhook_url(format!("http://{}/notify", listener.local_addr().unwrap()));
    let router = Router::new()
        .route("/notify", post(notify))
        .with_state(ear.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    ear
}

/// Makes one notification of each kind.
async fn say_everything(house: &House) {
    let sandbox = &house.sandbox;
    let opened = house
        .send(&house.order("order", "20").custom_value("shelf 7"))
        .await;
    let paid = sandbox.pay(opened.pay_address.as_str(), "20").unwrap();
    sandbox.confirm(&paid.record_id).unwrap();
    sandbox.dashboard_refund(&paid.record_id, "5").unwrap();
    let user = GetPermanentAddress::new(UserId::new("user-1"), Chain::new("XRP"));
    let address = house.send(&user).await.address;
    let incoming = IncomingPayment::new(address.as_str(), "10").coin(1486, "XRP");
    let direct = sandbox.send_payment(incoming).unwrap();
    sandbox.confirm(&direct.record_id).unwrap();
    let invoice = sandbox.dashboard_invoice("18", None).unwrap();
    let picked = sandbox.pick_coin(&invoice, USDT, "TRX").unwrap();
    let incoming = IncomingPayment::new(picked.address, picked.amount).coin(USDT, "TRX");
    let invoiced = sandbox.send_payment(incoming).unwrap();
    sandbox.confirm(&invoiced.record_id).unwrap();
    let to_xrp = Withdraw::new(
        OrderId::new("out"),
        Address::new("rwyQp3eC5j6AumcptZhfmiXAykpeswZKeJ"),
        house.token(1486, "XRP"),
        amount("10"),
    );
    house.send(&to_xrp.memo(Memo::new("573049"))).await;
    sandbox.settle_payouts();
}

#[tokio::test]
async fn all_five_kinds_are_delivered_and_verified() {
    let house = house().await;
    let ear = ear(&house, "app-secret").await;
    say_everything(&house).await;
    house.sandbox.deliver_due().await;
    assert_eq!(house.sandbox.pending_notifications(), 0);
    let heard = ear.heard.lock().unwrap().clone();
    let mut kinds = BTreeSet::new();
    for event in &heard {
        kinds.insert(match event {
            Event::ApiDeposit(event) => {
                assert_eq!(event.paid(), Some(&amount("20")));
                assert_eq!(event.merchant_order_id(), Some(&OrderId::new("order")));
                assert_eq!(event.custom_value(), Some("shelf 7"));
                "API Deposit"
            }
            Event::DirectDeposit(event) => {
                assert_eq!(event.user_id, UserId::new("user-1"));
                assert_eq!(event.credit_amount, Some(amount("9.95")));
                "Direct Deposit"
            }
            Event::Invoice(event) => {
                assert_eq!(event.denominated_currency, Currency::usd());
                "Invoice"
            }
            Event::ApiWithdrawal(event) => {
                assert_eq!(event.memo, Some(Memo::new("573049")));
                assert_eq!(event.net_receivable, Some(amount("9.8")));
                "API Withdrawal"
            }
            Event::Refund(event) => {
                assert_eq!(event.amount, amount("5"));
                assert_eq!(event.network_fee_crypto.as_deref(), Some("USDT"));
                "Refund"
            }
            other => panic!("{other:?}"),
        });
        assert!(event.delivery_key().is_some());
    }
    assert_eq!((heard.len(), kinds.len()), (5, 5));
    house.close().await;
}

#[allow(unreachable_pub, reason = "it is the text of a page")]
#[path = "../../crates/ccpayment-webhook/recipes/receive_v1.rs"]
mod recipe;

/// The receiver of the docs gets every notification three times, out of order, and first while the
/// order lags behind.
#[tokio::test]
async fn v1_recipe_with_repeats_out_of_order_credits_each_payment_once() {
    let house = house().await;
    house.sandbox.set_webhook_url("http://127.0.0.1:9/notify");
    say_everything(&house).await;
    let mut due = house.sandbox.due_notifications();
    due.reverse();
    assert_eq!(due.len(), 5);
    let verifier = Verifier::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    let now = SandboxClock::new(&house.sandbox).now();
    let books = Mutex::default();
    for round in 0..3 {
        for notification in &due {
            let pairs = notification
                .headers
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
            let headers: HeaderMap = pairs.collect();
            let body = notification.body.as_bytes();
            let event = verifier.verify(&headers, body, now).unwrap();
            let lags = round == 0;
            let waits = lags && matches!(event.event(), Event::ApiDeposit(_));
            let read = async |read: GetOrderInfo| {
                let mut answer = house.client.send(&read).await?;
                answer.orders.retain(|_| !lags);
                Ok(answer)
            };
            let acknowledged = recipe::receive(event, &books, read).await.is_ok();
            assert_eq!(acknowledged, !waits, "round {round}");
        }
    }
    let books = books.into_inner().unwrap();
    let mut credits: Vec<_> = (books.credits.values())
        .map(|(token, amount)| format!("{amount} {token}"))
        .collect();
    credits.sort();
    assert_eq!(credits, ["10 XRP", "17.996401 USDT", "20 USDT"]);
    // A withdrawal and a refund, which the receiver does not handle.
    assert_eq!(books.set_aside.len(), 2 * 3);
    house.close().await;
}

#[tokio::test]
async fn a_receiver_with_another_secret_believes_nothing() {
    let house = house().await;
    let ear = ear(&house, "another").await;
    say_everything(&house).await;
    let attempts = house.sandbox.deliver_due().await;
    assert_eq!(attempts.len(), 5);
    let refused = VerifyError::BadSignature.status().as_u16();
    assert!(attempts.iter().all(|it| it.status == Some(refused)));
    assert!(ear.heard.lock().unwrap().is_empty());
    assert_eq!(house.sandbox.pending_notifications(), 5);
    house.close().await;
}
