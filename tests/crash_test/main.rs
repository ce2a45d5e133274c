//! Kills a merchant's processes and holds the merchant's books against the gateway's ledger.
//!
//! ```text
//! cargo xtask crash-test --kills 200 --store sqlite
//! ```
//!
//! Real processes (two on SQLite, three on PostgreSQL) receive notifications and work on one store.
//! The sandbox pays orders, duplicates, reorders, delays and drops notifications, and loses
//! answers. Half of the kills are at named steps, the others at random moments. PostgreSQL is
//! restarted in the middle. In the end each deposit has to be in the merchant's own table once, and
//! each planned payout in the ledger once.
//!
//! `--keep DIR` leaves the merchant's database there, to be counted with a tool that is not ours.
//! `--plant NAME` plants a well-known mistake and kills at the step that shows it. The program must
//! then fail.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::exhaustive_enums,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "a program that takes real time and tells what it does"
)]
#![allow(
    unreachable_pub,
    reason = "in a program, `pub` says what a module offers"
)]

mod books;
mod clock;
#[path = "../../crates/ccpayment-sqlx/tests/it/cluster.rs"]
mod cluster;
mod naive;
mod plants;
mod process;
mod shop;
mod steps;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::plants::Plant;

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Which database the merchant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The arguments of this program.
pub struct Arguments {
    pub kills: u32,
    pub store: Kind,
    pub seed: u64,
    pub keep: Option<PathBuf>,
    pub plant: Option<Plant>,
    /// The story of a plant, without its mistake.
    pub control: bool,
}

enum Role {
    World(Arguments),
    Process(process::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let role = match read() {
        Ok(role) => role,
        Err(error) => {
            eprintln!("{error}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    let ran = match role {
        Role::World(arguments) => match arguments.plant {
            Some(plant) => plants::run(&arguments, plant).await,
            None => world::run(&arguments).await,
        },
        Role::Process(arguments) => process::run(arguments).await,
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read() -> Result<Role, Error> {
    use lexopt::prelude::*;
    let mut world = Arguments {
        kills: 30,
        store: Kind::Sqlite,
        seed: 1,
        keep: None,
        plant: None,
        control: false,
    };
    let mut process: Option<process::Arguments> = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("kills") => world.kills = parser.value()?.parse()?,
            Long("store") => {
                world.store = match parser.value()?.string()?.as_str() {
                    "sqlite" => Kind::Sqlite,
                    "postgres" => Kind::Postgres,
                    other => return Err(format!("there is no store called {other}").into()),
                }
            }
            Long("seed") => world.seed = parser.value()?.parse()?,
            Long("keep") => world.keep = Some(parser.value()?.into()),
            Long("plant") => world.plant = Some(parser.value()?.parse()?),
            Long("control") => world.control = true,
            Long("process") => {
                let line = parser.value()?.string()?;
                process = Some(serde_json::from_str(&line)?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(match process {
        Some(process) => Role::Process(process),
        None => Role::World(world),
    })
}

fn usage() -> String {
    let mut text = "\
usage: crash_test [--kills N] [--store sqlite|postgres] [--seed S] [--keep DIR]
       crash_test --plant NAME [--control]

plants:"
        .to_owned();
    for plant in Plant::ALL {
        text += &format!("\n  {:<28}{}", plant.name(), plant.what());
    }
    text
}
