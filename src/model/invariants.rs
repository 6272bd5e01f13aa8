//! What is true between any two events, as assertions. Debug builds check it after every event;
//! random scenarios are thrown at it in the test suite.

use crate::engine::queue::EventQueue;
use crate::engine::time::SimTime;
use crate::model::Event;
use crate::model::follow::condition;
use crate::model::persistence::Durability;
use crate::model::plan::{
    Detector, GroupId, Minority, NodeId, Plan, ReplacementAz, ShardId, Slots,
};
use crate::model::state::{
    Az, Data, Dataset, Failover, GoodReplicas, Life, LinkStage, NanoWrites, NextMove, Operator,
    Process, Quorum, Reach, Region, Replacement, Serving, Side, Stage, State, Voice, Watch, Window,
    Workflow,
};

/// A trial between two events.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What it runs.
    pub plan: &'a Plan,
    /// Where its events are pending.
    pub slots: &'a Slots,
    /// All that has changed since its start.
    pub state: &'a State,
    /// What is pending.
    pub queue: &'a EventQueue<Event>,
    /// The present.
    pub now: SimTime,
}

/// Panics with the sentence that is not true.
pub fn check(view: View) {
    for shard in view.plan.shard_ids() {
        check_books(view, shard);
        check_shard(view, shard);
    }
    for link in 0..view.state.migration.links.len() {
        check_link(view, link);
        check_stage(view, link);
    }
    check_clients(view);
    for group in view.plan.group_ids() {
        check_group(view, group);
    }
    for node in view.plan.node_ids() {
        check_node(view, node);
    }
}

fn check_books(View { plan, state, now, .. }: View, shard: ShardId) {
    let books = &state.ledger.shards[shard.idx()];
    assert!(books.settled <= now, "books are not settled in the future");
    if plan.link_at(shard).is_none() {
        // Where clients move, `check_link` counts those of both sides together.
        let rate = NanoWrites::from(plan.shards[shard.idx()].writes_per_sec);
        let offered = rate * NanoWrites::from(books.settled.as_nanos());
        assert!(
            offered == books.acknowledged + books.rejected,
            "every offered write is acknowledged or rejected"
        );
    }
    assert!(
        books.acknowledged + books.inherited
            == books.offset + books.archived + books.lost + books.dataset_lost,
        "every acknowledged write is retained or lost"
    );
    assert!(books.unconfirmed.to <= books.offset, "only what was written waits");
    assert!(books.branch.offset <= books.offset, "a history does not end before it begins");
}

fn check_clients(View { plan, slots, state, queue, .. }: View) {
    for (n, cohort) in state.migration.cohorts.iter().enumerate() {
        let pending = queue.pending(slots.cohort(plan, n as u16)).is_some();
        let is_due = cohort.next != NextMove::Stays;
        assert!(is_due || !pending, "a cohort that stays has nothing to do");
        if cohort.voice == Voice::Travelling {
            let arrives = matches!(cohort.next, NextMove::Arrives | NextMove::ArrivesAndLeaves(_));
            assert!(arrives, "who is on the way arrives");
        }
    }
    let Some(migration) = &plan.migration else { return };
    let pending = queue.pending(slots.operator()).is_some();
    let workflow = state.group(migration.target).workflow;
    let is_called = matches!(workflow, Workflow::Migrating(Stage::Completing(_)));
    match state.migration.operator {
        Operator::Idle | Operator::Done => assert!(!pending, "who rests has nothing to do"),
        Operator::Scheduled => assert!(pending, "who has a plan has a time for it"),
        Operator::Completing(_) | Operator::Stopping => {
            assert!(pending || is_called, "who is at it goes on, or waits for an answer");
        }
    }
}

