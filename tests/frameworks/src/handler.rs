//! `Handler`, which does what the test says.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use ccpayment_webhook::Event;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Every server calls this. It tells the test what came, and ends as the test wants.
#[derive(Debug, Clone)]
pub struct Handler {
    came: Sender<String>,
    ends: Arc<Mutex<UnboundedReceiver<bool>>>,
}

/// The test's end of a [`Handler`].
#[derive(Debug)]
pub struct Seen {
    came: Receiver<String>,
    ends: UnboundedSender<bool>,
}

impl Handler {
    /// A handler, and the test's end of it.
    #[must_use]
    pub fn new() -> (Self, Seen) {
        let (to_test, came) = channel();
        let (ends, of_test) = unbounded_channel();
        let ends_here = Arc::new(Mutex::new(of_test));
        let handler = Self {
            came: to_test,
            ends: ends_here,
        };
        (handler, Seen { came, ends })
    }

    /// Works until the test says how it ends.
    ///
    /// # Errors
    ///
    /// When the test wants that.
    pub async fn handle(&self, event: &Event) -> Result<(), &'static str> {
        let whole = serde_json::to_string(event).map_err(|_| "not to be written")?;
        self.came.send(whole).map_err(|_| "the test is over")?;
        let succeeds = self.ends.lock().await.recv().await;
        if succeeds == Some(true) {
            Ok(())
        } else {
            Err("the books are closed")
        }
    }
}

impl Seen {
    /// Sets how the next unfinished work ends.
    pub fn ends(&self, well: bool) {
        // Without a handler the test fails at its next answer.
        let _ = self.ends.send(well);
    }

    /// Waits for the handler to begin; returns what it got.
    #[must_use]
    pub fn begun(&self) -> Option<String> {
        self.came.recv_timeout(Duration::from_secs(60)).ok()
    }

    /// What the handler got and nobody has asked for yet; `None` if it did not begin.
    #[must_use]
    pub fn unasked(&self) -> Option<String> {
        self.came.try_recv().ok()
    }
}
