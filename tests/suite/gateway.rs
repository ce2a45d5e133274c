//! The client against the sandbox, over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, DepositStatus, GetAppCoinAsset,
    GetAppDepositRecord, GetAppOrderInfo, GetAppWithdrawRecord, GetCoin, GetCoinList,
    WithdrawStatus,
};
use ccpayment::webhook::{Acknowledgement, DepositDecision, Event, Verified, Verifier, Webhook};
use ccpayment::{
    Address, Amount, AppId, AppSecret, Chain, Client, CoinId, Credentials, ErrorCode, Exchange,
    FiatId, Idempotency, Memo, OrderId, Proof, RecordId, Request, SubmitError, Transport,
    TransportError, ValidationError,
};
use ccpayment_sandbox::{Fault, Sandbox, Server, Setting};
use ccpayment_testing::SandboxClock;

use super::Backend;

const USDT: CoinId = CoinId::new(1280);
const XRP: CoinId = CoinId::new(1486);

struct House {
    sandbox: Sandbox,
    server: Server,
    client: Client,
}

async fn house() -> House {
    house_with("app-secret", Backend::new().unwrap()).await
}

async fn house_with(secret: &str, transport: impl Transport + 'static) -> House {
    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .seed(7)
        .start_time(1_767_225_600)
        .setting(Setting::ManualChain(true))
        .balance(USDT.get(), "100")
        .balance(XRP.get(), "100")
        .build()
        .unwrap();
    let server = sandbox
        .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new(secret)).unwrap();
    let client = Client::new(credentials, transport)
        .with_origin(server.origin().parse().unwrap())
        .with_clock(SandboxClock::new(&sandbox));
    House {
        sandbox,
        server,
        client,
    }
}

impl House {
    async fn code<E: Request>(&self, request: &E) -> ErrorCode {
        let error = self
            .client
            .send_unsettled(request)
            .await
            .map(|_| ())
            .unwrap_err();
        error.code().unwrap_or_else(|| panic!("{error}"))
    }

    async fn close(self) {
        assert!(self.sandbox.ledger().is_balanced());
        self.server.shutdown().await;
    }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn order(id: &str, price: &str) -> CreateAppOrderDepositAddress {
    CreateAppOrderDepositAddress::new(OrderId::new(id), USDT, Chain::new("POLYGON"), amount(price))
}

fn payout(id: &str, value: &str) -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new(id),
        USDT,
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        amount(value),
    )
}

#[tokio::test]
async fn every_route_answers_the_typed_client() {
    let house = house().await;
    let client = &house.client;
    let coins = client.send(&GetCoinList::new()).await.unwrap().coins;
    assert!(
        coins
            .iter()
            .any(|coin| coin.coin_id == USDT && coin.symbol == "USDT")
    );
    let coin = client.send(&GetCoin::new(USDT)).await.unwrap().coin;
    assert_eq!(coin.networks[&Chain::new("POLYGON")].precision, Some(6));
    let asset = client
        .send(&GetAppCoinAsset::new(USDT))
        .await
        .unwrap()
        .asset;
    assert_eq!(asset.available, Some(amount("100")));

    let opened = client
        .send_unsettled(&order("order-1", "20"))
        .await
        .unwrap();
    let payment = house.sandbox.pay(opened.address.as_str(), "20").unwrap();
    let record = GetAppDepositRecord::new(RecordId::new(payment.record_id.clone()));
    let before = client.send(&record).await.unwrap().record;
    assert_eq!(before.status, DepositStatus::Processing);
    house.sandbox.confirm(&payment.record_id).unwrap();
    let after = client.send(&record).await.unwrap().record;
    assert_eq!(
        (after.status, after.is_flagged_as_risky),
        (DepositStatus::Success, Some(false))
    );
    assert_eq!(after.service_fee, Some(amount("0.1")));
    let info = client
        .send(&GetAppOrderInfo::new(OrderId::new("order-1")))
        .await
        .unwrap();
    assert_eq!(info.paid_list.len(), 1);
    assert_eq!(info.amount_to_pay, amount("20"));

    let paid = client.payout(&payout("payout-1", "10")).await.unwrap();
    let by_record = GetAppWithdrawRecord::new(paid.created);
    let record = client.send(&by_record).await.unwrap().record;
    assert_eq!(record.order_id, Some(OrderId::new("payout-1")));
    house.sandbox.settle_payouts();
    let record = client.send(&by_record).await.unwrap().record;
    assert_eq!(record.status, WithdrawStatus::Success);
    assert!(record.tx_id.is_some());
    house.close().await;
}

