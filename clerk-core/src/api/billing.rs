//! Billing: plans, prices, what is subscribed to, statements and payments.
//!
//! ```
//! use clerk_core::{Operation, api::billing, model::BillingPayerType};
//!
//! let request = billing::list_plans().payer_type(BillingPayerType::Org).limit(20).request().unwrap();
//! assert_eq!(request.method(), "GET");
//! assert_eq!(request.uri().path(), "/billing/plans");
//!
//! let request = billing::cancel_subscription_item("subi_1").end_now(true).request().unwrap();
//! assert_eq!(request.uri(), "/billing/subscription_items/subi_1?end_now=true");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{
        BillingDiscountRedemption, BillingPayerType, BillingPaymentAttempt, BillingPlan, BillingPrice,
        BillingPricePeriods, BillingPriceTransition, BillingStatement, BillingSubscriptionItem,
        BillingSubscriptionItemStatus,
    },
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists plans, the newest first.
///
/// `GET /billing/plans` ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)).
/// Documented error statuses: 400, 401, 422, 500.
pub fn list_plans() -> ListPlans {
    ListPlans { limit: None, offset: None, payer_type: None }
}

/// The operation that [`list_plans`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListPlans {
    limit: Option<u32>,
    offset: Option<u32>,
    payer_type: Option<BillingPayerType>,
}

opaque!(ListPlans);

impl ListPlans {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Only those for users, or only those for organizations.
    pub fn payer_type(mut self, payer_type: impl Into<BillingPayerType>) -> Self {
        self.payer_type = Some(payer_type.into());
        self
    }
}

impl Operation for ListPlans {
    type Output = Page<BillingPlan>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetCommercePlanList", Method::GET, "/billing/plans", "Billing");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query("paginated", true)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("payer_type", self.payer_type.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListPlans {
    type Item = BillingPlan;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Lists prices, the lowest first.
///
/// `GET /billing/prices` ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)).
/// Documented error statuses: 400, 401, 404, 422, 500.
pub fn list_prices() -> ListPrices {
    ListPrices { limit: None, offset: None, plan_id: None }
}

/// The operation that [`list_prices`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListPrices {
    limit: Option<u32>,
    offset: Option<u32>,
    plan_id: Option<Id>,
}

opaque!(ListPrices);

impl ListPrices {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Only those of this plan.
    pub fn plan_id(mut self, plan_id: impl Into<Id>) -> Self {
        self.plan_id = Some(plan_id.into());
        self
    }
}

impl Operation for ListPrices {
    type Output = Page<BillingPrice>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetBillingPriceList", Method::GET, "/billing/prices", "Billing");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query("paginated", true)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("plan_id", self.plan_id.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListPrices {
    type Item = BillingPrice;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a price of its own for a plan, in the currency's smallest unit for a month; 0 is free.
///
/// `POST /billing/prices` ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)).
/// Documented error statuses: 400, 401, 404, 422, 500.
pub fn create_price(plan_id: impl Into<Id>, amount: impl Into<Nullable<i64>>) -> CreatePrice {
    CreatePrice {
        plan_id: plan_id.into(),
        currency: None,
        amount: amount.into(),
        annual_monthly_amount: Nullable::Absent,
        description: None,
        supported_billing_periods: None,
    }
}

/// The operation that [`create_price`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreatePrice {
    plan_id: Id,
    currency: Option<String>,
    amount: Nullable<i64>,
    annual_monthly_amount: Nullable<i64>,
    description: Option<String>,
    supported_billing_periods: Option<BillingPricePeriods>,
}

opaque!(CreatePrice);

impl CreatePrice {
    /// The currency's code, such as `USD`.
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }

    /// The price of a month when a year is paid at once, in the currency's smallest unit; 0 is free.
    pub fn annual_monthly_amount(mut self, annual_monthly_amount: impl Into<Nullable<i64>>) -> Self {
        self.annual_monthly_amount = annual_monthly_amount.into();
        self
    }

    /// What it is for, for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// How it can be paid. Follows from the amounts when left out.
    pub fn supported_billing_periods(
        mut self,
        supported_billing_periods: impl Into<BillingPricePeriods>,
    ) -> Self {
        self.supported_billing_periods = Some(supported_billing_periods.into());
        self
    }
}

impl Operation for CreatePrice {
    type Output = BillingPrice;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateBillingPrice", Method::POST, "/billing/prices", "Billing");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("plan_id", &self.plan_id)
                    .optional("currency", &self.currency)
                    .required("amount", &self.amount)
                    .nullable("annual_monthly_amount", &self.annual_monthly_amount)
                    .optional("description", &self.description)
                    .optional("supported_billing_periods", &self.supported_billing_periods);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists the subscription items of users and organizations, the newest first.
///
/// `GET /billing/subscription_items`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 422, 500.
pub fn list_subscription_items() -> ListSubscriptionItems {
    ListSubscriptionItems {
        limit: None,
        offset: None,
        status: None,
        payer_type: None,
        plan_id: None,
        include_free: None,
        query: None,
    }
}

/// The operation that [`list_subscription_items`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListSubscriptionItems {
    limit: Option<u32>,
    offset: Option<u32>,
    status: Option<BillingSubscriptionItemStatus>,
    payer_type: Option<BillingPayerType>,
    plan_id: Option<Id>,
    include_free: Option<bool>,
    query: Option<String>,
}

