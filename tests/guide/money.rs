//! Getting started, orders, limits, and what comes from the official SDKs.

use std::sync::Arc;
use std::time::Duration;

use ccpayment::v2::{GetCoin, GetInvoiceOrderInfo};
use ccpayment::webhook::Webhook;
use ccpayment::{Address, Amount, Client, RecordId, Timestamp};
use ccpayment_sandbox::IncomingPayment;
use ccpayment_testing::{FakeTransport, Reply};

use crate::house::{House, amount};
use crate::pages::{from_official_sdks, getting_started, limits, orders, troubleshooting};

#[tokio::test]
async fn a_newcomer_sells_and_pays_out_once_however_often_the_program_runs() {
    let house = House::new();
    let program = async || {
        let address = getting_started::sell::sell(&house.client, "order-1001").await;
        getting_started::sell::pay_out(&house.client, "payout-77")
            .await
            .unwrap();
        address.unwrap()
    };
    let (once, again) = (program().await, program().await);
    assert!(once.as_str().eq_ignore_ascii_case(again.as_str()));
    assert_eq!(house.sandbox.payouts().len(), 1);
}

#[tokio::test]
async fn a_newcomer_hears_of_a_payment_and_credits_it_once() {
    use getting_started::notified::{Shop, app};
    let house = House::of(ccpayment_sandbox::Sandbox::builder());
    let shop = Shop {
        webhook: Webhook::new(house.verifier.clone()),
        client: house.client.clone(),
        credits: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ccpayment", listener.local_addr().unwrap());
    house.sandbox.set_webhook_url(url);
    tokio::spawn(axum::serve(listener, app(shop.clone())).into_future());

    let address = house.order("order-1001", "25").await;
    let payment = house.sandbox.pay(address.as_str(), "25").unwrap();
    house.sandbox.deliver_due().await;
    assert!(
        shop.credits.lock().unwrap().is_empty(),
        "it is not confirmed yet"
    );
    house.sandbox.confirm(&payment.record_id).unwrap();
    house.sandbox.deliver_due().await;
    house
        .sandbox
        .resend_notification(&payment.record_id)
        .unwrap();
    house.sandbox.deliver_due().await;
    assert_eq!(house.sandbox.pending_notifications(), 0);
    let credits: Vec<Amount> = shop.credits.lock().unwrap().values().cloned().collect();
    assert_eq!(credits, [amount("25")]);
}

#[tokio::test]
async fn an_order_is_paid_in_parts_and_then_too_much() {
    let House {
        sandbox, client, ..
    } = House::new();
    let expires_at = Timestamp::new(sandbox.now() + 3_600);
    let open = orders::open_order::open_order(&client, "order-1", amount("25.00"), expires_at);
    let to_pay = open.await.unwrap();
    assert!(to_pay.checkout_url.is_some());
    assert_eq!(to_pay.expired_at, Some(expires_at));
    // 25 dollars are a little less in USDT.
    assert!(
        to_pay.amount < amount("25") && to_pay.amount > amount("24"),
        "{}",
        to_pay.amount
    );

    let pay = |coins: &Amount| {
        sandbox
            .pay(to_pay.address.as_str(), coins.as_str())
            .unwrap()
    };
    let next_step = async || {
        orders::next_step::next_step(&client, "order-1")
            .await
            .unwrap()
    };
    let first = pay(&amount("10"));
    assert_eq!(next_step().await, "wait: a payment is on its way");
    sandbox.confirm(&first.record_id).unwrap();
    let rest = to_pay.amount.checked_sub(&amount("10")).unwrap();
    assert_eq!(next_step().await, format!("{rest} is missing"));
    sandbox.confirm(&pay(&rest).record_id).unwrap();
    assert_eq!(next_step().await, "deliver");
    sandbox.confirm(&pay(&amount("1")).record_id).unwrap();
    assert_eq!(next_step().await, "deliver, and 1 was too much");

    let open = async |id: &str| {
        orders::open_order::open_order(&client, id, amount("5"), expires_at)
            .await
            .unwrap()
    };
    let (late, part) = (open("order-2").await, open("order-3").await);
    open("order-4").await;
    let some = sandbox.pay(part.address.as_str(), "2").unwrap();
    sandbox.confirm(&some.record_id).unwrap();
    sandbox.advance(Duration::from_secs(7_200));
    let next_step = async |id: &str| orders::next_step::next_step(&client, id).await.unwrap();
    let missing = part.amount.checked_sub(&amount("2")).unwrap();
    let step = format!("expired, {missing} is missing: a new order for it, or a refund");
    assert_eq!(next_step("order-3").await, step);
    assert_eq!(next_step("order-4").await, "expired, and nothing was paid");
    let payment = sandbox
        .pay(late.address.as_str(), late.amount.as_str())
        .unwrap();
    sandbox.confirm(&payment.record_id).unwrap();
    assert_eq!(
        next_step("order-2").await,
        format!("{} came too late: a person decides", late.amount)
    );
}

#[tokio::test]
async fn a_payment_is_given_back_once_however_often_it_is_asked_for() {
    use crate::pages::payouts::pay_out::{State, pay_out};
    let house = House::new();
    let House {
        sandbox, client, ..
    } = &house;
    let address = house.order("order-1", "25").await;
    let payment = sandbox.pay(address.as_str(), "25").unwrap();
    let record = RecordId::new(payment.record_id.as_str());
    let refund_of = async |digit: &str| {
        let payer = Address::new(format!("0x{}", digit.repeat(40)));
        orders::refund_of::refund_of(client, &record, payer).await
    };
    assert!(refund_of("1").await.is_err(), "it is not confirmed");
    sandbox.confirm(&payment.record_id).unwrap();
    for _ in 0..2 {
        let state = pay_out(client, &refund_of("1").await.unwrap()).await;
        assert!(matches!(state, State::Accepted(_)), "{state:?}");
    }
    let elsewhere = pay_out(client, &refund_of("2").await.unwrap()).await;
    assert!(matches!(elsewhere, State::ForAPerson(_)), "{elsewhere:?}");
    sandbox.settle_payouts();
    // No more than the payment brought: the payout's fee was in it.
    let left = amount(&sandbox.ledger().balance("merchant:available", 1280));
    assert_eq!((sandbox.payouts().len(), left), (1, amount("100")));

    let address = house.order("order-2", "5").await;
    let risky = sandbox.pay(address.as_str(), "5").unwrap();
    sandbox.flag_risky(&risky.record_id).unwrap();
    sandbox.confirm(&risky.record_id).unwrap();
    let record = RecordId::new(risky.record_id.as_str());
    let refund = orders::refund_of::refund_of(client, &record, Address::new("0x"));
    assert!(refund.await.is_err());
}

#[tokio::test]
async fn an_invoice_is_worth_what_its_row_says() {
    let House {
        sandbox, client, ..
    } = House::new();
    let make = orders::make_invoice::make_invoice(&client, "invoice-1", amount("7.50"));
    assert!(make.await.unwrap().contains("/invoice/"));
    let picked = sandbox.pick_coin("invoice-1", 1280, "TRX").unwrap();
    let payment = IncomingPayment::new(picked.address, picked.amount).coin(1280, "TRX");
    let payment = sandbox.send_payment(payment).unwrap();
    let record = RecordId::new(payment.record_id.as_str());
    let value_of = async || orders::value_of::value_of(&client, "invoice-1", &record).await;
    assert_eq!(
        value_of().await.unwrap(),
        None,
        "the chain has not confirmed it"
    );
    sandbox.confirm(&payment.record_id).unwrap();
    let value = value_of().await.unwrap().unwrap();
    assert!(value >= amount("7.50"), "{value}");
    let invoice = client
        .send(&GetInvoiceOrderInfo::new("invoice-1"))
        .await
        .unwrap();
    assert!(invoice.standing().unwrap().is_covered());
}

#[tokio::test]
async fn an_address_for_good_stays() {
    let House { client, .. } = House::new();
    let address = async || {
        orders::address_for::address_for(&client, "customer-7")
            .await
            .unwrap()
    };
    assert_eq!(address().await, address().await);
}

#[tokio::test]
async fn settings_and_old_names_work() {
    let House { client, .. } = House::new();
    let tuned = limits::tuned::tuned(client.clone());
    assert_eq!(
        tuned.send(&GetCoin::new(1280)).await.unwrap().coin.symbol,
        "USDT"
    );
    let usdt = from_official_sdks::usdt::usdt(&client).await.unwrap();
    assert_eq!(usdt, Some(amount("100")));
}

#[tokio::test]
async fn an_error_says_what_to_do() {
    use ccpayment::{Credentials, ErrorCode, RetryPolicy};
    use troubleshooting::next_step::next_step;
    let refused = |code| Reply::refused(code, "no");
    for (reply, step) in [
        (Reply::not_sent(), "send it again"),
        (refused(ErrorCode::RateLimit), "send it again, later"),
        (
            refused(ErrorCode::VerifySignFailed),
            "compare app id, secret and allow-list",
        ),
        (
            refused(ErrorCode::BalanceInsufficient),
            "top up the balance",
        ),
        (refused(ErrorCode::InvalidCoin), "mend the request"),
    ] {
        let fake = FakeTransport::new();
        fake.expect_any::<GetCoin>(reply);
        let client = Client::new(Credentials::new("app-id", "app-secret").unwrap(), fake)
            .with_retry_policy(RetryPolicy::off());
        let error = client.send(&GetCoin::new(7)).await.unwrap_err();
        assert_eq!(next_step(&error), step, "{}", error.report());
    }
}
