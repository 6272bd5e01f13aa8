//! [`State`]: all that changes during a trial.
//!
//! Three parts with three natures, and what observers were last told. [`Config`] is what a Markov
//! chain would call the state: small enums, comparable and hashable. [`Clocks`] count the draws
//! already used, so that the next one has an address, and keep the lives under way. [`Ledger`]
//! holds amounts: whole nano-writes, exact to the last digit.

use crate::engine::time::{SimTime, Span};
use crate::model::archive::Archive;
use crate::model::fact::{Cause, Phase, Status};
use crate::model::persistence::{BackupKind, Method};
use crate::model::plan::{
    Changes, GroupId, Membership, NodeId, Plan, ShardId, Switch, UpdateMethod,
};

/// Everything that changes during a trial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// Who is up, who holds what, who believes what.
    pub config: Config,
    /// How many draws each entity has used.
    pub clocks: Clocks,
    /// Writes, offsets and histories.
    pub ledger: Ledger,
    /// Snapshots, and the restores from them.
    pub archive: Archive,
    /// What observers were last told of each shard, so that they are told of changes only.
    pub told: Vec<Told>,
}

/// The configuration: a Markov chain's state, were all laws exponential.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
    /// It can be reached again, but its shard is about to have another primary: it is kept offline
    /// until that serves.
    Fenced,
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
    /// The node that the primary endpoint (or the slot map) names. Writers, one cohort, follow it
    /// at once.
    pub endpoint: NodeId,
    /// The control plane's detection window.
    pub window: Window,
    /// The control plane's workflow.
    pub failover: Failover,
    /// Whether a complete copy of the dataset is left.
    pub dataset: Dataset,
    /// What those who watch the primary make of its loss: its peers, or Sentinels.
    pub watch: Watch,
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

/// Draws used so far, which the next draw's address continues, and the lives under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clocks {
    /// When each scheduled fault strikes, earliest first, and its place in the plan.
    pub script: Vec<(SimTime, u16)>,
    /// How many of them have struck.
    pub n_struck: u16,
    /// By line of group failures, then group: lives drawn.
    pub group_lives: Vec<u32>,
    /// By line of service updates, then group: announcements drawn.
    pub update_lives: Vec<u32>,
    /// By group.
    pub groups: Vec<GroupClock>,
    /// When test failovers were accepted in this account, the last fifteen, oldest first (MZ-40).
    pub tests: TestQuota,
    /// Until when replacements take longer because of an AZ outage, once no AZ is down.
    pub slow_until: SimTime,
    /// By line of AZ failures, then AZ.
    pub az_lives: Vec<LifeClock>,
    /// By line of node failures, then node.
    pub node_lives: Vec<LifeClock>,
    /// By node.
    pub nodes: Vec<NodeClock>,
    /// By shard.
    pub shards: Vec<ShardClock>,
}

/// The clock of a life that can be stopped: of a node's host, or of an AZ's time up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LifeClock {
    /// Lives drawn so far.
    pub drawn: u32,
    /// What the current one is doing.
    pub life: Life,
}

/// What a life is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Over, or not begun: the next one is drawn anew.
    Ended,
    /// Its end is in the queue, unless that is never.
    Running,
    /// Stopped with so much of it left.
    Paused(Span),
}

impl LifeClock {
    /// No life drawn yet.
    pub const FRESH: LifeClock = LifeClock { drawn: 0, life: Life::Ended };

    /// Lets the life run: gives how long it still lasts, or nothing if it runs already. `draw`
    /// gives the n-th life, should the current one be over.
    pub fn start(&mut self, draw: impl FnOnce(u32) -> Span) -> Option<Span> {
        let left = match self.life {
            Life::Running => return None,
            Life::Paused(left) => left,
            Life::Ended => {
                self.drawn += 1;
                draw(self.drawn - 1)
            }
        };
        self.life = Life::Running;
        Some(left)
    }

    /// Stops the life, if it runs, with what is left of it until `ends`; `None` is never.
    pub fn pause(&mut self, now: SimTime, ends: Option<SimTime>) {
        if self.life == Life::Running {
            self.life = Life::Paused(ends.map_or(Span::FOREVER, |at| at.since(now)));
        }
    }
}

/// When the last test failovers were accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TestQuota {
    /// The times; of those beyond the number accepted nothing is to be read.
    accepted: [SimTime; TestQuota::SHARDS],
    /// How many were accepted so far.
    n: u32,
}

impl TestQuota {
    /// Shards that may be tested in any 24 hours (MZ-40).
    pub const SHARDS: usize = 15;
    /// The period.
    pub const PERIOD: Span = Span::from_nanos(24 * 3600 * crate::engine::time::NANOS_PER_SEC);

