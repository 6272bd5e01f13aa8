//! [`Config`]: what a Markov chain would call the state. Small enums, comparable and hashable.

use crate::model::fact::{Cause, Status};
use crate::model::persistence::{BackupKind, Method};
use crate::model::plan::{Changes, NodeId, ShardId, Switch, UpdateMethod};

/// The configuration: a Markov chain's state, were all laws exponential.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Config {
    /// By node.
    pub nodes: Vec<Node>,
    /// By shard.
    pub shards: Vec<Shard>,
    /// By group.
    pub groups: Vec<Group>,
    /// By AZ.
    pub azs: Vec<Az>,
}

clone_in_place!(Config { nodes, shards, groups, azs });

/// One replication group as the control plane runs it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Group {
    /// Whether a replica follows a lost primary.
    pub automatic_failover: AutomaticFailover,
    /// The placement promise.
    pub multi_az: Switch,
    /// Replicas that each shard is to have.
    pub replicas: u8,
    /// What the control plane is doing to the group as a whole.
    pub workflow: Workflow,
    /// Changes that wait for the maintenance window.
    pub pending: Changes,
    /// A service update that waits for the maintenance window.
    pub pending_update: Option<UpdateMethod>,
    /// The node whose recovery ends the test failover under way (MZ-43).
    pub testing: Option<NodeId>,
    /// Whether nodes keep an append-only file.
    pub append_only_file: Switch,
    /// The chance with which each promotion fails because of an external replica, in thousandths.
    pub hindered_permille: u16,
    /// Days for which automatic snapshots are kept; 0 takes none.
    pub snapshot_retention: u8,
    /// The node that backups copy, where it is named.
    pub snapshotting_node: Option<NodeId>,
    /// The backup that runs.
    pub backup: Option<(BackupKind, Method)>,
    /// How many of its shards have a serving primary, which is who may vote.
    pub voters: u16,
    /// Whether these are a majority, and what follows from it.
    pub quorum: Quorum,
    /// Where it stands.
    pub region: Region,
}

/// The region in which a group stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Region {
    /// That of the AZs of the plan.
    Home,
    /// The second one, since everything was lost in the first.
    Second,
}

impl Group {
    /// `Status` in the API. A test failover does not show in it (MZ-49).
    pub fn status(&self) -> Status {
        if self.backup.is_some() {
            return Status::Snapshotting;
        }
        match self.workflow {
            Workflow::Idle | Workflow::TestCalled(_) => Status::Available,
            // Nothing is being done: somebody waits.
            Workflow::Modifying(_, Some(ByHand { step: PromotionStep::WaitingToGoOn, .. })) => {
                Status::Available
            }
            Workflow::Modifying(..) | Workflow::Updating(_) | Workflow::Scaling => {
                Status::Modifying
            }
            Workflow::Migrating(stage) => match stage {
                Stage::Preparing | Stage::Resharding | Stage::Connecting(_) => Status::Modifying,
                Stage::Running | Stage::Completing(_) => Status::Migrating,
            },
        }
    }
}

/// Whether the serving primaries of a cluster are a majority, as far as they know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Quorum {
    /// They are.
    Held,
    /// They are not since this struck, and have not noticed yet.
    Slipping(Cause),
    /// They are not since this struck, and refuse writes.
    Lost(Cause),
    /// They are again, and wait before they take writes.
    Regaining(Cause),
}

impl Quorum {
    /// Whether primaries refuse writes.
    pub fn refuses(self) -> bool {
        match self {
            Quorum::Held | Quorum::Slipping(_) => false,
            Quorum::Lost(_) | Quorum::Regaining(_) => true,
        }
    }
}

/// `AutomaticFailover`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AutomaticFailover {
    /// On.
    Enabled,
    /// Off.
    Disabled,
    /// Off, and being switched on.
    Enabling,
    /// Still on, and being switched off.
    Disabling,
}