opaque!(ListSubscriptionItems);

impl ListSubscriptionItems {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Only those that stand so.
    pub fn status(mut self, status: impl Into<BillingSubscriptionItemStatus>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Only those for users, or only those for organizations.
    pub fn payer_type(mut self, payer_type: impl Into<BillingPayerType>) -> Self {
        self.payer_type = Some(payer_type.into());
        self
    }

    /// Only those of this plan.
    pub fn plan_id(mut self, plan_id: impl Into<Id>) -> Self {
        self.plan_id = Some(plan_id.into());
        self
    }

    /// Whether to list those of free plans as well.
    pub fn include_free(mut self, include_free: bool) -> Self {
        self.include_free = Some(include_free);
        self
    }

    /// Only those in which one of the searched fields contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }
}

impl Operation for ListSubscriptionItems {
    type Output = Page<BillingSubscriptionItem>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetCommerceSubscriptionItemList",
        Method::GET,
        "/billing/subscription_items",
        "Billing",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query("paginated", true)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("status", self.status.as_ref())
            .query_opt("payer_type", self.payer_type.as_ref())
            .query_opt("plan_id", self.plan_id.as_ref())
            .query_opt("include_free", self.include_free.as_ref())
            .query_opt("query", self.query.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListSubscriptionItems {
    type Item = BillingSubscriptionItem;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Cancels a subscription item: at the end of its period, unless told otherwise.
///
/// `DELETE /billing/subscription_items/{subscription_item_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 403, 404, 422, 500.
pub fn cancel_subscription_item(subscription_item_id: impl Into<Id>) -> CancelSubscriptionItem {
    CancelSubscriptionItem { subscription_item_id: subscription_item_id.into(), end_now: None }
}

/// The operation that [`cancel_subscription_item`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CancelSubscriptionItem {
    subscription_item_id: Id,
    end_now: Option<bool>,
}

opaque!(CancelSubscriptionItem);

impl CancelSubscriptionItem {
    /// Whether to cancel at once.
    pub fn end_now(mut self, end_now: bool) -> Self {
        self.end_now = Some(end_now);
        self
    }
}

impl Operation for CancelSubscriptionItem {
    type Output = BillingSubscriptionItem;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CancelCommerceSubscriptionItem",
        Method::DELETE,
        "/billing/subscription_items/{subscription_item_id}",
        "Billing",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("subscription_item_id", &self.subscription_item_id)
            .query_opt("end_now", self.end_now.as_ref())
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Extends the free trial of a subscription item that is in one, until a time given as an RFC 3339
/// text. A repetition with the same time has no further effect.
///
/// `POST /billing/subscription_items/{subscription_item_id}/extend_free_trial`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 403, 404, 422, 500.
pub fn extend_subscription_item_free_trial(
    subscription_item_id: impl Into<Id>,
    extend_to: impl Into<String>,
) -> ExtendSubscriptionItemFreeTrial {
    ExtendSubscriptionItemFreeTrial {
        subscription_item_id: subscription_item_id.into(),
        extend_to: extend_to.into(),
    }
}

/// The operation that [`extend_subscription_item_free_trial`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ExtendSubscriptionItemFreeTrial {
    subscription_item_id: Id,
    extend_to: String,
}

opaque!(ExtendSubscriptionItemFreeTrial);

impl Operation for ExtendSubscriptionItemFreeTrial {
    type Output = BillingSubscriptionItem;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ExtendBillingSubscriptionItemFreeTrial",
        Method::POST,
        "/billing/subscription_items/{subscription_item_id}/extend_free_trial",
        "Billing",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("subscription_item_id", &self.subscription_item_id)
            .json(|body| {
                body.required("extend_to", &self.extend_to);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Moves a subscription item from one price to another, at once or at the end of its period. Takes the
/// present price and the new one.
///
/// `POST /billing/subscription_items/{subscription_item_id}/price_transition`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 403, 404, 409, 422, 500.
pub fn create_price_transition(
    subscription_item_id: impl Into<Id>,
    from_price_id: impl Into<Id>,
    to_price_id: impl Into<Id>,
) -> CreatePriceTransition {
    CreatePriceTransition {
        subscription_item_id: subscription_item_id.into(),
        from_price_id: from_price_id.into(),
        to_price_id: to_price_id.into(),
    }
}

/// The operation that [`create_price_transition`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreatePriceTransition {
    subscription_item_id: Id,
    from_price_id: Id,
    to_price_id: Id,
}

opaque!(CreatePriceTransition);

impl Operation for CreatePriceTransition {
    type Output = BillingPriceTransition;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateBillingPriceTransition",
        Method::POST,
        "/billing/subscription_items/{subscription_item_id}/price_transition",
        "Billing",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("subscription_item_id", &self.subscription_item_id)
            .json(|body| {
                body.required("from_price_id", &self.from_price_id)
                    .required("to_price_id", &self.to_price_id);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a subscription item a discount, which takes the place of the one it has. Refused with status
/// 409 when it has that one.
///
/// `POST /billing/subscription_items/{subscription_item_id}/discounts`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 403, 404, 409, 422, 500.
pub fn apply_subscription_item_discount(
    subscription_item_id: impl Into<Id>,
    discount_id: impl Into<Id>,
) -> ApplySubscriptionItemDiscount {
    ApplySubscriptionItemDiscount {
        subscription_item_id: subscription_item_id.into(),
        discount_id: discount_id.into(),
    }
}

/// The operation that [`apply_subscription_item_discount`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ApplySubscriptionItemDiscount {
    subscription_item_id: Id,
    discount_id: Id,
}

opaque!(ApplySubscriptionItemDiscount);

impl Operation for ApplySubscriptionItemDiscount {
    type Output = BillingDiscountRedemption;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ApplyBillingSubscriptionItemDiscount",
        Method::POST,
        "/billing/subscription_items/{subscription_item_id}/discounts",
        "Billing",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("subscription_item_id", &self.subscription_item_id)
            .json(|body| {
                body.required("discount_id", &self.discount_id);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes its discount from a subscription item.
///
/// `DELETE /billing/subscription_items/{subscription_item_id}/discounts/{discount_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 403, 404, 409, 422, 500.
pub fn remove_subscription_item_discount(
    subscription_item_id: impl Into<Id>,
    discount_id: impl Into<Id>,
) -> RemoveSubscriptionItemDiscount {
    RemoveSubscriptionItemDiscount {
        subscription_item_id: subscription_item_id.into(),
        discount_id: discount_id.into(),
    }
}

/// The operation that [`remove_subscription_item_discount`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RemoveSubscriptionItemDiscount {
    subscription_item_id: Id,
    discount_id: Id,
}

opaque!(RemoveSubscriptionItemDiscount);

impl Operation for RemoveSubscriptionItemDiscount {
    type Output = BillingDiscountRedemption;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RemoveBillingSubscriptionItemDiscount",
        Method::DELETE,
        "/billing/subscription_items/{subscription_item_id}/discounts/{discount_id}",
        "Billing",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("subscription_item_id", &self.subscription_item_id)
            .path("discount_id", &self.discount_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists statements, the newest first.
///
/// `GET /billing/statements` ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)).
/// Documented error statuses: 400, 401, 422, 500.
pub fn list_statements() -> ListStatements {
    ListStatements { limit: None, offset: None }
}

/// The operation that [`list_statements`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListStatements {
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(ListStatements);

impl ListStatements {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl Operation for ListStatements {
    type Output = Page<BillingStatement>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetBillingStatementList", Method::GET, "/billing/statements", "Billing");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query("paginated", true)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListStatements {
    type Item = BillingStatement;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// One statement.
///
/// `GET /billing/statements/{statementID}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 404, 422, 500.
pub fn get_statement(statement_id: impl Into<Id>) -> GetStatement {
    GetStatement { statement_id: statement_id.into() }
}

/// The operation that [`get_statement`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetStatement {
    statement_id: Id,
}

opaque!(GetStatement);

impl Operation for GetStatement {
    type Output = BillingStatement;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetBillingStatement",
        Method::GET,
        "/billing/statements/{statementID}",
        "Billing",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("statementID", &self.statement_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists a statement's payment attempts, the newest first.
///
/// `GET /billing/statements/{statementID}/payment_attempts`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/billing)). Documented error statuses:
/// 400, 401, 404, 422, 500.
pub fn get_statement_payment_attempts(statement_id: impl Into<Id>) -> GetStatementPaymentAttempts {
    GetStatementPaymentAttempts { statement_id: statement_id.into(), limit: None, offset: None }
}

/// The operation that [`get_statement_payment_attempts`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetStatementPaymentAttempts {
    statement_id: Id,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(GetStatementPaymentAttempts);

impl GetStatementPaymentAttempts {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl Operation for GetStatementPaymentAttempts {
    type Output = Page<BillingPaymentAttempt>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetBillingStatementPaymentAttempts",
        Method::GET,
        "/billing/statements/{statementID}/payment_attempts",
        "Billing",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("statementID", &self.statement_id)
            .query("paginated", true)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for GetStatementPaymentAttempts {
    type Item = BillingPaymentAttempt;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}
