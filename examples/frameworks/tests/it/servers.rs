//! What every server does, whatever its framework is.

use reqwest::{Method, header::HeaderValue};

use crate::program::{Program, Reply, Service};

const SERVERS: [&str; 2] = [env!("CARGO_BIN_EXE_actix"), env!("CARGO_BIN_EXE_poem")];

fn expected(status: u16, summary: &str) -> (u16, String) {
    (status, summary.to_owned())
}

#[tokio::test]
async fn requests_are_signed_in_by_header_and_by_cookie() {
    for path in SERVERS {
        let service = Service::start(path).await;
        service.local.user("Bad", "Boy").id("user_banned").banned(true).create();
        let session = service.local.sign_in("user_grace").organization("org_acme");
        let alan = service.local.sign_in("user_alan").token();
        let get = |path| service.request(Method::GET, path);
        let bearer = |path, token: &str| get(path).header("authorization", format!("Bearer {token}"));
        let token = session.token();
        for (request, response) in [
            (get("/"), expected(200, "Nobody is signed in")),
            (bearer("/", &token), expected(200, "Hello user_grace")),
            (get("/").header("cookie", session.cookies()), expected(200, "Hello user_grace")),
            (service.page("/", &session.cookies()), expected(200, "Hello user_grace")),
            (bearer("/", "nonsense"), expected(401, "token-invalid")),
            (bearer("/session", &token), expected(200, "user_grace")),
            (bearer("/me", &token), expected(200, "Grace Hopper")),
            (bearer("/me", &service.local.sign_in("user_banned").token()), expected(403, "user-banned")),
            (get("/me"), expected(401, "dev-browser-missing")),
            (bearer("/me", "nonsense"), expected(401, "token-invalid")),
            (
                get("/me").header("cookie", session.expired_cookies()),
                expected(401, "session-token-expired-refresh-non-eligible-no-refresh-cookie"),
            ),
            (bearer("/report", &token), expected(200, "the report")),
            (bearer("/report", &alan), expected(403, "permission-missing")),
            (get("/report"), expected(401, "dev-browser-missing")),
            // Two credentials: whichever is read, another program on the way may have read the other one.
            (
                bearer("/me", &alan).header("authorization", format!("Bearer {token}")),
                expected(401, "token-invalid"),
            ),
        ] {
            let described = format!("{path}: {response:?}");
            let reply = Reply::to(request).await;
            assert_eq!(reply.summary(), response, "{described}");
            let is_rejected = reply.status == 401 || reply.status == 403;
            assert_eq!(reply.headers.contains_key("www-authenticate"), is_rejected, "{described}");
            assert_eq!(
                reply.header("cache-control"),
                if is_rejected { "no-store" } else { "" },
                "{described}"
            );
            let is_signed_out = reply.status == 401 || reply.body == "Nobody is signed in";
            let status = if is_signed_out { "signed-out" } else { "" };
            assert_eq!(reply.header("x-clerk-auth-status"), status, "{described}");
        }
    }
}

#[tokio::test]
async fn header_values_need_not_be_text() {
    for path in SERVERS {
        let service = Service::start(path).await;
        let latin = |text: &str| {
            let bytes: Vec<u8> = text.chars().map(|char| u8::try_from(char).unwrap()).collect();
            HeaderValue::from_bytes(&bytes).unwrap()
        };
        let get = |path| service.request(Method::GET, path).header("x-motto", latin("caf\u{e9}"));
        let cookies = format!("motto=caf\u{e9}; {}", service.local.sign_in("user_ada").cookies());
        let reply = Reply::to(get("/session").header("cookie", latin(&cookies))).await;
        assert_eq!(reply.summary(), expected(200, "user_ada"), "{path}");
        let reply = Reply::to(get("/session").header("authorization", latin("Bearer caf\u{e9}"))).await;
        assert_eq!(reply.summary(), expected(401, "token-invalid"), "{path}");
    }
}

/// Sends a browser with an expired session through a handshake, and returns its cookies.
async fn handshake(service: &Service, page: &str, expired: &str) -> String {
    let start = Reply::to(service.page(page, expired)).await;
    assert_eq!((start.status, start.body.as_str(), start.header("cache-control")), (307, "", "no-store"));
    assert_eq!(start.header("x-clerk-auth-status"), "handshake");
    assert_eq!(start.cookie_names(), ["__clerk_redirect_count"]);
    let location = start.header("location");
    assert!(location.starts_with(&format!("{}/v1/client/handshake?", service.clerk.api_url())), "{location}");

    let at_clerk = Reply::to(service.client().get(location)).await;
    let back = at_clerk.header("location").strip_prefix(service.url.as_str()).unwrap();
    assert!(back.starts_with(&page[1..]) && back.contains("__clerk_handshake"), "{back}");
    let end = Reply::to(service.page(&format!("/{back}"), expired)).await;
    assert_eq!((end.status, end.header("cache-control")), (307, "no-store"));
    assert_eq!(end.header("location"), service.url.join(page).unwrap().as_str());
    assert!(end.cookie_names().contains(&"__session"), "{end:?}");
    end.jar()
}

