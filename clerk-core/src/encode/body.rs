use bytes::Bytes;
use serde::Serialize;

use crate::Nullable;

/// Writes a JSON object member by member, in the order of the calls.
pub struct JsonObject {
    text: Vec<u8>,
    error: Option<(&'static str, serde_json::Error)>,
}

crate::opaque::opaque!(JsonObject);

impl JsonObject {
    pub(super) fn new() -> Self {
        Self { text: Vec::with_capacity(256), error: None }
    }

    /// Writes a required member.
    pub fn required<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> &mut Self {
        let start = self.text.len();
        self.text.push(if start == 0 { b'{' } else { b',' });
        let written = serde_json::to_writer(&mut self.text, name).and_then(|()| {
            self.text.push(b':');
            serde_json::to_writer(&mut self.text, value)
        });
        if let Err(error) = written {
            self.text.truncate(start);
            self.error.get_or_insert((name, error));
        }
        self
    }

    /// Writes a member, unless it is `None`.
    pub fn optional<T: Serialize>(&mut self, name: &'static str, value: &Option<T>) -> &mut Self {
        match value {
            Some(value) => self.required(name, value),
            None => self,
        }
    }

    /// Writes a member as its value or `null`, unless it is absent.
    pub fn nullable<T: Serialize>(&mut self, name: &'static str, value: &Nullable<T>) -> &mut Self {
        if value.is_absent() { self } else { self.required(name, value) }
    }

    pub(super) fn finish(mut self) -> Result<Bytes, (&'static str, serde_json::Error)> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.text.is_empty() {
            self.text.push(b'{');
        }
        self.text.push(b'}');
        Ok(self.text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_states_and_options() {
        let mut object = JsonObject::new();
        object
            .required("a", "x\"y")
            .optional("b", &None::<i64>)
            .optional("c", &Some(3))
            .nullable("d", &Nullable::<String>::Absent)
            .nullable("e", &Nullable::<String>::Null)
            .nullable("f", &Nullable::<String>::from("v"));
        assert_eq!(object.finish().unwrap(), r#"{"a":"x\"y","c":3,"e":null,"f":"v"}"#);
        assert_eq!(JsonObject::new().finish().unwrap(), "{}");
    }

    #[test]
    fn what_json_cannot_hold_is_an_error_with_its_name() {
        let mut object = JsonObject::new();
        let map = std::collections::HashMap::from([((1, 2), 3)]);
        object.required("ok", &1).required("bad", &map).required("after", &2);
        assert_eq!(object.finish().unwrap_err().0, "bad");
    }
}
