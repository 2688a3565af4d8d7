//! Messages of each kind as JSON.

use serde::Serialize;
use vigil_core::news::{
    BaselineNews, Change, ExceptionNews, ExceptionNotice, FailedNews, ImageNews, Message, Roundup, Upgrade,
    VulnerabilityNews, WhereFound,
};

use super::finding::ChangeView;
use super::image::{ImageView, RegistryView};
use crate::json::{BySeverity, Text};
use crate::message::cut::{Limits, cut, first, word};
use crate::message::words::{flattened, headline};

/// A message and all of it in a line.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    headline: String,
    #[serde(flatten)]
    message: MessageView<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum MessageView<'a> {
    Image {
        image: ImageView<'a>,
        changes: Vec<ChangeView<'a>>,
        changes_left_out: usize,
        upgrades: Vec<UpgradeView<'a>>,
        upgrades_left_out: usize,
    },
    Vulnerability {
        vulnerability: String,
        severity: String,
        found: Vec<FoundView<'a>>,
        found_left_out: usize,
        upgrades: Vec<UpgradeView<'a>>,
        upgrades_left_out: usize,
    },
    Failed {
        image: ImageView<'a>,
        state: String,
        description: Option<String>,
        at: Text<jiff::Timestamp>,
    },
    Baseline {
        registry: RegistryView<'a>,
        repositories: u64,
        images: u64,
        counts: BySeverity<'a>,
        at: Text<jiff::Timestamp>,
    },
    Exception {
        notice: &'static str,
        lapses_in_days: Option<i64>,
        last_matched_at: Option<Text<jiff::Timestamp>>,
        vulnerability: String,
        package: Option<String>,
        repository: Option<String>,
        tag: Option<String>,
        reason: String,
        author: Option<String>,
        until: Option<String>,
        findings: u64,
        images: u64,
        accepted_in: Vec<ImageView<'a>>,
        at: Text<jiff::Timestamp>,
    },
    Roundup {
        since: Text<jiff::Timestamp>,
        until: Text<jiff::Timestamp>,
        messages: Vec<Told<'a>>,
        messages_left_out: usize,
    },
}

#[derive(Serialize)]
pub(super) struct FoundView<'a> {
    image: ImageView<'a>,
    changes: Vec<ChangeView<'a>>,
    changes_left_out: usize,
}

#[derive(Serialize)]
pub(super) struct UpgradeView<'a> {
    package: String,
    from: Option<String>,
    to: String,
    removes: BySeverity<'a>,
}

impl<'a> MessageView<'a> {
    pub(super) fn of(message: &'a Message, limits: Limits) -> Told<'a> {
        let view = match message {
            Message::Image(news) => Self::image(news, limits),
            Message::Vulnerability(news) => Self::vulnerability(news, limits),
            Message::Failed(news) => Self::failed(news, limits),
            Message::Baseline(news) => Self::baseline(news),
            Message::Exception(news) => Self::exception(news, limits),
            Message::Roundup(news) => Self::roundup(news, limits),
        };
        Told { headline: headline(message), message: view }
    }

    fn image(news: &'a ImageNews, limits: Limits) -> Self {
        let ImageNews { subject, changes, upgrades } = news;
        let (changes, changes_left_out) = changes_of(changes, limits);
        let (upgrades, upgrades_left_out) = upgrades_of(upgrades, limits);
        let image = ImageView::of(subject, limits);
        Self::Image { image, changes, changes_left_out, upgrades, upgrades_left_out }
    }

    fn vulnerability(news: &'a VulnerabilityNews, limits: Limits) -> Self {
        let VulnerabilityNews { vulnerability, severity, found, upgrades } = news;
        let (found, found_left_out) = first(found, limits.entries);
        let (upgrades, upgrades_left_out) = upgrades_of(upgrades, limits);
        Self::Vulnerability {
            vulnerability: word(vulnerability),
            severity: word(severity.as_str()),
            found: found.iter().map(|found| FoundView::of(found, limits)).collect(),
            found_left_out,
            upgrades,
            upgrades_left_out,
        }
    }

    fn failed(news: &'a FailedNews, limits: Limits) -> Self {
        let FailedNews { id: _, subject, state, description, at } = news;
        Self::Failed {
            image: ImageView::of(subject, limits),
            state: word(state),
            description: description.as_deref().map(|said| cut(said, limits.prose)),
            at: Text(*at),
        }
    }

    fn baseline(news: &'a BaselineNews) -> Self {
        let BaselineNews { registry, repositories, images, counts, at } = news;
        Self::Baseline {
            registry: RegistryView::of(registry),
            repositories: *repositories,
            images: *images,
            counts: BySeverity(counts),
            at: Text(*at),
        }
    }

    fn exception(news: &'a ExceptionNews, limits: Limits) -> Self {
        let (lapses_in_days, last_matched_at) = match news.notice {
            ExceptionNotice::Lapses { days } => (Some(days), None),
            ExceptionNotice::Idle { since } => (None, since.map(Text)),
        };
        let said = |text: &Option<String>| text.as_deref().map(word);
        Self::Exception {
            notice: news.notice.code(),
            lapses_in_days,
            last_matched_at,
            vulnerability: word(&news.vulnerability),
            package: said(&news.package),
            repository: said(&news.repository),
            tag: said(&news.tag),
            reason: cut(&news.reason, limits.prose),
            author: said(&news.author),
            until: news.until.map(|until| until.to_string()),
            findings: news.findings,
            images: news.images,
            accepted_in: news.subjects.iter().map(|subject| ImageView::of(subject, limits)).collect(),
            at: Text(news.at),
        }
    }

    fn roundup(news: &'a Roundup, limits: Limits) -> Self {
        let Roundup { since, until, messages: _ } = news;
        let messages = flattened(news);
        let (messages, messages_left_out) = first(&messages, limits.messages);
        Self::Roundup {
            since: Text(*since),
            until: Text(*until),
            messages: messages.iter().map(|message| Self::of(message, limits)).collect(),
            messages_left_out,
        }
    }
}

impl<'a> FoundView<'a> {
    fn of(found: &'a WhereFound, limits: Limits) -> Self {
        let WhereFound { subject, changes } = found;
        let (changes, changes_left_out) = changes_of(changes, limits);
        Self { image: ImageView::of(subject, limits), changes, changes_left_out }
    }
}

fn changes_of(changes: &[Change], limits: Limits) -> (Vec<ChangeView<'_>>, usize) {
    let (shown, more) = first(changes, limits.entries);
    (shown.iter().map(|change| ChangeView::of(change, limits)).collect(), more)
}

fn upgrades_of(upgrades: &[Upgrade], limits: Limits) -> (Vec<UpgradeView<'_>>, usize) {
    let (shown, more) = first(upgrades, limits.upgrades);
    let view =
        |upgrade: &'_ Upgrade| (word(&upgrade.package), upgrade.from.as_deref().map(word), word(&upgrade.to));
    let views = shown.iter().map(|upgrade| {
        let (package, from, to) = view(upgrade);
        UpgradeView { package, from, to, removes: BySeverity(&upgrade.removes) }
    });
    (views.collect(), more)
}
