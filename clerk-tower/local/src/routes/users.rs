//! Users.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::Query,
        random,
        state::{
            Contact, ContactKind, ExternalAccount, Password, Standing, State, Totp, User, extended, is_wallet,
        },
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route, filter,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/users", Fixed(list)),
    Route::post("/users", Fixed(create)),
    Route::get("/users/count", Fixed(count)),
    Route::post("/users/ban", Fixed(|request| ban_all(request, true))),
    Route::post("/users/unban", Fixed(|request| ban_all(request, false))),
    Route::get("/users/{user_id}", One(get)),
    Route::patch("/users/{user_id}", One(update)),
    Route::delete("/users/{user_id}", One(delete)),
    Route::post("/users/{user_id}/ban", One(|request, id| ban(request, id, true))),
    Route::post("/users/{user_id}/unban", One(|request, id| ban(request, id, false))),
    Route::post("/users/{user_id}/lock", One(|request, id| lock(request, id, true))),
    Route::post("/users/{user_id}/unlock", One(|request, id| lock(request, id, false))),
    Route::patch("/users/{user_id}/metadata", One(merge_metadata)),
    Route::put("/users/{user_id}/metadata", One(replace_metadata)),
];

/// The most backup codes of a user.
const MAX_BACKUP_CODES: usize = 20;

const METADATA: &[&str] = &["public_metadata", "private_metadata", "unsafe_metadata"];

const ORDERS: &[&str] = &[
    "created_at",
    "updated_at",
    "email_address",
    "web3wallet",
    "first_name",
    "last_name",
    "phone_number",
    "username",
    "last_active_at",
    "last_sign_in_at",
];

/// Returns the users that pass the filters of a query, in the order of creation.
fn filtered<'a>(state: &'a State, query: &Query) -> Result<Vec<&'a User>, ApiError> {
    let people = filter::UserFilter::new(query)?;
    let external_ids = query.include_exclude("external_id")?;
    let organizations = query.include_exclude("organization_id")?;
    let banned = query.flag("banned")?;
    let since = query.time("last_active_at_since")?;
    let created = query.time_range("created_at")?;
    let signed_in = query.time_range("last_sign_in_at")?;
    let provider =
        query.first("provider").map(|provider| provider.strip_prefix("oauth_").unwrap_or(provider));
    let provider_ids = query.all("provider_user_id")?;
    if provider.is_some() == provider_ids.is_empty() {
        return Err(ApiError::bad_format("provider", "used together with provider_user_id"));
    }
    let has_account = |user: &User| {
        let is_wanted = |it: &ExternalAccount| {
            Some(&*it.provider) == provider && provider_ids.contains(&it.provider_user_id)
        };
        provider.is_none() || user.external_accounts.iter().any(is_wanted)
    };
    let is_member =
        |user: &User, organization: &str| state.membership(organization, user.id.as_str()).is_ok();
    let admits = |user: &&User| {
        people.admits(user)
            && external_ids.admits(|id| user.external_id.as_deref() == Some(id))
            && organizations.admits(|id| is_member(user, id))
            && banned.is_none_or(|banned| user.banned == banned)
            && since.is_none_or(|since| user.last_active_at.is_some_and(|active| active >= since))
            && created.admits(Some(user.created_at))
            && signed_in.admits(user.last_sign_in_at)
            && has_account(user)
    };
    Ok(state.users.iter().filter(admits).collect())
}

pub(super) fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let mut page = query.page()?;
    let order = query.order(ORDERS)?;
    let mut users = filtered(state, &query)?;
    order.sort(&mut users, |user| filter::sort_key(user, order.field));
    if let Some(cursor) = query.first("starting_after") {
        if order.field != "created_at" {
            return Err(ApiError::bad_format("starting_after", "used only with order_by created_at"));
        }
        if page.offset != 0 {
            return Err(ApiError::bad_format("starting_after", "used without an offset"));
        }
        let at = users.iter().position(|user| user.id == cursor);
        page.offset = at.ok_or_else(|| ApiError::not_found("user"))?.saturating_add(1);
    }
    Ok(page.of(&users, |user| state.render_user(user)).into())
}

