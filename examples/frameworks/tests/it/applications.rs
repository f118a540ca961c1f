//! Small applications in frameworks that are not built on tower: each is what its author would write, and a story that it
//! has to get right, over real sockets.

use std::collections::{BTreeMap, HashSet};

use clerk_local::{LocalClerk, LocalServer};
use poem::listener::TcpAcceptor;
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};

use crate::program::Reply;

// The files that users copy. Neither application uses everything in its own.
#[allow(dead_code)]
#[path = "../../actix/clerk.rs"]
mod actix_clerk;
#[allow(dead_code)]
#[path = "../../poem/clerk.rs"]
mod poem_clerk;

async fn instance() -> (LocalClerk, LocalServer) {
    let server = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await.unwrap();
    (server.local().clone(), server)
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

/// A GraphQL API. Each resolver decides who may see what it returns.
mod graphql {
    use std::{io, net::TcpListener};

    use actix_web::{App, HttpServer, dev::Server, web};
    use async_graphql::{
        Context, EmptySubscription, Error, ErrorExtensions as _, Guard, Object, Result, Schema,
    };
    use async_graphql_actix_web::{GraphQLRequest, GraphQLResponse};
    use clerk_core::token::Check;
    use clerk_tower::{
        ClerkVerifier,
        server::{authenticate::Auth, rejection::Rejection},
    };

    use super::actix_clerk::{self, Rejected, Visitor};

    type Api = Schema<Query, Mutation, EmptySubscription>;

    /// `?` alone would compile, but lose the code, which front ends need to react.
    #[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
    fn denied(rejection: Rejection) -> Error {
        Error::new(rejection.message()).extend_with(|_, error| error.set("code", rejection.code()))
    }

    struct Permission(&'static str);

    impl Guard for Permission {
        async fn check(&self, context: &Context<'_>) -> Result<()> {
            let auth = context.data::<Auth>()?;
            auth.require_has(&Check::new().permission(self.0)).map(drop).map_err(denied)
        }
    }

    struct Query;

    #[Object]
    impl Query {
        async fn public_greeting(&self, context: &Context<'_>) -> Result<String> {
            let session = context.data::<Auth>()?.optional_session().map_err(denied)?;
            Ok(session.map_or("Hello".to_owned(), |session| format!("Hello {}", session.claims().user_id())))
        }

        async fn me(&self, context: &Context<'_>) -> Result<Option<String>> {
            Ok(context.data::<Auth>()?.user().await.map_err(denied)?.full_name())
        }
    }

    struct Mutation;

    #[Object]
    impl Mutation {
        #[graphql(guard = r#"Permission("org:reports:manage")"#)]
        async fn publish_report(&self, title: String) -> String {
            format!("published {title}")
        }
    }

    /// A request with an invalid token gets 401, and one that cannot be decided 503 with `Retry-After`, before any resolver
    /// runs: a status is what clients and proxies repeat. If Clerk fails later, for `me`, other fields have been resolved, so
    /// it is an error of this field, with the code `clerk-unavailable`.
    async fn execute(
        Visitor(auth): Visitor,
        api: web::Data<Api>,
        request: GraphQLRequest,
    ) -> Result<GraphQLResponse, Rejected> {
        auth.optional_session()?;
        Ok(api.execute(request.into_inner().data(auth)).await.into())
    }

    pub(super) fn serve(clerk: ClerkVerifier, listener: TcpListener) -> io::Result<Server> {
        let api = web::Data::new(Schema::new(Query, Mutation, EmptySubscription));
        let app = move || {
            App::new()
                .app_data(api.clone())
                // Not GET, which would execute mutations too: a link on another site would do, because browsers send the
                // session cookie with it.
                .route("/graphql", web::post().to(execute))
                .wrap(actix_clerk::authenticate(clerk.clone()))
        };
        Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
    }
}

/// Returns the status, the codes of the errors, and the values of the other fields in the order of their names.
async fn resolved(request: RequestBuilder, query: &str) -> (u16, Value) {
    let reply = Reply::to(request.body(json!({ "query": query }).to_string())).await;
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    let errors = body["errors"].as_array().into_iter().flatten();
    let codes = errors.map(|error| error.pointer("/extensions/code").unwrap_or(&error["code"]).clone());
    let mut results: Vec<Value> = codes.collect();
    // By name: the order of a response's members differs with serde_json's feature `preserve_order`.
    let data: BTreeMap<_, _> = body["data"].as_object().into_iter().flatten().collect();
    results.extend(data.into_values().filter(|value| !value.is_null()).cloned());
    (reply.status, results.into())
}

#[tokio::test]
async fn a_graphql_api_has_the_code_of_a_rejection_in_its_errors() {
    let (local, server) = instance().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let clerk = server.client_builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k").build().unwrap();
    tokio::spawn(graphql::serve(clerk.into(), listener).unwrap());
    let client = client();
    let post = || client.post(&url).header("content-type", "application/json");
    let (both, publish) = ("{ publicGreeting me }", "mutation { publishReport(title: \"Q3\") }");

    let ada = local.sign_in("user_ada").organization("org_acme").token();
    local.user("Bad", "Boy").id("user_banned").banned(true).create();
    let grace = local.sign_in("user_grace").organization("org_acme");
    let banned = local.sign_in("user_banned").token();
    let bearer = |token: &str| post().bearer_auth(token);
    for (request, query, expected) in [
        (bearer(&ada), both, (200, json!(["Ada Lovelace", "Hello user_ada"]))),
        (bearer(&ada), publish, (200, json!(["published Q3"]))),
        (bearer(&grace.token()), publish, (200, json!(["permission-missing"]))),
        (bearer(&banned), both, (200, json!(["user-banned", "Hello user_banned"]))),
        (post(), both, (200, json!(["session-token-and-uat-missing", "Hello"]))),
        (post(), publish, (200, json!(["session-token-and-uat-missing"]))),
        (bearer("nonsense"), both, (401, json!(["token-invalid"]))),
        (
            bearer(&grace.expired_token()),
            "{ publicGreeting }",
            (401, json!(["session-token-expired-refresh-non-eligible-non-get"])),
        ),
    ] {
        assert_eq!(resolved(request, query).await, expected, "{query}");
    }
    assert_eq!(Reply::to(client.get(format!("{url}?query={publish}")).bearer_auth(&ada)).await.status, 404);

    // A browser comes back from Clerk with new cookies, which it has to keep although the resolver fails.
    let lines = [format!("__session={}; Path=/", grace.token()), "__client_uat=1; Path=/; Secure".to_owned()];
    let handshake = local.sign_claims(&json!({}), &json!({ "handshake": lines }));
    let request = post().header("cookie", format!("__clerk_handshake={handshake}"));
    let reply = Reply::to(request.body(json!({ "query": publish }).to_string())).await;
    assert!(reply.status == 200 && reply.body.contains("permission-missing"), "{reply:?}");
    assert_eq!(reply.cookie_names(), ["__session", "__client_uat"]);
    assert_eq!(reply.header("cache-control"), "no-store");

    server.shutdown().await;
    let grace = bearer(&grace.token());
    assert_eq!(resolved(grace, both).await, (200, json!(["clerk-unavailable", "Hello user_grace"])));
    // A token whose key is not known yet cannot be decided at all.
    local.rotate_keys();
    let request = bearer(&local.sign_in("user_ada").token());
    let reply = Reply::to(request.body(json!({ "query": both }).to_string())).await;
    assert_eq!(reply.summary(), (503, "clerk-unavailable".to_owned()));
    assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(resolved(post(), "{ publicGreeting }").await, (200, json!(["Hello"])));
}

/// The pages of a team that administrates a service, rendered on the server.
mod admin_area {
    use std::{collections::HashSet, sync::Arc};

    use clerk_core::{
        api::users,
        id::{OrganizationId, UserId},
        token::Check,
    };
    use clerk_tower::{
        ClerkVerifier,
        server::{authenticate::Auth, rejection::Rejection},
    };
    use poem::{
        Endpoint, EndpointExt as _, IntoResponse as _, Request, Response, Result, Route, get, handler, post,
        web::{Html, Path, Redirect},
    };

    use super::poem_clerk::{Authenticate, CurrentUser, Visitor, convert, head, rejected};

    /// From the configuration.
    pub(super) struct Admins {
        /// Its members with the role `org:admin` are administrators. The role alone is not enough: anyone who may create an
        /// organization has it there.
        pub(super) team: OrganizationId,
        /// Others who are administrators, such as the first one.
        pub(super) users: HashSet<UserId>,
    }

    impl Admins {
        fn admit(&self, auth: &Auth) -> Result<(), Rejection> {
            let claims = auth.require_session()?.claims();
            let is_admin = auth.require_has(&Check::new().role("org:admin")).is_ok();
            let is_in_team = claims.organization().is_some_and(|active| *active.id == self.team);
            let is_listed = self.users.contains(claims.user_id());
            // Whoever acts for an administrator, such as a member of the support team, is not one.
            let is_admitted = (is_listed || is_in_team && is_admin) && claims.actor().is_none();
            is_admitted.then_some(()).ok_or_else(|| Rejection::forbidden("not-an-admin"))
        }
    }

    async fn admins_only<E: Endpoint>(
        next: Arc<E>,
        request: Request,
        admins: Arc<Admins>,
    ) -> Result<Response> {
        let auth: &Auth = request.data().ok_or_else(|| rejected(Rejection::layer_missing()))?;
        let Err(rejection) = admins.admit(auth) else { return Ok(next.call(request).await?.into_response()) };
        match auth.sign_in_instead_of(&head(&request), &rejection) {
            Ok(Some(redirect)) => Ok(convert(redirect)),
            Ok(None) | Err(_) => Err(rejected(rejection)),
        }
    }

    #[handler]
    async fn overview(CurrentUser(admin): CurrentUser) -> Html<String> {
        let name = admin.full_name().unwrap_or_default();
        // A user chooses the name.
        let name = name.replace('&', "&amp;").replace('<', "&lt;");
        Html(format!("<h1>Administration</h1><p>{name}"))
    }

    #[handler]
    async fn ban(Visitor(auth): Visitor, Path(user): Path<String>) -> Result<Redirect> {
        let ban = auth.clerk().map_err(rejected)?.send(users::ban(user)).await;
        ban.map_err(|error| rejected(Rejection::of_call(&error)))?;
        Ok(Redirect::see_other("/admin"))
    }

    pub(super) fn app(clerk: ClerkVerifier, admins: Admins) -> impl Endpoint {
        let admins = Arc::new(admins);
        let pages = Route::new()
            .at("/", get(overview))
            .at("/users/:user/ban", post(ban))
            .around(move |next, request| admins_only(next, request, admins.clone()));
        Route::new().nest("/admin", pages).with(Authenticate(clerk))
    }
}

#[tokio::test]
async fn an_admin_area_sends_browsers_to_sign_in_and_lets_only_admins_in() {
    let (local, server) = instance().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/admin", listener.local_addr().unwrap());
    let admins = admin_area::Admins { team: "org_acme".into(), users: HashSet::from(["user_alan".into()]) };
    let app = admin_area::app(server.client_builder().build().unwrap().into(), admins);
    tokio::spawn(poem::Server::new_with_acceptor(TcpAcceptor::from_tokio(listener).unwrap()).run(app));
    let client = client();
    let page = |url: &str, cookies: &str| {
        client.get(url).header("sec-fetch-dest", "document").header("cookie", cookies)
    };

    // A new browser of a development instance visits Clerk first, which finds nobody signed in.
    let start = Reply::to(page(&url, "")).await;
    assert_eq!(start.status, 307);
    let at_clerk = Reply::to(client.get(start.header("location"))).await;
    let back = Reply::to(page(at_clerk.header("location"), "")).await;
    assert_eq!((back.status, back.header("location")), (307, url.as_str()));
    let signed_out = Reply::to(page(&url, &back.jar())).await;
    assert_eq!((signed_out.status, signed_out.header("cache-control")), (303, "no-store"));
    let sign_in = reqwest::Url::parse(signed_out.header("location")).unwrap();
    assert!(sign_in.as_str().starts_with(&server.sign_in_url()), "{sign_in}");
    assert!(sign_in.query_pairs().any(|(name, value)| name == "redirect_url" && value == *url), "{sign_in}");

    // Alan is in the list.
    local.user("<b>", "Bold").id("user_bold").create();
    let mallory = local.organization("Mallory's").created_by("user_bold").create();
    let session = |user: &str| local.sign_in(user);
    let (ada, alan) = (session("user_ada").organization("org_acme"), session("user_alan"));
    let acting = session("user_alan").claim("act", json!({ "sub": "user_grace" }));
    for (session, expected) in [
        (&ada, (200, "<h1>Administration</h1><p>Ada Lovelace")),
        (&alan, (200, "<h1>Administration</h1><p>Alan Turing")),
        (&acting, (403, "not-an-admin")),
        // Not a member of the team, a member without the role, and an administrator of something else.
        (&session("user_ada"), (403, "not-an-admin")),
        (&session("user_grace").organization("org_acme"), (403, "not-an-admin")),
        (&session("user_bold").organization(&mallory), (403, "not-an-admin")),
    ] {
        let expected = (expected.0, expected.1.to_owned());
        assert_eq!(Reply::to(page(&url, &session.cookies())).await.summary(), expected);
        assert_eq!(Reply::to(client.get(&url).bearer_auth(session.token())).await.summary(), expected);
    }
    let html = Reply::to(page(&url, &ada.cookies())).await;
    assert_eq!(html.header("content-type"), "text/html; charset=utf-8");

    // Scripts and forms are not redirected, and pages that do not exist are guarded too.
    let ban = format!("{url}/users/user_alan/ban");
    for (method, url) in [(Method::GET, &url), (Method::POST, &ban), (Method::GET, &format!("{url}/nowhere"))]
    {
        let reply = Reply::to(client.request(method, url)).await;
        assert_eq!(reply.summary(), (401, "dev-browser-missing".to_owned()));
        assert_eq!(reply.header("content-type"), "application/json");
    }

    // Alan is banned. His tokens are refused at once, also one that would be valid for a minute; his browser has to sign in.
    let banned = Reply::to(client.post(&ban).header("cookie", ada.cookies())).await;
    assert_eq!((banned.status, banned.header("location")), (303, "/admin"));
    let refused = Reply::to(client.get(&url).bearer_auth(alan.token())).await;
    assert_eq!(refused.summary(), (401, "session-revoked".to_owned()));
    assert_eq!(Reply::to(page(&url, &alan.cookies())).await.status, 303);
}