    /// Counts a call at `now`, unless the quota is used up; says whether it was counted.
    pub fn take(&mut self, now: SimTime) -> bool {
        let place = self.n as usize % Self::SHARDS;
        let is_full = self.n as usize >= Self::SHARDS;
        if is_full && now.since(self.accepted[place]) < Self::PERIOD {
            return false;
        }
        self.accepted[place] = now;
        self.n += 1;
        true
    }
}

/// A group's used draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GroupClock {
    /// Modifications begun.
    pub modifications: u32,
    /// Test failovers begun.
    pub tests: u32,
    /// Steps of service updates begun.
    pub update_steps: u32,
    /// Backups begun.
    pub backups: u32,
    /// Restores begun.
    pub restores: u32,
    /// Times that the primaries ceased to be a majority.
    pub minorities: u32,
}

/// A node's used draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeClock {
    /// Detection windows that its failure opened.
    pub detections: u32,
    /// Replacements started.
    pub replacements: u32,
    /// Full syncs started.
    pub syncs: u32,
    /// Reboots.
    pub reboots: u32,
    /// Recoveries that a workflow scheduled, and planned replacements and patches.
    pub planned: u32,
    /// Replays of the append-only file begun.
    pub replays: u32,
    /// Times that it was cut off.
    pub isolations: u32,
    /// Its rank in its shard's last election, from 1; 0 if it did not stand.
    pub ballot: u8,
}

/// A shard's used draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShardClock {
    /// Losses of the primary; addresses the lags frozen then.
    pub primary_losses: u32,
    /// Promotions begun.
    pub promotions: u32,
    /// Endpoint updates begun.
    pub endpoints: u32,
    /// Cold starts begun.
    pub cold_starts: u32,
    /// Planned hand-overs and planned recreations of the primary.
    pub handovers: u32,
    /// Losses of the primary that its peers, or Sentinels, began to notice.
    pub watches: u32,
    /// When the last of these was.
    pub watched_since: SimTime,
    /// Their last suspicion or agreement; with Sentinels, when they name the new primary.
    pub agreed: SimTime,
}

/// An amount of writes in nano-writes: writes per second times nanoseconds.
pub type NanoWrites = u128;

/// One write in [`NanoWrites`].
pub const WRITE: NanoWrites = 1_000_000_000;

/// A history of a shard's writes; a promotion or an emptied restart begins a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HistoryId(pub u32);

/// Amounts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// By shard.
    pub shards: Vec<ShardLedger>,
    /// By node: how far its copy goes once its upstream is gone.
    pub copies: Vec<Copy>,
    /// By node: what it takes, as an isolated primary, from the writers on its side.
    pub beside: Vec<Beside>,
}

/// What an isolated primary takes from the writers on its side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beside {
    /// Writes per second.
    pub rate: u64,
    /// Since when its shard has another primary, so that all it takes is lost.
    pub astray_since: Option<SimTime>,
}

impl Beside {
    /// Nothing.
    pub const NOTHING: Beside = Beside { rate: 0, astray_since: None };
}

/// A node's copy of the data, frozen when its upstream was lost: a point in a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copy {
    /// The history.
    pub history: HistoryId,
    /// How much of it.
    pub offset: NanoWrites,
}

/// The books of a shard. `acknowledged = offset + archived + lost + dataset_lost` at every instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardLedger {
    /// Up to when the amounts below are counted.
    pub settled: SimTime,
    /// Whether writers reach a primary that accepts.
    pub accepting: bool,
    /// When they ceased to, the last time.
    pub stopped: SimTime,
    /// Writes per second that the isolated primary takes, in the shard's current history.
    pub kept: u64,
    /// Writes per second that former primaries take that are isolated: lost at once.
    pub astray: u64,
    /// Writes of the current history that its primary took while it was isolated.
    pub taken_beside: NanoWrites,
    /// For how long it took them.
    pub taken_for: Span,
    /// Offered and acknowledged.
    pub acknowledged: NanoWrites,
    /// Offered during an outage; the client knows.
    pub rejected: NanoWrites,
    /// Acknowledged, then absent after a promotion.
    pub lost: NanoWrites,
    /// Acknowledged, then in no copy and no snapshot after a dataset loss.
    pub dataset_lost: NanoWrites,
    /// Acknowledged, and since a dataset loss only in a snapshot that is to be restored.
    pub archived: NanoWrites,
    /// The current history.
    pub history: HistoryId,
    /// Its parent, and the offset at which it began.
    pub branch: Copy,
    /// Acknowledged writes in the current history and its ancestors: the primary's offset, or
    /// the lost primary's.
    pub offset: NanoWrites,
    /// Whether the data of the start of the trial is still there.
    pub original: bool,
}

