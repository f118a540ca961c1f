//! Sign-ins.

use clerk_core::id::{SessionId, UserId};
use http::StatusCode;
use serde_json::json;

use super::{
    super::super::{
        error::ApiError,
        state::{CodeStrategy, CredentialRefused, Progress, Proof, SignIn, SignInStep},
    },
    ApiResult, Call,
    Handler::{Fixed, One},
    Reply, Route,
    factors::{attempt, bad_strategy, by_code, code_strategy},
    social,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/v1/client/sign_ins", Fixed(create)),
    Route::get("/v1/client/sign_ins/{sign_in_id}", One(get)),
    Route::post("/v1/client/sign_ins/{sign_in_id}/prepare_first_factor", One(prepare_first_factor)),
    Route::post("/v1/client/sign_ins/{sign_in_id}/attempt_first_factor", One(attempt_first_factor)),
    Route::post("/v1/client/sign_ins/{sign_in_id}/reset_password", One(reset_password)),
    Route::post("/v1/client/sign_ins/{sign_in_id}/prepare_second_factor", One(prepare_second_factor)),
    Route::post("/v1/client/sign_ins/{sign_in_id}/attempt_second_factor", One(attempt_second_factor)),
];

impl Call<'_> {
    /// Returns the sign-in of this browser with this identifier.
    fn sign_in(&self, id: &str) -> Result<SignIn, ApiError> {
        let sign_in = self.client()?.sign_in.clone();
        sign_in
            .filter(|sign_in| sign_in.id == id)
            .ok_or_else(|| ApiError::not_found("sign-in of this browser"))
    }

    /// Stores the sign-in of this browser, after starting its session if it lacks nothing.
    pub(super) fn put_sign_in(&mut self, mut sign_in: SignIn) -> ApiResult {
        let client = self.client_or_new().id;
        if self.state.sign_in_step(&sign_in) == SignInStep::Session
            && let Some(user) = sign_in.user.clone()
        {
            let is_second = sign_in.second.is_some();
            sign_in.session = Some(self.start_session(user, is_second)?);
        }
        let rendered = self.state.render_sign_in(&sign_in, self.request.own_url());
        self.state.clients.all.get_mut(client.as_str())?.sign_in = Some(sign_in);
        Ok(Reply::Resource(rendered))
    }

    /// Starts a session in this browser.
    pub(super) fn start_session(
        &mut self,
        user: UserId,
        with_second_factor: bool,
    ) -> Result<SessionId, ApiError> {
        let (client, now) = (self.client_or_new().id, self.request.now);
        check_may_sign_in(self, &user)?;
        let session = self.state.start_session(&client, user, now);
        if with_second_factor {
            self.state.sessions.get_mut(session.as_str())?.second_factor_at = Some(now);
        }
        Ok(session)
    }

    /// Rejects a sign-in if a browser may have one session only, and has one.
    pub(super) fn check_single_session(&mut self) -> Result<(), ApiError> {
        let client = self.client_or_new();
        let is_signed_in = self.state.live_sessions(&client, self.request.now).next().is_some();
        if is_signed_in && self.state.settings.single_session_mode {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "session_exists",
                "Session already exists",
                "You're already signed in. Only one account can be signed in at a time",
            ));
        }
        Ok(())
    }
}

fn check_may_sign_in(call: &Call<'_>, user: &UserId) -> Result<(), ApiError> {
    call.state.check_sign_in(call.state.users.get(user.as_str())?)
}

