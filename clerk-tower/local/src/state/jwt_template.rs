//! JWT templates.

use std::time::Duration;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Session, State, extended};
use crate::{
    claims,
    error::ApiError,
    keys::{self, SigningKey},
    random, shortcodes,
    table::Row,
};

/// The algorithms of custom signing keys. Clerk's document does not list any, so these are those of RFC 7518 and RFC 8037
/// that sign.
pub(crate) const ALGORITHMS: &[&str] = &[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
    "ES512", "EdDSA",
];

/// A template of the claims of tokens.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JwtTemplate {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) claims: Map<String, Value>,
    /// In seconds.
    pub(crate) lifetime: i64,
    /// In seconds.
    pub(crate) allowed_clock_skew: i64,
    pub(crate) custom_key: Option<CustomKey>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A key that signs the tokens of a template, instead of the instance's key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CustomKey {
    /// One of [`ALGORITHMS`].
    pub(crate) algorithm: String,
    /// A secret, or a private key as PEM.
    pub(crate) key: String,
}

impl CustomKey {
    /// Signs a token.
    fn sign(&self, header: Map<String, Value>, claims: &Value) -> Result<String, ApiError> {
        let header = extended(header.into(), json!({ "alg": self.algorithm, "typ": "JWT" }));
        let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.signature(message.as_bytes());
        let signature = signature.map_err(|problem| ApiError::bad_format("signing_key", problem))?;
        Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        let mac = |algorithm| {
            let key = hmac::Key::new(algorithm, self.key.as_bytes());
            Ok(hmac::sign(&key, message).as_ref().to_vec())
        };
        match self.algorithm.as_str() {
            "HS256" => mac(hmac::HMAC_SHA256),
            "HS384" => mac(hmac::HMAC_SHA384),
            "HS512" => mac(hmac::HMAC_SHA512),
            "RS256" => self.rsa(&signature::RSA_PKCS1_SHA256, message),
            "RS384" => self.rsa(&signature::RSA_PKCS1_SHA384, message),
            "RS512" => self.rsa(&signature::RSA_PKCS1_SHA512, message),
            "PS256" => self.rsa(&signature::RSA_PSS_SHA256, message),
            "PS384" => self.rsa(&signature::RSA_PSS_SHA384, message),
            "PS512" => self.rsa(&signature::RSA_PSS_SHA512, message),
            "ES256" => self.ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, message),
            "ES384" => self.ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, message),
            "ES512" => self.ecdsa(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, message),
            "EdDSA" => self.ed25519(message),
            _ => Err("one of a known algorithm"),
        }
    }

    fn rsa(&self, algorithm: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        let pair = keys::rsa_from_pem(&self.key)?;
        let mut signature = vec![0; pair.public_modulus_len()];
        let signed = pair.sign(algorithm, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| "long enough for the algorithm")
    }

    fn ecdsa(
        &self,
        algorithm: &'static EcdsaSigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, &'static str> {
        let key = keys::private_key_from_pem(&self.key)?;
        let pair = EcdsaKeyPair::from_private_key_der(algorithm, key.secret_der());
        let pair = pair.map_err(|_| "a private key of the algorithm's elliptic curve")?;
        let signed = pair.sign(&SystemRandom::new(), message);
        Ok(signed.map_err(|_| "a key that can sign")?.as_ref().to_vec())
    }

    fn ed25519(&self, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        let key = keys::private_key_from_pem(&self.key)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_der());
        Ok(pair.map_err(|_| "an Ed25519 private key")?.sign(message).as_ref().to_vec())
    }

    /// Rejects a key that cannot sign.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        self.sign(Map::new(), &Value::Null).map(drop)
    }
}

impl Row for JwtTemplate {
    const NAME: &'static str = "JWT template";

    fn id(&self) -> &str {
        &self.id
    }
}

