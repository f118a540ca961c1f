//! Pages of a list.
//!
//! Some endpoints return an array, others an object with the array and a total count. [`Page`] deserializes both.
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

/// A list operation with a limit and an offset.
pub trait Paged: Operation<Output = Page<Self::Item>> {
    /// The item type.
    type Item;

    /// Returns the part of the list that the operation requests.
    fn window(&self) -> Window;

    /// Returns the operation for another part of the list.
    #[must_use]
    fn with_window(self, window: Window) -> Self;

    /// Returns the cursor with which the list continues after `item`, for [`Paged::with_cursor`].
    ///
    /// `None` if the list does not support cursors, or not in the requested order. Only the list of users
    /// supports them, and only ordered by `created_at`, ascending or descending: other fields can change or
    /// are not unique.
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

    /// Returns the operation for the items after the one with this cursor.
    ///
    /// Unlike an offset, a cursor is not affected by items that are added or removed before it. The offset is
    /// unset, because Clerk rejects it in combination with a cursor. Does nothing if the list does not
    /// support cursors.
    #[must_use]
    fn with_cursor(self, cursor: &str) -> Self
    where
        Self: Sized,
    {
        let _ = cursor;
        self
    }

    /// Returns how much memory an item has allocated, in bytes: how a cache weighs [`elements`](Self::elements).
    ///
    /// Defaults to zero. Implement it if `Item` contains lists or maps, whose elements can take many times their length in
    /// the response.
    fn item_memory(item: &Self::Item) -> usize {
        let _ = item;
        0
    }

    /// Returns the operation with a response that is decoded item by item.
    ///
    /// An item that cannot be decoded then does not prevent the others from being returned: each item is a `Result`,
    /// so you decide whether to skip it or to stop. Streams of such a list go on after an error too:
    /// `clerk.stream(users::list().elements())`.
    ///
    /// ```
    /// use clerk_core::{Operation, Page, api::users, page::Paged};
    /// use http::Response;
    ///
    /// let operation = users::list().limit(2).elements();
    /// assert_eq!(operation.request().unwrap().uri(), "/users?limit=2");
    ///
    /// let response = Response::new(r#"[{"id": "user_1", "banned": false, "locked": false}, {"id": "user_2"}]"#.into());
    /// let page = operation.decode(&response).unwrap();
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

/// A list operation whose response is decoded item by item. Created by [`Paged::elements`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

    fn decode(&self, response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        let raw: Page<Box<RawValue>> = decode::json(Self::INFO, response)?;
        let read = |(position, element): (usize, Box<RawValue>)| {
            serde_json::from_str(element.get()).map_err(|_| {
                DecodeError::locate::<O::Item>(Self::INFO, element.get().as_bytes()).within(position)
            })
        };
        Ok(Page { data: raw.data.into_iter().enumerate().map(read).collect(), total_count: raw.total_count })
    }

    fn memory(output: &Self::Output, response: usize) -> usize {
        let slots = output.data.capacity().saturating_mul(size_of::<Result<O::Item, DecodeError>>());
        let items = output.data.iter().flatten().map(O::item_memory);
        // The response's length is for what an item does not count, and for the errors.
        let beside = slots.saturating_add(response).saturating_add(size_of_val(output));
        items.fold(beside, usize::saturating_add)
    }
}

/// A list can be streamed item by item, too: an item that cannot be decoded takes its place, and does not end the
/// stream.
impl<O> Paged for Elements<O>
where
    O: Paged,
    O::Item: DeserializeOwned,
{
    type Item = Result<O::Item, DecodeError>;

    fn window(&self) -> Window {
        self.0.window()
    }

    fn with_window(self, window: Window) -> Self {
        Self(self.0.with_window(window))
    }

    /// After an item that cannot be decoded, the list continues by offset.
    fn cursor<'a>(&self, item: &'a Self::Item) -> Option<&'a str> {
        self.0.cursor(item.as_ref().ok()?)
    }

    fn with_cursor(self, cursor: &str) -> Self {
        Self(self.0.with_cursor(cursor))
    }
}

/// Whether a list in this order supports cursors.
pub(crate) fn has_cursor(order_by: Option<&str>) -> bool {
    matches!(order_by, None | Some("created_at" | "+created_at" | "-created_at"))
}

/// A part of a list. If unset, Clerk starts at the first item and returns ten items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The number of items to skip.
    pub offset: Option<u32>,
    /// The maximum number of items to return.
    pub limit: Option<u32>,
}

/// One page of a list. Dereferences to the slice of its items.
///
/// ```
/// use clerk_core::{Page, model::Organization};
///
/// fn names(page: &Page<Organization>) -> Vec<&str> {
///     page.iter().map(|organization| organization.name.as_str()).collect()
/// }
///
/// let text = r#"{"data": [{"id": "org_1", "name": "Engines"}], "total_count": 7}"#;
/// let page: Page<Organization> = serde_json::from_str(text)?;
/// assert_eq!(names(&page), ["Engines"]);
/// assert_eq!((page.len(), page.total_count), (1, Some(7)));
///
/// for organization in page {
///     println!("{}", organization.id);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// To read all pages, pass the operation to `clerk.stream(..)` of clerk-tower instead of `clerk.send(..)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// The items of this page, in the order of the response.
    pub data: Vec<T>,
    /// The total number of items on all pages. `None` if the endpoint does not return it, as
    /// [`users::list`](crate::api::users::list) does not: [`users::count`](crate::api::users::count) takes the same
    /// filters.
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
        f.write_str("a list, or an object with a list in `data`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Ok(Page { data: lenient::elements(items)?, total_count: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut data = None;
        let mut total_count = None;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                // Some endpoints write an empty list as null.
                Key::Data => data = Some(map.next_value::<List<T>>()?.0),
                Key::TotalCount => total_count = map.next_value::<Total>()?.0,
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let data = data.ok_or_else(|| de::Error::missing_field("data"))?;
        Ok(Page { data, total_count })
    }
}

/// A list that can be `null`.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct List<T>(#[serde(deserialize_with = "lenient::list")] Vec<T>);

/// A whole number that can be written as a float.
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
