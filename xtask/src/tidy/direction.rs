//! Which crate may know which: the arrows of ARCHITECTURE.md, held against the manifests.

use super::violation::Violation;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// What one crate of ours may depend on.
struct Law {
    name: &'static str,
    /// Those of our crates it may see.
    ours: Ours,
    /// The same in its tests.
    ours_in_tests: Ours,
    /// Crates of others it may never see; a `*` at the end stands for anything.
    never: &'static [&'static str],
    why: &'static str,
}

enum Ours {
    All,
    Only(&'static [&'static str]),
}

const NONE: Ours = Ours::Only(&[]);
const CORE: Ours = Ours::Only(&["vigil-core"]);
const SIBLINGS: &str = "an adapter knows the core and none of its siblings; they meet in ecr-vigil";

/// Adapters of which the fakes in vigil-core's feature `testing` are the only thing of ours that tests may add.
const fn adapter(name: &'static str) -> Law {
    Law { name, ours: CORE, ours_in_tests: CORE, never: &[], why: SIBLINGS }
}

const LAWS: [Law; 11] = [
    Law {
        name: "vigil-core",
        ours: NONE,
        // Itself, with the feature `testing`.
        ours_in_tests: CORE,
        never: &["aws*", "hyper*", "axum*", "reqwest*", "rusqlite*", "tokio-postgres*", "kube*", "clap*"],
        why: "the core knows nouns and rules, and nothing of how the world outside is reached",
    },
    adapter("vigil-aws"),
    adapter("vigil-intel"),
    adapter("vigil-notify"),
    adapter("vigil-report"),
    adapter("vigil-store"),
    adapter("vigil-kube"),
    adapter("vigil-oci"),
    Law {
        name: "vigil-sim",
        ours: NONE,
        ours_in_tests: CORE,
        never: &[],
        why: "the simulator stands in for ECR; sharing our nouns it would share our mistakes about ECR",
    },
    Law {
        name: "ecr-vigil",
        ours: Ours::All,
        ours_in_tests: Ours::All,
        never: &[],
        why: "everything meets here",
    },
    Law {
        name: "xtask",
        ours: NONE,
        ours_in_tests: NONE,
        never: &[],
        why: "chores work while the crates do not build",
    },
];

/// Crates of others that have one home among ours. Tests elsewhere may look into what they made.
struct Housed {
    patterns: &'static [&'static str],
    home: &'static str,
    why: &'static str,
}

const HOUSED: [Housed; 3] = [
    Housed {
        patterns: &["rusqlite*", "libsqlite3*", "tokio-postgres*", "deadpool*", "postgres*", "sqlx*"],
        home: "vigil-store",
        why: "only the memory knows of databases",
    },
    Housed {
        patterns: &["axum*", "tower*", "utoipa*"],
        home: "ecr-vigil",
        why: "only the program is a web server",
    },
    Housed { patterns: &["aws-*"], home: "vigil-aws", why: "only vigil-aws speaks to AWS" },
];

/// What the manifest at `path` depends on against the law.
pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    let violation = |offset: usize, what: String| Violation {
        path: path.to_owned(),
        line: text[..offset].matches('\n').count() + 1,
        rule: "direction",
        what,
    };
    let manifest = match DeTable::parse(text) {
        Ok(manifest) => manifest.into_inner(),
        Err(error) => {
            return vec![violation(error.span().map_or(0, |span| span.start), error.message().to_owned())];
        }
    };
    let renamed = renames_for_all(&manifest).into_iter().map(|(name, place)| {
        violation(
            place.start,
            format!("`{name}` stands for another crate: a manifest must show what it depends on"),
        )
    });
    let Some(name) = package_name(&manifest) else { return renamed.collect() };
    let Some(law) = LAWS.iter().find(|law| law.name == name) else {
        return vec![violation(
            0,
            format!("`{name}` has no law yet: say in xtask/src/tidy/direction.rs what it may know"),
        )];
    };
    dependencies(&manifest)
        .into_iter()
        .filter_map(|dependency| {
            let why = if law.allows(&dependency) { housed_elsewhere(name, &dependency)? } else { law.why };
            Some(violation(dependency.place.start, format!("{name} depends on {}: {why}", dependency.name)))
        })
        .collect()
}

