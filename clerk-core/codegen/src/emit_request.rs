//! Writes the code that builds the request of an operation: path, query, limits and body.

use crate::{
    emit_api::body_fields,
    ir::{Body, Field, Operation, Ty},
    names::identifier,
    overlay::Overlay,
};

/// The expression that builds the request.
pub(crate) fn request(operation: &Operation, overlay: &Overlay) -> String {
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
    if let Some(key) = &operation.idempotency_key {
        out.push_str(&format!(".idempotency_key(self.{}.as_deref())", identifier(&key.wire)));
    }
    let query = operation.query.iter().filter(|query| query.fixed.is_none()).map(|query| &query.field);
    out.push_str(&query.filter_map(|field| ranged(field, "self", false)).collect::<String>());
    out.push_str(&limits(operation, overlay, &operation.id, body_fields(operation), "self"));
    out.extend(body_fields(operation).iter().filter_map(|field| safe_if_keyed(operation, field)));
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
fn limits(operation: &Operation, overlay: &Overlay, name: &str, fields: &[Field], owner: &str) -> String {
    let totals = overlay.totals.iter().filter(|total| total.fits(name, fields));
    let mut out: String = totals.map(|total| total.check(fields, owner)).collect();
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
        let inner = object.map(|object| limits(operation, overlay, &object.name, &object.fields, "object"));
        let inner = inner.unwrap_or_default();
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

/// Code that lets a request be sent again if each item of the list has an idempotency key.
fn safe_if_keyed(operation: &Operation, list: &Field) -> Option<String> {
    let object = operation
        .nested
        .iter()
        .find(|object| Ty::List(Box::new(Ty::Struct(object.name.clone()))) == list.ty)?;
    let key = object.fields.iter().find(|field| field.is_idempotency_key() && !field.required)?;
    let (list, key) = (identifier(&list.wire), identifier(&key.wire));
    Some(format!(".safe_if(self.{list}.iter().all(|item| item.{key}.is_some()))"))
}

/// Code that checks an idempotency key, the range of a number or the length of a string.
fn ranged(field: &Field, owner: &str, is_nullable: bool) -> Option<String> {
    let (wire, place) = (&field.wire, format!("{owner}.{}", identifier(&field.wire)));
    if field.is_idempotency_key() {
        return Some(format!(".key({wire:?}, {place}.as_deref())"));
    }
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
