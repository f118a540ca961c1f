//! clerk-tests
