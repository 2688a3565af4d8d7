//! Statements in the order in which they were made, whichever document they stand in: a later one takes back what an earlier
//! one accepts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::policy::{Exception, Pattern, is_same_package};

use super::aliases::{Aliases, Known};
use super::document::{ReadVex, VexDocument};
use super::meant::Meant;
use super::product::Product;

/// One statement of one vulnerability.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    /// When it was made, where that is known.
    pub(super) at: Option<Timestamp>,
    /// Where it stands.
    pub(super) place: String,
    /// The vulnerability, and by which other names it is known.
    pub(super) ids: Vec<String>,
    /// Of what.
    pub(super) of: Vec<Meant>,
    /// Why it is accepted, if it is.
    pub(super) reason: Option<String>,
}

/// A statement and the document that it stands in.
#[derive(Clone, Copy)]
struct Said<'v> {
    document: usize,
    name: &'v str,
    statement: &'v Statement,
}

/// What is accepted by one statement, in one place, under one id.
struct Acceptance<'v> {
    said: Said<'v>,
    meant: &'v Meant,
    product: &'v Product,
    id: &'v str,
    package: Option<&'v str>,
    reason: &'v str,
}

#[derive(Default)]
struct Stated<'v> {
    aliases: Aliases,
    accepted: BTreeMap<Known, Vec<Acceptance<'v>>>,
    warnings: Vec<String>,
}

/// What documents accept together, each with the name that it is told of by.
pub fn accepted_by_vex(documents: &[(String, VexDocument)]) -> ReadVex {
    let mut statements = Vec::new();
    for (document, (name, read)) in documents.iter().enumerate() {
        statements.extend(read.statements.iter().map(|statement| Said { document, name, statement }));
    }
    // Those of one time stay in their order.
    statements.sort_by_key(|said| said.statement.at);
    let mut stated = Stated::default();
    for said in &statements {
        stated.aliases.join(&said.statement.ids);
    }
    for said in &statements {
        stated.state(*said);
    }
    // Nobody knows what was said first where one document is not dated: then it is not accepted.
    for said in
        statements.iter().filter(|said| said.statement.at.is_none() && said.statement.reason.is_none())
    {
        for meant in &said.statement.of {
            stated.take_back(*said, meant, |accepted| accepted.said.document != said.document);
        }
    }
    stated.read()
}

impl<'v> Stated<'v> {
    fn state(&mut self, said: Said<'v>) {
        for meant in &said.statement.of {
            if meant.product.is_none() {
                let why =
                    "that is no image in ECR that is named by a digest, or by its registry and repository";
                self.warn(said, meant, &format!("is passed over: {why}"));
            }
            match (&said.statement.reason, &meant.unsaid) {
                (None, _) => self.take_back(said, meant, |_| true),
                (Some(_), Some(unsaid)) => self.warn(said, meant, &format!("is not accepted: {unsaid}")),
                (Some(reason), None) => self.accept(said, meant, reason),
            }
        }
    }

    fn accept(&mut self, said: Said<'v>, meant: &'v Meant, reason: &'v str) {
        let (Some(product), Some(known)) = (&meant.product, self.known(said)) else { return };
        let accepted = self.accepted.entry(known).or_default();
        let packages = meant.packages.iter().map(|package| Some(package.as_str()));
        for package in packages.chain(meant.packages.is_empty().then_some(None)) {
            for id in &said.statement.ids {
                accepted.retain(|one| (one.id, one.product, one.package) != (id, product, package));
                accepted.push(Acceptance { said, meant, product, id, package, reason });
            }
        }
    }

    /// An exception cannot leave out a part of what it accepts, so that it goes as a whole.
    fn take_back(&mut self, said: Said<'v>, meant: &Meant, can: impl Fn(&Acceptance<'v>) -> bool) {
        let (Some(product), Some(known)) = (&meant.product, self.known(said)) else { return };
        let Some(accepted) = self.accepted.get_mut(&known) else { return };
        let is_meant = |package: &str| meant.packages.iter().any(|one| is_same_package(one, package));
        let mut narrowed = Vec::new();
        for one in accepted.extract_if(.., |one| {
            let is_in = meant.packages.is_empty() || one.package.is_none_or(is_meant);
            can(one) && is_in && product.overlaps(one.product)
        }) {
            let is_in = meant.packages.is_empty() || one.package.is_some_and(is_meant);
            if !(is_in && product.covers(one.product)) && one.id == one.said.statement.ids[0] {
                narrowed.push((one.said, one.meant));
            }
        }
        for (earlier, whole) in narrowed {
            let Said { name, statement, .. } = said;
            let by = format!("`{name}`: {} says otherwise of `{}`", statement.place, meant.name);
            self.warn(earlier, whole, &format!("is not accepted any more, not in part either: {by}"));
        }
    }

    fn known(&self, said: Said<'_>) -> Option<Known> {
        said.statement.ids.first().and_then(|id| self.aliases.of(id))
    }

    fn warn(&mut self, said: Said<'_>, meant: &Meant, what: &str) {
        let Said { name, statement: Statement { place, ids, .. }, .. } = said;
        let id = ids.first().map(String::as_str).unwrap_or_default();
        let product = &meant.name;
        self.warnings.push(format!("`{name}`: {place}: what is stated of {id} in `{product}` {what}"));
    }

    fn read(self) -> ReadVex {
        let mut accepted: Vec<Acceptance<'_>> = self.accepted.into_values().flatten().collect();
        accepted.sort_by(|one, other| {
            (one.id, one.product, one.package).cmp(&(other.id, other.product, other.package))
        });
        let exceptions =
            accepted.into_iter().map(|Acceptance { said, product, id, package, reason, .. }| {
                let pattern = |name: &str| name.parse::<Pattern>().ok();
                Exception {
                    package: package.map(str::to_owned),
                    repository: product.repository.as_ref().and_then(|name| pattern(name.as_str())),
                    tag: product.tag.as_ref().and_then(|tag| pattern(tag.as_str())),
                    digest: product.digest,
                    file: Some(said.name.to_owned()),
                    ..Exception::of(id, reason)
                }
            });
        ReadVex { exceptions: exceptions.collect(), warnings: self.warnings }
    }
}
