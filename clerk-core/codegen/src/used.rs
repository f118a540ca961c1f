//! Fields of models that code written by hand uses, as the overlay lists them.
//!
//! A document that lacks one of them would otherwise leave an error of the compiler.

use crate::{
    facts::word,
    ir::{Api, Field, Ty, Valid},
    overlay::Overlay,
};

/// A field that is not in the document as the code uses it.
struct Lost<'a> {
    model: &'a str,
    wire: &'a str,
    /// The type that the code uses.
    used: &'a str,
    problem: String,
}

fn lost<'a>(api: &Api, overlay: &'a Overlay) -> Vec<Lost<'a>> {
    let mut out = Vec::new();
    for (file, fields) in &overlay.used {
        for (place, used) in fields {
            let (model, wire) = place.split_once('.').unwrap_or((place, ""));
            let object = api.structs.get(model);
            let found = object.and_then(|object| object.fields.iter().find(|field| field.wire == wire));
            let problem = match (object, found.map(spelled)) {
                (_, Some(is)) if is == *used => continue,
                (_, Some(is)) => format!("`{place}` is `{is}`, but {file} uses it as `{used}`"),
                (Some(_), None) => format!("`{place}` is not in the document, but {file} uses it"),
                (None, None) => format!("`{model}` is not a model, but {file} uses it"),
            };
            out.push(Lost { model, wire, used, problem });
        }
    }
    out
}

/// The type as the overlay spells it.
fn spelled(field: &Field) -> String {
    word(&field.ty) + if field.required && !field.nullable { "" } else { "?" }
}

/// The type that a word of the overlay means.
fn ty(api: &Api, word: &str) -> Option<Ty> {
    if let Some(item) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
        return Some(Ty::List(Box::new(ty(api, item)?)));
    }
    Some(match word {
        "string" => Ty::Text,
        "bool" => Ty::Bool,
        "int" => Ty::Int,
        "float" => Ty::Float,
        "time" => Ty::Time,
        "object" => Ty::Metadata,
        "anything" => Ty::AnyJson,
        name if api.structs.contains_key(name) => Ty::Struct(name.to_owned()),
        name if api.enums.contains_key(name) => Ty::Enum(name.to_owned()),
        name if name.ends_with("Id") => Ty::Id(name.to_owned()),
        _ => return None,
    })
}

/// One line for each field that is not in the document as the code uses it.
pub(crate) fn problems(api: &Api, overlay: &Overlay) -> Vec<String> {
    lost(api, overlay).into_iter().map(|lost| lost.problem).collect()
}

/// Generates these fields as they are used. Returns the lines.
pub(crate) fn keep(api: &mut Api, overlay: &Overlay) -> Vec<String> {
    let mut out = Vec::new();
    for Lost { model, wire, used, problem } in lost(api, overlay) {
        let (word, is_optional) = used.strip_suffix('?').map_or((used, false), |word| (word, true));
        if let (Some(ty), Some(object)) = (ty(api, word), api.structs.get_mut(model)) {
            let field = Field {
                wire: wire.to_owned(),
                ty,
                required: !is_optional,
                nullable: false,
                deprecated: false,
                items: None,
                valid: Valid { beyond: true, ..Valid::default() },
            };
            match object.fields.iter_mut().find(|known| known.wire == wire) {
                Some(known) => *known = field,
                None => object.fields.push(field),
            }
        }
        if !out.contains(&problem) {
            out.push(problem);
        }
    }
    out
}
