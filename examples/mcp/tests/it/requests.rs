//! What clients see that do something wrong.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::server::Server;

impl Server {
    fn call(&self, tool: &str) -> RequestBuilder {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool } });
        self.post().json(&call)
    }

    fn post(&self) -> RequestBuilder {
        let request = Client::new().post(&self.url).header("accept", "application/json, text/event-stream");
        request.header("content-type", "application/json")
    }
}

fn challenge(response: &Response) -> &str {
    response.headers().get("www-authenticate").map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn only_an_oauth_token_for_this_server_is_accepted() {
    let server = Server::start().await;
    let local = server.local();
    let token = || local.oauth_token("user_ada").audience([&server.url]).scopes(["profile"]);
    let expired = token().expires_in(Duration::ZERO).create().token;
    for (bearer, status, error) in [
        (None, 401, ""),
        (Some("nonsense".to_owned()), 401, "invalid_token"),
        (Some(local.sign_in("user_ada").token()), 401, "invalid_token"),
        (Some(local.api_key("nightly").create().secret), 401, "invalid_token"),
        (Some(token().audience(["https://other.example.com/mcp"]).create().token), 401, "invalid_token"),
        (Some(expired), 401, "invalid_token"),
        (Some(token().audience::<String>([]).create().token), 200, ""),
        (Some(token().create().token), 200, ""),
    ] {
        let request = server.call("who_am_i");
        let request = match &bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{bearer:?}");
        assert_eq!(challenge(&response).contains("resource_metadata="), status == 401, "{bearer:?}");
        assert_eq!(challenge(&response).contains("error="), !error.is_empty(), "{bearer:?}");
        assert!(challenge(&response).contains(error), "{bearer:?}");
    }
}

#[tokio::test]
async fn the_scope_of_a_tool_is_checked_however_the_call_is_written() {
    let server = Server::start().await;
    let token =
        server.local().oauth_token("user_ada").audience([&server.url]).scopes(["profile"]).create().token;
    let note = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add_note","arguments":{"text":"x"}}}"#;
    for (body, status) in [
        (note.to_owned(), 403),
        (format!("[{note}]"), 403),
        (note.replace("add_note", "add\\u005fnote"), 403),
        (note.replace("tools/call", "tools\\/call"), 403),
        (note.replace("\"name\"", "\"name\":\"who_am_i\",\"name\""), 400),
        (note.replace("\"params\"", "\"params\":{\"name\":\"who_am_i\"},\"params\""), 400),
        (note.replace("\"method\"", "\"method\":\"ping\",\"method\""), 400),
        (format!("{note}{note}"), 400),
        (format!("\u{feff}{note}"), 400),
        (note.replace("\"x\"", &format!("\"{}\"", "x".repeat(1024 * 1024))), 413),
    ] {
        let shown: String = body.chars().take(120).collect();
        let response = server.post().bearer_auth(&token).body(body).send().await.unwrap();
        assert_eq!(response.status(), status, "{shown}");
        assert_eq!(challenge(&response).contains("insufficient_scope"), status == 403, "{shown}");
    }
    let encoded = server.post().bearer_auth(&token).header("content-encoding", "gzip").body(note);
    assert_eq!(encoded.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn scripts_of_every_origin_can_read_the_documents() {
    let server = Server::start().await;
    let issuer = server.instance.api_url();
    let resource = json!({
        "resource": server.url,
        "authorization_servers": [issuer],
        "scopes_supported": ["profile", "private_metadata"],
        "bearer_methods_supported": ["header"],
    });
    for path in ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"] {
        let document: Value = read(&server.document(path)).await;
        for (member, value) in resource.as_object().unwrap() {
            assert_eq!(&document[member], value, "{path}: {member}");
        }
    }
    let document = read(&server.document("/.well-known/oauth-authorization-server")).await;
    assert_eq!(document["issuer"], issuer);
    assert_eq!(document["registration_endpoint"], format!("{issuer}/oauth/register"));
}

async fn read(url: &str) -> Value {
    let preflight = Client::new()
        .request(Method::OPTIONS, url)
        .header("origin", "https://inspector.example.com")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "mcp-protocol-version");
    for (request, statuses) in [(preflight, 200..=204), (Client::new().get(url), 200..=200)] {
        let response = request.send().await.unwrap();
        assert!(statuses.contains(&response.status().as_u16()), "{url}: {}", response.status());
        assert_eq!(response.headers()["access-control-allow-origin"], "*", "{url}");
        if response.status() == 200 && response.headers().contains_key("content-type") {
            return response.json().await.unwrap();
        }
    }
    panic!("{url} has no document")
}
