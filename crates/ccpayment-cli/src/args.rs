//! `Cli`, the command line.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ccpayment::Version;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::exit::{self, CliError};
use crate::operations::{self, Way};

#[derive(Debug, Parser)]
#[command(
    name = "ccpay",
    version,
    about = "Develop, test and operate with the CCPayment gateway",
    long_about = "Develop, test and operate with the CCPayment gateway.\n\n\
        Secrets come from the environment (CCPAYMENT_APP_ID, CCPAYMENT_APP_SECRET), from a file, \
        or from a prompt, and never from an argument. Without --origin the real gateway is asked.",
    after_help = exit::TABLE,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Commands,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Where the gateway is, such as http://127.0.0.1:8480 of a sandbox [default: the real one]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CCPAYMENT_ORIGIN",
        hide_env_values = true
    )]
    pub(crate) origin: Option<String>,
    /// Allow plain http to another machine, such as a sandbox in a container
    #[arg(long, global = true)]
    pub(crate) insecure: bool,
    /// Print JSON: one document, or one line for each event
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours; NO_COLOR switches them off as well
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// How long a request may take as a whole, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// The APP ID [default: the variable CCPAYMENT_APP_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) app_id: Option<String>,
    /// A file with the APP Secret, `-` for standard input [default: the variable
    /// CCPAYMENT_APP_SECRET]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// A file with an RSA private key (PEM), which signs requests instead
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "secret_file"
    )]
    pub(crate) rsa_key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Api {
    V1,
    V2,
}

impl From<Api> for Version {
    fn from(api: Api) -> Self {
        match api {
            Api::V1 => Self::V1,
            Api::V2 => Self::V2,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// Run a local gateway to develop against
    Sandbox(Sandbox),
    /// List what the gateway can do
    Routes(Routes),
    /// Send a request; `ccpay call OPERATION --help` lists its fields
    Call(Asked),
    /// Move money exactly once; `ccpay payout OPERATION --help` lists the fields
    Payout(Payout),
    /// Find out what became of a payout or an order in doubt
    Settle(Settle),
    /// Print the headers that sign a body
    Sign(Sign),
    /// Check the signature of a notification, and say what is wrong with it
    Verify(Verify),
    /// Receive notifications: verify, print, save, forward
    Listen(Listen),
    /// Make something happen: at a sandbox, or at a receiver of notifications
    Trigger(Trigger),
    /// Send a saved notification again
    Replay(Replay),
    /// Look into the inbox of the durable store
    Inbox(Queue),
    /// Look into the outbox of the durable store
    Outbox(Queue),
    /// Look for what is wrong with network, clock, credentials and webhook
    Doctor(Doctor),
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write a page for each command into this folder instead
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8480)))]
    pub(crate) listen: SocketAddr,
    /// Where notifications go; http:// only
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// Money to begin with, such as 1280=1000; may be repeated
    #[arg(long, value_name = "COIN=AMOUNT", value_parser = balance)]
    pub(crate) balance: Vec<(u64, String)>,
    /// What ids, addresses and transaction ids are made from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Keep everything in this file; without it, all is gone at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Stop the clock at this unix time; only `ccpay trigger advance` moves it
    #[arg(long, value_name = "SECONDS")]
    pub(crate) start_time: Option<u64>,
}

/// The amount stays text; the sandbox reads it exactly.
fn balance(text: &str) -> Result<(u64, String), String> {
    let shape = || "it is not like 1280=1000".to_owned();
    let (coin, amount) = text.split_once('=').ok_or_else(shape)?;
    Ok((coin.parse().map_err(|_| shape())?, amount.to_owned()))
}

