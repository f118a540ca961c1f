//! Writes the input of the drift test: a sample response for each operation, and a function that decodes a
//! response by the operation's ID.
//!
//! The responses follow from the document alone. They contain every field, even optional ones, and each enum has
//! its first value. Each response comes with the paths of the fields that never fall back and of those that are
//! private, and with the names of the models and enums in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    Result,
    emit_model::is_strict,
    emit_samples,
    identity::{asked, identities},
    ir::{Api, Operation, Output, Ty},
    overlay::Overlay,
    rust::{spell, uses},
};

/// Relative to `clerk-core/src`, like the names of all generated files.
const RESPONSES: &str = "../../tests/samples/responses.json";
const DECODER: &str = "../../tests/src/responses.rs";

/// Returns the contents of the files, by name.
pub(crate) fn files(
    api: &Api,
    overlay: &Overlay,
    operations: &[&Operation],
) -> Result<BTreeMap<String, String>> {
    Ok(BTreeMap::from([
        (RESPONSES.to_owned(), responses(api, overlay, operations)?),
        (DECODER.to_owned(), decoder(api, overlay, operations)),
    ]))
}

/// Returns one line of JSON for each response type, with the operations that return it.
fn responses(api: &Api, overlay: &Overlay, operations: &[&Operation]) -> Result<String> {
    let mut groups: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        let name = match &operation.output {
            Output::Nothing | Output::Text => continue,
            Output::Page(ty) => format!("Page<{}>", spell(ty)),
            Output::Value(ty) => spell(ty),
        };
        groups.entry(name).or_default().push(operation);
    }
    let mut lines = Vec::new();
    for (name, operations) in &groups {
        let mut sample = Sample {
            api,
            overlay,
            open: Vec::new(),
            strict: Vec::new(),
            private: Vec::new(),
            made_of: BTreeSet::new(),
        };
        let response = match operations.first().map(|operation| &operation.output) {
            Some(Output::Page(ty)) => {
                json!({"data": [sample.value(ty, "data[0]")?], "total_count": 1})
            }
            Some(Output::Value(ty)) => sample.value(ty, "")?,
            _ => continue,
        };
        let ids: Vec<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
        let identity: BTreeMap<&str, Vec<String>> = operations
            .iter()
            .map(|operation| {
                let found = identities(api, overlay, operation).unwrap_or_default();
                (
                    operation.id.as_str(),
                    found.into_iter().filter_map(|it| it.fields.into_iter().next()).collect(),
                )
            })
            .filter(|(_, fields): &(_, Vec<String>)| !fields.is_empty())
            .collect();
        let line = json!({
            "type": name, "operations": ids, "made_of": sample.made_of, "strict": sample.strict,
            "private": sample.private, "identity": identity, "response": response,
        });
        lines.push(line.to_string());
    }
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// Builds one response.
struct Sample<'a> {
    api: &'a Api,
    overlay: &'a Overlay,
    /// The models that enclose the current value, to stop at recursive models.
    open: Vec<&'a str>,
    /// The fields that never fall back.
    strict: Vec<String>,
    /// The fields that are left out when the response is serialized.
    private: Vec<String>,
    /// The models and enums in the response.
    made_of: BTreeSet<&'a str>,
}

impl<'a> Sample<'a> {
    fn value(&mut self, ty: &'a Ty, path: &str) -> Result<Value> {
        Ok(match ty {
            Ty::Text => json!("text"),
            Ty::Bool => json!(true),
            Ty::Int | Ty::Count => json!(1),
            Ty::Float => json!(1.5),
            Ty::Time => json!(1_700_000_000_000_i64),
            Ty::Id(_) => json!("id_1"),
            Ty::Metadata | Ty::Json | Ty::AnyJson => json!({"any_key": "any value"}),
            Ty::File => return Err(format!("`{path}` is a file, which a response cannot contain").into()),
            Ty::List(item) => json!([self.value(item, &format!("{path}[0]"))?]),
            Ty::Map(value) => json!({"any_key": self.value(value, &join(path, "any_key"))?}),
            Ty::Maybe(inner) => self.value(inner, path)?,
            Ty::Enum(name) => {
                self.made_of.insert(name);
                let values = self.api.enums.get(name).map(|known| &known.values);
                json!(
                    values
                        .and_then(|values| values.first())
                        .ok_or_else(|| format!("`{name}` is not an enum, or has no values"))?
                )
            }
            Ty::Struct(name) => self.object(name, path)?,
        })
    }

