//! Sign-ups.

use clerk_core::id::UserId;
use http::StatusCode;
use serde_json::Value;

use super::{
    super::super::{
        error::ApiError,
        json,
        state::{Claim, ContactKind, ExternalAccount, Password, Progress, Proof, SignUp},
    },
    ApiResult, Call,
    Handler::{Fixed, One},
    Reply, Route,
    factors::{attempt, bad_strategy, code_strategy},
    social,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/v1/client/sign_ups", Fixed(create)),
    Route::get("/v1/client/sign_ups/{sign_up_id}", One(get)),
    Route::patch("/v1/client/sign_ups/{sign_up_id}", One(update)),
    Route::post("/v1/client/sign_ups/{sign_up_id}/prepare_verification", One(prepare)),
    Route::post("/v1/client/sign_ups/{sign_up_id}/attempt_verification", One(attempt_verification)),
];

/// The longest metadata, in bytes of JSON.
const MAX_METADATA: usize = 8192;

impl Call<'_> {
    /// Returns the sign-up of this browser with this identifier.
    fn sign_up(&self, id: &str) -> Result<SignUp, ApiError> {
        let client = self.client()?;
        let sign_up = self.state.sign_ups.get(id)?;
        let is_own = sign_up.client == client.id;
        if is_own { Ok(sign_up.clone()) } else { Err(ApiError::not_found("sign-up of this browser")) }
    }

    /// Stores the sign-up of this browser, after creating its user and its session if it lacks nothing.
    pub(super) fn put_sign_up(&mut self, mut sign_up: SignUp) -> ApiResult {
        let client = self.client_or_new().id;
        if self.state.is_sign_up_ready(&sign_up) {
            self.complete_sign_up(&mut sign_up)?;
        }
        let rendered = self.state.render_sign_up(&sign_up, self.request.own_url());
        self.state.clients.all.get_mut(client.as_str())?.sign_up = Some(sign_up.id.clone());
        self.state.put_sign_up(sign_up);
        Ok(Reply::Resource(rendered))
    }

    /// Creates the user and the session of a sign-up, and accepts its invitation.
    pub(super) fn complete_sign_up(&mut self, sign_up: &mut SignUp) -> Result<(), ApiError> {
        if let Some(invitation) = &sign_up.organization_invitation {
            self.state.check_acceptable(invitation)?;
        }
        let user = self.state.user_of_sign_up(sign_up, self.request.now)?;
        if let Some(invitation) = &sign_up.invitation {
            self.state.mark_invitation_accepted(invitation);
        }
        sign_up.session = Some(self.start_session(user.clone(), false)?);
        if let Some(invitation) = &sign_up.organization_invitation {
            let invitation = self.state.organization_invitations.get(invitation)?.clone();
            self.join(invitation, &user)?;
        }
        sign_up.user = Some(user);
        Ok(())
    }

    /// Returns the account at a social provider with which a sign-up ended, because a user has it already.
    pub(super) fn transferable_sign_up(&self) -> Result<ExternalAccount, ApiError> {
        let sign_up = self.client()?.sign_up.as_deref().and_then(|id| self.state.sign_ups.get(id).ok());
        let sign_up = sign_up.filter(|sign_up| is_transferable(sign_up.social.as_ref()));
        sign_up.and_then(|sign_up| sign_up.external.clone()).ok_or_else(nothing_to_transfer)
    }

    /// Returns the account at a social provider with which a sign-in ended, because no user has it.
    fn transferable_sign_in(&self) -> Result<ExternalAccount, ApiError> {
        let sign_in = self.client()?.sign_in.as_ref();
        let sign_in = sign_in.filter(|sign_in| is_transferable(sign_in.first.as_ref()));
        sign_in.and_then(|sign_in| sign_in.external.clone()).ok_or_else(nothing_to_transfer)
    }
}

fn is_transferable(proof: Option<&Proof>) -> bool {
    matches!(proof, Some(Proof { progress: Progress::Social(social), .. }) if social.is_transferable())
}

fn nothing_to_transfer() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "no_transferable_account",
        "Nothing to transfer",
        "The browser has no sign-in and no sign-up with an external account that can be transferred",
    )
}

fn create(call: &mut Call<'_>) -> ApiResult {
    let form = &call.request.form;
    call.check_single_session()?;
    let client = call.client_or_new();
    let mut sign_up = SignUp::new(client.id, call.request.now);
    if form.first("transfer") == Some("true") {
        let external = call.transferable_sign_in()?;
        sign_up.social = Some(Proof::verified(&format!("oauth_{}", external.provider)));
        sign_up.take_external(external);
    }
    fill(call, &mut sign_up)?;
    call.put_sign_up(sign_up)
}

fn get(call: &mut Call<'_>, id: &str) -> ApiResult {
    let sign_up = call.sign_up(id)?;
    call.put_sign_up(sign_up)
}

fn update(call: &mut Call<'_>, id: &str) -> ApiResult {
    let mut sign_up = open(call, id)?;
    fill(call, &mut sign_up)?;
    call.put_sign_up(sign_up)
}

