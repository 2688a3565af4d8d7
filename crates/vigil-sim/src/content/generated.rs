//! Generated repositories and images: every property derived, none stored.

use std::sync::Arc;

use jiff::SignedDuration;

use super::image::{Image, ImageKind, PastScan, Platform};
use super::layout::Layout;
use super::manifest::{Blueprint, Child};
use super::names::CHARTS_TEAM;
use super::profile::Profile;
use super::slots::{self, Role};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::noise::Noise;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The generated part of one registry.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) layout: Arc<Layout>,
    pub(crate) profile: Profile,
    /// The noise of this registry: other accounts and regions have other images.
    pub(crate) noise: Noise,
    /// When the newest images were pushed: the start of the simulator.
    pub(crate) start: Moment,
}

/// One generated repository.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GeneratedRepository<'a> {
    of: &'a Generated,
    noise: Noise,
    charts: bool,
    /// Images that are listed by default.
    active: u32,
    archived: u32,
}

impl Generated {
    pub(crate) fn repository(&self, index: u32) -> GeneratedRepository<'_> {
        let active = self.layout.images_of(index);
        let archived = u64::from(active) * u64::from(self.profile.archived_percent) / 100;
        let name = self.layout.name(index).unwrap_or_default();
        GeneratedRepository {
            of: self,
            noise: self.noise.word(name),
            charts: self.profile.mixed_kinds && name.split('/').next() == Some(CHARTS_TEAM),
            active,
            archived: u32::try_from(archived).unwrap_or(0),
        }
    }

    pub(crate) fn created_at(&self, index: u32) -> Moment {
        let days = 760 + self.noise.word("created").with(u64::from(index)).below(900);
        Moment::from_millis(self.start.millis() - millis(days * DAY as u64))
    }
}