#[tokio::test]
async fn a_browser_with_an_expired_session_is_sent_to_clerk_and_back() {
    for path in SERVERS {
        let service = Service::start(path).await;
        let expired = service.local.sign_in("user_grace").expired_cookies();
        let cookies = handshake(&service, "/me?tab=1", &expired).await;
        let page = Reply::to(service.page("/me?tab=1", &cookies)).await;
        assert_eq!(page.summary(), expected(200, "Grace Hopper"), "{path}");
    }
}

#[tokio::test]
async fn renewed_cookies_are_set_whatever_the_response_is() {
    for path in SERVERS {
        let service = Service::start(path).await;
        service.local.set_refresh_tokens(true);
        let session = service.local.sign_in("user_alan");
        let fresh = handshake(&service, "/", &session.expired_cookies()).await;
        let refresh = fresh.split("; ").find(|cookie| cookie.starts_with("__refresh_")).unwrap();
        let cookies = format!("{}; {refresh}", session.expired_cookies());
        for (page, response, own) in [
            ("/session", expected(200, "user_alan"), &[][..]),
            ("/theme", expected(204, ""), &["theme", "contrast"]),
            // A rejection, the error of a handler, that of a middleware, and that of the router.
            ("/report", expected(403, "permission-missing"), &[]),
            ("/tea", expected(418, "no tea"), &[]),
            ("/coffee", expected(418, "no coffee"), &[]),
            ("/nowhere", expected(404, ""), &[]),
        ] {
            let reply = Reply::to(service.page(page, &cookies)).await;
            assert_eq!(
                (reply.status, reply.header("cache-control")),
                (response.0, "no-store"),
                "{path} {page}"
            );
            // The frameworks have different words for it.
            assert!(page == "/nowhere" || reply.summary() == response, "{path} {reply:?}");
            let names = reply.cookie_names();
            assert_eq!(&names[..own.len()], own, "{path} {page}");
            let sessions = names.iter().filter(|name| name.starts_with("__session"));
            assert_eq!(sessions.count(), 2, "{path} {page}: {names:?}");
        }
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_deletes_its_cookies() {
    for path in SERVERS {
        let service = Service::start(path).await;
        let session = service.local.sign_in("user_ada");
        let request = service.request(Method::POST, "/sign-out").header("cookie", session.cookies());
        let reply = Reply::to(request).await;
        assert_eq!((reply.status, reply.header("location")), (303, "/"), "{path}");
        let is_deleted = |(name, value): &(&str, &str)| name.starts_with("__session") && value.is_empty();
        assert!(reply.cookies().len() == 2 && reply.cookies().iter().all(is_deleted), "{path} {reply:?}");
        let revoke = format!("/sessions/{}/revoke", session.session_id());
        assert_eq!(service.local.requests().to("POST", &revoke).len(), 1, "{path}");
    }
}

#[tokio::test]
async fn without_clerk_requests_with_a_token_are_undecided() {
    for path in SERVERS {
        let service = Service::start(path).await;
        let token = service.local.sign_in("user_ada").token();
        let (request, public) = (service.request(Method::GET, "/me"), service.request(Method::GET, "/"));
        service.clerk.shutdown().await;
        let reply = Reply::to(request.bearer_auth(token)).await;
        assert_eq!(reply.summary(), expected(503, "clerk-unavailable"), "{path}");
        assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1, "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(Reply::to(public).await.summary(), expected(200, "Nobody is signed in"), "{path}");
    }
}

/// Without a secret key, the programs bring an instance of their own.
#[tokio::test]
async fn the_programs_work_without_an_account() {
    for path in SERVERS {
        let mut program = Program::start(path, Vec::new());
        let token = program.after("Authorization: Bearer ").await;
        let url = program.after("Listening on ").await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.get(format!("{url}/report")).bearer_auth(token.trim_end_matches('\''));
        assert_eq!(Reply::to(request).await.summary(), expected(200, "the report"), "{path}");
    }
}
