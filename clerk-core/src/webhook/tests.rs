//! Every event: what comes with it, what may be missing, and whom it is about.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Delivery, Event};

const TIME: u64 = 1_700_000_000_000;

fn event(kind: &str, data: &Value) -> Value {
    let request = json!({"client_ip": "192.0.2.1", "user_agent": null});
    json!({"object": "event", "type": kind, "data": data, "timestamp": TIME, "instance_id": "ins_1",
        "event_attributes": {"http_request": request}})
}

fn read(event: &Value) -> Delivery {
    Delivery::read("msg_1", event.to_string().as_bytes())
}

/// The event, or why its data cannot be decoded.
fn deliver(kind: &str, data: &Value) -> Result<Event, String> {
    match read(&event(kind, data)).event {
        Event::Unreadable { problem, .. } => Err(problem),
        event => Ok(event),
    }
}

fn user() -> Value {
    json!({
        "object": "user", "id": "user_1", "first_name": "Ada", "last_name": null, "banned": false, "locked": false,
        "primary_email_address_id": "idn_1", "created_at": TIME, "updated_at": TIME, "public_metadata": {"tier": 1},
        "email_addresses": [{"object": "email_address", "id": "idn_1", "email_address": "ada@example.com",
            "verification": {"status": "verified", "strategy": "email_code", "attempts": 1, "expire_at": TIME}}],
    })
}

fn organization() -> Value {
    json!({
        "object": "organization", "id": "org_1", "name": "Engines", "slug": "engines", "has_image": false,
        "max_allowed_memberships": 5, "admin_delete_enabled": true, "public_metadata": {}, "created_at": TIME,
        "updated_at": TIME, "created_by": "user_9",
    })
}

fn session(status: &str) -> Value {
    json!({
        "object": "session", "id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": status,
        "last_active_at": TIME, "last_active_organization_id": "org_9", "expire_at": TIME, "abandon_at": TIME,
        "created_at": TIME, "updated_at": TIME, "actor": null, "user": user(),
        "latest_activity": {"object": "session_activity", "id": "sess_activity_1", "is_mobile": false},
    })
}

fn membership() -> Value {
    json!({
        "object": "organization_membership", "id": "orgmem_1", "role": "org:admin", "role_name": "Admin",
        "permissions": ["org:sys_memberships:read"], "public_metadata": {}, "organization": organization(),
        "public_user_data": {"user_id": "user_1", "first_name": "Ada", "last_name": null, "image_url": "",
            "has_image": false, "identifier": "ada@example.com"},
        "created_at": TIME, "updated_at": TIME,
    })
}

fn domain() -> Value {
    let verification = json!({"status": "verified", "strategy": "txt", "attempts": 1, "expire_at": null, "verified_at": TIME});
    json!({
        "object": "organization_domain", "id": "orgdmn_1", "organization_id": "org_1", "name": "example.com",
        "enrollment_mode": "automatic_invitation", "affiliation_email_address": null,
        "affiliation_verification": null, "ownership_verification": verification, "verification": null,
        "total_pending_invitations": 2, "total_pending_suggestions": 0, "created_at": TIME, "updated_at": TIME,
    })
}

fn invitation(status: &str) -> Value {
    let mut invitation = json!({
        "object": "organization_invitation", "id": "orginv_1", "email_address": "ada@example.com",
        "role": "org:member", "role_name": "Member", "organization_id": "org_1", "inviter_id": "user_9",
        "public_inviter_data": null, "status": status, "public_metadata": {}, "url": null, "expires_at": TIME,
        "created_at": TIME, "updated_at": TIME,
    });
    if status == "accepted" {
        invitation["user_id"] = json!("user_1");
    }
    invitation
}

fn permission() -> Value {
    json!({
        "object": "permission", "id": "perm_1", "name": "Read", "key": "org:notes:read", "description": "",
        "type": "user", "created_at": TIME, "updated_at": TIME,
    })
}

