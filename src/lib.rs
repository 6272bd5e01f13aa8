//! A discrete-event simulator of AWS ElastiCache replication groups that fail.
//!
//! It models nodes across Availability Zones with asynchronous replication, injects failures of
//! primaries, replicas, AZs and whole groups, crashes and reboots, and measures two things: how
//! long nobody can write, and what was acknowledged and is gone.
//!
//! ```
//! use elasticache_sim::montecarlo::batch;
//! use elasticache_sim::{observe::metrics::Metric, scenario, scenario::Overrides};
//!
//! let text = r#"
//! schema = 1
//! [run]
//! horizon = "1h"
//! trials = 100
//! [group]
//! id = "redis1x2"
//! azs = ["us-west-2a", "us-west-2b"]
//! replicas = 1
//! [timing]
//! detection = "10s"
//! promotion = "2s"
//! endpoint = "3s"
//! [[fault]]
//! at = "30m"
//! fail-primary = {}
//! "#;
//! let experiment = scenario::parse("example", text, ".".as_ref(), &Overrides::default());
//! let experiment = experiment.expect("a valid scenario");
//! let plan = &experiment.policies[0].plan;
//! let summary = batch::run(plan, experiment.batch_spec()).expect("a sound trial");
//! // Detection, promotion and endpoint update, to the nanosecond.
//! assert_eq!(summary.of(Metric::WriteOutage).mean(), 15.0);
//! ```
//!
//! The layers, each of which uses only those above it:
//!
//! | module | what it is |
//! |---|---|
//! | [`engine`] | a discrete-event kernel that has never heard of a cache |
//! | [`stats`] | pure functions of numbers |
//! | [`model`] | the simulated replication groups |
//! | [`observe`] | observers that fold or record the facts of a trial |
//! | [`exact`] | Markov chains unfolded from the rules, and solved |
//! | [`montecarlo`] | one trial, and many |
//! | [`scenario`] | from a TOML file to a checked experiment |
//! | [`report`] | tables, timelines, diagnostics, pictures, JSON |
//! | [`cli`] | the commands |

pub mod cli;
pub mod engine;
pub mod exact;
pub mod model;
pub mod montecarlo;
pub mod observe;
pub mod report;
pub mod scenario;
pub mod stats;
