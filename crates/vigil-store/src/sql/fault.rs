//! What a database did instead of what it was asked to.

/// A question or a change that the database did not carry out; nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {said}")]
pub struct DatabaseFault {
    /// What went wrong, as far as it matters for what to do next.
    pub kind: DatabaseFaultKind,
    /// In the database's words; never with a password.
    pub said: String,
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatabaseFaultKind {
    /// It cannot be reached at the moment.
    Unavailable,
    /// Others changed the same at the same moment: the same again may well work.
    Conflict,
    /// There is no room left.
    Full,
    /// Another service works with it instead of this one, which must not write any more.
    Occupied,
    /// Its file is damaged.
    Corrupt,
    /// Anything else.
    Refused,
}

impl DatabaseFault {
    pub(crate) fn new(kind: DatabaseFaultKind, said: impl ToString) -> Self {
        Self { kind, said: said.to_string() }
    }

    /// Whether the same may work later, without anybody doing anything here.
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, DatabaseFaultKind::Unavailable | DatabaseFaultKind::Conflict)
    }
}

impl std::fmt::Display for DatabaseFaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the database is unavailable",
            Self::Conflict => "others changed the same at the same time",
            Self::Full => "the disk of the database is full",
            Self::Occupied => "another service works with the database",
            Self::Corrupt => "the database is corrupt",
            Self::Refused => "the database refused",
        })
    }
}
