//! Transports with a mistake: the suite must find each.

use std::panic::{AssertUnwindSafe, catch_unwind};

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment::{BoxError, Exchange, HyperTransport, Transport, TransportError};
use ccpayment_testing::conformance::{Driver, check};
use http::{HeaderValue, Response};

use super::closing::ReadsToTheEnd;

/// A transport that is right but for one mistake.
struct Bad {
    inner: HyperTransport,
    mistake: Mistake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    None,
    AddsAHeader,
    DropsAHeader,
    WritesTheBodyAgain,
    FollowsRedirects,
    RepeatsAfterAReset,
    RepeatsUnlessRefused,
    RefusesErrorPages,
    CallsAResetNotSent,
    CallsARefusalMaybeSent,
    ForgetsTheLimit,
    LooksAtTheAnnouncedLengthAlone,
    AnswersWhatBrokeOff,
    ShowsTheSignature,
    OpensAConnectionForEachCall,
}

use Mistake::*;

#[async_trait]
impl Transport for Bad {
    async fn send(&self, mut exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let limit = exchange.max_response_bytes;
        let again = exchange.clone();
        match self.mistake {
            AddsAHeader => {
                let headers = exchange.request.headers_mut();
                headers.insert("accept-encoding", HeaderValue::from_static("gzip"));
            }
            DropsAHeader => drop(exchange.request.headers_mut().remove("x-twice")),
            WritesTheBodyAgain => {
                let text = String::from_utf8_lossy(exchange.request.body()).replace(' ', "");
                *exchange.request.body_mut() = text.into();
            }
            ForgetsTheLimit | LooksAtTheAnnouncedLengthAlone => {
                exchange.max_response_bytes = usize::MAX;
            }
            _ => {}
        }
        let inner = match self.mistake {
            OpensAConnectionForEachCall => HyperTransport::new().unwrap(),
            _ => self.inner.clone(),
        };
        let answer = inner.send(exchange).await;
        match (self.mistake, answer) {
            (FollowsRedirects, Ok(answer)) if answer.status().is_redirection() => {
                let mut exchange = again;
                let to = answer.headers().get("location").unwrap();
                *exchange.request.uri_mut() = to.to_str().unwrap().parse().unwrap();
                self.inner.send(exchange).await
            }
            (RepeatsAfterAReset, Err(TransportError::MaybeSent(_))) => self.inner.send(again).await,
            (RepeatsUnlessRefused, Ok(answer)) if answer.status().is_server_error() => {
                self.inner.send(again).await
            }
            (RefusesErrorPages, Ok(answer)) if !answer.status().is_success() => {
                Err(TransportError::MaybeSent(BoxError::from("not a success")))
            }
            (CallsAResetNotSent, Err(TransportError::MaybeSent(error))) => {
                Err(TransportError::NotSent(error))
            }
            (CallsARefusalMaybeSent, Err(TransportError::NotSent(error))) => {
                Err(TransportError::MaybeSent(error))
            }
            (LooksAtTheAnnouncedLengthAlone, Ok(answer))
                if answer.headers().contains_key("content-length")
                    && answer.body().len() > limit =>
            {
                Err(TransportError::TooLarge { limit })
            }
            (AnswersWhatBrokeOff, Err(TransportError::MaybeSent(_))) => {
                Ok(Response::new(Bytes::new()))
            }
            (ShowsTheSignature, Err(_)) => {
                let sign = again.request.headers().get("sign").unwrap();
                Err(TransportError::MaybeSent(format!("{sign:?} failed").into()))
            }
            (_, answer) => answer,
        }
    }
}

/// The message of a failure.
fn failure<T: Transport + 'static>(
    tier: &'static str,
    property: &'static str,
    transport: impl FnOnce() -> T + Send + 'static,
) -> Option<String> {
    let held = catch_unwind(AssertUnwindSafe(|| {
        check(tier, property, Driver::Tokio, |_| transport());
    }));
    held.err().map(|panic| *panic.downcast().unwrap())
}

