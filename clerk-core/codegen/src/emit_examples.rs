//! Writes the example of each operation: one call, as a service sends it.
//!
//! The examples stand in the documentation, where rustdoc does not compile them: one program for each would take minutes. So
//! they are also written into a file of the tests, with one function for each module.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    emit_api::arguments,
    emit_samples,
    ir::{Api, Field, Operation, Output, Ty},
    names::{identifier, plural, snake},
    overlay::Overlay,
    rust::uses,
};

/// The path of the file, relative to clerk-core's sources.
pub(crate) const FILE: &str = "../../tests/src/examples.rs";

/// What the examples take as given, with the types.
const GIVEN: [(&str, &str); 13] = [
    ("clerk", "Clerk"),
    ("machine_clerk", "MachineClerk"),
    ("user_id", "UserId"),
    ("organization_id", "OrganizationId"),
    ("session_id", "SessionId"),
    ("client_id", "ClientId"),
    ("token", "&'static str"),
    ("expired_token", "&'static str"),
    ("refresh_token", "&'static str"),
    ("secret", "&'static str"),
    ("password", "&'static str"),
    ("nonce", "&'static str"),
    ("png", "&'static [u8]"),
];

/// The content of the file, before it is formatted.
pub(crate) fn file(api: &Api, operations: &[&Operation], overlay: &Overlay) -> String {
    let mut modules: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        modules.entry(&operation.module).or_default().push(operation);
    }
    let mut text = format!(
        "//! The examples in the documentation of clerk-core's operations. They are compiled, and never run.\n{}\n\
         #![allow(deprecated, reason = \"deprecated operations have examples too\")]\n\
         #![allow(unused_variables, reason = \"an example ends with what the call returns\")]\n\n\
         use clerk_axum::{{Clerk, MachineClerk, id::{{ClientId, OrganizationId, SessionId, UserId}}, tower::Error}};\n\n\
         /// What the examples take as given.\n#[allow(missing_docs, reason = \"the names say it\")]\n#[derive(Debug)]\n\
         pub struct Given {{\n",
        crate::check::GENERATED
    );
    text.extend(GIVEN.map(|(name, ty)| format!("pub {name}: {ty},\n")));
    text.push_str("}\n");
    for (module, operations) in &modules {
        let examples: String = operations
            .iter()
            .map(|operation| block(&operation.id, &example(api, operation, overlay)))
            .collect();
        let used: BTreeSet<&str> = words(&examples).collect();
        let given: Vec<&str> =
            GIVEN.iter().map(|(name, _)| *name).filter(|name| used.contains(name)).collect();
        text.push_str(&format!(
            "\n/// The examples of `{module}`.\n///\n/// # Errors\n/// If a call fails.\n\
             pub async fn {module}(given: Given) -> Result<(), Error> {{\n\
             let Given {{ {}, .. }} = given;\n{examples}Ok(())\n}}\n",
            given.join(", ")
        ));
    }
    text
}

/// The mark before an example.
const MARK: &str = "// Example of ";

fn block(id: &str, example: &str) -> String {
    format!("{{\n{MARK}{id}\n{example}\n}}\n")
}

/// The examples in the formatted file, by operation.
pub(crate) fn read(file: &str) -> BTreeMap<String, String> {
    const INDENT: &str = "        ";
    let mut found = BTreeMap::new();
    for part in file.split(&format!("{INDENT}{MARK}")).skip(1) {
        let Some((id, rest)) = part.split_once('\n') else { continue };
        let lines = rest.lines().take_while(|line| *line != "    }");
        let lines: Vec<&str> = lines.map(|line| line.strip_prefix(INDENT).unwrap_or(line)).collect();
        found.insert(id.to_owned(), lines.join("\n"));
    }
    found
}

fn example(api: &Api, operation: &Operation, overlay: &Overlay) -> String {
    let examples = &overlay.examples;
    let value = |field: &Field| {
        let own = examples.values.get(&format!("{}.{}", operation.id, field.wire));
        let value = own.or_else(|| examples.values.get(&field.wire)).cloned();
        value.unwrap_or_else(|| emit_samples::argument(api, operation, field))
    };
    let (required, optional): (Vec<&Field>, Vec<&Field>) =
        arguments(operation).into_iter().map(|(field, _)| field).partition(|field| field.required);
    let values: Vec<String> = required.into_iter().map(value).collect();
    let setters = match examples.setters.get(&operation.id) {
        Some(setters) => setters.clone(),
        None => optional
            .into_iter()
            .filter(|field| field.valid.needed)
            .map(|field| format!(".{}({})", identifier(&field.wire), value(field)))
            .collect(),
    };
    let call =
        format!("{}::{}({}){setters}", operation.module, identifier(&operation.function), values.join(", "));
    let client = match overlay.credential.get(&operation.id) {
        Some(chosen) if chosen.is == "NeedsMachineSecretKey" => "machine_clerk",
        _ => "clerk",
    };
    let variable = variable(operation, overlay).map_or_else(String::new, |name| format!("let {name} = "));
    let imports = uses(&imports(api, &call)).replace("use crate::", "use clerk_axum::");
    format!("{imports}{variable}{client}.send({call}).await?;")
}

/// The setters that the example in the overlay calls and the operation does not have.
pub(crate) fn unknown_setters<'a>(operation: &Operation, overlay: &'a Overlay) -> Vec<&'a str> {
    let calls = overlay.examples.setters.get(&operation.id).map_or("", String::as_str);
    let (mut depth, mut called) = (0_usize, Vec::new());
    for code in calls.split('"').step_by(2) {
        for (position, letter) in code.char_indices() {
            match letter {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                '.' if depth == 0 => {
                    let call = code.get(position + 1..).unwrap_or_default();
                    called.push(call.split('(').next().unwrap_or_default());
                }
                _ => {}
            }
        }
    }
    let known = arguments(operation);
    called.retain(|name| !known.iter().any(|(field, _)| !field.required && identifier(&field.wire) == *name));
    called
}

fn variable(operation: &Operation, overlay: &Overlay) -> Option<String> {
    let of = |ty: &Ty| {
        let name = ty.named().unwrap_or("Metadata");
        overlay.examples.names.get(name).cloned().unwrap_or_else(|| snake(name))
    };
    match &operation.output {
        Output::Nothing => None,
        Output::Text => Some("text".to_owned()),
        Output::Page(_) => Some("page".to_owned()),
        Output::Value(Ty::List(item)) => Some(plural(&of(item))),
        Output::Value(ty) => Some(of(ty)),
    }
}

/// What the call names, as paths of clerk-axum.
fn imports(api: &Api, call: &str) -> BTreeSet<String> {
    let paths = words(call).filter_map(|word| {
        let first = word.split_once("::")?.0;
        Some(match first {
            "Metadata" | "Nullable" | "Timestamp" => format!("crate::{first}"),
            "File" => "crate::core::encode::File".to_owned(),
            name if api.enums.contains_key(name) => format!("crate::model::{name}"),
            name if name.starts_with(char::is_lowercase) => format!("crate::api::{name}"),
            _ => return None,
        })
    });
    paths.collect()
}

/// The words outside of strings. A path is one word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split('"').step_by(2);
    code.flat_map(|code| {
        code.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | ':')))
    })
}
