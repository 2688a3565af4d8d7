//! Whether an image is due for a scan, and why, or why not.

mod rule;
mod why;

pub use rule::{IMAGE_QUOTA_WINDOW, Standing, due, is_premature};
pub use why::{Due, Rest};
