//! Stories of whole scrapes, and of the dashboard and alerts that live on them.

mod deployed;
mod gathering;
mod stories;

pub(in crate::metrics) use stories::image_series;
