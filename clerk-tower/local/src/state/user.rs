//! Users.

use clerk_core::{Timestamp, id::UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Metadata, State, extended};
use crate::{random, table::Row};

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
    pub(crate) password_changed_at: Option<Timestamp>,
    pub(crate) totp_enabled: bool,
    pub(crate) backup_code_enabled: bool,
    pub(crate) mfa_enabled_at: Option<Timestamp>,
    pub(crate) banned: bool,
    /// Missing in states that were saved by older versions.
    #[serde(default)]
    pub(crate) deprovisioned: bool,
    pub(crate) locked: bool,
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

/// An email address or a phone number.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) value: String,
    pub(crate) reserved: bool,
    created_at: Timestamp,
}

impl Contact {
    pub(crate) fn new(value: &str, reserved: bool, now: Timestamp) -> Self {
        Self { id: random::id("idn_"), value: value.to_owned(), reserved, created_at: now }
    }

    fn render(&self, object: &str) -> Value {
        let verification = json!({
            "object": "verification_admin",
            "status": "verified",
            "strategy": "admin",
            "attempts": null,
            "expire_at": null,
        });
        json!({
            "id": self.id,
            "object": object,
            object: self.value,
            "reserved": self.reserved,
            "verification": if self.reserved { Value::Null } else { verification },
            "linked_to": [],
            "created_at": self.created_at,
            "updated_at": self.created_at,
        })
    }
}

impl Row for User {
    const NAME: &'static str = "user";

    fn id(&self) -> &str {
        self.id.as_str()
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
            password_changed_at: None,
            totp_enabled: false,
            backup_code_enabled: false,
            mfa_enabled_at: None,
            banned: false,
            deprovisioned: false,
            locked: false,
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

    /// Adds an email address. The first one becomes the primary one.
    pub(crate) fn add_email(&mut self, value: &str, reserved: bool, now: Timestamp) {
        let contact = Contact::new(value, reserved, now);
        self.primary_email.get_or_insert_with(|| contact.id.clone());
        self.emails.push(contact);
    }

    /// Adds a phone number. The first one becomes the primary one.
    pub(crate) fn add_phone(&mut self, value: &str, reserved: bool, now: Timestamp) {
        let contact = Contact::new(value, reserved, now);
        self.primary_phone.get_or_insert_with(|| contact.id.clone());
        self.phones.push(contact);
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

impl State {
    pub(crate) fn render_user(&self, user: &User) -> Value {
        let emails: Vec<_> = user.emails.iter().map(|contact| contact.render("email_address")).collect();
        let second_factor = json!({
            "reserved_for_second_factor": false,
            "default_second_factor": false,
            "backup_codes": null,
        });
        let phone = |contact: &Contact| extended(contact.render("phone_number"), second_factor.clone());
        let phones: Vec<_> = user.phones.iter().map(phone).collect();
        let image_url = self.image_url(user.id.as_str());
        let identity = json!({
            "id": user.id,
            "object": "user",
            "external_id": user.external_id,
            "primary_email_address_id": user.primary_email,
            "primary_phone_number_id": user.primary_phone,
            "primary_web3_wallet_id": null,
            "username": user.username,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "locale": user.locale,
            "timezone": user.timezone,
            "profile_image_url": image_url,
            "image_url": image_url,
            "has_image": false,
            "public_metadata": user.metadata.public,
            "private_metadata": user.metadata.private,
            "unsafe_metadata": user.metadata.unsafe_,
            "email_addresses": emails,
            "phone_numbers": phones,
            "web3_wallets": [],
            "passkeys": [],
            "external_accounts": [],
            "saml_accounts": [],
            "enterprise_accounts": [],
        });
        let standing = json!({
            "password_enabled": user.password_changed_at.is_some(),
            "two_factor_enabled": user.totp_enabled || user.backup_code_enabled,
            "totp_enabled": user.totp_enabled,
            "backup_code_enabled": user.backup_code_enabled,
            "mfa_enabled_at": user.mfa_enabled_at,
            "mfa_disabled_at": null,
            "password_last_updated_at": user.password_changed_at,
            "last_sign_in_at": user.last_sign_in_at,
            "banned": user.banned,
            "locked": user.locked,
            "deprovisioned": user.deprovisioned,
            "lockout_expires_in_seconds": null,
            "verification_attempts_remaining": 100,
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
