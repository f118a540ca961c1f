//! Billing: plans, and who subscribes to them.
//!
//! ```
//! use clerk_local::{LocalClerk, billing::SubscriptionItemStatus};
//!
//! let local = LocalClerk::seeded();
//! let pro = local.plan("Pro").for_organizations().monthly(2000).features(["reports"]).create();
//! let item = local.subscribe("org_acme", &pro).seats(5).create();
//! // Tokens of the organization's members have the plan and its features now, and webhooks were delivered.
//! local.set_subscription_item_status(&item, SubscriptionItemStatus::PastDue);
//! ```
//!
//! No money moves, and time alone changes nothing: a billing period ends when a test says so.

use std::{fmt, time::Duration};

use clerk_core::{Timestamp, id::Id};

use crate::{
    LocalClerk,
    body::Body,
    error::ApiError,
    random,
    state::billing::{Discount, Effect, Period, Plan, Price, Seats, SubscriptionItem},
};

pub use crate::state::billing::SubscriptionItemStatus;

impl LocalClerk {
    /// Starts a new plan with this name, for users; [`LocalPlanBuilder::create`] creates it. Its slug is the name in
    /// lowercase letters, with `_` between the words.
    pub fn plan(&self, name: impl Into<String>) -> LocalPlanBuilder {
        let plan = Plan::new(name.into(), self.time());
        let mut price = Price::new(&plan.id, self.time());
        price.is_default = true;
        LocalPlanBuilder { local: self.clone(), plan, price }
    }

    /// Starts a subscription of a user or an organization to a plan; [`LocalSubscriptionBuilder::create`] creates it.
    pub fn subscribe(&self, payer: impl Into<Id>, plan: &LocalPlan) -> LocalSubscriptionBuilder {
        let price = self.state().default_price(&plan.id);
        let item = SubscriptionItem::new(payer.into().as_str(), &price, self.time());
        LocalSubscriptionBuilder { local: self.clone(), item }
    }

    /// Changes the status of a subscription item, and delivers the webhooks of the change. An item that does not exist is
    /// ignored.
    pub fn set_subscription_item_status(&self, item: &LocalSubscriptionItem, status: SubscriptionItemStatus) {
        let now = self.time();
        let state = &mut *self.state();
        let Ok(known) = state.subscription_items.get_mut(&item.id) else { return };
        known.set_status(status, now);
        if status == SubscriptionItemStatus::PastDue {
            let known = known.clone();
            state.charge(&known, true);
        }
    }

    /// Adds a discount of some percent, which `POST /billing/subscription_items/{id}/discounts` can apply. Returns its
    /// identifier.
    pub fn discount(&self, name: impl Into<String>, percent: u32) -> String {
        let effect = Effect::Percentage(percent.min(100));
        let discount = Discount { id: random::id("cdisc_"), name: name.into(), effect, cycles: None };
        let id = discount.id.clone();
        self.state().discounts.insert(discount);
        id
    }
}

/// The fields of an entry of `[[plans]]` in a seed.
pub(crate) const PLAN_FIELDS: &[&str] =
    &["name", "slug", "for_organizations", "monthly", "annual_monthly", "features", "free_trial_days"];

/// Creates the plan of an entry in a seed.
pub(crate) fn seed_plan(local: &LocalClerk, body: &Body) -> Result<(), ApiError> {
    let mut plan = local.plan(body.required("name")?);
    if let Some(slug) = body.string("slug")? {
        plan = plan.slug(slug);
    }
    if body.flag("for_organizations")?.unwrap_or(false) {
        plan = plan.for_organizations();
    }
    plan = plan.monthly(body.count("monthly")?.unwrap_or_default());
    plan = plan.annual_monthly(body.count("annual_monthly")?.unwrap_or_default());
    plan = plan.features(body.strings("features")?);
    if let Some(days) = body.count("free_trial_days")? {
        plan = plan.free_trial_days(u32::try_from(days).unwrap_or(u32::MAX));
    }
    if local.state().plans.find(|other| other.slug == plan.plan.slug).is_some() {
        return Err(ApiError::exists("slug"));
    }
    plan.create();
    Ok(())
}

/// The fields of an entry of `[[subscriptions]]` in a seed.
pub(crate) const SUBSCRIPTION_FIELDS: &[&str] = &["payer_id", "plan", "annual", "seats", "seats_by_members"];