/// Why what is depended on is not at home here, if it has a home.
fn housed_elsewhere(name: &str, dependency: &Dependency) -> Option<&'static str> {
    let of_it = |housed: &&Housed| housed.patterns.iter().any(|pattern| matches(pattern, &dependency.name));
    let housed = HOUSED.iter().find(of_it)?;
    (housed.home != name && !dependency.only_in_tests).then_some(housed.why)
}

/// A `*` at the end of a pattern stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

impl Law {
    fn allows(&self, dependency: &Dependency) -> bool {
        let name = dependency.name.as_str();
        if LAWS.iter().any(|law| law.name == name) || name.starts_with("vigil-") {
            let ours = if dependency.only_in_tests { &self.ours_in_tests } else { &self.ours };
            return match ours {
                Ours::All => true,
                Ours::Only(allowed) => allowed.contains(&name),
            };
        }
        !self.never.iter().any(|pattern| matches(pattern, name))
    }
}

struct Dependency {
    name: String,
    only_in_tests: bool,
    place: Range<usize>,
}

/// All dependencies, those of single platforms too.
fn dependencies(manifest: &DeTable<'_>) -> Vec<Dependency> {
    let platforms = manifest.get("target").and_then(|target| target.get_ref().as_table());
    let platforms = platforms.into_iter().flatten().filter_map(|(_, platform)| platform.get_ref().as_table());
    std::iter::once(manifest)
        .chain(platforms)
        .flat_map(|table| {
            ["dependencies", "build-dependencies", "dev-dependencies"]
                .into_iter()
                .flat_map(|kind| listed(table, kind, kind == "dev-dependencies"))
        })
        .collect()
}

fn listed(table: &DeTable<'_>, kind: &str, only_in_tests: bool) -> Vec<Dependency> {
    let entries = table.get(kind).and_then(|entries| entries.get_ref().as_table());
    let entries = entries.into_iter().flatten();
    entries
        .map(|(key, value)| Dependency {
            // What is depended on, under whatever name.
            name: package(value.get_ref()).unwrap_or(key.get_ref()).to_owned(),
            only_in_tests,
            place: key.span(),
        })
        .collect()
}

/// Entries of `[workspace.dependencies]` behind whose names other crates stand.
fn renames_for_all(manifest: &DeTable<'_>) -> Vec<(String, Range<usize>)> {
    let shared = manifest.get("workspace").and_then(|workspace| workspace.get_ref().as_table());
    let shared = shared.and_then(|workspace| workspace.get("dependencies")?.get_ref().as_table());
    let entries = shared.into_iter().flatten();
    entries
        .filter(|(key, value)| {
            package(value.get_ref()).is_some_and(|package| package != key.get_ref().as_ref())
        })
        .map(|(key, _)| (key.get_ref().to_string(), key.span()))
        .collect()
}

fn package<'a>(dependency: &'a DeValue<'_>) -> Option<&'a str> {
    dependency.as_table()?.get("package")?.get_ref().as_str()
}

