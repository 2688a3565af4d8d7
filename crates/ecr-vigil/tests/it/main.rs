//! Stories of the whole program: the built binary, in a process of its own, against an ECR in a box.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "stories stop at the first surprise")]

mod bucket;
mod budget;
mod credentials;
mod crowd;
mod damage;
mod demo;
mod ending;
mod enhanced;
mod events;
mod exceptions;
mod exploited;
mod feed;
mod golden;
mod hearer;
mod help;
mod images;
mod killed;
mod library;
mod log;
mod metrics;
mod moto;
mod named;
mod news;
mod output;
mod overlap;
mod pass;
mod postgres;
mod program;
mod prometheus;
mod python;
mod report;
mod schema;
mod service;
mod service_settings;
mod serving;
mod settings;
mod sink_settings;
mod sinks;
mod stage;
mod status;
mod targets;
mod tokens;
mod weather;
