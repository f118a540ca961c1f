//! clerk-axum
