//! Keeps every operation in a SQLite file, in order. That is enough, because the same operations
//! lead to the same state.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, params};

use crate::api::journal::Journal;
use crate::model::error::SandboxError;

/// The same operations lead to the same state in the same version only: another version may make
/// other ids of them.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The write-ahead log takes each operation with one append. `NORMAL` hands that append to the
/// kernel and does not wait for the disk. What the kernel has survives the end of the process, also
/// a kill, and that is all the file has to survive. After a power cut the last operations may be
/// gone, but the file is still sound and whole up to them, since the log is checksummed. `FULL`
/// would wait for the disk at each call, though no real money is at stake.
///
/// The exclusive lock keeps a second sandbox from writing into the same journal. It ends with the
/// process, too.
const SETTINGS: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS sandbox (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS journal (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        entry TEXT NOT NULL
    ) STRICT;
";

#[derive(Debug)]
pub(crate) struct SqliteJournal {
    file: Connection,
}

impl SqliteJournal {
    /// Opens or makes the file. The settings must be those that it was made with: under others, the
    /// same operations would lead to another state.
    pub(crate) fn open(path: &Path, settings: &[(&str, String)]) -> Result<Self, SandboxError> {
        let failed = |error: rusqlite::Error| {
            let busy = error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
            let reason = if busy {
                "another sandbox uses it".to_owned()
            } else {
                error.to_string()
            };
            SandboxError::Storage(format!("{}: {reason}", path.display()))
        };
        let file = Connection::open(path).map_err(failed)?;
        file.execute_batch(SETTINGS).map_err(failed)?;
        let version = [("version", VERSION.to_owned())];
        for (name, value) in version.iter().chain(settings) {
            file.execute(
                "INSERT INTO sandbox (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![name, value],
            )
            .map_err(failed)?;
            let kept: String = file
                .query_row("SELECT value FROM sandbox WHERE name = ?1", [name], |row| {
                    row.get(0)
                })
                .map_err(failed)?;
            if kept != *value {
                return Err(SandboxError::Storage(format!(
                    "{} was made with the {name} {kept:?}, not {value:?}",
                    path.display()
                )));
            }
        }
        Ok(Self { file })
    }

    pub(crate) fn clear(&self) -> Result<(), SandboxError> {
        self.file
            .execute("DELETE FROM journal", [])
            .map(drop)
            .map_err(storage)
    }

    /// Hands out everything that was kept, oldest first.
    pub(crate) fn replay(
        &self,
        mut take: impl FnMut(u64, &str) -> Result<(), SandboxError>,
    ) -> Result<(), SandboxError> {
        let mut read = self
            .file
            .prepare("SELECT at, entry FROM journal ORDER BY id")
            .map_err(storage)?;
        let mut rows = read.query([]).map_err(storage)?;
        while let Some(row) = rows.next().map_err(storage)? {
            let at: i64 = row.get(0).map_err(storage)?;
            let entry: String = row.get(1).map_err(storage)?;
            take(u64::try_from(at).unwrap_or_default(), &entry)?;
        }
        Ok(())
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, at: u64, entry: &str) -> Result<(), SandboxError> {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        self.file
            .execute(
                "INSERT INTO journal (at, entry) VALUES (?1, ?2)",
                params![at, entry],
            )
            .map(drop)
            .map_err(storage)
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn storage(error: rusqlite::Error) -> SandboxError {
    SandboxError::Storage(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(seed: &str) -> [(&'static str, String); 1] {
        [("seed", seed.to_owned())]
    }

    fn read(journal: &SqliteJournal) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        journal
            .replay(|at, entry| {
                all.push((at, entry.to_owned()));
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn what_was_kept_is_there_in_order_and_for_one_at_a_time() {
        let folder = std::env::temp_dir().join(format!("ccpayment-journal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("state.db");
        let mut journal = SqliteJournal::open(&path, &settings("1")).unwrap();
        journal.append(5, "\"b\"").unwrap();
        journal.append(4, "\"a\"").unwrap();
        let busy = SqliteJournal::open(&path, &settings("1")).unwrap_err();
        assert!(busy.to_string().contains("another sandbox"), "{busy}");
        drop(journal);

        let journal = SqliteJournal::open(&path, &settings("1")).unwrap();
        assert_eq!(
            read(&journal),
            [(5, "\"b\"".to_owned()), (4, "\"a\"".to_owned())]
        );
        drop(journal);
        let other = SqliteJournal::open(&path, &settings("2")).unwrap_err();
        assert!(
            other.to_string().contains("was made with the seed \"1\""),
            "{other}"
        );
        std::fs::write(
            folder.join("text"),
            "no database at all, but long enough to look at ".repeat(9),
        )
        .unwrap();
        assert!(SqliteJournal::open(&folder.join("text"), &settings("1")).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
