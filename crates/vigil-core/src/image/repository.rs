//! A repository as its registry lists it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RepositoryName;

/// A repository and the settings of it that its owner chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Its name.
    pub name: RepositoryName,
    /// When it was made, where ECR says.
    pub created_at: Option<Timestamp>,
    /// Whether images are scanned when they are pushed, where ECR says.
    pub scan_on_push: Option<bool>,
    /// Whether tags can move: `MUTABLE`, `IMMUTABLE`, or another word of ECR's.
    pub tag_mutability: Option<String>,
}

impl From<RepositoryName> for Repository {
    /// One of which nothing but the name is known.
    fn from(name: RepositoryName) -> Self {
        Self { name, created_at: None, scan_on_push: None, tag_mutability: None }
    }
}