fn check_link(View { plan, slots, state, queue, .. }: View, link: usize) {
    let (target, source) = plan.pair(link);
    let of = state.migration.links[link];
    let (to, from) = (&state.ledger.shards[target.idx()], &state.ledger.shards[source.idx()]);
    let all = plan.shards[source.idx()].writes_per_sec;
    assert!(to.offer.rate + from.offer.rate == all, "every client writes to one of the two");
    if to.settled == from.settled {
        let offered = NanoWrites::from(all) * NanoWrites::from(to.settled.as_nanos());
        let counted = to.acknowledged + to.rejected + from.acknowledged + from.rejected;
        assert!(offered == counted, "no write of a migration is forgotten or counted twice");
    }
    assert!(of.common <= from.offset, "both have what is common");
    assert!(of.common <= of.copy.offset, "both have what is common");
    let ends = queue.pending(slots.migration_link(link));
    assert!(
        of.ends.is_none_or(|at| ends.is_some_and(|due| due <= at) || at == SimTime::NEVER),
        "a stage of a link ends"
    );
    if state.migration.truth == Side::Target {
        assert!(of.told <= from.acknowledged, "what went astray was acknowledged");
    }
    let primary = state.config.shards[target.idx()].primary;
    let reads = state.node(primary).upstream == Some(of.upstream);
    assert!(of.is_connected() == reads, "who is linked follows, and nobody else");
    if of.follows() {
        assert!(!to.accepting, "a replica takes no writes of clients");
    }
    let cohorts = to.offer.cohorts + from.offer.cohorts;
    assert!(cohorts == plan.n_cohorts(), "every cohort is on one side");
}

/// The stage of a link is that of the migration, and a link that can be made is tried.
fn check_stage(View { plan, slots, state, queue, now }: View, link: usize) {
    let Some(migration) = &plan.migration else { return };
    let of = &state.migration.links[link];
    let from = &state.ledger.shards[plan.pair(link).1.idx()];
    let is_fit = match state.group(migration.target).workflow {
        _ if is_running(plan, state) => of.follows(),
        Workflow::Migrating(Stage::Connecting(_)) => of.stage == LinkStage::Down,
        _ => of.stage == LinkStage::Off,
    };
    assert!(is_fit, "the links are as far as the migration");
    if of.stage == LinkStage::Streaming {
        assert!(of.history == Some(from.history), "who follows has the source's history");
        assert!(of.floor <= from.offset, "nobody got more than there was");
    }
    if of.stage == LinkStage::Down && is_running(plan, state) {
        let may_connect = condition(plan, state, now, (link, of.upstream)).is_ok();
        // The end of a cut may be told after other events of that instant.
        let is_cut = queue.pending(slots.cut()).is_some();
        assert!(
            is_cut || !may_connect || of.ends.is_some(),
            "a link that can be made is tried again"
        );
    }
}

/// Whether the target is a replica of the source.
fn is_running(plan: &Plan, state: &State) -> bool {
    plan.migration.as_ref().is_some_and(|migration| {
        matches!(
            state.group(migration.target).workflow,
            Workflow::Migrating(Stage::Running | Stage::Completing(_))
        )
    })
}

