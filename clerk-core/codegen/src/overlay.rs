//! The overlay: Rust names, documentation sentences, and corrections of the document.
//!
//! The overlay is the folder of TOML files next to this crate's sources. All files are merged into one table.

use std::{collections::BTreeMap, fs, path::Path};

use indexmap::IndexMap;
use serde::Deserialize;

use crate::{
    Result,
    document::{PathItem, Schema},
    ir::{Field, Ty},
    names::identifier,
};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overlay {
    /// The sections of Clerk's reference for which code is generated.
    pub(crate) sections: Vec<String>,
    /// A sentence and an example for each module of `api`.
    pub(crate) modules: BTreeMap<String, Module>,
    /// The files of `model`, and the models in each one, in order.
    pub(crate) families: BTreeMap<String, Family>,
    /// `module.function` for operations whose name in the document is missing or unsuitable.
    pub(crate) functions: BTreeMap<String, String>,
    /// Maps a component, `Operation:response`, or the place of an inline object to the name of a model.
    pub(crate) models: BTreeMap<String, String>,
    /// Components, and inline responses as `Operation:response`, that are treated as another component.
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// Components that are merged into one flat model.
    pub(crate) unions: BTreeMap<String, Union>,
    /// Enums with a name of their own, by that name.
    pub(crate) enums: BTreeMap<String, EnumNames>,
    pub(crate) corrections: Vec<Correction>,
    /// Operations that the document omits, by path, in OpenAPI form.
    pub(crate) undocumented: IndexMap<String, PathItem>,
    /// Components that the document omits.
    pub(crate) components: IndexMap<String, Schema>,
    pub(crate) types: Types,
    /// The fields of models that code written by hand uses, by file and `Model.field`, with their types.
    pub(crate) used: BTreeMap<String, BTreeMap<String, String>>,
    /// Query parameters that are always sent with the same value.
    pub(crate) fixed_query: BTreeMap<String, Fixed>,
    /// The maximum number of values of a repeated query parameter.
    pub(crate) max_query_values: usize,
    /// Operations whose retry rule or credential differs from the default for their method.
    pub(crate) retry: BTreeMap<String, Chosen>,
    pub(crate) credential: BTreeMap<String, Chosen>,
    /// What is decided about each field of a model that may be secret, by `Model.field`: `private` or `public`.
    pub(crate) secrets: BTreeMap<String, Chosen>,
    /// What is decided about each field of a model that may restrict access, by `Model.field`: `denies` if a
    /// decision about access reads it, `reported` if it only informs the application.
    pub(crate) access: BTreeMap<String, Chosen>,
    /// The fields of a response that repeat a path parameter, by `Operation.parameter`, where that does not follow
    /// from the names.
    pub(crate) identity: BTreeMap<String, Repeated>,
    /// A second field that a path parameter may repeat instead of `id`, by the parameter's name.
    pub(crate) identity_also: BTreeMap<String, String>,
    /// Limits of several fields together.
    pub(crate) totals: Vec<Total>,
    /// The documentation of each operation. The first sentence is its summary.
    pub(crate) summaries: BTreeMap<String, String>,
    /// The documentation of each model, request object and enum.
    pub(crate) sentences: BTreeMap<String, String>,
    pub(crate) fields: Fields,
    /// The documentation of enum variants, by `Enum.value`.
    pub(crate) variants: BTreeMap<String, String>,
    /// What an error status means, by status, or by `Operation.status` where Clerk's document says more.
    pub(crate) errors: BTreeMap<String, String>,
    /// The error codes that Clerk's document names for an operation.
    pub(crate) codes: BTreeMap<String, String>,
    pub(crate) examples: Examples,
    /// Deprecation notes, by `Owner.field` or operation.
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
    #[allow(dead_code, reason = "documents the overlay for its readers")]
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Union {
    pub(crate) members: Vec<String>,
    /// The fields that all members have; the other fields are optional.
    pub(crate) required: Vec<String>,
    /// The fields that are not generated.
    #[serde(default)]
    pub(crate) omit: Vec<String>,
    #[allow(dead_code, reason = "documents the overlay for its readers")]
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnumNames {
    /// The places of the enum in the document; `*` matches any string.
    pub(crate) places: Vec<String>,
    /// Values that Clerk sends but the document does not list.
    #[serde(default)]
    pub(crate) extra: Vec<String>,
}

/// A correction of the document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Correction {
    /// `Component.field` or `Operation.field`; `*` matches any string.
    pub(crate) place: String,
    #[allow(dead_code, reason = "documents the overlay for its readers")]
    pub(crate) reason: String,
    pub(crate) required: Option<bool>,
    pub(crate) nullable: Option<bool>,
    /// The field is not generated.
    #[serde(default)]
    pub(crate) omit: bool,
    /// The schema of the field. A field that is missing in the document is added.
    pub(crate) schema: Option<Schema>,
    /// The added field is a query parameter.
    #[serde(default)]
    pub(crate) query: bool,
}

/// Strings and numbers that have a type of their own, by place or by field name.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Types {
    /// ID types in paths, queries and bodies. The first matching pattern wins, and patterns with a dot come
    /// before patterns without one.
    pub(crate) request_ids: Vec<(String, String)>,
    /// ID types in responses.
    pub(crate) model_ids: Vec<(String, String)>,
    /// Integers that are timestamps in milliseconds.
    pub(crate) times: Vec<String>,
    /// Integers that match `times` but are not timestamps in milliseconds.
    pub(crate) no_times: Vec<String>,
    /// Numbers that can have a fractional part.
    pub(crate) floats: Vec<String>,
    /// Integer query parameters that count items.
    pub(crate) counts: Vec<String>,
    /// Functions that deserialize fields of models, by field, where the one for the field's type is not the right one.
    pub(crate) readers: BTreeMap<String, String>,
    /// Functions that serialize fields of models, in the same way.
    pub(crate) writers: BTreeMap<String, String>,
    /// Response fields that never fall back, because their default could grant access.
    pub(crate) strict: Vec<String>,
    /// Fields of models that may be secret: each of them needs an entry in `secrets`.
    pub(crate) secrets: Vec<String>,
    /// Fields of models that may say that somebody must not sign in, or that something is no longer valid: each
    /// of them needs an entry in `access`.
    pub(crate) access: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixed {
    pub(crate) value: String,
    #[allow(dead_code, reason = "documents the overlay for its readers")]
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    pub(crate) is: String,
    pub(crate) reason: String,
}

/// A limit of several optional fields together, which is checked before sending.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Total {
    /// The operation or request object.
    pub(crate) of: String,
    /// Strings, lists, or required objects, which count as one item.
    pub(crate) fields: Vec<String>,
    /// The member of each item of a list that holds its Base64.
    member: Option<String>,
    max_items: Option<usize>,
    max_bytes: Option<usize>,
}

