//! The chores as they are called.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may stop at the first surprise, and learns from the environment where the servers are"
)]

mod keeping_postgres;
