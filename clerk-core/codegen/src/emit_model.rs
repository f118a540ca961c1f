//! Writes `src/model`: one private file per family, re-exported from `model`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Result,
    ir::{Api, Enum, Field, Operation, Output, Struct, Ty},
    names::{identifier, variant},
    overlay::{Kind, Overlay},
    rust::{described, doc, imports, spell, uses},
};

/// The models and enums that the operations use, directly or through other models.
pub(crate) fn reachable(api: &Api, operations: &[&Operation]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Ty> = Vec::new();
    for operation in operations {
        if let Output::Page(ty) | Output::Value(ty) = &operation.output {
            open.push(ty);
        }
        open.extend(crate::emit_api::request_types(operation));
    }
    while let Some(ty) = open.pop() {
        let Some(name) = ty.named() else { continue };
        if !(api.structs.contains_key(name) || api.enums.contains_key(name)) || !found.insert(name.to_owned())
        {
            continue;
        }
        open.extend(
            api.structs.get(name).into_iter().flat_map(|object| &object.fields).map(|field| &field.ty),
        );
    }
    found
}

/// The files of `src/model`, by name.
pub(crate) fn files(
    api: &Api,
    overlay: &Overlay,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let mut root = String::from(
        "//! The models that Clerk's responses contain.\n//!\n\
         //! Deserialization is tolerant. Unknown fields are ignored, and unknown enum values are kept in `Other`. A\n\
         //! missing or `null` field is read as `None` if it is an `Option`, and as empty, zero or `false` otherwise.\n\
         //! IDs, and fields such as `banned` whose default could grant access, never fall back: if one is missing,\n\
         //! decoding fails. `Debug` shows only a model's type and ID, no personal data.\n//!\n\
         //! Serialization leaves out what a frontend must not see, such as `private_metadata`; to include it, serialize\n\
         //! [`WithPrivate`].\n//!\n\
         //! ```\n\
         //! let user: clerk_core::model::User = serde_json::from_str(\n\
         //!     r#\"{\"id\": \"user_1\", \"banned\": false, \"locked\": false, \"first_name\": \"Ada\", \"new\": 1}\"#,\n\
         //! ).unwrap();\n\
         //! assert_eq!(user.first_name.as_deref(), Some(\"Ada\"));\n\
         //! assert_eq!(format!(\"{user:?}\"), r#\"User { id: UserId(\"user_1\"), .. }\"#);\n\
         //! ```\n",
    );
    root.push_str(crate::check::GENERATED);
    root.push_str("\nmod ext;\npub(crate) mod memory;\nmod private;\n");
    let mut exports = String::new();
    for (family, described) in &overlay.families {
        let members: Vec<&String> = described.types.iter().filter(|name| names.contains(*name)).collect();
        if members.is_empty() {
            continue;
        }
        let mut text = String::new();
        let mut types: Vec<&Ty> = Vec::new();
        let (mut has_structs, mut has_enums, mut lenient) = (false, false, false);
        for name in &members {
            if let Some(object) = api.structs.get(*name) {
                has_structs = true;
                types.extend(object.fields.iter().map(|field| &field.ty));
                text.push_str(&structure(api, overlay, object));
            } else if let Some(names) = api.enums.get(*name) {
                has_enums = true;
                text.push_str(&enumeration(overlay, names));
            }
        }
        lenient |= text.contains("lenient::");
        let mut paths = imports(types.into_iter(), &|name| members.iter().any(|member| *member == name));
        if has_structs {
            paths.insert("serde::Deserialize".to_owned());
            paths.insert("serde::Serialize".to_owned());
            paths.insert("crate::opaque::opaque".to_owned());
            paths.insert("crate::model::memory::has_memory".to_owned());
            paths.insert("crate::model::private".to_owned());
        }
        if has_enums {
            paths.insert("crate::open_enum::open_enum".to_owned());
        }
        if lenient {
            paths.insert("crate::decode::lenient".to_owned());
        }
        let mut head =
            doc("//!", &format!("{}\n\n```\n{}\n```", described.doc.trim(), described.example.trim()));
        head.push_str(crate::check::GENERATED);
        files.insert(format!("model/{family}.rs"), format!("{head}\n{}\n{text}", uses(&paths)));
        root.push_str(&format!("mod {family};\n"));
        let list: Vec<&str> = members.iter().map(|name| name.as_str()).collect();
        exports.push_str(&format!("{family}::{{{}}}, ", list.join(", ")));
    }
    files.insert(
        "model/mod.rs".to_owned(),
        format!(
            "{root}\npub use self::{{{exports}ext::BlockReason, private::{{HasPrivate, WithPrivate}}}};\n"
        ),
    );
    Ok(files)
}

