//! `ccpay sign`: the headers that sign a body.

use ccpayment::Timestamp;
use serde_json::{Map, Value};

use crate::args::Sign;
use crate::context::Context;
use crate::exit::CliError;
use crate::{delivery, operations};

pub(crate) fn run(context: &mut Context<'_>, options: &Sign) -> Result<(), CliError> {
    let body = operations::read(&options.body)?;
    let credentials = context.credentials()?;
    let moment = Timestamp::from_system(context.moment(options.at));
    let headers = delivery::sign(&credentials, options.api, moment.get(), &body)?;
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    if context.terminal.is_json() {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), text(value).into()));
        let headers: Map<String, Value> = headers.collect();
        return context.terminal.json(&Value::Object(headers));
    }
    for (name, value) in &headers {
        context
            .terminal
            .line(format_args!("{name}: {}", text(value)))?;
    }
    Ok(())
}
