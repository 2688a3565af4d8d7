//! The ECR operations that we call, by the names that AWS gives them.

use std::fmt;
use std::str::FromStr;

/// An operation of ECR. Each has a quota of its own in every account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Opens image indexes.
    BatchGetImage,
    /// Reads findings.
    DescribeImageScanFindings,
    /// Lists images.
    DescribeImages,
    /// Lists repositories.
    DescribeRepositories,
    /// Tells whether the registry scans by itself.
    GetRegistryScanningConfiguration,
    /// Reads the tags of a repository.
    ListTagsForResource,
    /// Starts a scan.
    StartImageScan,
}

/// A text that names no operation of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not one of the ECR operations that are called: {names}", names = Operation::names())]
pub struct UnknownOperation(String);

impl Operation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::BatchGetImage,
        Self::DescribeImageScanFindings,
        Self::DescribeImages,
        Self::DescribeRepositories,
        Self::GetRegistryScanningConfiguration,
        Self::ListTagsForResource,
        Self::StartImageScan,
    ];

    /// The name that AWS gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BatchGetImage => "BatchGetImage",
            Self::DescribeImageScanFindings => "DescribeImageScanFindings",
            Self::DescribeImages => "DescribeImages",
            Self::DescribeRepositories => "DescribeRepositories",
            Self::GetRegistryScanningConfiguration => "GetRegistryScanningConfiguration",
            Self::ListTagsForResource => "ListTagsForResource",
            Self::StartImageScan => "StartImageScan",
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|operation| operation.as_str() == text);
        known.ok_or_else(|| UnknownOperation(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_read_back_from_its_name() {
        for operation in Operation::ALL {
            assert_eq!(operation.to_string().parse(), Ok(operation));
        }
        let error = "PutImage".parse::<Operation>().unwrap_err().to_string();
        assert!(error.starts_with("`PutImage` is not one") && error.ends_with("StartImageScan"), "{error}");
    }
}
