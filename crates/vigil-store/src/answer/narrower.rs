//! Two ways to a page: through a list in its order until the page is full, or by what is rare and then sorted. Which one is
//! shorter depends on how many have it, so that is looked at first. Knows nothing of what is listed.

use crate::sql::{DatabaseFault, Session, Statement, Value};

/// So few are found and sorted in a moment; what more of a list have is met soon in any order.
const FEW: u64 = 2_000;

/// A question for the ids of those that have something, which an index answers.
pub(super) struct Narrower {
    /// With a `$` for each parameter.
    text: String,
    parameters: Vec<Value>,
}

impl Narrower {
    pub(super) fn new<const N: usize>(text: &str, parameters: [Value; N]) -> Self {
        Self { text: text.to_owned(), parameters: parameters.to_vec() }
    }

    /// The lineages of this name.
    pub(super) fn lineages(name: &String) -> Self {
        Self::new("SELECT id FROM lineages WHERE name = $", [name.into()])
    }

    /// Goes on with the condition that the column is one of them, if they are few. Returns whether they are.
    pub(super) async fn narrow(
        &self,
        column: &str,
        session: &mut dyn Session,
        statement: &mut Statement,
    ) -> Result<bool, DatabaseFault> {
        let are_few = self.are_few(session).await?;
        if are_few {
            statement.with(&format!("AND {column} IN ({})", self.text), self.parameters.clone());
        }
        Ok(are_few)
    }

    /// Counts no further than it has to.
    async fn are_few(&self, session: &mut dyn Session) -> Result<bool, DatabaseFault> {
        let mut statement = Statement::new("SELECT count(*) FROM (");
        statement.with(&self.text, self.parameters.clone()).with("LIMIT $) AS few", [(FEW + 1).into()]);
        let counted = session.ask(&statement).await?.pop();
        Ok(counted.map_or(Ok(0), |mut row| row.take::<u64>())? <= FEW)
    }
}
