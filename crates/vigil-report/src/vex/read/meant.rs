//! What a statement is made of: an image, and perhaps packages in it, as widely as that may be meant.

use super::package::package;
use super::product::{Product, Unsaid};

/// What a statement is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meant {
    /// As it is written.
    pub(super) name: String,
    /// The image, or those of a repository; `None`: none in ECR.
    pub(super) product: Option<Product>,
    /// Only in these packages; none: wherever the vulnerability is.
    pub(super) packages: Vec<String>,
    /// Why it is meant more narrowly than is said here, if it is: then nothing of it is accepted.
    pub(super) unsaid: Option<Unsaid>,
}

impl Meant {
    /// An image by its name.
    pub(super) fn image(name: &str) -> Self {
        Self::found(name, name)
    }

    /// An image by another name than that under which it is told of.
    pub(super) fn found(name: &str, image: &str) -> Self {
        let (product, unsaid) = Product::named(image).unzip();
        Self { name: name.to_owned(), product, packages: Vec::new(), unsaid: unsaid.flatten() }
    }

    /// What is no image in ECR.
    pub(super) fn nothing(name: &str) -> Self {
        Self { name: name.to_owned(), product: None, packages: Vec::new(), unsaid: None }
    }

    /// Only in these packages of it. An image that is named by its digest holds each in one version, and another does not.
    pub(super) fn only_in<'v>(mut self, packages: impl IntoIterator<Item = &'v str>) -> Self {
        let is_pinned = self.product.as_ref().is_some_and(|product| product.digest.is_some());
        let mut names = Some(Vec::new());
        for written in packages {
            let Some(package) = package(written) else {
                self.unsaid = Some(Unsaid::Package);
                names = None;
                continue;
            };
            if package.has_version && !is_pinned {
                self.unsaid.get_or_insert(Unsaid::PackageVersion(written.to_owned()));
            }
            if let Some(names) = &mut names {
                names.push(package.name);
            }
        }
        self.packages = names.unwrap_or_default();
        self
    }

    /// Only in the packages that are called so.
    pub(super) fn only_in_names<'v>(mut self, names: impl IntoIterator<Item = &'v str>) -> Self {
        self.packages = names.into_iter().map(str::to_owned).collect();
        self
    }

    /// Only in some versions of its package, or of itself.
    pub(super) fn of_version(mut self, version: Option<&str>) -> Self {
        let is_pinned = self.product.as_ref().is_some_and(|product| product.digest.is_some());
        if let Some(version) = version.filter(|_| !is_pinned) {
            self.unsaid.get_or_insert(Unsaid::PackageVersion(version.to_owned()));
        }
        self
    }
}
