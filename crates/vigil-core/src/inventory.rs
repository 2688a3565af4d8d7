//! What a repository holds, once its indexes are opened: children carry the tags and platform that an index gives them.

use std::collections::{HashMap, HashSet};

use crate::image::{Child, Digest, Image, Kind, Platform, Tag};

/// An index of a repository and the manifests it lists.
pub type OpenedIndex = (Digest, Vec<Child>);

#[derive(Default)]
struct FromIndexes {
    tags: Vec<Tag>,
    platform: Option<Platform>,
    newest: Option<(Option<jiff::Timestamp>, Digest)>,
    attestation: bool,
    pulled_at: Option<jiff::Timestamp>,
}

/// Brings the listed images of a repository together with what its indexes say of them. An index inside an index hands
/// on what it was given. Images are returned in the order of their digests.
pub fn inventory(mut listed: Vec<Image>, indexes: &[OpenedIndex]) -> Vec<Image> {
    // An index inside an index needs a round more for each level of nesting. It cannot contain itself, since its digest
    // covers its content, so there are fewer levels than indexes.
    let known: HashSet<Digest> = indexes.iter().map(|(index, _)| *index).collect();
    let holds_index = |children: &[Child]| children.iter().any(|child| known.contains(&child.digest));
    let nested = indexes.iter().filter(|(_, children)| holds_index(children)).count();
    for _ in 0..=nested {
        apply(&mut listed, indexes);
    }
    listed.sort_by_key(|image| image.digest);
    listed.dedup_by_key(|image| image.digest);
    listed
}

fn apply(listed: &mut [Image], indexes: &[OpenedIndex]) {
    let by_digest: HashMap<Digest, &Image> = listed.iter().map(|image| (image.digest, image)).collect();
    let mut given: HashMap<Digest, FromIndexes> = HashMap::new();
    for (index, children) in indexes {
        let Some(index) = by_digest.get(index) else { continue };
        for child in children {
            let given = given.entry(child.digest).or_default();
            given.tags.extend(index.tags.iter().cloned());
            given.platform =
                given.platform.take().or_else(|| child.platform.clone()).or_else(|| index.platform.clone());
            given.newest = given.newest.max(Some((index.pushed_at, index.digest)));
            given.attestation |= child.attestation;
            given.pulled_at = given.pulled_at.max(index.pulled_at);
        }
    }
    for image in listed {
        let Some(given) = given.remove(&image.digest) else { continue };
        image.tags.extend(given.tags);
        image.tags.sort();
        image.tags.dedup();
        image.platform = given.platform;
        image.index = given.newest.map(|(_, digest)| digest);
        image.pulled_at = image.pulled_at.max(given.pulled_at);
        if given.attestation && image.kind == Kind::Image {
            image.kind = Kind::Attestation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, image};

    fn child(n: u64, architecture: &str) -> Child {
        let platform = Platform { os: "linux".into(), architecture: architecture.into(), variant: None };
        Child { digest: digest(n), platform: Some(platform), attestation: false }
    }

    fn index(n: u64, tags: &[&str], age_days: i64) -> Image {
        Image { kind: Kind::Index, ..image(n, tags, age_days) }
    }

    #[track_caller]
    fn find(images: &[Image], n: u64) -> &Image {
        images.iter().find(|image| image.digest == digest(n)).unwrap()
    }

    #[test]
    fn children_carry_the_tags_and_platform_of_their_index() {
        let listed =
            vec![index(1, &["v2", "latest"], 1), image(2, &[], 1), image(3, &["arm"], 1), image(4, &[], 1)];
        let attestation = Child { attestation: true, ..child(4, "unknown") };
        let images =
            inventory(listed, &[(digest(1), vec![child(2, "amd64"), child(3, "arm64"), attestation])]);
        let tags = |n| find(&images, n).tags.iter().map(Tag::as_str).collect::<Vec<_>>();
        assert_eq!(tags(2), ["latest", "v2"]);
        assert_eq!(tags(3), ["arm", "latest", "v2"]);
        assert_eq!(find(&images, 3).platform.as_ref().unwrap().to_string(), "linux/arm64");
        assert_eq!(find(&images, 2).index, Some(digest(1)));
        assert_eq!(find(&images, 4).kind, Kind::Attestation);
    }

    #[test]
    fn an_index_inside_an_index_hands_on_its_tags() {
        let listed = vec![image(3, &[], 1), index(2, &[], 1), index(1, &["v1"], 1)];
        let images =
            inventory(listed, &[(digest(2), vec![child(3, "amd64")]), (digest(1), vec![child(2, "amd64")])]);
        assert_eq!(find(&images, 3).tags, find(&images, 1).tags);
    }

    #[test]
    fn of_two_indexes_the_newer_is_the_parent_and_both_give_tags() {
        let listed = vec![index(1, &["old"], 9), index(2, &["new"], 1), image(3, &[], 9)];
        let images =
            inventory(listed, &[(digest(2), vec![child(3, "amd64")]), (digest(1), vec![child(3, "amd64")])]);
        assert_eq!(find(&images, 3).index, Some(digest(2)));
        assert_eq!(find(&images, 3).tags.len(), 2);
    }
}
