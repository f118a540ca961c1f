//! Property tests of the encoders: whatever strings a request contains, a path keeps its segments, a query its pairs,
//! JSON its members, and a form its parts.

use bytes::Bytes;
use clerk_core::{
    Metadata, Nullable, Operation, OperationInfo,
    api::{OPERATIONS, enterprise_connections, jwt_templates, m2m, organizations, users, waitlist_entries},
    encode::{File, RequestBuilder},
};
use clerk_tests::varied::Choices;
use http::{Request, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use serde_json::{Value, json};

/// Any string, often with characters that are special in URLs, JSON and forms.
fn text() -> impl Strategy<Value = String> {
    let meaning = [
        "/",
        "..",
        "%2F",
        "%2e%2e",
        "?",
        "#",
        "&",
        "=",
        "+",
        " ",
        "\"",
        "\\",
        "\r\n",
        "--",
        "\0",
        ";",
        "é",
        "{user_id}",
    ];
    let piece = prop_oneof![any::<String>(), select(meaning.to_vec()).prop_map(str::to_owned)];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat().chars().take(80).collect())
}

/// Returns the names of the parameters in a path template.
fn places(info: &'static OperationInfo) -> Vec<&'static str> {
    info.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

fn object(request: &Request<Bytes>) -> Value {
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
    serde_json::from_slice(request.body()).unwrap()
}

/// Returns the headers and the content of each part of a form, by RFC 2046: a delimiter is a line end, two dashes
/// and the boundary.
fn parts(request: &Request<Bytes>) -> Vec<(Vec<String>, Vec<u8>)> {
    let kind = request.headers()[CONTENT_TYPE].to_str().unwrap();
    let delimiter = format!("\r\n--{}", kind.strip_prefix("multipart/form-data; boundary=").unwrap());
    let body = [b"\r\n", request.body().as_ref()].concat();
    let mut parts = split(&body, delimiter.as_bytes());
    assert_eq!((parts.remove(0), parts.pop()), (&b""[..], Some(&b"--\r\n"[..])));
    let part = |part: &[u8]| {
        let part = part.strip_prefix(b"\r\n").unwrap();
        let at = part.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(part[..at].to_vec()).unwrap();
        (head.split("\r\n").map(str::to_owned).collect(), part[at + 4..].to_vec())
    };
    parts.into_iter().map(part).collect()
}

fn split<'a>(mut bytes: &'a [u8], at: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(position) = bytes.windows(at.len()).position(|window| window == at) {
        parts.push(&bytes[..position]);
        bytes = &bytes[position + at.len()..];
    }
    parts.push(bytes);
    parts
}

/// Returns the value of `name="…"`, which only its own closing quote can end.
fn parameter(header: &str, name: &str) -> String {
    let (_, rest) = header.split_once(&format!("; {name}=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn check_path(info: &'static OperationInfo, values: &[String]) -> Result<(), TestCaseError> {
    let mut builder = RequestBuilder::new(info);
    for (name, value) in places(info).into_iter().zip(values) {
        builder = builder.path(name, value);
    }
    let Ok(request) = builder.query("q", "a/b?c#d").build() else { return Ok(()) };
    prop_assert_eq!(request.uri().query(), Some("q=a%2Fb%3Fc%23d"));
    let path = request.uri().path();
    prop_assert_eq!(path.split('/').count(), info.path.split('/').count());
    let mut values = values.iter();
    for (segment, template) in path.split('/').zip(info.path.split('/')) {
        let segment = percent_decode_str(segment).decode_utf8().unwrap();
        if template.starts_with('{') {
            prop_assert_eq!(Some(segment.as_ref()), values.next().map(String::as_str));
            prop_assert!(!["", ".", ".."].contains(&segment.as_ref()));
        } else {
            prop_assert_eq!(segment, template);
        }
    }
    Ok(())
}

#[test]
fn every_path_parameter_is_one_segment() {
    for info in OPERATIONS {
        let whole = info.path.matches('{').count();
        assert_eq!(places(info).len(), whole, "{}", info.path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_path_keeps_its_segments(info in select(OPERATIONS.to_vec()), values in vec(text(), 3)) {
        check_path(info, &values)?;
    }

    #[test]
    fn a_query_keeps_its_pairs(query in text(), names in vec(text(), 0..4), ids in vec(text(), 0..4)) {
        let request = users::list().query(query.clone()).username(names.clone()).user_id(ids.clone()).request().unwrap();
        let text = request.uri().query().unwrap();
        let mut found: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let mut sent = vec![pair("query", query)];
        sent.extend(names.into_iter().map(|value| pair("username", value)));
        sent.extend(ids.into_iter().map(|value| pair("user_id", value)));
        found.sort_unstable();
        sent.sort_unstable();
        prop_assert_eq!(found, sent);
        prop_assert_eq!(request.uri().path(), "/users");
        prop_assert!(request.body().is_empty());
    }

    #[test]
    fn json_keeps_its_members(name in text(), codes in vec(text(), 0..4), bytes in vec(any::<u8>(), 0..200)) {
        let metadata = Choices::new(&bytes).object(4);
        let request = users::create()
            .first_name(name.clone())
            .backup_codes(codes.clone())
            .public_metadata(Metadata::from(metadata.clone()))
            .request()
            .unwrap();
        // Some names have a special meaning in serde_json.
        let sent = format!(
            "{{\"first_name\":{},\"backup_codes\":{},\"public_metadata\":{}}}",
            json!(name), json!(codes), Value::Object(metadata),
        );
        let [sent, found]: [Metadata; 2] =
            [sent.as_bytes(), request.body()].map(|text| serde_json::from_slice(text).unwrap());
        prop_assert!(sent == found);
    }

    #[test]
    fn a_form_keeps_its_parts(user in text(), name in text(), content in vec(any::<u8>(), 0..200), tail in text()) {
        let content = [content, tail.into_bytes()].concat();
        let file = File::new(content.clone()).name(name.clone()).content_type("image/png");
        let request = organizations::upload_logo("org_1", file).uploader_user_id(user.clone()).request().unwrap();
        let mut found = parts(&request);
        found.sort_unstable_by_key(|(head, _)| head.len());
        let [(text_head, text), (file_head, file)] = found.as_slice() else {
            return Err(TestCaseError::fail("not two parts"));
        };
        prop_assert_eq!((text_head.len(), file_head.len()), (1, 2));
        prop_assert_eq!(parameter(&text_head[0], "name"), "uploader_user_id");
        prop_assert_eq!(parameter(&file_head[0], "name"), "file");
        prop_assert_eq!((text, file), (&user.into_bytes(), &content));
        prop_assert_eq!(&file_head[1], "Content-Type: image/png");
        // Quotes, backslashes and line ends are encoded, other controls dropped.
        let encoded: String = name
            .chars()
            .filter_map(|letter| match letter {
                '"' | '\\' | '\r' | '\n' => Some(format!("%{:02X}", u32::from(letter))),
                control if control.is_control() => None,
                other => Some(other.to_string()),
            })
            .collect();
        prop_assert_eq!(parameter(&file_head[0], "filename"), encoded);
    }
}

#[test]
fn null_is_sent_as_null_and_unset_fields_are_not_sent() {
    fn sent<O: Operation>(operation: &O) -> Value {
        object(&operation.request().unwrap())
    }
    let claims = Metadata::new().with("a", Value::Null);
    let cases = [
        (sent(&users::update("user_1")), json!({})),
        (sent(&users::update("user_1").first_name(Nullable::Null)), json!({"first_name": null})),
        (sent(&users::update("user_1").first_name(Nullable::Absent)), json!({})),
        (
            sent(&users::update("user_1").first_name(None::<String>).last_name("")),
            json!({"first_name": null, "last_name": ""}),
        ),
        (
            sent(&users::replace_metadata("user_1").public_metadata(Nullable::Null)),
            json!({"public_metadata": null}),
        ),
        (
            sent(&users::update_metadata("user_1").public_metadata(claims.clone())),
            json!({"public_metadata": {"a": null}}),
        ),
        (
            sent(
                &organizations::update("org_1")
                    .max_allowed_memberships(Nullable::Null)
                    .admin_delete_enabled(Nullable::Null),
            ),
            json!({"max_allowed_memberships": null, "admin_delete_enabled": null}),
        ),
        (sent(&m2m::create_token().claims(Nullable::Null)), json!({"claims": null})),
        (sent(&m2m::create_token().claims(Value::Null)), json!({"claims": null})),
        (sent(&enterprise_connections::update("entc_1").domains(Nullable::Null)), json!({"domains": null})),
        (
            sent(&jwt_templates::create("name", claims).lifetime(Nullable::Null)),
            json!({"name": "name", "claims": {"a": null}, "lifetime": null}),
        ),
    ];
    for (position, (sent, want)) in cases.into_iter().enumerate() {
        assert_eq!(sent, want, "case {position}");
    }
    let item = |email| waitlist_entries::BulkCreateItem::new(email);
    let request =
        waitlist_entries::bulk_create([item("a"), item("b").notify(Nullable::Null), item("c").notify(true)]);
    let want = json!([
        {"email_address": "a"}, {"email_address": "b", "notify": null}, {"email_address": "c", "notify": true},
    ]);
    assert_eq!(sent(&request), want);
}
