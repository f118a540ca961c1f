//! Writes `src/api`: one module per section.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    emit_docs,
    emit_request::request,
    identity,
    ir::{Api, Body, Field, Operation, Output, Struct, Ty},
    names::{camel, identifier},
    overlay::{Kind, Overlay},
    rust::{argument, described, doc, imports, lead, spell, uses},
};

/// The types of all parameters and body fields of an operation, including nested ones.
pub(crate) fn request_types(operation: &Operation) -> impl Iterator<Item = &Ty> {
    let query = operation.query.iter().filter(|query| query.fixed.is_none()).map(|query| &query.field);
    let nested = operation.nested.iter().flat_map(|object| &object.fields);
    operation
        .parameters
        .iter()
        .chain(query)
        .chain(body_fields(operation))
        .chain(nested)
        .map(|field| &field.ty)
}

/// The fields of the request body.
pub(crate) fn body_fields(operation: &Operation) -> &[Field] {
    match &operation.body {
        Body::None => &[],
        Body::Object(fields) | Body::Multipart(fields) => fields,
        Body::List(field) => std::slice::from_ref(&**field),
    }
}

/// The files of `src/api`, by name.
pub(crate) fn files(
    api: &Api,
    operations: &[&Operation],
    overlay: &Overlay,
    pin: &str,
    examples: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut modules: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        modules.entry(&operation.module).or_default().push(operation);
    }
    let mut root = emit_docs::of_root(overlay);
    root.push_str(crate::check::GENERATED);
    root.push('\n');
    for module in modules.keys() {
        root.push_str(&format!("pub mod {module};\n"));
    }
    root.push_str("\nuse crate::operation::{Operation, OperationInfo};\n\n");
    root.push_str(pin);
    root.push_str(
        "\n/// All operations of this crate, including the few that Clerk's published document omits.\n///\n\
         /// [`OperationInfo::documented`] tells them apart.\n",
    );
    root.push_str("pub const OPERATIONS: &[&OperationInfo] = &[\n");
    for (module, operations) in &modules {
        for operation in operations {
            root.push_str(&format!("{module}::{}::INFO,\n", camel(&operation.function)));
        }
    }
    root.push_str("];\n");
    let mut files = BTreeMap::from([("api/mod.rs".to_owned(), root)]);
    for (name, operations) in modules {
        files.insert(format!("api/{name}.rs"), module(api, name, &operations, overlay, examples));
    }
    files
}

fn module(
    api: &Api,
    name: &str,
    operations: &[&Operation],
    overlay: &Overlay,
    examples: &BTreeMap<String, String>,
) -> String {
    let mut paths: BTreeSet<String> = [
        "bytes::Bytes",
        "http::Method",
        "http::Request",
        "http::Response",
        "crate::decode::self",
        "crate::decode::ResponseError",
        "crate::encode::BuildError",
        "crate::encode::RequestBuilder",
        "crate::opaque::opaque",
        "crate::operation::Operation",
        "crate::operation::OperationInfo",
    ]
    .map(str::to_owned)
    .into();
    let mut nested: Vec<&Struct> = Vec::new();
    for object in operations.iter().flat_map(|operation| &operation.nested) {
        if !nested.iter().any(|known| known.name == object.name) {
            nested.push(object);
        }
    }
    let local = |name: &str| nested.iter().any(|object| object.name == name);
    // What the documentation names needs no import.
    let (mut text, mut code) = (String::new(), String::new());
    for operation in operations {
        paths.extend(imports(request_types(operation), &local));
        if let Output::Page(ty) | Output::Value(ty) = &operation.output {
            paths.extend(imports(std::iter::once(ty), &local));
        }
        let docs =
            emit_docs::of_function(operation, overlay, examples.get(&operation.id).map(String::as_str));
        let rust = one(api, operation, overlay);
        code.push_str(&rust);
        text.push_str(&(docs + &rust));
    }
    for object in &nested {
        let rust = request_object(object, overlay);
        code.push_str(&rust);
        text.push_str(&rust);
    }
    for (word, path) in [
        ("Page<", "crate::Page"),
        ("impl Paged", "crate::page::Paged"),
        ("Window", "crate::page::Window"),
        ("memory::of", "crate::model::memory::self"),
        ("page::", "crate::page::self"),
        ("Nullable<", "crate::Nullable"),
        ("Retry::", "crate::operation::Retry"),
        ("credential::", "crate::credential::self"),
        ("Serialize)]", "serde::Serialize"),
    ] {
        if code.contains(word) {
            paths.insert(path.to_owned());
        }
    }
    let mut head = overlay.modules.get(name).map_or_else(String::new, |described| {
        let head = emit_docs::of_module(&described.doc, operations, overlay);
        head + &doc("//!", &format!("\n```\n{}\n```", described.example.trim()))
    });
    head.push_str(crate::check::GENERATED);
    format!("{head}\n{}\n{text}", uses(&paths))
}

