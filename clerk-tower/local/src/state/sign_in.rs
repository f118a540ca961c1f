//! Sign-ins that a browser has begun.

use clerk_core::{
    Timestamp,
    id::{SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Contact, ContactKind, ExternalAccount, Proof, State, User, extended};
use crate::random;

/// One day, the time for a sign-in or a sign-up.
pub(super) const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// A sign-in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SignIn {
    pub(crate) id: String,
    pub(crate) identifier: Option<String>,
    pub(crate) user: Option<UserId>,
    pub(crate) first: Option<Proof>,
    pub(crate) second: Option<Proof>,
    /// Whether the first factor was a code to reset the password, and there is no new one yet.
    pub(crate) needs_new_password: bool,
    /// Who somebody is at a social provider, if no user has this account.
    pub(crate) external: Option<ExternalAccount>,
    /// The session that it started.
    pub(crate) session: Option<SessionId>,
    pub(crate) created_at: Timestamp,
}

/// What a sign-in needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInStep {
    Identifier,
    FirstFactor,
    NewPassword,
    SecondFactor,
    /// Nothing: it can start its session.
    Session,
    Complete,
}

impl SignInStep {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "needs_identifier",
            Self::FirstFactor => "needs_first_factor",
            Self::NewPassword => "needs_new_password",
            Self::SecondFactor => "needs_second_factor",
            Self::Session | Self::Complete => "complete",
        }
    }
}

impl SignIn {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            id: random::id("sia_"),
            identifier: None,
            user: None,
            first: None,
            second: None,
            needs_new_password: false,
            external: None,
            session: None,
            created_at: now,
        }
    }
}

/// Hides the middle of an email address or a phone number: `a**@example.com`.
fn safe_identifier(kind: ContactKind, value: &str) -> String {
    match (kind, value.split_once('@')) {
        (ContactKind::Email, Some((local, domain))) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}****@{domain}")
        }
        _ => {
            let last: String = value.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            format!("{}*****{last}", value.chars().take(2).collect::<String>())
        }
    }
}

impl State {
    pub(crate) fn sign_in_step(&self, sign_in: &SignIn) -> SignInStep {
        let is_proven = |proof: &Option<Proof>| proof.as_ref().is_some_and(|proof| self.is_proven(proof));
        let user = sign_in.user.as_ref().and_then(|user| self.users.get(user.as_str()).ok());
        let Some(user) = user else { return SignInStep::Identifier };
        match () {
            () if sign_in.session.is_some() => SignInStep::Complete,
            () if !is_proven(&sign_in.first) => SignInStep::FirstFactor,
            () if sign_in.needs_new_password => SignInStep::NewPassword,
            // A ticket was given by the application itself, which vouches for both factors.
            () if sign_in.first.as_ref().is_some_and(|first| first.strategy == "ticket") => {
                SignInStep::Session
            }
            () if self.second_factors(user).is_empty() || is_proven(&sign_in.second) => SignInStep::Session,
            () => SignInStep::SecondFactor,
        }
    }

    /// Returns the factors with which a user can begin.
    pub(crate) fn first_factors(&self, user: &User) -> Vec<Value> {
        let attributes = &self.settings.attributes;
        let mut factors = Vec::new();
        if attributes.password.enabled && user.password.is_some() {
            factors.push(json!({ "strategy": "password" }));
        }
        for (kind, attribute) in
            [(ContactKind::Email, &attributes.email_address), (ContactKind::Phone, &attributes.phone_number)]
        {
            let contacts = user.contacts(kind).iter().filter(|contact| contact.identifies());
            let strategies = attribute.first_factors.iter().filter(|_| attribute.enabled);
            for contact in contacts {
                factors.extend(strategies.clone().map(|strategy| user.factor(strategy, kind, contact)));
                if attributes.password.enabled && user.password.is_some() {
                    let strategy = match kind {
                        ContactKind::Email => "reset_password_email_code",
                        ContactKind::Phone => "reset_password_phone_code",
                    };
                    factors.push(user.factor(strategy, kind, contact));
                }
            }
        }
        let social =
            user.external_accounts.iter().filter(|account| self.settings.social.contains(&account.provider));
        factors.extend(social.map(|account| json!({ "strategy": format!("oauth_{}", account.provider) })));
        factors
    }

