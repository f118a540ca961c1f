//! Tests of billing.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_core::webhook::Verifier;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::{Fixture, has_fields, none};
use crate::{
    LocalBody, LocalPlan, LocalSubscriptionItem,
    billing::SubscriptionItemStatus::{Active, Canceled, Ended, PastDue},
};

const DAY: Duration = Duration::from_secs(86_400);

/// An instance with two plans for organizations, one for users, and subscriptions to two of them.
struct World {
    fixture: Fixture,
    team: LocalPlan,
    pro: LocalPlan,
    seats: LocalSubscriptionItem,
    solo: LocalSubscriptionItem,
}

impl World {
    fn new() -> Self {
        let fixture = Fixture::seeded();
        let local = &fixture.local;
        let team = local
            .plan("Team")
            .for_organizations()
            .monthly(2000)
            .annual_monthly(1500)
            .features(["reports"])
            .create();
        let pro = local.plan("Big Team").for_organizations().monthly(5000).create();
        let own = local.plan("Solo").slug("solo").features(["export"]).create();
        let seats = local.subscribe("org_acme", &team).seats(5).create();
        fixture.tick();
        let solo = fixture.local.subscribe("user_ada", &own).create();
        Self { fixture, team, pro, seats, solo }
    }

    fn item(&self, end: &str) -> String {
        format!("/v1/billing/subscription_items/{}{end}", self.seats.id)
    }
}

#[test]
fn plans_and_prices_are_listed() {
    let world = World::new();
    let fixture = &world.fixture;
    assert_eq!(fixture.column("/v1/billing/plans", "/slug"), ["solo", "big_team", "team"]);
    assert_eq!(fixture.column("/v1/billing/plans?payer_type=org&limit=1&offset=1", "/slug"), ["team"]);
    let team = &fixture.get("/v1/billing/plans?payer_type=org")["data"][1];
    has_fields(team, &["product_id", "is_default", "publicly_visible", "avatar_url", "free_trial_enabled"]);
    for (field, expected) in [
        ("/fee/amount", json!(2000)),
        ("/fee/amount_formatted", json!("$20.00")),
        ("/annual_fee/amount_formatted", json!("$180.00")),
        ("/annual_monthly_fee/amount", json!(1500)),
        ("/for_payer_type", json!("org")),
        ("/is_recurring", json!(true)),
        ("/features/0/slug", json!("reports")),
    ] {
        assert_eq!(team.pointer(field), Some(&expected), "{field}");
    }
    let body = json!({"plan_id": world.team.id, "amount": 1000, "currency": "eur", "supported_billing_periods": "month"});
    let price = fixture.ok("POST", "/v1/billing/prices", &body);
    assert_eq!((&price["fee"]["amount_formatted"], &price["is_default"]), (&json!("€10.00"), &json!(false)));
    let path = format!("/v1/billing/prices?plan_id={}", world.team.id);
    assert_eq!(fixture.column(&path, "/id"), [price["id"].as_str().unwrap(), &world.team.price_id]);
    for (method, path, body, status, code, param) in [
        ("GET", "/v1/billing/plans?payer_type=dog", none(), 422, "form_param_format_invalid", "payer_type"),
        ("GET", "/v1/billing/plans?limit=501", none(), 422, "form_param_format_invalid", "limit"),
        ("GET", "/v1/billing/prices?plan_id=x", none(), 404, "resource_not_found", ""),
        ("POST", "/v1/billing/prices", json!({"amount": 1}), 422, "form_param_missing", "plan_id"),
        ("POST", "/v1/billing/prices", json!({"plan_id": "x", "amount": 1}), 404, "resource_not_found", ""),
        (
            "POST",
            "/v1/billing/prices",
            json!({"plan_id": world.team.id}),
            422,
            "form_param_missing",
            "amount",
        ),
        (
            "POST",
            "/v1/billing/prices",
            json!({"plan_id": world.team.id, "amount": -1}),
            422,
            "form_param_format_invalid",
            "amount",
        ),
        (
            "POST",
            "/v1/billing/prices",
            json!({"plan_id": world.team.id, "amount": 1, "currency": "euro"}),
            422,
            "form_param_format_invalid",
            "currency",
        ),
    ] {
        fixture.refuses(method, path, &body, status, code, param);
    }
}

