//! What nodes, AZs and shards are at an instant, as the facts of a trial tell it.
//!
//! Charts, pages, pictures and diagrams show the same: what they draw a node as comes from
//! `Fold`, and `tests/it/scene.rs` compares that with the state of the model.

mod fold;

use crate::engine::time::{SimTime, Span};
use crate::model::fact::{Cause, Phase};
use crate::model::plan::{NodeId, ShardId};
use crate::model::state::NanoWrites;

pub(in crate::report) use fold::Fold;

/// What a node is at an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NodeIs {
    /// It has the role of primary, and its process runs.
    Primary,
    /// It was primary, cannot be reached, and does not know of its successor.
    FormerPrimary,
    /// It holds a complete copy and follows.
    Replica,
    /// It copies everything, and serves nobody meanwhile.
    Syncing,
    /// It reads what its disk or the durable log has.
    Reading,
    /// It answers, and has nothing.
    Empty,
    /// Its host is lost, or was taken offline.
    Down,
    /// Its process is gone, its host is not.
    ProcessDown,
    /// It is shut down to be rebooted or patched.
    Rebooting,
    /// It is lost, and its replacement waits for the AZ.
    WaitingForAz,
    /// Its replacement is being provisioned.
    Provisioning,
    /// There is no such node: it was not added yet, or has been removed.
    Absent,
}

impl NodeIs {
    /// One word or two, as a picture says it.
    pub fn name(self) -> &'static str {
        match self {
            NodeIs::Primary => "primary",
            NodeIs::FormerPrimary => "former primary",
            NodeIs::Replica => "replica",
            NodeIs::Syncing => "full sync",
            NodeIs::Reading => "reading its log",
            NodeIs::Empty => "empty",
            NodeIs::Down => "down",
            NodeIs::ProcessDown => "process down",
            NodeIs::Rebooting => "rebooting",
            NodeIs::WaitingForAz => "waits for its AZ",
            NodeIs::Provisioning => "being replaced",
            NodeIs::Absent => "not there",
        }
    }

    /// Whether its process runs.
    pub fn runs(self) -> bool {
        match self {
            NodeIs::Primary
            | NodeIs::FormerPrimary
            | NodeIs::Replica
            | NodeIs::Syncing
            | NodeIs::Reading
            | NodeIs::Empty => true,
            NodeIs::Down
            | NodeIs::ProcessDown
            | NodeIs::Rebooting
            | NodeIs::WaitingForAz
            | NodeIs::Provisioning
            | NodeIs::Absent => false,
        }
    }
}

/// Whether others reach a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reach {
    /// They do.
    Open,
    /// It is cut off.
    CutOff,
    /// It is reached again, and waits before it takes part.
    Waiting,
}

/// How far a replica trailed its primary when that was lost. The model draws it then, and knows it
/// from that instant until the replica follows somebody or is promoted; nobody knows it before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lag {
    /// Age of its newest write.
    pub time: Span,
    /// Writes it lacks.
    pub behind: NanoWrites,
}

/// A node at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeView {
    /// What it is.
    pub is: NodeIs,
    /// Whether others reach it.
    pub reach: Reach,
    /// How far it trailed, where that is known.
    pub lag: Option<Lag>,
}

/// An AZ at an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AzIs {
    /// Up.
    Up,
    /// Down.
    Down,
    /// All nodes that there are in it are cut off.
    CutOff,
}

impl AzIs {
    /// As a picture says it.
    pub fn name(self) -> &'static str {
        match self {
            AzIs::Up => "up",
            AzIs::Down => "down",
            AzIs::CutOff => "cut off",
        }
    }
}

/// What becomes of the writes of a shard at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writes {
    /// They reach a primary that takes them.
    Accepted,
    /// They reach a primary that takes them, and WAIT fails so many a second.
    Unconfirmed(u64),
    /// None is taken, since this phase of the outage began; the phase may have no name yet.
    Refused(Option<Phase>),
    /// Some clients' are taken, others are stopped or on their way to the other side.
    Parted,
    /// No client writes there.
    Nobody,
}

/// A shard at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardView {
    /// Who has the role of primary, or had it last.
    pub primary: NodeId,
    /// What the primary endpoint, or the slot map, names.
    pub endpoint: NodeId,
    /// What becomes of its writes.
    pub writes: Writes,
    /// Writes per second that an isolated primary takes from clients beside it, and that count.
    pub kept: u64,
    /// Writes per second that former primaries take, which are lost at once.
    pub astray: u64,
}

/// An interval in which a shard took no writes.
#[derive(Clone, PartialEq, Debug)]
pub struct OutageView {
    /// The shard.
    pub shard: ShardId,
    /// The fault that opened it.
    pub cause: Cause,
    /// When it began.
    pub from: SimTime,
    /// When it ended, or the end of the scene.
    pub to: SimTime,
    /// Whether it ended before the scene did.
    pub ending: Ending,
    /// What it waited for, from which instant on, in order.
    pub phases: Vec<(Phase, SimTime)>,
}

/// Whether an outage is over at the end of a scene.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Writes were taken again.
    Over,
    /// It goes on.
    Open,
}

impl OutageView {
    /// What it waits for from when to when, in order, if it ends at `end`.
    pub fn phases_until(&self, end: SimTime) -> impl Iterator<Item = (Phase, SimTime, SimTime)> {
        let ends = self.phases.iter().skip(1).map(|(_, since)| *since).chain([end]);
        self.phases.iter().zip(ends).map(|((phase, since), end)| (*phase, *since, end))
    }
}
