//! The seeds of each target: inputs that get far in its parser.

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

/// Returns the seeds of a target.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "token" => CLAIMS.iter().map(|claims| token(claims).into_bytes()).collect(),
        "claims" => texts(&CLAIMS),
        "request" => requests(),
        "cookies" => cookies(),
        "query" => texts(&[
            "a=b%20c&foo&x=~&__clerk_db_jwt=d",
            "__clerk_handshake=a.b.c&__clerk_synced=true&%5F_clerk_synced=false",
            "__clerk_redirect_url=https%3A%2F%2Fs.example%2Fx%3Fa%3Db&__dev_session=1",
            "__clerk_handshake_nonce=n&__clerk_help=%zz%ff",
        ]),
        "redacted_uri" => texts(&[
            "/orders?page=2&__clerk_handshake=a.b.c",
            "https://ada:secret@a.example:8443/b?%5F%5Fclerk_db_jwt=x&token=y&flag&=z",
            "/sign-in?redirect_url=https%3A%2F%2Fa.example%2F%3F__clerk_ticket%3Dx&a=b=c",
            "ada@*",
            "https://ada[x:secret@a]b?c=d",
        ]),
        "patterns" => texts(&[
            "/orgs/:slug/(.*)\n/orgs/acme/x",
            "/o{-:id}?\n/o-org_1",
            "/a/:slug([a-z]+)+/\\:x\n/a/b/c/:x",
        ]),
        "handshake" => texts(&[
            "__session=a.b.c; Path=/\n__client_uat=1; Path=/\n",
            "__session=\n__session_naoXFJnI=x=y\na: b\r\n\0",
        ]),
        "keys" => texts(&[
            "sk_test_abcdefghijklmnop",
            "ak_abcdefghijklmnop",
            "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
            "pk_test_Y2xlcmsuZXhhbXBsZS5jb206ODA4MCQ=",
            "pk_test_ZS5jb206ODA6MCQ=",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n",
        ]),
        "jwks" => vec![crate::JWKS.to_vec()],
        "pem" => texts(&[crate::PEM]),
        "webhook" => webhooks(),
        "error" => texts(&[
            "\u{7a}{\"errors\":[{\"code\":\"form_param_nil\",\"message\":\"m\",\"long_message\":\"l\",\"meta\":{\"param_name\":\"p\"}}],\"meta\":{},\"clerk_trace_id\":\"t\"}",
            "\u{10}retry-after: 7\ncf-ray: ray\n",
            r#"{"errors":[{"code":"form_param_nil","meta":{"param_name":"p"}}],"clerk_trace_id":"t"}"#,
        ]),
        "response" => responses().into_iter().map(|(_, seed)| seed).collect(),
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

/// Heads of requests, each followed by an empty line and Clerk's responses.
fn requests() -> Vec<Vec<u8>> {
    let token = token(CLAIMS[0]);
    [
        format!("GET /\nauthorization: Bearer {token}"),
        format!(
            "POST https://app.example.com/?a=b\ncookie: __session={token}; __client_uat=1699999000\nhost: a"
        ),
        format!(
            "GET /\ncookie: __session_naoXFJnI={token}; __client_uat_naoXFJnI=0; __clerk_db_jwt=a\norigin: b"
        ),
        "GET /\nauthorization: Bearer mt_1\nsec-fetch-dest: document\n\n404 {}".to_owned(),
        "GET /\nauthorization: Bearer ak_1\n\n200 {\"id\":\"a\",\"subject\":\"user_1\",\"revoked\":false,\"expired\":false}".to_owned(),
        "GET /\nauthorization: Bearer oat_1\n\n200 {\"active\":false}".to_owned(),
        format!(
            "GET /?__clerk_handshake_nonce=n\nhost: a\nsec-fetch-dest: document\n\n200 {{\"directives\":[\"__session={token}; Path=/\"]}}"
        ),
        "GET /p?__clerk_redirect_url=https%3A%2F%2Fs.example\nhost: a\naccept: text/html".to_owned(),
        "GET /?__clerk_synced=false\nhost: a:1\nx-forwarded-host: b, c\nsec-fetch-dest: document".to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}

fn cookies() -> Vec<Vec<u8>> {
    let token = token(CLAIMS[0]);
    [
        format!("__session={token}; __client_uat=1699999000; __clerk_db_jwt=a; __clerk_redirect_count=2"),
        format!("__session_naoXFJnI={token}; __client_uat_naoXFJnI=12abc; __refresh_naoXFJnI=r%3D"),
        format!("__clerk_handshake={token}; __client_uat=0; __session=a%2Eb; __session=second"),
        "a=%3B%20__session%3Dx; __clerk_handshake_nonce=n;__client_uat=-5".to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}

/// Events whose data is taken from the sample responses.
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
        let (_, seed) = responses().into_iter().find(|(name, _)| name == model)?;
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

/// A sample response of each type, after the number of an operation that returns it.
fn responses() -> Vec<(String, Vec<u8>)> {
    let lines: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/samples/responses.json")).unwrap_or_default();
    let seed = |line: Value| {
        let operation = line["operations"].get(0)?.as_str()?;
        let index = OPERATIONS.iter().position(|info| info.id == operation)?;
        let mut seed = u16::try_from(index).ok()?.to_be_bytes().to_vec();
        seed.extend_from_slice(line["response"].to_string().as_bytes());
        Some((line["type"].as_str()?.to_owned(), seed))
    };
    lines.into_iter().filter_map(seed).collect()
}