fn role() -> Value {
    json!({
        "object": "role", "id": "role_1", "name": "Reader", "key": "org:reader", "description": null,
        "is_creator_eligible": false, "permissions": [permission()], "created_at": TIME, "updated_at": TIME,
    })
}

fn waitlist_entry() -> Value {
    json!({
        "object": "waitlist_entry", "id": "wle_1", "email_address": "ada@example.com", "status": "invited",
        "created_at": TIME, "updated_at": TIME,
        "invitation": {"object": "invitation", "id": "inv_1", "email_address": "ada@example.com",
            "public_metadata": {}, "status": "pending", "created_at": TIME, "updated_at": TIME},
    })
}

fn email() -> Value {
    json!({
        "object": "email", "id": "ema_1", "slug": "verification_code", "from_email_name": "notifications",
        "reply_to_email_name": null, "to_email_address": "ada@example.com", "email_address_id": "idn_1",
        "user_id": "user_1", "subject": "Your code", "body": "<b>424242</b>", "body_plain": "424242",
        "status": "queued", "data": {"otp_code": "424242"}, "delivered_by_clerk": true,
    })
}

fn sms() -> Value {
    json!({
        "object": "sms_message", "id": "sms_1", "slug": "verification_code", "from_phone_number": "+15555550100",
        "to_phone_number": "+15555550101", "phone_number_id": "idn_2", "user_id": "user_1",
        "message": "424242 is your code", "status": "queued", "data": {}, "delivered_by_clerk": false,
        "created_at_ms": TIME,
    })
}

/// A payer that is an organization. Clerk sends the fields of the user as empty strings.
fn payer() -> Value {
    json!({
        "object": "commerce_payer", "id": "cpayer_1", "user_id": "", "first_name": "", "last_name": "",
        "email": "", "organization_id": "org_1", "organization_name": "Engines", "image_url": "",
        "created_at": TIME, "updated_at": TIME,
    })
}

fn subscription_item(status: &str) -> Value {
    json!({
        "object": "commerce_subscription_item", "id": "subi_1", "status": status, "is_free_trial": false,
        "created_at": TIME, "updated_at": TIME, "period_start": TIME, "period_end": null, "interval": "month",
        "plan_id": "cplan_1", "payer": payer(), "subscription_id": "sub_1", "seats": {"quantity": 5},
        "plan": {"id": "cplan_1", "slug": "pro", "name": "Pro", "is_recurring": true, "amount": 1200,
            "currency": "USD", "unit_prices": [{"name": "seats", "block_size": 1, "tiers": [
                {"starts_at_block": 1, "ends_after_block": null, "amount_per_block": 300, "currency": "USD"}]}]},
    })
}

fn subscription(status: &str) -> Value {
    json!({
        "object": "commerce_subscription", "id": "sub_1", "status": status, "active_at": TIME,
        "canceled_at": null, "created_at": TIME, "ended_at": null, "past_due_at": null, "updated_at": TIME,
        "latest_payment_id": null, "payer_id": "cpayer_1", "payer": payer(), "payment_source_id": null,
        "items": [subscription_item("active")],
    })
}

fn payment_attempt(status: &str) -> Value {
    let money = |amount: i64| json!({"amount": amount, "amount_formatted": "1.00", "currency": "USD", "currency_symbol": "$"});
    let credit = json!({"amount": money(100), "cycle_days_remaining": 15, "cycle_days_total": 30,
        "cycle_remaining_percent": 50.0});
    let mut item = subscription_item("active");
    item["credit"] = credit.clone();
    item["credits"] = json!({"proration": credit, "payer": null, "total": money(100)});
    json!({
        "id": "payatt_1", "instance_id": "ins_1", "payment_id": "pay_1", "invoice_id": "inv_1",
        "statement_id": "stmt_1", "gateway_external_id": "pi_1", "status": status, "created_at": TIME,
        "updated_at": TIME, "paid_at": null, "failed_at": TIME, "billing_date": TIME, "charge_type": "recurring",
        "failed_reason": {"code": "card_declined", "decline_code": "insufficient_funds"},
        "payee": {"id": "payee_1", "gateway_type": "stripe", "gateway_external_id": "acct_1",
            "gateway_status": "active"},
        "payer": payer(),
        "totals": {"subtotal": money(1100), "tax_total": money(100), "grand_total": money(1200),
            "per_unit_totals": [{"name": "seats", "amount": 300, "quantity": 4, "total": 1200, "currency": "USD"}]},
        "payment_source": {"id": "paysrc_1", "gateway": "stripe", "gateway_external_id": "pm_1",
            "gateway_external_account_id": null, "payment_method": "link", "status": "active",
            "card_type": null, "last4": null},
        "subscription_items": [item],
    })
}

