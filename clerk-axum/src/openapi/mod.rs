//! What an OpenAPI document says about extractors and rejections, for the features `aide` and `utoipa`. Both crates have
//! types of their own for the same JSON, so the facts are JSON here.

#[cfg(feature = "aide")]
pub mod aide;
#[cfg(feature = "utoipa")]
pub mod utoipa;

use serde_json::{Value, json};

use crate::{
    ActiveOrganization, ApiKey, Auth, Claims, ClerkOrganization, ClerkUser, Error, Has, M2mToken, Machine,
    Meets, OAuthToken, Rejection, Requirement, Session, SessionRule, TemplateToken, Webhook,
};

/// The security schemes that satisfy an extractor; any of them is enough. utoipa's macros name them instead.
#[cfg(feature = "aide")]
const SESSION: &[&str] = &["clerk_bearer", "clerk_cookie"];
#[cfg(feature = "aide")]
const MACHINE: &[&str] = &["clerk_machine"];
#[cfg(feature = "aide")]
const TEMPLATE: &[&str] = &["clerk_template"];
#[cfg(feature = "aide")]
const NONE: &[&str] = &[];

/// Returns the security schemes with their names.
fn security_schemes() -> [(&'static str, Value); 4] {
    [
        (
            "clerk_bearer",
            json!({
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A session token of Clerk, which is valid for a minute.",
            }),
        ),
        (
            "clerk_cookie",
            json!({
                "type": "apiKey",
                "in": "cookie",
                "name": "__session",
                "description": "A session token of Clerk in the cookie of a browser.",
            }),
        ),
        (
            "clerk_machine",
            json!({
                "type": "http",
                "scheme": "bearer",
                "description": "An API key, an M2M token or an OAuth access token of Clerk.",
            }),
        ),
        (
            "clerk_template",
            json!({
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A token of a JWT template of Clerk.",
            }),
        ),
    ]
}

/// Returns the response with this status.
fn response(status: u16) -> Value {
    let errors = json!({
        "title": "ClerkErrors",
        "type": "object",
        "required": ["errors"],
        "properties": { "errors": { "type": "array", "items": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": { "type": "string", "description": "A stable code." },
                "message": { "type": "string" },
            },
        } } },
    });
    let reverification = json!({
        "title": "ClerkReverification",
        "type": "object",
        "required": ["clerk_error"],
        "properties": { "clerk_error": {
            "type": "object",
            "required": ["type", "reason"],
            "properties": {
                "type": { "type": "string" },
                "reason": { "type": "string" },
                "metadata": { "type": "object" },
            },
        } },
    });
    let (description, header, schema) = match status {
        400 => ("The request is not a valid delivery of a webhook.", None, errors),
        401 => {
            ("The token is missing, invalid or expired. The code says why.", Some("WWW-Authenticate"), errors)
        }
        403 => (
            "The token is valid, but a permission, an organization or a recent verification of the user is missing.",
            Some("WWW-Authenticate"),
            json!({ "oneOf": [errors, reverification] }),
        ),
        404 => ("Clerk does not have what was asked for.", None, errors),
        408 => ("The body was not received in time.", None, errors),
        413 => ("The body is too large.", None, errors),
        503 => {
            ("This cannot be decided or done at the moment. Try again later.", Some("Retry-After"), errors)
        }
        _ => ("An error.", None, errors),
    };
    let mut response = json!({
        "description": description,
        "content": { "application/json": { "schema": schema } },
    });
    if let (Some(header), Some(response)) = (header, response.as_object_mut()) {
        response.insert("headers".to_owned(), json!({ header: { "schema": { "type": "string" } } }));
    }
    response
}

/// Documents extractors by the security schemes that satisfy them, and by the statuses of their rejections.
macro_rules! extractors {
    ($($name:ident $(<$of:ident $(: $bound:ident)?>)?: $schemes:ident, $statuses:expr;)*) => {$(
        #[cfg(feature = "aide")]
        impl$(<$of $(: $bound)?>)? ::aide::OperationInput for $name$(<$of>)? {
            fn operation_input(
                _: &mut ::aide::generate::GenContext,
                operation: &mut ::aide::openapi::Operation,
            ) {
                aide::accept(operation, $schemes);
            }

            fn inferred_early_responses(
                _: &mut ::aide::generate::GenContext,
                operation: &mut ::aide::openapi::Operation,
            ) -> Vec<(Option<u16>, ::aide::openapi::Response)> {
                aide::require(operation, $statuses);
                // Added to the operation already: two extractors with the same status would be a conflict.
                Vec::new()
            }
        }

        #[cfg(feature = "utoipa")]
        impl$(<$of $(: $bound)?>)? ::utoipa::IntoResponses for $name$(<$of>)? {
            fn responses() -> utoipa::Responses {
                utoipa::responses($statuses)
            }
        }
    )*};
}

extractors! {
    Auth: SESSION, &[];
    Session: SESSION, &[401, 503];
    Claims<T>: SESSION, &[401, 503];
    Has<P: Requirement>: SESSION, &[401, 403, 503];
    Meets<R: SessionRule>: SESSION, &[401, 403, 503];
    ActiveOrganization: SESSION, &[401, 403, 503];
    ClerkUser: SESSION, &[401, 403, 503];
    ClerkOrganization: SESSION, &[401, 403, 503];
    ApiKey: MACHINE, &[401, 503];
    M2mToken: MACHINE, &[401, 503];
    OAuthToken: MACHINE, &[401, 503];
    Machine: MACHINE, &[401, 503];
    TemplateToken: TEMPLATE, &[401, 503];
    Webhook: NONE, &[400, 408, 413, 503];
}

/// Documents what a handler returns by its statuses.
macro_rules! errors {
    ($($name:ident: $statuses:expr;)*) => {$(
        #[cfg(feature = "aide")]
        impl ::aide::OperationOutput for $name {
            type Inner = Self;

            fn inferred_responses(
                _: &mut ::aide::generate::GenContext,
                _: &mut ::aide::openapi::Operation,
            ) -> Vec<(Option<u16>, ::aide::openapi::Response)> {
                aide::responses($statuses)
            }
        }

        #[cfg(feature = "utoipa")]
        impl ::utoipa::IntoResponses for $name {
            fn responses() -> utoipa::Responses {
                utoipa::responses($statuses)
            }
        }
    )*};
}

errors! {
    Rejection: &[401, 403, 503];
    Error: &[401, 403, 404, 503];
}
