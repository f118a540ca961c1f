//! From a URL to the answer of a tool, with the client of rmcp.

use clerk_axum::api::users;
use serde_json::json;

use crate::{
    browser::Browser,
    client::{Agent, knock},
    server::Server,
};

async fn walk(jwts: bool) {
    let server = Server::start().await;
    server.local().set_oauth_jwt_access_tokens(jwts);
    let metadata = server.document("/.well-known/oauth-protected-resource/mcp");

    let challenge = knock(&server.url).await;
    assert_eq!(challenge, format!("Bearer resource_metadata=\"{metadata}\""));

    let (agent, mut browser) = (Agent::register(&server.url, &challenge).await, Browser::new());
    agent.ask(&mut browser, &["profile", "offline_access"]).await;
    assert_eq!(agent.access_token().await.starts_with("oat_"), !jwts);

    let connection = agent.connect().await;
    let mut tools = connection.tools().await;
    tools.sort_unstable();
    assert_eq!(tools, ["add_note", "my_organizations", "who_am_i"]);
    let (client, _) = agent.credentials().await;
    let caller = json!({
        "name": "Ada Lovelace",
        "user": "user_ada",
        "client": client,
        "scopes": ["profile", "offline_access"],
        "audience": [server.url],
    });
    assert_eq!(connection.call("who_am_i", json!({})).await.unwrap(), caller);
    let acme = json!({ "organizations": [{ "name": "Acme", "id": "org_acme", "role": "org:admin" }] });
    assert_eq!(connection.call("my_organizations", json!({})).await.unwrap(), acme);

    // The tool needs another scope, and the client asks for it.
    let challenge = connection.refused("add_note").await;
    let scopes = "profile offline_access private_metadata";
    assert_eq!(
        challenge,
        format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\", resource_metadata=\"{metadata}\"")
    );
    agent.ask_for_more(&mut browser, &challenge).await;
    let notes = connection.call("add_note", json!({ "text": "milk" })).await.unwrap();
    assert_eq!(notes, json!({ "notes": ["milk"] }));
    let notes = connection.call("add_note", json!({ "text": "bread" })).await.unwrap();
    assert_eq!(notes, json!({ "notes": ["milk", "bread"] }));
    let ada = server.clerk.send(users::get("user_ada")).await.unwrap();
    assert_eq!(ada.private_metadata.unwrap().get("notes"), Some(json!(["milk", "bread"])));

    // The user takes everything back.
    revoke(&server, &agent).await;
    if jwts {
        // The server asks nobody about a JWT. It finds out when it needs the user.
        assert_eq!(connection.call("my_organizations", json!({})).await.unwrap(), acme);
        server.clerk.send(users::ban("user_ada")).await.unwrap();
        let error = connection.call("who_am_i", json!({})).await.unwrap_err();
        assert!(error.to_string().contains("user-banned"), "{error}");
    } else {
        let challenge = connection.refused("my_organizations").await;
        assert!(challenge.starts_with("Bearer error=\"invalid_token\", "), "{challenge}");
        assert!(challenge.ends_with(&format!(", resource_metadata=\"{metadata}\"")), "{challenge}");
    }
}

/// Revokes the grant: the refresh token and, if it is opaque, the access token.
async fn revoke(server: &Server, agent: &Agent) {
    let (client, token) = agent.credentials().await;
    let url = format!("{}/oauth/token/revoke", server.instance.api_url());
    let form = [("client_id", client), ("token", token)];
    assert_eq!(reqwest::Client::new().post(url).form(&form).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_gets_from_a_url_to_the_answer_of_a_tool_with_opaque_tokens() {
    walk(false).await;
}

#[tokio::test]
async fn a_client_gets_from_a_url_to_the_answer_of_a_tool_with_jwts() {
    walk(true).await;
}
