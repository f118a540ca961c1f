//! What browsers see of billing: plans, and the subscription, the payments and the statements of a user or an organization.

use http::Method;
use serde_json::{Value, json};

use super::{
    super::super::{
        error::ApiError,
        state::{
            State,
            billing::{PaymentAttempt, Period, Plan},
            checkout::{Checkout, PaymentMethod},
            extended,
        },
    },
    ApiResult, Call,
    Handler::{Fixed, NotEmulated, One, Two},
    Reply, Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/v1/billing/plans", Fixed(plans)),
    Route::get("/v1/billing/plans/{planIdOrSlug}", One(plan)),
    Route::get("/v1/me/billing/subscription", Fixed(|call| subscription(call, Payer::User))),
    Route::get("/v1/me/billing/subscription_items", Fixed(|call| items(call, Payer::User))),
    Route::delete(
        "/v1/me/billing/subscription_items/{subscriptionItemID}",
        One(|call, id| cancel(call, Payer::User, id)),
    ),
    Route::get("/v1/me/billing/payment_attempts", Fixed(|call| attempts(call, Payer::User))),
    Route::get(
        "/v1/me/billing/payment_attempts/{paymentAttemptID}",
        One(|call, id| attempt(call, Payer::User, id)),
    ),
    Route::get("/v1/me/billing/statements", Fixed(|call| statements(call, Payer::User))),
    Route::get("/v1/me/billing/statements/{statementID}", One(|call, id| statement(call, Payer::User, id))),
    Route::get("/v1/me/billing/payment_methods", Fixed(|call| methods(call, Payer::User))),
    Route::delete(
        "/v1/me/billing/payment_methods/{payment_method_id}",
        One(|call, id| remove_method(call, Payer::User, id)),
    ),
    Route::put(
        "/v1/me/billing/payers/default_payment_method",
        Fixed(|call| set_default_method(call, Payer::User)),
    ),
    Route::post("/v1/me/billing/checkouts", Fixed(|call| begin_checkout(call, Payer::User))),
    Route::get("/v1/me/billing/checkouts/{checkout_id}", One(|call, id| checkout(call, Payer::User, id))),
    Route::patch(
        "/v1/me/billing/checkouts/{checkout_id}",
        One(|call, id| update_checkout(call, Payer::User, id)),
    ),
    Route::patch(
        "/v1/me/billing/checkouts/{checkout_id}/confirm",
        One(|call, id| confirm_checkout(call, Payer::User, id)),
    ),
    Route::post("/v1/me/billing/payment_methods", NotEmulated(STRIPE)),
    Route::post("/v1/me/billing/payment_methods/initialize", NotEmulated(STRIPE)),
    Route::get(
        "/v1/organizations/{organization_id}/billing/subscription",
        One(|call, id| subscription(call, Payer::Organization(id))),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/billing/subscription_items",
        One(|call, id| items(call, Payer::Organization(id))),
    ),
    Route::delete(
        "/v1/organizations/{organization_id}/billing/subscription_items/{subscriptionItemID}",
        Two(|call, id, item| cancel(call, Payer::Organization(id), item)),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/billing/payment_attempts",
        One(|call, id| attempts(call, Payer::Organization(id))),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/billing/payment_attempts/{paymentAttemptID}",
        Two(|call, id, item| attempt(call, Payer::Organization(id), item)),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/billing/statements",
        One(|call, id| statements(call, Payer::Organization(id))),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/billing/statements/{statementID}",
        Two(|call, id, item| statement(call, Payer::Organization(id), item)),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/billing/payment_methods",
        One(|call, id| methods(call, Payer::Organization(id))),
    ),
    Route::delete(
        "/v1/organizations/{organization_id}/billing/payment_methods/{payment_method_id}",
        Two(|call, id, item| remove_method(call, Payer::Organization(id), item)),
    ),
    Route::put(
        "/v1/organizations/{organization_id}/billing/payers/default_payment_method",
        One(|call, id| set_default_method(call, Payer::Organization(id))),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/billing/checkouts",
        One(|call, id| begin_checkout(call, Payer::Organization(id))),
    ),
    Route::get(
        "/v1/organizations/{organization_id}/billing/checkouts/{checkout_id}",
        Two(|call, id, item| checkout(call, Payer::Organization(id), item)),
    ),
    Route::patch(
        "/v1/organizations/{organization_id}/billing/checkouts/{checkout_id}",
        Two(|call, id, item| update_checkout(call, Payer::Organization(id), item)),
    ),
    Route::patch(
        "/v1/organizations/{organization_id}/billing/checkouts/{checkout_id}/confirm",
        Two(|call, id, item| confirm_checkout(call, Payer::Organization(id), item)),
    ),
    Route::post("/v1/organizations/{organization_id}/billing/payment_methods", NotEmulated(STRIPE)),
    Route::post(
        "/v1/organizations/{organization_id}/billing/payment_methods/initialize",
        NotEmulated(STRIPE),
    ),
];

