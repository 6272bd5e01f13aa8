//! `ecsim topology`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Changes, Failure, load, print};
use crate::report::picture::topology_svg;
use crate::report::placement::Detail;
use crate::report::{dot, topology};
use crate::scenario::domains::Map;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario
    file: PathBuf,
    /// Show every shard, also those with the same placement
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    changes: Changes,
    /// How to show it; dot always shows every shard
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// Matrix, links and failure domains, for people
    Text,
    /// A graph for Graphviz
    Dot,
    /// A picture
    Svg,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let changes = &arguments.changes;
    let experiment = load(&arguments.file, &changes.overrides(None, None))?;
    let policy = changes.choose_one(&experiment, "a topology is shown")?;
    let map = Map::of(&policy.plan);
    let detail = if arguments.all { Detail::Every } else { Detail::Folded };
    let text = match arguments.format {
        Format::Text => topology::text(&map, detail),
        Format::Dot => dot::topology_dot(&map),
        Format::Svg => topology_svg(&map, detail),
    };
    print(&text)
}
