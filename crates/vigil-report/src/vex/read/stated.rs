//! Statements in the order in which they were made: a later one takes back what an earlier one accepts.

use std::collections::BTreeMap;

use vigil_core::policy::{Exception, Pattern, VulnerabilityId};

use super::document::{ReadVex, UnreadableVex, wrong};
use super::product::Product;

/// What was stated so far.
#[derive(Default)]
pub(super) struct Stated {
    accepted: BTreeMap<(String, Product, Option<String>), String>,
    warnings: Vec<String>,
}

/// One statement of one vulnerability.
pub(super) struct Statement<'a> {
    /// Where it stands.
    pub(super) place: &'a str,
    /// The vulnerability, and by which other names it is known.
    pub(super) names: Vec<&'a str>,
    /// In what, and in which packages of that; none: wherever it is there.
    pub(super) products: Vec<(&'a str, Option<Product>, Vec<String>)>,
    /// Why it is accepted, if it is.
    pub(super) reason: Option<String>,
}

impl Stated {
    pub(super) fn state(&mut self, statement: Statement<'_>) -> Result<(), UnreadableVex> {
        let Statement { place, names, products, reason } = statement;
        for (name, product, packages) in products {
            let Some(product) = product else {
                self.warn(place, &names, name);
                continue;
            };
            for id in &names {
                let id: VulnerabilityId = id
                    .parse()
                    .map_err(|error| wrong(format!("{place}.vulnerability"), format!("{error}")))?;
                self.note(&String::from(id), &product, &packages, reason.as_deref());
            }
        }
        Ok(())
    }

    fn note(&mut self, id: &str, product: &Product, packages: &[String], reason: Option<&str>) {
        let Some(reason) = reason else {
            // What is said of the whole is said of its parts, and of one part takes back what was said of all.
            self.accepted.retain(|(of, there, package), _| {
                let is_meant =
                    packages.is_empty() || package.as_ref().is_none_or(|one| packages.contains(one));
                of != id || there != product || !is_meant
            });
            return;
        };
        let mut accept = |package: Option<String>| {
            self.accepted.insert((id.to_owned(), product.clone(), package), reason.to_owned());
        };
        match packages {
            [] => accept(None),
            packages => packages.iter().cloned().for_each(|package| accept(Some(package))),
        }
    }

    fn warn(&mut self, place: &str, names: &[&str], product: &str) {
        let name = names.first().copied().unwrap_or_default();
        self.warnings.push(format!(
            "{place}: what is stated of {name} in `{product}` is passed over: that is no image in ECR that is named by \
             a digest, or by its registry and repository"
        ));
    }

    pub(super) fn read(self) -> ReadVex {
        let exceptions = self.accepted.into_iter().map(|((id, product, package), reason)| {
            let Product { repository, digest, tag } = product;
            let pattern = |name: &str| name.parse::<Pattern>().ok();
            Exception {
                package,
                repository: repository.as_ref().and_then(|name| pattern(name.as_str())),
                tag: tag.as_ref().and_then(|tag| pattern(tag.as_str())),
                digest,
                ..Exception::of(id, reason)
            }
        });
        ReadVex { exceptions: exceptions.collect(), warnings: self.warnings }
    }
}
