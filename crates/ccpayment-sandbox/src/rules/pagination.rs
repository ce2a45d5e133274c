//! Lists: newest first, a page at a time, within a window of time.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::caller_time::CallerTime;
use crate::model::indexed_list::IndexedList;
use crate::model::refusal::{self, Refusal};
use crate::model::settings::WINDOW;
use crate::rules::fields::Fields;
use crate::state::State;

const DAY: u64 = 86_400;
const PAGE: u64 = 20;
const MOST_IDS: usize = 100;

/// The page and the window that a request asks for, without the filters of its list.
pub(crate) struct Query {
    from: u64,
    to: u64,
    limit: usize,
    /// Only what is older than this place.
    before: Option<usize>,
    /// Of everything but the cursor, so that a cursor fits one query only.
    digest: u64,
}

impl Query {
    /// `ids` are the fields that name records: with one of them, no window is assumed.
    pub(crate) fn read(state: &State, fields: &Fields, ids: &[&str]) -> Result<Self, Refusal> {
        Self::within(state, state.settings.widest_span(), fields, ids)
    }

    /// Of a list whose documents name this maximum.
    pub(crate) fn within(
        state: &State,
        widest: u64,
        fields: &Fields,
        ids: &[&str],
    ) -> Result<Self, Refusal> {
        let now = state.now;
        let named = ids.iter().any(|name| fields.has(name));
        let (from, to) = match (fields.number("startAt")?, fields.number("endAt")?) {
            (None, None) if named => (0, u64::MAX),
            (None, None) => (state.caller_time.before(now, WINDOW), u64::MAX),
            (Some(from), None) => (from, now),
            (None, Some(to)) => (state.caller_time.before(to, WINDOW), to),
            (Some(from), Some(to)) => (from, to),
        };
        let given = fields.has("startAt") || fields.has("endAt");
        if given && state.caller_time.span(from, to) > widest {
            let days = widest / DAY;
            return Err(Refusal::new(
                refusal::SPAN,
                format!("the span from `startAt` to `endAt` is longer than {days} days"),
            ));
        }
        let limit = match fields.number("limit")? {
            // Protobuf has no difference between 0 and absent.
            None | Some(0) => PAGE,
            Some(limit) => limit,
        };
        let digest = digest(&fields.0, &state.caller_time);
        let before = fields
            .text("nextId")
            .map(|cursor| place(cursor, digest))
            .transpose()?;
        Ok(Self {
            from,
            to,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            before,
            digest,
        })
    }

    pub(crate) fn covers(&self, moment: u64) -> bool {
        (self.from..=self.to).contains(&moment)
    }

    /// The rows of the page, under the name that the route has for them, and the cursor behind it.
    pub(crate) fn page<T>(
        &self,
        name: &str,
        list: &IndexedList<T>,
        keep: impl Fn(&T) -> bool,
        row: impl Fn(&T) -> Value,
    ) -> Value {
        let mut found = list.newest(self.before).filter(|(_, item)| keep(item));
        let rows: Vec<(usize, Value)> = found
            .by_ref()
            .take(self.limit)
            .map(|(place, item)| (place, row(item)))
            .collect();
        let next = match rows.last() {
            Some((place, _)) if found.next().is_some() => cursor(*place, self.digest),
            // Empty text on the last page, as in the examples.
            _ => String::new(),
        };
        let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
        json!({ (name): rows, "nextId": next })
    }
}

/// The ids in a field; none when it is left out or empty.
pub(crate) fn ids<'a>(
    fields: &'a Fields,
    name: &str,
) -> Result<Option<BTreeSet<&'a str>>, Refusal> {
    let ids: BTreeSet<&str> = fields.texts(name).collect();
    if ids.len() > MOST_IDS {
        return Err(Refusal::new(
            refusal::TOO_MANY,
            format!("`{name}` has more than {MOST_IDS} ids"),
        ));
    }
    Ok((!ids.is_empty()).then_some(ids))
}

/// Whether a filter lets a value pass.
pub(crate) fn fits(filter: Option<&str>, value: &str) -> bool {
    filter.is_none_or(|filter| filter == value)
}

/// Whether a list of ids lets a value pass.
pub(crate) fn among(filter: Option<&BTreeSet<&str>>, value: &str) -> bool {
    filter.is_none_or(|filter| filter.contains(value))
}

fn cursor(place: usize, digest: u64) -> String {
    let place = u64::try_from(place).unwrap_or(u64::MAX);
    // Folded with the digest, so that nobody comes to count on its form.
    format!("{:016x}{digest:016x}", place ^ digest.rotate_left(23))
}

fn place(cursor: &str, digest: u64) -> Result<usize, Refusal> {
    let wrong = || Refusal::argument("nextId", "does not belong to this query");
    let number = |part: Option<&str>| {
        part.filter(|part| part.len() == 16)
            .and_then(|part| u64::from_str_radix(part, 16).ok())
            .ok_or_else(wrong)
    };
    let mixed = number(cursor.get(..16))?;
    if number(cursor.get(16..))? != digest {
        return Err(wrong());
    }
    usize::try_from(mixed ^ digest.rotate_left(23)).map_err(|_| wrong())
}

/// FNV-1a over the fields without the cursor, by name.
fn digest(fields: &Map<String, Value>, time: &CallerTime) -> u64 {
    let names: BTreeSet<&String> = fields.keys().filter(|name| *name != "nextId").collect();
    // Times as they were written: an advance between two pages changes what they mean.
    let written = |name| fields.get(name).map(|own| time.written(name, own));
    let texts = names
        .into_iter()
        .map(|name| format!("{name}={};", written(name).unwrap_or_default()));
    texts.fold(0xcbf2_9ce4_8422_2325_u64, |hash, text| {
        text.bytes().fold(hash, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    })
}
