//! `Exit`, how the program ends, and `CliError`, why it did not do what was asked.

use std::io;

use ccpayment::{
    Error, ErrorCode, ErrorReport, Outcome, RefusalReason, Retry, SubmitError, durable::StoreError,
};

/// How the program ends. The numbers are documented and stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Refused = 3,
    InDoubt = 4,
    CheckFailed = 5,
    ForAPerson = 6,
    NotConfirmed = 7,
}

/// The table of exit codes for the help.
pub(crate) const TABLE: &str = "\
Exit codes:
  0  done
  1  failed, and nothing happened
  2  the command line or the request is not right; nothing was sent
  3  the gateway refused
  4  in doubt: the gateway may have acted; run the `ccpay settle` that is printed
  5  a check failed (verify, doctor, trigger, replay, payout before it is sent)
  6  something else is under this order id: a person has to compare
  7  a question was not answered with yes; nothing was sent";

/// Why a command did not do what was asked. It is printed once, with its advice.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The request or an option is not right. Nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// There are no credentials.
    #[error("{0}")]
    Credentials(String),
    /// Something on this machine failed.
    #[error("{what}")]
    Io { what: String, source: io::Error },
    /// Something failed that is neither the gateway nor a file of this machine.
    #[error("{0}")]
    Failed(String),
    /// A request has no answer.
    #[error(transparent)]
    Request(#[from] Box<Error>),
    /// A submit failed, or its outcome is in doubt. With the command that settles it.
    #[error("{error}")]
    Submit {
        error: Box<SubmitError>,
        settle: String,
    },
    /// The request was carried out, but its answer could not be written. With the command that
    /// shows it.
    #[error("it was sent and answered, but the answer can't be shown")]
    Unshown {
        source: Box<CliError>,
        look: Option<String>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A check failed. Its report is on the screen already.
    #[error("{0}")]
    CheckFailed(String),
    /// A check failed, and there is advice.
    #[error("{what}")]
    Stopped { what: String, advice: String },
    /// A question had to be asked, and there is no terminal.
    #[error("there is no terminal to ask at, so nothing was sent")]
    NotAsked,
    /// A person said no.
    #[error("nothing was sent")]
    Declined,
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::Request(Box::new(error))
    }
}

impl CliError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Turns an error in showing an answer into one that does not claim that nothing happened: the
    /// gateway has acted.
    pub(crate) fn after_acting(self, look: Option<String>) -> Self {
        match self.exit() {
            Exit::Done => self,
            _ => Self::Unshown {
                source: Box::new(self),
                look,
            },
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unshown { .. } => Exit::InDoubt,
            Self::Usage(_) | Self::Credentials(_) => Exit::Usage,
            // A reader who closed our output has seen enough.
            Self::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Io { .. } | Self::Failed(_) | Self::Store(_) => Exit::Failed,
            Self::Request(error) => of_request(error),
            Self::Submit { error, .. } => of_submit(error),
            Self::CheckFailed(_) | Self::Stopped { .. } => Exit::CheckFailed,
            Self::NotAsked | Self::Declined => Exit::NotConfirmed,
        }
    }

    /// The gateway's code, where it refused.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Request(error) => error.code(),
            Self::Submit { error, .. } => error.code(),
            _ => None,
        }
    }

    /// The whole error on one line.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Submit { error, .. } => error.report().to_string(),
            other => ErrorReport::new(other).to_string(),
        }
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Usage(_) => Some("See `ccpay --help`.".to_owned()),
            Self::Credentials(_) => Some(
                "Set CCPAYMENT_APP_ID and CCPAYMENT_APP_SECRET, or give --app-id and \
                 --secret-file FILE (`-` is standard input). A secret is never an argument."
                    .to_owned(),
            ),
            Self::Submit { error, settle } => of_doubt(error, settle),
            Self::Unshown { look, .. } => Some(match look {
                Some(look) => format!("Never send it under another order id. Look by:\n  {look}"),
                None => "Look before you send it again.".to_owned(),
            }),
            Self::Request(error) => match error.outcome() {
                Outcome::Unknown(doubt) if error.request().idempotency.acts() => Some(format!(
                    "It may have been done. Look before you send it again{}.",
                    doubt
                        .settled_by
                        .map_or_else(String::new, |it| format!(": ccpay call {it}"))
                )),
                Outcome::NotSent if !matches!(**error, Error::Invalid { .. }) => {
                    Some("Nothing was sent. `ccpay doctor` looks for the reason.".to_owned())
                }
                _ => error.code().and_then(of_code).map(str::to_owned),
            },
            Self::Store(_) => Some(
                "Name the file with --db sqlite:FILE, or set CCPAYMENT_DATABASE_URL.".to_owned(),
            ),
            Self::Stopped { advice, .. } => Some(advice.clone()),
            Self::NotAsked => Some("Add --yes where nobody can answer.".to_owned()),
            Self::Io { .. } | Self::Failed(_) | Self::CheckFailed(_) | Self::Declined => None,
        }
    }
}

