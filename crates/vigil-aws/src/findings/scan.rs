//! The status, the counts and the findings of a scan. Words that we do not know are kept as they were said.

use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsOutput;
use aws_sdk_ecr::types::{ImageScanFindings, ScanStatus};
use vigil_core::finding::{Counts, Finding, Severity};
use vigil_core::scan::Scan;

use super::{basic, enhanced};
use crate::image::timestamp;

/// Reads all of a page but its findings.
pub(crate) fn scan(page: &DescribeImageScanFindingsOutput) -> Scan {
    let status = page.image_scan_status();
    let findings = page.image_scan_findings();
    Scan {
        state: status.and_then(|said| said.status()).map_or("", ScanStatus::as_str).into(),
        description: status.and_then(|said| said.description()).map(str::to_owned),
        completed_at: findings.and_then(|found| found.image_scan_completed_at()).and_then(timestamp),
        counts: findings.and_then(counts),
        findings: Vec::new(),
    }
}

/// Adds the findings of a page: those of basic scanning, and those of enhanced scanning.
pub(crate) fn add_findings(findings: &mut Vec<Finding>, page: &DescribeImageScanFindingsOutput) {
    if let Some(found) = page.image_scan_findings() {
        findings.extend(found.findings().iter().map(basic::finding));
        findings.extend(found.enhanced_findings().iter().flat_map(enhanced::findings));
    }
}

fn counts(found: &ImageScanFindings) -> Option<Counts> {
    let counts = found.finding_severity_counts()?;
    let count = |count: i32| u64::try_from(count).unwrap_or(0);
    Some(counts.iter().map(|(severity, n)| (Severity::from(severity.as_str()), count(*n))).collect())
}
