//! Decoding of responses about roles, domains, directories and billing, where real ones differ from Clerk's OpenAPI
//! document.

use bytes::Bytes;
use clerk_core::{
    Operation, Timestamp,
    api::{billing, directories, organization_domains, role_sets, scim_directories},
    decode,
    model::{
        BillingPaymentSourceType, BillingSubscriptionItemStatus, EnrollmentMode, RoleSetType,
        VerificationStatus,
    },
};
use http::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<O: Operation<Output: DeserializeOwned>>(body: &Value) -> O::Output {
    decode::json(O::INFO, &Response::new(Bytes::from(body.to_string()))).unwrap()
}

fn directory(tag: &str) -> Value {
    json!({
        "object": tag,
        "id": "dir_1",
        "name": "Staff",
        "enterprise_connection_id": null,
        "endpoint_url": "https://api.example.com/scim/dir_1",
        "provider": "okta",
        "enabled": true,
        "group_role_mapping_enabled": false,
        "attribute_mapping": {"first_name": "name.givenName"},
        "custom_attributes": [{"key": "title", "scim_path": "title", "directory_path": "title"}],
        "api_key": "secret",
        "created_at": 1,
        "updated_at": 2,
    })
}

#[test]
fn a_directory_is_the_same_under_both_names() {
    let new = read::<directories::RotateApiKey>(&directory("directory"));
    let old = read::<scim_directories::RotateApiKey>(&directory("scim_directory"));
    assert!(new == old);
    assert_eq!(new.api_key.as_deref(), Some("secret"));
    assert_eq!(new.custom_attributes.as_ref().unwrap()[0].directory_path.as_deref(), Some("title"));
    assert_eq!(format!("{new:?}"), "Directory { id: Id(\"dir_1\"), .. }");

    let list = json!({"data": [directory("scim_directory")], "total_count": 1});
    let page = read::<scim_directories::List>(&list);
    assert_eq!((page.len(), page.total_count), (1, Some(1)));
}

#[test]
fn group_roles_carry_groups_under_two_names() {
    let mapping = json!({
        "object": "scim_group_role_mapping",
        "id": "map_1",
        "scim_directory_id": "dir_1", "directory_id": "dir_1",
        "scim_group_id": "grp", "directory_group_id": "grp",
        "scim_group_display_name": "Engineers", "directory_group_display_name": "Engineers",
        "role": {"object": "role", "id": "role_1", "key": "org:member", "permissions": null},
        "precedence": 1,
    });
    let page =
        read::<scim_directories::ReplaceGroupRoleMappings>(&json!({"data": [mapping], "total_count": 1}));
    assert_eq!((page[0].directory_group_id.as_str(), page[0].precedence), ("grp", 1));
    assert!(page[0].role.as_ref().unwrap().permissions.is_empty());

    let gone = json!({"object": "directory_group_role_mapping", "id": "map_1", "deleted": true});
    assert!(read::<directories::DeleteGroupRoleMapping>(&gone).deleted);
    let unsure = Response::new(Bytes::from_static(b"{\"id\": \"map_1\"}"));
    assert!(directories::delete_group_role_mapping("dir_1", "map_1").decode(&unsure).is_err());
}

#[test]
fn domains_are_verified_in_two_ways() {
    let domain = json!({
        "id": "orgdmn_1",
        "organization_id": "org_1",
        "name": "example.com",
        "enrollment_mode": "carrier_pigeon",
        "affiliation_email_address": null,
        "affiliation_verification": null,
        "ownership_verification": {
            "status": "verified", "strategy": "manual_override",
            "attempts": null, "expire_at": null, "verified_at": 1_700_000_000_123_i64,
        },
        "total_pending_invitations": 2.0,
    });
    let domain = read::<organization_domains::VerifyOwnership>(&domain);
    assert_eq!(domain.enrollment_mode, EnrollmentMode::from("carrier_pigeon"));
    assert_eq!(domain.total_pending_invitations, 2);
    let ownership = domain.ownership_verification.unwrap();
    assert_eq!(ownership.status, VerificationStatus::Verified);
    assert_eq!(ownership.verified_at, Some(Timestamp::from_millis(1_700_000_000_123)));
}

