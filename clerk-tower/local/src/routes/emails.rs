//! Emails that the application sends itself. Clerk's document does not have these operations yet.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    super::{
        body::Body,
        email::is_email,
        error::ApiError,
        state::{Message, OwnEmail, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/email", Fixed(create)),
    Route::post("/email/batch", Fixed(create_all)),
    Route::get("/email/{email_id}", One(get)),
];

const FIELDS: &[&str] =
    &["to", "from", "reply_to", "subject", "html", "text", "cc", "bcc", "headers", "attachments"];

/// The maximum number of emails of a batch.
const MAX_BATCH: usize = 100;
/// The maximum number of recipients, copies included.
const MAX_RECIPIENTS: usize = 50;
/// The maximum number of attachments.
const MAX_ATTACHMENTS: usize = 10;
/// The maximum length of the HTML and the plain text together, in bytes.
const MAX_TEXT: usize = 50_000;
/// The maximum length of the subject, in characters.
const MAX_SUBJECT: usize = 998;

fn create(request: ApiRequest<'_>) -> ApiResult {
    let key = request.header("idempotency-key").map(str::to_owned);
    let ApiRequest { state, body, now, .. } = request;
    let message = read(state, &Body::parse(body, FIELDS)?, key, now)?;
    send(state, message)
}

/// Sends each email of a batch by itself: one that is refused does not hold up the others.
fn create_all(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["messages"])?;
    let messages = body.array("messages")?;
    if !(1..=MAX_BATCH).contains(&messages.len()) {
        return Err(ApiError::bad_format("messages", "an array of 1 to 100 emails"));
    }
    let results = messages.iter().enumerate().map(|(index, message)| {
        let sent = Body::checked(message.clone(), &[FIELDS, &["idempotency_key"]].concat())
            .and_then(|body| read(state, &body, body.string("idempotency_key")?.map(str::to_owned), now))
            .and_then(|message| send(state, message));
        match sent {
            Ok(email) => json!({ "index": index, "email": email, "status_code": 200 }),
            Err(error) => json!({
                "index": index,
                "errors": [error.body()],
                "status_code": error.status().as_u16(),
            }),
        }
    });
    Ok(Value::Array(results.collect()))
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let message = state.outbox.get(id)?;
    if message.is_sms {
        return Err(ApiError::not_found("email"));
    }
    Ok(state.render_message(message))
}

/// Sends a message; returns the one that was sent before with the same idempotency key.
fn send(state: &mut State, message: Message) -> ApiResult {
    let key = message.own.as_ref().and_then(|own| own.idempotency_key.as_deref());
    let earlier = key.and_then(|key| {
        state
            .outbox
            .find(|known| known.own.as_ref().is_some_and(|own| own.idempotency_key.as_deref() == Some(key)))
    });
    match earlier {
        Some(known) if known.is_same_email(&message) => return Ok(state.render_message(known)),
        Some(_) => {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                "idempotency_key_reused",
                "Idempotency key reused",
                "This idempotency key was used for a different email",
            ));
        }
        None => {}
    }
    let rendered = state.render_message(&message);
    state.send(message);
    Ok(rendered)
}

fn read(state: &State, body: &Body, key: Option<String>, now: Timestamp) -> Result<Message, ApiError> {
    let to = recipient(state, body)?;
    let from = mailbox(body, "from")?.ok_or_else(|| ApiError::missing("from"))?;
    let subject = body.required("subject")?;
    if subject.chars().count() > MAX_SUBJECT {
        return Err(ApiError::bad_format("subject", "at most 998 characters long"));
    }
    let (html, text) = (body.string("html")?, body.string("text")?);
    match html.iter().chain(&text).map(|part| part.len()).sum() {
        0 => return Err(ApiError::missing("text")),
        1..=MAX_TEXT => {}
        _ => return Err(ApiError::bad_format("html", "at most 50000 bytes long, together with the text")),
    }
    let copies = [body.strings("cc")?, body.strings("bcc")?].concat();
    if copies.len() >= MAX_RECIPIENTS || !copies.iter().all(|copy| is_email(copy)) {
        return Err(ApiError::bad_format(
            "cc",
            "email addresses, at most 50 together with all other recipients",
        ));
    }
    if body.array("attachments")?.len() > MAX_ATTACHMENTS {
        return Err(ApiError::bad_format("attachments", "at most 10 files"));
    }
    body.object("headers")?;
    if key.as_deref().is_some_and(|key| !is_key(key)) {
        return Err(ApiError::bad_format("idempotency_key", "1 to 255 letters, digits, `_` and `-`"));
    }
    let own = OwnEmail {
        from,
        reply_to: mailbox(body, "reply_to")?,
        html: html.map(str::to_owned),
        text: text.map(str::to_owned),
        idempotency_key: key,
    };
    Ok(Message::own(&to, subject, own, now))
}

fn is_key(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=255).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Returns the address of the recipient, which is given itself or as a user.
fn recipient(state: &State, body: &Body) -> Result<String, ApiError> {
    let to = body.object("to")?.ok_or_else(|| ApiError::missing("to"))?;
    let text = |name| to.get(name).and_then(Value::as_str);
    match (text("address"), text("user_id")) {
        (Some(address), None) if is_email(address) => Ok(address.to_owned()),
        (None, Some(user)) => {
            let address = state.users.get(user)?.email();
            Ok(address.ok_or_else(|| ApiError::not_found("email address of the user"))?.to_owned())
        }
        _ => Err(ApiError::bad_format("to", "an object with either an email address or a user_id")),
    }
}

/// Reads the address of a mailbox.
fn mailbox(body: &Body, name: &str) -> Result<Option<String>, ApiError> {
    let address = |mailbox: &Map<String, Value>| {
        let address = mailbox.get("address").and_then(Value::as_str).filter(|address| is_email(address));
        address
            .map(str::to_owned)
            .ok_or_else(|| ApiError::bad_format(name, "an object with an email address"))
    };
    body.object(name)?.map(address).transpose()
}
