//! Dynamic client registration: RFC 7591.

use http::StatusCode;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    super::{
        super::{
            HttpResponse,
            error::ApiError,
            json::parse as parse_json,
            service::json_response,
            state::{
                OAuthApplication, State, extended,
                oauth::{DEFAULT_SCOPES, MAX_UNASKED, Registration, is_redirect_uri, parse_scopes},
            },
        },
        browser_request::BrowserRequest,
    },
    OAuthError,
};
use clerk_core::Timestamp;

/// The maximum number of redirect URIs of an application that registers itself.
const MAX_URIS: usize = 20;

/// Registration is off by default, as at Clerk.
pub(super) fn check_enabled(request: &BrowserRequest<'_>) -> Result<(), ApiError> {
    if request.local.state().settings.oauth_applications.dynamic_oauth_client_registration {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "dynamic_client_registration_disabled",
        "Dynamic client registration is disabled",
        "Dynamic client registration is disabled. Enable it with PATCH /v1/instance/oauth_application_settings, or \
         with LocalClerk::set_dynamic_registration",
    ))
}

/// `POST /oauth/register`.
pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, OAuthError> {
    let Ok(Value::Object(metadata)) = parse_json(request.body) else {
        return Err(invalid("The body must be a JSON object with the metadata of a client"));
    };
    let state = &mut *request.local.state();
    if unasked(state) >= MAX_UNASKED {
        return Err(invalid("Too many clients registered themselves; delete some of them"));
    }
    let mut client = parse(&metadata, state, request.now)?;
    client.registration = Registration::Dynamic;
    let secret = client.renew_secret();
    let body = render(&client, &metadata, secret);
    state.oauth_applications.insert(client);
    Ok(json_response(StatusCode::CREATED, &body))
}

/// Returns how many applications registered themselves.
pub(super) fn unasked(state: &State) -> usize {
    let is_unasked = |client: &&OAuthApplication| client.registration != Registration::Manual;
    state.oauth_applications.iter().filter(is_unasked).count()
}

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new("invalid_client_metadata", description)
}

/// Reads the metadata of a client. Members that are not known are ignored (RFC 7591, section 2).
pub(super) fn parse(
    metadata: &Map<String, Value>,
    state: &State,
    now: Timestamp,
) -> Result<OAuthApplication, OAuthError> {
    let uris = strings(metadata, "redirect_uris")
        .filter(|uris| {
            !uris.is_empty() && uris.len() <= MAX_URIS && uris.iter().all(|uri| is_redirect_uri(uri))
        })
        .ok_or_else(|| {
            let description =
                "redirect_uris must be 1 to 20 absolute URIs without a fragment that a browser does not run";
            OAuthError::new("invalid_redirect_uri", description)
        })?;
    let is_public = match text(metadata, "token_endpoint_auth_method", 64)? {
        None | Some("client_secret_basic" | "client_secret_post") => false,
        Some("none") => true,
        Some(_) => {
            return Err(invalid(
                "token_endpoint_auth_method must be client_secret_basic, client_secret_post or none",
            ));
        }
    };
    let scopes = match text(metadata, "scope", 1024)? {
        Some(scopes) => {
            parse_scopes(scopes).ok_or_else(|| invalid("scope has a scope that is not supported"))?
        }
        None => state.settings.oauth_applications.default_scopes.clone().unwrap_or_else(default_scopes),
    };
    for (name, supported) in
        [("grant_types", ["authorization_code", "refresh_token"].as_slice()), ("response_types", &["code"])]
    {
        let Some(given) = metadata.get(name).filter(|value| !value.is_null()) else { continue };
        let given =
            given.as_array().ok_or_else(|| invalid("grant_types and response_types must be arrays"))?;
        if !given.iter().any(|one| one.as_str().is_some_and(|one| supported.contains(&one))) {
            return Err(invalid(
                "grant_types must have authorization_code, and response_types must have code",
            ));
        }
    }
    let mut client = OAuthApplication::new(String::new(), now);
    client.name = text(metadata, "client_name", 256)?.unwrap_or(&client.client_id).to_owned();
    client.client_uri = link(metadata, "client_uri")?;
    client.logo_uri = link(metadata, "logo_uri")?;
    client.public = is_public;
    client.scopes = scopes;
    client.redirect_uris = uris;
    Ok(client)
}

/// Returns the scopes of a client that names none, unless the instance has others.
fn default_scopes() -> Vec<String> {
    let scopes = format!("openid {DEFAULT_SCOPES} offline_access");
    scopes.split(' ').map(str::to_owned).collect()
}

fn strings(metadata: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    metadata.get(name)?.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Reads a string of at most `most` characters. An empty one counts as missing.
fn text<'a>(
    metadata: &'a Map<String, Value>,
    name: &str,
    most: usize,
) -> Result<Option<&'a str>, OAuthError> {
    let Some(value) = metadata.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let text = value.as_str().filter(|text| text.chars().count() <= most);
    let text = text.ok_or_else(|| {
        OAuthError::new(
            "invalid_client_metadata",
            format!("{name} must be a string of at most {most} characters"),
        )
    })?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Reads a URL that pages show.
fn link(metadata: &Map<String, Value>, name: &str) -> Result<Option<String>, OAuthError> {
    let Some(text) = text(metadata, name, 1024)? else { return Ok(None) };
    let is_web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    is_web.then(|| Some(text.to_owned())).ok_or_else(|| {
        OAuthError::new("invalid_client_metadata", format!("{name} must be an http or https URL"))
    })
}

/// Returns the response to a registration: RFC 7591, section 3.2.1.
fn render(client: &OAuthApplication, metadata: &Map<String, Value>, secret: String) -> Value {
    let method = if client.public { "none" } else { "client_secret_basic" };
    let method = metadata.get("token_endpoint_auth_method").and_then(Value::as_str).unwrap_or(method);
    let mut body = json!({
        "client_id": client.client_id,
        "client_id_issued_at": client.created_at.as_secs(),
        "client_secret_expires_at": 0,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": client.scopes.join(" "),
        "token_endpoint_auth_method": method,
    });
    let optional = [
        ("client_secret", Some(secret).filter(|secret| !secret.is_empty())),
        ("client_uri", client.client_uri.clone()),
        ("logo_uri", client.logo_uri.clone()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body = extended(body, json!({ name: value }));
        }
    }
    body
}
