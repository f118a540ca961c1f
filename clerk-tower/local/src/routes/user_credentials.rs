//! How users prove who they are: passwords, second factors, wallets, accounts at social providers.

use http::StatusCode;
use serde_json::json;

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{Image, Message, Purpose, TrustedDevice},
    },
    ApiRequest, ApiResult,
    Handler::{One, Two},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/users/{user_id}/verify_password", One(verify_password)),
    Route::post("/users/{user_id}/remove_password", One(remove_password)),
    Route::post("/users/{user_id}/password/set_compromised", One(set_compromised)),
    Route::post("/users/{user_id}/password/unset_compromised", One(unset_compromised)),
    Route::post("/users/{user_id}/verify_totp", One(verify_totp)),
    Route::delete("/users/{user_id}/mfa", One(disable_mfa)),
    Route::delete("/users/{user_id}/totp", One(delete_totp)),
    Route::delete("/users/{user_id}/backup_code", One(delete_backup_codes)),
    Route::delete("/users/{user_id}/passkeys/{passkey_identification_id}", Two(delete_passkey)),
    Route::delete("/users/{user_id}/web3_wallets/{web3_wallet_identification_id}", Two(delete_wallet)),
    Route::get("/users/{user_id}/trusted_devices", One(list_devices)),
    Route::delete("/users/{user_id}/trusted_devices/{trusted_device_id}", Two(revoke_device)),
    Route::post("/users/{user_id}/profile_image", One(set_image)),
    Route::delete("/users/{user_id}/profile_image", One(delete_image)),
];

fn show(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.render_user(state.users.get(id)?))
}

fn verify_password(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let user = state.users.get(id)?;
    let body = Body::parse(body, &["password"])?;
    let text = body.required("password")?;
    let no_password = || {
        let why = "The user has no password";
        ApiError::new(StatusCode::BAD_REQUEST, "no_password_set", "no password set", why)
    };
    if user.password.as_ref().ok_or_else(no_password)?.matches(text) {
        return Ok(json!({ "verified": true }));
    }
    let why = "The password is not the user's";
    Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "incorrect_password", "incorrect password", why))
}

fn remove_password(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let body = Body::parse(request.body, &["sign_out_of_other_sessions"])?;
    let sign_out = body.flag("sign_out_of_other_sessions")?.unwrap_or(false);
    let (state, now) = (&mut *request.state, request.now);
    if state.users.get(id)?.password.is_some() {
        let user = state.users.get_mut(id)?;
        user.password = None;
        user.password_compromised = false;
        user.password_changed_at = None;
        user.updated_at = now;
        if let Some(email) = state.users.get(id)?.email().map(str::to_owned) {
            let subject = "Your password has been removed";
            state.send(Message::notice(Purpose::PasswordRemoved, &email, subject, now));
        }
    }
    if sign_out {
        state.revoke_sessions(id, now);
    }
    show(request, id)
}

fn set_compromised(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let body = Body::parse(request.body, &["revoke_all_sessions"])?;
    let revoke = body.flag("revoke_all_sessions")?.unwrap_or(false);
    let user = request.state.users.get_mut(id)?;
    if user.password.is_none() {
        let why = "The user has no password";
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "no_password_set",
            "no password set",
            why,
        ));
    }
    user.password_compromised = true;
    user.updated_at = request.now;
    if revoke {
        request.state.revoke_sessions(id, request.now);
    }
    show(request, id)
}

fn unset_compromised(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let user = request.state.users.get_mut(id)?;
    user.password_compromised = false;
    user.updated_at = request.now;
    show(request, id)
}

fn verify_totp(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let clock_time = state.clock_time(now);
    let user = state.users.get(id)?;
    let body = Body::parse(body, &["code"])?;
    let code = body.required("code")?;
    if !user.has_totp() && user.backup_codes.is_empty() {
        let why = "The user has neither an authenticator app nor backup codes";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "strategy_for_user_invalid", "is invalid", why));
    }
    match state.users.get_mut(id)?.use_second_factor(code, clock_time) {
        Some(kind) => Ok(json!({ "verified": true, "code_type": kind.as_str() })),
        None => Err(ApiError::wrong_code()),
    }
}

fn disable_mfa(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let user = state.users.get_mut(id)?;
    user.remove_second_factors(now);
    user.updated_at = now;
    Ok(json!({ "user_id": id }))
}

fn delete_totp(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let user = state.users.get_mut(id)?;
    if user.totp.is_none() {
        return Err(ApiError::not_found("authenticator app of this user"));
    }
    user.remove_totp(now);
    user.updated_at = now;
    Ok(json!({ "user_id": id }))
}

fn delete_backup_codes(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let user = state.users.get_mut(id)?;
    if user.backup_codes.is_empty() {
        return Err(ApiError::not_found("backup code of this user"));
    }
    user.backup_codes.clear();
    user.updated_at = now;
    Ok(json!({ "user_id": id }))
}

fn delete_passkey(request: ApiRequest<'_>, id: &str, passkey: &str) -> ApiResult {
    let (state, now) = (request.state, request.now);
    let user = state.users.get_mut(id)?;
    let at = user.passkeys.iter().position(|one| one.id == passkey);
    let at = at.ok_or_else(|| ApiError::not_found("passkey of this user"))?;
    let removed = user.passkeys.remove(at);
    user.updated_at = now;
    if let Some(email) = user.email().map(str::to_owned) {
        let subject = format!("The passkey {} has been removed", removed.name);
        state.send(Message::notice(Purpose::PasskeyRemoved, &email, &subject, now));
    }
    Ok(json!({ "object": "passkey", "id": removed.id, "deleted": true }))
}

fn delete_wallet(request: ApiRequest<'_>, id: &str, wallet: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let user = state.users.get_mut(id)?;
    if !user.remove_wallet(wallet) {
        return Err(ApiError::not_found("web3 wallet of this user"));
    }
    user.updated_at = now;
    Ok(json!({ "object": "web3_wallet", "id": wallet, "deleted": true }))
}

fn list_devices(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let devices = &state.users.get(id)?.trusted_devices;
    let active: Vec<_> =
        devices.iter().filter(|it| it.revoked_at.is_none()).map(TrustedDevice::render).collect();
    Ok(json!({ "data": active, "total_count": active.len() }))
}

fn revoke_device(request: ApiRequest<'_>, id: &str, device: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let devices = &mut state.users.get_mut(id)?.trusted_devices;
    let device = devices.iter_mut().find(|one| one.id == device && one.revoked_at.is_none());
    let device = device.ok_or_else(|| ApiError::not_found("active trusted device of this user"))?;
    device.revoked_at = Some(now);
    device.updated_at = now;
    Ok(device.render())
}

fn set_image(request: ApiRequest<'_>, id: &str) -> ApiResult {
    request.state.users.get(id)?;
    let image = Image::new(id, &request.file()?)?;
    request.state.images.insert(image);
    request.state.users.get_mut(id)?.updated_at = request.now;
    show(request, id)
}

fn delete_image(request: ApiRequest<'_>, id: &str) -> ApiResult {
    request.state.users.get(id)?;
    request.state.images.remove(id)?;
    request.state.users.get_mut(id)?.updated_at = request.now;
    show(request, id)
}
