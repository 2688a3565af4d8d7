//! Which images of a repository are looked at, and why the others are not.

use std::collections::{HashMap, HashSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Age, Patterns};
use crate::image::{Digest, Image, Kind, Storage};

/// Which images the user wants looked at.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Repositories, by name.
    pub repositories: Patterns,
    /// Tagged images, untagged ones, or both.
    pub tag_status: TagStatus,
    /// Tags. An image is meant if one of its tags is; an untagged image is left out by includes alone.
    pub tags: Patterns,
    /// Only so many of a repository, counted by push; an index with its children counts as one.
    pub newest: Option<usize>,
    /// Only images pushed this recently. With `pulled_within`, either is enough.
    pub pushed_within: Option<Age>,
    /// Only images pulled this recently.
    pub pulled_within: Option<Age>,
}

/// Tagged images, untagged ones, or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TagStatus {
    /// Both.
    #[default]
    Any,
    /// Images with a tag of their own or of an index that lists them.
    Tagged,
    /// Images without.
    Untagged,
}

/// An image of a repository, and the reason if it is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The image.
    pub image: Image,
    /// Why it is left out; `None` if it is looked at.
    pub left_out: Option<LeftOut>,
}

/// Why an image is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Its children are looked at instead.
    Index,
    /// Nothing to scan in it.
    Attestation,
    /// Nothing to scan in it.
    Signature,
    /// Nothing to scan in it.
    Referrer,
    /// Nothing to scan in it.
    HelmChart,
    /// Nothing that ECR scans, by its media type.
    NotAnImage(String),
    /// In the archive, where ECR does not scan.
    Archived,
    /// By the tag status that is asked for.
    TagStatus,
    /// By the tag patterns.
    TagPatterns,
    /// Neither pushed nor pulled recently enough.
    TooOld,
    /// Not among the newest of its repository.
    NotNewest(usize),
}

impl LeftOut {
    /// Whether it could be looked at, and the user does not want it.
    pub fn is_by_wish(&self) -> bool {
        matches!(self, Self::TagStatus | Self::TagPatterns | Self::TooOld | Self::NotNewest(_))
    }

    /// The reason's name in machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Attestation => "attestation",
            Self::Signature => "signature",
            Self::Referrer => "referrer",
            Self::HelmChart => "helm_chart",
            Self::NotAnImage(_) => "not_an_image",
            Self::Archived => "archived",
            Self::TagStatus => "tag_status",
            Self::TagPatterns => "tag_patterns",
            Self::TooOld => "too_old",
            Self::NotNewest(_) => "not_newest",
        }
    }
}

/// Why nothing can be scanned in this image; `None` if something can.
fn unscannable(image: &Image) -> Option<LeftOut> {
    match &image.kind {
        _ if image.storage != Storage::Active => Some(LeftOut::Archived),
        Kind::Image => None,
        Kind::Index => Some(LeftOut::Index),
        Kind::Attestation => Some(LeftOut::Attestation),
        Kind::Signature => Some(LeftOut::Signature),
        Kind::Referrer => Some(LeftOut::Referrer),
        Kind::HelmChart => Some(LeftOut::HelmChart),
        Kind::Other(media_type) => Some(LeftOut::NotAnImage(media_type.clone())),
    }
}

impl Selection {
    /// Why the user's wishes leave this image out; `None` if they do not.
    fn unwanted(&self, image: &Image, now: Timestamp) -> Option<LeftOut> {
        let tagged = !image.tags.is_empty();
        let status_fits = match self.tag_status {
            TagStatus::Any => true,
            TagStatus::Tagged => tagged,
            TagStatus::Untagged => !tagged,
        };
        let tags_fit = match tagged {
            true => image.tags.iter().any(|tag| self.tags.admit(tag.as_str())),
            false => self.tags.include.is_empty(),
        };
        if !status_fits {
            return Some(LeftOut::TagStatus);
        }
        if !tags_fit {
            return Some(LeftOut::TagPatterns);
        }
        let since = |age: &Option<Age>| age.as_ref().map(|age| age.before(now));
        let recent = match (since(&self.pushed_within), since(&self.pulled_within)) {
            (None, None) => true,
            (pushed, pulled) => {
                pushed.is_some_and(|since| image.pushed_at.is_none_or(|at| at >= since))
                    || pulled.is_some_and(|since| image.pulled_at.is_some_and(|at| at >= since))
            }
        };
        if recent { None } else { Some(LeftOut::TooOld) }
    }
}

/// Sorts out the images of one repository. `None` as selection takes whatever can be scanned: what somebody asks for by
/// name is not filtered.
pub fn select(images: Vec<Image>, selection: Option<&Selection>, now: Timestamp) -> Vec<Sight> {
    let newest = selection.and_then(|selection| selection.newest);
    let pushed: HashMap<Digest, Option<Timestamp>> =
        images.iter().map(|image| (image.digest, image.pushed_at)).collect();
    let sight = |image: Image| {
        let left_out = unscannable(&image).or_else(|| selection?.unwanted(&image, now));
        Sight { image, left_out }
    };
    let mut sights: Vec<Sight> = images.into_iter().map(sight).collect();
    if let Some(newest) = newest {
        keep_newest(&mut sights, newest, &pushed);
    }
    sights
}

