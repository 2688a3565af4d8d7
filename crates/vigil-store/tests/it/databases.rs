//! Databases for stories: a file in a directory of its own, or a new database of the test server.

use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use vigil_store::Place;

/// A place that nobody else uses.
pub(crate) struct Database {
    pub(crate) place: Place,
    /// Removed with this value.
    pub(crate) room: Option<TempDir>,
    /// Of a server's.
    pub(crate) url: Option<String>,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let room = tempfile::tempdir().unwrap();
        Self { place: Place::file(room.path().join("vigil.db")), room: Some(room), url: None }
    }

    /// The server is given by `cargo xtask test`.
    pub(crate) async fn postgres() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let server = environment("VIGIL_TEST_POSTGRES");
        let name = format!("store_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
        let url = server.replacen("///postgres?", &format!("///{name}?"), 1);
        Self { place: url.parse().unwrap(), room: None, url: Some(url) }
    }

    /// A connection past the program.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let url = self.url.as_deref().unwrap();
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        // It ends with the client.
        tokio::spawn(connection);
        client
    }

    /// How many rows each of these tables has.
    pub(crate) async fn rows(&self, tables: &[&str]) -> Vec<i64> {
        let mut rows = Vec::new();
        for table in tables {
            rows.push(self.number(&format!("SELECT count(*) FROM {table}")).await);
        }
        rows
    }

    /// How many pages a file has; a server takes care of its own.
    pub(crate) async fn pages(&self) -> i64 {
        match self.room {
            Some(_) => self.number("SELECT page_count FROM pragma_page_count").await,
            None => 0,
        }
    }

    async fn number(&self, sql: &str) -> i64 {
        match &self.room {
            Some(room) => {
                let file = rusqlite::Connection::open(room.path().join("vigil.db")).unwrap();
                file.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            None => self.client().await.query_one(sql, &[]).await.unwrap().get(0),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test command says where its servers are")]
pub(crate) fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `cargo xtask test`"))
}

/// Lives through stories in both databases.
macro_rules! stories {
    ($($story:ident),+ $(,)?) => {
        mod in_sqlite {
            $(#[tokio::test]
            async fn $story() {
                super::$story(crate::stage::Stage::new(crate::databases::Database::sqlite()).await).await;
            })+
        }

        mod in_postgres {
            $(#[tokio::test]
            async fn $story() {
                let database = crate::databases::Database::postgres().await;
                super::$story(crate::stage::Stage::new(database).await).await;
            })+
        }
    };
}
pub(crate) use stories;
