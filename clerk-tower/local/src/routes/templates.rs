//! Templates of emails and SMS messages. What LocalClerk "sends" follows those that were changed.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{BuiltInTemplate, EMAIL_TEMPLATES, SMS_TEMPLATES, State, Template},
    },
    ApiRequest, ApiResult,
    Handler::{One, Two},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/templates/{template_type}", One(list)),
    Route::get("/templates/{template_type}/{slug}", Two(get)),
    Route::put("/templates/{template_type}/{slug}", Two(update)),
    Route::post("/templates/{template_type}/{slug}/revert", Two(revert)),
    Route::post("/templates/{template_type}/{slug}/preview", Two(preview)),
    Route::post("/templates/{template_type}/{slug}/toggle_delivery", Two(toggle)),
];

fn built_ins(kind: &str) -> Result<&'static [BuiltInTemplate], ApiError> {
    match kind {
        "email" => Ok(EMAIL_TEMPLATES),
        "sms" => Ok(SMS_TEMPLATES),
        _ => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "template_type_unsupported",
            "Template type not supported",
            "The type of a template is email or sms",
        )),
    }
}

fn find(kind: &str, slug: &str) -> Result<(usize, &'static BuiltInTemplate), ApiError> {
    let mut all = built_ins(kind)?.iter().enumerate();
    all.find(|(_, template)| template.slug == slug).ok_or_else(|| ApiError::not_found("template"))
}

/// Returns a template, changed or not.
fn current(state: &State, kind: &str, built_in: &BuiltInTemplate) -> Template {
    let changed = state.templates.get(&format!("{kind}/{}", built_in.slug)).ok().cloned();
    changed.unwrap_or_else(|| Template::new(kind, built_in, &state.settings.from_email_address, state.now))
}

fn render(state: &State, kind: &str, position: usize, built_in: &BuiltInTemplate) -> Value {
    let template = current(state, kind, built_in);
    let is_changed = state.templates.get(&template.id).is_ok();
    template.render(built_in, position, is_changed)
}

fn list(request: ApiRequest<'_>, kind: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let all: Vec<_> = built_ins(kind)?.iter().enumerate().collect();
    let paginated = query.flag("paginated")?.unwrap_or(false);
    Ok(query.page()?.list(paginated, &all, |(position, template)| render(state, kind, *position, template)))
}

fn get(request: ApiRequest<'_>, kind: &str, slug: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let (position, built_in) = find(kind, slug)?;
    Ok(render(state, kind, position, built_in))
}

/// Rejects a body without the variable that it is for.
fn check_body(built_in: &BuiltInTemplate, body: &str) -> Result<(), ApiError> {
    let Some(variable) = built_in.required.filter(|variable| !body.contains(variable)) else { return Ok(()) };
    let error = ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "required_variable_missing",
        "required variable missing",
        format!("body must contain the variable {{{{{variable}}}}}"),
    );
    Err(error.with_param("body"))
}

fn update(request: ApiRequest<'_>, kind: &str, slug: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let (position, built_in) = find(kind, slug)?;
    let body = Body::parse(
        body,
        &[
            "name",
            "subject",
            "markup",
            "body",
            "delivered_by_clerk",
            "from_email_name",
            "reply_to_email_name",
        ],
    )?;
    let mut template = current(state, kind, built_in);
    body.replace_string("name", &mut template.name)?;
    body.put_string("subject", &mut template.subject)?;
    body.replace_string("body", &mut template.body)?;
    check_body(built_in, &template.body)?;
    for (name, target) in [
        ("markup", &mut template.markup),
        ("from_email_name", &mut template.from_email_name),
        ("reply_to_email_name", &mut template.reply_to_email_name),
    ] {
        if let Some(text) = body.string(name)? {
            text.clone_into(target);
        }
    }
    body.put_flag("delivered_by_clerk", &mut template.delivered_by_clerk)?;
    template.updated_at = now;
    state.templates.insert(template);
    Ok(render(state, kind, position, built_in))
}

fn revert(request: ApiRequest<'_>, kind: &str, slug: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let (position, built_in) = find(kind, slug)?;
    let id = format!("{kind}/{slug}");
    state.templates.retain(|template| template.id != id);
    Ok(render(state, kind, position, built_in))
}

fn preview(request: ApiRequest<'_>, kind: &str, slug: &str) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let (_, built_in) = find(kind, slug)?;
    let body = Body::parse(body, &["subject", "body", "from_email_name", "reply_to_email_name"])?;
    let template = current(state, kind, built_in);
    let text = body.string("body")?.unwrap_or(&template.body);
    check_body(built_in, text)?;
    Ok(json!({
        "subject": body.string("subject")?.or(template.subject.as_deref()),
        "body": text,
        "from_email_name": body.string("from_email_name")?.unwrap_or(&template.from_email_name),
        "reply_to_email_name": body.string("reply_to_email_name")?.unwrap_or(&template.reply_to_email_name),
    }))
}

fn toggle(request: ApiRequest<'_>, kind: &str, slug: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let (position, built_in) = find(kind, slug)?;
    let body = Body::parse(body, &["delivered_by_clerk"])?;
    let mut template = current(state, kind, built_in);
    template.delivered_by_clerk = body.flag("delivered_by_clerk")?.unwrap_or(!template.delivered_by_clerk);
    template.updated_at = now;
    state.templates.insert(template);
    Ok(render(state, kind, position, built_in))
}
