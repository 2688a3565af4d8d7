//! The adapter against servers on loopback that answer as ECR, STS and S3 do: the SDK's own encoder and decoder, and
//! real HTTP, are part of every test.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod connecting;
mod events;
mod finding_shapes;
mod listing;
mod registry_of_another;
mod retrying;
mod scan_configs;
mod starting;
mod stub;
