//! The whole round with a new document: what changed, the code, the facts, the changelog, and the requests.
//!
//! It goes as far as it can. What the overlay does not decide yet, such as the sentences of new fields, is drafted, so that
//! the code compiles and can be looked at; what is left to decide is listed, and `--check` fails until it is decided.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use crate::{
    Result,
    check::{self, Pin},
    diff::{UNREAD, report},
    document::Document,
    draft, facts,
    lower::lower_what_fits,
    missing,
    overlay::Overlay,
    used,
};

/// What to do besides writing the files.
pub(crate) struct Round {
    pub(crate) date: Option<String>,
    /// Whether to run the test that records the requests.
    pub(crate) records_requests: bool,
}

/// Returns what to print, and whether nothing is left to decide.
pub(crate) fn update(
    codegen: &Path,
    text: &str,
    document: &Document,
    mut overlay: Overlay,
    round: Round,
) -> Result<(String, bool)> {
    if document.paths.values().all(|path| path.operations().next().is_none()) {
        return Err("the document has no operations".into());
    }
    let (old, pin) = check::pins(codegen, text, document, round.date)?;
    let known = check::known_facts(codegen)?;
    let (mut api, problems) = lower_what_fits(document, &overlay);
    let new = facts::list(&api);
    let changes = report(&facts::parse(&known), &facts::parse(&new), &problems);
    let new = facts::with_unread(&new, &known, &problems.unread);

    let mut open: Vec<String> = problems
        .unread
        .iter()
        .map(|(operation, problem)| format!("{operation} cannot be read: {problem}"))
        .collect();
    open.extend(draft::sections(&api, &mut overlay));
    open.extend(draft::names(&mut api));
    open.extend(used::keep(&mut api, &overlay));
    let operations = missing::selected(&api, &overlay);
    let leftovers = missing::leftovers(&api, &overlay, &operations);
    let gaps = missing::missing(&api, &overlay, &operations);
    open.extend(gaps.into_iter().filter(|gap| !leftovers.contains(gap)));
    // What seems to be about nothing can be about an operation that cannot be read.
    let leftovers = if problems.unread.is_empty() { leftovers } else { BTreeSet::new() };
    let leftovers: Vec<String> = problems.overlay.into_iter().chain(leftovers).collect();
    draft::sentences(&api, &mut overlay, &operations);

    let mut said = format!(
        "Clerk's document of {}, version {}. The files were generated from that of {}, version {}.\n",
        pin.date, pin.version, old.date, old.version
    );
    said.push_str(&section(
        "Changes",
        if changes.is_empty() { "None of an operation, a field or an enum value.\n" } else { &changes },
    ));
    let files = check::files(codegen, &api, &overlay, &pin, &operations)?;
    let mut written = check::write_files(codegen, &files)?;
    if known != new {
        check::write_facts(codegen, &new)?;
        written.push_str("wrote facts.txt\n");
    }
    // An operation that cannot be read has not changed yet, and the same document is entered only once.
    let readable: String = changes.split_inclusive('\n').filter(|line| !line.contains(UNREAD)).collect();
    if !readable.is_empty() && old.is(&pin) {
        said.push_str("\nThey are not entered in the changelog, because the document is not a new one. Enter those that are Clerk's.\n");
    } else if !readable.is_empty() && enter(codegen, &old, &pin, &readable)? {
        written.push_str("wrote CHANGELOG.md\n");
    }
    said.push_str(&section("Files", if written.is_empty() { "All are up to date.\n" } else { &written }));
    let mut has_failed = false;
    if round.records_requests {
        let requests = requests(codegen)?;
        has_failed = requests.is_none();
        let requests = requests.as_deref().unwrap_or("The test does not compile or has failed, see above.\n");
        said.push_str(&section("Requests, as the tests record them", requests));
    }
    said.push_str(&listed("To decide in the overlay; until then it is drafted, and --check fails", &open));
    said.push_str(&listed("Entries of the overlay that match nothing", &leftovers));
    Ok((said, open.is_empty() && leftovers.is_empty() && !has_failed))
}

fn section(title: &str, text: &str) -> String {
    format!("\n{title}:\n\n{text}")
}

fn listed(title: &str, items: &[String]) -> String {
    match items {
        [] => String::new(),
        items => section(title, &format!("- {}\n", items.join("\n- "))),
    }
}

/// Enters the changes into the changelog, unless they are there. Returns whether it did.
fn enter(codegen: &Path, old: &Pin, new: &Pin, changes: &str) -> Result<bool> {
    let path = codegen.join("../../CHANGELOG.md");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let entered = entered(&text, &format!("From {} to {}:", old.date, new.date), changes)?;
    if entered == text {
        return Ok(false);
    }
    fs::write(&path, entered)?;
    Ok(true)
}

