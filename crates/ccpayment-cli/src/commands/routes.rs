//! `ccpay routes`: what the gateway can do.

use ccpayment::Version;
use serde_json::{Value, json};

use crate::args::Routes;
use crate::context::Context;
use crate::exit::CliError;
use crate::operations::{self, Operation};

pub(crate) fn run(context: &mut Context<'_>, options: &Routes) -> Result<(), CliError> {
    let is_wanted = |it: &Operation| {
        let of_api = options
            .api
            .is_none_or(|api| Version::from(api) == it.typed.operation.version);
        let group = options.group.as_ref();
        of_api && group.is_none_or(|group| *group == it.described.group)
    };
    let wanted: Vec<_> = operations::all()?.into_iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(CliError::Usage("there is no such group".to_owned()));
    }
    if context.terminal.is_json() {
        return context
            .terminal
            .json(&wanted.iter().map(row).collect::<Value>());
    }
    let head = [
        "operation",
        "api",
        "group",
        "what a repeat does",
        "command",
        "path",
    ];
    let rows = wanted.iter().map(|it| {
        [
            it.described.name.clone(),
            it.described.version.clone(),
            it.described.group.clone(),
            it.repeat().to_owned(),
            it.command().to_owned(),
            it.typed.operation.path.to_owned(),
        ]
    });
    context.terminal.table(head, rows)
}

fn row(it: &Operation) -> Value {
    json!({
        "operation": it.described.name,
        "api": it.described.version,
        "group": it.described.group,
        "repeat": it.described.repeat,
        "command": it.command(),
        "path": it.typed.operation.path,
        "settledBy": it.typed.operation.settled_by,
        "summary": it.described.summary,
    })
}
