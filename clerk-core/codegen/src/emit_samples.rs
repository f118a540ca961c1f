//! Writes the samples for the tests: each operation with its required fields only, and with all fields.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    emit_api::{body_fields, request_types},
    ir::{Api, Field, Operation, Struct, Ty, Valid},
    names::{identifier, snake, variant},
    rust::{imports, uses},
    sample_text,
};

/// The path of the samples, relative to clerk-core's sources.
pub(crate) const FILE: &str = "../../tests/src/samples.rs";

/// Which fields of an operation are set.
#[derive(Clone, Copy, PartialEq)]
enum Size {
    Minimal,
    Maximal,
    /// All fields, including those that the overlay adds to the document.
    Undocumented,
}

/// The content of the file.
pub(crate) fn file(operations: &[&Operation], api: &Api) -> String {
    let mut modules: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        modules.entry(&operation.module).or_default().push(operation);
    }
    let mut text = String::from(
        "/// Visits every operation of the Backend API twice: with its required fields only, and with every setter called.\n\
         /// Operations with setters that the document does not know are visited a third time.\npub fn all(visitor: &mut impl OperationVisitor) {\n",
    );
    for module in modules.keys() {
        text.push_str(&format!("{module}(visitor);\n"));
    }
    text.push_str("}\n");
    for (module, operations) in &modules {
        text.push_str(&format!("\nfn {module}(visitor: &mut impl OperationVisitor) {{\n"));
        for operation in operations {
            let writer = Writer { api, operation, asked: BTreeMap::new() };
            for (name, size) in
                [("Minimal", Size::Minimal), ("Maximal", Size::Maximal), ("Undocumented", Size::Undocumented)]
            {
                let sample = writer.operation(size);
                if size != Size::Undocumented || sample != writer.operation(Size::Maximal) {
                    text.push_str(&format!("visitor.visit(Sample::{name}, {sample});\n"));
                }
            }
        }
        text.push_str("}\n");
    }
    let head =
        "//! A minimal and a maximal sample of every operation, with values that the document accepts.\n";
    let allow = "#![allow(deprecated, reason = \"the samples cover deprecated operations too\")]\n";
    let named = uses(&needed(operations, &text)).replace("use crate::", "use clerk_core::");
    let generated = crate::check::GENERATED;
    format!(
        "{head}{generated}\n{allow}\n{named}use crate::operation_visitor::{{OperationVisitor, Sample}};\n\n{text}"
    )
}

/// Whether the code calls an associated function of the type.
fn names(text: &str, path: &str) -> bool {
    let name = path.rsplit("::").next().unwrap_or(path);
    let mut words = text.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | ':')));
    words.any(|word| word.strip_prefix(name).is_some_and(|rest| rest.starts_with("::")))
}

struct Writer<'a> {
    api: &'a Api,
    operation: &'a Operation,
    /// Values of path parameters, by name.
    asked: BTreeMap<String, &'static str>,
}

/// The expression of an operation that asks for what its sample response contains.
pub(crate) fn asking(api: &Api, operation: &Operation, asked: BTreeMap<String, &'static str>) -> String {
    Writer { api, operation, asked }.operation(Size::Minimal)
}

/// The expression of a value for a field of the operation.
pub(crate) fn argument(api: &Api, operation: &Operation, field: &Field) -> String {
    Writer { api, operation, asked: BTreeMap::new() }.argument(field, Size::Minimal)
}

/// The `use` items for expressions of these operations.
pub(crate) fn needed(operations: &[&Operation], text: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for operation in operations {
        let local = |name: &str| operation.nested.iter().any(|object| object.name == name);
        paths.extend(imports(request_types(operation), &local));
    }
    paths.retain(|path| names(text, path));
    paths.extend(operations.iter().map(|operation| format!("crate::api::{}", operation.module)));
    if text.contains("json!(") {
        paths.insert("serde_json::json".to_owned());
    }
    paths
}

