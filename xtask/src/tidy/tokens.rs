//! Rust code as a flat row of words and signs. Unlike a syntax tree it also shows the inside of macro calls, and
//! unlike text it holds no comments and no string contents.

use proc_macro2::{TokenStream, TokenTree};

/// One word, sign or literal.
#[derive(Debug)]
pub(super) struct Token {
    /// As written; a sign is one character.
    pub(super) text: String,
    /// Counted from one.
    pub(super) line: usize,
}

/// All tokens in the order of the text, brackets included.
pub(super) fn flatten(stream: TokenStream) -> Vec<Token> {
    let mut row = Vec::new();
    push(stream, &mut row);
    row
}

fn push(stream: TokenStream, row: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                row.push(Token { text: open.to_owned(), line });
                push(group.stream(), row);
                row.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
            other => row.push(Token { text: other.to_string(), line }),
        }
    }
}

/// The lines on which `parts` stand one after the other.
pub(super) fn lines_of(row: &[Token], parts: &[&str]) -> Vec<usize> {
    places_of(row, parts).into_iter().map(|place| row[place].line).collect()
}

/// The lines that say `parent::name`, also as `parent::{…, name, …}`.
pub(super) fn lines_of_path(row: &[Token], parent: &str, name: &str) -> Vec<usize> {
    let group = [parent, ":", ":", "{"];
    let grouped = places_of(row, &group).into_iter();
    let grouped = grouped.filter_map(|place| line_in_group(&row[place + group.len()..], name));
    lines_of(row, &[parent, ":", ":", name]).into_iter().chain(grouped).collect()
}

fn places_of(row: &[Token], parts: &[&str]) -> Vec<usize> {
    let windows = row.windows(parts.len()).enumerate();
    let alike =
        windows.filter(|(_, window)| window.iter().zip(parts).all(|(token, part)| token.text == *part));
    alike.map(|(place, _)| place).collect()
}

/// The line of `name` where it stands as a member of the group whose opening brace lies just before `row`.
fn line_in_group(row: &[Token], name: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut begins = true;
    for token in row {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 0 => return None,
            "}" => depth -= 1,
            text if depth == 0 && begins && text == name => return Some(token.line),
            _ => {}
        }
        begins = token.text == ",";
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &[usize]) {
        let row = flatten(code.parse().unwrap());
        assert_eq!(lines_of_path(&row, "env", "var"), expected, "{code}");
    }

    #[test]
    fn a_path_is_found_wherever_it_stands() {
        check("fn a() {\n    std::env::var(\"A\");\n}", &[2]);
        check("fn a() {\n\n    assert!(env::var(\"A\").is_ok());\n}", &[3]);
        check("use std::env::var;", &[1]);
        check("use std::env::{self, args,\n    var};", &[2]);
        check("use std::{env::{var}, fs};", &[1]);
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        check("fn a() { env::var_os(\"A\"); }", &[]);
        check("use std::env::{self, args}; fn a() { let var = 1; }", &[]);
        check("// std::env::var\nconst A: &str = \"std::env::var\";", &[]);
        check("use std::env::{args as var};", &[]);
    }
}