/// The code is indented here because rustfmt does not format the body of a macro call.
fn enumeration(overlay: &Overlay, names: &Enum) -> String {
    let name = &names.name;
    let mut out = String::from("open_enum! {\n");
    out.push_str(&described("    ///", overlay.sentences.get(name).map_or("", String::as_str)));
    out.push_str(&format!("    {name} {{\n"));
    for value in &names.values {
        let sentence = overlay.variants.get(&format!("{name}.{value}"));
        out.push_str(&doc("        ///", &sentence.cloned().unwrap_or_else(|| format!("`{value}`."))));
        out.push_str(&format!("        {} = {value:?},\n", variant(value)));
    }
    out.push_str("    }\n}\n\n");
    out
}

fn structure(api: &Api, overlay: &Overlay, object: &Struct) -> String {
    let name = &object.name;
    let mut out = described("///", overlay.sentences.get(name).map_or("", String::as_str));
    let default = if never_falls_back(api, overlay, object) { "" } else { "Default, " };
    out.push_str(&format!(
        "#[derive(Clone, {default}PartialEq, Serialize, Deserialize)]\n#[non_exhaustive]\npub struct {name} {{\n"
    ));
    for field in &object.fields {
        out.push_str(&sentences(overlay, name, field));
        let mut serde: Vec<String> = renamed(field).into_iter().collect();
        if let Some(reader) = reader(api, overlay, name, field) {
            serde.push(format!("default, deserialize_with = {reader:?}"));
        } else if field.ty == Ty::Int {
            // One that never falls back is a whole number too, however it is written.
            serde.push("deserialize_with = \"lenient::integer\"".to_owned());
        }
        if overlay.is_private(name, &field.wire) {
            serde.push("skip_serializing".to_owned());
        } else if let Some(writer) = overlay.types.writers.get(&format!("{name}.{}", field.wire)) {
            serde.push(format!("serialize_with = {writer:?}, {SKIP}"));
        } else if !field.required {
            serde.push(SKIP.to_owned());
        }
        out.push_str(&attribute(&serde));
        out.push_str(&format!("pub {}: {},\n", identifier(&field.wire), stored(field)));
    }
    let id = object.fields.iter().find(|field| field.wire == "id").map_or("", |_| ", id");
    out.push_str(&format!("}}\n\nopaque!({name}{id});\n\n"));
    out.push_str(&with_memory(object));
    out.push_str(&with_private(api, overlay, object));
    out
}

/// How an optional field is skipped.
const SKIP: &str = "skip_serializing_if = \"Option::is_none\"";

fn attribute(serde: &[String]) -> String {
    if serde.is_empty() { String::new() } else { format!("#[serde({})]\n", serde.join(", ")) }
}

/// The attribute of a field whose Rust name differs from its name in JSON.
fn renamed(field: &Field) -> Option<String> {
    let rust = identifier(&field.wire);
    (rust.trim_start_matches("r#") != field.wire).then(|| format!("rename = {:?}", field.wire))
}

/// The documentation of a field, and its deprecation.
fn sentences(overlay: &Overlay, owner: &str, field: &Field) -> String {
    let mut sentence = overlay.field(owner, &field.wire, Kind::Model).unwrap_or_default().to_owned();
    if overlay.is_strict(owner, field) {
        sentence.push_str(" Never falls back: if it is missing, decoding fails.");
    }
    if overlay.is_private(owner, &field.wire) {
        sentence.push_str(" Private: only [`WithPrivate`](crate::model::WithPrivate) serializes it.");
    }
    let mut out = doc("///", &sentence);
    if field.deprecated {
        let note = overlay.note(&format!("{owner}.{}", field.wire));
        out.push_str(&format!("#[deprecated(note = {note:?})]\n"));
    }
    out
}