fn of_request(error: &Error) -> Exit {
    match error.outcome() {
        _ if matches!(error, Error::Invalid { .. }) => Exit::Usage,
        Outcome::Refused => Exit::Refused,
        Outcome::Unknown(_) if error.request().idempotency.acts() => Exit::InDoubt,
        Outcome::Acted => Exit::ForAPerson,
        _ => Exit::Failed,
    }
}

fn of_submit(error: &SubmitError) -> Exit {
    match error {
        SubmitError::Refused { reason, .. } => match reason {
            RefusalReason::NotSent(error) => of_request(error),
            RefusalReason::Absent => Exit::Failed,
            RefusalReason::Ended { .. } | RefusalReason::Unmatched { .. } => Exit::ForAPerson,
            _ => Exit::Refused,
        },
        SubmitError::Unknown { .. } => Exit::InDoubt,
        // A conflict, what can't be compared, and what a later version may add.
        _ => Exit::ForAPerson,
    }
}

fn of_doubt(error: &SubmitError, settle: &str) -> Option<String> {
    Some(match error {
        SubmitError::Unknown { .. } => format!(
            "It may have happened. Never send it under another order id. Find out by:\n  {settle}"
        ),
        SubmitError::Refused { reason, .. } => match reason {
            RefusalReason::Absent => {
                "Nothing happened and nothing will. It may be sent again, under this order id."
                    .to_owned()
            }
            RefusalReason::Ended { .. } => "It was accepted and did not succeed. Look at the \
                balance before a person decides on a new order id."
                .to_owned(),
            RefusalReason::NotSent(error) if matches!(**error, Error::Invalid { .. }) => {
                "Nothing was sent.".to_owned()
            }
            RefusalReason::NotSent(_) => {
                "Nothing was sent. `ccpay doctor` looks for the reason.".to_owned()
            }
            // Only this run is refused. An earlier run that was killed may still be on its way.
            _ => {
                let look = format!(
                    "If an earlier run of it was cut off, look what became of that one before it is \
                     sent under another order id:\n  {settle}"
                );
                match error.code().and_then(of_code) {
                    Some(advice) => format!("{advice}\n{look}"),
                    None => look,
                }
            }
        },
        _ => "Compare the two by `ccpay call`, under this order id. Never send it under another \
              one before that."
            .to_owned(),
    })
}

/// What to do about a refusal.
fn of_code(code: ErrorCode) -> Option<&'static str> {
    Some(match code.code() {
        11005 => {
            "The secret is not the one of this APP ID, or something changed the bytes on the way. \
             Compare both with the dashboard (Developer)."
        }
        11006 => "The machine's clock is wrong. Set it by NTP.",
        11014 => "This address is blocked. Stop sending, find the cause, then ask CCPayment.",
        12001 => {
            "The gateway does not know the APP ID. Compare it with the dashboard. Don't try others: \
             the gateway blocks who does."
        }
        12002 => "This address is not on the allow-list of the dashboard (Developer).",
        _ => match code.retry() {
            Retry::Backoff => "Nothing was done. Try again later.",
            Retry::CheckRecord => "It may have been done before. Read the record.",
            Retry::AfterClockFix => "The machine's clock is wrong. Set it by NTP.",
            _ => return None,
        },
    })
}
