//! Every operation of the Backend API has a route.

use std::collections::BTreeSet;

use clerk_core::api::OPERATIONS;

use crate::routes;

/// The sections whose operations are not emulated yet.
const MISSING: &[&str] = &["Sign Ups"];

#[test]
fn every_operation_is_answered() {
    let routes: Vec<_> = routes::all().map(|(method, path)| format!("{method} {path}")).collect();
    let known: BTreeSet<_> = routes.iter().cloned().collect();
    assert_eq!(known.len(), routes.len(), "a route is there twice");
    let operations = || OPERATIONS.iter().filter(|operation| operation.documented);
    let name = |method: &http::Method, path: &str| format!("{method} {path}");
    let missing: BTreeSet<_> = operations()
        .filter(|it| !known.contains(&name(&it.method, it.path)) && !MISSING.contains(&it.section))
        .map(|it| format!("{}: {}", it.section, name(&it.method, it.path)))
        .collect();
    assert!(missing.is_empty(), "without a route: {missing:#?}");
    let finished: Vec<_> = MISSING
        .iter()
        .filter(|section| {
            let mut of_section = operations().filter(|it| it.section == **section);
            of_section.all(|it| known.contains(&name(&it.method, it.path)))
        })
        .collect();
    assert!(finished.is_empty(), "no longer missing: {finished:?}");
    let all: BTreeSet<_> = OPERATIONS.iter().map(|it| name(&it.method, it.path)).collect();
    let unknown: Vec<_> = known.difference(&all).collect();
    assert!(unknown.is_empty(), "routes of no operation: {unknown:#?}");
}
