//! What users and organizations pay for.
//!
//! ```
//! use clerk_core::model::BillingMoney;
//!
//! let fee: BillingMoney = serde_json::from_str(
//!     r#"{"amount": 1250, "amount_formatted": "12.50", "currency": "USD", "currency_symbol": "$"}"#,
//! ).unwrap();
//! assert_eq!((fee.amount, fee.currency.as_str()), (1250, "USD"));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp,
    decode::lenient,
    id::{Id, OrganizationId, UserId},
    opaque::opaque,
    open_enum::open_enum,
};

/// The subscription of a user or an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingSubscription {
    /// Its identifier.
    pub id: Id,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingSubscriptionStatus,
    /// Who pays.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When it became active.
    pub active_at: Option<Timestamp>,
    /// Since when a payment is overdue.
    pub past_due_at: Option<Timestamp>,
    /// What is subscribed to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subscription_items: Vec<BillingSubscriptionItem>,
    /// What is to be paid next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_payment: Option<BillingSubscriptionNextPayment>,
    /// Whether a free trial is on offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligible_for_free_trial: Option<bool>,
}

opaque!(BillingSubscription, id);

open_enum! {
    /// Where a subscription stands.
    BillingSubscriptionStatus {
        /// `active`.
        Active = "active",
        /// `past_due`.
        PastDue = "past_due",
        /// `canceled`.
        Canceled = "canceled",
        /// `ended`.
        Ended = "ended",
        /// `abandoned`.
        Abandoned = "abandoned",
        /// `incomplete`.
        Incomplete = "incomplete",
    }
}

/// The next payment of a subscription.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingSubscriptionNextPayment {
    /// When it is due.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub date: Timestamp,
    /// How much.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub amount: BillingMoney,
    /// What the units cost, by kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_unit_totals: Option<Vec<BillingPerUnitTotal>>,
    /// The sums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<BillingTotals>,
}

opaque!(BillingSubscriptionNextPayment);

/// One plan within a subscription.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingSubscriptionItem {
    /// Its identifier.
    pub id: Id,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingSubscriptionItemStatus,
    /// Credit for the rest of a paid period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<BillingSubscriptionCredit>,
    /// What is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<BillingCredits>,
    /// The plan.
    pub plan_id: Option<String>,
    /// The price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_id: Option<String>,
    /// The plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<BillingPlan>,
    /// How often it is paid.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub plan_period: BillingPeriod,
    /// How it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<BillingPaymentMethod>,
    /// What has been paid for it so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime_paid: Option<BillingMoney>,
    /// What is to be paid next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_payment: Option<BillingSubscriptionItemNextPayment>,
    /// Who pays.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<BillingPayer>,
    /// Whether it is in its free trial.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_free_trial: bool,
    /// When the current period started. `None` when none has.
    pub period_start: Option<Timestamp>,
    /// When the current period ends. `None` when it has no end.
    pub period_end: Option<Timestamp>,
    /// The day from which a change within the period counts, as `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proration_date: Option<String>,
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
    /// Since when a payment is overdue.
    pub past_due_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// How many seats there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<BillingSeats>,
    /// The sums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<BillingTotals>,
    /// What it costs. Only in the older shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<BillingMoney>,
    /// How it is paid. Only in the older shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_source_id: Option<String>,
    /// How it is paid. Only in the older shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_source: Option<BillingPaymentSource>,
    /// What is to be paid next. Only in the older shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_invoice: Option<BillingSubscriptionItemNextPayment>,
}

opaque!(BillingSubscriptionItem, id);

open_enum! {
    /// Where a subscription item stands.
    BillingSubscriptionItemStatus {
        /// `active`.
        Active = "active",
        /// `canceled`.
        Canceled = "canceled",
        /// `expired`.
        Expired = "expired",
        /// `ended`.
        Ended = "ended",
        /// `past_due`.
        PastDue = "past_due",
        /// `upcoming`.
        Upcoming = "upcoming",
        /// `incomplete`.
        Incomplete = "incomplete",
        /// `abandoned`.
        Abandoned = "abandoned",
        /// `free_trial`.
        FreeTrial = "free_trial",
    }
}

