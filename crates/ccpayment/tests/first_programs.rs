//! The programs that a merchant writes first, as the docs show them. They need nothing but this
//! crate, axum where a server is, and no conversion by hand.

#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "these are parts of programs"
)]

use ccpayment::{BoxError, Client};

type Result<T = ()> = std::result::Result<T, BoxError>;

async fn take_an_order(client: &Client) -> Result<String> {
    use ccpayment::Chain;
    use ccpayment::v2::CreateAppOrderDepositAddress;

    let price = "25.00".parse()?;
    let order = CreateAppOrderDepositAddress::new("order-1", 1280, Chain::new("POLYGON"), price)
        .product("Tea");
    let to_pay = client.submit(&order).await?.created;
    Ok(format!("pay {} to {}", to_pay.amount, to_pay.address))
}

async fn show_an_invoice(client: &Client) -> Result<String> {
    use ccpayment::FiatId;
    use ccpayment::v2::CreateInvoiceUrl;

    let dollars = FiatId::new(1033);
    let invoice = CreateInvoiceUrl::new(dollars, "invoice-1", "7.50".parse()?)
        .return_url("https://shop.example/thanks");
    Ok(client.submit(&invoice).await?.created.invoice_url)
}

mod receive_notifications {
    use ccpayment::webhook::{Acknowledgement, Event, Verified, Verifier, Webhook};
    use ccpayment::{AppId, AppSecret};

    async fn notify(event: Verified<Event>) -> Acknowledgement {
        if let Event::ApiDeposit(deposit) = event.event() {
            println!("{} is {:?}", deposit.order_id, deposit.status);
        }
        event.acknowledge()
    }

    fn router(app_id: AppId, secret: &AppSecret) -> super::Result<axum::Router> {
        let webhook = Webhook::new(Verifier::new(app_id, secret)?);
        let route = axum::routing::post(notify);
        Ok(axum::Router::new()
            .route("/ccpayment", route)
            .with_state(webhook))
    }
}

async fn credit_a_payment(
    client: &Client,
    deposit: &ccpayment::webhook::ApiDeposit,
) -> Result<bool> {
    use ccpayment::webhook::DepositDecision;

    match deposit.confirm(client).await?.decision() {
        DepositDecision::Credit(paid) => {
            // In one transaction, unique by the record id.
            println!(
                "+{} of {} by {}",
                paid.amount(),
                paid.coin_id(),
                paid.record_id()
            );
            Ok(true)
        }
        DepositDecision::NotYet | DepositDecision::Never(_) => Ok(true),
        // Not acknowledged, so it comes again.
        _ => Ok(false),
    }
}

async fn pay_out(client: &Client) -> Result<String> {
    use ccpayment::v2::ApplyAppWithdrawToNetwork;
    use ccpayment::{Address, Chain};

    let payout = ApplyAppWithdrawToNetwork::new(
        "payout-1",
        1280,
        Chain::new("POLYGON"),
        Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "12.5".parse()?,
    )
    .merchant_pay_network_fee(true);
    let payout = client.payout(&payout).await?;
    Ok(format!("{} is record {}", payout.order_id, payout.created))
}

async fn pay_out_after_a_restart(
    client: &Client,
    stored: &str,
) -> Result<std::result::Result<String, ccpayment::SubmitError>> {
    use ccpayment::v2::ApplyAppWithdrawToNetwork;

    let payout: ApplyAppWithdrawToNetwork = serde_json::from_str(stored)?;
    let settled = match client.settle_after_restart(&payout).await {
        Err(error) if error.can_be_made_again() => client.payout(&payout).await,
        settled => settled,
    };
    Ok(settled.map(|payout| payout.created.to_string()))
}

async fn list_deposits(client: &Client) -> Result<usize> {
    use ccpayment::Timestamp;
    use ccpayment::v2::GetAppDepositRecordList;

    let query = GetAppDepositRecordList::new().start_at(Timestamp::new(1_767_225_600));
    let mut deposits = client.items(query);
    let mut count = 0;
    while let Some(deposit) = deposits.next().await {
        println!("{}", deposit?.record_id);
        count += 1;
    }
    Ok(count)
}

