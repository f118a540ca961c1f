//! clerk-tower
