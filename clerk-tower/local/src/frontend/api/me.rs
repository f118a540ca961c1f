//! The signed-in user.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_core::id::{SessionId, UserId};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::{
    super::super::{
        body::Body,
        error::ApiError,
        multipart,
        state::{
            Contact, ContactKind, ExternalAccount, Image, Progress, Proof, Session, Standing, User, extended,
        },
    },
    ApiResult, Call,
    Handler::{Fixed, One},
    Reply, Route,
    factors::{attempt, bad_strategy, by_code, code_strategy},
    sign_ups::metadata,
    social,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/v1/me", Fixed(get)),
    Route::patch("/v1/me", Fixed(update)),
    Route::delete("/v1/me", Fixed(delete)),
    Route::patch("/v1/me/metadata", Fixed(update_metadata)),
    Route::post("/v1/me/profile_image", Fixed(upload_image)),
    Route::delete("/v1/me/profile_image", Fixed(delete_image)),
    Route::post("/v1/me/tokens", Fixed(service_token)),
    Route::post("/v1/me/change_password", Fixed(change_password)),
    Route::post("/v1/me/remove_password", Fixed(remove_password)),
    Route::get("/v1/me/sessions", Fixed(sessions)),
    Route::get("/v1/me/sessions/active", Fixed(active_sessions)),
    Route::post("/v1/me/sessions/{session_id}/revoke", One(revoke_session)),
    Route::get("/v1/me/email_addresses", Fixed(|call| list_contacts(call, ContactKind::Email))),
    Route::post("/v1/me/email_addresses", Fixed(|call| add_contact(call, ContactKind::Email))),
    Route::get("/v1/me/email_addresses/{email_id}", One(|call, id| contact(call, ContactKind::Email, id))),
    Route::delete(
        "/v1/me/email_addresses/{email_id}",
        One(|call, id| remove_contact(call, ContactKind::Email, id)),
    ),
    Route::post(
        "/v1/me/email_addresses/{email_id}/prepare_verification",
        One(|call, id| prepare(call, ContactKind::Email, id)),
    ),
    Route::post(
        "/v1/me/email_addresses/{email_id}/attempt_verification",
        One(|call, id| verify(call, ContactKind::Email, id)),
    ),
    Route::get("/v1/me/phone_numbers", Fixed(|call| list_contacts(call, ContactKind::Phone))),
    Route::post("/v1/me/phone_numbers", Fixed(|call| add_contact(call, ContactKind::Phone))),
    Route::get(
        "/v1/me/phone_numbers/{phone_number_id}",
        One(|call, id| contact(call, ContactKind::Phone, id)),
    ),
    Route::patch("/v1/me/phone_numbers/{phone_number_id}", One(update_phone)),
    Route::delete(
        "/v1/me/phone_numbers/{phone_number_id}",
        One(|call, id| remove_contact(call, ContactKind::Phone, id)),
    ),
    Route::post(
        "/v1/me/phone_numbers/{phone_number_id}/prepare_verification",
        One(|call, id| prepare(call, ContactKind::Phone, id)),
    ),
    Route::post(
        "/v1/me/phone_numbers/{phone_number_id}/attempt_verification",
        One(|call, id| verify(call, ContactKind::Phone, id)),
    ),
    Route::post("/v1/me/external_accounts", Fixed(connect)),
    Route::patch("/v1/me/external_accounts/{external_account_id}/reauthorize", One(reauthorize)),
    Route::delete("/v1/me/external_accounts/{external_account_id}", One(disconnect)),
    Route::delete("/v1/me/external_accounts/{external_account_id}/tokens", One(revoke_tokens)),
];

impl Call<'_> {
    /// Returns the session on whose behalf a request is sent: the one that the query names, or else the active one.
    pub(super) fn session(&self) -> Result<&Session, ApiError> {
        let client = self.client().map_err(|_| signed_out())?;
        let named = self
            .request
            .query
            .first("_clerk_session_id")
            .or(client.last_active.as_ref().map(SessionId::as_str));
        let mut sessions = self.state.live_sessions(client, self.request.now);
        sessions
            .find(|(session, _)| Some(session.id.as_str()) == named)
            .map(|(session, _)| session)
            .ok_or_else(signed_out)
    }

    /// Returns the user who is signed in.
    pub(super) fn user(&self) -> Result<&User, ApiError> {
        self.state.users.get(self.session()?.user.as_str())
    }

    /// Returns the file of the request: of a form, or in base64.
    pub(super) fn file(&self) -> Result<Vec<u8>, ApiError> {
        let content_type = self.request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match content_type.unwrap_or_default() {
            form if form.starts_with("multipart/") => multipart::file(form, self.request.body),
            _ => {
                // Clerk's JavaScript sends a data URL as it is.
                let start = self.request.body.iter().rposition(|byte| *byte == b',').map_or(0, |at| at + 1);
                let text = self.request.body.get(start..).unwrap_or_default();
                BASE64_STANDARD
                    .decode(text.trim_ascii())
                    .map_err(|_| ApiError::bad_format("file", "in base64"))
            }
        }
    }

    /// Returns the user who is signed in, to change it.
    pub(super) fn user_mut(&mut self) -> Result<&mut User, ApiError> {
        let id = self.user()?.id.clone();
        let user = self.state.users.get_mut(id.as_str())?;
        user.updated_at = self.request.now;
        Ok(user)
    }
}