#[test]
fn subscription_items_are_filtered() {
    let world = World::new();
    let path = "/v1/billing/subscription_items";
    for (query, expected) in [
        ("", vec![&world.seats.id]),
        ("?include_free=true", vec![&world.solo.id, &world.seats.id]),
        ("?include_free=true&payer_type=user", vec![&world.solo.id]),
        ("?status=past_due", vec![]),
        ("?status=active", vec![&world.seats.id]),
        ("?query=ACME", vec![&world.seats.id]),
        ("?query=nobody", vec![]),
        (&format!("?plan_id={}", world.pro.id), vec![]),
    ] {
        assert_eq!(
            world.fixture.column(&format!("{path}{query}"), "/id"),
            expected.into_iter().cloned().collect::<Vec<_>>(),
            "{query}"
        );
    }
    let item = &world.fixture.get(path)["data"][0];
    for (field, expected) in [
        ("/status", json!("active")),
        ("/plan_period", json!("month")),
        ("/seats/quantity", json!(5)),
        ("/payer/organization_name", json!("Acme")),
        ("/payer/user_id", json!(null)),
        ("/next_payment/amount/amount", json!(2000)),
        ("/lifetime_paid/amount", json!(2000)),
        ("/price_id", json!(world.team.price_id)),
        ("/canceled_at", json!(null)),
    ] {
        assert_eq!(item.pointer(field), Some(&expected), "{field}");
    }
    world.fixture.refuses(
        "GET",
        &format!("{path}?status=x"),
        &none(),
        422,
        "form_param_format_invalid",
        "status",
    );
}

#[test]
fn subscriptions_are_the_sum_of_their_items() {
    let world = World::new();
    let fixture = &world.fixture;
    let path = "/v1/organizations/org_acme/billing/subscription";
    let subscription = fixture.get(path);
    assert_eq!(
        (&subscription["status"], &subscription["next_payment"]["amount"]["amount"]),
        (&json!("active"), &json!(2000))
    );
    assert_eq!(subscription["subscription_items"][0]["id"], world.seats.id);
    for (status, expected) in
        [(PastDue, "past_due"), (Active, "active"), (Canceled, "canceled"), (Ended, "ended")]
    {
        fixture.local.set_subscription_item_status(&world.seats, status);
        assert_eq!(fixture.get(path)["status"], expected);
    }
    assert_eq!(
        fixture.get("/v1/users/user_ada/billing/subscription")["subscription_items"][0]["plan"]["slug"],
        "solo"
    );
    for path in [
        "/v1/users/user_grace/billing/subscription",
        "/v1/users/x/billing/subscription",
        "/v1/organizations/x/billing/subscription",
    ] {
        fixture.refuses("GET", path, &none(), 404, "resource_not_found", "");
    }
}

#[test]
fn tokens_have_the_plans_and_their_features() {
    let world = World::new();
    let has = |plan: &str, feature: &str| {
        let token = world.fixture.local.sign_in("user_ada").organization("org_acme").token();
        let claims = token.split('.').nth(1).unwrap();
        let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let has = |claim: &str, wanted: &str| {
            claims[claim].as_str().unwrap_or_default().split(',').any(|one| one == wanted)
        };
        (has("pla", plan), has("fea", feature))
    };
    assert_eq!(has("o:team", "o:reports"), (true, true));
    assert_eq!(has("u:solo", "u:export"), (true, true));
    assert_eq!(has("o:big_team", "u:reports"), (false, false));
    world.fixture.local.set_subscription_item_status(&world.solo, Ended);
    assert_eq!(has("u:solo", "u:export"), (false, false));
}

#[test]
fn items_are_canceled_at_once_or_at_the_end() {
    let world = World::new();
    let fixture = &world.fixture;
    fixture.tick();
    let canceled = fixture.ok("DELETE", &world.item(""), &none());
    assert_eq!(
        (&canceled["status"], &canceled["canceled_at"]),
        (&json!("canceled"), &json!(1_700_000_002_000_i64))
    );
    assert_eq!((&canceled["ended_at"], &canceled["next_payment"]), (&json!(null), &json!(null)));
    fixture.refuses("DELETE", &world.item(""), &none(), 422, "subscription_item_status_invalid", "");
    fixture.tick();
    let ended = fixture.ok("DELETE", &world.item("?end_now=true"), &none());
    assert_eq!((&ended["status"], &ended["ended_at"]), (&json!("ended"), &json!(1_700_000_003_000_i64)));
    assert_eq!(ended["canceled_at"], canceled["canceled_at"]);
    fixture.refuses(
        "DELETE",
        &world.item("?end_now=true"),
        &none(),
        422,
        "subscription_item_status_invalid",
        "",
    );
    fixture.refuses("DELETE", "/v1/billing/subscription_items/x", &none(), 404, "resource_not_found", "");
}

