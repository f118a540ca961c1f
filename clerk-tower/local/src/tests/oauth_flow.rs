//! Tests of the OAuth provider over sockets: a browser, an application, and the client of the `oauth2` crate.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use clerk_core::{authenticate::MachineFacts, token::TokenKind};
use http::{
    HeaderMap, Request, Response, StatusCode, Uri,
    header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IntrospectionUrl, PkceCodeChallenge,
    RedirectUrl, RequestTokenError, Scope, TokenIntrospectionResponse as _, TokenResponse as _, TokenUrl,
    basic::{BasicClient, BasicErrorResponseType},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::{LocalClerk, LocalServer};

const RESOURCE: &str = "http://localhost:9/mcp";

fn http() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Sends one request over a socket.
async fn send(request: Request<Full<Bytes>>) -> (StatusCode, HeaderMap, Bytes) {
    let (head, body) = http().request(request).await.unwrap().into_parts();
    (head.status, head.headers, body.collect().await.unwrap().to_bytes())
}

async fn get(url: &str) -> Value {
    let (status, _, body) = send(Request::get(url).body(Full::default()).unwrap()).await;
    assert_eq!(status, 200, "{url}");
    serde_json::from_slice(&body).unwrap()
}

/// What the client of the `oauth2` crate sends with.
async fn carry(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Infallible> {
    let (status, headers, body) = send(request.map(|body| Full::new(body.into()))).await;
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// A browser with cookies, which follows redirects.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<(String, String), String>,
}

struct Page {
    url: Url,
    text: String,
}

impl Browser {
    async fn go(&mut self, url: &str, mut form: Option<(String, String)>) -> Page {
        let mut url = Url::parse(url).unwrap();
        for _ in 0..10 {
            let host = url.host_str().unwrap().to_owned();
            let own = self.cookies.iter().filter(|(name, _)| name.0 == host);
            let own: Vec<_> = own.map(|(name, value)| format!("{}={value}", name.1)).collect();
            let mut request = Request::builder().uri(url.as_str()).header("sec-fetch-dest", "document");
            if !own.is_empty() {
                request = request.header(COOKIE, own.join("; "));
            }
            let request = match form.take() {
                None => request.body(Full::default()),
                Some((origin, form)) => {
                    request.method("POST").header(ORIGIN, origin).body(Full::new(Bytes::from(form)))
                }
            };
            let (status, headers, body) = send(request.unwrap()).await;
            for line in headers.get_all(SET_COOKIE) {
                let (name, value) =
                    line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert((host.clone(), name.to_owned()), value.to_owned());
            }
            let Some(location) = headers.get(LOCATION) else {
                assert_eq!(status, 200, "{url}");
                return Page { url, text: String::from_utf8(body.to_vec()).unwrap() };
            };
            url = url.join(location.to_str().unwrap()).unwrap();
        }
        panic!("a redirect loop at {url}");
    }

    async fn open(&mut self, url: &str) -> Page {
        self.go(url, None).await
    }

    /// Submits the first form of a page with this action, with all its hidden fields.
    async fn submit(&mut self, page: &Page, action: &str, field: &str, value: &str) -> Page {
        let start =
            page.text.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("{}", page.text));
        let form = page.text[start..].split("</form>").next().unwrap();
        let attribute = |tag: &str, name: &str| {
            let rest = tag.split(&format!("{name}=\"")).nth(1)?;
            let value = rest.split('"').next()?;
            Some(
                value
                    .replace("&quot;", "\"")
                    .replace("&#39;", "'")
                    .replace("&lt;", "<")
                    .replace("&amp;", "&"),
            )
        };
        let hidden = form.split("<input type=\"hidden\"").skip(1);
        let mut fields = form_urlencoded::Serializer::new(String::new());
        for tag in hidden {
            fields.append_pair(&attribute(tag, "name").unwrap(), &attribute(tag, "value").unwrap());
        }
        fields.append_pair(field, value);
        let target = page.url.join(action).unwrap();
        let origin = page.url.origin().ascii_serialization();
        self.go(target.as_str(), Some((origin, fields.finish()))).await
    }

    /// Goes through the pages: signs Ada in, and decides.
    async fn authorize(&mut self, url: &Url, decision: &str) -> Url {
        let mut page = self.open(url.as_str()).await;
        if page.url.path() == "/sign-in" {
            page = self.submit(&page, "/sign-in", "user", "user_ada").await;
            page = self.submit(&page, "/sign-in/organization", "organization", "org_acme").await;
        }
        assert_eq!(page.url.path(), "/oauth/authorize", "{}", page.text);
        assert!(page.text.contains("wants to access your account"), "{}", page.text);
        self.submit(&page, "/oauth/authorize", "consented", decision).await.url
    }
}

/// An application that waits for browsers on a port of its own, and has a document about itself.
struct Application {
    url: String,
    document: Arc<Mutex<(Value, u64)>>,
}

impl Application {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let document = Arc::new(Mutex::new((json!(null), 0)));
        let shown = Arc::clone(&document);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shown = Arc::clone(&shown);
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let text = if request.uri().path() == "/client.json" {
                        let mut shown = shown.lock().unwrap();
                        shown.1 += 1;
                        shown.0.to_string()
                    } else {
                        "the application".to_owned()
                    };
                    let response = Response::builder().header(CONTENT_TYPE, "application/json");
                    async move { Ok::<_, Infallible>(response.body(Full::new(Bytes::from(text))).unwrap()) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, document }
    }
}

