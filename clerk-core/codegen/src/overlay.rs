//! What the document does not say: our names, our sentences, and where the document is wrong.
//!
//! The overlay is a folder of TOML files beside this crate's sources; together they are one table.

use std::{collections::BTreeMap, fs, path::Path};

use indexmap::IndexMap;
use serde::Deserialize;

use crate::{
    Result,
    document::{PathItem, Schema},
};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overlay {
    /// The sections of Clerk's reference that are generated.
    pub(crate) sections: Vec<String>,
    /// A sentence and an example for each module of operations.
    pub(crate) modules: BTreeMap<String, Module>,
    /// Which models stand in which file, in this order.
    pub(crate) families: BTreeMap<String, Family>,
    /// `module.function` for operations whose own name is missing or does not read well.
    pub(crate) functions: BTreeMap<String, String>,
    /// Component, `Operation:response`, or the place of an inline object, to model.
    pub(crate) models: BTreeMap<String, String>,
    /// Components, and inline answers as `Operation:response`, that are read as another component.
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// Components that are read as one flat model.
    pub(crate) unions: BTreeMap<String, Union>,
    /// Enums that have a name of their own, by that name.
    pub(crate) enums: BTreeMap<String, EnumNames>,
    pub(crate) corrections: Vec<Correction>,
    /// Operations that the document leaves out, by path, in the document's own form.
    pub(crate) undocumented: IndexMap<String, PathItem>,
    pub(crate) types: Types,
    /// Query parameters that are always sent with one value.
    pub(crate) fixed_query: BTreeMap<String, Fixed>,
    /// How many values a repeated query parameter may have.
    pub(crate) max_query_values: usize,
    /// Operations with another retry rule or credential than their method implies.
    pub(crate) retry: BTreeMap<String, Chosen>,
    pub(crate) credential: BTreeMap<String, Chosen>,
    /// An operation's summary.
    pub(crate) summaries: BTreeMap<String, String>,
    /// A model's, request object's or enum's sentence.
    pub(crate) sentences: BTreeMap<String, String>,
    pub(crate) fields: Fields,
    /// A variant's sentence, by `Enum.value`.
    pub(crate) variants: BTreeMap<String, String>,
    /// What to use instead, by `Owner.field` or operation.
    pub(crate) deprecated: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Module {
    pub(crate) doc: String,
    pub(crate) example: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    pub(crate) doc: String,
    pub(crate) example: String,
    pub(crate) types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alias {
    pub(crate) of: String,
    #[allow(dead_code, reason = "for the reader of the overlay")]
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Union {
    pub(crate) members: Vec<String>,
    /// What every member must have; the rest is optional.
    pub(crate) required: Vec<String>,
    /// What is not read.
    #[serde(default)]
    pub(crate) omit: Vec<String>,
    #[allow(dead_code, reason = "for the reader of the overlay")]
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnumNames {
    /// Where the document spells it out; `*` stands for any text.
    pub(crate) places: Vec<String>,
    /// Values that Clerk sends though the document lacks them.
    #[serde(default)]
    pub(crate) extra: Vec<String>,
}

/// Where the document is wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Correction {
    /// `Component.field` or `Operation.field`; `*` stands for any text.
    pub(crate) place: String,
    #[allow(dead_code, reason = "for the reader of the overlay")]
    pub(crate) reason: String,
    pub(crate) required: Option<bool>,
    pub(crate) nullable: Option<bool>,
    /// The field is not generated.
    #[serde(default)]
    pub(crate) omit: bool,
    /// The field's schema; a field the document lacks is added.
    pub(crate) schema: Option<Schema>,
    /// What is added is a parameter of the query.
    #[serde(default)]
    pub(crate) query: bool,
}

/// Texts and numbers that have a type of their own, by place or by name of the field.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Types {
    /// Identifiers in paths, queries and bodies; the first pattern that fits counts, one with a dot before one
    /// without.
    pub(crate) request_ids: Vec<(String, String)>,
    /// Identifiers in answers.
    pub(crate) model_ids: Vec<(String, String)>,
    /// Integers that are milliseconds.
    pub(crate) times: Vec<String>,
    /// Integers whose name looks like a time.
    pub(crate) no_times: Vec<String>,
    /// Numbers that have fractions.
    pub(crate) floats: Vec<String>,
    /// Query integers that count items.
    pub(crate) counts: Vec<String>,
    /// Answer fields that never fall back, because falling back would grant something.
    pub(crate) strict: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixed {
    pub(crate) value: String,
    #[allow(dead_code, reason = "for the reader of the overlay")]
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    pub(crate) is: String,
    #[allow(dead_code, reason = "for the reader of the overlay")]
    pub(crate) reason: String,
}

/// A field's sentence: its own, else the one for its name.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fields {
    /// By `Owner.field`, where the owner is a model or an operation.
    own: BTreeMap<String, String>,
    model: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    body: BTreeMap<String, String>,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Model,
    Query,
    Body,
}

impl Overlay {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut files: Vec<_> = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
        files.sort_by_key(std::fs::DirEntry::file_name);
        let mut all = toml::Table::new();
        for file in files {
            let path = file.path();
            let table: toml::Table =
                fs::read_to_string(&path)?.parse().map_err(|e| format!("{}: {e}", path.display()))?;
            merge(&mut all, table)
                .map_err(|key| format!("{}: `{key}` stands in another file already", path.display()))?;
        }
        Ok(all.try_into()?)
    }

    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Self {
        toml::from_str(text).unwrap()
    }

    pub(crate) fn field(&self, owner: &str, field: &str, kind: Kind) -> Option<&str> {
        let by_name = match kind {
            Kind::Model => &self.fields.model,
            Kind::Query => &self.fields.query,
            Kind::Body => &self.fields.body,
        };
        self.fields.own.get(&format!("{owner}.{field}")).or_else(|| by_name.get(field)).map(String::as_str)
    }

    /// What a deprecation says.
    pub(crate) fn note(&self, place: &str) -> &str {
        self.deprecated.get(place).map_or("Clerk advises against it", String::as_str)
    }
}

/// Adds what one file says to what the others say. Tables grow, lists do too; anything else stands in one place.
fn merge(all: &mut toml::Table, more: toml::Table) -> std::result::Result<(), String> {
    for (key, value) in more {
        match (all.get_mut(&key), value) {
            (None, value) => drop(all.insert(key, value)),
            (Some(toml::Value::Table(known)), toml::Value::Table(value)) => {
                merge(known, value).map_err(|below| format!("{key}.{below}"))?;
            }
            (Some(toml::Value::Array(known)), toml::Value::Array(value)) => known.extend(value),
            (Some(_), _) => return Err(key),
        }
    }
    Ok(())
}

/// Whether `pattern` fits the whole place, or the name after its last dot.
pub(crate) fn fits(pattern: &str, place: &str) -> bool {
    let name = place.rsplit('.').next().unwrap_or(place);
    if pattern.contains('.') { glob(pattern, place) } else { glob(pattern, name) }
}

/// Whether `pattern`, in which each `*` stands for any text, is `text`.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().any(|(at, _)| rest.get(at..).is_some_and(|rest| glob(after, rest)))
                || glob(after, "")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, want) in [
            ("a.b", "a.b", true),
            ("a.*", "a.", true),
            ("*_at", "created_at", true),
            ("Replace*Metadata.*", "ReplaceUserMetadata.public_metadata", true),
            ("Replace*Metadata.*", "UpdateUserMetadata.public_metadata", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
        assert!(fits("created_at", "User.created_at"));
        assert!(!fits("Session.created_at", "User.created_at"));
    }
}
