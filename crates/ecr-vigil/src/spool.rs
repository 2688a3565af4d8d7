//! Where a single pass keeps what it finds out: appended to a temporary file, read back repository by repository.
//!
//! A pass writes about an image several times, in an order nobody can foresee, and the report wants all that belongs to
//! a repository together. So every batch of entries names the batch of the same repository before it; in memory stands
//! only where the last batch of each repository is. Small passes never touch the disk, and a full one loses nothing: what
//! did not go there stays in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use vigil_core::port::NotRecorded;
use vigil_core::record::{RepositoryRecord, add_up};
use vigil_core::{Entry, RegistryId, RepositoryName};

use crate::ledgers::Witness;

/// What is kept in memory before it goes to the file.
const IN_MEMORY: usize = 8 << 20;

/// What one pass finds out.
pub struct Spool(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Whole batches, and behind them perhaps a part of what did not fit.
    file: Option<File>,
    /// The length of the whole batches in the file.
    written: u64,
    /// The batches after these.
    tail: Vec<u8>,
    /// Where the last batch of each repository starts, one more than the offset: 0 ends a chain.
    last: BTreeMap<(RegistryId, RepositoryName), u64>,
}

/// A batch starts with where the one before it starts, and its own length.
const HEAD: usize = 12;

impl Spool {
    /// An empty one. Whoever starts a pass is told at once if there will be no file, and not after hours.
    pub fn new() -> Self {
        if let Err(error) = tempfile::tempfile() {
            tracing::warn!("a large pass will end early: {}", said_of_file(&error));
        }
        Self(Mutex::new(Inner::default()))
    }

    /// What is known of each repository, in their order, one after the other.
    pub fn into_records(
        self,
    ) -> impl Iterator<Item = Result<(RegistryId, RepositoryName, RepositoryRecord), NotRecorded>> {
        let mut inner = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut inner.last).into_iter().map(move |((registry, repository), last)| {
            let entries = inner.read_chain(last).map_err(|error| unwritten(&error))?;
            Ok((registry, repository, add_up(entries)))
        })
    }
}

impl Inner {
    /// Keeps a batch: where it cannot be written out, in memory, and the next one tries again.
    fn append(&mut self, key: (RegistryId, RepositoryName), entries: &[&Entry]) -> std::io::Result<()> {
        let start = self.written + self.tail.len() as u64;
        let before = self.last.get(&key).copied().unwrap_or(0);
        let body = serde_json::to_vec(entries)?;
        let length =
            u32::try_from(body.len()).map_err(|_| std::io::Error::other("a batch of more than 4 GiB"))?;
        self.tail.extend(before.to_le_bytes());
        self.tail.extend(length.to_le_bytes());
        self.tail.extend(body);
        self.last.insert(key, start + 1);
        if self.tail.len() > IN_MEMORY { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.write_all_at(&self.tail, self.written)?;
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    fn read_chain(&self, mut at: u64) -> std::io::Result<Vec<Entry>> {
        let mut batches: Vec<Vec<Entry>> = Vec::new();
        while at > 0 {
            let mut head = [0; HEAD];
            self.read(at - 1, &mut head)?;
            let (before, length) = head.split_at(8);
            let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            let mut body = vec![0; usize::try_from(number(length)).unwrap_or(usize::MAX)];
            self.read(at - 1 + HEAD as u64, &mut body)?;
            batches.push(serde_json::from_slice(&body)?);
            at = number(before);
        }
        Ok(batches.into_iter().rev().flatten().collect())
    }

    /// Reads within a batch, so either in the file or in memory.
    fn read(&self, at: u64, bytes: &mut [u8]) -> std::io::Result<()> {
        match (&self.file, at.checked_sub(self.written)) {
            (Some(file), None) => file.read_exact_at(bytes, at),
            (_, at) => {
                let at = at.and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
                self.tail.get(at..).unwrap_or_default().read_exact(bytes)
            }
        }
    }
}

fn unwritten(error: &std::io::Error) -> NotRecorded {
    NotRecorded(said_of_file(error))
}

fn said_of_file(error: &std::io::Error) -> String {
    let directory = tempfile::env::temp_dir();
    format!("the pass's temporary file in `{}` (TMPDIR): {error}", directory.display())
}

impl Witness for Spool {
    fn entries(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        _: Timestamp,
        entries: &[Entry],
    ) -> Result<(), NotRecorded> {
        let entries: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_for_memory()).collect();
        if entries.is_empty() {
            return Ok(());
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.append((registry.clone(), repository.clone()), &entries).map_err(|error| unwritten(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn registry() -> RegistryId {
        RegistryId {
            partition: "aws".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        }
    }

    /// Writes entries of 10 kB in turns over three repositories, in all more than what is kept in memory.
    fn fill(spool: &Spool) -> Vec<Result<(), NotRecorded>> {
        let filler = "x".repeat(10_000);
        let mut recorded = Vec::new();
        for n in 0..3_000 {
            let repository = format!("team/app{}", n % 3).parse().unwrap();
            let entry = Entry::Missing(format!("{n} {filler}"));
            recorded.push(spool.entries(&registry(), &repository, now(), &[entry]));
        }
        recorded
    }

    #[track_caller]
    fn check_all_come_back(spool: Spool) {
        let records: Vec<_> = spool.into_records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 3);
        for (place, (_, repository, record)) in records.into_iter().enumerate() {
            assert_eq!(repository.to_string(), format!("team/app{place}"));
            let numbers: Vec<usize> =
                record.missing.iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
            assert_eq!(numbers, (0..3_000).filter(|n| n % 3 == place).collect::<Vec<_>>());
        }
    }

    #[test]
    fn entries_come_back_by_repository_in_the_order_they_were_written() {
        let spool = Spool::new();
        assert!(fill(&spool).into_iter().all(|recorded| recorded.is_ok()));
        check_all_come_back(spool);
    }

    #[test]
    fn what_the_disk_does_not_take_comes_back_from_memory() {
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        let spool = Spool(Mutex::new(Inner { file: Some(full), ..Inner::default() }));
        let recorded = fill(&spool);
        assert!(recorded[0].is_ok());
        assert!(recorded[2_999].as_ref().unwrap_err().to_string().contains("No space left"));
        check_all_come_back(spool);
    }

    #[test]
    fn a_disk_that_has_room_again_takes_what_it_did_not_take() {
        let spool = Spool::new();
        let full = File::options().write(true).open("/dev/full").unwrap();
        spool.0.lock().unwrap().file = Some(full);
        assert!(fill(&spool).into_iter().any(|recorded| recorded.is_err()));
        spool.0.lock().unwrap().file = None;
        let repository = "team/app0".parse().unwrap();
        // What is not taken is tried again with whatever comes next, be it nothing.
        spool.0.lock().unwrap().append((registry(), repository), &[]).unwrap();
        assert!(spool.0.lock().unwrap().tail.is_empty());
        check_all_come_back(spool);
    }
}
