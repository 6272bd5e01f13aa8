//! What `INFO replication` says on each node at an instant of a trial (OM-11), and what the
//! operator of a migration looks at beside it: the health of the links, the source's output
//! buffers, and what a way back would cost.
//!
//! Offsets are bytes since the start of the trial. What is on its way over a migration's link is in
//! the source's offset and not in its target's, whose delay is drawn when it begins to follow.
//! Within a shard nothing is on its way, since such delays are drawn only when the primary is lost.
//! Hosts have the addresses that the scenario gives them, or the names of their nodes.

use std::fmt::Write as _;

use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::link::NANO;
use crate::model::plan::{MigrationPlan, NodeId, Plan, ShardId};
use crate::model::state::{Data, Link, LinkHeld, LinkStage, NanoWrites, Side, State, WRITE};
use crate::report::endpoint_names::listens;
use crate::report::numbers::writes;
use crate::report::words::Words;

/// INFO of all nodes as they are in `state` at `now`, and the lines of the migration, if the plan
/// has one.
pub fn text(plan: &Plan, state: &State, now: SimTime) -> String {
    let view = View { plan, state, now };
    let mut text = String::new();
    for group in plan.group_ids() {
        for shard in plan.groups[group.idx()].shards.clone().map(ShardId) {
            for node in plan.shards[shard.idx()].node_ids() {
                view.node(shard, node, &mut text);
                text.push('\n');
            }
        }
    }
    match &plan.migration {
        Some(migration) => view.migration(migration, &mut text),
        None => {
            text.pop();
        }
    }
    text
}

#[derive(Clone, Copy)]
struct View<'a> {
    plan: &'a Plan,
    state: &'a State,
    now: SimTime,
}

/// What a replica has of its master.
struct Following {
    master: NodeId,
    /// `master_link_status`.
    link: &'static str,
    /// `master_sync_in_progress`.
    syncs: u8,
}