/// The next payment of a subscription item.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingSubscriptionItemNextPayment {
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<BillingMoney>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// What the units cost, by kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_unit_totals: Option<Vec<BillingPerUnitTotal>>,
    /// The sums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<BillingTotals>,
}

opaque!(BillingSubscriptionItemNextPayment);

/// Credit for the rest of a paid period.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingSubscriptionCredit {
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<BillingMoney>,
    /// The share of the period that is left, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle_remaining_percent: Option<f64>,
}

opaque!(BillingSubscriptionCredit);

open_enum! {
    /// How often a plan is paid.
    BillingPeriod {
        /// `month`.
        Month = "month",
        /// `annual`.
        Annual = "annual",
    }
}

/// How many seats a subscription item has.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingSeats {
    /// How many. `None` is no limit.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub quantity: Option<i64>,
    /// The prices, by how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Vec<BillingPerUnitTotalTier>>,
}

opaque!(BillingSeats);

/// A plan that can be subscribed to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPlan {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The price of a month.
    pub fee: Option<BillingMoney>,
    /// The price of a month when a year is paid at once.
    pub annual_monthly_fee: Option<BillingMoney>,
    /// The price of a year.
    pub annual_fee: Option<BillingMoney>,
    /// What it is, for people.
    pub description: Option<String>,
    /// The product it belongs to.
    #[deprecated(note = "Clerk advises against it")]
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub product_id: String,
    /// Whether it is used when no other is chosen.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_default: bool,
    /// Whether it is paid again and again.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_recurring: bool,
    /// Whether everybody can see it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub publicly_visible: bool,
    /// Whether it has a price without units.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub has_base_fee: bool,
    /// Who can subscribe to it, `user` or `org`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub for_payer_type: String,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub slug: String,
    /// Address of the picture.
    pub avatar_url: Option<String>,
    /// What the plan contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// Whether it can be tried for free.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub free_trial_enabled: bool,
    /// How many days a free trial lasts.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub free_trial_days: Option<i64>,
    /// What units cost, by kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_prices: Option<Vec<BillingUnitPrice>>,
    /// The period it is paid for. Only in older shapes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// How many periods pass from one payment to the next. Only in older shapes.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub interval: Option<i64>,
}

opaque!(BillingPlan, id);

/// What a plan charges for units of one kind, such as seats.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingUnitPrice {
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// How many units are priced together.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub block_size: i64,
    /// The prices, by how many there are.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tiers: Vec<BillingUnitPriceTier>,
}

opaque!(BillingUnitPrice);

/// The price of the units within one tier.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingUnitPriceTier {
    /// The first block of the tier.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub starts_at_block: i64,
    /// The last block of the tier. `None` when it has no end.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub ends_after_block: Option<i64>,
    /// The price of each block of units.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub fee_per_block: BillingMoney,
}

opaque!(BillingUnitPriceTier);

/// A feature of a plan.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Feature {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub slug: String,
    /// Address of the picture.
    pub avatar_url: Option<String>,
}

opaque!(Feature, id);

/// Who pays: a user or an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPayer {
    /// Its identifier.
    pub id: Id,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// The user.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The payer's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The organization.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The organization's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// Address of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// The credit the payer has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_balance: Option<BillingMoney>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

opaque!(BillingPayer, id);

/// How a payer pays.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPaymentMethod {
    /// Its identifier.
    pub id: Id,
    /// Who pays.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// What kind of payment method it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_type: BillingPaymentType,
    /// Whether it is used when no other is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// The payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway: String,
    /// Its identifier at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// The account at the payment provider.
    pub gateway_external_account_id: Option<String>,
    /// The last four digits of the card.
    pub last4: Option<String>,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingPaymentMethodStatus,
    /// The kind of digital wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_type: Option<String>,
    /// The card's brand.
    pub card_type: Option<String>,
    /// The year in which the card expires.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub expiry_year: Option<i64>,
    /// The month in which the card expires, from 1.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub expiry_month: Option<i64>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Whether it can be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_removable: Option<bool>,
}

