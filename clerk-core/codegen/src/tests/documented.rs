//! What the generated documentation has to say: on the page of each operation an example that the compiler sees, in
//! `tests/src/examples.rs`, and of some parameters more than their type.

use std::{collections::BTreeSet, fs, path::Path};

/// The code without its layout, which is for shorter lines in the documentation.
fn bare(code: &str) -> String {
    let letters: String = code.split_whitespace().collect();
    letters.replace(",)", ")").replace(",]", "]")
}

#[test]
fn each_operation_has_an_example_that_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let operations = read("clerk-core/src/api/mod.rs").matches("::INFO,").count();
    assert!(operations > 200);

    let file = read("tests/src/examples.rs");
    let blocks = file.split("// Example of ").skip(1);
    let compiled: BTreeSet<String> = blocks
        .map(|block| bare(block.split_once('\n').unwrap().1.split("\n    }\n").next().unwrap()))
        .collect();
    assert_eq!(compiled.len(), operations);

    let folder = fs::read_dir(root.join("clerk-core/src/api")).unwrap();
    let sources = folder.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let shown: Vec<String> = sources
        .flat_map(|source| {
            let parts = source.split("doc = r#\"\n```\n").skip(1);
            parts.map(|part| part.split_once("\n```\n").unwrap().0.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(shown.len(), operations);
    for example in shown {
        assert!(compiled.contains(&bare(&example)), "not compiled:\n{example}");
    }
}

/// The documentation of each function and setter of the operations, by what it documents.
fn documentation() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/api");
    let mut out = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let mut said = String::new();
        for line in fs::read_to_string(file.unwrap().path()).unwrap().lines().map(str::trim) {
            if let Some(more) = line.strip_prefix("///") {
                said.push_str(more);
            } else if line.starts_with("pub ") {
                out.push((line.to_owned(), std::mem::take(&mut said)));
            }
        }
    }
    out
}

/// Any other spelling opens the reference's first page.
#[test]
fn links_to_clerks_reference_are_spelled_as_in_clerks_guides() {
    let said: String = documentation().into_iter().map(|(_, said)| said).collect();
    for page in [
        "users/GET/users/%7Buser_id%7D",
        "allow-list--block-list/DELETE/allowlist_identifiers/%7Bidentifier_id%7D",
        "email--sms-templates/POST/templates/%7Btemplate_type%7D/%7Bslug%7D/revert",
        "sign-in-tokens/POST/sign_in_tokens",
    ] {
        let link = format!("(https://clerk.com/docs/reference/backend-api/tag/{page})");
        assert!(said.contains(&link), "{page}");
    }
}

#[test]
fn an_order_names_the_fields_to_sort_by() {
    let setters = documentation().into_iter().filter(|(code, _)| code.starts_with("pub fn order_by("));
    let said: Vec<String> = setters.map(|(_, said)| said).collect();
    assert!(said.len() > 10);
    for said in said {
        assert!(said.starts_with(" Sorts by `") && said.contains("a `-` in front"), "{said}");
    }
}

/// An update keeps what is stored. Only what it does besides has a default.
#[test]
fn an_update_has_no_defaults_for_what_is_stored() {
    const ACTIONS: [&str; 2] = ["notify_primary_email_address_changed", "identification_status"];
    let mut updates = 0;
    for (code, said) in documentation() {
        if !["PATCH", "PUT"].iter().any(|method| said.contains(&format!("**Sends** `{method} "))) {
            continue;
        }
        updates += 1;
        for parameter in said.split(" - ").filter(|item| item.contains("Defaults to")) {
            assert!(
                ACTIONS.iter().any(|action| parameter.contains(&format!("`{action}`"))),
                "{code} {parameter}"
            );
        }
    }
    assert!(updates > 30);
}
