//! An ECR in a box: Amazon ECR's scanning API over the wire, on its own clock.
//!
//! Runs inside the demo, inside tests, and alone. It speaks JSON 1.1 for ECR and the Query protocol for the two calls
//! of STS that come first, holds any number of registries (one for each account and region), and never forgets a rule
//! of the real service that a client could trip over. It knows nothing of the other crates of this project, so that
//! it cannot share their mistakes.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! use vigil_sim::{FaultAction, FaultRule, NewImage, Sim, SimConfig};
//!
//! let sim = Sim::new(SimConfig { clock_held: true, ..SimConfig::default() });
//! let registry = sim.default_registry();
//! registry.add_repository("payments/api")?;
//! let digest = registry.add_image("payments/api", NewImage::default())?;
//! registry.set_status("payments/api", digest, "UNSUPPORTED_IMAGE", None)?;
//! sim.add_fault(FaultRule::on("DescribeImages", FaultAction::Throttle).times(3));
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let served = tokio::spawn(std::sync::Arc::clone(&sim).serve(listener, std::future::pending()));
//! sim.when_calls("StartImageScan", 5).await;
//! sim.clock().advance(jiff::SignedDuration::from_hours(24));
//! # Ok(()) }
//! ```
//!
//! # What it holds to
//!
//! Shapes, page limits, error codes and enums are those of botocore's service model, checked in a test. Behaviour and
//! texts are those of the Amazon ECR API reference, the user guide and public reports of real runs: a rolling 24-hour
//! quota for each digest and 100,000 scans a day for each registry; scans that take time and keep the findings before
//! until they complete; indexes, charts and referrers that are refused; images without a known operating system whose
//! scans fail with null findings; DescribeImages without a word about scans; enhanced registries that refuse
//! StartImageScan and answer ACTIVE.
//!
//! # What it makes up
//!
//! - Signatures are not verified; only a request without any Authorization header is refused.
//! - The text of LimitExceededException for the daily limit is not known publicly; ours names the registry.
//! - Attestations and cosign signatures are accepted by StartImageScan, because their media types are those of an
//!   image, and then fail.
//! - A lifecycle policy must be a JSON object with a list of `rules`; the rules may say anything, and nothing expires.
//! - A `registryId` of another account is answered as if its policy allowed everything.
//! - Generated scan histories do not count against the daily limit. Restoring an archived image is instant.
//! - Vulnerabilities are real, from CISA's catalogue of known exploited ones; packages, versions and scores are not.
//! - Token buckets go by the simulator's clock; injected latency is real time.
//!
//! # Controls over HTTP
//!
//! ```text
#![doc = include_str!("control/index.txt")]
//! ```

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
