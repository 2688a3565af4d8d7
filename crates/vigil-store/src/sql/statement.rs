//! A statement put together piece by piece, with its parameters numbered as they come.

use super::Value;

/// A statement and its parameters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), parameters: Vec::new() }
    }

    /// Goes on with this text, in which each `$` stands for the next of these parameters.
    pub(crate) fn with(&mut self, text: &str, parameters: impl IntoIterator<Item = Value>) -> &mut Self {
        let mut parameters = parameters.into_iter();
        self.text.push(' ');
        for piece in text.split_inclusive('$') {
            match piece.strip_suffix('$') {
                Some(before) => {
                    self.parameters.extend(parameters.next());
                    self.text.push_str(&format!("{before}${}", self.parameters.len()));
                }
                None => self.text.push_str(piece),
            }
        }
        self
    }

    /// Goes on with this text, if there is a value for its parameter.
    pub(crate) fn with_some(&mut self, text: &str, parameter: Option<impl Into<Value>>) -> &mut Self {
        match parameter {
            Some(parameter) => self.with(text, [parameter.into()]),
            None => self,
        }
    }

    /// Goes on with this text, if it is wanted.
    pub(crate) fn when(&mut self, wanted: bool, text: &str) -> &mut Self {
        if wanted { self.with(text, []) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_as_they_come() {
        let mut statement = Statement::new("SELECT a FROM t WHERE true");
        statement.with("AND (b, c) < ($, $)", [1.into(), 2.into()]).with_some("AND d = $", None::<i64>);
        statement.with_some("AND e = $", Some("x")).when(true, "LIMIT 3");
        assert_eq!(statement.text, "SELECT a FROM t WHERE true AND (b, c) < ($1, $2) AND e = $3 LIMIT 3");
        assert_eq!(statement.parameters, [1.into(), 2.into(), "x".into()]);
    }
}