#[test]
fn free_trials_are_extended() {
    let world = World::new();
    let fixture = &world.fixture;
    let trial = fixture.local.subscribe("user_grace", &world.pro).free_trial(DAY * 7).create();
    let path = format!("/v1/billing/subscription_items/{}/extend_free_trial", trial.id);
    assert_eq!(fixture.column("/v1/billing/subscription_items?status=free_trial", "/id"), [trial.id]);
    let item = fixture.ok("POST", &path, &json!({"extend_to": "2023-12-14T22:13:20Z"}));
    assert_eq!((&item["period_end"], &item["is_free_trial"]), (&json!(1_702_592_000_000_i64), &json!(true)));
    has_fields(&item, &["payment_source_id", "proration_date", "amount"]);
    assert_eq!(item["plan"]["amount"], 5000);
    // The older form has no null here.
    assert_eq!(
        (&item["payer"]["first_name"], &item["payer"]["organization_id"]),
        (&json!("Grace"), &json!(""))
    );
    for (extend_to, code) in [
        (json!(null), "form_param_missing"),
        (json!("tomorrow"), "form_param_format_invalid"),
        (json!("2023-11-14T22:13:20Z"), "form_param_format_invalid"),
        (json!("2024-11-14T22:13:20Z"), "form_param_format_invalid"),
    ] {
        fixture.refuses("POST", &path, &json!({ "extend_to": extend_to }), 422, code, "extend_to");
    }
    let body = json!({"extend_to": "2023-12-14T22:13:20Z"});
    fixture.refuses(
        "POST",
        &world.item("/extend_free_trial"),
        &body,
        422,
        "subscription_item_status_invalid",
        "",
    );
}

#[test]
fn prices_change_at_once_or_at_the_end_of_the_period() {
    for (is_upgrade, mode, old_status, new_status) in
        [(true, "immediate", "ended", "active"), (false, "end_of_period", "canceled", "upcoming")]
    {
        let world = World::new();
        let fixture = &world.fixture;
        let cheap = json!({"plan_id": world.team.id, "amount": 1000});
        let cheap = fixture.ok("POST", "/v1/billing/prices", &cheap)["id"].as_str().unwrap().to_owned();
        let to = if is_upgrade { &world.pro.price_id } else { &cheap };
        let path = world.item("/price_transition");
        let body = json!({"from_price_id": world.team.price_id, "to_price_id": to});
        let changed = fixture.ok("POST", &path, &body);
        for (field, expected) in [
            ("/transition/effective_mode", json!(mode)),
            ("/transition/charged_immediately", json!(is_upgrade)),
            ("/transition/previous_subscription_item_status", json!(old_status)),
            ("/transition/previous_subscription_item_id", json!(world.seats.id)),
            ("/transition/previous_price/id", json!(world.team.price_id)),
            ("/transition/previous_plan/slug", json!("team")),
            ("/subscription_item/status", json!(new_status)),
            ("/subscription_item/price_id", json!(to)),
        ] {
            assert_eq!(changed.pointer(field), Some(&expected), "{field}");
        }
        let charge = changed.pointer("/transition/immediate_charge/amount").cloned();
        assert_eq!(charge, is_upgrade.then_some(json!(5000)));
        assert_eq!(fixture.error("POST", &path, &body).0, 422);
    }
    let world = World::new();
    let user_price = &world.fixture.get("/v1/billing/plans?payer_type=user")["data"][0]["id"];
    let user_price =
        world.fixture.column(&format!("/v1/billing/prices?plan_id={}", user_price.as_str().unwrap()), "/id");
    for (from, to, status) in [
        (&*world.team.price_id, &*world.team.price_id, 409),
        (&*world.pro.price_id, &*world.team.price_id, 409),
        (&*world.team.price_id, "x", 404),
        (&*world.team.price_id, &*user_price[0], 422),
        ("", &*world.pro.price_id, 422),
    ] {
        let body = json!({"from_price_id": from, "to_price_id": to});
        assert_eq!(
            world.fixture.error("POST", &world.item("/price_transition"), &body).0,
            status,
            "{from} {to}"
        );
    }
}

