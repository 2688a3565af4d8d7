//! The text format.

mod blocks;
mod findings;

pub(crate) use blocks::Blocks;
