//! Our own endpoints, under `/api/v1`.

pub(super) mod events;
pub(super) mod exceptions;
mod exceptions_body;
pub(super) mod findings;
mod findings_body;
mod image_body;
pub(super) mod images;
mod nouns;
mod page;
pub(super) mod passes;
pub(super) mod passes_list;
pub(super) mod plan;
mod plan_body;
pub(super) mod repositories;
pub(super) mod schedules;
pub(super) mod sinks;
mod threat_body;
pub(super) mod vulnerabilities;
mod words;

pub(super) use nouns::BySeverity;
pub(super) use page::away;
pub(super) use plan::LINES;
pub(super) use words::registry_of;
