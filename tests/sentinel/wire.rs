//! The logs of the libraries below the backends at `TRACE`, with their dumps put together again.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use ccpayment::blocking::{self, UreqTransport};
use ccpayment::raw::PreparedRequest;
use ccpayment::v2::GetCoin;
use ccpayment::{Client, CoinId, HyperTransport, ReqwestTransport, RetryPolicy};
use ccpayment_sandbox::{Fault, Sandbox};
use ccpayment_testing::TestClock;
use log::{LevelFilter, Log, Metadata, Record};

use super::{CALLS, NOW, SECRET, Shown, credentials, signature};

/// The target that the docs of `ccpayment-ureq` name.
const DUMPS: &str = "ureq_proto::util";

/// Each line with its target, in the order in which they came.
static LINES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (record.target().to_owned(), record.args().to_string());
        LINES.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// The bytes of a line of a dump: `7369 676e 3a20 3136 3661 3433 6638 6634  sign:.166a43f8f4`.
fn row(line: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = line
        .split(' ')
        .map_while(|group| {
            let pairs = group.as_bytes().chunks_exact(2);
            let bytes: Option<Vec<u8>> = pairs
                .filter(|pair| *pair != b"--")
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect();
            bytes.filter(|_| group.len() == 4)
        })
        .flatten()
        .collect();
    (!bytes.is_empty()).then_some(bytes)
}

/// The bytes of a list of numbers, as `Debug` shows a slice: `[115, 105, 103]`.
fn numbers(line: &str) -> Vec<u8> {
    let is_other = |c: char| !c.is_ascii_digit() && c != ',' && c != ' ';
    let lists = line.split(is_other).filter(|list| list.contains(','));
    lists
        .flat_map(|list| list.split(','))
        .filter_map(|number| number.trim().parse().ok())
        .collect()
}

/// All that the lines show, as they are and with the pieces of dumps put together.
fn put_together<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> String {
    let dump: Vec<u8> = lines.clone().filter_map(row).flatten().collect();
    let lists: Vec<u8> = lines.clone().flat_map(numbers).collect();
    let plain: Vec<&str> = lines.collect();
    let [dump, lists] = [dump, lists].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    [plain.join("\n"), dump, lists].join("\n")
}

#[test]
fn a_dump_is_put_together_again() {
    let dump = [
        "7369 676e 3a20 3136 3661 3433 6638 6634  sign:.166a43f8f4",
        "not a dump",
        "6635 ---- ---- ---- ---- ---- ---- ----  f5..............",
    ];
    assert!(put_together(dump.into_iter()).contains("sign: 166a43f8f4f5"));
    let list = "read [115, 105, 103, 110]";
    assert!(put_together([list].into_iter()).contains("\nsign"));
}

/// The sandbox on a thread of its own, so that it also serves callers that block.
fn sandbox() -> (Sandbox, String) {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(async {
            let builder = Sandbox::builder()
                .strict()
                .app("app", SECRET)
                .start_time(NOW.get());
            let sandbox = builder.build().unwrap();
            let server = sandbox.serve(SocketAddr::from(([127, 0, 0, 1], 0)));
            let server = server.await.unwrap();
            tell.send((sandbox, server.origin())).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

#[test]
fn in_no_log_of_a_library_but_for_the_dump_of_ureq_that_its_docs_name() {
    let _alone = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let traced = Shown::default();
    let writer = traced.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();

    let (sandbox, origin) = sandbox();
    let coin = GetCoin::new(CoinId::new(1280));
    let set_up = |client: Client| {
        (client.with_origin(origin.parse().unwrap()))
            .with_clock(TestClock::at(NOW))
            .with_retry_policy(RetryPolicy::off())
    };
    let client = |transport| set_up(Client::new(credentials(), transport));
    let transports: [Arc<dyn ccpayment::Transport>; 2] = [
        Arc::new(ReqwestTransport::new().unwrap()),
        Arc::new(HyperTransport::new().unwrap()),
    ];
    tracing::subscriber::with_default(subscriber, || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(async {
            for transport in transports {
                let client = client(transport);
                client.send(&coin).await.unwrap();
                sandbox.plan_fault("getCoin", Fault::ActThenDrop);
                client.send(&coin).await.unwrap_err();
            }
        });
        let ureq = blocking::Client::new(credentials(), UreqTransport::new().unwrap());
        let ureq = ureq.with(set_up);
        ureq.send(&coin).unwrap();
        sandbox.plan_fault("getCoin", Fault::ActThenDrop);
        ureq.send(&coin).unwrap_err();
    });

    let sign = signature(PreparedRequest::new(&coin).unwrap().body());
    let traced = String::from_utf8_lossy(&traced.0.lock().unwrap()).into_owned();
    let lines = LINES.lock().unwrap();
    let of = |is_dump: bool| {
        let of = lines
            .iter()
            .filter(move |line| (line.0 == DUMPS) == is_dump);
        put_together(of.map(|line| line.1.as_str()))
    };
    assert!(traced.contains("getCoin"), "nothing was traced");
    for library in ["reqwest", "ureq::"] {
        let has_logged = lines.iter().any(|(target, _)| target.starts_with(library));
        assert!(has_logged, "{library} logged nothing");
    }
    for (name, shown) in [
        ("a trace", put_together(traced.lines())),
        ("a log", of(false)),
    ] {
        for secret in [SECRET, &sign] {
            assert!(!shown.contains(secret), "{name} shows a secret");
        }
    }
    assert!(
        of(true).contains(&sign),
        "the docs warn of a dump that is none"
    );
    let docs = include_str!("../../crates/ccpayment-ureq/src/lib.rs");
    assert!(
        docs.contains(&format!("`{DUMPS}`")),
        "the docs warn of nothing"
    );
}
