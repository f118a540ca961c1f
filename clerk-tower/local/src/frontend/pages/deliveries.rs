//! The webhooks on the page at `/`.

use super::{
    super::{super::LocalClerk, html::Escaped},
    overview,
    parts::{button, time},
};
use crate::delivery_log::{Attempt, Delivery};

/// The maximum number of characters that are shown of a body.
const MAX_SHOWN: usize = 20_000;

/// Returns the section with the last webhooks.
pub(super) fn section(local: &LocalClerk) -> String {
    if !local.has_receiver() {
        return "<section id=\"webhooks\">\n<h2>Webhooks</h2>\n<p>Nobody receives them. The option \
                <code>--webhooks-to URL</code> names a receiver.</p>\n</section>\n"
            .to_owned();
    }
    let deliveries = &local.shared.deliveries;
    let counts = *deliveries.progress.borrow();
    let log = deliveries.log();
    let list = overview::list(log.iter().rev().map(row), log.iter().len());
    format!(
        "<section id=\"webhooks\">\n<h2>Webhooks</h2>\n<p>{} delivered, {} waiting, {} given up, {} dropped.</p>\n\
         {list}</section>\n",
        counts.delivered, counts.waiting, counts.given_up, counts.dropped
    )
}

fn row(Delivery { event, attempts }: &Delivery) -> String {
    let (kind, id) = (Escaped(event.kind), Escaped(&event.id));
    let (class, last) = match attempts.last() {
        None => ("tag", "waiting".to_owned()),
        Some(last) if last.is_success() => ("tag good", outcome(last)),
        Some(last) => ("tag wrong", outcome(last)),
    };
    let attempts: String =
        attempts.iter().map(|one| format!("<li>{}: {}</li>\n", time(one.time), outcome(one))).collect();
    let again = button("/", &[("action", "resend"), ("webhook", &event.id)], "Send again", event.kind);
    format!(
        "<li class=\"item\"><span class=\"who\"><b>{kind}</b><span>{}</span></span><div class=\"actions\">\
         <span class=\"{class}\">{last}</span>{again}</div>\n<details><summary>Body and attempts<span class=\"unseen\"> of {kind}</span></summary>\n\
         <p><code>{id}</code></p>\n<ol>\n{attempts}</ol>\n<pre>{}</pre>\n</details></li>\n",
        time(event.time),
        Escaped(&body(&event.body))
    )
}

/// Returns the result of an attempt.
fn outcome(attempt: &Attempt) -> String {
    attempt.status.map_or_else(|| "no response".to_owned(), |status| status.as_u16().to_string())
}

/// Returns the beginning of a body, in lines.
fn body(bytes: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = format!("{value:#}");
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
