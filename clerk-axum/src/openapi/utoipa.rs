//! OpenAPI documents with [utoipa](https://github.com/juhaku/utoipa): names for its macros.
//!
//! | in the macro | write |
//! |---|---|
//! | `#[openapi(modifiers(..))]` | [`&SecuritySchemes`](SecuritySchemes), which adds the security schemes |
//! | `responses(..)` | the type of the extractor, for its 401, 403 and 503 |
//! | `responses(..)` | [`Rejection`](crate::Rejection), behind a guard |
//! | `responses(..)` | [`Error`](crate::Error), if the handler returns it |
//! | `security(..)` | `("clerk_bearer" = []), ("clerk_cookie" = [])`, or `("clerk_machine" = [])` |
//!
//! The [guide](crate::guide::openapi) has an example.

use std::collections::BTreeMap;

use ::utoipa::{
    Modify,
    openapi::{OpenApi, RefOr, Response, security::SecurityScheme},
};

use super::response;

/// Modifier that adds the security schemes `clerk_bearer`, `clerk_cookie`, `clerk_machine` and `clerk_template` to a
/// document.
#[derive(Clone, Copy, Debug)]
pub struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_default();
        for (name, scheme) in super::security_schemes() {
            if let Ok(scheme) = serde_json::from_value::<SecurityScheme>(scheme) {
                components.add_security_scheme(name, scheme);
            }
        }
    }
}

/// Responses by status.
pub(super) type Responses = BTreeMap<String, RefOr<Response>>;

/// Returns the responses with these statuses.
pub(super) fn responses(statuses: &[u16]) -> Responses {
    let decoded =
        statuses.iter().map(|status| (*status, serde_json::from_value::<Response>(response(*status))));
    decoded.map(|(status, response)| (status.to_string(), RefOr::T(response.unwrap_or_default()))).collect()
}
