//! VEX read back: what others state of images, and what our own reports do, as exceptions.

mod cyclonedx;
mod document;
mod openvex;
mod product;
mod stated;
#[cfg(test)]
mod stories;

pub use document::{ReadVex, UnreadableVex, read_vex};
