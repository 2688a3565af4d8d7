//! The Python virtual environment that holds the tests' stand-in for AWS: made once, and again whenever the list of
//! requirements changes. What is in the list is not known here.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

/// Makes the environment where Python came without `ensurepip`.
const VIRTUALENV: &str = "virtualenv>=21,<22";

/// What to do when there is no way to make the environment.
const ADVICE: &str = "install Python 3 with its venv module (Debian and Ubuntu: `apt-get install python3-venv`; or \
    `apt-get install python3-pip`, which lets this chore fetch virtualenv by itself)";

/// Why the tests' environment is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    #[error("no `python3` on this machine: {ADVICE}")]
    NoPython(#[source] io::Error),
    #[error("cannot make a Python virtual environment in {}, neither with venv nor with virtualenv: {ADVICE}", place.display())]
    NoVirtualEnvironment { place: PathBuf },
    #[error("cannot install {}: pip ended with {status}; it needs a package index that it can reach", requirements.display())]
    NotInstalled { requirements: PathBuf, status: ExitStatus },
    #[error("cannot use {}", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// The Python that has all of `requirements`, in `place`; installs what is missing.
pub(super) fn prepare(place: &Path, requirements: &Path) -> Result<PathBuf, PrepareError> {
    let wanted = at(requirements, fs::read_to_string(requirements))?;
    at(place, fs::create_dir_all(place))?;
    // Two runs at once would install over each other; the lock goes with the file handle.
    let lock = place.join("lock");
    let held = at(&lock, File::create(&lock))?;
    at(&lock, held.lock())?;

    let venv = place.join("venv");
    let python = venv.join("bin/python");
    let stamp = place.join("installed-requirements.txt");
    if is_ready(&python, &stamp, &wanted) {
        return Ok(python);
    }

    eprintln!("test environment: installing {} into {}", requirements.display(), venv.display());
    // The stamp goes first: what is half made must not look ready.
    at(&stamp, unless_absent(fs::remove_file(&stamp)))?;
    at(&venv, unless_absent(fs::remove_dir_all(&venv)))?;
    create(&venv, &place.join("virtualenv"))?;
    install(&python, requirements)?;
    at(&stamp, fs::write(&stamp, wanted))?;
    Ok(python)
}

/// Ready is what was installed from the same list and still runs: the Python below may have been replaced.
fn is_ready(python: &Path, stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted)
        && quiet(Command::new(python).arg("--version")).is_ok_and(|status| status.success())
}

/// With venv, and where that is incomplete with a virtualenv of our own in `fallback`.
fn create(venv: &Path, fallback: &Path) -> Result<(), PrepareError> {
    let made = Command::new("python3").args(["-m", "venv"]).arg(venv).stdin(Stdio::null()).output();
    let made = made.map_err(PrepareError::NoPython)?;
    if made.status.success() {
        return Ok(());
    }
    eprintln!("test environment: python3 cannot make one with venv; trying virtualenv");
    at(venv, unless_absent(fs::remove_dir_all(venv)))?;
    let mut fetch = Command::new("python3");
    // Into a directory of its own: the system's packages are the system's business.
    fetch.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"]).arg(fallback).arg(VIRTUALENV);
    let mut make = Command::new("python3");
    make.args(["-m", "virtualenv", "--quiet"]).arg(venv).env("PYTHONPATH", fallback);
    for step in [&mut fetch, &mut make] {
        let status = on_stderr(step).map_err(PrepareError::NoPython)?;
        if !status.success() {
            return Err(PrepareError::NoVirtualEnvironment { place: venv.to_path_buf() });
        }
    }
    Ok(())
}

fn install(python: &Path, requirements: &Path) -> Result<(), PrepareError> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(requirements);
    let status = at(python, on_stderr(&mut pip))?;
    if status.success() {
        return Ok(());
    }
    Err(PrepareError::NotInstalled { requirements: requirements.to_path_buf(), status })
}

/// Standard output belongs to the test runner alone.
fn on_stderr(command: &mut Command) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(io::stderr()).status()
}

fn quiet(command: &mut Command) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
}

fn unless_absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, PrepareError> {
    result.map_err(|source| PrepareError::File { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that answers `--version`, in the place of Python.
    const WORKS: &str = env!("CARGO");

    #[track_caller]
    fn check_ready(python: &str, installed: &str, wanted: &str, expected: bool) {
        let place = tempfile::tempdir().unwrap();
        let stamp = place.path().join("installed-requirements.txt");
        fs::write(&stamp, installed).unwrap();
        assert_eq!(is_ready(Path::new(python), &stamp, wanted), expected);
    }

    #[test]
    fn what_was_installed_from_the_same_list_and_still_runs_is_ready() {
        check_ready(WORKS, "moto==1\n", "moto==1\n", true);
    }

    #[test]
    fn a_changed_list_or_a_vanished_python_is_not() {
        check_ready(WORKS, "moto==1\n", "moto==2\n", false);
        check_ready("/nowhere/python", "moto==1\n", "moto==1\n", false);
    }

    #[test]
    fn a_missing_list_names_its_path() {
        let place = tempfile::tempdir().unwrap();
        let error = prepare(place.path(), Path::new("/nowhere/requirements.txt")).unwrap_err();
        assert_eq!(error.to_string(), "cannot use /nowhere/requirements.txt");
    }
}
