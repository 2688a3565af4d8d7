//! Catalogues of threats: kept as a whole, and taken over to the vulnerabilities that were found.

mod encoded;
mod keep;
mod learn;

pub use keep::KeptCatalogue;
pub(crate) use learn::threat_values;