const STRIPE: &str = "cards at Stripe; confirm a checkout with use_test_card";
const READ: &str = "org:sys_billing:read";
const MANAGE: &str = "org:sys_billing:manage";

/// Whose billing it is.
#[derive(Clone, Copy)]
enum Payer<'a> {
    User,
    Organization(&'a str),
}

impl Payer<'_> {
    /// Returns the identifier of the user or the organization, if the user may see, or change, its billing.
    fn subject(self, call: &Call<'_>, permission: &str) -> Result<String, ApiError> {
        match self {
            Self::User => Ok(call.user()?.id.as_str().to_owned()),
            Self::Organization(id) => {
                call.check_permission(id, permission)?;
                Ok(id.to_owned())
            }
        }
    }
}

/// Returns something without the fields that are `null`: here, an object that is not there is left out.
fn without_null(mut object: Value, names: &[&str]) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|name, value| !(value.is_null() && names.contains(&name.as_str())));
    }
    object
}

fn render_plan(call: &Call<'_>, plan: &Plan) -> Value {
    call.state.render_plan(plan)
}

/// Lists the plans that everybody may see. Nobody has to be signed in.
fn plans(call: &mut Call<'_>) -> ApiResult {
    let payer = call.request.query.one_of("payer_type", &["user", "org"])?;
    let admits = |plan: &&Plan| plan.publicly_visible && payer.is_none_or(|payer| plan.payer_type() == payer);
    let plans: Vec<_> = call.state.plans.iter().filter(admits).map(|plan| render_plan(call, plan)).collect();
    Ok(Reply::Body(json!({ "data": plans, "total_count": plans.len() })))
}

fn plan(call: &mut Call<'_>, id: &str) -> ApiResult {
    let plan = call.state.plans.find(|plan| plan.id == id || plan.slug == id);
    Ok(Reply::Body(render_plan(call, plan.ok_or_else(|| ApiError::not_found("plan"))?)))
}

/// Returns a subscription item in the form that browsers see.
fn shown_item(item: Value) -> Value {
    without_null(item, &["plan", "next_payment", "seats"])
}

fn subscription(call: &mut Call<'_>, payer: Payer<'_>) -> ApiResult {
    let subject = payer.subject(call, READ)?;
    let rendered = call.state.render_subscription(&subject);
    let mut rendered = rendered.ok_or_else(|| ApiError::not_found("subscription"))?;
    for item in rendered.get_mut("subscription_items").and_then(Value::as_array_mut).into_iter().flatten() {
        *item = shown_item(item.take());
    }
    Ok(Reply::Resource(rendered))
}

fn items(call: &mut Call<'_>, payer: Payer<'_>) -> ApiResult {
    let subject = payer.subject(call, READ)?;
    let (page, items) = (call.request.query.page()?, call.state.items_of(&subject));
    let render = |item: &&_| shown_item(call.state.render_subscription_item(item));
    Ok(Reply::Resource(page.envelope(&items, render)))
}

