//! An ECR in a box.

mod clock;
mod config;
mod content;
mod control;
mod digest;
mod findings;
mod form;
mod front;
mod locks;
mod noise;
mod operation;
mod registry;
mod server;
mod sim;
mod sts;
mod traffic;
mod wire;

pub use clock::SimClock;
pub use config::{DEFAULT_ACCOUNT, DEFAULT_REGION, ScanBehaviour, SimConfig};
pub use content::{ImageKind, Platform, Profile};
pub use digest::{Digest, NotADigest};
pub use registry::{
    ImageTruth, NewImage, PastScanOf, RefusedChange, Registry, RepositoryTruth, ScanRule, ScanType, Scanning,
    StartRefused,
};
pub use sim::Sim;
pub use traffic::{Calls, FaultAction, FaultError, FaultId, FaultRule, RateLimit};
