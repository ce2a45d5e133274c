//! Spans longer than a route takes at once, against models of the gateway: no record is lost between
//! two windows, nor behind a clock that is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::raw::PrepareError;
use ccpayment::v2::*;
use ccpayment::{Exchange, Page, Rule, Timestamp, Transport, TransportError};
use ccpayment_testing::{FakeTransport, TestClock};
use futures_util::{StreamExt, TryStreamExt};
use http::Response;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::pages::{DAY, START, WINDOW, client, deposit, ids, list, read};

/// A gateway with a list of deposits: the moments at which they came, newest first.
#[derive(Clone)]
struct Model {
    moments: Vec<u64>,
    page: usize,
    asked: Arc<Mutex<Vec<(u64, u64)>>>,
}

#[async_trait]
impl Transport for Model {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let asked: Value = serde_json::from_slice(exchange.request.body()).unwrap();
        let number = |name: &str| asked[name].as_u64();
        let (from, to) = (number("startAt").unwrap(), number("endAt").unwrap());
        assert!(from <= to && to - from <= WINDOW, "{asked}");
        assert_eq!(asked["coinId"], 1280, "the conditions stay");
        let start = asked["nextId"].as_str().map_or(0, |it| it.parse().unwrap());
        if start == 0 {
            self.asked.lock().unwrap().push((from, to));
        }
        let within: Vec<_> = (self.moments.iter().enumerate())
            .filter(|(_, moment)| (from..=to).contains(*moment))
            .collect();
        let end = (start + self.page).min(within.len());
        let records: Vec<_> = (within[start..end].iter())
            .map(|(number, moment)| deposit(&number.to_string(), **moment))
            .collect();
        let next = if end < within.len() {
            end.to_string()
        } else {
            String::new()
        };
        let body = json!({
            "code": 10000, "msg": "success", "data": { "records": records, "nextId": next },
        });
        Ok(Response::new(Bytes::from(body.to_string())))
    }
}

/// Moments, many of them at the edges of windows. The windows end with the span or a day after it.
fn moments(from: u64, to: u64) -> impl Strategy<Value = Vec<u64>> {
    let edge = (0..5u64, 0..4u64, any::<bool>()).prop_map(move |(window, off, is_open)| {
        (to + 1 + if is_open { DAY } else { 0 })
            .saturating_sub(window * (WINDOW - 1))
            .saturating_sub(off)
    });
    let moment = prop_oneof![edge, from.saturating_sub(9)..=to + 9];
    prop::collection::vec(moment, 0..40).prop_map(|mut moments| {
        moments.sort_unstable_by(|a, b| b.cmp(a));
        moments
    })
}

fn spans() -> impl Strategy<Value = (u64, u64, Vec<u64>)> {
    let length = prop_oneof![
        (0..5u64, 0..3u64).prop_map(|(windows, more)| windows * WINDOW + more),
        0..4 * WINDOW,
    ];
    (length, Just(START)).prop_flat_map(|(length, to)| {
        let from = to - length;
        (Just(from), Just(to), moments(from, to))
    })
}

