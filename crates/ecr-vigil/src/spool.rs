//! Where a single pass keeps what it finds out: appended to a temporary file, read back repository by repository.
//!
//! A pass writes about an image several times, in an order nobody can foresee, and the report wants all that belongs to
//! a repository together. So every batch of entries names the batch of the same repository before it; in memory stands
//! only where the last batch of each repository is. Small passes never touch the disk.

use std::collections::BTreeMap;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tempfile::SpooledTempFile;
use vigil_core::port::{Ledger, NotRecorded};
use vigil_core::record::{RepositoryRecord, add_up};
use vigil_core::{Entry, RegistryId, RepositoryName};

/// What is kept in memory before a file is made.
const IN_MEMORY: usize = 8 << 20;

/// A ledger for one pass.
pub struct Spool(Mutex<Inner>);

struct Inner {
    file: BufWriter<SpooledTempFile>,
    end: u64,
    /// Where the last batch of each repository starts, one more than the offset: 0 ends a chain.
    last: BTreeMap<(RegistryId, RepositoryName), u64>,
}

/// A batch starts with where the one before it starts, and its own length.
const HEAD: usize = 12;

impl Spool {
    /// An empty one.
    pub fn new() -> Self {
        let file = BufWriter::with_capacity(1 << 18, SpooledTempFile::new(IN_MEMORY));
        Self(Mutex::new(Inner { file, end: 0, last: BTreeMap::new() }))
    }

    /// What is known of each repository, in their order, one after the other.
    pub fn into_records(
        self,
    ) -> impl Iterator<Item = Result<(RegistryId, RepositoryName, RepositoryRecord), NotRecorded>> {
        let Inner { file, last, .. } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut file = file.into_inner().map_err(|error| unwritten(&error.into_error()));
        last.into_iter().map(move |((registry, repository), last)| {
            let file = file.as_mut().map_err(|error| NotRecorded(error.0.clone()))?;
            let entries = read_chain(file, last).map_err(|error| unwritten(&error))?;
            Ok((registry, repository, add_up(entries)))
        })
    }
}

impl Inner {
    fn append(&mut self, key: (RegistryId, RepositoryName), entries: &[Entry]) -> std::io::Result<()> {
        let before = self.last.get(&key).copied().unwrap_or(0);
        let body = serde_json::to_vec(entries)?;
        let length =
            u32::try_from(body.len()).map_err(|_| std::io::Error::other("a batch of more than 4 GiB"))?;
        self.file.write_all(&before.to_le_bytes())?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&body)?;
        self.last.insert(key, self.end + 1);
        self.end += HEAD as u64 + u64::from(length);
        Ok(())
    }
}

fn read_chain(file: &mut SpooledTempFile, mut at: u64) -> std::io::Result<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    while at > 0 {
        let mut head = [0; HEAD];
        file.seek(SeekFrom::Start(at - 1))?;
        file.read_exact(&mut head)?;
        let (before, length) = head.split_at(8);
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let mut body = vec![0; usize::try_from(number(length)).unwrap_or(usize::MAX)];
        file.read_exact(&mut body)?;
        batches.push(serde_json::from_slice(&body)?);
        at = number(before);
    }
    Ok(batches.into_iter().rev().flatten().collect())
}

fn unwritten(error: &std::io::Error) -> NotRecorded {
    let directory = tempfile::env::temp_dir();
    NotRecorded(format!("the pass's temporary file in `{}` (TMPDIR): {error}", directory.display()))
}

#[async_trait]
impl Ledger for Spool {
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.append((registry.clone(), repository.clone()), &entries).map_err(|error| unwritten(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> RegistryId {
        RegistryId {
            partition: "aws".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn entries_come_back_by_repository_in_the_order_they_were_written() {
        let spool = Spool::new();
        // More than what is kept in memory, in turns over three repositories.
        let filler = "x".repeat(10_000);
        for n in 0..3_000 {
            let repository = format!("team/app{}", n % 3).parse().unwrap();
            spool
                .record(&registry(), &repository, vec![Entry::Missing(format!("{n} {filler}"))])
                .await
                .unwrap();
        }
        let records: Vec<_> = spool.into_records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 3);
        for (place, (_, repository, record)) in records.into_iter().enumerate() {
            assert_eq!(repository.to_string(), format!("team/app{place}"));
            let numbers: Vec<usize> =
                record.missing.iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
            assert_eq!(numbers, (0..3_000).filter(|n| n % 3 == place).collect::<Vec<_>>());
        }
    }
}
