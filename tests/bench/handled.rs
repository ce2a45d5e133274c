//! Measures the time from the acceptance of a notification to the commit of the merchant's handler,
//! with the default worker. The gateway answers at once.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::webhook::Creditable;
use ccpayment::{AppId, Client, transport_fn};
use ccpayment_durable::{
    EndedPayout, Handler, HandlerError, Inbox, Report, Store, StoreError, Worker,
};
use http::{HeaderMap, Response};
use serde_json::Value;

use super::durable::{Told, credentials};
use super::hot::APP_ID;

const RECORDS: usize = 40;

/// A merchant whose books are not written: the mark of the entry is in the same commit.
struct NoBooks<S>(PhantomData<fn() -> S>);

#[async_trait]
impl<S: Store> Handler<S::Tx> for NoBooks<S> {
    async fn deposit(
        &self,
        _tx: &mut S::Tx,
        _app_id: &AppId,
        _deposit: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn payout(&self, _tx: &mut S::Tx, _payout: &EndedPayout) -> Result<(), HandlerError> {
        Ok(())
    }
}

pub(crate) async fn report<S: Store>(name: &str, store: &S) -> Result<()> {
    let gateway = transport_fn(|exchange| async move {
        let asked: Value = serde_json::from_slice(exchange.request.body()).unwrap_or_default();
        let id = asked
            .get("recordId")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let body = format!(
            r#"{{"code":10000,"msg":"success","data":{{"record":{{"recordId":"{id}",
            "orderId":"order-{id}","coinId":1329,"coinSymbol":"POL","chain":"POLYGON",
            "amount":"1.25","status":"Success","arrivedAt":1767225600,
            "isFlaggedAsRisky":false}}}}}}"#
        );
        Ok(Response::new(Bytes::from(body)))
    });
    let client = Client::new(credentials()?, gateway);
    let worker = Worker::new(store.clone(), NoBooks::<S>(PhantomData)).merchant(client);
    let inbox = Inbox::new(store.clone(), &credentials()?);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(async move {
        worker.run(async { drop(stopped.await) }).await;
    });
    let mut told = Told::from(0);
    let mut took = Vec::new();
    for _ in 0..RECORDS {
        let (_, body, timestamp, sign) = told.next()?;
        let mut headers = HeaderMap::new();
        headers.insert("appid", APP_ID.parse()?);
        headers.insert("timestamp", timestamp.parse()?);
        headers.insert("sign", sign.parse()?);
        let answer = inbox.receive(&headers, &Bytes::from(body)).await;
        ensure!(answer.status() == 200, "not accepted");
        let start = Instant::now();
        while is_open(store).await? {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        took.push(start.elapsed());
    }
    let _ = stop.send(());
    working.await?;
    took.sort_unstable();
    let middle = took.get(took.len() / 2).context("none")?;
    let most = took.last().context("none")?;
    eprintln!(
        "# durable_handled_{name}: {:.1} ms from the acceptance to the handler's commit in the \
         middle, {:.1} ms at most",
        middle.as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3
    );
    Ok(())
}

async fn is_open<S: Store>(store: &S) -> Result<bool, StoreError> {
    Ok(Report::read(store).await?.waiting() > 0)
}
