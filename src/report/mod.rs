//! What a person sees: tables, timelines, JSON. Everything here turns finished numbers or facts
//! into text; nothing here decides a number.

pub mod aws_events;
pub mod json;
pub mod numbers;
pub mod table;
pub mod timeline;
pub mod words;
