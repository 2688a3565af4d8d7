//! The words in which changes are told: in subjects, headlines and lists, the same wherever they go.

use std::collections::BTreeSet;

use vigil_core::Counts;
use vigil_core::lineage::FindingState;
use vigil_core::lineage::Worse;
use vigil_core::news::{
    Change, ChangeKind, ExceptionNews, ExceptionNotice, Message, Roundup, Subject, VulnerabilityNews,
};

use super::cut::{cut, first, word};

/// In a headline no more of an image's tags are named.
const TAGS: usize = 3;

/// What a message says in a line.
pub fn headline(message: &Message) -> String {
    match message {
        Message::Image(news) => format!("{} in {}", changed(news.changes.iter()), name(&news.subject)),
        Message::Vulnerability(news) => vulnerability(news),
        Message::Failed(news) => {
            format!("Scan of {} failed: {}", name(&news.subject), cut(&word(&news.state), 60))
        }
        Message::Baseline(news) => {
            let images = counted(news.images, "image", "images");
            let repositories = counted(news.repositories, "repository", "repositories");
            let found = counts(&news.counts).unwrap_or_else(|| "no findings".to_owned());
            format!("First look at {}: {images} in {repositories}, {found}", news.registry)
        }
        Message::Exception(news) => exception(news),
        Message::Roundup(news) => roundup(news),
    }
}

/// What becomes of an exception.
fn exception(news: &ExceptionNews) -> String {
    let of = format!("The exception for {}", cut(&word(&news.vulnerability), 60));
    match news.notice {
        ExceptionNotice::Lapses { days } => {
            let until = news.until.map(|until| until.to_string()).unwrap_or_default();
            format!("{of} lapses on {until}, {}", when(days))
        }
        ExceptionNotice::Idle { since: None } => format!("{of} matches nothing"),
        ExceptionNotice::Idle { since: Some(_) } => format!("{of} matches nothing any more"),
    }
}

/// A day that is so far away.
fn when(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

/// An image by its repository and its first tags, or the part of its digest that people compare.
pub(super) fn name(subject: &Subject) -> String {
    let repository = &subject.repository;
    if subject.tags.is_empty() {
        let digest: String = subject.digest.to_string().chars().take("sha256:".len() + 12).collect();
        return format!("{repository}@{digest}");
    }
    let (tags, more) = first(&subject.tags, TAGS);
    let tags: Vec<&str> = tags.iter().map(|tag| tag.as_str()).collect();
    let more = if more > 0 { format!(" (+{more})") } else { String::new() };
    format!("{repository}:{}{more}", tags.join(","))
}

/// An image as it is pulled.
pub(super) fn uri(subject: &Subject) -> String {
    let Subject { registry, repository, digest, tags, .. } = subject;
    match tags.first() {
        Some(tag) => format!("{}/{repository}:{tag}", registry.host()),
        None => format!("{}/{repository}@{digest}", registry.host()),
    }
}

/// Numbers by severity, worst first; `None` if there are none.
pub(super) fn counts(counts: &Counts) -> Option<String> {
    let parts: Vec<String> =
        counts.iter().map(|(severity, count)| format!("{count} {}", word(severity.as_str()))).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Why a finding is worse than it was.
pub(super) fn why(worse: &Worse) -> String {
    let before = worse.severity_before.as_ref().map(|before| format!("was {}", word(before.as_str())));
    let listed = worse.became_known_exploited.then(|| "known to be exploited".to_owned());
    let exploit = worse.exploit_became_known.then(|| "an exploit became available".to_owned());
    let fix = worse.fix_appeared.then(|| "a fix appeared".to_owned());
    let lapsed = worse.accepted_before.as_deref();
    let lapsed =
        lapsed.map(|reason| format!("its exception ({}) has lapsed since it got more severe", word(reason)));
    before.into_iter().chain(lapsed).chain(listed).chain(exploit).chain(fix).collect::<Vec<_>>().join(", ")
}

/// A number of things.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Findings as ECR counts them.
pub(super) fn counts_of<'a>(changes: impl Iterator<Item = &'a Change>) -> Counts {
    Counts::of(changes.map(|change| &change.finding))
}

/// `2 new CRITICAL, 1 worsened, 1 fixed`.
fn changed<'a>(changes: impl Iterator<Item = &'a Change> + Clone) -> String {
    let of = |state| counts_of(changes.clone().filter(move |change| change.kind.state() == state));
    let new = of(FindingState::New);
    let new =
        new.iter().map(|(severity, count)| format!("{count} new {}", cut(&word(severity.as_str()), 40)));
    let rest = [(FindingState::Worsened, "worsened"), (FindingState::Fixed, "fixed")];
    let rest = rest.into_iter().filter_map(|(state, said)| match of(state).total() {
        0 => None,
        count => Some(format!("{count} {said}")),
    });
    let parts: Vec<String> = new.chain(rest).collect();
    if parts.is_empty() { "Nothing changed".to_owned() } else { parts.join(", ") }
}

