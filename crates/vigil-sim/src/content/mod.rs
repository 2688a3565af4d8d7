//! What a registry holds before anybody changes it: a pure function of the seed.
//!
//! Nothing here has state; memory is spent on repository names and counts, never on images.

mod details;
mod generated;
mod image;
mod layout;
mod manifest;
mod names;
mod profile;
mod slots;

pub(crate) use generated::{Generated, GeneratedRepository};
pub(crate) use image::{Image, PastScan};
pub use image::{ImageKind, Platform};
pub(crate) use layout::Layout;
pub(crate) use manifest::{Blueprint, Child};
pub use profile::Profile;
