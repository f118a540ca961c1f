//! A server that speaks HTTP/2 frame by frame, and so can end streams and connections in every way.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::tls::Tls;

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

const MAX_STREAM: u32 = 0x7fff_ffff;

/// What happens to the requests after the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Refuses as many streams as the crowd has members.
    RefusedStream,
    /// `GOAWAY` that excludes all of the crowd, with and without an error, and once with the connection left open.
    GoAwayExcludes,
    GoAwayWithErrorExcludes,
    GoAwayExcludesAndStaysOpen,
    /// Processes half of the crowd, and excludes the others.
    GoAwayExcludesHalf,
    /// A graceful shutdown, which excludes nothing: all requests on the connection are processed.
    GoAwayExcludesNothing,
    /// The connection ends after the first response, before the crowd comes.
    GoAwayWhileIdle,
    /// Resets streams for other reasons.
    Reset,
    Canceled,
    /// Sends the head of a response, and claims then that the stream was refused.
    RefusedTooLate,
    /// Closes the connection when all of the crowd is there, without a word, and with one that excludes nobody.
    Closed,
    GoAwayIncludes,
    GoAwayWithErrorIncludes,
    /// Neither reads nor writes any more.
    BlackHole,
}

/// What the server received.
#[derive(Default)]
pub(super) struct Record {
    /// How often each request was received completely, and how often a response was sent. By its body.
    pub(super) requests: HashMap<String, (u32, u32)>,
    /// Connections with at least one request.
    pub(super) connections: u32,
    /// Requests after the first one.
    total: u32,
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) record: Arc<Mutex<Record>>,
    fault: Fault,
    crowd: u32,
}

impl Server {
    /// Starts a server for a first request, and then `crowd` requests at once.
    pub(super) async fn start(fault: Fault, crowd: u32, tls: Option<&Tls>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, record: Arc::default(), fault, crowd };
        let (accepting, acceptor) = (server.clone(), tls.map(|tls| TlsAcceptor::from(tls.server("h2"))));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, acceptor) = (accepting.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    match acceptor {
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => server.serve(stream).await,
                            // A client needs one connection of those that it opens at once.
                            Err(_) => None,
                        },
                        None => server.serve(stream).await,
                    }
                });
            }
        });
        server
    }

    /// Serves a connection until the client or the fault ends it.
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let mut connection = Connection { stream, bodies: HashMap::new() };
        connection.stream.read_exact(&mut [0; 24]).await.ok()?;
        connection.write(4, 0, 0, &[]).await?;
        let mut number = 0;
        let mut crowd = Vec::new();
        let mut excluded_above = MAX_STREAM;
        loop {
            let (stream, body) = connection.request().await?;
            if crowd.is_empty() && number == 0 {
                let mut record = self.record.lock().unwrap();
                number = record.connections + 1;
                record.connections = number;
            }
            if stream > excluded_above {
                continue;
            }
            let is_first = number == 1 && stream == 1;
            if is_first {
                connection.respond(stream).await?;
                if self.fault == Fault::GoAwayWhileIdle {
                    connection.go_away(1, NO_ERROR).await?;
                    excluded_above = 1;
                }
                continue;
            }
            let is_hit = {
                let mut record = self.record.lock().unwrap();
                record.requests.entry(body.clone()).or_default().0 += 1;
                record.total += 1;
                match self.fault {
                    Fault::RefusedStream | Fault::Reset | Fault::Canceled | Fault::RefusedTooLate => {
                        record.total <= self.crowd
                    }
                    _ => number == 1,
                }
            };
            if !is_hit {
                self.process(&mut connection, stream, &body).await?;
                continue;
            }
            crowd.push(stream);
            // Requests do not become complete in the order of their streams.
            let last = crowd.iter().copied().max().unwrap_or_default();
            let everybody = crowd.len() == self.crowd as usize;
            match self.fault {
                Fault::RefusedStream => connection.reset(stream, REFUSED_STREAM).await?,
                Fault::Reset => connection.reset(stream, INTERNAL_ERROR).await?,
                Fault::Canceled => connection.reset(stream, CANCEL).await?,
                Fault::RefusedTooLate => {
                    connection.write(1, 4, stream, &[0x88]).await?;
                    connection.reset(stream, REFUSED_STREAM).await?;
                }
                Fault::GoAwayExcludes => {
                    connection.go_away(1, NO_ERROR).await?;
                    // Whatever the client has sent is read, or the socket would be reset before it reads the `GOAWAY`.
                    connection.stream.shutdown().await.ok()?;
                    excluded_above = 1;
                }
                Fault::GoAwayWithErrorExcludes => {
                    connection.go_away(1, ENHANCE_YOUR_CALM).await?;
                    connection.stream.shutdown().await.ok()?;
                    excluded_above = 1;
                }
                Fault::GoAwayExcludesAndStaysOpen => {
                    connection.go_away(1, NO_ERROR).await?;
                    excluded_above = 1;
                }
                Fault::GoAwayExcludesHalf => {
                    self.process(&mut connection, stream, &body).await?;
                    if crowd.len() == self.crowd as usize / 2 {
                        connection.go_away(last, NO_ERROR).await?;
                        excluded_above = last;
                    }
                }
                Fault::GoAwayExcludesNothing => {
                    if crowd.len() == 1 {
                        connection.go_away(MAX_STREAM, NO_ERROR).await?;
                    }
                    self.process(&mut connection, stream, &body).await?;
                }
                Fault::Closed if everybody => return None,
                Fault::GoAwayIncludes if everybody => {
                    connection.go_away(last, NO_ERROR).await?;
                    return connection.stream.shutdown().await.ok();
                }
                Fault::GoAwayWithErrorIncludes if everybody => {
                    connection.go_away(last, INTERNAL_ERROR).await?;
                    return connection.stream.shutdown().await.ok();
                }
                Fault::BlackHole => std::future::pending().await,
                Fault::Closed
                | Fault::GoAwayIncludes
                | Fault::GoAwayWithErrorIncludes
                | Fault::GoAwayWhileIdle => {}
            }
        }
    }

    async fn process<S>(&self, connection: &mut Connection<S>, stream: u32, body: &str) -> Option<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.record.lock().unwrap().requests.entry(body.to_owned()).or_default().1 += 1;
        connection.respond(stream).await
    }
}

