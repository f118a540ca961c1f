//! What the document says once references, names, nullability and corrections are settled.

use std::collections::BTreeMap;

/// Everything the Rust text is written from.
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
    /// One of the identifier types.
    Id(String),
    Metadata,
    Json,
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
    /// The struct or enum it names, through lists and maps.
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
    /// As Clerk writes it.
    pub(crate) wire: String,
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) deprecated: bool,
    /// How many items a list may have.
    pub(crate) items: Option<(usize, usize)>,
    pub(crate) valid: Valid,
}

/// What the document accepts beyond the type, for a list or map: of its items.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Valid {
    /// The members of an enum at this place.
    pub(crate) values: Vec<String>,
    pub(crate) format: Option<String>,
    pub(crate) pattern: Option<String>,
    /// In letters.
    pub(crate) length: (usize, Option<usize>),
    /// The least number, which is one more than an exclusive minimum.
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// How many items there must be.
    pub(crate) min_items: usize,
    /// What an object must have, where any members are allowed.
    pub(crate) members: Vec<String>,
    /// Optional by itself, but one of several of which some must be there.
    pub(crate) needed: bool,
    /// The document lacks the field, or calls the parameter deprecated: who follows it to the letter complains.
    pub(crate) beyond: bool,
    /// A list here, one value in the document.
    pub(crate) single: bool,
}

impl Field {
    /// Which numbers, or how many letters, the document allows: as Rust writes the range.
    pub(crate) fn range(&self) -> Option<String> {
        let valid = &self.valid;
        let (least, most) = match self.ty {
            // What is counted is never less than nothing.
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
    pub(crate) body: Body,
    /// The request objects its body is made of.
    pub(crate) nested: Vec<Struct>,
    pub(crate) output: Output,
    pub(crate) errors: Vec<String>,
    pub(crate) deprecated: bool,
    pub(crate) public: bool,
    /// Whether the document has it, not the overlay alone.
    pub(crate) documented: bool,
}

pub(crate) struct Query {
    pub(crate) field: Field,
    pub(crate) joined: bool,
    /// Always sent with this value, and not the caller's to choose.
    pub(crate) fixed: Option<String>,
}

pub(crate) enum Body {
    None,
    Object(Vec<Field>),
    Multipart(Vec<Field>),
    /// The body is a list of these.
    List(Box<Field>),
}

pub(crate) enum Output {
    Nothing,
    Text,
    Page(Ty),
    Value(Ty),
}
