//! `ecsim completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Failure, print};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The shell that is to complete
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = super::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "ecsim", &mut script);
    print(&String::from_utf8(script).expect("completions are made of our own texts"))
}
