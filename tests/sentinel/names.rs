//! The names of spans and their fields, which users build dashboards on.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ccpayment::v2::{ApplyAppWithdrawToNetwork, GetAppWithdrawRecord, GetCoinList};
use ccpayment::{Client, ErrorCode, Exchange, Timeouts, Transport, TransportError};
use ccpayment_testing::{FakeTransport, Reply, TestClock};
use http::{Response, StatusCode};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::{CALLS, NOW, SECRET, credentials, payout, signature};

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

struct Span {
    name: &'static str,
    depth: usize,
    fields: Fields,
    events: Vec<String>,
}

/// All spans, in the order in which they began, with everything that they recorded.
#[derive(Default)]
struct All {
    spans: Vec<Span>,
    places: HashMap<u64, usize>,
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<All>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut all = self.0.lock().unwrap();
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let depth = context.span_scope(id).map_or(0, Iterator::count) - 1;
        let place = all.spans.len();
        all.places.insert(id.into_u64(), place);
        all.spans.push(Span {
            name: attributes.metadata().name(),
            depth,
            fields,
            events: Vec::new(),
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut all = self.0.lock().unwrap();
        let place = all.places[&id.into_u64()];
        values.record(&mut all.spans[place].fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Some(span) = context.event_span(event) else {
            panic!("an event outside of a span: {:?}", fields.0)
        };
        let mut all = self.0.lock().unwrap();
        let place = all.places[&span.id().into_u64()];
        all.spans[place].events.push(format!("{:?}", fields.0));
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.0.lock().unwrap().places.remove(&id.into_u64());
    }
}

impl Seen {
    fn text(&self) -> String {
        let mut text = String::new();
        for span in &self.0.lock().unwrap().spans {
            let indent = "    ".repeat(span.depth);
            let _ = writeln!(text, "{indent}{}", span.name);
            for (name, value) in &span.fields.0 {
                let _ = writeln!(text, "{indent}  {name} = {value}");
            }
            for event in &span.events {
                let _ = writeln!(text, "{indent}  * {event}");
            }
        }
        text
    }
}

fn traced(script: impl FnOnce(&FakeTransport), work: impl AsyncFnOnce(Client)) -> String {
    let fake = FakeTransport::verifying(&credentials());
    script(&fake);
    let seen = seen_over(fake.clone(), work);
    fake.finish().unwrap();
    seen.text()
}

fn seen_over(transport: impl Transport + 'static, work: impl AsyncFnOnce(Client)) -> Seen {
    let _alone = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = Seen::default();
    let subscriber = tracing_subscriber::registry().with(seen.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let client = Client::new(credentials(), transport)
        .with_origin("http://127.0.0.1:8480".parse().unwrap())
        .with_clock(TestClock::at(NOW));
    tracing::subscriber::with_default(subscriber, || runtime.block_on(work(client)));
    let text = seen.text();
    for hidden in [SECRET, "\"coinId\"", "1280", &signature(b""), "1767225600"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    seen
}

#[test]
fn of_a_call_that_is_repeated() {
    let script = |fake: &FakeTransport| {
        fake.expect_any::<GetCoinList>(Reply::lost())
            .expect_any::<GetCoinList>(Reply::http(StatusCode::BAD_GATEWAY, SECRET))
            .expect_any::<GetCoinList>(Reply::data(&json!({"coins": []})));
    };
    let text = traced(script, async |client| {
        client.send(&GetCoinList::new()).await.unwrap();
    });
    insta::assert_snapshot!(text);
}

#[test]
fn of_a_call_that_is_refused() {
    let script = |fake: &FakeTransport| {
        let refusal = Reply::refused(ErrorCode::BalanceInsufficient, SECRET);
        fake.expect_any::<ApplyAppWithdrawToNetwork>(refusal);
    };
    let text = traced(script, async |client| {
        client.send_unsettled(&payout()).await.unwrap_err();
    });
    insta::assert_snapshot!(text);
}

#[test]
fn of_a_path_without_its_query() {
    let seen = seen_over(Ahead, async |client| {
        let path = format!("/ccpayment/v2/new?token={SECRET}");
        client.raw(path, &()).await.unwrap_err();
    });
    let expected = "url.full = http://127.0.0.1:8480/ccpayment/v2/new\n";
    assert!(seen.text().contains(expected), "{}", seen.text());
}

#[test]
fn of_a_payout_that_is_settled() {
    let script = |fake: &FakeTransport| {
        fake.expect_any::<ApplyAppWithdrawToNetwork>(Reply::timed_out())
            .expect_any::<GetAppWithdrawRecord>(Reply::refused(ErrorCode::NotFound, SECRET))
            .expect_any::<ApplyAppWithdrawToNetwork>(Reply::data(&json!({"recordId": "r1"})));
    };
    let text = traced(script, async |client| {
        client.payout(&payout()).await.unwrap();
    });
    insta::assert_snapshot!(text);
}

#[test]
fn of_a_payout_that_stays_unknown() {
    let script = |fake: &FakeTransport| {
        fake.expect_any::<ApplyAppWithdrawToNetwork>(Reply::http(StatusCode::OK, SECRET))
            .expect_any::<GetAppWithdrawRecord>(Reply::refused(ErrorCode::NotFound, SECRET));
    };
    let text = traced(script, async |client| {
        // The time is over before the shortest pause.
        let hasty = Timeouts::new(Duration::from_secs(20), Duration::from_millis(250));
        let paying = client.with_timeouts(hasty);
        paying.payout(&payout()).await.unwrap_err();
    });
    insta::assert_snapshot!(text);
}

/// A gateway whose clock is 23 hours ahead of ours.
struct Ahead;

#[async_trait::async_trait]
impl Transport for Ahead {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let timestamp = exchange.request.headers()["timestamp"].to_str().unwrap();
        let is_right = timestamp.parse::<u64>().unwrap().abs_diff(NOW.get()) > 80_000;
        // Others are refused at the same moment.
        tokio::task::yield_now().await;
        let body = if is_right {
            r#"{"code":10000,"data":{"coins":[]}}"#
        } else {
            r#"{"code":11006,"msg":"ReqExpired"}"#
        };
        let answer = Response::builder().header("date", "Thu, 01 Jan 2026 23:00:00 GMT");
        Ok(answer.body(body.into()).unwrap())
    }
}

#[test]
fn a_skew_is_warned_about_once() {
    let seen = seen_over(Ahead, async |client| {
        let list = GetCoinList::new();
        let (first, second) = tokio::join!(client.send(&list), client.send(&list));
        first.and(second).unwrap();
        client.send(&list).await.unwrap();
    });
    let all = seen.0.lock().unwrap();
    assert_eq!(all.spans.len(), 3 + 5, "calls and attempts");
    let events = all.spans.iter().flat_map(|span| &span.events);
    let warnings: Vec<_> = events.filter(|event| event.contains("skew")).collect();
    let expected = r#"{"message": "our clock is 23 h 0 min behind the gateway's; timestamps are corrected by it", "skew_seconds": "82800"}"#;
    assert_eq!(warnings, [expected]);
}
