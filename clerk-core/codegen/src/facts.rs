//! The facts that the generator reads from a document, one per line. They are stored so that another version of
//! the document can be compared with this one.
//!
//! ```text
//! operation UpdateUser is PATCH /users/{user_id}
//! operation UpdateUser body.first_name string? nullable
//! model User created_at time
//! enum SessionStatus active
//! ```
//!
//! Additions of the overlay are not facts.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    emit_model::reachable,
    ir::{Api, Body, Field, Operation, Output, Ty},
};

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Operation,
    Model,
    Enum,
}

impl Kind {
    const ALL: [(Self, &str); 3] =
        [(Self::Operation, "operation"), (Self::Model, "model"), (Self::Enum, "enum")];

    pub(crate) fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// The facts by kind and name, as a map from part to description.
pub(crate) type Facts = BTreeMap<(Kind, String), BTreeMap<String, String>>;

/// Parses the lines that [`list`] writes.
pub(crate) fn parse(text: &str) -> Facts {
    let mut facts = Facts::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        let kind = words.next().and_then(|word| Kind::ALL.into_iter().find(|(_, known)| *known == word));
        let (Some((kind, _)), Some(name), Some(part)) = (kind, words.next(), words.next()) else { continue };
        let said = words.next().unwrap_or_default().to_owned();
        facts.entry((kind, name.to_owned())).or_default().insert(part.to_owned(), said);
    }
    facts
}

/// The facts as sorted lines.
pub(crate) fn list(api: &Api) -> String {
    let mut lines = BTreeSet::new();
    let operations: Vec<_> = api.operations.iter().filter(|operation| operation.documented).collect();
    for name in reachable(api, &operations) {
        let fields = api.structs.get(&name).into_iter().flat_map(|object| &object.fields);
        for field in fields.filter(|field| !is_added(field)) {
            lines.insert(format!("model {name} {} {}", field.wire, said(field, None)));
        }
        let values = api.enums.get(&name).into_iter().flat_map(|known| &known.values);
        lines.extend(values.map(|value| format!("enum {name} {value}")));
    }
    for operation in operations {
        let facts = about(operation);
        lines.extend(facts.iter().map(|fact| format!("operation {} {fact}", operation.id)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The facts of a document, and the known ones of operations that cannot be read in it: they have not changed yet. What they
/// need is known no better.
pub(crate) fn with_unread(facts: &str, known: &str, unread: &BTreeMap<String, String>) -> String {
    if unread.is_empty() {
        return facts.to_owned();
    }
    let new = parse(facts);
    let is_kept = |line: &&str| {
        parse(line).into_keys().any(|key| match key.0 {
            Kind::Operation => unread.contains_key(&key.1),
            Kind::Model | Kind::Enum => !new.contains_key(&key),
        })
    };
    let lines: BTreeSet<&str> = facts.lines().chain(known.lines().filter(is_kept)).collect();
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

fn about(operation: &Operation) -> Vec<String> {
    let deprecated = if operation.deprecated { " deprecated" } else { "" };
    let mut out = vec![format!("is {} {}{deprecated}", operation.method, operation.path)];
    out.extend(operation.parameters.iter().map(|field| format!("path.{} {}", field.wire, said(field, None))));
    let query = operation.query.iter().map(|query| &query.field).filter(|field| !is_added(field));
    out.extend(query.map(|field| format!("query.{} {}", field.wire, said(field, None))));
    let key = operation.idempotency_key.iter();
    out.extend(key.map(|field| format!("header.{} {}", field.wire, said(field, None))));
    match &operation.body {
        Body::None => {}
        Body::Object(fields) => of_body(operation, "body", fields, &mut out),
        Body::Multipart(fields) => of_body(operation, "form", fields, &mut out),
        Body::List(list) => {
            out.push(format!("body {}", said(list, list.items)));
            of_object(operation, "body", &list.ty, &mut out);
        }
    }
    out.push(match &operation.output {
        Output::Nothing => "answer nothing".to_owned(),
        Output::Text => "answer text".to_owned(),
        Output::Page(ty) => format!("answer page of {}", word(ty)),
        Output::Value(ty) => format!("answer {}", word(ty)),
    });
    out
}

fn of_body(operation: &Operation, place: &str, fields: &[Field], out: &mut Vec<String>) {
    for field in fields.iter().filter(|field| !is_added(field)) {
        let place = format!("{place}.{}", field.wire);
        out.push(format!("{place} {}", said(field, field.items)));
        of_object(operation, &place, &field.ty, out);
    }
}

/// Adds the fields of `ty`, if it is a request object.
fn of_object(operation: &Operation, place: &str, ty: &Ty, out: &mut Vec<String>) {
    let place = if matches!(ty, Ty::List(_)) { format!("{place}[]") } else { place.to_owned() };
    let name = ty.named().unwrap_or_default();
    if let Some(object) = operation.nested.iter().find(|object| object.name == name) {
        of_body(operation, &place, &object.fields, out);
    }
}

/// Whether the overlay added the field. A deprecated parameter has the same flag, but the document contains it.
fn is_added(field: &Field) -> bool {
    field.valid.beyond && !field.deprecated
}

/// The description of a field. `items` are the limits of a list in the document.
fn said(field: &Field, items: Option<(usize, usize)>) -> String {
    let mut out = word(&field.ty);
    if !field.required {
        out.push('?');
    }
    if field.nullable {
        out.push_str(" nullable");
    }
    if let Some((min, max)) = items {
        out.push_str(&format!(" {min}..{max} items"));
    }
    if let Some(range) = field.range() {
        let unit = if field.ty == Ty::Text { " letters" } else { "" };
        out.push_str(&format!(" {}{unit}", range.replace('=', "")));
    }
    if field.deprecated {
        out.push_str(" deprecated");
    }
    out
}

/// A type in one word.
pub(crate) fn word(ty: &Ty) -> String {
    match ty {
        Ty::Text => "string".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Int | Ty::Count => "int".to_owned(),
        Ty::Float => "float".to_owned(),
        Ty::Time => "time".to_owned(),
        Ty::Metadata => "object".to_owned(),
        Ty::Json | Ty::AnyJson => "anything".to_owned(),
        Ty::File => "file".to_owned(),
        Ty::Id(name) | Ty::Struct(name) | Ty::Enum(name) => name.clone(),
        Ty::List(item) => format!("[{}]", word(item)),
        Ty::Map(value) => format!("{{{}}}", word(value)),
        Ty::Maybe(inner) => format!("{}|null", word(inner)),
    }
}
