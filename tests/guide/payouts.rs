//! Payouts, as their page makes them, against lost answers.

use std::time::Duration;

use ccpayment::{Address, Client, Exchange, Finding, OrderId, Timestamp, transport_fn};
use ccpayment::{Transport, TransportError};
use ccpayment_sandbox::Setting;
use ccpayment_testing::{SandboxClock, SandboxTransport};

use crate::house::{House, START, amount, payout};
use crate::pages::payouts::pay_out::{State, pay_out};
use crate::pages::payouts::{how_it_stands, look_once, recover, salaries, what_speaks_against};

/// A client whose answers are all lost, and whose requests arrive or don't.
fn deaf(house: &House, arrives: bool) -> Client {
    let network = SandboxTransport::new(&house.sandbox);
    let transport = transport_fn(move |exchange: Exchange| {
        let network = network.clone();
        async move {
            if arrives && exchange.operation == "applyAppWithdrawToNetwork" {
                let _lost = network.send(exchange).await;
            }
            Err(TransportError::MaybeSent("the line broke".into()))
        }
    });
    let clock = SandboxClock::new(&house.sandbox);
    Client::new(house.credentials.clone(), transport).with_clock(clock)
}

#[tokio::test]
async fn each_end_of_a_payout_is_told_apart() {
    let house = House::new();
    let client = &house.client;
    assert!(matches!(
        pay_out(client, &payout("p-1", "10")).await,
        State::Accepted(_)
    ));
    assert!(matches!(
        pay_out(client, &payout("p-1", "10")).await,
        State::Accepted(_)
    ));
    let other = pay_out(client, &payout("p-1", "11")).await;
    assert!(matches!(other, State::ForAPerson(_)), "{other:?}");
    let short = pay_out(client, &payout("p-2", "1000")).await;
    assert!(matches!(short, State::NotPaid(_)), "{short:?}");
    let lost = pay_out(&deaf(&house, false), &payout("p-3", "10")).await;
    assert!(matches!(lost, State::InDoubt(Some(_))), "{lost:?}");
    assert_eq!(house.sandbox.payouts().len(), 1);
}

#[tokio::test]
async fn what_is_in_doubt_is_settled_and_paid_once() {
    for arrives in [true, false] {
        let house = House::new();
        let request = payout("p-1", "10");
        let State::InDoubt(Some(since)) = pay_out(&deaf(&house, arrives), &request).await else {
            panic!("its outcome was known");
        };
        let look = look_once::look_once(&house.client, &request, since).await;
        if arrives {
            assert_eq!(look, Ok(true));
        } else {
            let at = since.get() + 300;
            assert_eq!(look, Err(Some(Timestamp::new(at))));
            house.sandbox.advance(Duration::from_secs(400));
            assert_eq!(
                look_once::look_once(&house.client, &request, since).await,
                Ok(false)
            );
        }
        recover::recover(&house.client, &request).await.unwrap();
        recover::recover(&house.client, &request).await.unwrap();
        assert_eq!(house.sandbox.payouts().len(), 1, "arrives: {arrives}");
        assert!(house.sandbox.now() > START);
    }
}

#[tokio::test]
async fn accepted_is_not_paid_before_the_record_is_final() {
    let House {
        sandbox, client, ..
    } = House::new();
    let approval = Setting::ApprovalAbove {
        coin_id: 1280,
        amount: "20".into(),
    };
    sandbox.set(approval).unwrap();
    let stands = async |id: &str| how_it_stands::how_it_stands(&client, &OrderId::new(id)).await;
    pay_out(&client, &payout("small", "10")).await;
    assert_eq!(stands("small").await.unwrap(), "ask again");
    sandbox.settle_payouts();
    assert_eq!(stands("small").await.unwrap(), "paid");

    let State::Accepted(record) = pay_out(&client, &payout("large", "30")).await else {
        panic!("it was not accepted");
    };
    assert_eq!(stands("large").await.unwrap(), "ask again");
    sandbox.reject(&record, "too much").unwrap();
    assert_eq!(stands("large").await.unwrap(), "not paid: rejected");
}

#[tokio::test]
async fn a_look_before_names_what_would_be_refused() {
    let House { client, .. } = House::new();
    let look = async |coins: &str| {
        let request = payout("p-1", coins);
        what_speaks_against::what_speaks_against(&client, &request)
            .await
            .unwrap()
    };
    assert_eq!(look("10").await, []);
    let tiny = look("0.00000001").await;
    assert!(
        tiny.iter()
            .any(|it| matches!(it, Finding::BelowMinimum { .. })),
        "{tiny:?}"
    );
    assert!(
        tiny.iter()
            .any(|it| matches!(it, Finding::TooPrecise { .. })),
        "{tiny:?}"
    );
}

#[tokio::test]
async fn a_batch_is_paid_once() {
    let House {
        sandbox, client, ..
    } = House::new();
    let person = |digit: char, coins: &str| {
        let address = format!("0x{}", digit.to_string().repeat(40));
        (Address::new(address), amount(coins))
    };
    let people = [person('1', "10"), person('2', "12"), person('3', "8")];
    let batch = salaries::salaries("2026-01", &people);
    let mut balances = Vec::new();
    for _ in 0..2 {
        let paid = salaries::pay_salaries(&client, &batch, None).await.unwrap();
        assert_eq!(paid.rows.len(), 3);
        sandbox.settle_payouts();
        balances.push(sandbox.ledger().balance("merchant:available", 1280));
    }
    assert_eq!(balances[0], balances[1]);
    // 30 and the fees of three rows.
    let left = amount(&balances[0]);
    assert!(left < amount("70") && left > amount("69"), "{left}");
}
