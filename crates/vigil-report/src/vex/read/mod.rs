//! VEX read back: what others state of images, and what our own reports do, as exceptions.

mod aliases;
mod cyclonedx;
mod document;
mod meant;
mod openvex;
mod package;
mod product;
mod stated;
#[cfg(test)]
mod stories;

pub use document::{ReadVex, UnreadableVex, VexDocument, read_vex};
pub use stated::accepted_by_vex;
