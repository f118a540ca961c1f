//! `GET` and `POST /oauth/userinfo`: OpenID Connect Core 1.0, section 5.3.

use clerk_core::id::OrganizationId;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::{
    super::{
        super::{
            HttpResponse, claims,
            credentials::StoredOAuthToken,
            state::{INSTANCE_ID, State, extended, oauth::has_scope},
        },
        browser_request::BrowserRequest,
    },
    OAuthError, ok,
};

pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, OAuthError> {
    let state = &*request.local.state();
    let invalid = || {
        OAuthError::new("invalid_token", "The access token is missing, unknown, expired or revoked")
            .unauthorized("Bearer")
    };
    let value = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, text) = value.and_then(|value| value.split_once(' ')).ok_or_else(invalid)?;
    let token = Some(text.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.and_then(|text| access_token(request, state, text)).ok_or_else(invalid)?;
    let organization = token.organization.as_ref();
    let known = claims(state, token.subject.as_str(), &token.scopes, organization).ok_or_else(invalid)?;
    let own = json!({
        "object": "oauth_user_info",
        "instance_id": INSTANCE_ID,
        "user_id": token.subject,
        "sub": token.subject,
    });
    Ok(ok(&extended(known, own)))
}

/// Returns an access token that is valid now, opaque or in JWT form, of a user that still may sign in.
pub(super) fn access_token(
    request: &BrowserRequest<'_>,
    state: &State,
    text: &str,
) -> Option<StoredOAuthToken> {
    let token = if text.contains('.') {
        claims::read_oauth(state, &request.local.key(), text)?
    } else {
        state.credentials.oauth_tokens.find(|token| token.token == text)?.clone()
    };
    let user = state.users.get(token.subject.as_str()).ok()?;
    (token.standing.is_good(request.now) && !user.banned).then_some(token)
}

/// Returns what the scopes tell about a user. `None` if the user was deleted.
pub(super) fn claims(
    state: &State,
    user: &str,
    scopes: &[String],
    organization: Option<&OrganizationId>,
) -> Option<Value> {
    let user = state.users.get(user).ok()?;
    let has = |scope| has_scope(scopes, scope);
    let mut claims = json!({});
    if has("profile") {
        let name = Some(user.name()).filter(|name| !name.is_empty());
        let profile = json!({
            "name": name,
            "given_name": user.first_name,
            "family_name": user.last_name,
            "username": user.username,
            "preferred_username": user.username,
            "picture": state.image_url(user.id.as_str()),
        });
        claims = extended(claims, profile);
    }
    if has("email") {
        let mut verified = user.emails.iter().filter(|contact| contact.is_verified());
        let is_verified = verified.any(|contact| Some(contact.value.as_str()) == user.email());
        claims = extended(claims, json!({ "email": user.email(), "email_verified": is_verified }));
    }
    for (scope, metadata) in
        [("public_metadata", &user.metadata.public), ("private_metadata", &user.metadata.private)]
    {
        if has(scope) {
            claims = extended(claims, json!({ scope: metadata }));
        }
    }
    // A user who left the organization meanwhile is not shown in it.
    let member = organization.filter(|id| state.membership(id.as_str(), user.id.as_str()).is_ok());
    if let Some(organization) = member.and_then(|id| state.organizations.get(id.as_str()).ok()) {
        let known = json!({ "org_id": organization.id, "org_name": organization.name, "org_slug": organization.slug });
        claims = extended(claims, known);
    }
    Some(claims)
}
