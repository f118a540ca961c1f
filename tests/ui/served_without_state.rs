//~ the trait bound `Router<Clerk>: Service<IncomingStream
//~ is not implemented for `Router<
use clerk_tests::mistakes::{
    axum::{Router, extract::State, routing::get, serve},
    clerk_axum::Clerk,
    tokio::net::TcpListener,
};

async fn index(_: State<Clerk>) {}

pub async fn run(listener: TcpListener) {
    let app = Router::new().route("/", get(index));
    let _ = serve(listener, app).await;
}

fn main() {}
