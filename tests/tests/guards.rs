//! Which routes a guard covers, depending on where it stands in an axum application.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

use std::net::SocketAddr;

use axum::{Router, routing::get as on_get};
use clerk_axum::{ClerkLayer, require};
use clerk_core::token::{Check, Reverification};
use clerk_tests::{Instance, get, send, serve};
use http::{Method, Request};
use http_body_util::Full;

struct Visitors {
    address: SocketAddr,
    ada: String,
    grace: String,
}

/// Serves an application to nobody, Ada (admin) and Grace (member).
async fn visit(app: Router) -> Visitors {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let token = |user: &str| instance.local.sign_in(user).organization("org_acme").token();
    let (ada, grace) = (token("user_ada"), token("user_grace"));
    Visitors { address: serve(app.layer(ClerkLayer::new(&clerk))).await, ada, grace }
}

impl Visitors {
    /// The statuses for nobody, Grace and Ada.
    async fn expect(&self, path: &str, statuses: [u16; 3]) {
        for (who, token, status) in [
            ("nobody", "", statuses[0]),
            ("Grace", &*self.grace, statuses[1]),
            ("Ada", &*self.ada, statuses[2]),
        ] {
            assert_eq!(get(self.address, path, token).await.status, status, "{path} for {who}");
        }
    }
}

#[tokio::test]
async fn a_route_layer_covers_the_routes_before_it_and_no_others() {
    let app = Router::new()
        .route("/before", on_get("before"))
        .route("/{other}/before", on_get("before"))
        .route_layer(require::signed_in())
        .route("/after", on_get("after"))
        .fallback("fallback");
    let visitors = visit(app).await;
    visitors.expect("/before", [401, 200, 200]).await;
    visitors.expect("/x/before", [401, 200, 200]).await;
    visitors.expect("/after", [200, 200, 200]).await;
    visitors.expect("/nowhere", [200, 200, 200]).await;
}

#[tokio::test]
async fn a_layer_covers_the_fallback_too() {
    let app = Router::new()
        .route("/before", on_get("before"))
        .fallback("fallback")
        .layer(require::signed_in())
        .route("/after", on_get("after"));
    let visitors = visit(app).await;
    visitors.expect("/before", [401, 200, 200]).await;
    visitors.expect("/nowhere", [401, 200, 200]).await;
    visitors.expect("/after", [200, 200, 200]).await;
}

#[tokio::test]
async fn guards_of_nested_and_merged_routers_add_up_and_stay_inside() {
    let admin = Router::new()
        .route("/users", on_get("users"))
        .route_layer(require::permission("org:users:manage"))
        .route("/help", on_get("help"));
    let team = Router::new()
        .nest("/admin", admin)
        .route("/reports", on_get("reports").route_layer(require::permission("org:reports:read")))
        .route_layer(require::signed_in());
    let merged = Router::new().route("/merged", on_get("merged")).route_layer(require::role("org:admin"));
    let app = Router::new().nest("/team", team).merge(merged).route("/open", on_get("open"));
    let visitors = visit(app).await;
    visitors.expect("/team/admin/users", [401, 403, 200]).await;
    visitors.expect("/team/admin/help", [401, 200, 200]).await;
    visitors.expect("/team/reports", [401, 200, 200]).await;
    visitors.expect("/merged", [401, 403, 200]).await;
    visitors.expect("/open", [200, 200, 200]).await;
    visitors.expect("/team/admin/nowhere", [404, 404, 404]).await;
    visitors.expect("/users", [404, 404, 404]).await;
}

#[tokio::test]
async fn other_spellings_of_a_path_are_no_way_around_a_guard() {
    let app = Router::new()
        .route("/admin/users", on_get("users").route_layer(require::role("org:admin")))
        .fallback(async || (http::StatusCode::NOT_FOUND, "nothing"));
    let visitors = visit(app).await;
    visitors.expect("/admin/users?x=/open", [401, 403, 200]).await;
    for path in [
        "/admin/users/",
        "//admin/users",
        "/admin//users",
        "/Admin/Users",
        "/admin%2Fusers",
        "/x/../admin/users",
    ] {
        let statuses = [404, 404, 404];
        visitors.expect(path, statuses).await;
    }
    // Another spelling of the same path is the same path: guarded, or nothing at all.
    assert_ne!(get(visitors.address, "/admin/%75sers", "").await.status, 200);
}

#[tokio::test]
async fn a_guard_of_one_method_leaves_the_others_alone() {
    let app =
        Router::new().route("/thing", on_get("read").route_layer(require::role("org:admin")).post("written"));
    let visitors = visit(app).await;
    visitors.expect("/thing", [401, 403, 200]).await;
    for (method, status) in [(Method::POST, 200), (Method::HEAD, 401), (Method::DELETE, 405)] {
        let request = Request::builder().method(method.clone()).uri("/thing").body(Full::default()).unwrap();
        assert_eq!(send(visitors.address, request).await.status, status, "{method}");
    }
}

#[tokio::test]
async fn a_check_passes_only_when_all_of_it_holds() {
    let both = || Check::new().role("org:admin").permission("org:users:manage");
    let app = Router::new()
        .route("/empty", on_get("").route_layer(require::has(Check::new())))
        .route("/both", on_get("").route_layer(require::has(both())))
        .route("/half", on_get("").route_layer(require::has(both().permission("org:money:print"))))
        .route("/system", on_get("").route_layer(require::permission("org:sys_memberships:manage")))
        .route(
            "/recent",
            on_get("").route_layer(require::has(Check::new().reverification(Reverification::STRICT))),
        );
    let visitors = visit(app).await;
    visitors.expect("/empty", [401, 403, 403]).await;
    visitors.expect("/both", [401, 403, 200]).await;
    visitors.expect("/half", [401, 403, 403]).await;
    visitors.expect("/system", [401, 403, 403]).await;
    visitors.expect("/recent", [401, 200, 200]).await;
    assert_eq!(get(visitors.address, "/empty", &visitors.ada).await.code(), "check-failed");
}
