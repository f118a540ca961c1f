//! Checkouts, with which somebody subscribes to a plan in a browser, and the test cards with which they pay.

use std::time::Duration;

use clerk_core::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    State,
    billing::{Period, Plan, Price, SubscriptionItem, SubscriptionItemStatus, money, payer_id},
    extended,
};
use crate::{error::ApiError, random, table::Row};

/// One day.
const DAY: Duration = Duration::from_secs(86_400);

/// A test card of a user or an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) is_default: bool,
    created_at: Timestamp,
}

impl Row for PaymentMethod {
    const NAME: &'static str = "payment method";

    fn id(&self) -> &str {
        &self.id
    }
}

/// What somebody is about to buy.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checkout {
    pub(crate) id: String,
    pub(crate) subject: String,
    plan: String,
    period: Period,
    /// The subscription item, once it is confirmed.
    item: Option<String>,
    created_at: Timestamp,
}

impl Row for Checkout {
    const NAME: &'static str = "checkout";

    fn id(&self) -> &str {
        &self.id
    }
}

/// The most checkouts that are remembered.
const MAX_CHECKOUTS: usize = 1_000;

impl State {
    /// Begins to subscribe a user or an organization to a plan.
    pub(crate) fn begin_checkout(
        &mut self,
        subject: &str,
        plan: &str,
        period: Period,
    ) -> Result<Checkout, ApiError> {
        let plan = self.plans.get(plan)?;
        let is_organization = self.organizations.get(subject).is_ok();
        if plan.for_organizations != is_organization {
            return Err(ApiError::bad_format(
                "plan_id",
                &format!("a plan for {}", if is_organization { "organizations" } else { "users" }),
            ));
        }
        let price = self.default_price(&plan.id);
        if period == Period::Annual && price.amount > 0 && price.annual_monthly_amount == 0 {
            return Err(ApiError::bad_format("plan_period", "month: the plan has no annual price"));
        }
        let checkout = Checkout {
            id: random::id("cchk_"),
            subject: subject.to_owned(),
            plan: plan.id.clone(),
            period,
            item: None,
            created_at: self.now,
        };
        self.checkouts.insert(checkout.clone());
        self.checkouts.keep_newest(MAX_CHECKOUTS);
        Ok(checkout)
    }

    /// Returns what a checkout costs for one billing period.
    fn checkout_amount(&self, checkout: &Checkout) -> (Price, i64) {
        let price = self.default_price(&checkout.plan);
        let amount = match checkout.period {
            Period::Month => price.amount,
            Period::Annual => price.annual_monthly_amount.saturating_mul(12),
        };
        (price, amount)
    }

    /// Returns when the free trial of a checkout ends, if it has one. Nobody has a second one.
    fn trial_end(&self, checkout: &Checkout, plan: &Plan) -> Option<Timestamp> {
        let had_one = self
            .items_of(&checkout.subject)
            .iter()
            .any(|item| item.is_free_trial && Some(&item.id) != checkout.item.as_ref());
        let days = plan.free_trial_days.filter(|_| !had_one)?;
        Some(checkout.created_at.saturating_add(DAY * days))
    }

