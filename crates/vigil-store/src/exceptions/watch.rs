//! What exceptions accept now, and what people should know of that: each about to lapse is told once for its last day, and
//! each that nothing matches any more once until something did again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::news::{ChangeId, ExceptionNews, ExceptionNotice};
use vigil_core::policy::{Exception, Exceptions, Pattern};

use super::stored::{ExceptionFilter, all};
use super::written::written_id;
use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

/// The lock of whoever looks at exceptions: two at once would note the same. Those of repositories are above zero.
const WATCHING: i64 = -5;

/// What an exception accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    /// How many findings.
    pub findings: u64,
    /// In how many images that are there.
    pub images: u64,
    /// When it last was seen to accept any.
    pub last_matched_at: Option<Timestamp>,
}

/// When people are to know of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watching {
    /// So many days before its last day, if at all.
    pub warn_days: Option<i64>,
    /// An exception that is known since before this and accepts nothing is told, too; `None`: not all images were looked at.
    pub idle_since_before: Option<Timestamp>,
}

/// An exception in force, and who made it.
struct InForce {
    id: String,
    exception: Exception,
    author: Option<String>,
    since: Timestamp,
}

/// What is remembered of one beside what it accepts.
#[derive(Default)]
struct Known {
    first_seen: Option<Timestamp>,
    last_matched_at: Option<Timestamp>,
    warned_until: Option<String>,
    idle_at: Option<Timestamp>,
}

impl Store {
    /// Looks at what the exceptions accept that are in force: those that are kept here, and these of the settings. Notes what
    /// people should know of them.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn watch_exceptions(
        &self,
        written: Exceptions,
        watching: Watching,
        now: Timestamp,
    ) -> Result<(), DatabaseFault> {
        self.write((written, watching, now), |session, (written, watching, now)| {
            Box::pin(watch(session, written, *watching, *now))
        })
        .await
    }

    /// What each exception accepts, by its id; of one of the settings see [`written_id`]. One that never accepted anything is
    /// not in it.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn exception_matches(&self) -> Result<BTreeMap<String, Matches>, DatabaseFault> {
        self.read((), |session, ()| Box::pin(matches(session))).await
    }
}

async fn matches(session: &mut dyn Session) -> Result<BTreeMap<String, Matches>, DatabaseFault> {
    let mut matches: BTreeMap<String, Matches> = BTreeMap::new();
    let sql = "SELECT a.exception, count(*), count(DISTINCT i.id) FROM acceptances a
        JOIN image_findings f ON f.accepted = a.id JOIN images i ON i.id = f.image AND i.gone_at IS NULL
        WHERE a.source <> 'inspector' GROUP BY a.exception";
    for mut row in session.rows(sql, &[]).await? {
        let id = row.take()?;
        matches.insert(id, Matches { findings: row.take()?, images: row.take()?, last_matched_at: None });
    }
    let sql = "SELECT exception, last_matched_at FROM watched_exceptions WHERE last_matched_at IS NOT NULL";
    for mut row in session.rows(sql, &[]).await? {
        let exception = row.take()?;
        matches.entry(exception).or_default().last_matched_at = row.take()?;
    }
    Ok(matches)
}

async fn watch(
    session: &mut dyn Session,
    written: &Exceptions,
    watching: Watching,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    session.lock(WATCHING).await?;
    let matches = matches(session).await?;
    let mut known = known(session).await?;
    for one in in_force(session, written, now).await? {
        let before = known.remove(&one.id).unwrap_or_default();
        let first_seen = before.first_seen.unwrap_or(one.since);
        let accepts = matches.get(&one.id).cloned().unwrap_or_default();
        let matched = accepts.findings > 0;
        let mut after = Known {
            first_seen: Some(first_seen),
            last_matched_at: if matched { Some(now) } else { before.last_matched_at },
            warned_until: before.warned_until,
            idle_at: before.idle_at.filter(|_| !matched),
        };
        let is_looked_for = watching.idle_since_before.is_some();
        // Before the images were looked at, nobody knows whom it concerns.
        if let Some((until, days)) = lapses(&one.exception, watching, now)
            && (matched || is_looked_for)
            && after.warned_until.as_ref() != Some(&until)
        {
            note(session, &one, &accepts, ExceptionNotice::Lapses { days }, now).await?;
            after.warned_until = Some(until);
        }
        let is_old = watching.idle_since_before.is_some_and(|before| first_seen <= before);
        if !matched && after.idle_at.is_none() && is_looked_for && (is_old || after.last_matched_at.is_some())
        {
            let since = after.last_matched_at;
            note(session, &one, &accepts, ExceptionNotice::Idle { since }, now).await?;
            after.idle_at = Some(now);
        }
        keep(session, &one.id, after, now).await?;
    }
    Ok(())
}

