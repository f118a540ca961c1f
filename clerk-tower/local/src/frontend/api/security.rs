//! Second factors of the signed-in user, reverification, and the waitlist.

use clerk_core::id::UserId;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::super::{
        error::ApiError,
        random,
        state::{ContactKind, CredentialRefused, Proof, Reverification, Totp},
    },
    ApiResult, Call,
    Handler::{Fixed, One},
    Reply, Route,
    factors::{attempt, bad_strategy, code_strategy, incorrect_code},
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/v1/me/totp", Fixed(create_totp)),
    Route::delete("/v1/me/totp", Fixed(delete_totp)),
    Route::post("/v1/me/totp/attempt_verification", Fixed(verify_totp)),
    Route::post("/v1/me/backup_codes", Fixed(create_backup_codes)),
    // As Clerk's JavaScript writes it.
    Route::post("/v1/me/backup_codes/", Fixed(create_backup_codes)),
    Route::post("/v1/client/sessions/{session_id}/verify", One(start)),
    Route::post("/v1/client/sessions/{session_id}/verify/prepare_first_factor", One(prepare_first_factor)),
    Route::post("/v1/client/sessions/{session_id}/verify/attempt_first_factor", One(attempt_first_factor)),
    Route::post("/v1/client/sessions/{session_id}/verify/prepare_second_factor", One(prepare_second_factor)),
    Route::post("/v1/client/sessions/{session_id}/verify/attempt_second_factor", One(attempt_second_factor)),
    Route::post("/v1/waitlist", Fixed(join_waitlist)),
];

/// Returns an authenticator app. Its secret is shown only until it is verified.
fn render_totp(call: &Call<'_>, backup_codes: Option<&[String]>) -> ApiResult {
    let user = call.user()?;
    let totp = user.totp.as_ref().ok_or_else(|| ApiError::not_found("authenticator app"))?;
    let account = user.email().or(user.phone()).or(user.username.as_deref()).unwrap_or(user.id.as_str());
    let shown = !totp.verified;
    Ok(Reply::Resource(json!({
        "object": "totp",
        "id": user.id.as_str().replacen("user_", "totp_", 1),
        "secret": shown.then_some(&totp.secret),
        "uri": shown.then(|| totp.uri("LocalClerk", account)),
        "verified": totp.verified,
        "backup_codes": backup_codes,
        "created_at": user.updated_at,
        "updated_at": user.updated_at,
    })))
}

fn create_totp(call: &mut Call<'_>) -> ApiResult {
    if !call.state.settings.attributes.authenticator_app.enabled {
        return Err(bad_strategy("totp"));
    }
    call.check_recent()?;
    if call.user()?.has_totp() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "totp_already_enabled",
            "already enabled",
            "You have an authenticator app already. Remove it first",
        ));
    }
    call.user_mut()?.totp = Some(Totp::generate());
    render_totp(call, None)
}

fn verify_totp(call: &mut Call<'_>) -> ApiResult {
    let code = call.request.form.first("code").ok_or_else(|| ApiError::missing("code"))?;
    let now = call.request.now;
    let clock_time = call.state.clock_time(now);
    let user = call.user_mut()?;
    let before = user.has_second_factor();
    let totp = user.totp.as_mut().ok_or_else(|| ApiError::not_found("authenticator app"))?;
    if !totp.accept(code, clock_time) {
        return Err(incorrect_code());
    }
    totp.verified = true;
    user.note_second_factor(before, now);
    let backup_codes = user.backup_codes.is_empty().then(|| user.new_backup_codes());
    render_totp(call, backup_codes.as_deref())
}

fn delete_totp(call: &mut Call<'_>) -> ApiResult {
    call.check_recent()?;
    let now = call.request.now;
    let user = call.user_mut()?;
    if user.totp.is_none() {
        return Err(ApiError::not_found("authenticator app"));
    }
    user.remove_totp(now);
    let id = user.id.as_str().replacen("user_", "totp_", 1);
    Ok(Reply::Resource(json!({ "object": "totp", "id": id, "deleted": true })))
}

fn create_backup_codes(call: &mut Call<'_>) -> ApiResult {
    call.check_recent()?;
    let now = call.request.now;
    let user = call.user_mut()?;
    let codes = user.new_backup_codes();
    Ok(Reply::Resource(json!({
        "object": "backup_code",
        "id": random::id("bac_"),
        "codes": codes,
        "created_at": now,
        "updated_at": now,
    })))
}

