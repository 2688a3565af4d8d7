//! The rules and steps of keeping a registry scanned: which images are meant, which are due, what fits into the day's
//! quota, and what the findings mean.
//!
//! Knows images, scans, findings and policy. Refuses to know AWS, HTTP, files, environment and clocks: `now` is an
//! argument, and everything outside is a [`port`].

pub mod coverage;
pub mod cycle;
pub mod due;
pub mod evaluate;
pub mod fault;
pub mod finding;
pub mod image;
pub mod inventory;
pub mod label;
pub mod lineage;
pub mod news;
pub mod pass;
pub mod plan;
pub mod policy;
pub mod port;
pub mod record;
pub mod remembered;
pub mod scan;
pub mod schedule;
mod secret;
pub mod step;
pub mod stop;
#[cfg(test)]
mod stories;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod threat;
pub mod wake;

pub use cycle::{CycleReport, cycle};
pub use due::{Due, Rest, Standing, due};
pub use evaluate::{Accepted, AcceptedBy, Crossed, Evaluation, evaluate};
pub use fault::{Fault, FaultKind};
pub use finding::{Counts, Difference, Finding, Package, Score, Severity, difference};
pub use image::{AccountId, Digest, Image, ImageName, Partition, Region, RegistryId, RepositoryName, Tag};
pub use pass::{Closes, Pacing, Pass, Ports, Scope, Wishes};
pub use plan::{Budget, Hold, Plan};
pub use record::{Decision, Ending, Entry, ImageRecord, Unfinished};
pub use remembered::Remembered;
pub use scan::{Meaning, Scan, ScanState};
pub use secret::Secret;
pub use stop::{Halt, Stop};
pub use threat::{CatalogueKind, Probability, Threat, Threats};
