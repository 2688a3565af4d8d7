//! A scan configuration: one repository, by region, account and name, that somebody wants scanned regularly.
//!
//! The form is that of the re-scan service, whose stored objects stay readable: `created` is a text of Unix seconds, and
//! `tags` is null where all tags are meant.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::image::{AccountId, Region, RepositoryName, Tag};

/// A repository to be scanned, as somebody asked for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanRequest {
    /// The region.
    pub region: Region,
    /// The account that owns the registry.
    pub registry: AccountId,
    /// The repository.
    pub repository: RepositoryName,
    /// The tags, sorted; none: all tags of the repository.
    pub tags: Vec<Tag>,
}

/// A request that is kept, under an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ScanConfig {
    /// Its id.
    pub id: ScanConfigId,
    /// When it was made, to the second.
    pub created: Timestamp,
    /// What is to be scanned.
    pub request: ScanRequest,
}

/// The id of a scan configuration: a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanConfigId(String);

/// A text that is no id of a scan configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a scan configuration: a UUID such as 4471c156-29f5-40fe-883b-3cd26738d5a6")]
pub struct InvalidScanConfigId(String);

/// As it is stored and sent, member by member in this order.
#[derive(Serialize, Deserialize)]
struct Written {
    id: String,
    created: String,
    region: Region,
    registry: AccountId,
    repository: RepositoryName,
    tags: Option<Vec<Tag>>,
}

impl FromStr for ScanConfigId {
    type Err = InvalidScanConfigId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let groups: Vec<&str> = text.split('-').collect();
        let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
        if groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(is_hex) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidScanConfigId(text.to_owned()))
        }
    }
}

impl fmt::Display for ScanConfigId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<Written> for ScanConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { id, created, region, registry, repository, tags } = written;
        let seconds: i64 =
            created.parse().map_err(|_| format!("`created` is `{created}`: expected Unix seconds"))?;
        let created = Timestamp::from_second(seconds).map_err(|error| format!("`created`: {error}"))?;
        let id = id.parse().map_err(|error: InvalidScanConfigId| error.to_string())?;
        Ok(Self {
            id,
            created,
            request: ScanRequest::new(region, registry, repository, tags.unwrap_or_default()),
        })
    }
}

impl From<ScanConfig> for Written {
    fn from(config: ScanConfig) -> Self {
        let ScanConfig { id, created, request: ScanRequest { region, registry, repository, tags } } = config;
        let tags = (!tags.is_empty()).then_some(tags);
        Self { id: id.0, created: created.as_second().to_string(), region, registry, repository, tags }
    }
}

impl ScanRequest {
    /// A request in its one form: tags sorted, each once.
    pub fn new(region: Region, registry: AccountId, repository: RepositoryName, mut tags: Vec<Tag>) -> Self {
        tags.sort();
        tags.dedup();
        Self { region, registry, repository, tags }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_re_scan_services_objects_are_read_and_written_as_they_are() {
        for stored in [
            r#"{"id":"4471c156-29f5-40fe-883b-3cd26738d5a6","created":"1569927812","region":"us-west-2","registry":"123456789012","repository":"amazonlinux","tags":["2018.03"]}"#,
            r#"{"id":"612fccea-9545-45d0-8feb-cdc20c4c3061","created":"1569927820","region":"us-west-2","registry":"123456789012","repository":"test/centos","tags":null}"#,
        ] {
            let config: ScanConfig = serde_json::from_str(stored).unwrap();
            assert_eq!(serde_json::to_string(&config).unwrap(), stored);
        }
    }

    #[test]
    fn what_is_no_configuration_is_named() {
        let error = serde_json::from_str::<ScanConfig>(
            r#"{"id":"x","created":"1","region":"us-west-2","registry":"123456789012","repository":"app"}"#,
        );
        assert!(error.unwrap_err().to_string().contains("`x` is not the id of a scan configuration"));
    }
}
