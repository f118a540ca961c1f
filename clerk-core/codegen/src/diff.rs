//! Lists the changes between two versions of the document, for a changelog.

use std::collections::BTreeMap;

use crate::{
    facts::{Facts, Kind},
    lower::Problems,
};

/// What the report says of an operation that cannot be read.
pub(crate) const UNREAD: &str = "` cannot be compared: ";

type Parts = BTreeMap<String, String>;

/// Lists what was added, removed and changed, with one item for each operation, model and enum. Empty if nothing
/// changed. Operations that cannot be read in the new version are not reported as removed.
pub(crate) fn report(old: &Facts, new: &Facts, problems: &Problems) -> String {
    let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let (mut came, mut went, mut changed) = (String::new(), String::new(), String::new());
    for key @ (kind, name) in names {
        match (old.get(key), new.get(key)) {
            _ if problems.unread.contains_key(name) => {}
            (None, Some(parts)) => came.push_str(&format!("- Added {}\n", title(*kind, name, parts))),
            // An operation that cannot be read may still use it.
            (Some(_), None) if *kind != Kind::Operation && !problems.unread.is_empty() => {}
            (Some(parts), None) => went.push_str(&format!("- Removed {}\n", title(*kind, name, parts))),
            (Some(old), Some(new)) => changed.push_str(&point(*kind, name, &changes(*kind, old, new))),
            (None, None) => {}
        }
    }
    for (operation, problem) in &problems.unread {
        changed.push_str(&format!("- `{operation}{UNREAD}{problem}\n"));
    }
    came + &went + &changed
}

/// One line for a single change, a nested list for several.
fn point(kind: Kind, name: &str, changes: &[String]) -> String {
    let name = match kind {
        Kind::Operation => format!("`{name}`"),
        Kind::Model => format!("Model `{name}`"),
        Kind::Enum => format!("Enum `{name}`"),
    };
    match changes {
        [] => String::new(),
        [one] => format!("- {name}: {one}\n"),
        many => format!("- {name}:\n  - {}\n", many.join("\n  - ")),
    }
}

fn title(kind: Kind, name: &str, parts: &Parts) -> String {
    match parts.get("is") {
        Some(call) if kind == Kind::Operation => {
            let (call, is_deprecated) = split_deprecated(call);
            format!("`{name}`, `{call}`{}", if is_deprecated { ", deprecated" } else { "" })
        }
        _ => format!("{} `{name}`", kind.word()),
    }
}

fn changes(kind: Kind, old: &Parts, new: &Parts) -> Vec<String> {
    let mut out = Vec::new();
    for (part, said) in new.iter().filter(|(part, _)| !old.contains_key(*part)) {
        let words = if kind == Kind::Enum { String::new() } else { format!(", {}", in_words(said)) };
        out.push(format!("added `{part}`{words}"));
    }
    out.extend(old.keys().filter(|part| !new.contains_key(*part)).map(|part| format!("removed `{part}`")));
    for (part, was) in old {
        let Some(is) = new.get(part).filter(|is| *is != was) else { continue };
        let part = match part.as_str() {
            "is" => "the operation".to_owned(),
            "answer" => "the response".to_owned(),
            part => format!("`{part}`"),
        };
        out.extend(change(&part, was, is));
    }
    out
}

/// The changes of one part: its type, whether it is required, and whether it is deprecated.
fn change(part: &str, was: &str, is: &str) -> Vec<String> {
    let ((was, was_deprecated), (is, is_deprecated)) = (split_deprecated(was), split_deprecated(is));
    let (needed_before, needed) = (!is_optional(was), !is_optional(is));
    let mut out = Vec::new();
    match (was_deprecated, is_deprecated) {
        (false, true) => out.push(format!("{part} is now deprecated")),
        (true, false) => out.push(format!("{part} is no longer deprecated")),
        _ => {}
    }
    match (needed_before, needed) {
        (false, true) => out.push(format!("{part} is now required")),
        (true, false) => out.push(format!("{part} is now optional")),
        _ => {}
    }
    let (was, is) = (required(was), required(is));
    if was != is {
        out.push(format!("{part} is `{is}` instead of `{was}`"));
    }
    out
}

fn split_deprecated(said: &str) -> (&str, bool) {
    said.strip_suffix(" deprecated").map_or((said, false), |said| (said, true))
}

/// Whether the type, which is the first word, has the `?` of an optional field.
fn is_optional(said: &str) -> bool {
    said.split(' ').next().is_some_and(|ty| ty.ends_with('?'))
}

/// The description without that `?`.
fn required(said: &str) -> String {
    match said.split_once(' ') {
        Some((ty, rest)) => format!("{} {rest}", ty.trim_end_matches('?')),
        None => said.trim_end_matches('?').to_owned(),
    }
}

fn in_words(said: &str) -> String {
    let (said, is_deprecated) = split_deprecated(said);
    let needed = if is_optional(said) { "optional" } else { "required" };
    format!("`{}`, {needed}{}", required(said), if is_deprecated { ", deprecated" } else { "" })
}