/// What observers were last told of a shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// Complete copies.
    pub copies: u8,
    /// Copies that there are to be.
    pub configured: u8,
    /// Nodes that serve reads.
    pub readers: u8,
    /// Phase of the outage, if there is one.
    pub phase: Option<Phase>,
    /// What opened the outage.
    pub cause: Cause,
}

impl State {
    /// The state at the start of a trial: everybody up, every copy complete.
    pub fn new(plan: &Plan) -> Self {
        let mut state = State {
            config: Config {
                nodes: Vec::new(),
                shards: Vec::new(),
                groups: Vec::new(),
                azs: Vec::new(),
            },
            clocks: Clocks {
                script: Vec::new(),
                n_struck: 0,
                group_lives: Vec::new(),
                update_lives: Vec::new(),
                groups: Vec::new(),
                tests: TestQuota::default(),
                slow_until: SimTime::START,
                az_lives: Vec::new(),
                node_lives: Vec::new(),
                nodes: Vec::new(),
                shards: Vec::new(),
            },
            ledger: Ledger { shards: Vec::new(), copies: Vec::new(), beside: Vec::new() },
            archive: Archive::default(),
            told: Vec::new(),
        };
        state.restart(plan);
        state
    }

    /// Puts everything back to the start, keeping the memory.
    pub fn restart(&mut self, plan: &Plan) {
        let (n_nodes, n_shards) = (plan.nodes.len(), plan.shards.len());
        refill(&mut self.config.azs, plan.azs.len(), |_| Az::Up);
        refill(&mut self.config.shards, n_shards, |s| fresh_shard(plan, s));
        refill(&mut self.config.nodes, n_nodes, |n| fresh_node(plan, n));
        refill(&mut self.config.groups, plan.groups.len(), |g| fresh_group(plan, g));
        // Drawn when the trial begins.
        self.clocks.script.clear();
        self.clocks.n_struck = 0;
        let lives = |lines: usize, entities: usize| lines * entities;
        let group_lives = lives(plan.group_failures.len(), plan.groups.len());
        refill(&mut self.clocks.group_lives, group_lives, |_| 0);
        let update_lives = lives(plan.service_updates.len(), plan.groups.len());
        refill(&mut self.clocks.update_lives, update_lives, |_| 0);
        refill(&mut self.clocks.groups, plan.groups.len(), |_| GroupClock::default());
        self.clocks.tests = TestQuota::default();
        self.clocks.slow_until = SimTime::START;
        let az_lives = lives(plan.az_failures.len(), plan.azs.len());
        refill(&mut self.clocks.az_lives, az_lives, |_| LifeClock::FRESH);
        let node_lives = lives(plan.node_failures.len(), n_nodes);
        refill(&mut self.clocks.node_lives, node_lives, |_| LifeClock::FRESH);
        refill(&mut self.clocks.nodes, n_nodes, |_| NodeClock::default());
        refill(&mut self.clocks.shards, n_shards, |_| ShardClock::default());
        let origin = Copy { history: HistoryId(0), offset: 0 };
        refill(&mut self.ledger.copies, n_nodes, |_| origin);
        refill(&mut self.ledger.beside, n_nodes, |_| Beside::NOTHING);
        refill(&mut self.ledger.shards, n_shards, |_| fresh_books(origin));
        self.archive.restart(plan);
        refill(&mut self.told, n_shards, |s| {
            let copies = plan.n_members(ShardId(s as u16)) as u8;
            let configured = copies;
            Told { copies, configured, readers: copies, phase: None, cause: Cause::Node }
        });
    }

