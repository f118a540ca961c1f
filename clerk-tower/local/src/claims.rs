//! The claims of tokens: session tokens (version 2 of Clerk's claims), M2M tokens and OAuth access tokens.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::{Timestamp, id::Id};
use serde_json::{Map, Value, json};

use crate::{
    credentials::{Standing, StoredM2mToken, StoredOAuthToken},
    keys::SigningKey,
    random,
    state::{OAuthGrant, Session, State, extended, oauth::ACCESS_LIFETIME},
};

/// The header `cat` of session tokens.
pub(super) const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";

/// The header `cat` of M2M tokens in JWT form.
const M2M_CATEGORY: &str = "cl_B7d4PD333AAA";
/// The class of tokens from JWT templates.
const TEMPLATE_CATEGORY: &str = "cl_B7d4PD222AAA";

/// The default lifetime of a session token.
pub(super) const LIFETIME: Duration = Duration::from_secs(60);

/// The parts of a session token that do not depend on its session.
#[derive(Clone)]
pub(super) struct TokenOptions {
    pub(super) lifetime: Duration,
    pub(super) authorized_party: Option<String>,
    pub(super) factor_ages: [i64; 2],
    pub(super) extra: Map<String, Value>,
}

impl Default for TokenOptions {
    fn default() -> Self {
        Self { lifetime: LIFETIME, authorized_party: None, factor_ages: [0, -1], extra: Map::new() }
    }
}

/// Returns the header of a session token, without the parts that every token has.
pub(super) fn header() -> Map<String, Value> {
    Map::from_iter([("cat".to_owned(), SESSION_CATEGORY.into())])
}

/// Returns the claims of a session token.
pub(super) fn session(state: &State, session: &Session, options: &TokenOptions, now: Timestamp) -> Value {
    let now = state.clock_time(now);
    let issued = now.as_secs();
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    if let Some(party) = &options.authorized_party {
        put("azp", party.as_str().into());
    }
    put("exp", now.saturating_add(options.lifetime).as_secs().into());
    put("fva", json!(options.factor_ages));
    put("iat", issued.into());
    put("nbf", issued.saturating_sub(10).into());
    put("iss", state.issuer.as_str().into());
    put("jti", random::string(20).into());
    put("sid", session.id.as_str().into());
    put("sub", session.user.as_str().into());
    if let Some(actor) = &session.actor {
        put("act", actor.clone());
    }
    put("sts", if session.pending { "pending" } else { "active" }.into());
    put("v", 2.into());
    let organization = organization(state, session);
    let active = organization.is_some().then_some(session.organization.as_ref()).flatten();
    let (plans, offered) = state.plan_claims(session.user.as_str(), active.map(|id| id.as_str()));
    let mut features = Vec::new();
    if let Some((organization, permitted)) = organization {
        put("o", organization);
        features = permitted;
    }
    // The masks of the claim `o` belong to the first features.
    for feature in offered {
        if !features.contains(&feature) {
            features.push(feature);
        }
    }
    if !features.is_empty() {
        put("fea", features.join(",").into());
    }
    if !plans.is_empty() {
        put("pla", plans.into());
    }
    claims.extend(options.extra.clone());
    Value::Object(claims)
}

/// Returns the header of a JWT template's token, without the parts that every token has.
pub(super) fn template_header() -> Map<String, Value> {
    Map::from_iter([("cat".to_owned(), TEMPLATE_CATEGORY.into())])
}

/// Returns the claims of a JWT template's token.
pub(super) fn template(
    state: &State,
    session: &Session,
    options: &TokenOptions,
    now: Timestamp,
    audience: &str,
) -> Value {
    let now = state.clock_time(now);
    let issued = now.as_secs();
    let mut claims = json!({
        "iss": state.issuer,
        "sub": session.user,
        "aud": audience,
        "exp": now.saturating_add(options.lifetime).as_secs(),
        "iat": issued,
        "nbf": issued.saturating_sub(10),
        "jti": random::string(20),
    });
    if let Some(party) = &options.authorized_party {
        claims = extended(claims, json!({ "azp": party }));
    }
    extended(claims, Value::Object(options.extra.clone()))
}

/// Returns the header of an M2M token in JWT form, without the parts that every token has.
pub(super) fn m2m_header() -> Map<String, Value> {
    Map::from_iter([("cat".to_owned(), M2M_CATEGORY.into())])
}