fn create(call: &mut Call<'_>) -> ApiResult {
    let form = &call.request.form;
    call.check_single_session()?;
    let mut sign_in = SignIn::new(call.request.now);
    let strategy = form.first("strategy");
    if let Some(ticket) = form.first("ticket").filter(|_| strategy == Some("ticket")) {
        return call.sign_in_with_ticket(sign_in, ticket);
    }
    if form.first("transfer") == Some("true") {
        let external = call.transferable_sign_up()?;
        sign_in.user = Some(call.state.user_of_external(&external).ok_or_else(unknown_account)?.id.clone());
        sign_in.first = Some(Proof::verified(&format!("oauth_{}", external.provider)));
        return call.put_sign_in(sign_in);
    }
    if let Some(strategy) = strategy.filter(|strategy| strategy.starts_with("oauth_")) {
        sign_in.first = Some(social::start(call, strategy)?);
        return call.put_sign_in(sign_in);
    }
    let Some(identifier) = form.first("identifier") else { return call.put_sign_in(sign_in) };
    let user = call.state.user_by_identifier(identifier.trim()).ok_or_else(unknown_account)?.id.clone();
    check_not_signed_in(call, &user)?;
    check_may_sign_in(call, &user)?;
    sign_in.identifier = Some(identifier.trim().to_owned());
    sign_in.user = Some(user.clone());
    match (strategy, form.first("password")) {
        (None | Some("password"), Some(password)) => {
            call.state
                .check_password(user.as_str(), password, call.request.now)
                .map_err(CredentialRefused::into_error)?;
            sign_in.first = Some(Proof::verified("password"));
        }
        (Some(strategy), _) if strategy != "password" => {
            check_first_factor(call, &user, strategy)?;
            sign_in.first = Some(call.prepare(&user, strategy, &sign_in.id)?);
        }
        _ => {}
    }
    call.put_sign_in(sign_in)
}

pub(super) fn unknown_account() -> ApiError {
    ApiError::unprocessable(
        "form_identifier_not_found",
        "is invalid",
        "identifier",
        "Couldn't find your account",
    )
}

/// Rejects somebody who is signed in already.
fn check_not_signed_in(call: &mut Call<'_>, user: &UserId) -> Result<(), ApiError> {
    let client = call.client_or_new();
    let mut sessions = call.state.live_sessions(&client, call.request.now);
    match sessions.find(|(session, _)| session.user == *user) {
        None => Ok(()),
        Some((session, _)) => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "identifier_already_signed_in",
            "Already signed in",
            "You're already signed in",
        )
        .meta(json!({ "session_id": session.id }))),
    }
}

/// Rejects a strategy that is none of the user's.
fn check_first_factor(call: &Call<'_>, user: &UserId, strategy: &str) -> Result<(), ApiError> {
    let factors = call.state.first_factors(call.state.users.get(user.as_str())?);
    let is_known = factors.iter().any(|factor| factor["strategy"] == strategy);
    if is_known { Ok(()) } else { Err(bad_strategy(strategy)) }
}

fn get(call: &mut Call<'_>, id: &str) -> ApiResult {
    let sign_in = call.sign_in(id)?;
    // A link may have been opened since.
    if sign_in.session.is_none() { call.put_sign_in(sign_in) } else { show(call, &sign_in) }
}

fn show(call: &Call<'_>, sign_in: &SignIn) -> ApiResult {
    Ok(Reply::Resource(call.state.render_sign_in(sign_in, call.request.own_url())))
}

/// Returns the user of a sign-in that is at this step.
fn user_at(call: &Call<'_>, sign_in: &SignIn, step: SignInStep) -> Result<UserId, ApiError> {
    let is_there = call.state.sign_in_step(sign_in) == step;
    sign_in.user.clone().filter(|_| is_there).ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "sign_in_wrong_step",
            "Action invalid",
            "The sign-in is at another step. See its status",
        )
    })
}

fn strategy<'a>(call: &Call<'a>) -> Result<&'a str, ApiError> {
    call.request.form.first("strategy").ok_or_else(|| ApiError::missing("strategy"))
}

fn prepare_first_factor(call: &mut Call<'_>, id: &str) -> ApiResult {
    let mut sign_in = call.sign_in(id)?;
    let strategy = strategy(call)?;
    if strategy.starts_with("oauth_") {
        sign_in.first = Some(social::start(call, strategy)?);
        return call.put_sign_in(sign_in);
    }
    let user = user_at(call, &sign_in, SignInStep::FirstFactor)?;
    check_first_factor(call, &user, strategy)?;
    sign_in.first = Some(call.prepare(&user, strategy, &sign_in.id)?);
    call.put_sign_in(sign_in)
}

