//! JSON from outside.

use serde_json::Value;

/// How deeply objects and arrays may be nested. What is kept becomes a part of a larger document, and readers of JSON,
/// such as the one that loads a [file](crate::LocalClerkBuilder::file), stop at 128 levels.
const MAX_DEPTH: usize = 64;

/// Why JSON is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Syntax,
    Depth,
}

/// Parses JSON that is not nested too deeply.
pub(super) fn parse(text: &[u8]) -> Result<Value, Problem> {
    let value = serde_json::from_slice(text).map_err(|_| Problem::Syntax)?;
    if has_at_most(MAX_DEPTH, &value) { Ok(value) } else { Err(Problem::Depth) }
}

fn has_at_most(levels: usize, value: &Value) -> bool {
    let inner = |value: &Value| levels.checked_sub(1).is_some_and(|levels| has_at_most(levels, value));
    match value {
        Value::Object(fields) => levels > 0 && fields.values().all(inner),
        Value::Array(items) => levels > 0 && items.iter().all(inner),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_limited() {
        let array = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let object = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        for (text, problem) in [
            ("1".to_owned(), None),
            (array(MAX_DEPTH), None),
            (object(MAX_DEPTH), None),
            (array(MAX_DEPTH + 1), Some(Problem::Depth)),
            (object(MAX_DEPTH + 1), Some(Problem::Depth)),
            (array(100_000), Some(Problem::Syntax)),
            ("[1, 2".to_owned(), Some(Problem::Syntax)),
        ] {
            assert_eq!(parse(text.as_bytes()).err(), problem, "{}", text.len());
        }
    }
}
