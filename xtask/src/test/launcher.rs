//! How PostgreSQL's programs are called. They refuse to run as root, and where they were only unpacked they do not find
//! their libraries: scripts of the same names see to both, for us and for tests that start a server of their own.

use super::programs::Programs;
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

/// Whom PostgreSQL runs as where we are root: the first that this machine knows.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Writes a script for each of `programs` into `directory`, and one, `run`, for any other program.
pub(super) fn write(directory: &Path, programs: &Programs) -> io::Result<()> {
    let call = call(unprivileged()?.as_deref(), programs);
    fs::create_dir_all(directory)?;
    let one = |name: &str, target: &str| {
        // Another run may be using the script that is there: it is replaced whole.
        let (path, half) = (directory.join(name), directory.join(format!("{name}.{}", std::process::id())));
        fs::write(&half, format!("#!/bin/sh\nexec {call} {target}\"$@\"\n"))?;
        fs::set_permissions(&half, fs::Permissions::from_mode(0o755))?;
        fs::rename(&half, &path)
    };
    for name in ["initdb", "pg_ctl", "postgres"] {
        one(name, &format!("{} ", quoted(&programs.directory.join(name))))?;
    }
    one("run", "")
}

/// The user to become; `None` where we are not root and stay who we are.
fn unprivileged() -> io::Result<Option<String>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    for user in USERS {
        let known =
            Command::new("id").args(["-u", user]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if known.success() {
            return Ok(Some(user.to_owned()));
        }
    }
    Err(io::Error::other("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`"))
}

fn call(user: Option<&str>, programs: &Programs) -> String {
    let mut call = String::from("env LC_ALL=C");
    if !programs.libraries.is_empty() {
        let libraries: Vec<_> = programs.libraries.iter().map(|path| path.to_string_lossy()).collect();
        call.push_str(&format!(" LD_LIBRARY_PATH={}", quoted(Path::new(&libraries.join(":")))));
    }
    if let Some(user) = user {
        // Root's clone and root's temporary directories are closed to others: of root's powers it keeps to enter them,
        // also where PostgreSQL asks first whether it may (access(2) goes by the user alone unless a secure bit says else).
        call.push_str(&format!(
            " setpriv --reuid={user} --regid=\"$(id -g {user})\" --clear-groups \
             --securebits=+no_setuid_fixup --inh-caps=+dac_override --ambient-caps=+dac_override"
        ));
    }
    call
}

/// As one word of the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_path_is_one_word_whatever_is_in_it() {
        assert_eq!(quoted(Path::new("/my clone/it's")), r"'/my clone/it'\''s'");
    }

    #[test]
    fn libraries_are_named_only_where_there_are_some_and_a_user_only_for_root() {
        let mut programs = Programs { directory: "/bin".into(), libraries: Vec::new() };
        assert_eq!(call(None, &programs), "env LC_ALL=C");
        programs.libraries = ["/a/lib", "/b/lib"].map(PathBuf::from).to_vec();
        assert_eq!(call(None, &programs), "env LC_ALL=C LD_LIBRARY_PATH='/a/lib:/b/lib'");
        assert!(call(Some("nobody"), &programs).contains("setpriv --reuid=nobody "));
    }

    #[test]
    fn a_script_passes_its_arguments_on() {
        let place = tempfile::tempdir().unwrap();
        let programs = Programs { directory: "/nowhere".into(), libraries: Vec::new() };
        write(place.path(), &programs).unwrap();
        let said =
            Command::new(place.path().join("run")).args(["printf", "%s|", "a b", "c"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), "a b|c|", "{said:?}");
    }
}