impl Total {
    /// Whether the owner has all the fields.
    pub(crate) fn fits(&self, owner: &str, fields: &[Field]) -> bool {
        self.of == owner && self.fields.iter().all(|name| fields.iter().any(|field| field.wire == *name))
    }

    /// The code that checks the limit.
    pub(crate) fn check(&self, fields: &[Field], owner: &str) -> String {
        let first = self.fields.first().map_or("", String::as_str);
        let fields = || fields.iter().filter(|field| self.fields.contains(&field.wire));
        let place = |field: &Field| format!("{owner}.{}", identifier(&field.wire));
        let mut out = String::new();
        if let Some(max) = self.max_items {
            let counts = fields().map(|field| match (&field.ty, field.required) {
                (Ty::List(_), true) => format!("{}.len()", place(field)),
                (Ty::List(_), false) => format!("{}.as_ref().map_or(0, Vec::len)", place(field)),
                (_, true) => "1".to_owned(),
                (_, false) => format!("usize::from({}.is_some())", place(field)),
            });
            let counts = counts.collect::<Vec<_>>().join(" + ");
            out.push_str(&format!(".items({first:?}, {counts}, 0, {max})"));
        }
        if let Some(max) = self.max_bytes {
            let (method, member) = match &self.member {
                Some(member) => ("decoded", format!(".flatten().map(|item| &item.{})", identifier(member))),
                None => ("bytes", String::new()),
            };
            let texts = fields().map(|field| format!("{}.iter(){member}", place(field)));
            let texts = texts.reduce(|all, more| format!("{all}.chain({more})")).unwrap_or_default();
            out.push_str(&format!(".{method}({first:?}, {texts}, {max})"));
        }
        out
    }
}

