//! People, organizations and so on from a file: [`LocalClerkBuilder::seed`](crate::LocalClerkBuilder::seed).
//!
//! An entry of a section is the body of a request to the Backend API, which creates it. So every parameter of Clerk's
//! reference can be used, and is checked as usual.

use std::{collections::HashSet, fmt, ops::Range};

use http::{Method, Request, header::CONTENT_TYPE};
use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{LocalClerk, billing, body::Body, error::ApiError, random, routes::Caller, settings};

/// A section: its name, what it does, and the prefixes of `id` and `secret`, if they can be chosen.
struct Section {
    name: &'static str,
    /// Whether it changes settings, and creates nothing.
    is_settings: bool,
    action: Action,
    id: Option<&'static str>,
    secret: Option<&'static str>,
}

/// What is done for each entry.
#[derive(Clone, Copy)]
enum Action {
    /// The operation with this path. Parameters in it are taken from the entry.
    Operation(&'static str),
    /// What the Backend API has no operation for: the fields of an entry, and a function.
    Setup(&'static [&'static str], fn(&LocalClerk, &Body) -> Result<(), ApiError>),
}

impl Section {
    const fn settings(name: &'static str, path: &'static str) -> Self {
        Self { name, is_settings: true, action: Action::Operation(path), id: None, secret: None }
    }

    const fn create(name: &'static str, path: &'static str, id: Option<&'static str>) -> Self {
        Self { name, is_settings: false, action: Action::Operation(path), id, secret: None }
    }

    const fn with_secret(mut self, prefix: &'static str) -> Self {
        self.secret = Some(prefix);
        self
    }

    const fn method(&self) -> Method {
        if self.is_settings { Method::PATCH } else { Method::POST }
    }
}

/// The sections, in the order in which they are created: what others name comes first.
const SECTIONS: &[Section] = &[
    Section::settings("instance", "/instance"),
    Section::settings("restrictions", "/instance/restrictions"),
    Section::settings("organization_settings", "/instance/organization_settings"),
    Section {
        name: "user_settings",
        is_settings: true,
        action: Action::Setup(settings::FIELDS, settings::seed),
        id: None,
        secret: None,
    },
    Section::create("permissions", "/organization_permissions", Some("perm_")),
    Section::create("roles", "/organization_roles", Some("role_")),
    Section::create("jwt_templates", "/jwt_templates", Some("jtmp_")),
    Section::create("redirect_urls", "/redirect_urls", Some("ru_")),
    Section::create("users", "/users", Some("user_")),
    Section::create("organizations", "/organizations", Some("org_")),
    Section::create("memberships", "/organizations/{organization_id}/memberships", Some("orgmem_")),
    Section::create("organization_domains", "/organizations/{organization_id}/domains", Some("orgdmn_")),
    Section::create(
        "organization_invitations",
        "/organizations/{organization_id}/invitations",
        Some("orginv_"),
    ),
    Section::create("allowlist_identifiers", "/allowlist_identifiers", Some("alid_")),
    Section::create("blocklist_identifiers", "/blocklist_identifiers", Some("blid_")),
    Section::create("invitations", "/invitations", Some("inv_")),
    Section::create("machines", "/machines", Some("mch_")).with_secret("ak_"),
    Section::create("api_keys", "/api_keys", None).with_secret("ak_"),
    Section::create("oauth_applications", "/oauth_applications", None),
    Section {
        name: "plans",
        is_settings: false,
        action: Action::Setup(billing::PLAN_FIELDS, billing::seed_plan),
        id: Some("cplan_"),
        secret: None,
    },
    Section {
        name: "subscriptions",
        is_settings: false,
        action: Action::Setup(billing::SUBSCRIPTION_FIELDS, billing::seed_subscription),
        id: None,
        secret: None,
    },
];

/// What is wrong, and where it starts in the text.
struct Problem {
    at: usize,
    message: String,
}

impl Problem {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { at: span.start, message: message.into() }
    }
}

