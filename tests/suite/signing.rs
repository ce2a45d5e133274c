//! Signatures against the facts, and against an HMAC that is not ours.

use ccpayment::AppSecret;
use ccpayment::raw::{HmacKey, SignText};
use ring::hmac;

#[test]
fn the_vectors_of_the_facts_hold() {
    let facts = super::facts::facts();
    let vectors = facts["auth"]["test_vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let text = |key: &str| vector[key].as_str().unwrap();
        let key = HmacKey::new(&AppSecret::new(text("app_secret")));
        let signed = SignText {
            app_id: text("app_id"),
            timestamp: text("timestamp"),
            body: text("body").as_bytes(),
        };
        assert_eq!(key.sign(&signed).as_str(), text("sign"));
        assert!(key.verify(&signed, text("sign").as_bytes()));
    }
}

/// A body with all that JSON and people put into one.
pub(super) fn body(random: &mut fastrand::Rng) -> String {
    let length = random.usize(0..300);
    (0..length)
        .map(|_| match random.u8(0..8) {
            0 => '"',
            1 => '\\',
            2 => char::from(random.u8(0..32)),
            3 => random
                .choice(['é', '漢', '🦀', '\u{2028}', '\u{0}', '\u{feff}'])
                .unwrap(),
            4 => random.char('\u{80}'..='\u{10ffff}'),
            _ => random.char(' '..='~'),
        })
        .collect()
}

#[test]
fn a_thousand_bodies_are_signed_as_an_independent_implementation_does() {
    const SEED: u64 = 0x5eed;
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut empty = 0;
    for round in 0..1_000 {
        let secret: String = (0..random.usize(1..150))
            .map(|_| random.char('!'..='~'))
            .collect();
        let body = if round % 50 == 0 {
            String::new()
        } else {
            body(&mut random)
        };
        empty += u32::from(body.is_empty());
        let timestamp = random.u64(1_000_000_000..10_000_000_000).to_string();
        let app_id = random
            .alphanumeric()
            .to_string()
            .repeat(random.usize(1..20));

        let theirs = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let whole = format!("{app_id}{timestamp}{body}");
        let expected: String = (hmac::sign(&theirs, whole.as_bytes()).as_ref().iter())
            .map(|byte| format!("{byte:02x}"))
            .collect();

        let ours = HmacKey::new(&AppSecret::new(secret));
        let text = SignText {
            app_id: &app_id,
            timestamp: &timestamp,
            body: body.as_bytes(),
        };
        assert_eq!(
            ours.sign(&text).as_str(),
            expected,
            "seed {SEED}, round {round}"
        );
        assert!(
            ours.verify(&text, expected.as_bytes()),
            "seed {SEED}, round {round}"
        );
    }
    assert!(empty >= 20);
}
