//! The receiver on a real socket, and the page for operators.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use ccpayment_durable::{Queue, report_page};
use http_body_util::BodyExt as _;
use tower_service::Service as _;

use crate::shop::{Mood, Shop};

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_notification_over_a_socket_is_stored_and_then_acknowledged() {
    let shop = Shop::new();
    let address = serve(
        shop.inbox
            .route("/notify")
            .merge(shop.inbox.route_v1("/v1")),
    )
    .await;
    shop.sandbox
        .set_webhook_url(format!("http://{address}/notify"));
    shop.paid("order-1", "20").await;
    let attempts = shop.sandbox.deliver_due().await;
    assert!(attempts.iter().all(|it| it.acknowledged), "{attempts:?}");
    assert_eq!(shop.state_of(Queue::Inbox).await.len(), 1);
    // v1's are no notifications of v2.
    shop.sandbox.set_webhook_url(format!("http://{address}/v1"));
    shop.sandbox.advance(Duration::from_secs(200));
    let attempts = shop.sandbox.deliver_due().await;
    assert!(attempts.iter().all(|it| !it.acknowledged), "{attempts:?}");
}

async fn page(shop: &Shop) -> String {
    let mut router: Router = report_page("/operators", shop.store.clone());
    let request = Request::get("/operators").body(Body::empty()).unwrap();
    let answer = router.call(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn the_page_shows_what_is_parked_and_escapes_it() {
    let shop = Shop::new();
    assert!(page(&shop).await.contains("Nothing is parked."));
    let record_id = shop.paid("order-1", "20").await;
    shop.sandbox.advance(Duration::from_secs(200));
    shop.deliver().await;
    shop.mood(Mood::Parks);
    shop.worker.work_once().await.unwrap();
    let page = page(&shop).await;
    assert!(page.contains(&record_id), "{page}");
    assert!(page.contains("no such order &lt;b&gt;"), "{page}");
    assert!(!page.contains("<b>"), "{page}");
    // The body of the notification, which names the order, is not there.
    assert!(!page.contains("order-1"), "{page}");
}

/// Set in CI, where a missing browser must not pass for a test.
const NEEDED: &str = "CCPAYMENT_NEEDS_CHROMIUM";

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_what_is_parked_in_a_browser() {
    if std::process::Command::new("chromium")
        .arg("--version")
        .output()
        .is_err()
    {
        let _ = writeln!(
            std::io::stderr(),
            "\n!!! NO CHROMIUM: the page was NOT looked at in a browser. Install `chromium`.\n"
        );
        assert!(
            std::env::var_os(NEEDED).is_none(),
            "{NEEDED} is set, but there is no chromium"
        );
        return;
    }
    let shop = Shop::new();
    let record_id = shop.paid("order-1", "20").await;
    shop.paid("order-2", "20").await;
    shop.sandbox.advance(Duration::from_secs(200));
    shop.deliver().await;
    shop.mood(Mood::Parks);
    shop.worker.work_once().await.unwrap();
    let address = serve(report_page("/operators", shop.store.clone())).await;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("report_page");
    std::fs::create_dir_all(&folder).unwrap();
    for (size, name) in [("1280,900", "wide.png"), ("500,1200", "narrow.png")] {
        let output = tokio::process::Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args(["--hide-scrollbars", "--dump-dom"])
            .arg(format!("--window-size={size}"))
            .arg(format!(
                "--user-data-dir={}",
                folder.join("profile").display()
            ))
            .arg(format!("--screenshot={}", folder.join(name).display()))
            .arg(format!("http://{address}/operators"))
            .output()
            .await
            .unwrap();
        let dom = String::from_utf8(output.stdout).unwrap();
        assert!(dom.contains("2 for a person."), "{dom}");
        assert!(
            dom.contains(&record_id) && dom.contains("no such order &lt;b&gt;"),
            "{dom}"
        );
        let picture = std::fs::read(folder.join(name)).unwrap();
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 5_000);
    }
}