pub(super) fn count(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let users = filtered(state, &query)?;
    Ok(json!({ "object": "total_count", "total_count": users.len() }))
}

fn show(state: &State, id: &str) -> ApiResult {
    Ok(state.render_user(state.users.get(id)?))
}

pub(super) fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    show(state, id)
}

/// Returns whether a value occurs twice, ignoring case.
fn repeats(values: &[&str]) -> bool {
    values
        .iter()
        .enumerate()
        .any(|(at, one)| values.iter().skip(at + 1).any(|other| one.eq_ignore_ascii_case(other)))
}

/// Reads email addresses or phone numbers, each with its standing. Rejects malformed and repeated ones, and those that
/// a user already has.
fn contacts<'a>(
    state: &State,
    body: &'a Body,
    kind: ContactKind,
) -> Result<Vec<(&'a str, Standing)>, ApiError> {
    let name = kind.as_str();
    let values = body.strings(name)?;
    values.iter().try_for_each(|value| state.check_contact(kind, value))?;
    if repeats(&values) {
        return Err(ApiError::exists(name));
    }
    let statuses_name = format!("{name}_identification_status");
    let statuses = body.strings(&statuses_name)?;
    if !statuses.is_empty() && statuses.len() != values.len() {
        return Err(ApiError::bad_format(&statuses_name, &format!("as long as {name}")));
    }
    let standing = |status: &str| match status {
        "verified" => Ok(Standing::default()),
        "reserved" => Ok(Standing::Reserved),
        _ => Err(ApiError::bad_format(&statuses_name, "an array of `verified` or `reserved`")),
    };
    let standings: Vec<_> = statuses.into_iter().map(standing).collect::<Result<_, _>>()?;
    let standings = standings.into_iter().chain(std::iter::repeat(Standing::default()));
    Ok(values.into_iter().zip(standings).collect())
}

/// Reads the addresses of web3 wallets. Rejects malformed and repeated ones, and those that a user already has.
fn wallets<'a>(state: &State, body: &'a Body) -> Result<Vec<&'a str>, ApiError> {
    let name = "web3_wallet";
    let values = body.strings(name)?;
    if !values.iter().all(|value| is_wallet(value)) {
        return Err(ApiError::bad_format(name, "addresses of web3 wallets"));
    }
    let is_taken =
        |value: &&str| state.users_with(value).any(|user| user.wallets.iter().any(|it| it.is(value)));
    if repeats(&values) || values.iter().any(is_taken) {
        return Err(ApiError::exists(name));
    }
    Ok(values)
}

/// Sets the fields that creating and updating a user have in common.
fn put_common(state: &State, body: &Body, user: &mut User, now: Timestamp) -> Result<(), ApiError> {
    body.put_string("external_id", &mut user.external_id)?;
    body.put_string("first_name", &mut user.first_name)?;
    body.put_string("last_name", &mut user.last_name)?;
    body.put_string("locale", &mut user.locale)?;
    body.put_string("timezone", &mut user.timezone)?;
    body.put_string("username", &mut user.username)?;
    if let Some(username) = &user.username {
        state.check_username(username, &user.id)?;
    }
    let is_other = |other: &User| other.id != user.id && other.external_id == user.external_id;
    if user.external_id.as_ref().is_some_and(|id| state.users.having(id).any(is_other)) {
        return Err(ApiError::exists("external_id"));
    }
    if let Some(password) = body.string("password")? {
        let unchecked = body.flag("skip_password_checks")?.unwrap_or(false);
        if !unchecked {
            state.check_password_rules(password)?;
        }
        user.set_password(Password::new(password), now);
    }
    if let Some(digest) = body.string("password_digest")? {
        let hasher = body.required("password_hasher")?;
        user.set_password(Password::import(hasher, digest)?, now);
    }
    if let Some(secret) = body.string("totp_secret")? {
        let before = user.has_second_factor();
        user.totp = Some(Totp::import(secret)?);
        user.note_second_factor(before, now);
    }
    let backup_codes = body.strings("backup_codes")?;
    if backup_codes.len() > MAX_BACKUP_CODES {
        return Err(ApiError::bad_format("backup_codes", "at most 20 codes"));
    }
    if !backup_codes.is_empty() {
        user.backup_codes = backup_codes.into_iter().map(Password::of_backup_code).collect();
    }
    body.put_flag("delete_self_enabled", &mut user.delete_self_enabled)?;
    body.put_flag("create_organization_enabled", &mut user.create_organization_enabled)?;
    body.put_flag("bypass_client_trust", &mut user.bypass_client_trust)?;
    body.flag("skip_legal_checks")?;
    body.put_count("create_organizations_limit", &mut user.create_organizations_limit)?;
    body.put_time("legal_accepted_at", &mut user.legal_accepted_at)?;
    if let Some(time) = body.time("created_at")? {
        user.created_at = time;
    }
    Ok(())
}

