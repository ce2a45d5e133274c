//! What the overview shows, table by table.

use serde_json::Value;

use super::order_view::OrderView;
use super::pages;
use crate::api::sandbox::Sandbox;
use crate::model::coins::Coin;
use crate::model::request_log::LoggedRequest;
use crate::model::views::{DeliveryAttempt, DepositView, PayoutView};
use crate::templates::{Cell, Filter, Overview, Table};

pub(super) fn overview(sandbox: &Sandbox, query: &str) -> String {
    let filter = Filter::read(query);
    let mut tables = vec![
        balances(sandbox),
        requests(sandbox, filter.refused),
        orders(sandbox),
        deposits(sandbox),
        payouts(sandbox),
        attempts(sandbox, filter.refused),
    ];
    if !filter.find.is_empty() {
        tables.iter_mut().for_each(|table| table.find(&filter.find));
    }
    let page = Overview {
        app_id: sandbox.app_id().to_owned(),
        now: sandbox.signing_time(),
        ahead: sandbox.now().saturating_sub(sandbox.signing_time()),
        balanced: sandbox.ledger().is_balanced(),
        filter,
        tables,
    };
    page.render()
}

fn symbol(coin_id: u64) -> &'static str {
    Coin::find(coin_id).map_or("?", |coin| coin.symbol)
}

/// The merchant's and those of users.
fn balances(sandbox: &Sandbox) -> Table {
    let ledger = sandbox.ledger();
    let rows = ledger.accounts().filter_map(|(account, coin_id, amount)| {
        let holder = match account.strip_suffix(":available")? {
            "merchant" => "merchant".to_owned(),
            user => format!("user {}", user.strip_prefix("user:")?),
        };
        (amount != "0").then(|| {
            vec![
                Cell::Text(holder),
                Cell::Text(symbol(coin_id).to_owned()),
                Cell::Number(coin_id),
                Cell::Amount(amount.to_owned()),
            ]
        })
    });
    let mut rows: Vec<_> = rows.collect();
    // A table shows its last rows first; reversed, this one is in the order of names.
    rows.reverse();
    Table {
        id: "balances",
        title: "Balances",
        columns: &["Holder", "Coin", "Coin id", "Available"],
        rows,
        note: None,
    }
}

fn requests(sandbox: &Sandbox, refused: bool) -> Table {
    let log = sandbox.request_log();
    let shown = log
        .iter()
        .filter(|it| !refused || it.is_refused() || it.fault.is_some());
    Table {
        id: "requests",
        title: "Requests",
        columns: &["At", "Path", "Order", "Code", "Reason", "More"],
        rows: shown.map(request).collect(),
        note: None,
    }
}

fn request(request: &LoggedRequest) -> Vec<Cell> {
    let code = match (request.code, request.status) {
        (Some(10_000), _) => Cell::tag("Success", "10000"),
        (Some(code), _) => Cell::tag("Failed", code.to_string()),
        (None, Some(status)) => Cell::tag("Processing", format!("HTTP {status}")),
        (None, None) => Cell::tag("Processing", "no answer"),
    };
    let mut more = vec![("Body", request.body.clone())];
    if let Some(fault) = request.fault {
        more.push(("Fault", format!("{fault:?}")));
    }
    if !request.warnings.is_empty() {
        more.push(("Let pass", request.warnings.join("\n")));
    }
    if let Some(signing) = &request.signing {
        more.push(("The signature", signing.hint.clone()));
        more.push(("To be signed", signing.text.clone()));
    }
    let reason = if request.warnings.is_empty() {
        Cell::Text(request.message.clone())
    } else {
        Cell::Text(format!("{} (with warnings)", request.message))
    };
    vec![
        Cell::Moment(request.at),
        Cell::Code(brief(&request.path)),
        Cell::Code(request.order_id.clone().unwrap_or_default()),
        code,
        reason,
        Cell::More(more),
    ]
}

/// A path without what all paths of the gateway have in common.
fn brief(path: &str) -> String {
    path.strip_prefix("/ccpayment/").unwrap_or(path).to_owned()
}

fn orders(sandbox: &Sandbox) -> Table {
    let row = |view: &OrderView| {
        let id = match &view.key {
            Some(_) => Cell::Link {
                to: view.path(),
                text: view.order_id.clone(),
            },
            None => Cell::Code(view.order_id.clone()),
        };
        let what = match &view.method {
            Some(method) => format!("{} on {}", method.symbol, method.chain),
            None => "invoice".to_owned(),
        };
        let word = view.phase().word();
        let amount = Cell::Amount(pages::amount(view));
        vec![id, Cell::Text(what), amount, Cell::tag(word, word)]
    };
    Table {
        id: "orders",
        title: "Orders",
        columns: &["Order", "What", "Amount", "Status"],
        rows: sandbox.read(OrderView::all).iter().map(row).collect(),
        note: None,
    }
}

