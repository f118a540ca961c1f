//! One organization, one tenant.

use clerk_axum::local::LocalClerk;
use clerk_recipes::tenants::{app, create};
use serde_json::json;
use sqlx::SqlitePool;

use crate::{get, read, serve};

async fn add(address: &str, path: &str, token: &str, text: &'static str) -> u16 {
    let request = reqwest::Client::new().post(format!("{address}{path}")).bearer_auth(token).body(text);
    read(request.send().await.unwrap()).await.0
}

#[tokio::test]
async fn members_see_only_the_rows_of_their_active_organization() {
    let local = LocalClerk::seeded();
    let other = local.organization("Other").slug("other").create();
    local.add_member(&other, "user_ada", "org:admin");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("app.db").display());
    let pool = SqlitePool::connect(&url).await.unwrap();
    create(&pool).await.unwrap();
    let address = serve(app(local.client(), pool)).await;

    let acme = local.sign_in("user_ada").organization("org_acme").token();
    let elsewhere = local.sign_in("user_ada").organization(&other).token();
    let member = local.sign_in("user_grace").organization("org_acme").token();
    let personal = local.sign_in("user_alan").token();
    assert_eq!(add(&address, "/orgs/acme/notes", &acme, "of Acme").await, 201);
    assert_eq!(add(&address, "/orgs/other/notes", &elsewhere, "of the other").await, 201);
    assert_eq!(add(&address, "/orgs/other/notes", &elsewhere, "the second").await, 201);

    for (path, token, status, body) in [
        ("/orgs/acme/notes", &acme, 200, json!([{ "id": 1, "text": "of Acme" }])),
        ("/orgs/acme/notes", &member, 200, json!([{ "id": 1, "text": "of Acme" }])),
        ("/orgs/other/notes/1", &elsewhere, 200, json!({ "id": 1, "text": "of the other" })),
        // Rows of another tenant do not exist.
        ("/orgs/acme/notes/2", &acme, 404, json!("not-found")),
        // The URL names an organization that is not the active one.
        ("/orgs/other/notes", &acme, 404, json!("not-found")),
        ("/orgs/other/notes/1", &acme, 404, json!("not-found")),
        ("/orgs/acme/notes", &elsewhere, 404, json!("not-found")),
        ("/orgs/acme/notes", &personal, 403, json!("organization-missing")),
    ] {
        let (got, answer) = get(&format!("{address}{path}"), token).await;
        let answer = if answer["error"].is_null() { answer } else { answer["error"]["code"].clone() };
        assert_eq!((got, answer), (status, body), "{path}");
    }
    assert_eq!(add(&address, "/orgs/acme/notes", &member, "by a member").await, 403);
    assert_eq!(add(&address, "/orgs/other/notes", &acme, "by a stranger").await, 404);
}
