use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::time::SystemTime;

use bytes::Bytes;
use ccpayment_core::v2::{GetAppDepositRecord, GetAppDepositRecordResponse};
use ccpayment_core::{Amount, CoinId, OrderId, RecordId};
use ccpayment_webhook::{ConfirmedDeposit, DepositDecision, Event, Verifier};
use http::{HeaderMap, Response, StatusCode};

type Trouble = Box<dyn Error + Send + Sync>;
type Answer = Result<GetAppDepositRecordResponse, Trouble>;

/// Two tables of the merchant's database.
#[derive(Default)]
pub struct Books {
    /// What was paid, and for which order. The record id is the unique key: a repeat adds nothing.
    pub credits: BTreeMap<RecordId, (OrderId, CoinId, Amount)>,
    /// Whole notifications that nobody has handled yet, for a person or a later version.
    pub set_aside: Vec<String>,
}

/// One delivery: `headers` and the raw `body` from your server, `now` from your clock.
/// `read_record` sends the read with any client.
pub async fn receive(
    verifier: &Verifier,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
    books: &Mutex<Books>,
    read_record: impl AsyncFnOnce(GetAppDepositRecord) -> Answer,
) -> Response<Bytes> {
    let event = match verifier.verify(headers, body, now) {
        Ok(event) => event,
        Err(refused) => return empty(refused.status()),
    };
    match handle(event.event(), books, read_record).await {
        Ok(()) => event.acknowledge().into_response(),
        // Not acknowledged, so it comes again.
        Err(_) => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn handle(
    event: &Event,
    books: &Mutex<Books>,
    read_record: impl AsyncFnOnce(GetAppDepositRecord) -> Answer,
) -> Result<(), Trouble> {
    let set_aside = |books: &Mutex<Books>| -> Result<(), Trouble> {
        let whole = serde_json::to_string(event)?;
        books.lock().map_err(|_| "no books")?.set_aside.push(whole);
        Ok(())
    };
    let Event::ApiDeposit(deposit) = event else {
        // What is not handled is stored before it is acknowledged.
        return set_aside(books);
    };
    let record = read_record(deposit.confirm_request()).await?;
    match ConfirmedDeposit::judge(deposit, record)?.decision() {
        DepositDecision::Credit(paid) => {
            let row = (
                deposit.order_id.clone(),
                paid.coin_id(),
                paid.amount().clone(),
            );
            let mut books = books.lock().map_err(|_| "no books")?;
            books.credits.entry(paid.record_id().clone()).or_insert(row);
            Ok(())
        }
        // Another notification will come.
        DepositDecision::NotYet => Ok(()),
        DepositDecision::Never(_) => set_aside(books),
        // The record lags behind its last notification. Acknowledged now, it would be lost.
        _ => Err("not final yet".into()),
    }
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
