//~ the trait `Handler<_, _>` is not implemented
//~ Consider using `#[axum::debug_handler]`
use clerk_tests::mistakes::{
    axum::{Router, routing::post},
    clerk_axum::{Clerk, Session, Webhook},
};

async fn on_event(_: Webhook, _: Session) {}

pub fn run(clerk: Clerk) {
    let _: Router = Router::new().route("/", post(on_event)).with_state(clerk);
}

fn main() {}
