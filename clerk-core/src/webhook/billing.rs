use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    decode::lenient,
    id::Id,
    model::{
        BillingCredits, BillingMoney, BillingPayer, BillingPaymentAttemptStatus, BillingPaymentMethodStatus,
        BillingPaymentType, BillingPeriod, BillingProrationCredit, BillingSeats,
        BillingSubscriptionItemStatus, BillingSubscriptionStatus,
    },
    opaque::opaque,
    open_enum::open_enum,
};

/// An attempt to take a payment.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentAttempt {
    /// Its identifier.
    pub id: Id,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// The payment it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_id: String,
    /// The invoice it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<String>,
    /// The statement it stands on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub statement_id: String,
    /// Its identifier at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingPaymentAttemptStatus,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// Why it failed.
    pub failed_reason: Option<PaymentFailure>,
    /// The day it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub billing_date: Timestamp,
    /// What kind of payment it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub charge_type: ChargeType,
    /// Who is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee: Option<Payee>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<BillingPayer>,
    /// The sums.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub totals: PaymentTotals,
    /// How it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_source: Option<PaymentSource>,
    /// What is paid for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subscription_items: Vec<SubscriptionItem>,
}

opaque!(PaymentAttempt, id);

open_enum! {
    /// What kind of payment it is.
    ChargeType {
        /// The first one, when something is bought.
        Checkout = "checkout",
        /// One that comes again with each period.
        Recurring = "recurring",
    }
}

/// Why a payment failed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentFailure {
    /// The reason, as a code.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub code: String,
    /// The bank's reason, as a code.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub decline_code: String,
}

opaque!(PaymentFailure);

/// Who is paid.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Payee {
    /// Its identifier.
    pub id: Id,
    /// The payment provider, such as `stripe`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_type: String,
    /// The account at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// Where that account stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_status: String,
}

opaque!(Payee, id);

/// The sums of a payment.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentTotals {
    /// The sum before tax.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subtotal: BillingMoney,
    /// The tax.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tax_total: BillingMoney,
    /// What is to be paid in the end.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub grand_total: BillingMoney,
    /// What the units cost, by kind.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub per_unit_totals: Vec<UnitTotal>,
}

opaque!(PaymentTotals);

/// What the units of one kind cost, such as seats.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitTotal {
    /// The kind's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The price of one unit, in the currency's smallest unit, such as cents.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount: i64,
    /// How many units. `None` is no limit.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub quantity: Option<i64>,
    /// The price of all of them, in the currency's smallest unit.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub total: i64,
    /// The currency's code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
}

opaque!(UnitTotal);

/// How a payment is made.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentSource {
    /// Its identifier.
    pub id: Id,
    /// The payment provider, such as `stripe`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway: String,
    /// Its identifier at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// The account at the payment provider.
    pub gateway_external_account_id: Option<String>,
    /// What kind it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_method: BillingPaymentType,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingPaymentMethodStatus,
    /// The card's brand.
    pub card_type: Option<String>,
    /// The last four digits of the card.
    pub last4: Option<String>,
}

opaque!(PaymentSource, id);

/// The subscription of a user or an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subscription {
    /// Its identifier.
    pub id: Id,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingSubscriptionStatus,
    /// When it became active.
    pub active_at: Option<Timestamp>,
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Since when a payment is overdue.
    pub past_due_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// The latest payment.
    pub latest_payment_id: Option<String>,
    /// Who pays.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<BillingPayer>,
    /// How it is paid.
    pub payment_source_id: Option<String>,
    /// What is subscribed to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub items: Vec<SubscriptionItem>,
}

opaque!(Subscription, id);

/// One plan within a subscription.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubscriptionItem {
    /// Its identifier.
    pub id: Id,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingSubscriptionItemStatus,
    /// Whether it is in its free trial. Payment attempts do not say, which is `false`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_free_trial: bool,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// When the current period started.
    pub period_start: Option<Timestamp>,
    /// When the current period ends. `None` when it has no end.
    pub period_end: Option<Timestamp>,
    /// How often it is paid.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub interval: BillingPeriod,
    /// How often it is paid, under its other name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_period: Option<BillingPeriod>,
    /// The plan.
    pub plan_id: Option<String>,
    /// The plan.
    pub plan: Option<Plan>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<BillingPayer>,
    /// The subscription it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    /// How many seats there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<BillingSeats>,
    /// Credit for the rest of a paid period. Only in payment attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<BillingProrationCredit>,
    /// What is credited. Only in payment attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<BillingCredits>,
}

opaque!(SubscriptionItem, id);

/// A plan that is subscribed to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Its identifier.
    pub id: Id,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub slug: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Whether it is paid again and again.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_recurring: bool,
    /// The price of a period, in the currency's smallest unit, such as cents.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount: i64,
    /// The currency's code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
    /// What units cost, by kind.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub unit_prices: Vec<UnitPrice>,
}

opaque!(Plan, id);

/// What a plan charges for units of one kind, such as seats.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPrice {
    /// The kind's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// How many units are priced together.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub block_size: i64,
    /// The prices, by how many there are.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tiers: Vec<UnitPriceTier>,
}

opaque!(UnitPrice);

/// The price of the units within one tier.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPriceTier {
    /// The first block of the tier.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub starts_at_block: i64,
    /// The last block of the tier. `None` when it has no end.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub ends_after_block: Option<i64>,
    /// The price of each block, in the currency's smallest unit, such as cents.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount_per_block: i64,
    /// The currency's code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
}

opaque!(UnitPriceTier);
