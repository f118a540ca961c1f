//~ expected `Clerk`, found `App`
//~ .with_state(App {})
use clerk_tests::mistakes::{
    axum::{Router, routing::post},
    clerk_axum::Webhook,
};

#[derive(Clone)]
struct App {}

async fn on_event(_: Webhook) {}

fn main() {
    let _: Router = Router::new().route("/", post(on_event)).with_state(App {});
}
