//! Which repositories an answer is about.

use vigil_core::image::{RegistryId, RepositoryName};
use vigil_core::policy::Pattern;

use super::narrower::Narrower;
use crate::sql::{DatabaseFault, Session, Statement, Value};

/// A part of all that is remembered: everything, a registry, or the repositories that match a pattern.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only in this registry.
    pub registry: Option<RegistryId>,
    /// Only in repositories whose names match; a plain name matches itself alone.
    pub repository: Option<Pattern>,
}

/// The same as rows of repositories.
#[derive(Debug, Clone)]
pub(crate) enum Repositories {
    All,
    These(Vec<i64>),
}

impl Scope {
    /// Finds the repositories. There are few of them, so patterns are matched here and not by the database; a plain name
    /// is found by an index.
    pub(crate) async fn repositories(
        &self,
        session: &mut dyn Session,
    ) -> Result<Repositories, DatabaseFault> {
        if self.registry.is_none() && self.repository.is_none() {
            return Ok(Repositories::All);
        }
        let mut statement = Statement::new(
            "SELECT p.id, p.name FROM repositories p JOIN registries r ON r.id = p.registry WHERE true",
        );
        if let Some(RegistryId { account, region, .. }) = &self.registry {
            let place = [account.as_str().into(), region.as_str().into()];
            statement.with("AND r.account = $ AND r.region = $", place);
        }
        let plain =
            self.repository.as_ref().and_then(|pattern| pattern.to_string().parse::<RepositoryName>().ok());
        statement.with_some("AND p.name = $", plain.as_ref());
        let mut these = Vec::new();
        for mut row in session.ask(&statement).await? {
            let (id, name): (i64, String) = (row.take()?, row.take()?);
            if self.repository.as_ref().is_none_or(|pattern| pattern.matches(&name)) {
                these.push(id);
            }
        }
        Ok(Repositories::These(these))
    }
}

impl Repositories {
    /// Goes on with a condition on the column that holds a repository.
    pub(crate) fn narrow(&self, column: &str, statement: &mut Statement) {
        match self {
            Self::All => {}
            Self::These(ids) => match ids.as_slice() {
                [] => {
                    statement.with("AND false", []);
                }
                [id] => {
                    statement.with(&format!("AND {column} = $"), [(*id).into()]);
                }
                ids => {
                    statement.with(&format!("AND {column} IN LIST($)"), [Value::Ints(ids.to_vec())]);
                }
            },
        }
    }

    /// The lineages of these repositories; none if all are meant.
    pub(super) fn lineages(&self) -> Option<Narrower> {
        let Self::These(ids) = self else { return None };
        let sql = "SELECT id FROM lineages WHERE repository IN LIST($)";
        Some(Narrower::new(sql, [Value::Ints(ids.clone())]))
    }
}