fn cancel(call: &mut Call<'_>, payer: Payer<'_>, id: &str) -> ApiResult {
    let subject = payer.subject(call, MANAGE)?;
    if call.state.subscription_items.get(id)?.subject != subject {
        return Err(ApiError::not_found("subscription item"));
    }
    let canceled = call.perform(&Method::DELETE, &format!("/billing/subscription_items/{id}"), &[])?;
    Ok(Reply::Resource(shown_item(canceled)))
}

/// Returns a payment in the form that browsers see.
fn render_attempt(call: &Call<'_>, attempt: &PaymentAttempt) -> Value {
    let item = call.state.subscription_items.get(&attempt.item).ok();
    let item = item.map(|item| shown_item(call.state.render_subscription_item(item)));
    let payee = json!({
        "object": "commerce_payee",
        "id": "cpayee_local",
        "gateway_type": "stripe",
        "gateway_external_id": "acct_local",
        "gateway_status": "active",
    });
    extended(call.state.render_payment_attempt(attempt), json!({ "payee": payee, "subscription_item": item }))
}

/// Returns the payments of a payer, the newest first.
fn attempts_of<'a>(call: &'a Call<'_>, subject: &str) -> Vec<&'a PaymentAttempt> {
    call.state.payment_attempts.iter().rev().filter(|attempt| attempt.subject == subject).collect()
}

fn attempts(call: &mut Call<'_>, payer: Payer<'_>) -> ApiResult {
    let subject = payer.subject(call, READ)?;
    let page = call.request.query.page()?;
    let attempts = attempts_of(call, &subject);
    Ok(Reply::Resource(page.envelope(&attempts, |attempt| render_attempt(call, attempt))))
}

/// Returns the payment of a payer with an identifier that begins with `prefix`.
fn find<'a>(
    call: &'a Call<'_>,
    payer: Payer<'_>,
    prefix: &str,
    id: &str,
) -> Result<&'a PaymentAttempt, ApiError> {
    let subject = payer.subject(call, READ)?;
    let id = id.strip_prefix(prefix).unwrap_or_default();
    let found = attempts_of(call, &subject).into_iter().find(|attempt| attempt.id == id);
    found.ok_or_else(|| ApiError::not_found("payment"))
}

fn attempt(call: &mut Call<'_>, payer: Payer<'_>, id: &str) -> ApiResult {
    Ok(Reply::Resource(render_attempt(call, find(call, payer, "cpa_", id)?)))
}

/// Returns the statement of a payment in the form that browsers see.
fn render_statement(call: &Call<'_>, attempt: &PaymentAttempt) -> Value {
    let group = json!({
        "object": "commerce_statement_group",
        "timestamp": attempt.created_at,
        "items": [render_attempt(call, attempt)],
    });
    extended(call.state.render_statement(attempt), json!({ "groups": [group] }))
}

fn statements(call: &mut Call<'_>, payer: Payer<'_>) -> ApiResult {
    let subject = payer.subject(call, READ)?;
    let page = call.request.query.page()?;
    let attempts = attempts_of(call, &subject);
    Ok(Reply::Resource(page.envelope(&attempts, |attempt| render_statement(call, attempt))))
}

fn statement(call: &mut Call<'_>, payer: Payer<'_>, id: &str) -> ApiResult {
    Ok(Reply::Resource(render_statement(call, find(call, payer, "stmt_", id)?)))
}

fn methods(call: &mut Call<'_>, payer: Payer<'_>) -> ApiResult {
    let subject = payer.subject(call, READ)?;
    let page = call.request.query.page()?;
    let methods = call.state.payment_methods_of(&subject);
    Ok(Reply::Resource(page.envelope(&methods, |method| State::render_payment_method(method, "active"))))
}

