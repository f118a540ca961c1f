//! Billing: plans and their prices, what users and organizations subscribe to, and what they paid.
//!
//! A payer and its subscription are derived: from the user or the organization, and from its subscription items.

use std::time::Duration;

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{INSTANCE_ID, State, extended};
use crate::{random, table::Row};

/// A month of 30 days and a year of 365 days, the billing periods.
const MONTH: Duration = Duration::from_secs(30 * 86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// What users, or organizations, can subscribe to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) description: Option<String>,
    /// Whether it is for organizations, not for users.
    pub(crate) for_organizations: bool,
    pub(crate) is_default: bool,
    pub(crate) publicly_visible: bool,
    /// Slugs.
    pub(crate) features: Vec<String>,
    pub(crate) free_trial_days: Option<u32>,
    pub(crate) created_at: Timestamp,
}

impl Row for Plan {
    const NAME: &'static str = "plan";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Plan {
    pub(crate) fn new(name: String, now: Timestamp) -> Self {
        let letters = name.to_lowercase();
        let words =
            letters.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        Self {
            id: random::id("cplan_"),
            slug: words.collect::<Vec<_>>().join("_"),
            name,
            description: None,
            for_organizations: false,
            is_default: false,
            publicly_visible: true,
            features: Vec::new(),
            free_trial_days: None,
            created_at: now,
        }
    }

    pub(crate) const fn payer_type(&self) -> &'static str {
        if self.for_organizations { "org" } else { "user" }
    }
}

/// What a plan costs. Amounts are in cents.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Price {
    pub(crate) id: String,
    pub(crate) plan: String,
    pub(crate) amount: i64,
    /// The amount for a month, if a year is paid at once.
    pub(crate) annual_monthly_amount: i64,
    pub(crate) currency: String,
    pub(crate) description: Option<String>,
    pub(crate) periods: String,
    pub(crate) is_default: bool,
    pub(crate) created_at: Timestamp,
}

impl Row for Price {
    const NAME: &'static str = "price";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Price {
    pub(crate) fn new(plan: &str, now: Timestamp) -> Self {
        Self {
            id: random::id("cprice_"),
            plan: plan.to_owned(),
            amount: 0,
            annual_monthly_amount: 0,
            currency: "USD".to_owned(),
            description: None,
            periods: "both".to_owned(),
            is_default: false,
            created_at: now,
        }
    }

    fn money(&self, amount: i64) -> Value {
        money(amount, &self.currency)
    }
}

/// The billing period of a subscription item.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Period {
    Month,
    Annual,
}

impl Period {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Annual => "annual",
        }
    }

    pub(crate) fn end(self, start: Timestamp) -> Timestamp {
        start.saturating_add(match self {
            Self::Month => MONTH,
            Self::Annual => YEAR,
        })
    }
}

/// Where a subscription item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SubscriptionItemStatus {
    /// It is paid, or in its free trial.
    Active,
    /// It ends with its billing period.
    Canceled,
    /// It has ended.
    Ended,
    /// A payment is overdue.
    PastDue,
    /// It starts later.
    Upcoming,
    /// The user has to do something first.
    Incomplete,
    /// It was replaced before it started.
    Abandoned,
}

impl SubscriptionItemStatus {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Canceled => "canceled",
            Self::Ended => "ended",
            Self::PastDue => "past_due",
            Self::Upcoming => "upcoming",
            Self::Incomplete => "incomplete",
            Self::Abandoned => "abandoned",
        }
    }

    const fn event(self) -> &'static str {
        match self {
            Self::Active => "subscriptionItem.active",
            Self::Canceled => "subscriptionItem.canceled",
            Self::Ended => "subscriptionItem.ended",
            Self::PastDue => "subscriptionItem.pastDue",
            Self::Upcoming => "subscriptionItem.upcoming",
            Self::Incomplete => "subscriptionItem.incomplete",
            Self::Abandoned => "subscriptionItem.abandoned",
        }
    }
}

