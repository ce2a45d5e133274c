//! The pages that are served, and what their buttons do.

use http::StatusCode;
use serde_json::{Value, json};

use super::http_error::HttpError;
use super::order_view::{OrderView, PageKind};
use crate::api::sandbox::Sandbox;
use crate::model::money::plain;
use crate::model::views::IncomingPayment;
use crate::templates::Invoice;

fn find_view(sandbox: &Sandbox, kind: PageKind, key: &str) -> Result<OrderView, HttpError> {
    sandbox
        .read(|state| OrderView::find(state, kind, key))
        .ok_or_else(|| {
            let message = "There is no such order in this sandbox.";
            HttpError::new(StatusCode::NOT_FOUND, message)
        })
}

pub(super) fn page(sandbox: &Sandbox, kind: PageKind, key: &str) -> Result<String, HttpError> {
    let view = find_view(sandbox, kind, key)?;
    let chosen = view.checkout();
    if let (PageKind::Checkout, Some(checkout)) = (kind, &chosen) {
        return Ok(checkout.render());
    }
    let invoice = Invoice {
        path: view.path(),
        version: view.version(),
        price: view.price.unwrap_or_default(),
        product: view.title,
        order_id: view.order_id,
        expires_at: view.expires_at,
        now: view.now,
        choices: view.choices,
        chosen,
        return_url: view.return_url,
    };
    Ok(invoice.render())
}

/// The state that the page's script polls.
pub(super) fn state_json(sandbox: &Sandbox, kind: PageKind, key: &str) -> Result<Value, HttpError> {
    let view = find_view(sandbox, kind, key)?;
    Ok(json!({
        "orderId": view.order_id,
        "phase": view.phase().word(),
        "version": view.version(),
        "now": view.now,
        "expiresAt": view.expires_at,
    }))
}

/// Carries out the press of a button on a page.
pub(super) fn press_button(
    sandbox: &Sandbox,
    kind: PageKind,
    key: &str,
    step: &str,
    body: &[u8],
) -> Result<(), HttpError> {
    let unclear = || HttpError::new(StatusCode::BAD_REQUEST, "This button is not known here.");
    let view = find_view(sandbox, kind, key)?;
    // Its values are made of letters, digits and hyphens, which forms leave as they are.
    let text = std::str::from_utf8(body).map_err(|_| unclear())?;
    let (name, value) = text.split_once('=').ok_or_else(unclear)?;
    match (kind, step, name) {
        (_, "pay", "how") => pay(sandbox, &view, value),
        (PageKind::Invoice, "choose", "coin") => {
            let (coin_id, chain) = value.split_once('-').ok_or_else(unclear)?;
            let coin_id = coin_id.parse().map_err(|_| unclear())?;
            sandbox.pick_coin(&view.order_id, coin_id, chain)?;
            Ok(())
        }
        _ => Err(unclear()),
    }
}

fn pay(sandbox: &Sandbox, view: &OrderView, how: &str) -> Result<(), HttpError> {
    let gone = || {
        let message = "The order has changed: there is nothing like that to pay any more.";
        HttpError::new(StatusCode::CONFLICT, message)
    };
    let checkout = view.checkout().ok_or_else(gone)?;
    let (method, simulate) = (view.method.as_ref().ok_or_else(gone)?, checkout.simulate);
    let amount = match how {
        "exact" => simulate.exact,
        "part" => simulate.part,
        "over" => simulate.over,
        "late" => simulate.late,
        _ => None,
    }
    .ok_or_else(gone)?;
    if how == "late" {
        sandbox.expire(&view.order_id)?;
    }
    // An invoice's address takes more than one coin.
    let incoming =
        IncomingPayment::new(method.address.clone(), amount).coin(method.coin_id, method.chain);
    sandbox.send_payment(incoming)?;
    Ok(())
}

/// The amount to pay, or the price while an invoice has no coin.
pub(super) fn amount(view: &OrderView) -> String {
    match (&view.method, &view.price) {
        (None, Some(price)) => price.clone(),
        (Some(method), _) => plain(&method.amount),
        (None, None) => String::new(),
    }
}
