//! Where events come in by.

use vigil_aws::QueueUrl;

use super::reader::Reader;

/// The queue of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSettings {
    /// The queue.
    pub queue: QueueUrl,
    /// Where messages go that cannot be used; `None`: where SQS moves those that come too often.
    pub dead_letters: Option<QueueUrl>,
}

impl Reader<'_> {
    pub(super) fn events(&mut self) -> Option<EventSettings> {
        let queue = self.one("events.queue_url");
        let dead_letters: Option<QueueUrl> = self.one("events.dead_letter_queue_url");
        if self.is_given("events.dead_letter_queue_url") && !self.is_given("events.queue_url") {
            self.complain(
                "events.dead_letter_queue_url",
                "there is no events.queue_url whose dead letters it would hold",
            );
        }
        let queue: QueueUrl = queue?;
        if dead_letters.as_ref() == Some(&queue) {
            self.complain("events.dead_letter_queue_url", "it is the queue of events itself");
        }
        Some(EventSettings { queue, dead_letters })
    }
}
