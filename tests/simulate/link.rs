//! A connection in memory: two directions, in which bytes take their time and can get lost.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf, Bytes};
use ccpayment_sandbox::ByteStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::clock::{MachineClock, now};
use crate::fault_kinds::Strike;
use crate::world::{World, route_in};

/// How long after its last byte the reader sees that a direction is closed.
const FAREWELL: Duration = Duration::from_secs(1);
/// In how many pieces something slow comes.
const PIECES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

/// One direction.
#[derive(Default)]
struct Way {
    flight: VecDeque<(Instant, Bytes)>,
    end: Option<(Instant, End)>,
    reader: Option<Waker>,
    /// Whether everything that is written vanishes, the end included.
    lost: bool,
}

impl Way {
    /// When everything written so far will have arrived.
    fn last(&self) -> Instant {
        let last = self.flight.back().map(|(at, _)| *at);
        last.unwrap_or_else(now).max(now())
    }

    fn push(&mut self, after: Duration, bytes: &[u8]) {
        if self.lost || self.end.is_some() || bytes.is_empty() {
            return;
        }
        // Never before what was written earlier.
        let at = self.last().max(now() + after);
        self.flight.push_back((at, Bytes::copy_from_slice(bytes)));
        self.wake();
    }

    fn close(&mut self, after: Duration, end: End) {
        if self.lost || self.end.is_some() {
            return;
        }
        self.end = Some((self.last() + after, end));
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Whether the reader sees the end by now.
    fn is_over(&self) -> bool {
        self.end.is_some_and(|(at, _)| at <= now())
    }
}

struct Wires {
    number: u32,
    start: Instant,
    up: Way,
    down: Way,
    strike: Strike,
    latency: Duration,
    /// The route that was asked for, and whether it is of the older API.
    route: Option<(String, bool)>,
    /// Bytes of the request and of the answer, of the exchange that is under way.
    sent: usize,
    answered: usize,
}

#[derive(Clone)]
pub(crate) struct Link {
    world: Arc<World>,
    /// The clock of the process that the link belongs to.
    clock: MachineClock,
    wires: Arc<Mutex<Wires>>,
}

impl Link {
    /// The client's end and the gateway's.
    pub(crate) fn pair(
        world: &Arc<World>,
        clock: MachineClock,
        number: u32,
    ) -> (ClientEnd, GatewayEnd) {
        let wires = Wires {
            number,
            start: world.start,
            up: Way::default(),
            down: Way::default(),
            strike: Strike::Nothing,
            latency: Duration::from_millis(10),
            route: None,
            sent: 0,
            answered: 0,
        };
        let link = Self {
            world: Arc::clone(world),
            clock,
            wires: Arc::new(Mutex::new(wires)),
        };
        let (alarm, other) = (Box::pin(sleep_now()), Box::pin(sleep_now()));
        let client = ClientEnd {
            link: link.clone(),
            alarm,
        };
        let gateway = GatewayEnd {
            link,
            alarm: other,
            end: End::Closed,
        };
        (client, gateway)
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.wires.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both sides meet a reset.
    pub(crate) fn reset(&self) {
        let mut wires = self.wires();
        let latency = wires.latency;
        wires.down.close(latency, End::Reset);
        wires.up.close(latency, End::Reset);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.wires().down.end.is_none()
    }

    fn poll_read(
        &self,
        up: bool,
        alarm: &mut Pin<Box<Sleep>>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut wires = self.wires();
            let number = wires.number;
            let way = if up { &mut wires.up } else { &mut wires.down };
            let next = if let Some((at, bytes)) = way.flight.front_mut() {
                if *at <= now() {
                    let take = bytes.len().min(buffer.remaining());
                    let taken = bytes.split_to(take);
                    if !bytes.has_remaining() {
                        way.flight.pop_front();
                    }
                    buffer.put_slice(&taken);
                    drop(wires);
                    self.world.arrived(number, up, &taken);
                    return Poll::Ready(Ok(()));
                }
                Some(*at)
            } else {
                match way.end {
                    Some((at, end)) if at <= now() => {
                        drop(wires);
                        let whom = if up { "gateway" } else { "client" };
                        self.world
                            .say(format_args!("link {number}: the {whom} sees {end:?}"));
                        return Poll::Ready(match end {
                            End::Closed => Ok(()),
                            End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
                        });
                    }
                    end => end.map(|(at, _)| at),
                }
            };
            way.reader = Some(context.waker().clone());
            drop(wires);
            let Some(at) = next else {
                return Poll::Pending;
            };
            alarm.as_mut().reset(at);
            if alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// The client writes.
    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut wires = self.wires();
        if wires.down.is_over() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if wires.answered > 0 || wires.sent == 0 {
            (wires.sent, wires.answered) = (0, 0);
            let number = wires.number;
            drop(wires);
            let (strike, latency) = self.world.strike(number, &self.clock, bytes);
            wires = self.wires();
            (wires.strike, wires.latency) = (strike, latency);
            let route = route_in(bytes);
            wires.route = route.map(|(route, older)| (route.to_owned(), older));
        }
        let before = wires.sent;
        wires.sent = before.saturating_add(bytes.len());
        wires.request(before, bytes);
        Ok(bytes.len())
    }

    /// The gateway writes.
    fn answer(&self, bytes: &[u8]) -> usize {
        let mut wires = self.wires();
        let route = wires.route.take();
        drop(wires);
        // hyper writes an answer in one piece.
        let spelt = route.and_then(|(route, older)| self.world.spell((&route, older), bytes));
        wires = self.wires();
        let spelt = spelt.as_deref().unwrap_or(bytes);
        let before = wires.answered;
        wires.answered = before.saturating_add(spelt.len());
        wires.reply(before, spelt);
        bytes.len()
    }
}

impl Wires {
    fn request(&mut self, before: usize, bytes: &[u8]) {
        let latency = self.latency;
        match self.strike {
            Strike::ResetBefore => self.both(latency, End::Reset),
            Strike::ResetDuring(most) => {
                let some = bytes.get(..most.saturating_sub(before)).unwrap_or(bytes);
                self.up.push(latency, some);
                if some.len() < bytes.len() {
                    self.both(latency, End::Reset);
                }
            }
            Strike::ResetAfter => {
                self.up.push(latency, bytes);
                // Later than the request, and later still if more of it comes.
                let at = self.up.last() + latency;
                self.down.end = Some((at, End::Reset));
                self.down.wake();
            }
            Strike::ClosedAsItGoes => {
                self.down.close(latency, End::Closed);
                self.up.close(latency, End::Reset);
            }
            Strike::HalfOpen => {
                self.up.lost = true;
                self.down.lost = true;
            }
            Strike::Mute => {
                self.up.push(latency, bytes);
                self.down.lost = true;
            }
            Strike::LateRequest(by) => self.up.push(by, bytes),
            Strike::SlowRequest(gap) => slowly(&mut self.up, latency, gap, bytes),
            _ => self.up.push(latency, bytes),
        }
    }

