//! How many findings are open, new and fixed: a row a day, repository and severity.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use vigil_core::finding::{Counts, Severity};
use vigil_core::lineage::FindingState;

use crate::answer::Scope;
use crate::ledger::severities;
use crate::sql::{DatabaseFault, Session, Statement, Type};
use crate::store::Store;

/// One severity on one day, over all repositories that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrendPoint {
    /// The day, in UTC.
    pub day: Date,
    /// The severity.
    pub severity: Severity,
    /// Findings that were open when the last pass of the day ended, in the images at which lineages stand: an image that
    /// another one has followed under its tags does not count.
    pub open: u64,
    /// Findings that appeared along lineages on this day, those of a lineage's first scan left out.
    pub new: u64,
    /// Findings that went.
    pub fixed: u64,
}

/// So many images' counts are held at once, however many there are.
const HEADS_AT_ONCE: u64 = 1_000;

impl Store {
    /// Day by day, oldest first, and worst first within a day; a day without any pass has no points.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn trend(&self, scope: Scope, since: Date) -> Result<Vec<TrendPoint>, DatabaseFault> {
        self.read((scope, since), |session, (scope, since)| Box::pin(read(session, scope, *since))).await
    }
}

async fn read(
    session: &mut dyn Session,
    scope: &Scope,
    since: Date,
) -> Result<Vec<TrendPoint>, DatabaseFault> {
    let repositories = scope.repositories(session).await?;
    let mut statement = Statement::new(
        "SELECT t.day, s.word, CAST(sum(t.open) AS BIGINT), CAST(sum(t.appeared) AS BIGINT),
           CAST(sum(t.fixed) AS BIGINT)
         FROM trend t JOIN severities s ON s.id = t.severity",
    );
    statement.with("WHERE t.day >= $", [day_of(since).into()]);
    repositories.narrow("t.repository", &mut statement);
    statement.with("GROUP BY t.day, t.severity, s.word ORDER BY t.day, t.severity DESC", []);
    let rows = session.ask(&statement).await?.into_iter().map(|mut row| {
        Ok(TrendPoint {
            day: date_of(row.take()?),
            severity: row.take()?,
            open: row.take()?,
            new: row.take()?,
            fixed: row.take()?,
        })
    });
    rows.collect()
}

/// Counts what was new and fixed.
pub(crate) async fn count(
    session: &mut dyn Session,
    repository: i64,
    changes: &[(i64, FindingState)],
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let mut sums: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for (severity, kind) in changes {
        let sum = sums.entry(*severity).or_default();
        match kind {
            FindingState::New => sum.0 += 1,
            FindingState::Fixed => sum.1 += 1,
            _ => {}
        }
    }
    let day = day_of(now.to_zoned(TimeZone::UTC).date());
    let rows = sums.into_iter().filter(|(_, sum)| *sum != (0, 0)).map(|(severity, (appeared, fixed))| {
        vec![repository.into(), day.into(), severity.into(), appeared.into(), fixed.into()]
    });
    let columns = ["repository", "day", "severity", "appeared", "fixed"].map(|name| (name, Type::Int));
    let sql = "INSERT INTO trend (repository, day, severity, open, appeared, fixed)
        SELECT repository, day, severity, 0, appeared, fixed FROM {rows} WHERE true
        ON CONFLICT (repository, day, severity) DO UPDATE SET
          appeared = trend.appeared + excluded.appeared, fixed = trend.fixed + excluded.fixed";
    session.each(sql, &columns, rows.collect()).await.map(drop)
}

/// Writes down how many findings are open in each repository.
pub(crate) async fn take_stock(session: &mut dyn Session, now: Timestamp) -> Result<(), DatabaseFault> {
    let open = open(session).await?;
    let day = day_of(now.to_zoned(TimeZone::UTC).date());
    let words = open.values().flat_map(Counts::iter).map(|(severity, _)| severity);
    let ids = severities(session, words).await?;
    // What had findings earlier today may have none any more.
    session.execute("UPDATE trend SET open = 0 WHERE day = $1 AND open <> 0", &[day.into()]).await?;
    let mut rows = Vec::new();
    for (repository, counts) in &open {
        for (severity, _) in counts.iter() {
            let id = ids.get(severity).copied().unwrap_or_default();
            rows.push(vec![(*repository).into(), day.into(), id.into(), counts.get(severity).into()]);
        }
    }
    let columns = ["repository", "day", "severity", "open"].map(|name| (name, Type::Int));
    let sql = "INSERT INTO trend (repository, day, severity, open, appeared, fixed)
        SELECT repository, day, severity, open, 0, 0 FROM {rows} WHERE true
        ON CONFLICT (repository, day, severity) DO UPDATE SET open = excluded.open";
    session.each(sql, &columns, rows).await.map(drop)
}

/// The open findings of each repository.
async fn open(session: &mut dyn Session) -> Result<BTreeMap<i64, Counts>, DatabaseFault> {
    let sql = "SELECT i.id, i.repository, i.counts
        FROM (SELECT DISTINCT image FROM lineages WHERE image > $1 ORDER BY image LIMIT $2) AS heads
        JOIN images i ON i.id = heads.image ORDER BY i.id";
    let mut open: BTreeMap<i64, Counts> = BTreeMap::new();
    let mut last = 0_i64;
    loop {
        let page = session.rows(sql, &[last.into(), HEADS_AT_ONCE.into()]).await?;
        if page.is_empty() {
            return Ok(open);
        }
        for mut row in page {
            last = row.take()?;
            let (repository, counts) = (row.take()?, crate::answer::counts_from(row.take()?));
            counts.into_iter().for_each(|counts| open.entry(repository).or_default().add(&counts));
        }
    }
}

pub(crate) fn day_of(date: Date) -> i64 {
    let noon = date.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).map(|noon| noon.timestamp().as_second());
    noon.unwrap_or_default().div_euclid(86_400)
}

pub(crate) fn date_of(day: i64) -> Date {
    let at = Timestamp::from_second(day * 86_400).unwrap_or(Timestamp::MAX);
    at.to_zoned(TimeZone::UTC).date()
}
