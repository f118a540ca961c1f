//! What processes tell each other.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The version of messages and of the layout of keys. A process that meets another version takes it for something that it
/// has missed.
const VERSION: u32 = 1;
/// A message has at most this many bytes, and about half of it when it is written.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// A notice that is longer than this is not read.
pub(super) const MAX_NOTICE: usize = 2048;

/// What a notice is about: who hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Topic {
    /// Something changed at Clerk: caches forget what depends on it.
    Changed,
    /// Tokens are no longer good.
    Revoked,
    /// Clerk asked for patience.
    Paused,
}

/// One thing to tell. Its text is written and read by the topic's listeners.
pub(super) type Notice = (Topic, String);

#[derive(Deserialize, Serialize)]
struct Message<N> {
    v: u32,
    /// The sender.
    from: String,
    notices: N,
}

/// What was read of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// From another process.
    Notices(Vec<Notice>),
    /// From this one.
    Own,
    /// It cannot be read, or not all of it: by its version, its size, or because it is no message of a fleet.
    Unreadable,
}

/// Puts notices into as few messages as they fit into.
pub(super) fn write<'a>(from: &str, notices: impl IntoIterator<Item = &'a Notice>) -> Vec<Bytes> {
    let mut messages = Vec::new();
    let mut batch: Vec<&Notice> = Vec::new();
    let mut bytes = 0_usize;
    for notice in notices {
        // As JSON, where one byte may become six.
        let length = serde_json::to_string(notice).map_or(MAX_NOTICE, |text| text.len());
        if !batch.is_empty() && bytes.saturating_add(length) > MAX_BYTES / 2 {
            messages.extend(message(from, &batch));
            batch.clear();
            bytes = 0;
        }
        bytes = bytes.saturating_add(length);
        batch.push(notice);
    }
    if !batch.is_empty() {
        messages.extend(message(from, &batch));
    }
    messages
}

fn message(from: &str, notices: &[&Notice]) -> Option<Bytes> {
    // Strings and numbers can always be written.
    serde_json::to_vec(&Message { v: VERSION, from: from.to_owned(), notices }).ok().map(Bytes::from)
}

/// Reads a message. Anybody who can write to the engine can send one.
pub(super) fn read(own: &str, message: &[u8]) -> Read {
    if message.len() > MAX_BYTES {
        return Read::Unreadable;
    }
    match serde_json::from_slice::<Message<Vec<Notice>>>(message) {
        Ok(Message { v: VERSION, from, .. }) if from == own => Read::Own,
        Ok(Message { v: VERSION, notices, .. })
            if notices.iter().all(|(_, text)| text.len() <= MAX_NOTICE) =>
        {
            Read::Notices(notices)
        }
        _ => Read::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str) -> Notice {
        (Topic::Changed, text.to_owned())
    }

    #[test]
    fn what_is_written_is_read_by_others() {
        let notices =
            vec![changed("*"), (Topic::Revoked, "s/sess_1".to_owned()), (Topic::Paused, "x".to_owned())];
        let [message] = &write("a", &notices)[..] else { panic!("more than one message") };
        assert_eq!(read("b", message), Read::Notices(notices));
        assert_eq!(read("a", message), Read::Own);
    }

    #[test]
    fn many_notices_become_messages_that_can_be_read() {
        let notices: Vec<Notice> =
            (0..1000).map(|number| changed(&format!("{number:0>1000}\"\\\u{1}"))).collect();
        let messages = write("a", &notices);
        assert!(messages.len() > 20);
        let mut heard = Vec::new();
        for message in messages {
            assert!(message.len() <= MAX_BYTES, "{}", message.len());
            let Read::Notices(some) = read("b", &message) else { panic!("not readable") };
            heard.extend(some);
        }
        assert_eq!(heard, notices);
        assert!(write("a", &[]).is_empty());
    }

    #[test]
    fn what_is_not_a_message_of_this_version_is_unreadable() {
        let long =
            format!(r#"{{"v":1,"from":"b","notices":[["changed","{}"]]}}"#, "x".repeat(MAX_NOTICE + 1));
        let deep = format!(r#"{{"v":1,"from":"b","notices":{}"#, "[".repeat(30_000));
        for message in [
            "",
            "null",
            "\u{0}",
            r#"{"v":2,"from":"b","notices":[]}"#,
            r#"{"v":1,"from":"b","notices":[["moved","*"]]}"#,
            r#"{"v":1,"from":"b","notices":[["changed"]]}"#,
            r#"{"v":1,"from":"b","notices":[["changed",1]]}"#,
            r#"{"v":1,"notices":[]}"#,
            &long,
            &deep,
            &" ".repeat(MAX_BYTES + 1),
        ] {
            assert_eq!(read("a", message.as_bytes()), Read::Unreadable, "{message:.80}");
        }
    }
}
