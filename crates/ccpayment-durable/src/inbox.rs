//! `Inbox`, which receives notifications: verified, stored, and only then acknowledged.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use ccpayment_client::core::{AppId, Credentials, RecordId, Timestamp, UserId, Version};
use ccpayment_webhook::{Acknowledgement, Event, Verifier, VerifyError};
use futures_util::future::{Either, select};
use http::{HeaderMap, Response, StatusCode};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Mutex, oneshot};

use crate::entry::{Delivery, EntryKey, NOT_CREDITED};
use crate::kind;
use crate::store::{Store, StoreError};

/// Receives notifications of one merchant. Clones share it.
///
/// [`Inbox::receive`] is for any server; the feature `axum` has a route. Deliveries that come at
/// the same time are committed together.
pub struct Inbox<S> {
    shared: Arc<Shared<S>>,
}

type Now = Arc<dyn Fn() -> SystemTime + Send + Sync>;

#[derive(Clone)]
struct Verifiers {
    v2: Verifier,
    #[cfg(feature = "v1")]
    v1: ccpayment_webhook::v1::Verifier,
}

struct Shared<S> {
    store: S,
    app_id: AppId,
    keys: Verifiers,
    now: Now,
    waiting: std::sync::Mutex<Vec<Waiting>>,
    writer: Mutex<()>,
}

impl<S> Clone for Inbox<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> fmt::Debug for Inbox<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("app_id", &self.shared.app_id)
            .finish_non_exhaustive()
    }
}

/// Why a delivery was not taken. If the gateway sent it, it comes again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It is not trusted.
    #[error("the delivery is not trusted")]
    Verify(#[from] VerifyError),
    /// It could not be stored.
    #[error("the delivery could not be stored")]
    Store(#[source] Arc<StoreError>),
    /// The writer that was to store it was stopped.
    #[error("the delivery was not stored in time")]
    Abandoned,
}

impl ReceiveError {
    /// The status to answer with: 503 where it could not be stored.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Verify(error) => error.status(),
            Self::Store(_) | Self::Abandoned => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A delivery that waits for its commit.
struct Waiting {
    delivery: Delivery,
    /// The end user that it names, whose lists are walked from now on.
    user: Option<UserId>,
    told: oneshot::Sender<Result<(), Arc<StoreError>>>,
}

fn delivery(app_id: &AppId, version: Version, told: Option<Told<'_>>, body: &Bytes) -> Delivery {
    let (key, status) = match told.filter(is_keyable) {
        Some((kind, record_id, status)) => {
            let key = EntryKey::inbox(app_id, version, kind, record_id.as_str());
            (key, status)
        }
        None => (EntryKey::by_body(app_id, version, kind::NOTICE, body), ""),
    };
    Delivery::new(key, status, body.clone())
}

/// Whether a database can keep the id and the status in a key. No id of the gateway is too long. A
/// delivery that can't be kept so is stored whole, like one that is about no record.
fn is_keyable((_, record_id, status): &Told<'_>) -> bool {
    const LONGEST: usize = 256;
    let fits = |text: &str| text.len() <= LONGEST && !text.contains('\0');
    fits(record_id.as_str()) && fits(status)
}

/// The kind of a record, its id, and its status as it was told.
type Told<'a> = (&'static str, &'a RecordId, &'a str);

fn told(event: &Event) -> Option<Told<'_>> {
    Some(match event {
        Event::ApiDeposit(it) => (kind::DEPOSIT, &it.record_id, it.status.as_str()),
        Event::DirectDeposit(it) => (kind::DEPOSIT, &it.record_id, it.status.as_str()),
        Event::UserDeposit(it) => (kind::USER_DEPOSIT, &it.record_id, it.status.as_str()),
        Event::ApiWithdrawal(it) => (kind::WITHDRAWAL, &it.record_id, it.status.as_str()),
        Event::UserWithdrawal(it) => (kind::USER_WITHDRAWAL, &it.record_id, it.status.as_str()),
        _ => return None,
    })
}

fn user(event: &Event) -> Option<UserId> {
    match event {
        Event::UserDeposit(it) => Some(it.user_id.clone()),
        Event::UserWithdrawal(it) => Some(it.user_id.clone()),
        _ => None,
    }
}

