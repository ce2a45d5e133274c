//! `Network`, the transport from the merchant to the gateway, which fails as networks do.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::{Clock, Exchange, Transport, TransportError};
use http::{Response, StatusCode};

use super::time::{Parcel, Shared, Slot, VirtualClock};

/// Money is at stake, so withdrawals meet faults more often than reads do.
const PAYOUT_FACTOR: u32 = 3;

pub(super) struct Network {
    clock: VirtualClock,
}

/// What happens to one exchange.
enum Fate {
    Answered,
    NotSent,
    /// The request never arrives.
    LostBefore,
    /// The request arrives and is carried out.
    LostAfter,
    /// The request arrives after the client stopped waiting.
    Late,
    /// Something between the two answers in the place of the gateway.
    BadGateway,
    TooMany,
    /// The gateway answers that it is busy, and does nothing.
    Busy,
}

impl Fate {
    fn draw(shared: &mut Shared, operation: &str) -> Self {
        let now = shared.elapsed;
        if (shared.network_outage).is_some_and(|(from, to)| from <= now && now < to) {
            shared.counts.not_sent += 1;
            return Self::NotSent;
        }
        let factor = if operation.starts_with("apply") {
            PAYOUT_FACTOR
        } else {
            1
        };
        let faults = shared.faults_percent.saturating_mul(factor).min(90);
        if !shared.chance(faults) {
            return Self::Answered;
        }
        match shared.random.u32(0..14) {
            0 => Self::NotSent,
            1..=2 => Self::LostBefore,
            3..=6 => Self::LostAfter,
            7..=9 => Self::Late,
            10..=11 => Self::BadGateway,
            12 => Self::TooMany,
            _ => Self::Busy,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Answered => "is answered",
            Self::NotSent => "finds no connection",
            Self::LostBefore => "is lost",
            Self::LostAfter => "arrives, and its answer is lost",
            Self::Late => "arrives too late",
            Self::BadGateway => "is answered by a proxy: 502",
            Self::TooMany => "is answered by a proxy: 429",
            Self::Busy => "is refused for now: 11004",
        }
    }
}

/// How a lost answer shows.
enum Silence {
    Reset(Duration),
    TimedOut(Duration),
}

impl Network {
    pub(super) fn new(clock: VirtualClock) -> Self {
        Self { clock }
    }

    /// Sends a request that arrives after this time, even if its sender is gone by then.
    fn post(&self, exchange: &Exchange, after: Duration, slot: Option<Slot>) {
        let parcel = Parcel {
            operation: exchange.operation,
            request: exchange.request.clone(),
            slot,
        };
        self.clock.shared().post(after, parcel);
    }

    async fn silent(&self, silence: Silence) -> TransportError {
        match silence {
            Silence::Reset(after) => {
                self.clock.sleep(after).await;
                TransportError::MaybeSent("the connection was reset".into())
            }
            Silence::TimedOut(after) => {
                self.clock.sleep(after).await;
                TransportError::TimedOut { after }
            }
        }
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let (fate, there, back, late, silence) = {
            let mut shared = self.clock.shared();
            let fate = Fate::draw(&mut shared, exchange.operation);
            shared.counts.exchanges += 1;
            if !matches!(fate, Fate::Answered) {
                shared.counts.faults += 1;
                let title = fate.title();
                shared.say("network", format_args!("{} {title}", exchange.operation));
            }
            let (there, back) = (shared.millis(5, 400), shared.millis(5, 400));
            // Up to longer than a signature is valid.
            let late = exchange.timeout + shared.millis(0, 150_000);
            let silence = if shared.chance(50) {
                Silence::TimedOut(exchange.timeout)
            } else {
                Silence::Reset(shared.millis(5, 5_000))
            };
            (fate, there, back, late, silence)
        };
        match fate {
            Fate::Answered => {
                let slot = Slot::default();
                self.post(&exchange, there, Some(slot.clone()));
                let answer = slot.take().await;
                self.clock.sleep(back).await;
                answer.ok_or_else(|| TransportError::MaybeSent("the connection was closed".into()))
            }
            Fate::NotSent => {
                self.clock.sleep(there).await;
                Err(TransportError::NotSent("no connection".into()))
            }
            Fate::LostBefore => Err(self.silent(silence).await),
            Fate::LostAfter => {
                self.post(&exchange, there, None);
                Err(self.silent(silence).await)
            }
            Fate::Late => {
                self.post(&exchange, late, None);
                Err(self.silent(Silence::TimedOut(exchange.timeout)).await)
            }
            Fate::BadGateway => {
                let acts = self.clock.shared().chance(50);
                if acts {
                    self.post(&exchange, there, None);
                }
                self.clock.sleep(there + back).await;
                Ok(page(StatusCode::BAD_GATEWAY))
            }
            Fate::TooMany => {
                self.clock.sleep(there + back).await;
                Ok(page(StatusCode::TOO_MANY_REQUESTS))
            }
            Fate::Busy => {
                self.clock.sleep(there + back).await;
                let body = br#"{"code":11004,"msg":"RateLimit"}"#;
                Ok(Response::new(Bytes::from_static(body)))
            }
        }
    }
}

/// What a proxy shows.
fn page(status: StatusCode) -> Response<Bytes> {
    let body = format!("<html><body><h1>{status}</h1></body></html>");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response
}
