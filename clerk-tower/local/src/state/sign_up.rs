//! Sign-ups that a browser has begun.

use clerk_core::{
    Timestamp,
    id::{ClientId, SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Contact, ContactKind, ExternalAccount, Metadata, Password, Proof, Standing, State, Strategy, User,
    sign_in::DAY,
};
use crate::{error::ApiError, random, table::Row};

/// A sign-up.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SignUp {
    pub(crate) id: String,
    pub(crate) client: ClientId,
    pub(crate) username: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<Claim>,
    pub(crate) phone: Option<Claim>,
    pub(crate) password: Option<Password>,
    pub(crate) unsafe_metadata: Value,
    /// From an invitation.
    pub(crate) public_metadata: Value,
    /// How far a visit to a social provider has got.
    pub(crate) social: Option<Proof>,
    /// Who somebody is at a social provider.
    pub(crate) external: Option<ExternalAccount>,
    /// The invitation with which it began.
    pub(crate) invitation: Option<String>,
    /// The invitation to an organization with which it began.
    #[serde(default)]
    pub(crate) organization_invitation: Option<String>,
    pub(crate) legal_accepted_at: Option<Timestamp>,
    pub(crate) locale: Option<String>,
    pub(crate) external_id: Option<String>,
    /// Whether the application has to do something before it is complete.
    pub(crate) custom_action: bool,
    /// The user and the session that it started.
    pub(crate) user: Option<UserId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) created_at: Timestamp,
}

/// An email address or a phone number of a sign-up.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) value: String,
    pub(crate) proof: Option<Proof>,
}

impl Row for SignUp {
    const NAME: &'static str = "sign-up";

    fn id(&self) -> &str {
        &self.id
    }
}

impl SignUp {
    pub(crate) fn new(client: ClientId, now: Timestamp) -> Self {
        let empty = || Value::Object(Map::new());
        Self {
            id: random::id("sua_"),
            client,
            username: None,
            first_name: None,
            last_name: None,
            email: None,
            phone: None,
            password: None,
            unsafe_metadata: empty(),
            public_metadata: empty(),
            social: None,
            external: None,
            invitation: None,
            organization_invitation: None,
            legal_accepted_at: None,
            locale: None,
            external_id: None,
            custom_action: false,
            user: None,
            session: None,
            created_at: now,
        }
    }

    pub(crate) const fn is_invited(&self) -> bool {
        self.invitation.is_some() || self.organization_invitation.is_some()
    }

    pub(crate) const fn claim(&self, kind: ContactKind) -> &Option<Claim> {
        match kind {
            ContactKind::Email => &self.email,
            ContactKind::Phone => &self.phone,
        }
    }

    pub(crate) const fn claim_mut(&mut self, kind: ContactKind) -> &mut Option<Claim> {
        match kind {
            ContactKind::Email => &mut self.email,
            ContactKind::Phone => &mut self.phone,
        }
    }

    /// Takes over what a social provider says about somebody.
    pub(crate) fn take_external(&mut self, external: ExternalAccount) {
        let strategy = format!("oauth_{}", external.provider);
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        self.first_name = self.first_name.take().or_else(|| some(&external.first_name));
        self.last_name = self.last_name.take().or_else(|| some(&external.last_name));
        self.email = Some(Claim { value: external.email.clone(), proof: Some(Proof::verified(&strategy)) });
        self.external = Some(external);
    }

    fn has(&self, field: &str) -> bool {
        match field {
            "email_address" => self.email.is_some(),
            "phone_number" => self.phone.is_some(),
            "username" => self.username.is_some(),
            "first_name" => self.first_name.is_some(),
            "last_name" => self.last_name.is_some(),
            // Somebody with an account at a social provider needs no password.
            "password" => self.password.is_some() || self.external.is_some(),
            "legal_accepted" => self.legal_accepted_at.is_some(),
            _ => true,
        }
    }
}

/// The most sign-ups that are remembered. Beyond that, the oldest ones are forgotten.
const MAX_SIGN_UPS: usize = 10_000;

