//! [`State`]: all that changes during a trial.
//!
//! Three parts with three natures, and what observers were last told. [`Config`] is what a Markov
//! chain would call the state: small enums, comparable and hashable. [`Clocks`] count the draws
//! already used, so that the next one has an address, and keep the lives under way. [`Ledger`]
//! holds amounts: whole nano-writes, exact to the last digit.

/// [`Clone`] for a struct of all these fields, by which a copy is made in the memory of an older
/// one: derived, `clone_from` would allocate anew.
macro_rules! clone_in_place {
    ($of:ident { $($field:ident),* $(,)? }) => {
        impl Clone for $of {
            fn clone(&self) -> Self {
                $of { $($field: self.$field.clone()),* }
            }

            fn clone_from(&mut self, other: &Self) {
                $(self.$field.clone_from(&other.$field);)*
            }
        }
    };
}
pub(super) use clone_in_place;

mod clocks;
mod config;
mod ledger;
mod migration;

use crate::engine::time::{SimTime, Span};
use crate::model::archive::Archive;
use crate::model::fact::{Cause, Phase};
use crate::model::plan::{Changes, GroupId, Membership, NodeId, Plan, ShardId, Switch};

pub use clocks::*;
pub use config::*;
pub use ledger::*;
pub use migration::*;

/// Everything that changes during a trial.
#[derive(PartialEq, Eq, Debug)]
pub struct State {
    /// Who is up, who holds what, who believes what.
    pub config: Config,
    /// How many draws each entity has used.
    pub clocks: Clocks,
    /// Writes, offsets and histories.
    pub ledger: Ledger,
    /// Snapshots, and the restores from them.
    pub archive: Archive,
    /// The online migration, its links and its clients.
    pub migration: Migration,
    /// What observers were last told of each shard, so that they are told of changes only.
    pub told: Vec<Told>,
}

