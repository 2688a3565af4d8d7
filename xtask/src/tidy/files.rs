//! Which files belong to the project: those that git holds or would take. In an export without git, all but what is
//! built.

use std::{fs, path::Path, process::Command};

/// Every file of the project, from the root of the workspace, sorted.
pub(crate) fn files(root: &Path) -> Vec<String> {
    let mut files = known_to_git(root).unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(root, "", &mut found);
        found
    });
    files.sort();
    files.dedup();
    files
}

/// Held by git, or new and not ignored. A file that was just deleted is still listed: it does not exist any more.
fn known_to_git(root: &Path) -> Option<Vec<String>> {
    // Ours only when git's tree begins here: an export may lie inside some other repository, which ignores it.
    if !root.join(".git").exists() {
        return None;
    }
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let listed = String::from_utf8_lossy(&output.stdout);
    let present = |path: &&str| !path.is_empty() && root.join(path).is_file();
    Some(listed.split('\0').filter(present).map(str::to_owned).collect())
}

fn walk(root: &Path, directory: &str, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(directory)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != "target" && name != ".git" => walk(root, &path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_git_every_file_counts_but_what_is_built() {
        let root = tempfile::tempdir().unwrap();
        for path in ["crates/a/src/lib.rs", "target/debug/build.rs", "Cargo.toml"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(files(root.path()), ["Cargo.toml", "crates/a/src/lib.rs"]);
    }
}