impl AutomaticFailover {
    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            AutomaticFailover::Enabled => "enabled",
            AutomaticFailover::Disabled => "disabled",
            AutomaticFailover::Enabling => "enabling",
            AutomaticFailover::Disabling => "disabling",
        }
    }

    /// Whether a lost primary is followed by a replica.
    pub fn protects(self) -> bool {
        match self {
            AutomaticFailover::Enabled | AutomaticFailover::Disabling => true,
            AutomaticFailover::Disabled | AutomaticFailover::Enabling => false,
        }
    }
}

/// What the control plane is doing to a group as a whole; one thing at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Workflow {
    /// Nothing: the group is available.
    Idle,
    /// A modification, and the manual promotion of which it is a step.
    Modifying(Changes, Option<ByHand>),
    /// A test failover was called, the primary is about to be taken offline.
    TestCalled(ShardId),
    /// A service update.
    Updating(UpdateMethod),
    /// Replicas are being added.
    Scaling,
    /// Data is migrated into it.
    Migrating(Stage),
}

/// How far an online migration is, as the control plane of its target has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// It was started, and nothing is connected yet.
    Preparing,
    /// Hash slots are laid out as in the source.
    Resharding,
    /// So many attempts to become a replica of the source have failed.
    Connecting(u16),
    /// The target is a replica of the source.
    Running,
    /// The target is about to be promoted.
    Completing(Completion),
}

/// How a migration is about to end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Completion {
    /// `CompleteMigration`, which ensures that the target is in sync.
    Ensured,
    /// `CompleteMigration --force`.
    Forced,
    /// It is stopped: the clients stay where they are.
    Stopped,
}

/// A manual promotion under way: four modifications, one after the other (MZ-57).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ByHand {
    /// Whom it promotes.
    pub node: NodeId,
    /// The step under way.
    pub step: PromotionStep,
    /// What its last step puts back as it was.
    pub back: Changes,
}

/// A step of a manual promotion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PromotionStep {
    /// Multi-AZ goes off.
    MultiAzOff,
    /// Automatic failover goes off; from its end on nobody follows a lost primary.
    FailoverOff,
    /// The promotion itself.
    Promote,
    /// Both go on again.
    BackOn,
    /// They could not, and somebody is about to try again.
    WaitingToGoOn,
}

/// One node: what is true of it, and what the control plane believes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Node {
    /// Its process and host.
    pub process: Process,
    /// Whether others reach it.
    pub reach: Reach,
    /// Its copy of the shard's data.
    pub data: Data,
    /// The node whose stream it follows or copies from.
    pub upstream: Option<NodeId>,
    /// What the control plane believes of it; it acts on this, and finds out the truth only when
    /// a command is not obeyed.
    pub belief: Belief,
    /// Whether a replacement is being provisioned.
    pub replacement: Replacement,
    /// Whether its return is still to be announced as a recovery.
    pub recovery: Recovery,
    /// Where it is in a service update.
    pub update: Update,
}

impl Node {
    /// Whether there is no host: it is lost, or was never part of the group.
    pub fn is_gone(&self) -> bool {
        match self.process {
            Process::Lost | Process::Absent => true,
            Process::Running | Process::Crashed | Process::Rebooting(_) => false,
        }
    }
}

/// Where a node is in a service update of its group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Update {
    /// Nothing to do.
    UpToDate,
    /// To be updated.
    Due,
    /// Taken down to be updated, and not back yet.
    UnderWay,
}

/// The truth about a node's process and host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Process {
    /// It answers.
    Running,
    /// The process is gone and will come back, empty, on the same host.
    Crashed,
    /// As crashed, on somebody's request.
    Rebooting(crate::model::plan::RebootBy),
    /// The host is gone, and what was on it.
    Lost,
    /// There is no such node: it was not added yet, or has been removed.
    Absent,
}

/// Whether anybody but the clients on its own side reaches a node whose process runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reach {
    /// Everybody does.
    Connected,
    /// Neither the control plane nor other nodes do, nor the clients elsewhere (MZ-67).
    Isolated,
    /// As isolated: a primary that has noticed that it sees no majority of its peers, and takes
    /// writes from nobody.
    Minority,
    /// It can be reached again, but its shard is about to have another primary: it is kept offline
    /// until that serves.
    Fenced,
    /// A former primary that was in a minority can be reached again, and is about to follow its
    /// successor.
    Returning,
    /// A primary that was in a minority is reached again, and takes no writes yet.
    Rejoining,
}