#[tokio::test]
async fn a_route_that_we_do_not_know_is_called_like_any_other() {
    let house = house().await;
    let coin = house
        .client
        .raw(GetCoin::PATH, &serde_json::json!({"coinId": 1280}))
        .await
        .unwrap();
    let read: serde_json::Value = serde_json::from_str(coin.get()).unwrap();
    assert_eq!(read["coin"]["symbol"], "USDT");
    let list = house.client.raw(GetCoinList::PATH, &()).await.unwrap();
    assert!(list.get().contains("\"coins\""));
    let error = house
        .client
        .raw(GetCoin::PATH, &serde_json::json!({"coinId": 0}))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::InvalidArgument));
    let error = house.client.raw("ccpayment", &()).await.unwrap_err();
    assert_eq!(error.outcome(), ccpayment::Outcome::NotSent);
    house.close().await;
}

#[tokio::test]
async fn the_gateway_refuses_with_its_own_codes() {
    let house = house().await;
    assert_eq!(
        house.code(&GetCoin::new(CoinId::new(9_999_999))).await,
        ErrorCode::InvalidCoin
    );
    let mut wrong_chain = order("order-1", "20");
    wrong_chain.chain = Chain::new("EOS");
    assert_eq!(house.code(&wrong_chain).await, ErrorCode::InvalidChain);
    house
        .client
        .send_unsettled(&order("order-1", "20"))
        .await
        .unwrap();
    assert_eq!(
        house.code(&order("order-1", "20")).await,
        ErrorCode::OrderDuplicate
    );
    assert_eq!(
        house.code(&payout("payout-1", "1000")).await,
        ErrorCode::BalanceInsufficient
    );
    let precise = payout("payout-1", "1.0000001");
    assert_eq!(house.code(&precise).await, ErrorCode::CoinPrecisionLimit);
    let fiat = order("order-2", "20.01").fiat_id(FiatId::new(1033));
    house.client.send_unsettled(&fiat).await.unwrap();
    assert_eq!(
        house
            .code(&payout("payout-1", "2").memo(Memo::new("7")))
            .await,
        ErrorCode::CoinNoSupportMemo
    );
    let missing = GetAppWithdrawRecord::new(OrderId::new("nothing"));
    assert_eq!(house.code(&missing).await, ErrorCode::NotFound);
    assert!(house.sandbox.payouts().is_empty());
    house.close().await;
}

#[tokio::test]
async fn a_wrong_secret_and_a_wrong_clock_are_told_apart() {
    let house = house_with("another", Backend::new().unwrap()).await;
    assert_eq!(
        house.code(&GetCoinList::new()).await,
        ErrorCode::VerifySignFailed
    );
    house.close().await;

    let house = self::house().await;
    let stranger = Credentials::new(AppId::new("stranger"), AppSecret::new("s")).unwrap();
    let client = Client::new(stranger, Backend::new().unwrap())
        .with_origin(house.server.origin().parse().unwrap());
    let error = client.send(&GetCoinList::new()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::MerchantNotFound));
    // The system's clock is not the sandbox's.
    let own = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    let client = Client::new(own, Backend::new().unwrap())
        .with_origin(house.server.origin().parse().unwrap());
    let error = client.send(&GetCoinList::new()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ReqExpired));
    house.close().await;
}

/// Changes the requests that leave core, as a mistake in core would: the sandbox must notice.
struct Tampered(Backend, fn(&mut Exchange));

#[async_trait]
impl Transport for Tampered {
    async fn send(&self, mut exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        (self.1)(&mut exchange);
        self.0.send(exchange).await
    }
}

