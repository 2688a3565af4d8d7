//! What a statement is about: an image, by its package URL or its name.
//!
//! It refuses to guess: what an exception cannot say as narrowly as it is meant is told beside how widely it may be meant.

use vigil_core::image::{Digest, ImageName, Pick, Reference, RegistryHost, RepositoryName, Tag};

use super::package::decoded;

/// An image, or the images of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Product {
    /// Where it lies, as far as that is ECR.
    pub(super) repository: Option<RepositoryName>,
    /// Which image.
    pub(super) digest: Option<Digest>,
    /// The image with this tag, where no digest is given.
    pub(super) tag: Option<Tag>,
}

/// What an exception cannot say: it would accept more than is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsaid {
    #[error("its version `{0}` is no digest: `sha256:` and 64 lower-case hexadecimal digits")]
    Version(String),
    #[error("`{0}` is no tag of an image")]
    Tag(String),
    #[error("`{0}` narrows it, which is understood beside a digest alone")]
    Qualifier(String),
    #[error("`#{0}` is a part of an image, which an exception cannot name")]
    Subpath(String),
    #[error("`{0}` is of one version, which is understood in an image with a digest alone")]
    PackageVersion(String),
    #[error("one of its packages has no name")]
    Package,
}

/// A product as widely as it may be meant, and why it is meant more narrowly, if it is.
pub(super) type Named = (Product, Option<Unsaid>);

impl Product {
    /// Reads what names an image; `None` if it names none in ECR, or not which.
    pub(super) fn named(name: &str) -> Option<Named> {
        match name.strip_prefix("pkg:oci/") {
            Some(purl) => Self::by_purl(purl),
            None if name.starts_with("pkg:") => None,
            None => Self::by_name(name),
        }
    }