/// The function that deserializes a field, if it is not the one of its type.
fn reader<'a>(api: &Api, overlay: &'a Overlay, owner: &str, field: &Field) -> Option<&'a str> {
    if let Some(own) = overlay.types.readers.get(&format!("{owner}.{}", field.wire)) {
        Some(own)
    } else if !field.required || field.nullable {
        match field.ty {
            Ty::Int => Some("lenient::optional_integer"),
            Ty::Id(_) => Some("lenient::optional_id"),
            Ty::Map(_) => Some("lenient::optional_map_without_nulls"),
            Ty::List(_) => Some("lenient::optional_list"),
            _ => None,
        }
    } else if is_strict(api, overlay, owner, field) {
        None
    } else if field.ty == Ty::Int {
        Some("lenient::integer_or_zero")
    } else if let Ty::List(item) = &field.ty {
        Some(if matches!(**item, Ty::Maybe(_)) { "lenient::list_without_nulls" } else { "lenient::list" })
    } else if matches!(field.ty, Ty::Map(_)) {
        Some("lenient::map_without_nulls")
    } else {
        Some("lenient::or_default")
    }
}

/// The type of a field in the model.
fn stored(field: &Field) -> String {
    let ty = match &field.ty {
        Ty::List(item) => match &**item {
            Ty::Maybe(item) => format!("Vec<{}>", spell(item)),
            _ => spell(&field.ty),
        },
        _ => spell(&field.ty),
    };
    if !field.required || field.nullable { format!("Option<{ty}>") } else { ty }
}

/// The implementation that counts the memory of a model.
fn with_memory(object: &Struct) -> String {
    let allocates = |ty: &Ty| !matches!(ty, Ty::Bool | Ty::Int | Ty::Count | Ty::Float | Ty::Time);
    let allocating = object.fields.iter().filter(|field| allocates(&field.ty));
    let fields: String = allocating.map(|field| format!(", {}", identifier(&field.wire))).collect();
    format!("has_memory!({}{fields});\n\n", object.name)
}

/// The implementation that serializes a model with its private fields, and with those of the models in it.
fn with_private(api: &Api, overlay: &Overlay, object: &Struct) -> String {
    let name = &object.name;
    if !has_private(api, overlay, object) {
        return format!("private::has_private!({name}, Serialize);\n\n");
    }
    let mut out = format!("/// All fields of [`{name}`].\n");
    out.push_str(&format!(
        "#[derive(Serialize)]\n#[serde(remote = {name:?})]\nstruct {name}WithPrivate {{\n"
    ));
    for field in &object.fields {
        let mut serde: Vec<String> = renamed(field).into_iter().collect();
        if !field.required {
            serde.push(SKIP.to_owned());
        }
        let inner = field.ty.named().and_then(|name| api.structs.get(name));
        if inner.is_some_and(|inner| has_private(api, overlay, inner)) {
            serde.push("serialize_with = \"private::serialize\"".to_owned());
        }
        out.push_str(&attribute(&serde));
        out.push_str(&format!("{}: {},\n", identifier(&field.wire), stored(field)));
    }
    out.push_str(&format!("}}\n\nprivate::has_private!({name}, {name}WithPrivate);\n\n"));
    out
}

/// Whether the model or a model in it has a private field.
fn has_private(api: &Api, overlay: &Overlay, object: &Struct) -> bool {
    object.fields.iter().any(|field| {
        let inner = field.ty.named().filter(|name| *name != object.name);
        overlay.is_private(&object.name, &field.wire)
            || inner
                .and_then(|name| api.structs.get(name))
                .is_some_and(|inner| has_private(api, overlay, inner))
    })
}

/// Whether decoding fails if the field is missing or null: IDs, fields whose default could grant access, and
/// objects that contain such a field.
pub(crate) fn is_strict(api: &Api, overlay: &Overlay, owner: &str, field: &Field) -> bool {
    match &field.ty {
        _ if !field.required || field.nullable => false,
        Ty::Id(_) => true,
        Ty::Struct(name) => {
            api.structs.get(name).is_some_and(|object| never_falls_back(api, overlay, object))
        }
        _ => overlay.is_strict(owner, field),
    }
}

fn never_falls_back(api: &Api, overlay: &Overlay, object: &Struct) -> bool {
    object.fields.iter().any(|field| is_strict(api, overlay, &object.name, field))
}