    /// A node.
    #[inline]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.config.nodes[id.idx()]
    }

    /// A node, to be changed by a rule.
    #[inline]
    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.config.nodes[id.idx()]
    }

    /// A shard.
    #[inline]
    pub fn shard(&self, id: ShardId) -> &Shard {
        &self.config.shards[id.idx()]
    }

    /// A shard, to be changed by a rule.
    #[inline]
    pub(super) fn shard_mut(&mut self, id: ShardId) -> &mut Shard {
        &mut self.config.shards[id.idx()]
    }

    /// A group.
    #[inline]
    pub fn group(&self, id: GroupId) -> &Group {
        &self.config.groups[id.idx()]
    }

    /// A group, to be changed by a rule.
    #[inline]
    pub(super) fn group_mut(&mut self, id: GroupId) -> &mut Group {
        &mut self.config.groups[id.idx()]
    }

    /// A shard's books.
    #[inline]
    pub fn books(&self, id: ShardId) -> &ShardLedger {
        &self.ledger.shards[id.idx()]
    }

    /// A shard's books, to be changed by a rule.
    #[inline]
    pub(super) fn books_mut(&mut self, id: ShardId) -> &mut ShardLedger {
        &mut self.ledger.shards[id.idx()]
    }

    /// Whether the node answers.
    #[inline]
    pub fn answers(&self, node: NodeId) -> bool {
        let node = self.node(node);
        node.process == Process::Running && node.reach == Reach::Connected
    }

    /// Whether the node cannot be reached and its shard has gone on without it: what it holds is no
    /// copy of the shard's data any more.
    pub fn is_superseded(&self, node: NodeId, shard: ShardId) -> bool {
        self.node(node).reach != Reach::Connected
            && self.ledger.copies[node.idx()].history != self.books(shard).history
    }

    /// Whether a message from one node reaches the other; every rule that crosses a link asks
    /// this.
    #[inline]
    pub fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        self.answers(from) && self.answers(to)
    }

    /// Whether the primaries of the group refuse writes for want of a majority.
    #[inline]
    pub fn refuses(&self, group: GroupId) -> bool {
        self.group(group).quorum.refuses()
    }

    /// Whether the shard has a primary; with a majority of its peers it accepts writes.
    #[inline]
    pub fn serves(&self, shard: ShardId) -> bool {
        self.shard(shard).serving == Serving::Yes
    }
}

pub(super) fn refill<T>(values: &mut Vec<T>, len: usize, value: impl FnMut(usize) -> T) {
    values.clear();
    values.extend((0..len).map(value));
}

fn fresh_shard(plan: &Plan, shard: usize) -> Shard {
    let primary = NodeId(plan.shards[shard].nodes.start);
    Shard {
        primary,
        serving: Serving::Yes,
        endpoint: primary,
        window: Window::Closed,
        failover: Failover::Idle,
        dataset: Dataset::Held,
        watch: Watch::Calm,
    }
}

fn fresh_group(plan: &Plan, group: usize) -> Group {
    let group = &plan.groups[group];
    let shards = group.shards.clone().map(ShardId);
    let replicas = shards.map(|shard| plan.n_members(shard) - 1).max().unwrap_or(0);
    Group {
        automatic_failover: match group.automatic_failover {
            Switch::On => AutomaticFailover::Enabled,
            Switch::Off => AutomaticFailover::Disabled,
        },
        multi_az: group.multi_az,
        replicas: replicas as u8,
        workflow: Workflow::Idle,
        pending: Changes::NONE,
        pending_update: None,
        testing: None,
        hindered_permille: 0,
        snapshot_retention: group.backups.retention_days,
        snapshotting_node: group.backups.node,
        backup: None,
        append_only_file: group.append_only_file,
        voters: group.shards.len() as u16,
        quorum: Quorum::Held,
    }
}

fn fresh_node(plan: &Plan, node: usize) -> Node {
    let primary = NodeId(plan.shards[plan.nodes[node].shard.idx()].nodes.start);
    let (process, data, is_member) = match plan.nodes[node].membership {
        Membership::Member => (Process::Running, Data::Complete, true),
        Membership::Absent => (Process::Absent, Data::Empty, false),
    };
    let follows = is_member && primary.idx() != node;
    Node {
        process,
        reach: Reach::Connected,
        data,
        upstream: follows.then_some(primary),
        belief: Belief::Up,
        replacement: Replacement::Idle,
        recovery: Recovery::Settled,
        update: Update::UpToDate,
    }
}

fn fresh_books(origin: Copy) -> ShardLedger {
    ShardLedger {
        settled: SimTime::START,
        accepting: true,
        stopped: SimTime::START,
        kept: 0,
        astray: 0,
        taken_beside: 0,
        taken_for: Span::ZERO,
        acknowledged: 0,
        rejected: 0,
        lost: 0,
        dataset_lost: 0,
        archived: 0,
        history: HistoryId(0),
        branch: origin,
        offset: 0,
        original: true,
    }
}

impl ShardLedger {
    /// Counts the writes offered since the last call, at `writes_per_sec`.
    #[inline]
    pub fn settle(&mut self, now: SimTime, writes_per_sec: u64) {
        let span: Span = now.since(self.settled);
        let during = |rate: u64| NanoWrites::from(rate) * NanoWrites::from(span.as_nanos());
        let writes = during(writes_per_sec - self.kept - self.astray);
        if self.kept + self.astray > 0 {
            let (kept, astray) = (during(self.kept), during(self.astray));
            self.acknowledged += kept + astray;
            self.offset += kept;
            self.taken_beside += kept;
            if self.kept > 0 {
                self.taken_for = self.taken_for.plus(span);
            }
            self.lost += astray;
        }
        if self.accepting {
            self.acknowledged += writes;
            self.offset += writes;
        } else {
            self.rejected += writes;
        }
        self.settled = now;
    }
}
