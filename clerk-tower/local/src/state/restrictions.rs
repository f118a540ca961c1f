//! Who may sign up: the mode of sign-up, the allow-list and the block-list.

use clerk_core::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ContactKind, CredentialRefused, INSTANCE_ID, State, User, settings::SignUpMode};
use crate::{email::is_email, error::ApiError, random, table::Row};

/// An identifier on the allow-list or on the block-list.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedIdentifier {
    pub(crate) id: String,
    /// An email address, an email domain such as `*@example.com`, a phone number or a wallet's address.
    pub(crate) identifier: String,
    /// The invitation that was sent to it.
    #[serde(default)]
    pub(crate) invitation: Option<String>,
    pub(crate) created_at: Timestamp,
}

impl Row for ListedIdentifier {
    const NAME: &'static str = "identifier";

    fn id(&self) -> &str {
        &self.id
    }
}

impl ListedIdentifier {
    pub(crate) fn new(prefix: &str, identifier: &str, now: Timestamp) -> Self {
        Self {
            id: random::id(prefix),
            identifier: identifier.to_lowercase(),
            invitation: None,
            created_at: now,
        }
    }

    /// Rejects what is neither an email address, nor an email domain, nor a phone number, nor a wallet's address.
    pub(crate) fn check_format(&self) -> Result<(), ApiError> {
        let text = &*self.identifier;
        let domain = self.domain().is_some_and(|domain| is_email(&format!("x@{domain}")));
        let is_good = domain
            || ContactKind::Email.check_format(text).is_ok()
            || ContactKind::Phone.check_format(text).is_ok()
            || is_wallet(text);
        let expected =
            "an email address, an email domain such as *@example.com, a phone number or a wallet's address";
        if is_good { Ok(()) } else { Err(ApiError::bad_format("identifier", expected)) }
    }

    /// Returns whether it covers an email address or a phone number.
    fn covers(&self, value: &str) -> bool {
        let domain = value.rsplit_once('@').map(|(_, domain)| domain);
        self.identifier.eq_ignore_ascii_case(value)
            || self.domain().is_some_and(|own| domain.is_some_and(|domain| own.eq_ignore_ascii_case(domain)))
    }

    /// Returns the domain of `*@example.com`, `@example.com` and `example.com`.
    fn domain(&self) -> Option<&str> {
        let text = &*self.identifier;
        let domain = text.strip_prefix("*@").or_else(|| text.strip_prefix('@'));
        domain.or_else(|| (text.contains('.') && !text.contains('@')).then_some(text))
    }

    /// Returns `email_address`, `phone_number` or `web3_wallet`.
    pub(crate) fn kind(&self) -> &'static str {
        match self.identifier.as_bytes() {
            [b'+', ..] => "phone_number",
            _ if is_wallet(&self.identifier) => "web3_wallet",
            _ => "email_address",
        }
    }

    pub(crate) fn render(&self, object: &str) -> Value {
        json!({
            "object": object,
            "id": self.id,
            "identifier": self.identifier,
            "identifier_type": self.kind(),
            "instance_id": INSTANCE_ID,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        })
    }
}

impl State {
    /// Adds a user who signs up: checks the restrictions, and that the email addresses, phone numbers and the username
    /// are free.
    pub(crate) fn sign_up(&mut self, user: User, is_invited: bool) -> Result<(), ApiError> {
        for kind in [ContactKind::Email, ContactKind::Phone] {
            let values: Vec<_> = user.contacts(kind).iter().map(|one| (kind, one.value.as_str())).collect();
            values.iter().try_for_each(|(kind, value)| self.check_contact(*kind, value))?;
            self.check_listed(&values, is_invited)?;
        }
        self.check_sign_up_mode(is_invited)?;
        if let Some(username) = &user.username {
            self.check_username(username, &user.id)?;
        }
        self.users.insert(user);
        Ok(())
    }

    /// Checks whether a user may sign in: not banned, locked or deprovisioned, and not kept out by one of the lists,
    /// unless the settings say that they count at sign-up only.
    pub(crate) fn check_sign_in(&self, user: &User) -> Result<(), ApiError> {
        if user.banned {
            return Err(forbidden("user_banned", "Your account has been banned"));
        }
        if user.deprovisioned {
            return Err(forbidden("user_deactivated", "Your account has been deactivated"));
        }
        if user.is_locked(self.now) {
            return Err(CredentialRefused::Locked.into_error());
        }
        if self.settings.restrictions.allowlist_blocklist_disabled_on_sign_in {
            return Ok(());
        }
        let emails = user.emails.iter().map(|one| (ContactKind::Email, one.value.as_str()));
        let phones = user.phones.iter().map(|one| (ContactKind::Phone, one.value.as_str()));
        let identifiers: Vec<_> = emails.chain(phones).collect();
        // Users who are there already were let in, whatever the allow-list says now.
        self.check_listed(&identifiers, true)
    }

    /// Checks identifiers of somebody who signs up against the block-list, and unless there is an invitation, against
    /// the allow-list.
    pub(crate) fn check_listed(
        &self,
        identifiers: &[(ContactKind, &str)],
        is_invited: bool,
    ) -> Result<(), ApiError> {
        let restrictions = &self.settings.restrictions;
        let not_allowed = |value: &str| {
            let long_message = format!("{value} is not allowed to access this application");
            Err(forbidden("not_allowed_access", &long_message))
        };
        for (kind, value) in identifiers {
            let is_subaddress = *kind == ContactKind::Email
                && value.rsplit_once('@').is_some_and(|(local, _)| local.contains(['+', '=', '#']));
            let is_blocked = restrictions.blocklist && self.blocklist.iter().any(|one| one.covers(value))
                || restrictions.block_email_subaddresses && is_subaddress;
            if is_blocked {
                return not_allowed(value);
            }
            let is_allowed = self.allowlist.iter().any(|one| one.covers(value));
            if restrictions.allowlist && !is_allowed && !is_invited {
                return not_allowed(value);
            }
        }
        Ok(())
    }

    /// Rejects somebody who signs up without an invitation, if the instance requires one.
    pub(crate) fn check_sign_up_mode(&self, is_invited: bool) -> Result<(), ApiError> {
        match self.settings.sign_up.mode {
            SignUpMode::Restricted if !is_invited => {
                Err(forbidden("sign_up_mode_restricted", "Signing up requires an invitation"))
            }
            SignUpMode::Waitlist if !is_invited => {
                let long_message = "Signing up requires an invitation. Join the waitlist to get one";
                Err(forbidden("sign_up_restricted_waitlist", long_message))
            }
            _ => Ok(()),
        }
    }
}

/// Returns whether this is the address of an Ethereum or a Solana wallet.
pub(crate) fn is_wallet(text: &str) -> bool {
    let is_ethereum = text
        .strip_prefix("0x")
        .is_some_and(|digits| digits.len() == 40 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    is_ethereum || (32..=44).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn forbidden(code: &'static str, long_message: &str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, code, "Access not allowed", long_message)
}
