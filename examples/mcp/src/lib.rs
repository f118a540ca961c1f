//! A server of the Model Context Protocol that Clerk protects.
//!
//! [`app`] says what concerns Clerk: where the server is, and which tool needs which scope. The tools find out who is calling
//! with [`OAuthToken::from_extensions`].

mod tools;

use std::error::Error;

use axum::Router;
use clerk_axum::{
    Clerk, ProtectedResource,
    api::instance_settings,
    local::{LocalClerk, LocalServer},
    require,
};
use http::Uri;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use self::tools::Tools;

/// Returns the application. `url` is the one that clients call, such as `https://mcp.example.com/mcp`.
///
/// # Errors
/// The URL is not valid, or the client has no publishable key.
pub fn app(clerk: &Clerk, url: &str) -> Result<Router, Box<dyn Error>> {
    let resource = ProtectedResource::builder(clerk, url).scopes(["profile", "private_metadata"]).build()?;
    let tools = Router::new()
        .fallback_service(service(url)?)
        .layer(require::tool_scopes([("add_note", "private_metadata")]));
    Ok(resource.protect(tools))
}

/// Returns the service of the tools, which keeps nothing between requests.
fn service(url: &str) -> Result<StreamableHttpService<Tools, NeverSessionManager>, Box<dyn Error>> {
    let url: Uri = url.parse()?;
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(url.authority().map(ToString::to_string))
        .with_legacy_session_mode(false)
        .with_json_response(true);
    Ok(StreamableHttpService::new(|| Ok(Tools), NeverSessionManager::default().into(), config))
}

/// Starts a `LocalClerk` with four people and an organization, at which MCP clients may register themselves. It listens on any
/// free port if this one is taken.
///
/// # Errors
/// No port can be opened.
pub async fn start_local(port: u16) -> Result<LocalServer, Box<dyn Error>> {
    let start = |port| LocalClerk::builder().seeded().serve(([127, 0, 0, 1], port));
    let server = match start(port).await {
        Ok(server) => server,
        Err(_) => start(0).await?,
    };
    server.local().set_dynamic_registration(true);
    // What a client may ask for that names no scopes when it registers.
    let scopes = ["openid", "profile", "offline_access", "private_metadata"].map(str::to_owned);
    let settings = instance_settings::update_oauth_application_settings().default_scopes(scopes.to_vec());
    server.client_builder().build()?.send(settings).await?;
    Ok(server)
}
