//! Requests about roles, domains, directories and billing: their exact method, URI and body.

use std::collections::BTreeMap;

use clerk_core::{
    Nullable, Operation,
    api::{
        OPERATIONS, billing, directories, organization_domains, organization_permissions, organization_roles,
        role_sets, scim_directories,
    },
    model::{
        BillingPayerType, BillingPricePeriods, BillingSubscriptionItemStatus, EnrollmentMode,
        EnrollmentModeFilter, RoleSetType,
    },
    operation::Retry,
};
use http::header;

#[track_caller]
fn check(operation: &impl Operation, line: &str, body: &str) {
    let request = operation.request().unwrap();
    assert_eq!(format!("{} {}", request.method(), request.uri()), line);
    match request.headers().get(header::CONTENT_TYPE) {
        Some(kind) => {
            assert_eq!((kind.as_bytes(), &**request.body()), (&b"application/json"[..], body.as_bytes()));
        }
        None => assert_eq!((request.body().len(), body), (0, "-")),
    }
}

#[test]
fn roles_and_permissions() {
    check(
        &organization_roles::list().query("admin").order_by("-name").limit(20).offset(40),
        "GET /organization_roles?query=admin&order_by=-name&limit=20&offset=40",
        "-",
    );
    check(
        &organization_roles::create("Admin", "org:admin")
            .permissions(["perm_1"])
            .include_in_initial_role_set(true),
        "POST /organization_roles",
        r#"{"name":"Admin","key":"org:admin","permissions":["perm_1"],"include_in_initial_role_set":true}"#,
    );
    check(&organization_roles::get("role_1"), "GET /organization_roles/role_1", "-");
    check(
        &organization_roles::update("role_1").description(Nullable::Null).permissions(Vec::new()),
        "PATCH /organization_roles/role_1",
        r#"{"description":null,"permissions":[]}"#,
    );
    check(&organization_roles::delete("role_1"), "DELETE /organization_roles/role_1", "-");
    check(
        &organization_roles::assign_permission("role_1", "perm_1"),
        "POST /organization_roles/role_1/permissions/perm_1",
        "-",
    );
    check(
        &organization_roles::remove_permission("role_1", "perm_1"),
        "DELETE /organization_roles/role_1/permissions/perm_1",
        "-",
    );
    check(&organization_permissions::list().limit(1), "GET /organization_permissions?limit=1", "-");
    check(
        &organization_permissions::create("Read", "org:invoices:read").description("Sees invoices"),
        "POST /organization_permissions",
        r#"{"name":"Read","key":"org:invoices:read","description":"Sees invoices"}"#,
    );
    check(
        &organization_permissions::update("perm_1").name("Look"),
        "PATCH /organization_permissions/perm_1",
        r#"{"name":"Look"}"#,
    );
    check(&organization_permissions::get("perm_1"), "GET /organization_permissions/perm_1", "-");
    check(&organization_permissions::delete("perm_1"), "DELETE /organization_permissions/perm_1", "-");
}

#[test]
fn domains() {
    check(
        &organization_domains::list("org_1").verified(false).enrollment_mode([
            EnrollmentModeFilter::ManualInvitation,
            EnrollmentModeFilter::NotEnterpriseSso,
        ]),
        "GET /organizations/org_1/domains?verified=false&enrollment_mode=manual_invitation\
         &enrollment_mode=-enterprise_sso",
        "-",
    );
    check(
        &organization_domains::list_all()
            .organization_id("org_1")
            .verified(true)
            .enrollment_mode([EnrollmentModeFilter::EnterpriseSso, EnrollmentModeFilter::NotManualInvitation])
            .domains(["example.com", "test.org"]),
        "GET /organization_domains?organization_id=org_1&verified=true\
         &enrollment_mode=enterprise_sso%2C-manual_invitation&domains=example.com&domains=test.org",
        "-",
    );
    check(
        &organization_domains::create("org_1", "example.com")
            .enrollment_mode(EnrollmentMode::EnterpriseSso)
            .verified(Nullable::Null),
        "POST /organizations/org_1/domains",
        r#"{"name":"example.com","enrollment_mode":"enterprise_sso","verified":null}"#,
    );
    check(
        &organization_domains::update("org_1", "orgdmn_1")
            .enrollment_mode(EnrollmentMode::AutomaticSuggestion),
        "PATCH /organizations/org_1/domains/orgdmn_1",
        r#"{"enrollment_mode":"automatic_suggestion"}"#,
    );
    check(
        &organization_domains::verify_ownership("org_1", "orgdmn_1"),
        "POST /organizations/org_1/domains/orgdmn_1/verify_ownership",
        "-",
    );
    check(
        &organization_domains::delete("org_1", "orgdmn_1"),
        "DELETE /organizations/org_1/domains/orgdmn_1",
        "-",
    );
}

