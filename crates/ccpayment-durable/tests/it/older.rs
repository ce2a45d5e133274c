//! Notifications and payouts of v1.

use std::time::Duration;

use ccpayment_durable::client::core::v1::{
    CreateOrder, Currency, GetPermanentAddress, TokenId, Withdraw,
};
use ccpayment_durable::client::core::{Address, Chain, OrderId, UserId};
use ccpayment_durable::client::core::{Timestamp, Version};
use ccpayment_durable::webhook::v1;
use ccpayment_durable::{
    EntryKey, NewEntry, PayoutEnd, Queue, Reconciler, State, Step, Store, kind,
};
use ccpayment_sandbox::{IncomingPayment, Notification};

use crate::shop::{START, Shop};

const HOUR: Duration = Duration::from_secs(3_600);

impl Shop {
    fn token(&self) -> TokenId {
        TokenId::new(self.sandbox.v1_token_id(1280, "POLYGON").unwrap())
    }

    /// A payment of 20 to each of the three, and their record ids.
    async fn paid_in_v1(&self) -> [String; 3] {
        let price = "20".parse().unwrap();
        let order = CreateOrder::new(
            OrderId::new("order-1"),
            price,
            self.token(),
            Currency::usd(),
        );
        let order = self.client.submit(&order).await.unwrap().created.unwrap();
        let user = GetPermanentAddress::new(UserId::new("user-1"), Chain::new("POLYGON"));
        let direct = self.client.send(&user).await.unwrap().address;
        let invoice = self.sandbox.dashboard_invoice("20", None).unwrap();
        let picked = self.sandbox.pick_coin(&invoice, 1280, "POLYGON").unwrap();
        [
            order.pay_address.as_str(),
            direct.as_str(),
            picked.address.as_str(),
        ]
        .map(|address| {
            let incoming = IncomingPayment::new(address, "20").coin(1280, "POLYGON");
            self.sandbox.send_payment(incoming).unwrap().record_id
        })
    }

    /// What is told by now, which is not told again.
    pub(crate) fn collect(&self) -> Vec<Notification> {
        let taken = http::Response::new(bytes::Bytes::from_static(b"Success success"));
        let due = self.sandbox.due_notifications();
        for notification in &due {
            let _ = (self.sandbox).record_answer(notification.clone(), Some(&taken));
        }
        due
    }
}

#[tokio::test]
async fn each_kind_of_deposit_is_credited_in_whichever_order_it_is_told() {
    for order in ["as it was", "backwards", "the last word alone"] {
        let shop = Shop::new();
        let mut ids = shop.paid_in_v1().await;
        let early = shop.collect();
        shop.sandbox.confirm_all();
        let late = shop.collect();
        assert_eq!(late.len(), 3, "{late:?}");
        let told: Vec<_> = match order {
            "as it was" => early.iter().chain(&late).collect(),
            "backwards" => late.iter().chain(&early).collect(),
            _ => late.iter().collect(),
        };
        for notification in told {
            assert_eq!(shop.receive(notification).await.status(), 200);
            shop.worker.work_once().await.unwrap();
        }
        shop.work(HOUR).await;
        let mut credits = shop.books().await.credits;
        credits.sort();
        ids.sort();
        let expected = ids.map(|id| (id, "20".to_owned()));
        let credits: Vec<_> = credits
            .into_iter()
            .map(|(id, amount)| (id.to_string(), amount))
            .collect();
        assert_eq!(credits, expected, "{order}");
    }
}

