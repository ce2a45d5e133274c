//! `ccpay call OPERATION`: any request but a payout.

use std::path::PathBuf;

use ccpayment::Client;
use ccpayment::raw::PreparedRequest;
use clap::ArgMatches;

use crate::args::Global;
use crate::context::Context;
use crate::exit::CliError;
use crate::operations::{self, Made, Operation, Way};

pub(crate) async fn run(
    context: &mut Context<'_>,
    operation: &Operation,
    fields: &ArgMatches,
    yes: bool,
) -> Result<(), CliError> {
    let name = &operation.described.name;
    match operation.typed.way {
        Way::Submit {
            is_payout: true, ..
        } => {
            let why = "moves money, so it is sent exactly once";
            return Err(CliError::Usage(format!(
                "{name} {why}, by: ccpay payout {name}"
            )));
        }
        Way::Batch => {
            let why = "belongs to a batch of payouts, which takes several requests and a program";
            return Err(CliError::Usage(format!(
                "{name} {why}: `Client::batch_payout`"
            )));
        }
        _ => {}
    }
    let body = operations::body_of(operation, fields)?;
    // This finds each broken documented rule before anybody is asked.
    let prepared = (operation.typed.prepare)(body.clone())?;
    let client = context.client()?;
    if operation.typed.operation.idempotency.acts() {
        let question = question(context, operation, &prepared, &client)?;
        context.terminal.confirm(&question, yes)?;
    }
    match operation.typed.way {
        Way::Send(send) => {
            let answer = send(&client, body).await?;
            let acts = operation.typed.operation.idempotency.acts();
            let shown = context.terminal.answer(&answer);
            shown.map_err(|it| if acts { it.after_acting(None) } else { it })
        }
        Way::Submit { submit, .. } => {
            let made = submit(&client, body.clone()).await?;
            let settle = settle_command(context, operation, &prepared);
            match made {
                Ok(made) => show(context, &made).map_err(|it| it.after_acting(Some(settle))),
                Err(error) => Err(CliError::Submit { error, settle }),
            }
        }
        // Refused above.
        Way::Batch => Ok(()),
    }
}

/// The question, with all that is about to be sent.
pub(crate) fn question(
    context: &Context<'_>,
    operation: &Operation,
    prepared: &PreparedRequest,
    client: &Client,
) -> Result<String, CliError> {
    let origin = context.origin_of(prepared.version())?;
    let body = String::from_utf8_lossy(prepared.body());
    let body = crate::terminal::plain(&body);
    let summary = operation.described.summary.replace('`', "");
    Ok(format!(
        "{summary}\n  operation  {}\n  gateway    {origin}\n  APP ID     {}\n  request    {body}\nSend it?",
        operation.described.name,
        client.app_id(),
    ))
}

/// The exact command that settles the request, for any POSIX shell.
pub(crate) fn settle_command(
    context: &Context<'_>,
    operation: &Operation,
    prepared: &PreparedRequest,
) -> String {
    let global = &context.global;
    let mut command = "ccpay".to_owned();
    if let Some(origin) = &global.origin {
        command = format!("{command} --origin {}", quoted(origin));
    }
    command.push_str(&credentials_of(global));
    if global.insecure {
        command.push_str(" --insecure");
    }
    command = format!("{command} settle {}", operation.described.name);
    let body: indexmap::IndexMap<String, serde_json::Value> =
        serde_json::from_slice(prepared.body()).unwrap_or_default();
    for (name, value) in body {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        command = format!("{command} --{name} {}", quoted(&text));
    }
    command
}

/// The options that say who asks, without any secret.
pub(crate) fn credentials_of(global: &Global) -> String {
    let path = |it: &Option<PathBuf>| it.as_ref().map(|it| it.to_string_lossy().into_owned());
    let options = [
        ("--app-id", global.app_id.clone()),
        ("--secret-file", path(&global.secret_file)),
        ("--rsa-key-file", path(&global.rsa_key_file)),
    ];
    let words = options
        .into_iter()
        .filter_map(|(option, value)| Some(format!(" {option} {}", quoted(&value?))));
    words.collect()
}

/// A text as one word for a shell.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=@%+,".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Shows the result of a submit.
pub(crate) fn show(context: &mut Context<'_>, made: &Made) -> Result<(), CliError> {
    let raw = serde_json::value::to_raw_value(made);
    context
        .terminal
        .answer(&raw.map_err(|error| CliError::Failed(error.to_string()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_quoted_word_as_it_was() {
        for (word, expected) in [
            ("order-1", "order-1"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("[1280]", "'[1280]'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
