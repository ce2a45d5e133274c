use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;

use ccpayment_core::v1::{GetOrderInfo, GetOrderInfoResponse};
use ccpayment_core::{Amount, RecordId};
use ccpayment_webhook::v1::{Creditable, Event};
use ccpayment_webhook::{Acknowledgement, DepositDecision, Verified};

type Trouble = Box<dyn Error + Send + Sync>;

/// Two tables of the merchant's database.
#[derive(Default)]
pub struct Books {
    /// What was paid, in which token. The record id is the unique key: a repeat adds nothing.
    pub credits: BTreeMap<RecordId, (String, Amount)>,
    /// Whole notifications that nobody has handled yet, for a person or a later version.
    pub set_aside: Vec<String>,
}

/// Handles a verified delivery to its end. An error is not acknowledged, so it comes again.
/// `read_order` sends the read with any client.
pub async fn receive(
    event: Verified<Event>,
    books: &Mutex<Books>,
    read_order: impl AsyncFnOnce(GetOrderInfo) -> Result<GetOrderInfoResponse, Trouble>,
) -> Result<Acknowledgement, Trouble> {
    let decision: DepositDecision<Creditable<'_>> = match event.event() {
        Event::ApiDeposit(deposit) => {
            let read = deposit.confirm_request().ok_or("it names no order")?;
            deposit.decide(&read_order(read).await?)?
        }
        // These two can't be read back: the signature has to do.
        Event::DirectDeposit(deposit) => deposit.decision(),
        Event::Invoice(invoice) => invoice.decision(),
        // What is not handled is stored before it is acknowledged.
        other => {
            let whole = serde_json::to_string(other)?;
            books.lock().map_err(|_| "no books")?.set_aside.push(whole);
            return Ok(event.acknowledge());
        }
    };
    match decision {
        DepositDecision::Credit(paid) => {
            let row = (paid.crypto().to_owned(), paid.amount().clone());
            let mut books = books.lock().map_err(|_| "no books")?;
            books.credits.entry(paid.record_id().clone()).or_insert(row);
        }
        // Another notification will come; or it failed, and there never was any money.
        DepositDecision::NotYet | DepositDecision::Never(_) => {}
        // The record lags behind its notification. Acknowledged now, it would be lost.
        _ => return Err("not final yet".into()),
    }
    Ok(event.acknowledge())
}
