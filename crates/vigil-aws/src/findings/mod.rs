//! A scan and its findings as ECR tells them, in our nouns.

mod basic;
mod enhanced;
mod scan;

pub(crate) use scan::{add_findings, scan};
