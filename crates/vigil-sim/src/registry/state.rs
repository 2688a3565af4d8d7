//! The state of one registry: the generated content plus what has happened since.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use super::overlay::Overlay;
use super::quota::DailyScans;
use super::scanning::Scanning;
use super::scans::Scan;
use super::table::Table;
use crate::clock::Moment;
use crate::content::{Generated, GeneratedRepository, Image};
use crate::digest::Digest;
use crate::locks::lock;
use crate::noise::Noise;

/// An account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RegistryId {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl RegistryId {
    /// The partition that the region lies in, and the suffix of its host names.
    pub(crate) fn partition(&self) -> (&'static str, &'static str) {
        match self.region.split('-').next() {
            Some("cn") => ("aws-cn", "amazonaws.com.cn"),
            Some("eusc") => ("aws-eusc", "amazonaws.eu"),
            _ if self.region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
            _ if self.region.starts_with("us-iso-") => ("aws-iso", "c2s.ic.gov"),
            _ if self.region.starts_with("us-isob-") => ("aws-iso-b", "sc2s.sgov.gov"),
            _ if self.region.starts_with("eu-isoe-") => ("aws-iso-e", "cloud.adc-e.uk"),
            _ if self.region.starts_with("us-isof-") => ("aws-iso-f", "csp.hci.ic.gov"),
            _ => ("aws", "amazonaws.com"),
        }
    }

    pub(crate) fn repository_arn(&self, repository: &str) -> String {
        let (partition, _) = self.partition();
        format!("arn:{partition}:ecr:{}:{}:repository/{repository}", self.region, self.account)
    }

    pub(crate) fn repository_uri(&self, repository: &str) -> String {
        let (_, suffix) = self.partition();
        format!("{}.dkr.ecr.{}.{suffix}/{repository}", self.account, self.region)
    }
}

/// Everything that one registry remembers.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) id: RegistryId,
    pub(crate) generated: Generated,
    pub(crate) scanning: Scanning,
    /// Repositories by position: the generated ones come first and have no entry unless they were deleted.
    pub(super) created: Vec<CreatedRepository>,
    pub(super) created_names: HashMap<String, u32>,
    pub(super) deleted_generated: HashSet<u32>,
    pub(super) overlays: HashMap<u32, Overlay>,
    pub(super) scans: HashMap<(u32, Digest), Scan>,
    pub(super) daily_scans: DailyScans,
    tables: Mutex<HashMap<u32, Arc<Tables>>>,
}

#[derive(Debug)]
pub(super) struct CreatedRepository {
    pub(super) name: String,
    pub(super) created_at: Moment,
    pub(super) scan_on_push: bool,
    pub(super) mutability: String,
    pub(super) deleted: bool,
}

#[derive(Debug, Default)]
struct Tables {
    digests: OnceLock<Table>,
    tags: OnceLock<Table>,
}

/// A repository, as it is at this moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RepositoryRef<'a> {
    pub(crate) position: u32,
    pub(crate) name: &'a str,
    pub(crate) created_at: Moment,
    pub(crate) scan_on_push: bool,
    pub(crate) mutability: &'a str,
    generated: Option<GeneratedRepository<'a>>,
    pub(super) overlay: Option<&'a Overlay>,
    tables: &'a Mutex<HashMap<u32, Arc<Tables>>>,
}

/// An image, and where it stands in its repository.
#[derive(Debug)]
pub(crate) struct FoundImage {
    pub(crate) slot: u32,
    pub(crate) image: Image,
}

impl State {
    pub(crate) fn new(id: RegistryId, generated: Generated, scanning: Scanning) -> Self {
        Self {
            id,
            generated,
            scanning,
            created: Vec::new(),
            created_names: HashMap::new(),
            deleted_generated: HashSet::new(),
            overlays: HashMap::new(),
            scans: HashMap::new(),
            daily_scans: DailyScans::default(),
            tables: Mutex::default(),
        }
    }

    /// Positions that repositories may stand at; deleted ones leave theirs empty.
    pub(crate) fn positions(&self) -> u32 {
        self.generated.layout.repositories() + u32::try_from(self.created.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn repository(&self, name: &str) -> Option<RepositoryRef<'_>> {
        let created = self.created_names.get(name).copied();
        self.repository_at(created.or_else(|| self.generated.layout.find(name))?)
    }

    pub(crate) fn repository_at(&self, position: u32) -> Option<RepositoryRef<'_>> {
        let generated = self.generated.layout.repositories();
        let overlay = self.overlays.get(&position);
        if position < generated {
            let exists = !self.deleted_generated.contains(&position);
            return exists.then_some(RepositoryRef {
                position,
                name: self.generated.layout.name(position)?,
                created_at: self.generated.created_at(position),
                scan_on_push: false,
                mutability: "MUTABLE",
                generated: Some(self.generated.repository(position)),
                overlay,
                tables: &self.tables,
            });
        }
        let created = self.created.get((position - generated) as usize).filter(|created| !created.deleted)?;
        Some(RepositoryRef {
            position,
            name: &created.name,
            created_at: created.created_at,
            scan_on_push: created.scan_on_push,
            mutability: &created.mutability,
            generated: None,
            overlay,
            tables: &self.tables,
        })
    }
}

