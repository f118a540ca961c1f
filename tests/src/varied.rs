//! Variations of Clerk's responses, generated from arbitrary bytes.
//!
//! The same bytes always produce the same changes, and no bytes produce none, so that a failing property test can
//! shrink its input.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

/// Strings that have confused JSON parsers before.
const TEXTS: [&str; 14] = [
    "",
    "text",
    "null",
    "0",
    " ",
    "\"",
    "\\",
    "\u{0}",
    "\u{7f}\u{80}",
    "\r\n",
    "\u{2028}é😀",
    "\u{fffe}\u{feff}",
    "</script>",
    "$serde_json::private::Number",
];

/// Names that are special in serde_json, and others.
const NAMES: [&str; 6] =
    ["", "id", "type", "$serde_json::private::RawValue", "$serde_json::private::Number", "é\n"];

/// Numbers at the limits of their types.
const NUMBERS: [i64; 8] = [0, 1, -1, i64::MAX, i64::MIN, 1 << 53, -(1 << 53) - 1, 1_700_000_000_123];

/// Returns the variants of `value` in which one member of one object is removed, is `null`, or has another type.
#[must_use]
pub fn with_each_member_changed(value: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    find_members(value, "", &mut places);
    let mut variants = Vec::new();
    for (parent, name) in places {
        let mut change = |change: &dyn Fn(&mut Map<String, Value>)| {
            let mut changed = value.clone();
            changed.pointer_mut(&parent).and_then(Value::as_object_mut).map(change);
            variants.push(changed);
        };
        change(&|object| drop(object.remove(&name)));
        change(&|object| drop(object.insert(name.clone(), Value::Null)));
        change(&|object| {
            let other = if object[&name].is_number() { Value::from("other") } else { Value::from(7) };
            object.insert(name.clone(), other);
        });
    }
    variants
}

/// Finds the JSON pointers of all objects in `value`, with the names of their members.
fn find_members(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (name, member) in object {
                found.push((at.to_owned(), name.clone()));
                find_members(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                find_members(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A source of choices, one per byte. After the last byte, all choices are zero.
#[derive(Debug)]
pub struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    /// Creates the choices from `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    fn integer(&mut self) -> i64 {
        match self.below(2) {
            0 => self.one(&NUMBERS),
            _ => i64::from_be_bytes(std::array::from_fn(|_| self.byte())) >> (self.byte() % 64),
        }
    }

    /// Returns a number whose fraction survives a round trip.
    fn float(&mut self) -> f64 {
        f64::from(i32::from_be_bytes(std::array::from_fn(|_| self.byte()))) / 1024.0
    }

    fn text(&mut self) -> String {
        match self.below(3) {
            0 => self.one(&TEXTS).to_owned(),
            1 => format!("{}{}", self.one(&TEXTS), self.one(&TEXTS)),
            _ => (0..self.below(12)).map(|_| self.letter()).collect(),
        }
    }

    fn letter(&mut self) -> char {
        let code = u32::from_be_bytes([0, self.below(4), self.byte(), self.byte()]);
        char::from_u32(code).unwrap_or('?')
    }

    /// Returns any JSON, not nested deeper than `depth`.
    pub fn json(&mut self, depth: u8) -> Value {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => (self.byte() > 127).into(),
            2 => self.integer().into(),
            3 => self.float().into(),
            4 => self.text().into(),
            5 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => self.object(depth - 1).into(),
        }
    }

    /// Returns any JSON object whose values are not nested deeper than `depth`.
    pub fn object(&mut self, depth: u8) -> Map<String, Value> {
        (0..self.below(4)).map(|_| (self.name(), self.json(depth))).collect()
    }

    fn name(&mut self) -> String {
        if self.below(2) == 0 { self.one(&NAMES).to_owned() } else { self.text() }
    }
}

/// Changes a response of Clerk in ways that the tolerant decoder accepts. `strict` contains the paths of the fields
/// that never fall back.
#[must_use]
pub fn varied(response: &Value, strict: &BTreeSet<String>, choices: &mut Choices<'_>) -> Value {
    Variation { strict, choices }.of(response, "")
}

struct Variation<'a, 'b> {
    strict: &'a BTreeSet<String>,
    choices: &'a mut Choices<'b>,
}

impl Variation<'_, '_> {
    fn of(&mut self, value: &Value, path: &str) -> Value {
        match value {
            Value::Object(members) if members.get("any_key").is_some_and(|any| any == "any value") => {
                if self.choices.below(2) == 0 { value.clone() } else { self.choices.object(4).into() }
            }
            Value::Object(members) if members.contains_key("any_key") => self.map(members, path),
            Value::Object(members) => self.object(members, path),
            Value::Array(items) => self.list(items, path),
            Value::String(text) => self.text(text, path),
            Value::Number(number) => self.number(number),
            other => match self.choices.below(2) {
                0 => other.clone(),
                _ => (self.choices.byte() > 127).into(),
            },
        }
    }

    fn object(&mut self, members: &Map<String, Value>, path: &str) -> Value {
        let mut changed = Map::new();
        for (name, member) in members {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            // The list of a page must be present.
            let must_stay = self.strict.contains(&path) || path == "data";
            match if must_stay { 0 } else { self.choices.below(8) } {
                1 => {}
                2 => drop(changed.insert(name.clone(), Value::Null)),
                _ => drop(changed.insert(name.clone(), self.of(member, &path))),
            }
        }
        for _ in 0..self.choices.below(3) {
            changed.insert(format!("new {}", self.choices.text()), self.choices.json(3));
        }
        changed.into()
    }

    /// Varies an object with arbitrary names.
    fn map(&mut self, members: &Map<String, Value>, path: &str) -> Value {
        let values = members.values().next().into_iter().cycle();
        let path = format!("{path}.any_key");
        let count = usize::from(self.choices.below(4));
        let members = values.take(count).map(|value| (self.choices.name(), self.of(value, &path)));
        Value::Object(members.collect())
    }

    /// Repeats the items up to three times, each with its own changes.
    fn list(&mut self, items: &[Value], path: &str) -> Value {
        let count = usize::from((self.choices.below(4) + 1) % 4);
        let path = format!("{path}[0]");
        items.iter().cycle().take(count).map(|item| self.of(item, &path)).collect()
    }

    /// Changes a string, even if only a few values are known to this version.
    fn text(&mut self, text: &str, path: &str) -> Value {
        // An empty ID is decoded as missing, which is not possible in a list.
        let must_be_there = self.strict.contains(path) || (text == "id_1" && path.ends_with(']'));
        match (self.choices.below(2), self.choices.text()) {
            (0, _) => text.into(),
            (_, new) if new.is_empty() && must_be_there => text.into(),
            (_, new) => new.into(),
        }
    }

    /// Changes a number; an integer may become one with a fraction.
    fn number(&mut self, number: &Number) -> Value {
        match (number.is_i64(), self.choices.below(3)) {
            (_, 0) => number.clone().into(),
            (true, 1) => self.choices.integer().into(),
            _ => self.choices.float().into(),
        }
    }
}
