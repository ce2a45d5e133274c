//! What happened, line by line.

use ccpayment_sandbox::Sandbox;

/// Prints each event with the seconds since the start of the story.
#[derive(Clone)]
pub struct Timeline {
    sandbox: Sandbox,
    start: u64,
}

impl Timeline {
    pub fn new(sandbox: Sandbox) -> Self {
        let start = sandbox.now();
        Self { sandbox, start }
    }

    pub fn say(&self, who: &str, what: impl std::fmt::Display) {
        println!("{:>5}s  {who:<8}  {what}", self.sandbox.now() - self.start);
    }
}
