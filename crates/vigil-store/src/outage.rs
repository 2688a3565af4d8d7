//! Tells the log that the database does not answer, and that it does again: once each, however many wait for it meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::sql::{DatabaseFault, DatabaseFaultKind};

/// Whether the last that was heard of the database is that it does not answer.
#[derive(Debug, Default)]
pub(crate) struct Outage(AtomicBool);

impl Outage {
    /// Takes note of what a transaction came to.
    pub(crate) fn heard<T>(&self, answered: Result<T, DatabaseFault>) -> Result<T, DatabaseFault> {
        match &answered {
            Err(fault) if fault.kind == DatabaseFaultKind::Unavailable && self.turns(true) => {
                tracing::warn!(%fault, "the database does not answer: what is to be written down waits");
            }
            Ok(_) if self.turns(false) => tracing::warn!("the database answers again"),
            // Whoever refuses may still be about to start.
            _ => {}
        }
        answered
    }

    /// Whether this is news. Most often it is not, and then nothing is written where everybody reads.
    fn turns(&self, away: bool) -> bool {
        self.0.load(Ordering::Relaxed) != away && self.0.swap(away, Ordering::Relaxed) != away
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_outage_is_told_when_it_begins_and_when_it_is_over() {
        let (log, outage) = (Log::default(), Outage::default());
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().without_time().with_ansi(false);
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let fault = |kind| outage.heard(Err::<(), _>(DatabaseFault::new(kind, "gone"))).unwrap_err();
            for _ in 0..2 {
                outage.heard(Ok(())).unwrap();
                for _ in 0..20 {
                    fault(DatabaseFaultKind::Unavailable);
                }
                fault(DatabaseFaultKind::Conflict);
                outage.heard(Ok(())).unwrap();
            }
        });
        let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = told.lines().map(|line| line.split(": ").nth(1).unwrap_or_default()).collect();
        let one = ["the database does not answer", "the database answers again"];
        assert_eq!(lines, [one, one].concat(), "{told}");
    }
}
