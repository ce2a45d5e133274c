//! What a body may have been before a program changed it.

use serde::de::IgnoredAny;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a body was changed on its way to the verifier.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Rewritten,
    ByteOrderMark { added: bool },
    Newline { added: bool },
}

/// The bodies that may have been signed, the simplest change first.
pub(super) fn before(body: &[u8]) -> impl Iterator<Item = (Change, Vec<u8>)> {
    let without_mark = body.strip_prefix(BYTE_ORDER_MARK);
    let added = without_mark.is_some();
    let other = without_mark.map_or_else(|| [BYTE_ORDER_MARK, body].concat(), <[u8]>::to_vec);
    let mark = std::iter::once((Change::ByteOrderMark { added }, other));
    let newlines = [&b"\n"[..], b"\r\n"].into_iter().flat_map(move |end| {
        let shorter = body.strip_suffix(end).map(<[u8]>::to_vec);
        let longer = [body, end].concat();
        let shorter = shorter.map(|it| (Change::Newline { added: true }, it));
        shorter
            .into_iter()
            .chain([(Change::Newline { added: false }, longer)])
    });
    let json = std::str::from_utf8(body).ok();
    let json = json.filter(|it| serde_json::from_str::<IgnoredAny>(it).is_ok());
    let compact = json.into_iter().flat_map(|json| {
        let writers: [fn(&str) -> Option<String>; 5] = [as_it_is, plain, go, ascii, php];
        let forms = writers.into_iter().filter_map(|write| compact(json, write));
        forms.map(|form| (Change::Rewritten, form.into_bytes()))
    });
    mark.chain(newlines).chain(compact)
}

/// The same tokens without white space between them, each text as `write` writes it.
fn compact(json: &str, write: fn(&str) -> Option<String>) -> Option<String> {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let (between, from) = rest.split_at(start);
        whole.extend(between.split_ascii_whitespace());
        let (text, after) = from.split_at(end_of_text(from)?);
        whole.push_str(&write(text)?);
        rest = after;
    }
    whole.extend(rest.split_ascii_whitespace());
    Some(whole)
}

/// Where the text that begins here ends, its quotation marks included.
fn end_of_text(json: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map(|end| end + 2)
}

fn as_it_is(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// No escapes but those that JSON asks for, as JavaScript writes.
fn plain(text: &str) -> Option<String> {
    let read: String = serde_json::from_str(text).ok()?;
    serde_json::to_string(&read).ok()
}

/// As Go writes: safe to stand in a page.
fn go(text: &str) -> Option<String> {
    escaped(text, |char| {
        matches!(char, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
    })
}

/// Nothing but ASCII, as Python writes.
fn ascii(text: &str) -> Option<String> {
    escaped(text, |char| !matches!(char, ' '..='~'))
}

/// As PHP writes.
fn php(text: &str) -> Option<String> {
    Some(ascii(text)?.replace('/', r"\/"))
}

fn escaped(text: &str, is_escaped: fn(char) -> bool) -> Option<String> {
    let plain = plain(text)?;
    let mut whole = String::with_capacity(plain.len());
    for char in plain.chars() {
        if is_escaped(char) {
            let mut units = [0; 2];
            let units = char.encode_utf16(&mut units).iter();
            whole.extend(units.map(|unit| format!(r"\u{unit:04x}")));
        } else {
            whole.push(char);
        }
    }
    Some(whole)
}
