//! Passes that were, and what each did with the images.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::image::{Digest, RegistryId, RepositoryName};

use super::PassId;
use crate::answer::Standing;
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement};
use crate::store::Store;

/// Which passes are wanted; all, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct PassFilter {
    /// Of this schedule.
    pub schedule: Option<String>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// Only those that were asked for nothing beside their schedule.
    pub whole: bool,
}

/// A pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRow {
    /// Its id.
    pub id: PassId,
    /// Its schedule.
    pub schedule: String,
    /// Which of the schedule's times it was for.
    pub tick: Option<Timestamp>,
    /// What set it off.
    pub trigger: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None` while it is under way.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<String>,
    /// How often it was resumed after a restart.
    pub resumed: u64,
    /// What it was asked for beside its schedule, in words that only its maker understands.
    pub request: Option<String>,
}

/// A pass, and what it decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassDetail {
    /// The pass.
    pub pass: PassRow,
    /// On how many images each decision was made, by its code and its reason's; the reason may be empty.
    pub decided: BTreeMap<(String, String), u64>,
    /// The report that it ended with.
    pub report: Option<String>,
}

/// An image of which a pass did or could not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassImage {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// The image.
    pub digest: Digest,
    /// What was decided, and what came of it.
    pub standing: Standing,
}

impl Store {
    /// Passes, newest first.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn passes(&self, filter: PassFilter, slice: Slice) -> Result<Page<PassRow>, Unanswered> {
        const NAME: &str = "passes";
        let key = slice.key(NAME, &[0.into()])?;
        let given = (filter, slice.limit, key);
        let found = self
            .read(given, |session, (filter, limit, key)| Box::pin(list(session, filter, *limit, key.clone())))
            .await?;
        Ok(page(found, &slice, NAME))
    }

    /// One pass; `None` if there is none with this id.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn pass(&self, id: PassId) -> Result<Option<PassDetail>, DatabaseFault> {
        self.read(id, |session, id| Box::pin(one(session, *id))).await
    }

    /// The images of which a pass did or could not do something, with this decision (`scan`, `wait`, `hold`, …) if one is
    /// named; those that rest are only counted.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn images_of_pass(
        &self,
        id: PassId,
        decision: Option<String>,
        slice: Slice,
    ) -> Result<Page<PassImage>, Unanswered> {
        const NAME: &str = "images of a pass";
        let key = slice.key(NAME, &[0.into()])?;
        let given = (id, decision, slice.limit, key);
        let found = self
            .read(given, |session, (id, decision, limit, key)| {
                Box::pin(images(session, *id, decision.as_deref(), *limit, key.clone()))
            })
            .await?;
        Ok(page(found, &slice, NAME))
    }
}

const COLUMNS: &str = "number, id, schedule, tick, cause, began_at, ended_at, outcome, resumed, request";

async fn list(
    session: &mut dyn Session,
    filter: &PassFilter,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, PassRow)>, DatabaseFault> {
    let mut statement = Statement::new(&format!("SELECT {COLUMNS} FROM passes WHERE true"));
    statement.with_some("AND schedule = $", filter.schedule.as_ref());
    statement.with_some("AND outcome = $", filter.outcome.as_ref());
    statement.when(filter.whole, "AND request IS NULL");
    if let Some([number]) = key.and_then(|key| <[_; 1]>::try_from(key).ok()) {
        statement.with("AND number < $", [number]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY number DESC LIMIT $", [limit.into()]);
    let found = session.ask(&statement).await?.into_iter();
    found.map(|mut row| pass(&mut row).map(|(number, pass)| (vec![number.into()], pass))).collect()
}

async fn one(session: &mut dyn Session, id: PassId) -> Result<Option<PassDetail>, DatabaseFault> {
    let sql = format!("SELECT {COLUMNS}, report FROM passes WHERE id = $1");
    let Some(mut row) = session.row(&sql, &[id.to_string().into()]).await? else { return Ok(None) };
    let (number, pass) = pass(&mut row)?;
    let report = row.take()?;
    let sql = "SELECT decision, reason, CAST(sum(images) AS BIGINT) FROM (
          SELECT decision, reason, images FROM pass_counts WHERE pass = $1
          UNION ALL
          SELECT decision, coalesce(reason, ''), count(*) FROM pass_images WHERE pass = $1
          GROUP BY decision, coalesce(reason, '')) AS told
        GROUP BY decision, reason";
    let decided = session.rows(sql, &[number.into()]).await?.into_iter();
    let decided = decided.map(|mut row| Ok(((row.take()?, row.take()?), row.take()?)));
    Ok(Some(PassDetail { pass, decided: decided.collect::<Result<_, DatabaseFault>>()?, report }))
}

async fn images(
    session: &mut dyn Session,
    id: PassId,
    decision: Option<&str>,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, PassImage)>, DatabaseFault> {
    let mut statement = Statement::new(
        "SELECT o.image, r.partition_name, r.account, r.region, p.name, i.digest, o.decision, o.reason, o.detail,
           o.next_at, o.ending, o.said
         FROM pass_images o JOIN images i ON i.id = o.image JOIN repositories p ON p.id = i.repository
         JOIN registries r ON r.id = p.registry",
    );
    let of = "WHERE o.pass = (SELECT number FROM passes WHERE id = $)";
    statement.with(of, [id.to_string().into()]).with_some("AND o.decision = $", decision);
    if let Some([image]) = key.and_then(|key| <[_; 1]>::try_from(key).ok()) {
        statement.with("AND o.image > $", [image]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY o.image LIMIT $", [limit.into()]);
    session.ask(&statement).await?.into_iter().map(image).collect()
}

fn pass(row: &mut Row) -> Result<(i64, PassRow), DatabaseFault> {
    let number = row.take()?;
    let pass = PassRow {
        id: row.take()?,
        schedule: row.take()?,
        tick: row.take()?,
        trigger: row.take()?,
        began: row.take()?,
        ended: row.take()?,
        outcome: row.take()?,
        resumed: row.take()?,
        request: row.take()?,
    };
    Ok((number, pass))
}

fn image(mut row: Row) -> Result<(Key, PassImage), DatabaseFault> {
    let id: i64 = row.take()?;
    let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
    let (repository, digest) = (row.take()?, row.take()?);
    let standing = Standing {
        decision: row.take()?,
        reason: row.take()?,
        detail: row.take()?,
        next_at: row.take()?,
        ending: row.take()?,
        said: row.take()?,
    };
    Ok((vec![id.into()], PassImage { registry, repository, digest, standing }))
}