/// The type of a field in the operation's struct.
fn kept(field: &Field, is_query: bool) -> String {
    let ty = spell(&field.ty);
    match (&field.ty, field.required) {
        (Ty::List(_), false) if is_query => ty,
        _ if field.nullable && !is_query => format!("Nullable<{ty}>"),
        (_, true) => ty,
        _ => format!("Option<{ty}>"),
    }
}

/// The arguments of the function and the setters of an operation, in order.
pub(crate) fn arguments(operation: &Operation) -> Vec<(&Field, Kind)> {
    let query = operation.query.iter().filter(|query| query.fixed.is_none()).map(|query| &query.field);
    (operation.parameters.iter().map(|field| (field, Kind::Body)))
        .chain(query.map(|field| (field, Kind::Query)))
        .chain(
            operation.idempotency_key.iter().chain(body_fields(operation)).map(|field| (field, Kind::Body)),
        )
        .collect()
}

fn one(api: &Api, operation: &Operation, overlay: &Overlay) -> String {
    let name = camel(&operation.function);
    let all = arguments(operation);
    let mut out = function(operation, &name, &all, overlay);

    let function = &operation.function;
    let (summary, _) = lead(overlay.summaries.get(&operation.id).map_or("", String::as_str));
    let (method, path) = (operation.method, &operation.path);
    out.push_str(&doc(
        "///",
        &format!("Request builder for [`{function}`]: `{method} {path}`, {}", lower_first(summary)),
    ));
    // What reads can be cached, and then the operation itself is the key.
    let derives = if method == "GET" { "Clone, PartialEq, Eq, Hash" } else { "Clone" };
    out.push_str(&format!("#[derive({derives})]\n"));
    out.push_str("#[must_use = \"an operation does nothing until it is sent\"]\n");
    let members: String = all
        .iter()
        .map(|(field, kind)| {
            format!("{}: {},\n", identifier(&field.wire), kept(field, matches!(kind, Kind::Query)))
        })
        .collect();
    out.push_str(&if members.is_empty() {
        format!("pub struct {name};\n\n")
    } else {
        format!("pub struct {name} {{\n{members}}}\n\n")
    });
    out.push_str(&format!("opaque!({name});\n\n"));

    let setters: String = all
        .iter()
        .filter(|(field, _)| !field.required)
        .map(|(field, kind)| setter(field, *kind, &operation.id, overlay))
        .collect();
    if !setters.is_empty() {
        out.push_str(&format!("impl {name} {{\n{}\n}}\n\n", setters.trim_end()));
    }
    out.push_str(&implementation(api, operation, &name, overlay));
    out.push_str(&paged(operation, &name));
    out
}

/// Whether the operation is a list with a limit and an offset.
pub(crate) fn is_paged(operation: &Operation) -> bool {
    let counts = |wire: &str| {
        operation.query.iter().any(|query| query.field.wire == wire && query.field.ty == Ty::Count)
    };
    matches!(operation.output, Output::Page(_)) && counts("limit") && counts("offset")
}

