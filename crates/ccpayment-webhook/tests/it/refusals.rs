//! What whoever runs the server sees of a refusal.

use std::io;
use std::sync::{Arc, Mutex};

use ccpayment_webhook::VerifyError;

use crate::delivery::{APP_ID, Delivery, SECRET, SIGNED_AT, verifier};

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What is written while the guard lives.
    pub(crate) fn start(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_refusal_leaves_its_reason_and_nothing_of_body_and_signature() {
    let log = Log::default();
    let _guard = log.start();
    let good = Delivery::new(r#"{"type":"New","msg":"hush"}"#);
    let _ = good.verify(&verifier()).unwrap();
    assert_eq!(log.take(), "", "what is trusted is nothing to tell");

    let mut forged = good.clone();
    forged.body.push(b' ');
    let old = SIGNED_AT - 301;
    let old = Delivery::signed(APP_ID, &old.to_string(), SECRET, b"{\"a\":\"hush\"}");
    let no_object = Delivery::new("\"hush\"");
    for (delivery, is_authentic) in [(&forged, false), (&old, true), (&no_object, true)] {
        let error: VerifyError = delivery.verify(&verifier()).unwrap_err();
        let line = log.take();
        let status = error.status().as_u16();
        for told in [
            "WARN".to_owned(),
            "a notification was refused".to_owned(),
            format!("reason={error}"),
            format!("status={status}"),
            format!("is_authentic={is_authentic}"),
        ] {
            assert!(line.contains(&told), "{told}: {line}");
        }
        assert_eq!(line.lines().count(), 1, "{line}");
        let signature = String::from_utf8(delivery.signature.clone()).unwrap();
        for hidden in ["hush", SECRET, &signature] {
            assert!(!line.contains(hidden), "{line}");
        }
    }
}
