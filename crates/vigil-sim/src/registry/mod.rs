//! One registry (an account in a region): its repositories, images and scans, and what tests may do to them.

mod changes;
mod overlay;
mod quota;
mod results;
mod scanning;
mod scans;
mod shared;
mod state;
mod table;

pub use changes::{NewImage, PastScanOf, RefusedChange};
pub(crate) use overlay::{DictatedStatus, GivenFindings};
pub(crate) use results::{Listing, scan_answer};
pub(crate) use scanning::Frequency;
pub use scanning::{ScanRule, ScanType, Scanning};
pub use scans::StartRefused;
pub(crate) use scans::start_scan;
pub use shared::{ImageTruth, Registry, RepositoryTruth};
pub(crate) use state::{FoundImage, RegistryId, RepositoryRef, State};
