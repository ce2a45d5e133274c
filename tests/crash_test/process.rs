//! A process of the merchant: it receives, plans, works and reconciles, until it is killed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::post;
use ccpayment::v1::{TokenId, Withdraw};
use ccpayment::v2::{ApplyAppWithdrawToCwallet, ApplyAppWithdrawToNetwork};
use ccpayment::webhook::Creditable;
use ccpayment::{
    Address, AppId, Chain, Client, CoinId, Credentials, OrderId, ReqwestTransport, SystemClock,
    Timeouts, Timestamp, async_trait,
};
use ccpayment_durable::{
    EndedPayout, EndedWithdrawal, Handler, HandlerError, Inbox, Outbox, Reconciler, Settings,
    Store, StoreError, Worker,
};
use ccpayment_sqlx::{PostgresStore, SqliteStore};
use serde::{Deserialize, Serialize};

use crate::clock::SharedClock;
use crate::naive;
use crate::plants::Plant;
use crate::shop::Shop;
use crate::steps::{Steps, destine, step};
use crate::{Error, Kind};

pub const USDT: CoinId = CoinId::new(1280);
const RECEIVER: &str = "0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE";

/// How a process is started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arguments {
    pub folder: PathBuf,
    pub url: String,
    pub is_postgres: bool,
    pub origin: String,
    pub app_id: String,
    pub app_secret: String,
    /// How far its clock is off, in seconds.
    pub wrong_by: i64,
    /// The step at which it dies or holds, and how often it must have come there.
    pub fate: Option<(String, u32)>,
    pub holds: bool,
    pub plant: Option<String>,
    pub reconciles: bool,
}

impl Arguments {
    pub fn kind(&self) -> Kind {
        if self.is_postgres {
            Kind::Postgres
        } else {
            Kind::Sqlite
        }
    }
}

pub async fn run(arguments: Arguments) -> Result<(), Error> {
    if let Some((at, times)) = &arguments.fate {
        destine(at.clone(), *times, arguments.holds);
    }
    let plant = arguments.plant.as_deref().map(str::parse).transpose()?;
    match arguments.kind() {
        Kind::Sqlite => live(&arguments, SqliteStore::open(&arguments.url).await?, plant).await,
        Kind::Postgres => {
            live(
                &arguments,
                PostgresStore::connect(&arguments.url).await?,
                plant,
            )
            .await
        }
    }
}

/// The client of a process. Its exchanges are steps.
pub fn client(arguments: &Arguments, credentials: Credentials) -> Result<Client, Error> {
    Ok(
        Client::new(credentials, Steps::new(ReqwestTransport::new()?))
            .with_origin(arguments.origin.parse()?)
            .with_clock(SharedClock::new(&arguments.folder, arguments.wrong_by))
            .with_timeouts(Timeouts::new(
                Duration::from_secs(10),
                Duration::from_secs(20),
            )),
    )
}