fn replace(exchange: &mut Exchange, from: &str, to: &str) {
    let body = String::from_utf8(exchange.request.body().to_vec()).unwrap();
    assert!(body.contains(from));
    *exchange.request.body_mut() = Bytes::from(body.replacen(from, to, 1));
}

#[tokio::test]
async fn one_byte_other_than_signed_is_noticed() {
    let tampers: [fn(&mut Exchange); 4] = [
        |exchange| replace(exchange, "10", "11"),
        |exchange| replace(exchange, ",", ", "),
        |exchange| replace(exchange, "payout-1", "payout-2"),
        |exchange| {
            exchange
                .request
                .headers_mut()
                .insert("timestamp", "1767225601".parse().unwrap());
        },
    ];
    // An unchanged request is accepted.
    let house = house_with("app-secret", Tampered(Backend::new().unwrap(), |_| {})).await;
    house
        .client
        .send_unsettled(&payout("payout-1", "10"))
        .await
        .unwrap();
    house.close().await;
    for tamper in tampers {
        let transport = Tampered(Backend::new().unwrap(), tamper);
        let house = house_with("app-secret", transport).await;
        assert_eq!(
            house.code(&payout("payout-1", "10")).await,
            ErrorCode::VerifySignFailed
        );
        assert!(house.sandbox.payouts().is_empty());
        house.close().await;
    }
}

/// A payout with one wire name misspelt, as a mistake in core's types would.
struct Misspelt(&'static str, &'static str);

impl Request for Misspelt {
    type Response = serde_json::Value;
    const OPERATION: &'static str = ApplyAppWithdrawToNetwork::OPERATION;
    const PATH: &'static str = ApplyAppWithdrawToNetwork::PATH;
    const IDEMPOTENCY: Idempotency = Idempotency::OrderId;

    fn validate(&self) -> Result<(), ValidationError> {
        Ok(())
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        let body = String::from_utf8(payout("payout-1", "10").body()?.to_vec()).unwrap();
        let (right, wrong) = (format!("\"{}\":", self.0), format!("\"{}\":", self.1));
        assert!(body.contains(&right));
        Ok(Bytes::from(body.replace(&right, &wrong)))
    }
}

#[tokio::test]
async fn one_misspelt_wire_name_is_noticed_and_named() {
    let house = house().await;
    for (right, wrong) in [
        ("coinId", "coinID"),
        ("address", "toAddress"),
        ("orderId", "order_id"),
        ("chain", "Chain"),
        ("amount", "amounts"),
    ] {
        let error = house
            .client
            .send_unsettled(&Misspelt(right, wrong))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::InvalidArgument), "{error}");
        let message = error.message().unwrap();
        assert!(
            message.contains(right) || message.contains(wrong),
            "{message}"
        );
    }
    assert!(house.sandbox.payouts().is_empty());
    house.close().await;
}

#[tokio::test]
async fn a_payout_survives_every_way_of_losing_it() {
    use Fault::{ActThenDrop, DeliverAfterLookup, DropBeforeActing};
    for faults in [
        &[ActThenDrop][..],
        &[DropBeforeActing],
        &[DeliverAfterLookup],
        &[DropBeforeActing, ActThenDrop],
        &[DropBeforeActing, DropBeforeActing],
        &[DeliverAfterLookup, DropBeforeActing],
        &[DeliverAfterLookup, DeliverAfterLookup],
        &[DeliverAfterLookup, ActThenDrop],
    ] {
        let house = house().await;
        for fault in faults {
            house
                .sandbox
                .plan_fault("applyAppWithdrawToNetwork", *fault);
        }
        house
            .sandbox
            .plan_fault("getAppWithdrawRecord", DropBeforeActing);
        let request = payout("payout-1", "10");
        let paid = house
            .client
            .payout(&request)
            .await
            .unwrap_or_else(|e| panic!("{faults:?}: {e}"));
        let made = house.sandbox.payouts();
        assert_eq!(made.len(), 1, "{faults:?}");
        assert_eq!(made[0].order_id, "payout-1");
        assert_eq!(made[0].record_id, paid.created.as_str());

        // Calling again, as after a crash, finds it and pays nothing.
        let again = house.client.payout(&request).await.unwrap();
        assert_eq!(
            (again.created, again.proof),
            (paid.created, Proof::FoundRecord)
        );
        // Another payout under the same id is never taken for this one.
        let other = house
            .client
            .payout(&payout("payout-1", "11"))
            .await
            .unwrap_err();
        assert!(matches!(other, SubmitError::Conflict { .. }), "{other}");
        assert_eq!(house.sandbox.payouts().len(), 1);
        house.close().await;
    }
}

