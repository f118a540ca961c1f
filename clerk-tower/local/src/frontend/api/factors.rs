//! The factors that sign-ins and reverifications have in common: sending codes and links, and checking what comes back.

use clerk_core::{Timestamp, id::UserId};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        super::{
            error::ApiError,
            state::{
                CodeStrategy, Contact, ContactKind, CredentialRefused, ExternalAccount, Link, Message,
                Password, Progress, Proof, Purpose, State, Strategy, User, extended,
            },
        },
        browser_request::{require_loopback, return_url},
    },
    Call,
};

/// Returns the code that a strategy sends, if it sends one.
pub(super) fn code_strategy(name: &str) -> Option<CodeStrategy> {
    [
        CodeStrategy::Email,
        CodeStrategy::Phone,
        CodeStrategy::ResetPasswordEmail,
        CodeStrategy::ResetPasswordPhone,
    ]
    .into_iter()
    .find(|strategy| strategy.as_str() == name)
}

/// Returns how a code verifies a contact.
pub(super) const fn by_code(kind: ContactKind) -> Strategy {
    match kind {
        ContactKind::Email => Strategy::EmailCode,
        ContactKind::Phone => Strategy::PhoneCode,
    }
}

/// The strategy is not one of those that the user, the sign-in or the sign-up has.
pub(super) fn bad_strategy(strategy: &str) -> ApiError {
    ApiError::unprocessable(
        "strategy_for_user_invalid",
        "is invalid",
        "strategy",
        format!("The verification strategy {strategy} is not valid for this account"),
    )
}

/// A code was required, and this was not it.
pub(super) fn wrong_code(status: &str) -> ApiError {
    let bad_request = |code, message, long| ApiError::new(StatusCode::BAD_REQUEST, code, message, long);
    match status {
        "expired" => bad_request(
            "verification_expired",
            "expired",
            "This verification has expired. Ask for a new code",
        ),
        "failed" => {
            bad_request("verification_failed", "failed", "Too many failed attempts. Ask for a new code")
        }
        _ => incorrect_code(),
    }
}

pub(super) fn incorrect_code() -> ApiError {
    ApiError::unprocessable("form_code_incorrect", "is incorrect", "code", "Incorrect code")
}

/// A code was given, but none was sent.
pub(super) fn nothing_sent() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "verification_missing",
        "missing",
        "No code was sent for this strategy. Prepare the verification first",
    )
}

/// Checks the code for a proof.
pub(super) fn attempt(
    state: &mut State,
    proof: Option<&Proof>,
    strategy: &str,
    code: &str,
) -> Result<(), ApiError> {
    let proof = proof.filter(|proof| proof.strategy == strategy);
    let Some(Proof { progress: Progress::Code { sent, .. }, .. }) = proof else {
        return Err(nothing_sent());
    };
    let now = state.now;
    match state.attempt_code(sent, code, now)?.status(now) {
        "verified" => Ok(()),
        status => Err(wrong_code(status)),
    }
}

/// Returns the user's contact that a form names, or else the primary one.
fn contact<'u>(user: &'u User, kind: ContactKind, id: Option<&str>) -> Result<&'u Contact, ApiError> {
    let primary = match kind {
        ContactKind::Email => &user.primary_email,
        ContactKind::Phone => &user.primary_phone,
    };
    let id = id.or(primary.as_deref());
    let mut contacts = user.contacts(kind).iter().filter(|contact| contact.identifies());
    let found = contacts.find(|contact| Some(contact.id.as_str()) == id);
    found.ok_or_else(|| ApiError::not_found(kind.noun()))
}

