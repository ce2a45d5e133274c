//! `ccpay payout OPERATION` and `ccpay settle OPERATION`: what happens exactly once.

use std::time::{Duration, SystemTime};

use ccpayment::raw::PreparedRequest;
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, ApplyUserWithdrawToNetwork, GetCoin, GetWithdrawFee,
};
use ccpayment::{Chain, Client, Clock, CoinId, Finding, Preflight, SETTLE_AFTER, ToNetwork};
use clap::ArgMatches;
use serde_json::{Value, json};

use super::call;
use crate::args::Payout;
use crate::context::Context;
use crate::exit::CliError;
use crate::operations::{self, Operation, Way};
use crate::terminal::{Mood, plain};

/// As a rule, a record that exists is found within this time.
const FIRST_LOOK: Duration = Duration::from_secs(3);

pub(crate) async fn run(
    context: &mut Context<'_>,
    operation: &Operation,
    fields: &ArgMatches,
    options: &Payout,
) -> Result<(), CliError> {
    let Way::Submit { submit, .. } = operation.typed.way else {
        return Err(CliError::Usage(format!(
            "{} is no payout",
            operation.described.name
        )));
    };
    let body = operations::body_of(operation, fields)?;
    let prepared = (operation.typed.prepare)(body.clone())?;
    let client = context.client()?;
    let looked = look(&client, operation, body.clone()).await?;
    if options.dry_run {
        return show_dry_run(context, &prepared, looked.as_ref());
    }
    if let Some(looked) = &looked {
        warn(context, looked);
        // A person who is asked sees the warnings; with --yes, nobody does.
        if options.asked.yes && !options.despite_findings && looked.is_refused() {
            return Err(CliError::Stopped {
                what: "the gateway would refuse it, so nothing was sent".to_owned(),
                advice: "Mend it, or send it all the same by --despite-findings.".to_owned(),
            });
        }
    }
    let mut question = call::question(context, operation, &prepared, &client)?;
    if let Some(looked) = &looked {
        question = format!("{}\n{question}", looked.lines());
    }
    context.terminal.confirm(&question, options.asked.yes)?;
    let settle = call::settle_command(context, operation, &prepared);
    // From here on the payout may happen, even if this process dies.
    if let Some(order_id) = prepared.order_id() {
        match context.terminal.is_json() {
            true => context
                .terminal
                .note(json!({ "sending": { "orderId": order_id, "settle": settle } })),
            false => context.terminal.note(format_args!(
                "order id {order_id}; in doubt, run:\n  {settle}"
            )),
        }
    }
    match submit(&client, body).await? {
        Ok(made) => {
            call::show(context, &made).map_err(|it| it.after_acting(Some(settle)))?;
            context
                .terminal
                .progress("Accepted is not paid: its record or a notification says when.");
            Ok(())
        }
        Err(error) => Err(CliError::Submit { error, settle }),
    }
}

/// Looks up what became of a submit, and sends nothing else.
pub(crate) async fn settle(
    context: &mut Context<'_>,
    operation: &Operation,
    fields: &ArgMatches,
) -> Result<(), CliError> {
    let Way::Submit { settle, .. } = operation.typed.way else {
        let name = &operation.described.name;
        return Err(CliError::Usage(format!("{name} leaves nothing to settle")));
    };
    let body = operations::body_of(operation, fields)?;
    let prepared = (operation.typed.prepare)(body.clone())?;
    let client = context.client()?;
    let command = call::settle_command(context, operation, &prepared);
    let total = Duration::from_secs(context.global.timeout);
    let until = context
        .now()
        .checked_add(SETTLE_AFTER.saturating_add(total));
    let clock = context.clock;
    let mut settling = settle(&client, body);
    let settled = tokio::select! {
        biased;
        settled = &mut settling => settled?,
        () = clock.deadline(FIRST_LOOK) => {
            waits(context, until);
            settling.await?
        }
    };
    match settled {
        Ok(made) => call::show(context, &made),
        Err(error) => Err(CliError::Submit {
            error,
            settle: command,
        }),
    }
}

/// Tells the user after the first look, if nothing is known by then, that it may take minutes.
fn waits(context: &mut Context<'_>, until: Option<SystemTime>) {
    let Some(until) = until else { return };
    let shown = httpdate::fmt_http_date(until);
    match context.terminal.is_json() {
        true => context.terminal.note(json!({ "waitingUntil": shown })),
        false => context.terminal.note(format_args!(
            "Nothing is certain yet. It goes on looking, until {shown} at most: where there is no record, \
             that is certain only after five minutes."
        )),
    }
}

