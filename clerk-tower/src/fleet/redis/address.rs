//! Where the server is, and how it is reached.

use std::{io, sync::Arc};

use clerk_core::keys::copy_mistake;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use url::Url;

use super::bounded::Bounded;

const EXPECTED: &str =
    "expected redis://user:password@host:port/database, rediss:// for TLS, or redis+unix:///path";

/// The address in a URL.
#[derive(Clone)]
pub(super) struct Address {
    server: ConnectionInfo,
    has_tls: bool,
    /// The URL says so.
    is_old: bool,
}

impl Address {
    /// `Err` says what is wrong, and shows nothing of the URL: it may contain a password.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let invalid = || format!("invalid URL of Redis: {EXPECTED}");
        if let Some(mistake) = copy_mistake(url) {
            return Err(format!("invalid URL of Redis: {mistake}; {EXPECTED}"));
        }
        let mut url = Url::parse(url).map_err(|_| invalid())?;
        if url.fragment().is_some() {
            return Err(format!(
                "invalid URL of Redis: a fragment is not supported, and TLS cannot be insecure; {EXPECTED}"
            ));
        }
        let plain = match url.scheme() {
            "rediss" | "valkeys" => Some("redis"),
            _ => None,
        };
        if let Some(plain) = plain {
            url.set_scheme(plain).map_err(|()| invalid())?;
        }
        let server = url.as_str().into_connection_info().map_err(|_| invalid())?;
        let is_old = url.query_pairs().any(|(name, value)| name == "protocol" && value.ends_with('2'));
        Ok(Self { server, has_tls: plain.is_some(), is_old })
    }

    /// Prepares TLS, if the address asks for it.
    pub(super) fn tls(&self, root_certificate: Option<&[u8]>) -> Result<Option<TlsConnector>, String> {
        if !self.has_tls {
            return match root_certificate {
                Some(_) => Err("root_certificate requires a rediss:// URL".to_owned()),
                None => Ok(None),
            };
        }
        let config = match root_certificate {
            Some(pem) => tls_with(pem),
            None => tls_of_system(),
        };
        config.map(|config| Some(TlsConnector::from(Arc::new(config)))).map_err(|error| error.to_string())
    }

    /// The user, the password and the database. Without the client's name: servers before 7.2 do not know the command, and
    /// users would need the right to it.
    pub(super) fn settings(&self) -> RedisConnectionInfo {
        self.server.redis_settings().clone().set_skip_set_lib_name()
    }

    pub(super) const fn asks_for_old(&self) -> bool {
        self.is_old
    }

    pub(super) async fn connect(&self, tls: Option<&TlsConnector>) -> io::Result<Stream> {
        let (host, port) = match self.server.addr() {
            ConnectionAddr::Tcp(host, port) => (host, *port),
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => return Ok(bounded(tokio::net::UnixStream::connect(path).await?)),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = tls else { return Ok(bounded(stream)) };
        let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
        Ok(bounded(tls.connect(name, stream).await?))
    }
}

pub(super) type Stream = Bounded<Box<dyn Duplex>>;

pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

fn bounded(stream: impl Duplex + 'static) -> Stream {
    Bounded::new(Box::new(stream))
}

/// Not rustls's process-wide provider: that belongs to the application.
fn tls_with(pem: &[u8]) -> Result<ClientConfig, rustls::Error> {
    let invalid = || rustls::Error::General("root_certificate: expected certificates as PEM".to_owned());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|_| invalid())?).map_err(|_| invalid())?;
    }
    if roots.is_empty() {
        return Err(invalid());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn tls_of_system() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new(provider.clone())?;
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    // The platform's verifier checks as much as rustls's own. rustls calls every other verifier dangerous.
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}
