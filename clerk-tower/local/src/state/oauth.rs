//! OAuth applications, and what users granted to them.

use std::time::Duration;

use aws_lc_rs::{
    constant_time,
    digest::{SHA256, digest},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::{
    Timestamp,
    id::{OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{INSTANCE_ID, State};
use crate::{
    credentials::StoredOAuthToken,
    random,
    table::{Row, Table},
};

/// The scopes of Clerk's provider, and what they allow, as the consent page says it.
pub(crate) const SCOPES: [(&str, &str); 7] = [
    ("openid", "Know who you are"),
    ("profile", "See your name, username and picture"),
    ("email", "See your email address"),
    ("offline_access", "Keep its access while you are away"),
    ("public_metadata", "Read your public metadata"),
    ("private_metadata", "Read your private metadata"),
    ("user:org:read", "See the organization that you choose"),
];

/// The scopes of an application, and of an authorization request, that names none.
pub(crate) const DEFAULT_SCOPES: &str = "profile email";

/// How long a code can be exchanged: RFC 6749, section 4.1.2.
const CODE_LIFETIME: Duration = Duration::from_secs(600);
/// The lifetime of an access token, and of an ID token.
pub(crate) const ACCESS_LIFETIME: Duration = Duration::from_secs(86_400);
/// Ten years, the lifetime of a refresh token.
const REFRESH_LIFETIME: Duration = Duration::from_secs(315_360_000);
/// The maximum number of codes that wait to be exchanged. Beyond that, the oldest one is dropped.
const MAX_CODES: usize = 1_000;
/// The maximum number of grants. Beyond that, the oldest one is revoked.
const MAX_GRANTS: usize = 10_000;
/// The maximum number of access tokens of one grant. Beyond that, the oldest one is dropped.
const MAX_TOKENS: usize = 20;
/// The maximum number of applications that registered themselves.
pub(crate) const MAX_UNASKED: usize = 1_000;

const CODE: &str = "clk_code_";
const REFRESH: &str = "clk_refresh_";
/// The length of the part of a refresh token that names its grant, and of the part that changes with each use.
const HANDLE: usize = 32;
const TURN: usize = 43;

/// How an application came to be.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Registration {
    /// By the Backend API, or by a test.
    Manual,
    /// It registered itself: RFC 7591.
    Dynamic,
    /// Its identifier is the URL of a document that describes it.
    MetadataDocument,
}

/// A client of the OAuth provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OAuthApplication {
    pub(crate) id: String,
    pub(crate) client_id: String,
    /// SHA-256 of the secret. A public application has no secret.
    pub(crate) secret_hash: Option<String>,
    pub(crate) name: String,
    pub(crate) client_uri: Option<String>,
    pub(crate) logo_uri: Option<String>,
    pub(crate) registration: Registration,
    pub(crate) consent_screen_enabled: bool,
    pub(crate) pkce_required: bool,
    pub(crate) public: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for OAuthApplication {
    const NAME: &'static str = "OAuth application";

    fn id(&self) -> &str {
        &self.id
    }
}

impl OAuthApplication {
    pub(crate) fn new(name: String, now: Timestamp) -> Self {
        Self {
            id: random::id("oa_"),
            client_id: random::string(16),
            secret_hash: None,
            name,
            client_uri: None,
            logo_uri: None,
            registration: Registration::Manual,
            consent_screen_enabled: true,
            pkce_required: false,
            public: false,
            scopes: DEFAULT_SCOPES.split(' ').map(str::to_owned).collect(),
            redirect_uris: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Sets a new secret and returns it; an empty string if the application is public.
    pub(crate) fn renew_secret(&mut self) -> String {
        let secret = if self.public { String::new() } else { random::string(32) };
        self.secret_hash = (!self.public).then(|| hash(&secret));
        secret
    }

    pub(crate) fn has_secret(&self, secret: &str) -> bool {
        let known = self.secret_hash.as_deref();
        known.is_some_and(|known| is_equal(known, &hash(secret)))
    }

    pub(crate) fn must_use_pkce(&self) -> bool {
        self.public || self.pkce_required
    }

    /// Returns whether `uri` is a registered redirect URI: character by character, except that the port of a loopback
    /// address is free (RFC 8252, section 7.3).
    pub(crate) fn has_redirect_uri(&self, uri: &str) -> bool {
        let loopback = loopback_parts(uri);
        let is_same =
            |known: &String| known == uri || loopback.is_some() && loopback_parts(known) == loopback;
        self.redirect_uris.iter().any(is_same)
    }
}

/// Splits a redirect URI with a loopback address into what is before and after the port.
fn loopback_parts(uri: &str) -> Option<(&str, &str)> {
    let host = ["http://127.0.0.1", "http://[::1]"].into_iter().find(|host| uri.starts_with(host))?;
    let rest = uri.strip_prefix(host)?;
    let path = match rest.strip_prefix(':') {
        Some(port) => port.trim_start_matches(|letter: char| letter.is_ascii_digit()),
        None => rest,
    };
    (path.is_empty() || path.starts_with(['/', '?'])).then_some((host, path))
}

/// Returns whether an application may register a redirect URI: an absolute URI without a fragment and without a user's
/// name, whose scheme does not let a browser run it or read a file.
pub(crate) fn is_redirect_uri(text: &str) -> bool {
    const REFUSED: [&str; 10] =
        ["about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source", "ws", "wss"];
    Url::parse(text).is_ok_and(|url| {
        text.len() <= 1024
            // What a parser would skip: the URI that is compared would not be the one that is used.
            && !text.contains(|letter: char| letter.is_control() || letter == ' ')
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && !REFUSED.contains(&url.scheme())
    })
}

/// Splits a list of scopes. `None` if one is unknown, or if there is none.
pub(crate) fn parse_scopes(text: &str) -> Option<Vec<String>> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
        SCOPES.iter().find(|known| known.0 == scope)?;
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    (!scopes.is_empty()).then_some(scopes)
}

/// What a user granted to an application. All tokens of a grant end with it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OAuthGrant {
    /// The part of the refresh tokens that stays the same.
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) user: UserId,
    pub(crate) scopes: Vec<String>,
    /// The resource servers that tokens may be for: RFC 8707.
    pub(crate) resources: Vec<String>,
    pub(crate) organization: Option<OrganizationId>,
    /// When the user signed in.
    pub(crate) signed_in_at: Timestamp,
    /// SHA-256 of the refresh token that is valid now.
    refresh_hash: String,
    expires_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

impl Row for OAuthGrant {
    const NAME: &'static str = "OAuth grant";

    fn id(&self) -> &str {
        &self.id
    }
}

impl OAuthGrant {
    /// Replaces the refresh token.
    fn turn(&mut self, now: Timestamp) -> String {
        let token = format!("{REFRESH}{}{}", self.id, random::string(TURN));
        self.refresh_hash = hash(&token);
        self.expires_at = now.saturating_add(REFRESH_LIFETIME);
        token
    }
}

/// What a user allowed, until the application fetches its tokens.
#[derive(Clone, PartialEq)]
pub(crate) struct OAuthCode {
    /// SHA-256 of the code.
    hash: String,
    pub(crate) client_id: String,
    pub(crate) user: UserId,
    pub(crate) scopes: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) signed_in_at: Timestamp,
    /// The redirect URI of the authorization request, if it had one.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) created_at: Timestamp,
    /// The grant that the code was exchanged for.
    grant: Option<String>,
}

impl Row for OAuthCode {
    const NAME: &'static str = "authorization code";

    fn id(&self) -> &str {
        &self.hash
    }
}

impl OAuthCode {
    /// Creates a code, which [`State::store_code`] turns into a string.
    pub(crate) fn new(client: &OAuthApplication, user: UserId, now: Timestamp) -> Self {
        Self {
            hash: String::new(),
            client_id: client.client_id.clone(),
            user,
            scopes: Vec::new(),
            resources: Vec::new(),
            organization: None,
            signed_in_at: now,
            redirect_uri: None,
            challenge: None,
            nonce: None,
            created_at: now,
            grant: None,
        }
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.created_at.saturating_add(CODE_LIFETIME)
    }
}

/// Hashes a secret, or a PKCE verifier (RFC 7636, section 4.2).
pub(crate) fn hash(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

pub(crate) fn is_equal(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// Removes the first rows until there are at most `most`.
fn keep_last<T: Row>(table: &mut Table<T>, most: usize) {
    while table.len() > most {
        let first = table.iter().next().map(|row| row.id().to_owned());
        let _ = table.remove(&first.unwrap_or_default());
    }
}

impl State {
    /// Returns the URL of the Frontend API: the server's, or the publishable key's while the instance is not served.
    pub(crate) fn frontend_url(&self) -> &str {
        self.clients.address.as_ref().unwrap_or(&self.issuer)
    }

    /// Returns the application with a client ID.
    pub(crate) fn oauth_client(&self, client_id: &str) -> Option<&OAuthApplication> {
        let settings = &self.settings.oauth_applications;
        let blocked = settings.client_id_metadata_documents_block_implicitly_allowed_clients;
        self.oauth_applications.find(|application| {
            application.client_id == client_id
                && !(blocked && application.registration == Registration::MetadataDocument)
        })
    }

    /// Deletes an application, and everything that was granted to it.
    pub(crate) fn remove_oauth_application(&mut self, application: &OAuthApplication) {
        let client_id = &application.client_id;
        self.oauth_applications.retain(|known| known.id != application.id);
        self.oauth_codes.retain(|code| code.client_id != *client_id);
        self.credentials.oauth_grants.retain(|grant| grant.client_id != *client_id);
        self.credentials.oauth_tokens.retain(|token| token.client_id != *client_id);
    }

    /// Stores what a user allowed, and returns the code for it.
    pub(crate) fn store_code(&mut self, mut code: OAuthCode) -> String {
        let now = code.created_at;
        let text = format!("{CODE}{}", random::string(43));
        code.hash = hash(&text);
        self.oauth_codes.retain(|known| !known.is_expired(now));
        self.oauth_codes.insert(code);
        keep_last(&mut self.oauth_codes, MAX_CODES);
        text
    }

    /// Returns the code of an application. A code that was exchanged before ends its grant: somebody else knows it.
    pub(crate) fn find_code(&mut self, text: &str, client_id: &str, now: Timestamp) -> Option<OAuthCode> {
        let code = self.oauth_codes.get(&hash(text)).ok()?;
        if code.client_id != client_id || code.is_expired(now) {
            return None;
        }
        let code = code.clone();
        let Some(grant) = &code.grant else { return Some(code) };
        self.revoke_grant(grant, now);
        None
    }

    /// Exchanges a code for a grant. Returns the grant and its first refresh token.
    pub(crate) fn redeem_code(&mut self, code: &OAuthCode, now: Timestamp) -> (OAuthGrant, String) {
        let mut grant = OAuthGrant {
            id: random::string(HANDLE),
            client_id: code.client_id.clone(),
            user: code.user.clone(),
            scopes: code.scopes.clone(),
            resources: code.resources.clone(),
            organization: code.organization.clone(),
            signed_in_at: code.signed_in_at,
            refresh_hash: String::new(),
            expires_at: now,
            created_at: now,
        };
        let refresh = grant.turn(now);
        if let Ok(known) = self.oauth_codes.get_mut(&code.hash) {
            known.grant = Some(grant.id.clone());
        }
        if self.credentials.oauth_grants.len() >= MAX_GRANTS {
            let oldest = self.credentials.oauth_grants.iter().next().map(|grant| grant.id.clone());
            self.revoke_grant(&oldest.unwrap_or_default(), now);
        }
        self.credentials.oauth_grants.insert(grant.clone());
        (grant, refresh)
    }

    /// Returns the grant of a refresh token, which may have been replaced.
    pub(crate) fn grant_of_refresh_token(&self, token: &str) -> Option<&OAuthGrant> {
        let (handle, turn) = token.strip_prefix(REFRESH)?.split_at_checked(HANDLE)?;
        (turn.len() == TURN).then(|| self.credentials.oauth_grants.get(handle).ok())?
    }

    /// Returns the grant of a refresh token that is valid now.
    pub(crate) fn valid_refresh_token(&self, token: &str, now: Timestamp) -> Option<&OAuthGrant> {
        let grant = self.grant_of_refresh_token(token)?;
        (now < grant.expires_at && is_equal(&grant.refresh_hash, &hash(token))).then_some(grant)
    }

    /// Replaces the refresh token of a grant, and returns the new one.
    pub(crate) fn turn_refresh_token(&mut self, grant: &str, now: Timestamp) -> Option<String> {
        Some(self.credentials.oauth_grants.get_mut(grant).ok()?.turn(now))
    }

    /// Ends a grant, and revokes its opaque tokens.
    pub(crate) fn revoke_grant(&mut self, id: &str, now: Timestamp) {
        self.credentials.oauth_grants.retain(|grant| grant.id != id);
        self.credentials
            .oauth_tokens
            .change(|token| token.grant.as_deref() == Some(id), |token| token.standing.revoke(None, now));
    }

    /// Ends the grant of an application's opaque access token or refresh token. Returns false if there is none.
    pub(crate) fn revoke_oauth_token(&mut self, text: &str, client_id: &str, now: Timestamp) -> bool {
        if let Some(grant) = self.grant_of_refresh_token(text).filter(|grant| grant.client_id == client_id) {
            let id = grant.id.clone();
            self.revoke_grant(&id, now);
            return true;
        }
        let tokens = &mut self.credentials.oauth_tokens;
        let Some(token) = tokens.find_mut(|token| token.token == text && token.client_id == client_id) else {
            return false;
        };
        token.standing.revoke(None, now);
        if let Some(grant) = token.grant.clone() {
            self.revoke_grant(&grant, now);
        }
        true
    }

    /// Creates an access token of a grant.
    pub(crate) fn new_access_token(
        &self,
        grant: &OAuthGrant,
        scopes: &[String],
        audience: &[String],
        now: Timestamp,
    ) -> StoredOAuthToken {
        let mut token = StoredOAuthToken::new(grant.user.clone(), now);
        token.client_id.clone_from(&grant.client_id);
        token.scopes = scopes.to_vec();
        token.audience = audience.to_vec();
        token.grant = Some(grant.id.clone());
        token.organization = grant.organization.clone().filter(|_| has_scope(scopes, "user:org:read"));
        token.standing.expiration = Some(now.saturating_add(ACCESS_LIFETIME));
        token
    }

    /// Stores an opaque access token, and forgets expired ones of the same grant.
    pub(crate) fn store_access_token(&mut self, token: StoredOAuthToken, now: Timestamp) {
        let grant = token.grant.clone();
        let tokens = &mut self.credentials.oauth_tokens;
        tokens.insert(token);
        let is_own = |token: &StoredOAuthToken| token.grant == grant;
        tokens.retain(|token| !is_own(token) || !token.standing.is_expired(now));
        let excess = tokens.iter().filter(|token| is_own(token)).count().saturating_sub(MAX_TOKENS);
        let old: Vec<_> =
            tokens.iter().filter(|token| is_own(token)).take(excess).map(|token| token.id.clone()).collect();
        tokens.retain(|token| !old.contains(&token.id));
    }

    pub(crate) fn render_oauth_application(&self, application: &OAuthApplication) -> Value {
        let url = |path: &str| format!("{}{path}", self.frontend_url());
        let uploaded = self.has_image(&application.id).then(|| self.image_url(&application.id));
        let logo = uploaded.or_else(|| application.logo_uri.clone());
        json!({
            "object": "oauth_application",
            "id": application.id,
            "instance_id": INSTANCE_ID,
            "name": application.name,
            "client_id": application.client_id,
            "client_uri": application.client_uri,
            "client_image_url": logo,
            "dynamically_registered": application.registration != Registration::Manual,
            "consent_screen_enabled": application.consent_screen_enabled,
            "pkce_required": application.pkce_required,
            "public": application.public,
            "scopes": application.scopes.join(" "),
            "redirect_uris": application.redirect_uris,
            "callback_url": application.redirect_uris.first().map_or("", String::as_str),
            "authorize_url": url("/oauth/authorize"),
            "token_fetch_url": url("/oauth/token"),
            "user_info_url": url("/oauth/userinfo"),
            "discovery_url": url("/.well-known/openid-configuration"),
            "token_introspection_url": url("/oauth/token_info"),
            "created_at": application.created_at,
            "updated_at": application.updated_at,
        })
    }
}

pub(crate) fn has_scope(scopes: &[String], scope: &str) -> bool {
    scopes.iter().any(|known| known == scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_are_compared_exactly_except_for_the_port_of_a_loopback_address() {
        let mut application = OAuthApplication::new("App".into(), Timestamp::from_secs(0));
        application.redirect_uris = [
            "https://app.example.com/cb?a=1",
            "http://127.0.0.1/cb",
            "http://[::1]:4000/cb",
            "http://localhost:3000/cb",
            "com.example.app:/cb",
        ]
        .map(str::to_owned)
        .to_vec();
        for (uri, expected) in [
            ("https://app.example.com/cb?a=1", true),
            ("https://app.example.com/cb", false),
            ("https://app.example.com/cb?a=1&b=2", false),
            ("https://app.example.com:443/cb?a=1", false),
            ("https://APP.example.com/cb?a=1", false),
            ("https://app.example.com.evil.com/cb?a=1", false),
            ("http://127.0.0.1/cb", true),
            ("http://127.0.0.1:1/cb", true),
            ("http://127.0.0.1:65535/cb", true),
            ("http://127.0.0.1:/cb", true),
            ("http://127.0.0.1:1/cb/", false),
            ("http://127.0.0.1:1/cb?x", false),
            ("http://127.0.0.1:1/../cb", false),
            ("http://127.0.0.1:1@evil.com/cb", false),
            ("http://127.0.0.1.evil.com/cb", false),
            ("http://127.0.0.2/cb", false),
            ("https://127.0.0.1/cb", false),
            ("http://[::1]:5/cb", true),
            ("http://[::1]/cb", true),
            ("http://localhost:3000/cb", true),
            ("http://localhost:3001/cb", false),
            ("com.example.app:/cb", true),
            ("com.example.app:/other", false),
            ("", false),
        ] {
            assert_eq!(application.has_redirect_uri(uri), expected, "{uri}");
        }
    }

    #[test]
    fn redirect_uris_that_a_browser_would_run_are_refused() {
        for (uri, expected) in [
            ("https://app.example.com/cb", true),
            ("http://localhost:3000/cb", true),
            ("cursor://anysphere.cursor/oauth", true),
            ("com.example.app:/cb", true),
            ("javascript:alert(1)", false),
            ("JavaScript:alert(1)", false),
            ("data:text/html,x", false),
            ("file:///etc/passwd", false),
            ("blob:https://a/b", false),
            ("https://app.example.com/cb#top", false),
            ("https://ada@app.example.com/cb", false),
            ("http://localhost:3000/cb\r\nx: y", false),
            ("http://localhost:3000/\tcb", false),
            (" http://localhost:3000/cb", false),
            ("/cb", false),
            ("app.example.com/cb", false),
            ("", false),
        ] {
            assert_eq!(is_redirect_uri(uri), expected, "{uri}");
        }
        assert!(!is_redirect_uri(&format!("https://a.example/{}", "x".repeat(1024))));
    }

    #[test]
    fn only_known_scopes_are_parsed() {
        for (text, expected) in [
            ("openid  email openid", Some("openid email")),
            ("user:org:read", Some("user:org:read")),
            ("openid admin", None),
            (" ", None),
        ] {
            assert_eq!(parse_scopes(text).map(|scopes| scopes.join(" ")).as_deref(), expected, "{text}");
        }
    }
}