/// Creates everything in a text in TOML. The error names the line and the field.
pub(super) fn populate(local: &LocalClerk, text: &str) -> Result<(), String> {
    try_populate(local, text).map_err(|problem| {
        let before = text.get(..problem.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        format!("line {line}: {}", problem.message)
    })
}

fn try_populate(local: &LocalClerk, text: &str) -> Result<(), Problem> {
    let root = DeTable::parse(text).map_err(|error| {
        Problem::new(error.span().unwrap_or_default(), error.message().replace('\n', "; "))
    })?;
    let root = root.get_ref();
    for name in root.keys() {
        if !SECTIONS.iter().any(|section| section.name == name.get_ref()) {
            let known: Vec<_> = SECTIONS.iter().map(|section| section.name).collect();
            let message = format!("there is no section `{}`, but {}", name.get_ref(), known.join(", "));
            return Err(Problem::new(name.span(), message));
        }
    }
    let mut used = HashSet::new();
    for section in SECTIONS {
        let entries = root.iter().find(|(name, _)| name.get_ref() == section.name);
        let Some((name, entries)) = entries else { continue };
        match entries.get_ref() {
            DeValue::Table(entry) if section.is_settings => {
                create(local, section, section.name, name.span(), entry, &mut used)?;
            }
            DeValue::Array(entries) if !section.is_settings => {
                for (at, entry) in entries.iter().enumerate() {
                    let place = format!("{}[{at}]", section.name);
                    let DeValue::Table(fields) = entry.get_ref() else {
                        return Err(Problem::new(entry.span(), format!("`{place}` must be a table")));
                    };
                    create(local, section, &place, entry.span(), fields, &mut used)?;
                }
            }
            _ => {
                let (open, close) = if section.is_settings { ("[", "]") } else { ("[[", "]]") };
                let message = format!("write it as {open}{}{close}", section.name);
                return Err(Problem::new(name.span(), message));
            }
        }
    }
    Ok(())
}

/// Does what one entry says. `used` are the identifiers and secrets that were chosen before.
fn create(
    local: &LocalClerk,
    section: &Section,
    place: &str,
    span: Range<usize>,
    fields: &DeTable<'_>,
    used: &mut HashSet<String>,
) -> Result<(), Problem> {
    let mut body = Map::new();
    for (name, value) in fields {
        let here = format!("{place}.{}", name.get_ref());
        body.insert(name.get_ref().clone().into_owned(), json(value, &here)?);
    }
    let span_of = |field: &str| {
        let named = fields.iter().find(|(name, _)| name.get_ref() == field);
        named.map_or_else(|| span.clone(), |(name, _)| name.span())
    };
    let problem = |field: &str, message: &dyn fmt::Display| {
        let place = if field.is_empty() { place.to_owned() } else { format!("{place}.{field}") };
        Problem::new(span_of(field), format!("`{place}`: {message}"))
    };
    let mut chosen = Vec::new();
    for (field, prefix) in [("id", section.id), ("secret", section.secret)] {
        let Some(prefix) = prefix else { continue };
        match body.remove(field) {
            None => {}
            Some(Value::String(text)) if is_choice(&text, prefix) => {
                if !used.insert(text.clone()) {
                    return Err(problem(field, &"is used twice"));
                }
                chosen.push((prefix, text));
            }
            Some(_) => {
                let message = format_args!("must be {prefix} followed by letters, digits, `_` or `-`");
                return Err(problem(field, &message));
            }
        }
    }
    let mut path = match section.action {
        Action::Operation(path) => path.to_owned(),
        Action::Setup(known, setup) => {
            let body = Body::checked(Value::Object(body), known);
            let result = random::with_chosen(chosen, || body.and_then(|body| setup(local, &body)));
            return result.map_err(|error| problem(error.param().unwrap_or_default(), &error.sentence()));
        }
    };
    while let Some((before, rest)) = path.split_once('{') {
        let Some((field, after)) = rest.split_once('}') else { break };
        match body.remove(field) {
            Some(Value::String(value)) if !value.is_empty() => path = format!("{before}{value}{after}"),
            _ => return Err(problem(field, &"is required")),
        }
    }
    let request = Request::builder().method(section.method()).uri(path);
    let request =
        request.header(CONTENT_TYPE, "application/json").body(Value::Object(body).to_string().into());
    let request =
        request.map_err(|_| problem("", &"a parameter of the path has characters that a URL cannot have"))?;
    let result = random::with_chosen(chosen, || local.run(&request, Caller::Instance));
    result.map(drop).map_err(|error: ApiError| problem(error.param().unwrap_or_default(), &error.sentence()))
}

fn is_choice(text: &str, prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain))
}

/// Converts a value to JSON.
fn json(value: &Spanned<DeValue<'_>>, place: &str) -> Result<Value, Problem> {
    let wrong = |message: &str| Problem::new(value.span(), format!("`{place}`: {message}"));
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_err(|_| wrong("the number is too large"))?.into()
        }
        DeValue::Float(number) => {
            let parsed: Option<f64> = number.as_str().parse().ok();
            let number = parsed.and_then(serde_json::Number::from_f64);
            number.ok_or_else(|| wrong("JSON has no such number"))?.into()
        }
        DeValue::Datetime(_) => return Err(wrong("write times as Clerk does: a string or milliseconds")),
        DeValue::Array(items) => {
            let items = items.iter().enumerate().map(|(at, item)| json(item, &format!("{place}[{at}]")));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        DeValue::Table(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let name = name.get_ref().clone().into_owned();
                Ok((name.clone(), json(value, &format!("{place}.{name}"))?))
            });
            Value::Object(fields.collect::<Result<_, Problem>>()?)
        }
    })
}
