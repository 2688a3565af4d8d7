//! What a message says, in order and in words, before any sink gives it a form: the image, its owner and where it runs;
//! what has changed, worst first; the upgrades that remove most of it; links.
//!
//! Texts from outside are on one line and of bounded length here. Nothing is escaped: each form has rules of its own.

use serde::Serialize;
use vigil_core::Counts;
use vigil_core::lineage::FindingState;
use vigil_core::news::{
    BaselineNews, Change, ExceptionNews, ExceptionNotice, FailedNews, ImageNews, Message, Subject, Upgrade,
    VulnerabilityNews, WhereFound,
};

use super::cut::{Limits, cut, first, listed, word};
use super::entry::Entry;
use super::words::{counted, counts, counts_of, flattened, headline, kind, minute, name, uri};

/// A message in words.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outline {
    /// All of it in a line.
    pub(super) headline: String,
    /// One chapter; of a round-up, one for each message.
    pub(super) chapters: Vec<Chapter>,
    /// What is not told, in words.
    pub(super) left_out: Option<String>,
}

/// What is told of one image, one vulnerability or one registry.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Chapter {
    /// All of it in a line.
    pub(super) headline: String,
    /// The image as it is pulled, where it is about one.
    pub(super) image: Option<String>,
    /// What it is about, by name.
    pub(super) facts: Vec<Fact>,
    /// Open findings by severity, worst first, where it is known what is open.
    pub(super) open: Vec<(String, u64)>,
    /// Why there is nothing to tell of findings.
    pub(super) error: Option<String>,
    /// What has changed, kind by kind.
    pub(super) groups: Vec<Group>,
    /// Upgrades, in words.
    pub(super) upgrades: Vec<String>,
    /// The upgrades that are not told, in words.
    pub(super) upgrades_left_out: Option<String>,
    /// Where to read more.
    pub(super) links: Vec<Link>,
}

/// Something known by a name.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Fact {
    /// What it is.
    pub(super) label: String,
    /// Its value.
    pub(super) value: String,
}

/// All changes of one kind.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Group {
    /// The kind, and how many there are.
    pub(super) title: String,
    /// The worst of them.
    pub(super) entries: Vec<Entry>,
    /// How many are not told, in words.
    pub(super) left_out: Option<String>,
}

/// A link and its name.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Link {
    /// What is there.
    pub(super) label: String,
    /// A web address.
    pub(super) url: String,
}

/// A message in words, no longer than this.
pub(super) fn outline(message: &Message, limits: Limits) -> Outline {
    let messages = match message {
        Message::Roundup(roundup) => flattened(roundup),
        message => vec![message],
    };
    // A message that stands alone is told, however little room there is.
    let most = if messages.len() == 1 { 1 } else { limits.messages };
    let (shown, more) = first(&messages, most);
    Outline {
        headline: headline(message),
        chapters: shown.iter().map(|message| chapter(message, limits)).collect(),
        left_out: more_of(more, "message", "messages"),
    }
}

pub(super) fn fact(label: &str, value: impl Into<String>) -> Fact {
    Fact { label: label.to_owned(), value: value.into() }
}

fn chapter(message: &Message, limits: Limits) -> Chapter {
    let chapter = match message {
        Message::Image(news) => image(news, limits),
        Message::Vulnerability(news) => vulnerability(news, limits),
        Message::Failed(news) => failed(news, limits),
        Message::Baseline(news) => baseline(news),
        Message::Exception(news) => exception(news, limits),
        Message::Roundup(_) => Chapter::default(),
    };
    Chapter { headline: headline(message), ..chapter }
}