opaque!(BillingPaymentMethod, id);

open_enum! {
    /// The kind of a payment method.
    BillingPaymentType {
        /// `card`.
        Card = "card",
        /// `link`.
        Link = "link",
        /// `payer-credits`.
        PayerCredits = "payer-credits",
    }
}

open_enum! {
    /// Whether a payment method can be used.
    BillingPaymentMethodStatus {
        /// `active`.
        Active = "active",
        /// `disconnected`.
        Disconnected = "disconnected",
    }
}

/// An amount of money.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingMoney {
    /// How much, in the currency's smallest unit, such as cents.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount: i64,
    /// The amount as text, without the currency's symbol.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub amount_formatted: String,
    /// The currency's code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
    /// The currency's symbol, such as `$`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency_symbol: String,
}

opaque!(BillingMoney);

/// The sums of a payment.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingTotals {
    /// The sum before tax, credits and discounts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subtotal: BillingMoney,
    /// The plan's price without units.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub base_fee: BillingMoney,
    /// The tax.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tax_total: BillingMoney,
    /// What is to be paid in the end.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub grand_total: BillingMoney,
    /// What the units cost, by kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_unit_totals: Option<Vec<BillingPerUnitTotal>>,
    /// What is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<BillingCredits>,
    /// What is discounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discounts: Option<BillingDiscounts>,
}

opaque!(BillingTotals);

/// What the units of one kind cost, such as seats.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPerUnitTotal {
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// How many units are priced together.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub block_size: i64,
    /// The prices, by how many there are.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tiers: Vec<BillingPerUnitTotalTier>,
}

opaque!(BillingPerUnitTotal);

/// What the units within one price tier cost.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPerUnitTotalTier {
    /// How many. `None` is no limit.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<i64>,
    /// The price of each block of units.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub fee_per_block: BillingMoney,
    /// The sum.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total: BillingMoney,
}

opaque!(BillingPerUnitTotalTier);

/// What is credited, by where it comes from.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingCredits {
    /// The part that comes from a change within a period.
    pub proration: Option<BillingProrationCredit>,
    /// Who pays.
    pub payer: Option<BillingPayerCredit>,
    /// The sum.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total: BillingMoney,
}

opaque!(BillingCredits);

/// Credit for the part of a paid period that was not used.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingProrationCredit {
    /// How much.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub amount: BillingMoney,
    /// Days of the period that are left.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub cycle_days_remaining: i64,
    /// Days of the whole period.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub cycle_days_total: i64,
    /// The share of the period that is left, in percent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub cycle_remaining_percent: f64,
}

opaque!(BillingProrationCredit);

/// Credit of the payer that is used up by a payment.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPayerCredit {
    /// How much is left of it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub remaining_balance: BillingMoney,
    /// How much of it is used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub applied_amount: BillingMoney,
}

opaque!(BillingPayerCredit);

/// What is discounted, by where it comes from.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingDiscounts {
    /// The part that comes from a change within a period.
    pub proration: Option<BillingProrationDiscount>,
    /// The sum.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total: BillingMoney,
}

opaque!(BillingDiscounts);

/// Discount for the part of a period that has passed already.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingProrationDiscount {
    /// How much.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub amount: BillingMoney,
    /// Days of the period that have passed.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub cycle_days_passed: i64,
    /// Days of the whole period.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub cycle_days_total: i64,
    /// The share of the period that has passed, in percent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub cycle_passed_percent: f64,
}

opaque!(BillingProrationDiscount);

/// The credit of a payer.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingCreditBalance {
    /// The credit that is left. `None` when there never was any.
    pub balance: Option<BillingMoney>,
}

opaque!(BillingCreditBalance);

