//! Email addresses and phone numbers of users.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ExternalAccount, State, User, extended};
use crate::{email::is_email, error::ApiError, random};

/// Whether a contact is an email address or a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContactKind {
    Email,
    Phone,
}

impl ContactKind {
    /// Returns the `object` of such a contact, which is also the parameter that sets its value.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email_address",
            Self::Phone => "phone_number",
        }
    }

    /// Returns what it is called in error messages.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Email => "email address",
            Self::Phone => "phone number",
        }
    }

    /// Rejects what does not look like such a contact.
    pub(crate) fn check_format(self, value: &str) -> Result<(), ApiError> {
        match self {
            Self::Email if value.len() > 254 || !is_email(value) => {
                Err(ApiError::bad_format(self.as_str(), "an email address such as ada@example.com"))
            }
            Self::Phone if !is_phone(value) => {
                Err(ApiError::bad_format(self.as_str(), "a phone number such as +15555550100"))
            }
            Self::Email | Self::Phone => Ok(()),
        }
    }
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// How a contact was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Strategy {
    /// The Backend API said so.
    Admin,
    EmailCode,
    EmailLink,
    PhoneCode,
    /// An invitation or another ticket was sent to it.
    Ticket,
    /// A social provider said so, for example `google`.
    OAuth(String),
}

/// How far a contact is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Not yet. It does not identify its user, and others may have it too.
    Unverified,
    /// Not verified, but it identifies its user, and no other user can have it.
    Reserved,
    Verified(Strategy),
}

impl Default for Standing {
    fn default() -> Self {
        Self::Verified(Strategy::Admin)
    }
}

/// An email address or a phone number.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) value: String,
    #[serde(default)]
    pub(crate) standing: Standing,
    /// Whether codes that are sent to this phone number are a second factor.
    #[serde(default)]
    pub(crate) second_factor: bool,
    /// Whether it is the one that is used if nobody chooses another one.
    #[serde(default)]
    pub(crate) default_second_factor: bool,
    pub(crate) created_at: Timestamp,
    /// `None` if it was never changed.
    #[serde(default)]
    pub(crate) updated_at: Option<Timestamp>,
}

impl Contact {
    pub(crate) fn new(value: &str, standing: Standing, now: Timestamp) -> Self {
        Self {
            id: random::id("idn_"),
            value: value.to_owned(),
            standing,
            second_factor: false,
            default_second_factor: false,
            created_at: now,
            updated_at: None,
        }
    }

    pub(crate) const fn is_verified(&self) -> bool {
        matches!(self.standing, Standing::Verified(_))
    }

    /// Returns whether the contact identifies its user, and belongs to this user only.
    pub(crate) const fn identifies(&self) -> bool {
        !matches!(self.standing, Standing::Unverified)
    }

    pub(crate) fn is(&self, value: &str) -> bool {
        self.value.eq_ignore_ascii_case(value)
    }

    /// Returns a web3 wallet as the APIs show it.
    pub(crate) fn render_wallet(&self) -> Value {
        json!({
            "id": self.id,
            "object": "web3_wallet",
            "web3_wallet": self.value,
            "verification": {
                "object": "verification_admin",
                "status": "verified",
                "strategy": "admin",
                "attempts": null,
                "expire_at": null,
            },
            "created_at": self.created_at,
            "updated_at": self.created_at,
        })
    }
}

impl User {
    pub(crate) const fn contacts(&self, kind: ContactKind) -> &Vec<Contact> {
        match kind {
            ContactKind::Email => &self.emails,
            ContactKind::Phone => &self.phones,
        }
    }

    pub(crate) const fn contacts_mut(&mut self, kind: ContactKind) -> &mut Vec<Contact> {
        match kind {
            ContactKind::Email => &mut self.emails,
            ContactKind::Phone => &mut self.phones,
        }
    }

    /// Returns the identifier of the primary contact.
    pub(crate) const fn primary_mut(&mut self, kind: ContactKind) -> &mut Option<String> {
        match kind {
            ContactKind::Email => &mut self.primary_email,
            ContactKind::Phone => &mut self.primary_phone,
        }
    }

