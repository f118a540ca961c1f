//! The endpoints for tokens: RFC 6749, section 3.2; RFC 7009; RFC 7662.

use clerk_core::Timestamp;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{
    super::{
        super::{
            HttpResponse, claims,
            state::{
                OAuthApplication, OAuthGrant, State, extended,
                oauth::{ACCESS_LIFETIME, has_scope, hash, is_equal, parse_scopes},
            },
        },
        browser_request::BrowserRequest,
    },
    OAuthError,
    client::authenticate,
    ok, userinfo,
};

/// `POST /oauth/token`.
pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, OAuthError> {
    check_form(request)?;
    let state = &mut *request.local.state();
    let client = authenticate(request, state)?;
    match request.form.first("grant_type") {
        Some("authorization_code") => exchange(request, state, &client),
        Some("refresh_token") => refresh(request, state, &client),
        Some(_) => Err(OAuthError::new(
            "unsupported_grant_type",
            "grant_type must be authorization_code or refresh_token",
        )),
        None => Err(missing("grant_type")),
    }
}

/// Rejects bodies that are not forms, and forms with a parameter twice: RFC 6749, section 3.2.
fn check_form(request: &BrowserRequest<'_>) -> Result<(), OAuthError> {
    let kind = request.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::new(
            "invalid_request",
            "The body must be a form: application/x-www-form-urlencoded",
        ));
    }
    const ONCE: [&str; 9] = [
        "grant_type",
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "redirect_uri",
        "refresh_token",
        "scope",
        "token",
    ];
    let is_repeated = |name: &str| request.form.all(name).map_or(true, |values| values.len() > 1);
    if ONCE.into_iter().any(is_repeated) {
        return Err(OAuthError::new("invalid_request", "A parameter is given more than once"));
    }
    Ok(())
}

fn missing(name: &str) -> OAuthError {
    OAuthError::new("invalid_request", format!("{name} is missing"))
}

fn invalid_grant(description: &'static str) -> OAuthError {
    OAuthError::new("invalid_grant", description)
}

fn exchange(
    request: &BrowserRequest<'_>,
    state: &mut State,
    client: &OAuthApplication,
) -> Result<HttpResponse, OAuthError> {
    let (form, now) = (&request.form, request.now);
    let code = form.first("code").ok_or_else(|| missing("code"))?;
    let code = state
        .find_code(code, &client.client_id, now)
        .ok_or_else(|| invalid_grant("The code is unknown, expired, used before or of another client"))?;
    if code.redirect_uri.is_some() && code.redirect_uri.as_deref() != form.first("redirect_uri") {
        return Err(invalid_grant("redirect_uri is not the one of the authorization request"));
    }
    match (&code.challenge, form.first("code_verifier")) {
        (Some(challenge), Some(verifier))
            if is_verifier(verifier) && is_equal(challenge, &hash(verifier)) => {}
        (Some(_), Some(_)) => return Err(invalid_grant("code_verifier does not match the code_challenge")),
        (Some(_), None) => return Err(missing("code_verifier")),
        // RFC 9700, section 2.1.1: otherwise, an attacker could remove the challenge.
        (None, Some(_)) => return Err(invalid_grant("The authorization request had no code_challenge")),
        (None, None) => {}
    }
    check_user(state, code.user.as_str())?;
    let audience = audience(request, &code.resources)?;
    let (grant, refresh) = state.redeem_code(&code, now);
    let scopes = grant.scopes.clone();
    Ok(issue(
        request,
        state,
        Issue { grant: &grant, scopes: &scopes, audience: &audience, refresh, nonce: code.nonce },
    ))
}

