//! Authorization requests: RFC 6749, section 4.1.1, with PKCE (RFC 7636) and resource indicators (RFC 8707).

use http::{Method, StatusCode};
use url::Url;

use super::super::{
    super::{
        HttpResponse,
        error::ApiError,
        query::Query,
        state::{
            OAuthApplication, State,
            oauth::{DEFAULT_SCOPES, has_scope, parse_scopes},
        },
    },
    browser_request::BrowserRequest,
    handshake::redirect,
    pages,
};

/// The parameters, in the order in which they are passed on.
pub(super) const PARAMETERS: [&str; 11] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "prompt",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "nonce",
    "resource",
];

/// The maximum total length of the parameters.
const MAX_LENGTH: usize = 8 * 1024;
/// The maximum number of resources.
const MAX_RESOURCES: usize = 10;

/// An error that the application gets: a code and a description.
pub(super) type Refusal = (&'static str, &'static str);

/// Returns where the parameters are.
pub(super) fn parameters<'a>(request: &'a BrowserRequest<'_>) -> &'a Query {
    if *request.method == Method::POST { &request.form } else { &request.query }
}

/// Returns the parameters that are given.
pub(super) fn pairs(query: &Query) -> Result<Vec<(&'static str, String)>, ApiError> {
    let mut pairs = Vec::new();
    for name in PARAMETERS {
        let values = query.all(name)?.into_iter().filter(|value| !value.is_empty());
        pairs.extend(values.map(|value| (name, value)));
    }
    Ok(pairs)
}

/// The application of a request, and where it gets its response. Without them, errors are shown to the user.
pub(super) struct Target {
    pub(super) client: OAuthApplication,
    pub(super) redirect_uri: Url,
    form_post: bool,
    state: Option<String>,
    issuer: String,
}

impl Target {
    pub(super) fn find(request: &BrowserRequest<'_>, query: &Query, state: &State) -> Result<Self, ApiError> {
        let pairs = pairs(query)?;
        let length = pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let once = |name: &str| pairs.iter().filter(|pair| pair.0 == name).count() < 2;
        if length > MAX_LENGTH
            || !["client_id", "redirect_uri", "state", "response_mode"].into_iter().all(once)
        {
            return Err(invalid("The request is too long, or has a parameter twice"));
        }
        let client_id = query.first("client_id").ok_or_else(|| invalid("The request has no client_id"))?;
        let client = state.oauth_client(client_id).ok_or_else(|| unknown_client(request))?.clone();
        let named = query.first("redirect_uri");
        let only = match &*client.redirect_uris {
            [only] => Some(only.as_str()),
            _ => None,
        };
        let uri = named.or(only).ok_or_else(|| invalid("The request has no redirect_uri"))?;
        if !client.has_redirect_uri(uri) {
            return Err(invalid("The redirect_uri is not one of those that the application registered"));
        }
        let redirect_uri = Url::parse(uri).map_err(|_| invalid("The redirect_uri is not a URI"))?;
        Ok(Self {
            client,
            redirect_uri,
            form_post: query.first("response_mode") == Some("form_post"),
            state: query.first("state").map(str::to_owned),
            issuer: request.own_url().to_owned(),
        })
    }

    /// Sends the browser back with a code.
    pub(super) fn grant(&self, code: &str) -> HttpResponse {
        self.answer(&[("code", code)])
    }

    /// Sends the browser back with an error: RFC 6749, section 4.1.2.1.
    pub(super) fn refuse(&self, (code, description): Refusal) -> HttpResponse {
        self.answer(&[("error", code), ("error_description", description)])
    }

    /// Sends the browser back, with `state` and, against mix-ups, the issuer (RFC 9207).
    fn answer(&self, pairs: &[(&str, &str)]) -> HttpResponse {
        let mut pairs = pairs.to_vec();
        pairs.extend(self.state.as_deref().map(|state| ("state", state)));
        pairs.push(("iss", &self.issuer));
        if self.form_post {
            return pages::form_post(self.redirect_uri.as_str(), &pairs);
        }
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        redirect(StatusCode::SEE_OTHER, url.as_str(), Vec::new())
    }
}

fn invalid(sentence: &'static str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_request", "Invalid authorization request", sentence)
}

fn unknown_client(request: &BrowserRequest<'_>) -> ApiError {
    let problem = match request.refusal {
        Some(refusal) => format!("The client_id is the URL of a document, which is refused: {}", refusal.0),
        None => "No OAuth application of this LocalClerk has this client_id".to_owned(),
    };
    ApiError::new(StatusCode::UNAUTHORIZED, "invalid_client", "Unknown application", problem)
}

