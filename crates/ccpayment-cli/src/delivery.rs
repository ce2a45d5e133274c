//! `Delivery`, one HTTP request with a notification: how it is saved, checked, signed and answered.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ccpayment::raw::SignText;
use ccpayment::webhook::{Acknowledgement, Cause, Verifier, VerifyError, v1};
use ccpayment::{Credentials, ErrorReport};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::args::Api;
use crate::exit::CliError;

/// The headers that the gateway writes. No others are saved or forwarded.
const KEPT: [&str; 4] = ["content-type", "appid", "timestamp", "sign"];

#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl std::fmt::Debug for Delivery {
    /// Shows neither headers nor body: the headers hold the signature.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// A delivery as the gateway would sign it now.
    pub(crate) fn signed(
        credentials: &Credentials,
        api: Api,
        timestamp: u64,
        body: Bytes,
    ) -> Result<Self, CliError> {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        for (name, value) in sign(credentials, api, timestamp, &body)? {
            headers.insert(name, value);
        }
        Ok(Self { headers, body })
    }

    /// Reads what [`Delivery::save`] wrote: the head of an HTTP request, an empty line, the body.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CliError> {
        let wrong = || CliError::Usage("the delivery has no empty line below its headers".into());
        let end = |mark: &[u8]| {
            let at = bytes.windows(mark.len()).position(|it| it == mark)?;
            Some((at, at.checked_add(mark.len())?))
        };
        // The first of the two ends the head: the body may hold the other.
        let ends = [end(b"\r\n\r\n"), end(b"\n\n")];
        let (head, body) = ends.into_iter().flatten().min().ok_or_else(wrong)?;
        let (Some(head), Some(body)) = (bytes.get(..head), bytes.get(body..)) else {
            return Err(wrong());
        };
        Ok(Self {
            headers: headers(head)?,
            body: Bytes::copy_from_slice(body),
        })
    }

    /// Writes it so that only its owner can read it, because it can be replayed for some minutes.
    /// The file at this path is whole and on the disk, or it is not there.
    pub(crate) fn save(&self, path: &Path) -> std::io::Result<()> {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".part");
        let part = path.with_file_name(name);
        let mut file = private(&part)?;
        let saved = self.write(&mut file, &part, path);
        if saved.is_err() {
            // The first error is the one to report.
            let _ = std::fs::remove_file(&part);
        }
        saved
    }

    fn write(&self, file: &mut File, part: &Path, path: &Path) -> std::io::Result<()> {
        // The part file reserves the name: nobody else creates the file meanwhile.
        if path.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        file.write_all(&self.text())?;
        file.sync_all()?;
        std::fs::rename(part, path)?;
        // The folder holds the name, so it is synced too. Only on Unix can a folder be synced like
        // a file.
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn text(&self) -> Vec<u8> {
        let mut text = b"POST / HTTP/1.1\r\n".to_vec();
        for (name, value) in &self.headers {
            text.extend_from_slice(name.as_str().as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value.as_bytes());
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&self.body);
        text
    }

    /// The delivery with the gateway's own headers alone.
    pub(crate) fn kept(&self) -> Self {
        let kept = self
            .headers
            .iter()
            .filter(|it| KEPT.contains(&it.0.as_str()));
        Self {
            headers: kept
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            body: self.body.clone(),
        }
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The name of a saved delivery: the milliseconds of its receipt, and a number.
pub(crate) fn saved_name(received: Duration, number: u64) -> String {
    format!("{}-{number:04}.http", received.as_millis())
}

/// When a delivery came, by the name that [`saved_name`] gave it.
pub(crate) fn received_at(path: &Path) -> Option<SystemTime> {
    let name = path.file_name()?.to_str()?.strip_suffix(".http")?;
    let (millis, number) = name.split_once('-')?;
    let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    // 13 digits, so that a file with another number for a name is not taken for a delivery.
    if millis.len() != 13 || number.len() < 4 || !is_number(millis) || !is_number(number) {
        return None;
    }
    UNIX_EPOCH.checked_add(Duration::from_millis(millis.parse().ok()?))
}

/// Headers, one `Name: value` a line; the first line may be that of an HTTP request.
pub(crate) fn headers(text: &[u8]) -> Result<HeaderMap, CliError> {
    let wrong = |line: usize| {
        CliError::Usage(format!(
            "line {} of the headers is not like `Name: value`",
            line + 1
        ))
    };
    let mut headers = HeaderMap::new();
    for (at, line) in text.split(|it| *it == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_request_line = at == 0 && line.windows(6).any(|it| it == b" HTTP/");
        if line.is_empty() || is_request_line {
            continue;
        }
        let colon = line
            .iter()
            .position(|it| *it == b':')
            .ok_or_else(|| wrong(at))?;
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name.trim_ascii()).map_err(|_| wrong(at))?;
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        let value = HeaderValue::from_bytes(value).map_err(|_| wrong(at))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// The three headers that sign a body.
pub(crate) fn sign(
    credentials: &Credentials,
    api: Api,
    timestamp: u64,
    body: &[u8],
) -> Result<[(&'static str, HeaderValue); 3], CliError> {
    let digits = timestamp.to_string();
    let text = SignText {
        app_id: credentials.app_id().as_str(),
        timestamp: &digits,
        body,
    };
    let signature = match api {
        Api::V1 => credentials.sign_v1(&text),
        Api::V2 => credentials.sign(&text),
    };
    let failed = |error: &(dyn std::error::Error + 'static)| {
        CliError::Failed(ErrorReport::new(error).to_string())
    };
    let signature = signature.map_err(|error| failed(&error))?;
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| failed(&error));
    Ok([
        ("Appid", value(text.app_id)?),
        ("Timestamp", value(&digits)?),
        ("Sign", value(signature.as_str())?),
    ])
}

/// The verifiers of both APIs, and the one that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct AnyVerifier {
    api: Api,
    v1: v1::Verifier,
    v2: Verifier,
}

/// A notification that is the gateway's, as it is shown, and the answer that it waits for.
#[derive(Debug)]
pub(crate) struct Trusted {
    /// The event's own text: a number that went through `Value` would lose digits.
    pub(crate) event: Box<RawValue>,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) acknowledgement: Acknowledgement,
}

/// A delivery that must not be trusted, with the data that explains why.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: VerifyError,
    pub(crate) delivery: Delivery,
    pub(crate) at: SystemTime,
}