impl JwtTemplate {
    pub(crate) fn new(name: &str, claims: Map<String, Value>, now: Timestamp) -> Self {
        Self {
            id: random::id("jtmp_"),
            name: name.to_owned(),
            claims,
            lifetime: 60,
            allowed_clock_skew: 5,
            custom_key: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "object": "jwt_template",
            "id": self.id,
            "name": self.name,
            "claims": self.claims,
            "lifetime": self.lifetime,
            "allowed_clock_skew": self.allowed_clock_skew,
            "custom_signing_key": self.custom_key.is_some(),
            "signing_algorithm": self.custom_key.as_ref().map_or("RS256", |key| &key.algorithm),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

impl State {
    /// Returns a token of a session with the claims of the template of this name.
    ///
    /// `party` is the origin for which it is, and `lifetime` replaces the template's.
    pub(crate) fn template_token(
        &self,
        key: &SigningKey,
        session: &Session,
        name: &str,
        party: Option<&str>,
        lifetime: Option<Duration>,
        now: Timestamp,
    ) -> Result<String, ApiError> {
        let template = self.jwt_templates.find(|template| template.name == name);
        let template = template.ok_or_else(|| ApiError::not_found(JwtTemplate::NAME))?;
        let issued = self.clock_time(now).as_secs();
        let lifetime = lifetime.and_then(|lifetime| i64::try_from(lifetime.as_secs()).ok());
        let own = json!({
            "iss": self.issuer,
            "sub": session.user,
            "exp": issued.saturating_add(lifetime.unwrap_or(template.lifetime)),
            "iat": issued,
            "nbf": issued.saturating_sub(template.allowed_clock_skew),
            "jti": random::string(20),
        });
        let claims = Value::Object(template.claims.clone());
        let mut claims = extended(shortcodes::expand(&claims, &self.shortcode_values(session)), own);
        if let Some(party) = party {
            claims = extended(claims, json!({ "azp": party }));
        }
        match &template.custom_key {
            Some(custom) => custom.sign(claims::template_header(), &claims),
            None => Ok(key.sign(&claims::template_header(), &claims)),
        }
    }

    /// Returns the values of the shortcodes for a session.
    fn shortcode_values(&self, session: &Session) -> Value {
        let membership = session
            .organization
            .as_ref()
            .and_then(|organization| self.membership(organization.as_str(), session.user.as_str()).ok());
        let organization =
            membership.and_then(|membership| self.organizations.get(membership.organization.as_str()).ok());
        let organization = organization.zip(membership).map(|(organization, membership)| {
            json!({
                "id": organization.id,
                "name": organization.name,
                "slug": organization.slug,
                "image_url": self.image_url(organization.id.as_str()),
                "has_image": self.has_image(organization.id.as_str()),
                "public_metadata": organization.metadata.public,
                "role": membership.role,
                "permissions": self.permissions(membership),
            })
        });
        json!({
            "user": self.user_values(session.user.as_str()),
            "org": organization,
            "org_membership": membership.map(|it| json!({ "public_metadata": it.metadata.public })),
            "session": { "id": session.id, "actor": session.actor },
        })
    }

    fn user_values(&self, id: &str) -> Option<Value> {
        let user = self.users.get(id).ok()?;
        let mut values = self.render_user(user);
        let is_verified = |list: &str, primary: &str| {
            let contacts = values.get(list)?.as_array()?;
            let primary = contacts.iter().find(|contact| contact.get("id") == values.get(primary))?;
            Some(primary.pointer("/verification/status")? == "verified")
        };
        let name = user.name();
        let own = self.memberships_of(id);
        let organizations: Map<String, Value> =
            own.map(|it| (it.organization.as_str().to_owned(), it.role.as_str().into())).collect();
        let more = json!({
            "full_name": Some(name).filter(|name| !name.is_empty()),
            "primary_email_address": user.email(),
            "primary_phone_number": user.phone(),
            "email_verified": is_verified("email_addresses", "primary_email_address_id").unwrap_or(false),
            "phone_number_verified": is_verified("phone_numbers", "primary_phone_number_id").unwrap_or(false),
            "organizations": organizations,
        });
        // Tokens are readable by everybody who gets them.
        values.as_object_mut()?.remove("private_metadata");
        Some(extended(values, more))
    }
}
