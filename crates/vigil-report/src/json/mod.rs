//! The JSON format, for programs: `docs/report-json.md` documents it, `docs/report.schema.json` describes it.
//!
//! Its shapes are its own: a change of the core's types does not change them.

mod closing;
mod finding;
mod image;
mod serial;
mod stream;

pub(crate) use serial::{BySeverity, Each, Text};
pub(crate) use stream::Stream;
