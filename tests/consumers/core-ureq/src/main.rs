//! Opens an order and reads it back: `ccpayment-core` signs and reads, ureq carries the bytes.

use std::error::Error;
use std::time::SystemTime;

use ccpayment_core::v2::{CreateAppOrderDepositAddress, GetAppOrderInfo};
use ccpayment_core::{Chain, Credentials, Origin, PreparedRequest, Request, Timestamp, decode};
use ureq::Agent;

/// USDT.
const USDT: u64 = 1280;

struct Shop {
    agent: Agent,
    credentials: Credentials,
    origin: Origin,
}

impl Shop {
    fn open() -> Result<Self, Box<dyn Error>> {
        // `decode` decides what a redirect or another status means.
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false);
        Ok(Self {
            agent: config.build().into(),
            credentials: Credentials::from_env()?,
            origin: match std::env::var("GATEWAY") {
                Ok(origin) => origin.parse()?,
                Err(_) => Origin::default(),
            },
        })
    }

    fn send<R: Request>(&self, request: &R) -> Result<R::Response, Box<dyn Error>> {
        let now = Timestamp::from_system(SystemTime::now());
        let prepared = PreparedRequest::new(request)?;
        let signed = prepared.sign(&self.origin, &self.credentials, now)?;
        let answer = self.agent.run(signed.map(|body| body.to_vec()))?;
        let (head, mut body) = answer.into_parts();
        let body = body.read_to_vec()?.into();
        Ok(decode(&ureq::http::Response::from_parts(head, body))?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let shop = Shop::open()?;
    let (polygon, price) = (Chain::new("POLYGON"), "25".parse()?);
    let order = CreateAppOrderDepositAddress::new("order-1001", USDT, polygon, price);
    let to_pay = shop.send(&order)?;
    println!("the order costs {} at {}", to_pay.amount, to_pay.address);

    let found = shop.send(&GetAppOrderInfo::new("order-1001"))?;
    assert_eq!(found.amount_to_pay, to_pay.amount);
    assert!(found.paid_list.is_empty(), "nobody has paid yet");
    Ok(())
}