fn deposits(sandbox: &Sandbox) -> Table {
    let row = |deposit: &DepositView| {
        let whose = match (&deposit.user_id, &deposit.reference_id) {
            (Some(user), _) => format!("user {user}"),
            (None, Some(reference)) => format!("reference {reference}"),
            (None, None) if deposit.order_id.is_empty() => "a released address".to_owned(),
            (None, None) => format!("order {}", deposit.order_id),
        };
        let late = if deposit.late { ", late" } else { "" };
        let status = if deposit.flagged {
            Cell::tag("held", format!("risky, {}{late}", deposit.status))
        } else {
            tag(&deposit.status, late)
        };
        vec![
            Cell::Code(deposit.record_id.clone()),
            Cell::Text(whose),
            Cell::Amount(format!("{} {}", deposit.amount, symbol(deposit.coin_id))),
            status,
        ]
    };
    Table {
        id: "deposits",
        title: "Deposits",
        columns: &["Record", "For", "Amount", "Status"],
        rows: sandbox.deposits().iter().map(row).collect(),
        note: None,
    }
}

fn payouts(sandbox: &Sandbox) -> Table {
    let row = |payout: &PayoutView| {
        let user = payout.user_id.as_ref();
        let user = user
            .map(|user| format!(" of user {user}"))
            .unwrap_or_default();
        vec![
            Cell::Code(payout.record_id.clone()),
            Cell::Text(format!("{}{user}", payout.order_id)),
            Cell::Code(format!("{} on {}", payout.address, payout.chain)),
            Cell::Amount(format!("{} {}", payout.amount, symbol(payout.coin_id))),
            tag(&payout.status, ""),
        ]
    };
    Table {
        id: "withdrawals",
        title: "Withdrawals",
        columns: &["Record", "Order", "To", "Amount", "Status"],
        rows: sandbox.payouts().iter().map(row).collect(),
        note: None,
    }
}

fn tag(status: &str, more: &str) -> Cell {
    let colour = match status {
        "Success" => "Success",
        "Failed" | "Rejected" => "Failed",
        _ => "Processing",
    };
    Cell::tag(colour, format!("{status}{more}"))
}

fn attempts(sandbox: &Sandbox, failed: bool) -> Table {
    let all = sandbox.delivery_attempts();
    let shown = all.iter().filter(|it| !failed || !it.acknowledged);
    let url = match sandbox.webhook_url() {
        Some(url) => format!("They go to {url}."),
        None => "No webhook URL is set: only those with their own URL go out.".to_owned(),
    };
    Table {
        id: "notifications",
        title: "Notification attempts",
        columns: &["At", "Record", "Event", "Try", "Outcome", "More"],
        rows: shown.map(|tried| attempt(sandbox, tried)).collect(),
        note: Some(format!(
            "Waiting: {}. {url}",
            sandbox.pending_notifications()
        )),
    }
}

fn attempt(sandbox: &Sandbox, tried: &DeliveryAttempt) -> Vec<Cell> {
    let outcome = match (tried.status, &tried.error, &tried.failed_rule) {
        (_, Some(error), _) => error.clone(),
        (_, None, Some(rule)) => rule.clone(),
        (Some(status), None, None) => status.to_string(),
        (None, None, None) => String::new(),
    };
    let headers = tried.headers.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let mut more = vec![
        ("URL", tried.url.clone()),
        ("Headers", headers.join("\n")),
        ("Body", tried.body.clone()),
    ];
    if let Some(answer) = &tried.answer {
        let status = tried
            .status
            .map(|status| status.to_string())
            .unwrap_or_default();
        more.push(("Answer", format!("{status} {answer}")));
    }
    let colour = if tried.acknowledged {
        "Success"
    } else {
        "Failed"
    };
    vec![
        Cell::Moment(sandbox.told(tried.at)),
        Cell::Code(tried.record_id.clone()),
        Cell::Text(event(tried)),
        Cell::Number(tried.number.into()),
        Cell::tag(colour, outcome),
        Cell::More(more),
    ]
}

/// With the status that it tells of: otherwise two events of one record look alike.
fn event(tried: &DeliveryAttempt) -> String {
    let body: Value = serde_json::from_str(&tried.body).unwrap_or_default();
    let status = body
        .pointer("/msg/status")
        .or_else(|| body.get("pay_status"));
    match status.and_then(Value::as_str) {
        Some(status) => format!("{} {status}", tried.event_type),
        None => tried.event_type.clone(),
    }
}