/// One change of a payer's credit.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingCreditEntry {
    /// Its identifier.
    pub id: Id,
    /// Who pays.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// How much.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub amount: BillingMoney,
    /// What kind of thing caused it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub source_type: String,
    /// What caused it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub source_id: String,
    /// A remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was made, as an RFC 3339 text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: String,
}

opaque!(BillingCreditEntry, id);

open_enum! {
    /// Which way a credit is changed.
    BillingCreditAction {
        /// More credit.
        Increase = "increase",
        /// Less credit.
        Decrease = "decrease",
    }
}

open_enum! {
    /// Who pays: users or organizations.
    BillingPayerType {
        /// `user`.
        User = "user",
        /// `org`.
        Org = "org",
    }
}

/// How a payer pays, in an older shape.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPaymentSource {
    /// Its identifier.
    pub id: Id,
    /// Who pays.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// What kind of payment source it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_method: BillingPaymentSourceType,
    /// Whether it is used when no other is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// The payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway: String,
    /// Its identifier at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// The account at the payment provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_external_account_id: Option<String>,
    /// The last four digits of the card.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub last4: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingPaymentMethodStatus,
    /// The kind of digital wallet.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub wallet_type: String,
    /// The card's brand.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub card_type: String,
    /// The year in which the card expires.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub expiry_year: Option<i64>,
    /// The month in which the card expires, from 1.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub expiry_month: Option<i64>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// Whether it can be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_removable: Option<bool>,
}

opaque!(BillingPaymentSource, id);

open_enum! {
    /// The kind of a payment source.
    BillingPaymentSourceType {
        /// `card`.
        Card = "card",
        /// `apple_pay`.
        ApplePay = "apple_pay",
        /// `google_pay`.
        GooglePay = "google_pay",
    }
}

/// What a plan costs those who have this price.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPrice {
    /// Its identifier.
    pub id: Id,
    /// The plan.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub plan_id: String,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// The currency's code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
    /// The currency's symbol, such as `$`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency_symbol: String,
    /// The price of a month, in the currency's smallest unit.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount: i64,
    /// The price of a month when a year is paid at once, in the currency's smallest unit.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub annual_monthly_amount: i64,
    /// The price of a month.
    pub fee: Option<BillingMoney>,
    /// The price of a month when a year is paid at once.
    pub annual_monthly_fee: Option<BillingMoney>,
    /// What it is for, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the plan has it when no other is chosen.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_default: bool,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// How often it can be paid.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub supported_billing_periods: BillingPricePeriods,
}

opaque!(BillingPrice, id);

open_enum! {
    /// How often a price can be paid.
    BillingPricePeriods {
        /// Month by month.
        Month = "month",
        /// Year by year.
        Annual = "annual",
        /// Either way.
        Both = "both",
    }
}

/// The move of a subscription item to another price.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPriceTransition {
    /// The subscription item with the new price.
    pub subscription_item: BillingSubscriptionItem,
    /// What is left behind, and when the new price counts.
    pub transition: BillingPriceTransitionDetails,
}

opaque!(BillingPriceTransition);

/// What is left behind by a move to another price, and when the new one counts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPriceTransitionDetails {
    /// The plan before.
    pub previous_plan: BillingPlan,
    /// The price before.
    pub previous_price: BillingPrice,
    /// When the new price begins to count.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub effective_at: Timestamp,
    /// Whether the new price counts at once.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub effective_mode: BillingPriceTransitionMode,
    /// When the next payment is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_billing_date: Option<Timestamp>,
    /// Whether something was paid at once.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub charged_immediately: bool,
    /// How much was paid at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immediate_charge: Option<BillingMoney>,
    /// Where the subscription item before stands now.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub previous_subscription_item_status: BillingSubscriptionItemStatus,
    /// The subscription item before.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub previous_subscription_item_id: String,
}

opaque!(BillingPriceTransitionDetails);

