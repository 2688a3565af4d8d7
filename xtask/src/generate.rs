//! Man pages and shell completions, as the program itself describes them: it is built, run and asked. What its
//! commands and flags are is not known here.

use crate::workspace::Workspace;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

/// Each shell with the file name under which it looks for completions of `ecr-vigil`.
const COMPLETIONS: [(&str, &str); 5] = [
    ("bash", "ecr-vigil.bash"),
    ("elvish", "ecr-vigil.elv"),
    ("fish", "ecr-vigil.fish"),
    ("powershell", "_ecr-vigil.ps1"),
    ("zsh", "_ecr-vigil"),
];

/// Why the generated files could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    #[error("cannot run cargo")]
    Cargo(#[source] io::Error),
    #[error("`ecr-vigil {request}` ended with {status}")]
    Refused { request: String, status: ExitStatus },
    #[error("`ecr-vigil {request}` wrote nothing")]
    Nothing { request: String },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Writes `man/*.1` and `completions/*` anew into `<target>/generated`.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, GenerateError> {
    let place = workspace.target.join("generated");
    let man = empty_directory(&place.join("man"))?;
    let completions = empty_directory(&place.join("completions"))?;

    write_man_pages(workspace, &man)?;
    for (shell, file) in COMPLETIONS {
        let script = answer(workspace, &["completions", shell])?;
        let path = completions.join(file);
        fs::write(&path, script).map_err(|source| GenerateError::Write { path, source })?;
    }
    println!("{}", place.display());
    Ok(ExitCode::SUCCESS)
}

fn write_man_pages(workspace: &Workspace, directory: &Path) -> Result<(), GenerateError> {
    let mut command = program(workspace, &["man", "--out"]);
    let status = command.arg(directory).status().map_err(GenerateError::Cargo)?;
    let request = "man".to_owned();
    if !status.success() {
        return Err(GenerateError::Refused { request, status });
    }
    if fs::read_dir(directory).is_ok_and(|mut pages| pages.next().is_none()) {
        return Err(GenerateError::Nothing { request });
    }
    Ok(())
}

fn answer(workspace: &Workspace, request: &[&str]) -> Result<Vec<u8>, GenerateError> {
    let output =
        program(workspace, request).stderr(Stdio::inherit()).output().map_err(GenerateError::Cargo)?;
    let request = request.join(" ");
    if !output.status.success() {
        return Err(GenerateError::Refused { request, status: output.status });
    }
    if output.stdout.is_empty() {
        return Err(GenerateError::Nothing { request });
    }
    Ok(output.stdout)
}

fn program(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--package", "ecr-vigil", "--"]).args(arguments).stdin(Stdio::null());
    command
}

/// A page of a command that no longer exists must not stay behind.
fn empty_directory(path: &Path) -> Result<PathBuf, GenerateError> {
    let failed = |source| GenerateError::Write { path: path.to_path_buf(), source };
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => fs::create_dir_all(path).map_err(failed)?,
    }
    Ok(path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_an_earlier_run_does_not_stay_behind() {
        let place = tempfile::tempdir().unwrap();
        let man = place.path().join("generated/man");
        fs::create_dir_all(&man).unwrap();
        fs::write(man.join("ecr-vigil-gone.1"), "").unwrap();

        empty_directory(&man).unwrap();

        assert_eq!(fs::read_dir(&man).unwrap().count(), 0);
    }
}