#[test]
fn role_sets_name_roles_by_key() {
    check(&role_sets::list().order_by("key"), "GET /role_sets?order_by=key", "-");
    check(&role_sets::get("role_set:default"), "GET /role_sets/role_set%3Adefault", "-");
    check(
        &role_sets::create("Teams", "org:member", "org:admin", ["org:admin", "org:member"])
            .key("role_set:teams")
            .r#type(RoleSetType::Custom),
        "POST /role_sets",
        r#"{"name":"Teams","key":"role_set:teams","default_role_key":"org:member","creator_role_key":"org:admin","type":"custom","roles":["org:admin","org:member"]}"#,
    );
    check(
        &role_sets::update("rs_1").description(Nullable::Null).r#type(RoleSetType::Initial),
        "PATCH /role_sets/rs_1",
        r#"{"description":null,"type":"initial"}"#,
    );
    let mappings = BTreeMap::from([("org:guest".to_owned(), "org:member".to_owned())]);
    check(
        &role_sets::replace("rs_1", "role_set:default").reassignment_mappings(mappings),
        "POST /role_sets/rs_1/replace",
        r#"{"dest_role_set_key":"role_set:default","reassignment_mappings":{"org:guest":"org:member"}}"#,
    );
    check(
        &role_sets::add_roles("rs_1", ["org:guest"]).default_role_key("org:guest"),
        "POST /role_sets/rs_1/roles",
        r#"{"role_keys":["org:guest"],"default_role_key":"org:guest"}"#,
    );
    check(
        &role_sets::replace_role("rs_1", "org:guest", "org:member"),
        "POST /role_sets/rs_1/roles/replace",
        r#"{"role_key":"org:guest","to_role_key":"org:member"}"#,
    );
}

#[test]
fn role_sets_accept_1_to_10_roles_at_once() {
    for (count, fits) in [(0, false), (1, true), (10, true), (11, false)] {
        let roles = vec!["org:member"; count];
        let fault = role_sets::create("Teams", "org:member", "org:admin", roles.clone()).request();
        assert_eq!(
            fault.map(drop).map_err(|e| (e.operation, e.field)),
            expected(fits, "CreateRoleSet", "roles")
        );
        let fault = role_sets::add_roles("rs_1", roles).request();
        assert_eq!(
            fault.map(drop).map_err(|e| (e.operation, e.field)),
            expected(fits, "AddRolesToRoleSet", "role_keys")
        );
    }
}

fn expected<'a>(fits: bool, operation: &'a str, field: &'a str) -> Result<(), (&'a str, &'a str)> {
    if fits { Ok(()) } else { Err((operation, field)) }
}

