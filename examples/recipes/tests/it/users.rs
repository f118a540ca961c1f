//! The user's row, by the first request and by webhooks; and every delivery handled once.

use std::time::Duration;

use axum::{body::Bytes, http::Request};
use clerk_axum::{
    Clerk,
    api::{sessions, users as api},
    local::LocalClerk,
};
use clerk_recipes::users::{app, forget_deliveries, open};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use tempfile::TempDir;

use crate::{deliver, get, serve};

/// A Clerk instance, and a database that any number of processes share.
struct Stage {
    local: LocalClerk,
    folder: TempDir,
    pool: SqlitePool,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pool = open(&folder.path().join("app.db")).await.unwrap();
        Self { local: LocalClerk::seeded(), folder, pool }
    }

    fn client(&self) -> Clerk {
        self.local.client_builder().webhook_secret(self.local.webhook_secret()).build().unwrap()
    }

    /// Starts a process of the service, with connections and memory of its own, and returns its address.
    async fn process(&self) -> String {
        let pool = open(&self.folder.path().join("app.db")).await.unwrap();
        serve(app(self.client(), pool).unwrap()).await
    }

    /// Creates a user, and returns its ID and the data of its events.
    async fn user(&self) -> (String, Value) {
        let user = self.local.user("Ada", "Lovelace").create();
        let user = self.client().send(api::get(&user)).await.unwrap();
        (user.id.to_string(), serde_json::to_value(&user).unwrap())
    }

    /// The event of a change, as Clerk sends it.
    fn changed(&self, kind: &str, user: &Value, name: &str, updated_at: i64) -> Request<Bytes> {
        let mut user = user.clone();
        user["first_name"] = name.into();
        user["updated_at"] = updated_at.into();
        self.local.webhook(kind, &user)
    }

    fn deleted(&self, id: &str) -> Request<Bytes> {
        self.local.webhook("user.deleted", &json!({ "object": "user", "id": id, "deleted": true }))
    }

    /// The event of a new session.
    async fn signed_in(&self, id: &str) -> Request<Bytes> {
        let session = self.local.sign_in(id);
        let session = self.client().send(sessions::get(session.session_id())).await.unwrap();
        self.local.webhook("session.created", &serde_json::to_value(&session).unwrap())
    }

    async fn count(&self, table: &'static str) -> i64 {
        let statement = match table {
            "users" => "SELECT count(*) FROM users",
            "sign_ins" => "SELECT count(*) FROM sign_ins",
            "deliveries" => "SELECT count(*) FROM deliveries",
            other => panic!("{other}"),
        };
        sqlx::query_scalar(statement).fetch_one(&self.pool).await.unwrap()
    }

    /// The name, the email address, and whether the user is deleted.
    async fn row(&self, id: &str) -> (Option<String>, Option<String>, bool) {
        let statement = "SELECT name, email, deleted_at IS NOT NULL FROM users WHERE id = ?";
        sqlx::query_as(statement).bind(id).fetch_one(&self.pool).await.unwrap()
    }
}

#[tokio::test]
async fn the_first_request_creates_the_row_with_one_call() {
    let stage = Stage::new().await;
    let address = stage.process().await;
    let token = stage.local.sign_in("user_ada").token();
    for _ in 0..3 {
        let (status, row) = get(&format!("{address}/me"), &token).await;
        assert_eq!(status, 200, "{row}");
        assert_eq!(row, json!({ "id": "user_ada", "name": "Ada Lovelace", "email": "ada@example.com" }));
    }
    assert_eq!(stage.count("users").await, 1);
    assert_eq!(stage.local.requests().to("GET", "/users/user_ada").len(), 1);
    assert_eq!(get(&format!("{address}/me"), "nonsense").await.0, 401);
}

#[tokio::test]
async fn first_requests_and_webhooks_at_once_leave_one_row_with_the_newest_state() {
    let stage = Stage::new().await;
    let processes = [stage.process().await, stage.process().await];
    for round in 1..=8 {
        let (id, old) = stage.user().await;
        let renamed = stage.client().send(api::update(&*id).first_name("Augusta")).await.unwrap();
        let renamed = serde_json::to_value(&renamed).unwrap();
        // Not the same millisecond: between equal times, the later delivery wins.
        let before = renamed["updated_at"].as_i64().unwrap() - 1;
        let created = stage.changed("user.created", &old, "Ada", before);
        let updated = stage.local.webhook("user.updated", &renamed);
        let token = stage.local.sign_in(&*id).token();
        let requests = join_all(processes.iter().map(|address| format!("{address}/me")).map(|url| {
            let token = token.clone();
            async move { get(&url, &token).await.0 }
        }));
        let deliveries = join_all(
            processes.iter().zip([&updated, &created]).map(|(address, event)| deliver(address, event)),
        );
        let (requests, deliveries) = tokio::join!(requests, deliveries);
        assert_eq!((requests, deliveries), (vec![200, 200], vec![204, 204]), "round {round}");
        assert_eq!(stage.count("users").await, round);
        assert_eq!(stage.row(&id).await.0.as_deref(), Some("Augusta Lovelace"));
    }
}