    fn object(&mut self, name: &'a str, path: &str) -> Result<Value> {
        let object = self.api.structs.get(name).ok_or_else(|| format!("`{name}` is not a model"))?;
        self.open.push(name);
        self.made_of.insert(name);
        let mut members = Map::new();
        for field in &object.fields {
            // Stops the recursion of a model that contains itself.
            if field.ty.named().is_some_and(|inner| self.open.contains(&inner)) {
                continue;
            }
            let path = join(path, &field.wire);
            if is_strict(self.api, self.overlay, name, field) {
                self.strict.push(path.clone());
            }
            if self.overlay.is_private(name, &field.wire) {
                self.private.push(path.clone());
            }
            members.insert(field.wire.clone(), self.value(&field.ty, &path)?);
        }
        self.open.pop();
        Ok(Value::Object(members))
    }
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn decoder(api: &Api, overlay: &Overlay, operations: &[&Operation]) -> String {
    let mut arms = String::new();
    for operation in operations {
        let identities = identities(api, overlay, operation).unwrap_or_default();
        let value = emit_samples::asking(api, operation, asked(api, operation, &identities));
        arms.push_str(&format!("{:?} => reader.read(&{value}),\n", operation.id));
    }
    let mut paths = emit_samples::needed(operations, &arms);
    paths.extend(
        [
            "bytes::Bytes",
            "http::Response",
            "serde::Serialize",
            "serde::de::DeserializeOwned",
            "crate::Operation",
            "crate::decode::ResponseError",
            "crate::model::HasPrivate",
        ]
        .map(str::to_owned),
    );
    let mut out = String::from(
        "//! Decodes the response of any operation, given by its ID.\n//!\n\
         //! ```\n\
         //! let decoded = clerk_tests::responses::decode(\"DeleteUser\", r#\"{\"id\": \"id_1\", \"deleted\": true}\"#.into());\n\
         //! assert!(decoded.is_ok());\n\
         //! ```\n",
    );
    out.push_str(crate::check::GENERATED);
    out.push_str("\n#![allow(deprecated, reason = \"deprecated operations have responses too\")]\n\n");
    out.push_str(&uses(&paths).replace("use crate::", "use clerk_core::"));
    out.push_str(
        "/// A generic function over operations, for [`read`].\n\
         pub trait Read {\n\
         /// The result.\n\
         type Found;\n\n\
         /// Called with an operation that asks for what its sample response contains.\n\
         fn read<O>(&self, operation: &O) -> Self::Found\nwhere\n\
         O: Operation<Output: HasPrivate + Serialize + DeserializeOwned + PartialEq>;\n}\n\n\
         /// Decodes `body` as the response of the operation with this ID.\n///\n\
         /// # Panics\n/// If no operation has the ID.\n\
         pub fn decode(id: &str, body: Bytes) -> Result<(), ResponseError> {\nread(id, &Decode(body))\n}\n\n\
         struct Decode(Bytes);\n\n\
         impl Read for Decode {\n\
         type Found = Result<(), ResponseError>;\n\n\
         fn read<O: Operation>(&self, operation: &O) -> Self::Found {\n\
         operation.decode(&Response::new(self.0.clone())).map(drop)\n}\n}\n\n\
         /// Calls `reader` with the operation with this ID.\n///\n\
         /// # Panics\n/// If no operation has the ID.\n\
         pub fn read<R: Read>(id: &str, reader: &R) -> R::Found {\nmatch id {\n",
    );
    out.push_str(&arms);
    out.push_str("other => panic!(\"no operation has the ID {other}\"),\n}\n}\n");
    out
}
