//! The public keys.

use serde_json::json;

use super::{Handler::Fixed, Route};

pub(super) const ROUTES: &[Route] =
    &[Route::get("/jwks", Fixed(|request| Ok(json!({ "keys": [request.key.jwk()] }))))];
