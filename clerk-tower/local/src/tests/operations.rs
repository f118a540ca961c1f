//! Every operation of the Backend API has a route.

use std::collections::BTreeSet;

use clerk_core::api::OPERATIONS;

use crate::routes;

#[test]
fn every_operation_is_answered() {
    let routes: Vec<_> = routes::all().map(|(method, path)| format!("{method} {path}")).collect();
    let known: BTreeSet<_> = routes.iter().cloned().collect();
    assert_eq!(known.len(), routes.len(), "a route is there twice");
    let operations = || OPERATIONS.iter().map(|it| (it, format!("{} {}", it.method, it.path)));
    let missing: BTreeSet<_> = operations()
        .filter(|(it, name)| it.documented && !known.contains(name))
        .map(|(it, name)| format!("{}: {name}", it.section))
        .collect();
    assert!(missing.is_empty(), "without a route: {missing:#?}");
    let all: BTreeSet<_> = operations().map(|(_, name)| name).collect();
    let unknown: Vec<_> = known.difference(&all).collect();
    assert!(unknown.is_empty(), "routes of no operation: {unknown:#?}");
}
