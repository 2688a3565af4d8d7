//! Exceptions are made, listed, and ended, but never forgotten.

use jiff::Timestamp;
use tokio::sync::Notify;
use uuid::Uuid;
use vigil_core::finding::Severity;
use vigil_core::policy::{Exception, Pattern};

use super::rejudge::{EXCEPTIONS, judge_some};
use super::stored::{ExceptionFilter, ExceptionId, StoredException, all, day_of, get, list};
use super::worst::{has_lapsed, worst_named};
use crate::page::{Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

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

/// What came of making an exception.
#[derive(Debug, Clone)]
pub struct CreatedException {
    /// The exception that holds now.
    pub stored: StoredException,
    /// Whether it was made; else there was one just like it in force.
    pub is_new: bool,
}

/// Whoever makes or ends an exception waits for so many transactions, which is about a second; the rest goes on without
/// them.
const SOON: usize = 5;

/// Says, when it is dropped, that there may be something left to judge: even if nobody waits for the end any more.
struct Left<'a>(&'a Notify);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Store {
    /// Makes an exception, unless one in force says the same. It holds for every judgement when this returns. Where it is
    /// about few images, these are counted so as well; [`Store::settle_exceptions`] goes on with the others.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn create_exception(&self, new: NewException) -> Result<CreatedException, DatabaseFault> {
        let NewException { exception, author, at } = new;
        let id = ExceptionId(Uuid::new_v4());
        let stored =
            StoredException { id, exception, author, created_at: at, ended_at: None, counted: false };
        let _left = Left(self.unsettled());
        let created = self.write(stored, |session, stored| Box::pin(create(session, stored))).await?;
        let (stored, is_new) = created;
        let stored = self.judge_soon(stored, at).await;
        Ok(CreatedException { stored, is_new })
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

    /// Ends an exception now, if there is one with this id; one that was ended stays as it was. It accepts nothing any more
    /// when this returns. Where it was about few images, these are counted so as well; [`Store::settle_exceptions`] goes on
    /// with the others.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn end_exception(
        &self,
        id: ExceptionId,
        at: Timestamp,
    ) -> Result<Option<StoredException>, DatabaseFault> {
        let _left = Left(self.unsettled());
        let ended = self.write((id, at), |session, (id, at)| Box::pin(end(session, *id, *at))).await?;
        Ok(match ended {
            Some(stored) => Some(self.judge_soon(stored, at).await),
            None => None,
        })
    }

    /// Ends the exceptions whose last day is over, and judges anew whatever is left to judge, of these and of others: some
    /// images in a transaction. It can be broken off at any time, and goes on from there.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn settle_exceptions(&self, now: Timestamp) -> Result<(), DatabaseFault> {
        self.write(now, |session, now| Box::pin(expire(session, *now))).await?;
        while self.write(now, |session, now| Box::pin(judge_some(session, None, *now))).await? {}
        Ok(())
    }

    /// Returns when somebody has made or ended an exception, and there may be something to settle.
    pub async fn exceptions_unsettled(&self) {
        self.unsettled().notified().await;
    }

    /// Judges the first images that it is about anew. It holds already: that they could not be judged now does not matter.
    async fn judge_soon(&self, mut stored: StoredException, now: Timestamp) -> StoredException {
        let given = (stored.id, now);
        for _ in 0..SOON {
            let some = self
                .write(given, |session, (id, now)| Box::pin(judge_some(session, Some(*id), *now)))
                .await
                .inspect_err(|error| tracing::warn!(%error, "what an exception is about is judged later"));
            match some {
                Ok(true) => {}
                Ok(false) => {
                    stored.counted = true;
                    break;
                }
                Err(_) => break,
            }
        }
        stored
    }
}

/// Returns it, and whether it was made: or the one that is in force already and says the same.
async fn create(
    session: &mut dyn Session,
    stored: &StoredException,
) -> Result<(StoredException, bool), DatabaseFault> {
    let StoredException { id, exception, author, created_at, .. } = stored;
    // Passes that judge at the same time have ended theirs before, or begin when this is done. So do two that make the same.
    session.lock(EXCEPTIONS).await?;
    let severity = match &exception.severity {
        Some(severity) => Some(severity.clone()),
        None => worst_named(session, exception).await?,
    };
    let exception = &Exception { severity, ..exception.clone() };
    let vulnerability = Some(exception.id.clone());
    let like_it = ExceptionFilter { in_force_at: Some(*created_at), vulnerability };
    let like_it = all(session, &like_it).await?;
    let same = |other: &StoredException| other.id != *id && says_the_same(&other.exception, exception);
    for same in like_it.into_iter().filter(same) {
        // What has lapsed is made anew.
        if !has_lapsed(session, same.id).await? {
            return Ok((same, false));
        }
    }
    let values = [
        id.to_string().into(),
        (&exception.id).into(),
        exception.package.clone().into(),
        exception.repository.as_ref().map(Pattern::to_string).into(),
        exception.tag.as_ref().map(Pattern::to_string).into(),
        exception.digest.map(|digest| digest.to_string()).into(),
        exception.severity.as_ref().map(Severity::to_string).into(),
        (&exception.reason).into(),
        author.into(),
        (*created_at).into(),
        exception.until.map(|until| until.to_string()).into(),
    ];
    let sql = "INSERT INTO exceptions
          (id, vulnerability, package, repository, tag, digest, severity, reason, author, created_at, until, judged_to)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT (id) DO NOTHING";
    session.execute(sql, &values).await?;
    Ok((StoredException { exception: exception.clone(), ..stored.clone() }, true))
}

fn says_the_same(one: &Exception, other: &Exception) -> bool {
    let patterns = |exception: &Exception| {
        [&exception.repository, &exception.tag].map(|pattern| pattern.as_ref().map(Pattern::to_string))
    };
    one.id.eq_ignore_ascii_case(&other.id)
        && patterns(one) == patterns(other)
        && (&one.package, one.digest, &one.reason, one.until)
            == (&other.package, other.digest, &other.reason, other.until)
        && one.severity == other.severity
}

async fn end(
    session: &mut dyn Session,
    id: ExceptionId,
    at: Timestamp,
) -> Result<Option<StoredException>, DatabaseFault> {
    session.lock(EXCEPTIONS).await?;
    let sql = "UPDATE exceptions SET ended_at = $2, judged_to = 0 WHERE id = $1 AND ended_at IS NULL";
    session.execute(sql, &[id.to_string().into(), at.into()]).await?;
    get(session, id).await
}

/// Takes note of those whose last day is over since the last time.
async fn expire(session: &mut dyn Session, now: Timestamp) -> Result<(), DatabaseFault> {
    session.lock(EXCEPTIONS).await?;
    let sql = "UPDATE exceptions SET expired = 1, judged_to = 0
        WHERE until < $1 AND expired = 0 AND ended_at IS NULL";
    session.execute(sql, &[day_of(now).into()]).await.map(drop)
}