impl Refused {
    /// The refusal as JSON.
    pub(crate) fn json(&self, verifier: &AnyVerifier) -> Value {
        json!({
            "verified": false,
            "authentic": self.error.is_authentic(),
            "reason": self.error.to_string(),
            "causes": verifier.causes(self),
        })
    }
}

impl AnyVerifier {
    pub(crate) fn new(api: Api, credentials: &Credentials) -> Self {
        Self {
            api,
            v1: v1::Verifier::from(credentials),
            v2: Verifier::from(credentials),
        }
    }

    /// The likely causes of a refusal. They are for the merchant, never for the sender.
    pub(crate) fn causes(&self, refused: &Refused) -> Vec<String> {
        let (headers, body) = (&refused.delivery.headers, &refused.delivery.body);
        let explanation = match self.api {
            Api::V1 => self.v1.explain(headers, body, refused.at),
            Api::V2 => self.v2.explain(headers, body, refused.at),
        };
        let causes = explanation.causes();
        if causes.is_empty() {
            return vec![explanation.to_string()];
        }
        let told = |cause: &Cause| match cause {
            Cause::SignedAsV1 => "it is signed as a notification of v1: give --api v1".to_owned(),
            Cause::SignedAsV2 => "it is signed as a notification of v2: give --api v2".to_owned(),
            cause => cause.to_string(),
        };
        causes.iter().map(told).collect()
    }

