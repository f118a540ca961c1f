//! Tests how every operation handles changed responses of Clerk, one change at a time.
//!
//! The sample responses are generated from Clerk's document with every field present, together with the list of
//! fields that never fall back. Every other field may be missing, become `null` or get a new value.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use clerk_core::{
    api::OPERATIONS,
    decode::{DecodeError, ResponseError},
};
use clerk_tests::responses;
use serde_json::{Value, json};

/// The sample of one response type.
struct Sample {
    name: String,
    operations: Vec<String>,
    strict: BTreeSet<String>,
    /// The fields that identify what was asked for, by operation.
    identity: BTreeMap<String, BTreeSet<String>>,
    response: Value,
}

fn samples() -> Vec<Sample> {
    let Value::Array(lines) = serde_json::from_str(include_str!("../../samples/responses.json")).unwrap()
    else {
        panic!("the sample responses are not a list");
    };
    let texts = |list: &Value| -> Vec<String> { serde_json::from_value(list.clone()).unwrap() };
    let sample = |line: &Value| Sample {
        name: line.get("type").and_then(Value::as_str).unwrap().to_owned(),
        operations: texts(line.get("operations").unwrap()),
        strict: texts(line.get("strict").unwrap()).into_iter().collect(),
        identity: serde_json::from_value(line.get("identity").unwrap().clone()).unwrap(),
        response: line.get("response").unwrap().clone(),
    };
    lines.iter().map(sample).collect()
}

/// A change to a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    /// A field is missing.
    Missing,
    /// A field is `null`.
    Null,
    /// An object has fields that this version does not know.
    NewFields,
    /// An enum, or any other string, has a value that this version does not know.
    NewText,
    /// An integer is written as a float.
    Float,
}

/// A change to a value in a response, with the value's path in error messages and its JSON pointer.
struct FieldChange {
    path: String,
    pointer: String,
    change: Change,
}

/// Collects all changes to `value` and the values in it.
fn collect_changes(value: &Value, path: &str, pointer: &str, out: &mut Vec<FieldChange>) {
    let mut add = |path: &str, pointer: &str, change| {
        out.push(FieldChange { path: path.to_owned(), pointer: pointer.to_owned(), change });
    };
    match value {
        Value::Object(members) => {
            // A map has arbitrary keys, so no key counts as a new field.
            let is_map = members.contains_key("any_key");
            if !is_map {
                add(path, pointer, Change::NewFields);
            }
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let pointer = format!("{pointer}/{name}");
                out.push(FieldChange {
                    path: path.clone(),
                    pointer: pointer.clone(),
                    change: Change::Missing,
                });
                out.push(FieldChange { path: path.clone(), pointer: pointer.clone(), change: Change::Null });
                collect_changes(member, &path, &pointer, out);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                collect_changes(item, &format!("{path}[{position}]"), &format!("{pointer}/{position}"), out);
            }
        }
        Value::String(_) => add(path, pointer, Change::NewText),
        Value::Number(number) if number.is_i64() => add(path, pointer, Change::Float),
        _ => {}
    }
}

/// Returns the response with one change.
fn changed(response: &Value, field_change: &FieldChange) -> Value {
    let mut response = response.clone();
    let at = response.pointer_mut(&field_change.pointer).unwrap();
    match field_change.change {
        Change::Null => *at = Value::Null,
        Change::NewText => *at = "something_new".into(),
        Change::Float => *at = at.as_f64().unwrap().into(),
        Change::NewFields => {
            let object = at.as_object_mut().unwrap();
            object.insert("a_field_of_tomorrow".into(), json!({"deep": [1, null, {"id": ""}]}));
            object.insert("zz_another".into(), Value::Null);
        }
        Change::Missing => {
            let (parent, name) = field_change.pointer.rsplit_once('/').unwrap();
            response.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        }
    }
    response
}

fn read(operation: &str, body: &Bytes) -> Result<(), Box<DecodeError>> {
    match responses::decode(operation, body.clone()) {
        Ok(()) => Ok(()),
        Err(ResponseError::Decode(error)) => Err(error),
        Err(error) => panic!("{operation}: {error}"),
    }
}

/// Returns the problems with how the operations decode a response with this change.
fn problems(sample: &Sample, field_change: &FieldChange) -> Vec<String> {
    let is_gone = matches!(field_change.change, Change::Missing | Change::Null);
    // The list of a page: an empty one may be null, but a missing one makes the response invalid.
    let is_list = field_change.path == "data" && sample.name.starts_with("Page<");
    let identifies = |operation: &str| {
        let fields = sample.identity.get(operation);
        fields.is_some_and(|fields| fields.contains(&field_change.path))
    };
    let must_fail = if is_list {
        field_change.change == Change::Missing
    } else {
        is_gone && sample.strict.contains(&field_change.path)
    };
    let body = Bytes::from(changed(&sample.response, field_change).to_string());
    let problem = |operation: &String| {
        let must_fail = must_fail || field_change.change == Change::NewText && identifies(operation);
        let wrong = match (read(operation, &body), must_fail) {
            (Ok(()), false) => return None,
            (Ok(()), true) => "must be refused, but is read".to_owned(),
            (Err(error), false) => format!("must be read, but: {error}"),
            (Err(error), true) if error.path == field_change.path && error.operation == operation => {
                return None;
            }
            (Err(error), true) => format!("is refused for another reason: {error}"),
        };
        Some(format!(
            "{operation} ({}), {:?} at `{}`: {wrong}",
            sample.name, field_change.change, field_change.path
        ))
    };
    sample.operations.iter().filter_map(problem).collect()
}

