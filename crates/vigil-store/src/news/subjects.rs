//! The images that news is about, as they stand now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::finding::Counts;
use vigil_core::image::{Digest, RegistryId, RepositoryName, Tag};
use vigil_core::news::Subject;

use crate::answer::counts_from;
use crate::sql::{DatabaseFault, Row, Session, Type};

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    registry: RegistryId,
    repository: i64,
    name: RepositoryName,
    digest: Digest,
}

/// Images, by where they are.
#[derive(Debug, Default)]
pub(super) struct Subjects(BTreeMap<Place, Known>);

#[derive(Debug, Clone)]
struct Known {
    /// `None`: it is forgotten.
    id: Option<i64>,
    counts: Counts,
    scanned_at: Option<Timestamp>,
    tags: Vec<Tag>,
    /// Who looks after the repository by its own tags.
    owner: Option<String>,
}

impl Place {
    /// Partition, account, region, the repository's id and name, digest.
    pub(super) fn read(row: &mut Row) -> Result<Self, DatabaseFault> {
        let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
        Ok(Self { registry, repository: row.take()?, name: row.take()?, digest: row.take()? })
    }
}

impl Subjects {
    pub(super) async fn read(
        session: &mut dyn Session,
        places: impl Iterator<Item = &Place>,
    ) -> Result<Self, DatabaseFault> {
        let nothing =
            Known { id: None, counts: Counts::default(), scanned_at: None, tags: Vec::new(), owner: None };
        let mut subjects = Self(places.map(|place| (place.clone(), nothing.clone())).collect());
        let by_row: BTreeMap<(i64, Digest), Place> =
            subjects.0.keys().map(|place| ((place.repository, place.digest), place.clone())).collect();
        let rows = by_row.keys().map(|(repository, digest)| vec![(*repository).into(), (*digest).into()]);
        let columns = [("repository", Type::Int), ("digest", Type::Bytes)];
        let sql = "SELECT i.repository, i.digest, i.id, i.counts, i.scanned_at, t.name
            FROM {rows} JOIN images i ON i.repository = rows.repository AND i.digest = rows.digest
            LEFT JOIN tags t ON t.image = i.id AND t.until IS NULL";
        for mut row in session.each(sql, &columns, rows.collect()).await? {
            let key = (row.take()?, row.take()?);
            let Some(known) = by_row.get(&key).and_then(|place| subjects.0.get_mut(place)) else { continue };
            known.id = Some(row.take()?);
            known.counts = counts_from(row.take()?).unwrap_or_default();
            known.scanned_at = row.take()?;
            known.tags.extend(row.take::<Option<Tag>>()?);
            known.tags.sort();
        }
        subjects.read_owners(session).await?;
        Ok(subjects)
    }

    async fn read_owners(&mut self, session: &mut dyn Session) -> Result<(), DatabaseFault> {
        let repositories: BTreeSet<i64> = self.0.keys().map(|place| place.repository).collect();
        let rows = repositories.into_iter().map(|repository| vec![repository.into()]).collect();
        let sql = "SELECT p.id, p.owner FROM {rows} JOIN repositories p ON p.id = rows.id WHERE p.owner IS NOT NULL";
        let mut owners: BTreeMap<i64, String> = BTreeMap::new();
        for mut row in session.each(sql, &[("id", Type::Int)], rows).await? {
            owners.insert(row.take()?, row.take()?);
        }
        for (place, known) in &mut self.0 {
            known.owner = owners.get(&place.repository).cloned();
        }
        Ok(())
    }

    /// The image's id; `None` if it is forgotten.
    pub(super) fn id(&self, place: &Place) -> Option<i64> {
        self.0.get(place)?.id
    }

    /// The image, as news tells of it.
    pub(super) fn get(&self, place: &Place) -> Option<Subject> {
        let Known { counts, scanned_at, tags, owner, .. } = self.0.get(place)?.clone();
        let Place { registry, name, digest, .. } = place.clone();
        Some(Subject {
            registry,
            repository: name,
            digest,
            tags,
            counts,
            scanned_at,
            owner,
            runs_in: Vec::new(),
        })
    }
}