fn attempt_first_factor(call: &mut Call<'_>, id: &str) -> ApiResult {
    let mut sign_in = call.sign_in(id)?;
    let strategy = strategy(call)?;
    let form = &call.request.form;
    if strategy == "ticket" {
        let ticket = form.first("ticket").ok_or_else(|| ApiError::missing("ticket"))?;
        return call.sign_in_with_ticket(sign_in, ticket);
    }
    let user = user_at(call, &sign_in, SignInStep::FirstFactor)?;
    check_first_factor(call, &user, strategy)?;
    check_may_sign_in(call, &user)?;
    if strategy == "password" {
        let password = form.first("password").ok_or_else(|| ApiError::missing("password"))?;
        call.state
            .check_password(user.as_str(), password, call.request.now)
            .map_err(CredentialRefused::into_error)?;
        sign_in.first = Some(Proof::verified("password"));
        return call.put_sign_in(sign_in);
    }
    let code = form.first("code").ok_or_else(|| ApiError::missing("code"))?;
    attempt(call.state, sign_in.first.as_ref(), strategy, code)?;
    sign_in.needs_new_password = strategy.starts_with("reset_password_");
    verify_contact(call, sign_in.first.as_ref())?;
    call.put_sign_in(sign_in)
}

/// A code that was right also verifies a contact that was only reserved.
fn verify_contact(call: &mut Call<'_>, proof: Option<&Proof>) -> Result<(), ApiError> {
    let Some(Proof { strategy, progress: Progress::Code { contact: Some(contact), .. } }) = proof else {
        return Ok(());
    };
    let Some(kind) = code_strategy(strategy).map(CodeStrategy::contact_kind) else { return Ok(()) };
    call.state.verify_contact(kind, contact, by_code(kind), call.request.now)
}

fn reset_password(call: &mut Call<'_>, id: &str) -> ApiResult {
    let mut sign_in = call.sign_in(id)?;
    let user = user_at(call, &sign_in, SignInStep::NewPassword)?;
    let form = &call.request.form;
    let password = form.first("password").ok_or_else(|| ApiError::missing("password"))?;
    call.state.change_password(user.as_str(), password, call.request.now)?;
    if form.flag("sign_out_of_other_sessions")?.unwrap_or(false) {
        call.state.revoke_sessions(user.as_str(), call.request.now);
    }
    sign_in.needs_new_password = false;
    call.put_sign_in(sign_in)
}

fn prepare_second_factor(call: &mut Call<'_>, id: &str) -> ApiResult {
    let mut sign_in = call.sign_in(id)?;
    let user = user_at(call, &sign_in, SignInStep::SecondFactor)?;
    let strategy = call.request.form.first("strategy").unwrap_or("phone_code");
    let factors = call.state.second_factors(call.state.users.get(user.as_str())?);
    if strategy != "phone_code" || !factors.iter().any(|factor| factor["strategy"] == strategy) {
        return Err(bad_strategy(strategy));
    }
    sign_in.second = Some(call.prepare_second(&user, &sign_in.id)?);
    call.put_sign_in(sign_in)
}

fn attempt_second_factor(call: &mut Call<'_>, id: &str) -> ApiResult {
    let mut sign_in = call.sign_in(id)?;
    let user = user_at(call, &sign_in, SignInStep::SecondFactor)?;
    check_may_sign_in(call, &user)?;
    let strategy = strategy(call)?;
    call.check_second_factor(&user, sign_in.second.as_ref(), strategy)?;
    // The proof of a code is that it was right.
    if strategy != "phone_code" {
        sign_in.second = Some(Proof::verified(strategy));
    }
    call.put_sign_in(sign_in)
}
