//! The client against a sandbox in the same process, under the sandbox's own time: without a
//! socket, thousands of requests take a moment.

use ccpayment::{Client, Credentials};
use ccpayment_sandbox::Sandbox;
use ccpayment_testing::{SandboxClock, SandboxTransport};

pub(crate) fn client(sandbox: &Sandbox) -> Client {
    let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret()).unwrap();
    Client::new(credentials, SandboxTransport::new(sandbox)).with_clock(SandboxClock::new(sandbox))
}
