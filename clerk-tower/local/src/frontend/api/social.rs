//! Sign-in through social providers. The provider is built in: a page on which people choose who they are.

use http::StatusCode;
use url::Url;

use super::{
    super::{
        super::{
            HttpResponse,
            error::ApiError,
            state::{ExternalAccount, Progress, Proof, Social, State, User},
        },
        browser_request::{BrowserRequest, require_loopback, return_url, with_query_pair},
        handshake::redirect,
    },
    Call,
    factors::bad_strategy,
};
use crate::state::clients::Client;

pub(in super::super) use super::environment::provider_name;

/// The providers that Clerk knows. Applications may use them whether Clerk's components show them or not.
const PROVIDERS: &[&str] = &[
    "apple",
    "atlassian",
    "bitbucket",
    "box",
    "coinbase",
    "discord",
    "dropbox",
    "facebook",
    "github",
    "gitlab",
    "google",
    "hubspot",
    "huggingface",
    "instagram",
    "line",
    "linear",
    "linkedin",
    "linkedin_oidc",
    "microsoft",
    "notion",
    "slack",
    "spotify",
    "tiktok",
    "twitch",
    "twitter",
    "x",
    "xero",
];

/// Begins a visit to a provider.
pub(super) fn start(call: &Call<'_>, strategy: &str) -> Result<Proof, ApiError> {
    let provider = strategy.strip_prefix("oauth_").unwrap_or_default();
    let is_known =
        PROVIDERS.contains(&provider) || call.state.settings.social.iter().any(|known| known == provider);
    if !is_known {
        return Err(bad_strategy(strategy));
    }
    let form = &call.request.form;
    let redirect_url = form.first("redirect_url").ok_or_else(|| ApiError::missing("redirect_url"))?;
    let complete_url = form.first("action_complete_redirect_url").unwrap_or(redirect_url);
    // Relative URLs are those of the page that calls.
    let base = call.request.script_origin().and_then(|origin| Url::parse(origin).ok());
    let absolute = |url: &str| -> Result<String, ApiError> {
        let joined = base.as_ref().and_then(|base| base.join(url).ok());
        let url = joined.map_or_else(|| return_url(url), |joined| return_url(joined.as_str()))?;
        require_loopback(&url)?;
        Ok(url.into())
    };
    let social = Social::new(absolute(redirect_url)?, absolute(complete_url)?, call.request.now);
    Ok(Proof::new(strategy, Progress::Social(social)))
}

/// What waits for a visit.
enum Waiting {
    SignIn,
    SignUp,
    /// A signed-in user connects an account.
    User,
}

/// A visit that was found by its `state`.
struct Visit {
    client: Client,
    waiting: Waiting,
    strategy: String,
    social: Social,
}

fn find(state: &State, wanted: &str) -> Option<Visit> {
    let visit = |client: &Client, waiting, proof: Option<&Proof>| match proof {
        Some(Proof { strategy, progress: Progress::Social(social) }) if social.state == wanted => {
            Some(Visit {
                client: client.clone(),
                waiting,
                strategy: strategy.clone(),
                social: social.clone(),
            })
        }
        _ => None,
    };
    state.clients.all.iter().find_map(|client| {
        let sign_in = client.sign_in.as_ref().and_then(|sign_in| sign_in.first.as_ref());
        let sign_up = client.sign_up.as_deref().and_then(|id| state.sign_ups.get(id).ok());
        visit(client, Waiting::SignIn, sign_in)
            .or_else(|| visit(client, Waiting::SignUp, sign_up.and_then(|sign_up| sign_up.social.as_ref())))
            .or_else(|| visit(client, Waiting::User, client.connecting.as_ref()))
    })
}

/// Returns the provider of the visit that a request names, if it may still go on.
pub(in super::super) fn provider(
    state: &State,
    request: &BrowserRequest<'_>,
    named: Option<&str>,
) -> Result<String, ApiError> {
    let visit =
        named.and_then(|named| find(state, named)).filter(|visit| request.now < visit.social.expire_at);
    let visit = visit.filter(|visit| visit.social.error.is_none()).ok_or_else(unknown_visit)?;
    Ok(visit.strategy.trim_start_matches("oauth_").to_owned())
}

fn unknown_visit() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "oauth_state_invalid",
        "Visit expired",
        "Nobody waits for this visit to a social provider; begin again in the application",
    )
}