fn gone(object: &str, id: &str) -> Value {
    json!({"object": object, "id": id, "deleted": true})
}

/// Each event type with sample data, and the user and the organization that the event is about.
fn events() -> Vec<(String, Value, Option<&'static str>, Option<&'static str>)> {
    let (ada, engines) = (Some("user_1"), Some("org_1"));
    let mut all: Vec<(String, Value, _, _)> = vec![
        ("user.created".into(), user(), ada, None),
        ("user.updated".into(), user(), ada, None),
        ("user.deleted".into(), gone("user", "user_1"), ada, None),
        ("email.created".into(), email(), ada, None),
        ("sms.created".into(), sms(), ada, None),
        ("organization.created".into(), organization(), None, engines),
        ("organization.updated".into(), organization(), None, engines),
        ("organization.deleted".into(), gone("organization", "org_1"), None, engines),
        ("organizationDomain.created".into(), domain(), None, engines),
        ("organizationDomain.updated".into(), domain(), None, engines),
        ("organizationDomain.deleted".into(), gone("organization_domain", "orgdmn_1"), None, None),
        ("organizationInvitation.created".into(), invitation("pending"), None, engines),
        ("organizationInvitation.accepted".into(), invitation("accepted"), ada, engines),
        ("organizationInvitation.revoked".into(), invitation("revoked"), None, engines),
        ("role.created".into(), role(), None, None),
        ("role.updated".into(), role(), None, None),
        ("role.deleted".into(), gone("role", "role_1"), None, None),
        ("permission.created".into(), permission(), None, None),
        ("permission.updated".into(), permission(), None, None),
        ("permission.deleted".into(), gone("permission", "perm_1"), None, None),
        ("waitlistEntry.created".into(), waitlist_entry(), None, None),
        ("waitlistEntry.updated".into(), waitlist_entry(), None, None),
        ("paymentAttempt.created".into(), payment_attempt("pending"), None, engines),
        ("paymentAttempt.updated".into(), payment_attempt("failed"), None, engines),
        ("subscription.created".into(), subscription("active"), None, engines),
        ("subscription.updated".into(), subscription("active"), None, engines),
        ("subscription.active".into(), subscription("active"), None, engines),
        ("subscription.pastDue".into(), subscription("past_due"), None, engines),
        ("user.hibernated".into(), user(), ada, None),
    ];
    for change in ["created", "updated", "deleted"] {
        all.push((format!("organizationMembership.{change}"), membership(), ada, engines));
    }
    for (change, status) in [
        ("created", "active"),
        ("pending", "pending"),
        ("ended", "ended"),
        ("removed", "removed"),
        ("revoked", "revoked"),
    ] {
        all.push((format!("session.{change}"), session(status), ada, None));
    }
    for (change, status) in [
        ("created", "upcoming"),
        ("updated", "active"),
        ("active", "active"),
        ("canceled", "canceled"),
        ("upcoming", "upcoming"),
        ("ended", "ended"),
        ("abandoned", "abandoned"),
        ("incomplete", "incomplete"),
        ("pastDue", "past_due"),
        ("freeTrialEnding", "active"),
    ] {
        all.push((format!("subscriptionItem.{change}"), subscription_item(status), None, engines));
    }
    all
}

