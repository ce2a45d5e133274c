//! `ccpay`: see the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ccpayment_cli::run(std::env::args_os())
}