#[tokio::test]
async fn a_withdrawal_of_the_outbox_is_made_once_and_told_once() {
    let shop = Shop::new();
    let payout = Withdraw::new(
        OrderId::new("payout-1"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        shop.token(),
        "12.5".parse().unwrap(),
    );
    let mut tx = shop.store.begin().await.unwrap();
    assert!(shop.outbox.plan(&mut tx, &payout).await.unwrap());
    shop.store.commit(tx).await.unwrap();
    shop.work(HOUR).await;
    let books = shop.books().await;
    assert_eq!(books.payouts.len(), 1);
    assert_eq!(books.payouts[0].end, PayoutEnd::Arrived);
    assert_eq!(books.payouts[0].operation, "withdraw");
    assert!(books.withdrawals.is_empty(), "the outbox tells it");
    assert_eq!(shop.sandbox.payouts().len(), 1);
}

#[tokio::test]
async fn a_refund_is_told_as_one() {
    let shop = Shop::new();
    let [order, ..] = shop.paid_in_v1().await;
    shop.sandbox.confirm_all();
    shop.work(HOUR).await;
    let refund = shop.sandbox.dashboard_refund(&order, "5").unwrap();
    shop.sandbox.settle_payouts();
    shop.work(HOUR).await;
    let states = shop.state_of(Queue::Inbox).await;
    assert!(states.iter().all(|it| it.0 == State::Done), "{states:?}");
    let told = shop.books().await.withdrawals;
    let told: Vec<_> = told
        .iter()
        .map(|it| (it.kind.as_str(), it.record_id.as_str(), &it.end))
        .collect();
    assert_eq!(told, [(kind::REFUND, &*refund, &PayoutEnd::Arrived)]);
}

/// The lists of v2 show the same records.
#[tokio::test]
async fn a_deposit_that_both_versions_show_is_credited_once() {
    let shop = Shop::new();
    let mut ids = shop.paid_in_v1().await;
    shop.sandbox.confirm_all();
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 3);
    shop.sandbox.advance(24 * HOUR);
    let reconciler = Reconciler::new(
        shop.store.clone(),
        shop.client.clone(),
        Timestamp::new(START),
    );
    let walk = reconciler.walk().await;
    assert!(walk.unwrap().new > 0, "the lists show them");
    shop.work(HOUR).await;
    let credits = shop.books().await.credits.into_iter();
    let mut credited: Vec<_> = credits.map(|(id, _)| id.to_string()).collect();
    credited.sort();
    ids.sort();
    assert_eq!(credited, ids);
}

/// Its deliveries may be pruned while a person has it looked at again.
#[tokio::test]
async fn a_deposit_whose_deliveries_are_gone_is_known_by_its_first_one() {
    let shop = Shop::new();
    shop.paid_in_v1().await;
    shop.collect();
    shop.sandbox.confirm_all();
    let mut tx = shop.store.begin().await.unwrap();
    for told in shop.collect() {
        let app_id = shop.client.app_id();
        let key = EntryKey::inbox(app_id, Version::V1, kind::DEPOSIT, &told.record_id);
        let entry = NewEntry::new(key, Step::Received, told.body.into());
        shop.store.put(&mut tx, &entry).await.unwrap();
    }
    shop.store.commit(tx).await.unwrap();
    shop.work(HOUR).await;
    assert_eq!(shop.books().await.credits.len(), 3);
}

/// Nobody was there while it was told, and it is asked for hour by hour, each hour once.
#[tokio::test]
async fn what_v1_told_while_nobody_was_there_is_told_again() {
    let shop = Shop::new();
    let mut ids = shop.paid_in_v1().await;
    // Each try of the gateway meets nobody.
    for _ in 0..40 {
        for notification in shop.sandbox.due_notifications() {
            let _ = shop.sandbox.record_answer(notification, None);
        }
        shop.sandbox.advance(Duration::from_secs(300));
    }
    assert_eq!(shop.deliver().await, 0);
    let reconciler = Reconciler::new(
        shop.store.clone(),
        shop.client.clone(),
        Timestamp::new(START),
    );
    let mut asked = Vec::new();
    while let Some(until) = reconciler.resend_v1().await.unwrap() {
        asked.push(until.get() - START);
        shop.work(Duration::from_secs(120)).await;
    }
    assert_eq!(asked[..2], [3_600, 7_200]);
    let now = shop.sandbox.now() - START;
    assert!(asked.last().unwrap() + 3_600 <= now, "{asked:?} at {now}");
    let mut credited: Vec<_> = (shop.books().await.credits.into_iter())
        .map(|(id, _)| id.to_string())
        .collect();
    credited.sort();
    ids.sort();
    assert_eq!(credited, ids);
}

/// While the secret is being changed, notifications come with the old one and with the new one.
#[tokio::test]
async fn an_inbox_takes_two_secrets_of_v1() {
    let mut shop = Shop::new();
    shop.paid_in_v1().await;
    shop.sandbox.confirm_all();
    let told = shop.collect();
    let new = "another-secret-000000000000000001";
    let only_new = v1::Verifier::new(shop.sandbox.app_id(), new).unwrap();
    let both = only_new.clone().also_accept(shop.sandbox.app_secret());
    shop.inbox = shop.inbox.verifier_v1(only_new);
    assert_eq!(shop.receive(&told[0]).await.status(), 401);
    shop.inbox = shop.inbox.verifier_v1(both.unwrap());
    assert_eq!(shop.receive(&told[0]).await.status(), 200);
}
