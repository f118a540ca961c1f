//~ , ()>` is not satisfied
//~ the trait `Handler<
use clerk_tests::mistakes::{
    axum::{Router, extract::{FromRef, State}, routing::get},
    clerk_axum::Clerk,
};

#[derive(Clone)]
pub struct App {
    clerk: Clerk,
}

impl FromRef<App> for Clerk {
    fn from_ref(app: &App) -> Self {
        app.clerk.clone()
    }
}

async fn index(_: State<Clerk>) {}

pub fn app() -> Router {
    Router::new().route("/", get(index))
}

fn main() {}
