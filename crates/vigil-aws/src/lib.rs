//! How AWS says it: sessions and roles, ECR's calls and answers, error codes, and the pace that ECR allows.
//!
//! Implements the ports [`vigil_core::port::Registry`] and [`vigil_core::port::Scanner`] for one account's registry in
//! one region. Refuses to know policy, the ledger and reports; no type of the AWS SDK shows in what it exports.

mod budget;
mod call;
mod clock;
mod fault;
mod findings;
mod image;
mod manifest;
mod operation;
mod pace;
mod registry;
mod role;
mod scanner;
mod secret;
mod target;

pub use budget::CallCounts;
pub use clock::SystemClock;
pub use operation::{Operation, UnknownOperation};
pub use registry::AwsRegistry;
pub use role::{InvalidRoleArn, RoleArn};
pub use secret::Secret;
pub use target::{AccessKey, ConnectError, Network, Target, connect};
