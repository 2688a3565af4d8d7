//! The text format: a scan pass as blocks of findings, a plan as one line for each image.

mod blocks;
mod findings;
mod plan;

pub(crate) use blocks::Blocks;
pub(crate) use plan::{PlanLines, plan_word};
