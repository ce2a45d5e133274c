#![doc = include_str!("../README.md")]

mod args;
mod commands;
mod context;
mod credentials;
mod delivery;
mod exit;
mod http_server;
mod nearest;
mod operations;
mod signals;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};

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
            Terminal::new(anstream::ColorChoice::Auto, wants_json(&arguments)).failed(&error);
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
        Err(error) => return unread(error, &arguments),
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

/// Ends with what clap printed instead of arguments, also for help and version.
fn unread(mut error: clap::Error, arguments: &[OsString]) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Done;
    }
    suggest_few(&mut error);
    if !wants_json(arguments) {
        let _ = error.print();
        return Exit::Usage;
    }
    let text = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing".to_owned(),
        _ => error.render().to_string(),
    };
    // The text after this is for people.
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let words: Vec<_> = text.split_whitespace().collect();
    let error = CliError::Usage(words.join(" "));
    Terminal::new(anstream::ColorChoice::Never, true).failed(&error);
    error.exit()
}

/// Suggests only the operations that were most likely meant, of many that are somehow alike.
fn suggest_few(error: &mut clap::Error) {
    let word = error.get(ContextKind::InvalidSubcommand);
    let alike = error.get(ContextKind::SuggestedSubcommand);
    if let (Some(ContextValue::String(word)), Some(ContextValue::Strings(alike))) = (word, alike) {
        let few = nearest::nearest(word, alike.iter().map(String::as_str));
        let few: Vec<_> = few.into_iter().map(str::to_owned).collect();
        match few.is_empty() {
            true => error.remove(ContextKind::SuggestedSubcommand),
            false => error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(few)),
        };
    }
}

/// Whether the error must be JSON, though the arguments can't be read.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().any(|it| it == "--json")
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
