//! Tests of instances that are kept in a file.

use std::{fs, io};

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::json;
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
