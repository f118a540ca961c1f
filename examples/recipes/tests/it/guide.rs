//! The code of the guide's pages is part of these programs.

use std::{fs, path::Path};

/// Returns the lines without indentation, empty lines and documentation.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("///")).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Returns the code of a page: what is between the fences.
fn blocks(page: &str) -> Vec<&str> {
    page.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("rust\n")).collect()
}

#[test]
fn the_code_of_the_pages_is_part_of_the_programs() {
    let recipes = ["src/streams.rs", "src/tenants.rs", "src/admins.rs"];
    let openapi = ["src/openapi_aide.rs", "src/openapi_utoipa.rs"];
    for (page, programs, at_least) in [
        ("database", &["src/users.rs"][..], 5),
        ("recipes", &recipes, 7),
        ("errors", &["src/error.rs"], 7),
        ("openapi", &openapi, 4),
    ] {
        let page = read(&format!("../../clerk-axum/src/guide/{page}.md"));
        let programs = programs.iter().map(|program| read(program)).collect::<Vec<_>>();
        let blocks = blocks(&page);
        assert!(blocks.len() >= at_least, "{}", blocks.len());
        for block in blocks {
            let wanted = lines(block);
            let is_part = |program: &String| lines(program).windows(wanted.len()).any(|part| part == wanted);
            assert!(programs.iter().any(is_part), "no program contains\n{block}");
        }
    }
}
