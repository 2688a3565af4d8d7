//! The packages of an image that a statement is about, by their package URLs or names.

/// A package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// Its name, as ECR and Amazon Inspector write it.
    pub(super) name: String,
    /// Whether one version of it is meant.
    pub(super) has_version: bool,
}

/// Reads a package URL; what is none is a name already. `None`: it has no name.
pub(super) fn package(purl: &str) -> Option<Package> {
    let Some(rest) = purl.strip_prefix("pkg:") else {
        return Some(Package { name: purl.to_owned(), has_version: false }).filter(|_| !purl.is_empty());
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (kind, path) = rest.split_once('/')?;
    // A version comes after the last `@`; one in a name is encoded.
    let (path, has_version) = path.rsplit_once('@').map_or((path, false), |(path, _)| (path, true));
    let path = path.trim_matches('/');
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (namespace, name) = (decoded(namespace), decoded(name));
    let name = match kind {
        _ if namespace.is_empty() => name,
        "maven" => format!("{namespace}:{name}"),
        "npm" | "golang" | "composer" | "github" => format!("{namespace}/{name}"),
        // The distribution.
        _ => name,
    };
    Some(Package { name, has_version }).filter(|package| !package.name.is_empty())
}

/// The text without its percent-encoding.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_called_as_ecr_calls_it() {
        let check = |purl: &str, expected: &str| assert_eq!(package(purl).unwrap().name, expected);
        check("pkg:generic/libstdc%2B%2B6@1.0", "libstdc++6");
        check("pkg:generic/a%2Fb@1.0", "a/b");
        check("pkg:deb/debian/zlib1g@1%3A1.2?arch=amd64", "zlib1g");
        check("pkg:maven/org.apache/log4j@1.0", "org.apache:log4j");
        check("pkg:npm/%40babel/core@1.0", "@babel/core");
        check("pkg:golang/github.com/a/b@1.0", "github.com/a/b");
        check("pkg:pypi/typing-extensions", "typing-extensions");
        check("openssl", "openssl");
        assert_eq!(package("pkg:deb"), None);
        assert_eq!(package(""), None);
        let of_one_version = |purl| package(purl).unwrap().has_version;
        assert!(of_one_version("pkg:deb/debian/openssl@3.0.9") && !of_one_version("pkg:deb/debian/openssl"));
    }
}