/// `Paged` for a list with a limit and an offset.
fn paged(operation: &Operation, name: &str) -> String {
    let Output::Page(item) = &operation.output else { return String::new() };
    if !is_paged(operation) {
        return String::new();
    }
    format!(
        "impl Paged for {name} {{\ntype Item = {};\n\n\
         fn window(&self) -> Window {{\nWindow {{ offset: self.offset, limit: self.limit }}\n}}\n\n\
         fn with_window(mut self, window: Window) -> Self {{\n\
         self.offset = window.offset;\nself.limit = window.limit;\nself\n}}\n\n\
         fn item_memory(item: &Self::Item) -> usize {{\nmemory::Memory::allocated(item)\n}}\n{}}}\n\n",
        spell(item),
        cursor(operation, &spell(item)),
    )
}

/// The cursor methods of `Paged`, for a list that can also start after an item.
fn cursor(operation: &Operation, item: &str) -> String {
    if !operation.query.iter().any(|query| query.field.wire == "starting_after") {
        return String::new();
    }
    format!(
        "\nfn cursor<'a>(&self, item: &'a {item}) -> Option<&'a str> {{\n\
         page::has_cursor(self.order_by.as_deref()).then(|| item.id.as_str())\n}}\n\n\
         fn with_cursor(mut self, cursor: &str) -> Self {{\n\
         self.starting_after = Some(cursor.into());\nself.offset = None;\nself\n}}\n"
    )
}

fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

fn function(operation: &Operation, name: &str, all: &[(&Field, Kind)], overlay: &Overlay) -> String {
    let mut out = String::new();
    if operation.deprecated {
        out.push_str(&format!("#[deprecated(note = {:?})]\n", overlay.note(&operation.id)));
    }
    let required: Vec<&Field> = all.iter().map(|(field, _)| *field).filter(|field| field.required).collect();
    let arguments: Vec<String> = required
        .iter()
        .map(|field| {
            let (ty, _) = taken(field, &identifier(&field.wire));
            format!("{}: {ty}", identifier(&field.wire))
        })
        .collect();
    out.push_str(&format!(
        "pub fn {}({}) -> {name} {{\n",
        identifier(&operation.function),
        arguments.join(", ")
    ));
    if all.is_empty() {
        out.push_str(&format!("{name}\n}}\n\n"));
        return out;
    }
    out.push_str(&format!("{name} {{\n{}}}\n}}\n\n", initial(all)));
    out
}

/// The type of a constructor's parameter, and the expression that converts it to the field's type.
fn taken(field: &Field, name: &str) -> (String, String) {
    if field.nullable {
        return (format!("impl Into<Nullable<{}>>", spell(&field.ty)), format!("{name}.into()"));
    }
    argument(&field.ty, name)
}

fn initial(all: &[(&Field, Kind)]) -> String {
    let mut out = String::new();
    for (field, kind) in all {
        let name = identifier(&field.wire);
        let value = if field.required {
            taken(field, &name).1
        } else if field.nullable && !matches!(kind, Kind::Query) {
            "Nullable::Absent".to_owned()
        } else if matches!(kind, Kind::Query) && matches!(field.ty, Ty::List(_)) {
            "Vec::new()".to_owned()
        } else {
            "None".to_owned()
        };
        out.push_str(&if value == name { format!("{name},\n") } else { format!("{name}: {value},\n") });
    }
    out
}

fn setter(field: &Field, kind: Kind, owner: &str, overlay: &Overlay) -> String {
    let name = identifier(&field.wire);
    let is_query = matches!(kind, Kind::Query);
    let mut out = doc("///", overlay.field(owner, &field.wire, kind).unwrap_or_default());
    if field.deprecated {
        out.push_str(&format!(
            "#[deprecated(note = {:?})]\n",
            overlay.note(&format!("{owner}.{}", field.wire))
        ));
    }
    let (ty, value) = if field.nullable && !is_query {
        (format!("impl Into<Nullable<{}>>", spell(&field.ty)), format!("{name}.into()"))
    } else {
        let (ty, value) = argument(&field.ty, &name);
        let many = is_query && matches!(field.ty, Ty::List(_));
        (ty, if many { value } else { format!("Some({value})") })
    };
    out.push_str(&format!(
        "pub fn {name}(mut self, {name}: {ty}) -> Self {{\nself.{name} = {value};\nself\n}}\n\n"
    ));
    out
}

