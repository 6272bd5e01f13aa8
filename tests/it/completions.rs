//! Completion scripts.

use crate::support::program;

#[test]
fn each_shell_learns_the_commands() {
    let ecsim = |arguments: &[&str]| program().args(arguments).output().expect("ecsim runs");
    let help = String::from_utf8(ecsim(&["--help"]).stdout).expect("UTF-8");
    let commands = help.split("Commands:\n").nth(1).expect("a list of commands");
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"run") && commands.contains(&"completions"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = ecsim(&["completions", shell]);
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}");
        let script = String::from_utf8(output.stdout).expect("UTF-8");
        for word in commands.iter().chain(&["ecsim", "--trials", "--format"]) {
            // Options lose their dashes in fish.
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    assert_eq!(ecsim(&["completions"]).status.code(), Some(2));
    assert_eq!(ecsim(&["completions", "tcsh"]).status.code(), Some(2));
}