async fn read_balances(client: &Client) -> Result {
    use ccpayment::Amount;
    use ccpayment::v2::GetAppCoinAssetList;

    for coin in client.send(&GetAppCoinAssetList::new()).await?.assets {
        println!(
            "{} of coin {}",
            coin.available.unwrap_or_else(Amount::zero),
            coin.coin_id
        );
    }
    Ok(())
}

async fn refund_a_payer(
    client: &Client,
    record: &ccpayment::v2::DepositRecord,
    to: ccpayment::Address,
) -> Result {
    use ccpayment::v2::ApplyAppWithdrawToNetwork;

    // A refund is a payout. Its order id hangs on the payment, so that it happens once.
    let order_id = format!("refund-{}", record.record_id);
    let refund = ApplyAppWithdrawToNetwork::new(
        order_id,
        record.coin_id,
        record.chain.clone(),
        to,
        record.amount.clone(),
    );
    client.payout(&refund).await?;
    Ok(())
}

async fn show_a_v1_checkout(client: &Client) -> Result<Option<String>> {
    use ccpayment::v1::GetCheckoutUrl;

    let page = GetCheckoutUrl::new("page-1", "9.99".parse()?, "Tea");
    let created = client.submit(&page).await?.created;
    Ok(created.map(|page| page.payment_url))
}

fn sign_with_rsa(pem: &str) -> Result<Client> {
    use ccpayment::{Credentials, HyperTransport, RsaPrivateKey};

    let credentials = Credentials::rsa("app-id", RsaPrivateKey::from_pem(pem)?)?;
    Ok(Client::new(credentials, HyperTransport::new()?))
}

mod bring_a_transport {
    use ccpayment::bytes::Bytes;
    use ccpayment::http::Response;
    use ccpayment::{
        Client, Credentials, Exchange, Transport, TransportError, async_trait, transport_fn,
    };

    struct Own;

    #[async_trait]
    impl Transport for Own {
        async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
            println!("{} bytes", exchange.request.body().len());
            Err(TransportError::NotSent("no line".into()))
        }
    }

    fn clients() -> super::Result<(Client, Client)> {
        let closure = transport_fn(|exchange: Exchange| async move {
            Err(TransportError::NotSent(exchange.operation.into()))
        });
        let credentials = Credentials::new("app-id", "app-secret")?;
        Ok((
            Client::new(credentials.clone(), Own),
            Client::new(credentials, closure),
        ))
    }
}

/// Those that need nothing but a gateway, on a sandbox.
#[tokio::test]
async fn first_programs_on_a_sandbox_do_what_they_say() -> Result {
    use ccpayment::{Credentials, ReqwestTransport};
    use ccpayment_sandbox::Sandbox;

    let sandbox = Sandbox::builder()
        .strict()
        .app("app-id", "app-secret")
        .balance(1280, "100")
        .build()?;
    let server = sandbox.serve(([127, 0, 0, 1], 0).into()).await?;
    let credentials = Credentials::new("app-id", "app-secret")?;
    let client =
        Client::new(credentials, ReqwestTransport::new()?).with_origin(server.origin().parse()?);

    assert!(take_an_order(&client).await?.starts_with("pay 25"));
    assert!(show_an_invoice(&client).await?.starts_with("http"));
    let paid = pay_out(&client).await?;
    let stored = ccpayment::v2::ApplyAppWithdrawToNetwork::new(
        "payout-1",
        1280,
        ccpayment::Chain::new("POLYGON"),
        ccpayment::Address::new("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE"),
        "12.5".parse()?,
    )
    .merchant_pay_network_fee(true);
    let found = pay_out_after_a_restart(&client, &serde_json::to_string(&stored)?).await??;
    assert_eq!(paid, format!("payout-1 is record {found}"));
    assert_eq!(sandbox.payouts().len(), 1);
    assert_eq!(list_deposits(&client).await?, 0);
    read_balances(&client).await?;
    assert!(show_a_v1_checkout(&client).await?.is_some());
    server.shutdown().await;
    Ok(())
}
