//! Billing.

use std::time::Duration;

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::Query,
        random, rfc3339,
        state::{
            State,
            billing::{
                CreditEntry, Plan, Price, Redemption, SubscriptionItem,
                SubscriptionItemStatus::{Active, Canceled, Ended, PastDue, Upcoming},
                money, payer_id,
            },
        },
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/billing/plans", Fixed(plans)),
    Route::get("/billing/prices", Fixed(prices)),
    Route::post("/billing/prices", Fixed(create_price)),
    Route::get("/billing/subscription_items", Fixed(items)),
    Route::delete("/billing/subscription_items/{subscription_item_id}", One(cancel)),
    Route::post(
        "/billing/subscription_items/{subscription_item_id}/extend_free_trial",
        One(extend_free_trial),
    ),
    Route::post("/billing/subscription_items/{subscription_item_id}/price_transition", One(price_transition)),
    Route::post("/billing/subscription_items/{subscription_item_id}/discounts", One(apply_discount)),
    Route::delete(
        "/billing/subscription_items/{subscription_item_id}/discounts/{discount_id}",
        Two(remove_discount),
    ),
    Route::get("/billing/statements", Fixed(statements)),
    Route::get("/billing/statements/{statementID}", One(statement)),
    Route::get("/billing/statements/{statementID}/payment_attempts", One(payment_attempts)),
    Route::get("/users/{user_id}/billing/subscription", One(user_subscription)),
    Route::get("/users/{user_id}/billing/credits", One(user_credits)),
    Route::post("/users/{user_id}/billing/credits", One(adjust_user_credits)),
    Route::get("/organizations/{organization_id}/billing/subscription", One(organization_subscription)),
    Route::get("/organizations/{organization_id}/billing/credits", One(organization_credits)),
    Route::post("/organizations/{organization_id}/billing/credits", One(adjust_organization_credits)),
];

/// The longest extension of a free trial.
const MAX_EXTENSION: Duration = Duration::from_secs(365 * 86_400);

/// Returns the value of a filter that has few.
fn choice<'a>(query: &'a Query, name: &str, known: &[&str]) -> Result<Option<&'a str>, ApiError> {
    match query.first(name) {
        Some(value) if !known.contains(&value) => {
            Err(ApiError::bad_format(name, &format!("one of {}", known.join(", "))))
        }
        value => Ok(value),
    }
}

fn plans(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let payer = choice(&query, "payer_type", &["user", "org"])?;
    let admits = |plan: &&Plan| payer.is_none_or(|payer| plan.payer_type() == payer);
    let plans: Vec<_> = state.plans.iter().rev().filter(admits).collect();
    Ok(page.envelope(&plans, |plan| state.render_plan(plan)))
}

fn prices(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let plan = query.first("plan_id");
    plan.map_or(Ok(()), |plan| state.plans.get(plan).map(drop))?;
    let mut prices: Vec<_> =
        state.prices.iter().rev().filter(|price| plan.is_none_or(|plan| price.plan == plan)).collect();
    prices.sort_by_key(|price| price.amount);
    Ok(page.envelope(&prices, |price| State::render_price(price)))
}

fn create_price(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let known = &[
        "plan_id",
        "currency",
        "amount",
        "annual_monthly_amount",
        "description",
        "supported_billing_periods",
    ];
    let body = Body::parse(body, known)?;
    let plan = state.plans.get(body.required("plan_id")?)?.id.clone();
    let mut price = Price::new(&plan, now);
    price.amount = body.count("amount")?.ok_or_else(|| ApiError::missing("amount"))?;
    price.annual_monthly_amount = body.count("annual_monthly_amount")?.unwrap_or(0);
    if let Some(currency) = body.string("currency")? {
        price.currency = checked_currency(currency)?;
    }
    body.put_string("description", &mut price.description)?;
    match body.string("supported_billing_periods")? {
        None => {}
        Some(periods @ ("month" | "annual" | "both")) => periods.clone_into(&mut price.periods),
        Some(_) => return Err(ApiError::bad_format("supported_billing_periods", "month, annual or both")),
    }
    let rendered = State::render_price(&price);
    state.prices.insert(price);
    Ok(rendered)
}

fn checked_currency(text: &str) -> Result<String, ApiError> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(ApiError::bad_format("currency", "an ISO 4217 code such as USD"))
}

fn items(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let status = choice(&query, "status", &["active", "ended", "past_due", "upcoming", "free_trial"])?;
    let payer = choice(&query, "payer_type", &["user", "org"])?;
    let (plan, with_free) = (query.first("plan_id"), query.flag("include_free")?.unwrap_or(false));
    let text = query.first("query").map(str::to_lowercase);
    let admits = |item: &&SubscriptionItem| {
        let is_organization = state.organizations.get(&item.subject).is_ok();
        let has_status = match status {
            Some("free_trial") => item.is_free_trial && item.status == Active,
            Some(status) => item.status.as_str() == status,
            None => true,
        };
        has_status
            && payer.is_none_or(|payer| (payer == "org") == is_organization)
            && plan.is_none_or(|plan| item.plan == plan)
            && (with_free || state.period_amount(item) > 0)
            && text.as_deref().is_none_or(|text| names(state, item).iter().any(|name| name.contains(text)))
    };
    let items: Vec<_> = state.subscription_items.iter().rev().filter(admits).collect();
    Ok(page.envelope(&items, |item| state.render_subscription_item(item)))
}