proptest! {
    #[test]
    fn no_record_of_a_long_span_is_lost(
        (from, to, moments) in spans(), page in 1..5usize, has_end: bool, stops_after in 0..9usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let model = Model { moments, page, asked: Arc::default() };
        let asked = Arc::clone(&model.asked);
        let moments = model.moments.clone();
        let client = client(model);
        let query = GetAppDepositRecordList::new()
            .coin_id(ccpayment::CoinId::new(1280))
            .start_at(Timestamp::new(from));
        // Without an end, a long span ends a day from now; a short one is asked for as it is.
        let has_end = has_end || to + DAY - from <= WINDOW;
        let (query, end) = if has_end {
            (query.end_at(Timestamp::new(to)), to)
        } else {
            (query, to + DAY)
        };
        let expected: Vec<_> = (moments.iter().enumerate())
            .filter(|(_, moment)| (from..=end).contains(*moment))
            .map(|(number, _)| number.to_string())
            .collect();
        let read = runtime.block_on(async {
            // In two parts. The rest of the list is stored in between.
            let first: Vec<Page<_>> =
                client.pages(query.clone()).take(stops_after).try_collect().await.unwrap();
            let rest = first.last().map_or(Some(query), |page| page.next.clone());
            let rest = serde_json::to_string(&rest).unwrap();
            let rest: Option<GetAppDepositRecordList> = serde_json::from_str(&rest).unwrap();
            let read = first.into_iter().flat_map(|page| page.items);
            let mut read: Vec<_> = read.collect::<Result<_, _>>().unwrap();
            if let Some(rest) = rest {
                read.extend(client.items(rest).try_collect::<Vec<_>>().await.unwrap());
            }
            read
        });
        // Some come twice, where two windows overlap.
        let mut read: Vec<_> =
            read.iter().map(|record| record.record_id.as_str().to_owned()).collect();
        read.sort_by_key(|id| id.parse::<usize>().unwrap());
        read.dedup();
        prop_assert_eq!(read, expected);
        let mut asked = asked.lock().unwrap().clone();
        asked.dedup();
        // The windows come newest first, and each overlaps the one before by a second.
        prop_assert_eq!((asked[0].1, asked[asked.len() - 1].0), (end, from));
        prop_assert!(asked.windows(2).all(|two| two[0].0 + 1 == two[1].1), "{:?}", asked);
        let whole = (end - from).saturating_sub(1) / (WINDOW - 1);
        prop_assert!((whole..=whole + 1).contains(&(asked.len() as u64)), "{:?}", asked);
    }
}

/// A gateway whose clock is ahead of ours, that counts in milliseconds, and that may exclude both
/// ends of a span. It tests whether a record is lost.
#[derive(Clone)]
struct Strict {
    /// In milliseconds, newest first.
    moments: Arc<Vec<u64>>,
    excludes_ends: bool,
    now: u64,
}

#[async_trait]
impl Transport for Strict {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let asked: Value = serde_json::from_slice(exchange.request.body()).unwrap();
        let from = asked["startAt"].as_u64().unwrap();
        let to = asked["endAt"].as_u64().unwrap_or(self.now);
        assert!(from <= to && to - from <= WINDOW, "{asked}");
        let records: Vec<_> = (self.moments.iter().enumerate())
            .filter(|(_, moment)| match self.excludes_ends {
                true => from * 1_000 < **moment && **moment < to * 1_000,
                false => from * 1_000 <= **moment && **moment <= to * 1_000,
            })
            .map(|(number, moment)| deposit(&number.to_string(), moment / 1_000))
            .collect();
        let body = json!({ "code": 10000, "msg": "success", "data": { "records": records } });
        Ok(Response::new(Bytes::from(body.to_string())))
    }
}

#[tokio::test]
async fn no_record_is_lost_between_windows_or_behind_our_clock() {
    for (behind, excludes_ends) in [(0, false), (100, false), (3_600, false), (3_600, true)] {
        let now = START + behind;
        // Each half second around each possible beginning of a window, whether windows overlap by a
        // second or lie one apart, and those up to the gateway's present time.
        let edges = (0..5).flat_map(|window| {
            let (to, apart) = (START + DAY, window * (WINDOW + 1));
            [to - window * (WINDOW - 1), to - apart, START - apart]
        });
        let mut moments: Vec<u64> = edges
            .flat_map(|edge| (0..=8).map(move |half| edge * 1_000 - 2_000 + half * 500))
            .chain((0..=behind).map(|after| (START + after) * 1_000 - 500))
            .filter(|moment| *moment < now * 1_000)
            .collect();
        moments.sort_unstable_by(|a, b| b.cmp(a));
        moments.dedup();
        let all: BTreeSet<_> = (0..moments.len())
            .map(|number| number.to_string())
            .collect();
        let moments = Arc::new(moments);
        let client = client(Strict {
            moments,
            excludes_ends,
            now,
        });
        let year = list().start_at(Timestamp::new(START - 365 * DAY));
        let records: Vec<_> = client.items(year).try_collect().await.unwrap();
        let read: BTreeSet<_> = records.iter().map(|it| it.record_id.to_string()).collect();
        assert_eq!(
            read, all,
            "{behind} s behind, ends excluded: {excludes_ends}"
        );
    }
}

