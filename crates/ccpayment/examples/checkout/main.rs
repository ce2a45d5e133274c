//! The main job: an order is paid and credited once, and a payout survives a lost answer.
//!
//! ```text
//! cargo run --example checkout -- --seed 7
//! ```
//!
//! Everything runs on this machine over real sockets: a merchant's program (`merchant.rs`) with a
//! real client and a real receiver of notifications, and the sandbox as the other side. The seed
//! chooses how the payer pays, in which order things happen, and where the answer to the payout
//! is lost (`story.rs`). At the end the gateway's ledger is held against the merchant's books
//! (`checks.rs`).
//!
//! `--plant FAULT` puts a well-known mistake into the merchant's program, to show that the checks
//! notice it: `credit-twice`, `new-order-id`, `timeout-is-failure`, `skip-verification`,
//! `acknowledge-first`.

#![allow(missing_debug_implementations, reason = "nobody prints these types")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what this program prints is its purpose"
)]
#![allow(
    unreachable_pub,
    reason = "in a program, `pub` says what a module offers"
)]

mod checks;
mod merchant;
mod planted;
mod story;
mod timeline;

use std::net::SocketAddr;
use std::process::ExitCode;

use ccpayment_sandbox::{Sandbox, Setting};
use ccpayment_testing::SandboxClock;

use crate::merchant::Merchant;
use crate::planted::Planted;
use crate::story::Story;
use crate::timeline::Timeline;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<String, Error> {
    let (seed, planted) = arguments()?;
    let story = Story::from_seed(seed);
    println!("seed {seed}: {}\n", story.title());

    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let sandbox = Sandbox::builder()
        .seed(seed)
        .start_time(1_767_225_600)
        // The story tells when the chain confirms.
        .setting(Setting::ManualChain(true))
        .balance(merchant::USDT.get(), "100")
        .build()?;
    let gateway = sandbox.serve(loopback).await?;
    let timeline = Timeline::new(sandbox.clone());

    let clock = SandboxClock::new(&sandbox);
    let merchant = Merchant::new(
        &sandbox,
        &gateway.origin(),
        clock,
        timeline.clone(),
        planted == Some(Planted::CreditTwice),
    )?;
    let receiver = merchant
        .clone()
        .listen(loopback, planted::receiver(planted))
        .await?;
    sandbox.set_webhook_url(format!("http://{receiver}/notify"));

    let told = story.tell(&sandbox, &merchant, &timeline, planted).await?;
    let summary = checks::hold(&sandbox, &merchant, &told);
    gateway.shutdown().await;
    println!();
    summary
}

fn arguments() -> Result<(u64, Option<Planted>), Error> {
    use lexopt::prelude::*;
    let (mut seed, mut planted) = (1, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seed") => seed = parser.value()?.parse()?,
            Long("plant") => planted = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok((seed, planted))
}
