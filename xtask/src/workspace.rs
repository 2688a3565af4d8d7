//! Where the project lies on this machine, and how its cargo is called.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The two directories every chore starts from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The directory of the workspace's manifest.
    pub(crate) root: PathBuf,
    /// The directory for everything that is built.
    pub(crate) target: PathBuf,
}

/// The workspace could not be found from where the chore was started.
#[derive(Debug, thiserror::Error)]
#[error("cannot locate the workspace")]
pub(crate) struct LocateError(#[source] io::Error);

impl Workspace {
    /// Finds the workspace: cargo says where this crate is, and the workspace is one up from it.
    pub(crate) fn locate() -> Result<Self, LocateError> {
        // The value at run time comes first: a program built in one clone may be run in another.
        let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let own = PathBuf::from(own);
        let root = own.parent().unwrap_or(Path::new(".")).to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(chosen) => std::path::absolute(chosen).map_err(LocateError)?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The cargo that runs this chore, in the root of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        command
    }
}