/// The attributes that a sign-up can have, in the order in which they are asked for.
const FIELDS: [&str; 6] =
    ["email_address", "phone_number", "username", "password", "first_name", "last_name"];

impl State {
    /// Returns the fields of sign-ups, each with whether it is required.
    fn sign_up_fields(&self) -> Vec<(&'static str, bool)> {
        let attributes = &self.settings.attributes;
        let attribute = |field: &str| match field {
            "email_address" => &attributes.email_address,
            "phone_number" => &attributes.phone_number,
            "username" => &attributes.username,
            "password" => &attributes.password,
            "first_name" => &attributes.first_name,
            _ => &attributes.last_name,
        };
        let fields = FIELDS.into_iter().filter(|field| attribute(field).enabled);
        let mut fields: Vec<_> = fields.map(|field| (field, attribute(field).required)).collect();
        if self.settings.sign_up.legal_consent_enabled {
            fields.push(("legal_accepted", true));
        }
        fields
    }

    /// Returns the required fields that a sign-up lacks.
    pub(crate) fn missing_fields(&self, sign_up: &SignUp) -> Vec<&'static str> {
        let required = self.sign_up_fields().into_iter().filter(|(_, is_required)| *is_required);
        required.map(|(field, _)| field).filter(|field| !sign_up.has(field)).collect()
    }

    /// Returns the fields of a sign-up that have to be verified.
    pub(crate) fn unverified_fields(&self, sign_up: &SignUp) -> Vec<&'static str> {
        let kinds = [ContactKind::Email, ContactKind::Phone].into_iter();
        let unverified = kinds.filter(|kind| {
            let is_proven = |claim: &Claim| claim.proof.as_ref().is_some_and(|proof| self.is_proven(proof));
            let claim = sign_up.claim(*kind).as_ref();
            !self.strategies(*kind).is_empty() && claim.is_some_and(|claim| !is_proven(claim))
        });
        unverified.map(ContactKind::as_str).collect()
    }

    /// Returns the strategies that verify a contact at sign-up.
    pub(crate) fn strategies(&self, kind: ContactKind) -> &[String] {
        match kind {
            ContactKind::Email => &self.settings.attributes.email_address.verifications,
            ContactKind::Phone => &self.settings.attributes.phone_number.verifications,
        }
    }

    pub(crate) fn is_sign_up_ready(&self, sign_up: &SignUp) -> bool {
        sign_up.user.is_none()
            && !sign_up.custom_action
            && self.missing_fields(sign_up).is_empty()
            && self.unverified_fields(sign_up).is_empty()
    }

    pub(crate) fn put_sign_up(&mut self, sign_up: SignUp) {
        match self.sign_ups.get_mut(&sign_up.id) {
            Ok(known) => *known = sign_up,
            Err(_) => self.sign_ups.insert(sign_up),
        }
        self.sign_ups.keep_newest(MAX_SIGN_UPS);
    }

    /// Creates the user of a sign-up that lacks nothing.
    pub(crate) fn user_of_sign_up(&mut self, sign_up: &SignUp, now: Timestamp) -> Result<UserId, ApiError> {
        let mut user = User::new(UserId::from(random::id("user_")), now);
        for kind in [ContactKind::Email, ContactKind::Phone] {
            let Some(claim) = sign_up.claim(kind) else { continue };
            let proof = claim.proof.as_ref().filter(|proof| self.is_proven(proof));
            let standing = match proof.map(|proof| &*proof.strategy) {
                None => Standing::Reserved,
                Some("email_link") => Standing::Verified(Strategy::EmailLink),
                Some("phone_code") => Standing::Verified(Strategy::PhoneCode),
                Some("ticket") => Standing::Verified(Strategy::Ticket),
                Some(strategy) => match strategy.strip_prefix("oauth_") {
                    Some(provider) => Standing::Verified(Strategy::OAuth(provider.to_owned())),
                    None => Standing::Verified(Strategy::EmailCode),
                },
            };
            user.add_contact(kind, Contact::new(&claim.value, standing, now));
        }
        user.username.clone_from(&sign_up.username);
        user.first_name.clone_from(&sign_up.first_name);
        user.last_name.clone_from(&sign_up.last_name);
        user.locale.clone_from(&sign_up.locale);
        user.external_id.clone_from(&sign_up.external_id);
        user.legal_accepted_at = sign_up.legal_accepted_at;
        user.external_accounts.extend(sign_up.external.clone());
        user.metadata = Metadata {
            public: sign_up.public_metadata.clone(),
            unsafe_: sign_up.unsafe_metadata.clone(),
            ..Metadata::default()
        };
        if let Some(password) = sign_up.password.clone() {
            user.set_password(password, now);
        }
        let id = user.id.clone();
        self.sign_up(user, sign_up.is_invited())?;
        Ok(id)
    }

    /// Returns a sign-up as both APIs show it. `base` is the URL of the server.
    pub(crate) fn render_sign_up(&self, sign_up: &SignUp, base: &str) -> Value {
        let fields = |is_wanted: bool| -> Vec<_> {
            let fields = self.sign_up_fields().into_iter();
            fields.filter(|(_, is_required)| *is_required == is_wanted).map(|(field, _)| field).collect()
        };
        let social: Vec<_> =
            self.settings.social.iter().map(|provider| format!("oauth_{provider}")).collect();
        let mut optional: Vec<Value> = fields(false).into_iter().map(Value::from).collect();
        optional.extend(social.into_iter().map(Value::from));
        let value = |kind| sign_up.claim(kind).as_ref().map(|claim| &claim.value);
        json!({
            "object": "sign_up_attempt",
            "id": sign_up.id,
            "status": match () {
                () if sign_up.user.is_some() => "complete",
                () if self.now >= sign_up.created_at.saturating_add(DAY) => "abandoned",
                () => "missing_requirements",
            },
            "required_fields": fields(true),
            "optional_fields": optional,
            "missing_fields": self.missing_fields(sign_up),
            "unverified_fields": self.unverified_fields(sign_up),
            "verifications": {
                "email_address": self.render_claim(sign_up, ContactKind::Email, base),
                "phone_number": self.render_claim(sign_up, ContactKind::Phone, base),
                "web3_wallet": null,
                "external_account": sign_up.social.as_ref().map(|proof| self.render_proof(proof, base)),
            },
            "username": sign_up.username,
            "email_address": value(ContactKind::Email),
            "phone_number": value(ContactKind::Phone),
            "web3_wallet": null,
            "password_enabled": sign_up.password.is_some(),
            "has_password": sign_up.password.is_some(),
            "first_name": sign_up.first_name,
            "last_name": sign_up.last_name,
            "locale": sign_up.locale,
            "unsafe_metadata": sign_up.unsafe_metadata,
            "public_metadata": sign_up.public_metadata,
            "custom_action": sign_up.custom_action,
            "external_id": sign_up.external_id,
            "external_account": sign_up.external.as_ref().map(ExternalAccount::render),
            "created_session_id": sign_up.session,
            "created_user_id": sign_up.user,
            "abandon_at": sign_up.created_at.saturating_add(DAY),
            "legal_accepted_at": sign_up.legal_accepted_at,
        })
    }

    /// Returns how far a contact of a sign-up is verified, and what to do next.
    fn render_claim(&self, sign_up: &SignUp, kind: ContactKind, base: &str) -> Value {
        let Some(claim) = sign_up.claim(kind) else { return Value::Null };
        let strategies = self.strategies(kind);
        let (rendered, next_action) = match &claim.proof {
            Some(proof) if self.is_proven(proof) => (self.render_proof(proof, base), ""),
            Some(proof) => (self.render_proof(proof, base), "needs_attempt"),
            None if strategies.is_empty() => return Value::Null,
            None => {
                let unverified = json!({
                    "object": "verification_otp",
                    "status": "unverified",
                    // With a strategy, Clerk's components would take it for a code that was sent already.
                    "strategy": null,
                    "attempts": null,
                    "expire_at": sign_up.created_at.saturating_add(DAY),
                });
                (unverified, "needs_prepare")
            }
        };
        super::extended(rendered, json!({ "next_action": next_action, "supported_strategies": strategies }))
    }
}
