//! How an application says who it is: RFC 6749, section 2.3.1.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

use super::{
    super::{
        super::state::{OAuthApplication, State},
        browser_request::BrowserRequest,
    },
    OAuthError,
};

/// Returns the application that sent a form, if it proved that it is the one.
pub(super) fn authenticate(
    request: &BrowserRequest<'_>,
    state: &State,
) -> Result<OAuthApplication, OAuthError> {
    let basic = basic(request)?;
    let named = request.form.first("client_id");
    let secret = request.form.first("client_secret");
    let (client_id, secret) = match &basic {
        Some(_) if secret.is_some() => {
            return Err(OAuthError::new("invalid_request", "Send the client secret once, not in two ways"));
        }
        Some((id, _)) if named.is_some_and(|named| named != id) => {
            return Err(OAuthError::new(
                "invalid_request",
                "client_id is not the one of the Authorization header",
            ));
        }
        Some((id, secret)) => (id.as_str(), Some(secret.as_str()).filter(|secret| !secret.is_empty())),
        None => (named.ok_or_else(|| OAuthError::new("invalid_request", "client_id is missing"))?, secret),
    };
    let refused = |why: &'static str| OAuthError::new("invalid_client", why).unauthorized("Basic");
    let client = state.oauth_client(client_id).ok_or_else(|| refused("There is no such client"))?;
    match secret {
        None if client.public => Ok(client.clone()),
        None => Err(refused("The client has to send its client secret")),
        Some(_) if client.public => Err(refused("The client is public and has no client secret")),
        Some(secret) if client.has_secret(secret) => Ok(client.clone()),
        Some(_) => Err(refused("The client secret is wrong")),
    }
}

/// Returns the identifier and the secret of the `Authorization` header, if there is one.
fn basic(request: &BrowserRequest<'_>) -> Result<Option<(String, String)>, OAuthError> {
    let Some(value) = request.headers.get(AUTHORIZATION) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(|value| {
        let (scheme, encoded) = value.split_once(' ')?;
        let bytes =
            BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        Some((decode(id)?, decode(secret)?))
    });
    let wrong = || {
        OAuthError::new(
            "invalid_client",
            "The Authorization header must be Basic with client_id and client_secret",
        )
        .unauthorized("Basic")
    };
    parsed.map(Some).ok_or_else(wrong)
}
