//! The beginning and the end of a pass. These wait while the database is away: a pass must not go unremembered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::image::RegistryId;

use super::PassId;
use crate::sql::{DatabaseFault, Row, Session, Value};
use crate::store::Store;
use crate::trend;

/// A pass that begins.
#[derive(Debug, Clone)]
pub struct NewPass {
    /// The schedule that it belongs to; or any other word, for one that somebody asks for.
    pub schedule: String,
    /// Which of the schedule's times it is for.
    pub tick: Option<Timestamp>,
    /// What set it off, such as `schedule`, `run-now` or `api`.
    pub trigger: String,
    /// What it was asked for beside its schedule, in words that only its maker understands.
    pub request: Option<String>,
    /// When it begins.
    pub at: Timestamp,
}

/// A pass whose end is not known: it is under way, or was when its process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedPass {
    /// Its id.
    pub id: PassId,
    /// Its schedule.
    pub schedule: String,
    /// Which of the schedule's times it is for.
    pub tick: Option<Timestamp>,
    /// What set it off.
    pub trigger: String,
    /// What it was asked for beside its schedule.
    pub request: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// How often it was resumed.
    pub resumed: u64,
}

impl Store {
    /// Writes down that a pass begins.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; a PostgreSQL server that is away is waited for.
    pub async fn begin_pass(&self, pass: NewPass) -> Result<PassId, DatabaseFault> {
        let id = PassId::draw();
        self.write_patiently((id, pass), |session, (id, pass)| Box::pin(begin(session, *id, pass))).await?;
        Ok(id)
    }

    /// The passes without an end, oldest first.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn unfinished_passes(&self) -> Result<Vec<UnfinishedPass>, DatabaseFault> {
        self.read((), |session, ()| Box::pin(unfinished(session))).await
    }

    /// Takes note that an unfinished pass goes on after a restart. Its images are counted anew.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; a PostgreSQL server that is away is waited for.
    pub async fn resume_pass(&self, id: PassId) -> Result<(), DatabaseFault> {
        self.write_patiently(id, |session, id| Box::pin(resume(session, *id))).await
    }

    /// Writes down how a pass ended: in one word, and with a report that only its reader understands. To end it twice
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; a PostgreSQL server that is away is waited for.
    pub async fn end_pass(
        &self,
        id: PassId,
        at: Timestamp,
        outcome: &str,
        report: Option<String>,
    ) -> Result<(), DatabaseFault> {
        let given = (id, at, outcome.to_owned(), report);
        self.write_patiently(given, |session, (id, at, outcome, report)| {
            Box::pin(end(session, *id, *at, outcome, report.clone()))
        })
        .await
    }

    /// Writes down how a look at what events tell of ended. Unlike at the end of a pass, the open findings of everything that is
    /// remembered are not counted for it.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; a PostgreSQL server that is away is waited for.
    pub async fn end_look(
        &self,
        id: PassId,
        at: Timestamp,
        outcome: &str,
        report: Option<String>,
    ) -> Result<(), DatabaseFault> {
        let given = (id, at, outcome.to_owned(), report);
        self.write_patiently(given, |session, (id, at, outcome, report)| {
            Box::pin(async move {
                note_end(session, *id, *at, outcome, report.clone()).await?;
                // Nobody has made a pass, and perhaps nobody will: what comes from now on is news all the same.
                let sql = "UPDATE registries SET seen_at = $1 WHERE seen_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM passes
                    WHERE cause <> 'event' AND outcome IS DISTINCT FROM 'given_up')";
                session.execute(sql, &[(*at).into()]).await.map(drop)
            })
        })
        .await
    }

    /// Ends an unfinished pass that does not go on, and gives its time back to its schedule: another pass is begun for it.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; a PostgreSQL server that is away is waited for.
    pub async fn give_back_pass(&self, id: PassId, at: Timestamp) -> Result<(), DatabaseFault> {
        self.write_patiently((id, at), |session, (id, at)| Box::pin(give_back(session, *id, *at))).await
    }

    /// How many scans were started in each registry by a pass, in all processes that it went on in.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn starts_of_pass(&self, id: PassId) -> Result<BTreeMap<RegistryId, u64>, DatabaseFault> {
        self.read(id, |session, id| Box::pin(starts(session, *id))).await
    }

    /// The latest of a schedule's times for which a pass was begun.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn last_tick(&self, schedule: &str) -> Result<Option<Timestamp>, DatabaseFault> {
        self.read(schedule.to_owned(), |session, schedule| Box::pin(last_tick(session, schedule))).await
    }
}