impl View<'_> {
    fn name(&self, node: NodeId) -> &str {
        &self.plan.nodes[node.idx()].name
    }

    fn bytes(&self, amount: NanoWrites) -> u128 {
        amount * u128::from(self.plan.workload.write_bytes) / WRITE
    }

    /// The link by which the shard follows the source of a migration, if it does.
    fn link(&self, shard: ShardId) -> Option<&Link> {
        let link = &self.state.migration.links[self.plan.link_into(shard)?];
        link.follows().then_some(link)
    }

    fn node(&self, shard: ShardId, node: NodeId, text: &mut String) {
        let words = Words::new(self.plan);
        let _ = writeln!(text, "# {}, {}", self.name(node), words.shard(shard));
        if !self.state.answers(node) {
            text.push_str("no answer\n");
            return;
        }
        let offset = self.bytes(self.offset(shard, node));
        match self.following(shard, node) {
            None => text.push_str("role:master\n"),
            Some(Following { master, link, syncs }) => {
                let (host, port) = listens(self.plan, master);
                let _ = write!(
                    text,
                    "role:slave\nmaster_host:{host}\nmaster_port:{port}\n\
                     master_link_status:{link}\nmaster_sync_in_progress:{syncs}\n\
                     slave_repl_offset:{offset}\n"
                );
            }
        }
        let replicas: Vec<NodeId> = self.replicas(node).collect();
        let _ = writeln!(text, "connected_slaves:{}", replicas.len());
        for (n, replica) in replicas.into_iter().enumerate() {
            let (ip, port) = listens(self.plan, replica);
            let _ = writeln!(
                text,
                "slave{n}:ip={ip},port={port},state={},offset={},lag={}",
                self.state_of(replica),
                self.bytes(self.offset(self.plan.nodes[replica.idx()].shard, replica)),
                self.lag_of(replica).as_nanos() / NANOS_PER_SEC,
            );
        }
        let _ = writeln!(text, "master_repl_offset:{offset}");
    }

    /// What the node is a replica of; `None` for a master.
    fn following(&self, shard: ShardId, node: NodeId) -> Option<Following> {
        let (primary, state) = (self.state.shard(shard).primary, self.state.node(node));
        let word = |is_up| if is_up { "up" } else { "down" };
        if node != primary {
            let master = state.upstream.unwrap_or(primary);
            let is_linked = state.upstream.is_some() && self.state.reaches(master, node);
            let is_up = is_linked && state.data == Data::Complete;
            let syncs = u8::from(is_linked && state.data == Data::Syncing);
            return Some(Following { master, link: word(is_up), syncs });
        }
        let link = self.link(shard)?;
        let syncs = match link.stage {
            LinkStage::Saving | LinkStage::Sending | LinkStage::Loading => 1,
            LinkStage::Off | LinkStage::Down | LinkStage::Streaming => 0,
        };
        let is_up = link.stage == LinkStage::Streaming;
        Some(Following { master: link.upstream, link: word(is_up), syncs })
    }

    /// How far the node is in the history that it holds.
    fn offset(&self, shard: ShardId, node: NodeId) -> NanoWrites {
        let state = self.state.node(node);
        match state.data {
            Data::Empty | Data::Syncing | Data::Logged => return 0,
            Data::Complete => {}
        }
        let primary = self.state.shard(shard).primary;
        let is_fed = node == primary || state.upstream.is_some();
        match is_fed && self.state.serves(shard) {
            true => self.offset_of_primary(shard),
            false => self.state.ledger.copies[node.idx()].offset,
        }
    }

    /// How far the primary of a shard is: one that follows the source of a migration has all that
    /// does not wait for it.
    fn offset_of_primary(&self, shard: ShardId) -> NanoWrites {
        let own = self.state.books(shard).offset;
        let (Some(link), Some(n)) = (self.link(shard), self.plan.link_into(shard)) else {
            return own;
        };
        let source = self.state.books(self.plan.pair(n).1).offset;
        match (link.held, link.stage) {
            (LinkHeld::Own | LinkHeld::Nothing, _) => own,
            (LinkHeld::Migrated, LinkStage::Streaming) => {
                source.saturating_sub(self.waiting(link) + self.on_its_way(n)).max(link.floor)
            }
            (
                LinkHeld::Migrated,
                LinkStage::Off
                | LinkStage::Down
                | LinkStage::Saving
                | LinkStage::Sending
                | LinkStage::Loading,
            ) => link.copy.offset,
        }
    }

    /// Writes that wait in the source for a link's target; one that was sent in part waits.
    fn waiting(&self, link: &Link) -> NanoWrites {
        let bytes = NanoWrites::from(self.plan.workload.write_bytes);
        link.trail.behind_at(self.now).div_ceil(bytes)
    }

    /// Writes that the source sent to the target of a link that streams within the link's lag: they
    /// did not arrive yet.
    fn on_its_way(&self, link: usize) -> NanoWrites {
        let books = self.state.books(self.plan.pair(link).1);
        let until = if books.accepting { self.now } else { books.stopped };
        let from = self.now.before(self.state.migration.links[link].trails());
        let taken_in = |per_sec: u64, span: Span| {
            NanoWrites::from(per_sec) * NanoWrites::from(span.as_nanos())
        };
        // What WAIT does not confirm is in no history.
        let unconfirmed = if from < until { taken_in(books.failing, until.since(from)) } else { 0 };
        let taken = books.offer.sent_between(from, until).saturating_sub(unconfirmed);
        taken.min(books.offset - books.branch.offset)
    }

    /// How long ago a replica was what its offset says, as its master hears.
    fn lag_of(&self, replica: NodeId) -> Span {
        match self.link_of(replica).map(|link| (link.stage, link.trails())) {
            Some((LinkStage::Streaming, lag)) => lag,
            Some((
                LinkStage::Off
                | LinkStage::Down
                | LinkStage::Saving
                | LinkStage::Sending
                | LinkStage::Loading,
                _,
            ))
            | None => Span::ZERO,
        }
    }

    /// The link by which the node follows the source of a migration, if it does.
    fn link_of(&self, node: NodeId) -> Option<&Link> {
        let shard = self.plan.nodes[node.idx()].shard;
        self.link(shard).filter(|_| self.state.shard(shard).primary == node)
    }

    /// Those that the node feeds.
    fn replicas(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let is_fed = move |replica: &NodeId| {
            self.state.node(*replica).upstream == Some(node) && self.state.reaches(node, *replica)
        };
        self.plan.node_ids().filter(is_fed)
    }

    /// `state` of a replica, as its master has it: online as soon as everything is sent.
    fn state_of(&self, replica: NodeId) -> &'static str {
        match self.link_of(replica).map(|link| link.stage) {
            Some(LinkStage::Saving) => "wait_bgsave",
            Some(LinkStage::Sending) => "send_bulk",
            Some(LinkStage::Off | LinkStage::Down | LinkStage::Loading | LinkStage::Streaming) => {
                "online"
            }
            None => match self.state.node(replica).data {
                Data::Complete => "online",
                Data::Empty | Data::Syncing | Data::Logged => "send_bulk",
            },
        }
    }

    /// What the operator of the migration looks at.
    fn migration(&self, migration: &MigrationPlan, text: &mut String) {
        let (words, state) = (Words::new(self.plan), self.state);
        let status = state.group(migration.target).status().name();
        let _ = writeln!(
            text,
            "# migration from {} to {}\nStatus: {status}",
            words.group(migration.source),
            words.group(migration.target)
        );
        for (n, link) in state.migration.links.iter().enumerate() {
            let (target, source) = self.plan.pair(n);
            let target = words.shard(target);
            let health = u8::from(link.is_caught_up(self.now));
            let _ = writeln!(text, "{target}: Primary Link Health Status {health}");
            if link.is_connected() {
                let omem = link.trail.behind_at(self.now) / NANO;
                let upstream = self.name(link.upstream);
                let _ = writeln!(text, "{target}: CLIENT LIST on {upstream}: omem={omem}");
            }
            let _ = writeln!(text, "{target}: {}", self.price(n, source));
        }
    }

    /// What rolling back at this instant would lose of a shard.
    fn price(&self, link: usize, source: ShardId) -> String {
        let (target, _) = self.plan.pair(link);
        let (theirs, of_source) =
            (self.state.books(target).offset, self.state.books(source).offset);
        let common = match self.state.migration.truth {
            Side::Source => 0,
            Side::Target => self.state.migration.links[link].shared.min(of_source).min(theirs),
        };
        match theirs - common {
            0 => "rolling back loses nothing".to_owned(),
            amount => format!("rolling back loses {} writes", writes(amount)),
        }
    }
}