/// Returns a payment method of a payer.
fn method(call: &Call<'_>, subject: &str, id: &str) -> Result<PaymentMethod, ApiError> {
    let method = call.state.payment_methods.get(id)?;
    let is_own = method.subject == subject;
    is_own.then(|| method.clone()).ok_or_else(|| ApiError::not_found("payment method"))
}

fn remove_method(call: &mut Call<'_>, payer: Payer<'_>, id: &str) -> ApiResult {
    let subject = payer.subject(call, MANAGE)?;
    let method = method(call, &subject, id)?;
    call.state.payment_methods.remove(id)?;
    Ok(Reply::Resource(State::render_payment_method(&method, "disconnected")))
}

fn set_default_method(call: &mut Call<'_>, payer: Payer<'_>) -> ApiResult {
    const ID: &str = "payment_method_id";
    let subject = payer.subject(call, MANAGE)?;
    let id = call.request.form.first(ID).ok_or_else(|| ApiError::missing(ID))?;
    method(call, &subject, id)?;
    let methods = &mut call.state.payment_methods;
    methods.change(|method| method.subject == subject, |method| method.is_default = method.id == id);
    Ok(Reply::Resource(State::render_payment_method(&method(call, &subject, id)?, "active")))
}

fn show_checkout(call: &Call<'_>, checkout: &Checkout) -> ApiResult {
    let rendered = call.state.render_checkout(checkout)?;
    let item = call.state.item_of_checkout(checkout);
    let item = item.map(|item| shown_item(call.state.render_subscription_item(item)));
    Ok(Reply::Resource(match item {
        Some(item) => extended(rendered, json!({ "subscription_item": item })),
        None => rendered,
    }))
}

/// Returns a checkout of a payer.
fn find_checkout(call: &Call<'_>, payer: Payer<'_>, id: &str) -> Result<Checkout, ApiError> {
    let subject = payer.subject(call, MANAGE)?;
    let checkout = call.state.checkouts.get(id)?;
    let is_own = checkout.subject == subject;
    is_own.then(|| checkout.clone()).ok_or_else(|| ApiError::not_found("checkout"))
}

fn begin_checkout(call: &mut Call<'_>, payer: Payer<'_>) -> ApiResult {
    let subject = payer.subject(call, MANAGE)?;
    let form = &call.request.form;
    let plan = form.first("plan_id").ok_or_else(|| ApiError::missing("plan_id"))?;
    let period = match form.one_of("plan_period", &["month", "annual"])? {
        Some("annual") => Period::Annual,
        _ => Period::Month,
    };
    let checkout = call.state.begin_checkout(&subject, plan, period)?;
    show_checkout(call, &checkout)
}

fn checkout(call: &mut Call<'_>, payer: Payer<'_>, id: &str) -> ApiResult {
    show_checkout(call, &find_checkout(call, payer, id)?)
}

/// Removes a promo code: no checkout has one.
fn update_checkout(call: &mut Call<'_>, payer: Payer<'_>, id: &str) -> ApiResult {
    let checkout = find_checkout(call, payer, id)?;
    match call.request.form.given("promo_code").map(str::trim) {
        None => Err(ApiError::missing("promo_code")),
        Some("") => show_checkout(call, &checkout),
        Some(_) => Err(ApiError::not_emulated("promo codes")),
    }
}

fn confirm_checkout(call: &mut Call<'_>, payer: Payer<'_>, id: &str) -> ApiResult {
    find_checkout(call, payer, id)?;
    let form = &call.request.form;
    if form.first("payment_token").is_some() {
        return Err(ApiError::not_emulated(STRIPE));
    }
    let with_test_card = form.flag("use_test_card")?.unwrap_or(false);
    let checkout = call.state.confirm_checkout(id, form.first("payment_method_id"), with_test_card)?;
    show_checkout(call, &checkout)
}
