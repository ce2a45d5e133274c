//! Reads beside the payouts: no wrong value is ever taken for the gateway's.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use ccpayment::v2::{GetChainList, GetCoin, GetCoinList, GetFiatList};
use ccpayment::{CoinId, Endpoint, Origin, Prepared, Timestamp, decode};
use ccpayment_sandbox::Sandbox;

use crate::checks::Broken;
use crate::clock::START;
use crate::history::Book;
use crate::payment::USDT;
use crate::teller::{SLACK, Teller, credentials};

/// Reads whose answers are the same in every history.
macro_rules! reads {
    ($($truth:ident: $request:ty = $new:expr;)*) => {
        struct Truth {
            $($truth: <$request as Endpoint>::Response,)*
        }

        async fn truth() -> Result<Truth> {
            Ok(Truth {
                $($truth: ask(&$new).await?,)*
            })
        }

        async fn compare(teller: &Teller, truth: &Truth, pick: usize) -> Option<String> {
            let mut number = pick % [$(stringify!($truth)),*].len();
            $(
                if number == 0 {
                    return differs(teller, &$new, &truth.$truth).await;
                }
                number = number.wrapping_sub(1);
            )*
            let _ = number;
            None
        }
    };
}

reads! {
    coin: GetCoin = GetCoin::new(CoinId::new(USDT));
    coins: GetCoinList = GetCoinList::new();
    fiats: GetFiatList = GetFiatList::new();
    chains: GetChainList = GetChainList::new();
}

/// Asked of a gateway that nothing strikes.
async fn ask<E: Endpoint>(request: &E) -> Result<E::Response> {
    let sandbox = Sandbox::builder().start_time(START).build()?;
    let origin = Origin::default();
    let request = Prepared::new(request)?.sign(
        &origin,
        &credentials(&sandbox)?,
        Timestamp::new(START),
    )?;
    let answer = sandbox.respond(request).await.context("no answer")?;
    Ok(decode(&answer)?)
}

async fn differs<E: Endpoint>(teller: &Teller, request: &E, truth: &E::Response) -> Option<String>
where
    E::Response: PartialEq + std::fmt::Debug,
{
    let Teller::Client(client) = teller else {
        return None;
    };
    match client.send(request).await {
        Ok(value) if value != *truth => Some(format!("{} gave {value:?}", E::NAME)),
        _ => None,
    }
}

pub(crate) async fn read(book: &Book, teller: &Teller, total: Duration, pick: usize) {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    let truth = match TRUTH.get() {
        Some(truth) => truth,
        None => match truth().await {
            Ok(truth) => TRUTH.get_or_init(|| truth),
            Err(error) => {
                book.broken(Broken::wrong(format!("the truth is not known: {error}")));
                return;
            }
        },
    };
    let began = book.world.elapsed();
    if let Some(wrong) = compare(teller, truth, pick).await {
        book.broken(Broken::wrong(wrong));
    }
    let took = book.world.elapsed().saturating_sub(began);
    if took > total + SLACK {
        let what = format!("a read took {took:?} and had {total:?}");
        book.broken(Broken::wrong(what));
    }
}