impl Call<'_> {
    /// Returns the reverification of a session, and the session's user.
    fn reverification(&self, session: &str) -> Result<(Reverification, UserId), ApiError> {
        let session = self.own_session(session)?;
        let reverification = session.reverification.clone();
        let reverification =
            reverification.ok_or_else(|| ApiError::not_found("reverification of this session"))?;
        Ok((reverification, session.user.clone()))
    }

    /// Stores the reverification of a session, and notes what is proven.
    fn put_reverification(&mut self, id: &str, reverification: &Reverification) -> ApiResult {
        let (state, now) = (&mut *self.state, self.request.now);
        let is_proven = |proof: &Option<Proof>| proof.as_ref().is_some_and(|proof| state.is_proven(proof));
        let (first, second) = (is_proven(&reverification.first), is_proven(&reverification.second));
        let session = state.sessions.get_mut(id)?;
        if first {
            session.first_factor_at = Some(now);
        }
        if second {
            session.second_factor_at = Some(now);
        }
        session.reverification = Some(reverification.clone());
        self.show_reverification(id, reverification, first, second)
    }

    fn show_reverification(&self, id: &str, it: &Reverification, first: bool, second: bool) -> ApiResult {
        let session = self.own_session(id)?;
        let user = self.state.users.get(session.user.as_str())?;
        let (first_factors, second_factors) =
            (self.state.first_factors(user), self.state.second_factors(user));
        let first_factors: Vec<_> = first_factors
            .into_iter()
            .filter(|factor| {
                let strategy = factor.get("strategy").and_then(Value::as_str).unwrap_or_default();
                matches!(strategy, "password" | "email_code" | "phone_code")
            })
            .collect();
        // Somebody without a second factor verifies the first one.
        let needs_second = it.level != "first_factor" && !second_factors.is_empty();
        let needs_first = it.level != "second_factor" || !needs_second;
        let status = match () {
            () if needs_first && !first => "needs_first_factor",
            () if needs_second && !second => "needs_second_factor",
            () => "complete",
        };
        let base = self.request.own_url();
        let render = |proof: &Option<Proof>| proof.as_ref().map(|proof| self.state.render_proof(proof, base));
        Ok(Reply::Resource(json!({
            "object": "session_reverification",
            "id": session.id.as_str().replacen("sess_", "srv_", 1),
            "level": it.level,
            "status": status,
            "supported_first_factors": first_factors,
            "supported_second_factors": second_factors,
            "first_factor_verification": render(&it.first),
            "second_factor_verification": render(&it.second),
            "session": self.render_session(session, user),
        })))
    }
}

fn start(call: &mut Call<'_>, session: &str) -> ApiResult {
    let level = call.request.form.first("level").ok_or_else(|| ApiError::missing("level"))?;
    if !matches!(level, "first_factor" | "second_factor" | "multi_factor") {
        return Err(ApiError::bad_format("level", "first_factor, second_factor or multi_factor"));
    }
    call.own_session(session)?;
    call.put_reverification(session, &Reverification { level: level.to_owned(), first: None, second: None })
}

fn strategy<'a>(call: &Call<'a>, default: Option<&'a str>) -> Result<&'a str, ApiError> {
    call.request.form.first("strategy").or(default).ok_or_else(|| ApiError::missing("strategy"))
}

fn prepare_first_factor(call: &mut Call<'_>, session: &str) -> ApiResult {
    let (mut reverification, user) = call.reverification(session)?;
    let strategy = strategy(call, None)?;
    let code = code_strategy(strategy).filter(|_| matches!(strategy, "email_code" | "phone_code"));
    code.ok_or_else(|| bad_strategy(strategy))?;
    reverification.first = Some(call.prepare(&user, strategy, session)?);
    call.put_reverification(session, &reverification)
}

fn attempt_first_factor(call: &mut Call<'_>, session: &str) -> ApiResult {
    let (mut reverification, user) = call.reverification(session)?;
    let (strategy, form) = (strategy(call, None)?, &call.request.form);
    if strategy == "password" {
        let password = form.first("password").ok_or_else(|| ApiError::missing("password"))?;
        let checked = call.state.check_password(user.as_str(), password, call.request.now);
        checked.map_err(CredentialRefused::into_error)?;
        reverification.first = Some(Proof::verified("password"));
    } else {
        let code = form.first("code").ok_or_else(|| ApiError::missing("code"))?;
        attempt(call.state, reverification.first.as_ref(), strategy, code)?;
    }
    call.put_reverification(session, &reverification)
}

fn prepare_second_factor(call: &mut Call<'_>, session: &str) -> ApiResult {
    let (mut reverification, user) = call.reverification(session)?;
    let strategy = strategy(call, Some("phone_code"))?;
    if strategy != "phone_code" {
        return Err(bad_strategy(strategy));
    }
    reverification.second = Some(call.prepare_second(&user, session)?);
    call.put_reverification(session, &reverification)
}

fn attempt_second_factor(call: &mut Call<'_>, session: &str) -> ApiResult {
    let (mut reverification, user) = call.reverification(session)?;
    let strategy = strategy(call, None)?;
    call.check_second_factor(&user, reverification.second.as_ref(), strategy)?;
    // The proof of a code is that it was right.
    if strategy != "phone_code" {
        reverification.second = Some(Proof::verified(strategy));
    }
    call.put_reverification(session, &reverification)
}

fn join_waitlist(call: &mut Call<'_>) -> ApiResult {
    let email = call.request.form.first("email_address").ok_or_else(|| ApiError::missing("email_address"))?;
    ContactKind::Email.check_format(email.trim())?;
    let entry = call.state.join_waitlist(email.trim(), true);
    Ok(Reply::Body(json!({ "object": "waitlist_entry", "id": entry.id })))
}
