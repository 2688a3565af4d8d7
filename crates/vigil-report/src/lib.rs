//! How the report of a pass looks in each format.
//!
//! Knows records and the layouts people and programs read them in; refuses to know where records come from, where the
//! bytes go, and which exit code follows. Records are rendered one repository at a time, so that a report of a million
//! images never stands in memory.

mod closing;
pub mod configs;
pub mod feed;
mod format;
mod gap;
#[cfg(test)]
mod golden;
mod json;
mod layout;
mod line;
mod name;
mod report;
#[cfg(test)]
mod schema;
mod status;
#[cfg(test)]
mod stories;
mod summary;
mod table;
mod text;
mod totals;

pub use closing::{Closing, NotEntered};
pub use format::{Format, UnknownFormat};
pub use layout::{Header, PassKind};
pub use report::{RenderError, render};
pub use status::Status;
pub use totals::Totals;