fn pair(url: &Url, name: &str) -> String {
    url.query_pairs().find(|pair| pair.0 == name).map(|pair| pair.1.into_owned()).unwrap_or_default()
}

/// Returns a served instance with Ada and her organization.
async fn serve() -> LocalServer {
    LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await.unwrap()
}

macro_rules! client {
    ($document:expr, $id:expr, $redirect:expr) => {
        BasicClient::new(ClientId::new($id))
            .set_auth_uri(AuthUrl::new($document["authorization_endpoint"].as_str().unwrap().into()).unwrap())
            .set_token_uri(TokenUrl::new($document["token_endpoint"].as_str().unwrap().into()).unwrap())
            .set_redirect_uri(RedirectUrl::new($redirect).unwrap())
    };
}

#[tokio::test]
async fn a_program_on_this_computer_gets_tokens_refreshes_and_loses_them() {
    let server = serve().await;
    let application = Application::start().await;
    let registered = server.local().oauth_application("CLI").redirect_uri("http://127.0.0.1/cb").public();
    let registered = registered.scopes(["openid", "profile", "email"]).create();
    let document = get(&format!("{}/.well-known/openid-configuration", server.api_url())).await;
    assert_eq!(document["issuer"], server.api_url());
    let introspection = document["introspection_endpoint"].as_str().unwrap();
    let client = client!(document, registered.client_id.clone(), format!("{}/cb", application.url))
        .set_auth_type(oauth2::AuthType::RequestBody)
        .set_introspection_url(IntrospectionUrl::new(introspection.into()).unwrap());

    let mut browser = Browser::default();
    let start = || {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
        let scopes = ["openid", "email"].map(|scope| Scope::new(scope.into()));
        let (url, state) = request.add_scopes(scopes).url();
        (url, state, verifier)
    };
    let (url, state, _) = start();
    let denied = browser.authorize(&url, "false").await;
    assert_eq!(
        (pair(&denied, "error"), pair(&denied, "state")),
        ("access_denied".into(), state.secret().clone())
    );

    let (url, state, verifier) = start();
    let back = browser.authorize(&url, "true").await;
    assert!(back.as_str().starts_with(&format!("{}/cb?", application.url)), "{back}");
    assert_eq!((pair(&back, "state"), pair(&back, "iss")), (state.secret().clone(), server.api_url()));
    let code = AuthorizationCode::new(pair(&back, "code"));
    let tokens =
        client.exchange_code(code.clone()).set_pkce_verifier(verifier).request_async(&carry).await.unwrap();
    assert_eq!(tokens.expires_in().unwrap().as_secs(), 86_400);
    assert_eq!(tokens.scopes().unwrap().len(), 2);
    let known = client.introspect(tokens.access_token()).request_async(&carry).await.unwrap();
    assert_eq!((known.active(), known.sub()), (true, Some("user_ada")));
    // The application's own server accepts the token.
    let clerk = server.client_builder().authentication(|options| options.accepted_kinds([TokenKind::OAuth]));
    let clerk = clerk.build().unwrap();
    assert!(
        clerk
            .authenticate_token(tokens.access_token().secret())
            .await
            .require_machine(TokenKind::OAuth)
            .is_ok()
    );

    let refresh = tokens.refresh_token().unwrap().clone();
    let renewed = client.exchange_refresh_token(&refresh).request_async(&carry).await.unwrap();
    assert_ne!(renewed.refresh_token().unwrap().secret(), refresh.secret());
    let error = client.exchange_refresh_token(&refresh).request_async(&carry).await.unwrap_err();
    let RequestTokenError::ServerResponse(error) = error else { panic!("{error:?}") };
    assert_eq!(error.error(), &BasicErrorResponseType::InvalidGrant);
    assert!(error.error_description().is_some());
    let known = client.introspect(renewed.access_token()).request_async(&carry).await.unwrap();
    assert!(!known.active());
}

