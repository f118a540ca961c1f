//! Accounts of users at social providers.

use serde_json::json;

use super::{
    super::{error::ApiError, state::ExternalAccount},
    ApiRequest, ApiResult,
    Handler::Two,
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/users/{user_id}/oauth_access_tokens/{provider}", Two(access_tokens)),
    Route::delete("/users/{user_id}/external_accounts/{external_account_id}", Two(delete)),
];

/// Lists the user's tokens of a provider, which is named with or without the prefix `oauth_`.
fn access_tokens(request: ApiRequest<'_>, id: &str, provider: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let user = state.users.get(id)?;
    let page = query.page()?;
    let paginated = query.flag("paginated")?.unwrap_or(false);
    let provider = provider.strip_prefix("oauth_").unwrap_or(provider);
    let has_token = |it: &&ExternalAccount| it.provider == provider && !it.access_token.is_empty();
    let accounts: Vec<_> = user.external_accounts.iter().filter(has_token).collect();
    Ok(page.list(paginated, &accounts, |account| account.render_token()))
}

fn delete(request: ApiRequest<'_>, id: &str, account: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let user = state.users.get_mut(id)?;
    let is_wanted = |one: &ExternalAccount| one.id == account;
    if !user.external_accounts.iter().any(is_wanted) {
        return Err(ApiError::not_found("external account of this user"));
    }
    user.external_accounts.retain(|one| !is_wanted(one));
    user.updated_at = now;
    Ok(json!({ "object": "external_account", "id": account, "deleted": true }))
}
