//! Faults: what the scenario schedules, and what chance brings.
//!
//! A random process draws a life as an Exp(1) budget spent at its law's hazard. A node's life
//! begins with its replacement and pauses while the rules say that it cannot fail; an AZ's runs
//! only while the AZ is up, whatever took it down; a group's always runs.
//! A scheduled fault may leave its moment and its victim to chance: both are decided once a trial,
//! and a victim that is down already is missed like one that was named.
//! One fault is one event, however many nodes it takes: each shard then sees it once.

use crate::engine::time::Span;
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Observer, Target};
use crate::model::plan::{
    AzId, GroupId, NodeId, RebootBy, ReplacementAz, ScriptedFault, ShardId, Share,
};
use crate::model::state::{Az, Life, Process, Replacement};
use crate::model::{Event, Step};

/// For how long after an AZ event replacements may take longer.
const SLOW_AFTER_AZ_EVENT: Span = Span::from_secs(2 * 3600);

/// An AZ failure about to strike.
struct AzFault {
    az: AzId,
    duration: Span,
    share: Share,
    /// Address of the draws that decide which nodes are hit.
    address: u32,
    n: u32,
}

impl<O: Observer> Step<'_, O> {
    /// A scheduled fault strikes.
    pub(super) fn fault_due(&mut self, fault: &ScriptedFault, address: u32) {
        match fault {
            ScriptedFault::FailPrimary(shard) => {
                let shard = self.victim_shard(shard, address, 0);
                self.fail_primary(shard);
            }
            ScriptedFault::FailNode(node) => self.fail_node(self.victim_node(node, address)),
            ScriptedFault::CrashNode { node, restart_after } => {
                let node = self.victim_node(node, address);
                let gone = self.restart_time(restart_after, node, address);
                self.stop_process(node, Process::Crashed, Cause::Crash, gone);
            }
            ScriptedFault::FailReplicas { shard, count } => {
                let shard = self.victim_shard(shard, address, *count);
                self.fail_replicas(shard, *count);
            }
            ScriptedFault::FailAz { az, duration, share } => {
                let az = self.victim_az(az, address);
                let duration = self.az_outage(duration, az, address, 0);
                self.az_fails(&AzFault { az, duration, share: *share, address, n: 0 });
            }
            ScriptedFault::IsolateNode { node, duration, writers_beside } => {
                let node = self.victim_node(node, address);
                let duration = self.isolation_time(duration, node, address);
                self.isolate(node, duration, *writers_beside);
            }
            ScriptedFault::IsolatePrimary { shard, duration, writers_beside } => {
                let shard = self.victim_shard(shard, address, 0);
                let duration = self.primary_isolation_time(duration, shard, address);
                self.isolate(self.state.shard(shard).primary, duration, *writers_beside);
            }
            ScriptedFault::CutMigrationLink { duration } => {
                let duration = self.cut_time(duration, address);
                let (cause, target) = (Cause::Migration, Target::MigrationLink);
                self.note(Fact::FaultStruck { cause, target });
                self.cut_migration_link(duration);
            }
            ScriptedFault::FailGroup(group) => self.group_fails(*group),
            ScriptedFault::RebootNode { node, by } => {
                self.reboot(self.victim_node(node, address), *by);
            }
        }
    }

    fn fail_primary(&mut self, shard: ShardId) {
        let (cause, target) = (Cause::Node, Target::Primary(shard));
        if !self.state.serves(shard) {
            self.note(Fact::FaultMissed { cause, target });
            return;
        }
        let primary = self.state.shard(shard).primary;
        self.note(Fact::FaultStruck { cause, target });
        self.strike(shard, Process::Lost, cause, |_, node| node == primary);
    }

    fn fail_node(&mut self, victim: NodeId) {
        let (cause, target) = (Cause::Node, Target::Node(victim));
        if self.state.node(victim).is_gone() {
            self.note(Fact::FaultMissed { cause, target });
            return;
        }
        let shard = self.plan.nodes[victim.idx()].shard;
        self.note(Fact::FaultStruck { cause, target });
        self.strike(shard, Process::Lost, cause, |_, node| node == victim);
    }

    fn fail_replicas(&mut self, shard: ShardId, count: u8) {
        let (cause, target) = (Cause::Replicas, Target::Replicas(shard));
        let primary = self.state.shard(shard).primary;
        let mut replicas = self.plan.shards[shard.idx()].node_ids().filter(|n| *n != primary);
        if replicas.all(|node| self.state.node(node).is_gone()) {
            self.note(Fact::FaultMissed { cause, target });
            return;
        }
        self.note(Fact::FaultStruck { cause, target });
        let mut left = count;
        self.strike(shard, Process::Lost, cause, |_, node| {
            let hit = node != primary && left > 0;
            left -= u8::from(hit);
            hit
        });
    }

    pub(super) fn reboot(&mut self, node: NodeId, by: RebootBy) {
        let n = self.state.clocks.nodes[node.idx()].reboots;
        self.state.clocks.nodes[node.idx()].reboots += 1;
        let gone = self.node_time(&self.plan.timing.reboot, node, Purpose::Reboot, n);
        let cause = match by {
            RebootBy::Customer => Cause::CustomerReboot,
            RebootBy::Service => Cause::ServiceReboot,
        };
        self.stop_process(node, Process::Rebooting(by), cause, gone);
    }

    /// A process stops and will answer again, empty, after `gone`.
    pub(super) fn stop_process(
        &mut self,
        victim: NodeId,
        process: Process,
        cause: Cause,
        gone: Span,
    ) {
        let target = Target::Node(victim);
        if !self.state.answers(victim) {
            self.note(Fact::FaultMissed { cause, target });
            return;
        }
        self.note(Fact::FaultStruck { cause, target });
        let shard = self.plan.nodes[victim.idx()].shard;
        self.strike(shard, process, cause, |_, node| node == victim);
        let slot = self.slots.service(victim);
        self.queue.schedule(slot, self.now + gone, Event::ProcessReturns(victim));
    }

    /// A random host loss.
    pub(super) fn node_life_ends(&mut self, line: u16, node: NodeId) {
        let idx = self.plan.node_clock(line, node);
        self.state.clocks.node_lives[idx].life = Life::Ended;
        self.fail_node(node);
    }

    /// A random AZ failure.
    pub(super) fn az_life_ends(&mut self, line: u16, az: AzId) {
        let failures = &self.plan.az_failures[usize::from(line)];
        let clock = &mut self.state.clocks.az_lives[self.plan.az_clock(line, az)];
        clock.life = Life::Ended;
        let n = clock.drawn;
        let duration = self.az_outage(&failures.duration, az, failures.address, n);
        let (share, address) = (failures.share, failures.address);
        self.az_fails(&AzFault { az, duration, share, address, n });
    }

    /// A random failure of a whole group.
    pub(super) fn group_life_ends(&mut self, line: u16, group: GroupId) {
        self.start_group_life(line, group);
        self.group_fails(group);
    }

    fn group_fails(&mut self, group: GroupId) {
        let cause = Cause::Group;
        self.note(Fact::FaultStruck { cause, target: Target::Group(group) });
        for shard in self.shards_of(group) {
            self.strike(shard, Process::Lost, cause, |_, _| true);
        }
    }

    /// An AZ fails: its nodes, or a share of them, are lost in one event. If it is down already,
    /// the outage lasts until the later of the two ends.
    fn az_fails(&mut self, fault: &AzFault) {
        let (az, cause) = (fault.az, Cause::Az);
        self.note(Fact::FaultStruck { cause, target: Target::Az(az) });
        if self.state.config.azs[az.idx()] == Az::Up {
            self.state.config.azs[az.idx()] = Az::Down;
            self.note(Fact::AzDown { az });
            self.pause_az_lives(az);
        }
        let slot = self.slots.az_return(az);
        let until = self.now + fault.duration;
        let until = self.queue.pending(slot).map_or(until, |pending| pending.max(until));
        self.queue.schedule(slot, until, Event::AzReturns(az));

        let share = self.az_share(fault.share, az, fault.address, fault.n);
        let plan = self.plan;
        let nodes = &plan.azs[az.idx()].nodes;
        let same_shard =
            |a: &NodeId, b: &NodeId| plan.nodes[a.idx()].shard == plan.nodes[b.idx()].shard;
        for of_shard in nodes.chunk_by(same_shard) {
            self.az_takes_shard(of_shard, share, fault);
        }
    }

    /// What an AZ failure does to the nodes of one shard in it.
    fn az_takes_shard(&mut self, nodes: &[NodeId], share: f64, fault: &AzFault) {
        let shard = self.plan.nodes[nodes[0].idx()].shard;
        if !self.is_home(self.plan.shards[shard.idx()].group) {
            return;
        }
        for &node in nodes {
            self.replacement_loses_az(node);
        }
        let struck = self.strike(shard, Process::Lost, Cause::Az, |step, node| {
            let inside = step.plan.nodes[node.idx()].az == fault.az;
            inside && step.az_hits(node, share, fault.address, fault.n)
        });
        if !struck {
            self.tell_changes(shard);
        }
    }

    /// A replacement under way in an AZ that fails starts over when the AZ is back.
    fn replacement_loses_az(&mut self, node: NodeId) {
        let provisioning = self.state.node(node).replacement == Replacement::Provisioning;
        if provisioning && self.plan.rules.replacement_az == ReplacementAz::Waits {
            self.queue.clear(self.slots.service(node));
            self.state.node_mut(node).replacement = Replacement::WaitingForAz;
            self.note(Fact::ReplacementWaits { node });
        }
    }

    /// The AZ is up: its clocks start anew, and what waited for it goes on.
    pub(super) fn az_returns(&mut self, az: AzId) {
        self.state.config.azs[az.idx()] = Az::Up;
        self.note(Fact::AzUp { az });
        self.state.clocks.slow_until = self.now + SLOW_AFTER_AZ_EVENT;
        self.start_az_lives(az);
        let plan = self.plan;
        for &node in &plan.azs[az.idx()].nodes {
            self.repair(node);
            self.tell_changes(plan.nodes[node.idx()].shard);
        }
        self.restores_go_on();
    }

    /// A node can fail from now on: its paused lives go on, and where there is none the next is
    /// drawn, for every process of node failures.
    pub(super) fn start_node_lives(&mut self, node: NodeId) {
        for (line, failures) in self.plan.node_failures.iter().enumerate() {
            let line = line as u16;
            let idx = self.plan.node_clock(line, node);
            let mut clock = self.state.clocks.node_lives[idx];
            let left = clock.start(|n| self.node_life(&failures.life, node, failures.address, n));
            self.state.clocks.node_lives[idx] = clock;
            if let Some(left) = left {
                let slot = self.slots.node_life(line, node);
                self.queue.schedule(slot, self.now + left, Event::NodeFails { line, node });
            }
        }
    }

    /// A node cannot fail for now; what is left of its lives is kept.
    pub(super) fn pause_node_lives(&mut self, node: NodeId) {
        for line in 0..self.plan.node_failures.len() as u16 {
            let idx = self.plan.node_clock(line, node);
            let slot = self.slots.node_life(line, node);
            let ends = self.queue.pending(slot);
            self.state.clocks.node_lives[idx].pause(self.now, ends);
            self.queue.clear(slot);
        }
    }

    /// A node's host is gone, and its lives with it.
    pub(super) fn end_node_lives(&mut self, node: NodeId) {
        for line in 0..self.plan.node_failures.len() as u16 {
            let idx = self.plan.node_clock(line, node);
            self.state.clocks.node_lives[idx].life = Life::Ended;
            self.queue.clear(self.slots.node_life(line, node));
        }
    }

    /// The AZ is up: its paused lives go on, and where there is none the next is drawn, for every
    /// process of AZ failures.
    pub(super) fn start_az_lives(&mut self, az: AzId) {
        for (line, failures) in self.plan.az_failures.iter().enumerate() {
            let line = line as u16;
            let idx = self.plan.az_clock(line, az);
            let mut clock = self.state.clocks.az_lives[idx];
            let left = clock.start(|n| self.az_life(&failures.life, az, failures.address, n));
            self.state.clocks.az_lives[idx] = clock;
            if let Some(left) = left {
                let slot = self.slots.az_life(line, az);
                self.queue.schedule(slot, self.now + left, Event::AzFails { line, az });
            }
        }
    }

    /// The AZ is down: its lives stop until it is up again.
    fn pause_az_lives(&mut self, az: AzId) {
        for line in 0..self.plan.az_failures.len() as u16 {
            let idx = self.plan.az_clock(line, az);
            let slot = self.slots.az_life(line, az);
            let ends = self.queue.pending(slot);
            self.state.clocks.az_lives[idx].pause(self.now, ends);
            self.queue.clear(slot);
        }
    }

    /// Draws the next time to failure of a group for every process of group failures.
    pub(super) fn start_group_lives(&mut self, group: GroupId) {
        for line in 0..self.plan.group_failures.len() as u16 {
            self.start_group_life(line, group);
        }
    }

    fn start_group_life(&mut self, line: u16, group: GroupId) {
        let failures = &self.plan.group_failures[usize::from(line)];
        if failures.group.is_some_and(|only| only != group) {
            return;
        }
        let idx = usize::from(line) * self.plan.groups.len() + group.idx();
        let n = self.state.clocks.group_lives[idx];
        self.state.clocks.group_lives[idx] += 1;
        let life = self.group_life(&failures.life, group, failures.address, n);
        let slot = self.slots.group_life(line, group);
        self.queue.schedule(slot, self.now + life, Event::GroupFails { line, group });
    }
}