    /// Adds a contact. The first one that identifies the user becomes the primary one.
    pub(crate) fn add_contact(&mut self, kind: ContactKind, contact: Contact) {
        if contact.identifies() {
            self.primary_mut(kind).get_or_insert_with(|| contact.id.clone());
        }
        self.contacts_mut(kind).push(contact);
    }

    /// Returns the phone numbers that are second factors, the default one first.
    pub(crate) fn second_factor_phones(&self) -> Vec<&Contact> {
        let phones = self.phones.iter().filter(|phone| phone.second_factor && phone.is_verified());
        let mut phones: Vec<_> = phones.collect();
        phones.sort_by_key(|phone| !phone.default_second_factor);
        phones
    }

    /// Returns the accounts at social providers that have the same email address.
    pub(crate) fn linked_to(&self, contact: &Contact) -> Vec<Value> {
        let linked = self.external_accounts.iter().filter(|account| contact.is(&account.email));
        let link = |account: &ExternalAccount| json!({ "type": format!("oauth_{}", account.provider), "id": account.identification_id });
        linked.map(link).collect()
    }

    /// Adds the address of a web3 wallet. The first one becomes the primary one.
    pub(crate) fn add_wallet(&mut self, address: &str, now: Timestamp) {
        let wallet = Contact::new(address, Standing::default(), now);
        self.primary_wallet.get_or_insert_with(|| wallet.id.clone());
        self.wallets.push(wallet);
    }

    /// Removes a web3 wallet, and returns whether there was one. If it was the primary one, the first one takes its place.
    pub(crate) fn remove_wallet(&mut self, id: &str) -> bool {
        let before = self.wallets.len();
        self.wallets.retain(|wallet| wallet.id != id);
        if self.primary_wallet.as_deref() == Some(id) {
            self.primary_wallet = self.wallets.first().map(|wallet| wallet.id.clone());
        }
        self.wallets.len() < before
    }

    /// Removes a contact. If it was the primary one, the first verified one takes its place.
    pub(crate) fn remove_contact(&mut self, kind: ContactKind, id: &str) {
        self.contacts_mut(kind).retain(|contact| contact.id != id);
        if self.primary_mut(kind).as_deref() == Some(id) {
            let next = self.contacts(kind).iter().find(|contact| contact.is_verified());
            *self.primary_mut(kind) = next.map(|contact| contact.id.clone());
        }
    }
}

