//! What one repository holds: all its pages, its indexes opened, and each image selected or left out with a reason.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::fault::{Fault, FaultKind};
use crate::image::{Digest, Image, Kind, Pick, RepositoryName, Storage, Tag};
use crate::inventory::{OpenedIndex, inventory};
use crate::pass::{Ports, Wishes};
use crate::policy::{LeftOut, Selection, Sight, select};
use crate::port::NotRecorded;
use crate::record::Entry;
use crate::remembered::Remembered;

/// A repository, looked over.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) repository: RepositoryName,
    pub(super) sights: Vec<Sight>,
    /// What was asked for by name and is not there.
    pub(super) missing: Vec<String>,
    /// The tags and digests among that.
    absent: (Vec<Tag>, Vec<Digest>),
    /// Listings that failed; what was listed before stands.
    pub(super) faults: Vec<Fault>,
    /// Indexes whose children are not known.
    pub(super) unopened: Vec<(Digest, Fault)>,
    /// What it was seen to hold, for a ledger that remembers.
    pub(super) held: Vec<Entry>,
    /// What is remembered of its images.
    pub(super) remembered: BTreeMap<Digest, Remembered>,
}

/// Which images of a repository are asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) repository: RepositoryName,
    /// Whether those that the pass selects are.
    pub(super) selected: bool,
    /// Those asked for by name.
    pub(super) picks: Vec<Pick>,
}

/// ECR opens at most this many manifests a call.
const INDEXES_A_CALL: usize = 100;
/// Nesting deeper than this is nobody's build.
const NESTING: usize = 4;
/// A look by name asks about so many images more that nobody lists, however many such images there are.
const DOUBTED_A_LOOK: usize = 100;
/// A repository that was listed within this time will be again: what is gone from it is found then.
const LISTING_STANDS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Looks over a repository: the images that are wanted by name, as far as `wishes` want them, and those that `selection` admits.
///
/// # Errors
///
/// Only if the ledger cannot be read.
pub(super) async fn survey(
    ports: Ports<'_>,
    wanted: Wanted,
    (selection, wishes): (Option<&Selection>, Option<&Wishes>),
    now: Timestamp,
) -> Result<Survey, NotRecorded> {
    let Wanted { repository, selected, picks } = wanted;
    let mut survey = Survey {
        repository,
        sights: Vec::new(),
        missing: Vec::new(),
        absent: Default::default(),
        faults: Vec::new(),
        unopened: Vec::new(),
        held: Vec::new(),
        remembered: BTreeMap::new(),
    };
    let selection = selection.filter(|_| selected);
    let all = selection.is_some() || picks.iter().any(Pick::needs_listing);
    let images = if all { survey.list_all(ports).await } else { survey.list_named(ports, &picks).await };
    // A listing that failed says nothing of what is missing, unless it is for the repository.
    let gone = survey.faults.iter().any(|fault| fault.kind == FaultKind::RepositoryGone);
    if gone && !picks.is_empty() {
        survey.faults.clear();
    }
    if survey.faults.is_empty() {
        survey.name_missing(&picks, &images, gone);
    }
    let images = survey.open_indexes(ports, images, !all).await;
    if ports.ledger.remembers() {
        survey.remembered = ports.ledger.remembered(ports.registry.id(), &survey.repository).await?;
        survey.held = match gone {
            true => vec![Entry::Gone],
            // What is selected was listed among the repositories: it is there, and no more is known.
            false if !survey.faults.is_empty() => {
                selection.map(|_| Entry::Seen(Vec::new())).into_iter().collect()
            }
            false if all => survey.unopened().chain([Entry::Listed(images.clone())]).collect(),
            false => survey.seen(ports, &images, now).await?,
        };
    }
    survey.sights = sights(images, (selection, wishes), &picks, now);
    Ok(survey)
}