/// Returns the claims of an M2M token in JWT form: the machine's custom claims and Clerk's own, which win.
pub(super) fn m2m(state: &State, token: &StoredM2mToken) -> Value {
    let scopes: Vec<_> = token.scopes.iter().map(Id::as_str).collect();
    let own = json!({
        "sub": token.subject,
        "aud": scopes,
        "scopes": scopes.join(" "),
    });
    let standing = registered_claims(state, &state.issuer, token.id.as_str(), &token.standing);
    let claims = token.claims.clone().filter(Value::is_object).unwrap_or_else(|| json!({}));
    extended(extended(claims, own), standing)
}

/// Returns the header of an OAuth access token in JWT form, without the parts that every token has.
pub(super) fn oauth_header() -> Map<String, Value> {
    Map::from_iter([("typ".to_owned(), "at+jwt".into())])
}

/// Returns the claims of an OAuth access token in JWT form.
pub(super) fn oauth(state: &State, issuer: &str, token: &StoredOAuthToken) -> Value {
    let own = json!({
        "sub": token.subject,
        "client_id": token.client_id,
        "scp": token.scopes,
        "scope": token.scopes.join(" "),
    });
    let standing = registered_claims(state, issuer, token.id.as_str(), &token.standing);
    let whole = extended(extended(own, token.delegation()), standing);
    match &token.organization {
        Some(organization) => extended(whole, json!({ "org_id": organization })),
        None => whole,
    }
}

/// Reads an OAuth access token in JWT form, if `key` signed it. Whether it has expired is not checked.
pub(super) fn read_oauth(state: &State, key: &SigningKey, token: &str) -> Option<StoredOAuthToken> {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    // RFC 9068, section 4: the key signs session tokens and ID tokens, too.
    if header.get("typ")? != "at+jwt" {
        return None;
    }
    let claims = key.verify(token)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let list = |name: &str| match claims.get(name) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
    let time = |name: &str| seconds(name).map(|seconds| state.own_time(Timestamp::from_secs(seconds)));
    let mut token = StoredOAuthToken::new(text("sub")?.into(), time("iat")?);
    token.id = text("jti")?.into();
    token.client_id = text("client_id")?.to_owned();
    token.scopes = list("scp");
    token.audience = list("aud");
    token.actor = claims.get("act").cloned();
    token.organization = text("org_id").map(Into::into);
    token.standing.expiration = time("exp");
    Some(token)
}

/// Returns the claims of an ID token that it has whatever the scopes: OpenID Connect Core 1.0, section 2.
pub(super) fn id_token(
    state: &State,
    issuer: &str,
    grant: &OAuthGrant,
    access_token: &str,
    nonce: Option<&str>,
    now: Timestamp,
) -> Value {
    let [now, signed_in_at] = [now, grant.signed_in_at].map(|time| state.clock_time(time));
    let digest = digest(&SHA256, access_token.as_bytes());
    let half = digest.as_ref().get(..16).unwrap_or_default();
    let claims = json!({
        "iss": issuer,
        "sub": grant.user,
        "aud": grant.client_id,
        "azp": grant.client_id,
        "iat": now.as_secs(),
        "exp": now.saturating_add(ACCESS_LIFETIME).as_secs(),
        "auth_time": signed_in_at.as_secs(),
        "at_hash": BASE64_URL_SAFE_NO_PAD.encode(half),
        "jti": random::string(20),
    });
    match nonce {
        Some(nonce) => extended(claims, json!({ "nonce": nonce })),
        None => claims,
    }
}

/// Returns the registered claims of a machine's token: issuer, identifier and times.
fn registered_claims(state: &State, issuer: &str, id: &str, standing: &Standing) -> Value {
    let issued = state.clock_time(standing.created_at).as_secs();
    let mut claims = json!({ "iss": issuer, "jti": id, "iat": issued, "nbf": issued });
    if let Some(end) = standing.expiration {
        claims = extended(claims, json!({ "exp": state.clock_time(end).as_secs() }));
    }
    claims
}

/// Returns the claim `o` and the features in its permissions for the active organization, if the user is still a member.
fn organization(state: &State, session: &Session) -> Option<(Value, Vec<String>)> {
    let organization = state.organizations.get(session.organization.as_ref()?.as_str()).ok()?;
    let membership = state.membership(organization.id.as_str(), session.user.as_str()).ok()?;
    let encoded = encode(state.permissions(membership));
    let mut claim = json!({
        "id": organization.id,
        "slg": organization.slug,
        "rol": membership.role.strip_prefix("org:").unwrap_or(&membership.role),
    });
    if !encoded.features.is_empty() {
        let (names, masks) = (encoded.permissions.join(","), encoded.masks.join(","));
        claim = extended(claim, json!({ "per": names, "fpm": masks }));
    }
    let features = encoded.features.iter().map(|feature| format!("o:{feature}")).collect();
    Some((claim, features))
}

