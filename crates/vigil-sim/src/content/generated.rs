//! Generated repositories and images: every property derived, none stored.

use std::sync::Arc;

use super::details::{DAY, millis};
use super::image::{Image, ImageKind, Platform};
use super::layout::Layout;
use super::manifest::{Blueprint, Child};
use super::names::CHARTS_TEAM;
use super::profile::Profile;
use super::slots::{self, Role};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::noise::Noise;

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
    pub(super) of: &'a Generated,
    pub(super) noise: Noise,
    charts: bool,
    /// Images that are listed by default.
    pub(super) active: u32,
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

    pub(super) fn role(&self, index: u32) -> Role {
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
    fn the_content_of_a_seed_does_not_change_between_versions() {
        let registry = registry(Profile::lifelike());
        let image = registry.repository(0).image(0);
        assert_eq!(registry.layout.name(0), Some("warehouse/archiver"));
        assert_eq!(
            image.digest.to_string(),
            "sha256:c50d48262586d7f4ec6d99b2a9c2d90081e8bdd7c50c222e277ca5f808c943c4"
        );
        assert_eq!(image.tags, ["main-40dd64e"]);
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
