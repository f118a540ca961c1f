//! Tests that a request costs no more because there are more users: they count rows, entries and bytes, not time.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Fixture, none};
use crate::cow_map::cost;

const FEW: usize = 10;
const MANY: usize = 2_000;

fn with_users(count: usize) -> Fixture {
    let fixture = Fixture::seeded();
    for at in 0..count {
        let user = fixture.local.user("Jo", "Doe").email(format!("jo{at}@example.com")).create();
        let organization = fixture.local.organization("Doe").slug(format!("doe{at}")).create();
        fixture.local.add_member(&organization, &user, "org:admin");
        fixture.local.sign_in(&user);
    }
    fixture
}

#[test]
fn a_request_about_one_row_visits_no_others() {
    let fixtures = [FEW, MANY].map(with_users);
    let rename = json!({ "first_name": "Augusta", "username": "augusta", "external_id": "1815" });
    for (method, path, body) in [
        ("GET", "/users/user_ada", none()),
        (
            "POST",
            "/users",
            json!({
                "email_address": ["new@example.com"], "phone_number": ["+15555550123"], "username": "new",
                "external_id": "7", "web3_wallet": ["0x00000000000000000000000000000000000000aa"],
            }),
        ),
        ("PATCH", "/users/user_ada", rename),
        ("POST", "/users/user_grace/ban", none()),
        ("POST", "/organizations", json!({ "name": "New", "slug": "new", "created_by": "user_ada" })),
        ("GET", "/organizations/acme", none()),
        (
            "POST",
            "/organizations/org_acme/memberships",
            json!({ "user_id": "user_alan", "role": "org:member" }),
        ),
        ("GET", "/users/user_alan/organization_memberships", none()),
        ("GET", "/organizations/org_acme/memberships", none()),
        ("POST", "/email_addresses", json!({ "user_id": "user_ada", "email_address": "ada2@example.com" })),
        ("POST", "/sessions", json!({ "user_id": "user_ada" })),
        ("DELETE", "/users/user_alan", none()),
    ] {
        let visited = fixtures.each_ref().map(|fixture| cost::of(|| drop(fixture.ok(method, path, &body))).1);
        assert_eq!(visited[0], visited[1], "{method} {path}");
    }
}

#[test]
fn a_user_of_a_seed_costs_the_same_however_many_there_are() {
    let seed = |users: usize| {
        let mut text = String::new();
        for at in 0..users {
            write!(text, "[[users]]\nusername = 'jo{at}'\nemail_address = ['jo{at}@example.com']\n").unwrap();
        }
        cost::of(|| drop(Fixture::with(|builder| builder.seed(text)))).1
    };
    assert_eq!(seed(FEW), seed(MANY / 4));
}

/// A thousand tests can share an instance: to go back to a snapshot copies nothing, and a change afterwards copies only
/// what is around it.
#[test]
fn snapshots_share_their_rows() {
    let fixture = with_users(MANY);
    let mut snapshot = None;
    assert_eq!(cost::of(|| snapshot = Some(fixture.local.snapshot())), (0, 0));
    let snapshot = snapshot.unwrap();
    for at in 0..1_000 {
        let (copied, visited) = cost::of(|| {
            fixture.ok("PATCH", "/users/user_ada", &json!({ "first_name": format!("Ada {at}") }));
        });
        assert!(copied < MANY / 8 && visited == 0, "{copied} copied, {visited} visited");
        assert_eq!(cost::of(|| fixture.local.restore(&snapshot)), (0, 0));
    }
    assert_eq!(fixture.get("/users/user_ada")["first_name"], "Ada");
}

#[tokio::test]
async fn a_write_adds_to_the_file_what_has_changed_and_no_more() {
    let mut grown = Vec::new();
    for users in [FEW, MANY] {
        let directory = super::save::Directory::new();
        let path = directory.0.join("clerk.json");
        let fixture = Fixture::with(|builder| builder.file(&path).seeded());
        for at in 0..users {
            fixture.local.user("Jo", "Doe").email(format!("jo{at}@example.com")).create();
        }
        fixture.local.saved().await.unwrap();
        let length = || std::fs::metadata(&path).unwrap().len();
        let changes: [&dyn Fn() -> Value; 3] = [
            &|| json!(fixture.local.user("New", "Doe").username("new").create().id),
            &|| json!(fixture.local.add_member("org_acme", "user_alan", "org:member")),
            &|| json!(fixture.local.set_refresh_tokens(true)),
        ];
        for change in changes {
            let before = length();
            change();
            fixture.local.saved().await.unwrap();
            grown.push(length() - before);
        }
    }
    assert_eq!(grown[..3], grown[3..]);
    assert!(grown.iter().all(|grown| (1..4_000).contains(grown)), "{grown:?}");
}