    /// Verifies a delivery as of this moment, and reads it.
    pub(crate) fn verify(
        &self,
        delivery: &Delivery,
        now: SystemTime,
    ) -> Result<Trusted, VerifyError> {
        let (headers, body) = (&delivery.headers, &delivery.body);
        let (event, kind, acknowledgement) = match self.api {
            Api::V1 => {
                let verified = self.v1.verify(headers, body, now)?;
                let event = to_raw_value(verified.event());
                (event, "order_type", verified.acknowledge())
            }
            Api::V2 => {
                let verified = self.v2.verify(headers, body, now)?;
                let event = to_raw_value(verified.event());
                (event, "type", verified.acknowledge_activation_as_json())
            }
        };
        // Both are JSON already.
        let event = event.unwrap_or_else(|_| RawValue::NULL.to_owned());
        let read: Value = serde_json::from_str(event.get()).unwrap_or_default();
        let text = |names: &[&str]| {
            let place = read.get("msg").filter(|it| it.is_object()).unwrap_or(&read);
            let found = names.iter().find_map(|name| place.get(name)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        let kind = read.get(kind).and_then(Value::as_str);
        Ok(Trusted {
            kind: kind.unwrap_or("(no type)").to_owned(),
            id: text(&[
                "orderId",
                "referenceId",
                "userId",
                "address",
                "merchant_order_id",
                "record_id",
            ]),
            status: text(&["status", "pay_status"]),
            event,
            acknowledgement,
        })
    }
}

/// Whether an answer ends the deliveries of a notification: status 200, and the word in its body.
pub(crate) fn is_acknowledged(api: Api, is_activation: bool, answer: &Response<Bytes>) -> bool {
    let says = |word: &[u8]| answer.body().windows(word.len()).any(|it| it == word);
    let word = match api {
        Api::V1 => "success",
        Api::V2 => Acknowledgement::BODY,
    };
    // Most integrations answer an activation in small letters, as JSON.
    answer.status() == StatusCode::OK
        && (says(word.as_bytes()) || (is_activation && says(b"success")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_delivery_is_read_back_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Credentials::new("app-1", "secret").unwrap();
        let body = Bytes::from_static(b"{\"a\":\r\n\r\n\"\xff\n\n\"}\n");
        let delivery = Delivery::signed(&credentials, Api::V2, 1_750_000_000, body).unwrap();
        let path = folder.path().join("one");
        delivery.save(&path).unwrap();
        let read = Delivery::parse(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((read.headers, read.body), (delivery.headers, delivery.body));
        // A file that exists is not overwritten.
        assert!(read_only(&path) && Delivery::parse(b"no end").is_err());
        // Nothing else is left in the folder.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_name_of_a_saved_delivery_holds_the_time_of_its_receipt() {
        let received = Duration::from_millis(1_750_000_000_123);
        let path = Path::new("folder").join(saved_name(received, 7));
        assert_eq!(received_at(&path), Some(UNIX_EPOCH + received));
        for other in [
            "a.http",
            "1-0001.http",
            "1750000000123-0001",
            "1750000000123.http",
        ] {
            assert_eq!(received_at(Path::new(other)), None, "{other}");
        }
    }

    fn read_only(path: &Path) -> bool {
        let again = Delivery {
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        again.save(path).is_err()
    }

    #[test]
    fn nothing_secret_is_in_a_debug() {
        const SECRET: &str = "cAnArY-secret";
        let credentials = Credentials::new("app-1", SECRET).unwrap();
        let body = Bytes::from_static(b"{}");
        let delivery = Delivery::signed(&credentials, Api::V2, 1_750_000_000, body).unwrap();
        let signature = delivery.headers["sign"].to_str().unwrap().to_owned();
        let at = SystemTime::UNIX_EPOCH;
        let verifier = AnyVerifier::new(Api::V2, &credentials);
        let error = verifier.verify(&delivery, at).unwrap_err();
        let refused = Refused {
            error,
            delivery,
            at,
        };
        let shown = format!(
            "{refused:?} {verifier:?} {} {credentials:?}",
            refused.json(&verifier)
        );
        assert!(
            !shown.contains(SECRET) && !shown.contains(&signature),
            "{shown}"
        );
    }

    #[test]
    fn only_the_documented_word_acknowledges() {
        let answer = |status: u16, body: &'static str| {
            let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            answer
        };
        for (api, is_activation, status, body, expected) in [
            (Api::V2, false, 200, "Success", true),
            (Api::V2, false, 200, "success", false),
            (Api::V2, false, 201, "Success", false),
            (Api::V2, false, 200, r#"{"msg":"success"}"#, false),
            (Api::V2, true, 200, r#"{"msg":"success"}"#, true),
            (Api::V1, false, 200, "success", true),
            (Api::V1, false, 500, "success", false),
            (Api::V2, false, 200, "", false),
        ] {
            let said = is_acknowledged(api, is_activation, &answer(status, body));
            assert_eq!(said, expected, "{api:?} {status} {body}");
        }
    }
}
