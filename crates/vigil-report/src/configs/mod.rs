//! What the users of scan configurations see: which images one means, what is known of each, and the summary of all.

#[cfg(test)]
mod golden;
mod json;
mod text;
mod view;

pub use json::configs_as_json;
pub use text::configs_as_text;
pub use view::{ConfigImage, ConfigView, Known, NoResult};
