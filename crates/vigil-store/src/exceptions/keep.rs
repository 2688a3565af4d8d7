//! Exceptions as they are kept: made, listed, and ended, but never forgotten.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;
use vigil_core::finding::Finding;
use vigil_core::image::{Image, RepositoryName};
use vigil_core::policy::{Exception, Exceptions, Pattern};

use super::rejudge::rejudge;
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
    /// Makes an exception. The findings that it is about are accepted, and counted so, when this returns.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn create_exception(&self, new: NewException) -> Result<StoredException, DatabaseFault> {
        let NewException { exception, author, at } = new;
        let id = ExceptionId(Uuid::new_v4());
        let stored = StoredException { id, exception, author, created_at: at, ended_at: None };
        self.write(stored.clone(), |session, stored| Box::pin(create(session, stored))).await?;
        Ok(stored)
    }

    /// Exceptions, newest first.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn exceptions(&self, filter: ExceptionFilter) -> Result<Vec<StoredException>, DatabaseFault> {
        self.read(filter, |session, filter| Box::pin(list(session, filter))).await
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
    let all = list(session, &filter).await?.into_iter();
    Ok(all.map(|StoredException { id, exception, .. }| Kept { id, exception }).collect())
}

async fn create(session: &mut dyn Session, stored: &StoredException) -> Result<(), DatabaseFault> {
    let StoredException { id, exception, author, created_at, .. } = stored;
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
    rejudge(session, &exception.id, *created_at).await
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
    let all = list(session, &ExceptionFilter::default()).await?;
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

const STORED: &str = "SELECT id, vulnerability, package, repository, tag, reason, until, author, created_at,
    ended_at FROM exceptions WHERE true";

async fn list(
    session: &mut dyn Session,
    filter: &ExceptionFilter,
) -> Result<Vec<StoredException>, DatabaseFault> {
    let mut statement = Statement::new(STORED);
    statement.with_some("AND lower(vulnerability) = lower($)", filter.vulnerability.as_ref());
    statement.with_some("AND (ended_at IS NULL OR ended_at > $)", filter.in_force_at);
    statement.with("ORDER BY number DESC", []);
    let mut all: Vec<StoredException> =
        session.ask(&statement).await?.into_iter().map(stored).collect::<Result<_, _>>()?;
    if let Some(at) = filter.in_force_at {
        all.retain(|stored| !stored.exception.expired(at));
    }
    Ok(all)
}

async fn get(session: &mut dyn Session, id: ExceptionId) -> Result<Option<StoredException>, DatabaseFault> {
    let mut statement = Statement::new(STORED);
    statement.with("AND id = $", [id.to_string().into()]);
    session.ask(&statement).await?.into_iter().next().map(stored).transpose()
}

fn stored(mut row: Row) -> Result<StoredException, DatabaseFault> {
    Ok(StoredException {
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
    })
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