pub(super) fn signed_out() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "authentication_invalid",
        "Invalid authentication",
        "You are signed out",
    )
}

fn get(call: &mut Call<'_>) -> ApiResult {
    let user = call.user()?;
    Ok(Reply::Resource(call.state.render_own_user(user)))
}

fn update(call: &mut Call<'_>) -> ApiResult {
    let form = &call.request.form;
    let user = call.user()?.clone();
    if let Some(username) = form.first("username") {
        call.state.check_username(username, &user.id)?;
    }
    for kind in [ContactKind::Email, ContactKind::Phone] {
        if let Some(id) = form.first(&format!("primary_{}_id", kind.as_str())) {
            let is_verified =
                user.contacts(kind).iter().any(|contact| contact.id == id && contact.is_verified());
            if !is_verified {
                return Err(ApiError::not_found(kind.noun()));
            }
        }
    }
    let wallet = form.first("primary_web3_wallet_id");
    if wallet.is_some_and(|id| !user.wallets.iter().any(|wallet| wallet.id == id)) {
        return Err(ApiError::not_found("web3 wallet"));
    }
    let unsafe_metadata = form.first("unsafe_metadata").map(metadata).transpose()?;
    let user = call.user_mut()?;
    if let Some(wallet) = wallet {
        user.primary_wallet = Some(wallet.to_owned());
    }
    for (name, target) in [
        ("username", &mut user.username),
        ("first_name", &mut user.first_name),
        ("last_name", &mut user.last_name),
    ] {
        if let Some(value) = form.given(name) {
            *target = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }
    for kind in [ContactKind::Email, ContactKind::Phone] {
        if let Some(id) = form.first(&format!("primary_{}_id", kind.as_str())) {
            *user.primary_mut(kind) = Some(id.to_owned());
        }
    }
    if let Some(unsafe_metadata) = unsafe_metadata {
        user.metadata.unsafe_ = unsafe_metadata;
    }
    get(call)
}

fn update_metadata(call: &mut Call<'_>) -> ApiResult {
    const NAME: &str = "unsafe_metadata";
    let patch = metadata(call.request.form.first(NAME).ok_or_else(|| ApiError::missing(NAME))?)?;
    let mut merged = call.user()?.metadata.unsafe_.clone();
    Body::checked(json!({ NAME: patch }), &[NAME])?.merge(NAME, &mut merged)?;
    call.user_mut()?.metadata.unsafe_ = merged;
    get(call)
}

fn upload_image(call: &mut Call<'_>) -> ApiResult {
    let id = call.user()?.id.clone();
    let image = Image::new(id.as_str(), &call.file()?)?;
    call.state.images.insert(image);
    call.user_mut()?;
    Ok(Reply::Resource(json!({
        "object": "image",
        "id": id.as_str().replacen("user_", "img_", 1),
        "name": "profile_image",
        "public_url": call.state.image_url(id.as_str()),
    })))
}

fn delete_image(call: &mut Call<'_>) -> ApiResult {
    let id = call.user()?.id.clone();
    call.state.images.remove(id.as_str())?;
    call.user_mut()?;
    let id = id.as_str().replacen("user_", "img_", 1);
    Ok(Reply::Resource(json!({ "object": "image", "id": id, "deleted": true })))
}

/// Returns a token for a service of somebody else: of the JWT template with the service's name.
fn service_token(call: &mut Call<'_>) -> ApiResult {
    let service = call.request.form.first("service").ok_or_else(|| ApiError::missing("service"))?;
    let session = call.session()?.clone();
    let jwt =
        call.state.template_token(call.key, &session, service, call.origin(), None, call.request.now)?;
    Ok(Reply::Body(json!({ "object": "token", "jwt": jwt })))
}

fn delete(call: &mut Call<'_>) -> ApiResult {
    let user = call.user()?;
    if !user.delete_self_enabled {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "user_delete_self_not_enabled",
            "Not allowed",
            "You are not allowed to delete your account",
        ));
    }
    let id = user.id.clone();
    call.check_recent()?;
    call.state.delete_user(id.as_str(), call.request.now);
    Ok(Reply::Resource(json!({ "object": "user", "id": id, "deleted": true })))
}

