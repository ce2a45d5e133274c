//! The main job: an order is paid and credited once, and a payout survives a lost answer.
//!
//! ```text
//! cargo run --example checkout -- --seed 7
//! ```
//!
//! Everything runs on this machine over real sockets: a merchant's program (`merchant.rs`) with a
//! real client and a real receiver of notifications, and the sandbox as the other side. The seed
//! chooses how the payer pays, in which order things happen, and where the answer to the payout
//! is lost (`scenario.rs`). At the end the gateway's ledger is held against the merchant's books
//! (`checks.rs`).
//!
//! `--bug NAME` puts a well-known mistake into the merchant's program (`bugs.rs`), to show what it
//! costs, and that the checks find it.

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

mod bugs;
mod checks;
mod merchant;
mod network;
mod scenario;
mod summary;
mod timeline;

use std::net::SocketAddr;
use std::process::ExitCode;

use ccpayment::Credentials;
use ccpayment_sandbox::{Sandbox, Setting};
use ccpayment_testing::SandboxClock;

use crate::bugs::Bug;
use crate::merchant::Merchant;
use crate::network::Network;
use crate::scenario::Scenario;
use crate::timeline::Timeline;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{}", usage());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    match run(&arguments).await {
        Ok(last_line) => {
            println!("{last_line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(&Arguments { seed, bug }: &Arguments) -> Result<String, Error> {
    let scenario = Scenario::from_seed(seed);
    println!("seed {seed}: {}", scenario.title());
    if let Some(bug) = bug {
        println!("bug {}: {}", bug.name(), bug.what());
    }
    println!();

    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let sandbox = Sandbox::builder()
        .seed(seed)
        .start_time(1_767_225_600)
        // The scenario says when the chain confirms.
        .setting(Setting::ManualChain(true))
        .balance(merchant::USDT.get(), "100")
        .build()?;
    let gateway = sandbox.serve(loopback).await?;
    let timeline = Timeline::new(sandbox.clone());

    let merchant = Merchant::new(
        Credentials::new(sandbox.app_id(), sandbox.app_secret())?,
        Network::new(timeline.clone())?,
        &gateway.origin(),
        &SandboxClock::new(&sandbox),
        timeline.clone(),
        bug == Some(Bug::CreditTwice),
    )?;
    let receiver = merchant
        .clone()
        .listen(loopback, bugs::receiver(bug))
        .await?;
    sandbox.set_webhook_url(format!("http://{receiver}/notify"));

    let events = scenario.play(&sandbox, &merchant, &timeline, bug).await?;
    summary::print(&sandbox, &merchant.books(), &timeline);
    let checked = checks::hold(&sandbox, &merchant.books(), &timeline, &events);
    gateway.shutdown().await;
    checked
}

struct Arguments {
    seed: u64,
    bug: Option<Bug>,
}

impl Arguments {
    /// None, where somebody asks for help.
    fn read() -> Result<Option<Self>, Error> {
        use lexopt::prelude::*;
        let (mut seed, mut bug) = (1, None);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seed") => seed = parser.value()?.parse()?,
                // The README has the second name.
                Long("bug" | "plant") => bug = Some(parser.value()?.parse()?),
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(Self { seed, bug }))
    }
}

fn usage() -> String {
    let mut text = "\
An order is paid and credited once, and a payout survives a lost answer.

Usage: checkout [--seed NUMBER] [--bug NAME]

  --seed NUMBER  how the payer pays, and where the answer to the payout is lost (default: 1)
  --bug NAME     a mistake in the merchant's program (or --plant NAME):"
        .to_owned();
    for bug in Bug::ALL {
        text += &format!("\n                   {:<20}{}", bug.name(), bug.what());
    }
    text + "\n  --help         this text"
}
