//! What belongs to devices of the signed-in user: wallets, passkeys and trusted devices. They are seen and removed here.
//! Adding one needs a signature of the device, which LocalClerk does not check.

use serde_json::{Value, json};

use super::{
    super::super::{
        error::ApiError,
        state::{Contact, Passkey, TrustedDevice},
    },
    ApiResult, Call,
    Handler::{Fixed, NotEmulated, One},
    Reply, Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/v1/me/web3_wallets", Fixed(wallets)),
    Route::post("/v1/me/web3_wallets", NotEmulated(WALLET)),
    Route::get("/v1/me/web3_wallets/{web3_wallet_id}", One(wallet)),
    Route::delete("/v1/me/web3_wallets/{web3_wallet_id}", One(remove_wallet)),
    Route::post("/v1/me/web3_wallets/{web3_wallet_id}/prepare_verification", NotEmulated(WALLET)),
    Route::post("/v1/me/web3_wallets/{web3_wallet_id}/attempt_verification", NotEmulated(WALLET)),
    Route::post("/v1/me/passkeys", NotEmulated(PASSKEY)),
    Route::get("/v1/me/passkeys/{passkey_id}", One(passkey)),
    Route::patch("/v1/me/passkeys/{passkey_id}", One(rename_passkey)),
    Route::delete("/v1/me/passkeys/{passkey_id}", One(remove_passkey)),
    Route::post("/v1/me/passkeys/{passkey_id}/attempt_verification", NotEmulated(PASSKEY)),
    Route::get("/v1/me/trusted_devices", Fixed(devices)),
    Route::post("/v1/me/trusted_devices/prepare", NotEmulated(DEVICE)),
    Route::post("/v1/me/trusted_devices/attempt", NotEmulated(DEVICE)),
    Route::delete("/v1/me/trusted_devices/{trusted_device_id}", One(revoke_device)),
    Route::post("/v1/client/trusted_devices/validate", NotEmulated(DEVICE)),
];

const WALLET: &str = "signatures of wallets; the Backend API adds a wallet to a user";
const PASSKEY: &str = "new passkeys; LocalClerk::add_passkey adds one to a user";
const DEVICE: &str = "new trusted devices; LocalClerk::add_trusted_device adds one to a user";

fn deleted(object: &str, id: &str) -> Reply {
    Reply::Resource(json!({ "object": object, "id": id, "deleted": true }))
}

fn wallets(call: &mut Call<'_>) -> ApiResult {
    let wallets = call.user()?.wallets.iter().map(Contact::render_wallet);
    Ok(Reply::Body(Value::Array(wallets.collect())))
}

fn wallet(call: &mut Call<'_>, id: &str) -> ApiResult {
    let wallet = call.user()?.wallets.iter().find(|wallet| wallet.id == id);
    let wallet = wallet.ok_or_else(|| ApiError::not_found("web3 wallet"))?;
    Ok(Reply::Resource(wallet.render_wallet()))
}

fn remove_wallet(call: &mut Call<'_>, id: &str) -> ApiResult {
    wallet(call, id)?;
    call.check_recent()?;
    call.user_mut()?.remove_wallet(id);
    Ok(deleted("web3_wallet", id))
}

fn passkey(call: &mut Call<'_>, id: &str) -> ApiResult {
    let passkey = call.user()?.passkeys.iter().find(|passkey| passkey.id == id);
    let passkey = passkey.ok_or_else(|| ApiError::not_found("passkey"))?;
    Ok(Reply::Resource(passkey.render()))
}

fn rename_passkey(call: &mut Call<'_>, id: &str) -> ApiResult {
    passkey(call, id)?;
    if let Some(name) = call.request.form.first("name") {
        let passkeys = &mut call.user_mut()?.passkeys;
        let named = passkeys.iter_mut().find(|passkey| passkey.id == id);
        named.into_iter().for_each(|passkey: &mut Passkey| name.clone_into(&mut passkey.name));
    }
    passkey(call, id)
}

fn remove_passkey(call: &mut Call<'_>, id: &str) -> ApiResult {
    passkey(call, id)?;
    call.check_recent()?;
    call.user_mut()?.passkeys.retain(|passkey| passkey.id != id);
    Ok(deleted("passkey", id))
}

fn devices(call: &mut Call<'_>) -> ApiResult {
    let devices = call.user()?.trusted_devices.iter().filter(|device| device.revoked_at.is_none());
    Ok(Reply::Resource(Value::Array(devices.map(TrustedDevice::render).collect())))
}

fn revoke_device(call: &mut Call<'_>, id: &str) -> ApiResult {
    let now = call.request.now;
    let missing = || ApiError::not_found("trusted device");
    if !call.user()?.trusted_devices.iter().any(|device| device.id == id) {
        return Err(missing());
    }
    let devices = &mut call.user_mut()?.trusted_devices;
    let device = devices.iter_mut().find(|device| device.id == id).ok_or_else(missing)?;
    device.revoked_at.get_or_insert(now);
    device.updated_at = now;
    Ok(Reply::Resource(device.render()))
}