/// How many seats a subscription item has.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Seats {
    /// As many as the organization has members.
    Members,
    #[serde(untagged)]
    Fixed(i64),
}

/// A plan of a user or an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SubscriptionItem {
    pub(crate) id: String,
    /// The user or the organization.
    pub(crate) subject: String,
    pub(crate) plan: String,
    pub(crate) price: String,
    pub(crate) period: Period,
    pub(crate) status: SubscriptionItemStatus,
    pub(crate) is_free_trial: bool,
    pub(crate) seats: Option<Seats>,
    pub(crate) discount: Option<Redemption>,
    pub(crate) period_start: Timestamp,
    pub(crate) period_end: Timestamp,
    pub(crate) canceled_at: Option<Timestamp>,
    pub(crate) past_due_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for SubscriptionItem {
    const NAME: &'static str = "subscription item";

    fn id(&self) -> &str {
        &self.id
    }
}

impl SubscriptionItem {
    pub(crate) fn new(subject: &str, price: &Price, now: Timestamp) -> Self {
        Self {
            id: random::id("csub_item_"),
            subject: subject.to_owned(),
            plan: price.plan.clone(),
            price: price.id.clone(),
            period: Period::Month,
            status: SubscriptionItemStatus::Active,
            is_free_trial: false,
            seats: None,
            discount: None,
            period_start: now,
            period_end: Period::Month.end(now),
            canceled_at: None,
            past_due_at: None,
            ended_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Changes the status, and the time that belongs to it.
    pub(crate) fn set_status(&mut self, status: SubscriptionItemStatus, now: Timestamp) {
        self.status = status;
        self.updated_at = now;
        match status {
            SubscriptionItemStatus::Active => self.past_due_at = None,
            SubscriptionItemStatus::Canceled => self.canceled_at = Some(now),
            SubscriptionItemStatus::PastDue => self.past_due_at = Some(now),
            SubscriptionItemStatus::Ended => self.ended_at = Some(now),
            _ => {}
        }
    }

    /// Whether the payer may use what the plan offers.
    pub(super) fn is_in_force(&self) -> bool {
        use SubscriptionItemStatus::{Active, Canceled, PastDue};
        matches!(self.status, Active | Canceled | PastDue)
    }
}

/// Something off the price of subscription items.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Discount {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) effect: Effect,
    /// The number of billing periods; `None` for all.
    pub(crate) cycles: Option<u32>,
}

/// How much a discount takes off.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    Percentage(u32),
    /// Cents.
    FixedAmount(i64),
}

impl Row for Discount {
    const NAME: &'static str = "discount";

    fn id(&self) -> &str {
        &self.id
    }
}

/// A discount of a subscription item.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Redemption {
    pub(crate) id: String,
    pub(crate) discount: String,
    pub(crate) redeemed_at: Timestamp,
}

/// A change of a payer's credit.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CreditEntry {
    pub(crate) id: String,
    pub(crate) subject: String,
    /// Cents; negative for a decrease.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) key: String,
    pub(crate) note: Option<String>,
    pub(crate) created_at: Timestamp,
}

impl Row for CreditEntry {
    const NAME: &'static str = "credit entry";

    fn id(&self) -> &str {
        &self.id
    }
}

/// An attempt to charge a payer. It has a statement of its own.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PaymentAttempt {
    /// Without its prefix: the statement and the payment have the same.
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) item: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// Whether it failed.
    pub(crate) failed: bool,
    pub(crate) created_at: Timestamp,
}

impl Row for PaymentAttempt {
    const NAME: &'static str = "statement";

    fn id(&self) -> &str {
        &self.id
    }
}

/// Returns an amount as Clerk shows it.
pub(crate) fn money(amount: i64, currency: &str) -> Value {
    let symbol = match currency {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        other => other,
    };
    let (sign, cents) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
    json!({
        "amount": amount,
        "amount_formatted": format!("{sign}{symbol}{}.{:02}", cents / 100, cents % 100),
        "currency": currency,
        "currency_symbol": symbol,
    })
}