impl GeneratedRepository<'_> {
    /// All images, archived ones included.
    pub(crate) fn images(&self) -> u32 {
        self.active + self.archived
    }

    pub(crate) fn image(&self, index: u32) -> Image {
        let role = self.role(index);
        let blueprint = self.blueprint(index, role);
        let own = blueprint.own;
        let pushed_at = self.pushed_at(index);
        let unsupported = own.word("os").percent(self.of.profile.unsupported_percent);
        let mut image = Image {
            digest: Digest::of(blueprint.manifest().as_bytes()),
            kind: blueprint.kind,
            platform: platform(role, own),
            tags: self.tags(index, role, &blueprint),
            size: self.size(index, role),
            pushed_at,
            pulled_at: self.pulled_at(own, pushed_at),
            archived_at: (index >= self.active)
                .then_some(Moment::from_millis(self.of.start.millis() - 3 * DAY)),
            subject: blueprint.subject.filter(|_| blueprint.kind == ImageKind::Referrer),
            unsupported,
            age_rank: u16::try_from(u64::from(index) * 1000 / u64::from(self.active.max(1))).unwrap_or(1000),
            past_scan: None,
        };
        image.past_scan = self.past_scan(own, &image);
        image
    }

    pub(crate) fn manifest(&self, index: u32) -> String {
        self.blueprint(index, self.role(index)).manifest()
    }

    pub(crate) fn digest(&self, index: u32) -> Digest {
        Digest::of(self.manifest(index).as_bytes())
    }

    /// The tags of an image, without its other properties.
    pub(crate) fn tags_of(&self, index: u32) -> Vec<String> {
        let role = self.role(index);
        self.tags(index, role, &self.blueprint(index, role))
    }

    fn role(&self, index: u32) -> Role {
        match self {
            Self { charts: true, .. } => Role::Chart,
            Self { of: Generated { profile: Profile { mixed_kinds: false, .. }, .. }, .. } => Role::Plain,
            _ => slots::role(self.noise, index, self.active),
        }
    }

    fn blueprint(&self, index: u32, role: Role) -> Blueprint {
        let own = self.noise.word("image").with(u64::from(index));
        let kind = match role {
            // Two thirds of the world still push Docker's own format.
            Role::Plain | Role::Untagged if own.word("format").percent(66) => ImageKind::DockerImage,
            Role::Plain | Role::Untagged | Role::ChildAmd64 | Role::ChildArm64 => ImageKind::OciImage,
            Role::Chart => ImageKind::HelmChart,
            Role::Attestation(_) => ImageKind::Attestation,
            Role::Signature(_) => ImageKind::Signature,
            Role::CosignAttestation(_) => ImageKind::CosignAttestation,
            Role::Referrer(_) => ImageKind::Referrer,
            Role::Index(_) => ImageKind::OciIndex,
        };
        let subject = match role {
            Role::Signature(place) | Role::CosignAttestation(place) | Role::Referrer(place) => {
                Some(self.digest(slots::neighbour(index, place)))
            }
            _ => None,
        };
        let children = match role {
            Role::Index(places) => places.iter().map(|place| self.child(index, *place)).collect(),
            _ => Vec::new(),
        };
        let base = self.noise.word("base").with(u64::from(index / 50));
        Blueprint { kind, base, own, subject, children }
    }

    fn child(&self, index: u32, place: u32) -> Child {
        let at = slots::neighbour(index, place);
        let role = self.role(at);
        let blueprint = self.blueprint(at, role);
        let manifest = blueprint.manifest();
        Child {
            digest: Digest::of(manifest.as_bytes()),
            kind: blueprint.kind,
            platform: platform(role, blueprint.own),
            manifest_bytes: manifest.len(),
            attests: match role {
                Role::Attestation(subject) => Some(self.digest(slots::neighbour(index, subject))),
                _ => None,
            },
        }
    }

    fn tags(&self, index: u32, role: Role, blueprint: &Blueprint) -> Vec<String> {
        let suffix = match role {
            Role::Signature(_) => "sig",
            Role::CosignAttestation(_) => "att",
            Role::Plain | Role::Index(_) => return self.release_tags(index),
            Role::Chart => return vec![version(index).trim_start_matches('v').to_owned()],
            _ => return Vec::new(),
        };
        blueprint.subject.iter().map(|subject| format!("sha256-{}.{suffix}", subject.hex())).collect()
    }

    /// Version, branch or commit, as pipelines tag; unique in the repository because each is made of the index.
    fn release_tags(&self, index: u32) -> Vec<String> {
        let commit = || {
            // An odd factor permutes the 28 bits of a short commit id.
            let salt = self.noise.word("commit").value();
            format!("{:07x}", (u64::from(index).wrapping_mul(0x9e3_779b).wrapping_add(salt)) & 0xfff_ffff)
        };
        let mut tags = match self.noise.word("tags").with(u64::from(index)).below(10) {
            0..5 => vec![version(index)],
            5..7 => vec![format!("main-{}", commit())],
            7..9 => vec![commit()],
            _ => vec![version(index), commit()],
        };
        if index + 1 == self.active {
            tags.push("latest".to_owned());
        }
        tags
    }

    fn size(&self, index: u32, role: Role) -> u64 {
        match role {
            Role::Attestation(_) | Role::Signature(_) | Role::CosignAttestation(_) | Role::Referrer(_) => {
                900 + self.noise.word("size").with(u64::from(index)).below(60_000)
            }
            Role::Chart => 4_000 + self.noise.word("size").with(u64::from(index)).below(90_000),
            // ECR says the largest of the children for an index.
            Role::Index(places) => {
                let sizes = places.iter().map(|place| slots::neighbour(index, *place));
                sizes.map(|at| self.size(at, self.role(at))).max().unwrap_or(0)
            }
            _ => {
                let typical = 20_000_000 + self.noise.word("size").below(400_000_000);
                typical + self.noise.word("size").with(u64::from(index)).below(typical / 20)
            }
        }
    }

    /// Older images first, the newest within a day before the start.
    fn pushed_at(&self, index: u32) -> Moment {
        let span = (30 + self.noise.word("span").below(700)) * DAY as u64;
        let newest = self.noise.word("newest").below(DAY as u64);
        // Archived images come after the active ones in number, yet were pushed long ago.
        let rank = if index < self.active { self.active - 1 - index } else { self.active };
        let age = newest + span / u64::from(self.active.max(1)) * u64::from(rank);
        Moment::from_millis(self.of.start.millis() - millis(age))
    }

    fn pulled_at(&self, own: Noise, pushed_at: Moment) -> Option<Moment> {
        let since = u64::try_from(self.of.start.millis() - pushed_at.millis()).unwrap_or(0);
        let noise = own.word("pull");
        noise
            .percent(75)
            .then(|| Moment::from_millis(pushed_at.millis() + millis(noise.with(1).below(since))))
    }

    fn past_scan(&self, own: Noise, image: &Image) -> Option<PastScan> {
        let profile = &self.of.profile;
        let noise = own.word("scanned");
        if !image.kind.has_operating_system() || image.archived_at.is_some() {
            return None;
        }
        let hours_ago = profile.scanned_hours_ago_percent;
        let ago = if noise.percent(hours_ago) {
            noise.with(1).below(DAY as u64)
        } else if noise.percent(hours_ago.saturating_add(profile.scanned_days_ago_percent)) {
            DAY as u64 + noise.with(1).below(39 * DAY as u64)
        } else {
            return None;
        };
        let at = self.of.start.millis() - millis(ago);
        let completed_at = Moment::from_millis(at).max(image.pushed_at + SignedDuration::from_secs(90));
        (completed_at <= self.of.start).then_some(PastScan { completed_at })
    }
}

