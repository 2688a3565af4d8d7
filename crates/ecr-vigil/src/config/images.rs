//! The images that somebody names: on the command line, or in a file that an inventory wrote.

use std::io::Read;

use vigil_core::image::{ImageName, Reference};

/// Images named by somebody, sorted out.
#[derive(Debug, Default)]
pub struct NamedImages {
    /// Those in ECR.
    pub ecr: Vec<ImageName>,
    /// Those of other registries, as they were named.
    pub foreign: Vec<String>,
}

/// Names that are none, all of them.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct InvalidImages(Vec<String>);

/// Reads image names from arguments and from a file (`-`: standard input) of a JSON list or of lines, in which empty ones
/// and those that start with `#` are passed over. `None` if neither is given.
///
/// # Errors
///
/// If a name is none of `repo`, `repo:tag`, `repo@sha256:…` and a registry URI, or the file cannot be read.
pub fn named_images(arguments: &[String], file: Option<&str>) -> Result<Option<NamedImages>, InvalidImages> {
    if arguments.is_empty() && file.is_none() {
        return Ok(None);
    }
    let mut names = arguments.to_vec();
    if let Some(file) = file {
        names.extend(
            listed(&read(file)?).map_err(|problem| InvalidImages(vec![format!("`{file}`: {problem}")]))?,
        );
    }
    let mut images = NamedImages::default();
    let mut problems = Vec::new();
    for name in names {
        match name.parse() {
            Ok(Reference::Ecr(name)) => images.ecr.push(name),
            Ok(Reference::Foreign(name)) => images.foreign.push(name),
            Err(error) => problems.push(format!(
                "`{name}` names no image: {error} (write repo, repo:tag, repo@sha256:… or a full registry URI)"
            )),
        }
    }
    images.foreign.sort();
    images.foreign.dedup();
    if problems.is_empty() { Ok(Some(images)) } else { Err(InvalidImages(problems)) }
}

fn read(file: &str) -> Result<String, InvalidImages> {
    let text = if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| InvalidImages(vec![format!("the list of images `{file}` cannot be read: {error}")]))
}

fn listed(text: &str) -> Result<Vec<String>, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| format!("not a JSON list of texts: {error}"));
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_json_or_lines() {
        assert_eq!(listed(" [\"a/b\", \"c:1\"]").unwrap(), ["a/b", "c:1"]);
        assert_eq!(listed("# running\na/b\n\n c:1 \n").unwrap(), ["a/b", "c:1"]);
        assert!(listed("[1]").unwrap_err().starts_with("not a JSON list of texts"));
    }

    #[test]
    fn all_bad_names_are_told_at_once() {
        let error = named_images(&["A".into(), "ok/name".into(), "b@sha256:1".into()], None).unwrap_err();
        assert_eq!(error.0.len(), 2);
        assert!(named_images(&[], None).unwrap().is_none());
    }
}
