//! Every guard in every place where axum can put one: what it covers there, and which doors it leaves open.

use axum::{
    Router,
    response::Response,
    routing::{MethodRouter, any, any_service, get},
};
use clerk_axum::{
    AcceptedKinds, ClerkLayer, require,
    token::{Reverification, TokenKind},
};
use clerk_tests::{
    Instance, get as fetch,
    guarded::{Visitors, ask, authenticated, clerk},
    send, serve,
};
use clerk_tower::{client::options::CallOptions, server::require::RequireLayer};
use http::{Method, Request};
use http_body_util::Full;
use tower::{ServiceBuilder, service_fn};

/// A guard, and the statuses for the visitors.
type Guarded = (&'static str, RequireLayer, [u16; 8]);

/// One guard of every kind, each with another pattern of answers where there can be one.
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

/// What stands behind the guards.
async fn secret() -> &'static str {
    "secret"
}

fn route() -> Router {
    Router::new().route("/x", get(secret))
}

/// A place: how an application is built with a guard there, and the paths that the guard covers. The guard lets pass
/// to the secret there, and where a path ends with `nowhere`, to nothing.
struct Place {
    name: &'static str,
    build: fn(RequireLayer) -> Router,
    paths: &'static [&'static str],
}

const fn place(
    name: &'static str,
    build: fn(RequireLayer) -> Router,
    paths: &'static [&'static str],
) -> Place {
    Place { name, build, paths }
}

/// Every place where a guard covers what it should.
fn places() -> Vec<Place> {
    vec![
        place("method route_layer", |g| Router::new().route("/x", get(secret).route_layer(g)), &["/x"]),
        place("method layer", |g| Router::new().route("/x", get(secret).layer(g)), &["/x"]),
        place("any method", |g| Router::new().route("/x", any(secret).layer(g)), &["/x"]),
        place("router route_layer", |g| route().route_layer(g), &["/x"]),
        place("router layer", |g| route().layer(g), &["/x", "/nowhere"]),
        place("in a stack", |g| route().layer(ServiceBuilder::new().layer(g)), &["/x", "/nowhere"]),
        place("twice", |g| route().route_layer(g.clone()).layer(g), &["/x"]),
        place("parameter", |g| Router::new().route("/{id}", get(secret)).route_layer(g), &["/1", "/%2e"]),
        place("wildcard", |g| Router::new().route("/{*rest}", get(secret)).route_layer(g), &["/a", "/a/b"]),
        place("service", |g| Router::new().route_service("/x", get(secret)).route_layer(g), &["/x"]),
        place("nested, inside", |g| Router::new().nest("/in", route().route_layer(g)), &["/in/x"]),
        place("nested, layer inside", |g| Router::new().nest("/in", route().layer(g)), &["/in/x"]),
        place("nested, outside", |g| Router::new().nest("/in", route()).route_layer(g), &["/in/x"]),
        place(
            "nested, layer outside",
            |g| Router::new().nest("/in", route()).layer(g),
            &["/in/x", "/in/nowhere", "/nowhere"],
        ),
        place(
            "nested service",
            |g| Router::new().nest_service("/in", any_service(route())).route_layer(g),
            &["/in/x"],
        ),
        place(
            "nested twice",
            |g| Router::new().nest("/a", Router::new().nest("/b", route().route_layer(g))),
            &["/a/b/x"],
        ),
        place(
            "merged, before",
            |g| Router::new().route("/y", get(secret)).merge(route().route_layer(g)),
            &["/x"],
        ),
        place(
            "merged, after",
            |g| Router::new().route("/y", get(secret)).merge(route()).route_layer(g),
            &["/x", "/y"],
        ),
        place("fallback, layer", |g| Router::new().fallback(get(secret)).layer(g), &["/", "/file.txt"]),
        place(
            "fallback's own",
            |g| Router::new().fallback_service(get(secret).layer(g)),
            &["/", "/file.txt"],
        ),
        place(
            "nested fallback, layer inside",
            |g| Router::new().nest("/in", Router::new().fallback(get(secret)).layer(g)),
            &["/in", "/in/file.txt"],
        ),
        place(
            "nested fallback, layer outside",
            |g| Router::new().nest("/in", Router::new().fallback(get(secret))).layer(g),
            &["/in/file.txt", "/nowhere"],
        ),
        place(
            "fallback of a nested router that has none, layer outside",
            |g| Router::new().nest("/in", route()).fallback(get(secret)).layer(g),
            &["/in/file.txt", "/file.txt"],
        ),
        place(
            "merged fallback",
            |g| route().merge(Router::new().fallback(get(secret)).layer(g)),
            &["/file.txt"],
        ),
        place(
            "with state",
            |g| {
                let app: Router<u8> = Router::new().route("/x", get(secret)).route_layer(g);
                app.with_state(1)
            },
            &["/x"],
        ),
    ]
}

