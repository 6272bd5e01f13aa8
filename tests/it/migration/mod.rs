//! Online migrations: what they come to in numbers and words. With fixed times every number is
//! arithmetic, and must come out to the nanosecond and to the nano-write.

mod info;
mod links;
mod metrics;
mod words;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::Span;
use elasticache_sim::model::plan::{
    Action, Clients, CutOver, CutOverBegins, FullSync, GroupId, HASH_SLOTS, Keeper, Layout,
    LinkPlan, MigrationCall, MigrationPlan, MigrationTiming, NodeId, Operation, Plan, Scripted,
    ShardId, SourceEndpoint,
};

use crate::support::{parse, secs, with_fixed_times};

pub use words::{compare, of_each};

/// The self-hosted tree, and the group that its clients move to.
pub const SOURCE: GroupId = GroupId(0);
pub const TARGET: GroupId = GroupId(1);
/// Their only shards.
pub const FROM: ShardId = ShardId(0);
pub const TO: ShardId = ShardId(1);

/// A source of 1 GB, two nodes and 4,000 writes of 1,000 bytes a second, and a target of two nodes,
/// for 1000 s. The migration is started at 60 s and tries to connect at 70 s. The fork takes 1.5 s,
/// the copy 100 s at 10,000 writes a second, to load it 20 s: at 191.5 s 486,000 writes wait, of
/// which 6,000 fewer are left each second, so that the target is in sync at 272.5 s. The cut-over
/// begins 27.5 s later, at 300 s, while clients write; it takes 5 s to complete. Then the target
/// trails by 100 ms. All clients, in one part, hear of it 10 s later and are under way for 2 s.
pub fn plan() -> Plan {
    let text = "schema = 1\n[run]\nhorizon = \"1000s\"\n\
        [[group]]\nid = \"src\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n\
        [[group]]\nid = \"tgt\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n\
        [workload]\nwrites-per-second = 4_000\ndataset = \"1 GiB\"\n";
    let mut plan = with_fixed_times(parse(text).plan);
    plan.workload.write_bytes = 1_000;
    plan.groups[SOURCE.idx()].keeper = Keeper::Users;
    for shard in [FROM, TO] {
        plan.shards[shard.idx()].dataset_bytes = 1_000_000_000;
    }
    plan.shards[TO.idx()].writes_per_sec = 0;
    let fixed = |s| Law::fixed(secs(s));
    plan.migration = Some(MigrationPlan {
        source: SOURCE,
        target: TARGET,
        pairs: vec![FROM],
        layout: Layout::Same,
        created_slots: vec![HASH_SLOTS],
        refusals: Vec::new(),
        obstacles: Vec::new(),
        link: link(),
        timing: MigrationTiming {
            test: fixed(5),
            start: fixed(10),
            reshard_slot: Span::ZERO,
            complete: fixed(5),
            again: fixed(30),
            patience: secs(600),
        },
        in_sync_lag: secs(10),
        clients: Clients {
            cohorts: 1,
            moves: fixed(10),
            repoint: fixed(2),
            stray: 0,
            early: 0,
            early_at: fixed(10),
        },
        cut_over: CutOver::SwitchOnTheFly,
        cut_over_begins: Some(CutOverBegins::AfterSync(Law::fixed(millis(27_500)))),
    });
    call(&mut plan, 60, MigrationCall::Start(SourceEndpoint::Node(NodeId(0))));
    plan
}

fn link() -> LinkPlan {
    LinkPlan {
        bytes_per_sec: 10_000_000,
        lag: Law::fixed(millis(100)),
        hard_limit: None,
        soft_limit: None,
        soft_for: secs(60),
        backlog_bytes: 1 << 20,
        fork_pause: FullSync::Law(Law::fixed(millis(1_500))),
        save: FullSync::Law(Law::fixed(secs(0))),
        load: FullSync::Law(Law::fixed(secs(20))),
        source_memory: None,
        page_bytes: 4_096,
        restart: Law::fixed(secs(5)),
        room: None,
        retry: Law::fixed(secs(10)),
        reconnect: Law::fixed(secs(10)),
        attempts: 3,
    }
}

pub fn millis(millis: u64) -> Span {
    Span::from_nanos(millis * 1_000_000)
}

/// Adds a call of the migration so many seconds after the start.
pub fn call(plan: &mut Plan, at: u64, call: MigrationCall) {
    let action = Action::Operation(Operation::Migration { target: TARGET, call });
    let address = plan.script.len() as u32;
    plan.script.push(Scripted { at: Law::fixed(secs(at)), action, address });
}

/// The migration of a plan, to be changed.
pub fn of(plan: &mut Plan) -> &mut MigrationPlan {
    plan.migration.as_mut().expect("the plan has a migration")
}
