//! What people and programs see: tables, timelines, diagnostics, topologies, JSON and its schemas.
//! Everything here turns plans, finished numbers or facts into text; nothing here decides a number.
//! `results` is the one part that works on files: it keeps a run in a folder while it goes on.

pub mod aws_events;
pub mod backups;
pub mod check;
pub mod compare;
pub mod describe;
pub mod diagnostic;
pub mod distributions;
pub mod dot;
pub mod endpoint_names;
pub mod endpoints;
pub mod event_log;
pub mod exact;
pub mod expect;
pub mod info;
pub mod json;
pub mod labels;
pub mod losses;
pub mod mermaid;
mod migration;
pub mod numbers;
pub mod page;
pub mod picture;
pub mod placement;
pub mod remarks;
pub mod results;
pub mod scene;
pub mod schema;
pub mod sensitivity;
pub mod shell;
pub mod status;
pub mod study;
pub mod summary;
pub mod summary_csv;
pub mod table;
pub mod timeline;
pub mod topology;
pub mod ways;
pub mod words;
pub mod worst;
