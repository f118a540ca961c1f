//! A TCP proxy between a client and a server, which fails on demand.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::sleep,
};

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Bytes pass.
    Fair,
    /// Bytes pass later.
    Slow(Duration),
    /// Bytes wait, and connections stay open.
    Stalled,
    /// New connections are closed at once.
    Refused,
}

/// A proxy in front of a port of this computer. It runs until the test's runtime ends.
#[derive(Clone, Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    cuts: watch::Sender<u64>,
    accepted: Arc<AtomicUsize>,
}

impl TcpProxy {
    /// Starts a proxy on a free port.
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            weather: watch::Sender::new(Weather::Fair),
            cuts: watch::Sender::new(0),
            accepted: Arc::default(),
        };
        tokio::spawn(proxy.clone().accept(listener, server));
        proxy
    }

    /// Returns the address that clients connect to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how many connections were made, the refused ones included.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Changes what happens to present and new connections.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Closes all present connections.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    async fn accept(self, listener: TcpListener, server: u16) {
        while let Ok((client, _)) = listener.accept().await {
            self.accepted.fetch_add(1, Ordering::SeqCst);
            if *self.weather.borrow() != Weather::Refused {
                tokio::spawn(self.clone().carry(client, server));
            }
        }
    }

    async fn carry(self, client: TcpStream, server: u16) {
        let mut cuts = self.cuts.subscribe();
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::select! {
            () = pass(from_client, to_server, self.weather.subscribe()) => {}
            () = pass(from_server, to_client, self.weather.subscribe()) => {}
            _ = cuts.changed() => {}
        }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut weather: watch::Receiver<Weather>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let Ok(now) = weather.wait_for(|weather| *weather != Weather::Stalled).await.map(|now| *now) else {
            return;
        };
        if let Weather::Slow(delay) = now {
            sleep(delay).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
