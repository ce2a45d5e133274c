//! `Builder`, which puts strategies for JSON together from the description. The simpler or absent
//! choice comes first, because proptest shrinks that way.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

use super::description::{Decimals, Description, Field, Object, Or, Schema, Shape, Sign, Span};
use super::text;

type Json = BoxedStrategy<Value>;
/// Some fields of an object, which may be none.
type Entries = BoxedStrategy<Vec<(String, Value)>>;
type Fields<'a> = BTreeMap<&'a str, &'a Field>;
type Made<T> = Result<T, String>;

/// Deeper than any schema; a description that refers to itself would have no end.
const DEPTH: u8 = 16;

/// How JSON is to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Builder {
    pub(crate) description: &'static Description,
    /// With the liberties that a gateway takes: null, empty text, numbers as text, other spellings,
    /// fields and words that nobody knows.
    pub(crate) odd: bool,
    /// Words that are in no list.
    pub(crate) unknown_words: bool,
    /// With everything that can be there.
    pub(crate) whole: bool,
}

fn one_of<T: Debug + 'static>(options: Vec<(u32, BoxedStrategy<T>)>) -> Made<BoxedStrategy<T>> {
    if options.is_empty() {
        return Err("a choice between nothing".to_owned());
    }
    Ok(Union::new_weighted(options).boxed())
}

fn both(first: Entries, second: Entries) -> Entries {
    (first, second)
        .prop_map(|(mut first, second)| {
            first.extend(second);
            first
        })
        .boxed()
}

fn none() -> Entries {
    Just(Vec::new()).boxed()
}

fn take<'a>(fields: &mut Fields<'a>, name: &str) -> Made<&'a Field> {
    (fields.remove(name)).ok_or_else(|| format!("a rule names {name}, which is no field"))
}

impl Builder {
    /// An object without fields.
    pub(crate) fn nothing() -> Json {
        Just(json!({})).boxed()
    }

    pub(crate) fn schema(self, name: &str, depth: u8) -> Made<Json> {
        if depth > DEPTH {
            return Err(format!("{name} holds itself"));
        }
        let schemas = &self.description.schemas;
        match (schemas.get(name)).ok_or_else(|| format!("{name} is not described"))? {
            Schema::Object(object) => self.object(object, depth),
            Schema::List { list } => self.value(list, depth),
            Schema::Anything { .. } => Ok(select(vec![
                json!({}),
                json!([]),
                json!("done"),
                json!({"resent": 3}),
            ])
            .boxed()),
            Schema::Words { words } => {
                if words.is_empty() {
                    return Err(format!("{name} has no words"));
                }
                let mut options = vec![(8, select(words.clone()).boxed())];
                if self.unknown_words {
                    options.push((1, text::text(1, Some(20))));
                }
                Ok(one_of(options)?.prop_map(Value::from).boxed())
            }
        }
    }

    fn object(self, object: &Object, depth: u8) -> Made<Json> {
        let mut left: Fields<'_> = (object.fields.iter())
            .map(|(name, field)| (name.as_str(), field))
            .collect();
        let mut parts = Vec::new();
        if !object.exactly_one.is_empty() {
            let chosen = object.exactly_one.iter();
            let options = chosen.map(|name| {
                let field = take(&mut left, name)?;
                Ok((1, self.present(name, field, depth)?))
            });
            parts.push(one_of(options.collect::<Made<_>>()?)?);
        }
        if let [first, second] = object.at_least_one.as_slice() {
            let (a, b) = (take(&mut left, first)?, take(&mut left, second)?);
            let a = self.present(first, a, depth)?;
            let b = self.present(second, b, depth)?;
            let together = both(a.clone(), b.clone());
            parts.push(if self.whole {
                together
            } else {
                one_of(vec![(1, a), (1, b), (1, together)])?
            });
        }
        if let [first, second] = object.not_together.as_slice() {
            let (a, b) = (take(&mut left, first)?, take(&mut left, second)?);
            let a = self.present(first, a, depth)?;
            let b = self.present(second, b, depth)?;
            let nothing = if self.whole { None } else { Some((1, none())) };
            let options = nothing.into_iter().chain([(1, a), (1, b)]);
            parts.push(one_of(options.collect())?);
        }
        if let Some(span) = &object.span {
            parts.push(self.span(span, &mut left, depth)?);
        }
        if let Some(decimals) = &object.decimals {
            parts.push(self.decimals(decimals, &mut left, depth)?);
        }
        for (name, field) in left {
            parts.push(self.field(name, field, depth)?);
        }
        if self.odd && !object.fields.contains_key(NOBODY_KNOWS) {
            let anything = select(vec![json!(null), json!(1), json!({"x": [1, null]})]);
            let unknown = anything.prop_map(|it| vec![(NOBODY_KNOWS.to_owned(), it)]);
            parts.push(one_of(vec![(12, none()), (1, unknown.boxed())])?);
        }
        Ok(parts
            .prop_map(|parts| Value::Object(parts.into_iter().flatten().collect()))
            .boxed())
    }

