//! Decoding of responses about the instance's own resources.

use bytes::Bytes;
use clerk_core::{
    Metadata, Operation, Timestamp,
    api::{
        beta_features, email_addresses, email_sms_templates, emails, instance_settings, invitations,
        miscellaneous, organization_invitations, proxy_checks, testing_tokens, waitlist_entries, webhooks,
    },
    decode::{self, ResponseError},
    model::{
        ActorToken, Domain, EnrollmentMode, InvitationStatus, OrganizationSettings, TemplateType,
        VerificationStatus, WaitlistEntryStatus,
    },
};
use http::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn decoded<O: Operation>(operation: &O, status: u16, body: &str) -> Result<O::Output, ResponseError> {
    operation
        .decode(&Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

fn read<O: Operation<Output: DeserializeOwned>>(body: &str) -> Result<O::Output, ResponseError> {
    decode::json(O::INFO, &Response::new(Bytes::copy_from_slice(body.as_bytes())))
}

fn output<O: Operation<Output: DeserializeOwned>>(body: &Value) -> O::Output {
    read::<O>(&body.to_string()).unwrap()
}

fn invitation() -> Value {
    json!({
        "object": "invitation", "id": "inv_1", "email_address": "a@example.com", "public_metadata": null,
        "revoked": false, "status": "pending", "created_at": 1_700_000_000_000_i64,
        "updated_at": 1_700_000_000_000_i64,
    })
}

#[test]
fn a_revoked_invitation_is_an_invitation() {
    let mut body = invitation();
    body["revoked"] = json!(true);
    body["status"] = json!("revoked");
    let revoked = output::<invitations::Revoke>(&body);
    assert_eq!((revoked.revoked, &revoked.status), (Some(true), &InvitationStatus::Revoked));
    assert_eq!(revoked.public_metadata, Metadata::new());
    assert_eq!(revoked.url, None);
}

#[test]
fn a_deleted_invitation_is_the_one_that_was_asked_for() {
    let gone = |id: &str| format!(r#"{{"object": "invitation", "id": "{id}", "deleted": true}}"#);
    let operation = invitations::delete("inv_1");
    assert!(decoded(&operation, 200, &gone("inv_1")).unwrap().deleted);
    assert!(matches!(decoded(&operation, 200, &gone("inv_2")), Err(ResponseError::Decode(_))));
}

#[test]
fn each_email_of_a_batch_has_a_result() {
    let results = output::<emails::CreateBatch>(&json!([
        {"index": 0, "status_code": 200, "email": {
            "object": "email", "id": "ema_1", "from_email_name": "shop", "status": "suppressed",
            "email_address_id": null, "data": null, "suppression_reason": "bounced",
        }},
        {"index": 1.0, "status_code": 429, "retry_after_seconds": 30, "errors": [
            {"code": "too_many_requests", "message": "Too many", "long_message": "Too many requests"},
        ]},
    ]));
    let [sent, refused] = &results[..] else { panic!("{results:?}") };
    let email = sent.email.as_ref().unwrap();
    assert_eq!((email.status.as_str(), email.suppression_reason.as_deref()), ("suppressed", Some("bounced")));
    assert!(sent.errors.is_empty() && email.email_address_id.is_none() && email.data == Metadata::new());
    assert_eq!((refused.index, refused.status_code, refused.retry_after_seconds), (1, 429, Some(30)));
    assert!(refused.email.is_none() && refused.errors[0].code == "too_many_requests");
    // Without its position, a result could be attributed to another message.
    assert!(read::<emails::CreateBatch>(r#"[{"status_code": 200, "errors": []}]"#).is_err());

    let email = |id: &str| format!(r#"{{"id": "{id}", "status": "queued"}}"#);
    assert!(decoded(&emails::get("ema_1"), 200, &email("ema_1")).is_ok());
    assert!(matches!(decoded(&emails::get("ema_1"), 200, &email("ema_2")), Err(ResponseError::Decode(_))));
}

#[test]
fn bulk_operations_return_lists_with_and_without_a_total() {
    let made = output::<invitations::BulkCreate>(&json!([invitation(), invitation()]));
    assert_eq!(made.len(), 2);
    let page = output::<organization_invitations::BulkCreate>(&json!({
        "data": [{"id": "orginv_1", "role": "org:member", "email_address": "a@example.com",
                  "public_organization_data": {"id": "org_1", "name": "Engines"}}],
        "total_count": 1,
    }));
    assert_eq!((page.data.len(), page.total_count), (1, Some(1)));
    let entries = output::<waitlist_entries::BulkCreate>(&json!([
        {"id": "wle_1", "status": "invited", "invitation": invitation()},
        {"id": "wle_2", "status": "parked", "invitation": null},
    ]));
    let found: Vec<_> = entries.iter().map(|entry| entry.status.as_str()).collect();
    assert_eq!(found, ["invited", "parked"]);
    assert_eq!(entries.first().unwrap().status, WaitlistEntryStatus::Invited);
    assert!(entries.first().unwrap().invitation.is_some());
}

#[test]
fn a_code_is_valid_only_if_the_response_says_so() {
    type Attempt = email_addresses::AttemptVerification;
    let verification = output::<Attempt>(&json!({
        "object": "verification", "id": "ver_1", "status": "verified", "strategy": "email_code",
        "attempts": 1, "expire_at": 1_700_000_000_000_i64, "channel": null,
    }));
    assert_eq!(verification.status, VerificationStatus::Verified);
    assert_eq!(verification.expire_at, Some(Timestamp::from_secs(1_700_000_000)));
    let locked = output::<Attempt>(&json!({"id": "ver_1", "status": "locked", "strategy": "email_code"}));
    assert_eq!(locked.status.as_str(), "locked");
    for body in
        [json!({"id": "ver_1"}), json!({"id": "ver_1", "status": null}), json!({"status": "verified"})]
    {
        assert!(read::<Attempt>(&body.to_string()).is_err(), "{body}");
    }
}

#[test]
fn testing_tokens_count_seconds() {
    type Create = testing_tokens::Create;
    let token =
        output::<Create>(&json!({"object": "testing_token", "token": "t", "expires_at": 1_713_880_800}));
    assert_eq!((token.token.as_str(), token.expires_at), ("t", 1_713_880_800));
    assert!(read::<Create>(r#"{"expires_at":1713880800}"#).is_err());
}

#[test]
fn optional_fields_may_be_missing_or_null() {
    let token: ActorToken = serde_json::from_value(json!({
        "id": "act_1", "user_id": "user_1", "status": "pending", "actor": null, "token": null, "url": null,
    }))
    .unwrap();
    assert!(token.actor.is_none() && token.token.is_none() && token.url.is_none());
    let domain: Domain = serde_json::from_value(json!({
        "id": "dmn_1", "name": "a.example", "accounts_portal_url": null, "cname_targets": null,
    }))
    .unwrap();
    assert!(domain.accounts_portal_url.is_none() && domain.cname_targets.is_none());
    let settings: OrganizationSettings = serde_json::from_value(json!({
        "enabled": true, "domains_enrollment_modes": ["automatic_invitation", "enterprise_sso"],
    }))
    .unwrap();
    let modes: Vec<_> = settings.domains_enrollment_modes.iter().map(EnrollmentMode::as_str).collect();
    assert_eq!(modes, ["automatic_invitation", "enterprise_sso"]);
    assert!(read::<proxy_checks::Verify>(r#"{"id":"p","domain_id":"d","successful":null}"#).is_err());
}

#[test]
#[allow(deprecated, reason = "Clerk is retiring them")]
fn templates_have_few_required_fields() {
    let template = output::<email_sms_templates::Get>(&json!({
        "slug": "invitation", "template_type": "email", "required_variables": null,
    }));
    assert_eq!(template.template_type, TemplateType::Email);
    assert!(template.required_variables.is_empty() && template.subject.is_none());
    let preview = output::<email_sms_templates::Preview>(&json!({"body": "<p>Hi</p>"}));
    assert_eq!(preview.get("body"), Some(json!("<p>Hi</p>")));
}

#[test]
fn responses_without_json() {
    decoded(&instance_settings::update(), 204, "").unwrap();
    decoded(&instance_settings::change_domain(), 202, "").unwrap();
    decoded(&webhooks::delete_svix_app(), 204, "").unwrap();
    let page = decoded(&miscellaneous::get_public_interstitial(), 200, "<html></html>").unwrap();
    assert_eq!(page, "<html></html>");
    let settings = output::<beta_features::UpdateInstanceSettings>(
        &json!({"object": "instance_settings", "id": "ins_1"}),
    );
    assert_eq!(settings.restricted_to_allowlist, None);
}
