//! `ecsim explain`.

use clap::Args;

use super::{Failure, print};
use crate::scenario::codes::Code;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The code, as in E0201; without one, all codes are listed
    code: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Some(id) = &arguments.code else {
        let lines: String =
            Code::ALL.iter().map(|code| format!("{}  {}\n", code.id(), code.title())).collect();
        return print(&lines);
    };
    match Code::find(id) {
        Some(code) => print(code.page()),
        None => Err(Failure::Usage(format!(
            "error: there is no code {}\n\
             hint: `ecsim explain` lists all codes; docs/requirements.md explains rules such as \
             MZ-66\n",
            id.escape_debug()
        ))),
    }
}