fn check_shard(view: View, id: ShardId) {
    let View { plan, slots, state, queue, .. } = view;
    let shard = &state.config.shards[id.idx()];
    let primary = &state.config.nodes[shard.primary.idx()];
    let books = &state.ledger.shards[id.idx()];
    if shard.serving == Serving::Yes {
        for line in 0..plan.node_failures.len() as u16 {
            let life = state.clocks.node_lives[plan.node_clock(line, shard.primary)].life;
            assert!(life == Life::Running, "a primary that serves is mortal");
        }
        assert!(state.answers(shard.primary), "a primary that serves runs and is reached");
        assert!(primary.data == Data::Complete, "a primary that serves holds the data");
        let follows = plan.link_into(id).is_some_and(|link| state.migration.links[link].follows());
        assert!(follows || primary.upstream.is_none(), "a primary that serves follows nobody");
    }
    let serves = shard.serving == Serving::Yes;
    let is_short = serves && !state.has_good_replicas(plan, id);
    assert!(
        is_short == (shard.good == GoodReplicas::TooFew),
        "a primary without enough good replicas knows it"
    );
    let refuses = state.refuses(plan.shards[id.idx()].group) || state.rejoins(id);
    let follows = plan.link_into(id).is_some_and(|link| state.migration.links[link].follows());
    let takes = serves && !is_short && !refuses && !follows;
    let reached = takes && shard.endpoint == shard.primary;
    assert!(books.accepting == reached, "writes are accepted where the endpoint leads");
    let counts = |node: &NodeId| match state.config.nodes[node.idx()].data {
        _ if state.is_superseded(*node, id) => false,
        data => plan.counts_as_copy(id, data),
    };
    let copies = plan.shards[id.idx()].node_ids().filter(counts).count();
    assert!(
        (shard.dataset == Dataset::Held) == (copies > 0),
        "the dataset is held exactly while a complete copy is left"
    );
    let is_durable = plan.group_of(id).durability != Durability::Disabled;
    assert!(is_durable || shard.dataset != Dataset::InLog, "only a durable shard has a log");
    assert!(!is_durable || shard.dataset != Dataset::Lost, "a durable shard loses no dataset");
    assert!(
        !is_durable || books.elsewhere <= books.offset,
        "the durable log is not ahead of the primary"
    );
    assert!(
        (shard.window != Window::Closed) == queue.pending(slots.detection(id)).is_some()
            || plan.timing.detection.longest().as_nanos() > i64::MAX as u64,
        "a detection window ends"
    );
    if shard.failover == Failover::Idle {
        let pending = queue.pending(slots.failover(id));
        assert!(pending.is_none(), "a failover that is over has no next step");
    }
    let is_watched = shard.watch != Watch::Calm;
    let laws = [&plan.control_plane.bus.gossip, &plan.control_plane.bus.takeover];
    assert!(
        is_watched == queue.pending(slots.watch(id)).is_some()
            || laws.iter().any(|law| law.longest().as_nanos() > i64::MAX as u64),
        "who watches has a next step"
    );
    if let Watch::Electing(_) = shard.watch {
        assert!(shard.failover == Failover::Promoting, "who is elected is promoted");
    }
    if shard.serving == Serving::Yes {
        assert!(!is_watched, "a primary that serves needs no successor");
        assert!(shard.window != Window::Primary, "a primary that serves is not suspected");
    }
    if shard.serving == Serving::Yes && shard.endpoint != shard.primary {
        let moving = shard.failover == Failover::UpdatingEndpoint;
        assert!(moving, "an endpoint that names another node than the primary is being moved");
    }
    if let Failover::ColdStarting(node) = shard.failover {
        assert!(shard.dataset == Dataset::Lost, "only a lost dataset starts cold");
        assert!(state.answers(node), "a node that starts cold runs");
    }
}

fn check_group(view: View, id: GroupId) {
    let View { plan, slots, state, queue, .. } = view;
    let group = &state.config.groups[id.idx()];
    let shards = plan.groups[id.idx()].shards.clone();
    let majority = shards.len() as u16 / 2 + 1;
    let serving = shards.filter(|shard| state.serves(ShardId(*shard))).count();
    assert!(usize::from(group.voters) == serving, "who serves may vote");
    let is_pending = queue.pending(slots.quorum(id)).is_some();
    match group.quorum {
        Quorum::Held => assert!(!is_pending, "who has a majority waits for nothing"),
        Quorum::Slipping(_) => assert!(group.voters < majority, "a minority notices that it is"),
        Quorum::Lost(_) => {
            assert!(group.voters < majority, "who refuses writes is a minority");
            assert!(!is_pending, "a minority waits for a majority");
        }
        Quorum::Regaining(_) => {
            assert!(group.voters >= majority && is_pending, "a majority takes writes again");
        }
    }
    let is_strict = plan.groups[id.idx()].detector == Detector::ClusterBus
        && plan.control_plane.bus.minority == Minority::Refuses;
    assert!(
        is_strict == (group.quorum != Quorum::Held) || group.voters >= majority,
        "the primaries of a cluster need a majority, those of other groups do not"
    );
}

