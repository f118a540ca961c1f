//! Only tests: an application, a `LocalClerk`, and a person with a real browser. See `tests/browser.rs`.
