//! Our own endpoints, under `/api/v1`.

pub(super) mod events;
mod nouns;
pub(super) mod passes;
mod plan_body;
pub(super) mod schedules;
