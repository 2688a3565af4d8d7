//! Values that both databases can hold, and how our nouns are read from them.

use std::str::FromStr;

use jiff::Timestamp;
use vigil_core::finding::Severity;
use vigil_core::image::{AccountId, Digest, Partition, Region, RepositoryName, Tag};
use vigil_core::news::{RouteName, SinkName};

use super::{DatabaseFault, DatabaseFaultKind};

/// One value of a row or parameter of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    /// Only as a parameter, where a statement says `LIST($)`.
    Ints(Vec<i64>),
}

/// What a column of many rows holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Text,
    Bytes,
}

/// A row, read from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

/// Something that a column can be read as.
pub(crate) trait Field: Sized {
    fn read(value: Value) -> Option<Self>;
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next column.
    pub(crate) fn take<F: Field>(&mut self) -> Result<F, DatabaseFault> {
        let value = self.0.next();
        let said = || format!("a row holds {value:?} where something else was meant");
        value.clone().and_then(F::read).ok_or_else(|| DatabaseFault::new(DatabaseFaultKind::Corrupt, said()))
    }
}

/// A time as it is stored.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A stored time. What the calendar does not hold is its end: the last moment of all is stored a little later.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    let end = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(end)
}

macro_rules! fields {
    ($($type:ty: $pattern:pat => $read:expr),+ $(,)?) => {$(
        impl Field for $type {
            fn read(value: Value) -> Option<Self> {
                match value { $pattern => $read, _ => None }
            }
        }
    )+};
}

fields! {
    i64: Value::Int(n) => Some(n),
    u64: Value::Int(n) => u64::try_from(n).ok(),
    bool: Value::Int(n) => Some(n != 0),
    String: Value::Text(text) => Some(text),
    Vec<u8>: Value::Bytes(bytes) => Some(bytes),
    Timestamp: Value::Int(n) => Some(timestamp(n)),
    Digest: Value::Bytes(bytes) => <[u8; 32]>::try_from(bytes).ok().map(Digest::from),
    RepositoryName: Value::Text(text) => parsed(&text),
    Tag: Value::Text(text) => parsed(&text),
    AccountId: Value::Text(text) => parsed(&text),
    Region: Value::Text(text) => parsed(&text),
    Partition: Value::Text(text) => parsed(&text),
    Severity: Value::Text(text) => Some(text.into()),
    RouteName: Value::Text(text) => parsed(&text),
    SinkName: Value::Text(text) => parsed(&text),
}

impl<F: Field> Field for Option<F> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => F::read(value).map(Some),
        }
    }
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

macro_rules! values {
    ($($type:ty: $name:ident => $value:expr),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from($name: $type) -> Self {
                $value
            }
        }
    )+};
}

values! {
    i32: n => Self::Int(n.into()),
    i64: n => Self::Int(n),
    u64: n => Self::Int(i64::try_from(n).unwrap_or(i64::MAX)),
    bool: flag => Self::Int(flag.into()),
    &str: text => Self::Text(text.to_owned()),
    String: text => Self::Text(text),
    &String: text => Self::Text(text.clone()),
    Vec<u8>: bytes => Self::Bytes(bytes),
    Timestamp: at => Self::Int(micros(at)),
    Digest: digest => Self::Bytes(digest.as_bytes().to_vec()),
    &RepositoryName: name => Self::Text(name.to_string()),
    &Tag: tag => Self::Text(tag.to_string()),
}

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
