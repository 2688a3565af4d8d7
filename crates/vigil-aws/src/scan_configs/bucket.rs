//! Which bucket, and the connection to it. The bucket may be in another region than the registries: S3 is asked where.

use std::fmt;
use std::str::FromStr;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use tokio::sync::OnceCell;
use vigil_core::image::{AccountId, Region};
use vigil_core::port::ConfigsUnreachable;

use super::S3ScanConfigs;
use super::fault::{BucketCall, bucket_region};
use crate::fault::{Meaning, Refusal};
use crate::target::session;
use crate::{ConnectError, Network, Target};

/// A bucket that holds scan configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: BucketName,
    /// Its region; `None`: S3 is asked.
    pub region: Option<Region>,
    /// The account that must own it. A name that was given up can be taken by others; with an owner S3 refuses theirs.
    pub owner: Option<AccountId>,
}

/// The name of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(String);

/// A text that names no bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the name of a bucket: 3 to 63 letters, digits, dots and hyphens that begin and end with a letter or a \
     digit"
)]
pub struct InvalidBucketName(String);

/// The place for scan configurations in this bucket, reached with the target's credentials or role. Nothing is asked of S3
/// yet: a bucket that cannot be reached is told by each use of it.
///
/// # Errors
///
/// If there is no region to begin with, or if settings contradict each other.
pub async fn scan_configs_in(
    bucket: Bucket,
    target: &Target,
    network: &Network,
) -> Result<S3ScanConfigs, ConnectError> {
    let (config, _) = session(target, network).await?;
    Ok(S3ScanConfigs::new(Connection { bucket, config, client: OnceCell::new() }))
}

/// A bucket, and the client that speaks to it once its region is known.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) bucket: Bucket,
    config: SdkConfig,
    client: OnceCell<Client>,
}

impl Connection {
    /// The client for the bucket's own region; S3 is asked for it once.
    pub(super) async fn client(&self) -> Result<&Client, ConfigsUnreachable> {
        self.client.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<Client, ConfigsUnreachable> {
        if let Some(region) = &self.bucket.region {
            return Ok(self.in_region(region.as_str()));
        }
        let nearby = self.client_of(Builder::from(&self.config));
        let owner = self.bucket.owner.as_ref().map(AccountId::to_string);
        let asked = nearby.head_bucket().bucket(self.bucket.name.as_str()).set_expected_bucket_owner(owner);
        let region = match asked.send().await {
            Ok(found) => found.bucket_region().map(str::to_owned),
            // Wherever S3 is asked, and whatever else it refuses, it says where the bucket is.
            Err(error) => match (bucket_region(&error), Refusal::read(&error)) {
                (Some(region), _) => Some(region),
                (None, refusal) if refusal.meaning == Meaning::Other => None,
                (None, refusal) => return Err(BucketCall::Head.unreachable(&self.bucket, refusal)),
            },
        };
        Ok(region.map_or(nearby, |region| self.in_region(&region)))
    }

    fn in_region(&self, region: &str) -> Client {
        self.client_of(Builder::from(&self.config).region(aws_sdk_s3::config::Region::new(region.to_owned())))
    }

    fn client_of(&self, mut builder: Builder) -> Client {
        if self.config.endpoint_url().is_some() {
            // What is not AWS often knows buckets by path only, and no checksums of S3's own.
            builder = builder
                .force_path_style(true)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        Client::from_conf(builder.build())
    }
}

impl BucketName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = InvalidBucketName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The oldest buckets may have upper-case letters and underscores.
        let alphanumeric = |b: u8| b.is_ascii_alphanumeric();
        let bytes = text.as_bytes();
        let ends =
            [bytes.first(), bytes.last()].into_iter().all(|end| end.copied().is_some_and(alphanumeric));
        let fits = (3..=63).contains(&bytes.len()) && !text.contains("..");
        let known = bytes.iter().all(|&b| alphanumeric(b) || b".-_".contains(&b));
        if ends && fits && known {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidBucketName(text.to_owned()))
        }
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, valid: bool) {
        assert_eq!(name.parse::<BucketName>().is_ok(), valid, "{name}");
    }

    #[test]
    fn a_bucket_has_a_name_that_s3_would_give() {
        check("ecr-continuous-scan-config", true);
        check("a.b-3", true);
        check(&"a".repeat(63), true);
        for other in ["", "ab", "-a-b", "a-b-", "a..b", "a b", "s3://bucket", "bucket/key"] {
            check(other, false);
        }
        check(&"a".repeat(64), false);
    }
}