#[test]
fn every_type_is_read_tells_its_name_and_whom_it_is_about_and_shows_nothing_personal() {
    let mut known: Vec<_> = events().into_iter().map(|(kind, ..)| kind).collect();
    known.retain(|kind| kind != "user.hibernated");
    known.sort_unstable();
    let mut listed = Event::KINDS.to_vec();
    listed.sort_unstable();
    assert_eq!((known, listed.len()), (listed.iter().map(ToString::to_string).collect(), 46));

    for (kind, data, user, organization) in events() {
        let event = deliver(&kind, &data).unwrap();
        assert_eq!(event.kind(), kind);
        assert_eq!(matches!(event, Event::Other { .. }), kind == "user.hibernated", "{kind}");
        assert_eq!(event.user_id().as_ref().map(AsRef::as_ref), user, "{kind}");
        assert_eq!(event.organization_id().as_ref().map(AsRef::as_ref), organization, "{kind}");
        let shown = format!("{event:?}");
        assert_eq!(shown, format!("Event({kind:?})"));
    }
}

#[test]
fn the_variants_hold_what_came() {
    let Ok(Event::SessionPending(it)) = deliver("session.pending", &session("pending")) else { panic!() };
    assert_eq!(
        (it.session.status.as_str(), it.session.expire_at.as_millis()),
        ("pending", 1_700_000_000_000)
    );
    assert_eq!(it.user.as_ref().unwrap().email_addresses.len(), 1);

    let accepted = deliver("organizationInvitation.accepted", &invitation("accepted"));
    let Ok(Event::OrganizationInvitationAccepted(it)) = accepted else { panic!() };
    assert_eq!((it.user_id.as_str(), it.invitation.role.as_str()), ("user_1", "org:member"));

    let Ok(Event::EmailCreated(it)) = deliver("email.created", &email()) else { panic!() };
    assert_eq!((it.data.get("otp_code"), it.delivered_by_clerk), (Some(json!("424242")), Some(true)));

    let failed = deliver("paymentAttempt.updated", &payment_attempt("failed"));
    let Ok(Event::PaymentAttemptUpdated(it)) = failed else { panic!() };
    assert_eq!(it.failed_reason.as_ref().unwrap().decline_code, "insufficient_funds");
    assert_eq!((it.charge_type.as_str(), it.totals.grand_total.amount), ("recurring", 1200));
    assert_eq!(it.totals.per_unit_totals[0].quantity, Some(4));
    let item = &it.subscription_items[0];
    assert_eq!(item.credits.as_ref().unwrap().total.amount, 100);
    assert_eq!(item.plan.as_ref().unwrap().unit_prices[0].tiers[0].amount_per_block, 300);
    assert_eq!(item.seats.as_ref().unwrap().quantity, Some(5));
}

#[test]
fn a_payer_may_be_a_user() {
    let mut data = subscription_item("active");
    data["payer"]["user_id"] = json!("user_1");
    data["payer"]["organization_id"] = json!("");
    let typed = deliver("subscriptionItem.active", &data).unwrap();
    assert_eq!((typed.user_id().unwrap().as_str(), typed.organization_id()), ("user_1", None));
    // Also if the event cannot be decoded.
    for kind in ["subscription.updated", "subscriptionItem.active", "paymentAttempt.updated"] {
        let event = read(&event(kind, &json!({"payer": data["payer"]}))).event;
        assert!(matches!(event, Event::Unreadable { .. }), "{kind}");
        assert_eq!((event.user_id().unwrap().as_str(), event.organization_id()), ("user_1", None), "{kind}");
    }
}

#[test]
fn an_invitation_may_name_its_organization_only_in_what_it_shows_of_it() {
    let mut data = invitation("pending");
    data["organization_id"] = Value::Null;
    data["public_organization_data"] = organization();
    let event = deliver("organizationInvitation.created", &data).unwrap();
    assert_eq!(event.organization_id().unwrap(), "org_1");
}

/// The JSON pointers of all members of all objects in `value`.
fn members(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => return,
    };
    for (key, child) in children {
        let here = format!("{at}/{key}");
        if value.is_object() {
            found.push(here.clone());
        }
        members(child, &here, found);
    }
}