impl Call<'_> {
    /// Sends a code or a link to a user.
    pub(super) fn prepare(
        &mut self,
        user: &UserId,
        strategy: &str,
        subject: &str,
    ) -> Result<Proof, ApiError> {
        let form = &self.request.form;
        let user = self.state.users.get(user.as_str())?;
        if let Some(code) = code_strategy(strategy) {
            let kind = code.contact_kind();
            let named = form.first(&format!("{}_id", kind.as_str()));
            let to = contact(user, kind, named)?.clone();
            let sent = self.state.send_code(code, subject, &to.value, self.request.now).id;
            return Ok(Proof::new(strategy, Progress::Code { sent, contact: Some(to.id) }));
        }
        if strategy == "email_link" {
            let to = contact(user, ContactKind::Email, form.first("email_address_id"))?.value.clone();
            return self.send_link(&to);
        }
        Err(bad_strategy(strategy))
    }

    /// Sends a code to a phone number that is a second factor of a user: the one that the form names, or else the default
    /// one.
    pub(super) fn prepare_second(&mut self, user: &UserId, subject: &str) -> Result<Proof, ApiError> {
        let named = self.request.form.first("phone_number_id");
        let mut phones = self.state.users.get(user.as_str())?.second_factor_phones().into_iter();
        let to = phones.find(|phone| named.is_none_or(|id| phone.id == id));
        let to = to.ok_or_else(|| ApiError::not_found("phone number that is a second factor"))?.clone();
        let sent = self.state.send_code(CodeStrategy::Phone, subject, &to.value, self.request.now).id;
        Ok(Proof::new("phone_code", Progress::Code { sent, contact: Some(to.id) }))
    }

    /// Sends a link that leads back to the application.
    pub(super) fn send_link(&mut self, to: &str) -> Result<Proof, ApiError> {
        let redirect_url =
            self.request.form.first("redirect_url").ok_or_else(|| ApiError::missing("redirect_url"))?;
        require_loopback(&return_url(redirect_url)?)?;
        let link = Link::new(redirect_url.to_owned(), self.request.now);
        let url = format!("{}/v1/verify?token={}", self.request.own_url(), link.token);
        let message = Message::link(Purpose::MagicLink, to, "Your sign-in link", &url, self.request.now);
        self.state.send(message);
        Ok(Proof::new("email_link", Progress::Link(link)))
    }

    /// Checks a user's second factor.
    pub(super) fn check_second_factor(
        &mut self,
        user: &UserId,
        proof: Option<&Proof>,
        strategy: &str,
    ) -> Result<(), ApiError> {
        let code = self.request.form.first("code").ok_or_else(|| ApiError::missing("code"))?;
        let user = self.state.users.get(user.as_str())?;
        let has = self.state.second_factors(user).iter().any(|factor| factor["strategy"] == strategy);
        let user = user.id.clone();
        let now = self.request.now;
        let checked = match strategy {
            _ if !has => return Err(bad_strategy(strategy)),
            "phone_code" => return attempt(self.state, proof, strategy, code),
            "totp" => self.state.check_totp(user.as_str(), code, now),
            _ => self.state.check_backup_code(user.as_str(), code, now),
        };
        checked.map_err(|refused| match refused {
            CredentialRefused::Wrong => incorrect_code(),
            refused => refused.into_error(),
        })
    }
}

impl State {
    /// Sets a new password, after checking it against the rules.
    pub(super) fn change_password(&mut self, user: &str, text: &str, now: Timestamp) -> Result<(), ApiError> {
        self.check_password_rules(text)?;
        let user = self.users.get_mut(user)?;
        user.set_password(Password::new(text), now);
        user.updated_at = now;
        Ok(())
    }

    /// Returns the account that a user is about to connect.
    pub(super) fn render_connecting(&self, proof: &Proof, base: &str) -> Value {
        let provider = proof.strategy.trim_start_matches("oauth_");
        let account = ExternalAccount::new(provider, "", "", "", self.now).render();
        extended(account, json!({ "verification": self.render_proof(proof, base) }))
    }
}

/// How long ago a factor may have been verified for what needs a recent verification.
const RECENT_MINUTES: i64 = 10;

impl Call<'_> {
    /// Rejects what needs a recent verification of the first factor, unless there was one.
    pub(super) fn check_recent(&self) -> Result<(), ApiError> {
        let [first, _] = self.session()?.factor_ages(self.request.now);
        if first < RECENT_MINUTES {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "session_reverification_required",
            "Additional verification required",
            "You need to provide additional verification to perform this operation",
        )
        .meta(json!({ "reverification": { "level": "first_factor", "after_minutes": RECENT_MINUTES } })))
    }
}
