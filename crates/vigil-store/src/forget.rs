//! Forgets what is old: a little at a time, so that nobody waits long for their turn to write.

use jiff::{SignedDuration, Timestamp};

use crate::exceptions::EXCEPTIONS;
use crate::orphans::forget_orphans;
use crate::sql::{DatabaseFault, Session, Type, Value};
use crate::store::Store;

/// How long things are remembered; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Passes, after their end.
    pub passes: Option<SignedDuration>,
    /// Changes, published or not, messages that were delivered or given up, the daily trend, and what there was to know of
    /// exceptions.
    pub changes: Option<SignedDuration>,
    /// Scans; the findings of an image's last one stay as long as the image.
    pub scans: Option<SignedDuration>,
    /// Findings that went from a lineage: when one comes back later than that, it has no past.
    pub fixed: Option<SignedDuration>,
    /// Images, tags, repositories and lineages that are gone from ECR.
    pub gone: Option<SignedDuration>,
}

/// How many rows were forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Passes.
    pub passes: u64,
    /// Changes and days of the trend.
    pub changes: u64,
    /// Scans.
    pub scans: u64,
    /// Fixed findings.
    pub fixed: u64,
    /// Images.
    pub images: u64,
    /// Lineages.
    pub lineages: u64,
    /// Repositories.
    pub repositories: u64,
    /// Tags that images had.
    pub tags: u64,
    /// Contents of findings, vulnerabilities, packages and acceptances that nothing refers to any more.
    pub orphans: u64,
}

/// So many rows in a transaction: it is over in milliseconds.
const AT_ONCE: u64 = 500;
/// An image takes hundreds of findings with it.
const IMAGES_AT_ONCE: u64 = 10;

impl Default for Retention {
    /// Half a year of passes and changes, a year of scans and fixed findings, a month of images that are gone.
    fn default() -> Self {
        let days = |days: i64| Some(SignedDuration::from_hours(24 * days));
        Self { passes: days(180), changes: days(180), scans: days(365), fixed: days(365), gone: days(30) }
    }
}

/// One kind of thing to forget: what is done in a transaction, over and over until nothing is left to do.
type Batch = for<'s> fn(
    &'s mut (dyn Session + 's),
    &'s Timestamp,
) -> futures::future::BoxFuture<'s, Result<u64, DatabaseFault>>;

impl Store {
    /// Forgets what was kept for long enough. It can be broken off at any time.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; what was forgotten before stays forgotten.
    pub async fn forget(&self, retention: Retention, now: Timestamp) -> Result<Forgotten, DatabaseFault> {
        Ok(Forgotten {
            passes: self.batches(retention.passes, now, |s, at| Box::pin(passes(s, *at))).await?,
            changes: self.batches(retention.changes, now, |s, at| Box::pin(changes(s, *at))).await?,
            scans: self.batches(retention.scans, now, |s, at| Box::pin(scans(s, *at))).await?,
            fixed: self.batches(retention.fixed, now, |s, at| Box::pin(fixed(s, *at))).await?,
            images: self.batches(retention.gone, now, |s, at| Box::pin(images(s, *at))).await?,
            lineages: self.batches(retention.gone, now, |s, at| Box::pin(lineages(s, *at))).await?,
            repositories: self.batches(retention.gone, now, |s, at| Box::pin(repositories(s, *at))).await?,
            tags: self.batches(retention.gone, now, |s, at| Box::pin(tags(s, *at))).await?,
            orphans: if retention.gone.is_some() { forget_orphans(self).await? } else { 0 },
        })
    }

    async fn batches(
        &self,
        kept: Option<SignedDuration>,
        now: Timestamp,
        batch: Batch,
    ) -> Result<u64, DatabaseFault> {
        let Some(before) = kept.and_then(|kept| now.checked_sub(kept).ok()) else { return Ok(0) };
        let mut forgotten = 0;
        loop {
            let given = (before, batch);
            let some = self.write(given, |session, (before, batch)| {
                Box::pin(async move {
                    // A pass shares this lock from before it looks at what it goes on with until it is written down.
                    session.lock(EXCEPTIONS).await?;
                    batch(session, before).await
                })
            });
            let some = some.await?;
            forgotten += some;
            if some == 0 {
                return Ok(forgotten);
            }
        }
    }
}

async fn passes(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    // The pass for the last of a schedule's times says which that was.
    let old = "SELECT number FROM passes p WHERE ended_at < $1
        AND (tick IS NULL OR tick < (SELECT max(q.tick) FROM passes q WHERE q.schedule = p.schedule))
        ORDER BY number LIMIT 1";
    let Some(mut row) = session.row(old, &[before.into()]).await? else { return Ok(0) };
    let number: [Value; 1] = [row.take::<i64>()?.into()];
    for sql in ["DELETE FROM pass_images WHERE pass = $1", "DELETE FROM pass_counts WHERE pass = $1"] {
        session.execute(sql, &number).await?;
    }
    session.execute("DELETE FROM passes WHERE number = $1", &number).await
}

async fn changes(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let sql = "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE at < $1 ORDER BY at LIMIT $2)";
    let changes = session.execute(sql, &[before.into(), AT_ONCE.into()]).await?;
    let sql = "DELETE FROM failures WHERE id IN (SELECT id FROM failures WHERE at < $1 ORDER BY at LIMIT $2)";
    let failures = session.execute(sql, &[before.into(), AT_ONCE.into()]).await?;
    let (excepted, parcels) = (excepted(session, before).await?, parcels(session, before).await?);
    let day = crate::trend::day_of(before.to_zoned(jiff::tz::TimeZone::UTC).date());
    let sql = "DELETE FROM trend WHERE day = (SELECT min(day) FROM trend) AND day < $1";
    Ok(changes + failures + excepted + parcels + session.execute(sql, &[day.into()]).await?)
}