    /// Returns the second factors that a user has set up. With any, a sign-in needs one.
    pub(crate) fn second_factors(&self, user: &User) -> Vec<Value> {
        let attributes = &self.settings.attributes;
        let mut factors = Vec::new();
        if attributes.authenticator_app.enabled && user.has_totp() {
            factors.push(json!({ "strategy": "totp" }));
        }
        if attributes.phone_number.enabled && !attributes.phone_number.second_factors.is_empty() {
            let phones = user.second_factor_phones().into_iter().enumerate().map(|(at, phone)| {
                let factor = user.factor("phone_code", ContactKind::Phone, phone);
                extended(factor, json!({ "default": at == 0 }))
            });
            factors.extend(phones);
        }
        // Backup codes replace another second factor; alone, they are none.
        if !factors.is_empty() && attributes.backup_code.enabled && !user.backup_codes.is_empty() {
            factors.push(json!({ "strategy": "backup_code" }));
        }
        factors
    }

    /// Returns a sign-in as the Frontend API shows it. `base` is the URL of the server.
    pub(crate) fn render_sign_in(&self, sign_in: &SignIn, base: &str) -> Value {
        let step = self.sign_in_step(sign_in);
        let user = sign_in.user.as_ref().and_then(|user| self.users.get(user.as_str()).ok());
        let render = |proof: &Option<Proof>| proof.as_ref().map(|proof| self.render_proof(proof, base));
        let first_factors = match (user, step) {
            (_, SignInStep::Complete) | (None, _) => None,
            (Some(user), _) => Some(self.first_factors(user)),
        };
        let second_factors =
            user.filter(|_| step == SignInStep::SecondFactor).map(|user| self.second_factors(user));
        let user_data = user.map(|user| {
            let image_url = self.image_url(user.id.as_str());
            json!({
                "first_name": user.first_name,
                "last_name": user.last_name,
                "image_url": image_url,
                "profile_image_url": image_url,
                "has_image": self.has_image(user.id.as_str()),
            })
        });
        let attributes = &self.settings.attributes;
        let identifiers = [
            ("email_address", &attributes.email_address),
            ("phone_number", &attributes.phone_number),
            ("username", &attributes.username),
        ];
        let identifiers =
            identifiers.into_iter().filter(|(_, it)| it.enabled && !it.first_factors.is_empty());
        json!({
            "object": "sign_in_attempt",
            "id": sign_in.id,
            "status": if self.now >= sign_in.created_at.saturating_add(DAY) { "abandoned" } else { step.as_str() },
            "supported_identifiers": identifiers.map(|(name, _)| name).collect::<Vec<_>>(),
            "supported_first_factors": first_factors,
            "supported_second_factors": second_factors,
            "first_factor_verification": render(&sign_in.first),
            "second_factor_verification": render(&sign_in.second),
            "identifier": sign_in.identifier,
            "user_data": user_data,
            "created_session_id": sign_in.session,
            "abandon_at": sign_in.created_at.saturating_add(DAY),
        })
    }
}

impl User {
    fn factor(&self, strategy: &str, kind: ContactKind, contact: &Contact) -> Value {
        let primary = match kind {
            ContactKind::Email => &self.primary_email,
            ContactKind::Phone => &self.primary_phone,
        };
        let is_primary = primary.as_ref() == Some(&contact.id);
        let factor = json!({
            "strategy": strategy,
            "safe_identifier": safe_identifier(kind, &contact.value),
            format!("{}_id", kind.as_str()): contact.id,
            "primary": is_primary,
        });
        match kind {
            ContactKind::Email => factor,
            ContactKind::Phone => extended(factor, json!({ "default": is_primary })),
        }
    }
}
