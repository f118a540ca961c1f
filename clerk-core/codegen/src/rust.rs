//! Rust code for types, imports and documentation comments.

use std::collections::BTreeSet;

use crate::ir::Ty;

/// The type itself, without `Option` or `Nullable`.
pub(crate) fn spell(ty: &Ty) -> String {
    match ty {
        Ty::Text => "String".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Int => "i64".to_owned(),
        Ty::Count => "u32".to_owned(),
        Ty::Float => "f64".to_owned(),
        Ty::Time => "Timestamp".to_owned(),
        Ty::Metadata => "Metadata".to_owned(),
        Ty::Json => "Value".to_owned(),
        Ty::AnyJson => "AnyJson".to_owned(),
        Ty::File => "File".to_owned(),
        Ty::Id(name) | Ty::Struct(name) | Ty::Enum(name) => name.clone(),
        Ty::List(item) => format!("Vec<{}>", spell(item)),
        Ty::Map(value) => format!("BTreeMap<String, {}>", spell(value)),
        Ty::Maybe(inner) => format!("Option<{}>", spell(inner)),
    }
}

/// The type of a setter's parameter, and the expression that converts the parameter to the field's type.
pub(crate) fn argument(ty: &Ty, name: &str) -> (String, String) {
    match ty {
        Ty::Bool | Ty::Int | Ty::Count | Ty::Float | Ty::File | Ty::Struct(_) | Ty::Map(_) | Ty::Maybe(_) => {
            (spell(ty), name.to_owned())
        }
        Ty::List(item) => (
            format!("impl IntoIterator<Item = impl Into<{}>>", spell(item)),
            format!("{name}.into_iter().map(Into::into).collect()"),
        ),
        _ => (format!("impl Into<{}>", spell(ty)), format!("{name}.into()")),
    }
}

/// The paths to import for the types. `local` types need no import.
pub(crate) fn imports<'a>(
    types: impl Iterator<Item = &'a Ty>,
    local: &dyn Fn(&str) -> bool,
) -> BTreeSet<String> {
    fn add(ty: &Ty, local: &dyn Fn(&str) -> bool, out: &mut BTreeSet<String>) {
        let path = match ty {
            Ty::Time => "crate::Timestamp".to_owned(),
            Ty::Metadata => "crate::Metadata".to_owned(),
            Ty::Json => "serde_json::Value".to_owned(),
            Ty::AnyJson => "crate::AnyJson".to_owned(),
            Ty::File => "crate::encode::File".to_owned(),
            Ty::Id(name) => format!("crate::id::{name}"),
            Ty::Struct(name) | Ty::Enum(name) if !local(name) => format!("crate::model::{name}"),
            Ty::Map(inner) => {
                add(inner, local, out);
                "std::collections::BTreeMap".to_owned()
            }
            Ty::List(inner) | Ty::Maybe(inner) => return add(inner, local, out),
            _ => return,
        };
        out.insert(path);
    }
    let mut out = BTreeSet::new();
    types.for_each(|ty| add(ty, local, &mut out));
    out
}

/// `use` items in three paragraphs: the standard library, other crates, this crate.
pub(crate) fn uses(paths: &BTreeSet<String>) -> String {
    let mut out = String::new();
    for group in [0, 1, 2] {
        let kind = |path: &str| {
            if path.starts_with("std::") {
                0
            } else if path.starts_with("crate::") {
                2
            } else {
                1
            }
        };
        let mut members: Vec<&String> = paths.iter().filter(|path| kind(path) == group).collect();
        if members.is_empty() {
            continue;
        }
        if group == 2 {
            out.push_str(&format!("use crate::{{{}}};\n", tree(&members)));
        } else {
            members.sort();
            out.push_str(&tree_by_crate(&members));
        }
        out.push('\n');
    }
    out
}

fn tree_by_crate(paths: &[&String]) -> String {
    let mut crates: BTreeSet<&str> = BTreeSet::new();
    crates.extend(paths.iter().filter_map(|path| path.split("::").next()));
    let mut out = String::new();
    for name in crates {
        let prefix = format!("{name}::");
        let members: Vec<&str> = paths.iter().filter_map(|path| path.strip_prefix(&prefix)).collect();
        match members.as_slice() {
            [one] => out.push_str(&format!("use {name}::{one};\n")),
            many => out.push_str(&format!("use {name}::{{{}}};\n", many.join(", "))),
        }
    }
    out
}

fn tree(paths: &[&String]) -> String {
    let mut modules: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    let mut top = Vec::new();
    for path in paths {
        let path = path.strip_prefix("crate::").unwrap_or(path);
        match path.rsplit_once("::") {
            Some((module, name)) => modules.entry(module).or_default().push(name),
            None => top.push(path.to_owned()),
        }
    }
    for (module, names) in modules {
        top.push(match names.as_slice() {
            [one] => format!("{module}::{one}"),
            many => format!("{module}::{{{}}}", many.join(", ")),
        });
    }
    top.join(", ")
}

/// Splits a documentation text into its first sentence and the rest.
///
/// rustdoc shows the whole first paragraph in the index of a module, so the first sentence has to be a
/// paragraph of its own.
pub(crate) fn lead(text: &str) -> (&str, &str) {
    match text.find(". ") {
        Some(end) => {
            let (first, rest) = text.split_at(end + 1);
            (first, rest.trim_start())
        }
        None => text.split_once("\n\n").unwrap_or((text, "")),
    }
}

/// A documentation comment whose first sentence is a paragraph of its own.
pub(crate) fn described(prefix: &str, text: &str) -> String {
    let (first, rest) = lead(text.trim());
    let mut out = doc(prefix, first);
    if !rest.is_empty() {
        out.push_str(&format!("{prefix}\n{}", doc(prefix, rest)));
    }
    out
}

/// The words of a line. Code in backticks counts as one word, so that `GET /users` is not wrapped.
fn words(line: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut in_code = false;
    for word in line.split(' ') {
        match out.last_mut() {
            Some(last) if in_code => *last = format!("{last} {word}"),
            _ => out.push(word.to_owned()),
        }
        in_code ^= word.matches('`').count() % 2 == 1;
    }
    out
}

/// A documentation comment, wrapped. Fenced code keeps its lines.
pub(crate) fn doc(prefix: &str, text: &str) -> String {
    const WIDTH: usize = 100;
    let mut out = String::new();
    let mut fenced = false;
    for line in text.trim_end().lines() {
        fenced ^= line.starts_with("```");
        if fenced || line.starts_with("```") || line.is_empty() {
            out.push_str(format!("{prefix} {line}").trim_end());
            out.push('\n');
            continue;
        }
        let mut current = String::new();
        for word in words(line) {
            if !current.is_empty() && current.len() + word.len() + 1 > WIDTH {
                out.push_str(&format!("{prefix} {current}\n"));
                current.clear();
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(&word);
        }
        out.push_str(&format!("{prefix} {current}\n"));
    }
    out
}
