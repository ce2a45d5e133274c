//! Errors as HTTP answers: a status, a message, and the methods that would have been right.

use http::request::Parts;
use http::{Method, StatusCode};

use crate::model::error::SandboxError;

/// Why something is not done.
#[derive(Debug)]
pub(super) struct HttpError {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// The methods that would have been right.
    pub(super) allowed: Option<&'static str>,
}

impl HttpError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            allowed: None,
        }
    }
}

pub(super) fn get(parts: &Parts) -> Result<(), HttpError> {
    only(parts, &[Method::GET, Method::HEAD], "GET, HEAD")
}

pub(super) fn post(parts: &Parts) -> Result<(), HttpError> {
    only(parts, &[Method::POST], "POST")
}

fn only(parts: &Parts, methods: &[Method], names: &'static str) -> Result<(), HttpError> {
    if methods.contains(&parts.method) {
        return Ok(());
    }
    Err(HttpError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        message: format!("{} is not for this; use {names}", parts.method),
        allowed: Some(names),
    })
}

impl From<SandboxError> for HttpError {
    fn from(error: SandboxError) -> Self {
        let status = match &error {
            SandboxError::UnknownAddress(_)
            | SandboxError::UnknownRecord(_)
            | SandboxError::UnknownOrder(_)
            | SandboxError::NothingAnnounced(_) => StatusCode::NOT_FOUND,
            SandboxError::NotProcessing { .. }
            | SandboxError::NotWaiting { .. }
            | SandboxError::NotRisky(_)
            | SandboxError::OrderTooOld(_)
            | SandboxError::Refused { .. } => StatusCode::CONFLICT,
            SandboxError::Unbalanced(_) | SandboxError::Storage(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}
