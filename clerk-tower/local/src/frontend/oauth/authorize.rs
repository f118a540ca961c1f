//! `GET` and `POST /oauth/authorize`: a signed-in user allows an application to act for it.

use clerk_core::id::OrganizationId;
use http::Method;
use url::Url;

use super::{
    super::{
        super::{
            HttpResponse,
            error::ApiError,
            query::Query,
            state::{OAuthCode, Session, SessionEnd, State, oauth::has_scope},
        },
        api,
        browser_request::BrowserRequest,
        pages::{self, Consent},
    },
    request::{Authorization, Refusal, Target, pairs, parameters},
};

pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let query = parameters(request);
    let state = &mut *request.local.state();
    let target = Target::find(request, query, state)?;
    let authorization = match Authorization::parse(query, &target.client) {
        Ok(authorization) => authorization,
        Err(refusal) => return Ok(target.refuse(refusal)),
    };
    // The browser's own cookie only: a link with somebody else's token would grant access to that person's account.
    let client = request.client_by_cookie(state).cloned();
    let session = client.as_ref().and_then(|client| state.active_session(client, request.now));
    let session = session.map(|(session, _)| session.clone());
    let (Some(client), Some(session)) = (client, session) else {
        return sign_in(request, &target, &authorization);
    };
    if authorization.prompt.login && !is_decision(request) {
        state.sign_out_with(&client.dev_browser, SessionEnd::Removed, request.now);
        return sign_in(request, &target, &authorization);
    }
    if session.pending && authorization.prompt.none {
        return Ok(target.refuse(("interaction_required", "The user has to choose an organization first")));
    }
    if session.pending {
        return Ok(pages::send_to("/sign-in/organization", &again(request, false)?));
    }
    match decision(request, &session)? {
        Some(true) => grant(request, state, &target, authorization, &session),
        Some(false) => Ok(target.refuse(DENIED)),
        None if needs_consent(&target, &authorization) => {
            if authorization.prompt.none {
                return Ok(target.refuse(("consent_required", "The user has to allow it first")));
            }
            consent(request, state, &target, &authorization, &session)
        }
        None => grant(request, state, &target, authorization, &session),
    }
}

/// `POST /v1/me/oauth/consent/{client_id}`: takes the decision that the user made on a page of the application's own. The
/// form has the parameters of the authorization request.
pub(in super::super) fn decide(
    request: &BrowserRequest<'_>,
    client_id: &str,
) -> Result<HttpResponse, ApiError> {
    request.check_script()?;
    let key = request.local.key();
    let state = &mut *request.local.state();
    let session = &api::session(request, state, &key)?;
    api::consent::application(state, client_id)?;
    let is_granted = request.form.flag("consented")?.ok_or_else(|| ApiError::missing("consented"))?;
    let form = std::str::from_utf8(request.body).unwrap_or_default();
    let named = request.form.first("client_id").is_some_and(|named| named == client_id);
    let mut pairs = form_urlencoded::Serializer::new(form.to_owned());
    if !named {
        // With another one in the form, there are two, which is an error.
        pairs.append_pair("client_id", client_id);
    }
    let query = Query::parse(&pairs.finish());
    let target = Target::find(request, &query, state)?;
    match Authorization::parse(&query, &target.client) {
        Err(refusal) => Ok(target.refuse(refusal)),
        Ok(_) if session.pending => {
            Ok(target.refuse(("interaction_required", "The user has to choose an organization first")))
        }
        Ok(_) if !is_granted => Ok(target.refuse(DENIED)),
        Ok(authorization) => grant(request, state, &target, authorization, session),
    }
}

const DENIED: Refusal = ("access_denied", "The user did not allow it");

/// Returns whether the request comes from the consent page.
fn is_decision(request: &BrowserRequest<'_>) -> bool {
    *request.method == Method::POST && request.form.given("consented").is_some()
}