/// All of `guards` in all of `places`, for all visitors.
#[tokio::test(start_paused = true)]
async fn every_guard_says_the_same_in_every_place() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    for place in places() {
        for (guard, layer, statuses) in guards() {
            let app = (place.build)(layer).layer(ClerkLayer::new(&clerk));
            for path in place.paths {
                for ((who, token), status) in visitors.iter().zip(statuses) {
                    for method in [Method::GET, Method::HEAD] {
                        let what = format!("{guard}, {}: {method} {path} for {who}", place.name);
                        let answer = ask(&app, method.clone(), path, token).await;
                        let is_nothing = status == 200 && path.ends_with("nowhere");
                        assert_eq!(answer.status, if is_nothing { 404 } else { status }, "{what}");
                        let is_shown = answer.status == 200 && method == Method::GET;
                        assert_eq!(answer.body == "secret", is_shown, "{what}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_guard_without_the_layer_or_around_it_is_500_in_every_place() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    for place in places() {
        for (guard, layer, _) in guards() {
            let bare = (place.build)(layer.clone());
            let around = (place.build)(layer.clone()).layer(ClerkLayer::new(&clerk)).layer(layer);
            for path in place.paths {
                for (who, token) in visitors.iter() {
                    for app in [&bare, &around] {
                        let answer = ask(app, Method::GET, path, token).await;
                        let what = format!("{guard}, {}: {path} for {who}", place.name);
                        assert_eq!(answer.summary(), (500, "clerk-layer-missing".to_owned()), "{what}");
                    }
                }
            }
        }
    }
}

/// The layer may stand anywhere outside of the guards.
#[tokio::test]
async fn the_layer_may_be_nested_as_long_as_it_is_outside() {
    let instance = Instance::new();
    let (clerk, ada) = (clerk(&instance, AcceptedKinds::any()), instance.ada());
    let layer = || ClerkLayer::new(&clerk);
    let guarded = || route().route_layer(require::role("org:admin"));
    let stack = ServiceBuilder::new().layer(layer()).layer(require::role("org:admin"));
    let upside_down = ServiceBuilder::new().layer(require::role("org:admin")).layer(layer());
    for (place, app, statuses) in [
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
            assert_eq!(ask(&app, Method::GET, "/in/x", token).await.status, status, "{place}");
        }
    }
}

/// A door that stands open to nobody, and the way to close it.
struct Door {
    name: &'static str,
    open: Router,
    closed: Router,
    asks: &'static str,
}

fn doors() -> Vec<Door> {
    let guard = require::signed_in;
    let files = || get(secret);
    let guarded_files = || Router::new().fallback(files()).layer(guard());
    vec![
        Door {
            name: "a fallback under route_layer",
            open: route().fallback(files()).route_layer(guard()),
            closed: route().fallback(files()).layer(guard()),
            asks: "GET /file.txt",
        },
        Door {
            name: "a fallback under route_layer, guarded by itself",
            open: route().route_layer(guard()).fallback(files()),
            closed: route().route_layer(guard()).fallback_service(files().layer(guard())),
            asks: "GET /file.txt",
        },
        Door {
            name: "a fallback that is set after a layer",
            open: route().layer(guard()).fallback(files()),
            closed: route().fallback(files()).layer(guard()),
            asks: "GET /file.txt",
        },
        Door {
            name: "a nested router's fallback under route_layer",
            open: Router::new().nest("/in", route().fallback(files()).route_layer(guard())),
            closed: Router::new().nest("/in", Router::new().fallback(files()).layer(guard())),
            asks: "GET /in/file.txt",
        },
        Door {
            name: "a nested router's fallback under a route_layer outside",
            open: Router::new().nest("/in", route().fallback(files())).route_layer(guard()),
            closed: Router::new().nest("/in", Router::new().fallback(files())).layer(guard()),
            asks: "GET /in/file.txt",
        },
        Door {
            name: "the outer fallback below a nested router that is guarded",
            open: Router::new().nest("/in", route().layer(guard())).fallback(files()),
            closed: Router::new().nest("/in", route()).fallback(files()).layer(guard()),
            asks: "GET /in/file.txt",
        },
        Door {
            // Which axum forgets, unless the router in between has one too.
            name: "the outer fallback instead of a guarded one that is nested twice",
            open: Router::new().nest("/a", Router::new().nest("/b", guarded_files())).fallback(files()),
            closed: Router::new()
                .nest("/a", Router::new().nest("/b", guarded_files()))
                .fallback(files())
                .layer(guard()),
            asks: "GET /a/b/file.txt",
        },
        Door {
            name: "a route after route_layer",
            open: route().route_layer(guard()).route("/late", files()),
            closed: route().route("/late", files()).route_layer(guard()),
            asks: "GET /late",
        },
        Door {
            name: "a route after layer",
            open: route().layer(guard()).route("/late", files()),
            closed: route().route("/late", files()).layer(guard()),
            asks: "GET /late",
        },
        Door {
            name: "a router that is nested after the guard",
            open: route().route_layer(guard()).nest("/in", route()),
            closed: Router::new().nest("/in", route()).route_layer(guard()),
            asks: "GET /in/x",
        },
        Door {
            name: "a router that is merged after the guard",
            open: Router::new().layer(guard()).merge(route()),
            closed: Router::new().merge(route()).layer(guard()),
            asks: "GET /x",
        },
        Door {
            name: "a handler of other methods that is set after layer",
            open: route().layer(guard()).method_not_allowed_fallback(secret),
            closed: route().method_not_allowed_fallback(secret).layer(guard()),
            asks: "POST /x",
        },
        Door {
            name: "a handler of other methods that is set after route_layer",
            open: route().route_layer(guard()).method_not_allowed_fallback(secret),
            closed: route().method_not_allowed_fallback(secret).route_layer(guard()),
            asks: "POST /x",
        },
        Door {
            name: "the outer handler of other methods reaches into a nested router that is guarded",
            open: Router::new().nest("/in", route().layer(guard())).method_not_allowed_fallback(secret),
            closed: Router::new().nest("/in", route()).method_not_allowed_fallback(secret).layer(guard()),
            asks: "POST /in/x",
        },
    ]
}

#[tokio::test]
async fn doors_that_axum_leaves_open_can_be_closed() {
    let instance = Instance::new();
    let (clerk, ada) = (clerk(&instance, AcceptedKinds::any()), instance.ada());
    for door in doors() {
        for (app, status, said) in [(door.open, 200, "secret"), (door.closed, 401, "")] {
            let app = app.layer(ClerkLayer::new(&clerk));
            let (method, path) = door.asks.split_once(' ').unwrap();
            let ask = async |token| ask(&app, method.parse().unwrap(), path, token).await;
            let answer = ask("").await;
            assert_eq!(answer.status, status, "{} {}", door.name, door.asks);
            assert_eq!(answer.body == "secret", said == "secret", "{}", door.name);
            assert_eq!(ask(&ada).await.body, "secret", "{}", door.name);
        }
    }
}

#[tokio::test]
async fn methods_are_covered_with_what_is_put_on_them() {
    let instance = Instance::new();
    let guard = require::signed_in;
    let thing = |route: MethodRouter| Router::new().route("/x", route);
    const METHODS: [Method; 6] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
    for (place, app, statuses) in [
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
            let answer = ask(&app, method.clone(), "/x", "").await;
            assert_eq!(answer.status, status, "{place}: {method}");
        }
    }
}

/// One guard in a router, in a nested one, in one that is merged, and on a fallback.
fn guarded_four_times(guard: &RequireLayer) -> Router {
    let merged = Router::new().route("/merged", get(secret));
    route()
        .route_layer(guard.clone())
        .nest("/in", route().layer(guard.clone()))
        .merge(merged.route_layer(guard.clone()))
        .fallback_service(get(secret).layer(guard.clone()))
}

#[tokio::test]
async fn every_guard_says_the_same_over_a_socket() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    let once = clerk.with(CallOptions::new().max_attempts(1));
    for (guard, layer, statuses) in guards() {
        let address = serve(guarded_four_times(&layer).layer(ClerkLayer::new(&once))).await;
        for path in ["/x", "/in/x", "/merged", "/file.txt"] {
            for ((who, token), status) in visitors.iter().zip(statuses) {
                let answer = fetch(address, path, token).await;
                let what = format!("{guard}: {path} for {who}");
                assert_eq!(answer.status, status, "{what}");
                assert_eq!(answer.body == "secret", status == 200, "{what}");
            }
        }
    }
}

/// The same over a socket, where the server's own ideas of HEAD and OPTIONS come in.
#[tokio::test]
async fn it_is_the_same_over_a_socket() {
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
        for ((who, token), status) in visitors.iter().zip(statuses) {
            assert_eq!(fetch(address, path, token).await.status, status, "{path} for {who}");
            if who == "nobody" {
                let head = Request::head(path).body(Full::default()).unwrap();
                let answer = send(address, head).await;
                assert_eq!((answer.status.as_u16(), &*answer.body), (status, ""), "HEAD {path}");
            }
        }
    }
}