    fn by_purl(purl: &str) -> Option<Named> {
        let (purl, subpath) = purl.split_once('#').unwrap_or((purl, ""));
        let (path, qualifiers) = purl.split_once('?').unwrap_or((purl, ""));
        let pairs = qualifiers.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<(String, String)> = pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (key.to_ascii_lowercase(), decoded(value)))
            .collect();
        let qualifier = |key| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let version = path.rsplit_once('@').map(|(_, version)| decoded(version));
        let digest: Option<Digest> = version.as_deref().and_then(|version| version.parse().ok());
        let url = qualifier("repository_url").unwrap_or_default();
        let url = url.split_once("://").map_or(url, |(_, rest)| rest);
        let repository = url.split_once('/').filter(|(host, _)| RegistryHost::parse(host).is_some());
        let repository = repository.and_then(|(_, path)| path.trim_end_matches('/').parse().ok());
        let written = qualifier("tag").filter(|_| digest.is_none());
        let tag = written.and_then(|tag| tag.parse().ok());
        let narrower = || {
            let other = pairs.iter().find(|(key, _)| !["repository_url", "tag"].contains(&key.as_str()));
            let wrong_tag = written.filter(|_| tag.is_none());
            (version.clone().map(Unsaid::Version))
                .or_else(|| wrong_tag.map(|tag| Unsaid::Tag(tag.to_owned())))
                .or_else(|| other.map(|(key, value)| Unsaid::Qualifier(format!("{key}={value}"))))
        };
        let unsaid = if digest.is_some() { None } else { narrower() };
        let part = Some(subpath).filter(|subpath| !subpath.is_empty());
        let unsaid = unsaid.or_else(|| part.map(|part| Unsaid::Subpath(part.to_owned())));
        // What cannot be read may narrow anything.
        let tag = tag.filter(|_| unsaid.is_none());
        let is_image = digest.is_some() || repository.is_some();
        is_image.then_some((Self { repository, digest, tag }, unsaid))
    }

    fn by_name(name: &str) -> Option<Named> {
        if let Some(product) = Self::by_reference(name) {
            return Some((product, None));
        }
        let (rest, digest) = name.split_once('@').map_or((name, None), |(rest, said)| (rest, Some(said)));
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (rest, None),
        };
        let unsaid = digest
            .map(|digest| Unsaid::Version(digest.to_owned()))
            .or_else(|| tag.map(|tag| Unsaid::Tag(tag.to_owned())))?;
        Self::by_reference(repository).map(|product| (product, Some(unsaid)))
    }

    fn by_reference(name: &str) -> Option<Self> {
        let Reference::Ecr(ImageName { host, repository, pick }) = name.parse().ok()? else { return None };
        let (digest, tag) = match pick {
            Pick::Digest(digest) => (Some(digest), None),
            Pick::Tag(tag) => (None, Some(tag)),
            Pick::Whole | Pick::Tagged => (None, None),
        };
        let repository = host.is_some().then_some(repository);
        (digest.is_some() || repository.is_some()).then_some(Self { repository, digest, tag })
    }

    /// Whether an image can be meant by both. Two tags of a repository are taken for two images.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        if let (Some(one), Some(other)) = (self.digest, other.digest) {
            return one == other;
        }
        let differ = self.repository.as_ref().zip(other.repository.as_ref()).is_some_and(|(a, b)| a != b);
        let tags_differ = self.tag.as_ref().zip(other.tag.as_ref()).is_some_and(|(a, b)| a != b);
        !differ && !tags_differ
    }

    /// Whether every image that the other means is meant by this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.digest.is_none_or(|digest| other.digest == Some(digest))
            && (self.digest.is_some() || self.repository.is_none() || self.repository == other.repository)
            && (self.tag.is_none() || self.tag == other.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        let told = Product::named(name).map(|(Product { repository, digest, tag }, unsaid)| {
            let narrower = if unsaid.is_some() { " and less" } else { "" };
            let repository = repository.map_or_else(|| "*".to_owned(), |name| name.to_string());
            let digest = digest.map(|_| "@1".to_owned()).unwrap_or_default();
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            format!("{repository}{digest}{tag}{narrower}")
        });
        assert_eq!(told.as_deref(), expected, "{name}");
    }

    #[test]
    fn an_image_is_known_by_its_digest_or_by_its_place_in_ecr() {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let encoded = DIGEST.replace(':', "%3A");
        check(&format!("pkg:oci/app@{encoded}?repository_url={host}/team/app&tag=v1"), Some("team/app@1"));
        check(&format!("pkg:oci/app@{DIGEST}?arch=amd64"), Some("*@1"));
        check(&format!("pkg:oci/app@{encoded}?repository_url=ghcr.io/team/app"), Some("*@1"));
        check(&format!("pkg:oci/app?repository_url={host}/team/app&tag=v1"), Some("team/app:v1"));
        check(&format!("pkg:oci/app?repository_url={host}/team/app"), Some("team/app"));
        check("pkg:oci/app?repository_url=ghcr.io/team/app&tag=v1", None);
        check("pkg:oci/app", None);
        check("pkg:deb/debian/zlib1g@1.2", None);
        check(&format!("{host}/team/app:v1"), Some("team/app:v1"));
        check(&format!("team/app@{DIGEST}"), Some("*@1"));
        check("team/app:v1", None);
        check("urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", None);
    }

    #[test]
    fn what_narrows_an_image_and_cannot_be_understood_is_not_passed_over() {
        let app = "repository_url=123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app";
        let less = Some("team/app and less");
        check(&format!("pkg:oci/app@v1.2?{app}"), less);
        check(&format!("pkg:oci/app@{}?{app}", DIGEST.to_uppercase()), less);
        check(&format!("pkg:oci/app@sha512:00?{app}&tag=v1"), less);
        check(&format!("pkg:oci/app?{app}&tag=not%20one"), less);
        check(&format!("pkg:oci/app?{app}&tag=v1&arch=arm64"), less);
        check(&format!("pkg:oci/app?{app}&Tag=v1"), Some("team/app:v1"));
        check(&format!("pkg:oci/app?{app}#usr/lib"), less);
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        check(&format!("{host}/team/app@sha512:00"), less);
        check(&format!("{host}/team/app:not one"), less);
        check("pkg:oci/app@v1.2?repository_url=ghcr.io/team/app", None);
    }

    #[test]
    fn two_products_overlap_where_an_image_can_be_both() {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let product =
            |name: &str| Product::named(&name.replace("ECR", host).replace("DIGEST", DIGEST)).unwrap().0;
        let check = |one: &str, other: &str, overlap: bool, covers: bool| {
            let (one, other) = (product(one), product(other));
            assert_eq!((one.overlaps(&other), one.covers(&other)), (overlap, covers), "{one:?} {other:?}");
            assert_eq!(other.overlaps(&one), overlap);
        };
        check("ECR/team/app", "ECR/team/app", true, true);
        check("ECR/team/app", "ECR/team/app:v1", true, true);
        check("ECR/team/app:v1", "ECR/team/app", true, false);
        check("ECR/team/app:v1", "ECR/team/app:v2", false, false);
        check("ECR/team/app:v1", "ECR/team/app@DIGEST", true, false);
        check("ECR/team/app@DIGEST", "team/app@DIGEST", true, true);
        check("ECR/team/app", "team/app@DIGEST", true, false);
        check("ECR/team/app", "ECR/team/other", false, false);
    }
}