/// Returns what the user decided on the consent page. A decision of another user than the one who is signed in now
/// does not count.
fn decision(request: &BrowserRequest<'_>, session: &Session) -> Result<Option<bool>, ApiError> {
    if !is_decision(request) {
        return Ok(None);
    }
    request.check_form()?;
    if request.form.first("user") != Some(session.user.as_str()) {
        return Ok(None);
    }
    Ok(Some(request.form.first("consented") == Some("true")))
}

fn needs_consent(target: &Target, authorization: &Authorization) -> bool {
    target.client.consent_screen_enabled || authorization.prompt.consent
}

/// Sends the browser to the sign-in page, and from there back to the same request.
fn sign_in(
    request: &BrowserRequest<'_>,
    target: &Target,
    authorization: &Authorization,
) -> Result<HttpResponse, ApiError> {
    const REFUSAL: Refusal = ("login_required", "The user has to sign in first");
    if authorization.prompt.none {
        return Ok(target.refuse(REFUSAL));
    }
    Ok(pages::send_to("/sign-in", &again(request, authorization.prompt.login)?))
}

/// Returns the URL of the same request; without `prompt=login`, once the user has to sign in anyway.
fn again(request: &BrowserRequest<'_>, without_login: bool) -> Result<Url, ApiError> {
    let mut url = Url::parse(&format!("{}/oauth/authorize", request.own_url()))
        .map_err(|_| ApiError::bad_request("The host of the request is not valid"))?;
    for (name, value) in pairs(parameters(request))? {
        let value = match name {
            "prompt" if without_login => {
                value.split(' ').filter(|prompt| *prompt != "login").collect::<Vec<_>>().join(" ")
            }
            _ => value,
        };
        url.query_pairs_mut().append_pair(name, &value);
    }
    Ok(url)
}

fn consent(
    request: &BrowserRequest<'_>,
    state: &State,
    target: &Target,
    authorization: &Authorization,
    session: &Session,
) -> Result<HttpResponse, ApiError> {
    let user = state.users.get(session.user.as_str())?;
    let asks_for_organization = has_scope(&authorization.scopes, "user:org:read");
    Ok(pages::consent(&Consent {
        client: &target.client,
        user,
        redirect_uri: &target.redirect_uri,
        scopes: &authorization.scopes,
        resources: &authorization.resources,
        organizations: if asks_for_organization { state.organizations_of(session) } else { Vec::new() },
        fields: pairs(parameters(request))?,
        again: again(request, false)?,
    }))
}

fn grant(
    request: &BrowserRequest<'_>,
    state: &mut State,
    target: &Target,
    authorization: Authorization,
    session: &Session,
) -> Result<HttpResponse, ApiError> {
    let organization = organization(request, state, session)?;
    let mut code = OAuthCode::new(&target.client, session.user.clone(), request.now);
    code.organization = organization.filter(|_| has_scope(&authorization.scopes, "user:org:read"));
    code.scopes = authorization.scopes;
    code.resources = authorization.resources;
    code.signed_in_at = session.created_at;
    code.redirect_uri = parameters(request).first("redirect_uri").map(str::to_owned);
    code.challenge = authorization.challenge;
    code.nonce = authorization.nonce;
    let code = state.store_code(code);
    Ok(target.grant(&code))
}

/// Returns the organization that the user chose on the consent page, or else the session's active one.
fn organization(
    request: &BrowserRequest<'_>,
    state: &State,
    session: &Session,
) -> Result<Option<OrganizationId>, ApiError> {
    match request.form.first("organization_id").filter(|_| is_decision(request)) {
        Some(id) => Ok(Some(state.membership(id, session.user.as_str())?.organization.clone())),
        None => Ok(session.organization.clone()),
    }
}

impl State {
    /// Returns the organizations of a session's user: identifier and name, the active one first.
    fn organizations_of(&self, session: &Session) -> Vec<(String, String)> {
        let own = self.memberships_of(session.user.as_str());
        let own = own.filter_map(|membership| self.organizations.get(membership.organization.as_str()).ok());
        let mut organizations: Vec<_> = own.collect();
        organizations.sort_by_key(|organization| session.organization.as_ref() != Some(&organization.id));
        organizations.into_iter().map(|one| (one.id.as_str().to_owned(), one.name.clone())).collect()
    }
}
