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
    /// Unique ID.
    pub id: Id,
    /// The instance that the payment attempt belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// The payment that the attempt is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_id: String,
    /// The invoice that the attempt is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<String>,
    /// The statement that includes the attempt.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub statement_id: String,
    /// The ID at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// The current status.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingPaymentAttemptStatus,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last updated.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When the payment completed. `None` if it did not.
    pub paid_at: Option<Timestamp>,
    /// When the payment failed. `None` if it did not.
    pub failed_at: Option<Timestamp>,
    /// Why the payment failed. `None` if it did not.
    pub failed_reason: Option<PaymentFailure>,
    /// The billing date of the payment.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub billing_date: Timestamp,
    /// The type of charge.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub charge_type: ChargeType,
    /// The payee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee: Option<Payee>,
    /// The payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<BillingPayer>,
    /// The totals.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub totals: PaymentTotals,
    /// The payment source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_source: Option<PaymentSource>,
    /// The subscription items that are paid for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subscription_items: Vec<SubscriptionItem>,
}

opaque!(PaymentAttempt, id);

open_enum! {
    /// The type of a charge.
    ChargeType {
        /// The initial charge at checkout.
        Checkout = "checkout",
        /// A charge for a further billing period.
        Recurring = "recurring",
    }
}

/// Why a payment failed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentFailure {
    /// The code of the reason.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub code: String,
    /// The code of the bank's reason.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub decline_code: String,
}

opaque!(PaymentFailure);

/// The recipient of a payment.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Payee {
    /// Unique ID.
    pub id: Id,
    /// The payment provider, such as `stripe`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_type: String,
    /// The account ID at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// The status of the account at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_status: String,
}

opaque!(Payee, id);

/// The totals of a payment.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentTotals {
    /// The total before tax.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subtotal: BillingMoney,
    /// The tax.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tax_total: BillingMoney,
    /// The total amount due.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub grand_total: BillingMoney,
    /// Totals for each kind of unit.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub per_unit_totals: Vec<UnitTotal>,
}

opaque!(PaymentTotals);

/// The total for one kind of unit, such as seats.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitTotal {
    /// The name of the unit.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The price of one unit, in the currency's smallest unit, such as cents.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount: i64,
    /// The number of units. `None` means unlimited.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub quantity: Option<i64>,
    /// The total price, in the currency's smallest unit.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub total: i64,
    /// The currency code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
}

opaque!(UnitTotal);

/// The payment source of a payment.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentSource {
    /// Unique ID.
    pub id: Id,
    /// The payment provider, such as `stripe`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway: String,
    /// The ID at the payment provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub gateway_external_id: String,
    /// The account ID at the payment provider.
    pub gateway_external_account_id: Option<String>,
    /// The type of the payment source.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payment_method: BillingPaymentType,
    /// The status of the payment source.
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
    /// Unique ID.
    pub id: Id,
    /// The current status.
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
    /// When a payment became past due.
    pub past_due_at: Option<Timestamp>,
    /// When it was last updated.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// The ID of the latest payment.
    pub latest_payment_id: Option<String>,
    /// The payer's ID.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub payer_id: String,
    /// The payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<BillingPayer>,
    /// The ID of the payment source.
    pub payment_source_id: Option<String>,
    /// The items of the subscription.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub items: Vec<SubscriptionItem>,
}

opaque!(Subscription, id);

/// One plan in a subscription.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubscriptionItem {
    /// Unique ID.
    pub id: Id,
    /// The current status.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: BillingSubscriptionItemStatus,
    /// Whether the item is in a free trial. Always `false` in payment attempts, which do not contain the field.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_free_trial: bool,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// When the current billing period started.
    pub period_start: Option<Timestamp>,
    /// When the current billing period ends. `None` means that it has no end.
    pub period_end: Option<Timestamp>,
    /// The billing period.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub interval: BillingPeriod,
    /// The billing period. Clerk uses both this name and `interval`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_period: Option<BillingPeriod>,
    /// The plan's ID.
    pub plan_id: Option<String>,
    /// The plan.
    pub plan: Option<Plan>,
    /// The payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<BillingPayer>,
    /// The subscription that the item belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    /// The seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<BillingSeats>,
    /// Credit for the rest of a paid billing period. Only present in payment attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<BillingProrationCredit>,
    /// The credits that are applied. Only present in payment attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<BillingCredits>,
}

opaque!(SubscriptionItem, id);

/// The plan of a subscription item.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Unique ID.
    pub id: Id,
    /// The slug, a URL-friendly name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub slug: String,
    /// The name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Whether the plan renews after each billing period.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_recurring: bool,
    /// The price per billing period, in the currency's smallest unit, such as cents.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount: i64,
    /// The currency code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
    /// The prices for each kind of unit.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub unit_prices: Vec<UnitPrice>,
}

opaque!(Plan, id);

/// What a plan charges for one kind of unit, such as seats.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPrice {
    /// The name of the unit.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The number of units in a pricing block.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub block_size: i64,
    /// The price tiers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tiers: Vec<UnitPriceTier>,
}

opaque!(UnitPrice);

/// The price of the units in one tier.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPriceTier {
    /// The first block of the tier.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub starts_at_block: i64,
    /// The last block of the tier. `None` means unlimited.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub ends_after_block: Option<i64>,
    /// The price of each pricing block, in the currency's smallest unit, such as cents.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub amount_per_block: i64,
    /// The currency code, such as `USD`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
}

opaque!(UnitPriceTier);
