//! Runs one authentication case through the layer, the client and its HTTP stack, and returns the result.
//!
//! A case and its result have the format of the test vectors for request authentication: the request, the
//! configuration, the clock, and authorization checks on the resulting session.

use std::{convert::Infallible, error::Error, sync::Arc};

use clerk_core::{
    Timestamp,
    authenticate::{
        AcceptedKinds, AuthenticateOptions, Forwarded, MachineAuth, MachineFacts, OrganizationSync, Outcome,
        Satellite,
    },
    keys::PublishableKey,
    token::{Check, ClockSkew, Reverification, ReverificationLevel, SessionAuth, TokenKind},
};
use clerk_tower::{
    Clerk,
    clock::ManualClock,
    server::authenticate::{Auth, AuthenticateLayer},
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use serde_json::{Map, Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};
use url::{Position, Url};

/// An error that prevents a result.
type Failure = Box<dyn Error + Send + Sync>;

/// Authenticates the case's request. `stub` is the base URL of the server that acts as Clerk.
pub async fn result(case: &Value, stub: &str) -> Value {
    let auth = match authenticate(case, stub).await {
        Ok(auth) => auth,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let (auth, headers) = auth;
    let outcome = auth.outcome();
    if let Some(bad) = outcome.bad_request() {
        return json!({ "error": bad.to_string() });
    }
    let mut result = json!({
        "error": null,
        "status": outcome.status().as_str(),
        "reason": outcome.reason().map(|reason| reason.as_str()),
        "tokenType": outcome.token_kind().map(TokenKind::as_str),
        "isAuthenticated": outcome.status().as_str() == "signed-in",
        "token": token(outcome),
        "headers": headers_as_json(&headers),
        "auth": auth_object(outcome),
        "has": check_results(case, outcome),
    });
    if let Some(session) = outcome.session_or_pending().filter(|session| session.claims().is_pending()) {
        result["auth_pending_as_signed_in"] = session_object(session);
    }
    result
}

/// Returns the decision, and the headers of the layer's response.
async fn authenticate(case: &Value, stub: &str) -> Result<(Auth, HeaderMap), Failure> {
    let refs = &case["refs"];
    let options = Options { values: case["options"].as_object().cloned().unwrap_or_default(), refs };
    let now = case["now"].as_i64().ok_or("now is missing")?;
    let mut builder = Clerk::builder()
        .api_url(format!("{stub}/c/{}", case["index"]))
        .clock(ManualClock::at(Timestamp::from_secs(now)));
    for (name, set) in [
        ("secretKey", clerk_tower::ClerkBuilder::secret_key as fn(_, String) -> _),
        ("publishableKey", clerk_tower::ClerkBuilder::publishable_key),
        ("machineSecretKey", clerk_tower::ClerkBuilder::machine_secret_key),
        ("jwtKey", clerk_tower::ClerkBuilder::jwt_key),
    ] {
        if let Some(text) = options.text(name) {
            builder = set(builder, text);
        }
    }
    let clerk = builder.authentication(|given| options.apply(given)).build()?;
    let service = AuthenticateLayer::new(&clerk).layer(service_fn(async |request: Request<()>| {
        let mut response = Response::new(());
        response.extensions_mut().extend(request.extensions().clone());
        Ok::<_, Infallible>(response)
    }));
    let response = service.oneshot(request(case)?).await?;
    let auth = Auth::from_extensions(response.extensions()).ok_or("the layer left no decision")?;
    Ok((auth.clone(), response.headers().clone()))
}

fn request(case: &Value) -> Result<Request<()>, Failure> {
    let url = Url::parse(case["url"].as_str().ok_or("url is missing")?)?;
    let method = case["method"].as_str().ok_or("method is missing")?;
    // A case's `url` is the request's URL as Clerk's SDK sees it, not the request target. A request with its own `Host`
    // gets the target of HTTP/1.1, a path, because an absolute URI would take precedence over `Host`.
    let has_host = case["headers"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|pair| pair[0].as_str().is_some_and(|name| name.eq_ignore_ascii_case("host")));
    let target = if has_host && url.scheme() == "http" { &url[Position::BeforePath..] } else { url.as_str() };
    let mut request = Request::builder().method(method).uri(target).body(())?;
    for pair in case["headers"].as_array().into_iter().flatten() {
        let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) else {
            return Err("a header is not a pair of strings".into());
        };
        // Each character represents one byte.
        let bytes: Result<Vec<u8>, _> = value.trim_matches([' ', '\t']).chars().map(u8::try_from).collect();
        request.headers_mut().append(HeaderName::try_from(name)?, HeaderValue::from_bytes(&bytes?)?);
    }
    Ok(request)
}

/// The configuration, with the option names of Clerk's SDK.
struct Options<'a> {
    values: Map<String, Value>,
    refs: &'a Value,
}