/// Returns an object with an empty string for each `null`, as older forms have it.
fn without_null(mut object: Value) -> Value {
    for value in object.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if value.is_null() {
            *value = json!("");
        }
    }
    object
}

/// Returns the identifier of the payer that a user or an organization is.
pub(crate) fn payer_id(subject: &str) -> String {
    format!("cpayer_{subject}")
}

fn subscription_id(subject: &str) -> String {
    format!("csub_{subject}")
}

impl State {
    /// Returns the price of an item. One that does not exist, as a test may set it up, costs nothing.
    pub(crate) fn price_of(&self, item: &SubscriptionItem) -> Price {
        self.prices.get(&item.price).cloned().unwrap_or_else(|_| Price::new(&item.plan, item.created_at))
    }

    pub(crate) fn default_price(&self, plan: &str) -> Price {
        let found = self.prices.find(|price| price.plan == plan && price.is_default);
        found.cloned().unwrap_or_else(|| Price::new(plan, self.now))
    }

    /// Returns what an item costs in one billing period, before its discount.
    pub(crate) fn period_amount(&self, item: &SubscriptionItem) -> i64 {
        let price = self.price_of(item);
        match item.period {
            Period::Month => price.amount,
            Period::Annual => price.annual_monthly_amount.saturating_mul(12),
        }
    }

    /// Returns what an item's discount takes off one payment.
    fn discounted(&self, item: &SubscriptionItem) -> i64 {
        let amount = self.period_amount(item);
        let discount = item.discount.as_ref().and_then(|known| self.discounts.get(&known.discount).ok());
        match discount.map(|discount| discount.effect) {
            None => 0,
            Some(Effect::Percentage(percent)) => amount.saturating_mul(percent.min(100).into()) / 100,
            Some(Effect::FixedAmount(off)) => off.clamp(0, amount.max(0)),
        }
    }

    /// Adds an item, and the payment for it if it costs something.
    pub(crate) fn subscribe(&mut self, item: SubscriptionItem) {
        let is_paid = item.status == SubscriptionItemStatus::Active && !item.is_free_trial;
        if is_paid && self.period_amount(&item) > 0 {
            self.charge(&item, false);
        }
        self.subscription_items.insert(item);
    }

    /// Charges the payer of an item for a billing period.
    pub(crate) fn charge(&mut self, item: &SubscriptionItem, failed: bool) {
        let amount = self.period_amount(item) - self.discounted(item);
        self.payment_attempts.insert(PaymentAttempt {
            id: random::string(27),
            subject: item.subject.clone(),
            item: item.id.clone(),
            amount,
            currency: self.price_of(item).currency,
            failed,
            created_at: self.now,
        });
    }

    pub(crate) fn credit_balance(&self, subject: &str) -> Option<i64> {
        let mut entries = self.credit_entries.iter().filter(|entry| entry.subject == subject).peekable();
        entries.peek()?;
        Some(entries.fold(0, |sum, entry| sum.saturating_add(entry.amount)))
    }

    /// Returns the claims `pla` and the features of the plans of a session's user and organization.
    pub(crate) fn plan_claims(&self, user: &str, organization: Option<&str>) -> (String, Vec<String>) {
        let (mut plans, mut features) = (Vec::new(), Vec::new());
        for (scope, subject) in [("u", Some(user)), ("o", organization)] {
            let own = self.subscription_items.iter().filter(|item| Some(item.subject.as_str()) == subject);
            for plan in
                own.filter(|item| item.is_in_force()).filter_map(|item| self.plans.get(&item.plan).ok())
            {
                plans.push(format!("{scope}:{}", plan.slug));
                features.extend(plan.features.iter().map(|feature| format!("{scope}:{feature}")));
            }
        }
        (plans.join(","), features)
    }