/// Returns a sign-up that is not complete.
fn open(call: &Call<'_>, id: &str) -> Result<SignUp, ApiError> {
    let sign_up = call.sign_up(id)?;
    if sign_up.user.is_none() {
        return Ok(sign_up);
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "sign_up_cannot_be_updated",
        "Sign-up complete",
        "The sign-up is complete and cannot be changed",
    ))
}

/// Takes over what a form says.
fn fill(call: &mut Call<'_>, sign_up: &mut SignUp) -> Result<(), ApiError> {
    let (form, now) = (&call.request.form, call.request.now);
    if let Some(ticket) = form.first("ticket") {
        sign_up.take_invitation(call.state, ticket)?;
    }
    let either = form.first("email_address_or_phone_number");
    for kind in [ContactKind::Email, ContactKind::Phone] {
        let is_kind = |value: &&str| value.contains('@') == (kind == ContactKind::Email);
        let Some(value) = form.first(kind.as_str()).or_else(|| either.filter(is_kind)) else { continue };
        let value = value.trim();
        if sign_up.claim(kind).as_ref().is_some_and(|claim| claim.value.eq_ignore_ascii_case(value)) {
            continue;
        }
        call.state.check_contact(kind, value)?;
        *sign_up.claim_mut(kind) = Some(Claim { value: value.to_owned(), proof: None });
    }
    if let Some(username) = form.first("username") {
        call.state.check_username(username, &UserId::from(""))?;
        sign_up.username = Some(username.to_owned());
    }
    if let Some(password) = form.first("password") {
        call.state.check_password_rules(password)?;
        sign_up.password = Some(Password::new(password));
    }
    for (name, target) in [
        ("first_name", &mut sign_up.first_name),
        ("last_name", &mut sign_up.last_name),
        ("locale", &mut sign_up.locale),
    ] {
        if let Some(value) = form.given(name) {
            *target = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }
    if let Some(text) = form.first("unsafe_metadata") {
        sign_up.unsafe_metadata = metadata(text)?;
    }
    if form.flag("legal_accepted")?.unwrap_or(false) {
        sign_up.legal_accepted_at = Some(now);
    }
    if let Some(strategy) = form.first("strategy") {
        if strategy.starts_with("oauth_") {
            sign_up.social = Some(social::start(call, strategy)?);
        } else if strategy != "ticket" {
            send(call, sign_up, strategy)?;
        }
    }
    let contacts = [ContactKind::Email, ContactKind::Phone];
    let contacts =
        contacts.map(|kind| (kind, sign_up.claim(kind).as_ref().map(|claim| claim.value.as_str())));
    let contacts: Vec<_> = contacts.into_iter().filter_map(|(kind, value)| Some((kind, value?))).collect();
    let is_invited = sign_up.is_invited();
    call.state.check_listed(&contacts, is_invited)?;
    call.state.check_sign_up_mode(is_invited)
}

/// Parses metadata, which forms contain as JSON.
pub(super) fn metadata(text: &str) -> Result<Value, ApiError> {
    if text.len() > MAX_METADATA {
        return Err(ApiError::bad_format("unsafe_metadata", "at most 8 KB long"));
    }
    let value = json::parse(text.as_bytes()).ok().filter(Value::is_object);
    value.ok_or_else(|| ApiError::bad_format("unsafe_metadata", "a JSON object"))
}

fn prepare(call: &mut Call<'_>, id: &str) -> ApiResult {
    let mut sign_up = open(call, id)?;
    let strategy = call.request.form.first("strategy").ok_or_else(|| ApiError::missing("strategy"))?;
    if strategy.starts_with("oauth_") {
        sign_up.social = Some(social::start(call, strategy)?);
    } else {
        send(call, &mut sign_up, strategy)?;
    }
    call.put_sign_up(sign_up)
}

/// Sends a code or a link to the contact that a strategy verifies.
fn send(call: &mut Call<'_>, sign_up: &mut SignUp, strategy: &str) -> Result<(), ApiError> {
    let kind = match strategy {
        "email_code" | "email_link" => ContactKind::Email,
        "phone_code" => ContactKind::Phone,
        _ => return Err(bad_strategy(strategy)),
    };
    if !call.state.strategies(kind).iter().any(|known| known == strategy) {
        return Err(bad_strategy(strategy));
    }
    let id = sign_up.id.clone();
    let claim = sign_up.claim_mut(kind).as_mut().ok_or_else(|| bad_strategy(strategy))?;
    let proof = match code_strategy(strategy) {
        None => call.send_link(&claim.value)?,
        Some(code) => {
            let sent = call.state.send_code(code, &id, &claim.value, call.request.now);
            Proof::new(strategy, Progress::Code { sent: sent.id, contact: None })
        }
    };
    claim.proof = Some(proof);
    Ok(())
}

fn attempt_verification(call: &mut Call<'_>, id: &str) -> ApiResult {
    let sign_up = open(call, id)?;
    let form = &call.request.form;
    let strategy = form.first("strategy").ok_or_else(|| ApiError::missing("strategy"))?;
    let code = form.first("code").ok_or_else(|| ApiError::missing("code"))?;
    let kind = code_strategy(strategy).ok_or_else(|| bad_strategy(strategy))?.contact_kind();
    let proof = sign_up.claim(kind).as_ref().and_then(|claim| claim.proof.as_ref());
    attempt(call.state, proof, strategy, code)?;
    call.put_sign_up(sign_up)
}
