#![doc = include_str!("../README.md")]

mod args;
mod commands;
mod context;
mod credentials;
mod delivery;
mod exit;
mod http_server;
mod operations;
mod signals;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

use args::Cli;
use context::Context;
use exit::{CliError, Exit};
use terminal::Terminal;

/// Does what the arguments ask for. The first one is the name of the program.
///
/// It prints to standard output and standard error, and gives the exit code, which the help lists.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let exit = match args::command() {
        Ok(command) => parsed(command, arguments),
        Err(error) => {
            Terminal::new(anstream::ColorChoice::Auto, false).failed(&error);
            error.exit()
        }
    };
    ExitCode::from(exit as u8)
}

fn parsed(command: clap::Command, arguments: Vec<OsString>) -> Exit {
    let parsed = command
        .color(args::color_of(&arguments))
        .try_get_matches_from(&arguments)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version come this way as well.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            let _ = error.print();
            return exit;
        }
    };
    let mut terminal = Terminal::new(cli.global.color.into(), cli.global.json);
    let done = start(&mut terminal, cli, &matches);
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            terminal.failed(&error);
            error.exit()
        }
    }
}

/// One thread is plenty.
fn start(terminal: &mut Terminal, cli: Cli, matches: &clap::ArgMatches) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::io("the program can't be started"))?;
    let mut context = Context::new(terminal, cli.global);
    runtime.block_on(commands::run(&mut context, cli.command, matches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_one_that_clap_takes() {
        args::command().unwrap().debug_assert();
    }
}
