//! The time of callers, whose clocks do not move when the sandbox's is advanced.
//!
//! Callers of a sandbox on the real clock read and send the times of their own clock. What happened
//! before an advance keeps its moment. What the advance brought about happened at the moment of the
//! advance. What is still to come is nearer by as much as the sandbox went ahead. So no moment that
//! has passed ever changes, and none lies ahead of the caller's clock.

use serde_json::{Map, Value};

/// An advance, in the sandbox's seconds.
#[derive(Debug, Clone, Copy)]
struct Advance {
    at: u64,
    by: u64,
}

/// The advances of a sandbox on the real clock. A stopped clock has none: everybody goes by it.
#[derive(Debug, Default)]
pub(crate) struct CallerTime(Vec<Advance>);

/// The fields of requests that are times, and whether the time begins a span.
const NAMED: [(&str, bool); 7] = [
    ("expiredAt", false),
    ("startAt", true),
    ("endAt", false),
    ("startTimestamp", true),
    ("endTimestamp", false),
    ("start_timestamp", true),
    ("end_timestamp", false),
];

/// The fields of answers and notifications that are times.
const TOLD: [&str; 10] = [
    "aggregationTime",
    "arrivedAt",
    "createAt",
    "created",
    "createdAt",
    "expiredAt",
    "pay_time",
    "riskAt",
    "unboundAt",
    "updatedAt",
];

impl CallerTime {
    /// `at` is the sandbox's time before the advance.
    pub(crate) fn advance(&mut self, at: u64, by: u64) {
        match self.0.last_mut() {
            // No time has passed since the last one.
            Some(last) if last.at.saturating_add(last.by) >= at => {
                last.by = last.by.saturating_add(by);
            }
            _ => self.0.push(Advance { at, by }),
        }
    }

    /// The time that callers are told for a time of the sandbox.
    pub(crate) fn told(&self, own: u64) -> u64 {
        let into = |advance: &Advance| own.saturating_sub(advance.at).min(advance.by);
        let ahead = self.0.iter().map(into).fold(0, u64::saturating_add);
        own.saturating_sub(ahead)
    }

    /// The time of the sandbox that a caller means. The moment of an advance stands for many of
    /// them: `first` picks the first, else the last.
    fn meant(&self, told: u64, first: bool) -> u64 {
        let mut ahead = 0_u64;
        for advance in &self.0 {
            let moment = advance.at.saturating_sub(ahead);
            if told < moment || first && told == moment {
                break;
            }
            ahead = ahead.saturating_add(advance.by);
        }
        told.saturating_add(ahead)
    }

    /// The end of a span that has this length for callers.
    pub(crate) fn after(&self, from: u64, length: u64) -> u64 {
        self.meant(self.told(from).saturating_add(length), false)
    }

    /// The begin of a span that is so long for callers.
    pub(crate) fn before(&self, to: u64, length: u64) -> u64 {
        self.meant(self.told(to).saturating_sub(length), true)
    }

    /// How long a span is for callers.
    pub(crate) fn span(&self, from: u64, to: u64) -> u64 {
        self.told(to).saturating_sub(self.told(from))
    }

    /// Turns the times in a request into the sandbox's.
    pub(crate) fn read(&self, fields: &mut Map<String, Value>) {
        if self.0.is_empty() {
            return;
        }
        for (name, first) in NAMED {
            if let Some(field) = fields.get_mut(name)
                && let Some(told) = field.as_u64()
            {
                *field = self.meant(told, first).into();
            }
        }
    }

    /// A field of a request as its caller wrote it.
    pub(crate) fn written(&self, name: &str, own: &Value) -> Value {
        let is_time = NAMED.iter().any(|(known, _)| *known == name);
        match own.as_u64().filter(|_| is_time) {
            Some(own) => self.told(own).into(),
            None => own.clone(),
        }
    }