fn bad(mistake: Mistake) -> Bad {
    Bad {
        inner: HyperTransport::new().unwrap(),
        mistake,
    }
}

/// This is no mistake, and the other tiers do not report it.
#[test]
fn a_transport_that_keeps_no_connection_lacks_that_alone() {
    for property in [
        "a_connection_is_kept_and_used_again",
        "a_kept_connection_that_breaks_under_the_next_request_is_not_tried_again",
    ] {
        let failure = failure("keep_alive", property, || ReadsToTheEnd).unwrap();
        assert!(
            failure.starts_with("A transport that keeps connections has to "),
            "{failure}"
        );
    }
}

#[test]
fn each_bad_transport_is_found_by_the_property_that_is_about_it() {
    for (mistake, tier, property) in [
        (
            AddsAHeader,
            "message",
            "nothing_is_added_to_the_request_that_means_anything",
        ),
        (
            AddsAHeader,
            "socket",
            "the_request_on_the_wire_has_one_host_and_one_length",
        ),
        (
            DropsAHeader,
            "message",
            "the_request_arrives_as_it_was_given",
        ),
        (
            WritesTheBodyAgain,
            "message",
            "the_request_arrives_as_it_was_given",
        ),
        (FollowsRedirects, "message", "every_status_is_an_answer"),
        (FollowsRedirects, "socket", "no_redirect_is_followed"),
        (
            RepeatsAfterAReset,
            "message",
            "what_broke_after_the_request_may_have_been_sent_and_is_not_repeated",
        ),
        (
            RepeatsAfterAReset,
            "socket",
            "a_reset_after_the_request_may_have_sent_it",
        ),
        (
            RepeatsAfterAReset,
            "socket",
            "an_answer_that_breaks_off_or_is_none_may_have_sent_the_request",
        ),
        (
            RepeatsAfterAReset,
            "keep_alive",
            "a_kept_connection_that_breaks_under_the_next_request_is_not_tried_again",
        ),
        (RepeatsUnlessRefused, "message", "every_status_is_an_answer"),
        (RefusesErrorPages, "message", "every_status_is_an_answer"),
        (
            CallsAResetNotSent,
            "message",
            "what_broke_after_the_request_may_have_been_sent_and_is_not_repeated",
        ),
        (
            CallsAResetNotSent,
            "socket",
            "a_reset_during_the_request_may_have_sent_it",
        ),
        (
            CallsAResetNotSent,
            "socket",
            "a_reset_within_the_answer_may_have_sent_the_request",
        ),
        (
            CallsARefusalMaybeSent,
            "message",
            "what_reached_nobody_was_not_sent",
        ),
        (
            CallsARefusalMaybeSent,
            "socket",
            "a_refused_connection_has_sent_nothing",
        ),
        (
            ForgetsTheLimit,
            "message",
            "an_answer_at_the_limit_passes_and_one_byte_more_is_refused",
        ),
        (
            LooksAtTheAnnouncedLengthAlone,
            "message",
            "an_answer_at_the_limit_passes_and_one_byte_more_is_refused",
        ),
        (
            AnswersWhatBrokeOff,
            "socket",
            "an_answer_that_breaks_off_or_is_none_may_have_sent_the_request",
        ),
        (
            ShowsTheSignature,
            "message",
            "no_error_and_no_debug_output_has_the_signature",
        ),
        (
            OpensAConnectionForEachCall,
            "keep_alive",
            "a_connection_is_kept_and_used_again",
        ),
    ] {
        let failure_says = failure(tier, property, move || bad(mistake));
        let failure_says = failure_says.unwrap_or_else(|| panic!("{mistake:?} passes {property}"));
        // The text says what was expected, and then what came instead.
        let (expected, came) = failure_says.split_once(" What happened: ").unwrap();
        assert!(
            expected.contains("transport") && expected.contains(" has to ") && !came.is_empty(),
            "{failure_says}"
        );
        let nothing = failure(tier, property, || bad(None));
        assert!(nothing.is_none(), "nothing does not pass: {nothing:?}");
    }
}