/// Of the images that are taken to be there, those to ask about which this look has not seen. If they are too many, each day
/// has a place of its own from which on they are asked about, so that a look that comes every so many days comes to all.
pub(super) fn doubted(unlisted: &BTreeSet<Digest>, seen: &BTreeSet<Digest>, now: Timestamp) -> Vec<Digest> {
    let unseen: Vec<Digest> = unlisted.difference(seen).copied().collect();
    if unseen.len() <= DOUBTED_A_LOOK {
        return unseen;
    }
    let day = u64::try_from(now.as_second() / (24 * 60 * 60)).unwrap_or_default();
    // Multiplied by an odd number whose bits are spread, days that follow one another in any step lie far apart.
    let place = (u128::from(day.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * unseen.len() as u128) >> 64;
    let first = usize::try_from(place).unwrap_or_default();
    unseen.iter().cycle().skip(first).take(DOUBTED_A_LOOK).copied().collect()
}

/// What is looked at: what is selected, and what is named whatever the selection says of it. What is named can still be
/// left out for what it is.
fn sights(
    images: Vec<Image>,
    (selection, wishes): (Option<&Selection>, Option<&Wishes>),
    picks: &[Pick],
    now: Timestamp,
) -> Vec<Sight> {
    if picks.is_empty() {
        return select(images, selection, now);
    }
    let selected = selection.map(|selection| select(images.clone(), Some(selection), now));
    let mut named = as_wanted(images, wishes, now);
    // What was only listed for the sake of one pick is as little wanted as what the selection leaves out. The children of
    // an index that is named have its tags; one named by its digest is named with them.
    let indexes: BTreeSet<Digest> = picks.iter().filter_map(Pick::digest).collect();
    for sight in &mut named {
        let image = &sight.image;
        let is_meant = picks.iter().any(|pick| pick.means(image))
            || image.index.is_some_and(|index| indexes.contains(&index))
            || !picks.iter().any(Pick::needs_listing) && selected.is_none();
        if !is_meant && sight.left_out.is_none() {
            sight.left_out = Some(LeftOut::TagStatus);
        }
    }
    let Some(selected) = selected else { return named };
    let by_name = named.into_iter().filter(|sight| sight.left_out.is_none()).map(|sight| sight.image.digest);
    let by_name: BTreeSet<Digest> = by_name.collect();
    let admit = |sight: Sight| match by_name.contains(&sight.image.digest) {
        true => Sight { left_out: None, ..sight },
        false => sight,
    };
    selected.into_iter().map(admit).collect()
}

/// What is named, whatever the selection says of it, but for the wishes that hold for it.
fn as_wanted(images: Vec<Image>, wishes: Option<&Wishes>, now: Timestamp) -> Vec<Sight> {
    let Some(Wishes { selection, untagged }) = wishes else { return select(images, None, now) };
    let (bare, tagged) = images.into_iter().partition(|image| *untagged && image.tags.is_empty());
    let selection = Selection { newest: None, ..selection.clone() };
    let mut sights = select(tagged, Some(&selection), now);
    sights.extend(select(bare, None, now));
    sights
}

impl Survey {
    async fn list_all(&mut self, ports: Ports<'_>) -> Vec<Image> {
        let mut images = Vec::new();
        let mut after = None;
        loop {
            match ports.registry.images(&self.repository, after).await {
                Ok(page) => {
                    images.extend(page.items);
                    after = page.next;
                }
                Err(fault) => {
                    self.faults.push(fault);
                    return images;
                }
            }
            if after.is_none() {
                return images;
            }
        }
    }

    async fn list_named(&mut self, ports: Ports<'_>, picks: &[Pick]) -> Vec<Image> {
        ports.registry.named(&self.repository, picks).await.unwrap_or_else(|fault| {
            self.faults.push(fault);
            Vec::new()
        })
    }

    fn name_missing(&mut self, picks: &[Pick], images: &[Image], gone: bool) {
        for pick in picks.iter().collect::<BTreeSet<_>>() {
            let (name, found) = match pick {
                Pick::Whole | Pick::Tagged => (self.repository.to_string(), !gone),
                Pick::Tag(tag) => (
                    format!("{}:{tag}", self.repository),
                    images.iter().any(|image| image.tags.contains(tag)),
                ),
                Pick::Digest(digest) => (
                    format!("{}@{digest}", self.repository),
                    images.iter().any(|image| image.digest == *digest),
                ),
            };
            if found {
                continue;
            }
            self.missing.push(name);
            match pick {
                Pick::Whole | Pick::Tagged => {}
                Pick::Tag(tag) => self.absent.0.push(tag.clone()),
                Pick::Digest(digest) => self.absent.1.push(*digest),
            }
        }
    }

    /// What to remember of a look by name, which nobody ever tells that an image is gone: it asks about those, too, that are
    /// under no name any more.
    async fn seen(
        &self,
        ports: Ports<'_>,
        images: &[Image],
        now: Timestamp,
    ) -> Result<Vec<Entry>, NotRecorded> {
        let listed_since = now.checked_sub(LISTING_STANDS).unwrap_or(Timestamp::MIN);
        let unlisted = ports.ledger.unlisted(ports.registry.id(), &self.repository, listed_since).await?;
        let (tags, mut absent) = self.absent.clone();
        let known = images.iter().map(|image| image.digest).chain(absent.iter().copied()).collect();
        let doubted = doubted(&unlisted, &known, now);
        let picks: Vec<Pick> = doubted.iter().copied().map(Pick::Digest).collect();
        // A call that fails says nothing of them; the next look asks again.
        if !picks.is_empty()
            && let Ok(found) = ports.registry.named(&self.repository, &picks).await
        {
            let found: BTreeSet<Digest> = found.iter().map(|image| image.digest).collect();
            absent.extend(doubted.into_iter().filter(|digest| !found.contains(digest)));
        }
        let absent = (!tags.is_empty() || !absent.is_empty()).then_some(Entry::Absent(tags, absent));
        Ok(self.unopened().chain(absent).chain([Entry::Seen(images.to_vec())]).collect())
    }

    fn unopened(&self) -> impl Iterator<Item = Entry> {
        self.unopened.iter().map(|(index, _)| Entry::Unopened(*index))
    }

    /// Opens the indexes among the images. If the children are not among them yet, since only some images were asked
    /// for, they are fetched.
    async fn open_indexes(&mut self, ports: Ports<'_>, mut images: Vec<Image>, fetch: bool) -> Vec<Image> {
        let mut opened: Vec<OpenedIndex> = Vec::new();
        for _ in 0..NESTING {
            let seen: BTreeSet<Digest> = opened
                .iter()
                .map(|(digest, _)| *digest)
                .chain(self.unopened.iter().map(|(d, _)| *d))
                .collect();
            let is_new = |image: &&Image| {
                image.kind == Kind::Index && image.storage == Storage::Active && !seen.contains(&image.digest)
            };
            let indexes: Vec<Digest> = images.iter().filter(is_new).map(|image| image.digest).collect();
            if indexes.is_empty() {
                break;
            }
            for batch in indexes.chunks(INDEXES_A_CALL) {
                self.open(ports, batch, &mut opened).await;
            }
            if fetch {
                let known: BTreeSet<Digest> = images.iter().map(|image| image.digest).collect();
                let children = opened.iter().flat_map(|(_, children)| children).map(|child| child.digest);
                let picks: BTreeSet<Pick> =
                    children.filter(|child| !known.contains(child)).map(Pick::Digest).collect();
                let picks: Vec<Pick> = picks.into_iter().collect();
                images.extend(self.list_named(ports, &picks).await);
            }
        }
        inventory(images, &opened)
    }

    async fn open(&mut self, ports: Ports<'_>, indexes: &[Digest], opened: &mut Vec<OpenedIndex>) {
        match ports.registry.children(&self.repository, indexes).await {
            Ok(answers) => {
                for (digest, children) in answers {
                    match children {
                        Ok(children) => opened.push((digest, children)),
                        Err(fault) => self.unopened.push((digest, fault)),
                    }
                }
            }
            Err(fault) => self.unopened.extend(indexes.iter().map(|digest| (*digest, fault.clone()))),
        }
    }
}