/// Returns what a search finds an item by, in lowercase.
fn names(state: &State, item: &SubscriptionItem) -> Vec<String> {
    let user = state.users.get(&item.subject).ok();
    let organization = state.organizations.get(&item.subject).ok();
    let email = user.and_then(|user| user.email()).map(str::to_owned);
    let names = [
        Some(item.subject.clone()),
        user.map(|user| user.name()),
        email,
        organization.map(|organization| organization.name.clone()),
        state.plans.get(&item.plan).ok().map(|plan| plan.name.clone()),
    ];
    names.into_iter().flatten().map(|name| name.to_lowercase()).collect()
}

/// The item is in a state in which the operation makes no sense.
fn unsuitable(sentence: &'static str) -> ApiError {
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "subscription_item_status_invalid",
        "Subscription item unsuitable",
        sentence,
    )
}

fn conflict(code: &'static str, sentence: &'static str) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, "Conflict", sentence)
}

fn cancel(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    let end_now = query.flag("end_now")?.unwrap_or(false);
    let item = state.subscription_items.get_mut(id)?;
    match item.status {
        Active | PastDue | Upcoming => {}
        Canceled if end_now => {}
        _ => return Err(unsuitable("The subscription item is canceled or has ended already")),
    }
    item.canceled_at = item.canceled_at.or(Some(now));
    item.set_status(if end_now { Ended } else { Canceled }, now);
    Ok(state.render_subscription_item(state.subscription_items.get(id)?))
}

fn extend_free_trial(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let item = state.subscription_items.get_mut(id)?;
    let body = Body::parse(body, &["extend_to"])?;
    let until = rfc3339::parse(body.required("extend_to")?)
        .filter(|until| *until > now && *until <= now.saturating_add(MAX_EXTENSION));
    let until = until.ok_or_else(|| {
        ApiError::bad_format("extend_to", "an RFC 3339 time in the future, at most 365 days from now")
    })?;
    if !item.is_free_trial || item.status != Active {
        return Err(unsuitable("The subscription item is not in a free trial"));
    }
    if item.period_end != until {
        item.period_end = until;
        item.updated_at = now;
    }
    Ok(state.render_subscription_item_with_amounts(state.subscription_items.get(id)?))
}

/// Replaces an item by one with another price: at once if it costs more, or else at the end of the billing period.
fn price_transition(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["from_price_id", "to_price_id"])?;
    let mut old = state.subscription_items.get(id)?.clone();
    let (from, to) = (body.required("from_price_id")?, body.required("to_price_id")?);
    let (from, to) = (state.prices.get(from)?.clone(), state.prices.get(to)?.clone());
    if from.id != old.price {
        return Err(conflict(
            "price_transition_conflict",
            "from_price_id is not the price of the subscription item",
        ));
    }
    if from.id == to.id {
        return Err(conflict("price_transition_conflict", "The subscription item has this price already"));
    }
    if !matches!(old.status, Active | PastDue) {
        return Err(unsuitable("Only an active subscription item can get another price"));
    }
    let previous_plan = state.plans.get(&from.plan)?.clone();
    if state.plans.get(&to.plan)?.for_organizations != previous_plan.for_organizations {
        return Err(ApiError::bad_format("to_price_id", "a price for the same kind of payer"));
    }
    let mut new = SubscriptionItem::new(&old.subject, &to, now);
    (new.period, new.seats) = (old.period, old.seats);
    let is_immediate = to.amount >= from.amount;
    let start = if is_immediate { now } else { old.period_end };
    (new.period_start, new.period_end) = (start, new.period.end(start));
    old.canceled_at = Some(now);
    old.set_status(if is_immediate { Ended } else { Canceled }, now);
    if !is_immediate {
        new.status = Upcoming;
    }
    let (new_id, next, amount) = (new.id.clone(), new.period_end, state.period_amount(&new));
    let previous_status = old.status.as_str();
    *state.subscription_items.get_mut(id)? = old;
    state.subscribe(new);
    let is_charged = is_immediate && amount > 0;
    Ok(json!({
        "object": "commerce_price_transition",
        "subscription_item": state.render_subscription_item_with_amounts(state.subscription_items.get(&new_id)?),
        "transition": {
            "previous_plan": state.render_plan_with_amounts(&previous_plan),
            "previous_price": State::render_price(&from),
            "effective_at": start,
            "effective_mode": if is_immediate { "immediate" } else { "end_of_period" },
            "next_billing_date": if is_immediate { next } else { start },
            "charged_immediately": is_charged,
            "immediate_charge": is_charged.then(|| money(amount, &to.currency)),
            "previous_subscription_item_status": previous_status,
            "previous_subscription_item_id": id,
        },
    }))
}

