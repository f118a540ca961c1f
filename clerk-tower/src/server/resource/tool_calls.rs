//! Which tools the body of a request calls: JSON-RPC 2.0, one message or a batch of them.
//!
//! Whoever answers the call reads the same body with another parser. So everything is rejected of which two parsers could make
//! different calls: a member that is there twice or in another case, text that is not UTF-8, anything after the end.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// The method of a message that calls a tool.
const CALL: &str = "tools/call";

/// Returns the names of the tools that a body calls, in its order.
///
/// # Errors
/// What is wrong with the body, without any part of it.
pub(super) fn called_tools(body: &[u8]) -> Result<Vec<Cow<'_, str>>, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not valid UTF-8")?;
    let tools = match text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('[') {
        true => serde_json::from_str::<Batch<'_>>(text).map(|batch| batch.tools),
        false => serde_json::from_str::<Message<'_>>(text).map(|message| message.tool.into_iter().collect()),
    };
    tools.map_err(|_| {
        "it is neither a JSON-RPC message nor a batch of them, or has method, params or name twice or in another case"
    })
}

/// Several messages. Those that call no tool are not kept.
struct Batch<'de> {
    tools: Vec<Cow<'de, str>>,
}

impl<'de> Deserialize<'de> for Batch<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BatchVisitor;

        impl<'de> Visitor<'de> for BatchVisitor {
            type Value = Batch<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a batch of messages")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<Self::Value, A::Error> {
                let mut tools = Vec::new();
                while let Some(message) = messages.next_element::<Message<'de>>()? {
                    tools.extend(message.tool);
                }
                Ok(Batch { tools })
            }
        }

        deserializer.deserialize_seq(BatchVisitor)
    }
}

/// One message: a call, a notification or a response.
struct Message<'de> {
    /// The name of the tool, if the message calls one.
    tool: Option<Cow<'de, str>>,
}

impl<'de> Deserialize<'de> for Message<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessageVisitor;

        impl<'de> Visitor<'de> for MessageVisitor {
            type Value = Message<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut method, mut params) = (None, None);
                while let Some(Text(member)) = map.next_key()? {
                    if is_member(&member, "method")? {
                        once(&mut method, map.next_value::<Text<'de>>()?)?;
                    } else if is_member(&member, "params")? {
                        once(&mut params, map.next_value::<Params<'de>>()?)?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                let tool = match method {
                    Some(Text(method)) if method == CALL => {
                        let name = params.and_then(|params| params.name);
                        Some(name.ok_or_else(|| de::Error::custom("a call without the name of a tool"))?)
                    }
                    _ => None,
                };
                Ok(Message { tool })
            }
        }

        deserializer.deserialize_map(MessageVisitor)
    }
}

/// Returns whether a member is the one of this name. An error if only a parser that ignores case would say so.
fn is_member<E: de::Error>(member: &str, name: &str) -> Result<bool, E> {
    if member == name {
        return Ok(true);
    }
    // Upper case: `ſ` becomes an `S`, and some parsers take the one for the other.
    let is_alike = member.chars().flat_map(char::to_uppercase).eq(name.chars().flat_map(char::to_uppercase));
    if is_alike { Err(E::custom("a member in another case")) } else { Ok(false) }
}

fn once<T, E: de::Error>(slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("a member twice")),
    }
}

/// A string, borrowed unless it contains escapes.
struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// What other values have in common: nothing is read of them.
macro_rules! others_are {
    ($value:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value")
        }

        fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

/// The parameters of a message, whose form depends on the method.
#[derive(Default)]
struct Params<'de> {
    /// The member `name`, if it is a string.
    name: Option<Cow<'de, str>>,
}

impl<'de> Deserialize<'de> for Params<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParamsVisitor;

        impl<'de> Visitor<'de> for ParamsVisitor {
            type Value = Params<'de>;

            others_are!(Params::default());

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Params::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut name = None;
                while let Some(Text(member)) = map.next_key()? {
                    if is_member(&member, "name")? {
                        once(&mut name, map.next_value::<Leaf<'de>>()?)?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Params { name: name.and_then(|Leaf(name)| name) })
            }
        }

        deserializer.deserialize_any(ParamsVisitor)
    }
}