fn platform(role: Role, own: Noise) -> Platform {
    match role {
        Role::ChildAmd64 => Platform::LinuxAmd64,
        Role::ChildArm64 => Platform::LinuxArm64,
        Role::Plain | Role::Untagged if own.word("platform").percent(90) => Platform::LinuxAmd64,
        Role::Plain | Role::Untagged => Platform::LinuxArm64,
        _ => Platform::Unknown,
    }
}

/// The version that follows from the number of releases before.
fn version(index: u32) -> String {
    format!("v{}.{}.{}", 1 + index / 400, index / 10 % 40, index % 10)
}

fn millis(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn registry(profile: Profile) -> Generated {
        Generated {
            layout: Arc::new(Layout::new(Noise::new(7), 12, 3_000)),
            profile,
            noise: Noise::new(7).word("111122223333"),
            start: Moment::from_millis(1_793_000_000_000),
        }
    }

    #[test]
    fn an_image_is_the_same_whenever_it_is_asked_for() {
        let (one, other) = (registry(Profile::lifelike()), registry(Profile::lifelike()));
        for index in [0, 5, 40] {
            let (a, b) = (one.repository(3).image(index), other.repository(3).image(index));
            assert_eq!((a.digest, a.tags, a.pushed_at), (b.digest, b.tags, b.pushed_at));
        }
    }

    #[test]
    fn digests_and_tags_are_unique_and_true() {
        let registry = registry(Profile::lifelike());
        for number in 0..12 {
            let repository = registry.repository(number);
            let (mut digests, mut tags) = (HashSet::new(), HashSet::new());
            for index in 0..repository.images() {
                let image = repository.image(index);
                assert_eq!(image.digest, Digest::of(repository.manifest(index).as_bytes()));
                assert!(digests.insert(image.digest), "two images with one digest");
                assert!(image.tags.iter().all(|tag| tags.insert(tag.clone())), "{:?}", image.tags);
                assert!(image.pushed_at <= registry.start);
                assert!(image.past_scan.is_none_or(|scan| scan.completed_at <= registry.start));
            }
        }
    }

    #[test]
    fn a_plain_registry_holds_only_unscanned_images() {
        let registry = registry(Profile::plain());
        let repository = registry.repository(0);
        for index in 0..repository.images() {
            let image = repository.image(index);
            assert!(image.kind.has_operating_system() && image.past_scan.is_none() && !image.tags.is_empty());
        }
    }

    #[test]
    fn a_lifelike_registry_holds_everything() {
        let registry = registry(Profile::lifelike());
        let mut kinds = HashSet::new();
        for number in 0..12 {
            let repository = registry.repository(number);
            kinds.extend((0..repository.images()).map(|index| repository.image(index).kind));
        }
        assert!(kinds.len() >= 7, "{kinds:?}");
    }
}
