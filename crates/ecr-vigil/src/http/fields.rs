//! Named values of a request, in its query or in its body: each is checked, and all that is wrong is told at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde_json::Value;

use super::members::members;
use super::problem::{MemberFault, Problem, ProblemKind};

/// Values that were given and not yet taken.
#[derive(Debug, Default)]
pub(super) struct Fields {
    given: BTreeMap<String, Value>,
    known: Vec<&'static str>,
    faults: Vec<MemberFault>,
}

/// What a request says, in our nouns.
pub(super) trait FromFields: Sized {
    /// Takes what is needed; `None` if something of it is missing or wrong, which the fields remember.
    fn take_from(fields: &mut Fields) -> Option<Self>;
}

/// What the query says.
pub(super) struct Asked<T>(pub(super) T);

/// What the body says: a JSON object.
pub(super) struct Told<T>(pub(super) T);

impl<S: Send + Sync, T: FromFields> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let unreadable = |_| Problem::new(ProblemKind::InvalidRequest, "the query is not `name=value` pairs");
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(unreadable)?;
        let pairs = pairs.into_iter().map(|(name, value)| (name, Value::String(value)));
        Fields::given(pairs).read(ProblemKind::InvalidRequest).map(Self)
    }
}

impl<S: Send + Sync, T: FromFields> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let invalid = |detail: String| Problem::new(ProblemKind::InvalidRequest, detail);
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| invalid("the body broke off".to_owned()))?;
        // A request that says nothing is one that leaves everything open.
        let given = if bytes.is_empty() { Vec::new() } else { members(&bytes).map_err(invalid)? };
        Fields::given(given).read(ProblemKind::InvalidContent).map(Self)
    }
}

/// A request that has nothing to say: whatever is said is refused.
impl FromFields for () {
    fn take_from(_: &mut Fields) -> Option<Self> {
        Some(())
    }
}

impl Fields {
    fn given(pairs: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            if fields.given.insert(name.clone(), value).is_some() {
                fields.refuse::<()>(name, "is given more than once");
            }
        }
        fields
    }

    /// A value that must be given.
    pub(super) fn need<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        match self.take_value(name) {
            Some(value) => self.parse(name, &value),
            None => self.refuse(name, "is required"),
        }
    }

    /// A value that may be given: none if it is not. What is given and wrong is refused.
    pub(super) fn may<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take_value(name)?;
        self.parse(name, &value)
    }

    /// One of these words, if it is given.
    pub(super) fn one_of(&mut self, name: &'static str, words: &[&'static str]) -> Option<&'static str> {
        let given: String = self.may(name)?;
        let known = words.iter().copied().find(|word| *word == given);
        known.or_else(|| self.refuse(name, format!("`{given}` is not one of {}", words.join(", "))))
    }

    /// Values in a list, so many at most; none if there is no list.
    pub(super) fn list<T: FromStr<Err: Display>>(&mut self, name: &'static str, most: usize) -> Vec<T> {
        match self.take_value(name) {
            Some(Value::Array(values)) if values.len() > most => {
                let reason = format!("has {} values, and at most {most} are taken", values.len());
                self.refuse(name, reason).unwrap_or_default()
            }
            Some(Value::Array(values)) => values.iter().filter_map(|value| self.parse(name, value)).collect(),
            Some(_) => self.refuse(name, "must be a list of texts").unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Notes that something is wrong with a value; returns nothing in its place.
    pub(super) fn refuse<T>(&mut self, name: impl Into<String>, reason: impl Into<String>) -> Option<T> {
        self.faults.push(MemberFault { name: name.into(), reason: reason.into() });
        None
    }

    fn read<T: FromFields>(mut self, kind: ProblemKind) -> Result<T, Problem> {
        let taken = T::take_from(&mut self);
        let known = self.known.join(", ");
        for name in std::mem::take(&mut self.given).into_keys() {
            let reason = match known.as_str() {
                "" => "is not known here: there are no parameters".to_owned(),
                known => format!("is not known here: there are {known}"),
            };
            self.refuse::<()>(name, reason);
        }
        match taken {
            Some(taken) if self.faults.is_empty() => Ok(taken),
            _ => Err(Problem::faults(kind, self.faults)),
        }
    }

    /// Null is the same as nothing.
    fn take_value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.given.remove(name).filter(|value| !value.is_null())
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, name: &str, value: &Value) -> Option<T> {
        match value {
            Value::String(text) => match text.parse() {
                Ok(value) => Some(value),
                Err(error) => self.refuse(name, format!("{error}")),
            },
            other => self.refuse(name, format!("`{other}` is not a text")),
        }
    }
}
