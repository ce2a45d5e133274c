//! The network between merchant and gateway, and what can be seen on it.

use ccpayment::bytes::Bytes;
use ccpayment::http::Response;
use ccpayment::{Exchange, ReqwestTransport, Transport, TransportError, async_trait};
use serde_json::Value;

use crate::Error;
use crate::timeline::Timeline;

/// The default transport. It tells what became of each exchange that is about an order id.
pub struct Network {
    transport: ReqwestTransport,
    timeline: Timeline,
}

impl Network {
    pub fn new(timeline: Timeline) -> Result<Self, Error> {
        Ok(Self {
            transport: ReqwestTransport::new()?,
            timeline,
        })
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let operation = exchange.operation;
        let request: Value = serde_json::from_slice(exchange.request.body()).unwrap_or_default();
        let answer = self.transport.send(exchange).await;
        if let Some(order_id) = text(&request, "orderId") {
            let what = match &answer {
                Ok(answer) => {
                    let answer = serde_json::from_slice(answer.body()).unwrap_or_default();
                    text(&answer, "msg").unwrap_or("something else").to_owned()
                }
                Err(error) => error.to_string(),
            };
            let line = format_args!("{operation}: {what}");
            self.timeline.say("network", order_id, line);
        }
        answer
    }
}

fn text<'a>(json: &'a Value, name: &str) -> Option<&'a str> {
    json.get(name)?.as_str()
}
