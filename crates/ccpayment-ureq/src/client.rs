//! `Client`: the async client, run to its end on the calling thread.

use std::time::SystemTime;

use ccpayment_client::core::{Credentials, Paged, Payout, Request, Sendable, Submit, Timestamp};
#[cfg(feature = "v2")]
use ccpayment_client::{BatchPayout, SubmittedBatch};
use ccpayment_client::{BlockingTransport, Client as AsyncClient, Error, SubmitError, Submitted};

use crate::clock::BlockingClock;
use crate::lists::{Items, Pages};

/// A client of the gateway whose calls block. Cheap to clone; every clone shares connections and
/// settings.
///
/// Its transport has to block as well and to keep
/// [`Exchange::timeout`](ccpayment_client::Exchange::timeout) by itself, as a [`BlockingTransport`]
/// does: there is no runtime that could interrupt it. A [`Signer`](ccpayment_client::core::Signer)
/// with a key elsewhere has to do the same.
///
/// ```
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use ccpayment_client::{BlockingTransport, Exchange, Transport, TransportError};
/// # use ccpayment_client::core::{AppId, AppSecret, Credentials};
/// use ccpayment_ureq::Client;
///
/// struct Closed;
///
/// #[async_trait]
/// impl Transport for Closed {
///     async fn send(&self, _: Exchange) -> Result<http::Response<Bytes>, TransportError> {
///         Err(TransportError::NotSent("closed for the night".into()))
///     }
/// }
///
/// impl BlockingTransport for Closed {}
///
/// # let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
/// let client = Client::new(credentials, Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A transport for a runtime is not a [`BlockingTransport`], so this does not compile:
///
/// ```compile_fail,E0277
/// # use async_trait::async_trait;
/// # use bytes::Bytes;
/// # use ccpayment_client::{BlockingTransport, Exchange, Transport, TransportError};
/// # use ccpayment_client::core::{AppId, AppSecret, Credentials};
/// # use ccpayment_ureq::Client;
/// #
/// # struct Closed;
/// #
/// # #[async_trait]
/// # impl Transport for Closed {
/// #     async fn send(&self, _: Exchange) -> Result<http::Response<Bytes>, TransportError> {
/// #         Err(TransportError::NotSent("closed for the night".into()))
/// #     }
/// # }
/// #
/// # let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
/// let client = Client::new(credentials, Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    client: AsyncClient,
}

impl Client {
    /// A client for the real gateway, with default timeouts and the machine's clock.
    pub fn new(credentials: Credentials, transport: impl BlockingTransport + 'static) -> Self {
        Self {
            client: AsyncClient::new(credentials, transport).with_clock(BlockingClock::new()),
        }
    }

