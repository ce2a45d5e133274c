//! Reads beside the payouts: no wrong value is ever taken for the gateway's, and no page is lost or
//! doubled.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use ccpayment::raw::{PreparedRequest, decode};
use ccpayment::v2::{GetAutoWithdrawRecordList, GetChainList, GetCoin, GetCoinList, GetFiatList};
use ccpayment::{Client, CoinId, Origin, Request, Sendable, Timestamp};
use ccpayment_sandbox::Sandbox;
use futures_util::TryStreamExt;

use crate::checks::Broken;
use crate::clock::{START, pause};
use crate::disk::Book;
use crate::payer::{SLACK, Teller, credentials};
use crate::payment::{ETH, MATIC};
use crate::places::USDT;
use crate::world::SPAN;

/// How often a walk goes on after an error.
const WALKS: u32 = 12;

/// Reads whose answers are the same in every history.
macro_rules! reads {
    ($($truth:ident: $request:ty = $new:expr;)*) => {
        struct Truth {
            $($truth: <$request as Request>::Response,)*
        }

        async fn truth() -> Result<Truth> {
            Ok(Truth {
                $($truth: ask(&$new).await?,)*
            })
        }

        /// How many of them there are; the next two walk a list.
        pub(crate) const READS: usize = [$(stringify!($truth)),*].len();

        async fn compare(client: &Client, truth: &Truth, pick: usize) -> Option<String> {
            let mut places = 0..;
            $(
                if places.next() == Some(pick) {
                    return differs(client, &$new, &truth.$truth).await;
                }
            )*
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

/// Asks a gateway without faults.
async fn ask<E: Request>(request: &E) -> Result<E::Response> {
    let sandbox = Sandbox::builder().strict().start_time(START).build()?;
    let origin = Origin::default();
    let request = PreparedRequest::new(request)?.sign(
        &origin,
        &credentials(&sandbox)?,
        Timestamp::new(START),
    )?;
    let answer = sandbox.respond(request).await.context("no answer")?;
    Ok(decode(&answer)?)
}

async fn differs<E: Sendable>(client: &Client, request: &E, truth: &E::Response) -> Option<String>
where
    E::Response: PartialEq + std::fmt::Debug,
{
    match client.send(request).await {
        Ok(value) if value != *truth => Some(format!("{} gave {value:?}", E::OPERATION)),
        _ => None,
    }
}

/// Walks a list to its end, and goes on where it broke off. Gives up after a while.
async fn walk(book: &Book, client: &Client) -> Option<String> {
    let mut rest = GetAutoWithdrawRecordList::new().coin_id(CoinId::new(MATIC));
    let mut found = Vec::new();
    for _ in 0..WALKS {
        let mut pages = client.pages(rest.clone());
        loop {
            match pages.try_next().await {
                Ok(Some(page)) => {
                    for record in page.items {
                        match record {
                            Ok(record) => found.push(record.record_id.to_string()),
                            Err(row) => return Some(format!("a list has {row:?}")),
                        }
                    }
                    if page.next.is_none() && found != book.world.older {
                        return Some(format!("a list has the records {found:?}"));
                    }
                }
                Ok(None) => return None,
                Err(error) => {
                    rest = error.rest().clone();
                    break;
                }
            }
        }
        pause(Duration::from_secs(5)).await;
    }
    None
}

/// Reads everything from long ago on, without an end. No record from before the walk may be
/// missing, whatever time the process believes it is. The newest record is as old as the walk.
async fn read_all(book: &Book, client: &Client) -> Option<String> {
    let begins = Timestamp::new(START.saturating_sub(SPAN));
    let there = book.world.grow_list();
    let mut rest = GetAutoWithdrawRecordList::new()
        .coin_id(CoinId::new(ETH))
        .start_at(begins);
    let mut found = BTreeSet::new();
    for _ in 0..WALKS {
        let mut pages = client.pages(rest.clone());
        loop {
            match pages.try_next().await {
                Ok(Some(page)) => {
                    let items = page.items.into_iter();
                    match items
                        .map(|it| it.map(|it| it.record_id.to_string()))
                        .collect()
                    {
                        Ok::<Vec<_>, _>(ids) => found.extend(ids),
                        Err(row) => return Some(format!("a list since long ago has {row:?}")),
                    }
                }
                Ok(None) => {
                    let known = book.world.grown_list();
                    let missing = there.iter().find(|id| !found.contains(*id));
                    let strange = found.iter().find(|id| !known.contains(id));
                    return match (missing, strange) {
                        (None, None) => None,
                        (missing, strange) => Some(format!(
                            "a list since long ago lacks {missing:?}, and has {strange:?}"
                        )),
                    };
                }
                Err(error) => {
                    rest = error.rest().clone();
                    break;
                }
            }
        }
        pause(Duration::from_secs(5)).await;
    }
    None
}

async fn known() -> Result<&'static Truth> {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    match TRUTH.get() {
        Some(truth) => Ok(truth),
        None => {
            let truth = truth().await?;
            Ok(TRUTH.get_or_init(|| truth))
        }
    }
}

pub(crate) async fn read(book: &Book, teller: &Teller, pick: usize) {
    // The loop by hand only makes payouts.
    let Some(client) = teller.client() else {
        return;
    };
    let total = teller.total;
    let (began, lost) = (book.world.elapsed(), book.world.time_lost());
    let (wrong, bounded) = if pick == READS {
        (walk(book, client).await, false)
    } else if pick > READS {
        (read_all(book, client).await, false)
    } else {
        match known().await {
            Ok(truth) => (compare(client, truth, pick).await, true),
            Err(error) => (Some(format!("the truth is not known: {error}")), true),
        }
    };
    if let Some(wrong) = wrong {
        book.broken(Broken::wrong(wrong));
    }
    let took = book.world.elapsed().saturating_sub(began);
    let lost = book.world.time_lost().saturating_sub(lost);
    if bounded && took > total + lost + SLACK {
        let what = format!("a read took {took:?} and had {total:?}");
        book.broken(Broken::wrong(what));
    }
}
