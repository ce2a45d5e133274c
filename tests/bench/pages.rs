//! The memory that a list takes while it is read: of one page, however many there are.

use allocation_counter::measure;
use anyhow::{Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::v2::GetAppDepositRecordList;
use ccpayment::{AppId, AppSecret, Client, Credentials, Exchange, Transport, TransportError};
use futures_util::TryStreamExt;
use http::Response;
use serde_json::{Value, json};

use super::hot::{APP_ID, SECRET};

const FEW: u64 = 1_000;
const MANY: u64 = 100_000;
const PAGE: u64 = 20;
const MOST_MIB: f64 = 4.0;

/// A gateway with this many deposits.
struct Deposits(u64);

#[async_trait]
impl Transport for Deposits {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let asked: Value = serde_json::from_slice(exchange.request.body()).unwrap_or_default();
        let cursor = asked.get("nextId").and_then(Value::as_str);
        let start = cursor.and_then(|it| u64::from_str_radix(it, 16).ok());
        let start = start.unwrap_or(0);
        let end = self.0.min(start + PAGE);
        let records: Vec<_> = (start..end)
            .map(|number| {
                json!({
                    "recordId": format!("20240313121919{number:018}"), "coinId": 1280,
                    "coinSymbol": "USDT", "chain": "POLYGON", "amount": "12.5",
                    "status": "Success", "arrivedAt": 1_700_000_000 + number,
                })
            })
            .collect();
        // As long as the cursors of the documents.
        let next = (end < self.0).then(|| format!("{end:032x}"));
        let body = json!({
            "code": 10000, "msg": "success", "data": { "records": records, "nextId": next },
        });
        Ok(Response::new(Bytes::from(body.to_string())))
    }
}

/// By how many MiB the peak of 100,000 records exceeds that of 1,000.
pub(crate) fn growth() -> Result<f64> {
    // The first run pays for one-time setup.
    peak(FEW)?;
    let (few, many) = (peak(FEW)?, peak(MANY)?);
    eprintln!("# pages: {few} bytes at the peak of {FEW} records; {many} at that of {MANY}");
    let growth = (many.saturating_sub(few)) as f64 / f64::from(1 << 20);
    ensure!(
        growth <= MOST_MIB,
        "{MANY} records take {growth:.2} MiB more than {FEW}"
    );
    Ok(growth)
}

fn peak(records: u64) -> Result<u64> {
    let credentials = Credentials::new(AppId::new(APP_ID), AppSecret::new(SECRET))?;
    let client = Client::new(credentials, Deposits(records));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut read = Ok(0);
    let taken = measure(|| {
        read = runtime.block_on(async {
            let mut items = client.items(GetAppDepositRecordList::new());
            let mut count = 0;
            while items.try_next().await?.is_some() {
                count += 1;
            }
            anyhow::Ok(count)
        });
    });
    ensure!(read? == records, "not every record was read");
    Ok(taken.bytes_max)
}
