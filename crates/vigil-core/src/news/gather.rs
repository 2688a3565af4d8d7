//! As few messages as say everything: each is about an image, or about a vulnerability of several images, whichever tells
//! most of what is left to be told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::net::net;
use super::{Change, ImageNews, Message, Roundup, VulnerabilityNews, WhereFound, upgrades};
use crate::finding::Severity;
use crate::image::{Digest, RegistryId, RepositoryName};

/// What a message is about. Where both tell as much it is the image, the greater of the two: its owner can mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Vulnerability(Arc<str>),
    Image(Place),
}

type Place = (RegistryId, RepositoryName, Digest);

/// Gathers changes into messages, worst first. What has changed of a finding several times, and what was seen along several
/// lineages of an image, is told once.
pub fn gather(changes: Vec<Change>) -> Vec<Message> {
    let mut untold = Untold::new(once_an_image(net(changes)));
    let mut messages = Vec::new();
    while let Some((about, changes)) = untold.take_most() {
        messages.push(match about {
            About::Image(_) => image(changes),
            About::Vulnerability(id) => vulnerability(&id, changes),
        });
    }
    messages.sort_by_key(|(severity, _)| Reverse(severity.clone()));
    messages.into_iter().map(|(_, message)| message).collect()
}

/// What was put aside to be told together, each with when it was: in as few messages as say it.
pub fn round_up(parts: Vec<(Timestamp, Message)>) -> Option<Roundup> {
    let since = parts.iter().map(|(at, _)| *at).min()?;
    let until = parts.iter().map(|(at, _)| *at).max()?;
    let (mut changes, mut messages, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for (_, message) in parts {
        match message {
            Message::Image(news) => changes.extend(news.changes),
            Message::Vulnerability(news) => {
                changes.extend(news.found.into_iter().flat_map(|found| found.changes));
            }
            Message::Failed(_) => failures.push(message),
            Message::Baseline(_) | Message::Exception(_) | Message::Roundup(_) => messages.push(message),
        }
    }
    messages.extend(gather(changes));
    messages.extend(failures);
    Some(Roundup { since, until, messages })
}

/// Changes that no message tells yet, by what a message about them could be about.
struct Untold {
    changes: Vec<Change>,
    by_about: BTreeMap<About, BTreeSet<usize>>,
    by_size: BTreeSet<(usize, About)>,
}

impl Untold {
    fn new(changes: Vec<Change>) -> Self {
        let mut by_about: BTreeMap<About, BTreeSet<usize>> = BTreeMap::new();
        for (n, change) in changes.iter().enumerate() {
            for about in abouts(change) {
                by_about.entry(about).or_default().insert(n);
            }
        }
        let by_size = by_about.iter().map(|(about, left)| (left.len(), about.clone())).collect();
        Self { changes, by_about, by_size }
    }

    /// Takes out what tells most, and all changes that it tells.
    fn take_most(&mut self) -> Option<(About, Vec<Change>)> {
        let (_, about) = self.by_size.last()?.clone();
        let told = self.by_about.get(&about).cloned().unwrap_or_default();
        for n in &told {
            for about in abouts(&self.changes[*n]) {
                self.strike(about, *n);
            }
        }
        Some((about, told.into_iter().map(|n| self.changes[n].clone()).collect()))
    }

    fn strike(&mut self, about: About, n: usize) {
        let Some(left) = self.by_about.get_mut(&about) else { return };
        self.by_size.remove(&(left.len(), about.clone()));
        left.remove(&n);
        if !left.is_empty() {
            self.by_size.insert((left.len(), about));
        }
    }
}

fn abouts(change: &Change) -> [About; 2] {
    [About::Image(place(change)), About::Vulnerability(change.finding.id.clone())]
}

fn place(change: &Change) -> Place {
    let subject = &change.subject;
    (subject.registry.clone(), subject.repository.clone(), subject.digest)
}

fn once_an_image(mut changes: Vec<Change>) -> Vec<Change> {
    let mut seen = BTreeSet::new();
    changes.retain(|change| {
        let package = change.finding.package.as_ref().map(|package| package.name.clone());
        seen.insert((place(change), change.finding.id.clone(), package, change.kind.state()))
    });
    changes
}

fn image(mut changes: Vec<Change>) -> (Severity, Message) {
    changes.sort_by(Change::report_order);
    let worst = worst(&changes);
    let subject = changes[0].subject.clone();
    let upgrades = upgrades(changes.iter().filter(|change| change.is_there()).map(|change| &change.finding));
    (worst, Message::Image(ImageNews { subject, changes, upgrades }))
}

fn vulnerability(id: &str, mut changes: Vec<Change>) -> (Severity, Message) {
    changes.sort_by(Change::report_order);
    let worst = worst(&changes);
    let upgrades = upgrades(changes.iter().filter(|change| change.is_there()).map(|change| &change.finding));
    let mut found: Vec<WhereFound> = Vec::new();
    let mut places: BTreeMap<Place, usize> = BTreeMap::new();
    for change in changes {
        let at = *places.entry(place(&change)).or_insert(found.len());
        match found.get_mut(at) {
            Some(known) => known.changes.push(change),
            None => found.push(WhereFound { subject: change.subject.clone(), changes: vec![change] }),
        }
    }
    let news = VulnerabilityNews { vulnerability: id.to_owned(), severity: worst.clone(), found, upgrades };
    (worst, Message::Vulnerability(news))
}

/// The worst severity of what is there; of what was fixed, if nothing is.
fn worst(changes: &[Change]) -> Severity {
    let worst = |there: bool| {
        let of = changes.iter().filter(|change| change.is_there() == there);
        of.map(|change| change.finding.severity.clone()).max()
    };
    worst(true).or_else(|| worst(false)).unwrap_or(Severity::Undefined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::Worse;
    use crate::news::ChangeKind;
    use crate::testing::{change, finding, subject};

    /// Changes as `image CVE`, images being numbers; messages as `image: CVEs` and `CVE: images`.
    #[track_caller]
    fn check(changes: &[(u64, &str)], expected: &[&str]) {
        let changes = changes.iter().enumerate().map(|(n, (image, cve))| {
            let severity = if cve.ends_with('!') { "CRITICAL" } else { "HIGH" };
            let image = subject(&format!("team/app{image}"), &["v1"], *image);
            change(n as i64, ChangeKind::New, &image, &finding(cve, severity, "zlib"))
        });
        let told: Vec<String> = gather(changes.collect()).iter().map(tell).collect();
        assert_eq!(told, expected);
    }

    fn tell(message: &Message) -> String {
        match message {
            Message::Image(news) => {
                let cves: Vec<&str> = news.changes.iter().map(|change| &*change.finding.id).collect();
                format!("{}: {}", news.subject.name(), cves.join(" "))
            }
            Message::Vulnerability(news) => {
                let images: Vec<String> = news.found.iter().map(|found| found.subject.name()).collect();
                format!("{}: {}", news.vulnerability, images.join(" "))
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_new_in_one_image_is_one_message() {
        check(&[(1, "CVE-1"), (1, "CVE-2!")], &["team/app1:v1: CVE-2! CVE-1"]);
    }

    #[test]
    fn one_vulnerability_over_many_images_is_one_message() {
        check(
            &[(1, "CVE-1"), (2, "CVE-1"), (3, "CVE-1")],
            &["CVE-1: team/app1:v1 team/app2:v1 team/app3:v1"],
        );
    }

    #[test]
    fn both_together_are_told_in_as_few_messages_as_can_be_and_the_worst_first() {
        check(
            &[(1, "CVE-1"), (2, "CVE-1"), (3, "CVE-1"), (3, "CVE-2!"), (3, "CVE-3"), (3, "CVE-4")],
            &["team/app3:v1: CVE-2! CVE-1 CVE-3 CVE-4", "CVE-1: team/app1:v1 team/app2:v1"],
        );
    }

    #[test]
    fn what_came_and_went_between_two_messages_is_told_in_neither() {
        let (image, worse) = (subject("team/app", &["v1"], 1), ChangeKind::Worsened(Worse::default()));
        let told = |kinds: &[(&str, &ChangeKind)]| {
            let part = |(n, (cve, kind)): (usize, &(&str, &ChangeKind))| {
                let change = change(n as i64, (*kind).clone(), &image, &finding(cve, "HIGH", "zlib"));
                (change.at, gather(vec![change]).remove(0))
            };
            let rounded = round_up(kinds.iter().enumerate().map(part).collect()).unwrap();
            rounded.messages.iter().map(tell).collect::<Vec<_>>()
        };
        let (new, fixed) = (&ChangeKind::New, &ChangeKind::Fixed);
        assert_eq!(told(&[("CVE-1", new), ("CVE-2", new), ("CVE-1", fixed)]), ["team/app:v1: CVE-2"]);
        assert_eq!(told(&[("CVE-1", new), ("CVE-1", &worse)]), ["team/app:v1: CVE-1"]);
        assert_eq!(told(&[("CVE-1", &worse), ("CVE-1", fixed)]), ["team/app:v1: CVE-1"]);
        assert_eq!(told(&[("CVE-1", new), ("CVE-1", fixed)]), ["team/app:v1: CVE-1 CVE-1"], "not nothing");
    }

    #[test]
    fn what_several_tags_of_an_image_see_is_told_once() {
        check(&[(1, "CVE-1"), (1, "CVE-1")], &["team/app1:v1: CVE-1"]);
        check(&[], &[]);
    }
}
