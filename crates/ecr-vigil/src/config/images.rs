//! The images that somebody names: on the command line, or in a file that an inventory wrote.

use vigil_core::image::{ImageName, Reference};

/// Images named by somebody, sorted out.
#[derive(Debug, Default)]
pub struct NamedImages {
    /// Those in ECR.
    pub ecr: Vec<ImageName>,
    /// Those of other registries, as a file names them, and its names that may be of any registry.
    pub foreign: Vec<String>,
}

/// Names that are none, all of them.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct InvalidImages(Vec<String>);

/// Reads image names from arguments and from a file (`-`: standard input) of a JSON list or of lines, in which empty ones
/// and those that start with `#` are passed over. `None` if neither is given.
///
/// An inventory names what runs, wherever it comes from; so a file may name images of other registries. Whoever names one
/// as an argument means it, and is mistaken. It is the same with a name without a host, where there are several targets: it
/// could be in any of them, and the short name of something that runs is one of Docker Hub.
///
/// # Errors
///
/// If a name is none of `repo`, `repo:tag`, `repo@sha256:…` and a registry URI, or the file cannot be read or names nothing.
pub fn named_images(
    arguments: &[String],
    file: Option<&str>,
    targets: usize,
) -> Result<Option<NamedImages>, InvalidImages> {
    if arguments.is_empty() && file.is_none() {
        return Ok(None);
    }
    let in_file = match file {
        Some(file) => {
            listed(&read(file)?).map_err(|problem| InvalidImages(vec![format!("`{file}`: {problem}")]))?
        }
        None => Vec::new(),
    };
    let mut images = NamedImages::default();
    let mut problems = Vec::new();
    let arguments = arguments.iter().map(|name| (name, false));
    for (name, is_listed) in arguments.chain(in_file.iter().map(|name| (name, true))) {
        // Container runtimes write the transport before the name.
        let without_scheme = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
        match without_scheme.parse() {
            Ok(Reference::Ecr(name)) if name.host.is_some() || targets == 1 => images.ecr.push(name),
            Ok(Reference::Ecr(name)) if is_listed => images.foreign.push(format!("{name} (without a host)")),
            Ok(Reference::Ecr(name)) => {
                problems.push(format!(
                    "`{name}` could be in any of {targets} targets: write the full registry URI"
                ));
            }
            Ok(Reference::Foreign(name)) if is_listed && !is_meant_for_ecr(&name) => {
                images.foreign.push(name);
            }
            Ok(Reference::Foreign(_)) => {
                problems.push(format!("`{name}` is not in a private ECR registry ({FORMS}; what has a dot before its first / is taken for a URI)"));
            }
            Err(error) => problems.push(format!("`{name}` names no image: {error} ({FORMS})")),
        }
    }
    images.foreign.sort();
    images.foreign.dedup();
    if problems.is_empty() { Ok(Some(images)) } else { Err(InvalidImages(problems)) }
}

/// What is accepted, as it is said in errors.
const FORMS: &str = "write repo, repo:tag, repo@sha256:… or a full registry URI";

/// Whether a host that is none of a private registry was meant to be one: somebody has mistyped it.
fn is_meant_for_ecr(name: &str) -> bool {
    let host = name.split('/').next().unwrap_or_default().to_ascii_lowercase();
    host.contains(".dkr.ecr") || host.contains(".dkr-ecr")
}

fn read(file: &str) -> Result<String, InvalidImages> {
    let text =
        if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    // Some editors and shells begin a file with this mark.
    let unmarked = |text: String| text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    text.map(unmarked)
        .map_err(|error| InvalidImages(vec![format!("the list of images `{file}` cannot be read: {error}")]))
}

fn listed(text: &str) -> Result<Vec<String>, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| format!("not a JSON list of texts: {error}"));
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let names: Vec<String> = lines.map(str::to_owned).collect();
    // Whoever should have written them into a pipe may have failed.
    if names.is_empty() { Err("it names no image; if there is none, say so by []".into()) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_json_or_lines() {
        assert_eq!(listed(" [\"a/b\", \"c:1\"]").unwrap(), ["a/b", "c:1"]);
        assert_eq!(listed("# running\na/b\n\n c:1 \n").unwrap(), ["a/b", "c:1"]);
        assert!(listed("[1]").unwrap_err().starts_with("not a JSON list of texts"));
        assert!(listed(" [ ] ").unwrap().is_empty());
        for nothing in ["", "\n", "# none\n"] {
            assert!(listed(nothing).unwrap_err().starts_with("it names no image"), "{nothing:?}");
        }
    }

    #[test]
    fn all_bad_names_are_told_at_once() {
        let error = named_images(&["A".into(), "ok/name".into(), "b@sha256:1".into()], None, 1).unwrap_err();
        assert_eq!(error.0.len(), 2);
        assert!(named_images(&[], None, 1).unwrap().is_none());
    }

    #[test]
    fn a_host_that_should_be_of_ecr_is_told_from_a_foreign_one() {
        assert!(is_meant_for_ecr("12345678901.dkr.ecr.eu-west-1.amazonaws.com/team/app"));
        assert!(is_meant_for_ecr("123456789012.dkr-ecr.Mars.on.aws/team/app"));
        for foreign in ["public.ecr.aws/nginx", "docker.io/x.dkr.ecr.y", "ghcr.io/a/b"] {
            assert!(!is_meant_for_ecr(foreign), "{foreign}");
        }
    }
}
