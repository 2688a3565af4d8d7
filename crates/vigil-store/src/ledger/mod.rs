//! What a pass writes down, and what that changes: listings, scans, judgements, lineages, standings.

mod carried;
mod findings;
mod follow;
mod inherited;
mod judged;
mod listed;
mod pass_ledger;
mod place;
mod record;
mod scanned;
mod standing;
mod state;
mod watch;

pub(crate) use findings::severities;
pub(crate) use follow::{follow_acceptances, follow_threat};
pub(crate) use judged::{badness, least_badness};
pub(crate) use listed::{kind_from, platform_from, storage_from};
pub use pass_ledger::PassLedger;
pub(crate) use state::{EXPLOIT_KNOWN, LISTED, state_code, state_from};
pub(crate) use watch::watchers_from;