fn change_password(call: &mut Call<'_>) -> ApiResult {
    let (form, now) = (&call.request.form, call.request.now);
    let user = call.user()?;
    let (id, has_password) = (user.id.clone(), user.password.is_some());
    let password = form.first("new_password").ok_or_else(|| ApiError::missing("new_password"))?;
    match form.first("current_password") {
        Some(current) if has_password => check_password(call, &id, current, "current_password")?,
        None if has_password => call.check_recent()?,
        _ => {}
    }
    call.state.change_password(id.as_str(), password, now)?;
    if form.flag("sign_out_of_other_sessions")?.unwrap_or(false) {
        let own = call.session()?.id.clone();
        call.state
            .sessions
            .change(|session| session.user == id && session.id != own, |session| session.revoke(now));
    }
    get(call)
}

fn remove_password(call: &mut Call<'_>) -> ApiResult {
    let id = call.user()?.id.clone();
    match call.request.form.first("current_password") {
        Some(current) => check_password(call, &id, current, "current_password")?,
        None => call.check_recent()?,
    }
    let user = call.user_mut()?;
    user.password = None;
    user.password_changed_at = None;
    get(call)
}

/// Checks the password of a user who is signed in.
fn check_password(call: &mut Call<'_>, user: &UserId, text: &str, param: &str) -> Result<(), ApiError> {
    let error = call.state.check_password(user.as_str(), text, call.request.now).err();
    error.map_or(Ok(()), |error| Err(error.into_error().meta(json!({ "param_name": param }))))
}

fn sessions(call: &mut Call<'_>) -> ApiResult {
    list_sessions(call, |_| true)
}

fn active_sessions(call: &mut Call<'_>) -> ApiResult {
    list_sessions(call, |status| matches!(status, "active" | "pending"))
}

fn list_sessions(call: &Call<'_>, is_wanted: fn(&str) -> bool) -> ApiResult {
    let (user, now) = (call.user()?, call.request.now);
    let sessions = call.state.sessions.iter();
    let sessions = sessions.filter(|session| session.user == user.id && is_wanted(session.status(now)));
    let rendered = sessions.map(|session| {
        let activity = json!({
            "object": "session_activity",
            "id": session.id.as_str().replacen("sess_", "sess_activity_", 1),
            "device_type": "computer",
            "is_mobile": false,
            "browser_name": "Browser",
            "browser_version": "",
            "ip_address": "127.0.0.1",
            "city": "",
            "country": "",
        });
        extended(call.render_session_of(session, user), json!({ "latest_activity": activity }))
    });
    Ok(Reply::Body(Value::Array(rendered.collect())))
}

fn revoke_session(call: &mut Call<'_>, id: &str) -> ApiResult {
    let (user, now) = (call.user()?.id.clone(), call.request.now);
    let session = call.state.sessions.get_mut(id)?;
    if session.user != user {
        return Err(ApiError::not_found("session"));
    }
    session.revoke(now);
    let (session, user) = (call.state.sessions.get(id)?, call.user()?);
    Ok(Reply::Resource(call.render_session_of(session, user)))
}

/// Returns a contact of the user who is signed in.
fn own_contact(call: &Call<'_>, kind: ContactKind, id: &str) -> Result<Value, ApiError> {
    let user = call.user()?;
    let contact = user.contacts(kind).iter().find(|contact| contact.id == id);
    let contact = contact.ok_or_else(|| ApiError::not_found(kind.noun()))?;
    Ok(call.state.render_contact(kind, contact, user))
}

fn contact(call: &mut Call<'_>, kind: ContactKind, id: &str) -> ApiResult {
    Ok(Reply::Resource(own_contact(call, kind, id)?))
}

fn list_contacts(call: &mut Call<'_>, kind: ContactKind) -> ApiResult {
    let user = call.user()?;
    let contacts = user.contacts(kind).iter().map(|contact| call.state.render_contact(kind, contact, user));
    Ok(Reply::Body(contacts.collect::<Vec<_>>().into()))
}

fn add_contact(call: &mut Call<'_>, kind: ContactKind) -> ApiResult {
    let form = &call.request.form;
    let value = form.first(kind.as_str()).ok_or_else(|| ApiError::missing(kind.as_str()))?.trim();
    call.check_recent()?;
    call.state.check_contact(kind, value)?;
    if call.user()?.contacts(kind).iter().any(|contact| contact.is(value)) {
        return Err(ApiError::exists(kind.as_str()));
    }
    let mut contact = Contact::new(value, Standing::Unverified, call.request.now);
    contact.second_factor = form.flag("reserved_for_second_factor")?.unwrap_or(false);
    let id = contact.id.clone();
    call.user_mut()?.add_contact(kind, contact);
    Ok(Reply::Resource(own_contact(call, kind, &id)?))
}