#[derive(Debug, Args)]
pub(crate) struct Routes {
    /// Only those of this API
    #[arg(long, value_enum)]
    pub(crate) api: Option<Api>,
    /// Only those of this group, such as order
    #[arg(long)]
    pub(crate) group: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Don't ask before something happens
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Payout {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// Check, show the exact bytes, and send nothing that moves money. A withdrawal to a chain is
    /// checked against coin, chain and fee; the address and your balance are not checked
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Send it with --yes also where the check says that the gateway would refuse it
    #[arg(long, global = true)]
    pub(crate) despite_findings: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Settle {}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The body, `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) body: PathBuf,
    /// For which API
    #[arg(long, value_enum, default_value_t = Api::V2)]
    pub(crate) api: Api,
    /// Sign at this unix time instead of now
    #[arg(long, value_name = "SECONDS")]
    pub(crate) at: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A delivery that `ccpay listen --save` wrote: the head of the HTTP request, an empty line,
    /// and the body byte for byte
    #[arg(value_name = "FILE", required_unless_present = "headers")]
    pub(crate) delivery: Option<PathBuf>,
    /// A file with the headers, one `Name: value` a line; with --body
    #[arg(
        long,
        value_name = "FILE",
        requires = "body",
        conflicts_with = "delivery"
    )]
    pub(crate) headers: Option<PathBuf>,
    /// A file with the body byte for byte, `-` for standard input; with --headers
    #[arg(long, value_name = "FILE", requires = "headers")]
    pub(crate) body: Option<PathBuf>,
    /// Of which API
    #[arg(long, value_enum, default_value_t = Api::V2)]
    pub(crate) api: Api,
    /// Judge the timestamp as of this unix time [default: the time of receipt that the name of a
    /// file of `ccpay listen --save` holds, otherwise now]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) at: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8481)))]
    pub(crate) listen: SocketAddr,
    /// Hand each verified delivery on to this URL, byte for byte, and its answer back, which has to
    /// come within eight seconds
    #[arg(long, value_name = "URL")]
    pub(crate) forward: Option<String>,
    /// Save each verified delivery into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) save: Option<PathBuf>,
    /// End after so many acknowledged notifications
    #[arg(long, value_name = "NUMBER")]
    pub(crate) count: Option<u64>,
    /// Of which API
    #[arg(long, value_enum, default_value_t = Api::V2)]
    pub(crate) api: Api,
}

#[derive(Debug, Args)]
pub(crate) struct Trigger {
    /// With --to a notification such as ApiDeposit or ActivateWebhookURL; otherwise an operation of
    /// the sandbox's admin API, such as pay, confirm-all, settle, advance or fund
    #[arg(value_name = "EVENT")]
    pub(crate) event: String,
    /// FIELD=TEXT, or FIELD:=JSON for what is no text, such as coinId:=1280
    #[arg(value_name = "FIELD", value_parser = field)]
    pub(crate) fields: Vec<(String, serde_json::Value)>,
    /// Sign a notification here and send it to this URL
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Of which API the notification is
    #[arg(long, value_enum, default_value_t = Api::V2, requires = "to")]
    pub(crate) api: Api,
}

fn field(text: &str) -> Result<(String, serde_json::Value), String> {
    let shape = "it is not like amount=20 or coinId:=1280";
    let (name, value) = text.split_once('=').ok_or(shape)?;
    let Some(name) = name.strip_suffix(':') else {
        return Ok((name.to_owned(), value.into()));
    };
    let value = serde_json::from_str(value).map_err(|error| format!("no JSON: {error}"))?;
    if has_fraction(&value) {
        return Err(format!(
            "such a number can't be sent as it is written; amounts are text: {name}=0.1"
        ));
    }
    Ok((name.to_owned(), value))
}

/// Whether some number in it has become a float.
fn has_fraction(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The delivery, as `ccpay listen --save` wrote it
    #[arg(value_name = "FILE")]
    pub(crate) delivery: PathBuf,
    /// Where to send it
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// Sign it anew, as of now; needs the secret
    #[arg(long)]
    pub(crate) sign_anew: bool,
    /// Of which API it is
    #[arg(long, value_enum, default_value_t = Api::V2)]
    pub(crate) api: Api,
}

#[derive(Debug, Args)]
pub(crate) struct Queue {
    /// The database: sqlite:FILE. A PostgreSQL URL has a password in it, so it comes from the
    /// variable CCPAYMENT_DATABASE_URL
    #[arg(long, global = true, value_name = "sqlite:FILE")]
    pub(crate) db: Option<String>,
    #[command(subcommand)]
    pub(crate) what: QueueCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// List entries, the oldest first: those that wait for a person, unless told otherwise
    List {
        /// Those in this state
        #[arg(long, value_enum, default_value_t = StateName::Parked)]
        state: StateName,
        /// Payouts that may have been sent and are not settled yet
        #[arg(long, conflicts_with = "state")]
        in_doubt: bool,
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show an entry, and of the inbox the notifications that told of it
    Show {
        /// In the inbox the id of the record, in the outbox the order id
        id: String,
        /// Of which kind or operation, where several entries have this id
        #[arg(long)]
        kind: Option<String>,
    },
    /// Open an entry again that was left to a person: a worker takes it at once
    Release {
        /// In the inbox the id of the record, in the outbox the order id
        id: String,
        /// Of which kind or operation, where several entries have this id
        #[arg(long)]
        kind: Option<String>,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Let a worker look at an open entry at once, before it is due
    Hasten {
        /// In the inbox the id of the record, in the outbox the order id
        id: String,
        /// Of which kind or operation, where several entries have this id
        #[arg(long)]
        kind: Option<String>,
    },
}

/// As the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateName {
    Open,
    Parked,
    Done,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The receiver of notifications, to send it one that is signed and one that is not
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// By which API
    #[arg(long, value_enum, default_value_t = Api::V2)]
    pub(crate) api: Api,
}

/// What `--timeout` is there.
const SETTLE_WAITS: &str = "\
Where there is no record, that is certain only after five minutes. It waits that long, and at most \
--timeout longer.";

/// The whole command line, with a command for each operation of the gateway.
pub(crate) fn command() -> Result<clap::Command, CliError> {
    let mut command = Cli::command();
    let operations = operations::all()?;
    let of = |wanted: fn(&operations::Operation) -> bool| {
        let wanted = operations.iter().filter(move |it| wanted(it));
        wanted.map(operations::command).collect::<Vec<_>>()
    };
    // A payout is here as well, to name the command that makes it.
    let called = of(|_| true);
    let paid = of(|it| it.command() == "payout");
    let settled = of(|it| matches!(it.typed.way, Way::Submit { .. }));
    for (name, commands) in [("call", called), ("payout", paid), ("settle", settled)] {
        let waits = |it: clap::Command| match name {
            "settle" => it.after_help(SETTLE_WAITS),
            _ => it,
        };
        command = command.mut_subcommand(name, |it| {
            waits(it)
                .subcommands(commands.into_iter().map(aliased).map(waits))
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand_value_name("OPERATION")
                .subcommand_help_heading("Operations")
        });
    }
    Ok(command)
}

/// The withdrawals of most merchants, by a shorter name.
fn aliased(command: clap::Command) -> clap::Command {
    match command.get_name() {
        "applyAppWithdrawToNetwork" => command.visible_alias("chain"),
        "applyAppWithdrawToCwallet" => command.visible_alias("cwallet"),
        _ => command,
    }
}

/// What clap needs to know before it has read anything, for its own messages.
pub(crate) fn color_of(arguments: &[OsString]) -> clap::ColorChoice {
    let mut words = arguments.iter().filter_map(|it| it.to_str());
    let mut choice = clap::ColorChoice::Auto;
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(value) => value.strip_prefix('='),
            None => continue,
        };
        choice = match value {
            Some("always") => clap::ColorChoice::Always,
            Some("never") => clap::ColorChoice::Never,
            _ => clap::ColorChoice::Auto,
        };
    }
    choice
}
