//! The handle that tests and demos hold. Each group of its calls is a file beside this one.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::api::engine::Engine;
use crate::gateway::Gateway;
use crate::model::error::SandboxError;
use crate::model::request_log::RequestLog;
use crate::ops::Op;
use crate::state::State;

/// A local CCPayment gateway with one merchant.
///
/// A cheap handle: clones share one gateway. It answers through [`serve`](Self::serve) or
/// [`respond`](Self::respond). All other calls play the parts that a merchant can't, and stand
/// below in groups.
///
/// ```
/// use ccpayment_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder()
///     .app("app-id", "app-secret")
///     .balance(1280, "100")
///     .build()?;
/// let server = sandbox.serve(([127, 0, 0, 1], 0).into()).await?;
/// assert!(server.origin().starts_with("http://127.0.0.1:"));
/// server.shutdown().await;
/// assert!(sandbox.ledger().is_balanced());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) gateway: Gateway,
    pub(crate) app_secret: String,
    pub(crate) host_names: Mutex<Vec<String>>,
    engine: Mutex<Engine>,
    pub(crate) request_log: Mutex<RequestLog>,
    /// The URLs that notifications are being carried to, so that none is carried twice at once.
    pub(crate) busy_urls: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("app_id", &self.app_id())
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    pub(crate) fn new(gateway: Gateway, app_secret: String, engine: Engine) -> Self {
        Self {
            shared: Arc::new(Shared {
                gateway,
                app_secret,
                host_names: Mutex::default(),
                engine: Mutex::new(engine),
                request_log: Mutex::default(),
                busy_urls: Mutex::default(),
            }),
        }
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        // After a panic elsewhere, the next posting checks the books anyway.
        self.shared
            .engine
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The only way to change anything.
    pub(crate) fn apply(&self, op: Op) -> Result<Value, SandboxError> {
        self.engine().apply(op)
    }

    /// For an operation that fails only when the books are broken, which every call reports by
    /// itself.
    pub(crate) fn apply_or_ignore(&self, op: Op) {
        let _ = self.apply(op);
    }

    /// Reads the state as it is now: everything that fell due has happened.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let engine = &mut *self.engine();
        let now = engine.clock.now();
        let _ = engine.state.apply(now, Op::Tick);
        look(&engine.state)
    }
}

/// A text field of an operation's answer.
pub(crate) fn text_field(answer: &Value, name: &str) -> String {
    let found = answer.get(name).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;
    use crate::model::ledger::{Account, EntryKind};
    use crate::model::money::fixed;

    #[tokio::test]
    async fn broken_books_stop_everything() {
        let sandbox = Sandbox::builder().balance(1280, "1").build().unwrap();
        let lines = vec![(Account::Merchant, 1280, fixed(1, 0))];
        assert!(
            sandbox
                .engine()
                .state
                .books
                .post(EntryKind::Deposit, "forged", lines)
                .is_err()
        );

        let request = Request::post("/ccpayment/v2/getCoinList")
            .body(Bytes::new())
            .unwrap();
        let answer = sandbox.respond(request).await.unwrap();
        let envelope: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(envelope["code"], 11_002);
        assert!(
            envelope["msg"].as_str().unwrap().contains("forged"),
            "{envelope}"
        );
        assert!(matches!(
            sandbox.pay("anywhere", "1"),
            Err(SandboxError::Unbalanced(_))
        ));
        assert!(matches!(
            sandbox.fail("anything"),
            Err(SandboxError::Unbalanced(_))
        ));
        assert!(!sandbox.ledger().is_balanced());
        assert_eq!(sandbox.ledger().balance("merchant:available", 1280), "1");
    }
}