#[test]
fn discounts_are_applied_replaced_and_removed() {
    let world = World::new();
    let fixture = &world.fixture;
    let (tenth, half) = (fixture.local.discount("Launch", 10), fixture.local.discount("Friends", 50));
    let path = world.item("/discounts");
    let applied = fixture.ok("POST", &path, &json!({"discount_id": tenth}));
    for (field, expected) in [
        ("/status", json!("active")),
        ("/effect", json!("percentage")),
        ("/percent_off", json!(10)),
        ("/amount/amount", json!(200)),
        ("/source", json!("manual")),
        ("/name", json!("Launch")),
    ] {
        assert_eq!(applied.pointer(field), Some(&expected), "{field}");
    }
    fixture.refuses("POST", &path, &json!({"discount_id": tenth}), 409, "discount_already_applied", "");
    fixture.ok("POST", &path, &json!({"discount_id": half}));
    let next = |fixture: &Fixture| {
        fixture.get("/v1/billing/subscription_items")["data"][0]["next_payment"]["amount"]["amount"].clone()
    };
    assert_eq!(next(fixture), 1000);
    fixture.refuses("DELETE", &format!("{path}/{tenth}"), &none(), 404, "resource_not_found", "");
    assert_eq!(fixture.ok("DELETE", &format!("{path}/{half}"), &none())["status"], "removed");
    assert_eq!(next(fixture), 2000);
    fixture.refuses("POST", &path, &json!({"discount_id": "x"}), 404, "resource_not_found", "");
    fixture.refuses("POST", &path, &json!({}), 422, "form_param_missing", "discount_id");
}

#[test]
fn statements_say_what_was_paid() {
    let world = World::new();
    let fixture = &world.fixture;
    fixture.tick();
    fixture.local.set_subscription_item_status(&world.seats, PastDue);
    let list = fixture.get("/v1/billing/statements");
    assert_eq!(list["total_count"], 2);
    let statement = &list["data"][1];
    assert_eq!(
        (&statement["status"], &statement["totals"]["grand_total"]["amount"]),
        (&json!("closed"), &json!(2000))
    );
    let id = statement["id"].as_str().unwrap();
    assert_eq!(&fixture.get(&format!("/v1/billing/statements/{id}")), statement);
    let attempts = fixture.get(&format!("/v1/billing/statements/{id}/payment_attempts"));
    assert_eq!(
        (&attempts["data"][0]["status"], &attempts["data"][0]["statement_id"]),
        (&json!("paid"), &json!(id))
    );
    let failed = list["data"][0]["id"].as_str().unwrap();
    let attempts = fixture.get(&format!("/v1/billing/statements/{failed}/payment_attempts"));
    assert_eq!(
        (&attempts["data"][0]["status"], &attempts["data"][0]["paid_at"]),
        (&json!("failed"), &json!(null))
    );
    for path in ["/v1/billing/statements/x", "/v1/billing/statements/x/payment_attempts"] {
        fixture.refuses("GET", path, &none(), 404, "resource_not_found", "");
    }
}

#[test]
fn credit_is_adjusted_once_for_each_key() {
    let fixture = Fixture::seeded();
    for payer in ["/v1/users/user_ada", "/v1/organizations/org_acme"] {
        let path = format!("{payer}/billing/credits");
        assert_eq!(fixture.get(&path), json!({"object": "commerce_credit_balance", "balance": null}));
        let adjust = |amount: i64, action: &str, key: &str| {
            fixture.call(
                "POST",
                &path,
                &json!({"amount": amount, "action": action, "idempotency_key": key, "note": "n"}),
            )
        };
        let (status, first) = adjust(500, "increase", "a");
        assert_eq!((status.as_u16(), &first["amount"]["amount"]), (200, &json!(500)), "{first}");
        assert_eq!((&first["note"], &first["created_at"]), (&json!("n"), &json!("2023-11-14T22:13:20Z")));
        assert_eq!(adjust(900, "increase", "a").1, first);
        assert_eq!(adjust(200, "decrease", "b").1["amount"]["amount_formatted"], "-$2.00");
        assert_eq!(adjust(301, "decrease", "c").0, 409);
        assert_eq!(fixture.get(&path)["balance"]["amount"], 300);
        for (body, code, param) in [
            (json!({"action": "increase", "idempotency_key": "d"}), "form_param_missing", "amount"),
            (
                json!({"amount": 0, "action": "increase", "idempotency_key": "d"}),
                "form_param_format_invalid",
                "amount",
            ),
            (
                json!({"amount": 1, "action": "burn", "idempotency_key": "d"}),
                "form_param_format_invalid",
                "action",
            ),
            (json!({"amount": 1, "action": "increase"}), "form_param_missing", "idempotency_key"),
        ] {
            fixture.refuses("POST", &path, &body, 422, code, param);
        }
    }
    for path in ["/v1/users/x/billing/credits", "/v1/organizations/x/billing/credits"] {
        fixture.refuses("GET", path, &none(), 404, "resource_not_found", "");
        fixture.refuses("POST", path, &json!({}), 404, "resource_not_found", "");
    }
}

