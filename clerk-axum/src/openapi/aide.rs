//! OpenAPI documents with [aide](https://github.com/tamasfe/aide): extractors and rejections document themselves.
//!
//! Every extractor implements `OperationInput`, and [`Rejection`](crate::Rejection) and [`Error`](crate::Error) implement
//! `OperationOutput`. An operation whose handler takes one of them has its security requirement, and its responses 401, 403
//! and 503. Add the security schemes once, with [`security_schemes`], and document guards with [`guarded`].
//!
//! `Option<Session>` documents a session as optional; for the responses to invalid tokens, add [`optional`]. An extractor of
//! your own that uses one of these passes both methods of `OperationInput` on to it.
//!
//! The [guide](crate::guide::openapi) has an example.

use ::aide::{
    openapi::{Operation, ReferenceOr, Response, SecurityRequirement, StatusCode},
    transform::{TransformOpenApi, TransformOperation},
};

use super::{SESSION, response};

/// Adds the security schemes `clerk_bearer`, `clerk_cookie`, `clerk_machine` and `clerk_template` to a document.
///
/// Call it when the document is finished: `.finish_api_with(&mut api, clerk_axum::aide::security_schemes)`.
pub fn security_schemes(mut api: TransformOpenApi<'_>) -> TransformOpenApi<'_> {
    for (name, scheme) in super::security_schemes() {
        if let Ok(scheme) = serde_json::from_value(scheme) {
            api = api.security_scheme(name, scheme);
        }
    }
    api
}

/// Documents an operation behind a guard of [`require`](crate::require) that needs a session: it requires a session, and
/// may respond with 401, 403 and 503.
///
/// A guard is a layer, which aide does not see. Pass this with the handler: `get_with(handler, clerk_axum::aide::guarded)`.
pub fn guarded(mut operation: TransformOperation<'_>) -> TransformOperation<'_> {
    let inner = operation.inner_mut();
    accept(inner, SESSION);
    require(inner, &[401, 403, 503]);
    operation
}

/// Documents an operation that a session is optional for: an invalid token is rejected with 401, and one that cannot be
/// checked with 503.
///
/// aide does not ask an `Option` for its responses. Pass this with the handler: `get_with(handler,
/// clerk_axum::aide::optional)`.
pub fn optional(mut operation: TransformOperation<'_>) -> TransformOperation<'_> {
    let inner = operation.inner_mut();
    accept(inner, SESSION);
    respond(inner, &[401, 503]);
    operation
}

/// Adds the security schemes as alternatives, and an empty requirement, which makes authentication optional. [`require`]
/// removes the empty one. For an `Option<T>`, aide calls only `operation_input` of `T` and not `inferred_early_responses`, so
/// it stays.
pub(super) fn accept(operation: &mut Operation, schemes: &[&str]) {
    if operation.security.is_empty() && !schemes.is_empty() {
        operation.security.push(SecurityRequirement::default());
    }
    for name in schemes {
        let requirement = SecurityRequirement::from_iter([((*name).to_owned(), Vec::new())]);
        if !operation.security.contains(&requirement) {
            operation.security.push(requirement);
        }
    }
}

/// Adds the responses of an extractor. One that rejects requests makes authentication mandatory.
pub(super) fn require(operation: &mut Operation, statuses: &[u16]) {
    if statuses.is_empty() {
        return;
    }
    operation.security.retain(|requirement| !requirement.is_empty());
    respond(operation, statuses);
}

/// Adds responses, unless the handler's own are documented: an application may replace their bodies.
fn respond(operation: &mut Operation, statuses: &[u16]) {
    let documented = &mut operation.responses.get_or_insert_default().responses;
    for (status, response) in responses(statuses) {
        let status = StatusCode::Code(status.unwrap_or_default());
        documented.entry(status).or_insert(ReferenceOr::Item(response));
    }
}

/// Returns the responses with these statuses.
pub(super) fn responses(statuses: &[u16]) -> Vec<(Option<u16>, Response)> {
    let decoded = statuses.iter().map(|status| (*status, serde_json::from_value(response(*status))));
    decoded.map(|(status, response)| (Some(status), response.unwrap_or_default())).collect()
}
