//! The example on a real socket.

use std::net::Ipv4Addr;

use clerk_axum::{
    Clerk,
    local::{LocalClerk, LocalServer},
};
use tokio::net::TcpListener;

/// The server and its instance, until this is dropped.
pub(crate) struct Server {
    /// The URL that clients call.
    pub(crate) url: String,
    pub(crate) clerk: Clerk,
    /// Keeps the instance's socket open.
    pub(crate) instance: LocalServer,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let instance = clerk_mcp::start_local(0).await.unwrap();
        let clerk = instance.client_builder().build().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let app = clerk_mcp::app(&clerk, &url).unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, clerk, instance }
    }

    pub(crate) fn local(&self) -> &LocalClerk {
        self.instance.local()
    }

    /// Returns the URL of a document of the same host.
    pub(crate) fn document(&self, path: &str) -> String {
        self.url.replace("/mcp", path)
    }
}
