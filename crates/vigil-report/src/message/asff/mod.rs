//! Findings for Security Hub, in its own format.

mod batch;
mod finding;
mod shape;

pub use batch::{AsffBatch, asff};
pub use shape::{
    AsffFinding, ContainerImage, Cvss, Details, Recommendation, RecordState, Remediation, Resource,
    SeverityOf, Vulnerability, VulnerablePackage, Workflow, WorkflowStatus, YesNo,
};