fn image(news: &ImageNews, limits: Limits) -> Chapter {
    let groups = STATES.into_iter().filter_map(|(state, said)| {
        let changes: Vec<&Change> =
            news.changes.iter().filter(|change| change.kind.state() == state).collect();
        let (shown, more) = first(&changes, limits.entries);
        let entries = shown.iter().map(|change| Entry::of_finding(change, limits)).collect();
        let count = counts_of(changes.iter().copied()).total();
        let packages = match changes.len() as u64 {
            packages if packages == count => String::new(),
            packages => format!(" (in {})", counted(packages, "package", "packages")),
        };
        let title = format!("{said}: {count}{packages}");
        group(title, entries, more_of(more, "finding", "findings"))
    });
    let platform = news.changes.first().and_then(|change| change.lineage.platform.as_deref());
    let (upgrades, upgrades_left_out) = upgrades(&news.upgrades, limits);
    Chapter {
        facts: about(&news.subject, platform, limits),
        open: by_severity(&news.subject.counts),
        groups: groups.collect(),
        upgrades,
        upgrades_left_out,
        ..of_image(&news.subject)
    }
}

fn vulnerability(news: &VulnerabilityNews, limits: Limits) -> Chapter {
    let groups = STATES.into_iter().filter_map(|(state, said)| {
        let there = |change: &&Change| change.kind.state() == state;
        let found: Vec<&WhereFound> =
            news.found.iter().filter(|found| found.changes.iter().any(|change| there(&change))).collect();
        let (shown, more) = first(&found, limits.entries);
        let entries = shown
            .iter()
            .map(|found| Entry::of_image(&found.subject, found.changes.iter().filter(there), limits));
        group(format!("{said}: {}", found.len()), entries.collect(), more_of(more, "image", "images"))
    });
    // It is the same vulnerability everywhere: what is said of it in the worst place is said of it once.
    let worst = news.found.iter().flat_map(|found| &found.changes).next();
    let worst = worst.map(|change| Entry::of_finding(change, limits));
    let mut facts = vec![
        fact("Vulnerability", word(&news.vulnerability)),
        fact("Severity", word(news.severity.as_str())),
    ];
    let mut links = Vec::new();
    if let Some(worst) = worst {
        facts.extend(worst.about_vulnerability());
        links.extend(worst.url.map(|url| Link { label: word(&news.vulnerability), url }));
    }
    let (upgrades, upgrades_left_out) = upgrades(&news.upgrades, limits);
    Chapter { facts, groups: groups.collect(), upgrades, upgrades_left_out, links, ..Chapter::default() }
}

fn failed(news: &FailedNews, limits: Limits) -> Chapter {
    let said = news.description.as_deref().map(|said| cut(&crate::line::plain(said), limits.prose.max(1)));
    let said = said.filter(|said| !said.is_empty()).map(|said| format!(": {said}")).unwrap_or_default();
    let mut facts = about(&news.subject, None, limits);
    facts.push(fact("Seen", minute(news.at)));
    let error = Some(format!("the scan failed: {}{said}", cut(&word(&news.state), 60)));
    Chapter { facts, error, ..of_image(&news.subject) }
}

fn baseline(news: &BaselineNews) -> Chapter {
    let registry = &news.registry;
    let facts = vec![
        fact("Account", registry.account.as_str()),
        fact("Region", registry.region.as_str()),
        fact("Repositories", news.repositories.to_string()),
        fact("Images", news.images.to_string()),
        fact("Open findings", counts(&news.counts).unwrap_or_else(|| "none".to_owned())),
        fact("Seen", minute(news.at)),
        fact("From now on", "only what changes is told"),
    ];
    Chapter { facts, ..Chapter::default() }
}

fn exception(news: &ExceptionNews, limits: Limits) -> Chapter {
    let accepts = format!(
        "{} in {}",
        counted(news.findings, "finding", "findings"),
        counted(news.images, "image", "images")
    );
    let only = [("Package", &news.package), ("Repository", &news.repository), ("Tag", &news.tag)];
    let only = only.into_iter().filter_map(|(label, value)| Some(fact(label, word(value.as_ref()?))));
    let since = match news.notice {
        ExceptionNotice::Idle { since } => since.map(|at| fact("Last matched", minute(at))),
        ExceptionNotice::Lapses { .. } => None,
    };
    let images: Vec<String> = news.subjects.iter().map(name).collect();
    let facts = std::iter::once(fact("Vulnerability", word(&news.vulnerability)))
        .chain(only)
        .chain([fact("Reason", cut(&word(&news.reason), limits.prose.max(60)))])
        .chain(news.author.as_deref().map(|author| fact("Made by", word(author))))
        .chain(news.until.map(|until| fact("Last day", until.to_string())))
        .chain([fact("Accepts now", accepts)])
        .chain((!images.is_empty()).then(|| fact("Images", listed(&images, limits.names))))
        .chain(since);
    Chapter { facts: facts.collect(), ..Chapter::default() }
}

