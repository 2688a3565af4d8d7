//! Stories of places that take messages, and of those that do not.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod mail;
mod place;
mod slack;
mod webhook;
