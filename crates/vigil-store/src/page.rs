//! Pages: where one ends, the next goes on, whatever has changed between them.

use std::collections::BTreeMap;
use std::fmt;

use crate::sql::{DatabaseFault, Field, Value};

/// Which part of an answer is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Where the page before ended; `None`: from the beginning.
    pub after: Option<Cursor>,
    /// How many items at most.
    pub limit: usize,
}

/// Where a page ended. It is to be handed back as it is, with the same filter and order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A page, and where the next one goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// `None` if there are no more.
    pub next: Option<Cursor>,
}

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The cursor was not given out for this question.
    #[error("the cursor is not one that this list has given out")]
    Cursor,
    /// The database did not answer.
    #[error("the question could not be answered")]
    Database(#[from] DatabaseFault),
}

/// The last item's place in the order: numbers and texts.
pub(crate) type Key = Vec<Value>;

impl Slice {
    /// The first so many.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// The key that the cursor holds, if it is one of the list called `of` and every part has the right shape.
    pub(crate) fn key(&self, of: &str, shape: &[Value]) -> Result<Option<Key>, Unanswered> {
        let Some(Cursor(text)) = &self.after else { return Ok(None) };
        let key = unsealed(text, of).ok_or(Unanswered::Cursor)?;
        let fits =
            |(part, shape): (&Value, &Value)| std::mem::discriminant(part) == std::mem::discriminant(shape);
        if key.len() == shape.len() && key.iter().zip(shape).all(fits) {
            Ok(Some(key))
        } else {
            Err(Unanswered::Cursor)
        }
    }
}

/// Makes a page of what was found: one more than wanted shows that there is a next one.
pub(crate) fn page<T>(mut found: Vec<(Key, T)>, slice: &Slice, of: &str) -> Page<T> {
    let more = found.len() > slice.limit;
    found.truncate(slice.limit);
    let next = found.last().filter(|_| more).map(|(key, _)| Cursor(sealed(key, of)));
    Page { items: found.into_iter().map(|(_, item)| item).collect(), next }
}

impl<T> Page<T> {
    /// The part of a list that is had whole, given in the order of its names; of two items with one name one is given.
    ///
    /// # Errors
    ///
    /// For a cursor of another list.
    pub fn of_all(
        all: impl IntoIterator<Item = (String, T)>,
        slice: &Slice,
        of: &str,
    ) -> Result<Self, Unanswered> {
        let after = slice.key(of, &["".into()])?.and_then(|key| key.into_iter().next());
        let after = after.and_then(<String as Field>::read);
        let all: BTreeMap<String, T> = all.into_iter().collect();
        let rest = all.into_iter().filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
        let found = rest.take(slice.limit + 1).map(|(name, item)| (vec![name.into()], item));
        Ok(page(found.collect(), slice, of))
    }
}

impl Cursor {
    /// Where a list given by [`Page::of_all`] begins.
    pub fn first(of: &str) -> Self {
        Self(sealed(&vec!["".into()], of))
    }
}

/// Makes a page of what there is up to a place, behind which there may be more.
pub(crate) fn page_up_to<T>(key: &Key, found: Vec<(Key, T)>, of: &str) -> Page<T> {
    let next = Some(Cursor(sealed(key, of)));
    Page { items: found.into_iter().map(|(_, item)| item).collect(), next }
}

/// Hexadecimal, so that nobody is tempted to build one, and no address has to escape it.
fn sealed(key: &Key, of: &str) -> String {
    let parts: Vec<serde_json::Value> = std::iter::once(of.into())
        .chain(key.iter().map(|part| match part {
            Value::Int(n) => (*n).into(),
            Value::Text(text) => text.as_str().into(),
            Value::Null | Value::Bytes(_) | Value::Ints(_) => serde_json::Value::Null,
        }))
        .collect();
    let text = serde_json::Value::Array(parts).to_string();
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn unsealed(text: &str, of: &str) -> Option<Key> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|n| n as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, n| sum << 4 | n)).collect();
    let parts: Vec<serde_json::Value> = serde_json::from_slice(&bytes).ok()?;
    let (list, parts) = parts.split_first()?;
    let value = |part: &serde_json::Value| match part {
        serde_json::Value::Number(n) => n.as_i64().map(Value::Int),
        serde_json::Value::String(text) => Some(Value::Text(text.clone())),
        _ => None,
    };
    if list.as_str() == Some(of) { parts.iter().map(value).collect() } else { None }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(text: &str) -> Slice {
        Slice { after: Some(Cursor(text.to_owned())), limit: 1 }
    }

    #[test]
    fn a_cursor_fits_the_list_that_gave_it_out_and_no_other() {
        let key: Key = vec![7.into(), "team/app".into()];
        let found = vec![(key.clone(), 'a'), (vec![8.into(), "b".into()], 'b')];
        let Page { items, next } = page(found, &Slice::first(1), "images");
        let Cursor(text) = next.unwrap();
        assert_eq!(items, ['a']);
        let shape = [0.into(), "".into()];
        assert_eq!(slice(&text).key("images", &shape).unwrap(), Some(key));
        assert!(matches!(slice(&text).key("scans", &shape), Err(Unanswered::Cursor)));
        assert!(matches!(slice(&text).key("images", &shape[..1]), Err(Unanswered::Cursor)));
        for broken in ["", "x", "zz", "5b", &text[2..]] {
            assert!(matches!(slice(broken).key("images", &shape), Err(Unanswered::Cursor)), "{broken}");
        }
    }

    #[test]
    fn the_last_page_leads_nowhere() {
        let found = vec![(vec![7.into()], 'a')];
        assert_eq!(page(found, &Slice::first(1), "images").next, None);
    }
}
