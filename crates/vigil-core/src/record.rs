//! What a pass writes down: decisions, endings and judged findings, and how they add up to one record an image.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::due::{Due, Rest};
use crate::evaluate::Evaluation;
use crate::fault::Fault;
use crate::finding::{Difference, difference};
use crate::image::{Digest, Image, Tag};
use crate::plan::Hold;
use crate::policy::LeftOut;
use crate::scan::{Meaning, Scan, ScanState};

/// One thing that happened in a repository during a pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Everything that the repository holds now: only of a listing that came to its end.
    Listed(Vec<Image>),
    /// What was looked up by name: with all that has one of these tags. Of what else is there, it says nothing.
    Seen(Vec<Image>),
    /// Of what this look asked for by name, or knew from before: nothing has these tags, and these images are not there.
    Absent(Vec<Tag>, Vec<Digest>),
    /// The repository is not there.
    Gone,
    /// An index of this look at the repository whose children are not known now; what it gave them before, they have.
    Unopened(Digest),
    /// What ECR says of an image's last scan, whole.
    Found(Digest, Box<Scan>),
    /// A scan is about to be asked for.
    Asked(Digest, Timestamp),
    /// ECR accepted the request.
    Started(Digest, Timestamp),
    /// ECR said that it will never scan the image, in these words.
    Refused(Digest, Timestamp, String),
    /// What is to be done with an image.
    Decided(Box<Image>, Decision),
    /// What its findings mean; a later judgement replaces an earlier one.
    Judged(Digest, Evaluation),
    /// What came of it.
    Ended(Digest, Ending),
    /// Something that was asked for by name is not there.
    Missing(String),
    /// The repository, or a part of it, could not be read.
    Unread(Fault),
    /// The pass ended before the repository was looked at.
    NotReached,
    /// The repository holds nothing.
    Empty,
    /// ECR turned out to start scans by itself there: what was held before is only read.
    OnlyRead,
}

/// What a pass means to do with an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Start a scan.
    Scan(Due),
    /// Wait for the scan that is under way.
    Wait,
    /// Leave it until later.
    Rest(Rest),
    /// It is due but does not fit.
    Hold(Due, Hold),
    /// Read what ECR found by itself (enhanced scanning).
    Observe,
    /// Do not look at it.
    LeaveOut(LeftOut),
    /// Nothing could be decided: its last scan could not be read.
    Undecided,
}

/// What came of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It was scanned, and its findings were read.
    Scanned,
    /// No scan was started; the findings of an earlier one were read.
    Read,
    /// ECR refused a second scan within the day; the findings of the earlier one stand.
    OnceADay,
    /// ECR knows of no scan and starts them by itself (enhanced scanning): perhaps no filter matches the repository.
    NeverScanned,
    /// The scan failed.
    Failed {
        /// In ECR's words.
        said: String,
    },
    /// ECR cannot scan it.
    Unscannable {
        /// In ECR's words.
        said: String,
    },
    /// There is no valid result, for a reason outside the image.
    Unavailable {
        /// In ECR's words.
        said: String,
    },
    /// A call about it went wrong.
    Fault(Fault),
    /// The pass ended first.
    Unfinished(Unfinished),
}

/// How far an image had come when the pass ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfinished {
    /// Its last scan was not read.
    NotRead,
    /// Its scan was not started.
    NotStarted,
    /// Its scan was being started: it may or may not run.
    Starting,
    /// Its scan was started, and ECR was not asked about it yet.
    Started,
    /// Its scan was still running, or said something that we do not know.
    Running {
        /// The last status that ECR gave; `None` if it gave none.
        state: Option<ScanState>,
    },
}

/// All that a pass knows of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRecord {
    /// The image.
    pub image: Image,
    /// What was to be done.
    pub decision: Decision,
    /// What came of it; `None` while nothing did, as in a plan.
    pub ending: Option<Ending>,
    /// The findings that stand.
    pub evaluation: Option<Evaluation>,
    /// What changed among the detailed findings, when the pass saw both an earlier scan and its own.
    pub change: Option<Difference>,
}

/// All that a pass knows of one repository.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepositoryRecord {
    /// Its images, in the order of their first tag and digest; untagged ones last.
    pub images: Vec<ImageRecord>,
    /// What was asked for by name and is not there.
    pub missing: Vec<String>,
    /// What could not be read.
    pub unread: Vec<Fault>,
    /// Whether the pass ended before it was looked at.
    pub not_reached: bool,
}

impl Entry {
    /// Whether it matters only to a memory: a report tells what came of it.
    pub fn is_for_memory(&self) -> bool {
        matches!(
            self,
            Self::Listed(_)
                | Self::Seen(_)
                | Self::Absent(..)
                | Self::Gone
                | Self::Unopened(_)
                | Self::Found(..)
                | Self::Asked(..)
                | Self::Started(..)
                | Self::Refused(..)
        )
    }
}