    fn render_feature(slug: &str) -> Value {
        let name = slug.replace('_', " ");
        json!({
            "object": "feature",
            "id": format!("feat_{slug}"),
            "name": name,
            "description": null,
            "slug": slug,
            "avatar_url": null,
        })
    }

    pub(crate) fn render_plan(&self, plan: &Plan) -> Value {
        let price = self.default_price(&plan.id);
        let annual = price.annual_monthly_amount;
        json!({
            "object": "commerce_plan",
            "id": plan.id,
            "name": plan.name,
            "fee": price.money(price.amount),
            "annual_monthly_fee": (annual > 0).then(|| price.money(annual)),
            "annual_fee": (annual > 0).then(|| price.money(annual.saturating_mul(12))),
            "description": plan.description,
            "product_id": "cprod_local",
            "is_default": plan.is_default,
            "is_recurring": price.amount > 0,
            "publicly_visible": plan.publicly_visible,
            "has_base_fee": price.amount > 0,
            "for_payer_type": plan.payer_type(),
            "slug": plan.slug,
            "avatar_url": null,
            "features": plan.features.iter().map(|slug| Self::render_feature(slug)).collect::<Vec<_>>(),
            "free_trial_enabled": plan.free_trial_days.is_some(),
            "free_trial_days": plan.free_trial_days,
        })
    }

    /// Returns a plan in the older form, which some operations still have.
    pub(crate) fn render_plan_with_amounts(&self, plan: &Plan) -> Value {
        let price = self.default_price(&plan.id);
        let formatted = |amount| price.money(amount).get("amount_formatted").cloned();
        let annual = price.annual_monthly_amount;
        let more = json!({
            "annual_monthly_fee": price.money(annual),
            "annual_fee": price.money(annual.saturating_mul(12)),
            "amount": price.amount,
            "amount_formatted": formatted(price.amount),
            "annual_monthly_amount": annual,
            "annual_monthly_amount_formatted": formatted(annual),
            "annual_amount": annual.saturating_mul(12),
            "annual_amount_formatted": formatted(annual.saturating_mul(12)),
            "currency": price.currency,
            "currency_symbol": price.money(0).get("currency_symbol"),
            "description": plan.description.as_deref().unwrap_or_default(),
            "avatar_url": "",
            "payer_type": [plan.payer_type()],
            "features":
                plan.features.iter().map(|slug| without_null(Self::render_feature(slug))).collect::<Vec<_>>(),
        });
        extended(self.render_plan(plan), more)
    }

    pub(crate) fn render_price(price: &Price) -> Value {
        json!({
            "object": "commerce_price",
            "id": price.id,
            "plan_id": price.plan,
            "instance_id": INSTANCE_ID,
            "currency": price.currency,
            "currency_symbol": price.money(0).get("currency_symbol"),
            "amount": price.amount,
            "annual_monthly_amount": price.annual_monthly_amount,
            "fee": price.money(price.amount),
            "annual_monthly_fee": price.money(price.annual_monthly_amount),
            "description": price.description,
            "is_default": price.is_default,
            "created_at": price.created_at,
            "supported_billing_periods": price.periods,
        })
    }

    pub(super) fn render_payer(&self, subject: &str) -> Value {
        let user = self.users.get(subject).ok();
        let organization = self.organizations.get(subject).ok();
        let since =
            user.map(|user| user.created_at).or(organization.map(|organization| organization.created_at));
        json!({
            "object": "commerce_payer",
            "id": payer_id(subject),
            "instance_id": INSTANCE_ID,
            "user_id": user.map(|user| &user.id),
            "first_name": user.and_then(|user| user.first_name.as_deref()),
            "last_name": user.and_then(|user| user.last_name.as_deref()),
            "email": user.and_then(|user| user.email()),
            "organization_id": organization.map(|organization| &organization.id),
            "organization_name": organization.map(|organization| &organization.name),
            "image_url": self.image_url(subject),
            "created_at": since.unwrap_or(self.now),
            "updated_at": since.unwrap_or(self.now),
        })
    }

