//! The merchant's process, as the story runs it: it does what it is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use ccpayment::bytes::Bytes;
use ccpayment::http::{self, StatusCode};
use ccpayment::{
    Client, Credentials, Exchange, ReqwestTransport, Transport, TransportError, async_trait,
};
use ccpayment_durable::{Inbox, Report, Settings, Worker};
use ccpayment_sqlx::SqliteStore;
use serde_json::Value;

use crate::Error;
use crate::bugs::{self, Bug};
use crate::merchant::{Books, ORDER_ID, Shop};
use crate::story::{self, StoryClock, say, tell, write};

/// What the story says to a process, and where it stands.
pub struct Arguments {
    pub database: PathBuf,
    pub origin: String,
    pub listen: SocketAddr,
    pub bug: Option<Bug>,
}

pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let mut commands = story::listen();

    let credentials = Credentials::from_env()?;
    let client = Client::new(credentials.clone(), Network(ReqwestTransport::new()?))
        .with_origin(arguments.origin.parse()?)
        .with_clock(StoryClock);
    let store = SqliteStore::open(&arguments.database)
        .await?
        .with_clock(StoryClock);
    let shop = Shop::open(client.clone(), store.clone()).await?;

    let inbox = Inbox::with_clock(store.clone(), &credentials, story::now);
    let receiver = match arguments.bug {
        Some(bug) => bugs::receiver(bug, shop.clone(), &credentials),
        None => inbox.route("/notify").layer(from_fn(tell_acknowledged)),
    };
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().merge(receiver)).await });

    // One after the other, so that the story has one order.
    let worker = Worker::new(store.clone(), Books)
        .merchant(client)
        .clock(StoryClock)
        .settings(Settings::default().batch(1));
    write(&format!("done {address}"));
    while let Some(command) = commands.recv().await {
        let mut answer = String::new();
        match (command.as_str(), arguments.bug) {
            ("sell", _) => answer = shop.sell().await?.to_string(),
            ("pay-out", Some(bug)) => bugs::pay_out(&shop, bug).await?,
            ("pay-out", None) => shop.pay_out().await?,
            _ => {
                while worker.work_once().await? > 0 {}
                answer = Report::read(&store).await?.waiting().to_string();
            }
        }
        write(&format!("done {answer}"));
    }
    Ok(())
}

async fn tell_acknowledged(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = next.run(Request::from_parts(parts, body.into())).await;
    if answer.status() == StatusCode::OK {
        let record = event.pointer("/msg/recordId").and_then(Value::as_str);
        let line = "has stored the notification, and acknowledges it";
        say(record.unwrap_or(ORDER_ID), line);
    }
    answer
}

/// The default transport. It tells what goes out and what comes back about an order id.
struct Network(ReqwestTransport);

#[async_trait]
impl Transport for Network {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let operation = exchange.operation;
        let request: Value = serde_json::from_slice(exchange.request.body()).unwrap_or_default();
        let order_id = text(&request, "orderId");
        let tell_of = |what: &str| {
            if let Some(order_id) = order_id {
                tell(&format!("say\tnetwork\t{order_id}\t{operation}: {what}"));
            }
        };
        tell_of("goes out");
        let answer = self.0.send(exchange).await;
        match &answer {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
                tell_of(text(&answer, "msg").unwrap_or("something else"));
            }
            Err(error) => tell_of(&error.to_string()),
        }
        answer
    }
}

fn text<'a>(json: &'a Value, name: &str) -> Option<&'a str> {
    json.get(name)?.as_str()
}
