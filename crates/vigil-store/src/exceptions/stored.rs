//! Exceptions as they are stored: read one by one, in pages, or all that are in force.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;
use vigil_core::policy::Exception;

use super::Acceptance;
use crate::page::Key;
use crate::pass::InvalidId;
use crate::sql::{DatabaseFault, DatabaseFaultKind, Field, Row, Session, Statement, Value};

/// The id of an exception: a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExceptionId(pub(super) Uuid);

/// An exception that is kept.
#[derive(Debug, Clone)]
pub struct StoredException {
    /// Its id.
    pub id: ExceptionId,
    /// What is accepted, where, why, and until when.
    pub exception: Exception,
    /// Who made it.
    pub author: String,
    /// When.
    pub created_at: Timestamp,
    /// When somebody ended it; that its last day is over is not noted.
    pub ended_at: Option<Timestamp>,
    /// Whether all that it is about is counted as it says by now.
    pub counted: bool,
}

/// Which exceptions are wanted; all, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct ExceptionFilter {
    /// Those in force at this moment.
    pub in_force_at: Option<Timestamp>,
    /// Those about this vulnerability.
    pub vulnerability: Option<String>,
}

/// What a judgement needs of an exception.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) id: ExceptionId,
    pub(crate) exception: Exception,
}

impl Kept {
    /// What it means for a finding that this accepts it.
    pub(super) fn acceptance(&self) -> Acceptance {
        let Exception { reason, severity, .. } = self.exception.clone();
        Acceptance::Exception { id: self.id, reason, severity }
    }
}

/// The exceptions that were not ended and whose last day is not over, and was not over for anybody else: what is written
/// down late would accept by them what was judged anew since.
pub(crate) async fn in_force(session: &mut dyn Session, now: Timestamp) -> Result<Vec<Kept>, DatabaseFault> {
    let mut statement = filtered(&ExceptionFilter { in_force_at: Some(now), vulnerability: None });
    statement.with("AND expired = 0 ORDER BY number DESC", []);
    let rows = session.ask(&statement).await?.into_iter();
    let kept = |StoredException { id, exception, .. }| Kept { id, exception };
    rows.map(|row| Ok(kept(stored(row)?.1))).collect()
}

const STORED: &str =
    "SELECT number, id, vulnerability, package, repository, tag, digest, severity, reason, until, author, created_at,
    ended_at, judged_to IS NULL FROM exceptions WHERE true";

pub(super) async fn all(
    session: &mut dyn Session,
    filter: &ExceptionFilter,
) -> Result<Vec<StoredException>, DatabaseFault> {
    let mut statement = filtered(filter);
    statement.with("ORDER BY number DESC", []);
    session.ask(&statement).await?.into_iter().map(|row| Ok(stored(row)?.1)).collect()
}

pub(super) async fn list(
    session: &mut dyn Session,
    filter: &ExceptionFilter,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, StoredException)>, DatabaseFault> {
    let mut statement = filtered(filter);
    if let Some([number]) = key.and_then(|key| <[_; 1]>::try_from(key).ok()) {
        statement.with("AND number < $", [number]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY number DESC LIMIT $", [limit.into()]);
    let rows = session.ask(&statement).await?.into_iter();
    rows.map(|row| stored(row).map(|(number, stored)| (vec![number.into()], stored))).collect()
}

fn filtered(filter: &ExceptionFilter) -> Statement {
    let mut statement = Statement::new(STORED);
    statement.with_some("AND lower(vulnerability) = lower($)", filter.vulnerability.as_ref());
    statement.with_some("AND (ended_at IS NULL OR ended_at > $)", filter.in_force_at);
    statement.with_some("AND (until IS NULL OR until >= $)", filter.in_force_at.map(day_of));
    statement
}

/// The day of a moment as it is written: year first, so that texts of days come in their order.
pub(super) fn day_of(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

pub(super) async fn get(
    session: &mut dyn Session,
    id: ExceptionId,
) -> Result<Option<StoredException>, DatabaseFault> {
    let mut statement = Statement::new(STORED);
    statement.with("AND id = $", [id.to_string().into()]);
    session.ask(&statement).await?.into_iter().next().map(|row| Ok(stored(row)?.1)).transpose()
}

/// An exception, and its place in the order in which they were made.
fn stored(mut row: Row) -> Result<(i64, StoredException), DatabaseFault> {
    let number = row.take()?;
    let stored = StoredException {
        id: row.take()?,
        exception: Exception {
            id: row.take()?,
            package: row.take()?,
            repository: parsed(row.take()?)?,
            tag: parsed(row.take()?)?,
            digest: parsed(row.take()?)?,
            severity: row.take()?,
            reason: row.take()?,
            until: parsed(row.take()?)?,
            file: None,
        },
        author: row.take()?,
        created_at: row.take()?,
        ended_at: row.take()?,
        counted: row.take()?,
    };
    Ok((number, stored))
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: Option<String>) -> Result<Option<T>, DatabaseFault> {
    let broken = |error| DatabaseFault::new(DatabaseFaultKind::Corrupt, format!("an exception: {error}"));
    text.map(|text| text.parse::<T>().map_err(broken)).transpose()
}

impl FromStr for ExceptionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidId(text.to_owned()))
    }
}

impl fmt::Display for ExceptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Field for ExceptionId {
    fn read(value: Value) -> Option<Self> {
        String::read(value)?.parse().ok()
    }
}
