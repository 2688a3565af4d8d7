//! What a registry holds: the registry itself, the names in it, and the images.

#[expect(clippy::module_inception, reason = "the file is named after the noun it defines")]
mod image;
mod name;
mod reference;
mod registry;
mod repository;

pub use image::{Child, Image, Kind, Platform, Storage};
pub use name::{Digest, InvalidName, RepositoryName, Tag};
pub use reference::{ImageName, Pick, Reference, RegistryHost};
pub use registry::{AccountId, InvalidRegistry, Partition, Region, RegistryId};
pub use repository::Repository;
