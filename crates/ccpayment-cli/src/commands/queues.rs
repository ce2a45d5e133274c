//! `ccpay inbox` and `ccpay outbox`: show a durable store's entries, and let a person act on them.

use std::path::Path;

use ccpayment::durable::{Queue, Report, Row, State, Store};
use ccpayment::{PostgresStore, SqliteStore};
use serde_json::{Value, json};

use crate::args::{self, QueueCommand, StateName};
use crate::context::Context;
use crate::exit::CliError;
use crate::terminal::plain;

/// Where a PostgreSQL URL comes from.
const DATABASE_VARIABLE: &str = "CCPAYMENT_DATABASE_URL";

pub(crate) async fn run(
    context: &mut Context<'_>,
    queue: Queue,
    options: args::Queue,
) -> Result<(), CliError> {
    let variable = std::env::var(DATABASE_VARIABLE).ok();
    match (options.db.as_deref(), variable.as_deref()) {
        (Some(text), _) => {
            let file = text.strip_prefix("sqlite:").ok_or_else(|| {
                let why = "--db takes sqlite:FILE; a PostgreSQL URL comes from";
                CliError::Usage(format!("{why} {DATABASE_VARIABLE}"))
            })?;
            let store = sqlite(file).await?;
            done(context, queue, &store, options.what).await
        }
        (None, Some(text)) => match text.strip_prefix("sqlite:") {
            Some(file) => {
                let store = sqlite(file).await?;
                done(context, queue, &store, options.what).await
            }
            None => {
                let store = PostgresStore::connect(text).await?;
                store.check().await?;
                done(context, queue, &store, options.what).await
            }
        },
        (None, None) => Err(CliError::Usage(format!(
            "there is no database: give --db sqlite:FILE, or set {DATABASE_VARIABLE}"
        ))),
    }
}

/// Opens a file that exists: opening another one would create it.
async fn sqlite(file: &str) -> Result<SqliteStore, CliError> {
    if !Path::new(file).is_file() {
        return Err(CliError::Usage(format!("there is no file {file}")));
    }
    let store = SqliteStore::open(file).await?;
    store.check().await?;
    Ok(store)
}

async fn done<S: Store>(
    context: &mut Context<'_>,
    queue: Queue,
    store: &S,
    what: QueueCommand,
) -> Result<(), CliError> {
    match what {
        QueueCommand::List {
            state,
            in_doubt,
            limit,
        } => {
            let rows = match in_doubt {
                true => in_doubt_of(queue, Report::read(store).await?)?,
                false => store.list(queue, state.into(), limit).await?,
            };
            list(context, &rows)
        }
        QueueCommand::Show { id, kind } => {
            let row = find(queue, store, &id, kind.as_deref()).await?;
            show(context, store, &row).await
        }
        QueueCommand::Release { id, kind, yes } => {
            let row = find(queue, store, &id, kind.as_deref()).await?;
            let question = format!(
                "{} is parked: {}\nA worker takes it at once{}. Release it?",
                row.key,
                plain(row.reason.as_deref().unwrap_or("no reason is kept")),
                if queue == Queue::Outbox {
                    ", and may send the payout"
                } else {
                    ""
                },
            );
            if row.state != State::Parked {
                return Err(CliError::Failed(format!(
                    "{} is {}, not parked",
                    row.key, row.state
                )));
            }
            context.terminal.confirm(&question, yes)?;
            let mut tx = store.begin().await?;
            let released = store.release(&mut tx, &row.key).await?;
            store.commit(tx).await?;
            told(
                context,
                &row,
                if released {
                    "released"
                } else {
                    "not parked any more"
                },
                released,
            )
        }
        QueueCommand::Hasten { id, kind } => {
            let row = find(queue, store, &id, kind.as_deref()).await?;
            if row.state != State::Open {
                return Err(CliError::Failed(format!(
                    "{} is {}, not open",
                    row.key, row.state
                )));
            }
            let mut tx = store.begin().await?;
            store.hasten(&mut tx, &row.key).await?;
            store.commit(tx).await?;
            told(context, &row, "due now", true)
        }
    }
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Open => Self::Open,
            StateName::Parked => Self::Parked,
            StateName::Done => Self::Done,
        }
    }
}

