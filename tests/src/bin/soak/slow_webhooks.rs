use std::{net::SocketAddr, time::Duration};

use axum::Router;
use clerk_axum::ClerkWebhooks;
use clerk_local::LocalClerk;
use clerk_tests::serve;
use clerk_tower::clock::{Clock as _, SystemClock};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{say, stand::resident};

const CONNECTIONS: usize = 250;
const LENGTH: usize = 2 * 1024 * 1024;

/// Sends most of a long body on many connections, and leaves the rest out.
pub(crate) async fn run() -> bool {
    let clerk = LocalClerk::new().client();
    let webhooks = ClerkWebhooks::new(&clerk).expect("the client has a webhook secret");
    let address = serve(Router::new().route_service("/webhooks", webhooks)).await;
    for signed in [false, true] {
        let before = resident();
        let mut senders = JoinSet::new();
        for _ in 0..CONNECTIONS {
            senders.spawn(send_slowly(address, signed));
        }
        sleep(Duration::from_secs(10)).await;
        let held = resident().saturating_sub(before);
        let waiting = senders.len();
        let mut answered = 0;
        while senders.try_join_next().is_some() {
            answered += 1;
        }
        let headers = if signed { "with svix headers" } else { "without svix headers" };
        say(&format!(
            "{CONNECTIONS} slow deliveries {headers}: {held} KiB held after 10 s, {answered} of {waiting} answered"
        ));
    }
    true
}

async fn send_slowly(address: SocketAddr, signed: bool) -> Option<()> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let now = SystemClock.now().as_secs();
    let headers = if signed {
        format!("svix-id: msg_1\r\nsvix-timestamp: {now}\r\nsvix-signature: v1,AAAA\r\n")
    } else {
        String::new()
    };
    let head = format!(
        "POST /webhooks HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         {headers}content-length: {LENGTH}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    // All but one byte.
    let _ = stream.write_all(&vec![b' '; LENGTH - 1]).await;
    let mut answer = [0; 64];
    timeout(Duration::from_secs(60), stream.read(&mut answer)).await.ok()?.ok()?;
    Some(())
}
