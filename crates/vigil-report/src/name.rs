//! How an image is called: by its first tag, or by its digest when it has none or the tag is not its own alone.

use std::fmt;

use vigil_core::{Digest, Image, RegistryId, RepositoryName};

/// A repository and the names that follow from it, made once for all its images.
pub(crate) struct Place<'a> {
    pub(crate) registry: &'a RegistryId,
    pub(crate) repository: &'a RepositoryName,
    /// The registry's host and the repository.
    pub(crate) uri: String,
}

impl<'a> Place<'a> {
    pub(crate) fn new(registry: &'a RegistryId, repository: &'a RepositoryName) -> Self {
        Self { registry, repository, uri: format!("{}/{repository}", registry.host()) }
    }

    /// The image by its name, with the registry's host.
    pub(crate) fn image_name<'n>(&'n self, image: &'n Image) -> Name<'n> {
        Name { repository: &self.uri, image, short: false }
    }

    /// The image as it is pulled.
    pub(crate) fn image_uri<'n>(&'n self, image: &'n Image) -> PullUri<'n> {
        PullUri(self.image_name(image))
    }
}

/// A repository's text with the image's first tag or digest.
pub(crate) struct Name<'n> {
    pub(crate) repository: &'n str,
    pub(crate) image: &'n Image,
    /// Whether a digest is cut to what people compare.
    pub(crate) short: bool,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.repository)?;
        match self.image.tags.first() {
            Some(tag) => write!(f, ":{tag}"),
            None if self.short => write!(f, "@{}", short_digest(&self.image.digest)),
            None => write!(f, "@{}", self.image.digest),
        }
    }
}

/// What is given to a container runtime. The tags of an index pull the index, so its children have only their digests.
pub(crate) struct PullUri<'n>(Name<'n>);

impl fmt::Display for PullUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Name { repository, image, .. } = &self.0;
        match image.index {
            Some(_) => write!(f, "{repository}@{}", image.digest),
            None => self.0.fmt(f),
        }
    }
}

/// A name with the platform in parentheses: the children of an index share its tags.
pub(crate) struct WithPlatform<'n>(pub(crate) Name<'n>);

impl fmt::Display for WithPlatform<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        self.0.image.platform.iter().try_for_each(|platform| write!(f, " ({platform})"))
    }
}

/// A name that no other image of the repository has, where one line says it all: two children of an index can have the
/// same platform, or none.
pub(crate) struct Distinct<'n>(pub(crate) Name<'n>);

impl fmt::Display for Distinct<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let image = self.0.image;
        let platform = image.platform.as_ref().map(ToString::to_string);
        let digest = (image.index.is_some() && !image.tags.is_empty()).then(|| short_digest(&image.digest));
        let parts: Vec<_> = platform.into_iter().chain(digest).collect();
        self.0.fmt(f)?;
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

/// The first twelve hexadecimal digits, as Docker shows them.
fn short_digest(digest: &Digest) -> String {
    digest.to_string().chars().take("sha256:".len() + 12).collect()
}