/// The kinds of change in the order in which they are told.
const STATES: [(FindingState, &str); 3] =
    [(FindingState::New, "New"), (FindingState::Worsened, "Worsened"), (FindingState::Fixed, "Fixed")];

/// A kind of change that does not occur has no group.
fn group(title: String, entries: Vec<Entry>, left_out: Option<String>) -> Option<Group> {
    (!entries.is_empty() || left_out.is_some()).then_some(Group { title, entries, left_out })
}

/// The image, its owner and where it runs, before anything else.
fn about(subject: &Subject, platform: Option<&str>, limits: Limits) -> Vec<Fact> {
    let mut facts = vec![fact("Image", name(subject))];
    facts.extend(owner_and_place(subject, limits));
    facts.push(fact("Account", subject.registry.account.as_str()));
    facts.push(fact("Region", subject.registry.region.as_str()));
    if subject.tags.len() > 1 {
        let tags: Vec<&str> = subject.tags.iter().map(|tag| tag.as_str()).collect();
        facts.push(fact("Tags", listed(&tags, limits.names)));
    }
    facts.push(fact("Digest", subject.digest.to_string()));
    facts.extend(platform.map(|platform| fact("Platform", word(platform))));
    facts.extend(subject.scanned_at.map(|at| fact("Scanned", minute(at))));
    facts
}

/// Who looks after an image, and where it runs; nothing of what is not known.
pub(super) fn owner_and_place(subject: &Subject, limits: Limits) -> Vec<Fact> {
    let owner = subject.owner.as_deref().map(|owner| fact("Owner", word(owner)));
    let runs_in =
        (!subject.runs_in.is_empty()).then(|| fact("Runs in", listed(&subject.runs_in, limits.names)));
    owner.into_iter().chain(runs_in).collect()
}

fn of_image(subject: &Subject) -> Chapter {
    let console = subject.registry.console_url(&subject.repository, &subject.digest);
    let links = console.into_iter().map(|url| Link { label: "Image in the AWS console".to_owned(), url });
    Chapter { image: Some(uri(subject)), links: links.collect(), ..Chapter::default() }
}

fn by_severity(counts: &Counts) -> Vec<(String, u64)> {
    counts.iter().map(|(severity, count)| (cut(&word(severity.as_str()), 40), count)).collect()
}

fn upgrades(upgrades: &[Upgrade], limits: Limits) -> (Vec<String>, Option<String>) {
    let (shown, more) = first(upgrades, limits.upgrades);
    let told = shown.iter().map(|upgrade| {
        let from = upgrade.from.as_ref().map(|from| format!(" {}", word(from))).unwrap_or_default();
        let removes = counts(&upgrade.removes).unwrap_or_default();
        format!("{}{from} → {} removes {removes}", word(&upgrade.package), word(&upgrade.to))
    });
    (told.collect(), more_of(more, "upgrade", "upgrades"))
}

fn more_of(more: usize, one: &str, many: &str) -> Option<String> {
    (more > 0).then(|| format!("and {} more", counted(more as u64, one, many)))
}

/// What has become of a finding here, unless it is plainly new or fixed: that the group says.
pub(super) fn reason(change: &Change) -> Option<String> {
    (change.kind.state() == FindingState::Worsened).then(|| kind(&change.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;
    use crate::message::text::TEXT_LIMITS;

    #[test]
    fn what_counts_once_is_listed_wherever_it_is_and_both_numbers_are_said() {
        let outline = outline(&samples::in_several_packages(), TEXT_LIMITS);
        assert_eq!(outline.headline, "1 new HIGH in team/app:v1.2,latest");
        let [group] = outline.chapters[0].groups.as_slice() else { panic!("{outline:?}") };
        assert_eq!((group.title.as_str(), group.entries.len()), ("New: 1 (in 3 packages)", 3));
    }
}