/// Creates the subscription of an entry in a seed.
pub(crate) fn seed_subscription(local: &LocalClerk, body: &Body) -> Result<(), ApiError> {
    let (payer, slug) = (body.required("payer_id")?, body.required("plan")?);
    let plan = {
        let state = local.state();
        let plan = state.plans.find(|plan| plan.slug == slug);
        let plan = plan.ok_or_else(|| ApiError::bad_format("plan", "the slug of a plan"))?;
        let exists = if plan.for_organizations {
            state.organizations.get(payer).is_ok()
        } else {
            state.users.get(payer).is_ok()
        };
        if !exists {
            return Err(ApiError::bad_format(
                "payer_id",
                "the id of a user or an organization, as the plan is for",
            ));
        }
        LocalPlan { id: plan.id.clone(), price_id: state.default_price(&plan.id).id }
    };
    let mut subscription = local.subscribe(payer, &plan);
    if body.flag("annual")?.unwrap_or(false) {
        subscription = subscription.annual();
    }
    if let Some(seats) = body.count("seats")? {
        subscription = subscription.seats(seats);
    }
    if body.flag("seats_by_members")?.unwrap_or(false) {
        subscription = subscription.seats_by_members();
    }
    subscription.create();
    Ok(())
}

/// A plan of a [`LocalClerk`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LocalPlan {
    /// The plan's identifier, `cplan_…`.
    pub id: String,
    /// The identifier of its default price, `cprice_…`.
    pub price_id: String,
}

/// A subscription item of a [`LocalClerk`]: one plan of a user or an organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LocalSubscriptionItem {
    /// The item's identifier, `csub_item_…`.
    pub id: String,
}

/// Builder for a plan, returned by [`LocalClerk::plan`].
#[must_use = "nothing exists until `create`"]
pub struct LocalPlanBuilder {
    local: LocalClerk,
    plan: Plan,
    price: Price,
}

impl LocalPlanBuilder {
    /// Sets the slug, by which [`Check::plan`](clerk_core::token::Check::plan) names the plan.
    pub fn slug(mut self, slug: impl Into<String>) -> Self {
        self.plan.slug = slug.into();
        self
    }

    /// Makes it a plan for organizations. The default is for users.
    pub const fn for_organizations(mut self) -> Self {
        self.plan.for_organizations = true;
        self
    }

    /// Sets the price of a month, in cents. The default is 0: the plan is free.
    pub const fn monthly(mut self, cents: i64) -> Self {
        self.price.amount = cents;
        self
    }

    /// Sets the price of a month if a year is paid at once, in cents. The default is 0: it cannot be paid by the year.
    pub const fn annual_monthly(mut self, cents: i64) -> Self {
        self.price.annual_monthly_amount = cents;
        self
    }

    /// Sets the slugs of the features. The default is none.
    pub fn features<S: Into<String>>(mut self, slugs: impl IntoIterator<Item = S>) -> Self {
        self.plan.features = slugs.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the length of the free trial in days. The default is no free trial.
    pub const fn free_trial_days(mut self, days: u32) -> Self {
        self.plan.free_trial_days = Some(days);
        self
    }

    /// Creates the plan.
    pub fn create(self) -> LocalPlan {
        let created = LocalPlan { id: self.plan.id.clone(), price_id: self.price.id.clone() };
        let state = &mut *self.local.state();
        state.plans.insert(self.plan);
        state.prices.insert(self.price);
        created
    }
}

/// Builder for a subscription item, returned by [`LocalClerk::subscribe`].
#[must_use = "nothing exists until `create`"]
pub struct LocalSubscriptionBuilder {
    local: LocalClerk,
    item: SubscriptionItem,
}

impl LocalSubscriptionBuilder {
    /// Pays a year at once. The default is a month.
    pub fn annual(mut self) -> Self {
        self.item.period = Period::Annual;
        self.item.period_end = Period::Annual.end(self.item.period_start);
        self
    }

    /// Sets the number of seats. None by default.
    pub const fn seats(mut self, seats: i64) -> Self {
        self.item.seats = Some(Seats::Fixed(seats));
        self
    }

    /// Has as many seats as the organization has members. When a member comes or goes, the item changes, with its webhooks.
    /// None by default.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let team = local.plan("Team").for_organizations().monthly(2000).create();
    /// local.subscribe("org_acme", &team).seats_by_members().create(); // two seats
    /// local.add_member("org_acme", "user_alan", "org:member"); // three seats
    /// ```
    pub const fn seats_by_members(mut self) -> Self {
        self.item.seats = Some(Seats::Members);
        self
    }

    /// Starts with a free trial of this length, in which nothing is charged.
    pub fn free_trial(mut self, length: Duration) -> Self {
        self.item.is_free_trial = true;
        self.item.period_end = self.item.period_start.saturating_add(length);
        self
    }

    /// Sets the status. The default is active.
    pub fn status(mut self, status: SubscriptionItemStatus) -> Self {
        let now: Timestamp = self.item.created_at;
        self.item.set_status(status, now);
        self
    }

    /// Creates the subscription item, and charges its price.
    pub fn create(self) -> LocalSubscriptionItem {
        let created = LocalSubscriptionItem { id: self.item.id.clone() };
        self.local.state().subscribe(self.item);
        created
    }
}

macro_rules! debug_without_fields {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_fields!(LocalPlanBuilder, LocalSubscriptionBuilder);