#[cfg(feature = "v1")]
fn told_v1(event: &ccpayment_webhook::v1::Event) -> Option<Told<'_>> {
    use ccpayment_webhook::v1::Event;
    Some(match event {
        Event::ApiDeposit(it) => (kind::DEPOSIT, &it.record_id, it.pay_status.as_str()),
        Event::DirectDeposit(it) => (kind::DEPOSIT, &it.record_id, it.pay_status.as_str()),
        Event::Invoice(it) => (kind::DEPOSIT, &it.record_id, it.pay_status.as_str()),
        Event::ApiWithdrawal(it) => (kind::WITHDRAWAL, &it.record_id, it.pay_status.as_str()),
        Event::Refund(it) => (kind::REFUND, &it.record_id, it.pay_status.as_str()),
        _ => return None,
    })
}

impl<S: Store> Inbox<S> {
    /// The inbox of the merchant with these credentials, by the machine's clock.
    #[allow(clippy::disallowed_methods, reason = "where the inbox meets real time")]
    pub fn new(store: S, credentials: &Credentials) -> Self {
        Self::with_clock(store, credentials, SystemTime::now)
    }

    /// The same, by the time that `now` tells: a test's, or that of a client (`Client::now`), which
    /// knows how far the machine's clock is off.
    pub fn with_clock(
        store: S,
        credentials: &Credentials,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        let keys = Verifiers {
            v2: Verifier::from(credentials),
            #[cfg(feature = "v1")]
            v1: credentials.into(),
        };
        Self::build(store, credentials.app_id().clone(), keys, Arc::new(now))
    }

    /// The same inbox with a verifier of your own, such as one that accepts two secrets. Its APP ID
    /// has to be that of the credentials.
    #[must_use]
    pub fn verifier(self, verifier: Verifier) -> Self {
        self.with_keys(|keys| keys.v2 = verifier)
    }

    /// The same for the notifications of v1.
    #[cfg(feature = "v1")]
    #[must_use]
    pub fn verifier_v1(self, verifier: ccpayment_webhook::v1::Verifier) -> Self {
        self.with_keys(|keys| keys.v1 = verifier)
    }

    fn with_keys(self, change: impl FnOnce(&mut Verifiers)) -> Self {
        let shared = &*self.shared;
        let mut keys = shared.keys.clone();
        change(&mut keys);
        let (store, app_id) = (shared.store.clone(), shared.app_id.clone());
        Self::build(store, app_id, keys, Arc::clone(&shared.now))
    }

