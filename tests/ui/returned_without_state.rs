//~ expected `Router`, found `Router<Clerk>`
use clerk_tests::mistakes::{
    axum::{Router, extract::State, routing::get},
    clerk_axum::{Clerk, ClerkLayer, Session},
};

async fn index(_: Session, _: State<Clerk>) {}

pub fn app(clerk: &Clerk) -> Router {
    Router::new().route("/", get(index)).layer(ClerkLayer::new(clerk))
}

fn main() {}