    /// Returns a payer as events show it: what it does not have is an empty string there.
    fn render_payer_in_event(&self, subject: &str) -> Value {
        let mut payer = without_null(self.render_payer(subject));
        if let Some(fields) = payer.as_object_mut() {
            fields.remove("instance_id");
        }
        payer
    }

    fn next_payment(&self, item: &SubscriptionItem) -> Value {
        if !matches!(item.status, SubscriptionItemStatus::Active | SubscriptionItemStatus::PastDue) {
            return Value::Null;
        }
        let amount = self.period_amount(item) - self.discounted(item);
        json!({ "amount": money(amount, &self.price_of(item).currency), "date": item.period_end })
    }

    fn lifetime_paid(&self, item: &SubscriptionItem) -> Value {
        let paid = self.payment_attempts.iter().filter(|attempt| attempt.item == item.id && !attempt.failed);
        money(paid.map(|attempt| attempt.amount).sum(), &self.price_of(item).currency)
    }

    pub(crate) fn render_subscription_item(&self, item: &SubscriptionItem) -> Value {
        json!({
            "object": "commerce_subscription_item",
            "id": item.id,
            "instance_id": INSTANCE_ID,
            "status": item.status.as_str(),
            "plan_id": item.plan,
            "price_id": item.price,
            "plan": self.plans.get(&item.plan).ok().map(|plan| self.render_plan(plan)),
            "plan_period": item.period.as_str(),
            "lifetime_paid": self.lifetime_paid(item),
            "next_payment": self.next_payment(item),
            "payer_id": payer_id(&item.subject),
            "payer": self.render_payer(&item.subject),
            "is_free_trial": item.is_free_trial,
            "period_start": item.period_start,
            "period_end": item.period_end,
            "canceled_at": item.canceled_at,
            "past_due_at": item.past_due_at,
            "ended_at": item.ended_at,
            "created_at": item.created_at,
            "updated_at": item.updated_at,
            "seats": self.seats(item).map(|seats| json!({ "quantity": seats })),
        })
    }

    /// Returns an item in the older form, which some operations still have.
    pub(crate) fn render_subscription_item_with_amounts(&self, item: &SubscriptionItem) -> Value {
        let status = match item.status {
            SubscriptionItemStatus::Canceled => SubscriptionItemStatus::Active,
            status => status,
        };
        let more = json!({
            "status": status.as_str(),
            "plan": self.plans.get(&item.plan).ok().map(|plan| self.render_plan_with_amounts(plan)),
            "payment_source_id": "csrc_local",
            "payer": without_null(self.render_payer(&item.subject)),
            "amount": money(self.period_amount(item), &self.price_of(item).currency),
            "proration_date": "",
        });
        let mut whole = extended(self.render_subscription_item(item), more);
        if let Some(fields) = whole.as_object_mut() {
            fields.remove("seats");
        }
        whole
    }

    /// Deletes what a deleted user or organization has subscribed to. What it has paid stays.
    pub(crate) fn forget_payer(&mut self, subject: &str) {
        self.subscription_items.retain(|item| item.subject != subject);
        self.payment_methods.retain(|method| method.subject != subject);
        self.checkouts.retain(|checkout| checkout.subject != subject);
    }

    /// Returns how many seats an item has.
    fn seats(&self, item: &SubscriptionItem) -> Option<i64> {
        match item.seats? {
            Seats::Fixed(seats) => Some(seats),
            Seats::Members => i64::try_from(self.members_of(&item.subject).count()).ok(),
        }
    }

    pub(crate) fn items_of(&self, subject: &str) -> Vec<&SubscriptionItem> {
        self.subscription_items.iter().filter(|item| item.subject == subject).collect()
    }

