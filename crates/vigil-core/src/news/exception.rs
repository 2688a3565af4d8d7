//! What people should know of an exception: that it is about to lapse, or accepts nothing any more.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ChangeId, Route, Subject, Wanted};

/// News of an exception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExceptionNews {
    /// Its number, among those of all such news.
    pub id: ChangeId,
    /// When it was noticed.
    pub at: Timestamp,
    /// What there is to know.
    pub notice: ExceptionNotice,
    /// The vulnerability that it accepts.
    pub vulnerability: String,
    /// Only in this package.
    pub package: Option<String>,
    /// Only in repositories that match.
    pub repository: Option<String>,
    /// Only in images of which a tag matches.
    pub tag: Option<String>,
    /// Why.
    pub reason: String,
    /// Who made it; nobody, for one of the settings.
    pub author: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// How many findings it accepts now.
    pub findings: u64,
    /// In how many images.
    pub images: u64,
    /// Images that decide who hears of it; in a message, some of them.
    #[serde(default)]
    pub subjects: Vec<Subject>,
}

/// What there is to know of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionNotice {
    /// Its last day is so many days away.
    Lapses {
        /// Days; 0 is today.
        days: i64,
    },
    /// Nothing matches it any more, since then; or nothing ever did.
    Idle {
        /// When something last did.
        since: Option<Timestamp>,
    },
}

/// Of so many images a message says that an exception accepts something there.
const SHOWN: usize = 20;

/// The routes by which news of an exception is told. What accepts nothing, and is no business of any route, is told by all
/// that might have to do with it: somebody is to clear it away.
pub fn hearers<'r>(routes: &'r [Route], news: &ExceptionNews) -> Vec<&'r Route> {
    let takes = |route: &&Route| route.wanted.takes_exception(news).is_ok();
    let hearers: Vec<&Route> = routes.iter().filter(takes).collect();
    if !hearers.is_empty() || !news.subjects.is_empty() {
        return hearers;
    }
    let might = |route: &&Route| route.wanted.exceptions && route.wanted.may_concern(news);
    routes.iter().filter(might).collect()
}

impl ExceptionNews {
    /// As it is told to those who want this: with some of their images, and others only where there are few of theirs.
    pub fn shown_to(&self, wanted: &Wanted) -> Self {
        let (theirs, others): (Vec<&Subject>, Vec<&Subject>) =
            self.subjects.iter().partition(|subject| wanted.takes_image(subject).is_ok());
        let subjects = theirs.into_iter().chain(others).take(SHOWN).cloned().collect();
        Self { subjects, ..self.clone() }
    }
}

impl ExceptionNotice {
    /// Its name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Lapses { .. } => "lapses",
            Self::Idle { .. } => "idle",
        }
    }
}