/// The decision that a field may be secret but is meant for the reader of the model.
pub(crate) const PUBLIC: &str = "public";
/// The decision that a field is left out when its model is serialized.
pub(crate) const PRIVATE: &str = "private";
/// The decision that a field restricts access: a missing or false value must not be made up.
pub(crate) const DENIES: &str = "denies";
/// The decision that a field only informs the application.
pub(crate) const REPORTED: &str = "reported";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repeated {
    /// Paths in the response of which one must be equal to the parameter. Empty if the response does not repeat it.
    pub(crate) fields: Vec<String>,
    #[allow(dead_code, reason = "documents the overlay for its readers")]
    pub(crate) reason: String,
}

/// Documentation of fields and setters: by owner and field, or by field name for all owners.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fields {
    /// By `Owner.field`, where the owner is a model, a request object or an operation.
    own: BTreeMap<String, String>,
    model: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    body: BTreeMap<String, String>,
    /// The parameters of functions, which have no setter.
    required: BTreeMap<String, String>,
}

/// The example of each operation.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Examples {
    /// Arguments, by `Operation.parameter` or by parameter.
    pub(crate) values: BTreeMap<String, String>,
    /// The calls of setters, by operation.
    pub(crate) setters: BTreeMap<String, String>,
    /// The variable for what a call returns, by its type.
    pub(crate) names: BTreeMap<String, String>,
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
                .map_err(|key| format!("{}: `{key}` is already defined in another file", path.display()))?;
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

    /// Adds a sentence by `Owner.field`.
    pub(crate) fn draft(&mut self, place: &str, sentence: String) {
        self.fields.own.insert(place.to_owned(), sentence);
    }

    /// The sentence of a function's parameter, if it has one of its own.
    pub(crate) fn required(&self, operation: &str, parameter: &str) -> Option<&str> {
        let required = &self.fields.required;
        required
            .get(&format!("{operation}.{parameter}"))
            .or_else(|| required.get(parameter))
            .map(String::as_str)
    }

    /// Whether decoding fails if the field is missing or null, because its default could grant access.
    pub(crate) fn is_strict(&self, owner: &str, field: &Field) -> bool {
        let place = format!("{owner}.{}", field.wire);
        let can_fall_back = !field.required || field.nullable;
        !can_fall_back && self.types.strict.iter().any(|pattern| fits(pattern, &place))
    }

    /// Whether a model's field is left out when the model is serialized.
    pub(crate) fn is_private(&self, owner: &str, field: &str) -> bool {
        self.secrets.get(&format!("{owner}.{field}")).is_some_and(|chosen| chosen.is == PRIVATE)
    }

    /// The entries that are each about one operation, model, request object, enum, or member of one, by table.
    pub(crate) fn entries(&self) -> Vec<(&'static str, &str)> {
        fn keys<T>(table: &BTreeMap<String, T>) -> Vec<&str> {
            table.keys().map(String::as_str).collect()
        }
        /// The others are for all that have a name in common.
        fn of_one(keys: Vec<&str>) -> Vec<&str> {
            keys.into_iter().filter(|key| key.contains('.')).collect()
        }
        let tables = [
            ("functions", keys(&self.functions)),
            ("retry", keys(&self.retry)),
            ("credential", keys(&self.credential)),
            ("summaries", keys(&self.summaries)),
            ("sentences", keys(&self.sentences)),
            ("fields.own", keys(&self.fields.own)),
            ("fields.required", of_one(keys(&self.fields.required))),
            ("variants", keys(&self.variants)),
            ("errors", of_one(keys(&self.errors))),
            ("codes", keys(&self.codes)),
            ("deprecated", keys(&self.deprecated)),
            ("examples.setters", keys(&self.examples.setters)),
            ("examples.values", of_one(keys(&self.examples.values))),
        ];
        let tables = tables.into_iter();
        tables.flat_map(|(table, keys)| keys.into_iter().map(move |key| (table, key))).collect()
    }

    /// The note of a deprecation.
    pub(crate) fn note(&self, place: &str) -> &str {
        self.deprecated.get(place).map_or("deprecated by Clerk", String::as_str)
    }
}

/// Merges one file into the others. Tables are merged and lists are concatenated; any other key must be unique.
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

/// Whether `pattern` matches the place. A pattern without a dot is matched against the field name alone.
pub(crate) fn fits(pattern: &str, place: &str) -> bool {
    let name = place.rsplit('.').next().unwrap_or(place);
    if pattern.contains('.') { glob(pattern, place) } else { glob(pattern, name) }
}

/// Whether `pattern`, in which each `*` matches any string, matches `text`.
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