#[test]
fn only_fields_that_must_not_fall_back_are_required() {
    let mut found = Vec::new();
    let mut tried = 0_usize;
    for sample in samples() {
        let mut changes = Vec::new();
        collect_changes(&sample.response, "", "", &mut changes);
        for path in &sample.strict {
            assert!(
                changes.iter().any(|field_change| field_change.path == *path),
                "{}: no `{path}`",
                sample.name
            );
        }
        let whole = Bytes::from(sample.response.to_string());
        for operation in &sample.operations {
            let Err(error) = read(operation, &whole) else { continue };
            found.push(format!("{operation} ({}): the whole response: {error}", sample.name));
        }
        found.extend(changes.iter().flat_map(|field_change| problems(&sample, field_change)));
        tried += changes.len() * sample.operations.len();
    }
    assert!(found.is_empty(), "{} of {tried} changes:\n{}", found.len(), found.join("\n"));
    assert!(tried > 10_000, "{tried} changes are not all there are");
}

#[test]
fn a_response_about_another_resource_is_refused() {
    let mut refused = BTreeSet::new();
    for sample in samples() {
        for (operation, fields) in &sample.identity {
            for path in fields {
                let pointer = format!("/{}", path.replace('.', "/"));
                let change = FieldChange { path: path.clone(), pointer, change: Change::NewText };
                let body = Bytes::from(changed(&sample.response, &change).to_string());
                let error = read(operation, &body).unwrap_err();
                assert!(error.is_other_resource(), "{error}");
                assert_eq!((error.operation, &error.path), (operation.as_str(), path));
                refused.insert(operation.clone());
            }
        }
    }
    // Of the reads and writes of one resource, only a token has no ID. The other two return lists.
    let by_id = OPERATIONS.iter().filter(|info| info.path.ends_with('}') && info.method != "DELETE");
    let missing: Vec<_> = by_id.map(|info| info.id).filter(|id| !refused.contains(*id)).collect();
    assert_eq!(missing, ["GetTemplateList", "CreateSessionTokenFromTemplate", "GetOAuthAccessToken"]);
    assert!(refused.len() > 100, "only {} operations compare", refused.len());
}

#[test]
fn every_operation_has_a_sample_response_or_needs_none() {
    let samples = samples();
    for info in OPERATIONS {
        let with_response = samples.iter().filter(|sample| sample.operations.iter().any(|id| id == info.id));
        match with_response.count() {
            0 => responses::decode(info.id, "not JSON".into()).unwrap_or_else(|error| panic!("{error}")),
            1 => {
                assert!(responses::decode(info.id, "not JSON".into()).is_err(), "{} reads anything", info.id);
            }
            _ => panic!("{} is in several sample responses", info.id),
        }
    }
}

/// Fields that are optional in Clerk's document although they identify something or restrict access. Their models
/// have an `Option`, so that a missing value is not decoded as `false` or as an empty ID.
const OPTIONAL: [&str; 16] = [
    "DeletedObject.id",
    "EnterpriseConnection.oauth_config.id",
    "EnterpriseConnection.saml_connection.id",
    "InstanceSettings.id",
    "Invitation.revoked",
    "OAuthAccessTokenVerification.expired",
    "OAuthAccessTokenVerification.id",
    "OAuthAccessTokenVerification.revoked",
    "OrganizationMembership.public_user_data.banned",
    "SamlConnection.id",
    "Template.id",
    "User.enterprise_accounts[0].enterprise_connection.id",
    "User.organization_memberships[0].public_user_data.banned",
    "User.passkeys[0].id",
    "User.saml_accounts[0].saml_connection.id",
    "WaitlistEntry.invitation.revoked",
];

#[test]
fn identity_and_what_would_grant_something_never_fall_back() {
    const NAMES: [&str; 7] = ["id", "banned", "locked", "revoked", "expired", "deleted", "suspended"];
    let mut optional = BTreeSet::new();
    for sample in samples() {
        let mut changes = Vec::new();
        collect_changes(&sample.response, "", "", &mut changes);
        let model = sample.name.trim_start_matches("Page<").trim_start_matches("Vec<").trim_end_matches('>');
        for FieldChange { path, change, .. } in changes {
            let name = path.rsplit('.').next().unwrap_or_default();
            if change == Change::Missing && NAMES.contains(&name) && !sample.strict.contains(&path) {
                let path = path.trim_start_matches("data").trim_start_matches("[0].");
                optional.insert(format!("{model}.{path}"));
            }
        }
    }
    assert_eq!(optional.iter().map(String::as_str).collect::<Vec<_>>(), OPTIONAL);
}
