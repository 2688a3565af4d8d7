//! The re-scan service's endpoints, as its users know them.

pub(super) mod configs;
mod configs_body;
pub(super) mod findings;
mod known;
pub(super) mod summary;