    fn build(store: S, app_id: AppId, keys: Verifiers, now: Now) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                app_id,
                keys,
                now,
                waiting: std::sync::Mutex::default(),
                writer: Mutex::default(),
            }),
        }
    }

    /// Takes a delivery of v2: its headers and its raw body. The answer is ready to be sent:
    /// `Success` once it is committed, else a status alone, so that the gateway sends it again.
    pub async fn receive(&self, headers: &HeaderMap, body: &Bytes) -> Response<Bytes> {
        answer(self.accept(headers, body).await)
    }

    /// The same, with the reason where it was not taken.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`].
    pub async fn accept(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Acknowledgement, ReceiveError> {
        let shared = &*self.shared;
        let event = shared.keys.v2.verify(headers, body, (shared.now)())?;
        if !matches!(*event, Event::ActivateWebhookUrl(_)) {
            let delivery = delivery(&shared.app_id, Version::V2, told(&event), body);
            self.write(delivery, user(&event)).await?;
        }
        Ok(event.acknowledge_activation_as_json())
    }

    /// Takes a delivery of v1.
    #[cfg(feature = "v1")]
    pub async fn receive_v1(&self, headers: &HeaderMap, body: &Bytes) -> Response<Bytes> {
        answer(self.accept_v1(headers, body).await)
    }

    /// The same, with the reason where it was not taken.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`].
    #[cfg(feature = "v1")]
    pub async fn accept_v1(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Acknowledgement, ReceiveError> {
        let shared = &*self.shared;
        let event = shared.keys.v1.verify(headers, body, (shared.now)())?;
        let delivery = delivery(&shared.app_id, Version::V1, told_v1(&event), body);
        self.write(delivery, None).await?;
        Ok(event.acknowledge())
    }

    /// Reads again the record of a deposit that was not credited, because a person has released the
    /// money on the dashboard. False where no such deposit is in the inbox. `kind` is one of
    /// [`kind`].
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn look_again(
        &self,
        tx: &mut S::Tx,
        version: Version,
        kind: &str,
        record_id: &RecordId,
    ) -> Result<bool, StoreError> {
        let shared = &*self.shared;
        let key = EntryKey::inbox(&shared.app_id, version, kind, record_id.as_str());
        shared.store.reopen(tx, &key, NOT_CREDITED).await
    }

    /// Stores a delivery, and waits for its commit. One caller at a time writes all that wait.
    async fn write(&self, delivery: Delivery, user: Option<UserId>) -> Result<(), ReceiveError> {
        let (told, mut outcome) = oneshot::channel();
        let waiting = || (self.shared.waiting.lock()).unwrap_or_else(PoisonError::into_inner);
        waiting().push(Waiting {
            delivery,
            user,
            told,
        });
        let writer = std::pin::pin!(self.shared.writer.lock());
        let result = match select(&mut outcome, writer).await {
            Either::Left((result, _)) => result,
            Either::Right((_writer, _)) => {
                // Another caller has written it meanwhile, or else this one writes it now.
                match outcome.try_recv() {
                    Ok(result) => return result.map_err(ReceiveError::Store),
                    // The outcome can't be awaited any more.
                    Err(TryRecvError::Closed) => return Err(ReceiveError::Abandoned),
                    Err(TryRecvError::Empty) => {}
                }
                let batch = std::mem::take(&mut *waiting());
                self.write_all(batch).await;
                outcome.await
            }
        };
        match result {
            Ok(result) => result.map_err(ReceiveError::Store),
            Err(_) => Err(ReceiveError::Abandoned),
        }
    }

    async fn write_all(&self, batch: Vec<Waiting>) {
        let written = match self.commit(&batch).await {
            // A delivery that can't be written must not keep the others out.
            Ok(Err(_)) if batch.len() > 1 => return self.write_each(batch).await,
            Ok(written) => written,
            Err(error) => Err(error),
        };
        let written = written.map_err(Arc::new);
        (batch.into_iter()).for_each(|it| drop(it.told.send(written.clone())));
    }

    /// Writes deliveries one by one. When no transaction can be begun, the rest get that error at
    /// once.
    async fn write_each(&self, batch: Vec<Waiting>) {
        let mut gone = None;
        for it in batch {
            let written = match &gone {
                None => self.commit(std::slice::from_ref(&it)).await,
                Some(error) => {
                    let _ = it.told.send(Err(Arc::clone(error)));
                    continue;
                }
            };
            let written = match written {
                Ok(written) => written.map_err(Arc::new),
                Err(error) => Err(Arc::clone(gone.insert(Arc::new(error)))),
            };
            let _ = it.told.send(written);
        }
    }

    /// The outer error says that no transaction could be begun.
    async fn commit(&self, batch: &[Waiting]) -> Result<Result<(), StoreError>, StoreError> {
        let tx = self.shared.store.begin().await?;
        Ok(self.commit_in(tx, batch).await)
    }

    async fn commit_in(&self, mut tx: S::Tx, batch: &[Waiting]) -> Result<(), StoreError> {
        let Shared { store, app_id, .. } = &*self.shared;
        let mut deliveries: Vec<_> = batch.iter().map(|it| it.delivery.clone()).collect();
        // In one order for everybody, so that two processes never wait for each other.
        deliveries.sort_by(|one, other| one.key.cmp(&other.key));
        let users: BTreeSet<_> = batch.iter().filter_map(|it| it.user.as_ref()).collect();
        store.take_in(&mut tx, &deliveries).await?;
        for user in users {
            let list = kind::user_list(user);
            (store.set_position(&mut tx, app_id, &list, Timestamp::new(0))).await?;
        }
        store.commit(tx).await
    }
}

fn answer(taken: Result<Acknowledgement, ReceiveError>) -> Response<Bytes> {
    match taken {
        Ok(acknowledgement) => acknowledgement.into_response(),
        Err(error) => {
            if let ReceiveError::Store(source) = &error {
                let error = ccpayment_client::core::ErrorReport::new(&**source);
                tracing::error!(%error, "a notification could not be stored");
            }
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = error.status();
            response
        }
    }
}
