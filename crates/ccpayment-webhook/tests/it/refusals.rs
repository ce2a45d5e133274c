//! What whoever runs the server sees of a refusal.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use ccpayment_webhook::VerifyError;

use crate::delivery::{APP_ID, Delivery, SECRET, SIGNED_AT, verifier};

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What this test logs. One subscriber serves the whole process, because `tracing` remembers for
/// each event whether anybody listens; each test has a thread, and so lines, of its own.
pub(crate) struct Log(());

impl Log {
    pub(crate) fn start() -> Self {
        static LISTENS: Once = Once::new();
        LISTENS.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .without_time()
                .with_writer(|| Writer)
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        LINES.take();
        Self(())
    }

    pub(crate) fn take(&self) -> String {
        String::from_utf8(LINES.take()).unwrap()
    }
}

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_refusal_leaves_its_reason_and_nothing_of_body_and_signature() {
    let log = Log::start();
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
