//! What the operations on email addresses and on phone numbers have in common.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{
            CodeStrategy, Contact, ContactKind, Message, Purpose, Standing, State, Strategy, Verification,
            extended,
        },
    },
    ApiRequest, ApiResult,
};

/// Returns the parameters that set the state of a contact.
const fn settings(kind: ContactKind) -> [&'static str; 3] {
    let last = match kind {
        ContactKind::Email => "notify_primary_email_address_changed",
        ContactKind::Phone => "reserved_for_second_factor",
    };
    ["verified", "primary", last]
}

fn show(state: &State, kind: ContactKind, id: &str) -> ApiResult {
    let (user, contact) = state.contact(kind, id)?;
    Ok(state.render_contact(kind, contact, user))
}

pub(super) fn create(request: ApiRequest<'_>, kind: ContactKind) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let [verified, primary, last] = settings(kind);
    let body = Body::parse(body, &["user_id", kind.as_str(), verified, primary, last])?;
    let user = body.required("user_id")?;
    let value = body.required(kind.as_str())?;
    let user = state.users.get(user)?;
    check_new(state, kind, value, user.id.as_str())?;
    let settings = Settings::read(&body, kind)?;
    let standing = if settings.verified == Some(true) { Standing::default() } else { Standing::Unverified };
    let contact = Contact::new(value, standing, now);
    let (id, user) = (contact.id.clone(), user.id.clone());
    settings.check(&contact)?;
    let user = state.users.get_mut(user.as_str())?;
    user.updated_at = now;
    user.add_contact(kind, contact);
    settings.apply(state, kind, &id, now)?;
    show(state, kind, &id)
}

/// Rejects a contact that the user or another one already has.
fn check_new(state: &State, kind: ContactKind, value: &str, user: &str) -> Result<(), ApiError> {
    state.check_contact(kind, value)?;
    let own = state.users.get(user)?.contacts(kind);
    if own.iter().any(|contact| contact.is(value)) {
        return Err(ApiError::exists(kind.as_str()));
    }
    Ok(())
}

/// What a request wants a contact to be.
struct Settings {
    verified: Option<bool>,
    primary: bool,
    notify: bool,
    second_factor: Option<bool>,
}

impl Settings {
    fn read(body: &Body, kind: ContactKind) -> Result<Self, ApiError> {
        let [verified, primary, last] = settings(kind);
        let last = body.flag(last)?;
        Ok(Self {
            verified: body.flag(verified)?,
            primary: body.flag(primary)?.unwrap_or(false),
            notify: kind == ContactKind::Email && last.unwrap_or(false),
            second_factor: last.filter(|_| kind == ContactKind::Phone),
        })
    }

    /// Rejects what an unverified contact cannot be.
    fn check(&self, contact: &Contact) -> Result<(), ApiError> {
        let is_verified =
            contact.is_verified() && self.verified != Some(false) || self.verified == Some(true);
        let verified_only = |name: &str| Err(ApiError::bad_format(name, "set only on a verified one"));
        match () {
            () if self.primary && !is_verified => verified_only("primary"),
            () if self.second_factor == Some(true) && !is_verified => {
                verified_only("reserved_for_second_factor")
            }
            () => Ok(()),
        }
    }

    /// Makes the contact the primary one, or a second factor.
    fn apply(&self, state: &mut State, kind: ContactKind, id: &str, now: Timestamp) -> Result<(), ApiError> {
        if let Some(second_factor) = self.second_factor {
            state.set_second_factor(id, second_factor, now)?;
        }
        if self.primary {
            let user = state.user_of_contact_mut(kind, id)?;
            let before = user.email().map(str::to_owned);
            let is_new = user.primary_mut(kind).as_deref() != Some(id);
            *user.primary_mut(kind) = Some(id.to_owned());
            if self.notify && is_new {
                notify_changed(state, before, now);
            }
        }
        Ok(())
    }
}

/// Tells the former primary email address that there is another one.
pub(super) fn notify_changed(state: &mut State, before: Option<String>, now: Timestamp) {
    if let Some(before) = before {
        let subject = "Your primary email address has changed";
        state.send(Message::notice(Purpose::PrimaryEmailAddressChanged, &before, subject, now));
    }
}

pub(super) fn get(request: ApiRequest<'_>, kind: ContactKind, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    show(state, kind, id)
}

