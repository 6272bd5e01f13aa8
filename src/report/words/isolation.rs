//! Facts of nodes that run and cannot be reached, in words.

use super::{Line, Words};
use crate::model::fact::{IsolationFact, Role};
use crate::report::numbers::writes;

/// The fact in words.
pub(super) fn line(words: &Words<'_>, fact: IsolationFact) -> Line {
    let (kind, text) = match fact {
        IsolationFact::Began { node, role } => {
            let role = match role {
                Role::Primary => "primary",
                Role::Replica => "replica",
            };
            let node = words.node(node);
            ("fault", format!("{node} ({role}) runs, and nobody on the other side reaches it"))
        }
        IsolationFact::Ended { node } => ("back", format!("{} is reached again", words.node(node))),
        IsolationFact::Refuses { node } => {
            let node = words.node(node);
            ("minority", format!("{node} sees no majority of the primaries, and takes no writes"))
        }
        IsolationFact::Waits { node, role, .. } => {
            let what = match role {
                Role::Primary => "takes writes again",
                Role::Replica => "follows its successor",
            };
            (
                "minority",
                format!("{} was in a minority: it waits before it {what}", words.node(node)),
            )
        }
        IsolationFact::Takes { node, .. } => {
            ("majority", format!("{} takes writes again", words.node(node)))
        }
        IsolationFact::Beside { kept: 0, astray: 0, .. } => {
            ("writes", "writes beside an isolated node end".to_owned())
        }
        IsolationFact::Beside { kept, astray: 0, .. } => {
            ("writes", format!("it still takes {kept} writes a second from its side"))
        }
        IsolationFact::Beside { kept, astray, .. } => {
            let n = kept + astray;
            ("writes", format!("split brain: a former primary takes writes, {n} a second"))
        }
        IsolationFact::SplitBrain { node, loss, .. } => {
            let (node, amount) = (words.node(node), writes(loss.writes));
            ("lost", format!("{amount} acknowledged writes that {node} took astray"))
        }
    };
    Line { kind, text }
}
