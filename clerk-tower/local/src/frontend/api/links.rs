//! Links in emails that sign people in or verify an address.

use clerk_core::Timestamp;
use http::StatusCode;

use super::{
    super::{
        super::{
            HttpResponse,
            error::ApiError,
            state::{Link, Progress, Proof, State},
        },
        browser_request::{BrowserRequest, return_url, with_query_pair},
        handshake::redirect,
    },
    Call,
};
use crate::state::clients::Client;

/// A link that was found by its token.
struct Sent {
    client: Client,
    link: Link,
}

fn link<'p>(proof: &'p mut Proof, token: &str) -> Option<&'p mut Link> {
    match &mut proof.progress {
        Progress::Link(link) if link.token == token => Some(link),
        _ => None,
    }
}

/// `GET /v1/verify`: the link in an email. It may be opened in another browser.
pub(in super::super) fn verify(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let token = request.query.first("token").ok_or_else(|| ApiError::missing("token"))?;
    let key = request.local.key();
    let state = &mut *request.local.state();
    let Sent { client, link } = open(state, token, request.now).ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "verification_link_token_invalid",
            "Invalid link",
            "This link is not valid. Ask for a new one in the application",
        )
    })?;
    let mut url = return_url(&link.redirect_url)?;
    let status = if link.is_opened { "verified" } else { "expired" };
    if link.is_opened {
        let mut call = Call { request, state, key: &key, client: Some(client) };
        if let Some(session) = call.resume()? {
            url = with_query_pair(url, "__clerk_created_session", &session);
        }
    }
    url = with_query_pair(url, "__clerk_status", status);
    Ok(redirect(StatusCode::SEE_OTHER, url.as_str(), Vec::new()))
}

/// Marks a link as opened, unless it is expired.
fn open(state: &mut State, token: &str, now: Timestamp) -> Option<Sent> {
    let open = |link: &mut Link| {
        link.is_opened |= !link.is_expired(now);
        link.clone()
    };
    let ids: Vec<_> = state.clients.all.iter().map(|client| client.id.clone()).collect();
    ids.iter().find_map(|id| {
        let client = state.clients.all.get(id.as_str()).ok()?.clone();
        let mut sign_in = client.sign_in.clone();
        let proof = sign_in.as_mut().and_then(|sign_in| sign_in.first.as_mut());
        if let Some(link) = proof.and_then(|proof| link(proof, token)) {
            let link = open(link);
            state.clients.all.get_mut(id.as_str()).ok()?.sign_in = sign_in;
            return Some(Sent { client, link });
        }
        let mut sign_up = state.sign_ups.get(client.sign_up.as_deref()?).ok()?.clone();
        let claim = sign_up.email.as_mut().and_then(|claim| claim.proof.as_mut());
        let link = open(link(claim?, token)?);
        state.sign_ups.insert(sign_up);
        Some(Sent { client, link })
    })
}

impl Call<'_> {
    /// Goes on with the sign-in or the sign-up whose link was opened. Returns the session that it started.
    fn resume(&mut self) -> Result<Option<String>, ApiError> {
        let client = self.client()?.clone();
        let session = match client.sign_in {
            Some(sign_in) if sign_in.session.is_none() => {
                self.put_sign_in(sign_in)?;
                self.client()?.sign_in.as_ref().and_then(|sign_in| sign_in.session.clone())
            }
            _ => None,
        };
        if let (None, Some(id)) = (&session, client.sign_up) {
            let sign_up = self.state.sign_ups.get(&id)?.clone();
            if sign_up.user.is_none() {
                self.put_sign_up(sign_up)?;
                return Ok(self.state.sign_ups.get(&id)?.session.as_ref().map(|id| id.as_str().to_owned()));
            }
        }
        Ok(session.map(|id| id.as_str().to_owned()))
    }
}
