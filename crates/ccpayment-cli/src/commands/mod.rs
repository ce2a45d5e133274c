//! The commands, one file each.

mod call;
mod doctor;
mod extras;
mod listen;
mod payout;
mod queues;
mod replay;
mod routes;
mod sandbox;
mod sign;
mod trigger;
mod verify;

use ccpayment::durable::Queue;
use clap::ArgMatches;

use crate::args::Commands;
use crate::context::Context;
use crate::exit::CliError;
use crate::operations::{self, Operation};

pub(crate) async fn run(
    context: &mut Context<'_>,
    command: Commands,
    matches: &ArgMatches,
) -> Result<(), CliError> {
    match command {
        Commands::Sandbox(options) => sandbox::run(context, options).await,
        Commands::Routes(options) => routes::run(context, &options),
        Commands::Call(asked) => {
            let (operation, fields) = chosen(matches)?;
            call::run(context, &operation, fields, asked.yes).await
        }
        Commands::Payout(options) => {
            let (operation, fields) = chosen(matches)?;
            payout::run(context, &operation, fields, &options).await
        }
        Commands::Settle(_) => {
            let (operation, fields) = chosen(matches)?;
            payout::settle(context, &operation, fields).await
        }
        Commands::Sign(options) => sign::run(context, &options),
        Commands::Verify(options) => verify::run(context, &options),
        Commands::Listen(options) => listen::run(context, options).await,
        Commands::Trigger(options) => trigger::run(context, options).await,
        Commands::Replay(options) => replay::run(context, &options).await,
        Commands::Inbox(options) => queues::run(context, Queue::Inbox, options).await,
        Commands::Outbox(options) => queues::run(context, Queue::Outbox, options).await,
        Commands::Doctor(options) => doctor::run(context, &options).await,
        Commands::Completions { shell } => extras::completions(context, shell),
        Commands::Man { folder } => extras::man(context, folder.as_deref()),
    }
}

/// The operation that stands behind `call`, `payout` or `settle`, with its options.
fn chosen(matches: &ArgMatches) -> Result<(Operation, &ArgMatches), CliError> {
    let below = |it: &'_ ArgMatches| it.subcommand().map(|(name, _)| name.to_owned());
    let name = matches.subcommand().and_then(|(_, it)| below(it));
    let fields = matches.subcommand().and_then(|(_, it)| it.subcommand());
    match (name, fields) {
        (Some(name), Some((_, fields))) => Ok((operations::find(&name)?, fields)),
        _ => Err(CliError::Usage("no operation is named".to_owned())),
    }
}
