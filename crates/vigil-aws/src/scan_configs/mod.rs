//! Scan configurations in an S3 bucket, laid out as the re-scan service lays them out: an object `<id>.json` at the
//! bucket's root for each, and nothing else that counts. A bucket of that service works as it is, and it can go on using
//! what we write.

mod bucket;
mod fault;
mod object;
mod place;

pub use bucket::{Bucket, BucketName, InvalidBucketName, scan_configs_in};
pub use place::S3ScanConfigs;