pub async fn listen(router: Router) -> Result<(), Error> {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("listens at {}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

/// In real time, since the database's clock is.
pub fn settings() -> Settings {
    Settings::default()
        .lease(Duration::from_secs(4))
        .poll(Duration::from_millis(20))
        .first_pause(Duration::from_millis(50))
        .longest_pause(Duration::from_millis(500))
        .most_failures(1_000)
        .handler_timeout(Duration::from_secs(2))
}

async fn live<S: Shop>(arguments: &Arguments, shop: S, plant: Option<Plant>) -> Result<(), Error> {
    let credentials = Credentials::new(&*arguments.app_id, &*arguments.app_secret)?;
    let client = client(arguments, credentials.clone())?;
    if let Some(plant) = plant.filter(|it| it.is_naive()) {
        return naive::live(shop, client, &credentials, plant).await;
    }
    let mut store = Steps::new(shop.clone());
    if plant == Some(Plant::ProcessLease) {
        let ahead = Duration::from_secs(arguments.wrong_by.unsigned_abs());
        store.1 = Some(Arc::new(move || ahead));
    }
    let now = client.clone();
    let inbox = Inbox::with_clock(store.clone(), &credentials, move || now.now());
    let books = Books {
        apart: match plant {
            Some(Plant::HandlerOutside) => {
                Some(S::open(&format!("{}.apart", arguments.url)).await?)
            }
            _ => None,
        },
    };
    let worker = Worker::new(store.clone(), books)
        .merchant(client.clone())
        .settings(settings());
    let outbox = Outbox::new(store.clone(), client.app_id());
    let plan = {
        let store = store.clone();
        post(
            async move |body: String| match plan(&store, &outbox, &body).await {
                Ok(()) => StatusCode::OK,
                Err(error) => {
                    eprintln!("not planned: {error}");
                    StatusCode::SERVICE_UNAVAILABLE
                }
            },
        )
    };
    let router = inbox.route("/notify").merge(inbox.route_v1("/notify-v1"));
    let router = router.layer(from_fn(acknowledging)).route("/plan", plan);
    let reconciler = Reconciler::new(store, client, Timestamp::new(1_767_225_600));
    let clock = SystemClock::new();
    let never = std::future::pending::<()>;
    tokio::spawn(async move { worker.run(never()).await });
    if arguments.reconciles {
        let pause = Duration::from_secs(2);
        tokio::spawn(async move { reconciler.run(pause, &clock, never()).await });
    }
    listen(router).await
}

async fn acknowledging(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    step("before an acknowledgement");
    answer
}

/// A payout's order id says its kind.
async fn plan<S: Store>(store: &S, outbox: &Outbox<S>, order: &str) -> Result<(), Error> {
    let (order_id, rest) = order.split_once(' ').ok_or("an order id and more")?;
    let (amount, token) = rest.split_once(' ').ok_or("an amount and a token")?;
    let (id, amount) = (OrderId::new(order_id), amount.parse()?);
    let mut tx = store.begin().await?;
    if order_id.starts_with("v1-") {
        let payout = Withdraw::new(id, Address::new(RECEIVER), TokenId::new(token), amount);
        outbox.plan(&mut tx, &payout).await?;
    } else if order_id.starts_with("cwallet-") {
        let payout = ApplyAppWithdrawToCwallet::new(id, USDT, "35255142", amount);
        outbox.plan(&mut tx, &payout).await?;
    } else {
        let (chain, address) = (Chain::new("POLYGON"), Address::new(RECEIVER));
        let payout = ApplyAppWithdrawToNetwork::new(id, USDT, chain, address, amount);
        outbox.plan(&mut tx, &payout).await?;
    }
    step("payout planned");
    store.commit(tx).await?;
    Ok(())
}

/// The merchant's code for each end.
struct Books<S> {
    /// The store that it writes to outside of the transaction, by mistake.
    apart: Option<S>,
}

#[async_trait]
impl<S: Shop> Handler<S::Tx> for Books<S> {
    async fn deposit(
        &self,
        tx: &mut S::Tx,
        _app_id: &AppId,
        deposit: Creditable<'_>,
    ) -> Result<(), HandlerError> {
        let (record_id, amount) = (deposit.record_id().as_str(), deposit.amount().to_string());
        let written = match &self.apart {
            None => S::credit(tx, record_id, &amount).await,
            Some(apart) => apart.credit_apart(record_id, &amount).await,
        };
        written.map_err(StoreError::database)?;
        step("deposit handled");
        Ok(())
    }

    async fn payout(&self, tx: &mut S::Tx, payout: &EndedPayout) -> Result<(), HandlerError> {
        let (order_id, end) = (payout.order_id.as_str(), payout.end.as_str());
        S::end(tx, order_id, end)
            .await
            .map_err(StoreError::database)?;
        step("payout's end handled");
        Ok(())
    }

    async fn withdrawal(
        &self,
        _tx: &mut S::Tx,
        withdrawal: &EndedWithdrawal,
    ) -> Result<(), HandlerError> {
        let id = withdrawal.record_id.as_str();
        Err(HandlerError::park(format!(
            "the withdrawal {id} is not of the outbox"
        )))
    }
}
