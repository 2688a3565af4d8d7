//! How people and inventories name images: `repo`, `repo:tag`, `repo@sha256:…`, or a full registry URI.
//!
//! A name whose first part is a host that is no ECR registry is foreign: kept as said, never looked up in ECR.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;

use super::{AccountId, Digest, Image, InvalidName, Region, RepositoryName, Tag};

/// An image's name, as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// An image or repository in ECR.
    Ecr(ImageName),
    /// An image of another registry, `public.ecr.aws` among them.
    Foreign(String),
}

/// What a reference names in ECR.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageName {
    /// The registry, where the name gives a host.
    pub host: Option<RegistryHost>,
    /// The repository.
    pub repository: RepositoryName,
    /// Which images of it.
    pub pick: Pick,
}

/// A private registry's host, read back into its parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryHost {
    /// The account that the host names.
    pub account: AccountId,
    /// The region that the host names.
    pub region: Region,
}

/// Which images of a repository are meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pick {
    /// All of them.
    Whole,
    /// Those with a tag.
    Tagged,
    /// The one under this tag.
    Tag(Tag),
    /// The one with this digest.
    Digest(Digest),
}

impl ImageName {
    /// The name in a form that is read back as the same name; what is only meant as far as it is tagged has none of its own.
    pub fn written(&self) -> String {
        let host = self.host.as_ref().map(|RegistryHost { account, region }| {
            // The partition does not matter: a host of any is read as its account and region.
            format!("{account}.dkr.ecr.{region}.amazonaws.com/")
        });
        let name = Self { host: None, ..self.clone() };
        format!("{}{name}", host.unwrap_or_default())
    }
}

impl Pick {
    /// Whether it needs the whole repository listed.
    pub fn needs_listing(&self) -> bool {
        matches!(self, Self::Whole | Self::Tagged)
    }

    /// The digest that it names, if it names one.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::Digest(digest) => Some(*digest),
            Self::Whole | Self::Tagged | Self::Tag(_) => None,
        }
    }

    /// Whether it means this image, whose tags are its own and those of the indexes that list it.
    pub fn means(&self, image: &Image) -> bool {
        match self {
            Self::Whole => true,
            Self::Tagged => !image.tags.is_empty(),
            Self::Tag(tag) => image.tags.contains(tag),
            Self::Digest(digest) => image.digest == *digest,
        }
    }
}

impl RegistryHost {
    /// Reads a host of any partition, plain, FIPS or dual-stack; `None` for any other host.
    pub fn parse(host: &str) -> Option<Self> {
        // The forms are those that the Amazon ECR credential helper accepts.
        #[expect(clippy::expect_used, reason = "the pattern is a constant, and a test matches it")]
        static FORM: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(concat!(
                r"^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9][a-z0-9-]*)\.",
                r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)",
                r"|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$"
            ))
            .expect("a regular expression")
        });
        let parts = FORM.captures(host)?;
        Some(Self { account: parts[1].parse().ok()?, region: parts[2].parse().ok()? })
    }
}

impl FromStr for Reference {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (host, path) = match text.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
            _ => (None, text),
        };
        let host = match host.map(|host| RegistryHost::parse(&host.to_ascii_lowercase())) {
            Some(None) => return Ok(Self::Foreign(text.to_owned())),
            Some(parsed) => parsed,
            None => None,
        };
        let (rest, digest) = match path.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (path, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag.parse()?)),
            None => (rest, None),
        };
        // With a tag and a digest the digest decides: the tag may have moved since.
        let pick = match (digest, tag) {
            (Some(digest), _) => Pick::Digest(digest),
            (None, Some(tag)) => Pick::Tag(tag),
            (None, None) => Pick::Whole,
        };
        Ok(Self::Ecr(ImageName { host, repository: repository.parse()?, pick }))
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(RegistryHost { account, region }) = &self.host {
            write!(f, "{account}/{region}: ")?;
        }
        match &self.pick {
            Pick::Whole | Pick::Tagged => write!(f, "{}", self.repository),
            Pick::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Pick::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ecr(text: &str) -> ImageName {
        match text.parse() {
            Ok(Reference::Ecr(name)) => name,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn repositories_tags_and_digests_are_told_apart() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for name in ["team/app", "team/app:v1", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"] {
            assert_eq!(ecr(name).written(), name);
        }
        assert_eq!(ecr("team/app").pick, Pick::Whole);
        assert_eq!(ecr("team/app:v1").pick, Pick::Tag("v1".parse().unwrap()));
        assert_eq!(ecr(&format!("team/app@{digest}")).pick, Pick::Digest(digest.parse().unwrap()));
        let both = ecr(&format!("team/app:v1@{digest}"));
        assert_eq!(
            (both.repository.as_str(), both.pick),
            ("team/app", Pick::Digest(digest.parse().unwrap()))
        );
    }

    #[test]
    fn registry_hosts_of_every_partition_are_read() {
        for (host, region) in [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("123456789012.dkr-ecr.us-east-1.on.aws", "us-east-1"),
            ("123456789012.dkr-ecr-fips.us-east-1.on.aws", "us-east-1"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
            ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
            ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
            ("123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
            ("123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
        ] {
            let name = ecr(&format!("{host}/team/app:v1"));
            assert_eq!(name.host.unwrap().region.as_str(), region, "{host}");
        }
    }

    #[test]
    fn other_registries_are_foreign_and_nonsense_is_an_error() {
        for foreign in
            ["public.ecr.aws/nginx/nginx:1", "docker.io/library/nginx", "localhost:5000/x", "ghcr.io/a/b"]
        {
            assert_eq!(foreign.parse(), Ok(Reference::Foreign(foreign.to_owned())));
        }
        for bad in ["", "app:", "app@sha256:12", "App", "app:v1:v2", "app@", "a b"] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
