//! What Prometheus is told: counters that the service keeps, gauges made from what the store answers, and the process.
//!
//! Everything that is served stands in one list, `catalogue.rs`, which `docs/metrics.md` shows.

mod calls;
mod catalogue;
mod companion;
mod counted;
mod counters;
mod events;
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
mod work;

pub use calls::Calls;
pub use counted::{CountedEntries, CountedScanner};
pub use counters::{Attempt, Metrics, Outcome, PassEnd, ScheduleStanding};
pub use events::What;
pub use format::Format;
pub use gather::{Kept, Wanted, gather};
pub use limits::Limits;
pub use process::process;
pub use render::{Rendered, Scrape, render};
