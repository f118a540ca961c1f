//! The example on the page of each operation is one that the compiler sees: in `tests/src/examples.rs`.

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