pub(super) fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(
        body,
        &[
            "external_id",
            "first_name",
            "last_name",
            "locale",
            "timezone",
            "email_address",
            "email_address_identification_status",
            "phone_number",
            "phone_number_identification_status",
            "web3_wallet",
            "username",
            "password",
            "password_digest",
            "password_hasher",
            "skip_password_checks",
            "skip_password_requirement",
            "totp_secret",
            "backup_codes",
            "public_metadata",
            "private_metadata",
            "unsafe_metadata",
            "delete_self_enabled",
            "legal_accepted_at",
            "skip_legal_checks",
            "skip_user_requirement",
            "create_organization_enabled",
            "create_organizations_limit",
            "created_at",
            "bypass_client_trust",
            "banned",
            "locked",
        ],
    )?;
    let mut user = User::new(random::id("user_").into(), now);
    put_common(state, &body, &mut user, now)?;
    for (email, reserved) in contacts(state, &body, ContactKind::Email)? {
        user.add_contact(ContactKind::Email, Contact::new(email, reserved, now));
    }
    for (phone, reserved) in contacts(state, &body, ContactKind::Phone)? {
        user.add_contact(ContactKind::Phone, Contact::new(phone, reserved, now));
    }
    for wallet in wallets(state, &body)? {
        user.add_wallet(wallet, now);
    }
    body.flag("skip_password_requirement")?;
    let needs_identifier = !body.flag("skip_user_requirement")?.unwrap_or(false);
    if needs_identifier
        && user.emails.is_empty()
        && user.phones.is_empty()
        && user.wallets.is_empty()
        && user.username.is_none()
    {
        return Err(ApiError::no_identifier());
    }
    body.merge("public_metadata", &mut user.metadata.public)?;
    body.merge("private_metadata", &mut user.metadata.private)?;
    body.merge("unsafe_metadata", &mut user.metadata.unsafe_)?;
    body.put_flag("banned", &mut user.banned)?;
    if body.flag("locked")?.unwrap_or(false) {
        user.lock(&state.settings.user_lockout, now);
    }
    let rendered = state.render_user(&user);
    state.users.insert(user);
    Ok(rendered)
}

