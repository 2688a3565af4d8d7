//! Scan configurations in the database.

use async_trait::async_trait;
use vigil_core::policy::{ScanConfig, ScanConfigId};
use vigil_core::port::{ConfigsUnreachable, ScanConfigs};

use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

#[async_trait]
impl ScanConfigs for Store {
    async fn list(&self) -> Result<Vec<ScanConfig>, ConfigsUnreachable> {
        self.read((), |session, ()| Box::pin(list(session))).await.map_err(unreachable)
    }

    async fn list_patiently(&self) -> Result<Vec<ScanConfig>, ConfigsUnreachable> {
        self.read_patiently((), |session, ()| Box::pin(list(session))).await.map_err(unreachable)
    }

    async fn get(&self, id: &ScanConfigId) -> Result<Option<ScanConfig>, ConfigsUnreachable> {
        let found = self.read(id.clone(), |session, id| {
            Box::pin(async move {
                let sql = "SELECT body FROM scan_configs WHERE id = $1";
                session
                    .row(sql, &[id.to_string().into()])
                    .await?
                    .map(|mut row| row.take::<String>())
                    .transpose()
            })
        });
        Ok(found.await.map_err(unreachable)?.and_then(|body| parsed(&body)))
    }

    async fn put(&self, config: &ScanConfig) -> Result<(), ConfigsUnreachable> {
        self.write(config.clone(), |session, config| Box::pin(put(session, config)))
            .await
            .map_err(unreachable)
    }

    async fn remove(&self, id: &ScanConfigId) -> Result<bool, ConfigsUnreachable> {
        let removed = self.write(id.clone(), |session, id| {
            Box::pin(async move {
                session.execute("DELETE FROM scan_configs WHERE id = $1", &[id.to_string().into()]).await
            })
        });
        Ok(removed.await.map_err(unreachable)? > 0)
    }
}

async fn list(session: &mut dyn Session) -> Result<Vec<ScanConfig>, DatabaseFault> {
    let rows = session.rows("SELECT body FROM scan_configs ORDER BY created, id", &[]).await?;
    let bodies: Vec<String> = rows.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>()?;
    Ok(bodies.iter().filter_map(|body| parsed(body)).collect())
}

async fn put(session: &mut dyn Session, config: &ScanConfig) -> Result<(), DatabaseFault> {
    // Our own plain values always can be written.
    let body = serde_json::to_string(config).unwrap_or_default();
    let values = [config.id.to_string().into(), config.created.into(), body.into()];
    let sql = "INSERT INTO scan_configs (id, created, body) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET created = excluded.created, body = excluded.body";
    session.execute(sql, &values).await.map(drop)
}

fn parsed(body: &str) -> Option<ScanConfig> {
    let told = |error| tracing::warn!(%error, "a stored scan configuration is passed over");
    serde_json::from_str(body).map_err(told).ok()
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn unreachable(fault: DatabaseFault) -> ConfigsUnreachable {
    ConfigsUnreachable(fault.to_string())
}
