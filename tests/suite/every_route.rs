//! Every route over a real socket, by the typed client and by a request made without any of our
//! crates: both succeed, and what they get is what the OpenAPI document describes.
//!
//! To add a route, add a line to a story that sets up its subject: an empty answer where there
//! could be something counts as a failure.

mod merchant;
mod v1;
mod v2;

use std::collections::BTreeSet;
use std::pin::Pin;

use ccpayment::Version;
use ccpayment_tests::sandbox::knows;

use self::merchant::{By, Merchant, sandbox};
use super::schema::versions;

/// The calls to one group of routes, in an order that makes sense.
type Story = for<'a> fn(&'a mut Merchant) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn stories() -> impl Iterator<Item = (Version, &'static str, Story)> {
    let of = |version, stories: &'static [(&'static str, Story)]| {
        stories
            .iter()
            .map(move |(name, story)| (version, *name, *story))
    };
    of(Version::V1, v1::STORIES).chain(of(Version::V2, v2::STORIES))
}

/// The routes that the sandbox has, of both versions.
async fn known() -> BTreeSet<(Version, &'static str)> {
    let sandbox = sandbox();
    let mut known = BTreeSet::new();
    for (typed, _) in versions() {
        if knows(&sandbox, typed.route.path).await {
            known.insert((typed.route.version, typed.route.name));
        }
    }
    known
}

async fn tell(by: By) -> BTreeSet<(Version, &'static str)> {
    let mut called = BTreeSet::new();
    for (version, name, story) in stories() {
        let mut merchant = Merchant::new(version, by, name).await;
        story(&mut merchant).await;
        called.extend(merchant.close().await);
    }
    called
}

#[tokio::test]
async fn every_route_answers_the_typed_client_as_described() {
    assert_eq!(tell(By::Client).await, known().await);
}

#[tokio::test]
async fn every_route_answers_a_request_made_by_hand_as_described() {
    assert_eq!(tell(By::Hand).await, known().await);
}

#[tokio::test]
async fn the_sandbox_has_every_route_of_v2() {
    let known = known().await;
    let missing = ccpayment::v2::ROUTES.iter();
    let missing: Vec<_> = missing
        .filter(|it| !known.contains(&(it.version, it.name)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!knows(&sandbox(), "/ccpayment/v2/getNothing").await);
    assert!(!knows(&sandbox(), "no path").await);
}