#[test]
fn directories_under_both_names() {
    check(&directories::list().limit(5), "GET /directories?limit=5", "-");
    check(
        &directories::create("entconn_1", "okta").name("Staff").group_role_mappings([
            directories::NewGroupRoleMapping::new("grp", "role_1")
                .directory_group_display_name("Engineers")
                .precedence(1),
        ]),
        "POST /directories",
        r#"{"enterprise_connection_id":"entconn_1","name":"Staff","provider":"okta","group_role_mappings":[{"directory_group_id":"grp","directory_group_display_name":"Engineers","role_id":"role_1","precedence":1}]}"#,
    );
    let mapping =
        BTreeMap::from([("title".to_owned(), None), ("first_name".to_owned(), Some("name".to_owned()))]);
    check(
        &directories::update("dir_1").attribute_mapping(mapping),
        "PATCH /directories/dir_1",
        r#"{"attribute_mapping":{"first_name":"name","title":null}}"#,
    );
    check(&directories::rotate_api_key("dir_1"), "POST /directories/dir_1/rotate_api_key", "-");
    check(
        &directories::create_group_role_mapping("dir_1", "grp", "role_1").precedence(2),
        "POST /directories/dir_1/group_role_mappings",
        r#"{"directory_group_id":"grp","role_id":"role_1","precedence":2}"#,
    );
    check(
        &directories::replace_group_role_mappings("dir_1", [directories::GroupRole::new("grp", "role_1")]),
        "PUT /directories/dir_1/group_role_mappings",
        r#"{"mappings":[{"directory_group_id":"grp","role_id":"role_1"}]}"#,
    );
    check(
        &scim_directories::replace_group_role_mappings("dir_1", [] as [scim_directories::GroupRole; 0]),
        "PUT /scim_directories/dir_1/group_role_mappings",
        r#"{"mappings":[]}"#,
    );
    check(
        &scim_directories::create_group_role_mapping("dir_1", "grp", "role_1"),
        "POST /scim_directories/dir_1/group_role_mappings",
        r#"{"scim_group_id":"grp","role_id":"role_1"}"#,
    );
    check(
        &scim_directories::delete_group_role_mapping("dir_1", "map_1"),
        "DELETE /scim_directories/dir_1/group_role_mappings/map_1",
        "-",
    );
}

#[test]
fn billing_sections() {
    check(
        &billing::list_plans().payer_type(BillingPayerType::User).limit(3),
        "GET /billing/plans?paginated=true&limit=3&payer_type=user",
        "-",
    );
    check(
        &billing::list_prices().plan_id("cplan_1"),
        "GET /billing/prices?paginated=true&plan_id=cplan_1",
        "-",
    );
    check(
        &billing::create_price("cplan_1", 0).supported_billing_periods(BillingPricePeriods::Both),
        "POST /billing/prices",
        r#"{"plan_id":"cplan_1","amount":0,"supported_billing_periods":"both"}"#,
    );
    check(
        &billing::create_price("cplan_1", Nullable::Null).annual_monthly_amount(1250),
        "POST /billing/prices",
        r#"{"plan_id":"cplan_1","amount":null,"annual_monthly_amount":1250}"#,
    );
    check(
        &billing::list_subscription_items()
            .status(BillingSubscriptionItemStatus::FreeTrial)
            .include_free(false),
        "GET /billing/subscription_items?paginated=true&status=free_trial&include_free=false",
        "-",
    );
    check(
        &billing::cancel_subscription_item("subi_1").end_now(true),
        "DELETE /billing/subscription_items/subi_1?end_now=true",
        "-",
    );
    check(
        &billing::extend_subscription_item_free_trial("subi_1", "2026-01-02T03:04:05Z"),
        "POST /billing/subscription_items/subi_1/extend_free_trial",
        r#"{"extend_to":"2026-01-02T03:04:05Z"}"#,
    );
    check(
        &billing::create_price_transition("subi_1", "cprice_1", "cprice_2"),
        "POST /billing/subscription_items/subi_1/price_transition",
        r#"{"from_price_id":"cprice_1","to_price_id":"cprice_2"}"#,
    );
    check(
        &billing::apply_subscription_item_discount("subi_1", "disc_1"),
        "POST /billing/subscription_items/subi_1/discounts",
        r#"{"discount_id":"disc_1"}"#,
    );
    check(
        &billing::remove_subscription_item_discount("subi_1", "disc_1"),
        "DELETE /billing/subscription_items/subi_1/discounts/disc_1",
        "-",
    );
    check(&billing::get_statement("stmt_1"), "GET /billing/statements/stmt_1", "-");
    check(
        &billing::get_statement_payment_attempts("stmt_1").offset(10),
        "GET /billing/statements/stmt_1/payment_attempts?paginated=true&offset=10",
        "-",
    );
}

#[test]
fn operations_that_can_be_retried() {
    let retry = |id: &str| OPERATIONS.iter().find(|info| info.id == id).unwrap().retry;
    assert_eq!(retry("VerifyOrganizationDomainOwnership"), Retry::Safe);
    assert_eq!(retry("ExtendBillingSubscriptionItemFreeTrial"), Retry::Safe);
    assert_eq!(retry("RotateDirectoryAPIKey"), Retry::IfRefused);
    assert_eq!(retry("CreateBillingPriceTransition"), Retry::IfRefused);
}
