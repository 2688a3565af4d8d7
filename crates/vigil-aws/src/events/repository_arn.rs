//! The ARN of a repository, or of an image in one as Amazon Inspector writes it.

use std::str::FromStr;

use vigil_core::image::{Digest, Partition, RegistryHost, RepositoryName};

/// `arn:aws:ecr:REGION:ACCOUNT:repository/NAME`, perhaps with `/sha256:…` behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RepositoryArn {
    pub(super) registry: RegistryHost,
    pub(super) repository: RepositoryName,
    pub(super) image: Option<Digest>,
}

impl FromStr for RepositoryArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || format!("`{}` is not the ARN of a repository or image in ECR", text.escape_debug());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "ecr", region, account, resource] = parts.as_slice() else {
            return Err(invalid());
        };
        partition.parse::<Partition>().map_err(|_| invalid())?;
        let registry = RegistryHost {
            account: account.parse().map_err(|_| invalid())?,
            region: region.parse().map_err(|_| invalid())?,
        };
        let name = resource.strip_prefix("repository/").ok_or_else(invalid)?;
        let (name, image) = match name.rsplit_once("/sha256:") {
            Some((name, hash)) => (name, Some(format!("sha256:{hash}").parse().map_err(|_| invalid())?)),
            None => (name, None),
        };
        Ok(Self { registry, repository: name.parse().map_err(|_| invalid())?, image })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_the_registry_the_repository_and_perhaps_the_image() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let arn: RepositoryArn =
            format!("arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/app/{digest}").parse().unwrap();
        assert_eq!((arn.registry.region.as_str(), arn.repository.as_str()), ("cn-north-1", "team/app"));
        assert_eq!(arn.image.map(|image| image.to_string()), Some(digest));
        let arn: RepositoryArn = "arn:aws:ecr:eu-west-1:123456789012:repository/app".parse().unwrap();
        assert_eq!(arn.image, None);
        for bad in [
            "",
            "app",
            "arn:aws:ecr:eu-west-1:123456789012:app",
            "arn:aws:ecr:eu-west-1:12:repository/app",
            "arn:nowhere:ecr:eu-west-1:123456789012:repository/app",
            "arn:aws:ecr:eu-west-1:123456789012:repository/app/sha256:12",
            "arn:aws:lambda:eu-west-1:123456789012:function:app",
        ] {
            assert!(bad.parse::<RepositoryArn>().is_err(), "{bad}");
        }
    }
}