#[tokio::test]
async fn an_end_in_the_far_future_makes_no_more_requests_than_no_end() {
    let model = Model {
        moments: vec![START],
        page: 20,
        asked: Arc::default(),
    };
    let asked = Arc::clone(&model.asked);
    let query = list()
        .coin_id(ccpayment::CoinId::new(1280))
        .start_at(Timestamp::new(START - 7 * DAY))
        .end_at(Timestamp::LATEST);
    let records: Vec<_> = client(model).items(query).try_collect().await.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(*asked.lock().unwrap(), [(START - 7 * DAY, START + DAY)]);
}

#[tokio::test]
async fn a_span_that_breaks_a_rule_is_refused_before_any_request() {
    let at = Timestamp::new;
    let milliseconds = at(START * 1_000);
    for (query, field, rule) in [
        (
            list().start_at(at(START - DAY)).end_at(milliseconds),
            "endAt",
            Rule::Milliseconds,
        ),
        (list().start_at(milliseconds), "startAt", Rule::Milliseconds),
        (
            list().start_at(milliseconds).end_at(at(START)),
            "startAt",
            Rule::Milliseconds,
        ),
        (
            list().start_at(at(START)).end_at(at(START - 1)),
            "endAt",
            Rule::BeforeStart { start: "startAt" },
        ),
    ] {
        let fake = FakeTransport::new();
        let client = client(fake.clone());
        let (pages, error) = read(&client, query.clone()).await;
        let error = error.unwrap();
        assert!(pages.is_empty());
        assert_eq!(*error.rest(), query);
        let Some(ccpayment::Error::Invalid {
            source: PrepareError::Invalid(invalid),
            ..
        }) = error.request_error()
        else {
            panic!("{error:?}")
        };
        assert_eq!((&*invalid.field, &invalid.rule), (field, &rule));
        fake.finish().unwrap();
    }
}

/// The clock is two days behind, and is then set right between two attempts at the first page, or
/// between two walks.
#[tokio::test]
async fn a_clock_that_is_set_right_meanwhile_hides_no_new_record() {
    const BEHIND: Duration = Duration::from_secs(2 * DAY);
    for status in [503, 200] {
        let clock = TestClock::at(Timestamp::new(START));
        let (set, now) = (clock.clone(), START + BEHIND.as_secs());
        let transport = ccpayment::transport_fn(move |exchange: Exchange| {
            let signed = exchange.request.headers()["timestamp"].to_str().unwrap();
            let mut answer = Response::builder();
            let body = if signed.parse::<u64>().unwrap() < now {
                set.set(Timestamp::new(now));
                answer = answer.status(status);
                json!({ "code": 11006, "msg": "ReqExpired" })
            } else {
                let asked: Value = serde_json::from_slice(exchange.request.body()).unwrap();
                let (from, to) = (&asked["startAt"], asked["endAt"].as_u64().unwrap());
                assert!(to - from.as_u64().unwrap() <= WINDOW, "{asked}");
                let newest = (now - 1 <= to).then(|| deposit("newest", now - 1));
                let records: Vec<_> = newest.into_iter().collect();
                json!({ "code": 10000, "msg": "success", "data": { "records": records } })
            };
            let body = match status {
                503 if body["code"] == 11006 => Bytes::new(),
                _ => Bytes::from(body.to_string()),
            };
            async move { Ok(answer.body(body).unwrap()) }
        });
        let client = client(transport).with_clock(clock);
        let year = list().start_at(Timestamp::new(START - 365 * DAY));
        let (mut pages, error) = read(&client, year).await;
        if let Some(error) = error {
            pages.extend(read(&client, error.rest().clone()).await.0);
        }
        assert_eq!(ids(&pages), ["newest"], "{status}");
    }
}