#[tokio::test]
async fn an_application_registers_itself_and_gets_a_token_for_its_resource() {
    let server = serve().await;
    server.local().set_dynamic_registration(true);
    server.local().set_oauth_jwt_access_tokens(true);
    let application = Application::start().await;
    let document = get(&format!("{}/.well-known/oauth-authorization-server", server.api_url())).await;
    let redirect = format!("{}/cb", application.url);
    let metadata = json!({ "client_name": "Agent", "redirect_uris": [redirect] }).to_string();
    let endpoint: Uri = document["registration_endpoint"].as_str().unwrap().parse().unwrap();
    let (status, _, body) = send(Request::post(endpoint).body(Full::new(metadata.into())).unwrap()).await;
    assert_eq!(status, 201);
    let registered: Value = serde_json::from_slice(&body).unwrap();
    let text = |name: &str| registered[name].as_str().unwrap().to_owned();
    let client = client!(document, text("client_id"), redirect)
        .set_client_secret(ClientSecret::new(text("client_secret")));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    let (url, _) = request.add_extra_param("resource", RESOURCE).url();
    let back = Browser::default().authorize(&url, "true").await;
    let code = AuthorizationCode::new(pair(&back, "code"));
    let request =
        client.exchange_code(code).set_pkce_verifier(verifier).add_extra_param("resource", RESOURCE);
    let tokens = request.request_async(&carry).await.unwrap();
    let clerk = server.client_builder().authentication(|options| options.accepted_kinds([TokenKind::OAuth]));
    let clerk = clerk.build().unwrap();
    let auth = clerk.authenticate_token(tokens.access_token().secret()).await;
    let MachineFacts::OAuth(token) = auth.require_machine(TokenKind::OAuth).unwrap().facts() else {
        unreachable!()
    };
    assert_eq!(token.client_id, Some(text("client_id")));
    assert_eq!(token.audience, [RESOURCE]);
}

#[tokio::test]
async fn an_application_describes_itself_in_a_document_on_this_computer() {
    let server = serve().await;
    let application = Application::start().await;
    let id = format!("{}/client.json", application.url);
    let redirect = format!("{}/cb", application.url);
    let good = json!({
        "client_id": id, "client_name": "Described", "redirect_uris": [redirect], "scope": "openid email",
        "token_endpoint_auth_method": "none",
    });
    let document = get(&format!("{}/.well-known/oauth-authorization-server", server.api_url())).await;
    let client = client!(document, id.clone(), redirect.clone()).set_auth_type(oauth2::AuthType::RequestBody);
    let start = || {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        (client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge).url().0, verifier)
    };
    let status = async |url: &Url| send(Request::get(url.as_str()).body(Full::default()).unwrap()).await.0;
    let changed = |name: &str, value: Value| {
        let mut document = good.clone();
        document[name] = value;
        document
    };
    for (bad, reason) in [
        (json!([]), "it is not a JSON object"),
        (changed("client_id", json!("http://127.0.0.1:1/client.json")), "client_id in it is not its URL"),
        (changed("redirect_uris", json!([])), "redirect_uris must be"),
        (changed("redirect_uris", json!(["http://localhost/\r\ncb"])), "redirect_uris must be"),
        (changed("token_endpoint_auth_method", json!("client_secret_basic")), "must be none"),
        (changed("client_secret", json!("x")), "it must not have a client_secret"),
        (changed("logo_uri", json!("javascript:alert(1)")), "logo_uri must be an http or https URL"),
        (changed("client_uri", json!("x".repeat(6000))), "is longer than 5 KB"),
    ] {
        application.document.lock().unwrap().0 = bad.clone();
        let request = Request::get(start().0.as_str()).body(Full::default()).unwrap();
        let (status, _, body) = send(request).await;
        let body = String::from_utf8_lossy(&body);
        assert_eq!(status, 401, "{bad}");
        assert!(body.contains("a document, which is refused: ") && body.contains(reason), "{reason}: {body}");
    }
    let fetched = application.document.lock().unwrap().1;
    // Only documents on this computer, and none that could be a request to this server.
    for other in [
        format!("{id}?a=b"),
        format!("{}/", application.url),
        format!("{id}#x"),
        "https://example.com/client.json".to_owned(),
        "http://169.254.169.254/latest".to_owned(),
    ] {
        let (mut url, _) = start();
        let pairs: Vec<_> = url.query_pairs().into_owned().filter(|pair| pair.0 != "client_id").collect();
        url.query_pairs_mut().clear().extend_pairs(pairs).append_pair("client_id", &other);
        assert_eq!(status(&url).await, 401, "{other}");
    }
    assert_eq!(application.document.lock().unwrap().1, fetched);

    application.document.lock().unwrap().0 = good.clone();
    let (url, verifier) = start();
    let mut browser = Browser::default();
    let back = browser.authorize(&url, "true").await;
    let code = AuthorizationCode::new(pair(&back, "code"));
    client.exchange_code(code).set_pkce_verifier(verifier).request_async(&carry).await.unwrap();
    // What the document says now counts.
    application.document.lock().unwrap().0 = changed("redirect_uris", json!(["https://app.example.com/cb"]));
    assert_eq!(status(&start().0).await, 400);
    let key = server.local().secret_key().to_header();
    let body = json!({ "client_id_metadata_documents_block_implicitly_allowed_clients": true }).to_string();
    let request = Request::patch(format!("{}/v1/instance/oauth_application_settings", server.api_url()))
        .header("authorization", key)
        .body(Full::new(body.into()));
    assert_eq!(send(request.unwrap()).await.0, 200);
    assert_eq!(status(&start().0).await, 401);
}