fn vulnerability(news: &VulnerabilityNews) -> String {
    let told =
        [FindingState::New, FindingState::Worsened, FindingState::Fixed].into_iter().filter_map(|state| {
            let there = |change: &Change| change.kind.state() == state;
            let images = news.found.iter().filter(|found| found.changes.iter().any(there)).count();
            (images > 0).then(|| format!("{} in {}", state.code(), counted(images as u64, "image", "images")))
        });
    let told: Vec<String> = told.collect();
    let (id, severity) = (cut(&word(&news.vulnerability), 60), cut(&word(news.severity.as_str()), 40));
    format!("{id} ({severity}) {}", told.join(", "))
}

/// All of a period: what has changed, in how many images, and what else there is.
fn roundup(news: &Roundup) -> String {
    let mut changes = Vec::new();
    let (mut failed, mut registries, mut exceptions) = (0, 0, 0);
    for message in flattened(news) {
        match message {
            Message::Image(news) => changes.extend(&news.changes),
            Message::Vulnerability(news) => {
                changes.extend(news.found.iter().flat_map(|found| &found.changes))
            }
            Message::Failed(_) => failed += 1,
            Message::Baseline(_) => registries += 1,
            Message::Exception(_) => exceptions += 1,
            Message::Roundup(_) => {}
        }
    }
    let images: BTreeSet<_> = changes.iter().map(|change| image(change)).collect();
    let mut parts = Vec::new();
    if !changes.is_empty() {
        let images = counted(images.len() as u64, "image", "images");
        parts.push(format!("{} in {images}", changed(changes.iter().copied())));
    }
    if failed > 0 {
        parts.push(counted(failed, "failed scan", "failed scans"));
    }
    if registries > 0 {
        parts.push(counted(registries, "new registry", "new registries"));
    }
    if exceptions > 0 {
        parts.push(counted(exceptions, "exception to look after", "exceptions to look after"));
    }
    let parts = if parts.is_empty() { "no news".to_owned() } else { parts.join("; ") };
    format!("Round-up since {}: {parts}", minute(news.since))
}

fn image(change: &Change) -> (&vigil_core::RegistryId, &vigil_core::RepositoryName, &vigil_core::Digest) {
    let subject = &change.subject;
    (&subject.registry, &subject.repository, &subject.digest)
}

/// The messages of a round-up, those of round-ups within it in their place.
pub(super) fn flattened(roundup: &Roundup) -> Vec<&Message> {
    let inner = roundup.messages.iter().flat_map(|message| match message {
        Message::Roundup(inner) => flattened(inner),
        other => vec![other],
    });
    inner.collect()
}

/// A time as people read it.
pub(super) fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What has become of a finding, in a word and the reason.
pub(super) fn kind(kind: &ChangeKind) -> String {
    match kind {
        ChangeKind::New => "new".to_owned(),
        ChangeKind::Worsened(worse) => format!("worsened: {}", why(worse)),
        ChangeKind::Fixed => "fixed".to_owned(),
    }
}