#[tokio::test]
async fn changes_of_subscriptions_are_delivered() {
    let fixture = Fixture::seeded();
    let local = &fixture.local;
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let (seen, verifier, now) =
        (Arc::clone(&kinds), Arc::new(Verifier::new(local.webhook_secret())), fixture.now());
    let receiver = tower::service_fn(move |request: Request<LocalBody>| {
        let (seen, verifier) = (Arc::clone(&seen), Arc::clone(&verifier));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let delivery = verifier.verify(&head.headers, &body, now).unwrap();
            drop(delivery);
            let event: Value = serde_json::from_slice(&body).unwrap();
            seen.lock().unwrap().push((event["type"].as_str().unwrap().to_owned(), event["data"].clone()));
            Ok::<_, std::convert::Infallible>(http::Response::new(()))
        }
    });
    local.deliver_webhooks_to_service(receiver, local.webhook_secret()).unwrap();
    let plan = local.plan("Team").for_organizations().monthly(2000).create();
    let item = local.subscribe("org_acme", &plan).seats(3).create();
    let took = async || {
        local.webhooks_delivered().await;
        std::mem::take(&mut *kinds.lock().unwrap())
    };
    let names = |events: &[(String, Value)]| events.iter().map(|event| event.0.clone()).collect::<Vec<_>>();
    let events = took().await;
    assert_eq!(
        names(&events),
        ["subscriptionItem.active", "subscription.created", "subscription.active", "paymentAttempt.created"]
    );
    let data = &events[0].1;
    assert_eq!((&data["plan"]["slug"], &data["seats"]["quantity"]), (&json!("team"), &json!(3)));
    assert_eq!(
        (&data["payer"]["organization_id"], &data["payer"]["user_id"]),
        (&json!("org_acme"), &json!(""))
    );
    assert_eq!(events[1].1["items"][0]["id"], item.id);
    assert_eq!(events[3].1["totals"]["grand_total"]["amount"], 2000);
    local.set_subscription_item_status(&item, PastDue);
    assert_eq!(
        names(&took().await),
        [
            "subscriptionItem.pastDue",
            "subscription.updated",
            "subscription.pastDue",
            "paymentAttempt.created"
        ]
    );
    local.set_subscription_item_status(&item, Active);
    assert_eq!(
        names(&took().await),
        ["subscriptionItem.active", "subscription.updated", "subscription.active"]
    );
    fixture.tick();
    fixture.ok("DELETE", &format!("/v1/billing/subscription_items/{}", item.id), &none());
    assert_eq!(names(&took().await), ["subscriptionItem.canceled", "subscription.updated"]);
}

#[test]
fn seats_can_follow_the_members() {
    let fixture = Fixture::seeded();
    let local = &fixture.local;
    let plan = local.plan("Team").for_organizations().monthly(2000).create();
    local.subscribe("org_acme", &plan).seats_by_members().create();
    let seats = || {
        let subscription = fixture.get("/organizations/org_acme/billing/subscription");
        subscription["subscription_items"][0]["seats"]["quantity"].clone()
    };
    assert_eq!(seats(), 2);
    let member = json!({ "user_id": "user_alan", "role": "org:member" });
    let events =
        fixture.events(|fixture| drop(fixture.ok("POST", "/organizations/org_acme/memberships", &member)));
    let kinds: Vec<_> = events.iter().map(|event| event.0).collect();
    let expected = ["organizationMembership.created", "subscriptionItem.updated", "subscription.updated"];
    assert_eq!(kinds, expected);
    assert_eq!((&events[1].1["seats"]["quantity"], seats()), (&json!(3), json!(3)));
    fixture.ok("DELETE", "/users/user_grace", &none());
    assert_eq!(seats(), 2);
    // Other memberships do not matter.
    let other = local.organization("Other").create();
    assert!(fixture.event_kinds(|_| local.add_member(&other, "user_ada", "org:admin")).len() == 1);
}

#[test]
fn the_subscription_of_a_deleted_payer_goes_away() {
    let world = World::new();
    for (payer, left) in [("/users/user_ada", 1), ("/organizations/org_acme", 0)] {
        world.fixture.ok("DELETE", payer, &none());
        assert_eq!(world.fixture.local.state().subscription_items.len(), left);
        assert_eq!(world.fixture.call("GET", &format!("{payer}/billing/subscription"), &none()).0, 404);
    }
}
