//! `Lags`: records that lag behind their notifications.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::time::VirtualClock;

/// Until when each record is shown as it was before it ended.
pub(super) struct Lags {
    percent: u32,
    until: BTreeMap<String, Duration>,
}

impl Lags {
    pub(super) fn new(percent: u32) -> Self {
        Self {
            percent,
            until: BTreeMap::new(),
        }
    }

    /// From now on, every record is shown as it is.
    pub(super) fn end(&mut self) {
        self.percent = 0;
        self.until.clear();
    }

    /// What is shown of a record. The first look at one that has ended decides whether it lags.
    pub(super) fn show(
        &mut self,
        clock: &VirtualClock,
        operation: &str,
        answer: Option<Response<Bytes>>,
    ) -> Option<Response<Bytes>> {
        let answer = answer?;
        let reads_one = matches!(operation, "getAppDepositRecord" | "getAppWithdrawRecord");
        if self.percent == 0 || !reads_one {
            return Some(answer);
        }
        let mut told: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let Some(record) = told.pointer_mut("/data/record") else {
            return Some(answer);
        };
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let ended = matches!(text("status"), Some("Success" | "Failed"));
        let Some(id) = text("recordId").filter(|_| ended) else {
            return Some(answer);
        };
        let mut shared = clock.shared();
        let now = shared.elapsed;
        let until = *self.until.entry(id.to_owned()).or_insert_with(|| {
            let lags = shared.chance(self.percent);
            if lags {
                now + shared.millis(500, 90_000)
            } else {
                now
            }
        });
        if now >= until {
            return Some(answer);
        }
        shared.counts.lagging += 1;
        shared.say("gateway", format_args!("shows {id} as it was"));
        if let Value::Object(record) = record {
            record.insert("status".to_owned(), json!("Processing"));
        }
        Some(answer.map(|_| Bytes::from(told.to_string())))
    }
}
