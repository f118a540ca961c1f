//! Tests of what browsers see of billing, and of checkouts.

use serde_json::{Value, json};

use super::{Fixture, frontend_api::id, none};
use crate::billing::SubscriptionItemStatus;

const CARD: [(&str, &str); 2] = [("gateway", "stripe"), ("use_test_card", "true")];

#[test]
fn anybody_sees_the_plans() {
    let fixture = Fixture::seeded();
    fixture.local.plan("Pro").monthly(1000).create();
    let team = fixture.local.plan("Team").for_organizations().monthly(2000).create();
    fixture.local.state().plans.get_mut(&team.id).unwrap().publicly_visible = false;
    fixture.local.plan("Firm").for_organizations().create();
    let browser = fixture.browser();
    let slugs = |query: &str| -> Vec<String> {
        let plans = browser.send("GET", &format!("/billing/plans{query}"), &[]).json();
        let plans = plans["data"].as_array().unwrap().iter();
        plans.map(|plan| plan["slug"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(slugs(""), ["pro", "firm"]);
    assert_eq!(slugs("?payer_type=org"), ["firm"]);
    assert_eq!(browser.error("GET", "/billing/plans?payer_type=x", &[]).0, 422);
    assert_eq!(browser.send("GET", "/billing/plans/pro", &[]).json()["fee"]["amount"], 1000);
    assert_eq!(browser.error("GET", "/billing/plans/none", &[]).0, 404);
    let billing = browser.send("GET", "/environment", &[]).json()["commerce_settings"]["billing"].clone();
    assert_eq!(billing["user"], json!({ "enabled": true, "has_paid_plans": true }));
    assert_eq!(
        Fixture::new().browser().send("GET", "/environment", &[]).json()["commerce_settings"]["billing"]["user"]
            ["enabled"],
        false
    );
}

#[test]
fn payers_see_what_they_subscribed_to() {
    let fixture = Fixture::seeded();
    let [ada, alan] = ["user_ada", "user_alan"].map(|user| fixture.browser_of(user));
    let team = fixture.local.plan("Team").for_organizations().monthly(2000).create();
    let pro = fixture.local.plan("Pro").monthly(1000).create();
    fixture.local.subscribe("org_acme", &team).seats(5).create();
    fixture.local.subscribe("user_ada", &pro).create();
    for (base, amount, slug) in [("/me", 1000, "pro"), ("/organizations/org_acme", 2000, "team")] {
        let get = |path: &str| ada.ok("GET", &format!("{base}/billing{path}"), &[]).0;
        let subscription = get("/subscription");
        let item = &subscription["subscription_items"][0];
        assert_eq!(
            (&subscription["status"], &item["plan"]["slug"]),
            (&json!("active"), &json!(slug)),
            "{base}"
        );
        assert_eq!(get("/subscription_items")["data"][0]["id"], item["id"]);
        let payment = get("/payment_attempts")["data"][0].clone();
        assert_eq!((&payment["amount"]["amount"], &payment["status"]), (&json!(amount), &json!("paid")));
        assert_eq!(get(&format!("/payment_attempts/{}", id(&payment))), payment);
        let statement = get("/statements")["data"][0].clone();
        assert_eq!(statement["groups"][0]["items"][0], payment);
        assert_eq!(get(&format!("/statements/{}", id(&statement))), statement);
        for path in ["/statements/stmt_none", "/payment_attempts/cpa_none", "/checkouts/cchk_none"] {
            assert_eq!(ada.error("GET", &format!("{base}/billing{path}"), &[]).0, 404, "{base}{path}");
        }
    }
    // Somebody else's.
    assert_eq!(alan.error("GET", "/organizations/org_acme/billing/subscription", &[]).0, 404);
    assert_eq!(alan.error("GET", "/me/billing/subscription", &[]).0, 404);
    let items = ada.ok("GET", "/me/billing/subscription_items", &[]).0;
    let path = format!("/me/billing/subscription_items/{}", id(&items["data"][0]));
    assert_eq!(alan.error("DELETE", &path, &[]).0, 404);
    let events = fixture.event_kinds(|_| {
        assert_eq!(ada.ok("DELETE", &path, &[]).0["status"], "canceled");
    });
    assert_eq!(events, ["subscriptionItem.canceled", "subscription.updated"]);
    assert_eq!(ada.error("DELETE", &path, &[]).0, 422);
    // A member who may see the billing, but not change it.
    let grace = fixture.browser_of("user_grace");
    let items = grace.ok("GET", "/organizations/org_acme/billing/subscription_items", &[]).0;
    let path = format!("/organizations/org_acme/billing/subscription_items/{}", id(&items["data"][0]));
    assert_eq!(grace.error("DELETE", &path, &[]), (403, "missing_organization_permission".to_owned()));
}

#[test]
fn a_checkout_subscribes_with_a_test_card() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser_of("user_ada");
    let free = fixture.local.plan("Free").create();
    let pro = fixture.local.plan("Pro").monthly(1000).annual_monthly(800).create();
    let begin = |plan: &str, period: &str| {
        browser.ok("POST", "/me/billing/checkouts", &[("plan_id", plan), ("plan_period", period)]).0
    };
    let confirm = |checkout: &Value| format!("/me/billing/checkouts/{}/confirm", id(checkout));
    // Nothing is due for a free plan.
    let checkout = begin(&free.id, "month");
    assert_eq!(browser.ok("PATCH", &confirm(&checkout), &[]).0["status"], "completed");
    let checkout = begin(&pro.id, "annual");
    assert_eq!(
        (&checkout["totals"]["total_due_now"]["amount"], &checkout["needs_payment_method"]),
        (&json!(9600), &json!(true))
    );
    for (form, code) in [
        (vec![], "form_param_missing"),
        (vec![("payment_token", "seti_1")], "not_emulated"),
        (vec![("payment_method_id", "cpm_none")], "resource_not_found"),
    ] {
        assert_eq!(browser.error("PATCH", &confirm(&checkout), &form).1, code, "{form:?}");
    }
    let events = fixture.event_kinds(|_| {
        let done = browser.ok("PATCH", &confirm(&checkout), &CARD).0;
        assert_eq!(
            (&done["status"], &done["payment_method"]["last4"]),
            (&json!("completed"), &json!("4242"))
        );
        assert_eq!(done["subscription_item"]["plan_period"], "annual");
    });
    assert_eq!(
        events,
        [
            "subscriptionItem.ended",
            "subscriptionItem.active",
            "subscription.updated",
            "paymentAttempt.created"
        ]
    );
    assert_eq!(
        browser.error("PATCH", &confirm(&checkout), &CARD),
        (422, "checkout_already_completed".to_owned())
    );
    // Tokens have the plan.
    let path = format!("/client/sessions/{}/tokens", browser.session());
    let token = browser.send("POST", &path, &[]).json();
    assert_eq!(super::frontend::claims(token["jwt"].as_str().unwrap())["pla"], "u:pro");
    // The card can be used again, until it is removed.
    let card = browser.ok("GET", "/me/billing/payment_methods", &[]).0["data"][0].clone();
    let checkout = begin(&pro.id, "month");
    assert_eq!(checkout["needs_payment_method"], false);
    let form = [("payment_method_id", id(&card))];
    let default = "/me/billing/payers/default_payment_method";
    assert_eq!(browser.ok("PUT", default, &form).0["is_default"], true);
    let stranger = fixture.browser_of("user_grace");
    assert_eq!(stranger.error("PUT", default, &form).0, 404);
    assert_eq!(stranger.error("PATCH", &confirm(&checkout), &CARD).0, 404);
    assert_eq!(browser.ok("PATCH", &confirm(&checkout), &form).0["status"], "completed");
    let path = format!("/me/billing/payment_methods/{}", id(&card));
    assert_eq!(browser.ok("DELETE", &path, &[]).0["status"], "disconnected");
    assert_eq!(browser.error("DELETE", &path, &[]).0, 404);
}

#[test]
fn checkouts_are_checked() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser_of("user_ada");
    let pro = fixture.local.plan("Pro").monthly(1000).free_trial_days(7).create();
    let team = fixture.local.plan("Team").for_organizations().monthly(2000).create();
    let path = "/me/billing/checkouts";
    for (form, expected) in [
        (vec![], (422, "form_param_missing")),
        (vec![("plan_id", "cplan_none")], (404, "resource_not_found")),
        (vec![("plan_id", &*team.id)], (422, "form_param_format_invalid")),
        (vec![("plan_id", &*pro.id), ("plan_period", "week")], (422, "form_param_format_invalid")),
        (vec![("plan_id", &*pro.id), ("plan_period", "annual")], (422, "form_param_format_invalid")),
    ] {
        let refused = browser.error("POST", path, &form);
        assert_eq!((refused.0, &*refused.1), expected, "{form:?}");
    }
    // A free trial, which nobody gets twice.
    let begin = || browser.ok("POST", path, &[("plan_id", &*pro.id)]).0;
    let checkout = begin();
    assert_eq!(
        (&checkout["totals"]["total_due_now"]["amount"], &checkout["free_trial_ends_at"]),
        (&json!(0), &json!((1_700_000_000_i64 + 7 * 86_400) * 1000))
    );
    let one = format!("{path}/{}", id(&checkout));
    assert_eq!(browser.error("PATCH", &one, &[("promo_code", "SALE")]).1, "not_emulated");
    assert_eq!(browser.ok("PATCH", &one, &[("promo_code", "")]).0["id"], checkout["id"]);
    let done = browser.ok("PATCH", &format!("{one}/confirm"), &[]).0;
    assert_eq!(done["subscription_item"]["is_free_trial"], true);
    assert_eq!(browser.ok("GET", &one, &[]).0["free_trial_ends_at"], checkout["free_trial_ends_at"]);
    assert_eq!(begin().get("free_trial_ends_at"), None);
    assert_eq!(browser.ok("GET", "/me/billing/payment_attempts", &[]).0["data"], json!([]));
    // A member without the permission.
    let grace = fixture.browser_of("user_grace");
    let form = [("plan_id", &*team.id)];
    let path = "/organizations/org_acme/billing/checkouts";
    assert_eq!(grace.error("POST", path, &form), (403, "missing_organization_permission".to_owned()));
    assert_eq!(browser.ok("POST", path, &form).0["payer"]["organization_id"], "org_acme");
    // A subscription that is past due shows it.
    let item = fixture.local.subscribe("user_grace", &pro).create();
    fixture.local.set_subscription_item_status(&item, SubscriptionItemStatus::PastDue);
    assert_eq!(grace.ok("GET", "/me/billing/subscription", &[]).0["status"], "past_due");
    assert_ne!(grace.ok("GET", "/me/billing/subscription", &[]).0["past_due_at"], none());
}