fn check_node(view: View, id: NodeId) {
    let View { plan, slots, state, queue, .. } = view;
    let node = &state.config.nodes[id.idx()];
    let shard = plan.nodes[id.idx()].shard;
    if node.process != Process::Running {
        let has_log = node.data == Data::Logged && node.process != Process::Lost;
        assert!(node.data == Data::Empty || has_log, "a node that is down holds nothing but a log");
        assert!(node.upstream.is_none(), "a node that is down follows nobody");
    }
    if let Some(upstream) = node.upstream {
        assert!(state.reaches(upstream, id) || node.data == Data::Complete, "a sync has a source");
        let of_upstream = plan.nodes[upstream.idx()].shard;
        let is_linked = plan.link_into(shard).is_some_and(|link| plan.pair(link).1 == of_upstream);
        assert!(of_upstream == shard || is_linked, "replication stays in the shard");
    }
    if node.process == Process::Lost {
        for line in 0..plan.node_failures.len() as u16 {
            let life = queue.pending(slots.node_life(line, id));
            assert!(life.is_none(), "a lost host cannot be lost again");
        }
    }
    if node.replacement == Replacement::Provisioning {
        assert!(node.process == Process::Lost, "only a lost host is replaced");
        let is_away = state.group(plan.shards[shard.idx()].group).region == Region::Second;
        let az_up = is_away || state.config.azs[plan.nodes[id.idx()].az.idx()] == Az::Up;
        let needs_az = plan.rules.replacement_az == ReplacementAz::Waits;
        assert!(az_up || !needs_az, "a replacement runs while its AZ is up");
    }
    let books = &state.ledger.shards[shard.idx()];
    let copy = &state.ledger.copies[id.idx()];
    let serving = state.config.shards[shard.idx()].serving == Serving::Yes;
    check_isolation(view, id);
    let is_current = !state.is_superseded(id, shard);
    if matches!(node.data, Data::Complete | Data::Logged) && !serving && is_current {
        let held = state.config.shards[shard.idx()].dataset == Dataset::Held;
        assert!(held && copy.history == books.history, "a copy belongs to the last history");
        assert!(copy.offset <= books.offset, "a replica is not ahead of its primary");
    }
}

fn check_isolation(view: View, id: NodeId) {
    let View { plan, slots, state, queue, .. } = view;
    let node = &state.config.nodes[id.idx()];
    let isolated = node.reach == Reach::Isolated;
    let pending = queue.pending(slots.isolation(id)).is_some();
    let waits = match node.reach {
        Reach::Connected | Reach::Fenced => false,
        Reach::Isolated | Reach::Minority | Reach::Returning | Reach::Rejoining => true,
    };
    // A cut may last for longer than any time that there is.
    let is_endless = state.clocks.nodes[id.idx()].cut_ends == SimTime::NEVER;
    assert!(
        pending == waits || waits && is_endless,
        "a node waits to be reached again exactly while it is or was isolated"
    );
    assert!(
        node.reach == Reach::Connected || node.process == Process::Running,
        "a node that is cut off runs"
    );
    let shard = plan.nodes[id.idx()].shard;
    if node.reach == Reach::Fenced {
        let serving = state.serves(shard);
        assert!(!serving, "a fence is open once somebody serves");
    }
    if node.reach == Reach::Rejoining {
        assert!(state.config.shards[shard.idx()].primary == id, "who rejoins is primary");
    }
    let rate = state.ledger.beside[id.idx()].rate;
    assert!(rate == 0 || isolated, "only an isolated node takes writes beside it");
    let needs = plan.replication.min_replicas > 0;
    let until = state.ledger.beside[id.idx()].until;
    assert!(rate == 0 || until.is_some() == needs, "who hears of no replica takes no more writes");
    let counts_until = state.clocks.nodes[id.idx()].counts_until;
    let of_node = (node.process, node.reach.is_open());
    let is_known = match of_node {
        (Process::Absent, _) => true,
        // Who answers is heard, while somebody is there to hear it.
        (Process::Running, true) => state.serves(shard) && node.data != Data::Complete,
        (Process::Running, false) => false,
        (Process::Crashed | Process::Rebooting(_) | Process::Lost, _) => false,
    };
    assert!(counts_until.is_none() || !is_known, "whoever counts is complete, or not heard of");
    let next = [until, counts_until].into_iter().flatten().min();
    let due = if needs { queue.pending(slots.links(shard)) } else { None };
    assert!(
        next.is_none_or(|next| due.is_some_and(|due| due <= next)),
        "who is not heard of is waited for"
    );
    let of_shard = plan.shards[shard.idx()].node_range();
    let taken: u64 = state.ledger.beside[of_shard].iter().map(|beside| beside.rate).sum();
    let books = &state.ledger.shards[shard.idx()];
    assert!(taken == books.kept + books.astray, "writes beside are counted once");
    assert!(books.kept == 0 || !books.accepting, "a primary that is reached is not isolated");
}