struct Connection<S> {
    stream: S,
    /// The bodies of requests that are not complete.
    bodies: HashMap<u32, String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Waits for a complete request. Returns its stream and its body.
    async fn request(&mut self) -> Option<(u32, String)> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes(stream);
            let is_end = flags & 1 == 1;
            match kind {
                0 => {
                    // A frame may come for a stream that was reset.
                    let Some(body) = self.bodies.get_mut(&stream) else { continue };
                    body.push_str(std::str::from_utf8(&payload).unwrap());
                }
                1 => drop(self.bodies.insert(stream, String::new())),
                3 => drop(self.bodies.remove(&stream)),
                4 if !is_end => self.write(4, 1, 0, &[]).await?,
                6 if !is_end => self.write(6, 1, 0, &payload).await?,
                _ => {}
            }
            if is_end && kind <= 1 {
                return Some((stream, self.bodies.remove(&stream).unwrap()));
            }
        }
    }

    /// Responds with 200 and an empty object.
    async fn respond(&mut self, stream: u32) -> Option<()> {
        // `:status: 200` has the index 8 in the static table of HPACK.
        self.write(1, 4, stream, &[0x88]).await?;
        self.write(0, 1, stream, b"{}").await
    }

    async fn reset(&mut self, stream: u32, code: u32) -> Option<()> {
        self.write(3, 0, stream, &code.to_be_bytes()).await
    }

    async fn go_away(&mut self, last: u32, code: u32) -> Option<()> {
        self.write(7, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat()).await
    }

    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Option<()> {
        let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat();
        self.stream.write_all(&frame).await.ok()?;
        self.stream.flush().await.ok()
    }
}