    /// Returns the subscription of a user or an organization, which is the sum of its items.
    pub(crate) fn render_subscription(&self, subject: &str) -> Option<Value> {
        let items = self.items_of(subject);
        let first = items.first()?;
        let next = items.iter().find(|item| !self.next_payment(item).is_null());
        let past_due = items.iter().find_map(|item| item.past_due_at);
        let rendered = json!({
            "object": "commerce_subscription",
            "id": subscription_id(subject),
            "instance_id": INSTANCE_ID,
            "status": subscription_status(&items),
            "payer_id": payer_id(subject),
            "created_at": first.created_at,
            "updated_at": items.iter().map(|item| item.updated_at).max(),
            "active_at": first.period_start,
            "past_due_at": past_due,
            "subscription_items":
                items.iter().map(|item| self.render_subscription_item(item)).collect::<Vec<_>>(),
            "eligible_for_free_trial": !items.iter().any(|item| item.is_free_trial),
        });
        Some(match next {
            Some(item) => extended(rendered, json!({ "next_payment": self.next_payment(item) })),
            None => rendered,
        })
    }

    /// Returns a redemption of an item's discount.
    pub(crate) fn render_redemption(
        &self,
        item: &SubscriptionItem,
        known: &Redemption,
        status: &str,
    ) -> Value {
        let discount = self.discounts.get(&known.discount).ok();
        let currency = self.price_of(item).currency;
        let (effect, percent, off) = match discount.map(|discount| discount.effect) {
            Some(Effect::FixedAmount(off)) => ("fixed_amount", None, Some(money(off, &currency))),
            Some(Effect::Percentage(percent)) => ("percentage", Some(percent), None),
            None => ("percentage", None, None),
        };
        json!({
            "object": "commerce_discount_redemption",
            "id": known.id,
            "subscription_item_id": item.id,
            "discount_id": known.discount,
            "name": discount.map(|discount| discount.name.as_str()).unwrap_or_default(),
            "source": "manual",
            "effect": effect,
            "percent_off": percent,
            "amount_off": off,
            "amount": money(self.discounted(item), &currency),
            "cycles_remaining": discount.and_then(|discount| discount.cycles),
            "cycles_applied": 0,
            "status": status,
            "redeemed_at": known.redeemed_at,
            "redeemed_by": null,
        })
    }

    pub(crate) fn render_payment_attempt(&self, attempt: &PaymentAttempt) -> Value {
        let id = &attempt.id;
        json!({
            "object": "commerce_payment",
            "id": format!("cpa_{id}"),
            "payment_id": format!("cpay_{id}"),
            "instance_id": INSTANCE_ID,
            "charge_type": "checkout",
            "payee_id": "cpayee_local",
            "payee": { "id": "cpayee_local" },
            "payer_id": payer_id(&attempt.subject),
            "payer": self.render_payer(&attempt.subject),
            "subscription_item_id": attempt.item,
            "amount": money(attempt.amount, &attempt.currency),
            "payment_method_id": "cpm_local",
            "payment_method": {
                "object": "commerce_payment_method",
                "id": "cpm_local",
                "payer_id": payer_id(&attempt.subject),
                "payment_type": "card",
                "gateway": "stripe",
                "gateway_external_id": "pm_local",
                "gateway_external_account_id": null,
                "last4": "4242",
                "status": "active",
                "card_type": "visa",
            },
            "statement_id": format!("stmt_{id}"),
            "gateway_external_id": null,
            "gateway_external_url": null,
            "status": if attempt.failed { "failed" } else { "paid" },
            "paid_at": (!attempt.failed).then_some(attempt.created_at),
            "failed_at": attempt.failed.then_some(attempt.created_at),
            "created_at": attempt.created_at,
            "updated_at": attempt.created_at,
        })
    }

