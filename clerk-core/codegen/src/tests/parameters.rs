//! What the page of an operation says of its parameters and of what it returns.

use std::collections::BTreeMap;

use super::{OVERLAY, api};
use crate::{emit_api, ir::Api, missing::missing, overlay::Overlay};

/// An API with one operation, which has this method and a body of these properties.
fn taking(method: &str, properties: &str) -> Api {
    let path = format!(
        "  /things: {{{method}: {{operationId: ChangeThing, tags: [Things], x-speakeasy-group: things, \
         x-speakeasy-name-override: change, requestBody: {{content: {{application/json: {{schema: \
         {{type: object, properties: {{{properties}}}}}}}}}}}, responses: {{'204': {{}}}}}}}}"
    );
    api(&path, "", "")
}

/// The documentation of the operation's function, on one line.
fn page(api: &Api, sentences: &str) -> String {
    let overlay = Overlay::parse(&format!("{OVERLAY}{sentences}"));
    let operations: Vec<_> = api.operations.iter().collect();
    let text = &emit_api::files(api, &operations, &overlay, "", &BTreeMap::new())["api/things.rs"];
    let page = text.split("pub fn ").next().unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("///"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_said_of_a_parameter_is_shown_in_full() {
    let long = format!("Sets the name: {}. Only for opaque tokens.", "x".repeat(150));
    let body = "name: {type: string, maxLength: 9}";
    let text = page(&taking("post", body), &format!("[fields.body]\nname = '{long}'\n"));
    assert!(text.contains("Only for opaque tokens. At most 9 characters."), "{text}");

    let api = taking("post", body);
    let operations: Vec<_> = api.operations.iter().collect();
    for (letters, want) in [(100, false), (250, true)] {
        let said = format!("[fields.body]\nname = 'Sets {}.'\n", "x".repeat(letters));
        let gaps = missing(&api, &Overlay::parse(&format!("{OVERLAY}{said}")), &operations);
        let gap = "what is said of `ChangeThing.name` is longer than 250 characters".to_owned();
        assert_eq!(gaps.contains(&gap), want, "{letters}: {gaps:?}");
    }
}

#[test]
fn a_limit_is_added_unless_the_sentence_has_its_number() {
    for (schema, said, want) in [
        ("{type: string, maxLength: 25}", "At most 25 characters.", "At most 25 characters."),
        ("{type: string, maxLength: 25}", "Some of 250.", "Some of 250. At most 25 characters."),
        ("{type: integer, minimum: 1, maximum: 1000}", "Up to 1,000.", "Up to 1,000."),
        ("{type: array, minItems: 1, items: {type: string}}", "Some.", "Some. At least 1 item."),
        ("{type: array, minItems: 2, items: {type: string}}", "Some.", "Some. At least 2 items."),
    ] {
        let api = taking("post", &format!("part: {schema}"));
        let text = page(&api, &format!("[fields.body]\npart = '{said}'\n"));
        assert!(text.to_lowercase().ends_with(&format!(": {}", want.to_lowercase())), "{want}: {text}");
    }
}

#[test]
fn an_update_has_no_defaults_and_says_what_is_kept() {
    const KEPT: &str = "A stored value whose parameter is not set is kept.";
    const CLEARED: &str = "[`Nullable::Null`] clears a value that can be empty.";
    let sentences = "[fields.body]\npart = 'Sets the part.'\n";
    let flag = "part: {type: boolean, nullable: true, default: false}";
    let name = "part: {type: string, nullable: true, default: none}";
    for (method, body, want) in [
        ("post", flag, "(`bool`): the part. Defaults to `false`.".to_owned()),
        ("patch", flag, format!("(`bool`): the part.  {KEPT}")),
        ("put", flag, "(`bool`): the part.".to_owned()),
        ("post", name, "(`String`): the part. Defaults to `none`.".to_owned()),
        ("patch", name, format!("(`String` or `null`): the part.  {KEPT} {CLEARED}")),
        ("put", name, format!("(`String` or `null`): the part.  {KEPT} {CLEARED}")),
    ] {
        let text = page(&taking(method, body), sentences);
        assert!(text.ends_with(&want), "{method} {want}: {text}");
    }
    // What an action does by default stands in its sentence.
    let text = page(&taking("patch", flag), "[fields.body]\npart = 'Sets the part. Defaults to `false`.'\n");
    assert!(text.contains("the part. Defaults to `false`.  A stored"), "{text}");
}

#[test]
fn a_list_that_is_returned_has_an_article() {
    let path = "  /things: {post: {operationId: MakeThings, tags: [Things], x-speakeasy-group: things, \
                x-speakeasy-name-override: make, responses: {'200': {content: {application/json: {schema: \
                {type: array, items: {$ref: '#/components/schemas/Thing'}}}}}}}}";
    let api = api(path, "    Thing: {type: object, properties: {size: {type: integer}}}", "");
    let text = page(&api, "");
    assert!(text.contains("**Returns** a list of [`Thing`]."), "{text}");
}