fn apply_discount(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["discount_id"])?;
    let item = state.subscription_items.get(id)?;
    let discount = state.discounts.get(body.required("discount_id")?)?.id.clone();
    if item.discount.as_ref().is_some_and(|known| known.discount == discount) {
        return Err(conflict("discount_already_applied", "The subscription item has this discount already"));
    }
    if !matches!(item.status, Active | PastDue | Upcoming) {
        return Err(unsuitable("The subscription item is canceled or has ended"));
    }
    let known = Redemption { id: random::id("cdr_"), discount, redeemed_at: now };
    let item = state.subscription_items.get_mut(id)?;
    item.discount = Some(known.clone());
    item.updated_at = now;
    Ok(state.render_redemption(state.subscription_items.get(id)?, &known, "active"))
}

fn remove_discount(request: ApiRequest<'_>, id: &str, discount: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let item = state.subscription_items.get(id)?.clone();
    let known = item.discount.as_ref().filter(|known| known.discount == discount);
    let known = known.ok_or_else(|| ApiError::not_found("discount of this subscription item"))?;
    let rendered = state.render_redemption(&item, known, "removed");
    let item = state.subscription_items.get_mut(id)?;
    item.discount = None;
    item.updated_at = now;
    Ok(rendered)
}

fn statements(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let attempts: Vec<_> = state.payment_attempts.iter().rev().collect();
    Ok(page.envelope(&attempts, |attempt| state.render_statement(attempt)))
}

fn without_prefix(id: &str) -> &str {
    id.strip_prefix("stmt_").unwrap_or_default()
}

fn statement(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    Ok(state.render_statement(state.payment_attempts.get(without_prefix(id))?))
}

fn payment_attempts(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let attempts = [state.payment_attempts.get(without_prefix(id))?];
    Ok(page.envelope(&attempts, |attempt| state.render_payment_attempt(attempt)))
}

fn subscription(state: &State, subject: &str) -> ApiResult {
    state.render_subscription(subject).ok_or_else(|| ApiError::not_found("subscription of this payer"))
}

fn user_subscription(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    state.users.get(id)?;
    subscription(state, id)
}

fn organization_subscription(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    state.organizations.get(id)?;
    subscription(state, id)
}

fn credits(state: &State, subject: &str) -> Value {
    let balance = state.credit_balance(subject).map(|balance| money(balance, "USD"));
    json!({ "object": "commerce_credit_balance", "balance": balance })
}

fn user_credits(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    state.users.get(id)?;
    Ok(credits(state, id))
}

fn organization_credits(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    state.organizations.get(id)?;
    Ok(credits(state, id))
}

fn adjust_user_credits(request: ApiRequest<'_>, id: &str) -> ApiResult {
    request.state.users.get(id)?;
    adjust_credits(request, id)
}

fn adjust_organization_credits(request: ApiRequest<'_>, id: &str) -> ApiResult {
    request.state.organizations.get(id)?;
    adjust_credits(request, id)
}

/// Adjusts the credit of a payer. The same key again changes nothing, and returns the first adjustment.
fn adjust_credits(request: ApiRequest<'_>, subject: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["amount", "action", "currency", "idempotency_key", "note"])?;
    let amount = body.count("amount")?.ok_or_else(|| ApiError::missing("amount"))?;
    if amount == 0 {
        return Err(ApiError::bad_format("amount", "an integer above 0"));
    }
    let key = body.required("idempotency_key")?;
    let amount = match body.required("action")? {
        "increase" => amount,
        "decrease" => -amount,
        _ => return Err(ApiError::bad_format("action", "increase or decrease")),
    };
    let currency = checked_currency(body.string("currency")?.unwrap_or("USD"))?;
    let known = state.credit_entries.find(|entry| entry.subject == subject && entry.key == key);
    if let Some(known) = known {
        return Ok(render_entry(known));
    }
    if state.credit_balance(subject).unwrap_or(0).saturating_add(amount) < 0 {
        return Err(conflict("insufficient_credit_balance", "The credit balance is lower than the decrease"));
    }
    let mut entry = CreditEntry {
        id: random::id("ccl_"),
        subject: subject.to_owned(),
        amount,
        currency,
        key: key.to_owned(),
        note: None,
        created_at: now,
    };
    body.put_string("note", &mut entry.note)?;
    let rendered = render_entry(&entry);
    state.credit_entries.insert(entry);
    Ok(rendered)
}

fn render_entry(entry: &CreditEntry) -> Value {
    json!({
        "object": "commerce_credit_ledger",
        "id": entry.id,
        "payer_id": payer_id(&entry.subject),
        "amount": money(entry.amount, &entry.currency),
        "source_type": "grant",
        "source_id": entry.key,
        "note": entry.note,
        "created_at": text(entry.created_at),
    })
}

/// Returns a time in the form of RFC 3339.
fn text(time: Timestamp) -> String {
    rfc3339::format(time)
}
