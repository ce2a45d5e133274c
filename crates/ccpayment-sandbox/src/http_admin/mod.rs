//! What the sandbox serves beside the gateway's own routes: pages to pay on, an overview, and the
//! admin API below `/sandbox/`.

mod admin_api;
mod answers;
mod http_error;
mod order_view;
mod origin_check;
mod overview;
mod pages;
mod requests;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::api::sandbox::Sandbox;
use crate::templates;
use http_error::{HttpError, get, post};
use order_view::PageKind;

/// The description of the admin API.
pub(crate) const OPENAPI: &str = include_str!("../../openapi/admin.json");

/// Whether a path is one of these rather than one of the gateway.
pub(crate) fn serves(path: &str) -> bool {
    path == "/"
        || path == "/sandbox"
        || ["/sandbox/", "/checkout/", "/invoice/"]
            .iter()
            .any(|start| path.starts_with(start))
}

pub(crate) async fn answer(sandbox: &Sandbox, request: Request<Bytes>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if let Err(message) = origin_check::check(&parts, &sandbox.host_names()) {
        return refuse(path, &HttpError::new(StatusCode::FORBIDDEN, message));
    }
    let answered = match path.trim_end_matches('/') {
        "" => Ok(see_other("/sandbox/")),
        "/sandbox" => get(&parts).map(|()| {
            let query = parts.uri.query().unwrap_or_default();
            html(StatusCode::OK, overview::overview(sandbox, query))
        }),
        "/sandbox/openapi.json" => get(&parts).map(|()| {
            let text = Bytes::from_static(OPENAPI.as_bytes());
            respond(StatusCode::OK, "application/json", text)
        }),
        path => match path.strip_prefix("/sandbox/") {
            Some(name) => admin_api::answer(sandbox, &parts, name, &body)
                .await
                .map(|value| json_answer(StatusCode::OK, &value)),
            None => page_answer(sandbox, &parts, path, &body),
        },
    };
    answered.unwrap_or_else(|error| refuse(path, &error))
}

/// `/checkout/KEY`, `/checkout/KEY/state` and `/checkout/KEY/pay`; the same for invoices.
fn page_answer(
    sandbox: &Sandbox,
    parts: &Parts,
    path: &str,
    body: &[u8],
) -> Result<Response<Bytes>, HttpError> {
    let mut steps = path.trim_start_matches('/').split('/');
    let (kind, key) = (steps.next(), steps.next().unwrap_or_default());
    let missing = || {
        let message = "There is no such page in this sandbox.";
        HttpError::new(StatusCode::NOT_FOUND, message)
    };
    let kind = kind.and_then(PageKind::find).ok_or_else(missing)?;
    let step = steps.next();
    if steps.next().is_some() {
        return Err(missing());
    }
    match step {
        None => {
            get(parts)?;
            Ok(html(StatusCode::OK, pages::page(sandbox, kind, key)?))
        }
        Some("state") => {
            get(parts)?;
            Ok(json_answer(
                StatusCode::OK,
                &pages::state_json(sandbox, kind, key)?,
            ))
        }
        Some(step @ ("pay" | "choose")) => {
            post(parts)?;
            pages::press_button(sandbox, kind, key, step, body)?;
            // A reload after this must not pay again.
            Ok(see_other(&format!("/{}/{key}", kind.name())))
        }
        Some(_) => Err(missing()),
    }
}

/// A page for people, JSON for the admin API.
fn refuse(path: &str, error: &HttpError) -> Response<Bytes> {
    let mut response = if path.starts_with("/sandbox/") {
        json_answer(error.status, &json!({ "error": error.message }))
    } else {
        let title = error.status.canonical_reason().unwrap_or("Refused");
        html(error.status, templates::message_page(title, &error.message))
    };
    if let Some(allowed) = error.allowed {
        let allowed = HeaderValue::from_static(allowed);
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

fn see_other(place: &str) -> Response<Bytes> {
    let mut response = respond(StatusCode::SEE_OTHER, "text/plain", Bytes::new());
    if let Ok(place) = HeaderValue::from_str(place) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Bytes> {
    // Read in a terminal more often than by a program.
    let text = format!("{value:#}\n");
    respond(status, "application/json", Bytes::from(text))
}

fn html(status: StatusCode, page: String) -> Response<Bytes> {
    respond(status, "text/html; charset=utf-8", Bytes::from(page))
}

fn respond(status: StatusCode, media: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        // Not `no-referrer`: a browser then sends `Origin: null` with our own forms.
        ("referrer-policy", "same-origin"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if let Ok(policy) = HeaderValue::from_str(&templates::content_security_policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
