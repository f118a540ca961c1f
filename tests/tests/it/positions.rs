//! Tests every guard in every position that axum allows: what it covers there, and which gaps it leaves.

use axum::{
    Router,
    response::Response,
    routing::{MethodRouter, any, any_service, get},
};
use clerk_axum::{
    AcceptedKinds, ClerkLayer,
    require::{self, RequireLayer},
    token::{Reverification, TokenKind},
};
use clerk_tests::{
    Instance, get as fetch,
    guarded::{Visitors, ask, authenticated, clerk},
    send, serve,
};
use clerk_tower::client::options::CallOptions;
use http::{Method, Request};
use http_body_util::Full;
use tower::{ServiceBuilder, service_fn};

/// A guard, and the statuses it produces for the visitors.
type Guarded = (&'static str, RequireLayer, [u16; 8]);

/// Returns one guard of every kind, each with a different pattern of statuses where possible.
fn guards() -> Vec<Guarded> {
    let export = require::feature("export");
    vec![
        ("signed in", require::signed_in(), [401, 401, 401, 200, 200, 200, 401, 503]),
        ("permission", require::permission("org:users:read"), [401, 401, 401, 403, 200, 200, 401, 503]),
        ("role", require::role("org:admin"), [401, 401, 401, 403, 403, 200, 401, 503]),
        ("feature", require::feature("export"), [401, 401, 401, 200, 403, 403, 401, 503]),
        ("plan", require::plan("user:plus"), [401, 401, 401, 200, 403, 403, 401, 503]),
        (
            "reverification",
            require::reverification(Reverification::STRICT),
            [401, 401, 401, 200, 403, 200, 401, 503],
        ),
        (
            "token",
            require::token([TokenKind::Session, TokenKind::ApiKey]),
            [401, 401, 401, 200, 200, 200, 200, 503],
        ),
        ("machine", require::machine(TokenKind::ApiKey), [401, 401, 401, 401, 401, 401, 200, 503]),
        ("scope", require::scope(TokenKind::ApiKey, "write"), [401, 401, 401, 401, 401, 401, 403, 503]),
        ("or", export.or(require::machine(TokenKind::ApiKey)), [401, 401, 401, 200, 403, 403, 200, 503]),
        ("and", require::signed_in().and(require::role("admin")), [401, 401, 401, 403, 403, 200, 401, 503]),
        ("page", require::signed_in().redirect_to_sign_in(), [401, 401, 401, 200, 200, 200, 401, 503]),
    ]
}

/// The resource behind the guards.
async fn secret() -> &'static str {
    "secret"
}

fn route() -> Router {
    Router::new().route("/x", get(secret))
}

/// A router layout: how an application is built with a guard in it, and the paths that the guard covers. Visitors that
/// pass the guard reach the secret, or a 404 if the path ends with `nowhere`.
struct Layout {
    name: &'static str,
    build: fn(RequireLayer) -> Router,
    paths: &'static [&'static str],
}

const fn layout(
    name: &'static str,
    build: fn(RequireLayer) -> Router,
    paths: &'static [&'static str],
) -> Layout {
    Layout { name, build, paths }
}

