//! What is known of attacks on vulnerabilities, beside what the scanner says: which are exploited, and how likely that is for
//! the others.

mod catalogue;
mod cve;
mod informed;
mod probability;
#[expect(clippy::module_inception, reason = "the file is named after the noun it defines")]
mod threat;

pub use catalogue::{Catalogue, CatalogueKind, EpssScores, KevListing, Threats};
pub use cve::{CveId, NotACve};
pub use informed::Informed;
pub use probability::{NotAProbability, Probability};
pub use threat::{Epss, KnownExploited, Threat};