impl Writer<'_> {
    fn operation(&self, size: Size) -> String {
        let operation = self.operation;
        let query = operation.query.iter().filter(|query| query.fixed.is_none()).map(|query| &query.field);
        let all: Vec<&Field> = operation
            .parameters
            .iter()
            .chain(query)
            .chain(&operation.idempotency_key)
            .chain(body_fields(operation))
            .collect();
        let start = format!("{}::{}", operation.module, identifier(&operation.function));
        self.built(&start, &all, size)
    }

    fn object(&self, object: &Struct, size: Size) -> String {
        let start = format!("{}::{}::new", self.operation.module, object.name);
        self.built(&start, &object.fields.iter().collect::<Vec<_>>(), size)
    }

    /// A constructor call with the required fields, followed by setter calls.
    fn built(&self, start: &str, fields: &[&Field], size: Size) -> String {
        let (required, optional): (Vec<&Field>, Vec<&Field>) =
            fields.iter().partition(|field| field.required);
        let arguments: Vec<String> = required.iter().map(|field| self.argument(field, size)).collect();
        let mut out = format!("{start}({})", arguments.join(", "));
        for field in optional {
            let is_set = match size {
                Size::Minimal => field.valid.needed,
                Size::Maximal => !field.valid.beyond,
                Size::Undocumented => true,
            };
            if is_set {
                out.push_str(&format!(".{}({})", identifier(&field.wire), self.argument(field, size)));
            }
        }
        out
    }

    /// The argument for a field. In a maximal sample, lists have two items if that is allowed.
    fn argument(&self, field: &Field, size: Size) -> String {
        if let Some(asked) = self.asked.get(&field.wire) {
            return format!("{asked:?}");
        }
        let Ty::List(item) = &field.ty else { return self.value(field, &field.ty, 0, size, false) };
        let values = &field.valid.values;
        let most = match field.items {
            Some((_, max)) => max,
            None if values.is_empty() => 2,
            None => values.len(),
        };
        let is_single = size == Size::Minimal || (size == Size::Maximal && field.valid.single);
        let wanted = if is_single { 1 } else { 2 };
        let count = wanted.min(most).max(field.valid.min_items);
        let items: Vec<String> = (0..count).map(|at| self.value(field, item, at, size, false)).collect();
        format!("[{}]", items.join(", "))
    }

    /// A value, the `at`th of several. `owned` is for places that do not convert their argument.
    fn value(&self, field: &Field, ty: &Ty, at: usize, size: Size, owned: bool) -> String {
        let valid = &field.valid;
        match ty {
            Ty::Text if owned => format!("{:?}.to_owned()", sample_text::text(&field.wire, valid, at)),
            Ty::Text => format!("{:?}", sample_text::text(&field.wire, valid, at)),
            Ty::Id(name) => {
                let kind = snake(name.strip_suffix("Id").filter(|kind| !kind.is_empty()).unwrap_or(name));
                let id = match &valid.pattern {
                    Some(_) => sample_text::text(&field.wire, valid, at),
                    None => format!("{kind}_{}", at + 1),
                };
                if owned { format!("{name}::from({id:?})") } else { format!("{id:?}") }
            }
            Ty::Enum(name) => self.member(name, valid, at),
            Ty::Bool => "true".to_owned(),
            Ty::Int => format!("{}_i64", number(valid)),
            Ty::Count => number(valid),
            Ty::Float => format!("{}.5", number(valid)),
            Ty::Time => "Timestamp::from_millis(1_700_000_000_000)".to_owned(),
            Ty::Metadata if valid.members.is_empty() => "Metadata::new().with(\"plan\", \"gold\")".to_owned(),
            Ty::Metadata => {
                let with = |name: &String| format!(".with({name:?}, \"the {name}\")");
                format!("Metadata::new(){}", valid.members.iter().map(with).collect::<String>())
            }
            Ty::Json | Ty::AnyJson => "json!({\"plan\": \"gold\"})".to_owned(),
            Ty::File => {
                "File::new(\"a picture\").name(\"picture.png\").content_type(\"image/png\")".to_owned()
            }
            Ty::List(item) => format!("vec![{}]", self.value(field, item, at, size, true)),
            Ty::Map(inner) => {
                let inner = self.value(field, inner, at, size, true);
                format!("BTreeMap::from([(\"key\".to_owned(), {inner})])")
            }
            Ty::Maybe(inner) => format!("Some({})", self.value(field, inner, at, size, true)),
            Ty::Struct(name) => match self.operation.nested.iter().find(|object| object.name == *name) {
                Some(object) => self.object(object, size),
                None => format!("{name}::default()"),
            },
        }
    }

    /// One of the enum values that the document lists for the field.
    fn member(&self, name: &str, valid: &Valid, at: usize) -> String {
        let known = self.api.enums.get(name).map_or(&[][..], |known| known.values.as_slice());
        let members = if valid.values.is_empty() { known } else { &valid.values };
        let member = members.get(at % members.len().max(1)).map_or("", String::as_str);
        format!("{name}::{}", variant(member))
    }
}

/// A number in the allowed range: 1 if possible, since 0 often means unlimited.
fn number(valid: &Valid) -> String {
    let wanted = valid.min.map_or(1.0, |min| min.max(1.0));
    valid.max.map_or(wanted, |max| wanted.min(max)).to_string()
}