    fn reply(&mut self, before: usize, bytes: &[u8]) {
        let latency = self.latency;
        match self.strike {
            Strike::ResetInAnswer(most) | Strike::EndInAnswer(most) => {
                let some = bytes.get(..most.saturating_sub(before)).unwrap_or(bytes);
                self.down.push(latency, some);
                if some.len() < bytes.len() {
                    let reset = matches!(self.strike, Strike::ResetInAnswer(_));
                    let end = if reset { End::Reset } else { End::Closed };
                    self.down.close(latency, end);
                    self.up.close(latency, End::Reset);
                }
            }
            Strike::ClosedIdle(after) => {
                // The end counts from the last piece of the answer.
                self.down.end = None;
                self.down.push(latency, bytes);
                self.down.close(latency + after, End::Closed);
                self.up.end = None;
                self.up.close(latency + after, End::Reset);
            }
            Strike::LateAnswer(by) => self.down.push(by, bytes),
            Strike::AnswerAt(moment) => {
                let passed = now().saturating_duration_since(self.start);
                self.down
                    .push(moment.saturating_sub(passed).max(latency), bytes);
            }
            Strike::SlowAnswer(gap) => slowly(&mut self.down, latency, gap, bytes),
            _ => self.down.push(latency, bytes),
        }
    }

    fn both(&mut self, after: Duration, end: End) {
        self.up.close(after, end);
        self.down.close(after, end);
    }
}

fn slowly(way: &mut Way, latency: Duration, gap: Duration, bytes: &[u8]) {
    let mut at = latency;
    for piece in bytes.chunks(bytes.len().div_ceil(PIECES).max(1)) {
        way.push(at, piece);
        at += gap;
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the runtime's clock is paused: this is the simulation's own time"
)]
fn sleep_now() -> Sleep {
    tokio::time::sleep(Duration::ZERO)
}

pub(crate) struct ClientEnd {
    link: Link,
    alarm: Pin<Box<Sleep>>,
}

impl ClientEnd {
    pub(crate) fn link(&self) -> Link {
        self.link.clone()
    }
}

impl Connection for ClientEnd {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for ClientEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { link, alarm } = &mut *self;
        link.poll_read(false, alarm, context, buffer)
    }
}

impl AsyncWrite for ClientEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.link.send(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.wires().up.close(FAREWELL, End::Closed);
        Poll::Ready(Ok(()))
    }
}

impl Drop for ClientEnd {
    fn drop(&mut self) {
        let mut wires = self.link.wires();
        // A lost direction is closed, too: this does not test the gateway's own timeouts.
        wires.up.lost = false;
        wires.up.close(FAREWELL, End::Closed);
        wires.down.lost = true;
    }
}

pub(crate) struct GatewayEnd {
    link: Link,
    alarm: Pin<Box<Sleep>>,
    end: End,
}

impl ByteStream for GatewayEnd {
    fn reset(&mut self) -> io::Result<()> {
        self.end = End::Reset;
        Ok(())
    }
}

impl AsyncRead for GatewayEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { link, alarm, .. } = &mut *self;
        link.poll_read(true, alarm, context, buffer)
    }
}

impl AsyncWrite for GatewayEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.link.answer(bytes)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wires = self.link.wires();
        let latency = wires.latency;
        wires.down.close(latency, End::Closed);
        Poll::Ready(Ok(()))
    }
}

impl Drop for GatewayEnd {
    fn drop(&mut self) {
        let mut wires = self.link.wires();
        let (latency, end) = (wires.latency, self.end);
        wires.down.close(latency, end);
        // Nobody reads any more.
        wires.up.lost = true;
    }
}
