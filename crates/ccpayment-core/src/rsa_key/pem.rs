//! `decode`, which reads PEM: base64 between two lines.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::rsa_key::error::KeyError;

/// The bytes of the first block. Line lengths and line ends don't matter, since a key that went
/// through an environment variable rarely keeps them.
pub(super) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (_, after) = text.split_once("-----BEGIN ").ok_or(KeyError::Malformed)?;
    let (label, after) = after.split_once("-----").ok_or(KeyError::Malformed)?;
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "PUBLIC KEY" | "RSA PUBLIC KEY" => {}
        "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
        _ if label.ends_with(" KEY") || label.ends_with(" PARAMETERS") => {
            return Err(KeyError::NotRsa);
        }
        _ => return Err(KeyError::Malformed),
    }
    let (inside, after) = after.split_once("-----END ").ok_or(KeyError::Malformed)?;
    let ends = after
        .strip_prefix(label)
        .is_some_and(|rest| rest.starts_with("-----"));
    if !ends {
        return Err(KeyError::Malformed);
    }
    if inside.contains("ENCRYPTED") && inside.contains(':') {
        return Err(KeyError::Encrypted);
    }
    // As long as the text at once: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(inside.len()));
    bytes.extend(inside.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let length = Base64::decode_in_place(&mut bytes)
        .map_err(|_| KeyError::Malformed)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}
