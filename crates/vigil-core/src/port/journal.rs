//! Where it is kept what was noticed, until it is on its way to those who are to hear of it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::news::{BaselineNews, Change, ExceptionNews, FailedNews, Message, RouteName, SinkName, Tide};

/// What was noticed, and by whom it is to be heard. One moment turns the first into the second: what is told is never told
/// again, and what is not yet told is never lost.
#[async_trait]
pub trait Journal: Send + Sync {
    /// What nobody was told of yet, oldest first. There may be more of it than can be told at once.
    async fn untold(&self) -> Result<Untold, NotKept>;

    /// Takes note that all of it was told, by putting messages into the outbox.
    async fn tell(&self, told: &Untold, telling: Telling, at: Timestamp) -> Result<(), NotKept>;
}

/// What nobody was told of yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Untold {
    /// What has changed along lineages.
    pub changes: Vec<Change>,
    /// Images that ECR failed to scan.
    pub failures: Vec<FailedNews>,
    /// What there is to know of exceptions.
    pub exceptions: Vec<ExceptionNews>,
    /// Registries that were seen as a whole for the first time.
    pub baselines: Vec<BaselineNews>,
    /// Of how many images vulnerabilities were told lately.
    pub tides: Vec<Tide>,
    /// Whether there is more than this.
    pub more: bool,
}

/// How what nobody was told of yet is told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Telling {
    /// The messages.
    pub postings: Vec<Posting>,
    /// Of how many images vulnerabilities were told lately, with these messages. Others are as they were.
    pub tides: Vec<Tide>,
}

/// A message for one sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Posting {
    /// The route that chose it.
    pub route: RouteName,
    /// Where it goes.
    pub sink: SinkName,
    /// What is said.
    pub message: Message,
    /// For what is told together with more: when.
    pub round_up_at: Option<Timestamp>,
}

/// Something that could not be read or kept, such as for a full disk or a database that is away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the news cannot be read or kept: {0}")]
pub struct NotKept(pub String);

impl Untold {
    /// When the first and the last of it were noticed; `None` if there is nothing.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let changes = self.changes.iter().map(|change| change.at);
        let failures = self.failures.iter().map(|failure| failure.at);
        let baselines = self.baselines.iter().map(|baseline| baseline.at);
        let exceptions = self.exceptions.iter().map(|exception| exception.at);
        let times: Vec<Timestamp> = changes.chain(failures).chain(baselines).chain(exceptions).collect();
        Some((times.iter().min().copied()?, times.iter().max().copied()?))
    }
}
