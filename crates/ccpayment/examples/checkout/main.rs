//! The main job: an order is paid and credited once, and a payout survives a crash and a lost
//! answer.
//!
//! ```text
//! cargo run --example checkout -- --seed 7
//! ```
//!
//! Everything runs on this machine: a merchant's process (`merchant.rs` is what a merchant writes)
//! with an SQLite file, a real client and a real receiver of notifications, and the sandbox as the
//! other side (`world.rs`). The seed chooses how the payer pays, in which order things happen,
//! where the answer to the payout is lost, and between which two steps the merchant's process is
//! killed (`scenario.rs`). At the end the gateway's ledger is held against the merchant's file
//! (`checks.rs`).
//!
//! `--bug NAME` takes a program in the place of the merchant's that does without inbox and outbox
//! and makes a well-known mistake (`bugs.rs`), to show what it costs, and that the checks find it.

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

mod books;
mod bugs;
mod checks;
mod merchant;
mod process;
mod scenario;
mod story;
mod summary;
mod timeline;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use ccpayment_sandbox::{Sandbox, Setting};

use crate::books::Books;
use crate::bugs::Bug;
use crate::scenario::Scenario;
use crate::world::World;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let ran = match Role::read() {
        Ok(Role::Story(arguments)) => run(arguments).await.map(Some),
        Ok(Role::Merchant(arguments)) => process::run(arguments).await.map(|()| None),
        Ok(Role::Help) => Ok(Some(usage())),
        Err(error) => {
            eprintln!("{error}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    match ran {
        Ok(last_line) => {
            last_line.into_iter().for_each(|it| println!("{it}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { seed, bug, keep }: Arguments) -> Result<String, Error> {
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
    let folder = tempfile::tempdir()?;
    let database = keep.unwrap_or_else(|| folder.path().join("shop.db"));
    let mut world = World::new(sandbox, gateway.origin(), database, bug).await?;
    let events = scenario.play(&mut world, bug.is_none()).await?;

    let books = Books::read(&world.database).await?;
    summary::print(&world.sandbox, &books, &world.timeline);
    let checked = checks::hold(&world.sandbox, &books, &world.timeline, &events);
    gateway.shutdown().await;
    checked
}

/// What this program is started as: the story, or the merchant in it.
enum Role {
    Story(Arguments),
    Merchant(process::Arguments),
    Help,
}

struct Arguments {
    seed: u64,
    bug: Option<Bug>,
    keep: Option<PathBuf>,
}

impl Role {
    fn read() -> Result<Self, Error> {
        use lexopt::prelude::*;
        let mut story = Arguments {
            seed: 1,
            bug: None,
            keep: None,
        };
        let (mut database, mut origin, mut listen) = (None, None, None);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seed") => story.seed = parser.value()?.parse()?,
                // The README has the second name.
                Long("bug" | "plant") => story.bug = Some(parser.value()?.parse()?),
                Long("keep") => story.keep = Some(parser.value()?.into()),
                Long("merchant") => database = Some(parser.value()?.into()),
                Long("origin") => origin = Some(parser.value()?.string()?),
                Long("listen") => listen = Some(parser.value()?.parse()?),
                Short('h') | Long("help") => return Ok(Self::Help),
                other => return Err(other.unexpected().into()),
            }
        }
        let Some(database) = database else {
            return Ok(Self::Story(story));
        };
        Ok(Self::Merchant(process::Arguments {
            database,
            origin: origin.ok_or("--merchant needs --origin")?,
            listen: listen.ok_or("--merchant needs --listen")?,
            bug: story.bug,
        }))
    }
}

fn usage() -> String {
    let mut text = "\
An order is paid and credited once, and a payout survives a crash and a lost answer.

Usage: checkout [--seed NUMBER] [--bug NAME] [--keep FILE]

  --seed NUMBER  how the payer pays, where the answer to the payout is lost, and when the merchant's
                 process is killed (default: 1)
  --keep FILE    where the merchant's database stays, to be looked at
  --bug NAME     a program in the merchant's place that makes a mistake:"
        .to_owned();
    for bug in Bug::ALL {
        text += &format!("\n                   {:<20}{}", bug.name(), bug.what());
    }
    text + "\n  --help         this text"
}