fn remove_contact(call: &mut Call<'_>, kind: ContactKind, id: &str) -> ApiResult {
    own_contact(call, kind, id)?;
    call.check_recent()?;
    call.user_mut()?.remove_contact(kind, id);
    Ok(Reply::Resource(json!({ "object": kind.as_str(), "id": id, "deleted": true })))
}

fn update_phone(call: &mut Call<'_>, id: &str) -> ApiResult {
    own_contact(call, ContactKind::Phone, id)?;
    let now = call.request.now;
    if let Some(reserved) = call.request.form.flag("reserved_for_second_factor")? {
        call.state.set_second_factor(id, reserved, now)?;
    }
    if call.request.form.flag("default_second_factor")? == Some(true) {
        call.state.set_default_second_factor(id, now)?;
    }
    contact(call, ContactKind::Phone, id)
}

/// Sends a code to a contact of the user who is signed in.
fn prepare(call: &mut Call<'_>, kind: ContactKind, id: &str) -> ApiResult {
    let strategy = call.request.form.first("strategy").ok_or_else(|| ApiError::missing("strategy"))?;
    own_contact(call, kind, id)?;
    let value = call.state.contact(kind, id)?.1.value.clone();
    let code = code_strategy(strategy).filter(|code| code.contact_kind() == kind);
    let code =
        code.filter(|code| !code.as_str().starts_with("reset_")).ok_or_else(|| bad_strategy(strategy))?;
    call.state.send_code(code, id, &value, call.request.now);
    contact(call, kind, id)
}

fn verify(call: &mut Call<'_>, kind: ContactKind, id: &str) -> ApiResult {
    own_contact(call, kind, id)?;
    let code = call.request.form.first("code").ok_or_else(|| ApiError::missing("code"))?;
    let sent = call.state.latest_verification(id).map(|sent| (sent.id.clone(), sent.strategy));
    let (proof, strategy) = match sent {
        Some((sent, strategy)) => {
            (Some(Proof::new(strategy.as_str(), Progress::Code { sent, contact: None })), strategy)
        }
        None => return Err(bad_strategy("none")),
    };
    attempt(call.state, proof.as_ref(), strategy.as_str(), code)?;
    call.state.verify_contact(kind, id, by_code(kind), call.request.now)?;
    contact(call, kind, id)
}

/// Begins to connect an account at a social provider.
fn connect(call: &mut Call<'_>) -> ApiResult {
    let strategy = call.request.form.first("strategy").ok_or_else(|| ApiError::missing("strategy"))?;
    call.check_recent()?;
    let proof = social::start(call, strategy)?;
    let rendered = call.state.render_connecting(&proof, call.request.own_url());
    wait_for(call, proof)?;
    Ok(Reply::Resource(rendered))
}

/// Waits for the end of a visit to a social provider.
fn wait_for(call: &mut Call<'_>, proof: Proof) -> Result<(), ApiError> {
    let client = call.client()?.id.clone();
    call.state.clients.all.get_mut(client.as_str())?.connecting = Some(proof);
    Ok(())
}

/// Returns an account of the user at a social provider.
fn account<'a>(call: &'a Call<'_>, id: &str) -> Result<&'a ExternalAccount, ApiError> {
    let account = call.user()?.external_accounts.iter().find(|account| account.id == id);
    account.ok_or_else(|| ApiError::not_found("external account"))
}

/// Begins to connect an account once more, with which it gets an access token if its own was revoked.
fn reauthorize(call: &mut Call<'_>, id: &str) -> ApiResult {
    let strategy = format!("oauth_{}", account(call, id)?.provider);
    let proof = social::start(call, &strategy)?;
    let verification = call.state.render_proof(&proof, call.request.own_url());
    let rendered = extended(account(call, id)?.render(), json!({ "verification": verification }));
    wait_for(call, proof)?;
    Ok(Reply::Resource(rendered))
}

fn revoke_tokens(call: &mut Call<'_>, id: &str) -> ApiResult {
    account(call, id)?;
    let accounts = &mut call.user_mut()?.external_accounts;
    accounts.iter_mut().filter(|account| account.id == id).for_each(|account| account.access_token.clear());
    get(call)
}

fn disconnect(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_recent()?;
    let user = call.user_mut()?;
    let before = user.external_accounts.len();
    user.external_accounts.retain(|account| account.id != id);
    if user.external_accounts.len() == before {
        return Err(ApiError::not_found("external account"));
    }
    Ok(Reply::Resource(json!({ "object": "external_account", "id": id, "deleted": true })))
}
