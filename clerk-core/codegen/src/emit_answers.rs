//! Writes what the drift test reads: an answer for every operation, and a way to read it by the
//! operation's id.
//!
//! The answers come from the document alone: every field is there, also those that Clerk may leave out, and
//! every enum has its first value. Beside each answer stand the paths of the fields that never fall back, and
//! the names of the models and enums it is made of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    Result,
    emit_model::is_strict,
    ir::{Api, Operation, Output, Ty},
    names::camel,
    overlay::Overlay,
    rust::spell,
};

/// Beside `clerk-core/src`, to which the names of generated files are relative.
const ANSWERS: &str = "../../tests/samples/answers.json";
const READER: &str = "../../tests/src/answers.rs";

/// The files of the tests, by name.
pub(crate) fn files(
    api: &Api,
    overlay: &Overlay,
    operations: &[&Operation],
) -> Result<BTreeMap<String, String>> {
    Ok(BTreeMap::from([
        (ANSWERS.to_owned(), answers(api, overlay, operations)?),
        (READER.to_owned(), reader(operations)),
    ]))
}

/// One line for each type of answer, with the operations that give it.
fn answers(api: &Api, overlay: &Overlay, operations: &[&Operation]) -> Result<String> {
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
        let mut sample =
            Sample { api, overlay, open: Vec::new(), strict: Vec::new(), made_of: BTreeSet::new() };
        let answer = match operations.first().map(|operation| &operation.output) {
            Some(Output::Page(ty)) => {
                json!({"data": [sample.value(ty, "data[0]")?], "total_count": 1})
            }
            Some(Output::Value(ty)) => sample.value(ty, "")?,
            _ => continue,
        };
        let ids: Vec<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
        let line = json!({
            "type": name, "operations": ids, "made_of": sample.made_of, "strict": sample.strict, "answer": answer,
        });
        lines.push(line.to_string());
    }
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// An answer in the making.
struct Sample<'a> {
    api: &'a Api,
    overlay: &'a Overlay,
    /// The models around the value at hand.
    open: Vec<&'a str>,
    /// The fields that never fall back.
    strict: Vec<String>,
    /// The models and enums in it.
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
            Ty::Metadata | Ty::Json => json!({"any_key": "any value"}),
            Ty::File => return Err(format!("`{path}` is a file in an answer").into()),
            Ty::List(item) => json!([self.value(item, &format!("{path}[0]"))?]),
            Ty::Map(value) => json!({"any_key": self.value(value, &join(path, "any_key"))?}),
            Ty::Maybe(inner) => self.value(inner, path)?,
            Ty::Enum(name) => {
                self.made_of.insert(name);
                let values = self.api.enums.get(name).map(|known| &known.values);
                json!(values.and_then(|values| values.first()).ok_or_else(|| format!("`{name}` is no enum"))?)
            }
            Ty::Struct(name) => self.object(name, path)?,
        })
    }

    fn object(&mut self, name: &'a str, path: &str) -> Result<Value> {
        let object = self.api.structs.get(name).ok_or_else(|| format!("`{name}` is no model"))?;
        self.open.push(name);
        self.made_of.insert(name);
        let mut members = Map::new();
        for field in &object.fields {
            // A model inside itself ends here.
            if field.ty.named().is_some_and(|inner| self.open.contains(&inner)) {
                continue;
            }
            let path = join(path, &field.wire);
            if is_strict(self.api, self.overlay, name, field) {
                self.strict.push(path.clone());
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

fn reader(operations: &[&Operation]) -> String {
    let mut modules: Vec<&str> = operations.iter().map(|operation| operation.module.as_str()).collect();
    modules.sort_unstable();
    modules.dedup();
    let mut out = String::from(
        "//! Reads an answer of any operation, by the operation's id.\n//!\n\
         //! ```\n\
         //! let read = clerk_tests::answers::decode(\"DeleteUser\", r#\"{\"id\": \"user_1\", \"deleted\": true}\"#.into());\n\
         //! assert!(read.is_ok());\n\
         //! ```\n",
    );
    out.push_str(crate::check::GENERATED);
    out.push_str(&format!(
        "\nuse bytes::Bytes;\nuse clerk_core::{{Operation, api::{{{}}}, decode::ResponseError}};\n\
         use http::Response;\nuse serde::Serialize;\n\n",
        modules.join(", ")
    ));
    out.push_str(
        "/// Reads the answer of an operation, whatever its type.\n\
         pub trait Read {\n\
         /// What there is to say about it.\n\
         type Found;\n\n\
         /// Reads one.\n\
         fn read<O: Operation<Output: Serialize + PartialEq>>(&self) -> Self::Found;\n}\n\n\
         /// Reads `body` as the answer of the operation with this id. There has to be one.\n\
         pub fn decode(id: &str, body: Bytes) -> Result<(), ResponseError> {\nread(id, &Decode(body))\n}\n\n\
         struct Decode(Bytes);\n\n\
         impl Read for Decode {\n\
         type Found = Result<(), ResponseError>;\n\n\
         fn read<O: Operation>(&self) -> Self::Found {\n\
         O::decode(&Response::new(self.0.clone())).map(drop)\n}\n}\n\n\
         /// Has `reader` read the answer of the operation with this id. There has to be one.\n\
         pub fn read<R: Read>(id: &str, reader: &R) -> R::Found {\nmatch id {\n",
    );
    for operation in operations {
        let (id, module, name) = (&operation.id, &operation.module, camel(&operation.function));
        out.push_str(&format!("{id:?} => reader.read::<{module}::{name}>(),\n"));
    }
    out.push_str("other => panic!(\"no operation has the id {other}\"),\n}\n}\n");
    out
}
