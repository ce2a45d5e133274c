//! A merchant with a store in memory, and the sandbox as the gateway.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_durable::client::core::{AppId, Credentials, RecordId, Version};
use ccpayment_durable::client::{Client, Exchange, Transport, TransportError};
use ccpayment_durable::webhook::{Creditable, NoCredit};
use ccpayment_durable::{
    EndedPayout, EndedWithdrawal, Handler, HandlerError, Inbox, MemoryStore, MemoryTx, Outbox,
    Settings, Worker,
};
use ccpayment_sandbox::{Notification, Sandbox, SandboxBuilder};
use ccpayment_testing::{SandboxClock, SandboxTransport};

pub(crate) const START: u64 = 1_767_225_600;

/// The merchant's own tables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books {
    /// A list, so that a credit that is booked twice shows.
    pub(crate) credits: Vec<(RecordId, String)>,
    pub(crate) not_credited: BTreeMap<RecordId, NoCredit>,
    pub(crate) payouts: Vec<EndedPayout>,
    pub(crate) withdrawals: Vec<EndedWithdrawal>,
    pub(crate) notices: Vec<Bytes>,
}

/// What the merchant's code does, when it does not do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    #[default]
    Works,
    Fails,
    Panics,
    Hangs,
    Parks,
}

#[derive(Clone, Default)]
pub(crate) struct Code {
    mood: Arc<Mutex<Mood>>,
}

impl Code {
    async fn act(&self) -> Result<(), HandlerError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Works => Ok(()),
            Mood::Fails => Err(std::io::Error::other("the shelf is full").into()),
            Mood::Panics => panic!("the shelf fell"),
            Mood::Hangs => std::future::pending().await,
            Mood::Parks => Err(HandlerError::park("no such order <b>")),
        }
    }
}

#[async_trait]
impl Handler<MemoryTx<Books>> for Code {
    async fn deposit(
        &self,
        tx: &mut MemoryTx<Books>,
        _app_id: &AppId,
        deposit: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let row = (deposit.record_id().clone(), deposit.amount().to_string());
        tx.credits.push(row);
        self.act().await
    }

    async fn deposit_v1(
        &self,
        tx: &mut MemoryTx<Books>,
        _app_id: &AppId,
        deposit: ccpayment_durable::webhook::v1::Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let row = (deposit.record_id().clone(), deposit.amount().to_string());
        tx.credits.push(row);
        self.act().await
    }

    async fn no_credit(
        &self,
        tx: &mut MemoryTx<Books>,
        _app_id: &AppId,
        record_id: &RecordId,
        why: NoCredit,
    ) -> Result<(), HandlerError> {
        tx.not_credited.insert(record_id.clone(), why);
        self.act().await
    }

    async fn payout(
        &self,
        tx: &mut MemoryTx<Books>,
        payout: &EndedPayout,
    ) -> Result<(), HandlerError> {
        tx.payouts.push(payout.clone());
        self.act().await
    }

    async fn withdrawal(
        &self,
        tx: &mut MemoryTx<Books>,
        withdrawal: &EndedWithdrawal,
    ) -> Result<(), HandlerError> {
        tx.withdrawals.push(withdrawal.clone());
        self.act().await
    }

    async fn notice(
        &self,
        tx: &mut MemoryTx<Books>,
        _app_id: &AppId,
        _version: Version,
        body: &Bytes,
    ) -> Result<(), HandlerError> {
        tx.notices.push(body.clone());
        self.act().await
    }
}

/// A transport that can be stopped before and after each exchange.
struct Stepwise(SandboxTransport);

#[async_trait]
impl Transport for Stepwise {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        tokio::task::yield_now().await;
        let answer = self.0.send(exchange).await;
        tokio::task::yield_now().await;
        answer
    }
}

pub(crate) type MemStore = MemoryStore<Books>;

/// A merchant's program and the gateway, in virtual time.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: MemStore,
    pub(crate) client: Client,
    pub(crate) inbox: Inbox<MemStore>,
    pub(crate) outbox: Outbox<MemStore>,
    pub(crate) code: Code,
    pub(crate) worker: Worker<MemStore, Code>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(Sandbox::builder().strict())
    }

    pub(crate) fn with(sandbox: SandboxBuilder) -> Self {
        let sandbox = sandbox.start_time(START).balance(1280, "1000");
        let sandbox = sandbox
            .webhook_url("http://127.0.0.1:9/notify")
            .build()
            .unwrap();
        let store = MemStore::new(SandboxClock::new(&sandbox));
        Self::on(sandbox, store)
    }

    /// A process that comes up on what is there.
    pub(crate) fn on(sandbox: Sandbox, store: MemStore) -> Self {
        let clock = SandboxClock::new(&sandbox);
        let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret()).unwrap();
        let inbox = Inbox::with_clock(store.clone(), &credentials, clock.now_fn());
        let client = Client::new(credentials, Stepwise(SandboxTransport::new(&sandbox)));
        let client = client.with_clock(clock);
        let outbox = Outbox::new(store.clone(), sandbox.app_id());
        let code = Code::default();
        let worker = Worker::new(store.clone(), code.clone())
            .merchant(client.clone())
            .settings(Settings::default().handler_timeout(Duration::from_millis(50)));
        Self {
            sandbox,
            store,
            client,
            inbox,
            outbox,
            code,
            worker,
        }
    }

    pub(crate) fn restarted(&self) -> Self {
        Self::on(self.sandbox.clone(), self.store.clone())
    }

    pub(crate) fn mood(&self, mood: Mood) {
        *self.code.mood.lock().unwrap() = mood;
    }

    /// Hands over what is due, and says how many deliveries were acknowledged.
    pub(crate) async fn deliver(&self) -> usize {
        let mut acknowledged = 0;
        for notification in self.sandbox.due_notifications() {
            let answer = self.receive(&notification).await;
            acknowledged += usize::from(answer.status() == 200);
            let _ = self.sandbox.record_answer(notification, Some(&answer));
        }
        acknowledged
    }

    pub(crate) async fn receive(&self, notification: &Notification) -> http::Response<Bytes> {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &notification.headers {
            let name: http::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let body = Bytes::from(notification.body.clone());
        let of_v1 = [
            "API Deposit",
            "Direct Deposit",
            "Invoice",
            "API Withdrawal",
            "Refund",
        ];
        match of_v1.contains(&&*notification.event_type) {
            true => self.inbox.receive_v1(&headers, &body).await,
            false => self.inbox.receive(&headers, &body).await,
        }
    }

    /// Works until nothing is open, for at most this long.
    pub(crate) async fn work(&self, at_most: Duration) {
        let end = self.sandbox.now() + at_most.as_secs();
        loop {
            self.worker.work_once().await.unwrap();
            self.deliver().await;
            if self.sandbox.now() >= end {
                return;
            }
            self.sandbox.advance(Duration::from_secs(5));
        }
    }

    pub(crate) async fn books(&self) -> Books {
        self.store.books().await
    }
}
