use crate::{Timestamp, id};

/// A value that can be sent as a query parameter.
pub trait QueryValue {
    /// Appends the value in the form that Clerk expects.
    fn write(&self, out: &mut String);
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl QueryValue for $type {
            fn write(&self, out: &mut String) {
                out.push_str(self.as_ref());
            }
        }
    )*};
}

as_text!(&str, String, id::UserId, id::OrganizationId, id::SessionId, id::ClientId, id::Id);

macro_rules! as_display {
    ($($type:ty),*) => {$(
        impl QueryValue for $type {
            fn write(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }
        }
    )*};
}

as_display!(bool, i64, u16, u32, u64);

impl QueryValue for Timestamp {
    fn write(&self, out: &mut String) {
        out.push_str(&self.as_millis().to_string());
    }
}

impl<T: QueryValue> QueryValue for &T {
    fn write(&self, out: &mut String) {
        T::write(self, out);
    }
}

/// Builds a query string in `application/x-www-form-urlencoded` form: a space is `+`, and `+` is `%2B`.
#[derive(Default)]
pub(super) struct Query {
    text: String,
    scratch: String,
}

impl Query {
    pub(super) fn pair(&mut self, name: &str, value: &impl QueryValue) {
        self.scratch.clear();
        value.write(&mut self.scratch);
        self.append(name);
    }

    pub(super) fn joined<T: QueryValue>(&mut self, name: &str, values: &[T]) {
        if values.is_empty() {
            return;
        }
        self.scratch.clear();
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                self.scratch.push(',');
            }
            value.write(&mut self.scratch);
        }
        self.append(name);
    }

    fn append(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        self.text.push('=');
        self.text.extend(form_urlencoded::byte_serialize(self.scratch.as_bytes()));
    }

    pub(super) fn append_to(self, mut path: String) -> String {
        if !self.text.is_empty() {
            path.push('?');
            path.push_str(&self.text);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs() {
        let mut query = Query::default();
        query.pair("order_by", &"+created_at");
        query.pair("offset", &0_i64);
        query.pair("banned", &false);
        query.joined("enrollment_mode", &["a", "b"]);
        query.joined("none", &[] as &[&str]);
        assert_eq!(
            query.append_to("/x".into()),
            "/x?order_by=%2Bcreated_at&offset=0&banned=false&enrollment_mode=a%2Cb"
        );
        assert_eq!(Query::default().append_to("/x".into()), "/x");
    }

    proptest! {
        #[test]
        fn every_value_comes_back(values in proptest::collection::vec("\\PC{0,20}", 1..6)) {
            let mut query = Query::default();
            for value in &values {
                query.pair("v", value);
            }
            let back: Vec<String> = form_urlencoded::parse(query.text.as_bytes()).map(|(_, v)| v.into_owned()).collect();
            prop_assert_eq!(back, values);
        }
    }
}
