//! The shortcodes in the claims of JWT templates: `{{user.id}}`.

use serde_json::{Map, Value};

/// Replaces the shortcodes in all strings of a value.
///
/// A string that is nothing but one shortcode becomes its value, of whatever type, or `null`. In any other string,
/// shortcodes are replaced by their text, and those without a value by nothing.
pub(crate) fn expand(template: &Value, values: &Value) -> Value {
    match template {
        Value::String(text) => expand_text(text, values),
        Value::Array(items) => items.iter().map(|item| expand(item, values)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), expand(value, values)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn expand_text(text: &str, values: &Value) -> Value {
    let whole = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    if let Some(code) = whole.filter(|code| !code.contains("{{") && !code.contains("}}")) {
        return evaluate(code, values);
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((code, after)) = after.split_once("}}") else { break };
        expanded.push_str(before);
        match evaluate(code, values) {
            Value::Null => {}
            Value::String(value) => expanded.push_str(&value),
            value => expanded.push_str(&value.to_string()),
        }
        rest = after;
    }
    expanded.push_str(rest);
    Value::String(expanded)
}

/// Returns the first of the alternatives, separated by `||`, that has a value other than `null`, `false` and the empty
/// string, or else the last one.
fn evaluate(code: &str, values: &Value) -> Value {
    let mut last = Value::Null;
    for alternative in code.split("||") {
        last = operand(alternative.trim(), values);
        let is_empty = last.as_str() == Some("") || last == Value::Bool(false);
        if !last.is_null() && !is_empty {
            break;
        }
    }
    last
}

/// Returns the value of a path such as `user.public_metadata.plan`, or of a literal such as `'none'`, `5` or `true`.
fn operand(text: &str, values: &Value) -> Value {
    let quoted = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    if let Some(literal) = quoted('\'').or_else(|| quoted('"')) {
        return literal.into();
    }
    if let Ok(literal) = serde_json::from_str::<Value>(text) {
        return literal;
    }
    let step = |value: &Value, name: &str| value.get(name).cloned();
    text.split('.').try_fold(values.clone(), |value, name| step(&value, name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shortcodes_are_replaced_by_their_values() {
        let values = json!({
            "user": {
                "id": "user_1", "first_name": "Ada", "last_name": null, "age": 36, "admin": false,
                "public_metadata": {"plan": {"name": "gold"}, "empty": ""},
            },
            "org": null,
        });
        for (template, expected) in [
            (json!("{{user.id}}"), json!("user_1")),
            (json!(" {{ user.age }} "), json!(36)),
            (json!("{{user.admin}}"), json!(false)),
            (json!("{{user.last_name}}"), json!(null)),
            (json!("{{org.role}}"), json!(null)),
            (json!("{{nothing}}"), json!(null)),
            (json!("{{user.public_metadata}}"), json!({"plan": {"name": "gold"}, "empty": ""})),
            (json!("{{user.public_metadata.plan.name}}"), json!("gold")),
            (json!("{{user.public_metadata.plan.name.more}}"), json!(null)),
            (json!("{{user.first_name}} {{user.last_name}} ({{user.age}})"), json!("Ada  (36)")),
            (json!("{{user.public_metadata.plan}}!"), json!("{\"name\":\"gold\"}!")),
            (json!("{{org.role || user.last_name || 'nobody'}}"), json!("nobody")),
            (json!("{{user.public_metadata.empty || \"none\"}}"), json!("none")),
            (json!("{{org.role || user.first_name || 'nobody'}}"), json!("Ada")),
            (json!("{{user.last_name || 5}}"), json!(5)),
            (json!("{{user.last_name || user.admin}}"), json!(false)),
            (json!("{{user.id"), json!("{{user.id")),
            (json!("user.id}}"), json!("user.id}}")),
            (json!(["{{user.id}}", {"a": "{{user.age}}"}, 1, true]), json!(["user_1", {"a": 36}, 1, true])),
            (json!({"{{user.id}}": 1}), json!({"{{user.id}}": 1})),
        ] {
            assert_eq!(expand(&template, &values), expected, "{template}");
        }
    }

    /// What a user wrote into a profile is no template.
    #[test]
    fn values_are_not_expanded_again() {
        let values = json!({"user": {"first_name": "{{user.id}}", "id": "user_1"}});
        assert_eq!(expand(&json!("{{user.first_name}}"), &values), "{{user.id}}");
        assert_eq!(expand(&json!("Hi {{user.first_name}}"), &values), "Hi {{user.id}}");
    }
}
