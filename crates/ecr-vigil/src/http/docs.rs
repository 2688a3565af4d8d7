//! The reference page: the OpenAPI document as a page that is read without a script, a font or anybody else's server.

use std::fmt::Write;

use serde_json::Value;

/// The page loads its style from here, and nothing else from anywhere.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How the page looks.
pub(super) const STYLE: &str = include_str!("docs.css");

/// The page.
pub(super) fn page(document: &Value) -> String {
    let mut out = String::new();
    let title = text(&document["info"]["title"]);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} {version}</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><main>\
         <h1>{title} <small>{version}</small></h1>{about}\
         <p>The same for programs: <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1).</p>",
        version = text(&document["info"]["version"]),
        about = paragraphs(&document["info"]["description"]),
    );
    for tag in items(&document["tags"]) {
        let name = text(&tag["name"]);
        let _ = write!(out, "<section><h2 id=\"{name}\">{name}</h2>{}", paragraphs(&tag["description"]));
        for (path, method, operation) in operations(document, &tag["name"]) {
            write_operation(&mut out, path, method, operation);
        }
        out.push_str("</section>");
    }
    out.push_str("<section><h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        write_schema(&mut out, name, schema);
    }
    out.push_str("</section></main></body></html>\n");
    out
}

fn operations<'a>(
    document: &'a Value,
    tag: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let all = members(&document["paths"])
        .flat_map(|(path, item)| members(item).map(move |(method, operation)| (path, method, operation)));
    all.filter(move |(_, _, operation)| items(&operation["tags"]).any(|name| name == tag))
}

fn write_operation(out: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        out,
        "<article id=\"{id}\"><h3><span class=\"method\">{method}</span> <code>{path}</code></h3>\
         <p><strong>{summary}</strong></p>{about}",
        id = text(&operation["operationId"]),
        method = escape(&method.to_uppercase()),
        path = escape(path),
        summary = text(&operation["summary"]),
        about = paragraphs(&operation["description"]),
    );
    let parameters: Vec<&Value> = items(&operation["parameters"]).collect();
    if !parameters.is_empty() {
        out.push_str("<table><tr><th>Parameter</th><th>In</th><th>Form</th><th>Meaning</th></tr>");
        for parameter in parameters {
            let _ = write!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
                text(&parameter["name"]),
                text(&parameter["in"]),
                form(&parameter["schema"]),
                text(&parameter["description"]),
            );
        }
        out.push_str("</table>");
    }
    for (kind, body) in members(&operation["requestBody"]["content"]) {
        let _ = write!(out, "<p>Body: <code>{}</code>, {}</p>", escape(kind), form(&body["schema"]));
    }
    out.push_str("<table><tr><th>Status</th><th>Answer</th><th>When</th></tr>");
    for (status, response) in members(&operation["responses"]) {
        let forms: Vec<String> = members(&response["content"])
            .map(|(kind, body)| format!("<code>{}</code> {}", escape(kind), form(&body["schema"])))
            .collect();
        let when = text(&response["description"]);
        let _ =
            write!(out, "<tr><td>{}</td><td>{}</td><td>{when}</td></tr>", escape(status), forms.join("<br>"));
    }
    out.push_str("</table></article>");
}

fn write_schema(out: &mut String, name: &str, schema: &Value) {
    let name = escape(name);
    let _ =
        write!(out, "<article id=\"schema-{name}\"><h3>{name}</h3>{}", paragraphs(&schema["description"]));
    let mut rows = members(&schema["properties"]).peekable();
    if rows.peek().is_none() {
        let _ = write!(out, "<p>{}</p></article>", form(schema));
        return;
    }
    out.push_str("<table><tr><th>Member</th><th>Form</th><th>Meaning</th></tr>");
    for (member, schema) in rows {
        let meaning = text(&schema["description"]);
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{meaning}</td></tr>",
            escape(member),
            form(schema)
        );
    }
    out.push_str("</table></article>");
}

/// A schema in a few words.
fn form(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escape(reference.rsplit('/').next().unwrap_or(reference));
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    let choices = items(&schema["oneOf"]).chain(items(&schema["anyOf"])).map(form).collect::<Vec<_>>();
    if !choices.is_empty() {
        return choices.join(" or ");
    }
    let mut said = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        one => text(one),
    };
    if schema["items"].is_object() {
        let _ = write!(said, " of {}", form(&schema["items"]));
    }
    let words: Vec<String> = items(&schema["enum"]).map(text).collect();
    if !words.is_empty() {
        let _ = write!(said, ": {}", words.join(", "));
    }
    for (name, label) in
        [("format", ""), ("pattern", "like "), ("minimum", "≥ "), ("maximum", "≤ "), ("default", "default ")]
    {
        if !schema[name].is_null() {
            let _ = write!(said, "<br>{label}<code>{}</code>", text(&schema[name]));
        }
    }
    said
}

fn paragraphs(value: &Value) -> String {
    let said = value.as_str().unwrap_or_default();
    let paragraphs = said.split("\n\n").filter(|part| !part.is_empty());
    paragraphs.map(|part| format!("<p>{}</p>", with_code(&escape(part)))).collect()
}

/// What stands between backticks is code.
fn with_code(said: &str) -> String {
    let parts = said.split('`').enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(said) => escape(said),
        Value::Null => String::new(),
        other => escape(&other.to_string()),
    }
}

fn escape(said: &str) -> String {
    said.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
