//! Where the servers' programs are: on this machine, or else out of Debian's packages.

use super::debian::{self, FetchError, Packages};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Programs in one directory, and the libraries that came with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) directory: PathBuf,
    /// Directories of libraries that the system does not know of.
    pub(super) libraries: Vec<PathBuf>,
}

const POSTGRES: Packages = Packages { name: "postgresql", takes: is_of_postgres };
const POSTGRES_PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
const PROMETHEUS: Packages = Packages { name: "prometheus", takes: |package| package == "prometheus" };
const PROMETHEUS_PROGRAMS: [&str; 2] = ["prometheus", "promtool"];

/// The server and its libraries. The rest makes clusters of the system, which is what we do not want.
fn is_of_postgres(package: &str) -> bool {
    let version = package.strip_prefix("postgresql-");
    version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
        || package.starts_with("lib")
}

/// PostgreSQL's. Debian keeps them beside the search path, in a directory for each version.
pub(super) fn postgres(place: &Path) -> Result<Programs, FetchError> {
    let installed = on_path().into_iter().chain(versions(Path::new("/")));
    if let Some(directory) = having(installed, &POSTGRES_PROGRAMS) {
        return Ok(Programs { directory, libraries: Vec::new() });
    }
    let tree = debian::unpacked(place, &POSTGRES)?;
    let directory = having(versions(&tree), &POSTGRES_PROGRAMS).ok_or_else(|| lacking(&POSTGRES))?;
    Ok(Programs { directory, libraries: libraries(&tree) })
}

/// The directory of Prometheus's.
pub(super) fn prometheus(place: &Path) -> Result<PathBuf, FetchError> {
    if let Some(directory) = having(on_path(), &PROMETHEUS_PROGRAMS) {
        return Ok(directory);
    }
    let tree = debian::unpacked(place, &PROMETHEUS)?;
    having([tree.join("usr/bin")], &PROMETHEUS_PROGRAMS).ok_or_else(|| lacking(&PROMETHEUS))
}

fn on_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// The directories of PostgreSQL's versions below `root`, the newest first.
fn versions(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = entries(&root.join("usr/lib/postgresql"))
        .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, directory)| directory).collect()
}

/// The first directory that has all of them: a lone `postgres` on the search path would look for the others in vain.
fn having(directories: impl IntoIterator<Item = PathBuf>, programs: &[&str]) -> Option<PathBuf> {
    let mut directories = directories.into_iter();
    directories.find(|directory| programs.iter().all(|program| directory.join(program).is_file()))
}

/// Debian's directories for libraries bear the name of the machine's kind, such as `x86_64-linux-gnu`.
fn libraries(tree: &Path) -> Vec<PathBuf> {
    ["lib", "usr/lib"]
        .into_iter()
        .flat_map(|directory| entries(&tree.join(directory)))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-")))
        .collect()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn lacking(packages: &Packages) -> FetchError {
    let said = "the package has not the programs that are looked for".to_owned();
    FetchError::NotFetched { name: packages.name, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for file in files {
            let path = tree.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        tree
    }

    #[test]
    fn the_newest_version_that_is_complete_is_taken() {
        let bin = "usr/lib/postgresql";
        let files = ["9", "15"]
            .map(|version| POSTGRES_PROGRAMS.map(|program| format!("{bin}/{version}/bin/{program}")));
        let mut files: Vec<&str> = files.as_flattened().iter().map(String::as_str).collect();
        files.push("usr/lib/postgresql/16/bin/psql");
        let tree = tree(&files);
        let found = having(versions(tree.path()), &POSTGRES_PROGRAMS);
        assert_eq!(found, Some(tree.path().join("usr/lib/postgresql/15/bin")));
    }

    #[test]
    fn libraries_are_where_debian_puts_them() {
        let tree = tree(&["usr/lib/x86_64-linux-gnu/libicuuc.so.72", "usr/lib/postgresql/15/bin/postgres"]);
        assert_eq!(libraries(tree.path()), [tree.path().join("usr/lib/x86_64-linux-gnu")]);
    }

    #[test]
    fn the_server_and_libraries_are_taken_and_nothing_that_sets_up_a_system() {
        for package in ["postgresql-15", "libicu72", "libpq5"] {
            assert!(is_of_postgres(package), "{package}");
        }
        for package in ["postgresql", "postgresql-common", "postgresql-client-15", "ssl-cert", "locales"] {
            assert!(!is_of_postgres(package), "{package}");
        }
    }
}
