//! Programs out of Debian's and Ubuntu's packages, unpacked beside everything else that is built: nothing is installed,
//! so nobody has to be root and no server of the system is started. Which programs they are is not known here.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Some packages.
#[derive(Debug)]
pub(super) struct Packages {
    /// The one that all others are needed for.
    pub(super) name: &'static str,
    /// Which of those that it asks for are taken: it may ask for what only an installation needs.
    pub(super) takes: fn(&str) -> bool,
}

/// Why the packages could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("this machine has no {name}, and no apt-get to fetch it with: install {name}")]
    NoApt { name: &'static str, source: io::Error },
    #[error(
        "cannot fetch the Debian package {name}: {said}; install it, or let this machine reach its package archive"
    )]
    NotFetched { name: &'static str, said: String },
    #[error("cannot use {}", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// The directory below which the packages are unpacked as on a root file system; fetches them once.
pub(super) fn unpacked(place: &Path, packages: &Packages) -> Result<PathBuf, FetchError> {
    let tree = place.join(packages.name);
    if tree.is_dir() {
        return Ok(tree);
    }
    // Two runs at once would fetch over each other; the lock goes with the file handle.
    let lock = place.join("packages.lock");
    let one_at_a_time = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _one_at_a_time = one_at_a_time.map_err(|source| FetchError::File { path: lock, source })?;
    if tree.is_dir() {
        return Ok(tree);
    }
    let name = packages.name;
    eprintln!("test environment: fetching the Debian package {name} into {}", tree.display());
    let apt = Apt { name, state: place.join("apt") };
    for directory in ["lists/partial", "cache/archives/partial", "downloads"] {
        let path = apt.state.join(directory);
        fs::create_dir_all(&path).map_err(|source| FetchError::File { path, source })?;
    }
    // Lists of its own: those of the system may be absent, or too old for what the archive still has.
    apt.run("apt-get", &["update"])?;
    let plan = apt.run("apt-get", &["install", "--simulate", "--no-install-recommends", name])?;
    let wanted: Vec<&str> = missing(&plan).filter(|package| (packages.takes)(package)).collect();
    if wanted.is_empty() {
        let said = "apt-get would install nothing that is of use".to_owned();
        return Err(FetchError::NotFetched { name, said });
    }
    apt.run("apt-get", &[&["download"], &wanted[..]].concat())?;
    apt.unpack(&tree)?;
    Ok(tree)
}

/// The packages that apt-get would install anew. Those that it would only bring up to date are left as they are.
fn missing(plan: &str) -> impl Iterator<Item = &str> {
    plan.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
        rest.starts_with('(').then_some(name)
    })
}

struct Apt {
    name: &'static str,
    state: PathBuf,
}

impl Apt {
    /// Runs in the directory for downloads; its answer is what was said on standard output.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, FetchError> {
        let mut command = Command::new(program);
        if program == "apt-get" {
            command.arg("-qq").args(self.options());
        }
        command.args(arguments).current_dir(self.state.join("downloads"));
        command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        let name = self.name;
        let ran = command.output().map_err(|source| FetchError::NoApt { name, source })?;
        if ran.status.success() {
            return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&ran.stderr);
        let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
        Err(FetchError::NotFetched { name, said: format!("{program} {}: {said}", arguments[0]) })
    }

    fn options(&self) -> Vec<String> {
        let state = self.state.display();
        [
            format!("Dir::State::Lists={state}/lists"),
            format!("Dir::Cache={state}/cache"),
            // As root it would fetch as a user that need not reach this directory.
            "APT::Sandbox::User=root".to_owned(),
            // The locks are those of the system's own directories.
            "Debug::NoLocking=1".to_owned(),
        ]
        .into_iter()
        .flat_map(|option| ["-o".to_owned(), option])
        .collect()
    }

    /// What is half unpacked does not bear the name yet.
    fn unpack(&self, tree: &Path) -> Result<(), FetchError> {
        let at = |path: &Path| {
            let path = path.to_path_buf();
            |source| FetchError::File { path, source }
        };
        let (downloads, half) = (self.state.join("downloads"), tree.with_extension("half"));
        for file in fs::read_dir(&downloads).map_err(at(&downloads))? {
            let file = file.map_err(at(&downloads))?.path();
            let [file, half] = [&file, &half].map(|path| path.to_string_lossy().into_owned());
            self.run("dpkg-deb", &["--extract", &file, &half])?;
        }
        fs::rename(&half, tree).map_err(at(tree))?;
        // The lists and the packages themselves are of no more use.
        fs::remove_dir_all(&self.state).map_err(at(&self.state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_already_is_not_fetched() {
        let plan = "\
Reading package lists...
Inst libllvm14 (1:14.0.6-12 Debian:12.15/oldstable [amd64])
Inst postgresql-common [248+deb12u1] (248+deb12u2 Debian-Security:12/oldstable-security [all]) []
Inst postgresql-15 (15.18-0+deb12u1 Debian:12.15/oldstable [amd64])
Conf postgresql-15 (15.18-0+deb12u1 Debian:12.15/oldstable [amd64])
";
        assert_eq!(missing(plan).collect::<Vec<_>>(), ["libllvm14", "postgresql-15"]);
    }
}
