//! Users.

use clerk_core::{Timestamp, id::UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Contact, ContactKind, ExternalAccount, Lock, Metadata, Passkey, Password, State, Totp, TrustedDevice,
    extended,
};
use crate::{error::ApiError, table::Row};

/// A user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) external_id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) emails: Vec<Contact>,
    pub(crate) phones: Vec<Contact>,
    pub(crate) primary_email: Option<String>,
    pub(crate) primary_phone: Option<String>,
    pub(crate) metadata: Metadata,
    #[serde(default)]
    pub(crate) password: Option<Password>,
    #[serde(default)]
    pub(crate) password_compromised: bool,
    pub(crate) password_changed_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) totp: Option<Totp>,
    #[serde(default)]
    pub(crate) backup_codes: Vec<Password>,
    #[serde(default)]
    pub(crate) wallets: Vec<Contact>,
    #[serde(default)]
    pub(crate) primary_wallet: Option<String>,
    #[serde(default)]
    pub(crate) passkeys: Vec<Passkey>,
    #[serde(default)]
    pub(crate) trusted_devices: Vec<TrustedDevice>,
    pub(crate) mfa_enabled_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) mfa_disabled_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) external_accounts: Vec<ExternalAccount>,
    pub(crate) banned: bool,
    /// Missing in states that were saved by older versions.
    #[serde(default)]
    pub(crate) deprovisioned: bool,
    #[serde(default)]
    pub(crate) lock: Option<Lock>,
    /// The failed attempts to sign in since the last successful one.
    #[serde(default)]
    pub(crate) failed_attempts: u32,
    pub(crate) delete_self_enabled: bool,
    pub(crate) create_organization_enabled: bool,
    pub(crate) create_organizations_limit: Option<i64>,
    pub(crate) legal_accepted_at: Option<Timestamp>,
    pub(crate) bypass_client_trust: bool,
    pub(crate) last_sign_in_at: Option<Timestamp>,
    pub(crate) last_active_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for User {
    const NAME: &'static str = "user";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Identifiers, without regard to case; the external ID; the identifiers of contacts.
    fn keys(&self) -> Vec<String> {
        let contacts = self.emails.iter().chain(&self.phones).chain(&self.wallets);
        let contacts = contacts.flat_map(|contact| [contact.value.to_ascii_lowercase(), contact.id.clone()]);
        let username = self.username.as_ref().map(|name| name.to_ascii_lowercase());
        contacts.chain(username).chain(self.external_id.clone()).collect()
    }
}