impl RepositoryRecord {
    /// The same of a pass that broke off, so that nobody knows how far it came with what it meant to do.
    pub fn broken_off(mut self) -> Self {
        for image in self.images.iter_mut().filter(|image| image.ending.is_none()) {
            image.ending = match image.decision {
                Decision::Scan(_) => Some(Ending::Unfinished(Unfinished::Starting)),
                Decision::Wait => Some(Ending::Unfinished(Unfinished::Running { state: None })),
                _ => None,
            };
        }
        self
    }
}

/// Adds up the entries of one repository, given in the order in which they happened.
pub fn add_up(entries: impl IntoIterator<Item = Entry>) -> RepositoryRecord {
    let mut record = RepositoryRecord::default();
    let mut only_read = false;
    let mut images: BTreeMap<Digest, ImageRecord> = BTreeMap::new();
    // A judgement can come before the decision: the findings are read first.
    let mut judged: BTreeMap<Digest, Vec<Evaluation>> = BTreeMap::new();
    let mut ended: BTreeMap<Digest, Ending> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Decided(image, decision) => {
                let fresh =
                    ImageRecord { image: *image, decision, ending: None, evaluation: None, change: None };
                images.insert(fresh.image.digest, fresh);
            }
            Entry::Judged(digest, evaluation) => judged.entry(digest).or_default().push(evaluation),
            Entry::Ended(digest, ending) => drop(ended.insert(digest, ending)),
            Entry::Missing(name) => record.missing.push(name),
            Entry::Unread(fault) => record.unread.push(fault),
            Entry::NotReached => record.not_reached = true,
            Entry::Empty => {}
            Entry::Listed(_)
            | Entry::Seen(_)
            | Entry::Absent(..)
            | Entry::Gone
            | Entry::Unopened(_)
            | Entry::Found(..)
            | Entry::Asked(..)
            | Entry::Started(..)
            | Entry::Refused(..) => {}
            Entry::OnlyRead => only_read = true,
        }
    }
    for (digest, image) in &mut images {
        let mut judgements = judged.remove(digest).unwrap_or_default();
        image.ending = ended.remove(digest);
        if only_read && let Decision::Hold(why, _) = &image.decision {
            image.ending = Some(Ending::without_start(why));
            image.decision = Decision::Observe;
        }
        image.evaluation = judgements.pop();
        // What is left out in the end, as an image that was archived meanwhile, is left out with its findings.
        if matches!(image.decision, Decision::LeaveOut(_)) {
            image.evaluation = None;
        }
        let pair = judgements.pop().zip(image.evaluation.as_ref());
        image.change = pair.map(|(before, after)| difference(&before.details, &after.details));
    }
    record.images = images.into_values().collect();
    record.images.sort_by(|a, b| {
        let tag = |record: &ImageRecord| record.image.tags.first().cloned();
        let untagged = |record: &ImageRecord| record.image.tags.is_empty();
        (untagged(a), tag(a), a.image.digest).cmp(&(untagged(b), tag(b), b.image.digest))
    });
    record
}

impl Ending {
    /// The ending of a scan that is over and has no findings to read; `None` if it is not over or has some.
    pub fn without_findings(scan: &Scan) -> Option<Self> {
        let said = scan.said();
        match scan.meaning() {
            Meaning::Running | Meaning::Finished => None,
            Meaning::Failed => Some(Self::Failed { said }),
            Meaning::Unscannable => Some(Self::Unscannable { said }),
            Meaning::Unavailable => Some(Self::Unavailable { said }),
        }
    }

    /// What comes of an image that rests, for this reason.
    pub fn of_rest(why: &Rest) -> Self {
        match why {
            Rest::Failed { said, .. } => Self::Failed { said: said.clone() },
            Rest::Unscannable { said } => Self::Unscannable { said: said.clone() },
            Rest::NoResult { said, .. } => Self::Unavailable { said: said.clone() },
            Rest::Fresh { .. } | Rest::ImageQuota { .. } => Self::Read,
        }
    }

    /// What comes of an image that is due, for this reason, where ECR starts scans by itself.
    pub fn without_start(why: &Due) -> Self {
        match why {
            Due::NeverScanned => Self::NeverScanned,
            Due::Expired { .. } | Due::ScannedAtUnknownTime => Self::Read,
            Due::NoResult { said } => Self::Unavailable { said: said.clone() },
            Due::Failed { said } => Self::Failed { said: said.clone() },
        }
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRead => f.write_str("the pass ended before its last scan was read"),
            Self::NotStarted => f.write_str("the pass ended before its scan was started"),
            Self::Starting => f.write_str("the pass ended while its scan was being started"),
            Self::Started => {
                f.write_str("the pass ended before ECR was asked about the scan that it had started")
            }
            Self::Running { state: Some(state) } => {
                write!(f, "the pass did not wait any longer for its scan: ECR says {state}")
            }
            Self::Running { state: None } => {
                f.write_str("the pass did not wait any longer for its scan: ECR says nothing of it")
            }
        }
    }
}