/// What becomes of a member: it is removed, is `null`, or has another type.
fn changes(value: &Value, at: &str) -> [(&'static str, Value); 3] {
    let (parent, key) = at.rsplit_once('/').unwrap();
    let [mut without, mut null, mut other] = [(); 3].map(|()| value.clone());
    without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    *null.pointer_mut(at).unwrap() = Value::Null;
    let member = other.pointer_mut(at).unwrap();
    *member = if member.is_number() || member.is_null() { json!({"other": [true]}) } else { json!(7) };
    [("missing", without), ("null", null), ("another type", other)]
}

/// A delivery whose signature is valid is never lost.
#[test]
fn whatever_happens_to_a_member_of_any_event_all_of_it_can_still_be_read() {
    for (kind, data, ..) in events() {
        let original = event(&kind, &data);
        let mut all = Vec::new();
        members(&original, "", &mut all);
        assert!(all.len() > 8, "{kind}");
        for at in all {
            for (how, changed) in changes(&original, &at) {
                let delivery = read(&changed);
                let what = format!("{kind}: {at}: {how}: {delivery:?}");
                assert_eq!(serde_json::from_slice::<Value>(&delivery.body).unwrap(), changed, "{what}");
                let same_kind = delivery.event.kind() == kind;
                match &delivery.event {
                    Event::Unreadable { data, problem, .. } => {
                        assert_eq!(*data, changed["data"], "{what}");
                        let field = at.rsplit('/').next().unwrap();
                        // The path is not known within flattened structs.
                        let parents = kind.starts_with("session.")
                            || kind == "organizationInvitation.accepted"
                            || field == "data";
                        assert!(
                            problem.contains(field) || parents || problem.starts_with("found"),
                            "{what}: {problem}"
                        );
                        assert!(same_kind || at == "/type", "{what}");
                    }
                    Event::Other { data, .. } => assert_eq!(*data, changed["data"], "{what}"),
                    _ => assert!(same_kind, "{what}"),
                }
                // Outside of the data, nothing matters but the type.
                if !at.starts_with("/data") && at != "/type" {
                    assert_eq!(delivery.event, read(&original).event, "{what}");
                }
            }
        }
    }
}

#[test]
fn whatever_is_missing_or_null_falls_back_except_identifiers() {
    // What is gone needs no ID.
    let is_gone = |kind: &str| kind.ends_with(".deleted") && kind != "organizationMembership.deleted";
    let is_strict = |kind: &str, at: &str| match at {
        "/client_id" | "/organization" | "/public_user_data/user_id" => true,
        "/user_id" => kind.starts_with("session.") || kind == "organizationInvitation.accepted",
        "/organization_id" => kind.starts_with("organizationDomain."),
        _ => at.ends_with("/id") && !is_gone(kind),
    };
    for (kind, data, ..) in events().into_iter().filter(|(kind, ..)| kind != "user.hibernated") {
        let mut all = Vec::new();
        members(&data, "", &mut all);
        for at in all {
            for (how, changed) in &changes(&data, &at)[..2] {
                assert_eq!(deliver(&kind, changed).is_err(), is_strict(&kind, &at), "{kind}: {at} is {how}");
            }
        }
    }
}

/// The user and the organization are found whether the data can be decoded or not.
#[test]
fn what_cannot_be_decoded_still_names_whom_it_is_about() {
    for (kind, data, user, organization) in events() {
        let event = Event::unreadable(&kind, &data.to_string(), String::new());
        assert_eq!(event.user_id().as_ref().map(AsRef::as_ref), user, "{kind}");
        assert_eq!(event.organization_id().as_ref().map(AsRef::as_ref), organization, "{kind}");
    }
}

/// Clerk's own sample deliveries have users without `banned` and `locked`.
#[test]
fn what_decides_elsewhere_is_assumed_in_an_event_which_says_so() {
    let mut bare = user();
    bare.as_object_mut().unwrap().remove("banned");
    bare["locked"] = Value::Null;
    let mut nested = session("active");
    nested["user"] = bare.clone();
    for (kind, data, at) in [("user.created", bare, ""), ("session.created", nested, "user.")] {
        let delivery = read(&event(kind, &data));
        let user = match &delivery.event {
            Event::UserCreated(user) => user,
            Event::SessionCreated(it) => it.user.as_ref().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!((user.first_name.as_deref(), user.banned, user.locked), (Some("Ada"), false, false));
        assert_eq!(delivery.assumed.len(), 2);
        for field in ["banned", "locked"] {
            assert!(delivery.assumed.contains(&format!("{at}{field}")), "{:?}", delivery.assumed);
        }
    }
    assert_eq!(read(&event("user.created", &user())).assumed, [""; 0]);
    // Also beside metadata that is nested more deeply than a `Value` can be.
    let mut marked = user();
    marked.as_object_mut().unwrap().remove("banned");
    marked["public_metadata"] = json!({"deep": "here"});
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let body = event("user.created", &marked).to_string().replace("\"here\"", &deep);
    let delivery = Delivery::read("msg_1", body.as_bytes());
    let Event::UserCreated(user_with_depth) = &delivery.event else { panic!("{delivery:?}") };
    assert_eq!((user_with_depth.banned, &*delivery.assumed), (false, &["banned".to_owned()][..]));
    let metadata = serde_json::to_string(&user_with_depth.public_metadata).unwrap();
    assert!(metadata.contains(&deep), "{metadata}");
    let gone = read(&event("user.deleted", &json!({"id": "user_1"})));
    let Event::UserDeleted(it) = &gone.event else { panic!("{gone:?}") };
    assert_eq!((it.deleted, &*gone.assumed), (true, &["deleted".to_owned()][..]));
    // Something else than `true` or `false` is not missing.
    let mut odd = user();
    odd["banned"] = json!("yes");
    assert_eq!(deliver("user.created", &odd).unwrap_err(), "banned: found string, expected a boolean");
    // Where it decides about access, it never falls back.
    odd.as_object_mut().unwrap().remove("banned");
    assert!(serde_json::from_value::<crate::model::User>(odd).is_err());
}

#[test]
fn what_was_read_can_be_written_and_read_again() {
    fn check<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(data: Value) {
        let read: T = serde_json::from_value(data).unwrap();
        let again: T = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(read, again);
        let shown = format!("{read:?}");
        assert!(shown.contains("id: ") && !shown.contains("424242") && !shown.contains("ada@"), "{shown}");
    }
    check::<super::payload::SessionEvent>(session("active"));
    check::<super::payload::AcceptedInvitation>(invitation("accepted"));
    check::<super::payload::Email>(email());
    check::<super::payload::Sms>(sms());
    check::<super::payload::Subscription>(subscription("active"));
    check::<super::payload::SubscriptionItem>(subscription_item("expired"));
    check::<super::payload::PaymentAttempt>(payment_attempt("a new status"));
}

fn examples(value: &Value, found: &mut Vec<Value>) {
    if value["object"] == "event" && value["type"].is_string() && value["data"].is_object() {
        found.push(value.clone());
    }
    match value {
        Value::Object(object) => object.values().for_each(|value| examples(value, found)),
        Value::Array(list) => list.iter().for_each(|value| examples(value, found)),
        _ => {}
    }
}

/// Decodes the examples in Clerk's OpenAPI document for webhooks, if `CLERK_WEBHOOKS_OPENAPI` is its path.
#[test]
fn the_examples_of_clerks_document_are_read() {
    let Some(path) = std::env::var_os("CLERK_WEBHOOKS_OPENAPI") else {
        println!("skipped: CLERK_WEBHOOKS_OPENAPI is not set");
        return;
    };
    let document: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for kind in document["x-webhooks"].as_object().unwrap().keys() {
        assert!(Event::KINDS.contains(&kind.as_str()), "{kind} is not typed");
    }
    let mut found = Vec::new();
    examples(&document, &mut found);
    assert!(found.len() > 30, "only {} examples", found.len());
    let mut wrong = Vec::new();
    for example in &found {
        let kind = example["type"].as_str().unwrap();
        match read(example).event {
            Event::Other { .. } => wrong.push(format!("{kind}: other")),
            Event::Unreadable { problem, .. } => wrong.push(format!("{kind}: {problem}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Numbers that survive being written and read: serde_json rounds others in the last place.
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        proptest::sample::select(vec![
            "id",
            "user_id",
            "client_id",
            "organization",
            "user",
            "payer",
            "plan",
            "items",
            "totals",
            "status",
            "banned",
            "locked",
            "deleted",
            "data",
            "seats",
            "created_at",
            "interval",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Random JSON of the same kind as `value`, so that most events can still be decoded.
fn any_like(value: &Value) -> BoxedStrategy<Value> {
    match value {
        Value::String(_) => "\\PC{1,12}".prop_map(Value::from).boxed(),
        Value::Number(_) => any::<i32>().prop_map(Value::from).boxed(),
        Value::Bool(_) => any::<bool>().prop_map(Value::from).boxed(),
        _ => any_json().boxed(),
    }
}

/// An event with some members replaced by other values.
fn any_event() -> impl Strategy<Value = (String, Value)> {
    let changed = |(kind, data): (String, Value)| {
        let mut all = Vec::new();
        members(&data, "", &mut all);
        let change = proptest::sample::select(all).prop_flat_map({
            let data = data.clone();
            move |at| {
                any_like(data.pointer(&at).unwrap_or(&Value::Null)).prop_map(move |new| (at.clone(), new))
            }
        });
        proptest::collection::vec(change, 0..8).prop_map(move |changes| {
            let mut data = data.clone();
            for (at, new) in changes {
                if let Some(member) = data.pointer_mut(&at) {
                    *member = new;
                }
            }
            (kind.clone(), data)
        })
    };
    proptest::sample::select(events()).prop_map(|(kind, data, ..)| (kind, data)).prop_flat_map(changed)
}

/// Serializes an event, and decodes it again. Private members, such as the link of an invitation, are left out.
fn written_and_read(kind: &str, event: &Event) -> Result<Event, String> {
    let written = event.data().map_err(|error| error.to_string())?;
    let again = deliver(kind, &written)?;
    if again.data().ok() == Some(written) { Ok(again) } else { Err(format!("{kind}: other data")) }
}

#[test]
fn every_event_is_read_again_from_what_is_written() {
    for (kind, data, ..) in events() {
        let event = deliver(&kind, &data).unwrap();
        assert_eq!(written_and_read(&kind, &event).as_ref(), Ok(&event));
    }
}

proptest! {
    #[test]
    fn what_was_read_of_any_event_is_read_again((kind, data) in any_event()) {
        let Ok(event) = deliver(&kind, &data) else { return Ok(()) };
        let again = written_and_read(&kind, &event).map_err(TestCaseError::fail)?;
        prop_assert_eq!(written_and_read(&kind, &again), Ok(again));
    }

    #[test]
    fn no_data_panics(kind in proptest::sample::select(Event::KINDS), data in any_json()) {
        if let Ok(event) = deliver(kind, &data) {
            prop_assert_eq!(event.kind(), kind);
            let _ = (event.user_id(), event.organization_id());
        }
        let other = deliver("user.hibernated", &data).unwrap();
        prop_assert_eq!(other.kind(), "user.hibernated");
    }

    #[test]
    fn no_change_to_data_panics(event in proptest::sample::select(events()), place in any::<usize>(), new in any_json()) {
        let (kind, mut data, ..) = event;
        let mut all = Vec::new();
        members(&data, "", &mut all);
        *data.pointer_mut(&all[place % all.len()]).unwrap() = new;
        if let Ok(event) = deliver(&kind, &data) {
            prop_assert_eq!(event.kind(), kind);
        }
    }
}