#[derive(Clone)]
struct Shop {
    webhook: Webhook,
    client: Client,
    failures: Arc<AtomicU32>,
    credited: Arc<std::sync::Mutex<Vec<(String, Amount)>>>,
}

impl FromRef<Shop> for Webhook {
    fn from_ref(shop: &Shop) -> Self {
        shop.webhook.clone()
    }
}

async fn notify(
    State(shop): State<Shop>,
    event: Verified<Event>,
) -> Result<Acknowledgement, StatusCode> {
    if let Event::ApiDeposit(deposit) = event.event() {
        let confirmed =
            (deposit.confirm(&shop.client).await).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        if shop
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .is_ok()
        {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        if let DepositDecision::Credit(paid) = confirmed.decision() {
            let mut credited = shop.credited.lock().unwrap();
            let id = paid.record_id().to_string();
            if !credited.iter().any(|(known, _)| *known == id) {
                credited.push((id, paid.amount().clone()));
            }
        }
    }
    Ok(event.acknowledge())
}

async fn shop(house: &House, failures: u32) -> Shop {
    let verifier = Verifier::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    let clock = SandboxClock::new(&house.sandbox);
    let shop = Shop {
        webhook: Webhook::with_clock(verifier, clock.now_fn()),
        client: house.client.clone(),
        failures: Arc::new(AtomicU32::new(failures)),
        credited: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    house
        .sandbox
        .set_webhook_url(format!("http://{}/notify", listener.local_addr().unwrap()));
    let router = Router::new()
        .route("/notify", post(notify))
        .with_state(shop.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    shop
}

#[tokio::test]
async fn a_notification_is_repeated_until_it_was_handled_and_credits_once() {
    let house = house().await;
    let shop = shop(&house, 2).await;
    let opened = house
        .client
        .send_unsettled(&order("order-1", "20"))
        .await
        .unwrap();
    let payment = house.sandbox.pay(opened.address.as_str(), "20").unwrap();
    house.sandbox.confirm(&payment.record_id).unwrap();
    for _ in 0..8 {
        house.sandbox.deliver_due().await;
        house.sandbox.advance(Duration::from_secs(60));
    }
    assert_eq!(house.sandbox.pending_notifications(), 0);
    house
        .sandbox
        .resend_notification(&payment.record_id)
        .unwrap();
    house.sandbox.deliver_due().await;

    let attempts = house.sandbox.delivery_attempts();
    assert_eq!(
        attempts.iter().filter(|it| it.status == Some(500)).count(),
        2
    );
    assert!(attempts.iter().filter(|it| it.acknowledged).count() >= 2);
    assert_eq!(
        *shop.credited.lock().unwrap(),
        [(payment.record_id, amount("20"))]
    );
    house.close().await;
}

#[tokio::test]
async fn risky_money_is_announced_and_not_credited() {
    let house = house().await;
    let shop = shop(&house, 0).await;
    let opened = house
        .client
        .send_unsettled(&order("order-1", "20"))
        .await
        .unwrap();
    let payment = house.sandbox.pay(opened.address.as_str(), "20").unwrap();
    house.sandbox.flag_risky(&payment.record_id).unwrap();
    house.sandbox.confirm(&payment.record_id).unwrap();
    house.sandbox.deliver_due().await;
    assert_eq!(house.sandbox.pending_notifications(), 0);
    assert!(shop.credited.lock().unwrap().is_empty());
    house.close().await;
}
