//! How the report of a pass looks in each format.
//!
//! Knows records and the layouts people and programs read them in; refuses to know where records come from, where the
//! bytes go, and which exit code follows. Records are rendered one repository at a time, so that a report of a million
//! images never stands in memory.

mod closing;
pub mod configs;
mod csv;
pub mod feed;
mod format;
mod gap;
#[cfg(test)]
mod golden;
mod hash;
mod html;
mod json;
mod junit;
mod layout;
mod line;
mod link;
mod markdown;
pub mod message;
mod moment;
mod name;
mod purl;
mod report;
mod sarif;
#[cfg(test)]
mod schema;
mod status;
#[cfg(test)]
mod stories;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod threat;
mod totals;
mod vex;
mod xml;

pub use closing::{Closing, NotEntered};
pub use format::{Format, UnknownFormat};
pub use layout::{Header, PassKind};
pub use report::{RenderError, render};
pub use status::Status;
pub use totals::Totals;
pub use vex::{ReadVex, UnreadableVex, VexDocument, accepted_by_vex, read_vex};
