//! Takes over what catalogues say to the vulnerabilities that were found, and to lineages that have one of which it has
//! become known that it is exploited. That a score has changed is written at the vulnerability alone.
//!
//! Everything is held against the catalogues as they are now, so that it can be broken off at any time and done again. Only
//! how far a vulnerability was taken over to its images is written down: its own row says already what is known.

use jiff::Timestamp;
use vigil_core::lineage::Step;
use vigil_core::threat::{CatalogueKind, Threat, Threats};

use crate::answer::{THREAT, threat};
use crate::ledger::{EXPLOIT_KNOWN, LISTED, follow_threat};
use crate::sql::{DatabaseFault, Session, Type, Value};
use crate::store::Store;
use crate::trend::day_of;

/// The lock of whoever takes over what catalogues say. Those of repositories are above zero.
const LEARNING: i64 = -4;

/// So many vulnerabilities are looked at in one go.
const AT_ONCE: u64 = 2_000;

/// So many images in a transaction: it is over in a fraction of a second.
const IMAGES_AT_ONCE: u64 = 100;

/// A vulnerability of which the catalogues say something else than what is known.
#[derive(Debug, Clone)]
struct Learned {
    id: i64,
    threat: Threat,
    /// Whether it is listed as known exploited now and was not, or the other way round.
    listing_changed: bool,
}

impl Store {
    /// Takes over what the catalogues say: some vulnerabilities, or some images of one, in a transaction. It can be broken off
    /// at any time, and goes on from there. Of the first catalogue of its kind nothing is news.
    ///
    /// # Errors
    ///
    /// If it cannot be read or written down.
    pub async fn learn_threats(&self, threats: &Threats, now: Timestamp) -> Result<(), DatabaseFault> {
        self.spread(now).await?;
        let mut last = 0;
        loop {
            let given = (threats.clone(), last);
            let (learned, next) =
                self.read(given, |session, (threats, last)| Box::pin(look(session, threats, *last))).await?;
            // One whose lineages are to learn of it ends a transaction, so that there is one at a time.
            for some in learned.split_inclusive(|learned| learned.listing_changed) {
                self.write(some.to_vec(), |session, some| Box::pin(learn(session, some))).await?;
                self.spread(now).await?;
            }
            match next {
                Some(next) => last = next,
                None => break,
            }
        }
        let kinds = threats.kinds();
        self.write(kinds, |session, kinds| Box::pin(is_known(session, kinds))).await
    }

    /// Goes on with the vulnerability whose lineages are to learn what is known of it.
    async fn spread(&self, now: Timestamp) -> Result<(), DatabaseFault> {
        while self.write(now, |session, now| Box::pin(spread_some(session, *now))).await? {}
        Ok(())
    }
}

/// Those after this one of which something else is said, and where to go on.
async fn look(
    session: &mut dyn Session,
    threats: &Threats,
    last: i64,
) -> Result<(Vec<Learned>, Option<i64>), DatabaseFault> {
    let sql = format!(
        "SELECT v.id, v.name, {THREAT} FROM vulnerabilities v WHERE v.id > $1 ORDER BY v.id LIMIT $2"
    );
    let rows = session.rows(&sql, &[last.into(), AT_ONCE.into()]).await?;
    let is_full = rows.len() as u64 == AT_ONCE;
    let (mut learned, mut next) = (Vec::new(), None);
    for mut row in rows {
        let (id, name): (i64, String) = (row.take()?, row.take()?);
        let (before, threat) = (threat(&mut row)?, threats.of(&name));
        let listing_changed = before.known_exploited.is_some() != threat.known_exploited.is_some();
        if before != threat {
            learned.push(Learned { id, threat, listing_changed });
        }
        next = Some(id);
    }
    Ok((learned, next.filter(|_| is_full)))
}

async fn learn(session: &mut dyn Session, learned: &[Learned]) -> Result<(), DatabaseFault> {
    session.lock(LEARNING).await?;
    let row = |Learned { id, threat, .. }: &Learned| {
        std::iter::once(Value::from(*id)).chain(threat_values(threat)).collect()
    };
    let columns = ["id", "listed_on", "due_on", "ransomware", "epss", "epss_percentile"];
    let sql = "UPDATE vulnerabilities SET listed_on = rows.listed_on, due_on = rows.due_on,
          ransomware = rows.ransomware, epss = rows.epss, epss_percentile = rows.epss_percentile
        FROM {rows} WHERE vulnerabilities.id = rows.id";
    session.each(sql, &columns.map(|name| (name, Type::Int)), learned.iter().map(row).collect()).await?;
    for Learned { id, .. } in learned.iter().filter(|learned| learned.listing_changed) {
        let sql = "INSERT INTO learning (vulnerability, image, is_news)
            SELECT $1, -1, 1 - coalesce((SELECT is_first FROM catalogues WHERE kind = $2), 1)";
        session.execute(sql, &[(*id).into(), CatalogueKind::Kev.code().into()]).await?;
    }
    Ok(())
}

