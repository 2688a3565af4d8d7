//! Package URLs (purl-spec): how other programs name an image and what is installed in it.

use std::fmt::Write as _;

use vigil_core::{Image, Package};

use crate::name::Place;

/// The image as `pkg:oci/…`: the last part of the repository's name, the digest, and where it lies.
pub(crate) fn image(place: &Place<'_>, image: &Image) -> String {
    let architecture = image.platform.as_ref().map(|platform| platform.architecture.as_str());
    let tag = image.tags.first().map(|tag| tag.as_str());
    of_oci(place, &image.digest.to_string(), architecture, tag)
}

/// The same from its parts.
pub(crate) fn of_oci(
    place: &Place<'_>,
    digest: &str,
    architecture: Option<&str>,
    tag: Option<&str>,
) -> String {
    let repository = place.repository.as_str();
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let mut purl = format!("pkg:oci/{}@{}", encoded(&name.to_lowercase()), encoded(digest));
    // The qualifiers' keys are sorted, as the specification wants it.
    let qualifiers = [("arch", architecture), ("repository_url", Some(place.uri.as_str())), ("tag", tag)];
    let given = qualifiers.into_iter().filter_map(|(key, value)| Some((key, value?)));
    for (count, (key, value)) in given.enumerate() {
        let mark = if count == 0 { '?' } else { '&' };
        // Writing to a string does not fail.
        let _ = write!(purl, "{mark}{key}={}", encoded_path(value));
    }
    purl
}

/// A package by its type, as far as the scanner's word tells it. A package of the operating system is `generic`: which
/// distribution it comes from is not told.
pub(crate) fn package(package: &Package) -> String {
    let kind = kind(package.manager.as_deref());
    let name = match kind {
        // Amazon Inspector writes group and artefact with a colon between them.
        "maven" => package.name.replacen(':', "/", 1),
        "pypi" => package.name.to_lowercase().replace('_', "-"),
        _ => package.name.to_string(),
    };
    let name = match kind {
        "generic" => encoded(&name),
        _ => encoded_path(name.trim_matches('/')),
    };
    match &package.version {
        Some(version) => format!("pkg:{kind}/{name}@{}", encoded(version)),
        None => format!("pkg:{kind}/{name}"),
    }
}

/// The type that stands for a package manager in Amazon Inspector's words.
fn kind(manager: Option<&str>) -> &'static str {
    match manager.unwrap_or_default() {
        "PYTHONPKG" | "PIP" | "PIPENV" | "POETRY" => "pypi",
        "NODEPKG" | "NPM" | "YARN" => "npm",
        "JAR" | "POM" => "maven",
        "GOBINARY" | "GOMOD" => "golang",
        "BUNDLER" | "GEMSPEC" => "gem",
        "NUGET" | "DOTNET_CORE" => "nuget",
        "CARGO" => "cargo",
        "COMPOSER" => "composer",
        _ => "generic",
    }
}

/// The text with everything encoded that is not unreserved.
fn encoded(text: &str) -> String {
    escaped(text, b"")
}

/// The same, with slashes as they are.
fn encoded_path(text: &str) -> String {
    escaped(text, b"/")
}

fn escaped(text: &str, kept: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{linux, record};
    use vigil_core::testing;

    #[test]
    fn an_image_is_named_with_its_registry() {
        let Ok((registry, repository, _)) = record("eu-west-1", "team/app_x", Vec::new());
        let place = Place::new(&registry, &repository);
        let digest = "sha256%3A0000000000000000000000000000000000000000000000000000000000000001";
        let url = "repository_url=123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app_x";
        let check = |told: String, expected: String| assert_eq!(told, expected);
        check(image(&place, &testing::image(1, &["v1"], 1)), format!("pkg:oci/app_x@{digest}?{url}&tag=v1"));
        check(
            image(&place, &linux(testing::image(1, &[], 1), "arm64", None)),
            format!("pkg:oci/app_x@{digest}?arch=arm64&{url}"),
        );
    }

    #[test]
    fn a_package_is_named_by_its_manager() {
        let check = |manager: Option<&str>, name: &str, expected: &str| {
            let told = testing::finding("", "", name).package.unwrap();
            assert_eq!(package(&Package { manager: manager.map(Into::into), ..told }), expected);
        };
        check(Some("JAR"), "org.apache:log4j", "pkg:maven/org.apache/log4j@1.0");
        check(Some("PYTHONPKG"), "Typing_Extensions", "pkg:pypi/typing-extensions@1.0");
        check(Some("NODEPKG"), "@babel/core", "pkg:npm/%40babel/core@1.0");
        check(Some("GOBINARY"), "github.com/a/b", "pkg:golang/github.com/a/b@1.0");
        check(Some("OS"), "libstdc++6", "pkg:generic/libstdc%2B%2B6@1.0");
        check(None, "a/b", "pkg:generic/a%2Fb@1.0");
    }
}
