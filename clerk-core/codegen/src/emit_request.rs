//! Writes the code that builds the request of an operation: path, query, limits and body.

use crate::{
    emit_api::body_fields,
    ir::{Body, Field, Operation, Ty},
    names::identifier,
};

/// The expression that builds the request.
pub(crate) fn request(operation: &Operation) -> String {
    let mut out = String::from("RequestBuilder::new(Self::INFO)");
    for field in &operation.parameters {
        out.push_str(&format!(".path({:?}, &self.{})", field.wire, identifier(&field.wire)));
    }
    for query in &operation.query {
        let (wire, name) = (&query.field.wire, identifier(&query.field.wire));
        out.push_str(&match (&query.fixed, &query.field.ty, query.field.items) {
            (Some(value), ..) => format!(".query({wire:?}, {value})"),
            (None, Ty::List(_), Some((_, max))) => {
                let how = if query.joined { "joined" } else { "each" };
                format!(".query_{how}({wire:?}, &self.{name}, {max})")
            }
            (None, ..) if query.field.required => format!(".query({wire:?}, &self.{name})"),
            (None, ..) => format!(".query_opt({wire:?}, self.{name}.as_ref())"),
        });
    }
    let query = operation.query.iter().filter(|query| query.fixed.is_none()).map(|query| &query.field);
    out.push_str(&query.filter_map(|field| ranged(field, "self", false)).collect::<String>());
    out.push_str(&limits(operation, body_fields(operation), "self"));
    out.push_str(&match &operation.body {
        Body::None => String::new(),
        Body::List(field) => format!(".json_value({:?}, &self.{})", field.wire, identifier(&field.wire)),
        Body::Object(fields) => writer("json", fields, |field| match (field.required, field.nullable) {
            (true, _) => "required",
            (false, true) => "nullable",
            (false, false) => "optional",
        }),
        Body::Multipart(fields) => writer("multipart", fields, |field| match (&field.ty, field.required) {
            (Ty::File, true) => "file",
            (Ty::File, false) => "file_opt",
            (_, true) => "text",
            (_, false) => "text_opt",
        }),
    });
    out.push_str(".build()");
    out
}

/// Code that checks the documented limits of the fields of `owner`, including nested objects.
fn limits(operation: &Operation, fields: &[Field], owner: &str) -> String {
    let mut out = String::new();
    for field in fields {
        let (wire, place) = (&field.wire, format!("{owner}.{}", identifier(&field.wire)));
        if let Some((min, max)) = field.items {
            out.push_str(&match (field.required, field.nullable) {
                (_, true) => format!(".items_opt({wire:?}, {place}.value().map(Vec::len), {min}, {max})"),
                (true, false) => format!(".items({wire:?}, {place}.len(), {min}, {max})"),
                (false, false) => {
                    format!(".items_opt({wire:?}, {place}.as_ref().map(Vec::len), {min}, {max})")
                }
            });
        }
        out.extend(ranged(field, owner, field.nullable));
        let object = operation.nested.iter().find(|object| Some(object.name.as_str()) == field.ty.named());
        let inner = object.map(|object| limits(operation, &object.fields, "object")).unwrap_or_default();
        if !inner.is_empty() {
            let is_list = matches!(field.ty, Ty::List(_));
            let objects = match (field.required, field.nullable, is_list) {
                (true, false, true) => format!("&{place}"),
                (true, false, false) => format!("[&{place}]"),
                (_, true, true) => format!("{place}.value().into_iter().flatten()"),
                (_, true, false) => format!("{place}.value()"),
                (false, false, true) => format!("{place}.iter().flatten()"),
                (false, false, false) => format!("{place}.as_ref()"),
            };
            out.push_str(&format!(".within({objects}, |request, object| request{inner})"));
        }
    }
    out
}

/// Code that checks the range of a number or the length of a string.
fn ranged(field: &Field, owner: &str, is_nullable: bool) -> Option<String> {
    let (wire, place) = (&field.wire, format!("{owner}.{}", identifier(&field.wire)));
    let range = field.range()?;
    let is_text = field.ty == Ty::Text;
    let value = match (field.required, is_nullable, is_text) {
        (_, true, true) => format!("{place}.value()"),
        (_, true, false) => format!("{place}.value().copied()"),
        (true, false, true) => format!("Some(&{place})"),
        (true, false, false) => format!("Some({place})"),
        (false, false, true) => format!("{place}.as_ref()"),
        (false, false, false) => place,
    };
    Some(format!(".{}({wire:?}, {value}, {range})", if is_text { "letters" } else { "number" }))
}

fn writer(kind: &str, fields: &[Field], how: impl Fn(&Field) -> &'static str) -> String {
    if fields.is_empty() {
        return format!(".{kind}(|_| {{}})");
    }
    let calls: String = fields
        .iter()
        .map(|field| format!(".{}({:?}, &self.{})", how(field), field.wire, identifier(&field.wire)))
        .collect();
    format!(".{kind}(|body| {{ body{calls}; }})")
}
