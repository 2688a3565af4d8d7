//! The shape of a file: how it opens, how long it and its functions are, and that `lib.rs` and `mod.rs` only declare.

use super::{source::Source, violation::Violation};
use syn::{Block, Item, Signature, spanned::Spanned, visit::Visit};

/// A function fits a screen.
const LONGEST_FUNCTION: usize = 70;

/// Nearly all files of the codebases we follow stay under 400 lines; the rest is room for a table.
const LONGEST_FILE: usize = 450;

/// All rules about shape.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    violations.extend(opening(source));
    violations.extend(file_length(source));
    violations.extend(function_lengths(source));
    violations.extend(declarations(source));
    violations
}

fn opening(source: &Source) -> Option<Violation> {
    let says_it = source.text.starts_with("//!");
    (!says_it).then(|| {
        source.violation(
            1,
            "opening",
            "does not open with `//!`: a file says first what it is for and what it refuses to know",
        )
    })
}

fn file_length(source: &Source) -> Option<Violation> {
    let lines = source.text.lines().count();
    let too_long = lines > LONGEST_FILE && !source.is_test_file();
    too_long.then(|| {
        let what = format!(
            "{lines} lines, more than {LONGEST_FILE}: it tells more than one story; split it by name"
        );
        source.violation(LONGEST_FILE + 1, "file-length", what)
    })
}

fn function_lengths(source: &Source) -> Vec<Violation> {
    let mut functions = Functions::default();
    functions.visit_file(&source.syntax);
    let too_long = functions.0.into_iter().filter(|function| function.lines > LONGEST_FUNCTION);
    too_long
        .map(|Function { name, line, lines }| {
            let what =
                format!("`{name}` has {lines} lines, more than {LONGEST_FUNCTION}: a function fits a screen");
            source.violation(line, "function-length", what)
        })
        .collect()
}

fn declarations(source: &Source) -> Vec<Violation> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    if name != "lib.rs" && name != "mod.rs" {
        return Vec::new();
    }
    let mut lines = Vec::new();
    collect_definitions(&source.syntax.items, &mut lines);
    let what = format!("`{name}` only declares and re-exports: give this a file whose name says what it is");
    lines.into_iter().map(|line| source.violation(line, "declare-only", what.clone())).collect()
}

/// The lines of everything but `mod` and `use`, also inside inline modules.
fn collect_definitions(items: &[Item], lines: &mut Vec<usize>) {
    for item in items {
        match item {
            Item::Use(_) => {}
            Item::Mod(module) => {
                let inside = module.content.as_ref().map(|(_, items)| items.as_slice());
                collect_definitions(inside.unwrap_or_default(), lines);
            }
            other => lines.push(other.span().start().line),
        }
    }
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// Every function in a file, nested ones and tests too.
#[derive(Default)]
struct Functions(Vec<Function>);

impl Functions {
    /// From `fn` to the closing brace: attributes and documentation may be as long as they need.
    fn take(&mut self, signature: &Signature, body: &Block) {
        let line = signature.fn_token.span.start().line;
        let end = body.brace_token.span.close().end().line;
        self.0.push(Function { name: signature.ident.to_string(), line, lines: end + 1 - line });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.take(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.take(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.take(&function.sig, body);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_file(path: &str, text: &str, expected: &[(usize, &str)]) {
        let violations = check(&Source::parse(path, text).unwrap());
        let found: Vec<(usize, &str)> = violations.iter().map(|found| (found.line, found.rule)).collect();
        assert_eq!(found, expected, "{path}: {violations:#?}");
    }

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_file_opens_with_what_it_is_for() {
        check_file("a.rs", "//! A file.\nfn a() {}\n", &[]);
        check_file("a.rs", "fn a() {}\n", &[(1, "opening")]);
        check_file("a.rs", "// A file.\nfn a() {}\n", &[(1, "opening")]);
    }

    #[test]
    fn a_file_is_not_too_long_unless_it_holds_tests() {
        let text = |lines: usize| format!("//! A file.\n{}", "const _: () = ();\n".repeat(lines - 1));
        check_file("a/src/a.rs", &text(450), &[]);
        check_file("a/src/a.rs", &text(451), &[(451, "file-length")]);
        check_file("a/tests/it/a.rs", &text(451), &[]);
    }

    #[test]
    fn a_function_fits_a_screen_wherever_it_stands() {
        check_file("a.rs", &format!("//! A.\n{}", function_of(70)), &[]);
        check_file("a.rs", &format!("//! A.\n{}", function_of(71)), &[(2, "function-length")]);
        check_file("a.rs", &format!("//! A.\nimpl A {{\n{}}}\n", function_of(71)), &[(3, "function-length")]);
        check_file(
            "a.rs",
            &format!("//! A.\ntrait A {{\n{}}}\n", function_of(71)),
            &[(3, "function-length")],
        );
        let test = format!("//! A.\n#[cfg(test)]\nmod tests {{\n#[test]\n{}}}\n", function_of(71));
        check_file("a.rs", &test, &[(5, "function-length")]);
    }

    #[test]
    fn attributes_do_not_make_a_function_long() {
        let text = format!("//! A.\n{}#[inline]\n{}", "/// About it.\n".repeat(30), function_of(70));
        check_file("a.rs", &text, &[]);
    }

    #[test]
    fn lib_and_mod_only_declare() {
        let declares = "//! A.\n#![warn(missing_docs)]\n/// B.\npub mod b;\nuse c::C;\npub use b::*;\n";
        check_file("a/src/lib.rs", declares, &[]);
        check_file("a/src/b/mod.rs", declares, &[]);
        check_file("a/src/lib.rs", "//! A.\npub mod b;\n\npub const C: u8 = 1;\n", &[(4, "declare-only")]);
        check_file("a/src/b/mod.rs", "//! A.\nfn b() {}\n", &[(2, "declare-only")]);
        check_file(
            "a/src/b/mod.rs",
            "//! A.\nmod tests {\n    use b::B;\n    fn b() {}\n}\n",
            &[(4, "declare-only")],
        );
        check_file("a/src/b.rs", "//! A.\nfn b() {}\n", &[]);
    }
}
