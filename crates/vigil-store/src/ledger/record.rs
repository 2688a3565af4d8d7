//! Entries of one repository, kept in one transaction and in their order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::image::{Digest, Image};
use vigil_core::record::Entry;

use super::carried::{Look, all_known, carried};
use super::listed::Absent;
use super::pass_ledger::Recording;
use super::standing::{Standing, keep_standings, only_read};
use super::watch::{Watchers, keep_watchers, watchers_from};
use super::{follow, judged, listed, place, scanned};
use crate::exceptions::{EXCEPTIONS, Kept, in_force};
use crate::sql::{DatabaseFault, Row, Session, Type};

/// What is known of an image before an entry about it is kept.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) digest: Digest,
    /// The index that listed it.
    pub(super) index: Option<Digest>,
    pub(super) standing: Standing,
    /// The schedules that watch it.
    pub(super) watchers: Watchers,
    pub(super) scan_state: Option<String>,
    pub(super) scanned_at: Option<Timestamp>,
    pub(super) scan_content: Option<Vec<u8>>,
    pub(super) judged_content: Option<Vec<u8>>,
    pub(super) asked_at: Option<Timestamp>,
    pub(super) refused_at: Option<Timestamp>,
    pub(super) failed_at: Option<Timestamp>,
}

/// Keeps the entries.
pub(super) async fn record(session: &mut dyn Session, recording: &Recording) -> Result<(), DatabaseFault> {
    let Recording { registry, repository: name, entries, now, .. } = recording;
    // Whoever makes or ends an exception waits for us, and we for them: or a judgement would miss it.
    session.share(EXCEPTIONS).await?;
    let repository = match entries.iter().any(is_of_what_is_there) {
        true => Some(place::repository(session, registry, name, *now).await?),
        false => place::known_repository(session, registry, name).await?,
    };
    let Some(repository) = repository else { return Ok(()) };
    // Two transactions that take one repository's lineages on would each miss what the other does.
    session.lock(repository).await?;
    let sql = "SELECT number FROM passes WHERE id = $1";
    let pass = session.row(sql, &[recording.pass.to_string().into()]).await?;
    let pass = pass.map_or(Ok(None), |mut row| row.take().map(Some))?;
    look_over(session, recording, (repository, pass)).await?;
    let decided = entries.iter().filter_map(|entry| match entry {
        Entry::Decided(image, _) => Some(Image::clone(image)),
        _ => None,
    });
    listed::seen(session, repository, &decided.collect::<Vec<_>>(), *now).await?;
    let mut known = known(session, repository, entries).await?;
    let judged = entries.iter().filter_map(|entry| match entry {
        Entry::Judged(digest, _) => known.get(digest).map(|image| image.id),
        _ => None,
    });
    let judged: BTreeSet<i64> = judged.collect();
    let exceptions = if judged.is_empty() { Vec::new() } else { in_force(session, *now).await? };
    for entry in entries {
        keep(session, recording, (repository, pass), &exceptions, &mut known, entry).await?;
    }
    if let Some(watch) = &recording.watch {
        keep_watchers(session, (registry, name, repository), watch, entries, &mut known).await?;
    }
    keep_standings(session, pass, entries, &mut known).await?;
    let moved = entries.iter().any(|entry| matches!(entry, Entry::Listed(_) | Entry::Seen(_) | Entry::Empty));
    if moved || !judged.is_empty() {
        let judged = (!moved).then(|| judged.into_iter().collect());
        follow::follow_lineages_of(session, repository, judged, pass, *now).await?;
    }
    Ok(())
}

/// Whether a repository of which this is said is there. Anything can be asked for by name, and be denied.
fn is_of_what_is_there(entry: &Entry) -> bool {
    matches!(entry, Entry::Listed(_) | Entry::Seen(_) | Entry::Empty | Entry::Decided(..))
}

/// Keeps what the repository was seen to hold.
async fn look_over(
    session: &mut dyn Session,
    recording: &Recording,
    (repository, pass): (i64, Option<i64>),
) -> Result<(), DatabaseFault> {
    let Recording { entries, patterns, now, .. } = recording;
    let unopened = entries.iter().filter_map(|entry| match entry {
        Entry::Unopened(index) => Some(*index),
        _ => None,
    });
    let unopened: BTreeSet<Digest> = unopened.collect();
    let mut absent = Absent::default();
    for entry in entries {
        if let Entry::Absent(tags, images) = entry {
            absent.tags.extend(tags.iter().cloned());
            absent.images.extend(images);
        }
    }
    for entry in entries {
        let (images, whole) = match entry {
            Entry::Listed(images) => (images.as_slice(), true),
            Entry::Seen(images) => (images.as_slice(), false),
            Entry::Empty => (&[][..], true),
            _ => continue,
        };
        let look = Look { images, whole, unopened: &unopened, absent: &absent };
        let images = carried(session, repository, &look).await?;
        let images = if whole {
            listed::listed(session, (repository, pass), &images, *now).await?;
            images
        } else {
            listed::named(session, repository, &images, &absent, *now).await?;
            all_known(session, repository).await?
        };
        follow::place_lineages(session, repository, &images, patterns, *now).await?;
    }
    Ok(())
}

