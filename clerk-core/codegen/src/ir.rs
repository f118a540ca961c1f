//! The API after references, names, nullability and corrections are resolved.

use std::collections::BTreeMap;

/// The input of the code that writes Rust.
#[derive(Default)]
pub(crate) struct Api {
    pub(crate) operations: Vec<Operation>,
    pub(crate) structs: BTreeMap<String, Struct>,
    pub(crate) enums: BTreeMap<String, Enum>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    Text,
    Bool,
    Int,
    /// A limit or offset.
    Count,
    Float,
    Time,
    /// One of the ID types of `clerk_core::id`.
    Id(String),
    Metadata,
    /// Any JSON in a request.
    Json,
    /// Any JSON in a response, which is stored as text.
    AnyJson,
    /// A file in a multipart form.
    File,
    List(Box<Ty>),
    Map(Box<Ty>),
    /// A nullable item of a list or map.
    Maybe(Box<Ty>),
    /// A model or a request object.
    Struct(String),
    Enum(String),
}

impl Ty {
    /// The name of the struct or enum, also within a list or map.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::List(inner) | Self::Map(inner) | Self::Maybe(inner) => inner.named(),
            Self::Struct(name) | Self::Enum(name) => Some(name),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// The name in JSON.
    pub(crate) wire: String,
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) deprecated: bool,
    /// The minimum and maximum number of items of a list.
    pub(crate) items: Option<(usize, usize)>,
    pub(crate) valid: Valid,
}

/// The values that the document accepts, in addition to the type. For a list or map: the values of its items.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Valid {
    /// The enum values that are allowed for this field.
    pub(crate) values: Vec<String>,
    pub(crate) format: Option<String>,
    pub(crate) pattern: Option<String>,
    /// The minimum and maximum number of characters.
    pub(crate) length: (usize, Option<usize>),
    /// The minimum. An exclusive minimum is increased by one, since all such fields are integers.
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// The minimum number of items.
    pub(crate) min_items: usize,
    /// The default in the document, as it is written in JSON, or the string.
    pub(crate) default: Option<String>,
    /// The required members of a free-form object.
    pub(crate) members: Vec<String>,
    /// Whether the field is optional, but one of several fields of which at least one is required.
    pub(crate) needed: bool,
    /// Whether the field is missing in the document, or is a deprecated parameter. Strict validators report it.
    pub(crate) beyond: bool,
    /// Whether the field is a list here but a single value in the document.
    pub(crate) single: bool,
}

impl Field {
    /// Whether the field is a key with which Clerk recognizes a call that it has processed already.
    pub(crate) fn is_idempotency_key(&self) -> bool {
        self.valid.format.as_deref() == Some("idempotency-key")
    }

    /// The allowed numbers or numbers of characters, as a Rust range.
    pub(crate) fn range(&self) -> Option<String> {
        let valid = &self.valid;
        let (least, most) = match self.ty {
            // A count is unsigned, so a minimum of 0 needs no check.
            Ty::Count => (valid.min.filter(|min| *min > 0.0), valid.max),
            Ty::Int => (valid.min, valid.max),
            Ty::Text => return letters(valid.length),
            _ => return None,
        };
        match (least, most) {
            (None, None) => None,
            (least, None) => Some(format!("{}..", text(least))),
            (least, most) => Some(format!("{}..={}", text(least), text(most))),
        }
    }
}

fn letters((least, most): (usize, Option<usize>)) -> Option<String> {
    match (least, most) {
        (0, None) => None,
        (least, None) => Some(format!("{least}..")),
        (0, Some(most)) => Some(format!("..={most}")),
        (least, Some(most)) => Some(format!("{least}..={most}")),
    }
}

fn text(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) tag: String,
    pub(crate) module: String,
    pub(crate) function: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) parameters: Vec<Field>,
    pub(crate) query: Vec<Query>,
    /// The header `Idempotency-Key`.
    pub(crate) idempotency_key: Option<Field>,
    pub(crate) body: Body,
    /// The request objects in the body.
    pub(crate) nested: Vec<Struct>,
    pub(crate) output: Output,
    pub(crate) errors: Vec<String>,
    pub(crate) deprecated: bool,
    pub(crate) public: bool,
    /// Whether the document contains the operation. If not, only the overlay defines it.
    pub(crate) documented: bool,
}

pub(crate) struct Query {
    pub(crate) field: Field,
    pub(crate) joined: bool,
    /// The value that is always sent. The caller cannot choose it.
    pub(crate) fixed: Option<String>,
}

pub(crate) enum Body {
    None,
    Object(Vec<Field>),
    Multipart(Vec<Field>),
    /// The body is an array, described by this field.
    List(Box<Field>),
}

pub(crate) enum Output {
    Nothing,
    Text,
    Page(Ty),
    Value(Ty),
}
