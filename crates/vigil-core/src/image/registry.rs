//! Which registry: an account in a region of a partition, and the hosts, ARNs and links that follow from it.
//!
//! Knows the forms of every AWS partition; does not know how credentials for one are found.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Digest, RepositoryName};

/// A text that names no account, region or partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidRegistry {
    text: String,
    expected: &'static str,
}

/// Twelve digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Arc<str>);

/// A region's code, such as `eu-west-1`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

/// A set of regions with accounts and names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// GovCloud (US).
    UsGov,
    /// China.
    China,
    /// The European Sovereign Cloud.
    Eusc,
    /// `us-iso` regions.
    Iso,
    /// `us-isob` regions.
    IsoB,
    /// `eu-isoe` regions.
    IsoE,
    /// `us-isof` regions.
    IsoF,
}

/// One registry: every account has one in every region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegistryId {
    /// The partition that the account belongs to, as STS says it.
    pub partition: Partition,
    /// The account that owns the registry.
    pub account: AccountId,
    /// The region it lies in.
    pub region: Region,
}

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// The region's code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Partition {
    const ALL: [Self; 8] =
        [Self::Aws, Self::UsGov, Self::China, Self::Eusc, Self::Iso, Self::IsoB, Self::IsoE, Self::IsoF];

    /// The name that ARNs carry, such as `aws-us-gov`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::UsGov => "aws-us-gov",
            Self::China => "aws-cn",
            Self::Eusc => "aws-eusc",
            Self::Iso => "aws-iso",
            Self::IsoB => "aws-iso-b",
            Self::IsoE => "aws-iso-e",
            Self::IsoF => "aws-iso-f",
        }
    }

    /// The DNS suffix of its services' hosts.
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::UsGov => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
            Self::Eusc => "amazonaws.eu",
            Self::Iso => "c2s.ic.gov",
            Self::IsoB => "sc2s.sgov.gov",
            Self::IsoE => "cloud.adc-e.uk",
            Self::IsoF => "csp.hci.ic.gov",
        }
    }

    /// The host of its web console, where it is publicly known.
    pub(super) fn console_host(self) -> Option<&'static str> {
        match self {
            Self::Aws => Some("console.aws.amazon.com"),
            Self::UsGov => Some("console.amazonaws-us-gov.com"),
            Self::China => Some("console.amazonaws.cn"),
            Self::Eusc | Self::Iso | Self::IsoB | Self::IsoE | Self::IsoF => None,
        }
    }
}

impl RegistryId {
    /// The host that image references of this registry start with.
    pub fn host(&self) -> String {
        format!("{}.dkr.ecr.{}.{}", self.account, self.region, self.partition.dns_suffix())
    }

    /// The ARN of a repository in this registry.
    pub fn repository_arn(&self, repository: &RepositoryName) -> String {
        let Self { partition, account, region } = self;
        format!("arn:{partition}:ecr:{region}:{account}:repository/{repository}")
    }

    /// The page of a repository in the web console; none where the console's host is not publicly known.
    pub fn repository_console_url(&self, repository: &RepositoryName) -> Option<String> {
        let Self { partition, account, region } = self;
        let host = partition.console_host()?;
        Some(format!(
            "https://{region}.{host}/ecr/repositories/private/{account}/{repository}?region={region}"
        ))
    }

    /// The page of an image in the web console; none where the console's host is not publicly known.
    pub fn console_url(&self, repository: &RepositoryName, digest: &Digest) -> Option<String> {
        let Self { partition, account, region } = self;
        let host = partition.console_host()?;
        Some(format!(
            "https://{region}.{host}/ecr/repositories/private/{account}/{repository}/_/image/{digest}/details?region={region}"
        ))
    }
}

impl FromStr for AccountId {
    type Err = InvalidRegistry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidRegistry { text: text.into(), expected: "an AWS account id: twelve digits" })
        }
    }
}

