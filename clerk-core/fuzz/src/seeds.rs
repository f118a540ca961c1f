//! What each target begins with: bytes that go a long way through its reader.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::api::OPERATIONS;
use serde_json::Value;

const HEADER: &str = r#"{"alg":"RS256","kid":"ins_1","typ":"JWT","cat":"cl_B7d4PD111AAA"}"#;

const CLAIMS: [&str; 3] = [
    r#"{"azp":"https://app.example.com","exp":1700000050,"fva":[0,-1],"iat":1699999990,"iss":"https://clerk.example.com","nbf":1699999980,"sid":"sess_1","sub":"user_1","sts":"active","v":2,"fea":"o:export,u:api","pla":"u:pro,o:team","o":{"id":"org_1","slg":"acme","rol":"admin","per":"read,manage","fpm":"3,1"}}"#,
    r#"{"aud":["api"],"exp":1700000050.5,"iat":1699999990,"iss":0,"nbf":1.69e9,"sub":"user_1","org_id":"org_1","org_slug":"acme","org_role":"org:admin","org_permissions":["org:notes:read"],"act":{"sub":"user_9","iss":"https://dashboard.example.com","type":"agent"}}"#,
    r#"{"sub":"user_1","act":[1,{"a":null}],"exp":{},"v":"2","o":{"id":5},"fva":[1,2,3]}"#,
];

const METADATA: [&str; 3] = [
    r#"{"a":[null,true,-1,18446744073709551615,1.5,"text\n",{}],"b":{"c":"d"}}"#,
    r#"{"a":{"$serde_json::private::RawValue":"{\"b\":1}"},"c":{"$serde_json::private::Number":"1"}}"#,
    "{}",
];

/// The bytes that a target begins with.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "token" => CLAIMS.iter().map(|claims| token(claims).into_bytes()).collect(),
        "claims" => texts(&CLAIMS),
        "request" => requests(),
        "keys" => texts(&[
            "sk_test_abcdefghijklmnop",
            "ak_abcdefghijklmnop",
            "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
            "pk_test_Y2xlcmsuZXhhbXBsZS5jb206ODA4MCQ=",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ]),
        "jwks" => vec![crate::JWKS.to_vec()],
        "pem" => texts(&[crate::PEM]),
        "webhook" => webhooks(),
        "error" => texts(&[
            "\u{7a}{\"errors\":[{\"code\":\"form_param_nil\",\"message\":\"m\",\"long_message\":\"l\",\"meta\":{\"param_name\":\"p\"}}],\"meta\":{},\"clerk_trace_id\":\"t\"}",
            "\u{10}retry-after: 7\ncf-ray: ray\n",
            r#"{"errors":[{"code":"form_param_nil","meta":{"param_name":"p"}}],"clerk_trace_id":"t"}"#,
        ]),
        "answer" => answers().into_iter().map(|(_, seed)| seed).collect(),
        "metadata" => texts(&METADATA),
        "retry_after" => {
            texts(&["\0\0\0\0\0\0\0\u{1}120", "\0\0\0\0\0\0\0\u{1}Sun, 06 Nov 1994 08:49:37 GMT"])
        }
        _ => Vec::new(),
    }
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn token(claims: &str) -> String {
    let [header, claims] = [HEADER, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.c2ln")
}

fn requests() -> Vec<Vec<u8>> {
    let token = token(CLAIMS[0]);
    [
        format!("GET /\nauthorization: Bearer {token}"),
        format!(
            "POST https://app.example.com/?a=b\ncookie: __session={token}; __client_uat=1699999000\nhost: a"
        ),
        format!(
            "GET /\ncookie: __session_vLGgN1zV={token}; __client_uat_vLGgN1zV=0; __clerk_db_jwt=a\norigin: b"
        ),
        "GET /\nauthorization: Bearer mt_1\nsec-fetch-dest: document".to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}

/// Events whose data is that of an answer.
fn webhooks() -> Vec<Vec<u8>> {
    let kinds = [
        ("User", "user.created"),
        ("DeletedObject", "user.deleted"),
        ("Session", "session.created"),
        ("Organization", "organization.created"),
        ("OrganizationDomain", "organizationDomain.created"),
        ("OrganizationMembership", "organizationMembership.created"),
        ("OrganizationInvitation", "organizationInvitation.accepted"),
        ("Role", "role.created"),
        ("Permission", "permission.created"),
        ("WaitlistEntry", "waitlistEntry.created"),
        ("BillingSubscription", "subscription.created"),
        ("BillingSubscriptionItem", "subscriptionItem.created"),
        ("Metadata", "user.hibernated"),
    ];
    let event = |(model, kind): (&str, &str)| {
        let (_, seed) = answers().into_iter().find(|(name, _)| name == model)?;
        let mut data: Value = serde_json::from_slice(seed.get(2..)?).ok()?;
        data["user_id"] = "user_1".into();
        let event = serde_json::json!({"type": kind, "data": data, "timestamp": 1_700_000_000_000_i64,
            "instance_id": "ins_1", "event_attributes": {"http_request": {"client_ip": "192.0.2.1"}}});
        Some(event.to_string().into_bytes())
    };
    let small = [
        r#"{"type":"email.created","data":{"id":"ema_1","slug":"a","to_email_address":"b","data":{},"delivered_by_clerk":true}}"#,
        r#"{"type":"sms.created","data":{"id":"sms_1","message":"a","delivered_by_clerk":false,"created_at":1}}"#,
        r#"{"type":"paymentAttempt.created","data":{"id":"a","payee":{"id":"b"},"subscription_items":[{"id":"c"}]}}"#,
    ];
    kinds.into_iter().filter_map(event).chain(texts(&small)).collect()
}

/// An answer of each type, behind the number of an operation that gives it.
fn answers() -> Vec<(String, Vec<u8>)> {
    let lines: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/samples/answers.json")).unwrap_or_default();
    let seed = |line: Value| {
        let operation = line["operations"].get(0)?.as_str()?;
        let index = OPERATIONS.iter().position(|info| info.id == operation)?;
        let mut seed = u16::try_from(index).ok()?.to_be_bytes().to_vec();
        seed.extend_from_slice(line["answer"].to_string().as_bytes());
        Some((line["type"].as_str()?.to_owned(), seed))
    };
    lines.into_iter().filter_map(seed).collect()
}