    /// The same client with other settings, which are those of the async client. `change` gets the
    /// async client, and has to give the same one back: the transport of another need not block.
    ///
    /// ```
    /// # use ccpayment_client::core::{AppId, AppSecret, Credentials};
    /// # use ccpayment_ureq::{Client, UreqTransport};
    /// # let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret"))?;
    /// let sandbox = "http://127.0.0.1:8080".parse()?;
    /// let client = Client::new(credentials, UreqTransport::new()?)
    ///     .with(|client| client.with_origin(sandbox));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with(self, change: impl FnOnce(AsyncClient) -> AsyncClient) -> Self {
        Self {
            client: change(self.client),
        }
    }

    /// Sends a request and gives back the answer, as [`ccpayment_client::Client::send`] does.
    ///
    /// # Errors
    ///
    /// [`Error`], of the last attempt.
    pub fn send<E: Sendable>(&self, request: &E) -> Result<E::Response, Error> {
        pollster::block_on(self.client.send(request))
    }

    /// Sends a request of any kind, as [`ccpayment_client::Client::send_unsettled`] does.
    ///
    /// # Errors
    ///
    /// [`Error`], of the last attempt. Ask [`Error::outcome`] whether the gateway may have acted.
    pub fn send_unsettled<E: Request>(&self, request: &E) -> Result<E::Response, Error> {
        pollster::block_on(self.client.send_unsettled(request))
    }

    /// Makes an order, an invoice or a checkout page exactly once, as
    /// [`ccpayment_client::Client::submit`] does.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: refused, conflict, incomparable or unknown.
    pub fn submit<S: Submit>(&self, request: &S) -> Result<Submitted<S::Created>, SubmitError> {
        pollster::block_on(self.client.submit(request))
    }

    /// Makes a payout exactly once, as [`ccpayment_client::Client::payout`] does.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: refused, conflict, incomparable or unknown.
    pub fn payout<P: Payout>(&self, request: &P) -> Result<Submitted<P::Created>, SubmitError> {
        pollster::block_on(self.client.payout(request))
    }

    /// Submits a batch of payouts exactly once, as [`ccpayment_client::Client::batch_payout`] does.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: refused, conflict, incomparable or unknown.
    #[cfg(feature = "v2")]
    pub fn batch_payout(&self, batch: &BatchPayout) -> Result<SubmittedBatch, SubmitError> {
        pollster::block_on(self.client.batch_payout(batch))
    }

    /// Goes on with a batch that an earlier call did not bring to its end, as
    /// [`ccpayment_client::Client::resume_batch`] does.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: refused, conflict, incomparable or unknown.
    #[cfg(feature = "v2")]
    pub fn resume_batch(
        &self,
        batch: &BatchPayout,
        in_doubt_since: Option<Timestamp>,
    ) -> Result<SubmittedBatch, SubmitError> {
        pollster::block_on(self.client.resume_batch(batch, in_doubt_since))
    }

    /// Finds out what became of a payout that was left in doubt, as
    /// [`ccpayment_client::Client::settle`] does. Never submits anything.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: refused, conflict, incomparable or unknown.
    pub fn settle<S: Submit>(
        &self,
        request: &S,
        in_doubt_since: Timestamp,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        pollster::block_on(self.client.settle(request, in_doubt_since))
    }

    /// Settles what a process that has ended may have left in doubt, as
    /// [`ccpayment_client::Client::settle_after_restart`] does. It may take more than five minutes.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: refused, conflict, incomparable or unknown.
    pub fn settle_after_restart<S: Submit>(
        &self,
        request: &S,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        pollster::block_on(self.client.settle_after_restart(request))
    }

    /// Settles with one look, as [`ccpayment_client::Client::settle_once`] does.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: refused, conflict, incomparable or unknown.
    pub fn settle_once<S: Submit>(
        &self,
        request: &S,
        in_doubt_since: Timestamp,
    ) -> Result<Submitted<S::Created>, SubmitError> {
        pollster::block_on(self.client.settle_once(request, in_doubt_since))
    }

    /// The machine's clock, corrected as [`ccpayment_client::Client::now`] does.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.client.now()
    }

    /// Reads a list page by page, as [`ccpayment_client::Client::pages`] does.
    pub fn pages<Q: Paged>(&self, query: Q) -> Pages<Q> {
        Pages(self.client.pages(query))
    }

    /// Reads a list record by record, as [`ccpayment_client::Client::items`] does.
    ///
    /// ```no_run
    /// # use ccpayment_client::core::v2::GetAppDepositRecordList;
    /// # fn example(client: &ccpayment_ureq::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// for deposit in client.items(GetAppDepositRecordList::new()) {
    ///     let deposit = deposit?;
    ///     println!("{} {:?}", deposit.record_id, deposit.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn items<Q: Paged>(&self, query: Q) -> Items<Q> {
        Items(self.client.items(query))
    }

    /// Runs anything else that the async client can do:
    ///
    /// ```no_run
    /// # use ccpayment_client::core::v2::GetCoin;
    /// # use ccpayment_client::core::CoinId;
    /// # fn example(client: &ccpayment_ureq::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let (usdt, matic) = client.run(async |client| {
    ///     let usdt = client.send(&GetCoin::new(CoinId::new(1280))).await?;
    ///     let matic = client.send(&GetCoin::new(CoinId::new(1329))).await?;
    ///     Ok::<_, ccpayment_client::Error>((usdt, matic))
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<T>(&self, what: impl AsyncFnOnce(&AsyncClient) -> T) -> T {
        pollster::block_on(what(&self.client))
    }
}