/// Returns every layout in which a guard covers what it should.
fn layouts() -> Vec<Layout> {
    vec![
        layout("method route_layer", |g| Router::new().route("/x", get(secret).route_layer(g)), &["/x"]),
        layout("method layer", |g| Router::new().route("/x", get(secret).layer(g)), &["/x"]),
        layout("any method", |g| Router::new().route("/x", any(secret).layer(g)), &["/x"]),
        layout("router route_layer", |g| route().route_layer(g), &["/x"]),
        layout("router layer", |g| route().layer(g), &["/x", "/nowhere"]),
        layout("in a stack", |g| route().layer(ServiceBuilder::new().layer(g)), &["/x", "/nowhere"]),
        layout("twice", |g| route().route_layer(g.clone()).layer(g), &["/x"]),
        layout("parameter", |g| Router::new().route("/{id}", get(secret)).route_layer(g), &["/1", "/%2e"]),
        layout("wildcard", |g| Router::new().route("/{*rest}", get(secret)).route_layer(g), &["/a", "/a/b"]),
        layout("service", |g| Router::new().route_service("/x", get(secret)).route_layer(g), &["/x"]),
        layout("nested, inside", |g| Router::new().nest("/in", route().route_layer(g)), &["/in/x"]),
        layout("nested, layer inside", |g| Router::new().nest("/in", route().layer(g)), &["/in/x"]),
        layout("nested, outside", |g| Router::new().nest("/in", route()).route_layer(g), &["/in/x"]),
        layout(
            "nested, layer outside",
            |g| Router::new().nest("/in", route()).layer(g),
            &["/in/x", "/in/nowhere", "/nowhere"],
        ),
        layout(
            "nested service",
            |g| Router::new().nest_service("/in", any_service(route())).route_layer(g),
            &["/in/x"],
        ),
        layout(
            "nested twice",
            |g| Router::new().nest("/a", Router::new().nest("/b", route().route_layer(g))),
            &["/a/b/x"],
        ),
        layout(
            "merged, before",
            |g| Router::new().route("/y", get(secret)).merge(route().route_layer(g)),
            &["/x"],
        ),
        layout(
            "merged, after",
            |g| Router::new().route("/y", get(secret)).merge(route()).route_layer(g),
            &["/x", "/y"],
        ),
        layout("fallback, layer", |g| Router::new().fallback(get(secret)).layer(g), &["/", "/file.txt"]),
        layout(
            "fallback's own",
            |g| Router::new().fallback_service(get(secret).layer(g)),
            &["/", "/file.txt"],
        ),
        layout(
            "nested fallback, layer inside",
            |g| Router::new().nest("/in", Router::new().fallback(get(secret)).layer(g)),
            &["/in", "/in/file.txt"],
        ),
        layout(
            "nested fallback, layer outside",
            |g| Router::new().nest("/in", Router::new().fallback(get(secret))).layer(g),
            &["/in/file.txt", "/nowhere"],
        ),
        layout(
            "fallback of a nested router that has none, layer outside",
            |g| Router::new().nest("/in", route()).fallback(get(secret)).layer(g),
            &["/in/file.txt", "/file.txt"],
        ),
        layout(
            "merged fallback",
            |g| route().merge(Router::new().fallback(get(secret)).layer(g)),
            &["/file.txt"],
        ),
        layout(
            "with state",
            |g| {
                let app: Router<u8> = Router::new().route("/x", get(secret)).route_layer(g);
                app.with_state(1)
            },
            &["/x"],
        ),
    ]
}