fn in_doubt_of(queue: Queue, report: Report) -> Result<Vec<Row>, CliError> {
    match queue {
        Queue::Outbox => Ok(report.unknown_payouts),
        _ => Err(CliError::Usage(
            "only payouts are in doubt: ccpay outbox list --in-doubt".into(),
        )),
    }
}

fn list(context: &mut Context<'_>, rows: &[Row]) -> Result<(), CliError> {
    if context.terminal.is_json() {
        return context
            .terminal
            .json(&rows.iter().map(document).collect::<Value>());
    }
    if rows.is_empty() {
        return context.terminal.line("nothing");
    }
    let head = [
        "id", "kind", "merchant", "state", "step", "failures", "age", "why",
    ];
    let rows = rows.iter().map(|it| {
        [
            it.key.id.clone(),
            it.key.kind.clone(),
            it.key.app_id.to_string(),
            it.state.to_string(),
            it.step.to_string(),
            it.failures.to_string(),
            format!("{} s", it.age.as_secs()),
            it.reason
                .clone()
                .or_else(|| it.verdict.clone())
                .unwrap_or_default(),
        ]
    });
    context.terminal.table(head, rows)
}

fn document(it: &Row) -> Value {
    json!({
        "id": it.key.id,
        "kind": it.key.kind,
        "appId": it.key.app_id,
        "version": it.key.version_number(),
        "queue": it.key.queue.as_str(),
        "state": it.state.as_str(),
        "step": it.step.as_str(),
        "failures": it.failures,
        "ageSeconds": it.age.as_secs(),
        "verdict": it.verdict,
        "reason": it.reason,
    })
}

/// Finds the one entry with this id, in any state.
async fn find<S: Store>(
    queue: Queue,
    store: &S,
    id: &str,
    kind: Option<&str>,
) -> Result<Row, CliError> {
    let mut found = Vec::new();
    for state in [State::Parked, State::Open, State::Done] {
        let rows = store.list(queue, state, u32::MAX).await?;
        let is_it = |row: &Row| row.key.id == id && kind.is_none_or(|kind| kind == row.key.kind);
        found.extend(rows.into_iter().filter(is_it));
    }
    let count = found.len();
    match (count, found.pop()) {
        (1, Some(row)) => Ok(row),
        (0, _) => Err(CliError::Failed(format!("the {queue} has no entry {id}"))),
        _ => Err(CliError::Usage(format!(
            "{count} entries are called {id}: give --kind"
        ))),
    }
}

async fn show<S: Store>(context: &mut Context<'_>, store: &S, row: &Row) -> Result<(), CliError> {
    let mut document = document(row);
    if row.key.queue == Queue::Inbox {
        let bodies = store.deliveries(&row.key).await?;
        let text = |it: &bytes::Bytes| String::from_utf8_lossy(it).into_owned();
        if let Value::Object(fields) = &mut document {
            fields.insert("deliveries".to_owned(), bodies.iter().map(text).collect());
        }
    }
    let raw = serde_json::value::to_raw_value(&document);
    context
        .terminal
        .answer(&raw.map_err(|error| CliError::Failed(error.to_string()))?)
}

fn told(context: &mut Context<'_>, row: &Row, word: &str, is_done: bool) -> Result<(), CliError> {
    if !is_done {
        return Err(CliError::Failed(format!("{}: {word}", row.key)));
    }
    if context.terminal.is_json() {
        return context
            .terminal
            .json(&json!({ "id": row.key.id, "done": word }));
    }
    context.terminal.line(format_args!("{}: {word}", row.key))
}
