//! Which schedules watch an image: those whose last pass over its repository found it to be theirs. Distinct sets of schedules
//! are few, and are stored once. How coverage is reckoned from that, it does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigil_core::coverage::Aims;
use vigil_core::image::{Digest, Kind, RegistryId, RepositoryName};
use vigil_core::record::{Decision, Entry};
use vigil_core::schedule::ScheduleName;

use super::record::Known;
use crate::sql::{DatabaseFault, Session, Type, Value};

/// Schedules that watch an image.
pub(crate) type Watchers = BTreeSet<ScheduleName>;

/// The schedule whose pass it is, and what all of them look at.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) schedule: ScheduleName,
    pub(super) aims: Arc<Aims>,
}

/// The same in one repository.
struct Here<'a> {
    schedule: &'a ScheduleName,
    /// All that look into it. What others have found here before is of no account any more.
    looking: Watchers,
}

/// Keeps whether the images are this schedule's.
pub(super) async fn keep_watchers(
    session: &mut dyn Session,
    (registry, name, repository): (&RegistryId, &RepositoryName, i64),
    watch: &Watch,
    entries: &[Entry],
    known: &mut BTreeMap<Digest, Known>,
) -> Result<(), DatabaseFault> {
    let here = Here::of(watch, registry, name);
    let mut changed = BTreeMap::new();
    let unopened = unopened(entries);
    // What could not be read was not looked at, and is whose it was.
    let was_read = !entries.iter().any(|entry| matches!(entry, Entry::Unread(_)));
    for entry in entries.iter().filter(|_| was_read) {
        if let Entry::Seen(images) = entry {
            let seen = images.iter().map(|image| image.digest).collect();
            changed.extend(unseen(session, repository, &here, &seen, &unopened).await?);
        }
    }
    for entry in entries {
        let Entry::Decided(image, decision) = entry else { continue };
        let Some(known) = known.get_mut(&image.digest).filter(|_| image.kind == Kind::Image) else {
            continue;
        };
        // The tags that it has by its index are not seen, so that nobody knows whether it is wanted.
        let was_hidden = known.index.is_some_and(|index| unopened.contains(&index));
        if !(was_hidden && is_unwanted(decision)) {
            let watchers = here.after(&known.watchers, decision);
            if watchers != known.watchers {
                changed.insert(known.id, watchers.clone());
                known.watchers = watchers;
            }
        }
        known.watchers.retain(|other| here.looking.contains(other));
    }
    write(session, changed).await
}

impl<'a> Here<'a> {
    fn of(watch: &'a Watch, registry: &RegistryId, name: &RepositoryName) -> Self {
        let looking = watch.aims.looking_into(registry, name).map(|(_, aim)| aim.schedule.clone()).collect();
        Self { schedule: &watch.schedule, looking }
    }

    fn after(&self, before: &Watchers, decision: &Decision) -> Watchers {
        let mut watchers = self.without(before);
        if !is_unwanted(decision) {
            watchers.insert(self.schedule.clone());
        }
        watchers
    }

    /// Those of other schedules stay: which of them there are may have changed since the pass began.
    fn without(&self, before: &Watchers) -> Watchers {
        before.iter().filter(|other| *other != self.schedule).cloned().collect()
    }
}

/// Whether the user does not want it looked at. What cannot be scanned is wanted all the same.
pub(super) fn is_unwanted(decision: &Decision) -> bool {
    matches!(decision, Decision::LeaveOut(why) if why.is_by_wish())
}

/// Indexes that were seen and could not be opened: what is known of their children stands.
fn unopened(entries: &[Entry]) -> BTreeSet<Digest> {
    let unopened = entries.iter().filter_map(|entry| match entry {
        Entry::Unopened(index) => Some(*index),
        _ => None,
    });
    unopened.collect()
}

/// Where only some images were looked up by name, the others are not this schedule's any more.
async fn unseen(
    session: &mut dyn Session,
    repository: i64,
    here: &Here<'_>,
    seen: &BTreeSet<Digest>,
    unopened: &BTreeSet<Digest>,
) -> Result<BTreeMap<i64, Watchers>, DatabaseFault> {
    let sql =
        "SELECT i.id, i.digest, i.index_digest, w.schedules FROM images i JOIN watches w ON w.id = i.watch
        WHERE i.repository = $1 AND i.gone_at IS NULL";
    let mut changed = BTreeMap::new();
    for mut row in session.rows(sql, &[repository.into()]).await? {
        let (id, digest, index): (i64, Digest, Option<Digest>) = (row.take()?, row.take()?, row.take()?);
        let before = watchers_from(&row.take::<String>()?);
        let was_hidden = index.is_some_and(|index| unopened.contains(&index));
        if before.contains(here.schedule) && !seen.contains(&digest) && !was_hidden {
            changed.insert(id, here.without(&before));
        }
    }
    Ok(changed)
}

async fn write(session: &mut dyn Session, changed: BTreeMap<i64, Watchers>) -> Result<(), DatabaseFault> {
    // In the order of the sets: two transactions that make the same ones must not wait for each other.
    let mut sets: BTreeMap<Watchers, Vec<i64>> = BTreeMap::new();
    for (image, watchers) in changed {
        sets.entry(watchers).or_default().push(image);
    }
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for (watchers, images) in sets {
        let watch = id_of(session, &watchers).await?;
        rows.extend(images.into_iter().map(|image| vec![image.into(), watch.into()]));
    }
    let sql = "UPDATE images SET watch = rows.watch FROM {rows} WHERE images.id = rows.image";
    session.each(sql, &[("image", Type::Int), ("watch", Type::Int)], rows).await.map(drop)
}

/// The row of this set, made if there is none; nobody's is 0.
async fn id_of(session: &mut dyn Session, watchers: &Watchers) -> Result<i64, DatabaseFault> {
    if watchers.is_empty() {
        return Ok(0);
    }
    let names: Vec<String> = watchers.iter().map(ToString::to_string).collect();
    let schedules: [Value; 1] = [names.join(" ").into()];
    if let Some(mut row) = session.row("SELECT id FROM watches WHERE schedules = $1", &schedules).await? {
        return row.take();
    }
    let sql = "INSERT INTO watches (schedules) VALUES ($1)
        ON CONFLICT (schedules) DO UPDATE SET schedules = excluded.schedules RETURNING id";
    let row = session.row(sql, &schedules).await?;
    row.map_or(Ok(0), |mut row| row.take())
}

/// The schedules that were stored in these words.
pub(crate) fn watchers_from(stored: &str) -> Watchers {
    stored.split(' ').filter_map(|name| name.parse().ok()).collect()
}
