//! [`Objectives`]: what the owner of a group wants, and which episodes miss it.

use crate::engine::time::Span;
use crate::observe::episodes::{DatasetFate, Failover, Outage};

/// What the owner of a group wants; nothing where nothing is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Objectives {
    /// The longest outage that is acceptable.
    pub rto: Option<Span>,
    /// The age of the oldest lost write that is acceptable.
    pub rpo: Option<Span>,
}

/// An outage or a failover, held against objectives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Episode {
    /// How long it took.
    pub length: Span,
    /// Whether that is longer than the RTO.
    pub misses_rto: bool,
    /// Whether what it lost is older than the RPO. A lost dataset always is.
    pub misses_rpo: bool,
}

impl Objectives {
    /// An outage, held against the objectives.
    pub fn of_outage(&self, outage: &Outage) -> Episode {
        let length = outage.length();
        Episode {
            length,
            misses_rto: is_above(length, self.rto),
            misses_rpo: self.rpo.is_some() && outage.dataset == DatasetFate::Lost
                || is_above(outage.loss_window, self.rpo),
        }
    }

    /// A failover, held against the objectives.
    pub fn of_failover(&self, failover: &Failover) -> Episode {
        let length = failover.length();
        Episode {
            length,
            misses_rto: is_above(length, self.rto),
            misses_rpo: is_above(failover.loss.window, self.rpo),
        }
    }
}

fn is_above(length: Span, objective: Option<Span>) -> bool {
    objective.is_some_and(|objective| length > objective)
}