impl FromStr for Region {
    type Err = InvalidRegistry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let well_formed = text.len() <= 40
            && parts.clone().count() >= 3
            && parts.next_back().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
            && parts.all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        if well_formed {
            Ok(Self(text.into()))
        } else {
            Err(InvalidRegistry { text: text.into(), expected: "an AWS region such as `eu-west-1`" })
        }
    }
}

impl FromStr for Partition {
    type Err = InvalidRegistry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|partition| partition.as_str() == text).ok_or_else(|| InvalidRegistry {
            text: text.into(),
            expected: "an AWS partition such as `aws` or `aws-us-gov`",
        })
    }
}

macro_rules! text_value {
    ($($type:ty => $error:ty),+ $(,)?) => {$(
        impl TryFrom<String> for $type {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )+};
}
pub(crate) use text_value;

text_value!(AccountId => InvalidRegistry, Region => InvalidRegistry, Partition => InvalidRegistry);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn registry(partition: &str, region: &str) -> RegistryId {
        RegistryId {
            partition: partition.parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            region: region.parse().unwrap(),
        }
    }

    #[test]
    fn every_partition_has_its_own_hosts_and_arns() {
        let repository: RepositoryName = "team/app".parse().unwrap();
        let cases = [
            ("aws", "eu-west-1", "eu-west-1.amazonaws.com"),
            ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.amazonaws.com"),
            ("aws-cn", "cn-north-1", "cn-north-1.amazonaws.com.cn"),
            ("aws-eusc", "eusc-de-east-1", "eusc-de-east-1.amazonaws.eu"),
            ("aws-iso", "us-iso-east-1", "us-iso-east-1.c2s.ic.gov"),
            ("aws-iso-b", "us-isob-east-1", "us-isob-east-1.sc2s.sgov.gov"),
            ("aws-iso-e", "eu-isoe-west-1", "eu-isoe-west-1.cloud.adc-e.uk"),
            ("aws-iso-f", "us-isof-south-1", "us-isof-south-1.csp.hci.ic.gov"),
        ];
        for (partition, region, tail) in cases {
            let registry = registry(partition, region);
            assert_eq!(registry.host(), format!("123456789012.dkr.ecr.{tail}"));
            assert_eq!(
                registry.repository_arn(&repository),
                format!("arn:{partition}:ecr:{region}:123456789012:repository/team/app")
            );
        }
    }

    #[test]
    fn a_console_link_is_given_only_where_the_console_is_known() {
        let repository: RepositoryName = "team/app".parse().unwrap();
        let digest: Digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        assert_eq!(
            registry("aws-cn", "cn-north-1").console_url(&repository, &digest).unwrap(),
            format!(
                "https://cn-north-1.console.amazonaws.cn/ecr/repositories/private/123456789012/team/app/_/image/{digest}/details?region=cn-north-1"
            )
        );
        assert_eq!(registry("aws-eusc", "eusc-de-east-1").console_url(&repository, &digest), None);
        assert_eq!(registry("aws-iso", "us-iso-east-1").console_url(&repository, &digest), None);
    }

    #[test]
    fn a_repositorys_page_is_in_the_console_of_its_partition() {
        let repository: RepositoryName = "test/ubuntu".parse().unwrap();
        assert_eq!(
            registry("aws", "us-west-2").repository_console_url(&repository).unwrap(),
            "https://us-west-2.console.aws.amazon.com/ecr/repositories/private/123456789012/test/ubuntu?region=us-west-2"
        );
        assert_eq!(registry("aws-iso", "us-iso-east-1").repository_console_url(&repository), None);
    }

    #[test]
    fn bad_accounts_and_regions_are_named_in_the_error() {
        assert_eq!(
            "12345".parse::<AccountId>().unwrap_err().to_string(),
            "`12345` is not an AWS account id: twelve digits"
        );
        for text in ["", "eu", "eu-west", "eu-west-x", "EU-west-1", "eu west 1", "-west-1"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }
}
