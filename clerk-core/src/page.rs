//! Lists, in the shapes Clerk answers with.
//!
//! Some endpoints answer with an array, some with an object that holds the array and a total. [`Page`]
//! reads both.
//!
//! ```
//! use clerk_core::Page;
//!
//! let bare: Page<u8> = serde_json::from_str("[1, 2]").unwrap();
//! let total: Page<u8> = serde_json::from_str(r#"{"data": [1, 2], "total_count": 7}"#).unwrap();
//! assert_eq!((bare.data.as_slice(), bare.total_count), (&[1, 2][..], None));
//! assert_eq!((total.len(), total.total_count), (2, Some(7)));
//! ```

use std::{fmt, marker::PhantomData, ops::Deref};

use bytes::Bytes;
use http::{Request, Response};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeOwned, IgnoredAny, MapAccess, SeqAccess},
};
use serde_json::value::RawValue;

use crate::{
    Operation, OperationInfo,
    decode::{self, DecodeError, ResponseError, lenient},
    encode::BuildError,
};

/// A list operation that can be asked for any part of the list.
pub trait Paged: Operation<Output = Page<Self::Item>> {
    /// What the list holds.
    type Item;

    /// Which part the operation asks for.
    fn window(&self) -> Window;

    /// The same operation for another part.
    #[must_use]
    fn with_window(self, window: Window) -> Self;

    /// With what the list can be continued after `item`, where it can: see [`Paged::with_cursor`]. `None` when
    /// the list has no cursors, or none in the order that the operation asks for.
    ///
    /// Only the list of users has cursors, and only in the order of creation, forwards or backwards: every
    /// other order is by what changes or is shared.
    ///
    /// ```
    /// use clerk_core::{Operation, api::users, model::User, page::Paged};
    ///
    /// let ada: User = serde_json::from_str(r#"{"id": "user_1", "banned": false, "locked": false}"#).unwrap();
    /// let operation = users::list().limit(2).offset(4);
    /// assert_eq!(operation.cursor(&ada), Some("user_1"));
    /// assert_eq!(operation.clone().order_by("username").cursor(&ada), None);
    ///
    /// let request = operation.with_cursor("user_1").request().unwrap();
    /// assert_eq!(request.uri(), "/users?limit=2&starting_after=user_1");
    /// ```
    fn cursor<'a>(&self, item: &'a Self::Item) -> Option<&'a str> {
        let _ = item;
        None
    }

    /// The same operation for what comes after the item with this cursor, whatever has been added or removed
    /// before it. The offset is taken back: Clerk refuses one beside a cursor. No change where there are no
    /// cursors.
    #[must_use]
    fn with_cursor(self, cursor: &str) -> Self
    where
        Self: Sized,
    {
        let _ = cursor;
        self
    }

    /// The same operation, its answer read element by element: one that cannot be read does not lose the others.
    ///
    /// ```
    /// use clerk_core::{Operation, Page, api::users, page::{Elements, Paged}};
    /// use http::Response;
    ///
    /// let operation = users::list().limit(2).elements();
    /// assert_eq!(operation.request().unwrap().uri(), "/users?limit=2");
    ///
    /// let answer = Response::new(r#"[{"id": "user_1", "banned": false, "locked": false}, {"id": "user_2"}]"#.into());
    /// let page = Elements::<users::List>::decode(&answer).unwrap();
    /// assert_eq!(page[0].as_ref().unwrap().id, "user_1");
    /// assert_eq!(page[1].as_ref().unwrap_err().path, "[1].banned");
    /// ```
    #[must_use]
    fn elements(self) -> Elements<Self>
    where
        Self: Sized,
    {
        Elements(self)
    }
}

/// A list operation whose answer is read element by element: what [`Paged::elements`] returns.
#[derive(Clone, Debug)]
pub struct Elements<O>(O);

impl<O> Operation for Elements<O>
where
    O: Paged,
    O::Item: DeserializeOwned,
{
    type Output = Page<Result<O::Item, DecodeError>>;
    type Credential = O::Credential;

    const INFO: &'static OperationInfo = O::INFO;

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        self.0.request()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        let raw: Page<Box<RawValue>> = decode::json(Self::INFO, response)?;
        let read = |(position, element): (usize, Box<RawValue>)| {
            serde_json::from_str(element.get()).map_err(|_| {
                DecodeError::locate::<O::Item>(Self::INFO, element.get().as_bytes()).within(position)
            })
        };
        Ok(Page { data: raw.data.into_iter().enumerate().map(read).collect(), total_count: raw.total_count })
    }
}

/// Whether a list in this order can be continued after an item.
pub(crate) fn has_cursor(order_by: Option<&str>) -> bool {
    matches!(order_by, None | Some("created_at" | "+created_at" | "-created_at"))
}

/// A part of a list. What is `None` is left to Clerk, which begins at the front and returns ten items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// How many items to skip.
    pub offset: Option<u32>,
    /// How many items to return at most.
    pub limit: Option<u32>,
}

/// One answer of a list operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// The items of this page, in Clerk's order.
    pub data: Vec<T>,
    /// How many items there are on all pages. `None` where the endpoint does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_count: Option<i64>,
}

impl<T> Deref for Page<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.data
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Page<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageVisitor(PhantomData))
    }
}

struct PageVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for PageVisitor<T> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list, or an object with a list under `data`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut data = Vec::new();
        while let Some(item) = items.next_element()? {
            data.push(item);
        }
        Ok(Page { data, total_count: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut data = None;
        let mut total_count = None;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                // An empty list may be written as null.
                Key::Data => data = Some(map.next_value::<Option<Vec<T>>>()?.unwrap_or_default()),
                Key::TotalCount => total_count = map.next_value::<Total>()?.0,
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let data = data.ok_or_else(|| de::Error::missing_field("data"))?;
        Ok(Page { data, total_count })
    }
}

/// A whole number, however it is written.
#[derive(Deserialize)]
struct Total(#[serde(deserialize_with = "lenient::optional_integer")] Option<i64>);

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Key {
    #[serde(rename = "data", alias = "m2m_tokens")]
    Data,
    #[serde(rename = "total_count")]
    TotalCount,
    #[serde(other)]
    Other,
}