/// Lets lineages know whether the vulnerability is listed that do not stand at an image whose findings they have followed:
/// one was pushed since and not scanned, or none is there. Else it would be news of the first catalogue with their next scan.
async fn spread_behind(session: &mut dyn Session, vulnerability: i64) -> Result<(), DatabaseFault> {
    const BEHIND: &str = "(SELECT id, repository FROM lineages WHERE image <> followed_image
        UNION ALL SELECT id, repository FROM lineages WHERE ended_at IS NOT NULL) l";
    let sql = format!(
        "SELECT DISTINCT l.repository FROM {BEHIND}
         JOIN lineage_findings f ON f.lineage = l.id AND f.vulnerability = $1 ORDER BY l.repository"
    );
    for mut row in session.rows(&sql, &[vulnerability.into()]).await? {
        session.lock(row.take()?).await?;
    }
    let sql = format!(
        "UPDATE lineage_findings SET exploited = (exploited & {EXPLOIT_KNOWN})
           + coalesce((SELECT {LISTED} FROM vulnerabilities v WHERE v.id = $1 AND v.listed_on IS NOT NULL), 0)
         WHERE vulnerability = $1 AND lineage IN (SELECT l.id FROM {BEHIND})"
    );
    session.execute(&sql, &[vulnerability.into()]).await.map(drop)
}

/// The next images that have the vulnerability, after the lineages that are at none. Returns whether there was anything to do.
async fn spread_some(session: &mut dyn Session, now: Timestamp) -> Result<bool, DatabaseFault> {
    session.lock(LEARNING).await?;
    let sql = "SELECT vulnerability, image, is_news FROM learning ORDER BY vulnerability LIMIT 1";
    let Some(mut row) = session.row(sql, &[]).await? else { return Ok(false) };
    let (vulnerability, last, is_news): (i64, i64, bool) = (row.take()?, row.take()?, row.take()?);
    if last < 0 {
        if !is_news {
            spread_behind(session, vulnerability).await?;
        }
        let sql = "UPDATE learning SET image = 0 WHERE vulnerability = $1";
        return session.execute(sql, &[vulnerability.into()]).await.map(|_| true);
    }
    let sql = "SELECT DISTINCT f.image, i.repository FROM image_findings f JOIN images i ON i.id = f.image
        WHERE f.vulnerability = $1 AND f.image > $2 ORDER BY f.image LIMIT $3";
    let rows = session.rows(sql, &[vulnerability.into(), last.into(), IMAGES_AT_ONCE.into()]).await?;
    let is_full = rows.len() as u64 == IMAGES_AT_ONCE;
    let mut images: Vec<(i64, i64)> = Vec::new();
    for mut row in rows {
        images.push((row.take()?, row.take()?));
    }
    let mut repositories: Vec<i64> = images.iter().map(|(_, repository)| *repository).collect();
    repositories.sort_unstable();
    repositories.dedup();
    for repository in repositories {
        // A pass that writes down what it found there has ended, or begins when this is done.
        session.lock(repository).await?;
    }
    let step = if is_news { Step::Learned } else { Step::Again };
    for (image, _) in &images {
        follow_threat(session, *image, vulnerability, step, now).await?;
    }
    match images.last().filter(|_| is_full) {
        Some((last, _)) => {
            let sql = "UPDATE learning SET image = $2 WHERE vulnerability = $1";
            session.execute(sql, &[vulnerability.into(), (*last).into()]).await?;
        }
        None => {
            let sql = "DELETE FROM learning WHERE vulnerability = $1";
            session.execute(sql, &[vulnerability.into()]).await?;
        }
    }
    Ok(true)
}

/// All that the first catalogues of these kinds say is known now: whatever comes after is news. One of another kind may have
/// been kept meanwhile, and nobody has looked at it yet.
async fn is_known(session: &mut dyn Session, kinds: &[CatalogueKind]) -> Result<(), DatabaseFault> {
    let sql = "UPDATE catalogues SET is_first = 0 WHERE is_first = 1 AND kind = $1";
    for kind in kinds {
        session.execute(sql, &[kind.code().into()]).await?;
    }
    Ok(())
}

/// The columns of a threat: `listed_on`, `due_on`, `ransomware`, `epss`, `epss_percentile`.
pub(crate) fn threat_values(threat: &Threat) -> [Value; 5] {
    let listed = threat.known_exploited;
    let parts = |parts: Option<u32>| Value::from(parts.map_or(-1, i64::from));
    [
        listed.map(|listed| day_of(listed.since)).into(),
        listed.and_then(|listed| listed.due).map(day_of).into(),
        listed.is_some_and(|listed| listed.ransomware).into(),
        parts(threat.epss.map(|epss| epss.score.parts())),
        parts(threat.epss.map(|epss| epss.percentile.parts())),
    ]
}
