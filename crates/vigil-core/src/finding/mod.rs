//! What a scan finds: severities, findings, and the difference of two sets of them.

mod counts;
mod difference;
#[expect(clippy::module_inception, reason = "the file is named after the noun it defines")]
mod finding;
mod severity;

pub use counts::Counts;
pub use difference::{Difference, difference};
pub use finding::{Finding, Package, Score};
pub use severity::Severity;