impl User {
    pub(crate) fn new(id: UserId, now: Timestamp) -> Self {
        Self {
            id,
            external_id: None,
            username: None,
            first_name: None,
            last_name: None,
            locale: None,
            timezone: None,
            emails: Vec::new(),
            phones: Vec::new(),
            primary_email: None,
            primary_phone: None,
            metadata: Metadata::default(),
            password: None,
            password_compromised: false,
            password_changed_at: None,
            totp: None,
            backup_codes: Vec::new(),
            wallets: Vec::new(),
            primary_wallet: None,
            passkeys: Vec::new(),
            trusted_devices: Vec::new(),
            mfa_enabled_at: None,
            mfa_disabled_at: None,
            external_accounts: Vec::new(),
            banned: false,
            deprovisioned: false,
            lock: None,
            failed_attempts: 0,
            delete_self_enabled: true,
            create_organization_enabled: true,
            create_organizations_limit: None,
            legal_accepted_at: None,
            bypass_client_trust: false,
            last_sign_in_at: None,
            last_active_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Returns whether the user needs a second factor to sign in.
    pub(crate) fn has_second_factor(&self) -> bool {
        self.has_totp() || !self.second_factor_phones().is_empty()
    }

    /// Notes when the need for a second factor came or went. `before` is whether there was one.
    pub(crate) fn note_second_factor(&mut self, before: bool, now: Timestamp) {
        match (before, self.has_second_factor()) {
            (false, true) => self.mfa_enabled_at = Some(now),
            (true, false) => self.mfa_disabled_at = Some(now),
            _ => {}
        }
    }

    pub(crate) fn email(&self) -> Option<&str> {
        primary(&self.emails, self.primary_email.as_deref())
    }

    pub(crate) fn phone(&self) -> Option<&str> {
        primary(&self.phones, self.primary_phone.as_deref())
    }

    /// Returns the first and the last name, as far as they are set.
    pub(crate) fn name(&self) -> String {
        [&self.first_name, &self.last_name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn primary<'a>(contacts: &'a [Contact], id: Option<&str>) -> Option<&'a str> {
    contacts.iter().find(|contact| Some(contact.id.as_str()) == id).map(|contact| contact.value.as_str())
}

fn is_username(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

impl State {
    /// Returns the users with an email address, a phone number, a wallet, a username or an external ID, whatever its case,
    /// and others that look the same.
    pub(crate) fn users_with<'a>(&'a self, value: &str) -> impl Iterator<Item = &'a User> + use<'a> {
        self.users.having(&value.to_ascii_lowercase())
    }

    /// Rejects a username that is malformed, or that a user other than `user` has.
    pub(crate) fn check_username(&self, username: &str, user: &UserId) -> Result<(), ApiError> {
        if !is_username(username) {
            let expected = "made of at most 64 letters, digits, `_`, `-` and `.`";
            return Err(ApiError::bad_format("username", expected));
        }
        let is_same =
            |other: &User| other.username.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(username));
        if self.users_with(username).any(|other| other.id != *user && is_same(other)) {
            return Err(ApiError::exists("username"));
        }
        Ok(())
    }

    pub(crate) fn render_user(&self, user: &User) -> Value {
        let contacts = |kind| -> Vec<_> {
            user.contacts(kind).iter().map(|contact| self.render_contact(kind, contact, user)).collect()
        };
        let image_url = self.image_url(user.id.as_str());
        let identity = json!({
            "id": user.id,
            "object": "user",
            "external_id": user.external_id,
            "primary_email_address_id": user.primary_email,
            "primary_phone_number_id": user.primary_phone,
            "primary_web3_wallet_id": user.primary_wallet,
            "username": user.username,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "locale": user.locale,
            "timezone": user.timezone,
            "profile_image_url": image_url,
            "image_url": image_url,
            "has_image": self.has_image(user.id.as_str()),
            "public_metadata": user.metadata.public,
            "private_metadata": user.metadata.private,
            "unsafe_metadata": user.metadata.unsafe_,
            "email_addresses": contacts(ContactKind::Email),
            "phone_numbers": contacts(ContactKind::Phone),
            "web3_wallets": user.wallets.iter().map(Contact::render_wallet).collect::<Vec<_>>(),
            "passkeys": user.passkeys.iter().map(Passkey::render).collect::<Vec<_>>(),
            "external_accounts": user.external_accounts.iter().map(ExternalAccount::render).collect::<Vec<_>>(),
            "saml_accounts": [],
            "enterprise_accounts": [],
        });
        let standing = json!({
            "password_enabled": user.password.is_some(),
            "two_factor_enabled": user.has_second_factor(),
            "totp_enabled": user.has_totp(),
            "backup_code_enabled": !user.backup_codes.is_empty(),
            "mfa_enabled_at": user.mfa_enabled_at,
            "mfa_disabled_at": user.mfa_disabled_at,
            "password_last_updated_at": user.password_changed_at,
            "last_sign_in_at": user.last_sign_in_at,
            "banned": user.banned,
            "locked": user.is_locked(self.now),
            "deprovisioned": user.deprovisioned,
            "lockout_expires_in_seconds": user.locked_for(self.now),
            "verification_attempts_remaining": user.attempts_remaining(&self.settings.user_lockout, self.now),
            "updated_at": user.updated_at,
            "created_at": user.created_at,
            "delete_self_enabled": user.delete_self_enabled,
            "create_organization_enabled": user.create_organization_enabled,
            "create_organizations_limit": user.create_organizations_limit,
            "last_active_at": user.last_active_at,
            "legal_accepted_at": user.legal_accepted_at,
            "bypass_client_trust": user.bypass_client_trust,
        });
        extended(identity, standing)
    }
}