fn warn(context: &mut Context<'_>, looked: &Looked) {
    for finding in &looked.findings {
        let finding = plain(&finding.to_string());
        match context.terminal.is_json() {
            true => context.terminal.note(json!({ "warning": finding })),
            false => context
                .terminal
                .note(format_args!("{} {finding}", Mood::Bad.paint("warning:"))),
        }
    }
}

/// The gateway's data about a withdrawal, before anything is sent.
struct Looked {
    coin: String,
    amount: String,
    chain: String,
    address: String,
    memo: Option<String>,
    fee: Option<String>,
    findings: Vec<Finding>,
}

impl Looked {
    fn is_refused(&self) -> bool {
        self.findings.iter().any(Finding::is_refusal)
    }

    /// One line for each value that a person has to check, never shortened.
    fn lines(&self) -> String {
        let amount = format!("{} {}", self.amount, self.coin);
        let rows = [
            ("amount", Some(&amount)),
            ("chain", Some(&self.chain)),
            ("address", Some(&self.address)),
            ("memo", self.memo.as_ref()),
            ("fee", self.fee.as_ref()),
        ];
        let line = |(name, value): (&str, Option<&String>)| {
            Some(format!("  {name:<10} {}", plain(value?)))
        };
        let lines: Vec<_> = rows.into_iter().filter_map(line).collect();
        lines.join("\n")
    }
}

/// Checks a withdrawal to a chain against the coin and the fee; `None` for other payouts.
async fn look(
    client: &Client,
    operation: &Operation,
    body: Value,
) -> Result<Option<Looked>, CliError> {
    let wrong = |error: serde_json::Error| CliError::Usage(error.to_string());
    match operation.described.name.as_str() {
        "applyAppWithdrawToNetwork" => {
            let it: ApplyAppWithdrawToNetwork = serde_json::from_value(body).map_err(wrong)?;
            let shown = [it.amount.to_string(), it.address.to_string()];
            let memo = it.memo.as_ref().map(ToString::to_string);
            look_at(client, it.coin_id, &it.chain, (&it).into(), shown, memo)
                .await
                .map(Some)
        }
        "applyUserWithdrawToNetwork" => {
            let it: ApplyUserWithdrawToNetwork = serde_json::from_value(body).map_err(wrong)?;
            let shown = [it.amount.to_string(), it.address.to_string()];
            let memo = it.memo.as_ref().map(ToString::to_string);
            look_at(client, it.coin_id, &it.chain, (&it).into(), shown, memo)
                .await
                .map(Some)
        }
        _ => Ok(None),
    }
}

async fn look_at(
    client: &Client,
    coin_id: CoinId,
    chain: &Chain,
    withdrawal: ToNetwork<'_>,
    [amount, address]: [String; 2],
    memo: Option<String>,
) -> Result<Looked, CliError> {
    let coin = client.send(&GetCoin::new(coin_id)).await?.coin;
    // A fee that can't be read says nothing against the withdrawal.
    let fee = client
        .send(&GetWithdrawFee::new(coin_id, chain.clone()))
        .await
        .ok();
    let mut preflight = Preflight::new(&coin);
    if let Some(fee) = &fee {
        preflight = preflight.fee(fee);
    }
    let findings = preflight.check(withdrawal);
    let fee = fee.and_then(|it| {
        let fee = it.fee;
        Some(format!("{} {}", fee.amount?, fee.coin_symbol))
    });
    Ok(Looked {
        coin: coin.symbol.clone(),
        amount,
        chain: chain.to_string(),
        address,
        memo,
        fee,
        findings,
    })
}

fn show_dry_run(
    context: &mut Context<'_>,
    prepared: &PreparedRequest,
    looked: Option<&Looked>,
) -> Result<(), CliError> {
    let body = String::from_utf8_lossy(prepared.body()).into_owned();
    let findings: Vec<_> = looked.iter().flat_map(|it| &it.findings).collect();
    if context.terminal.is_json() {
        context.terminal.json(&json!({
            "sent": false,
            "operation": prepared.operation(),
            "body": body,
            "fee": looked.and_then(|it| it.fee.clone()),
            "findings": findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))?;
    } else {
        if let Some(looked) = looked {
            context.terminal.line(looked.lines())?;
        }
        context
            .terminal
            .line(format_args!("  operation  {}", prepared.operation()))?;
        context
            .terminal
            .line(format_args!("  request    {}", plain(&body)))?;
        for finding in &findings {
            context.terminal.line(format_args!(
                "{} {}",
                Mood::Bad.paint("against it:"),
                plain(&finding.to_string())
            ))?;
        }
        context.terminal.line("Nothing was sent.")?;
    }
    match looked.is_some_and(Looked::is_refused) {
        true => Err(CliError::CheckFailed(
            "the gateway would refuse it".to_owned(),
        )),
        false => Ok(()),
    }
}
