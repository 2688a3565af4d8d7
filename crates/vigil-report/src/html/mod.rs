//! One page with everything in it, for a browser: it fetches nothing, and works without its script too.

mod page;
mod row;

pub(crate) use page::Page;
