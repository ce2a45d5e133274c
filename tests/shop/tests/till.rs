//! The till's bookings, payment by payment.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateInvoiceUrl, GetAppDepositRecord, GetOrCreateUserDepositAddress,
};
use ccpayment::{
    Address, Amount, AppId, AppSecret, Chain, Client, CoinId, Credentials, FiatId, OrderId,
    PriceIn, Timestamp, UserId,
};
use ccpayment_sandbox::IncomingPayment;
use ccpayment_testing::{FakeTransport, Reply, TestClock};
use serde_json::json;
use shop::{Asked, Database, PayoutState, Till};

use support::{House, request};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn till(house: &House) -> Till {
    Till {
        client: house.client.clone(),
        verifier: house.verifier.clone(),
        clock: Arc::new(house.clock.clone()),
        database: Database::default(),
    }
}

/// Delivers everything that is due, in order; returns how often it was acknowledged.
async fn bring(house: &House, till: &Till) -> usize {
    let mut acknowledged = 0;
    for notification in house.sandbox.due_notifications() {
        let answer = till.receive(&request(&notification)).await;
        acknowledged += usize::from(answer.body() == "Success");
        house.sandbox.record_answer(notification, Some(&answer));
    }
    acknowledged
}

#[tokio::test]
async fn invoice_with_payments_in_two_coins_books_the_value_of_each_row() {
    const USD: FiatId = FiatId::new(1033);
    let house = House::new();
    let till = till(&house);
    let invoice = CreateInvoiceUrl::new(USD, OrderId::new("bill-1"), amount("7.50"));
    till.bill(&invoice).await.unwrap();
    let mut coins = Vec::new();
    for (coin_id, chain) in [(1486, "XRP"), (1280, "TRX")] {
        let picked = house.sandbox.pick_coin("bill-1", coin_id, chain).unwrap();
        let incoming = IncomingPayment::new(picked.address, &*picked.amount).coin(coin_id, chain);
        let paid = house.sandbox.send_payment(incoming).unwrap();
        house.sandbox.confirm(&paid.record_id).unwrap();
        coins.push(amount(&picked.amount));
    }
    assert_eq!(bring(&house, &till).await, 4);

    let rows = till.database.rows();
    assert_eq!(rows.payments.len(), 2);
    for payment in &rows.payments {
        assert_eq!(payment.paid_in, PriceIn::Fiat(USD));
        // The amount on the page is rounded up to what the chain carries.
        let more = payment.amount.checked_sub(&amount("7.50")).unwrap();
        assert!(!more.is_negative() && more < amount("0.01"), "{more}");
    }
    // More than ten XRP: coins, not dollars.
    assert!(coins[0] > amount("10"), "{}", coins[0]);
}

#[tokio::test]
async fn what_the_till_does_not_handle_is_stored_whole_before_it_is_acknowledged() {
    let house = House::new();
    let till = till(&house);
    let user = GetOrCreateUserDepositAddress::new(UserId::new("user-1"), Chain::new("POLYGON"));
    let address = house.client.send(&user).await.unwrap().address;
    let incoming = IncomingPayment::new(address.as_str(), "5").coin(1280, "POLYGON");
    house.sandbox.send_payment(incoming).unwrap();
    assert_eq!(bring(&house, &till).await, 1);
    let rows = till.database.rows();
    assert_eq!(rows.set_aside.len(), 1);
    assert!(rows.set_aside[0].starts_with(r#"{"type":"UserDeposit""#));
}

fn faked(fake: FakeTransport, clock: TestClock) -> Till {
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    Till {
        verifier: (&credentials).into(),
        client: Client::new(credentials, fake).with_clock(clock.clone()),
        clock: Arc::new(clock),
        database: Database::default(),
    }
}

#[tokio::test]
async fn payment_in_a_coin_that_nobody_asked_for_is_kept_and_counts_nothing() {
    let fake = FakeTransport::new();
    fake.expect_any::<GetAppDepositRecord>(Reply::data(&json!({"record": {
        "recordId": "20260101", "orderId": "order-1", "coinId": 1486, "amount": "14.34",
        "status": "Success", "isFlaggedAsRisky": false}})));
    let till = faked(fake, TestClock::at(Timestamp::new(1_767_225_600)));
    let (order_id, usdt) = (OrderId::new("order-1"), CoinId::new(1280));
    let asked = Asked::Coin(usdt);
    till.database.rows().asked.insert(order_id, asked);
    let event = json!({"recordId": "20260101", "orderId": "order-1", "coinId": 1486,
        "status": "Success"});
    let event = ccpayment::webhook::Event::ApiDeposit(serde_json::from_value(event).unwrap());
    till.handle(&event).await.unwrap();
    let rows = till.database.rows();
    let payment = &rows.payments[0];
    assert_eq!(payment.paid_in, PriceIn::Coin(CoinId::new(1486)));
    assert!(!payment.counts);
}

#[tokio::test]
async fn payout_that_was_not_sent_in_an_outage_is_made_later_under_the_same_order_id() {
    let house = House::new();
    let till = till(&house);
    let payout = ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd584"),
        amount("5"),
    );
    let state = || till.database.rows().payouts["key"].state.clone();
    house.is_down.store(true, Ordering::SeqCst);
    till.pay_out("key", payout.clone()).await;
    assert_eq!(state(), PayoutState::ToMake);
    house.is_down.store(false, Ordering::SeqCst);
    till.settle_open_payouts().await;
    assert!(matches!(state(), PayoutState::Sent(_)), "{:?}", state());
    // Asking again changes nothing.
    till.pay_out("key", payout).await;
    let made = house.sandbox.payouts();
    assert_eq!((made.len(), &*made[0].order_id), (1, "payout-1"));
}

#[tokio::test]
async fn payout_that_the_gateway_refuses_for_a_reason_that_stays_is_refused() {
    let house = House::new();
    let till = till(&house);
    let payout = ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-1"),
        CoinId::new(1280),
        Chain::new("POLYGON"),
        Address::new("0x9aBDDCE1EE18D1857C0653EB4a3Fa9d9E0dcd584"),
        amount("5000"),
    );
    till.pay_out("key", payout).await;
    let state = till.database.rows().payouts["key"].state.clone();
    assert_eq!(state, PayoutState::Refused);
}
