//! The parts of an OpenAPI document that the generator reads.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use crate::Result;

pub(crate) struct Document {
    pub(crate) version: String,
    pub(crate) paths: IndexMap<String, PathItem>,
    components: Components,
    /// Components that the overlay adds.
    added: IndexMap<String, Schema>,
}

#[derive(Deserialize)]
struct Parsed {
    info: Info,
    paths: IndexMap<String, Option<PathItem>>,
    #[serde(default)]
    components: Components,
}

#[derive(Deserialize)]
struct Info {
    version: String,
}

#[derive(Deserialize, Default)]
struct Components {
    #[serde(default)]
    schemas: IndexMap<String, Schema>,
    #[serde(default)]
    responses: IndexMap<String, Response>,
    #[serde(default)]
    parameters: IndexMap<String, Parameter>,
}

/// The operations of one path. Some paths of Clerk's document have none.
#[derive(Deserialize, Default)]
pub(crate) struct PathItem {
    get: Option<Operation>,
    post: Option<Operation>,
    put: Option<Operation>,
    patch: Option<Operation>,
    delete: Option<Operation>,
}

impl PathItem {
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&'static str, &Operation)> {
        [
            ("GET", &self.get),
            ("POST", &self.post),
            ("PUT", &self.put),
            ("PATCH", &self.patch),
            ("DELETE", &self.delete),
        ]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub(crate) operation_id: String,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(default)]
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) request_body: Option<Content>,
    pub(crate) responses: IndexMap<String, Response>,
    #[serde(default)]
    pub(crate) deprecated: bool,
    pub(crate) security: Option<Vec<Value>>,
    #[serde(rename = "x-speakeasy-group")]
    pub(crate) group: Option<String>,
    #[serde(rename = "x-speakeasy-name-override")]
    pub(crate) name: Option<String>,
}

#[derive(Deserialize, Default)]
pub(crate) struct Parameter {
    #[serde(rename = "$ref")]
    pub(crate) reference: Option<String>,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(rename = "in", default)]
    pub(crate) place: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) deprecated: bool,
    pub(crate) explode: Option<bool>,
    #[serde(default)]
    pub(crate) schema: Schema,
}

/// A request body, or the content of a response. It can be empty.
#[derive(Deserialize, Default)]
pub(crate) struct Content {
    #[serde(default)]
    pub(crate) content: IndexMap<String, Media>,
}

#[derive(Deserialize, Default)]
pub(crate) struct Response {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(flatten)]
    pub(crate) body: Content,
}

#[derive(Deserialize)]
pub(crate) struct Media {
    #[serde(default)]
    pub(crate) schema: Schema,
}

/// A schema of OpenAPI 3.0. Descriptions and examples are not read.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Schema {
    #[serde(rename = "$ref")]
    pub(crate) reference: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) nullable: bool,
    pub(crate) deprecated: bool,
    pub(crate) properties: IndexMap<String, Schema>,
    pub(crate) required: Vec<String>,
    pub(crate) items: Option<Box<Schema>>,
    #[serde(rename = "enum")]
    pub(crate) values: Vec<Value>,
    pub(crate) additional_properties: Option<Additional>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) min_items: Option<usize>,
    pub(crate) max_items: Option<usize>,
    pub(crate) pattern: Option<String>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) minimum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) maximum: Option<f64>,
    pub(crate) default: Option<Value>,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(crate) enum Additional {
    Allowed(#[allow(dead_code, reason = "unknown properties are ignored either way")] bool),
    Typed(Box<Schema>),
}

impl Schema {
    /// Whether the schema only lists required fields. An `anyOf` of such schemas constrains values, not types.
    pub(crate) fn is_constraint(&self) -> bool {
        self.reference.is_none()
            && self.kind.is_none()
            && self.properties.is_empty()
            && !self.required.is_empty()
    }
}

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let parsed: Parsed =
            serde_yaml_ng::from_str(text).map_err(|e| format!("not a valid OpenAPI document: {e}"))?;
        let paths = parsed.paths.into_iter().map(|(path, item)| (path, item.unwrap_or_default())).collect();
        Ok(Self {
            version: parsed.info.version,
            paths,
            components: parsed.components,
            added: IndexMap::new(),
        })
    }

    /// Adds components. Those of the document come first.
    pub(crate) fn with_components(self, added: &IndexMap<String, Schema>) -> Self {
        Self { added: added.clone(), ..self }
    }

    /// Whether the component is added.
    pub(crate) fn is_added(&self, name: &str) -> bool {
        self.added.contains_key(name)
    }

    /// The added components that the document has too.
    pub(crate) fn needless_components(&self) -> impl Iterator<Item = &str> {
        self.added.keys().map(String::as_str).filter(|name| self.components.schemas.contains_key(*name))
    }

    /// The component behind a `$ref`, with its name.
    pub(crate) fn schema<'a>(&'a self, reference: &'a str) -> Result<(&'a str, &'a Schema)> {
        let name = name_of(reference, "schemas")?;
        Ok((name, self.component(name).ok_or_else(|| dangling(reference))?))
    }

    pub(crate) fn component(&self, name: &str) -> Option<&Schema> {
        self.components.schemas.get(name).or_else(|| self.added.get(name))
    }

    pub(crate) fn response<'a>(&'a self, response: &'a Response) -> Result<&'a Content> {
        let Some(reference) = &response.reference else { return Ok(&response.body) };
        let name = name_of(reference, "responses")?;
        Ok(&self.components.responses.get(name).ok_or_else(|| dangling(reference))?.body)
    }

    pub(crate) fn parameter<'a>(&'a self, parameter: &'a Parameter) -> Result<&'a Parameter> {
        let Some(reference) = &parameter.reference else { return Ok(parameter) };
        let name = name_of(reference, "parameters")?;
        self.components.parameters.get(name).ok_or_else(|| dangling(reference).into())
    }
}

fn name_of<'a>(reference: &'a str, kind: &str) -> Result<&'a str> {
    reference
        .strip_prefix("#/components/")
        .and_then(|rest| rest.strip_prefix(kind))
        .and_then(|rest| rest.strip_prefix('/'))
        .ok_or_else(|| format!("`{reference}` is not a reference to one of the document's {kind}").into())
}

fn dangling(reference: &str) -> String {
    format!("`{reference}` does not exist in the document")
}
