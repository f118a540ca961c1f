//! Tests of instances that are kept in a file.

use std::{fs, io};

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower_service::Service as _;

use super::{Fixture, none, save::Directory};
use crate::{LocalClerk, LocalClerkBuilder};

fn kept(directory: &Directory) -> LocalClerkBuilder {
    LocalClerk::builder().file(directory.0.join("clerk.json")).seeded()
}

/// Returns the instance in the file at this moment.
fn on_disk(directory: &Directory) -> Fixture {
    Fixture::with(|builder| builder.load(directory.0.join("clerk.json")))
}

async fn call(local: &LocalClerk, method: &str, path: &str, body: &str) -> StatusCode {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", local.secret_key().to_header());
    local.clone().call(request.body(Bytes::from(body.to_owned())).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn a_response_waits_until_its_changes_are_on_the_disk() {
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    for name in ["a1", "b2", "c3"] {
        let body = json!({ "username": format!("user_{name}") }).to_string();
        assert_eq!(call(&local, "POST", "/users", &body).await, 200);
        let found = on_disk(&directory).get(&format!("/users?username=user_{name}"));
        assert_eq!(found.as_array().unwrap().len(), 1);
    }
    assert_eq!(call(&local, "DELETE", "/users/user_ada", "").await, 200);
    on_disk(&directory).refuses("GET", "/users/user_ada", &none(), 404, "resource_not_found", "");
    // Not only through requests.
    local.rotate_keys();
    local.user("Dora", "Test").id("user_dora").create();
    local.saved().await.unwrap();
    assert_eq!(on_disk(&directory).local.key_id(), local.key_id());
    on_disk(&directory).get("/users/user_dora");
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    local.saved().await.unwrap();
    let path = directory.0.join("clerk.json");
    fs::write(&path, "not touched").unwrap();
    assert_eq!(call(&local, "GET", "/users", "").await, 200);
    assert_eq!(call(&local, "DELETE", "/users/nobody", "").await, 404);
    local.saved().await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "not touched");
}

#[tokio::test]
async fn it_continues_where_it_stopped() {
    let directory = Directory::new();
    let server = kept(&directory).serve(([127, 0, 0, 1], 0)).await.unwrap();
    let local = server.local().clone();
    assert_eq!(call(&local, "DELETE", "/users/user_ada", "").await, 200);
    let (secret, key) = (local.secret_key().expose().to_owned(), local.key_id());
    let busy = kept(&directory).build().unwrap_err();
    assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
    assert!(busy.to_string().contains("in use by another process"), "{busy}");
    server.shutdown().await;
    drop(local);

    // The seed does not come again.
    let local = loop {
        match kept(&directory).build() {
            Ok(local) => break local,
            // The task that writes the file has not ended yet.
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ResourceBusy),
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((local.secret_key().expose(), local.key_id()), (&*secret, key));
    assert_eq!(call(&local, "GET", "/users/user_ada", "").await, 404);
    assert_eq!(call(&local, "GET", "/users/user_grace", "").await, 200);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_an_error_of_the_request() {
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    local.saved().await.unwrap();
    let path = directory.0.join("clerk.json");
    fs::remove_file(&path).unwrap();
    fs::create_dir_all(path.join("in the way")).unwrap();
    assert_eq!(call(&local, "DELETE", "/users/user_ada", "").await, 507);
    assert!(local.saved().await.unwrap_err().to_string().contains("cannot save to"));
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(call(&local, "DELETE", "/users/user_grace", "").await, 200);
    let users = on_disk(&directory).column("/users", "/id");
    assert_eq!(users.len(), 2);

    let nowhere = LocalClerk::builder().file(directory.0.join("none/clerk.json")).build().unwrap_err();
    assert!(nowhere.to_string().contains("cannot keep"), "{nowhere}");
    fs::write(directory.0.join("bad.json"), "{").unwrap();
    let bad = LocalClerk::builder().file(directory.0.join("bad.json")).build().unwrap_err();
    assert_eq!(bad.kind(), io::ErrorKind::InvalidData);
}

/// A file that cannot be loaded again loses everything. The nesting of metadata adds to that of the file.
#[tokio::test]
async fn deeply_nested_json_is_refused_or_can_be_loaded_again() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    let mut accepted = 0;
    for levels in [8, 60, 100, 120, 122, 124, 125] {
        let metadata = json!({ "public_metadata": { "deep": nested(levels) } });
        let statuses = [
            call(&local, "PATCH", "/users/user_ada/metadata", &metadata.to_string()).await,
            call(&local, "PATCH", "/organizations/org_acme/metadata", &metadata.to_string()).await,
            call(
                &local,
                "POST",
                "/jwt_templates",
                &json!({ "name": format!("t{levels}"), "claims": nested(levels) }).to_string(),
            )
            .await,
        ];
        assert!(statuses.iter().all(|status| *status == 200 || *status == 400), "{levels}: {statuses:?}");
        accepted += usize::from(statuses[0] == 200);
        assert_eq!(everything(&on_disk(&directory).local), everything(&local), "{levels}");
    }
    assert_eq!(accepted, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_stays_and_its_file_has_one_lock() {
    let directory = Directory::new();
    let link = directory.0.join("link.json");
    std::os::unix::fs::symlink("clerk.json", &link).unwrap();
    let through = |path: &std::path::Path| LocalClerk::builder().file(path).seeded();
    let local = through(&link).build().unwrap();
    assert_eq!(call(&local, "DELETE", "/users/user_ada", "").await, 200);
    assert!(link.is_symlink());
    on_disk(&directory).refuses("GET", "/users/user_ada", &none(), 404, "resource_not_found", "");
    let busy = kept(&directory).build().unwrap_err();
    assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
    LocalClerk::new().save(&link).unwrap();
    assert!(link.is_symlink());

    let null = LocalClerk::builder().load("/dev/null").build().unwrap_err();
    assert!(null.to_string().contains("not a regular file"), "{null}");
}

/// Returns everything that is kept.
fn everything(local: &LocalClerk) -> Value {
    serde_json::to_value(&*local.state()).unwrap()
}

#[tokio::test]
async fn the_file_contains_every_kind_of_change() {
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    local.saved().await.unwrap();
    let snapshot = local.snapshot();
    let lines = || fs::read_to_string(directory.0.join("clerk.json")).unwrap().lines().count();
    assert_eq!(lines(), 1);
    for (at, (method, path, body)) in [
        ("POST", "/users", json!({ "email_address": ["new@example.com"], "password": "correct horse" })),
        ("PATCH", "/users/user_ada", json!({ "first_name": "Augusta" })),
        ("DELETE", "/users/user_grace", none()),
        ("POST", "/sessions", json!({ "user_id": "user_ada" })),
        ("PATCH", "/instance/restrictions", json!({ "allowlist": true })),
        ("POST", "/organization_roles", json!({ "name": "Editor", "key": "org:editor" })),
        ("POST", "/api_keys", json!({ "name": "nightly", "subject": "user_ada" })),
        ("POST", "/machines", json!({ "name": "billing" })),
        ("POST", "/jwt_templates", json!({ "name": "hasura", "claims": { "a": 1 } })),
        ("PUT", "/templates/email/invitation", json!({ "name": "Invitation", "body": "{{action_url}}" })),
        ("POST", "/invitations", json!({ "email_address": "invited@example.com" })),
        ("POST", "http://localhost/v1/dev_browser", none()),
    ]
    .into_iter()
    .enumerate()
    {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        assert!(call(&local, method, path, &body).await.is_success(), "{method} {path}");
        assert_eq!(lines(), at + 2, "{method} {path}");
        assert!(everything(&on_disk(&directory).local) == everything(&local), "{method} {path}");
    }
    // A user who is replaced comes last, and one who comes back is where it was, for which the file is written anew.
    let replaces = |local: &LocalClerk| drop(local.user("Ada", "Byron").id("user_ada").create());
    let restores = |local: &LocalClerk| local.restore(&snapshot);
    for (change, expected) in
        [(&replaces as &dyn Fn(&LocalClerk), 14), (&restores, 1), (&LocalClerk::rotate_keys, 1)]
    {
        change(&local);
        local.saved().await.unwrap();
        let found = on_disk(&directory).local;
        assert!(everything(&found) == everything(&local) && found.key_id() == local.key_id());
        assert_eq!(lines(), expected);
    }
}

#[tokio::test]
async fn a_long_list_of_changes_is_replaced_by_the_whole() {
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    local.saved().await.unwrap();
    let path = directory.0.join("clerk.json");
    let (mut longest, mut is_anew) = (0, false);
    for at in 0..200 {
        let body = json!({ "private_metadata": { "text": "x".repeat(8_000), "at": at } }).to_string();
        assert_eq!(call(&local, "PATCH", "/users/user_ada/metadata", &body).await, 200);
        let length = fs::metadata(&path).unwrap().len();
        is_anew |= length < longest;
        longest = length.max(longest);
    }
    assert!(is_anew && longest < 1_200_000, "{longest}");
    assert!(everything(&on_disk(&directory).local) == everything(&local));
}

#[tokio::test]
async fn a_line_that_was_not_finished_does_not_count_and_a_damaged_one_is_an_error() {
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    local.saved().await.unwrap();
    assert_eq!(call(&local, "DELETE", "/users/user_ada", "").await, 200);
    assert_eq!(call(&local, "DELETE", "/users/user_grace", "").await, 200);
    drop(local);
    let path = directory.0.join("clerk.json");
    let text = fs::read_to_string(&path).unwrap();
    let without_end = text.strip_suffix('\n').unwrap();
    let first_change = text.find('\n').unwrap() + 1;
    for (text, left) in [
        (text.clone(), 2),
        (without_end.to_owned(), 3),
        (text[..text.len() - 9].to_owned(), 3),
        (text[..=first_change].to_owned(), 4),
        (text[..first_change].to_owned(), 4),
        (format!("{text}\n"), 2),
    ] {
        fs::write(&path, &text).unwrap();
        assert_eq!(on_disk(&directory).column("/users", "/id").len(), left);
    }
    for (line, problem) in [
        ("{", "line 4 has no valid changes"),
        ("[]", "line 4 has no valid changes"),
        ("{\"people\":{}}", "line 4 has no valid changes"),
        ("{\"users\":{\"removed\":[\"user_nobody\"]}}", "line 4 has no valid changes"),
    ] {
        fs::write(&path, format!("{text}{line}\n")).unwrap();
        let error = LocalClerk::load(&path).unwrap_err();
        assert!(error.kind() == io::ErrorKind::InvalidData && error.to_string().contains(problem), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_something_else_has_changed_is_written_anew() {
    let directory = Directory::new();
    let local = kept(&directory).build().unwrap();
    local.saved().await.unwrap();
    fs::write(directory.0.join("clerk.json"), "{}").unwrap();
    assert_eq!(call(&local, "DELETE", "/users/user_ada", "").await, 200);
    assert!(everything(&on_disk(&directory).local) == everything(&local));
}
