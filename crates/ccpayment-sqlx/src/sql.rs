//! `Sql`, the statements of a store, built once.

use std::sync::Arc;

use ccpayment_durable::State;

use crate::dialect::Dialect;

/// Declares the statements and builds them from their texts.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $text:expr;)+) => {
        /// The statements. One about a key has the key's parts as its first five arguments.
        #[derive(Debug)]
        pub(crate) struct Sql {
            /// Whether a connection keeps them prepared.
            pub(crate) persistent: bool,
            $($(#[$doc])* pub(crate) $name: Arc<str>,)+
        }

        impl Sql {
            /// The statements for the tables of this name.
            pub(crate) fn new(dialect: &Dialect, name: &str, persistent: bool) -> Self {
                let fill = |text: &str| dialect.fill(name, &text.replace("{key}", KEY)).into();
                Self { persistent, $($name: fill($text),)+ }
            }
        }
    };
}

const KEY: &str = "app_id = $1 AND version = $2 AND queue = $3 AND kind = $4 AND id = $5";

statements! {
    version: "SELECT MAX(version) FROM {schema_version}";
    put: "INSERT INTO {entry} (app_id, version, queue, kind, id, state, step, body, is_gap, \
          reason, due_at, was_due_at, created_at, updated_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {now}, {now}, {now}, {now}) \
          ON CONFLICT DO NOTHING{notify}";
    /// With [`rows`] of six arguments for `{rows}`.
    receive: "INSERT INTO {received} (app_id, version, kind, id, status, body, received_at) \
          SELECT column1, column2, column3, column4, column5, column6, {now} \
          FROM (VALUES {rows}) AS told{notify}";
    file: "{file}";
    note_delivery: "INSERT INTO {delivery} \
          (app_id, version, queue, kind, id, status, body, received_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, {now}) ON CONFLICT DO NOTHING";
    deliveries: "SELECT body FROM {delivery} WHERE {key} ORDER BY received_at, status";
    hasten: "UPDATE {entry} SET hastened = 1, \
          due_at = CASE WHEN claimed = 0 AND due_at > {now} THEN {now} ELSE due_at END \
          WHERE {key} AND state = 'open'";
    claim: "UPDATE {entry} SET fence = fence + 1, claimed = 1, hastened = 0, \
          was_due_at = due_at, due_at = {now} + $4, updated_at = {now} \
          WHERE {pick}SELECT {row} FROM {entry} \
          WHERE state = 'open' AND app_id = $1 AND queue = $2 AND due_at <= {now} \
          ORDER BY due_at LIMIT $3{skip_locked}{end} \
          RETURNING app_id, version, queue, kind, id, step, body, fence, failures, looks, \
          in_doubt_since, signed_until, record_id, was_due_at";
    change: "UPDATE {entry} SET state = $7, step = $8, \
          due_at = CASE WHEN hastened = 1 AND $10 = 0 THEN {now} ELSE {now} + $9 END, \
          claimed = $10, hastened = CASE WHEN $10 = 0 THEN 0 ELSE hastened END, \
          failures = $11, looks = $12, in_doubt_since = $13, signed_until = $14, \
          record_id = $15, verdict = $16, reason = $17, updated_at = {now} \
          WHERE {key} AND fence = $6 AND state = 'open'";
    keep_key: "INSERT INTO {kept_key} (app_id, version, queue, kind, id, digest, kept_at) \
          VALUES ($1, $2, $3, $4, $5, $6, {now}) ON CONFLICT DO NOTHING";
    digest: "SELECT digest FROM {kept_key} WHERE {key}";
    /// The fence grows, so that an earlier worker can't change the entry.
    release: "UPDATE {entry} SET state = 'open', fence = fence + 1, failures = 0, looks = 0, \
          claimed = 0, hastened = 0, verdict = NULL, reason = NULL, due_at = {now}, \
          updated_at = {now} WHERE {key} AND state = 'parked'";
    close: "UPDATE {entry} SET state = 'done', verdict = 'closed', reason = $6, \
          updated_at = {now} WHERE {key} AND state = 'parked'";
    reopen: "UPDATE {entry} SET state = 'open', \
          step = CASE WHEN queue = 'outbox' THEN 'planned' ELSE 'received' END, \
          fence = fence + 1, failures = 0, looks = 0, claimed = 0, hastened = 0, \
          in_doubt_since = NULL, signed_until = NULL, record_id = NULL, verdict = NULL, \
          reason = NULL, due_at = {now}, updated_at = {now} \
          WHERE {key} AND state = 'done' AND verdict = $6";
    positions: "SELECT list, walked_until FROM {position} \
          WHERE app_id = $1 AND substr(list, 1, length($2)) = $2 ORDER BY walked_until, list";
    set_position: "INSERT INTO {position} AS old (app_id, list, walked_until) VALUES ($1, $2, $3) \
          ON CONFLICT (app_id, list) DO UPDATE SET walked_until = excluded.walked_until \
          WHERE excluded.walked_until > old.walked_until";
    /// A delivery that is not filed yet counts as open.
    counts: "SELECT app_id, queue, kind, state, verdict, COUNT(*) AS entries, \
          CAST(SUM(is_gap) AS BIGINT) AS gaps, {now} - MIN(created_at) AS age FROM (\
          SELECT app_id, queue, kind, state, verdict, is_gap, created_at FROM {entry} UNION ALL \
          SELECT app_id, 'inbox', kind, 'open', NULL, 0, received_at FROM {received}) AS counted \
          GROUP BY app_id, queue, kind, state, verdict \
          ORDER BY app_id, queue, kind, state, verdict";
    /// With [`in_state`] for `{in_state}`.
    list: "SELECT app_id, version, queue, kind, id, step, failures, verdict, reason, \
          {now} - created_at AS age FROM {entry} \
          WHERE queue = $1 AND {in_state} ORDER BY created_at, kind, id LIMIT $2";
    prune_deliveries: "DELETE FROM {delivery} WHERE (app_id, version, queue, kind, id) IN \
          (SELECT app_id, version, queue, kind, id FROM {entry} \
          WHERE state = 'done' AND updated_at < {now} - $1 ORDER BY updated_at, id LIMIT $2)";
    prune: "DELETE FROM {entry} WHERE {pick}SELECT {row} FROM {entry} \
          WHERE state = 'done' AND updated_at < {now} - $1 \
          ORDER BY updated_at, id LIMIT $2{skip_locked}{end}";
    prune_lone_deliveries: "DELETE FROM {delivery} WHERE {pick}\
          SELECT {row} FROM {delivery} AS lone \
          WHERE received_at < {now} - $1 AND NOT EXISTS (SELECT 1 FROM {entry} AS its \
          WHERE its.app_id = lone.app_id AND its.version = lone.version \
          AND its.queue = lone.queue AND its.kind = lone.kind AND its.id = lone.id) \
          ORDER BY received_at LIMIT $2{skip_locked}{end}";
    /// It names the queues and says `<> 'done'`, so that SQLite takes the index of those entries.
    mend_clock: "UPDATE {entry} SET due_at = {now}, updated_at = {now}, claimed = 0 \
          WHERE queue IN ('inbox', 'outbox') AND state = 'open' AND state <> 'done' \
          AND updated_at > {now} + 60000";
}

/// How many rows a statement may insert. Each number of rows is a statement of its own, and a
/// connection keeps a hundred prepared.
pub(crate) const MOST_ROWS: usize = 32;

/// The placeholders of this many rows.
pub(crate) fn rows(rows: usize, arguments: usize) -> String {
    let row = |row: usize| {
        let numbers = (1..=arguments).map(|it| format!("${}", row * arguments + it));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// The condition for a state, in words that let a database take the index of that state.
pub(crate) fn in_state(state: State) -> String {
    let waiting = match state {
        State::Done => "",
        _ => " AND state <> 'done'",
    };
    format!("state = '{state}'{waiting}")
}