    /// The field with a value.
    fn present(self, name: &str, field: &Field, depth: u8) -> Made<Entries> {
        let mut names = vec![(6, Just(name.to_owned()).boxed())];
        if self.odd {
            names.extend((field.also.iter()).map(|it| (1, Just(it.clone()).boxed())));
        }
        Ok((one_of(names)?, self.value(&field.value, depth)?)
            .prop_map(|entry| vec![entry])
            .boxed())
    }

    /// The field with a value, or with what may stand in its place.
    fn field(self, name: &str, field: &Field, depth: u8) -> Made<Entries> {
        let present = self.present(name, field, depth)?;
        if self.whole {
            return Ok(present);
        }
        let instead = |value: Value| Just(vec![(name.to_owned(), value)]).boxed();
        let instead = field.or.iter().filter_map(|or| match or {
            Or::Absent => Some((4, none())),
            Or::Null if self.odd => Some((1, instead(Value::Null))),
            Or::Empty if self.odd => Some((1, instead(json!("")))),
            Or::Null | Or::Empty => None,
        });
        one_of(instead.chain([(6, present)]).collect())
    }

    /// Two moments, or as many of them as there have to be, the later one last.
    fn span(self, span: &Span, left: &mut Fields<'_>, depth: u8) -> Made<Entries> {
        let (from, to) = (take(left, &span.from)?, take(left, &span.to)?);
        let Shape::Integer { max, .. } = &to.value else {
            return Err(format!("{} is no moment", span.to));
        };
        let latest = max.unwrap_or(u64::MAX);
        let there = |field: &Field| match field.or.is_empty() || self.whole {
            true => Just(true).boxed(),
            false => any::<bool>().boxed(),
        };
        let (begins, ends) = (span.from.clone(), span.to.clone());
        let moments = (self.value(&from.value, depth)?, 0..=span.seconds);
        Ok((moments, there(from), there(to))
            .prop_map(move |((from, length), has_from, has_to)| {
                let to = from.as_u64().unwrap_or(0).saturating_add(length);
                let from = has_from.then(|| (begins.clone(), from));
                let to = has_to.then(|| (ends.clone(), json!(to.min(latest))));
                from.into_iter().chain(to).collect()
            })
            .boxed())
    }

    fn decimals(self, rule: &Decimals, left: &mut Fields<'_>, depth: u8) -> Made<Entries> {
        let Shape::Amount { sign } = take(left, &rule.field)?.value else {
            return Err(format!("{} is no amount", rule.field));
        };
        let amount = |most| {
            let name = rule.field.clone();
            text::amount(sign, most)
                .prop_map(move |text| vec![(name.clone(), json!(text))])
                .boxed()
        };
        let limited = amount(Some(rule.then));
        if let (Some(name), Some(word)) = (&rule.unless, &rule.is) {
            let field = self.present(name, take(left, name)?, depth)?;
            let word = Just(vec![(name.clone(), json!(word))]).boxed();
            let lifted = both(word, amount(None));
            return one_of(vec![(1, both(field, limited)), (1, lifted)]);
        }
        let Some(name) = &rule.when else {
            return Ok(limited);
        };
        let with = both(self.present(name, take(left, name)?, depth)?, limited);
        if self.whole {
            return Ok(with);
        }
        one_of(vec![(1, amount(rule.otherwise)), (1, with)])
    }

