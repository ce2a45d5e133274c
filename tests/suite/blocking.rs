//! The client without a runtime, against the sandbox on real sockets.

use std::future::pending;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use ccpayment::blocking::{BlockingClock, Client, UreqTransport};
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, ApplyBatchWithdraw, BatchMode, BatchWithdrawTask,
    CreateAppOrderDepositAddress, GetAppWithdrawRecordList, GetCoin,
};
use ccpayment::{
    Address, AppId, AppSecret, BatchPayout, BlockingTransport, Chain, CoinId, Credentials,
    HyperTransport, OrderId, Outcome, Proof, ReqwestTransport, RetryPolicy, Timeouts, Timestamp,
    Transport,
};
use ccpayment_sandbox::{Fault, Sandbox, Setting};
use ccpayment_testing::{FakeTransport, Recorder, SandboxClock};

const USDT: CoinId = CoinId::new(1280);

/// The sandbox has a runtime, on a thread of its own; the caller has none.
fn house() -> (Sandbox, Client) {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let sandbox = Sandbox::builder()
                .strict()
                .app("app-id", "app-secret")
                .seed(7)
                .start_time(1_767_225_600)
                .setting(Setting::ManualChain(true))
                .balance(USDT.get(), "100")
                .build()
                .unwrap();
            let server = sandbox
                .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
                .await
                .unwrap();
            tell.send((sandbox, server.origin())).unwrap();
            pending::<()>().await;
        });
    });
    let (sandbox, origin) = told.recv().unwrap();
    let credentials = Credentials::new(AppId::new("app-id"), AppSecret::new("app-secret")).unwrap();
    let client = Client::new(credentials, UreqTransport::new().unwrap()).with(|client| {
        let clock = SandboxClock::new(&sandbox).with_deadlines(BlockingClock::new());
        client
            .with_origin(origin.parse().unwrap())
            .with_clock(clock)
    });
    (sandbox, client)
}

fn payout() -> ApplyAppWithdrawToNetwork {
    ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-1"),
        USDT,
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "10".parse().unwrap(),
    )
}

#[test]
fn a_payout_is_made_once_without_a_runtime_whatever_becomes_of_it() {
    use Fault::{ActThenDrop, DeliverAfterLookup, DropBeforeActing};
    for fault in [ActThenDrop, DropBeforeActing, DeliverAfterLookup] {
        let (sandbox, client) = house();
        let usdt = client.send(&GetCoin::new(USDT)).unwrap();
        assert_eq!(usdt.coin.symbol, "USDT");

        sandbox.plan_fault("applyAppWithdrawToNetwork", fault);
        let paid = client
            .payout(&payout())
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        let made = sandbox.payouts();
        assert_eq!(
            (made.len(), &*made[0].order_id),
            (1, "payout-1"),
            "{fault:?}"
        );

        let settled = client
            .settle(&payout(), Timestamp::new(sandbox.now()))
            .unwrap();
        assert_eq!(
            (settled.created, settled.proof),
            (paid.created, Proof::FoundRecord)
        );
        assert!(sandbox.ledger().is_balanced());
    }
}

#[test]
fn orders_batches_and_lists_need_no_runtime_either() {
    let (sandbox, client) = house();
    let polygon = || Chain::new("POLYGON");
    let price = "2".parse().unwrap();
    let order = CreateAppOrderDepositAddress::new("order-1", USDT, polygon(), price);
    let opened = client.submit(&order).unwrap();
    assert!(!opened.created.address.is_empty());

    let to = Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE");
    let row = BatchWithdrawTask::new(1, "row-1", to, "10".parse().unwrap());
    let batch = ApplyBatchWithdraw::new("batch-1", USDT, polygon(), BatchMode::Batch);
    let batch = BatchPayout::new(batch.orders([row]));
    let paid = client.batch_payout(&batch).unwrap();
    assert_eq!((paid.order_id.as_str(), paid.rows.len()), ("batch-1", 1));
    let again = client.resume_batch(&batch, None).unwrap();
    assert_eq!(again.proof, Proof::FoundRecord);

    client.payout(&payout()).unwrap();
    let list = GetAppWithdrawRecordList::new;
    let all = client.items(list()).collect_at_most(100).unwrap();
    let one_by_one: Vec<_> = client.items(list()).collect::<Result<_, _>>().unwrap();
    let pages: Vec<_> = client.pages(list()).collect::<Result<_, _>>().unwrap();
    assert_eq!(all, one_by_one);
    assert_eq!(
        pages.iter().map(|page| page.items.len()).sum::<usize>(),
        all.len()
    );
    assert!(
        all.iter()
            .any(|it| it.order_id.as_ref().is_some_and(|id| *id == "payout-1"))
    );
    assert!(sandbox.ledger().is_balanced());
}

/// Nothing can interrupt the thread, so ureq itself has to keep the time limit.
#[test]
fn a_gateway_that_is_silent_is_given_up_in_time() {
    let (sandbox, client) = house();
    let hasty = Timeouts::new(Duration::from_millis(200), Duration::from_secs(1));
    let client = client.with(|client| {
        client
            .with_timeouts(hasty)
            .with_retry_policy(RetryPolicy::off())
    });
    sandbox.plan_fault("getCoin", Fault::Silence { acted: false });
    let error = client.send(&GetCoin::new(USDT)).unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Unknown(_)), "{error:?}");
    assert!(error.is_timeout());
    assert!(error.report().to_string().contains("200 ms"), "{error:?}");
    // Anything else that the async client can do.
    let usdt = client.run(async |client| client.send(&GetCoin::new(USDT)).await);
    assert_eq!(usdt.unwrap().coin.symbol, "USDT");
}

/// Whether the client without a runtime takes a transport, decided by the compiler: the constant
/// that only blocking transports have goes before the one that all have.
struct Taken<T>(PhantomData<T>);

trait NotTaken {
    const IS_TAKEN: bool = false;
}

impl<T> NotTaken for Taken<T> {}

impl<T: BlockingTransport> Taken<T> {
    const IS_TAKEN: bool = true;
}

/// Inside a runtime such a transport would wait for itself, and outside one it would panic.
#[test]
fn a_transport_that_needs_a_runtime_is_not_taken() {
    const {
        assert!(Taken::<UreqTransport>::IS_TAKEN);
        assert!(Taken::<Arc<UreqTransport>>::IS_TAKEN);
        assert!(Taken::<Recorder<UreqTransport>>::IS_TAKEN);
        assert!(Taken::<FakeTransport>::IS_TAKEN);

        assert!(!Taken::<ReqwestTransport>::IS_TAKEN);
        assert!(!Taken::<HyperTransport>::IS_TAKEN);
        assert!(!Taken::<Recorder<ReqwestTransport>>::IS_TAKEN);
        assert!(!Taken::<Arc<dyn Transport>>::IS_TAKEN);
    }
}
