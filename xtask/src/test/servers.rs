//! The servers that the tests talk to, and the variables by which a test finds them. How a server is installed, kept and
//! stopped is known elsewhere.

use super::{ambient, debian::FetchError, keeper, needs::Needs, programs};
use std::{
    env,
    ffi::OsString,
    io::{self, BufRead, BufReader},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

/// Servers; they are stopped with this value.
#[derive(Debug, Default)]
pub(super) struct Servers {
    variables: Vec<(&'static str, OsString)>,
    keeper: Option<Keeper>,
}

/// Why a server is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("cannot start PostgreSQL for the tests")]
    Start(#[source] io::Error),
    #[error("PostgreSQL for the tests did not start")]
    NotStarted,
}

/// Starts what is needed.
pub(super) fn start(place: &Path, needs: Needs) -> Result<Servers, ServerError> {
    let mut servers = Servers::default();
    if needs.prometheus {
        servers.variables.push(("VIGIL_TEST_PROMETHEUS_BIN", programs::prometheus(place)?.into()));
    }
    if needs.postgres {
        let (keeper, room) = Keeper::start(place)?;
        servers.variables.extend([
            ("VIGIL_TEST_POSTGRES", format!("postgres:///postgres?host={room}&user=postgres").into()),
            ("VIGIL_TEST_POSTGRES_BIN", keeper::programs(place).into()),
            ("VIGIL_TEST_POSTGRES_ROOM", room.into()),
        ]);
        servers.keeper = Some(keeper);
    }
    Ok(servers)
}

impl Servers {
    /// Where a test finds them.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.variables.iter().map(|(name, value)| (*name, value))
    }
}

/// The process that keeps PostgreSQL as long as its input is open.
#[derive(Debug)]
struct Keeper {
    process: Child,
    input: Option<ChildStdin>,
}

impl Keeper {
    fn start(place: &Path) -> Result<(Self, String), ServerError> {
        let mut command = Command::new(env::current_exe().map_err(ServerError::Start)?);
        ambient::forget(&mut command);
        // In a group of its own Ctrl-C does not reach it: it has to clean up then.
        command.arg("keep-postgres").arg(place).process_group(0);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(ServerError::Start)?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let keeper = Self { process, input };
        let room = output.and_then(|output| BufReader::new(output).lines().next());
        match room {
            Some(room) => Ok((keeper, room.map_err(ServerError::Start)?)),
            None => Err(ServerError::NotStarted),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The end of its input tells it to clean up; the tests are over only when it has.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}