clone_in_place!(State { config, clocks, ledger, archive, migration, told });

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
    /// What struck a replica last, or took the role of primary from a node.
    pub struck: Cause,
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
                n_due: 0,
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
            ledger: Ledger {
                shards: Vec::new(),
                copies: Vec::new(),
                missed: Vec::new(),
                beside: Vec::new(),
            },
            archive: Archive::default(),
            migration: Migration::NONE,
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
        self.clocks.n_due = 0;
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
        refill(&mut self.ledger.missed, n_nodes, |_| 0);
        refill(&mut self.ledger.beside, n_nodes, |_| Beside::NOTHING);
        refill(&mut self.ledger.shards, n_shards, |s| {
            let shard = ShardId(s as u16);
            let failing = plan.failing(shard, plan.n_replicas(shard));
            let books = fresh_books(origin, failing, Offer::at_start(plan, shard));
            // What is migrated into the target of a migration is not there yet.
            ShardLedger { original: plan.link_into(shard).is_none(), ..books }
        });
        self.archive.restart(plan);
        self.migration.restart(plan);
        refill(&mut self.told, n_shards, |s| {
            let copies = plan.n_members(ShardId(s as u16)) as u8;
            let configured = copies;
            let cause = Cause::Node;
            Told { copies, configured, readers: copies, phase: None, cause, struck: cause }
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
        node.process == Process::Running && node.reach.is_open()
    }

    /// Whether clients can read from the node: it answers with a complete copy, and is no primary
    /// that keeps its data for a new node and serves nobody meanwhile (MZ-10).
    pub fn can_be_read(&self, node: NodeId, shard: ShardId) -> bool {
        let Shard { primary, failover, .. } = *self.shard(shard);
        let is_recreated = matches!(failover, Failover::Recreating | Failover::Refilling);
        self.answers(node)
            && self.node(node).data == Data::Complete
            && !(node == primary && is_recreated)
    }

    /// Whether the node cannot be reached and its shard has gone on without it: what it holds is no
    /// copy of the shard's data any more.
    pub fn is_superseded(&self, node: NodeId, shard: ShardId) -> bool {
        !self.node(node).reach.is_open()
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

    /// Whether the shard's primary, if it serves, takes no writes for now, since it was cut off and
    /// in a minority.
    #[inline]
    pub fn rejoins(&self, shard: ShardId) -> bool {
        self.node(self.shard(shard).primary).reach == Reach::Rejoining
    }

    /// Whether the node copies from `primary`, directly or through others.
    pub fn follows(&self, node: NodeId, primary: NodeId) -> bool {
        let mut at = node;
        while let Some(upstream) = self.node(at).upstream {
            if upstream == primary {
                return true;
            }
            at = upstream;
        }
        false
    }

    /// Whether the node copies from the replica that the plan chains it to. Once that one is
    /// primary, the node is a replica like any other.
    #[inline]
    pub fn is_chained(&self, plan: &Plan, node: NodeId) -> bool {
        let of_plan = &plan.nodes[node.idx()];
        let upstream = self.node(node).upstream;
        of_plan.chained_to.is_some()
            && upstream == of_plan.chained_to
            && upstream != Some(self.shard(of_plan.shard).primary)
    }

    /// Writes that only the target's shard of a migration has, so that a roll-back would lose them.
    pub fn price_of_return(&self, plan: &Plan, link: usize) -> NanoWrites {
        let (target, source) = plan.pair(link);
        let of_target = self.books(target).offset + self.books(target).archived;
        let link = &self.migration.links[link];
        of_target - link.common_since().min(self.books(source).offset).min(of_target)
    }

    /// How far the node's copy goes by its own account, once its primary is lost: in a shard that
    /// follows the source of a migration, of what came over the link as well.
    pub fn reported_offset(&self, plan: &Plan, node: NodeId) -> NanoWrites {
        let own = self.ledger.copies[node.idx()].offset;
        let link = plan.link_into(plan.nodes[node.idx()].shard);
        match link.map(|link| &self.migration.links[link]).filter(|link| link.follows()) {
            Some(link) => own + link.copy.offset.saturating_sub(self.ledger.missed[node.idx()]),
            None => own,
        }
    }

    /// Whether the shard's primary hears the node, and the node has all that it says.
    pub fn is_linked(&self, node: NodeId, shard: ShardId) -> bool {
        let (primary, state) = (self.shard(shard).primary, self.node(node));
        let follows = state.upstream == Some(primary) && state.data == Data::Complete;
        follows && self.reaches(primary, node)
    }

    /// How many good replicas the shard's primary has, as far as it knows.
    pub fn n_good_replicas(&self, plan: &Plan, shard: ShardId) -> u8 {
        let is_good = |node: &NodeId| {
            let counts = self.clocks.nodes[node.idx()].counts_until.is_some();
            counts || self.is_linked(*node, shard)
        };
        plan.shards[shard.idx()].node_ids().filter(is_good).count() as u8
    }

    /// Whether these are as many as writes ask for.
    #[inline]
    pub fn has_good_replicas(&self, plan: &Plan, shard: ShardId) -> bool {
        let needed = plan.replication.min_replicas;
        needed == 0 || self.n_good_replicas(plan, shard) >= needed
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
        good: GoodReplicas::Enough,
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
        region: Region::Home,
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
        upstream: plan.nodes[node].chained_to.or(Some(primary)).filter(|_| follows),
        belief: Belief::Up,
        replacement: Replacement::Idle,
        recovery: Recovery::Settled,
        update: Update::UpToDate,
    }
}

fn fresh_books(origin: Copy, failing: u64, offer: Offer) -> ShardLedger {
    ShardLedger {
        settled: SimTime::START,
        offer,
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
        inherited: 0,
        history: HistoryId(0),
        branch: origin,
        offset: 0,
        elsewhere: 0,
        original: true,
        failing,
        unconfirmed: Stretch::NOTHING,
    }
}