impl Options<'_> {
    /// Resolves a string that starts with `@`, which refers to another one.
    fn resolve(&self, text: &str) -> String {
        let named = text.strip_prefix('@').and_then(|name| self.refs[name].as_str());
        named.unwrap_or(text).to_owned()
    }

    fn text(&self, name: &str) -> Option<String> {
        let text = self.resolve(self.values.get(name)?.as_str()?);
        Some(text).filter(|text| !text.is_empty())
    }

    /// Returns an option that is one string or several.
    fn texts(&self, name: &str) -> Option<Vec<String>> {
        match self.values.get(name)? {
            Value::Array(texts) => {
                Some(texts.iter().filter_map(Value::as_str).map(|text| self.resolve(text)).collect())
            }
            _ => self.text(name).map(|text| vec![text]),
        }
    }

    fn is_on(&self, name: &str) -> bool {
        self.values.get(name) == Some(&Value::Bool(true))
    }

    fn apply(&self, options: AuthenticateOptions) -> AuthenticateOptions {
        let mut options = options.forwarded(Forwarded::TrustFirst);
        if let Some(key) = self.text("publishableKey").and_then(|key| key.parse::<PublishableKey>().ok()) {
            options = options.publishable_key(key);
        }
        if let Some(kinds) = self.accepted_kinds() {
            options = options.accepted_kinds(kinds);
        }
        if let Some(audiences) = self.texts("audience") {
            options = options.audiences(audiences);
        }
        if let Some(parties) = self.texts("authorizedParties") {
            options = options.authorized_parties(parties);
        }
        if let Some(types) = self.texts("headerType") {
            options = options.header_types(types);
        }
        if let Some(millis) = self.values.get("clockSkewInMs").and_then(Value::as_i64) {
            // Some cases tolerate more than the limit.
            options = options.insecure_clock_skew(ClockSkew::from_millis(millis));
        }
        for (name, set) in [
            ("proxyUrl", AuthenticateOptions::proxy_url as fn(_, String) -> _),
            ("signInUrl", AuthenticateOptions::sign_in_url),
            ("signUpUrl", AuthenticateOptions::sign_up_url),
        ] {
            if let Some(text) = self.text(name) {
                options = set(options, text);
            }
        }
        if self.is_on("isSatellite") {
            let satellite = self.text("domain").map_or_else(Satellite::behind_proxy, Satellite::domain);
            options = options.satellite(satellite.auto_sync(self.is_on("satelliteAutoSync")));
        }
        if let Some(sync) = self.values.get("organizationSyncOptions").filter(|sync| sync.is_object()) {
            let patterns = |name: &str| {
                let list = sync[name].as_array().cloned().unwrap_or_default();
                list.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect::<Vec<_>>()
            };
            options = options.organization_sync(
                OrganizationSync::new()
                    .organization_patterns(patterns("organizationPatterns"))
                    .personal_account_patterns(patterns("personalAccountPatterns")),
            );
        }
        options
    }

    fn accepted_kinds(&self) -> Option<AcceptedKinds> {
        let kind = |value: &Value| {
            let kinds = [TokenKind::Session, TokenKind::ApiKey, TokenKind::M2m, TokenKind::OAuth];
            kinds.into_iter().find(|kind| value.as_str() == Some(kind.as_str()))
        };
        match self.values.get("acceptsToken")? {
            Value::Array(kinds) => {
                Some(AcceptedKinds::from(kinds.iter().filter_map(kind).collect::<Vec<_>>()))
            }
            value if value == "any" => Some(AcceptedKinds::any()),
            value => kind(value).map(AcceptedKinds::from),
        }
    }
}

fn token(outcome: &Outcome) -> Option<&str> {
    let session = outcome.session_or_pending().map(|session| session.expose_token());
    session.or_else(|| outcome.machine().map(|machine| machine.expose_token()))
}

/// Converts headers to JSON: names in lower case, `set-cookie` as a list.
fn headers_as_json(headers: &HeaderMap) -> Value {
    let mut all = Map::new();
    for name in headers.keys() {
        let values: Vec<String> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into())
            .collect();
        let value = if name == "set-cookie" { json!(values) } else { json!(values.join(", ")) };
        all.insert(name.as_str().to_owned(), value);
    }
    Value::Object(all)
}

