//! Contains no code, only the tests in `tests/browser.rs`: an application, a `LocalClerk`, and a real browser.