fn package_name<'a>(manifest: &'a DeTable<'_>) -> Option<&'a str> {
    manifest.get("package")?.get_ref().as_table()?.get("name")?.get_ref().as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the manifest of `name` that goes on with `rest`; its name stands on line 2, the rest begins on line 3.
    #[track_caller]
    fn check_manifest(name: &str, rest: &str, expected: &[(usize, &str)]) {
        let text = format!("[package]\nname = \"{name}\"\n{rest}");
        let violations = check("Cargo.toml", &text);
        assert_eq!(violations.len(), expected.len(), "{text}: {violations:#?}");
        for (violation, (line, subject)) in violations.iter().zip(expected) {
            assert_eq!(violation.line, *line, "{violation}");
            assert!(violation.what.starts_with(&format!("{name} depends on {subject}: ")), "{violation}");
        }
    }

    #[test]
    fn the_core_knows_none_of_us_and_nothing_of_the_world() {
        check_manifest("vigil-core", "[dependencies]\njiff.workspace = true\nserde = \"1\"\n", &[]);
        check_manifest(
            "vigil-core",
            "[dependencies]\nserde = \"1\"\nvigil-aws = \"1\"\n",
            &[(5, "vigil-aws")],
        );
        check_manifest("vigil-core", "[dependencies]\naws-sdk-ecr.workspace = true\n", &[(4, "aws-sdk-ecr")]);
        check_manifest("vigil-core", "[dependencies.hyper-util]\nversion = \"1\"\n", &[(3, "hyper-util")]);
        check_manifest("vigil-core", "[dev-dependencies]\nclap = \"4\"\n", &[(4, "clap")]);
        check_manifest("vigil-core", "[build-dependencies]\nreqwest = \"1\"\n", &[(4, "reqwest")]);
    }

    #[test]
    fn an_adapter_knows_the_core_alone() {
        let core = "[dependencies]\nvigil-core.workspace = true\n";
        for name in ["vigil-aws", "vigil-report", "vigil-store", "vigil-kube", "vigil-oci"] {
            check_manifest(name, core, &[]);
            check_manifest(name, "[dependencies]\necr-vigil.workspace = true\n", &[(4, "ecr-vigil")]);
            check_manifest(name, "[dev-dependencies]\nvigil-sim.workspace = true\n", &[(4, "vigil-sim")]);
        }
        check_manifest("vigil-sim", core, &[(4, "vigil-core")]);
        check_manifest("vigil-report", "[dependencies]\nvigil-aws.workspace = true\n", &[(4, "vigil-aws")]);
    }

    #[test]
    fn tests_may_use_the_fakes_of_the_core() {
        let fakes = "[dev-dependencies]\nvigil-core = { workspace = true, features = [\"testing\"] }\n";
        for name in ["vigil-core", "vigil-aws", "vigil-report", "vigil-sim"] {
            check_manifest(name, fakes, &[]);
        }
        check_manifest("xtask", fakes, &[(4, "vigil-core")]);
    }

    #[test]
    fn databases_the_web_and_aws_have_one_home_each() {
        for (crate_of_others, home) in [
            ("rusqlite", "vigil-store"),
            ("tokio-postgres", "vigil-store"),
            ("axum", "ecr-vigil"),
            ("aws-sdk-s3", "vigil-aws"),
        ] {
            let manifest = format!("[dependencies]\n{crate_of_others}.workspace = true\n");
            for name in ["vigil-aws", "vigil-store", "vigil-report", "vigil-sim", "ecr-vigil"] {
                let stray = [(4, crate_of_others)];
                check_manifest(name, &manifest, if name == home { &[] } else { &stray });
            }
            check_manifest("ecr-vigil", &manifest.replace("[dep", "[dev-dep"), &[]);
        }
    }

    #[test]
    fn everything_meets_in_the_program() {
        let all = "[dependencies]\nvigil-core = \"1\"\nvigil-aws = \"1\"\nvigil-sim = \"1\"\nclap = \"4\"\n";
        check_manifest("ecr-vigil", all, &[]);
        check_manifest("xtask", "[dependencies]\necr-vigil = \"1\"\nclap = \"4\"\n", &[(4, "ecr-vigil")]);
    }

    #[test]
    fn neither_a_platform_nor_another_name_hides_a_dependency() {
        check_manifest("vigil-core", "[target.'cfg(unix)'.dependencies]\naxum = \"1\"\n", &[(4, "axum")]);
        let renamed = "[dependencies]\nweb = { version = \"1\", package = \"axum\" }\n";
        check_manifest("vigil-core", renamed, &[(4, "axum")]);
        let shared =
            "[workspace.dependencies]\nserde = \"1\"\nweb = { version = \"1\", package = \"axum\" }\n";
        assert_eq!(check("Cargo.toml", shared)[0].line, 3);
    }

    #[test]
    fn a_new_crate_needs_a_law() {
        let violations = check("crates/vigil-new/Cargo.toml", "[package]\nname = \"vigil-new\"\n");
        assert!(violations[0].what.starts_with("`vigil-new` has no law yet"), "{violations:?}");
    }
}
