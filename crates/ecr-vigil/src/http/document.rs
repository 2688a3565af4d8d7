//! What the OpenAPI document says beyond the single operations: who it is about, tokens, and the problems that any
//! operation of a kind can end in.

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder, Schema};

use super::problem::{MEDIA_TYPE, MemberFault, ProblemBody};

/// Schemas of what people send: there they may leave things out.
const SENT_TO_US: [&str; 3] = ["ScanRequest", "NewException", "PassRequest"];

/// The name of the security scheme.
const BEARER: &str = "token";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "ecr-vigil",
        description = "Keeps every Amazon ECR image that matters scanned, and tells what is new and serious.\n\n\
            Every path is also found with a slash at its end. Answers carry an `ETag`; who sends it back in \
            `If-None-Match` gets 304 where nothing has changed. Every answer carries `X-Request-Id`, the id under which \
            the log knows the request; one that is sent along is taken over. Everything that goes wrong is told as \
            `application/problem+json` (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "re-scan", description = "Scan configurations, their summary and their feeds, as the re-scan service has them"),
        (name = "images", description = "Registries, repositories, images and their scans"),
        (name = "findings", description = "Findings, vulnerabilities, what changed, and what was accepted"),
        (name = "passes", description = "Passes: past ones, running ones, and those to come"),
        (name = "news", description = "Where news is told, and what could not be delivered"),
        (name = "health", description = "Whether the service lives and can do its work"),
    ),
    components(schemas(ProblemBody, MemberFault))
)]
struct Head;

/// The document without operations.
pub(super) fn head() -> OpenApi {
    Head::openapi()
}

/// Adds to each operation what follows from its kind.
pub(super) fn finish(document: &mut OpenApi) {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A token whose SHA-256 is configured, with the role `read` (to look) or `operate` (to change things too). \
             Asked for if any token is configured.",
        ))
        .build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    }
    let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    schemas
        .filter(|(name, _)| !SENT_TO_US.contains(&name.as_str()))
        .for_each(|(_, schema)| always_there(schema));
    for item in document.paths.paths.values_mut() {
        for (changes, operation) in operations(item) {
            finish_operation(operation, changes);
        }
    }
}

/// What we answer leaves no member out: what is not known is null. A problem names no parameters where none is wrong.
fn always_there(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let names = object.properties.keys().filter(|name| *name != "errors");
            object.required = names.cloned().collect();
            object.properties.values_mut().for_each(always_there);
        }
        // What a page holds is described where the page is.
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                always_there(items);
            }
        }
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter_mut().for_each(always_there),
        _ => {}
    }
}

/// The operations of a path, and whether each changes something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem { get, post, delete, .. } = item;
    let all = [(false, get), (true, post), (true, delete)];
    all.into_iter().filter_map(|(changes, operation)| Some((changes, operation.as_mut()?)))
}

fn finish_operation(operation: &mut Operation, changes: bool) {
    let refuse = |operation: &mut Operation, status: &str, when: &str| {
        let told = operation.responses.responses.contains_key(status);
        if !told {
            operation.responses.responses.insert(status.to_owned(), RefOr::T(problem(when)));
        }
    };
    let is_probe = operation.tags.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == "health"));
    refuse(operation, "421", "Without tokens: a name that is not one of this machine was asked");
    refuse(operation, "500", "Something went wrong here");
    refuse(operation, "503", "Not possible at the moment; `Retry-After` says when to try again");
    if is_probe {
        return;
    }
    operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])]);
    refuse(operation, "400", "The request cannot be understood; `errors` names each parameter that is wrong");
    refuse(operation, "401", "A token is needed");
    refuse(operation, "403", "The token does not allow this, or a page of another site asks");
    refuse(operation, "406", "No acceptable form of the answer");
    if !changes {
        let same =
            ResponseBuilder::new().description("The asker has it already: `If-None-Match` names its `ETag`");
        operation.responses.responses.insert("304".to_owned(), RefOr::T(same.build()));
    }
    if operation.parameters.iter().flatten().any(is_in_path) {
        refuse(operation, "404", "There is no such thing");
    }
    if operation.request_body.is_some() {
        refuse(operation, "408", "The body did not arrive in time");
        refuse(operation, "413", "The body is too large");
        refuse(operation, "415", "The body is not JSON");
        refuse(
            operation,
            "422",
            "The body says something impossible; `errors` names each member that is wrong",
        );
    }
}

fn is_in_path(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(Parameter { parameter_in: ParameterIn::Path, .. }))
}

fn problem(when: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(when).content(MEDIA_TYPE, content).build()
}
