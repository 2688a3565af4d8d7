//! Exceptions as they are kept: made, listed, and ended, but never forgotten.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;
use vigil_core::finding::Finding;
use vigil_core::image::{Image, RepositoryName};
use vigil_core::policy::{Exception, Exceptions, Pattern};

use super::rejudge::{EXCEPTIONS, rejudge};
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::pass::InvalidId;
use crate::sql::{DatabaseFault, DatabaseFaultKind, Field, Row, Session, Statement, Value};
use crate::store::Store;

/// The id of an exception: a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExceptionId(Uuid);

/// An exception that somebody makes.
#[derive(Debug, Clone)]
pub struct NewException {
    /// What is accepted, where, why, and until when.
    pub exception: Exception,
    /// Who makes it.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

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
}

/// What came of making an exception.
#[derive(Debug, Clone)]
pub struct CreatedException {
    /// The exception that holds now.
    pub stored: StoredException,
    /// Whether it was made; else there was one just like it in force.
    pub is_new: bool,
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

impl Store {
    /// Makes an exception, unless one in force says the same. The findings that it is about are accepted, and counted so,
    /// when this returns.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn create_exception(&self, new: NewException) -> Result<CreatedException, DatabaseFault> {
        let NewException { exception, author, at } = new;
        let id = ExceptionId(Uuid::new_v4());
        let stored = StoredException { id, exception, author, created_at: at, ended_at: None };
        let known = self.write(stored.clone(), |session, stored| Box::pin(create(session, stored))).await?;
        let is_new = known.is_none();
        Ok(CreatedException { stored: known.unwrap_or(stored), is_new })
    }

    /// Exceptions, newest first.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn exceptions(
        &self,
        filter: ExceptionFilter,
        slice: Slice,
    ) -> Result<Page<StoredException>, Unanswered> {
        const NAME: &str = "exceptions";
        let key = slice.key(NAME, &[0.into()])?;
        let given = (filter, slice.limit, key);
        let found = self.read(given, |session, (filter, limit, key)| {
            Box::pin(list(session, filter, *limit, key.clone()))
        });
        Ok(page(found.await?, &slice, NAME))
    }

    /// One exception, if there is one with this id.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn exception(&self, id: ExceptionId) -> Result<Option<StoredException>, DatabaseFault> {
        self.read(id, |session, id| Box::pin(get(session, *id))).await
    }

    /// Ends an exception now, if there is one with this id; one that was ended stays as it was. The findings that it was
    /// about are open again, and counted so, when this returns.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn end_exception(
        &self,
        id: ExceptionId,
        at: Timestamp,
    ) -> Result<Option<StoredException>, DatabaseFault> {
        self.write((id, at), |session, (id, at)| Box::pin(end(session, *id, *at))).await
    }

    /// Judges anew what exceptions accept whose last day has ended since the last time.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn expire_exceptions(&self, now: Timestamp) -> Result<(), DatabaseFault> {
        self.write(now, |session, now| Box::pin(expire(session, *now))).await
    }
}

impl Kept {
    /// Whether it can accept anything in this repository.
    pub(crate) fn is_about(&self, repository: &RepositoryName) -> bool {
        self.exception.repository.as_ref().is_none_or(|pattern| pattern.matches(repository.as_str()))
    }

    /// Whether it accepts this finding.
    pub(crate) fn accepts(
        &self,
        finding: &Finding,
        repository: &RepositoryName,
        image: &Image,
        now: Timestamp,
    ) -> bool {
        let alone = Exceptions::new(vec![self.exception.clone()]);
        alone.accepting(finding, repository, image, now).is_some()
    }
}

/// The exceptions that were not ended and whose last day is not over.
pub(crate) async fn in_force(session: &mut dyn Session, now: Timestamp) -> Result<Vec<Kept>, DatabaseFault> {
    let filter = ExceptionFilter { in_force_at: Some(now), vulnerability: None };
    let all = all(session, &filter).await?.into_iter();
    Ok(all.map(|StoredException { id, exception, .. }| Kept { id, exception }).collect())
}