    fn value(self, shape: &Shape, depth: u8) -> Made<Json> {
        Ok(match shape {
            Shape::Text {
                min,
                max,
                not_prefix,
                like,
            } => self.text(*min, *max, not_prefix.as_deref(), like.as_deref())?,
            Shape::Email { max } => text::email(*max)?.prop_map(Value::from).boxed(),
            Shape::Uri { max } => text::uri(*max)?.prop_map(Value::from).boxed(),
            Shape::Amount { sign } => self.amount(*sign)?,
            Shape::Integer {
                min,
                max,
                like,
                or_text,
            } => self.integer(*min, *max, like.as_deref(), *or_text)?,
            Shape::Uuid => uuid(),
            Shape::Number => select(vec![json!(0), json!(3), json!(0.25), json!(12.5)]).boxed(),
            Shape::Boolean => any::<bool>().prop_map(Value::from).boxed(),
            Shape::List { of, min, max } => {
                let min = (*min).max(usize::from(self.whole));
                let most = max.unwrap_or(min.saturating_add(20)).max(min);
                let few = most.min(min.saturating_add(2));
                let item = self.value(of, depth + 1)?;
                let mut lists = vec![(40, vec(item.clone(), min..=few).boxed())];
                if !self.whole {
                    lists.push((1, vec(item, most).boxed()));
                }
                one_of(lists)?.prop_map(Value::from).boxed()
            }
            Shape::Map { key, of } => {
                let key = match key.as_str() {
                    "CoinId" => (1..=u64::from(u32::MAX))
                        .prop_map(|it| it.to_string())
                        .boxed(),
                    _ => chain(1, None)?,
                };
                let entry = (key, self.value(of, depth + 1)?);
                vec(entry, usize::from(self.whole)..=3)
                    .prop_map(|entries| Value::Object(Map::from_iter(entries)))
                    .boxed()
            }
            Shape::Schema { name, or_text_of } => {
                let object = self.schema(name, depth + 1)?;
                match or_text_of {
                    Some(field) if self.odd => {
                        let short = self.field_of(name, field, depth)?;
                        one_of(vec![(4, object), (1, short)])?
                    }
                    _ => object,
                }
            }
        })
    }

    /// One field of an object, alone.
    fn field_of(self, object: &str, field: &str, depth: u8) -> Made<Json> {
        match self.description.schemas.get(object) {
            Some(Schema::Object(Object { fields, .. })) => fields.get(field),
            _ => None,
        }
        .ok_or_else(|| format!("{object} has no {field}"))
        .and_then(|field| self.value(&field.value, depth + 1))
    }

    fn text(
        self,
        min: usize,
        max: Option<usize>,
        not_prefix: Option<&str>,
        like: Option<&str>,
    ) -> Made<Json> {
        let text = match like {
            Some("Chain") => chain(min, max)?,
            Some("RecordId" | "GatewayOrderId") => {
                one_of(vec![(1, text::name(min, max)), (3, text::record_id())])?
            }
            _ => text::text(min, max),
        };
        let text = match not_prefix {
            Some(prefix) => text::without_prefix(text, prefix.to_owned()),
            None => text,
        };
        Ok(text.prop_map(Value::from).boxed())
    }

    fn amount(self, sign: Option<Sign>) -> Made<Json> {
        let text = text::amount(sign, None).prop_map(Value::from).boxed();
        let number = any::<u32>().prop_map(Value::from).boxed();
        one_of(if self.odd {
            vec![(12, text), (1, number)]
        } else {
            vec![(1, text)]
        })
    }

    fn integer(self, min: u64, max: Option<u64>, like: Option<&str>, or_text: bool) -> Made<Json> {
        // The document calls them int64.
        let most = max.unwrap_or(i64::MAX.unsigned_abs()).max(min);
        let mut numbers = vec![
            (4, (min..=most.min(min.saturating_add(2_000))).boxed()),
            (
                2,
                (min..=most.min(min.saturating_add(u64::from(u32::MAX)))).boxed(),
            ),
            (1, (min..=most).boxed()),
        ];
        numbers.extend(max.map(|max| (1, Just(max.max(min)).boxed())));
        let usual = match like {
            Some("CoinId") => Some(1_280..=1_280),
            Some("FiatId") => Some(1_033..=1_033),
            Some("Timestamp") => Some(1_600_000_000..=2_000_000_000),
            _ => None,
        };
        let usual = usual.filter(|it| min <= *it.start() && *it.end() <= most);
        numbers.extend(usual.map(|it| (6, it.boxed())));
        let number = one_of(numbers)?;
        let as_text = number.clone().prop_map(|it| json!(it.to_string())).boxed();
        let number = number.prop_map(Value::from).boxed();
        one_of(if self.odd && or_text {
            vec![(8, number), (1, as_text)]
        } else {
            vec![(1, number)]
        })
    }
}

fn uuid() -> Json {
    (any::<u64>(), any::<u64>())
        .prop_map(|(a, b)| {
            let (low, high) = (format!("{a:016x}"), format!("{b:016x}"));
            let parts = [low.split_at(8), high.split_at(4)];
            let [(first, rest), (fourth, last)] = parts;
            let (second, third) = rest.split_at(4);
            json!(format!("{first}-{second}-{third}-{fourth}-{last}"))
        })
        .boxed()
}

/// A field of tomorrow.
const NOBODY_KNOWS: &str = "nobodyKnowsThisField";

fn chain(min: usize, max: Option<usize>) -> Made<BoxedStrategy<String>> {
    let known = ["TRX", "ETH", "BSC", "POLYGON"].map(str::to_owned);
    one_of(vec![
        (4, select(known.to_vec()).boxed()),
        (1, text::text(min, max)),
    ])
}