    /// Turns the times in an answer into the caller's.
    pub(crate) fn tell(&self, answer: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        match answer {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field.as_u64() {
                        Some(own) if TOLD.contains(&name.as_str()) => {
                            *field = self.told(own).into()
                        }
                        _ => self.tell(field),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.tell(item)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A time that was advanced by 500 at 1100 of the caller's clock, and by 60 at 1200.
    fn advanced() -> CallerTime {
        let mut time = CallerTime::default();
        time.advance(1_100, 500);
        time.advance(1_700, 60);
        time
    }

    #[test]
    fn callers_are_told_their_own_time() {
        let time = advanced();
        let told = |own| time.told(own);
        // Before, at the moment of the first advance, within it, at its end, and between the two.
        assert_eq!(
            [1_000, 1_100, 1_350, 1_600, 1_650].map(told),
            [1_000, 1_100, 1_100, 1_100, 1_150]
        );
        let later = [1_700, 1_730, 1_760, 1_800].map(told);
        assert_eq!(later, [1_200, 1_200, 1_200, 1_240]);
        assert!((1_000..2_000).all(|own| told(own) <= told(own + 1)));
        assert_eq!((time.span(1_000, 1_800), time.span(1_101, 1_599)), (240, 0));
    }

    #[test]
    fn what_a_caller_names_is_found_again() {
        let time = advanced();
        for told in 1_000..1_300 {
            for first in [true, false] {
                assert_eq!(time.told(time.meant(told, first)), told);
            }
            assert!(time.meant(told, true) <= time.meant(told, false));
        }
        // A span that ends or begins at the moment of an advance holds all of it.
        let moment = (time.meant(1_100, true), time.meant(1_100, false));
        assert_eq!(moment, (1_100, 1_600));
    }

    #[test]
    fn advances_without_a_pause_are_one() {
        let mut time = CallerTime::default();
        for step in 0..1_000 {
            time.advance(1_000 + step, 1);
        }
        assert_eq!(time.0.len(), 1);
        assert_eq!((time.told(2_000), time.told(2_010)), (1_000, 1_010));
    }

    #[test]
    fn times_are_read_and_told_by_name() {
        let time = advanced();
        let mut fields = json!({ "startAt": 1_100, "endAt": 1_150, "limit": 1_150 });
        time.read(fields.as_object_mut().unwrap());
        assert_eq!(
            fields,
            json!({ "startAt": 1_100, "endAt": 1_650, "limit": 1_150 })
        );
        let mut answer = json!({ "records": [{ "arrivedAt": 1_650, "coinId": 1_650 }] });
        time.tell(&mut answer);
        assert_eq!(
            answer,
            json!({ "records": [{ "arrivedAt": 1_150, "coinId": 1_650 }] })
        );
    }

    /// The tables above have every time field of the two documents.
    #[test]
    fn no_time_of_the_documents_is_missed() {
        fn names(document: &Value, found: &mut Vec<String>) {
            let Some(fields) = document.as_object() else {
                document
                    .as_array()
                    .into_iter()
                    .flatten()
                    .for_each(|it| names(it, found));
                return;
            };
            if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
                let is_time = |name: &str| {
                    name.ends_with("At")
                        || name.to_ascii_lowercase().ends_with("time")
                        || name.to_ascii_lowercase().ends_with("timestamp")
                };
                found.extend(properties.keys().filter(|name| is_time(name)).cloned());
            }
            fields.values().for_each(|it| names(it, found));
        }
        let mut found = Vec::new();
        for document in [
            include_str!("../../schema/v2.json"),
            include_str!("../../schema/v1.json"),
        ] {
            names(&serde_json::from_str(document).unwrap(), &mut found);
        }
        assert!(found.len() > 30, "{found:?}");
        for name in found {
            let known = TOLD.contains(&name.as_str())
                || NAMED.iter().any(|(known, _)| *known == name)
                // It was a moment once, and is ignored.
                || name == "valid_timestamp";
            assert!(known, "{name}");
        }
    }
}
