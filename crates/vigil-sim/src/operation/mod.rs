//! The operations of ECR: from a parsed request and a registry to the bytes of an answer.

mod configuration;
mod describe_image_scan_findings;
mod describe_images;
mod describe_repositories;
mod dispatch;
mod filter;
mod finding_shapes;
mod get_image;
mod list_images;
mod manage_repositories;
mod resolve;
mod start_image_scan;
mod tags;

pub(crate) use dispatch::{OPERATIONS, answer};