    pub(crate) fn render_statement(&self, attempt: &PaymentAttempt) -> Value {
        let (amount, none) = (money(attempt.amount, &attempt.currency), money(0, &attempt.currency));
        json!({
            "object": "commerce_statement",
            "id": format!("stmt_{}", attempt.id),
            "instance_id": INSTANCE_ID,
            "timestamp": attempt.created_at,
            "payer": self.render_payer(&attempt.subject),
            "status": if attempt.failed { "open" } else { "closed" },
            "totals": { "grand_total": amount, "subtotal": amount, "base_fee": amount, "tax_total": none },
            "groups": [{
                "object": "commerce_statement_group",
                "timestamp": attempt.created_at,
                "items": [self.render_payment_attempt(attempt)],
            }],
        })
    }

    fn render_plan_in_event(&self, plan: &Plan) -> Value {
        let price = self.default_price(&plan.id);
        json!({
            "id": plan.id,
            "slug": plan.slug,
            "name": plan.name,
            "is_recurring": price.amount > 0,
            "amount": price.amount,
            "currency": price.currency,
        })
    }

    /// Returns an item as events show it.
    fn render_item_in_event(&self, item: &SubscriptionItem) -> Value {
        let rendered = json!({
            "object": "commerce_subscription_item",
            "id": item.id,
            "status": item.status.as_str(),
            "is_free_trial": item.is_free_trial,
            "created_at": item.created_at,
            "updated_at": item.updated_at,
            "period_start": item.period_start,
            "period_end": item.period_end,
            "interval": item.period.as_str(),
            "plan_id": item.plan,
            "plan": self.plans.get(&item.plan).ok().map(|plan| self.render_plan_in_event(plan)),
            "payer": self.render_payer_in_event(&item.subject),
            "subscription_id": subscription_id(&item.subject),
        });
        match self.seats(item) {
            Some(seats) => extended(rendered, json!({ "seats": { "quantity": seats } })),
            None => rendered,
        }
    }

    /// Returns a subscription as events show it.
    fn render_subscription_in_event(&self, subject: &str) -> Value {
        let items = self.items_of(subject);
        let paid = self.payment_attempts.iter().rev().find(|attempt| attempt.subject == subject);
        let paid = paid.map(|attempt| format!("cpay_{}", attempt.id));
        let first = items.first();
        json!({
            "object": "commerce_subscription",
            "id": subscription_id(subject),
            "status": subscription_status(&items),
            "active_at": first.map(|item| item.period_start),
            "canceled_at": items.iter().find_map(|item| item.canceled_at),
            "created_at": first.map(|item| item.created_at),
            "ended_at": items.iter().find_map(|item| item.ended_at),
            "past_due_at": items.iter().find_map(|item| item.past_due_at),
            "updated_at": items.iter().map(|item| item.updated_at).max(),
            "latest_payment_id": paid,
            "payer_id": payer_id(subject),
            "payer": self.render_payer_in_event(subject),
            "payment_source_id": paid.is_some().then_some("csrc_local"),
            "items": items.iter().map(|item| self.render_item_in_event(item)).collect::<Vec<_>>(),
        })
    }

    fn render_attempt_in_event(&self, attempt: &PaymentAttempt) -> Value {
        let id = &attempt.id;
        let amount = money(attempt.amount, &attempt.currency);
        let item = self.subscription_items.get(&attempt.item).ok();
        let failed =
            attempt.failed.then(|| json!({ "code": "card_declined", "decline_code": "generic_decline" }));
        json!({
            "id": format!("cpa_{id}"),
            "instance_id": INSTANCE_ID,
            "payment_id": format!("cpay_{id}"),
            "invoice_id": "",
            "statement_id": format!("stmt_{id}"),
            "gateway_external_id": format!("pi_{id}"),
            "status": if attempt.failed { "failed" } else { "paid" },
            "created_at": attempt.created_at,
            "updated_at": attempt.created_at,
            "paid_at": (!attempt.failed).then_some(attempt.created_at),
            "failed_at": attempt.failed.then_some(attempt.created_at),
            "failed_reason": failed,
            "billing_date": attempt.created_at,
            "charge_type": "checkout",
            "payee": {
                "id": "cpayee_local",
                "gateway_type": "stripe",
                "gateway_external_id": "acct_local",
                "gateway_status": "active",
            },
            "payer": self.render_payer_in_event(&attempt.subject),
            "totals": {
                "subtotal": amount, "tax_total": money(0, &attempt.currency), "grand_total": amount,
            },
            "payment_source": {
                "id": "csrc_local",
                "gateway": "stripe",
                "gateway_external_id": "pm_local",
                "payment_method": "card",
                "status": "active",
                "card_type": "visa",
                "last4": "4242",
            },
            "subscription_items":
                item.map(|item| self.render_item_in_event(item)).into_iter().collect::<Vec<_>>(),
        })
    }
}

