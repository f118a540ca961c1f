//! Clients whose identifier is the URL of a document that describes them: OAuth Client ID Metadata Document.
//!
//! LocalClerk fetches such documents from this computer only.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;

use super::{
    super::{
        super::{
            LocalClerk, json,
            query::Query,
            state::{
                OAuthApplication,
                oauth::{MAX_UNASKED, Registration},
            },
        },
        browser_request::is_loopback,
    },
    register,
};

/// The longest document that is read, in bytes, as the specification recommends.
const MAX_LENGTH: usize = 5 * 1024;
/// How long fetching a document may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a document is refused, in an extension of its request.
#[derive(Clone)]
pub(in super::super::super) struct Refusal(pub(super) Cow<'static, str>);

impl From<&'static str> for Refusal {
    fn from(problem: &'static str) -> Self {
        Self(problem.into())
    }
}

/// Fetches the document of the client that sends a browser to the authorization endpoint, and remembers what it says.
/// If that fails, the client is unknown, or as it was before.
pub(in super::super::super) async fn fetch_for(
    local: &LocalClerk,
    request: &Request<Bytes>,
) -> Result<(), Refusal> {
    if request.uri().path() != "/oauth/authorize" {
        return Ok(());
    }
    let parameters = match *request.method() {
        Method::GET => request.uri().query().unwrap_or_default(),
        Method::POST => std::str::from_utf8(request.body()).unwrap_or_default(),
        _ => return Ok(()),
    };
    let parameters = Query::parse(parameters);
    let Some(id) = parameters.first("client_id").filter(|id| is_document_url(id)) else { return Ok(()) };
    if !may_fetch(local, id) {
        return Err(Refusal::from("the instance's settings allow no further client to describe itself"));
    }
    let metadata = timeout(TIMEOUT, fetch(id)).await.map_err(|_| "it took longer than 5 seconds")??;
    check(id, &metadata)?;
    let state = &mut *local.state();
    let mut client =
        register::parse(&metadata, state, state.now).map_err(|error| Refusal(error.description))?;
    id.clone_into(&mut client.client_id);
    client.registration = Registration::MetadataDocument;
    client.public = true;
    client.name = metadata.get("client_name").and_then(Value::as_str).unwrap_or(id).to_owned();
    if let Some(known) = state.oauth_applications.find_mut(|known| known.client_id == *id) {
        let OAuthApplication { id, created_at, .. } = known.clone();
        *known = OAuthApplication { id, created_at, updated_at: known.updated_at, ..client };
    } else {
        state.oauth_applications.insert(client);
    }
    Ok(())
}

/// Returns whether an identifier is the URL of a document on this computer. A query is refused, so that no document can
/// be an authorization request to this server itself.
fn is_document_url(id: &str) -> bool {
    let url = Url::parse(id).ok().filter(|url| url.scheme() == "http" && is_loopback(url));
    url.is_some_and(|url| {
        url.as_str() == id
            && url.path() != "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

fn may_fetch(local: &LocalClerk, id: &str) -> bool {
    let state = &*local.state();
    let settings = &state.settings.oauth_applications;
    let is_known = state.oauth_applications.find(|client| client.client_id == id).is_some();
    !settings.client_id_metadata_documents_block_implicitly_allowed_clients
        && (is_known
            || !settings.client_id_metadata_documents_only_allow_pre_registered_clients
                && register::unasked(state) < MAX_UNASKED)
}

/// Fetches a document. Redirects are not followed.
async fn fetch(url: &str) -> Result<Map<String, Value>, &'static str> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let url = url.parse().map_err(|_| "it has no URL")?;
    let response = client.get(url).await.map_err(|_| "it cannot be fetched")?;
    if response.status() != StatusCode::OK {
        return Err("its status is not 200, and redirects are not followed");
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !(kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")) {
        return Err("its content type is not application/json");
    }
    let body = Limited::new(response.into_body(), MAX_LENGTH).collect().await;
    let body = body.map_err(|_| "it cannot be read, or is longer than 5 KB")?.to_bytes();
    match json::parse(&body) {
        Ok(Value::Object(metadata)) => Ok(metadata),
        _ => Err("it is not a JSON object"),
    }
}

/// Checks what the specification requires beyond RFC 7591: the document names itself, and has no shared secret.
fn check(id: &str, metadata: &Map<String, Value>) -> Result<(), &'static str> {
    if metadata.get("client_id").and_then(Value::as_str) != Some(id) {
        return Err("client_id in it is not its URL");
    }
    if !matches!(metadata.get("token_endpoint_auth_method").map(Value::as_str), None | Some(Some("none"))) {
        return Err("token_endpoint_auth_method in it must be none");
    }
    if ["client_secret", "client_secret_expires_at"].iter().any(|name| metadata.contains_key(*name)) {
        return Err("it must not have a client_secret");
    }
    Ok(())
}
