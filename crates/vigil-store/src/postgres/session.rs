//! A transaction on a PostgreSQL connection: many rows go in one statement, since every statement is a journey.

use std::borrow::Cow;
use std::error::Error;

use async_trait::async_trait;
use deadpool_postgres::{PoolError, Transaction};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type as Kind, to_sql_checked};

use crate::sql::{DatabaseFault, DatabaseFaultKind, Row, Session, Type, Value};

/// A connection in the middle of a transaction.
pub(super) struct PostgresSession<'t>(pub(super) Transaction<'t>);

#[async_trait]
impl Session for PostgresSession<'_> {
    async fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseFault> {
        let statement = self.0.prepare_cached(&spelled(sql)).await.map_err(fault)?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let found = self.0.query(&statement, &parameters).await.map_err(fault)?;
        found.iter().map(row).collect()
    }

    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseFault> {
        let statement = self.0.prepare_cached(&spelled(sql)).await.map_err(fault)?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        self.0.execute(&statement, &parameters).await.map_err(fault)
    }

    async fn each(
        &mut self,
        sql: &str,
        columns: &[(&str, Type)],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, DatabaseFault> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let casts = columns.iter().zip(1..).map(|((_, of), n)| format!("${n}::{}", array_of(*of)));
        let casts: Vec<String> = casts.collect();
        let table = format!("UNNEST({}) AS rows({})", casts.join(", "), names.join(", "));
        let statement = self.0.prepare_cached(&sql.replace("{rows}", &table)).await.map_err(fault)?;
        let mut turned: Vec<Vec<Value>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            turned.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let parameters: Vec<&(dyn ToSql + Sync)> = turned.iter().map(|column| column as _).collect();
        let found = self.0.query(&statement, &parameters).await.map_err(fault)?;
        found.iter().map(row).collect()
    }

    async fn script(&mut self, sql: &str) -> Result<(), DatabaseFault> {
        self.0.batch_execute(sql).await.map_err(fault)
    }

    async fn lock(&mut self, key: i64) -> Result<(), DatabaseFault> {
        self.rows("SELECT 1 FROM pg_advisory_xact_lock($1)", &[key.into()]).await.map(drop)
    }

    async fn share(&mut self, key: i64) -> Result<(), DatabaseFault> {
        self.rows("SELECT 1 FROM pg_advisory_xact_lock_shared($1)", &[key.into()]).await.map(drop)
    }
}

/// A list is an array here.
fn spelled(sql: &str) -> Cow<'_, str> {
    if sql.contains(" IN LIST(") { sql.replace(" IN LIST(", " = ANY(").into() } else { sql.into() }
}

fn array_of(of: Type) -> &'static str {
    match of {
        Type::Int => "bigint[]",
        Type::Text => "text[]",
        Type::Bytes => "bytea[]",
    }
}

fn row(found: &tokio_postgres::Row) -> Result<Row, DatabaseFault> {
    let values = (0..found.len()).map(|n| found.try_get::<_, Value>(n).map_err(fault));
    Ok(Row::new(values.collect::<Result<_, _>>()?))
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(of: &Kind, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *of {
            Kind::BOOL => Self::Int(bool::from_sql(of, raw)?.into()),
            Kind::INT4 => Self::Int(i32::from_sql(of, raw)?.into()),
            Kind::INT8 => Self::Int(i64::from_sql(of, raw)?),
            Kind::BYTEA => Self::Bytes(Vec::from_sql(of, raw)?),
            _ => Self::Text(String::from_sql(of, raw)?),
        })
    }

    fn from_sql_null(_: &Kind) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(of: &Kind) -> bool {
        matches!(*of, Kind::BOOL | Kind::INT4 | Kind::INT8 | Kind::BYTEA) || <String as FromSql>::accepts(of)
    }
}

impl ToSql for Value {
    fn to_sql(&self, of: &Kind, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(n) if *of == Kind::INT4 => i32::try_from(*n)?.to_sql(of, out),
            Self::Int(n) => n.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
            Self::Bytes(bytes) => bytes.to_sql(of, out),
            Self::Ints(numbers) => numbers.to_sql(of, out),
        }
    }

    fn accepts(of: &Kind) -> bool {
        matches!(*of, Kind::INT4 | Kind::INT8 | Kind::INT8_ARRAY | Kind::BYTEA)
            || <&str as ToSql>::accepts(of)
    }

    to_sql_checked!();
}

/// What an error of PostgreSQL means.
pub(super) fn fault(error: tokio_postgres::Error) -> DatabaseFault {
    let Some(told) = error.as_db_error() else {
        let lost = error.is_closed() || source_is_io(&error);
        let kind = if lost { DatabaseFaultKind::Unavailable } else { DatabaseFaultKind::Refused };
        return DatabaseFault::new(kind, chain(&error));
    };
    // Classes and codes of the manual's appendix "PostgreSQL Error Codes".
    let kind = match told.code().code() {
        "40001" | "40P01" => DatabaseFaultKind::Conflict,
        "53100" => DatabaseFaultKind::Full,
        // Also one that is a standby now, and only reads.
        "25006" | "53300" | "57P01" | "57P02" | "57P03" => DatabaseFaultKind::Unavailable,
        code if code.starts_with("08") => DatabaseFaultKind::Unavailable,
        code if code.starts_with("XX") => DatabaseFaultKind::Corrupt,
        _ => DatabaseFaultKind::Refused,
    };
    DatabaseFault::new(kind, format!("{} ({})", told.message(), told.code().code()))
}

/// What it means that there is no connection.
pub(super) fn unconnected(error: PoolError) -> DatabaseFault {
    match error {
        PoolError::Backend(error) => {
            // Whoever does not answer at all is away; whoever answers says what is wrong.
            let told = error.as_db_error().is_some();
            let fault = fault(error);
            if told { fault } else { DatabaseFault { kind: DatabaseFaultKind::Unavailable, ..fault } }
        }
        other => DatabaseFault::new(DatabaseFaultKind::Unavailable, chain(&other)),
    }
}

fn source_is_io(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

fn chain(error: &dyn Error) -> String {
    let mut said = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        said.push(error.to_string());
        cause = error.source();
    }
    // Some errors repeat their source.
    said.dedup_by(|next, before| before.contains(next.as_str()));
    said.join(": ")
}