/// A value of which only a string is read.
struct Leaf<'de>(Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Leaf<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LeafVisitor;

        impl<'de> Visitor<'de> for LeafVisitor {
            type Value = Leaf<'de>;

            others_are!(Leaf(None));

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Leaf(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Leaf(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Leaf(None))
            }
        }

        deserializer.deserialize_any(LeafVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_of_a_body_are_found_however_it_is_written() {
        for (body, tools) in [
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{}}}"#,
                &["a"][..],
            ),
            // A notification, members in another order, white space.
            (" \r\n\t{ \"params\" : {\"name\":\"a\"}, \"method\" : \"tools/call\" }\n", &["a"]),
            // Escapes are other spellings of the same text.
            (r#"{"\u006dethod":"tools\/call","par\u0061ms":{"n\u0061me":"\u0061"}}"#, &["a"]),
            (
                r#"[{"method":"tools/call","params":{"name":"a"}},{"method":"ping"},{"method":"tools/call","params":{"name":"b"}}]"#,
                &["a", "b"],
            ),
            (r#"{"method":"tools/call","params":{"name":"","_meta":{"name":"x","method":"y"}}}"#, &[""]),
            // What the tool gets is its own business.
            (
                r#"{"method":"tools/call","params":{"name":"a","arguments":{"name":1,"name":2,"Method":{}}}}"#,
                &["a"],
            ),
            // Other methods, responses, and nothing at all.
            (r#"{"method":"tools/list"}"#, &[]),
            (r#"{"method":"prompts/get","params":{"name":"a"}}"#, &[]),
            (r#"{"method":"x","params":{"name":{"name":[{}]}}}"#, &[]),
            (r#"{"method":"x","params":[{"name":"a"}]}"#, &[]),
            (r#"{"method":"x","params":null}"#, &[]),
            (r#"{"method":"x","params":1.5e300}"#, &[]),
            (r#"{"method":"Tools/Call","params":"a"}"#, &[]),
            (r#"{"jsonrpc":"2.0","id":1,"result":{"method":"tools/call"}}"#, &[]),
            ("{}", &[]),
            ("[]", &[]),
        ] {
            assert_eq!(called_tools(body.as_bytes()).unwrap(), tools, "{body}");
        }
    }

    #[test]
    fn a_body_that_two_parsers_could_read_differently_is_rejected() {
        for body in [
            // Twice, also if the spelling or the case differs.
            r#"{"method":"ping","method":"tools/call","params":{"name":"a"}}"#,
            r#"{"method":"tools/call","method":"ping","params":{"name":"a"}}"#,
            r#"{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#,
            r#"{"method":"tools/call","params":{"name":"b","name":"a"}}"#,
            r#"{"method":"ping","m\u0065thod":"tools/call","params":{"name":"a"}}"#,
            r#"{"method":"tools/call","params":{"name":"b","n\u0061me":"a"}}"#,
            r#"{"Method":"tools/call","params":{"name":"a"}}"#,
            r#"{"method":"tools/call","Params":{"name":"b"},"params":{"name":"a"}}"#,
            r#"{"method":"tools/call","paramſ":{"name":"b"},"params":{"name":"a"}}"#,
            r#"{"method":"tools/call","params":{"name":"a","NAME":"b"}}"#,
            r#"[{"method":"ping"},{"method":"ping","method":"tools/call"}]"#,
            // A call of nothing.
            r#"{"method":"tools/call"}"#,
            r#"{"method":"tools/call","params":null}"#,
            r#"{"method":"tools/call","params":{}}"#,
            r#"{"method":"tools/call","params":["a"]}"#,
            r#"{"method":"tools/call","params":{"name":null}}"#,
            r#"{"method":"tools/call","params":{"name":["a"]}}"#,
            r#"{"method":["tools/call"],"params":{"name":"a"}}"#,
            r#"{"method":null}"#,
            // Not JSON, or more than one value.
            "",
            " ",
            "{",
            "[",
            r#"{"method":"ping"}{"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"method":"ping"}]"#,
            r#"{"method":"ping",}"#,
            r#"{'method':'ping'}"#,
            r#"{"method":"ping"/**/}"#,
            "\u{feff}{\"method\":\"ping\"}",
            "\u{a0}{\"method\":\"ping\"}",
            "{\"method\":\"ping\"}\0",
            "{\"method\":\"a\nb\"}",
            r#"{"method":"\ud800"}"#,
            r#"{"method":"tools/call","params":{"name":"\udc00a"}}"#,
            r#"{"method":"x","params":NaN}"#,
            // JSON, but no messages.
            "1",
            "null",
            r#""tools/call""#,
            r#"[1]"#,
            r#"[[{"method":"tools/call","params":{"name":"a"}}]]"#,
        ] {
            assert!(called_tools(body.as_bytes()).is_err(), "{body}");
        }
        assert!(called_tools(b"{\"method\":\"ping\",\"x\":\"\xff\"}").is_err());
        let utf_16: Vec<u8> = r#"{"method":"ping"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(called_tools(&utf_16).is_err());
    }

    #[test]
    fn depth_takes_no_stack() {
        let deep = "[".repeat(500_000) + &"]".repeat(500_000);
        for body in [
            format!(r#"{{"method":"tools/call","params":{{"name":"a","arguments":{deep}}}}}"#),
            format!(r#"{{"x":{deep},"method":"tools/call","params":{{"name":"a"}}}}"#),
        ] {
            assert_eq!(called_tools(body.as_bytes()).unwrap(), ["a"]);
        }
        for body in [deep.clone(), format!(r#"{{"method":"x","params":{{"name":{deep}}}}}"#)] {
            // Either answer will do, as long as there is one.
            let _ = called_tools(body.as_bytes());
        }
    }
}
