//! The shape of a finding in the AWS Security Finding Format: the members that we fill.

use std::collections::BTreeMap;

use serde::Serialize;

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AsffFinding {
    /// The version of the format.
    pub schema_version: &'static str,
    /// The same for the same finding: what is sent under it again takes its place.
    pub id: String,
    /// The account's own findings.
    pub product_arn: String,
    /// What found it.
    pub generator_id: &'static str,
    /// The account that is told.
    pub aws_account_id: String,
    /// Kinds of finding.
    pub types: Vec<&'static str>,
    /// When it was seen, as RFC 3339 writes it.
    pub created_at: String,
    /// When it was last seen to change.
    pub updated_at: String,
    /// How bad it is.
    pub severity: SeverityOf,
    /// All of it in a line.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// What can be done.
    pub remediation: Remediation,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// What has no member of its own.
    pub product_fields: BTreeMap<&'static str, String>,
    /// The image.
    pub resources: Vec<Resource>,
    /// The vulnerability.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Where people stand with it. Security Hub takes it from the first sight alone.
    pub workflow: Workflow,
    /// Whether it is there.
    pub record_state: RecordState,
}

/// How bad a finding is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SeverityOf {
    /// In Security Hub's words.
    pub label: &'static str,
    /// In ECR's words.
    pub original: String,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Remediation {
    /// What we recommend.
    pub recommendation: Recommendation,
}

/// What we recommend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Recommendation {
    /// In words.
    pub text: String,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What has the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// What it is.
    pub r#type: &'static str,
    /// Its ARN.
    pub id: String,
    /// The partition that it is in.
    pub partition: &'static str,
    /// The region that it is in.
    pub region: String,
    /// What is known of it.
    pub details: Details,
}

/// What is known of what has the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Details {
    /// It is an image.
    pub aws_ecr_container_image: ContainerImage,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerImage {
    /// The account of its registry.
    pub registry_id: String,
    /// Its repository.
    pub repository_name: String,
    /// Such as `arm64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Its digest.
    pub image_digest: String,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_tags: Vec<String>,
}

/// A vulnerability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vulnerability {
    /// Its id.
    pub id: String,
    /// The package that has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vulnerable_packages: Vec<VulnerablePackage>,
    /// Its scores.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cvss: Vec<Cvss>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_urls: Vec<String>,
    /// Whether a version is known that fixes it.
    pub fix_available: YesNo,
    /// Whether an exploit is known, where the scanner says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exploit_available: Option<YesNo>,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VulnerablePackage {
    /// Its name.
    pub name: String,
    /// The installed version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_in_version: Option<String>,
    /// What it was installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_manager: Option<String>,
    /// Where it is in the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_path: Option<String>,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cvss {
    /// The version of CVSS.
    pub version: String,
    /// The score.
    pub base_score: f64,
    /// How it is made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_vector: Option<String>,
}

/// Where people stand with a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Workflow {
    /// In a word.
    pub status: WorkflowStatus,
}

/// Where people stand with a finding, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WorkflowStatus {
    /// Nobody has looked at it.
    New,
    /// There is nothing more to do.
    Resolved,
}

/// Whether a finding is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordState {
    /// It is.
    Active,
    /// It is not any more.
    Archived,
}

/// What is known of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum YesNo {
    /// It is there.
    Yes,
    /// It is not.
    No,
}