async fn keep(
    session: &mut dyn Session,
    recording: &Recording,
    (repository, pass): (i64, Option<i64>),
    exceptions: &[Kept],
    known: &mut BTreeMap<Digest, Known>,
    entry: &Entry,
) -> Result<(), DatabaseFault> {
    let now = recording.now;
    let image = digest_of(entry).and_then(|digest| known.get_mut(&digest));
    match (entry, image) {
        (Entry::Found(_, scan), Some(image)) => scanned::found(session, (image, pass), scan, now).await,
        (Entry::Judged(_, evaluation), Some(image)) => {
            let repository = (&recording.repository, &*recording.exceptions);
            judged::judged(session, repository, image, evaluation, exceptions, now).await
        }
        (Entry::Asked(_, at), Some(image)) => {
            image.asked_at = Some(*at);
            let sql = "UPDATE images SET asked_at = $2 WHERE id = $1";
            session.execute(sql, &[image.id.into(), (*at).into()]).await.map(drop)
        }
        (Entry::Started(_, at), Some(image)) => {
            let sql = "UPDATE images SET started_at = $2, started_by = $3 WHERE id = $1";
            session.execute(sql, &[image.id.into(), (*at).into(), pass.into()]).await.map(drop)
        }
        (Entry::Refused(_, at, said), Some(image)) => {
            image.refused_at = Some(*at);
            let sql = "UPDATE images SET refused_at = $2, refused_said = $3 WHERE id = $1";
            session.execute(sql, &[image.id.into(), (*at).into(), said.into()]).await.map(drop)
        }
        (Entry::Unread(fault), _) => {
            let sql = "UPDATE repositories SET unread = $2 WHERE id = $1";
            session.execute(sql, &[repository.into(), fault.to_string().into()]).await.map(drop)
        }
        (Entry::Gone, _) => place::go(session, repository, now).await,
        (Entry::OnlyRead, _) => only_read(session, repository, pass).await,
        // What the repository holds was kept before all others, and standings are kept together after them. What is missing or was
        // not reached changes nothing that is remembered, and nothing is remembered of an image that was never listed.
        _ => Ok(()),
    }
}

async fn known(
    session: &mut dyn Session,
    repository: i64,
    entries: &[Entry],
) -> Result<BTreeMap<Digest, Known>, DatabaseFault> {
    let digests: BTreeSet<Digest> = entries.iter().filter_map(digest_of).collect();
    let rows = digests.into_iter().map(|digest| vec![repository.into(), digest.into()]).collect();
    let columns = [("repository", Type::Int), ("digest", Type::Bytes)];
    let sql =
        "SELECT i.id, i.digest, i.index_digest, i.decision, i.reason, i.detail, i.next_at, i.ending, i.said,
          w.schedules, i.scan_state, i.scanned_at, i.scan_content, i.judged_content, i.asked_at, i.refused_at,
          i.failed_at
        FROM {rows} JOIN images i ON i.repository = rows.repository AND i.digest = rows.digest
          LEFT JOIN watches w ON w.id = i.watch";
    let found = session.each(sql, &columns, rows).await?;
    found.into_iter().map(|row| known_image(row).map(|known| (known.digest, known))).collect()
}

fn known_image(mut row: Row) -> Result<Known, DatabaseFault> {
    Ok(Known {
        id: row.take()?,
        digest: row.take()?,
        index: row.take()?,
        standing: Standing {
            decision: row.take()?,
            reason: row.take()?,
            detail: row.take()?,
            next_at: row.take()?,
            ending: row.take()?,
            said: row.take()?,
        },
        watchers: row.take::<Option<String>>()?.as_deref().map(watchers_from).unwrap_or_default(),
        scan_state: row.take()?,
        scanned_at: row.take()?,
        scan_content: row.take()?,
        judged_content: row.take()?,
        asked_at: row.take()?,
        refused_at: row.take()?,
        failed_at: row.take()?,
    })
}

fn digest_of(entry: &Entry) -> Option<Digest> {
    match entry {
        Entry::Found(digest, _)
        | Entry::Asked(digest, _)
        | Entry::Started(digest, _)
        | Entry::Refused(digest, ..)
        | Entry::Judged(digest, _)
        | Entry::Ended(digest, _) => Some(*digest),
        Entry::Decided(image, _) => Some(image.digest),
        Entry::Listed(_)
        | Entry::Seen(_)
        | Entry::Absent(..)
        | Entry::Gone
        | Entry::Unopened(_)
        | Entry::Missing(_)
        | Entry::Unread(_)
        | Entry::NotReached
        | Entry::Empty
        | Entry::OnlyRead => None,
    }
}