fn auth_object(outcome: &Outcome) -> Value {
    if outcome.status().as_str() == "handshake" {
        return Value::Null;
    }
    if let Some(machine) = outcome.machine() {
        return machine_object(machine);
    }
    if let Some(session) = outcome.session() {
        return session_object(session);
    }
    let status =
        outcome.session_or_pending().and_then(|session| session.claims().status().map(ToOwned::to_owned));
    json!({
        "tokenType": outcome.token_kind().map(TokenKind::as_str),
        "isAuthenticated": false,
        "sessionStatus": status,
    })
}

fn session_object(session: &Arc<SessionAuth>) -> Value {
    let claims = session.claims();
    let all: Value = session.claims_as().unwrap_or_default();
    let organization = claims.organization();
    // Version 1 has them as a list; version 2 encodes an organization's permissions as bitmaps.
    let permissions = match (all["v"].as_f64(), all["o"].is_null()) {
        (Some(2.0), true) => Value::Null,
        (Some(2.0), false) => json!(claims.permissions()),
        _ => all["org_permissions"].clone(),
    };
    json!({
        "tokenType": "session_token",
        "isAuthenticated": true,
        "userId": claims.user_id().as_str(),
        "sessionId": claims.session_id().map(|id| id.as_str()),
        "sessionStatus": claims.status(),
        "orgId": organization.map(|organization| organization.id.as_str()),
        "orgRole": claims.organization_role(),
        "orgSlug": claims.organization_slug(),
        "orgPermissions": permissions,
        "factorVerificationAge": all["fva"],
        "actor": all["act"],
        "sessionClaims": all,
    })
}

fn machine_object(machine: &MachineAuth) -> Value {
    let mut object = json!({
        "tokenType": machine.kind().as_str(),
        "isAuthenticated": true,
        "id": machine.id(),
        "subject": machine.subject(),
        "scopes": machine.scopes(),
    });
    let own = match machine.facts() {
        MachineFacts::ApiKey(key) => json!({
            "name": key.name,
            "claims": key.claims,
            "userId": key.user_id().map(|id| id.as_str().to_owned()),
            "orgId": key.organization_id().map(|id| id.as_str().to_owned()),
        }),
        MachineFacts::M2m(token) => json!({ "claims": token.claims, "machineId": token.machine_id.as_str() }),
        MachineFacts::OAuth(token) => {
            json!({ "userId": token.user_id.as_str(), "clientId": token.client_id })
        }
        _ => json!({}),
    };
    if let (Some(object), Value::Object(own)) = (object.as_object_mut(), own) {
        object.extend(own);
    }
    object
}

/// Returns the session's result for each check; false without a session.
fn check_results(case: &Value, outcome: &Outcome) -> Option<Vec<bool>> {
    let session = outcome.session();
    let ask =
        |question| check(question).zip(session).is_some_and(|(check, session)| session.claims().has(&check));
    Some(case["has"].as_array()?.iter().map(ask).collect())
}

/// Converts a check of the vectors; `None` if it cannot be expressed.
fn check(question: &Value) -> Option<Check> {
    let mut check = Check::new();
    for (name, value) in question.as_object()? {
        let text = || value.as_str().map(ToOwned::to_owned);
        check = match &**name {
            "role" => check.role(text()?),
            "permission" => check.permission(text()?),
            "feature" => check.feature(text()?),
            "plan" => check.plan(text()?),
            "reverification" => check.reverification(reverification(value)?),
            _ => return None,
        };
    }
    Some(check)
}

fn reverification(value: &Value) -> Option<Reverification> {
    Some(match value.as_str() {
        Some("strict_mfa") => Reverification::STRICT_MFA,
        Some("strict") => Reverification::STRICT,
        Some("moderate") => Reverification::MODERATE,
        Some("lax") => Reverification::LAX,
        Some(_) => return None,
        None => {
            let level = match value["level"].as_str()? {
                "first_factor" => ReverificationLevel::FirstFactor,
                "second_factor" => ReverificationLevel::SecondFactor,
                "multi_factor" => ReverificationLevel::MultiFactor,
                _ => return None,
            };
            Reverification::new(level, u32::try_from(value["afterMinutes"].as_u64()?).ok()?)
        }
    })
}
