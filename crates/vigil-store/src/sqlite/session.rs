//! A transaction on a SQLite connection. Nothing in it ever waits, so a whole transaction runs on one thread.

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};

use crate::sql::{DatabaseFault, DatabaseFaultKind, Row, Session, Type, Value};

/// A connection in the middle of a transaction.
pub(super) struct SqliteSession<'c>(pub(super) &'c mut Connection);

#[async_trait]
impl Session for SqliteSession<'_> {
    async fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseFault> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(fault)?;
        collect(&mut statement, parameters)
    }

    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseFault> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(fault)?;
        Ok(statement.execute(params_from_iter(parameters)).map_err(fault)? as u64)
    }

    async fn each(
        &mut self,
        sql: &str,
        columns: &[(&str, Type)],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, DatabaseFault> {
        // A row that is refused ends the whole transaction. Without that word, SQLite would keep a copy of each page that a
        // statement touches, to undo that statement alone.
        let sql = sql.replacen("INSERT INTO", "INSERT OR FAIL INTO", 1);
        let mut found = Vec::new();
        let mut together = rows.chunks_exact(TOGETHER);
        if rows.len() >= TOGETHER {
            let sql = sql.replace("{rows}", &several(columns));
            let mut statement = self.0.prepare_cached(&sql).map_err(fault)?;
            for rows in together.by_ref() {
                found.append(&mut collect(&mut statement, rows.iter().flatten())?);
            }
        }
        if !together.remainder().is_empty() {
            let sql = sql.replace("{rows}", &one(columns));
            let mut statement = self.0.prepare_cached(&sql).map_err(fault)?;
            for row in together.remainder() {
                found.append(&mut collect(&mut statement, row)?);
            }
        }
        Ok(found)
    }

    async fn script(&mut self, sql: &str) -> Result<(), DatabaseFault> {
        self.0.execute_batch(sql).map_err(fault)
    }

    async fn lock(&mut self, _: i64) -> Result<(), DatabaseFault> {
        Ok(())
    }

    async fn share(&mut self, _: i64) -> Result<(), DatabaseFault> {
        Ok(())
    }
}

/// So many rows are given with one call: more of them would not save much any more.
const TOGETHER: usize = 25;

/// The table of one row. It is taken from another one of one row: without any, SQLite would build a table in memory.
fn one(columns: &[(&str, Type)]) -> String {
    let columns = columns.iter().enumerate();
    let columns: Vec<String> = columns.map(|(n, (name, _))| format!("?{} AS {name}", n + 1)).collect();
    format!("(SELECT {} FROM revision) AS rows", columns.join(", "))
}

/// The table of as many rows as are given together.
fn several(columns: &[(&str, Type)]) -> String {
    let width = columns.len();
    let names = columns.iter().enumerate().map(|(n, (name, _))| format!("column{} AS {name}", n + 1));
    let row = |row: usize| -> String {
        let places = (row * width + 1..).take(width).map(|place| format!("?{place}"));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..TOGETHER).map(row).collect();
    format!("(SELECT {} FROM (VALUES {})) AS rows", names.collect::<Vec<_>>().join(", "), rows.join(", "))
}

/// SQLite numbers `$1` by its first appearance; what `?1` means is fixed. A list is given to it as JSON.
fn numbered(sql: &str) -> String {
    let mut pieces = sql.split(" LIST($");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once(')').unwrap_or((piece, ""));
        text.push_str(&format!(" (SELECT value FROM json_each(?{number})){rest}"));
    }
    text.replace('$', "?")
}

fn collect<'v>(
    statement: &mut rusqlite::CachedStatement<'_>,
    parameters: impl IntoIterator<Item = &'v Value>,
) -> Result<Vec<Row>, DatabaseFault> {
    let width = statement.column_count();
    let mut rows = statement.query(params_from_iter(parameters)).map_err(fault)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let values =
            (0..width).map(|n| row.get_ref(n).map(value)).collect::<Result<_, _>>().map_err(fault)?;
        found.push(Row::new(values));
    }
    Ok(found)
}

fn value(stored: ValueRef<'_>) -> Value {
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        // There are no such columns.
        ValueRef::Real(_) => Value::Null,
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Ints(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
                return Ok(format!("[{}]", numbers.join(",")).into());
            }
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What an error of SQLite means.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(super) fn fault(error: rusqlite::Error) -> DatabaseFault {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => DatabaseFaultKind::Full,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => DatabaseFaultKind::Corrupt,
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen,
        ) => DatabaseFaultKind::Unavailable,
        _ => DatabaseFaultKind::Refused,
    };
    DatabaseFault::new(kind, &error)
}