impl State {
    /// Returns the user who is identified by a verified or reserved email address or phone number, or by a username.
    pub(crate) fn user_by_identifier(&self, identifier: &str) -> Option<&User> {
        self.users_with(identifier).find(|user| {
            let mut contacts = user.emails.iter().chain(&user.phones);
            contacts.any(|contact| contact.identifies() && contact.is(identifier))
                || user.username.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(identifier))
        })
    }

    /// Returns a contact and its user.
    pub(crate) fn contact(&self, kind: ContactKind, id: &str) -> Result<(&User, &Contact), ApiError> {
        self.users
            .having(id)
            .find_map(|user| Some((user, user.contacts(kind).iter().find(|contact| contact.id == id)?)))
            .ok_or_else(|| ApiError::not_found(kind.noun()))
    }

    /// Returns the user of a contact, to change either of them.
    pub(crate) fn user_of_contact_mut(&mut self, kind: ContactKind, id: &str) -> Result<&mut User, ApiError> {
        let user = self.contact(kind, id)?.0.id.clone();
        self.users.get_mut(user.as_str())
    }

    /// Changes a contact.
    pub(crate) fn change_contact(
        &mut self,
        kind: ContactKind,
        id: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Contact),
    ) -> Result<(), ApiError> {
        let user = self.user_of_contact_mut(kind, id)?;
        user.updated_at = now;
        let contact = user.contacts_mut(kind).iter_mut().find(|contact| contact.id == id);
        let contact = contact.ok_or_else(|| ApiError::not_found(kind.noun()))?;
        contact.updated_at = Some(now);
        change(contact);
        Ok(())
    }

    /// Rejects a malformed contact, and one that already identifies a user.
    pub(crate) fn check_contact(&self, kind: ContactKind, value: &str) -> Result<(), ApiError> {
        kind.check_format(value)?;
        let taken = |user: &User| user.contacts(kind).iter().any(|one| one.identifies() && one.is(value));
        if self.users_with(value).any(taken) {
            return Err(ApiError::exists(kind.as_str()));
        }
        Ok(())
    }

    /// Marks a contact as verified. One that identifies another user meanwhile is rejected.
    pub(crate) fn verify_contact(
        &mut self,
        kind: ContactKind,
        id: &str,
        strategy: Strategy,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let contact = self.contact(kind, id)?.1;
        if contact.is_verified() {
            return Ok(());
        }
        if !contact.identifies() {
            self.check_contact(kind, &contact.value)?;
        }
        self.change_contact(kind, id, now, |contact| contact.standing = Standing::Verified(strategy))?;
        let user = self.user_of_contact_mut(kind, id)?;
        user.primary_mut(kind).get_or_insert_with(|| id.to_owned());
        Ok(())
    }

    /// Sets whether codes that are sent to a phone number are a second factor.
    pub(crate) fn set_second_factor(
        &mut self,
        phone: &str,
        on: bool,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let had_mfa = self.contact(ContactKind::Phone, phone)?.0.has_second_factor();
        self.change_contact(ContactKind::Phone, phone, now, |contact| contact.second_factor = on)?;
        self.user_of_contact_mut(ContactKind::Phone, phone)?.note_second_factor(had_mfa, now);
        Ok(())
    }

    /// Makes a phone number the default one of those that are second factors.
    pub(crate) fn set_default_second_factor(&mut self, phone: &str, now: Timestamp) -> Result<(), ApiError> {
        let user = self.user_of_contact_mut(ContactKind::Phone, phone)?;
        if !user.second_factor_phones().iter().any(|one| one.id == phone) {
            return Err(ApiError::bad_format("default_second_factor", "set for a second factor"));
        }
        user.updated_at = now;
        for one in &mut user.phones {
            one.default_second_factor = one.id == phone;
        }
        Ok(())
    }

    /// Returns a contact as the APIs show it.
    pub(crate) fn render_contact(&self, kind: ContactKind, contact: &Contact, user: &User) -> Value {
        let object = kind.as_str();
        let rendered = json!({
            "id": contact.id,
            "object": object,
            object: contact.value,
            "reserved": contact.standing == Standing::Reserved,
            "verification": self.render_standing(contact),
            "linked_to": user.linked_to(contact),
            "created_at": contact.created_at,
            "updated_at": contact.updated_at.unwrap_or(contact.created_at),
        });
        if kind == ContactKind::Email {
            return extended(rendered, json!({ "matches_sso_connection": false }));
        }
        let default = user.second_factor_phones().first().copied();
        let more = json!({
            "reserved_for_second_factor": contact.second_factor,
            "default_second_factor": default.is_some_and(|default| default.id == contact.id),
            "backup_codes": null,
        });
        extended(rendered, more)
    }

    /// Returns how a contact was verified; for an unverified one, the code that was last sent to it.
    fn render_standing(&self, contact: &Contact) -> Value {
        let Standing::Verified(strategy) = &contact.standing else {
            return self.latest_verification(&contact.id).map_or(Value::Null, |last| last.render(self.now));
        };
        let by_browser = matches!(strategy, Strategy::EmailCode | Strategy::PhoneCode | Strategy::EmailLink);
        let (object, strategy) = match strategy {
            Strategy::Admin => ("verification_admin", "admin"),
            Strategy::EmailCode => ("verification_otp", "email_code"),
            Strategy::PhoneCode => ("verification_otp", "phone_code"),
            Strategy::EmailLink => ("verification_email_link", "email_link"),
            Strategy::Ticket => ("verification_ticket", "ticket"),
            Strategy::OAuth(provider) => ("verification_from_oauth", &*format!("from_oauth_{provider}")),
        };
        json!({
            "object": object,
            "status": "verified",
            "strategy": strategy,
            "attempts": null,
            "expire_at": by_browser.then(|| contact.updated_at.unwrap_or(contact.created_at)),
        })
    }
}
