//! What Prometheus is told: counters that the service keeps, gauges made from what the store answers, and the process.
//!
//! Everything that is served stands in one list, [`FAMILIES`], which `docs/metrics.md` shows.

mod calls;
mod catalogue;
mod companion;
mod counted;
mod counters;
mod exposition;
mod family;
mod format;
mod gather;
mod gathered;
mod histogram;
mod limits;
mod process;
mod render;
mod state;
#[cfg(test)]
mod tests;

pub use calls::Calls;
pub use catalogue::FAMILIES;
pub use counted::{CountedLedger, CountedScanner};
pub use counters::{Metrics, Outcome, PassEnd};
pub use family::{Family, Kind};
pub use format::Format;
pub use gather::{Aims, Kept, gather};
pub use gathered::{Gathered, ImageSeries, RegistryState, RepositorySeries};
pub use limits::{Limited, Limits, limited};
pub use process::{Process, process};
pub use render::{Rendered, Scrape, render};