/// RFC 7636, section 4.1.
fn is_verifier(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

fn check_user(state: &State, user: &str) -> Result<(), OAuthError> {
    let user = state.users.get(user).map_err(|_| invalid_grant("The user was deleted"))?;
    state.check_sign_in(user).map_err(|_| invalid_grant("The user may not sign in"))
}

/// Returns the resources that the access token is for: those of the request, which must have been granted (RFC 8707,
/// section 2.2), or else all that were granted.
fn audience(request: &BrowserRequest<'_>, granted: &[String]) -> Result<Vec<String>, OAuthError> {
    let wrong = || OAuthError::new("invalid_target", "resource is not one that the user granted access to");
    let asked = request.form.all("resource").map_err(|_| wrong())?;
    let asked: Vec<_> = asked.into_iter().filter(|resource| !resource.is_empty()).collect();
    if asked.is_empty() {
        return Ok(granted.to_vec());
    }
    if asked.iter().all(|resource| granted.contains(resource)) { Ok(asked) } else { Err(wrong()) }
}

fn refresh(
    request: &BrowserRequest<'_>,
    state: &mut State,
    client: &OAuthApplication,
) -> Result<HttpResponse, OAuthError> {
    let (form, now) = (&request.form, request.now);
    let token = form.first("refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let unknown =
        || invalid_grant("The refresh token is unknown, expired, revoked, used before or of another client");
    let grant = state.grant_of_refresh_token(token).filter(|grant| grant.client_id == client.client_id);
    let grant = grant.ok_or_else(unknown)?.clone();
    if state.valid_refresh_token(token, now).is_none() {
        // Either the application or a thief uses a token that was replaced (RFC 9700, section 4.14.2).
        state.revoke_grant(&grant.id, now);
        return Err(unknown());
    }
    check_user(state, grant.user.as_str())?;
    let wrong_scope = || OAuthError::new("invalid_scope", "scope has more than the user granted");
    let scopes = match form.first("scope") {
        None => grant.scopes.clone(),
        Some(text) => parse_scopes(text)
            .filter(|scopes| scopes.iter().all(|scope| has_scope(&grant.scopes, scope)))
            .ok_or_else(wrong_scope)?,
    };
    let audience = audience(request, &grant.resources)?;
    let refresh = state.turn_refresh_token(&grant.id, now).ok_or_else(unknown)?;
    Ok(issue(
        request,
        state,
        Issue { grant: &grant, scopes: &scopes, audience: &audience, refresh, nonce: None },
    ))
}

/// What a response of the token endpoint is made of.
struct Issue<'a> {
    grant: &'a OAuthGrant,
    scopes: &'a [String],
    audience: &'a [String],
    refresh: String,
    nonce: Option<String>,
}

fn issue(request: &BrowserRequest<'_>, state: &mut State, issue: Issue<'_>) -> HttpResponse {
    let (now, key, issuer) = (request.now, request.local.key(), request.own_url());
    let Issue { grant, scopes, audience, refresh, nonce } = issue;
    let token = state.new_access_token(grant, scopes, audience, now);
    let access = if state.settings.oauth_applications.oauth_jwt_access_tokens {
        key.sign(&claims::oauth_header(), &claims::oauth(state, issuer, &token))
    } else {
        token.token.clone()
    };
    let mut body = json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFETIME.as_secs(),
        "refresh_token": refresh,
        "scope": scopes.join(" "),
    });
    if has_scope(scopes, "openid") {
        let user = userinfo::claims(state, grant.user.as_str(), scopes, token.organization.as_ref());
        let own = claims::id_token(state, issuer, grant, &access, nonce.as_deref(), now);
        let id_token = key.sign(&serde_json::Map::new(), &extended(user.unwrap_or_default(), own));
        body = extended(body, json!({ "id_token": id_token }));
    }
    if access == token.token {
        state.store_access_token(token, now);
    }
    let mut response = ok(&body);
    response.headers_mut().insert(http::header::PRAGMA, http::HeaderValue::from_static("no-cache"));
    response
}

/// `POST /oauth/token/revoke`. A token that is not known is revoked already: RFC 7009, section 2.2.
pub(super) fn revoke(request: &BrowserRequest<'_>) -> Result<HttpResponse, OAuthError> {
    check_form(request)?;
    let state = &mut *request.local.state();
    let client = authenticate(request, state)?;
    let token = request.form.first("token").ok_or_else(|| missing("token"))?;
    if token.contains('.') {
        return Err(OAuthError::new(
            "unsupported_token_type",
            "An access token in JWT form cannot be revoked",
        ));
    }
    state.revoke_oauth_token(token, &client.client_id, request.now);
    Ok(http::Response::new(crate::LocalBody::default()))
}

/// `POST /oauth/token_info`. A public client, which anyone can claim to be, learns only about its own tokens.
pub(super) fn introspect(request: &BrowserRequest<'_>) -> Result<HttpResponse, OAuthError> {
    check_form(request)?;
    let state = &*request.local.state();
    let client = authenticate(request, state)?;
    let token = request.form.first("token").ok_or_else(|| missing("token"))?;
    let wanted: Vec<_> = request.form.first("scope").unwrap_or_default().split_whitespace().collect();
    let inactive = json!({ "active": false });
    let Some(found) = describe(request, state, token) else { return Ok(ok(&inactive)) };
    let scope = found.get("scope").and_then(Value::as_str).unwrap_or_default();
    let has = |wanted: &&str| scope.split(' ').any(|scope| scope == *wanted);
    let is_visible =
        !client.public || found.get("client_id").and_then(Value::as_str) == Some(&client.client_id);
    Ok(ok(if is_visible && wanted.iter().all(has) { &found } else { &inactive }))
}

/// Returns what is known about a token that is active.
fn describe(request: &BrowserRequest<'_>, state: &State, text: &str) -> Option<Value> {
    let describe =
        |client_id: &str, issued: Timestamp, scopes: &[String], user: &str, organization: Option<&str>| {
            let known = json!({
                "active": true,
                "client_id": client_id,
                "iat": issued.as_secs(),
                "scope": scopes.join(" "),
                "sub": user,
            });
            match organization {
                Some(id) => extended(known, json!({ "org_id": id })),
                None => known,
            }
        };
    if let Some(grant) = state.valid_refresh_token(text, request.now) {
        let organization = grant.organization.as_ref().map(|id| id.as_str());
        return Some(describe(
            &grant.client_id,
            grant.created_at,
            &grant.scopes,
            grant.user.as_str(),
            organization,
        ));
    }
    let token = userinfo::access_token(request, state, text)?;
    let organization = token.organization.as_ref().map(|id| id.as_str());
    let (issued, user) = (token.standing.created_at, token.subject.as_str());
    Some(describe(&token.client_id, issued, &token.scopes, user, organization))
}