impl RepositoryRef<'_> {
    fn generated_images(&self) -> u32 {
        self.generated.map_or(0, |generated| generated.images())
    }

    /// Places that images may stand at; deleted ones leave theirs empty.
    pub(crate) fn slots(&self) -> u32 {
        let added = self.overlay.map_or(0, |overlay| overlay.added.len());
        self.generated_images() + u32::try_from(added).unwrap_or(u32::MAX)
    }

    /// Whether there is an image at `slot`, without making it.
    pub(crate) fn has_image(&self, slot: u32) -> bool {
        let generated = self.generated_images();
        match self.overlay {
            Some(overlay) if slot < generated => !overlay.deleted.contains(&slot),
            Some(overlay) => overlay.added.get((slot - generated) as usize).is_some_and(Option::is_some),
            None => slot < generated,
        }
    }

    pub(crate) fn image_at(&self, slot: u32) -> Option<Image> {
        let generated = self.generated_images();
        let Some(overlay) = self.overlay else {
            return (slot < generated).then(|| self.generated.map(|all| all.image(slot))).flatten();
        };
        let mut image = if slot < generated {
            let mut image =
                (!overlay.deleted.contains(&slot)).then(|| self.generated.map(|all| all.image(slot)))??;
            image.tags.retain(|tag| !overlay.tags.contains_key(tag));
            image
        } else {
            let added = overlay.added.get((slot - generated) as usize)?.as_ref()?;
            let mut image = added.image.clone();
            image.tags.retain(|tag| overlay.tags.get(tag) == Some(&image.digest));
            image
        };
        if let Some(archived_at) = overlay.archived.get(&image.digest) {
            image.archived_at = *archived_at;
            // Neither an archived nor a restored image keeps its scans.
            image.past_scan = None;
        }
        Some(image)
    }

    pub(crate) fn manifest_at(&self, slot: u32) -> Option<String> {
        let generated = self.generated_images();
        if slot < generated {
            return self.generated.map(|all| all.manifest(slot));
        }
        let added = self.overlay?.added.get((slot - generated) as usize)?.as_ref()?;
        Some(added.blueprint.manifest())
    }

    pub(crate) fn find_digest(&self, digest: Digest) -> Option<FoundImage> {
        if let Some(place) = self.overlay.and_then(|overlay| overlay.places.get(&digest)) {
            return self.found(self.generated_images() + place);
        }
        let generated = self.generated?;
        let tables = self.tables();
        let table = tables.digests.get_or_init(|| {
            Table::new(
                (0..generated.images()).map(|index| (generated.digest(index).prefix(), index)).collect(),
            )
        });
        let mut candidates = table.candidates(digest.prefix()).filter_map(|slot| self.found(slot));
        candidates.find(|found| found.image.digest == digest)
    }

    pub(crate) fn find_tag(&self, tag: &str) -> Option<FoundImage> {
        if let Some(digest) = self.overlay.and_then(|overlay| overlay.tags.get(tag)) {
            return self.find_digest(*digest);
        }
        let generated = self.generated?;
        let tables = self.tables();
        let table = tables.tags.get_or_init(|| {
            let tags_of =
                |index| generated.tags_of(index).into_iter().map(move |tag| (tag_hash(&tag), index));
            Table::new((0..generated.images()).flat_map(tags_of).collect())
        });
        let mut candidates = table.candidates(tag_hash(tag)).filter_map(|slot| self.found(slot));
        candidates.find(|found| found.image.tags.iter().any(|other| other == tag))
    }

    /// The tags of the repository itself, if it was given any.
    pub(crate) fn tags_of_its_own(&self) -> Option<&BTreeMap<String, String>> {
        self.overlay.map(|overlay| &overlay.repository_tags)
    }

    pub(crate) fn lifecycle_policy(&self) -> Option<&str> {
        self.overlay?.lifecycle_policy.as_deref()
    }

    fn found(&self, slot: u32) -> Option<FoundImage> {
        self.image_at(slot).map(|image| FoundImage { slot, image })
    }

    fn tables(&self) -> Arc<Tables> {
        Arc::clone(lock(self.tables).entry(self.position).or_default())
    }
}

fn tag_hash(tag: &str) -> u64 {
    Noise::new(0).word(tag).value()
}
