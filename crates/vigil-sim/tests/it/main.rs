//! The simulator as its clients see it: held to botocore's model of ECR by a Python script, and driven by its own
//! controls from Rust.

mod contract;
mod controls;
mod refusals;
mod wire;