impl Reach {
    /// Whether others reach the node.
    pub fn is_open(self) -> bool {
        match self {
            Reach::Connected | Reach::Rejoining => true,
            Reach::Isolated | Reach::Minority | Reach::Fenced | Reach::Returning => false,
        }
    }
}

/// A node's copy of its shard's data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Data {
    /// None.
    Empty,
    /// A full sync began; what is there is of no use alone.
    Syncing,
    /// A complete copy, up to its offset.
    Complete,
    /// Nothing in memory, but an append-only file on the node's disk: complete up to its offset,
    /// and of use when it has been read.
    Logged,
}

/// What the control plane believes of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Belief {
    /// It is there.
    Up,
    /// It is gone: detected.
    Down,
}

/// Whether a replacement of a lost host is under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Replacement {
    /// None.
    Idle,
    /// To be provisioned once its AZ is up.
    WaitingForAz,
    /// Being provisioned.
    Provisioning,
    /// Planned: the control plane begins it when its workflow says so.
    Scheduled,
}

/// Whether the end of a node's recovery is still to be announced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Recovery {
    /// Nothing to announce.
    Settled,
    /// `Recovering` was announced, `Finished recovery` is owed.
    Announced,
}

/// One shard as the control plane runs it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Shard {
    /// The node with the role of primary, serving or lost.
    pub primary: NodeId,
    /// Whether it accepts writes.
    pub serving: Serving,
    /// The node that the primary endpoint (or the slot map) names. Writers follow it at once.
    pub endpoint: NodeId,
    /// The control plane's detection window.
    pub window: Window,
    /// The control plane's workflow.
    pub failover: Failover,
    /// Whether a complete copy of the dataset is left.
    pub dataset: Dataset,
    /// What those who watch the primary make of its loss: its peers, or Sentinels.
    pub watch: Watch,
    /// Whether the serving primary has as many good replicas as writes ask for.
    pub good: GoodReplicas,
}

/// Whether a primary has as many good replicas as writes ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GoodReplicas {
    /// It has, or there is none that serves.
    Enough,
    /// It has not, and refuses writes.
    TooFew,
}

/// Where the peers of a lost primary, or Sentinels, are on the way to its successor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Watch {
    /// Nothing is the matter, or it is up to the managed control plane.
    Calm,
    /// The primary does not answer, which nobody has found remarkable yet.
    Waiting,
    /// It is suspected; a majority has to hear of it.
    Gossiping,
    /// The primaries have no majority, or no replica is fit: they try again, unless the managed
    /// control plane comes first.
    Stalled,
    /// The failure is agreed on, and the replica of this rank is next to be promoted.
    Electing(u8),
}

/// Whether the primary accepts writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Serving {
    /// It does.
    Yes,
    /// It stopped, and nobody has decided anything: were its process back, it would serve.
    Interrupted,
    /// The control plane has taken it offline.
    No,
}

/// A shard's detection window: open from a fault until the control plane decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Window {
    /// Nothing suspected.
    Closed,
    /// Open because of a replica.
    Replica,
    /// Open because of the primary.
    Primary,
}

/// The control plane's workflow for a shard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Failover {
    /// None.
    Idle,
    /// The primary was detected; a replica is being promoted.
    Promoting,
    /// Promoted; the endpoint is being updated.
    UpdatingEndpoint,
    /// The dataset is lost; this node is being made an empty primary.
    ColdStarting(NodeId),
    /// Planned: the primary's slot gets a new node, which is being provisioned while the old one
    /// keeps the data and serves nobody (MZ-10).
    Recreating,
    /// Planned: the new node copies the data from the old one.
    Refilling,
}

/// Whether the shard still has a complete copy of its data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dataset {
    /// At least one.
    Held,
    /// None, but the durable log has it: who has read it serves.
    InLog,
    /// None: what comes next starts cold.
    Lost,
}

/// One AZ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Az {
    /// Up.
    Up,
    /// Down.
    Down,
}