fn keep_newest(sights: &mut [Sight], newest: usize, pushed: &HashMap<Digest, Option<Timestamp>>) {
    let unit = |image: &Image| image.index.unwrap_or(image.digest);
    let mut units: Vec<Digest> =
        sights.iter().filter(|sight| sight.left_out.is_none()).map(|sight| unit(&sight.image)).collect();
    units.sort_by_key(|digest| (std::cmp::Reverse(pushed.get(digest).copied()), *digest));
    units.dedup();
    let kept: HashSet<Digest> = units.into_iter().take(newest).collect();
    for sight in sights.iter_mut().filter(|sight| sight.left_out.is_none()) {
        if !kept.contains(&unit(&sight.image)) {
            sight.left_out = Some(LeftOut::NotNewest(newest));
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index => f.write_str("image index: its platforms are scanned one by one"),
            Self::Attestation => f.write_str("attestation: nothing to scan"),
            Self::Signature => f.write_str("signature: nothing to scan"),
            Self::Referrer => f.write_str("referrer of another image: nothing to scan"),
            Self::HelmChart => f.write_str("Helm chart: nothing to scan"),
            Self::NotAnImage(media_type) => write!(f, "not a container image but {media_type}"),
            Self::Archived => f.write_str("archived: ECR does not scan it"),
            Self::TagStatus => f.write_str("not selected by tag status"),
            Self::TagPatterns => f.write_str("not selected by tag patterns"),
            Self::TooOld => f.write_str("not selected: neither pushed nor pulled recently enough"),
            Self::NotNewest(1) => f.write_str("not selected: not the newest of its repository"),
            Self::NotNewest(newest) => {
                write!(f, "not selected: not among the newest {newest} of its repository")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, image, now};

    #[track_caller]
    fn check(selection: &Selection, images: Vec<Image>, expected: &[Option<&str>]) {
        let sights = select(images, Some(selection), now());
        let reasons: Vec<_> = sights.iter().map(|sight| sight.left_out.as_ref().map(LeftOut::code)).collect();
        assert_eq!(reasons, expected);
    }

    #[test]
    fn what_cannot_be_scanned_is_left_out_with_its_reason() {
        let kinds = [
            (Kind::Image, None),
            (Kind::Index, Some("index")),
            (Kind::Attestation, Some("attestation")),
            (Kind::Signature, Some("signature")),
            (Kind::Referrer, Some("referrer")),
            (Kind::HelmChart, Some("helm_chart")),
            (Kind::Other("application/wasm".into()), Some("not_an_image")),
        ];
        for (kind, expected) in kinds {
            check(&Selection::default(), vec![Image { kind, ..image(1, &["v1"], 1) }], &[expected]);
        }
        let archived = Image { storage: Storage::Archived, ..image(1, &["v1"], 1) };
        check(&Selection::default(), vec![archived], &[Some("archived")]);
    }

    #[test]
    fn tag_status_and_patterns() {
        let images = || vec![image(1, &["v1", "dev-1"], 1), image(2, &["dev-2"], 1), image(3, &[], 1)];
        let status = |tag_status| Selection { tag_status, ..Selection::default() };
        let tags = |include: &[&str], exclude: &[&str]| {
            let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
            Selection {
                tags: Patterns { include: parse(include), exclude: parse(exclude) },
                ..Selection::default()
            }
        };
        check(&status(TagStatus::Tagged), images(), &[None, None, Some("tag_status")]);
        check(&status(TagStatus::Untagged), images(), &[Some("tag_status"), Some("tag_status"), None]);
        check(&tags(&["v*"], &[]), images(), &[None, Some("tag_patterns"), Some("tag_patterns")]);
        check(&tags(&[], &["dev-*"]), images(), &[None, Some("tag_patterns"), None]);
    }

    #[test]
    fn pushed_or_pulled_recently_is_enough() {
        let pulled = Image { pulled_at: Some(now()), ..image(2, &[], 30) };
        let images = || vec![image(1, &[], 1), pulled.clone(), image(3, &[], 30)];
        let age = || "7d".parse().ok();
        let pushed = Selection { pushed_within: age(), ..Selection::default() };
        let both = Selection { pulled_within: age(), ..pushed.clone() };
        check(&pushed, images(), &[None, Some("too_old"), Some("too_old")]);
        check(&both, images(), &[None, None, Some("too_old")]);
    }

    #[test]
    fn an_index_with_its_children_counts_as_one_of_the_newest() {
        let child = |n| Image { index: Some(digest(1)), ..image(n, &["v3"], 1) };
        let index = Image { kind: Kind::Index, ..image(1, &["v3"], 1) };
        let images = vec![index, child(2), child(3), image(4, &["v2"], 2), image(5, &["v1"], 3)];
        let selection = Selection { newest: Some(2), ..Selection::default() };
        check(&selection, images, &[Some("index"), None, None, None, Some("not_newest")]);
    }

    #[test]
    fn what_is_asked_for_by_name_is_not_filtered() {
        let sights = select(vec![image(1, &[], 300)], None, now());
        assert_eq!(sights[0].left_out, None);
    }
}
