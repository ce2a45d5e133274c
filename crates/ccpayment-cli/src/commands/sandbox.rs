//! `ccpay sandbox`: the local gateway, its pages and its admin API on one address.

use ccpayment::{APP_ID_VARIABLE, APP_SECRET_VARIABLE};
use ccpayment_sandbox::Sandbox;
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::exit::CliError;
use crate::{credentials, signals};

pub(crate) async fn run(context: &mut Context<'_>, options: args::Sandbox) -> Result<(), CliError> {
    let sandbox = set_up(context, &options)?;
    // Before anybody is told where to connect, so that an early signal ends it cleanly, too.
    let ended = signals::ended()?;
    let server = sandbox
        .serve(options.listen)
        .await
        .map_err(CliError::io(format!("can't listen on {}", options.listen)))?;
    let origin = server.origin();
    sandbox.set_public_url(&origin);
    if context.terminal.is_json() {
        let app_id = sandbox.app_id();
        context
            .terminal
            .json(&json!({ "listening": origin, "appId": app_id }))?;
    } else {
        context
            .terminal
            .line("This is a sandbox, not a payment gateway: no real money moves here.")?;
        context
            .terminal
            .line(format_args!("listening on {origin}"))?;
        context
            .terminal
            .line(format_args!("overview and admin API: {origin}/sandbox/"))?;
        context
            .terminal
            .line(format_args!("app id: {}", sandbox.app_id()))?;
    }
    if !options.listen.ip().is_loopback() {
        context.terminal.note(format_args!(
            "warning: {} is not loopback. The admin API has no password: whoever reaches it may do \
             anything here.",
            options.listen
        ));
    }
    tokio::select! {
        () = ended => {}
        () = sandbox.keep_delivering() => {}
    }
    server.shutdown().await;
    if !context.terminal.is_json() {
        context.terminal.line("stopped")?;
    }
    Ok(())
}

fn set_up(context: &Context<'_>, options: &args::Sandbox) -> Result<Sandbox, CliError> {
    let mut builder = Sandbox::builder().seed(options.seed);
    // Without credentials, the sandbox uses the fixed pair that its documentation names.
    let global = &context.global;
    let has_app_id = global.app_id.is_some() || std::env::var_os(APP_ID_VARIABLE).is_some();
    match (has_app_id, credentials::is_given(global)) {
        (true, true) => {
            let (app_id, secret) = credentials::pair(global)?;
            builder = builder.app(app_id, secret.expose());
        }
        (false, false) => {}
        _ => {
            return Err(CliError::Credentials(format!(
                "APP ID and APP Secret are given together or not at all, by {APP_ID_VARIABLE} and \
                 {APP_SECRET_VARIABLE} or by options"
            )));
        }
    }
    for (coin_id, amount) in &options.balance {
        builder = builder.balance(*coin_id, amount);
    }
    if let Some(url) = &options.webhook_url {
        builder = builder.webhook_url(url);
    }
    if let Some(seconds) = options.start_time {
        builder = builder.start_time(seconds);
    }
    if let Some(path) = &options.state {
        builder = builder.state_file(path);
    }
    builder
        .build()
        .map_err(|error| CliError::Failed(error.to_string()))
}
