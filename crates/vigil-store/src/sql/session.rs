//! A transaction under way, as the code that reads and writes sees it: the same for both databases.

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::{DatabaseFault, Row, Statement, Type, Value};

/// One transaction. Statements are written in what both databases understand, with `$1`, `$2`, … for parameters, and
/// `IN LIST($1)` where a parameter is many numbers. A statement is kept prepared: no value is ever part of its text.
#[async_trait]
pub(crate) trait Session: Send {
    /// Asks for rows.
    async fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseFault>;

    /// Changes something, and returns how many rows.
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseFault>;

    /// Does the same with many rows. The statement says `{rows}` where a table named `rows` with these columns is meant:
    /// SQLite is given one row after the other, since a call costs it nothing; PostgreSQL all at once.
    async fn each(
        &mut self,
        sql: &str,
        columns: &[(&str, Type)],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, DatabaseFault>;

    /// Runs several statements that have no parameters.
    async fn script(&mut self, sql: &str) -> Result<(), DatabaseFault>;

    /// Lets no other transaction with the same key go on before this one has ended. SQLite has one writer anyway.
    async fn lock(&mut self, key: i64) -> Result<(), DatabaseFault>;

    /// Lets no transaction that locks this key go on before this one has ended, but others that share it.
    async fn share(&mut self, key: i64) -> Result<(), DatabaseFault>;

    /// Asks for rows with a statement put together by hand.
    async fn ask(&mut self, statement: &Statement) -> Result<Vec<Row>, DatabaseFault> {
        self.rows(&statement.text, &statement.parameters).await
    }

    /// Asks for one row, if there is one.
    async fn row(&mut self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, DatabaseFault> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }
}

/// What is done in one transaction. It may be begun again, if it was not done.
pub(crate) type Act<A, T> =
    for<'s> fn(&'s mut (dyn Session + 's), &'s A) -> BoxFuture<'s, Result<T, DatabaseFault>>;
