//! Looks at a registry and decides, image by image, what is to be done.

mod decide;
mod look;

pub use look::{Observed, observe};
