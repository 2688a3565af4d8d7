//! What a statement is about: an image, by its package URL or its name, and packages in it.

use vigil_core::image::{Digest, ImageName, Pick, Reference, RegistryHost, RepositoryName, Tag};

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

impl Product {
    /// Reads what names an image; `None` if it names none in ECR, or not which.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("pkg:oci/") {
            Some(purl) => Self::by_purl(purl),
            None if name.starts_with("pkg:") => None,
            None => Self::by_name(name),
        }
    }

    fn by_purl(purl: &str) -> Option<Self> {
        let purl = purl.split('#').next().unwrap_or_default();
        let (path, qualifiers) = purl.split_once('?').unwrap_or((purl, ""));
        let qualifier = |key: &str| {
            let pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(name, _)| *name == key).map(|(_, value)| decoded(value)).next()
        };
        let digest = path.rsplit_once('@').and_then(|(_, version)| decoded(version).parse().ok());
        let url = qualifier("repository_url").unwrap_or_default();
        let url = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let repository = url.split_once('/').filter(|(host, _)| RegistryHost::parse(host).is_some());
        let repository = repository.and_then(|(_, path)| path.trim_end_matches('/').parse().ok());
        let tag = qualifier("tag").and_then(|tag| tag.parse().ok()).filter(|_| digest.is_none());
        (digest.is_some() || repository.is_some()).then_some(Self { repository, digest, tag })
    }

    fn by_name(name: &str) -> Option<Self> {
        let Reference::Ecr(ImageName { host, repository, pick }) = name.parse().ok()? else { return None };
        let (digest, tag) = match pick {
            Pick::Digest(digest) => (Some(digest), None),
            Pick::Tag(tag) => (None, Some(tag)),
            Pick::Whole | Pick::Tagged => (None, None),
        };
        let repository = host.is_some().then_some(repository);
        (digest.is_some() || repository.is_some()).then_some(Self { repository, digest, tag })
    }
}

/// The name of a package as ECR and Amazon Inspector write it, from its package URL; what is none is a name already.
pub(super) fn package_name(purl: &str) -> Option<String> {
    let Some(rest) = purl.strip_prefix("pkg:") else { return Some(purl.to_owned()) };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (kind, path) = rest.split_once('/')?;
    // A version comes after the last `@`; one in a name is encoded.
    let path = path.rsplit_once('@').map_or(path, |(path, _)| path).trim_matches('/');
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (namespace, name) = (decoded(namespace), decoded(name));
    let name = match kind {
        _ if namespace.is_empty() => name,
        "maven" => format!("{namespace}:{name}"),
        "npm" | "golang" | "composer" | "github" => format!("{namespace}/{name}"),
        // The distribution.
        _ => name,
    };
    Some(name).filter(|name| !name.is_empty())
}

/// The text without its percent-encoding.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        let told = Product::named(name).map(|Product { repository, digest, tag }| {
            let repository = repository.map_or_else(|| "*".to_owned(), |name| name.to_string());
            let digest = digest.map(|_| "@1".to_owned()).unwrap_or_default();
            format!("{repository}{digest}{}", tag.map(|tag| format!(":{tag}")).unwrap_or_default())
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
    fn a_package_is_called_as_ecr_calls_it() {
        let check = |purl: &str, expected: &str| assert_eq!(package_name(purl).as_deref(), Some(expected));
        check("pkg:generic/libstdc%2B%2B6@1.0", "libstdc++6");
        check("pkg:generic/a%2Fb@1.0", "a/b");
        check("pkg:deb/debian/zlib1g@1%3A1.2?arch=amd64", "zlib1g");
        check("pkg:maven/org.apache/log4j@1.0", "org.apache:log4j");
        check("pkg:npm/%40babel/core@1.0", "@babel/core");
        check("pkg:golang/github.com/a/b@1.0", "github.com/a/b");
        check("pkg:pypi/typing-extensions", "typing-extensions");
        check("openssl", "openssl");
    }
}
