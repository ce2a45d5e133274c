//! What goes out, byte for byte, over a real socket.

use bytes::Bytes;
use ccpayment::raw::{HmacKey, SignText};
use ccpayment::v2::{
    ApplyAppWithdrawToNetwork, CreateAppOrderDepositAddress, GetAppCoinAsset, GetAppDepositRecord,
    GetAppOrderInfo, GetAppWithdrawRecord, GetCoin, GetCoinList,
};
use ccpayment::{
    Address, AppId, AppSecret, Chain, Client, CoinId, Credentials, FiatId, Memo, OrderId, RecordId,
    Request, ReqwestTransport, Timestamp,
};
use ccpayment_testing::{Recorder, TestClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Sends the request to a plain socket; returns what came there.
async fn send<E: Request>(request: &E) -> (String, Bytes, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let (head, length) = loop {
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, _)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = (head.lines()).find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            break (head.to_owned(), length.unwrap_or(0usize));
        };
        let start = head.len() + 4;
        while bytes.len() < start + length {
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
        }
        let answer = r#"{"code":11003,"msg":"not found"}"#;
        let http = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(http.as_bytes()).await.unwrap();
        (head, Bytes::from(bytes).slice(start..))
    });
    let credentials = Credentials::new(AppId::new("app"), AppSecret::new("secret")).unwrap();
    let recorder = Recorder::new(ReqwestTransport::new().unwrap());
    let client = Client::new(credentials, recorder.clone())
        .with_origin(origin)
        .with_clock(TestClock::at(Timestamp::new(1_767_225_600)));
    client
        .send_unsettled(request)
        .await
        .map(|_| ())
        .unwrap_err();

    let (head, body) = server.await.unwrap();
    let exchange = recorder.exchanges().pop().unwrap();
    assert_eq!(exchange.request, body, "the record is not what went out");
    (head, body, exchange.snapshot())
}

async fn snapshot<E: Request>(name: &str, request: &E) {
    let (head, body, text) = send(request).await;
    assert_eq!(body, request.body().unwrap());

    // The signature fits the bytes that left.
    let header = |name: &str| {
        head.lines()
            .find_map(|line| {
                line.split_once(": ")
                    .filter(|(it, _)| it.eq_ignore_ascii_case(name))
            })
            .map(|(_, value)| value.to_owned())
            .unwrap()
    };
    let (app_id, timestamp) = (header("appid"), header("timestamp"));
    assert_eq!(timestamp, "1767225600");
    let text_to_sign = SignText {
        app_id: &app_id,
        timestamp: &timestamp,
        body: &body,
    };
    assert!(
        HmacKey::new(&AppSecret::new("secret")).verify(&text_to_sign, header("sign").as_bytes())
    );
    insta::assert_snapshot!(name, text);
}

#[tokio::test]
async fn every_request_as_it_goes_out() {
    let (usdt, polygon) = (CoinId::new(1280), Chain::new("POLYGON"));
    snapshot("sent_get_coin_list", &GetCoinList::new()).await;
    snapshot("sent_get_coin", &GetCoin::new(usdt)).await;
    snapshot("sent_get_app_coin_asset", &GetAppCoinAsset::new(usdt)).await;
    let price = "25.00".parse().unwrap();
    let order = CreateAppOrderDepositAddress::new("order-1001", usdt, polygon.clone(), price);
    snapshot("sent_create_app_order_deposit_address", &order).await;
    let order = order
        .fiat_id(FiatId::new(1033))
        .expired_at(Timestamp::new(1_767_312_000))
        .product("tea, \"green\" — 2 × 100 g")
        .generate_checkout_url(true);
    snapshot(
        "sent_create_app_order_deposit_address_with_optional",
        &order,
    )
    .await;
    snapshot(
        "sent_get_app_order_info",
        &GetAppOrderInfo::new("order-1001"),
    )
    .await;
    let record_id = RecordId::new("20250116073333231508600365121536");
    snapshot(
        "sent_get_app_deposit_record",
        &GetAppDepositRecord::new(record_id.clone()),
    )
    .await;
    let payout = ApplyAppWithdrawToNetwork::new(
        OrderId::new("payout-77"),
        usdt,
        polygon,
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "1.000000000000000000000000".parse().unwrap(),
    );
    snapshot("sent_apply_app_withdraw_to_network", &payout).await;
    let payout = payout.memo(Memo::new("7")).merchant_pay_network_fee(true);
    snapshot("sent_apply_app_withdraw_to_network_with_optional", &payout).await;
    let by_order = GetAppWithdrawRecord::new(OrderId::new("payout-77"));
    snapshot("sent_get_app_withdraw_record_by_order_id", &by_order).await;
    snapshot(
        "sent_get_app_withdraw_record_by_record_id",
        &GetAppWithdrawRecord::new(record_id),
    )
    .await;
}
