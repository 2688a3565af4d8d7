//! Of several processes that work with one database, the one whose turn it is to tell the news: else it would be told twice.

use std::fmt;
use std::sync::Arc;

use deadpool_postgres::ClientWrapper;

use crate::sql::DatabaseFault;
use crate::store::Store;

/// The turn. It ends when this is dropped, or with the connection to the server.
pub struct Turn(Option<Arc<ClientWrapper>>);

impl Store {
    /// Takes the turn; none if another process has it. Whoever has a file has the turn too.
    ///
    /// # Errors
    ///
    /// If the server is away.
    pub async fn take_turn(&self) -> Result<Option<Turn>, DatabaseFault> {
        let Some(postgres) = self.postgres() else { return Ok(Some(Turn(None))) };
        Ok(postgres.take_turn().await?.map(|connection| Turn(Some(connection))))
    }
}

impl Turn {
    /// Whether the connection is lost, so that another process may have the turn.
    pub fn is_over(&self) -> bool {
        self.0.as_ref().is_some_and(|connection| connection.is_closed())
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Turn(over: {})", self.is_over())
    }
}