async fn begin(session: &mut dyn Session, id: PassId, pass: &NewPass) -> Result<(), DatabaseFault> {
    let values: [Value; 6] = [
        id.to_string().into(),
        (&pass.schedule).into(),
        pass.tick.into(),
        (&pass.trigger).into(),
        pass.at.into(),
        pass.request.clone().into(),
    ];
    let sql = "INSERT INTO passes (id, schedule, tick, cause, began_at, request)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
    session.execute(sql, &values).await.map(drop)
}

async fn unfinished(session: &mut dyn Session) -> Result<Vec<UnfinishedPass>, DatabaseFault> {
    let sql = "SELECT id, schedule, tick, cause, request, began_at, resumed
        FROM passes WHERE ended_at IS NULL ORDER BY number";
    session.rows(sql, &[]).await?.into_iter().map(unfinished_pass).collect()
}

fn unfinished_pass(mut row: Row) -> Result<UnfinishedPass, DatabaseFault> {
    Ok(UnfinishedPass {
        id: row.take()?,
        schedule: row.take()?,
        tick: row.take()?,
        trigger: row.take()?,
        request: row.take()?,
        began: row.take()?,
        resumed: row.take()?,
    })
}

async fn resume(session: &mut dyn Session, id: PassId) -> Result<(), DatabaseFault> {
    let id = [id.to_string().into()];
    session
        .execute("UPDATE passes SET resumed = resumed + 1 WHERE id = $1 AND ended_at IS NULL", &id)
        .await?;
    let sql = "DELETE FROM pass_counts WHERE pass = (SELECT number FROM passes WHERE id = $1)";
    session.execute(sql, &id).await.map(drop)
}

async fn end(
    session: &mut dyn Session,
    id: PassId,
    at: Timestamp,
    outcome: &str,
    report: Option<String>,
) -> Result<(), DatabaseFault> {
    note_end(session, id, at, outcome, report).await?;
    let sql = "UPDATE registries SET seen_at = $2 WHERE seen_at IS NULL AND id IN (SELECT p.registry
        FROM repositories p JOIN passes x ON x.number = p.listed_in WHERE x.id = $1)";
    session.execute(sql, &[id.to_string().into(), at.into()]).await?;
    trend::take_stock(session, at).await
}

async fn note_end(
    session: &mut dyn Session,
    id: PassId,
    at: Timestamp,
    outcome: &str,
    report: Option<String>,
) -> Result<(), DatabaseFault> {
    let values = [id.to_string().into(), at.into(), outcome.into(), report.into()];
    let sql = "UPDATE passes SET ended_at = $2, outcome = $3, report = $4 WHERE id = $1 AND ended_at IS NULL";
    session.execute(sql, &values).await.map(drop)
}

async fn give_back(session: &mut dyn Session, id: PassId, at: Timestamp) -> Result<(), DatabaseFault> {
    let sql = "UPDATE passes SET ended_at = $2, outcome = 'given_up', tick = NULL
        WHERE id = $1 AND ended_at IS NULL";
    session.execute(sql, &[id.to_string().into(), at.into()]).await.map(drop)
}

async fn starts(session: &mut dyn Session, id: PassId) -> Result<BTreeMap<RegistryId, u64>, DatabaseFault> {
    let sql = "SELECT r.partition_name, r.account, r.region, count(*)
        FROM images i JOIN repositories p ON p.id = i.repository JOIN registries r ON r.id = p.registry
        WHERE i.started_by = (SELECT number FROM passes WHERE id = $1)
        GROUP BY r.partition_name, r.account, r.region";
    let started = |mut row: Row| {
        let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
        Ok((registry, row.take()?))
    };
    session.rows(sql, &[id.to_string().into()]).await?.into_iter().map(started).collect()
}

async fn last_tick(session: &mut dyn Session, schedule: &str) -> Result<Option<Timestamp>, DatabaseFault> {
    let sql = "SELECT max(tick) FROM passes WHERE schedule = $1";
    let row = session.row(sql, &[schedule.into()]).await?;
    row.map_or(Ok(None), |mut row| row.take())
}
