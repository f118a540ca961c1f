//! clerk-examples
