//! The options of an operation, with help and checks from its description, and the request that
//! they make.

use std::io::Read;
use std::path::PathBuf;

use ccpayment::Amount;
use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgMatches, Command};
use serde_json::{Map, Value};

use super::{Described, Field, Kind, Operation, doubled};
use crate::exit::CliError;

/// The option that takes a whole request.
const BODY: &str = "request body";
/// The heading of the fields in a help.
const FIELDS: &str = "Fields of the request";

/// The command of an operation, with an option for each of its fields.
pub(crate) fn command(operation: &Operation) -> Command {
    let it = &operation.described;
    let mut command = Command::new(it.name.clone())
        .about(plain(&it.summary))
        .long_about(long_about(operation));
    for field in &it.fields {
        command = command.arg(argument(field));
    }
    if it.fields.is_empty() {
        return command;
    }
    command.arg(
        Arg::new(BODY)
            .long("body")
            .value_name("FILE")
            .help_heading(FIELDS)
            .value_parser(clap::value_parser!(PathBuf))
            .conflicts_with_all(it.fields.iter().map(|field| field.name.clone()))
            .help("The whole request as JSON, from a file or `-` for standard input"),
    )
}

fn long_about(operation: &Operation) -> String {
    let it = &operation.described;
    let mut text = plain(&it.summary);
    // Each line is a paragraph of its own.
    let about: Vec<_> = it
        .about
        .lines()
        .map(|line| format!("- {}", plain(line)))
        .collect();
    for paragraph in [about.join("\n"), rules(it)] {
        if !paragraph.is_empty() {
            text = format!("{text}\n\n{paragraph}");
        }
    }
    let path = operation.typed.operation.path;
    format!("{text}\n\nPOST {path} ({})", operation.repeat())
}

fn rules(it: &Described) -> String {
    let named =
        |names: &[String]| -> Vec<String> { names.iter().map(|it| format!("--{it}")).collect() };
    let mut rules = Vec::new();
    if !it.exactly_one.is_empty() {
        rules.push(format!(
            "Takes exactly one of {}.",
            named(&it.exactly_one).join(" and ")
        ));
    }
    if !it.at_least_one.is_empty() {
        rules.push(format!("Needs {}.", named(&it.at_least_one).join(" or ")));
    }
    if !it.not_together.is_empty() {
        rules.push(format!(
            "Takes not both {}.",
            named(&it.not_together).join(" and ")
        ));
    }
    rules.join(" ")
}

fn argument(field: &Field) -> Arg {
    let mut help = plain(&field.about);
    let needed = if field.required { "(needed)" } else { "" };
    for sentence in [limits(field), shape(field), needed.to_owned()] {
        if !sentence.is_empty() {
            help = format!("{help} {sentence}");
        }
    }
    let argument = Arg::new(field.name.clone())
        .long(field.name.clone())
        .help(help.trim().to_owned())
        .value_name(value_name(field.is))
        .help_heading(FIELDS)
        .allow_hyphen_values(true);
    let argument = match field.required {
        true => argument.required_unless_present(BODY),
        false => argument,
    };
    match field.is {
        Kind::Boolean => argument
            .value_parser(PossibleValuesParser::new(["true", "false"]))
            .hide_possible_values(true),
        _ => argument.value_parser(parser(field.clone())),
    }
}

fn value_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Amount => "AMOUNT",
        Kind::Integer => "NUMBER",
        Kind::Boolean => "true|false",
        Kind::List | Kind::Object => "JSON",
    }
}

fn limits(field: &Field) -> String {
    let unit = match field.is {
        Kind::Text => " characters",
        Kind::List => " entries",
        _ => "",
    };
    match (field.min, field.max) {
        (Some(min), Some(max)) => format!("{min} to {max}{unit}."),
        (None, Some(max)) => format!("At most {max}{unit}."),
        (Some(1), None) if field.is == Kind::List => "At least one entry.".to_owned(),
        (Some(min), None) if min > 1 => format!("At least {min}{unit}."),
        _ => String::new(),
    }
}

fn shape(field: &Field) -> String {
    match (field.is, field.of) {
        (Kind::List, Some(Kind::Object)) => format!(
            "A JSON list of objects with the fields {}; a star marks what is needed.",
            field.each.join(", ")
        ),
        (Kind::List, Some(Kind::Integer)) => "A JSON list of numbers, such as [1280].".to_owned(),
        (Kind::List, _) => "A JSON list of texts, such as [\"a\"].".to_owned(),
        _ if !field.words.is_empty() => format!("Known words: {}.", field.words.join(", ")),
        _ => String::new(),
    }
}

/// The description's prose as the terminal shows it, with our commands for the client's methods.
fn plain(text: &str) -> String {
    let text = text.replace("Client::payout", "ccpay payout");
    let text = text.replace("Client::submit", "ccpay call");
    text.replace(['`', '[', ']'], "")
}

/// Checks a text, and leaves it a text: the request is put together later.
fn parser(field: Field) -> ValueParser {
    let parse = move |text: &str| checked(&field, text).map(|_| text.to_owned());
    ValueParser::from(parse)
}

