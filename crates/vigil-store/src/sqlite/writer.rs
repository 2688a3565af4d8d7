//! The one writer of a SQLite file: a thread that takes transactions as they come, and commits those that wait together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use futures::executor::block_on;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::session::{SqliteSession, fault};
use crate::sql::{Act, DatabaseFault, DatabaseFaultKind, Session};

/// So many waiting transactions are committed at once: enough to share the cost, few enough for a reader of the file to
/// see them soon.
const TOGETHER: usize = 64;

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    revision: Arc<AtomicU64>,
}

/// A transaction that waits. It can be run again, if what it did was lost with the others.
trait Job: Send {
    fn run(&mut self, session: &mut SqliteSession<'_>) -> Result<(), DatabaseFault>;
    fn settle(self: Box<Self>, committed: Result<(), DatabaseFault>);
}

struct Writing<A, T> {
    given: A,
    act: Act<A, T>,
    done: Option<T>,
    answer: oneshot::Sender<Result<T, DatabaseFault>>,
}

impl Writer {
    /// Starts the thread. `revision` is what the file says how often it was changed.
    pub(super) fn start(connection: Connection, revision: u64) -> Self {
        let (jobs, waiting) = mpsc::channel();
        let revision = Arc::new(AtomicU64::new(revision));
        let shown = revision.clone();
        let thread = thread::spawn(move || work(connection, &waiting, &shown));
        Self { jobs: Some(jobs), thread: Some(thread), revision }
    }

    pub(super) async fn write<A: Send + 'static, T: Send + 'static>(
        &self,
        given: A,
        act: Act<A, T>,
    ) -> Result<T, DatabaseFault> {
        let (answer, answered) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Writing { given, act, done: None, answer });
        self.jobs.as_ref().ok_or_else(ended)?.send(job).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }

    /// Whether the thread takes transactions.
    pub(super) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// How often anything was changed.
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }
}

/// What it means that there is no thread.
pub(super) fn ended() -> DatabaseFault {
    DatabaseFault::new(DatabaseFaultKind::Unavailable, "its writer has ended")
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        // What it still has to do is done, and the file is closed, when this returns.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl<A: Send, T: Send> Job for Writing<A, T> {
    fn run(&mut self, session: &mut SqliteSession<'_>) -> Result<(), DatabaseFault> {
        self.done = Some(block_on((self.act)(session, &self.given))?);
        Ok(())
    }

    fn settle(self: Box<Self>, committed: Result<(), DatabaseFault>) {
        let Self { done, answer, .. } = *self;
        let lost = || DatabaseFault::new(DatabaseFaultKind::Refused, "nothing was done");
        // Nobody waits for it any more, if the caller has stopped.
        let _ = answer.send(committed.and_then(|()| done.ok_or_else(lost)));
    }
}

fn work(mut connection: Connection, waiting: &mpsc::Receiver<Box<dyn Job>>, revision: &AtomicU64) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(TOGETHER - 1));
        if jobs.len() > 1 {
            jobs = match together(&mut connection, jobs, revision) {
                Ok(()) => continue,
                Err(undone) => undone,
            };
        }
        for mut job in jobs {
            let done = alone(&mut connection, &mut *job, revision);
            job.settle(done);
        }
    }
}

/// One transaction for all. Gives them back if that does not work: what one of them met, such as a full disk, is not the
/// others' fault.
fn together(
    connection: &mut Connection,
    mut jobs: Vec<Box<dyn Job>>,
    revision: &AtomicU64,
) -> Result<(), Vec<Box<dyn Job>>> {
    let mut all = || -> Result<u64, DatabaseFault> {
        begin(connection)?;
        let before = connection.total_changes();
        for job in &mut jobs {
            job.run(&mut SqliteSession(connection))?;
        }
        commit(connection, before, revision)
    };
    match all() {
        Ok(now) => {
            revision.store(now, Ordering::Release);
            jobs.into_iter().for_each(|job| job.settle(Ok(())));
            Ok(())
        }
        Err(_) => {
            roll_back(connection);
            Err(jobs)
        }
    }
}

fn alone(connection: &mut Connection, job: &mut dyn Job, revision: &AtomicU64) -> Result<(), DatabaseFault> {
    let mut all = || -> Result<u64, DatabaseFault> {
        begin(connection)?;
        let before = connection.total_changes();
        job.run(&mut SqliteSession(connection))?;
        commit(connection, before, revision)
    };
    let done = all();
    match &done {
        Ok(now) => revision.store(*now, Ordering::Release),
        Err(_) => roll_back(connection),
    }
    done.map(drop)
}

fn begin(connection: &Connection) -> Result<(), DatabaseFault> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(fault)
}

/// Commits, and counts up the revision if anything has changed. Returns the revision.
fn commit(connection: &mut Connection, before: u64, revision: &AtomicU64) -> Result<u64, DatabaseFault> {
    let mut now = revision.load(Ordering::Acquire);
    if connection.total_changes() != before {
        now += 1;
        block_on(SqliteSession(connection).execute("UPDATE revision SET number = number + 1", &[]))?;
    }
    connection.execute_batch("COMMIT").map_err(fault)?;
    Ok(now)
}

fn roll_back(connection: &Connection) {
    // SQLite may have rolled back by itself, as when the disk is full.
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
}