open_enum! {
    /// When a new price counts.
    BillingPriceTransitionMode {
        /// At once.
        Immediate = "immediate",
        /// When the current period ends.
        EndOfPeriod = "end_of_period",
    }
}

/// A discount on a subscription item.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingDiscountRedemption {
    /// Its identifier.
    pub id: Id,
    /// What it is a discount on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subscription_item_id: String,
    /// The discount.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub discount_id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it came about.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub source: BillingDiscountRedemptionSource,
    /// The code that it was got with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promo_code: Option<String>,
    /// How it is reckoned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<BillingDiscountRedemptionEffect>,
    /// What it takes off in percent, when it is a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent_off: Option<f64>,
    /// The amount it takes off, when it is a fixed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_off: Option<BillingMoney>,
    /// How much it takes off the next payment, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<BillingMoney>,
    /// How many periods it will still count for. `None` has no end.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub cycles_remaining: Option<i64>,
    /// How many periods it has counted for.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub cycles_applied: i64,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<BillingDiscountRedemptionStatus>,
    /// When it was given.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub redeemed_at: Timestamp,
    /// Who gave it or got it.
    pub redeemed_by: Option<String>,
}

opaque!(BillingDiscountRedemption, id);

open_enum! {
    /// How a discount came to a subscription item.
    BillingDiscountRedemptionSource {
        /// `promotion`.
        Promotion = "promotion",
        /// `manual`.
        Manual = "manual",
        /// `promo_code`.
        PromoCode = "promo_code",
    }
}

open_enum! {
    /// How a discount is reckoned.
    BillingDiscountRedemptionEffect {
        /// A share of the price.
        Percentage = "percentage",
        /// An amount of money.
        FixedAmount = "fixed_amount",
    }
}

open_enum! {
    /// Where a discount stands.
    BillingDiscountRedemptionStatus {
        /// `active`.
        Active = "active",
        /// `exhausted`.
        Exhausted = "exhausted",
        /// `removed`.
        Removed = "removed",
    }
}

/// What a payer was charged in a time.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingStatement {
    /// Its identifier.
    pub id: Id,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// When it was drawn up.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub timestamp: Timestamp,
    /// Who pays.
    pub payer: BillingPayer,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingStatementStatus,
    /// The sums.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub totals: BillingTotals,
    /// What was charged, by time.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub groups: Vec<BillingStatementGroup>,
}

opaque!(BillingStatement, id);

open_enum! {
    /// Whether more can come onto a statement.
    BillingStatementStatus {
        /// `open`.
        Open = "open",
        /// `closed`.
        Closed = "closed",
    }
}

/// Payment attempts of one time within a statement.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingStatementGroup {
    /// The time they belong to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub timestamp: Timestamp,
    /// The payment attempts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub items: Vec<BillingPaymentAttempt>,
}

opaque!(BillingStatementGroup);

/// An attempt to pay.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPaymentAttempt {
    /// Its identifier.
    pub id: Id,
    /// The payment it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_id: String,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// What kind of payment it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub charge_type: String,
    /// Who is paid.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payee_id: String,
    /// Who is paid.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payee: Metadata,
    /// Who pays.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// Who pays.
    pub payer: BillingPayer,
    /// What is paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_item_id: Option<String>,
    /// What is paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_item: Option<Metadata>,
    /// How much.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub amount: BillingMoney,
    /// The sums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<BillingTotals>,
    /// How it is paid.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_method_id: String,
    /// How it is paid.
    pub payment_method: BillingPaymentMethod,
    /// The statement it stands on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub statement_id: String,
    /// Its identifier at the payment provider.
    pub gateway_external_id: Option<String>,
    /// Its address at the payment provider.
    pub gateway_external_url: Option<String>,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingPaymentAttemptStatus,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(BillingPaymentAttempt, id);

open_enum! {
    /// Where a payment attempt stands.
    BillingPaymentAttemptStatus {
        /// Under way.
        Pending = "pending",
        /// The money has arrived.
        Paid = "paid",
        /// It did not work.
        Failed = "failed",
    }
}
