//! Faults on the routes of the older API.

use bytes::Bytes;
use ccpayment_sandbox::{BadResponse, Exchange, Fault};
use serde_json::Value;

use crate::support::{APP_ID, LOOPBACK, exchange};
use crate::v1_support::{Older, sign};

async fn withdraw(shop: &Older, fault: Fault, order_id: &str) -> Exchange {
    shop.sandbox.plan_fault("withdraw", fault);
    let body = shop.payout(order_id, "1").to_string();
    let request = shop.request("withdraw", &body);
    let request = request.body(Bytes::from(body)).unwrap();
    let met = shop.sandbox.exchange(request).await;
    assert_eq!(met.fault, Some(fault));
    met
}

#[tokio::test]
async fn every_fault_acts_or_not_as_it_says() {
    let shop = Older::rich();
    for (number, fault) in Fault::every().into_iter().enumerate() {
        let acted = match fault {
            Fault::ActThenDrop | Fault::DeliveredTwice | Fault::DeliveredTwiceAnswerSecond => true,
            Fault::Reset { acted } | Fault::Silence { acted } | Fault::Reply { acted, .. } => acted,
            _ => false,
        };
        let before = shop.sandbox.payouts().len();
        let met = withdraw(&shop, fault, &format!("out-{number}")).await;
        let made = shop.sandbox.payouts().len() - before;
        assert_eq!(made, usize::from(acted), "{fault:?}");
        let Some(answer) = met.response else {
            continue;
        };
        let header = |name: &str| answer.headers().get(name)?.to_str().ok();
        let page = matches!(
            fault,
            Fault::Reply {
                with: BadResponse::Html
                    | BadResponse::RateLimited { .. }
                    | BadResponse::BadGateway
                    | BadResponse::Redirect,
                ..
            }
        );
        assert_eq!(header("sign").is_none(), page, "{fault:?}");
        let cut = matches!(
            fault,
            Fault::Reply {
                with: BadResponse::LengthTooShort,
                ..
            }
        );
        if !page && !cut {
            assert_eq!(header("appid"), Some(APP_ID));
            let seal = sign(header("timestamp").unwrap(), answer.body());
            assert_eq!(header("sign"), Some(seal.as_str()), "{fault:?}");
        }
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        match fault {
            Fault::Reply {
                with: BadResponse::Error,
                ..
            } => {
                let envelope: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(envelope["code"], 224_066);
            }
            Fault::Reply {
                acted: true,
                with: BadResponse::IdTwice,
            } => assert_eq!(text.matches("\"record_id\":").count(), 2, "{text}"),
            Fault::Reply {
                acted: true,
                with: BadResponse::IdMissing,
            } => assert!(!text.contains("record_id"), "{text}"),
            _ => {}
        }
        assert!(!text.contains("11002"), "{fault:?}: {text}");
    }
    assert!(shop.sandbox.ledger().is_balanced());
}

#[tokio::test]
async fn a_request_is_cut_off_on_a_socket_too() {
    let shop = Older::rich();
    let server = shop.sandbox.serve(LOOPBACK).await.unwrap();
    shop.sandbox.plan_fault("withdraw", Fault::ResetUnread);
    // Its body never comes, and need not.
    let head =
        b"POST /ccpayment/v1/withdraw HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 9\r\n\r\n";
    assert!(exchange(server.addr(), head).await.is_empty());
    assert_eq!(shop.sandbox.fault_hits()[&Fault::ResetUnread], 1);
    server.shutdown().await;
}