/// What there was to know of exceptions, and what is known of those that are in force no more.
async fn excepted(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let sql = "DELETE FROM exception_notices WHERE id IN
        (SELECT id FROM exception_notices WHERE at < $1 ORDER BY at LIMIT $2)";
    let notices = session.execute(sql, &[before.into(), AT_ONCE.into()]).await?;
    let sql = "DELETE FROM watched_exceptions WHERE exception IN
        (SELECT exception FROM watched_exceptions WHERE seen_at < $1 LIMIT $2)";
    Ok(notices + session.execute(sql, &[before.into(), AT_ONCE.into()]).await?)
}

/// Messages that were delivered or given up.
async fn parcels(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let mut forgotten = 0;
    for end in ["delivered_at", "dead_at"] {
        let old = format!("SELECT number FROM parcels WHERE {end} < $1 ORDER BY {end} LIMIT $2");
        let rows = session.rows(&old, &[before.into(), AT_ONCE.into()]).await?;
        let ids: Vec<i64> = rows.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>()?;
        forgotten += ids.len() as u64;
        for id in ids {
            session.execute("DELETE FROM parcel_messages WHERE parcel = $1", &[id.into()]).await?;
            session.execute("DELETE FROM parcels WHERE number = $1", &[id.into()]).await?;
        }
    }
    Ok(forgotten)
}

async fn scans(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let sql = "DELETE FROM scans WHERE id IN (SELECT id FROM scans WHERE at < $1 ORDER BY at LIMIT $2)";
    session.execute(sql, &[before.into(), AT_ONCE.into()]).await
}

async fn fixed(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let old = "SELECT lineage, vulnerability, package FROM lineage_findings
        WHERE fixed_at < $1 ORDER BY fixed_at LIMIT $2";
    let mut rows = Vec::new();
    for mut row in session.rows(old, &[before.into(), AT_ONCE.into()]).await? {
        let key: [i64; 3] = [row.take()?, row.take()?, row.take()?];
        rows.push(key.map(Value::from).to_vec());
    }
    let forgotten = rows.len() as u64;
    let columns = ["lineage", "vulnerability", "package"].map(|name| (name, Type::Int));
    for of in ["lineage_acceptances", "lineage_findings"] {
        let sql = format!(
            "DELETE FROM {of} WHERE (lineage, vulnerability, package) IN
            (SELECT lineage, vulnerability, package FROM {{rows}})"
        );
        session.each(&sql, &columns, rows.clone()).await?;
    }
    Ok(forgotten)
}

async fn images(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let old = "SELECT id FROM images WHERE gone_at < $1 ORDER BY gone_at LIMIT $2";
    let rows = session.rows(old, &[before.into(), IMAGES_AT_ONCE.into()]).await?;
    let ids: Vec<i64> = rows.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>()?;
    for id in &ids {
        // Changes have a time of their own, and so have passes, which do not show it any more.
        for of in ["image_findings", "scans", "tags"] {
            session.execute(&format!("DELETE FROM {of} WHERE image = $1"), &[(*id).into()]).await?;
        }
        session.execute("DELETE FROM images WHERE id = $1", &[(*id).into()]).await?;
    }
    Ok(ids.len() as u64)
}

async fn tags(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let old = "SELECT image, name, since FROM tags WHERE until < $1 ORDER BY until LIMIT $2";
    let mut rows = Vec::new();
    for mut row in session.rows(old, &[before.into(), AT_ONCE.into()]).await? {
        rows.push(vec![row.take::<i64>()?.into(), row.take::<String>()?.into(), row.take::<i64>()?.into()]);
    }
    let forgotten = rows.len() as u64;
    let columns = [("image", Type::Int), ("name", Type::Text), ("since", Type::Int)];
    let sql = "DELETE FROM tags WHERE (image, name, since) IN (SELECT image, name, since FROM {rows})";
    session.each(sql, &columns, rows).await?;
    Ok(forgotten)
}

async fn lineages(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    // Changes, which have a time of their own, are shown with their lineage.
    let old = "SELECT id FROM lineages l WHERE ended_at < $1
          AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.lineage = l.id)
        ORDER BY ended_at LIMIT $2";
    let rows = session.rows(old, &[before.into(), IMAGES_AT_ONCE.into()]).await?;
    let ids: Vec<i64> = rows.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>()?;
    for id in &ids {
        for of in ["lineage_acceptances", "lineage_findings"] {
            session.execute(&format!("DELETE FROM {of} WHERE lineage = $1"), &[(*id).into()]).await?;
        }
        session.execute("DELETE FROM lineages WHERE id = $1", &[(*id).into()]).await?;
    }
    Ok(ids.len() as u64)
}

/// Only those that nothing refers to any more.
async fn repositories(session: &mut dyn Session, before: Timestamp) -> Result<u64, DatabaseFault> {
    let old = "SELECT id FROM repositories p WHERE gone_at < $1
          AND NOT EXISTS (SELECT 1 FROM images i WHERE i.repository = p.id)
          AND NOT EXISTS (SELECT 1 FROM lineages l WHERE l.repository = p.id)
        ORDER BY gone_at LIMIT 1";
    let Some(mut row) = session.row(old, &[before.into()]).await? else { return Ok(0) };
    let id: [Value; 1] = [row.take::<i64>()?.into()];
    session.execute("DELETE FROM trend WHERE repository = $1", &id).await?;
    // A listing of the registry, which holds no lock, may have found it again.
    session.execute("DELETE FROM repositories WHERE id = $1 AND gone_at IS NOT NULL", &id).await
}
