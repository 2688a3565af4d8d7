//! The adapter against a server on loopback that answers as ECR and STS do: the SDK's own encoder and decoder, and
//! real HTTP, are part of every test.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod connecting;
mod finding_shapes;
mod listing;
mod retrying;
mod starting;
mod stub;