/// Returns every order of these indices.
fn orders(indices: &[usize]) -> Vec<Vec<usize>> {
    if indices.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |first: &usize| {
        let rest: Vec<usize> = indices.iter().copied().filter(|index| index != first).collect();
        orders(&rest).into_iter().map(|rest| [vec![*first], rest].concat()).collect::<Vec<_>>()
    };
    indices.iter().flat_map(with_first).collect()
}

#[tokio::test]
async fn events_in_any_order_leave_the_newest_state_and_a_deleted_user_stays_deleted() {
    let stage = Stage::new().await;
    let address = stage.process().await;
    for (events, is_deleted) in [(&[0, 1, 2][..], false), (&[0, 2, 3, 4], true)] {
        for order in orders(events) {
            let (id, user) = stage.user().await;
            let all = [
                stage.changed("user.created", &user, "first", 1_000),
                stage.changed("user.updated", &user, "second", 2_000),
                stage.changed("user.updated", &user, "third", 3_000),
                stage.deleted(&id),
                stage.signed_in(&id).await,
            ];
            for index in &order {
                assert_eq!(deliver(&address, &all[*index]).await, 204, "{order:?}");
            }
            let (name, email, deleted) = stage.row(&id).await;
            let expected = (!is_deleted).then(|| "third Lovelace".to_owned());
            assert_eq!((name, deleted), (expected, is_deleted), "{order:?}");
            assert!(!is_deleted || email.is_none(), "{order:?}");
            assert_eq!(stage.count("sign_ins").await, 0, "{order:?}");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_still_valid_does_not_create_a_deleted_user_again() {
    let stage = Stage::new().await;
    let address = stage.process().await;
    // The webhook comes before the user's first request.
    let (id, _) = stage.user().await;
    let token = stage.local.sign_in(&*id).token();
    assert_eq!(deliver(&address, &stage.deleted(&id)).await, 204);
    // The process that got the delivery refuses the token itself; the others find the user's row.
    let other = stage.process().await;
    for (address, code) in [(&address, "session-revoked"), (&other, "user-deleted")] {
        let (status, body) = get(&format!("{address}/me"), &token).await;
        assert_eq!((status, body["error"]["code"].as_str()), (401, Some(code)));
    }
    assert!(stage.row(&id).await.2);
    // Without a webhook, Clerk says so.
    let (id, _) = stage.user().await;
    let token = stage.local.sign_in(&*id).token();
    stage.client().send(api::delete(&*id)).await.unwrap();
    let (status, body) = get(&format!("{address}/me"), &token).await;
    assert_eq!((status, body["error"]["code"].as_str()), (401, Some("user-deleted")));
    assert_eq!(stage.count("users").await, 1);
}

#[tokio::test]
async fn a_repeated_delivery_is_handled_once_in_all_processes_and_after_a_restart() {
    let stage = Stage::new().await;
    let processes = [stage.process().await, stage.process().await, stage.process().await];
    let delivery = stage.signed_in("user_ada").await;
    let all = (0..30).map(|index| deliver(&processes[index % processes.len()], &delivery));
    for status in join_all(all).await {
        // 409: this process is still handling it, and Clerk would deliver it again.
        assert!([204, 409].contains(&status), "{status}");
    }
    assert_eq!(stage.count("sign_ins").await, 1);
    let restarted = stage.process().await;
    assert_eq!(deliver(&restarted, &delivery).await, 204);
    assert_eq!(stage.count("sign_ins").await, 1);
    // Another delivery is another sign-in.
    assert_eq!(deliver(&restarted, &stage.signed_in("user_ada").await).await, 204);
    assert_eq!(stage.count("sign_ins").await, 2);
}

#[tokio::test]
async fn a_delivery_that_failed_half_way_is_handled_completely_the_next_time() {
    let stage = Stage::new().await;
    let address = stage.process().await;
    let delivery = stage.signed_in("user_ada").await;
    let fails = "CREATE TRIGGER fails BEFORE INSERT ON sign_ins BEGIN SELECT RAISE(ABORT, 'no room'); END";
    sqlx::raw_sql(fails).execute(&stage.pool).await.unwrap();
    assert_eq!(deliver(&address, &delivery).await, 500);
    assert_eq!((stage.count("deliveries").await, stage.count("sign_ins").await), (0, 0));
    sqlx::raw_sql("DROP TRIGGER fails").execute(&stage.pool).await.unwrap();
    assert_eq!(deliver(&address, &delivery).await, 204);
    assert_eq!((stage.count("deliveries").await, stage.count("sign_ins").await), (1, 1));
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_not_recorded_so_that_clerk_delivers_it_again() {
    let stage = Stage::new().await;
    let address = stage.process().await;
    let delivery = stage.local.webhook("user.created", &json!({ "object": "user" }));
    assert_eq!(deliver(&address, &delivery).await, 500);
    assert_eq!(stage.count("deliveries").await, 0);
}

#[tokio::test]
async fn old_deliveries_are_forgotten() {
    let stage = Stage::new().await;
    let address = stage.process().await;
    let before = stage.client().now();
    assert_eq!(deliver(&address, &stage.signed_in("user_ada").await).await, 204);
    assert_eq!(forget_deliveries(&stage.pool, before).await.unwrap(), 0);
    let later = before.saturating_add(Duration::from_secs(3600));
    assert_eq!(forget_deliveries(&stage.pool, later).await.unwrap(), 1);
}