/// Returns the status of a subscription: that of its item that matters most.
fn subscription_status(items: &[&SubscriptionItem]) -> &'static str {
    use SubscriptionItemStatus::{Abandoned, Active, Canceled, Ended, Incomplete, PastDue, Upcoming};
    let order = [PastDue, Active, Canceled, Incomplete, Ended, Abandoned];
    let found = order.into_iter().find(|status| items.iter().any(|item| item.status == *status));
    match found.unwrap_or(Incomplete) {
        Upcoming => "incomplete",
        status => status.as_str(),
    }
}

/// The webhook events between two states.
pub(crate) mod events {
    use serde_json::Value;

    use super::{State, SubscriptionItem, subscription_status};
    use crate::table::Change;

    type Event = (&'static str, Value);

    /// Returns the events for subscription items, subscriptions and payments, in this order.
    pub(crate) fn between(before: &State, after: &State) -> Vec<Event> {
        let mut events = Vec::new();
        let mut subjects: Vec<&str> = Vec::new();
        for change in after.subscription_items.changes(&before.subscription_items) {
            let (item, kind) = match change {
                Change::Added(item) => (item, item.status.event()),
                Change::Updated(old, item) if old.status != item.status => (item, item.status.event()),
                Change::Updated(_, item) => (item, "subscriptionItem.updated"),
                Change::Removed(_) => continue,
            };
            events.push((kind, after.render_item_in_event(item)));
            if !subjects.contains(&item.subject.as_str()) {
                subjects.push(&item.subject);
            }
        }
        // Items whose seats are the members of the organization.
        for item in seated(after, before) {
            events.push(("subscriptionItem.updated", after.render_item_in_event(item)));
            if !subjects.contains(&item.subject.as_str()) {
                subjects.push(&item.subject);
            }
        }
        for subject in subjects {
            let (old, new) = (before.items_of(subject), after.items_of(subject));
            let kinds = subscription_events(&old, &new);
            events.extend(kinds.into_iter().map(|kind| (kind, after.render_subscription_in_event(subject))));
        }
        for change in after.payment_attempts.changes(&before.payment_attempts) {
            if let Change::Added(attempt) = change {
                events.push(("paymentAttempt.created", after.render_attempt_in_event(attempt)));
            }
        }
        events
    }

    /// Returns the items that are the same in both states, but have another number of seats.
    fn seated<'a>(after: &'a State, before: &State) -> Vec<&'a SubscriptionItem> {
        if after.memberships == before.memberships {
            return Vec::new();
        }
        let is_same = |item: &&SubscriptionItem| {
            before.subscription_items.get(&item.id).is_ok_and(|old| old == *item)
                && before.seats(item) != after.seats(item)
        };
        after.subscription_items.iter().filter(is_same).collect()
    }

    fn subscription_events(old: &[&SubscriptionItem], new: &[&SubscriptionItem]) -> Vec<&'static str> {
        let status = subscription_status(new);
        let mut kinds = vec![if old.is_empty() { "subscription.created" } else { "subscription.updated" }];
        if old.is_empty() || subscription_status(old) != status {
            match status {
                "active" => kinds.push("subscription.active"),
                "past_due" => kinds.push("subscription.pastDue"),
                _ => {}
            }
        }
        kinds
    }
}
