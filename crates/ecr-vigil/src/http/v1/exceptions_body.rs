//! Exceptions as they are sent: those made here, and those that the settings' file holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::policy::{Exception, Pattern};
use vigil_store::{Matches, StoredException, written_id};

/// An exception.
#[derive(Serialize, ToSchema)]
#[schema(as = Exception)]
pub(in crate::http) struct ExceptionBody {
    /// Its id; of one in a file it follows from what it says.
    #[schema(format = "uuid")]
    pub(super) id: String,
    /// The vulnerability that is accepted.
    #[schema(example = "CVE-2024-3094")]
    pub(super) vulnerability: String,
    /// Only in this package.
    package: Option<String>,
    /// Only in repositories that match.
    repository: Option<String>,
    /// Only in images of which a tag matches.
    tag: Option<String>,
    /// Only in the image with this digest.
    digest: Option<String>,
    /// Only as severe as this: once it is found to be worse, it is open again. Of one that is made without, how severe what
    /// it accepts was then.
    #[schema(example = "MEDIUM")]
    severity: Option<String>,
    /// Why it is accepted.
    reason: String,
    /// The last day, in UTC, on which it is.
    #[schema(format = "date")]
    until: Option<String>,
    /// In how many days that is, while it is in force; 0: today.
    lapses_in_days: Option<i64>,
    /// How many findings it accepts now, in images that are there.
    matches: u64,
    /// In how many images.
    images: u64,
    /// When it last was seen to accept anything.
    last_matched_at: Option<Timestamp>,
    #[schema(inline)]
    source: Source,
    /// The file, for one that stands in a file of the settings.
    pub(super) file: Option<String>,
    /// Who made it: the name of a token; null for one in a file.
    author: Option<String>,
    /// When; null for one in a file.
    created_at: Option<Timestamp>,
    /// When somebody ended it.
    ended_at: Option<Timestamp>,
    /// Whether it is in force now.
    in_force: bool,
    /// Whether all that it is about is counted so by now; null for one in a file, which each pass applies.
    counted: Option<bool>,
}

/// Where an exception comes from: it was made here, and can be ended here; or it stands in a file of the settings, and ends
/// there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    Api,
    File,
}

impl ExceptionBody {
    pub(super) fn stored(stored: StoredException, now: Timestamp) -> Self {
        let StoredException { id, exception, author, created_at, ended_at, counted } = stored;
        let of = Self::of(id.to_string(), &exception, now);
        let in_force = of.in_force && ended_at.is_none();
        let (author, created_at, counted) = (Some(author), Some(created_at), Some(counted));
        Self { author, created_at, ended_at, in_force, counted, ..of }
    }

    pub(super) fn written(exception: &Exception, now: Timestamp) -> Self {
        Self { source: Source::File, ..Self::of(written_id(exception), exception, now) }
    }

    /// The same with what it accepts.
    pub(super) fn matching(self, matches: &BTreeMap<String, Matches>) -> Self {
        let Matches { findings, images, last_matched_at } =
            matches.get(&self.id).cloned().unwrap_or_default();
        Self { matches: findings, images, last_matched_at, ..self }
    }

    fn of(id: String, exception: &Exception, now: Timestamp) -> Self {
        let written = |pattern: &Option<Pattern>| pattern.as_ref().map(Pattern::to_string);
        Self {
            id,
            vulnerability: exception.id.clone(),
            package: exception.package.clone(),
            repository: written(&exception.repository),
            tag: written(&exception.tag),
            digest: exception.digest.map(|digest| digest.to_string()),
            severity: exception.severity.as_ref().map(ToString::to_string),
            reason: exception.reason.clone(),
            until: exception.until.map(|until| until.to_string()),
            lapses_in_days: exception.days_left(now).filter(|days| *days >= 0),
            matches: 0,
            images: 0,
            last_matched_at: None,
            source: Source::Api,
            file: exception.file.clone(),
            author: None,
            created_at: None,
            ended_at: None,
            in_force: !exception.expired(now),
            counted: None,
        }
    }
}