fn implementation(api: &Api, operation: &Operation, name: &str, overlay: &Overlay) -> String {
    let id = &operation.id;
    let (output, decode) = match &operation.output {
        Output::Nothing => ("()".to_owned(), "empty"),
        Output::Text => ("String".to_owned(), "text"),
        Output::Page(ty) => (format!("Page<{}>", spell(ty)), "json"),
        Output::Value(ty) => (spell(ty), "json"),
    };
    let identities = identity::identities(api, overlay, operation).unwrap_or_default();
    let read = match identity::checks(api, operation, &identities) {
        checks if checks.is_empty() => format!("decode::{decode}(Self::INFO, response)"),
        checks => {
            format!("let found: {output} = decode::{decode}(Self::INFO, response)?;\n{checks}Ok(found)")
        }
    };
    let retry = overlay.retry.get(id).map(|chosen| format!(".retry(Retry::{})", chosen.is));
    let credential = match overlay.credential.get(id) {
        Some(chosen) => chosen.is.as_str(),
        None if operation.public => "NeedsNoKey",
        None => "NeedsSecretKey",
    };
    // Only responses to this method are cached.
    let memory = match &operation.output {
        Output::Page(_) | Output::Value(_) if operation.method == "GET" => {
            "\nfn memory(output: &Self::Output, _: usize) -> usize {\nmemory::of(output)\n}\n"
        }
        _ => "",
    };
    let undocumented = if operation.documented { "" } else { ".undocumented()" };
    let told = if credential == "NeedsSecretKey" { "" } else { ".credential::<Self::Credential>()" };
    format!(
        "impl Operation for {name} {{\ntype Output = {output};\ntype Credential = credential::{credential};\n\n\
         const INFO: &'static OperationInfo = &OperationInfo::new({id:?}, Method::{}, {:?}, {:?}){}{}{undocumented};\n\n\
         fn request(&self) -> Result<Request<Bytes>, BuildError> {{\n{}\n}}\n\n\
         fn decode(&self, response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {{\n{read}\n}}\n{memory}}}\n\n",
        operation.method,
        operation.path,
        operation.tag,
        retry.unwrap_or_default(),
        told,
        request(operation, overlay),
    )
}

/// An object in a request body: a constructor that takes the required fields, and setters for the rest.
fn request_object(object: &Struct, overlay: &Overlay) -> String {
    let name = &object.name;
    let mut out = described("///", overlay.sentences.get(name).map_or("", String::as_str));
    let all: Vec<(&Field, Kind)> = object.fields.iter().map(|field| (field, Kind::Body)).collect();
    let required: Vec<&Field> = object.fields.iter().filter(|field| field.required).collect();
    let default = if required.is_empty() { "Default, " } else { "" };
    out.push_str(&format!("#[derive(Clone, {default}Serialize)]\n#[must_use]\npub struct {name} {{\n"));
    for field in &object.fields {
        let rust = identifier(&field.wire);
        let mut serde = Vec::new();
        if rust.trim_start_matches("r#") != field.wire {
            serde.push(format!("rename = {:?}", field.wire));
        }
        if !field.required {
            let absent = if field.nullable { "Nullable::is_absent" } else { "Option::is_none" };
            serde.push(format!("skip_serializing_if = {absent:?}"));
        }
        if !serde.is_empty() {
            out.push_str(&format!("#[serde({})]\n", serde.join(", ")));
        }
        out.push_str(&format!("{rust}: {},\n", kept(field, false)));
    }
    out.push_str(&format!("}}\n\nopaque!({name});\n\n"));
    let arguments: Vec<String> = required
        .iter()
        .map(|field| format!("{}: {}", identifier(&field.wire), taken(field, &identifier(&field.wire)).0))
        .collect();
    let (said, value) = if required.is_empty() {
        ("Creates an object without any field set.", "Self::default()".to_owned())
    } else {
        ("Creates an object with the required fields.", format!("Self {{\n{}}}", initial(&all)))
    };
    let arguments = arguments.join(", ");
    out.push_str(&format!("impl {name} {{\n/// {said}\npub fn new({arguments}) -> Self {{\n{value}\n}}\n\n"));
    for field in object.fields.iter().filter(|field| !field.required) {
        out.push_str(&setter(field, Kind::Body, name, overlay));
    }
    out.push_str("}\n\n");
    out
}
