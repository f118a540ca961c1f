//! JWT templates.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{CustomKey, JWT_ALGORITHMS, JwtTemplate, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/jwt_templates", Fixed(list)),
    Route::post("/jwt_templates", Fixed(create)),
    Route::get("/jwt_templates/{template_id}", One(get)),
    Route::patch("/jwt_templates/{template_id}", One(update)),
    Route::delete("/jwt_templates/{template_id}", One(delete)),
];

/// The claims that every token has, and that a template cannot have.
const RESERVED: &[&str] = &["azp", "exp", "iat", "iss", "jti", "nbf", "sub"];

const FIELDS: &[&str] = &[
    "name",
    "claims",
    "lifetime",
    "allowed_clock_skew",
    "custom_signing_key",
    "signing_algorithm",
    "signing_key",
];

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let mut templates: Vec<_> = state.jwt_templates.iter().collect();
    templates.reverse();
    let paginated = query.flag("paginated")?.unwrap_or(false);
    Ok(query.page()?.list(paginated, &templates, |template| template.render()))
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.jwt_templates.get(id)?.render())
}

/// Reads the whole template, as creating and updating do.
fn read(
    state: &State,
    body: &Body,
    mut template: JwtTemplate,
    now: Timestamp,
) -> Result<JwtTemplate, ApiError> {
    let name = body.required("name")?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.len() > 255 || !name.bytes().all(is_plain) {
        return Err(ApiError::bad_format("name", "at most 255 letters, digits, `-` and `_`"));
    }
    if state.jwt_templates.find(|other| other.name == name && other.id != template.id).is_some() {
        return Err(ApiError::exists("name"));
    }
    name.clone_into(&mut template.name);
    let claims = body.object("claims")?.ok_or_else(|| ApiError::missing("claims"))?;
    check_claims(claims)?;
    template.claims.clone_from(claims);
    if let Some(lifetime) = body.count("lifetime")? {
        if !(30..=315_360_000).contains(&lifetime) {
            return Err(ApiError::bad_format("lifetime", "between 30 and 315360000"));
        }
        template.lifetime = lifetime;
    }
    if let Some(skew) = body.count("allowed_clock_skew")? {
        if skew > 300 {
            return Err(ApiError::bad_format("allowed_clock_skew", "between 0 and 300"));
        }
        template.allowed_clock_skew = skew;
    }
    if let Some(is_custom) = body.flag("custom_signing_key")? {
        template.custom_key = if is_custom { Some(custom_key(body)?) } else { None };
    }
    template.updated_at = now;
    Ok(template)
}

/// The longest claims, in bytes of JSON. Otherwise a short template with many shortcodes would become an enormous token.
const MAX_CLAIMS: usize = 16 * 1024;

fn check_claims(claims: &Map<String, Value>) -> Result<(), ApiError> {
    if serde_json::to_string(claims).map_or(0, |text| text.len()) > MAX_CLAIMS {
        return Err(ApiError::bad_format("claims", "at most 16 KiB of JSON"));
    }
    let Some(reserved) = claims.keys().find(|name| RESERVED.contains(&name.as_str())) else { return Ok(()) };
    let error = ApiError::new(
        StatusCode::BAD_REQUEST,
        "jwt_template_reserved_claim",
        "reserved claim used",
        format!("A template cannot have the claim {reserved}, which every token has"),
    );
    Err(error.with_param("claims"))
}

fn custom_key(body: &Body) -> Result<CustomKey, ApiError> {
    body.required("signing_algorithm")?;
    let algorithm = body.one_of("signing_algorithm", JWT_ALGORITHMS)?.unwrap_or_default().to_owned();
    let key = CustomKey { algorithm, key: body.required("signing_key")?.to_owned() };
    key.check()?;
    Ok(key)
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let template = JwtTemplate::new("", Map::new(), now);
    let template = read(state, &Body::parse(body, FIELDS)?, template, now)?;
    let rendered = template.render();
    state.jwt_templates.insert(template);
    Ok(rendered)
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let template = state.jwt_templates.get(id)?.clone();
    let template = read(state, &Body::parse(body, FIELDS)?, template, now)?;
    let rendered = template.render();
    *state.jwt_templates.get_mut(id)? = template;
    Ok(rendered)
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    state.jwt_templates.remove(id)?;
    Ok(json!({ "object": "jwt_template", "id": id, "deleted": true }))
}
