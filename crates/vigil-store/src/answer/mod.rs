//! Answers: what is remembered, filtered, in an order, and page by page.

mod changes;
mod coverage;
mod exporter;
mod finding;
mod findings;
mod image;
mod image_findings;
mod images;
mod likeliest;
mod narrower;
#[cfg(test)]
mod plans;
mod renewed;
mod repositories;
mod scans;
mod scope;
mod vulnerabilities;

pub use changes::{Change, ChangeFilter};
pub use coverage::RegistryStanding;
pub use exporter::ExportedImage;
pub(crate) use finding::{FINDING, THREAT, finding, threat};
pub use findings::{FindingFilter, FindingOrder, LineageFinding};
pub(crate) use image::lineage;
pub use image::{ImageDetail, TagSpan};
pub use image_findings::{AcceptedHere, ImageFinding, ImageFindingFilter};
pub use images::{ImageFilter, ImageOrder, ImageRow, LastScan, Standing};
pub(crate) use images::{counts_from, tags as tags_of_images, tags_of};
pub use renewed::Renewed;
pub use repositories::{RegistryRow, RepositoryRow};
pub use scans::ScanRow;
pub use scope::Scope;
pub use vulnerabilities::{SightingRow, VulnerabilityFilter, VulnerabilityOrder, VulnerabilityRow};
