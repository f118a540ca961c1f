//! The transports, with TLS and without, over HTTP/2 only.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use clerk_tower::{
    Clerk, ClerkBuilder,
    client::transport::{HyperTransport, ReqwestTransport},
};
use futures_util::{FutureExt as _, future::BoxFuture};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower::Service;

use crate::tls::Tls;

/// A transport, and what it sends over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Reqwest,
    ReqwestTls,
    Hyper,
    HyperTls,
}

impl Wire {
    pub(super) const ALL: [Self; 4] = [Self::Reqwest, Self::ReqwestTls, Self::Hyper, Self::HyperTls];

    pub(super) fn is_secure(self) -> bool {
        matches!(self, Self::ReqwestTls | Self::HyperTls)
    }

    pub(super) fn client(self, address: SocketAddr, tls: &Tls) -> Clerk {
        self.builder(address, tls).build().unwrap()
    }

    pub(super) fn builder(self, address: SocketAddr, tls: &Tls) -> ClerkBuilder {
        let scheme = if self.is_secure() { "https" } else { "http" };
        let builder = Clerk::builder().secret_key("sk_test_abc");
        let builder = builder.api_url(format!("{scheme}://localhost:{}", address.port()));
        match self {
            Self::Reqwest => builder.transport(
                ReqwestTransport::from_builder(|| {
                    reqwest::Client::builder().tls_certs_only([]).http2_prior_knowledge()
                })
                .unwrap(),
            ),
            Self::ReqwestTls => builder.transport(tls.reqwest()),
            Self::Hyper => builder.transport(HyperTransport::with_connector(PriorKnowledge)),
            Self::HyperTls => builder.transport(tls.hyper()),
        }
    }
}

/// Connects without TLS to servers that are known to speak HTTP/2.
#[derive(Clone)]
struct PriorKnowledge;

struct Http2(TokioIo<TcpStream>);

impl Service<Uri> for PriorKnowledge {
    type Response = Http2;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Http2>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        async move {
            let stream = TcpStream::connect(("127.0.0.1", uri.port_u16().unwrap())).await?;
            stream.set_nodelay(true)?;
            Ok(Http2(TokioIo::new(stream)))
        }
        .boxed()
    }
}

impl Connection for Http2 {
    fn connected(&self) -> Connected {
        Connected::new().negotiated_h2()
    }
}

impl Read for Http2 {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Http2 {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
