//! The command line.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ccpayment_sandbox::Setting;
use lexopt::prelude::{Long, Short, ValueExt};

pub(crate) const HELP: &str = "\
A local CCPayment gateway to develop and test against. It is a sandbox: no real money moves.

Usage: ccpayment-sandbox [OPTION]...

      --listen ADDRESS       where to listen [127.0.0.1:8480]; port 0 picks a free one
      --app-id ID            the merchant's app id [sandboxapp000001]
      --app-secret SECRET    its secret [sandboxsecret0000000000000000001]
      --rsa-public-key FILE  the merchant's RSA key: requests are signed with it instead
      --webhook-url URL      where notifications go; http:// only
      --balance COIN=AMOUNT  money to begin with, such as 1280=1000; may be repeated
      --seed N               what ids, addresses and transaction ids are made from [1]
      --state FILE           keep everything in this file; without it, all is gone at the end
      --start-time SECONDS   stop the clock at this unix time; only `advance` moves it
      --public-url URL       where browsers reach the pages [where it listens]
      --host NAME            answer pages and admin calls to this name, too; may be repeated
      --strict               refuse what the documents don't have in a request
      --allow-unknown-fields ignore fields that nobody documents, instead of refusing them
      --set JSON             a setting, as the admin API takes it; may be repeated
      --tls HOST             answer https in the name of this host as well; may be repeated
      --tls-certificate FILE write the certificate for these hosts here [print it]
  -h, --help                 print this
  -V, --version              print the version
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    Run(Box<Options>),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) app_id: Option<String>,
    pub(crate) app_secret: Option<String>,
    pub(crate) rsa_public_key: Option<PathBuf>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) balances: Vec<(u64, String)>,
    pub(crate) seed: u64,
    pub(crate) state: Option<PathBuf>,
    pub(crate) start_time: Option<u64>,
    pub(crate) public_url: Option<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) tls: Vec<String>,
    pub(crate) tls_certificate: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8480)),
            app_id: None,
            app_secret: None,
            rsa_public_key: None,
            webhook_url: None,
            balances: Vec::new(),
            seed: 1,
            state: None,
            start_time: None,
            public_url: None,
            hosts: Vec::new(),
            settings: Vec::new(),
            tls: Vec::new(),
            tls_certificate: None,
        }
    }
}

pub(crate) fn read(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("listen") => options.listen = parser.value()?.parse()?,
            Long("app-id") => options.app_id = Some(parser.value()?.string()?),
            Long("app-secret") => options.app_secret = Some(parser.value()?.string()?),
            Long("rsa-public-key") => options.rsa_public_key = Some(parser.value()?.into()),
            Long("webhook-url") => options.webhook_url = Some(parser.value()?.string()?),
            Long("balance") => options.balances.push(parser.value()?.parse_with(balance)?),
            Long("seed") => options.seed = parser.value()?.parse()?,
            Long("state") => options.state = Some(parser.value()?.into()),
            Long("start-time") => options.start_time = Some(parser.value()?.parse()?),
            // The second is its former name.
            Long("public-url" | "site") => options.public_url = Some(parser.value()?.string()?),
            Long("strict") => options.settings.push(Setting::Strict(true)),
            Long("allow-unknown-fields") => {
                options.settings.push(Setting::AllowUnknownFields(true));
            }
            Long("set") => {
                let setting = parser
                    .value()?
                    .parse_with(|text| serde_json::from_str(text))?;
                options.settings.push(setting);
            }
            Long("host") => options.hosts.push(parser.value()?.string()?),
            Long("tls") => options.tls.push(parser.value()?.string()?),
            Long("tls-certificate") => options.tls_certificate = Some(parser.value()?.into()),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Run(Box::new(options)))
}

/// The amount stays text; the sandbox reads it exactly.
fn balance(text: &str) -> Result<(u64, String), &'static str> {
    let shape = "is not like 1280=1000";
    let (coin, amount) = text.split_once('=').ok_or(shape)?;
    Ok((coin.parse().map_err(|_| shape)?, amount.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Command, lexopt::Error> {
        read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn everything_has_a_default_but_nothing_is_guessed() {
        assert_eq!(run("").unwrap(), Command::Run(Box::default()));
        assert!(Options::default().listen.ip().is_loopback());
        let options = Options {
            listen: "0.0.0.0:1".parse().unwrap(),
            app_id: Some("A".to_owned()),
            balances: vec![(1280, "0.10".to_owned()), (1482, "2".to_owned())],
            seed: 9,
            state: Some("f.db".into()),
            ..Options::default()
        };
        assert_eq!(
            run("--listen 0.0.0.0:1 --app-id=A --balance 1280=0.10 --balance 1482=2 --seed 9 --state f.db").unwrap(),
            Command::Run(Box::new(options))
        );
        let set = vec![
            Setting::Strict(true),
            Setting::AllowUnknownFields(true),
            Setting::SignRetriesAfresh(false),
        ];
        assert_eq!(
            run("--strict --allow-unknown-fields --set {\"SignRetriesAfresh\":false}").unwrap(),
            Command::Run(Box::new(Options {
                settings: set,
                ..Options::default()
            }))
        );
        let at = |name: &str| run(&format!("--{name} https://pay.test")).unwrap();
        assert_eq!(at("site"), at("public-url"));
        for wrong in [
            "--sed 9",
            "--seed x",
            "--balance 5",
            "--listen here",
            "--set {\"Nothing\":1}",
            "stray",
        ] {
            assert!(run(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_names_every_option() {
        let source = include_str!("cli.rs");
        for name in source
            .split("Long(\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(
                name.is_empty() || name == ")" || HELP.contains(&format!("--{name}")),
                "{name}"
            );
        }
    }
}
