//! Tests of the settings that the Backend API lacks.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::Fixture;
use crate::{
    LocalAttribute::{AuthenticatorApp, EmailAddress, Password, PhoneNumber, Username},
    LocalClerk,
    LocalRequirement::{Off, Optional, Required},
    LocalSignUpMode::{Restricted, Waitlist},
};

/// Each method, the same in a seed, and what front ends see of it.
#[test]
fn methods_and_seeds_set_the_same_and_front_ends_see_it() {
    type Set = fn(&LocalClerk);
    let cases: [(Set, &str, &str, Value); 13] = [
        (
            |local| local.set_attribute(Username, Required),
            "attributes = { username = 'required' }",
            "/user_settings/attributes/username/required",
            json!(true),
        ),
        (
            |local| local.set_attribute(PhoneNumber, Off),
            "attributes = { phone_number = 'off' }",
            "/user_settings/attributes/phone_number/enabled",
            json!(false),
        ),
        (
            |local| local.set_attribute(EmailAddress, Optional),
            "attributes = { email_address = 'optional' }",
            "/auth_config/email_address",
            json!("on"),
        ),
        (
            |local| {
                local.set_attribute(Password, Off);
                local.set_attribute(AuthenticatorApp, Off);
            },
            "attributes = { password = 'off', authenticator_app = 'off' }",
            "/auth_config/second_factors",
            json!(["phone_code", "backup_code"]),
        ),
        (
            |local| local.set_social_providers(["google", "github"]),
            "social_providers = ['google', 'github']",
            "/user_settings/social/oauth_github/enabled",
            json!(true),
        ),
        (
            |local| local.set_social_providers([""; 0]),
            "social_providers = []",
            "/user_settings/social",
            json!({}),
        ),
        (
            |local| local.set_sign_up_mode(Restricted),
            "sign_up_mode = 'restricted'",
            "/user_settings/sign_up/mode",
            json!("restricted"),
        ),
        (
            |local| local.set_sign_up_mode(Waitlist),
            "sign_up_mode = 'waitlist'",
            "/user_settings/sign_up/mode",
            json!("waitlist"),
        ),
        (
            |local| local.set_email_links(true),
            "email_links = true",
            "/user_settings/attributes/email_address/first_factors",
            json!(["email_code", "email_link"]),
        ),
        (
            |local| local.set_legal_consent_required(true),
            "legal_consent_required = true",
            "/user_settings/sign_up/legal_consent_enabled",
            json!(true),
        ),
        (
            |local| local.set_single_session_mode(true),
            "single_session_mode = true",
            "/auth_config/single_session_mode",
            json!(true),
        ),
        (
            |local| local.set_password_min_length(12),
            "password_min_length = 12",
            "/user_settings/password_settings/min_length",
            json!(12),
        ),
        (
            |local| local.set_user_lockout(3, Duration::from_secs(600)),
            "user_lockout = { max_attempts = 3, duration_in_minutes = 10 }",
            "/user_settings/attack_protection/user_lockout",
            json!({ "enabled": true, "max_attempts": 3, "duration_in_minutes": 10 }),
        ),
    ];
    for (set, seed, pointer, expected) in cases {
        let seeded = Fixture::with(|builder| builder.seed(format!("[user_settings]\n{seed}")));
        let fixture = Fixture::new();
        set(&fixture.local);
        assert!(seeded.local.state().settings == fixture.local.state().settings, "{seed}");
        let request = Request::get("http://localhost/v1/environment").body(Bytes::new()).unwrap();
        let (_, environment) = fixture.send(request);
        assert_eq!(environment.pointer(pointer), Some(&expected), "{seed}");
    }
}