pub(super) fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut user = state.users.get(id)?.clone();
    let body = Body::parse(
        body,
        &[
            "external_id",
            "first_name",
            "last_name",
            "locale",
            "timezone",
            "primary_email_address_id",
            "notify_primary_email_address_changed",
            "primary_phone_number_id",
            "primary_web3_wallet_id",
            "username",
            "profile_image_id",
            "password",
            "password_digest",
            "password_hasher",
            "skip_password_checks",
            "sign_out_of_other_sessions",
            "totp_secret",
            "backup_codes",
            "delete_self_enabled",
            "create_organization_enabled",
            "legal_accepted_at",
            "skip_legal_checks",
            "create_organizations_limit",
            "created_at",
            "bypass_client_trust",
        ],
    )?;
    put_common(state, &body, &mut user, now)?;
    body.flag("notify_primary_email_address_changed")?;
    if body.string("profile_image_id")?.is_some() {
        return Err(ApiError::not_emulated("images by their ids; upload a profile image instead"));
    }
    if let Some(id) = body.string("primary_web3_wallet_id")? {
        let found = user.wallets.iter().find(|wallet| wallet.id == id);
        let found = found.ok_or_else(|| ApiError::not_found("web3 wallet of this user"))?;
        user.primary_wallet = Some(found.id.clone());
    }
    let verified = |contacts: &[Contact], id: &str| {
        let found = contacts.iter().any(|contact| contact.id == id && contact.is_verified());
        found.then(|| id.to_owned())
    };
    if let Some(id) = body.string("primary_email_address_id")? {
        let found =
            verified(&user.emails, id).ok_or_else(|| ApiError::not_found("verified email address"))?;
        user.primary_email = Some(found);
    }
    if let Some(id) = body.string("primary_phone_number_id")? {
        let found = verified(&user.phones, id).ok_or_else(|| ApiError::not_found("verified phone number"))?;
        user.primary_phone = Some(found);
    }
    let new_password = body.string("password")?.is_some();
    let sign_out = body.flag("sign_out_of_other_sessions")?.unwrap_or(false);
    user.updated_at = now;
    *state.users.get_mut(id)? = user;
    if new_password && sign_out {
        state.revoke_sessions(id, now);
    }
    show(state, id)
}

pub(super) fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let mut deleted = json!({ "object": "user", "id": id, "deleted": true });
    if let Some(external_id) = &state.users.get(id)?.external_id {
        deleted = extended(deleted, json!({ "external_id": external_id }));
    }
    state.delete_user(id, now);
    Ok(deleted)
}

fn set_banned(state: &mut State, id: &str, banned: bool, now: Timestamp) -> Result<(), ApiError> {
    let user = state.users.get_mut(id)?;
    user.banned = banned;
    user.updated_at = now;
    if banned {
        state.revoke_sessions(id, now);
    }
    Ok(())
}

pub(super) fn ban(request: ApiRequest<'_>, id: &str, banned: bool) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    set_banned(state, id, banned, now)?;
    show(state, id)
}

pub(super) fn ban_all(request: ApiRequest<'_>, banned: bool) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["user_ids"])?;
    let ids = body.strings("user_ids")?;
    if ids.is_empty() {
        return Err(ApiError::missing("user_ids"));
    }
    if ids.len() > 50 {
        return Err(ApiError::bad_format("user_ids", "between 1 and 50 identifiers"));
    }
    // All of them or none.
    for id in &ids {
        state.users.get(id)?;
    }
    for id in &ids {
        set_banned(state, id, banned, now)?;
    }
    ids.iter().map(|id| show(state, id)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

pub(super) fn lock(request: ApiRequest<'_>, id: &str, locked: bool) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let user = state.users.get_mut(id)?;
    if locked {
        user.lock(&state.settings.user_lockout, now);
    } else {
        user.unlock();
    }
    user.updated_at = now;
    show(state, id)
}

pub(super) fn merge_metadata(request: ApiRequest<'_>, id: &str) -> ApiResult {
    change_metadata(request, id, Body::merge)
}

pub(super) fn replace_metadata(request: ApiRequest<'_>, id: &str) -> ApiResult {
    change_metadata(request, id, Body::replace)
}

fn change_metadata(
    request: ApiRequest<'_>,
    id: &str,
    change: fn(&Body, &str, &mut Value) -> Result<(), ApiError>,
) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut metadata = state.users.get(id)?.metadata.clone();
    let body = Body::parse(body, METADATA)?;
    change(&body, "public_metadata", &mut metadata.public)?;
    change(&body, "private_metadata", &mut metadata.private)?;
    change(&body, "unsafe_metadata", &mut metadata.unsafe_)?;
    let user = state.users.get_mut(id)?;
    user.metadata = metadata;
    user.updated_at = now;
    show(state, id)
}

/// Rejects a new session for a banned user.
pub(super) fn refuse_banned(user: &User) -> Result<(), ApiError> {
    if user.banned {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "user_banned",
            "User banned",
            "A banned user cannot have a session",
        ));
    }
    Ok(())
}
