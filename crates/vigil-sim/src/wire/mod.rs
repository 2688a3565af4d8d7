//! How ECR says things: errors, tokens, constraints, and who is asking. It knows no operation.

mod authorization;
mod constraint;
mod error;
mod token;

pub(crate) use authorization::{Caller, caller, credentials_for};
#[cfg(test)]
pub(crate) use constraint::is_repository_name;
pub(crate) use constraint::{
    ImageIdentifier, account, count, image_digest, image_tag, page_size, repository_name,
};
pub(crate) use error::ApiError;
pub(crate) use token::PageContext;