/// The last day of one that is to be told now, and how far away it is.
fn lapses(exception: &Exception, watching: Watching, now: Timestamp) -> Option<(String, i64)> {
    let days = exception.days_left(now)?;
    (days >= 0 && days <= watching.warn_days?).then(|| Some((exception.until?.to_string(), days)))?
}

async fn in_force(
    session: &mut dyn Session,
    written: &Exceptions,
    now: Timestamp,
) -> Result<Vec<InForce>, DatabaseFault> {
    let stored = all(session, &ExceptionFilter { in_force_at: Some(now), vulnerability: None }).await?;
    let stored = stored.into_iter().map(|stored| InForce {
        id: stored.id.to_string(),
        exception: stored.exception,
        author: Some(stored.author),
        since: stored.created_at,
    });
    // Those of one image, as VEX states them, come and go with it.
    let lasting = written.iter().filter(|exception| !exception.expired(now) && exception.digest.is_none());
    let written = lasting.map(|exception| InForce {
        id: written_id(exception),
        exception: exception.clone(),
        author: None,
        since: now,
    });
    // What is written twice, as VEX of two images may state the same, is one exception.
    let mut seen = BTreeSet::new();
    Ok(stored.chain(written).filter(|one| seen.insert(one.id.clone())).collect())
}

async fn known(session: &mut dyn Session) -> Result<BTreeMap<String, Known>, DatabaseFault> {
    let sql = "SELECT exception, first_seen, last_matched_at, warned_until, idle_at FROM watched_exceptions";
    let mut known = BTreeMap::new();
    for mut row in session.rows(sql, &[]).await? {
        let of = row.take()?;
        let (first_seen, last_matched_at) = (row.take()?, row.take()?);
        known.insert(
            of,
            Known { first_seen, last_matched_at, warned_until: row.take()?, idle_at: row.take()? },
        );
    }
    Ok(known)
}

async fn keep(
    session: &mut dyn Session,
    id: &str,
    known: Known,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let Known { first_seen, last_matched_at, warned_until, idle_at } = known;
    let sql = "INSERT INTO watched_exceptions
          (exception, first_seen, last_matched_at, warned_until, idle_at, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (exception) DO UPDATE SET
          last_matched_at = excluded.last_matched_at, warned_until = excluded.warned_until,
          idle_at = excluded.idle_at, seen_at = excluded.seen_at";
    let values = [
        id.into(),
        first_seen.into(),
        last_matched_at.into(),
        warned_until.into(),
        idle_at.into(),
        now.into(),
    ];
    session.execute(sql, &values).await.map(drop)
}

async fn note(
    session: &mut dyn Session,
    InForce { id, exception, author, .. }: &InForce,
    accepts: &Matches,
    notice: ExceptionNotice,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let written = |pattern: &Option<Pattern>| pattern.as_ref().map(Pattern::to_string);
    let news = ExceptionNews {
        id: ChangeId(0),
        at: now,
        notice,
        vulnerability: exception.id.clone(),
        package: exception.package.clone(),
        repository: written(&exception.repository),
        tag: written(&exception.tag),
        reason: exception.reason.clone(),
        author: author.clone(),
        until: exception.until,
        findings: accepts.findings,
        images: accepts.images,
        subjects: Vec::new(),
    };
    let news = serde_json::to_string(&news).unwrap_or_default();
    let sql = "INSERT INTO exception_notices (at, exception, news) VALUES ($1, $2, $3)";
    session.execute(sql, &[now.into(), id.as_str().into(), news.into()]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use vigil_core::testing::now;

    use super::*;

    #[track_caller]
    fn check(until: i64, warn_days: Option<i64>, expected: Option<i64>) {
        let today = now().to_zoned(TimeZone::UTC).date();
        let until = today.checked_add(jiff::Span::new().days(until)).ok();
        let exception = Exception { until, ..Exception::of("CVE-1", "r") };
        let watching = Watching { warn_days, idle_since_before: None };
        assert_eq!(lapses(&exception, watching, now()).map(|(_, days)| days), expected);
    }

    #[test]
    fn an_exception_is_about_to_lapse_until_its_last_day_is_over() {
        check(15, Some(14), None);
        check(14, Some(14), Some(14));
        check(0, Some(14), Some(0));
        check(-1, Some(14), None);
        check(3, None, None);
    }
}
