//! `report_page`, a page for operators: what is in the store, and what waits for a person.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use ccpayment_client::core::ErrorReport;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::counts::{Count, Row};
use crate::report::Report;
use crate::store::Store;

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 70rem; margin: 0 auto; padding: 1rem }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8886; vertical-align: top;
  overflow-wrap: anywhere }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.alarm { color: #b00020; font-weight: 600 }
@media (prefers-color-scheme: dark) { .alarm { color: #ff8a80 } }
.wide { overflow-x: auto }
";

/// A parked entry always has a reason.
const BEING_SENT: &str = "being sent, or its process has died: looked at when its lease ends";

/// A read-only page at this path that shows the store's [`Report`] as plain HTML, without scripts.
///
/// It asks for no password: put it behind your own, and not on the open internet. It shows order
/// and record ids, and no bodies.
///
/// ```
/// use ccpayment_durable::client::SystemClock;
/// use ccpayment_durable::{MemoryStore, report_page};
///
/// let store = MemoryStore::<()>::new(SystemClock::new());
/// let app: axum::Router = axum::Router::new().merge(report_page("/operators/ccpayment", store));
/// ```
pub fn report_page<S: Store, R: Clone + Send + Sync + 'static>(path: &str, store: S) -> Router<R> {
    async fn show<S: Store>(State(store): State<S>) -> Response {
        match Report::read(&store).await {
            Ok(report) => {
                let headers = [
                    (header::CACHE_CONTROL, "no-store"),
                    (
                        header::CONTENT_SECURITY_POLICY,
                        "default-src 'none'; style-src 'unsafe-inline'",
                    ),
                ];
                (headers, Html(page(&report).into_string())).into_response()
            }
            Err(error) => {
                tracing::error!(error = %ErrorReport::new(&error), "the store can't be read");
                let text = "The store can't be read; the log says why.";
                (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
            }
        }
    }
    Router::new().route(path, get(show::<S>)).with_state(store)
}

fn page(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "CCPayment inbox and outbox" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "CCPayment inbox and outbox" }
                p {
                    (report.waiting()) " open"
                    @if report.waiting() > 0 { ", the oldest for " (age(report.lag())) }
                    ". "
                    (report.gaps()) " found by a list alone. "
                    span .alarm[!report.parked.is_empty()] {
                        (report.parked.len()) " for a person."
                    }
                }
                (rows("For a person", &report.parked, "Nothing is parked."))
                (rows("Payouts in doubt", &report.unknown_payouts, "No payout is in doubt."))
                (counts(&report.counts))
            }
        }
    }
}

fn rows(title: &str, rows: &[Row], none: &str) -> Markup {
    html! {
        h2 { (title) }
        @if rows.is_empty() {
            p { (none) }
        } @else {
            div .wide { table {
                thead { tr {
                    th { "Merchant" } th { "Kind" } th { "Id" } th { "Why" }
                    th .number { "Failures" } th .number { "Age" }
                } }
                tbody { @for row in rows { tr {
                    td { (row.key.app_id) }
                    td { (row.key.queue) " " (row.key.kind) }
                    td { (row.key.id) }
                    td { (row.reason.as_deref().unwrap_or(BEING_SENT)) }
                    td .number { (row.failures) }
                    td .number { (age(row.age)) }
                } } }
            } }
            @if rows.len() >= Report::MOST_ROWS as usize {
                p { "There may be more: these are the oldest." }
            }
        }
    }
}

fn counts(counts: &[Count]) -> Markup {
    html! {
        h2 { "Everything" }
        @if counts.is_empty() {
            p { "Nothing was put in yet." }
        } @else {
            div .wide { table {
                thead { tr {
                    th { "Merchant" } th { "Kind" } th { "State" } th { "Verdict" }
                    th .number { "Entries" } th .number { "Found by a list" }
                    th .number { "Oldest" }
                } }
                tbody { @for count in counts { tr {
                    td { (count.app_id) }
                    td { (count.queue) " " (count.kind) }
                    td { (count.state) }
                    td { (count.verdict.as_deref().unwrap_or("")) }
                    td .number { (count.entries) }
                    td .number { (count.gaps) }
                    td .number { (age(count.oldest)) }
                } } }
            } }
        }
    }
}

/// A span in its two largest units.
fn age(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let minutes = seconds / 60 % 60;
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