pub(super) fn update(request: ApiRequest<'_>, kind: ContactKind, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let contact = state.contact(kind, id)?.1;
    let body = Body::parse(body, &settings(kind))?;
    let settings = Settings::read(&body, kind)?;
    settings.check(contact)?;
    match settings.verified {
        Some(true) => state.verify_contact(kind, id, Strategy::Admin, now)?,
        Some(false) => state.change_contact(kind, id, now, |contact| {
            contact.standing = Standing::Unverified;
            contact.second_factor = false;
        })?,
        None => {}
    }
    settings.apply(state, kind, id, now)?;
    show(state, kind, id)
}

pub(super) fn delete(request: ApiRequest<'_>, kind: ContactKind, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let user = state.user_of_contact_mut(kind, id)?;
    let had_second_factor = user.has_second_factor();
    user.updated_at = now;
    user.remove_contact(kind, id);
    user.note_second_factor(had_second_factor, now);
    Ok(json!({ "object": kind.as_str(), "id": id, "deleted": true }))
}

pub(super) fn prepare(request: ApiRequest<'_>, strategy: CodeStrategy, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let to = state.contact(strategy.contact_kind(), id)?.1.value.clone();
    let verification = state.send_code(strategy, id, &to, now);
    Ok(render_verification(&verification, now))
}

pub(super) fn attempt(request: ApiRequest<'_>, strategy: CodeStrategy, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let kind = strategy.contact_kind();
    state.contact(kind, id)?;
    let body = Body::parse(body, &["verification_id", "code"])?;
    let (verification, code) = (body.required("verification_id")?, body.required("code")?);
    if state.verifications.get(verification)?.subject != id {
        return Err(ApiError::not_found("verification"));
    }
    let verification = state.attempt_code(verification, code, now)?;
    let rendered = render_verification(verification, now);
    if verification.verified_at.is_some() {
        let strategy = match kind {
            ContactKind::Email => Strategy::EmailCode,
            ContactKind::Phone => Strategy::PhoneCode,
        };
        state.verify_contact(kind, id, strategy, now)?;
    }
    Ok(rendered)
}

fn render_verification(verification: &Verification, now: Timestamp) -> Value {
    let channel = match verification.strategy.contact_kind() {
        ContactKind::Email => Value::Null,
        ContactKind::Phone => "sms".into(),
    };
    extended(verification.render(now), json!({ "id": verification.id, "channel": channel }))
}

pub(super) fn replace(request: ApiRequest<'_>, kind: ContactKind, user: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let user = state.users.get(user)?;
    let notify = match kind {
        ContactKind::Email => &["notify_primary_email_address_changed"][..],
        ContactKind::Phone => &[],
    };
    let known = [&[kind.as_str(), "identification_status"], notify].concat();
    let body = Body::parse(body, &known)?;
    let value = body.required(kind.as_str())?;
    let is_own = user.contacts(kind).iter().any(|contact| contact.is(value));
    if is_own {
        kind.check_format(value)?;
    } else {
        state.check_contact(kind, value)?;
    }
    if user.contacts(kind).iter().any(|contact| !user.linked_to(contact).is_empty()) {
        let why = "An email address is linked to an account at a social provider. Delete this account first";
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "linked_identification",
            "is linked",
            why,
        ));
    }
    let standing = match body.string("identification_status")? {
        None | Some("verified") => Standing::default(),
        Some("reserved") => Standing::Reserved,
        Some("unverified") => Standing::Unverified,
        Some(_) => {
            let expected = "`verified`, `reserved` or `unverified`";
            return Err(ApiError::bad_format("identification_status", expected));
        }
    };
    let notify =
        kind == ContactKind::Email && body.flag("notify_primary_email_address_changed")?.unwrap_or(false);
    let (id, before) = (user.id.clone(), user.email().map(str::to_owned));
    let contact = Contact::new(value, standing, now);
    let contact_id = contact.id.clone();
    let user = state.users.get_mut(id.as_str())?;
    let had_second_factor = user.has_second_factor();
    user.updated_at = now;
    user.contacts_mut(kind).clear();
    user.note_second_factor(had_second_factor, now);
    *user.primary_mut(kind) = Some(contact_id.clone());
    user.contacts_mut(kind).push(contact);
    if notify && before.as_deref().is_some_and(|before| !before.eq_ignore_ascii_case(value)) {
        notify_changed(state, before, now);
    }
    show(state, kind, &contact_id)
}