/// When the user is asked.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) none: bool,
    pub(super) login: bool,
    pub(super) consent: bool,
}

/// What an application asks for.
pub(super) struct Authorization {
    pub(super) scopes: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) prompt: Prompt,
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
}

impl Authorization {
    pub(super) fn parse(query: &Query, client: &OAuthApplication) -> Result<Self, Refusal> {
        let resources = query.all("resource").map_err(|_| INVALID_TARGET)?;
        let resources: Vec<_> = resources.into_iter().filter(|resource| !resource.is_empty()).collect();
        if resources.len() > MAX_RESOURCES || !resources.iter().all(|resource| is_resource(resource)) {
            return Err(INVALID_TARGET);
        }
        match one(query, "response_type")? {
            Some("code") => {}
            Some(_) => return Err(("unsupported_response_type", "response_type must be code")),
            None => return Err(("invalid_request", "response_type is missing")),
        }
        for (name, code) in
            [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")]
        {
            if query.first(name).is_some() {
                return Err((code, "Send the parameters themselves"));
            }
        }
        if !matches!(query.first("response_mode"), None | Some("query" | "form_post")) {
            return Err(("invalid_request", "response_mode must be query or form_post"));
        }
        let challenge = challenge(query, client)?;
        match query.first("state") {
            Some(state) if state.chars().count() < 8 => {
                return Err(("invalid_state", "state must have at least 8 characters"));
            }
            None if challenge.is_none() => {
                return Err(("invalid_state", "state is missing, and there is no code_challenge either"));
            }
            _ => {}
        }
        Ok(Self {
            scopes: scopes(query, client)?,
            resources,
            prompt: prompt(query)?,
            challenge,
            nonce: one(query, "nonce")?.map(str::to_owned),
        })
    }
}

pub(super) const INVALID_TARGET: Refusal =
    ("invalid_target", "resource must be up to 10 absolute URIs without a fragment");

/// Returns the only value of a parameter.
fn one<'a>(query: &'a Query, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    match query.all(name) {
        Ok(values) if values.len() < 2 => Ok(query.first(name)),
        _ => Err(("invalid_request", "A parameter is given more than once")),
    }
}

/// Returns whether a resource indicator is an absolute URI without a fragment: RFC 8707, section 2.
pub(super) fn is_resource(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.fragment().is_none())
}

/// Reads the challenge of PKCE. Only S256 protects a request that somebody can read.
fn challenge(query: &Query, client: &OAuthApplication) -> Result<Option<String>, Refusal> {
    let Some(challenge) = one(query, "code_challenge")? else {
        return match client.must_use_pkce() {
            true => Err(("invalid_request", "This client must use PKCE: code_challenge is missing")),
            false => Ok(None),
        };
    };
    if one(query, "code_challenge_method")? != Some("S256") {
        return Err(("invalid_request", "code_challenge_method must be S256"));
    }
    let is_digest = challenge.len() == 43
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_digest {
        return Err(("invalid_request", "code_challenge must be a SHA-256 digest in base64url"));
    }
    Ok(Some(challenge.to_owned()))
}

/// Reads the scopes. Without any, the default ones are meant, as far as the application may have them.
fn scopes(query: &Query, client: &OAuthApplication) -> Result<Vec<String>, Refusal> {
    const REFUSAL: Refusal = ("invalid_scope", "The application may not ask for one of these scopes");
    let Some(text) = one(query, "scope")? else {
        let known = |scope: &&str| has_scope(&client.scopes, scope);
        let scopes: Vec<_> = DEFAULT_SCOPES.split(' ').filter(known).map(str::to_owned).collect();
        return if scopes.is_empty() { Err(REFUSAL) } else { Ok(scopes) };
    };
    let scopes = parse_scopes(text).ok_or(REFUSAL)?;
    scopes.iter().all(|scope| has_scope(&client.scopes, scope)).then_some(scopes).ok_or(REFUSAL)
}

fn prompt(query: &Query) -> Result<Prompt, Refusal> {
    let mut prompt = Prompt::default();
    for value in one(query, "prompt")?.unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
        match value {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err(("invalid_request", "prompt must be none, login or consent")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent) {
        return Err(("invalid_request", "prompt=none excludes other values"));
    }
    Ok(prompt)
}
