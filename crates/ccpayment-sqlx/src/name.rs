//! `InvalidName`: which names a prefix or schema may have.

/// A name can't be a table prefix or a schema: it takes 1 to 40 of `a` to `z`, `0` to `9` and `_`,
/// and must not begin with a digit or with `pg_`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no name for tables: use 1 to 40 of a-z, 0-9 and _, no digit or pg_ first")]
pub struct InvalidName {
    name: String,
}

/// The names go into the texts of SQL statements, so no other letters may be in them.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn checked(name: &str) -> Result<&str, InvalidName> {
    let letters = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    let is_valid = (1..=40).contains(&name.len())
        && name.bytes().all(letters)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.starts_with("pg_");
    if is_valid {
        return Ok(name);
    }
    Err(InvalidName {
        name: name.to_owned(),
    })
}
