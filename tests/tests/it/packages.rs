//! Checks what the published crates contain, what they declare, and the form of the changelog.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The published crates and their folders, in the order in which they are published.
const PUBLISHED: [(&str, &str); 4] = [
    ("clerk-core", "clerk-core"),
    ("clerk-tower", "clerk-tower"),
    ("clerk-local", "clerk-tower/local"),
    ("clerk-axum", "clerk-axum"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn metadata() -> Value {
    serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"])).unwrap()
}

#[test]
fn every_published_crate_contains_both_licences_its_readme_and_its_sources_only() {
    for (name, folder) in PUBLISHED {
        // Copies and no links: a checkout on Windows turns a link into a file that contains a path.
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let text = fs::read(root().join(licence)).unwrap();
            assert_eq!(fs::read(root().join(folder).join(licence)).unwrap(), text, "{folder}/{licence}");
        }
        let list = cargo(&["package", "--list", "--allow-dirty", "--offline", "--package", name]);
        let paths = list.lines().map(|line| line.replace('\\', "/"));
        let (sources, rest): (Vec<_>, Vec<_>) = paths.partition(|path| path.starts_with("src/"));
        for source in sources {
            // Scanners of those who depend on it would report keys, also those of tests.
            let text = fs::read_to_string(root().join(folder).join(&source)).unwrap();
            assert!(!text.contains("PRIVATE KEY-----\n"), "{name}: {source}");
        }
        // The rest is written by cargo; `.cargo_vcs_info.json` only from a repository.
        let written = |line: &&String| !line.starts_with(".cargo") && !line.starts_with("Cargo.");
        assert_eq!(
            rest.iter().filter(written).collect::<Vec<_>>(),
            ["LICENSE-APACHE", "LICENSE-MIT", "README.md"],
            "{name}"
        );
    }
}

#[test]
fn the_declarations_of_the_published_crates_are_within_the_limits_of_registries() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let mut published: Vec<_> = packages
        .iter()
        .filter(|package| package["publish"].is_null())
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    published.sort_unstable();
    let mut expected = PUBLISHED.map(|(name, _)| name);
    expected.sort_unstable();
    assert_eq!(published, expected, "the others have `publish = false`");
    for package in packages.iter().filter(|package| package["publish"].is_null()) {
        let name = package["name"].as_str().unwrap();
        let keywords: Vec<_> =
            package["keywords"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert!((1..=5).contains(&keywords.len()), "{name}: {keywords:?}");
        for word in keywords {
            let allowed =
                |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '+');
            assert!(
                word.len() <= 20 && word.starts_with(char::is_alphanumeric) && word.chars().all(allowed),
                "{name}: {word}"
            );
        }
        assert!((1..=5).contains(&package["categories"].as_array().unwrap().len()), "{name}");
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{name}");
        assert_eq!(package["readme"], "README.md", "{name}");
        assert!(
            package["description"].as_str().is_some_and(|text| (20..=200).contains(&text.len())),
            "{name}"
        );
        assert_eq!(package["repository"], packages[0]["repository"], "{name}: set it in [workspace.package]");
    }
}

#[test]
fn the_documentation_lists_every_feature_and_says_which_are_on_by_default() {
    let metadata = metadata();
    for (name, page, head) in [
        ("clerk-axum", "clerk-axum/src/overview.md", "| feature |"),
        ("clerk-tower", "clerk-tower/src/overview.md", "| feature |"),
    ] {
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|package| package["name"] == name).unwrap();
        let features = package["features"].as_object().unwrap();
        let defaults = features["default"].as_array().unwrap();
        let expected: BTreeSet<String> = features
            .keys()
            .filter(|feature| *feature != "default")
            .map(|feature| {
                let is_default = defaults.iter().any(|it| it == feature);
                format!("`{feature}`{}", if is_default { " (default)" } else { "" })
            })
            .collect();
        let text = fs::read_to_string(root().join(page)).unwrap();
        let rows = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
        let listed: BTreeSet<String> = rows
            .map_while(|line| line.strip_prefix("| ")?.split(" | ").next())
            .map(ToOwned::to_owned)
            .collect();
        assert_eq!(listed, expected, "{page}");
    }
    let readme = fs::read_to_string(root().join("clerk-core/README.md")).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let core = packages.iter().find(|package| package["name"] == "clerk-core").unwrap();
    for feature in core["features"].as_object().unwrap().keys().filter(|feature| *feature != "default") {
        assert!(readme.contains(&format!("`{feature}`")), "{feature}");
    }
}

#[test]
fn the_pages_name_the_declared_version_of_rust() {
    let metadata = metadata();
    let declared = metadata["packages"][0]["rust_version"].as_str().unwrap();
    for page in ["README.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(&format!("Rust {declared} or newer")), "{page}: Rust {declared}");
    }
}

#[test]
fn every_published_crate_says_whose_it_is_and_under_which_licence() {
    for (_, folder) in PUBLISHED {
        let text = fs::read_to_string(root().join(folder).join("README.md")).unwrap();
        // Where it is shown, lines may break anywhere.
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("Unofficial; part of [Clerk for Rust]"), "{folder}");
        let last =
            "Licensed under either of [MIT](LICENSE-MIT) or [Apache-2.0](LICENSE-APACHE), at your option.";
        assert!(text.trim_end().ends_with(last), "{folder}");
    }
}

#[test]
fn the_changelog_has_the_sections_of_keep_a_changelog() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let mut sections: Vec<&str> = Vec::new();
    let mut releases = 0;
    for line in text.lines() {
        if let Some(release) = line.strip_prefix("## ") {
            releases += 1;
            sections.clear();
            let dated = release.split_once("] - ").is_some_and(|(_, date)| date.len() == 10);
            assert_eq!(dated, releases > 1, "{line}: the first one is [Unreleased], the others have dates");
            assert!(release.starts_with(if releases == 1 { "[Unreleased]" } else { "[" }), "{line}");
        } else if let Some(section) = line.strip_prefix("### ") {
            let order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
            let place = |name: &str| order.iter().position(|known| *known == name);
            assert!(place(section).is_some(), "{line} is not a section of Keep a Changelog");
            assert!(
                sections.last().is_none_or(|last| place(last) < place(section)),
                "{line}: once, in this order: {order:?}"
            );
            sections.push(section);
        }
    }
    assert!(releases >= 1);
}
