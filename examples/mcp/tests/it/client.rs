//! The client of rmcp, as an agent uses it.

use rmcp::{
    RoleClient, ServiceError, ServiceExt as _,
    model::CallToolRequestParams,
    service::RunningService,
    transport::{
        AuthorizationManager, StreamableHttpClientTransport,
        auth::{AuthClient, AuthorizationCallback},
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};

use crate::browser::{Browser, CALLBACK};

/// A client that has registered itself, and whose user has allowed it something.
pub(crate) struct Agent {
    http: AuthClient<reqwest::Client>,
    url: String,
}

impl Agent {
    /// Finds the authorization server from a challenge, and registers.
    pub(crate) async fn register(url: &str, challenge: &str) -> Self {
        let mut manager = AuthorizationManager::new(url).await.unwrap();
        let found = manager.resolve_metadata_from_challenge(Some(challenge)).await.unwrap();
        assert!(found.source.is_discovered(), "{:?}", found.source);
        manager.set_metadata(found.metadata);
        manager
            .register_client("Agent", CALLBACK, &["profile", "private_metadata", "offline_access"])
            .await
            .unwrap();
        Self { http: AuthClient::new(reqwest::Client::new(), manager), url: url.to_owned() }
    }

    /// Asks the user for scopes.
    pub(crate) async fn ask(&self, browser: &mut Browser, scopes: &[&str]) {
        let manager = self.http.auth_manager.lock().await;
        let page = manager.get_authorization_url(scopes).await.unwrap();
        finish(&manager, browser, &page).await;
    }

    /// Asks the user for the scopes of a challenge, besides those that it has.
    pub(crate) async fn ask_for_more(&self, browser: &mut Browser, challenge: &str) {
        let scopes = challenge.split("scope=\"").nth(1).unwrap().split('"').next().unwrap();
        let manager = self.http.auth_manager.lock().await;
        let page = manager.request_scope_upgrade(scopes).await.unwrap();
        finish(&manager, browser, &page).await;
    }

    pub(crate) async fn connect(&self) -> Connection {
        let config = StreamableHttpClientTransportConfig::with_uri(self.url.clone());
        let transport = StreamableHttpClientTransport::with_client(self.http.clone(), config);
        Connection(().serve(transport).await.unwrap())
    }

    pub(crate) async fn access_token(&self) -> String {
        self.http.get_access_token().await.unwrap()
    }

    /// Returns the identifier of the client, and its refresh token.
    pub(crate) async fn credentials(&self) -> (String, String) {
        let (client, tokens) = self.http.auth_manager.lock().await.get_credentials().await.unwrap();
        let tokens = serde_json::to_value(tokens.unwrap()).unwrap();
        (client, tokens["refresh_token"].as_str().unwrap().to_owned())
    }
}

async fn finish(manager: &AuthorizationManager, browser: &mut Browser, page: &str) {
    let back = AuthorizationCallback::from_redirect_url(&browser.allow(page).await).unwrap();
    let (code, state, issuer) = (&back.code, &back.csrf_token, back.issuer.as_deref());
    manager.exchange_code_for_token_with_issuer(code, state, issuer).await.unwrap();
}

/// Connects without a token, and returns the challenge.
pub(crate) async fn knock(url: &str) -> String {
    let error = ().serve(StreamableHttpClientTransport::from_uri(url)).await.err().unwrap();
    error.auth_challenge().unwrap().to_owned()
}

pub(crate) struct Connection(RunningService<RoleClient, ()>);

impl Connection {
    pub(crate) async fn tools(&self) -> Vec<String> {
        let tools = self.0.list_all_tools().await.unwrap();
        tools.into_iter().map(|tool| tool.name.into_owned()).collect()
    }

    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> Result<Value, ServiceError> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let called = self.0.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?;
        Ok(serde_json::to_value(called).unwrap()["structuredContent"].clone())
    }

    /// Calls a tool that the server does not let the client call, and returns the challenge.
    pub(crate) async fn refused(&self, tool: &'static str) -> String {
        let error = self.call(tool, json!({ "text": "milk" })).await.unwrap_err();
        error.auth_challenge().unwrap_or_else(|| panic!("{error:?}")).to_owned()
    }
}
