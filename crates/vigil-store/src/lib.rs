//! What a service remembers: rows, migrations and queries, in SQLite or PostgreSQL.
//!
//! Open a [`Store`] at a [`Place`], or [`Store::look`] at it; everything else is a method of it:
//!
//! - a pass: [`Store::begin_pass`], [`Store::ledger`] (the ledger that the pass writes to and remembers from),
//!   [`Store::end_pass`]; [`Store::unfinished_passes`] after a restart, [`Store::last_tick`] and
//!   [`Store::schedules_known_since`] for the schedule;
//! - answers, page by page ([`Slice`] in, [`Page`] out): [`Store::images`], [`Store::findings`], [`Store::changes`], …;
//! - what people decide: [`Store::create_exception`], [`Store::end_exception`], and scan configurations, for which the
//!   store is a `ScanConfigs`;
//! - news: the store is a `Journal` and an `Outbox`;
//! - who looks after a repository by its tags: [`Store::is_owner_unread`], [`Store::note_owner`];
//! - catalogues of threats: [`Store::keep_catalogue`], [`Store::catalogue`], [`Store::learn_threats`];
//! - upkeep: [`Store::reside`], [`Store::evicted`], [`Store::ready`], [`Store::revision`], [`Store::size`],
//!   [`Store::settle_exceptions`], [`Store::forget`].
//!
//! Knows rows and our nouns. Refuses to know AWS and how anything is shown.

mod answer;
mod exceptions;
mod forget;
mod ledger;
mod migrate;
mod news;
mod orphans;
mod outage;
mod owners;
mod page;
mod pass;
mod place;
mod postgres;
mod scan_configs;
mod schedules;
mod sql;
mod sqlite;
mod store;
mod threats;
mod trend;
mod turn;

pub use answer::{
    AcceptedHere, Change, ChangeFilter, ExportedImage, FindingFilter, FindingOrder, ImageDetail, ImageFilter,
    ImageFinding, ImageFindingFilter, ImageOrder, ImageRow, LastScan, LineageFinding, RegistryRow,
    RegistryStanding, Renewed, RepositoryRow, ScanRow, Scope, SightingRow, Standing, TagSpan,
    VulnerabilityFilter, VulnerabilityOrder, VulnerabilityRow,
};
pub use exceptions::{
    CreatedException, ExceptionFilter, ExceptionId, Matches, NewException, StoredException, Watching,
    written_id,
};
pub use forget::{Forgotten, Retention};
pub use ledger::PassLedger;
pub use news::{DeadLetter, SinkQueue};
pub use page::{Cursor, Page, Slice, Unanswered};
pub use pass::{InvalidId, NewPass, PassDetail, PassFilter, PassId, PassImage, PassRow, UnfinishedPass};
pub use place::{InvalidPlace, Place};
pub use sql::{DatabaseFault, DatabaseFaultKind};
pub use store::{NotOpened, Revision, Store};
pub use threats::KeptCatalogue;
pub use trend::TrendPoint;
pub use turn::Turn;