/// Returns the one that is in force already, if there is one.
async fn create(
    session: &mut dyn Session,
    stored: &StoredException,
) -> Result<Option<StoredException>, DatabaseFault> {
    let StoredException { id, exception, author, created_at, .. } = stored;
    // Two that make the same at once come one after the other.
    session.lock(EXCEPTIONS).await?;
    let vulnerability = Some(exception.id.clone());
    let like_it = ExceptionFilter { in_force_at: Some(*created_at), vulnerability };
    let like_it = all(session, &like_it).await?;
    let same = |other: &StoredException| other.id != *id && says_the_same(&other.exception, exception);
    if let Some(same) = like_it.into_iter().find(same) {
        return Ok(Some(same));
    }
    let values = [
        id.to_string().into(),
        (&exception.id).into(),
        exception.package.clone().into(),
        exception.repository.as_ref().map(Pattern::to_string).into(),
        exception.tag.as_ref().map(Pattern::to_string).into(),
        (&exception.reason).into(),
        author.into(),
        (*created_at).into(),
        exception.until.map(|until| until.to_string()).into(),
    ];
    let sql = "INSERT INTO exceptions
          (id, vulnerability, package, repository, tag, reason, author, created_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
    session.execute(sql, &values).await?;
    rejudge(session, &exception.id, *created_at).await?;
    Ok(None)
}

fn says_the_same(one: &Exception, other: &Exception) -> bool {
    let patterns = |exception: &Exception| {
        [&exception.repository, &exception.tag].map(|pattern| pattern.as_ref().map(Pattern::to_string))
    };
    one.id.eq_ignore_ascii_case(&other.id)
        && patterns(one) == patterns(other)
        && (&one.package, &one.reason, one.until) == (&other.package, &other.reason, other.until)
}

async fn end(
    session: &mut dyn Session,
    id: ExceptionId,
    at: Timestamp,
) -> Result<Option<StoredException>, DatabaseFault> {
    let sql = "UPDATE exceptions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    let ended = session.execute(sql, &[id.to_string().into(), at.into()]).await?;
    let stored = get(session, id).await?;
    if let Some(stored) = stored.as_ref().filter(|_| ended > 0) {
        rejudge(session, &stored.exception.id, at).await?;
    }
    Ok(stored)
}

async fn expire(session: &mut dyn Session, now: Timestamp) -> Result<(), DatabaseFault> {
    let all = all(session, &ExceptionFilter::default()).await?;
    for stored in all.iter().filter(|stored| stored.ended_at.is_none() && stored.exception.expired(now)) {
        // Once nothing is accepted by it any more, there is nothing to judge anew.
        let sql = "SELECT 1 FROM acceptances a JOIN image_findings f ON f.accepted = a.id
            JOIN vulnerabilities v ON v.id = f.vulnerability
            WHERE a.exception = $1 AND v.id IN (SELECT id FROM vulnerabilities WHERE lower(name) = lower($2))
            LIMIT 1";
        let of = [stored.id.to_string().into(), (&stored.exception.id).into()];
        if session.row(sql, &of).await?.is_some() {
            rejudge(session, &stored.exception.id, now).await?;
        }
    }
    Ok(())
}

const STORED: &str =
    "SELECT number, id, vulnerability, package, repository, tag, reason, until, author, created_at,
    ended_at FROM exceptions WHERE true";

async fn all(
    session: &mut dyn Session,
    filter: &ExceptionFilter,
) -> Result<Vec<StoredException>, DatabaseFault> {
    let mut statement = filtered(filter);
    statement.with("ORDER BY number DESC", []);
    session.ask(&statement).await?.into_iter().map(|row| Ok(stored(row)?.1)).collect()
}

async fn list(
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
    // Days are written year first, so that their texts come in their order.
    let today = filter.in_force_at.map(|at| at.to_zoned(TimeZone::UTC).date().to_string());
    statement.with_some("AND (until IS NULL OR until >= $)", today);
    statement
}

async fn get(session: &mut dyn Session, id: ExceptionId) -> Result<Option<StoredException>, DatabaseFault> {
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
            reason: row.take()?,
            until: parsed(row.take()?)?,
        },
        author: row.take()?,
        created_at: row.take()?,
        ended_at: row.take()?,
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