/// Ends a visit: somebody chose who they are, or `None` if they denied.
pub(in super::super) fn finish(
    request: &BrowserRequest<'_>,
    named: &str,
    person: Option<(&str, &str, &str)>,
) -> Result<HttpResponse, ApiError> {
    let key = request.local.key();
    let state = &mut *request.local.state();
    provider(state, request, Some(named))?;
    let visit = find(state, named).ok_or_else(unknown_visit)?;
    let provider = visit.strategy.trim_start_matches("oauth_");
    let account =
        person.map(|(email, first, last)| ExternalAccount::new(provider, email, first, last, request.now));
    let mut call = Call { request, state, key: &key, client: Some(visit.client.clone()) };
    let is_done = match visit.waiting {
        Waiting::SignIn => call.finish_sign_in(&visit, account)?,
        Waiting::SignUp => call.finish_sign_up(&visit, account)?,
        Waiting::User => call.finish_connecting(account)?,
    };
    let url = return_url(if is_done { &visit.social.complete_url } else { &visit.social.redirect_url })?;
    // An application under the same name of this computer has the cookie.
    let has_cookie = Url::parse(request.own_url()).is_ok_and(|own| own.host() == url.host());
    let url =
        if has_cookie { url } else { with_query_pair(url, "__clerk_db_jwt", &visit.client.dev_browser) };
    Ok(redirect(StatusCode::SEE_OTHER, url.as_str(), request.client_cookies(call.state, &visit.client)))
}

impl Call<'_> {
    fn failed(&self, visit: &Visit, error: &str) -> Proof {
        let social = Social { error: Some(error.to_owned()), ..visit.social.clone() };
        Proof::new(&visit.strategy, Progress::Social(social))
    }

    fn finish_sign_in(&mut self, visit: &Visit, account: Option<ExternalAccount>) -> Result<bool, ApiError> {
        let Some(mut sign_in) = self.client()?.sign_in.clone() else { return Err(unknown_visit()) };
        let user = account.as_ref().and_then(|account| self.state.user_of_external(account));
        match (user.map(|user| user.id.clone()), account) {
            (Some(user), Some(account)) => {
                self.state.connect(user.as_str(), account)?;
                sign_in.user = Some(user);
                sign_in.first = Some(Proof::verified(&visit.strategy));
            }
            (None, Some(account)) => {
                sign_in.first = Some(self.failed(visit, "external_account_not_found"));
                sign_in.external = Some(account);
            }
            (_, None) => sign_in.first = Some(self.failed(visit, "oauth_access_denied")),
        }
        self.put_sign_in(sign_in)?;
        Ok(self.client()?.sign_in.as_ref().is_some_and(|sign_in| sign_in.session.is_some()))
    }

    fn finish_sign_up(&mut self, visit: &Visit, account: Option<ExternalAccount>) -> Result<bool, ApiError> {
        let id = self.client()?.sign_up.clone().ok_or_else(unknown_visit)?;
        let mut sign_up = self.state.sign_ups.get(&id)?.clone();
        match account {
            Some(account) if self.state.user_of_external(&account).is_some() => {
                sign_up.social = Some(self.failed(visit, "external_account_exists"));
                sign_up.external = Some(account);
            }
            Some(account) => {
                sign_up.social = Some(Proof::verified(&visit.strategy));
                sign_up.take_external(account);
            }
            None => sign_up.social = Some(self.failed(visit, "oauth_access_denied")),
        }
        self.put_sign_up(sign_up)?;
        Ok(self.state.sign_ups.get(&id)?.session.is_some())
    }

    fn finish_connecting(&mut self, account: Option<ExternalAccount>) -> Result<bool, ApiError> {
        let client = self.client()?.clone();
        let user = self.state.active_session(&client, self.request.now).map(|(_, user)| user.id.clone());
        let user = user.ok_or_else(unknown_visit)?;
        self.state.clients.all.get_mut(client.id.as_str())?.connecting = None;
        if let Some(account) = account {
            if self.state.user_of_external(&account).is_some_and(|other| other.id != user) {
                return Ok(false);
            }
            self.state.connect(user.as_str(), account)?;
        }
        Ok(true)
    }
}

impl State {
    /// Returns the user who has an account at a provider: who is connected with it, or has its email address, which the
    /// provider has verified.
    pub(super) fn user_of_external(&self, account: &ExternalAccount) -> Option<&User> {
        let connected = |user: &User| user.external_accounts.iter().any(|known| known.is_same(account));
        let has_address =
            |user: &User| user.emails.iter().any(|email| email.is_verified() && email.is(&account.email));
        self.users.find(connected).or_else(|| self.users_with(&account.email).find(|user| has_address(user)))
    }

    /// Connects a user with an account at a provider. One whose token was revoked gets a new one.
    fn connect(&mut self, user: &str, account: ExternalAccount) -> Result<(), ApiError> {
        let user = self.users.get_mut(user)?;
        let now = account.created_at;
        match user.external_accounts.iter_mut().find(|known| known.is_same(&account)) {
            Some(known) if !known.access_token.is_empty() => return Ok(()),
            Some(known) => known.access_token = account.access_token,
            None => user.external_accounts.push(account),
        }
        user.updated_at = now;
        Ok(())
    }
}
