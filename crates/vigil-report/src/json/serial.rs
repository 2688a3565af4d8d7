//! Serialising what stands in the core's types without copying it first.

use std::fmt::Display;

use serde::{Serialize, Serializer};
use vigil_core::{Counts, RegistryId};

/// A value in its text form.
pub(crate) struct Text<T>(pub(crate) T);

/// A list, each item seen through a view.
pub(crate) struct Each<'a, T, V>(pub(crate) &'a [T], pub(crate) fn(&'a T) -> V);

/// Findings by severity, worst first.
pub(crate) struct BySeverity<'a>(pub(crate) &'a Counts);

/// A registry in its parts.
#[derive(Serialize)]
pub(super) struct RegistryView<'a> {
    partition: &'static str,
    account: &'a str,
    region: &'a str,
}

impl<'a> RegistryView<'a> {
    pub(super) fn of(registry: &'a RegistryId) -> Self {
        let RegistryId { partition, account, region } = registry;
        Self { partition: partition.as_str(), account: account.as_str(), region: region.as_str() }
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'a, T, V: Serialize> Serialize for Each<'a, T, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

impl Serialize for BySeverity<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(severity, count)| (severity.as_str(), count)))
    }
}
