//! The sandbox as a program: the gateway, its pages and its admin API on one address.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program talks to its terminal"
)]

mod cli;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use ccpayment_sandbox::{Sandbox, Tls};
use cli::{Command, Options};

fn main() -> ExitCode {
    let done = match cli::read(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", cli::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            println!("ccpayment-sandbox {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run(options)) => start(*options),
        Err(error) => {
            eprintln!("ccpayment-sandbox: {error}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ccpayment-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One thread is plenty, and leaves the machine to whatever is tested.
fn start(options: Options) -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(options))
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let sandbox = set_up(&options)?;
    // Before anybody is told where to connect, so that an early signal ends it cleanly, too.
    let ended = ending()?;
    let tls = secured(&options)?;
    let served = match &tls {
        Some(tls) => sandbox.serve_tls(options.listen, tls).await,
        None => sandbox.serve(options.listen).await,
    };
    let server = served.map_err(|error| format!("can't listen on {}: {error}", options.listen))?;
    let public_url = options.public_url.unwrap_or_else(|| server.origin());
    let public_url = public_url.trim_end_matches('/');
    sandbox.set_public_url(public_url);
    println!("This is a sandbox, not a payment gateway: no real money moves here.");
    println!("listening on {}", server.origin());
    println!("overview and admin API: {public_url}/sandbox/");
    println!("app id: {}", sandbox.app_id());
    if let Some(tls) = &tls {
        println!(
            "https in the name of {}, on port {}",
            options.tls.join(", "),
            server.addr().port()
        );
        if options.tls_certificate.is_none() {
            print!("{}", tls.certificate_pem());
        }
    }
    println!("each request is a line here; {public_url}/sandbox/ says more of it");
    if !options.listen.ip().is_loopback() {
        eprintln!(
            "warning: {} is not loopback. The admin API has no password: whoever reaches it may do anything here.",
            options.listen
        );
    }
    tell_requests(&sandbox);
    tokio::select! {
        () = ended => {}
        () = sandbox.keep_delivering() => {}
    }
    server.shutdown().await;
    println!("stopped");
    Ok(())
}

/// One line for each request, from a thread of its own: a terminal that does not keep up loses lines
/// and holds up nobody.
fn tell_requests(sandbox: &Sandbox) {
    let (lines, told) = std::sync::mpsc::sync_channel::<String>(1_000);
    std::thread::spawn(move || {
        let mut terminal = std::io::stderr();
        for line in told {
            if writeln!(terminal, "{line}").is_err() {
                return;
            }
        }
    });
    sandbox.on_request(move |request| {
        let _ = lines.try_send(request.to_string());
    });
}

/// A certificate, and the file for it; never its key.
fn secured(options: &Options) -> Result<Option<Tls>, Box<dyn Error>> {
    if options.tls.is_empty() {
        return match options.tls_certificate {
            Some(_) => Err("--tls-certificate needs a host: --tls HOST".into()),
            None => Ok(None),
        };
    }
    let tls = Tls::self_signed(options.tls.iter().map(String::as_str))?;
    if let Some(path) = &options.tls_certificate {
        std::fs::write(path, tls.certificate_pem())
            .map_err(|error| format!("can't write {}: {error}", path.display()))?;
    }
    Ok(Some(tls))
}

fn set_up(options: &Options) -> Result<Sandbox, Box<dyn Error>> {
    let mut builder = Sandbox::builder().seed(options.seed);
    match (&options.app_id, &options.app_secret) {
        (Some(app_id), Some(app_secret)) => builder = builder.app(app_id, app_secret),
        (None, None) => {}
        _ => return Err("--app-id and --app-secret are given together or not at all".into()),
    }
    for (coin_id, amount) in &options.balances {
        builder = builder.balance(*coin_id, amount);
    }
    for setting in &options.settings {
        builder = builder.setting(setting.clone());
    }
    if let Some(url) = &options.webhook_url {
        if !url.starts_with("http://") {
            return Err("--webhook-url must start with http://: the sandbox sends no TLS".into());
        }
        builder = builder.webhook_url(url);
    }
    if let Some(seconds) = options.start_time {
        builder = builder.start_time(seconds);
    }
    if let Some(path) = &options.rsa_public_key {
        let key = std::fs::read_to_string(path)
            .map_err(|error| format!("can't read {}: {error}", path.display()))?;
        builder = builder.rsa_public_key(key);
    }
    if let Some(path) = &options.state {
        builder = builder.state_file(path);
    }
    let sandbox = builder.build()?;
    let mut names = options.hosts.clone();
    // The host of the public URL must be allowed, too.
    if let Some(url) = &options.public_url {
        let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = authority.split('/').next().unwrap_or_default();
        names.push(
            host.rsplit_once(':')
                .map_or(host, |(name, _)| name)
                .to_owned(),
        );
    }
    sandbox.set_allowed_hosts(names);
    Ok(sandbox)
}

/// Resolves when the program is asked to end.
#[cfg(unix)]
fn ending() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}

/// Resolves when the program is asked to end.
#[cfg(not(unix))]
fn ending() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler there is nothing to wait for but the end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