/// Checks every guard in every layout for every visitor.
#[tokio::test(start_paused = true)]
async fn every_guard_responds_the_same_in_every_layout() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    for layout in layouts() {
        for (guard, layer, statuses) in guards() {
            let app = (layout.build)(layer).layer(ClerkLayer::new(&clerk));
            for path in layout.paths {
                for ((visitor, token), status) in visitors.iter().zip(statuses) {
                    for method in [Method::GET, Method::HEAD] {
                        let what = format!("{guard}, {}: {method} {path} for {visitor}", layout.name);
                        let response = ask(&app, method.clone(), path, token).await;
                        let is_nothing = status == 200 && path.ends_with("nowhere");
                        assert_eq!(response.status, if is_nothing { 404 } else { status }, "{what}");
                        let is_shown = response.status == 200 && method == Method::GET;
                        assert_eq!(response.body == "secret", is_shown, "{what}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_guard_without_the_layer_or_outside_of_it_is_500_in_every_layout() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    for layout in layouts() {
        for (guard, layer, _) in guards() {
            let bare = (layout.build)(layer.clone());
            let around = (layout.build)(layer.clone()).layer(ClerkLayer::new(&clerk)).layer(layer);
            for path in layout.paths {
                for (visitor, token) in visitors.iter() {
                    for app in [&bare, &around] {
                        let response = ask(app, Method::GET, path, token).await;
                        let what = format!("{guard}, {}: {path} for {visitor}", layout.name);
                        assert_eq!(response.summary(), (500, "clerk-layer-missing".to_owned()), "{what}");
                    }
                }
            }
        }
    }
}

/// The layer may be added anywhere outside of the guards.
#[tokio::test]
async fn the_layer_may_be_nested_if_it_encloses_the_guard() {
    let instance = Instance::new();
    let (clerk, ada) = (clerk(&instance, AcceptedKinds::any()), instance.ada());
    let layer = || ClerkLayer::new(&clerk);
    let guarded = || route().route_layer(require::role("org:admin"));
    let stack = ServiceBuilder::new().layer(layer()).layer(require::role("org:admin"));
    let upside_down = ServiceBuilder::new().layer(require::role("org:admin")).layer(layer());
    for (layout, app, statuses) in [
        ("on the nested router", Router::new().nest("/in", guarded().layer(layer())), [401, 200]),
        ("around it", Router::new().nest("/in", guarded()).layer(layer()), [401, 200]),
        ("both", Router::new().nest("/in", guarded().layer(layer())).layer(layer()), [401, 200]),
        ("route_layer", Router::new().nest("/in", guarded()).route_layer(layer()), [401, 200]),
        ("in one stack", Router::new().nest("/in", route().layer(stack)), [401, 200]),
        ("in one stack, inside", Router::new().nest("/in", route().layer(upside_down)), [500, 500]),
        ("on another router", Router::new().nest("/in", guarded()).merge(route().layer(layer())), [500, 500]),
        ("before the guarded routes", Router::new().layer(layer()).nest("/in", guarded()), [500, 500]),
    ] {
        for (token, status) in ["", &ada].into_iter().zip(statuses) {
            assert_eq!(ask(&app, Method::GET, "/in/x", token).await.status, status, "{layout}");
        }
    }
}

/// A route that a guard unexpectedly leaves open, and the same application with the gap closed.
struct Gap {
    name: &'static str,
    open: Router,
    closed: Router,
    request: &'static str,
}

fn gaps() -> Vec<Gap> {
    let guard = require::signed_in;
    let files = || get(secret);
    let guarded_files = || Router::new().fallback(files()).layer(guard());
    vec![
        Gap {
            name: "a fallback under route_layer",
            open: route().fallback(files()).route_layer(guard()),
            closed: route().fallback(files()).layer(guard()),
            request: "GET /file.txt",
        },
        Gap {
            name: "a fallback under route_layer, guarded by itself",
            open: route().route_layer(guard()).fallback(files()),
            closed: route().route_layer(guard()).fallback_service(files().layer(guard())),
            request: "GET /file.txt",
        },
        Gap {
            name: "a fallback that is set after a layer",
            open: route().layer(guard()).fallback(files()),
            closed: route().fallback(files()).layer(guard()),
            request: "GET /file.txt",
        },
        Gap {
            name: "a nested router's fallback under route_layer",
            open: Router::new().nest("/in", route().fallback(files()).route_layer(guard())),
            closed: Router::new().nest("/in", Router::new().fallback(files()).layer(guard())),
            request: "GET /in/file.txt",
        },
        Gap {
            name: "a nested router's fallback under a route_layer outside",
            open: Router::new().nest("/in", route().fallback(files())).route_layer(guard()),
            closed: Router::new().nest("/in", Router::new().fallback(files())).layer(guard()),
            request: "GET /in/file.txt",
        },
        Gap {
            name: "the outer fallback below a nested router that is guarded",
            open: Router::new().nest("/in", route().layer(guard())).fallback(files()),
            closed: Router::new().nest("/in", route()).fallback(files()).layer(guard()),
            request: "GET /in/file.txt",
        },
        Gap {
            // axum drops this fallback unless the router in between has one too.
            name: "the outer fallback instead of a guarded one that is nested twice",
            open: Router::new().nest("/a", Router::new().nest("/b", guarded_files())).fallback(files()),
            closed: Router::new()
                .nest("/a", Router::new().nest("/b", guarded_files()))
                .fallback(files())
                .layer(guard()),
            request: "GET /a/b/file.txt",
        },
        Gap {
            name: "a route after route_layer",
            open: route().route_layer(guard()).route("/late", files()),
            closed: route().route("/late", files()).route_layer(guard()),
            request: "GET /late",
        },
        Gap {
            name: "a route after layer",
            open: route().layer(guard()).route("/late", files()),
            closed: route().route("/late", files()).layer(guard()),
            request: "GET /late",
        },
        Gap {
            name: "a router that is nested after the guard",
            open: route().route_layer(guard()).nest("/in", route()),
            closed: Router::new().nest("/in", route()).route_layer(guard()),
            request: "GET /in/x",
        },
        Gap {
            name: "a router that is merged after the guard",
            open: Router::new().layer(guard()).merge(route()),
            closed: Router::new().merge(route()).layer(guard()),
            request: "GET /x",
        },
        Gap {
            name: "a handler of other methods that is set after layer",
            open: route().layer(guard()).method_not_allowed_fallback(secret),
            closed: route().method_not_allowed_fallback(secret).layer(guard()),
            request: "POST /x",
        },
        Gap {
            name: "a handler of other methods that is set after route_layer",
            open: route().route_layer(guard()).method_not_allowed_fallback(secret),
            closed: route().method_not_allowed_fallback(secret).route_layer(guard()),
            request: "POST /x",
        },
        Gap {
            name: "the outer handler of other methods reaches into a nested router that is guarded",
            open: Router::new().nest("/in", route().layer(guard())).method_not_allowed_fallback(secret),
            closed: Router::new().nest("/in", route()).method_not_allowed_fallback(secret).layer(guard()),
            request: "POST /in/x",
        },
    ]
}

#[tokio::test]
async fn gaps_that_axum_leaves_in_guards_can_be_closed() {
    let instance = Instance::new();
    let (clerk, ada) = (clerk(&instance, AcceptedKinds::any()), instance.ada());
    for gap in gaps() {
        for (app, status, expected_body) in [(gap.open, 200, "secret"), (gap.closed, 401, "")] {
            let app = app.layer(ClerkLayer::new(&clerk));
            let (method, path) = gap.request.split_once(' ').unwrap();
            let ask = async |token| ask(&app, method.parse().unwrap(), path, token).await;
            let response = ask("").await;
            assert_eq!(response.status, status, "{} {}", gap.name, gap.request);
            assert_eq!(response.body == "secret", expected_body == "secret", "{}", gap.name);
            assert_eq!(ask(&ada).await.body, "secret", "{}", gap.name);
        }
    }
}

#[tokio::test]
async fn a_guard_on_a_method_router_covers_its_methods() {
    let instance = Instance::new();
    let guard = require::signed_in;
    let thing = |route: MethodRouter| Router::new().route("/x", route);
    const METHODS: [Method; 6] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
    for (layout, app, statuses) in [
        ("route_layer of a route", thing(get(secret).route_layer(guard())), [401, 401, 405, 405, 405, 405]),
        ("layer of a route", thing(get(secret).layer(guard())), [401, 401, 401, 401, 401, 401]),
        (
            "a method after it",
            thing(get(secret).route_layer(guard()).post(secret)),
            [401, 401, 200, 405, 405, 405],
        ),
        (
            "a method after layer",
            thing(get(secret).layer(guard()).post(secret)),
            [401, 401, 200, 401, 401, 401],
        ),
        (
            "a method before it",
            thing(get(secret).post(secret).route_layer(guard())),
            [401, 401, 401, 405, 405, 405],
        ),
        (
            "two methods, one guarded",
            thing(get(secret)).merge(thing(axum::routing::post(secret).route_layer(guard()))),
            [200, 200, 401, 405, 405, 405],
        ),
        ("any method", thing(any(secret).layer(guard())), [401; 6]),
        (
            "other methods",
            thing(get(secret).fallback(secret).route_layer(guard())),
            [401, 401, 200, 200, 200, 200],
        ),
        ("other methods, layer", thing(get(secret).fallback(secret).layer(guard())), [401; 6]),
        (
            "other methods after layer",
            thing(get(secret).layer(guard()).fallback(secret)),
            [401, 401, 200, 200, 200, 200],
        ),
        ("route_layer of the router", thing(get(secret)).route_layer(guard()), [401; 6]),
        ("layer of the router", thing(get(secret)).layer(guard()), [401; 6]),
        (
            "OPTIONS after the guard",
            thing(get(secret).route_layer(guard()).options(secret)),
            [401, 401, 405, 405, 405, 200],
        ),
    ] {
        let app = authenticated(&instance, app);
        for (method, status) in METHODS.into_iter().zip(statuses) {
            let response = ask(&app, method.clone(), "/x", "").await;
            assert_eq!(response.status, status, "{layout}: {method}");
        }
    }
}

/// One guard in a router, in a nested router, in a merged router, and on a fallback.
fn guarded_four_times(guard: &RequireLayer) -> Router {
    let merged = Router::new().route("/merged", get(secret));
    route()
        .route_layer(guard.clone())
        .nest("/in", route().layer(guard.clone()))
        .merge(merged.route_layer(guard.clone()))
        .fallback_service(get(secret).layer(guard.clone()))
}

#[tokio::test]
async fn every_guard_responds_the_same_over_a_socket() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    let once = clerk.with(CallOptions::new().max_attempts(1));
    for (guard, layer, statuses) in guards() {
        let address = serve(guarded_four_times(&layer).layer(ClerkLayer::new(&once))).await;
        for path in ["/x", "/in/x", "/merged", "/file.txt"] {
            for ((visitor, token), status) in visitors.iter().zip(statuses) {
                let response = fetch(address, path, token).await;
                let what = format!("{guard}: {path} for {visitor}");
                assert_eq!(response.status, status, "{what}");
                assert_eq!(response.body == "secret", status == 200, "{what}");
            }
        }
    }
}

/// Over a socket the server's own handling of HEAD and OPTIONS matters too.
#[tokio::test]
async fn guards_and_layers_behave_the_same_over_a_socket() {
    let instance = Instance::new();
    let inner = route().fallback(get(secret)).layer(require::role("org:admin"));
    let service =
        service_fn(async |_: Request<_>| Ok::<_, std::convert::Infallible>(Response::new("own".to_owned())));
    let service = ServiceBuilder::new().layer(require::signed_in()).service(service);
    let app = Router::new().nest("/in", inner).route_service("/own", service).route("/open", get(secret));
    let address = serve(authenticated(&instance, app)).await;
    let visitors = Visitors::of(&instance);
    for (path, statuses) in [
        ("/in/x", [401, 401, 401, 403, 403, 200, 401, 503]),
        ("/in/file.txt", [401, 401, 401, 403, 403, 200, 401, 503]),
        ("/own", [401, 401, 401, 200, 200, 200, 401, 503]),
        ("/open", [200; 8]),
        ("/nowhere", [404; 8]),
    ] {
        for ((visitor, token), status) in visitors.iter().zip(statuses) {
            assert_eq!(fetch(address, path, token).await.status, status, "{path} for {visitor}");
            if visitor == "nobody" {
                let head = Request::head(path).body(Full::default()).unwrap();
                let response = send(address, head).await;
                assert_eq!((response.status.as_u16(), &*response.body), (status, ""), "HEAD {path}");
            }
        }
    }
}
