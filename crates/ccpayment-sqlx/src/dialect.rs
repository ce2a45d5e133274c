//! `Dialect`, the words in which SQLite and PostgreSQL differ.

/// The words of a database, which replace the placeholders in the statements.
pub(crate) struct Dialect {
    /// A table, with `{name}` and `{table}` in it.
    pub(crate) table: &'static str,
    /// Unix milliseconds by the database's clock. In PostgreSQL it is a subquery, which is
    /// evaluated once: a function that changes from row to row can't use an index.
    pub(crate) now: &'static str,
    /// `{pick}` SELECT `{row}` .. `{end}`: the rows that a statement is about, found once.
    pub(crate) row: &'static str,
    /// See `row`.
    pub(crate) pick: &'static str,
    /// See `row`.
    pub(crate) end: &'static str,
    /// Skips rows that another transaction is changing.
    pub(crate) skip_locked: &'static str,
    /// Ends an insert of an entry or a delivery, and tells listeners once for each transaction, at
    /// its commit.
    pub(crate) notify: &'static str,
    /// Files received deliveries, the oldest first. It notes each. For one that was not noted
    /// before, it inserts the entry, makes it due, or opens it again if it was not credited.
    pub(crate) file: &'static str,
    /// The SQL before all migrations.
    pub(crate) head: &'static str,
    /// Forward only. A migration's number is its place, from 1.
    pub(crate) migrations: &'static [&'static str],
}

const TABLES: [&str; 6] = [
    "entry",
    "received",
    "delivery",
    "kept_key",
    "position",
    "schema_version",
];

impl Dialect {
    /// Puts the words into a text. Only the name in it comes from outside, and it has been checked.
    pub(crate) fn fill(&self, name: &str, text: &str) -> String {
        let mut text = text
            .replace("{file}", self.file)
            .replace("{pick}", self.pick)
            .replace("{end}", self.end)
            .replace("{row}", self.row)
            .replace("{skip_locked}", self.skip_locked)
            .replace("{notify}", self.notify)
            .replace("{now}", self.now);
        for table in TABLES {
            let full = self.table.replace("{table}", table);
            text = text.replace(&format!("{{{table}}}"), &full);
        }
        text.replace("{name}", name)
    }

    /// The version of the tables that this program needs.
    pub(crate) fn needed(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }

    /// The SQL that brings tables of a version to the newest, as text.
    pub(crate) fn schema_sql(&self, name: &str, found: i64) -> String {
        let mut text = String::new();
        if found == 0 {
            text.push_str(self.head);
            text.push_str(
                "CREATE TABLE IF NOT EXISTS {schema_version} \
                 (version BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL);\n",
            );
        }
        for (version, migration) in (1..).zip(self.migrations) {
            if version > found {
                text.push_str(migration);
                text.push_str(&format!(
                    "INSERT INTO {{schema_version}} (version, applied_at) \
                     VALUES ({version}, {{now}});\n"
                ));
            }
        }
        self.fill(name, &text)
    }
}
