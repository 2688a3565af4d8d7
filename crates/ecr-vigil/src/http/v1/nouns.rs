//! Nouns as they are sent and asked for: the words of the JSON report.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::image::InvalidRegistry;
use vigil_core::{AccountId, Region, RegistryId};

/// A registry: every account has one in every region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Registry)]
pub(in crate::http) struct RegistryBody {
    /// The partition that the account belongs to.
    #[schema(example = "aws")]
    partition: String,
    /// The account that owns the registry.
    #[schema(example = "123456789012")]
    account: String,
    /// The region it lies in.
    #[schema(example = "eu-west-1")]
    region: String,
}

/// A registry as it is asked for: `account/region`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct RegistryKey {
    pub(in crate::http) account: AccountId,
    pub(in crate::http) region: Region,
}

/// A text that names no registry.
#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum NoRegistryKey {
    /// Not two parts.
    #[error("`{0}` is not a registry: an account and a region, such as `123456789012/eu-west-1`")]
    Form(String),
    /// A part is wrong.
    #[error(transparent)]
    Part(#[from] InvalidRegistry),
}

impl FromStr for RegistryKey {
    type Err = NoRegistryKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (account, region) = text.split_once('/').ok_or_else(|| NoRegistryKey::Form(text.to_owned()))?;
        Ok(Self { account: account.parse()?, region: region.parse()? })
    }
}

impl From<&RegistryId> for RegistryBody {
    fn from(registry: &RegistryId) -> Self {
        let RegistryId { partition, account, region } = registry;
        Self { partition: partition.to_string(), account: account.to_string(), region: region.to_string() }
    }
}