/// The value that a text stands for.
fn checked(field: &Field, text: &str) -> Result<Value, String> {
    let within = |number: u64, what: &str| {
        let fits =
            field.min.is_none_or(|min| number >= min) && field.max.is_none_or(|max| number <= max);
        match fits {
            true => Ok(()),
            false => Err(format!("{number} {what}; {}", limits(field).to_lowercase())),
        }
    };
    match field.is {
        Kind::Text => {
            within(count(text.chars()), "characters")?;
            Ok(text.into())
        }
        Kind::Amount => match text.parse::<Amount>() {
            Ok(_) => Ok(text.into()),
            Err(error) => Err(error.to_string()),
        },
        Kind::Integer => {
            let number: u64 = text.parse().map_err(|_| "not a whole number".to_owned())?;
            within(number, "is out of bounds")?;
            Ok(number.into())
        }
        Kind::Boolean => Ok((text == "true").into()),
        Kind::List => {
            let list: Vec<Value> =
                serde_json::from_str(text).map_err(|error| format!("no JSON list: {error}"))?;
            each_once(text)?;
            within(count(&list), "entries")?;
            let is_right = |it: &Value| match field.of {
                Some(Kind::Integer) => it.is_u64(),
                Some(Kind::Object) => it.is_object(),
                _ => it.is_string(),
            };
            match list.iter().position(|it| !is_right(it)) {
                Some(at) => Err(format!("entry {at} is of another type; {}", shape(field))),
                None => Ok(Value::Array(list)),
            }
        }
        Kind::Object => {
            let object = serde_json::from_str::<Map<String, Value>>(text);
            let object = object.map_err(|error| format!("no JSON object: {error}"))?;
            each_once(text)?;
            Ok(Value::Object(object))
        }
    }
}

fn each_once(text: &str) -> Result<(), String> {
    match doubled::first(text.as_bytes()) {
        Ok(None) => Ok(()),
        Ok(Some(key)) => Err(twice(&key)),
        Err(error) => Err(error.to_string()),
    }
}

fn twice(key: &str) -> String {
    format!("it has the key {key} twice")
}

fn count(it: impl IntoIterator) -> u64 {
    it.into_iter().fold(0, |count, _| count + 1)
}

/// The request that the options make.
pub(crate) fn body_of(operation: &Operation, matches: &ArgMatches) -> Result<Value, CliError> {
    let it = &operation.described;
    if !it.fields.is_empty()
        && let Some(path) = matches.get_one::<PathBuf>(BODY)
    {
        return whole(it, &read(path)?);
    }
    let mut body = Map::new();
    for field in &it.fields {
        if let Some(text) = matches.get_one::<String>(&field.name) {
            let value = checked(field, text);
            let value = value.map_err(|why| CliError::Usage(format!("--{}: {why}", field.name)))?;
            body.insert(field.name.clone(), value);
        }
    }
    agreed(it, &body)?;
    Ok(Value::Object(body))
}

/// The rules about fields that stand for each other.
fn agreed(it: &Described, body: &Map<String, Value>) -> Result<(), CliError> {
    let given = |names: &[String]| names.iter().filter(|it| body.contains_key(*it)).count();
    let exactly_one = it.exactly_one.is_empty() || given(&it.exactly_one) == 1;
    let at_least_one = it.at_least_one.is_empty() || given(&it.at_least_one) > 0;
    let not_together = given(&it.not_together) < 2;
    match exactly_one && at_least_one && not_together {
        true => Ok(()),
        false => Err(CliError::Usage(format!("{}: {}", it.name, rules(it)))),
    }
}

/// A request that was given whole, not through our types: they would drop unknown fields.
fn whole(it: &Described, text: &[u8]) -> Result<Value, CliError> {
    let wrong = |why: String| CliError::Usage(format!("the body of {}: {why}", it.name));
    // The error's own words are left out: they quote the text, which may be another file, or a
    // secret.
    let no_object = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        wrong(format!("no JSON object, at line {line}, column {column}"))
    };
    let body: Map<String, Value> = serde_json::from_slice(text).map_err(no_object)?;
    if let Some(key) = doubled::first(text).map_err(no_object)? {
        return Err(wrong(twice(&key)));
    }
    let is_known = |name: &String| it.fields.iter().any(|field| field.name == *name);
    match body.keys().find(|name| !is_known(name)) {
        Some(name) => Err(wrong(format!("it has no field {name}"))),
        None => {
            agreed(it, &body)?;
            Ok(Value::Object(body))
        }
    }
}

/// A file, or standard input for `-`.
pub(crate) fn read(path: &PathBuf) -> Result<Vec<u8>, CliError> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.map_err(CliError::io("standard input can't be read"))?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(CliError::io(format!("{} can't be read", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{all, find};

    #[test]
    fn every_operation_has_a_command_that_clap_takes() {
        for operation in all().unwrap() {
            command(&operation).debug_assert();
        }
    }

    #[test]
    fn values_are_checked_by_their_type_and_their_limits() {
        let operation = find("createAppOrderDepositAddress").unwrap();
        let field = |name: &str| {
            let mut fields = operation.described.fields.iter();
            fields.find(|it| it.name == name).unwrap().clone()
        };
        for (name, good, bad) in [
            ("orderId", "abc", "ab"),
            ("coinId", "1280", "USDT"),
            ("price", "0.10", "1e3"),
            ("product", "tea", &"x".repeat(121)),
        ] {
            assert!(checked(&field(name), good).is_ok(), "{name} {good}");
            assert!(checked(&field(name), bad).is_err(), "{name} {bad}");
        }
        let prices = find("getCoinUSDTPrice").unwrap();
        let list = &prices.described.fields[0];
        assert!(checked(list, "[1280, 1]").is_ok());
        for bad in ["[]", "[\"1280\"]", "1280", "[-1]"] {
            assert!(checked(list, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_whole_request_has_no_field_that_would_be_dropped() {
        let operation = find("getCoin").unwrap();
        assert!(whole(&operation.described, br#"{"coinId":1}"#).is_ok());
        assert!(whole(&operation.described, br#"{"coinID":1}"#).is_err());
    }

    #[test]
    fn a_whole_request_has_no_key_twice() {
        let operation = find("getCoin").unwrap();
        let doubled = whole(&operation.described, br#"{"coinId":1,"coinId":2}"#).unwrap_err();
        assert!(doubled.text().contains("the key coinId twice"), "{doubled}");
    }
}
