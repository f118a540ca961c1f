//! Enterprise connections, as far as browsers see them. LocalClerk calls no identity provider.

use serde_json::Value;

use super::{
    super::super::state::{User, enterprise::EnterpriseConnection},
    ApiResult, Call,
    Handler::{Fixed, NotEmulated, One},
    Reply, Route,
};

const SET_UP: &str = "setting up enterprise connections in a browser; the Backend API does it";
const TEST: &str = "calls of identity providers";

pub(super) const ROUTES: &[Route] = &[
    Route::get("/v1/me/enterprise_connections", Fixed(of_user)),
    Route::post("/v1/me/enterprise_connections", NotEmulated(SET_UP)),
    Route::patch("/v1/me/enterprise_connections/{enterprise_connection_id}", NotEmulated(SET_UP)),
    Route::delete("/v1/me/enterprise_connections/{enterprise_connection_id}", NotEmulated(SET_UP)),
    Route::get("/v1/me/enterprise_connections/{enterprise_connection_id}/test_runs", NotEmulated(TEST)),
    Route::post("/v1/me/enterprise_connections/{enterprise_connection_id}/test_runs", NotEmulated(TEST)),
    Route::get("/v1/organizations/{organization_id}/enterprise_connections", One(of_organization)),
    Route::post("/v1/organizations/{organization_id}/enterprise_connections", NotEmulated(SET_UP)),
    Route::patch(
        "/v1/organizations/{organization_id}/enterprise_connections/{enterprise_connection_id}",
        NotEmulated(SET_UP),
    ),
    Route::delete(
        "/v1/organizations/{organization_id}/enterprise_connections/{enterprise_connection_id}",
        NotEmulated(SET_UP),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/enterprise_connections/{enterprise_connection_id}/test_runs",
        NotEmulated(TEST),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/enterprise_connections/{enterprise_connection_id}/test_runs",
        NotEmulated(TEST),
    ),
    Route::get("/v1/enterprise_connections/{enterprise_connection_id}/init_test_run", NotEmulated(TEST)),
    Route::get(
        "/v1/enterprise_connections/{enterprise_connection_id}/test_runs/{test_run_id}",
        NotEmulated(TEST),
    ),
];

/// Returns whether a user's verified primary address is at one of a connection's domains.
fn has_domain_of(connection: &EnterpriseConnection, user: &User) -> bool {
    let mut primary = user.emails.iter().filter(|email| user.primary_email.as_ref() == Some(&email.id));
    let primary = primary.find(|email| email.is_verified());
    let host = primary.and_then(|email| email.value.rsplit_once('@')).map(|(_, host)| host);
    host.is_some_and(|host| connection.domains.iter().any(|domain| domain.eq_ignore_ascii_case(host)))
}

/// Removes every `null`: here, what is not set is left out.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let given = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| (name, without_null(value))).collect())
        }
        other => other,
    }
}

fn show(call: &Call<'_>, admits: impl Fn(&EnterpriseConnection) -> bool) -> Reply {
    let connections = call.state.enterprise_connections.iter().filter(|it| it.active && admits(it));
    let rendered = connections.map(|it| without_null(call.state.render_enterprise_connection(it)));
    Reply::Resource(Value::Array(rendered.collect()))
}

fn of_user(call: &mut Call<'_>) -> ApiResult {
    let user = call.user()?;
    Ok(show(call, |it| has_domain_of(it, user)))
}

fn of_organization(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.membership(id)?;
    let user = call.user()?;
    let with_linking = call.request.query.flag("with_organization_account_linking")? == Some(true);
    let is_meant = |it: &EnterpriseConnection| {
        it.organization.as_deref() == Some(id)
            && (has_domain_of(it, user) || with_linking && it.allow_organization_account_linking)
    };
    Ok(show(call, is_meant))
}