    /// Subscribes to the plan of a checkout, in place of the plans from before. What is due now is paid with the payment
    /// method, or a new test card.
    pub(crate) fn confirm_checkout(
        &mut self,
        id: &str,
        method: Option<&str>,
        with_test_card: bool,
    ) -> Result<Checkout, ApiError> {
        let now = self.now;
        let mut checkout = self.checkouts.get(id)?.clone();
        if checkout.item.is_some() {
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "checkout_already_completed",
                "already completed",
                "The checkout is confirmed already",
            ));
        }
        let plan = self.plans.get(&checkout.plan)?;
        let (price, amount) = self.checkout_amount(&checkout);
        let trial_end = self.trial_end(&checkout, plan);
        let has_method = match method {
            Some(method) => {
                if self.payment_methods.get(method)?.subject != checkout.subject {
                    return Err(ApiError::not_found(PaymentMethod::NAME));
                }
                true
            }
            None => with_test_card,
        };
        if amount > 0 && trial_end.is_none() && !has_method {
            return Err(ApiError::missing("payment_method_id"));
        }
        if with_test_card && method.is_none() {
            self.add_test_card(&checkout.subject);
        }
        let mut item = SubscriptionItem::new(&checkout.subject, &price, now);
        item.period = checkout.period;
        item.period_end = trial_end.unwrap_or_else(|| checkout.period.end(now));
        item.is_free_trial = trial_end.is_some();
        self.subscription_items.change(
            |old| old.subject == item.subject && old.is_in_force(),
            |old| old.set_status(SubscriptionItemStatus::Ended, now),
        );
        checkout.item = Some(item.id.clone());
        self.subscribe(item);
        *self.checkouts.get_mut(id)? = checkout.clone();
        Ok(checkout)
    }

    fn add_test_card(&mut self, subject: &str) {
        let is_default = self.payment_methods_of(subject).is_empty();
        let method = PaymentMethod {
            id: random::id("cpm_"),
            subject: subject.to_owned(),
            is_default,
            created_at: self.now,
        };
        self.payment_methods.insert(method);
    }

    pub(crate) fn payment_methods_of(&self, subject: &str) -> Vec<&PaymentMethod> {
        self.payment_methods.iter().filter(|method| method.subject == subject).collect()
    }

    pub(crate) fn render_payment_method(method: &PaymentMethod, status: &str) -> Value {
        json!({
            "object": "commerce_payment_method",
            "id": method.id,
            "payer_id": payer_id(&method.subject),
            "payment_type": "card",
            "is_default": method.is_default,
            "gateway": "stripe",
            "gateway_external_id": "pm_local",
            "gateway_external_account_id": null,
            "last4": "4242",
            "status": status,
            "wallet_type": null,
            "card_type": "visa",
            "expiry_year": 2099,
            "expiry_month": 12,
            "created_at": method.created_at,
            "updated_at": method.created_at,
            "is_removable": true,
        })
    }

    pub(crate) fn render_checkout(&self, checkout: &Checkout) -> Result<Value, ApiError> {
        let plan = self.plans.get(&checkout.plan)?;
        let (price, amount) = self.checkout_amount(checkout);
        let money = |amount| money(amount, &price.currency);
        let trial_end = self.trial_end(checkout, plan);
        let due_now = if trial_end.is_some() { 0 } else { amount };
        let methods = self.payment_methods_of(&checkout.subject);
        let default = methods.iter().find(|method| method.is_default);
        let mut rendered = json!({
            "object": "commerce_checkout",
            "id": checkout.id,
            "plan": self.render_plan(plan),
            "plan_period": checkout.period.as_str(),
            "payer": self.render_payer(&checkout.subject),
            "external_gateway_id": "acct_local",
            "status": if checkout.item.is_some() { "completed" } else { "needs_confirmation" },
            "totals": {
                "subtotal": money(amount),
                "base_fee": money(amount),
                "tax_total": money(0),
                "grand_total": money(amount),
                "total_due_after_free_trial": trial_end.map(|_| money(amount)),
                "total_due_now": money(due_now),
                "total_due_per_period": money(amount),
                "credit": null,
                "credits": null,
            },
            "plan_period_start": checkout.created_at,
            "is_immediate_plan_change": true,
            "needs_payment_method": due_now > 0 && default.is_none(),
        });
        if let Some(end) = trial_end {
            rendered = extended(rendered, json!({ "free_trial_ends_at": end }));
        }
        if let Some(method) = default {
            rendered = extended(
                rendered,
                json!({ "payment_method": Self::render_payment_method(method, "active") }),
            );
        }
        Ok(rendered)
    }

    /// Returns the subscription item of a confirmed checkout.
    pub(crate) fn item_of_checkout(&self, checkout: &Checkout) -> Option<&SubscriptionItem> {
        self.subscription_items.get(checkout.item.as_deref()?).ok()
    }
}