/// The changelog with an entry below "Unreleased", "Changed".
fn entered(changelog: &str, title: &str, changes: &str) -> Result<String> {
    const CHANGED: &str = "### Changed\n";
    const HEADING: &str = "#### Clerk's document\n";
    let start = changelog.find("\n## [Unreleased]").ok_or("the changelog has no section \"[Unreleased]\"")?;
    let (before, rest) = changelog.split_at(start + 1);
    let end = rest.find("\n## ").map_or(rest.len(), |end| end + 1);
    let (section, after) = rest.split_at(end);
    if section.contains(&format!("\n{title}\n")) {
        return Ok(changelog.to_owned());
    }
    let entry = format!("{title}\n\n{changes}\n");
    let section = match (section.split_once(&format!("{HEADING}\n")), section.split_once(CHANGED)) {
        (Some((above, below)), _) => format!("{above}{HEADING}\n{entry}{below}"),
        // At the end of what changed.
        (None, Some((above, below))) => {
            let (changed, others) = below.split_at(below.find("\n### ").map_or(below.len(), |end| end + 1));
            format!("{above}{CHANGED}{changed}{HEADING}\n{entry}{others}")
        }
        (None, None) => format!("{section}{CHANGED}\n{HEADING}\n{entry}"),
    };
    Ok(format!("{before}{section}{after}").trim_end().to_owned() + "\n")
}

/// Runs the test that records every request, and lists what changed. `None` if the test does not compile or fails.
fn requests(codegen: &Path) -> Result<Option<String>> {
    let root = codegen.join("../..");
    let snapshot = root.join("tests/tests/it/snapshots/it__requests__requests.snap");
    let before = fs::read_to_string(&snapshot).unwrap_or_default();
    let status = Command::new("cargo")
        .args(["test", "--quiet", "-p", "clerk-tests", "--test", "it", "requests::"])
        .env("INSTA_UPDATE", "always")
        .env("INSTA_FORCE_PASS", "1")
        .current_dir(&root)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let after = fs::read_to_string(&snapshot).unwrap_or_default();
    if !status.success() {
        return Ok(None);
    }
    let changes = between(&before, &after);
    Ok(Some(if changes.is_empty() { "None changed.\n".to_owned() } else { changes }))
}

/// The requests that differ between two snapshots, as lines with `-` and `+`.
fn between(before: &str, after: &str) -> String {
    let [before, after] = [before, after].map(|text| {
        let blocks = text.split("\n\n").filter_map(|block| block.trim().split_once('\n'));
        blocks.collect::<BTreeMap<&str, &str>>()
    });
    let mut out = String::new();
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let [old, new] = [&before, &after].map(|all| all.get(name).copied().unwrap_or_default());
        if old == new {
            continue;
        }
        out.push_str(&format!("{name}\n"));
        out.extend(
            old.lines()
                .filter(|line| !new.lines().any(|other| other == *line))
                .map(|line| format!("- {line}\n")),
        );
        out.extend(
            new.lines()
                .filter(|line| !old.lines().any(|other| other == *line))
                .map(|line| format!("+ {line}\n")),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changelog_gets_one_entry_for_each_document() {
        let entry = |from: &str, to: &str| format!("From {from} to {to}:\n\n- Added `X`\n\n");
        let enter = |text: &str, from: &str, to: &str| {
            entered(text, &format!("From {from} to {to}:"), "- Added `X`\n").unwrap()
        };
        let before = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- More.\n\n### Changed\n\n- Less.\n\n";
        let after = "### Fixed\n\n- A bug.\n\n## [0.1.0]\n\n### Changed\n\n- All.\n";
        let once = enter(&format!("{before}{after}"), "a", "b");
        assert_eq!(once, format!("{before}#### Clerk's document\n\n{}{after}", entry("a", "b")));
        assert_eq!(enter(&once, "a", "b"), once);
        let both = format!("{}{}", entry("b", "c"), entry("a", "b"));
        assert_eq!(enter(&once, "b", "c"), format!("{before}#### Clerk's document\n\n{both}{after}"));

        let bare = "# Changelog\n\n## [Unreleased]\n\n";
        let want = format!("{bare}### Changed\n\n#### Clerk's document\n\n{}", entry("a", "b"));
        assert_eq!(enter(bare, "a", "b"), want.trim_end().to_owned() + "\n");
        assert!(entered("# Changelog\n", "From a to b:", "- Added `X`\n").is_err());
    }

    #[test]
    fn changed_requests_are_listed() {
        let before = "---\nsource: x\n---\nGetA Minimal\nGET /a\nretry: safe\n\nGetB Minimal\nGET /b\n";
        let after = "---\nsource: x\n---\nGetA Minimal\nGET /a\nretry: safe\n\nGetB Minimal\nGET /c\n\nGetC Minimal\nGET /d\n";
        assert_eq!(between(before, after), "GetB Minimal\n- GET /b\n+ GET /c\nGetC Minimal\n+ GET /d\n");
        assert_eq!(between(before, before), "");
    }
}
