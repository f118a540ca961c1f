//! What another state of the document changes, as a list for a changelog.

use std::collections::BTreeMap;

use crate::{
    facts::{Facts, Kind},
    lower::Problems,
};

type Parts = BTreeMap<String, String>;

/// The list, one point for each operation, model and enum; empty when nothing changed. What could not be read of
/// the new state is not taken for removed.
pub(crate) fn report(old: &Facts, new: &Facts, problems: &Problems) -> String {
    let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let mut out = String::new();
    for key @ (kind, name) in names {
        match (old.get(key), new.get(key)) {
            _ if problems.unread.contains_key(name) => {}
            (None, Some(parts)) => out.push_str(&format!("- Added {}\n", title(*kind, name, parts))),
            // It may only be out of reach.
            (Some(_), None) if *kind != Kind::Operation && !problems.unread.is_empty() => {}
            (Some(parts), None) => out.push_str(&format!("- Removed {}\n", title(*kind, name, parts))),
            (Some(old), Some(new)) if old != new => out.push_str(&changes(*kind, name, old, new)),
            _ => {}
        }
    }
    for (operation, problem) in &problems.unread {
        out.push_str(&format!("- `{operation}` cannot be compared: {problem}\n"));
    }
    out
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

fn changes(kind: Kind, name: &str, old: &Parts, new: &Parts) -> String {
    let added: Vec<_> = new.iter().filter(|(part, _)| !old.contains_key(*part)).collect();
    let removed: Vec<_> = old.iter().filter(|(part, _)| !new.contains_key(*part)).collect();
    if kind == Kind::Enum {
        let list = |verb: &str, values: &[(&String, &String)]| {
            let values: Vec<_> = values.iter().map(|(value, _)| format!("`{value}`")).collect();
            (!values.is_empty()).then(|| format!("{verb} {}", values.join(", ")))
        };
        let both = [list("added", &added), list("removed", &removed)];
        let both: Vec<_> = both.into_iter().flatten().collect();
        return format!("- Enum `{name}`: {}\n", both.join("; "));
    }
    let mut out = match kind {
        Kind::Operation => format!("- `{name}`:\n"),
        _ => format!("- Model `{name}`:\n"),
    };
    let mut say = |text: String| out.push_str(&format!("  - {text}\n"));
    for (part, said) in added {
        say(format!("added `{part}`, {}", in_words(said)));
    }
    for (part, _) in removed {
        say(format!("removed `{part}`"));
    }
    for (part, was) in old {
        match new.get(part) {
            Some(is) if is != was => {
                let part = if part == "is" { "the operation".to_owned() } else { format!("`{part}`") };
                change(&part, was, is).into_iter().for_each(&mut say);
            }
            _ => {}
        }
    }
    out
}

/// What became of one part: its type, whether it is needed, whether Clerk advises against it.
fn change(part: &str, was: &str, is: &str) -> Vec<String> {
    let ((was, was_deprecated), (is, is_deprecated)) = (split_deprecated(was), split_deprecated(is));
    let (needed_before, needed) = (!is_optional(was), !is_optional(is));
    let mut out = Vec::new();
    match (was_deprecated, is_deprecated) {
        (false, true) => out.push(format!("{part} is deprecated")),
        (true, false) => out.push(format!("{part} is no longer deprecated")),
        _ => {}
    }
    match (needed_before, needed) {
        (false, true) => out.push(format!("{part} is required")),
        (true, false) => out.push(format!("{part} is optional")),
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

/// Whether the type, which is the first word, has the mark of what may be left out.
fn is_optional(said: &str) -> bool {
    said.split(' ').next().is_some_and(|ty| ty.ends_with('?'))
}

/// Without that mark.
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