#[test]
fn role_sets_may_be_migrating() {
    let set = json!({
        "id": "rs_1", "name": "Default", "key": "role_set:default", "type": "initial",
        "roles": [{"id": "role_1", "key": "org:admin", "members_count": null}],
        "default_role": null,
        "role_set_migration": {
            "id": "mig_1", "status": "in_progress", "migrated_members": 3,
            "mappings": {"org:guest": "org:member"}, "completed_at": null,
        },
    });
    let set = read::<role_sets::Get>(&set);
    assert_eq!(set.r#type, RoleSetType::Initial);
    let migration = set.role_set_migration.unwrap();
    assert_eq!(migration.mappings.unwrap()["org:guest"], "org:member");
    assert!(set.default_role.is_none() && set.creator_role.is_none());
}

fn money(amount: i64) -> Value {
    json!({"amount": amount, "amount_formatted": "1.00", "currency": "USD", "currency_symbol": "$"})
}

#[test]
fn subscription_items_are_decoded_in_both_formats() {
    let older = json!({
        "id": "subi_1", "status": "active", "plan_id": "cplan_1", "plan_period": "month",
        "plan": {
            "id": "cplan_1", "name": "Pro", "fee": money(100), "amount": 100, "currency": "USD",
            "payer_type": ["org"], "for_payer_type": "org", "period": "month", "interval": 1,
            "description": null, "features": [{"id": "feat_1", "name": "SSO"}],
        },
        "payment_source_id": "src_1",
        "payment_source": {"id": "src_1", "payment_method": "apple_pay", "status": "active", "last4": null},
        "amount": money(100),
        "payer": {"id": "payer_1", "organization_id": "org_1"},
        "payer_id": "payer_1", "is_free_trial": true, "period_start": null, "proration_date": "2026-01-02",
    });
    let item = read::<billing::ExtendSubscriptionItemFreeTrial>(&older);
    assert_eq!(item.status, BillingSubscriptionItemStatus::Active);
    assert!(item.period_start.is_none() && item.payment_method.is_none());
    assert_eq!(item.payment_source.unwrap().payment_method, BillingPaymentSourceType::ApplePay);
    assert_eq!((item.amount.unwrap().amount, item.plan.unwrap().interval), (100, Some(1)));

    let usual = json!({
        "id": "subi_1", "status": "upcoming", "payer_id": "payer_1", "plan_id": null,
        "period_start": 1_700_000_000_000_i64, "period_end": null,
        "payment_method": {"id": "pm_1", "payment_type": "card", "status": "active"},
    });
    let item = read::<billing::CancelSubscriptionItem>(&usual);
    assert_eq!(item.period_start, Some(Timestamp::from_secs(1_700_000_000)));
    let transition = json!({
        "subscription_item": usual,
        "transition": {
            "previous_plan": {"id": "cplan_1"}, "previous_price": {"id": "cprice_1", "fee": null},
            "effective_at": 1, "effective_mode": "immediate", "next_billing_date": null,
            "charged_immediately": false, "previous_subscription_item_status": "ended",
            "previous_subscription_item_id": "subi_0",
        },
    });
    let transition = read::<billing::CreatePriceTransition>(&transition).transition;
    assert_eq!(transition.previous_subscription_item_status, BillingSubscriptionItemStatus::Ended);
    assert!(transition.next_billing_date.is_none());
}

#[test]
fn statements_and_discounts() {
    let statement = json!({
        "id": "stmt_1", "timestamp": 1_700_000_000_000_i64, "status": "closed",
        "payer": {"id": "payer_1", "user_id": "user_1"},
        "totals": {"grand_total": money(3), "subtotal": money(3), "base_fee": money(3), "tax_total": money(0)},
        "groups": [{"timestamp": 1, "items": [{
            "id": "pay_1", "status": "failed", "payer": {"id": "payer_1"}, "payee": {"id": "payee_1"},
            "payment_method": {"id": "pm_1"}, "amount": money(3), "paid_at": null, "failed_at": 5,
        }]}],
    });
    let statement = read::<billing::GetStatement>(&statement);
    assert_eq!(statement.timestamp, Timestamp::from_secs(1_700_000_000));
    assert_eq!(statement.totals.grand_total.amount, 3);
    assert_eq!(statement.groups[0].items[0].failed_at, Some(Timestamp::from_millis(5)));

    let discount = json!({
        "id": "red_1", "discount_id": "disc_1", "source": "manual", "effect": "percentage",
        "percent_off": 12.5, "cycles_remaining": null, "cycles_applied": 1, "redeemed_at": 1, "redeemed_by": null,
    });
    let discount = read::<billing::ApplySubscriptionItemDiscount>(&discount);
    assert_eq!((discount.percent_off, discount.cycles_remaining), (Some(12.5), None));
}