/// Permissions as tokens encode them: features, names of permissions, and for each feature a bit mask of these names
/// whose lowest bit is the first name.
struct Encoded<'a> {
    features: Vec<&'a str>,
    permissions: Vec<&'a str>,
    masks: Vec<String>,
}

/// Encodes permissions of the form `org:<feature>:<permission>`. System permissions (`org:sys_…`) and permissions of
/// any other form are left out, as at Clerk.
fn encode(permissions: &[String]) -> Encoded<'_> {
    let pairs: Vec<(&str, &str)> = permissions
        .iter()
        .filter_map(|permission| permission.strip_prefix("org:")?.split_once(':'))
        .filter(|(feature, name)| {
            let plain = |text: &str| !text.is_empty() && !text.contains([',', ':']) && text.trim() == text;
            plain(feature) && plain(name) && !feature.starts_with("sys_")
        })
        .collect();
    let mut features = Vec::new();
    let mut names = Vec::new();
    for (feature, name) in &pairs {
        if !features.contains(feature) {
            features.push(*feature);
        }
        if !names.contains(name) {
            names.push(*name);
        }
    }
    let masks = features
        .iter()
        .map(|feature| decimal(names.iter().rev().map(|name| pairs.contains(&(*feature, *name)))))
        .collect();
    Encoded { features, permissions: names, masks }
}

/// Formats a number of any size in decimal. The most significant bit comes first.
fn decimal(bits: impl Iterator<Item = bool>) -> String {
    // The least significant digit comes first.
    let mut digits = vec![0_u8];
    for bit in bits {
        let mut carry = u8::from(bit);
        for digit in &mut digits {
            let doubled = *digit * 2 + carry;
            *digit = doubled % 10;
            carry = doubled / 10;
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes the claims bit by bit.
    fn decode(encoded: &Encoded<'_>) -> Vec<String> {
        let mut permissions = Vec::new();
        for (feature, mask) in encoded.features.iter().zip(&encoded.masks) {
            let mut mask: Vec<u8> = mask.bytes().map(|byte| byte - b'0').collect();
            for name in &encoded.permissions {
                let mut rest = 0;
                for digit in &mut mask {
                    let whole = rest * 10 + *digit;
                    *digit = whole / 2;
                    rest = whole % 2;
                }
                if rest == 1 {
                    permissions.push(format!("org:{feature}:{name}"));
                }
            }
        }
        permissions.sort();
        permissions
    }

    fn check(permissions: &[&str], expected: &[&str]) {
        let permissions: Vec<String> = permissions.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(decode(&encode(&permissions)), expected);
    }

    #[test]
    fn encoded_permissions_decode_to_the_same_permissions() {
        check(&[], &[]);
        check(
            &["org:users:manage", "org:reports:read", "org:users:read"],
            &["org:reports:read", "org:users:manage", "org:users:read"],
        );
        check(
            &["org:sys_profile:manage", "org:billing:a", "org:x", "users:read", "org:a:b:c", "org:a:b,c"],
            &["org:billing:a"],
        );
    }

    #[test]
    fn the_first_name_is_the_lowest_bit() {
        let permissions = ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"].map(str::to_owned);
        let encoded = encode(&permissions);
        assert_eq!(encoded.features, ["dashboard", "teams"]);
        assert_eq!(encoded.permissions, ["manage", "read"]);
        assert_eq!(encoded.masks, ["3", "2"]);
    }

    #[test]
    fn masks_are_exact_beyond_sixty_four_bits() {
        let bits = |set: &[usize]| {
            let highest = set.iter().max().copied().unwrap_or(0);
            decimal((0..=highest).rev().map(|bit| set.contains(&bit)))
        };
        assert_eq!(bits(&[]), "0");
        assert_eq!(bits(&[0, 53]), "9007199254740993");
        assert_eq!(bits(&[128]), "340282366920938463463374607431768211456");
        let all: Vec<String> = (0..150).map(|n| format!("org:f{}:p{n:03}", n % 3)).collect();
        let mut sorted = all.clone();
        sorted.sort();
        assert_eq!(decode(&encode(&all)), sorted);
    }
}
