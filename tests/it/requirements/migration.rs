//! Online migration: from a self-hosted Redis to ElastiCache (OM-01 to OM-13).

use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::api::{ApiError, Refusal};
use elasticache_sim::model::fact::{
    Fact, Hindrance, LinkLoss, MigrationFact, OperationFact, Role, Status, Stop,
};
use elasticache_sim::model::plan::{GroupId, NodeId, Obstacle, Plan, ShardId};
use elasticache_sim::model::state::{LinkStage, Side, WRITE};
use elasticache_sim::observe::metrics::{Metric, Outcome};

use super::story::{refusals, seconds_of, state_at};
use super::{count, once};
use crate::support::{ecsim, parse, run, secs};

/// Where the target stands in the plan.
const SHOP: GroupId = GroupId(1);

/// A migration with fixed times: 1 GiB, 1000 writes of 1 KiB a second. A full sync takes 1 s for the
/// fork, 9 s to the disk, 64 s over the link, 16 s to load, 90 s together; what waited then is
/// 90,000 writes, of which 15,384 a second go.
struct Story {
    source: &'static str,
    self_hosted: &'static str,
    target: &'static str,
    migration: &'static str,
    clients: &'static str,
    rest: &'static str,
}

const CLEAN: Story = Story {
    source: "engine = \"redis\"\nengine-version = \"6.2\"\nreplicas = 2",
    self_hosted: "",
    target: "replicas = 2\nmulti-az = true\nautomatic-failover = true",
    migration: "",
    clients: "moves = \"0s\"\n",
    rest: "",
};

impl Story {
    fn text(&self) -> String {
        let Story { source, self_hosted, target, migration, clients, rest } = self;
        format!(
            "schema = 1\n[run]\nhorizon = \"6h\"\n\
             [[group]]\nid = \"legacy\"\nazs = [\"a\", \"b\", \"c\"]\n{source}\n\
             [group.self-hosted]\n{self_hosted}\n\
             [[group]]\nid = \"shop\"\nazs = [\"a\", \"b\", \"c\"]\n{target}\n\
             [workload]\nwrites-per-second = 1_000\nwrite-size = \"1 KiB\"\ndataset = \"1 GiB\"\n\
             [replication]\nlag = \"0s\"\n\
             [migration]\nsource = \"legacy\"\ntarget = \"shop\"\nbandwidth = \"16 MiB/s\"\n\
             fork-pause-per-gib = \"1s\"\nsave-per-gib = \"9s\"\nload-per-gib = \"16s\"\n\
             test = \"30s\"\nstart = \"60s\"\ncomplete = \"20s\"\nretry = \"10s\"\n\
             complete-again = \"60s\"\n{migration}\n\
             [migration.clients]\ncohorts = 4\nrepoint = \"2s\"\n{clients}\n{rest}"
        )
    }

    fn plan(&self) -> Plan {
        parse(&self.text()).plan
    }

    fn run(&self) -> (Vec<(SimTime, Fact)>, Outcome) {
        run(&self.plan(), 1, 0)
    }
}

/// The migration is started after 600 s, and something else after 1800 s.
fn started(and: &'static str) -> Story {
    Story { rest: Box::leak(format!("{START}{and}").into_boxed_str()), ..CLEAN }
}

const START: &str = "[[operation]]\nat = \"600s\"\nstart-migration = \"shop\"\n";

/// When which status of the target was told.
fn statuses(facts: &[(SimTime, Fact)]) -> Vec<(u64, Status)> {
    let change = |(at, fact): &(SimTime, Fact)| match *fact {
        Fact::Operation(OperationFact::GroupChanged { status, group: SHOP, .. }) => {
            Some((at.as_nanos() / 1_000_000_000, status))
        }
        _ => None,
    };
    facts.iter().filter_map(change).collect()
}

/// Whether a fact of the migration is the one that `matches` means.
fn told(fact: &Fact, matches: impl Fn(&MigrationFact) -> bool) -> bool {
    match fact {
        Fact::Migration(fact) => matches(fact),
        _ => false,
    }
}

/// What the start of the story's migration is refused for.
fn refused(story: &Story) -> Vec<(u64, Refusal)> {
    refusals(&story.run().0)
}

fn lost(outcome: &Outcome) -> u128 {
    outcome.raw(Metric::LostWrites) / WRITE
}

fn rejected(outcome: &Outcome) -> u128 {
    outcome.raw(Metric::RejectedWrites) / WRITE
}

#[test]
fn om_01_the_source_is_self_hosted_and_the_target_is_not() {
    let from_elasticache = Story {
        rest: "[[group]]\nid = \"other\"\nazs = [\"a\"]\nreplicas = 0\n\
               [[operation]]\nat = \"600s\"\n\
               start-migration = { group = \"shop\", endpoint = \"other-001:6379\" }\n",
        ..CLEAN
    };
    assert_eq!(refused(&from_elasticache), [(600, Refusal::SourceIsElastiCache)]);
    assert_eq!(Refusal::SourceIsElastiCache.error(), ApiError::InvalidParameterValue);
    // And the API knows nothing of the source.
    let modified = started(
        "[[operation]]\nat = \"1800s\"\nmodify = { group = \"legacy\", multi-az = true }\n",
    );
    assert_eq!(refused(&modified), [(1800, Refusal::NotInElastiCache)]);
    assert_eq!(Refusal::NotInElastiCache.error().code(), "ReplicationGroupNotFoundFault");
}

#[test]
fn om_02_no_migration_to_a_serverless_cache() {
    let rest = "[[operation]]\nat = \"600s\"\n\
                start-migration = { group = \"shop\", serverless-cache = \"shop\" }\n";
    let story = Story { rest, ..CLEAN };
    assert_eq!(refused(&story), [(600, Refusal::MigrationToServerless)]);
    assert!(story.run().1.raw(Metric::RejectedWrites) == 0, "the run goes on");
}

#[test]
fn om_03_no_migration_to_data_tiering() {
    let tiered = "replicas = 2\nmulti-az = true\nautomatic-failover = true\n\
                  node-type = \"cache.r6gd.xlarge\"";
    let story = Story { target: tiered, ..started("") };
    assert_eq!(refused(&story), [(600, Refusal::MigrationToDataTiering)]);
}

#[test]
fn om_04_the_target_is_to_be_prepared() {
    let protected = "replicas = 2\nmulti-az = true\nautomatic-failover = true\n";
    let with = |line: &str| -> &'static str { Box::leak(format!("{protected}{line}").into()) };
    let cases = [
        (with("transit-encryption = true"), Refusal::MigrationToEncrypted),
        (with("engine = \"redis\"\nengine-version = \"5.0.5\""), Refusal::MigrationToOldEngine),
        (with("databases = 32"), Refusal::MigrationDatabases),
        ("replicas = 2\nmulti-az = false", Refusal::MigrationNeedsMultiAz),
    ];
    for (target, refusal) in cases {
        assert_eq!(refused(&Story { target, ..started("") }), [(600, refusal)]);
    }
    let second = "[global-datastore]\nregion = \"eu-west-1\"\n";
    let story = started(second);
    assert_eq!(refused(&story), [(600, Refusal::MigrationToGlobalDatastore)]);
}

#[test]
fn om_04_what_the_source_lacks_is_found_when_it_is_tried() {
    let cases = [
        ("auth = true", Obstacle::Auth),
        ("protected-mode = true", Obstacle::ProtectedMode),
        ("bind = \"127.0.0.1\"", Obstacle::BlockedNetwork),
        ("security-group-admits-target = false", Obstacle::BlockedNetwork),
        ("renamed-commands = [\"psync\"]", Obstacle::RenamedCommand),
        ("ports = [6379, 6380, 6379]", Obstacle::UnequalPorts),
    ];
    for (self_hosted, obstacle) in cases {
        let test = "[[operation]]\nat = \"60s\"\ntest-migration = \"shop\"\n";
        let story = Story { self_hosted, migration: "attempts = 3", ..started(test) };
        let (facts, outcome) = story.run();
        let tested = once(&facts, |fact| {
            told(fact, |fact| {
                *fact == MigrationFact::Tested { group: SHOP, obstacle: Some(obstacle) }
            })
        });
        assert_eq!(tested, SimTime::START + secs(90), "{obstacle:?}");
        // Two more attempts, 10 s apart, and the target is its own master again.
        let gave_up = once(&facts, |fact| {
            told(fact, |fact| *fact == MigrationFact::GaveUp { group: SHOP, obstacle })
        });
        assert_eq!(gave_up, SimTime::START + secs(680), "{obstacle:?}");
        let expected = [(600, Status::Modifying), (680, Status::Available)];
        assert_eq!(statuses(&facts), expected, "{obstacle:?}");
        assert_eq!((lost(&outcome), rejected(&outcome)), (0, 0), "the source goes on");
    }
    let old = Story {
        source: "engine = \"redis\"\nengine-version = \"2.8.19\"\nreplicas = 2",
        ..started("")
    };
    let (facts, _) = old.run();
    let gave_up = MigrationFact::GaveUp { group: SHOP, obstacle: Obstacle::SourceTooOld };
    assert_eq!(count(&facts, |fact| told(fact, |fact| *fact == gave_up)), 1);
}

#[test]
fn om_05_the_target_has_as_many_shards_as_the_source() {
    let clustered = "engine = \"redis\"\nengine-version = \"6.2\"\nreplicas = 1\n\
                     cluster-mode = \"enabled\"\nshards = 3";
    let target = "replicas = 1\ncluster-mode = \"enabled\"\nshards = 2\nmulti-az = true";
    let story = Story { source: clustered, target, ..started("") };
    assert_eq!(refused(&story), [(600, Refusal::MigrationShards)]);
    // The numbers of replicas and the nodes are the customer's choice.
    let target = "replicas = 2\ncluster-mode = \"enabled\"\nshards = 3\nmulti-az = true\n\
                  node-type = \"cache.r7g.xlarge\"";
    assert_eq!(refused(&Story { source: clustered, target, ..started("") }), []);
}

#[test]
fn om_06_start_migration_leads_to_migrating() {
    let (facts, _) = started("").run();
    assert_eq!(statuses(&facts), [(600, Status::Modifying), (660, Status::Migrating)]);
}

#[test]
fn om_07_the_targets_primary_becomes_a_replica_of_the_sources() {
    let plan = started("").plan();
    let before = state_at(&plan, 655);
    assert!(before.books(ShardId(1)).accepting, "a group like any other");
    let state = state_at(&plan, 700);
    assert_eq!(state.node(NodeId(3)).upstream, Some(NodeId(0)));
    assert!(!state.books(ShardId(1)).accepting, "a replica refuses writes");
    // 90 s after the first attempt everything is there; what waited meanwhile needs 5.85 s more.
    let (facts, _) = started("").run();
    let streams =
        once(&facts, |fact| told(fact, |fact| matches!(fact, MigrationFact::LinkStreams { .. })));
    assert_eq!(streams, SimTime::START + secs(750));
    let in_sync =
        once(&facts, |fact| told(fact, |fact| matches!(fact, MigrationFact::CaughtUp { .. })));
    let took = in_sync.since(streams).as_secs_f64();
    assert!((took - 90_000.0 / 15_384.0).abs() < 1e-6, "{took} s to catch up");
}

#[test]
fn om_07_the_source_may_be_named_by_a_replica() {
    let rest = "[[operation]]\nat = \"600s\"\n\
                start-migration = { group = \"shop\", endpoint = \"legacy-002:6379\" }\n";
    let state = state_at(&Story { rest, ..CLEAN }.plan(), 700);
    assert_eq!(state.node(NodeId(3)).upstream, Some(NodeId(1)));
    assert_eq!(state.node(NodeId(1)).upstream, Some(NodeId(0)));
}

/// A cluster of three shards whose slots lie elsewhere than those of the target.
fn uneven() -> Story {
    Story {
        source: "engine = \"redis\"\nengine-version = \"6.2\"\nreplicas = 1\n\
                 cluster-mode = \"enabled\"\nshards = 3\nslots = [8_000, 5_000, 3_384]",
        target: "replicas = 1\ncluster-mode = \"enabled\"\nshards = 3\nmulti-az = true",
        migration: "reshard-per-slot = \"10ms\"",
        ..started("")
    }
}

#[test]
fn om_08_every_shard_follows_the_one_with_the_same_slots() {
    let plan = uneven().plan();
    let migration = plan.migration.as_ref().expect("a migration");
    assert_eq!(migration.pairs, [ShardId(0), ShardId(1), ShardId(2)]);
    for link in 0..3 {
        let (target, source) = plan.pair(link);
        let slots = |shard: ShardId| plan.shards[shard.idx()].hash_slots;
        assert_eq!(slots(target), slots(source), "a bijection by slots");
    }
    let state = state_at(&plan, 3_600);
    for link in 0..3 {
        let (target, source) = plan.pair(link);
        let primary = state.shard(target).primary;
        assert_eq!(state.node(primary).upstream, Some(state.shard(source).primary));
        assert_eq!(state.migration.links[link].stage, LinkStage::Streaming);
    }
}

#[test]
fn om_08_slots_that_differ_are_moved_before_anything_is_copied() {
    let (facts, _) = uneven().run();
    // Even: 5462, 5461, 5461. Slots 5462 to 7999 and 10923 to 12999 have another owner.
    let slots = (8_000 - 5_462) + (13_000 - 10_923);
    let began = once(&facts, |fact| {
        told(fact, |fact| *fact == MigrationFact::ReshardBegan { group: SHOP, slots })
    });
    let connected =
        once(&facts, |fact| told(fact, |fact| matches!(fact, MigrationFact::Connected { .. })));
    assert_eq!(began, SimTime::START + secs(660));
    let took = connected.since(began).as_nanos();
    assert_eq!(took, u64::from(slots) * 10_000_000);
}

#[test]
fn om_08_a_shard_that_has_no_room_keeps_no_other_from_following() {
    // Of the 0.375 GiB that such a node holds the first shard needs 0.49 GiB, the second 0.31 GiB.
    let test = "[[operation]]\nat = \"60s\"\ntest-migration = \"shop\"\n";
    let small = Story {
        target: "replicas = 1\ncluster-mode = \"enabled\"\nshards = 3\nmulti-az = true\n\
                 node-type = \"cache.t4g.micro\"",
        rest: Box::leak(format!("{test}{START}").into_boxed_str()),
        ..uneven()
    };
    let (facts, _) = small.run();
    let tested = count(&facts, |fact| {
        let obstacle = Some(Obstacle::TargetTooSmall);
        told(fact, |fact| *fact == MigrationFact::Tested { group: SHOP, obstacle })
    });
    assert_eq!(tested, 1);
    let plan = small.plan();
    let of_shard = |link: usize, is_meant: fn(&MigrationFact) -> Option<ShardId>| {
        let (target, _) = plan.pair(link);
        count(&facts, |fact| told(fact, |fact| is_meant(fact) == Some(target)))
    };
    let streams = |fact: &MigrationFact| match fact {
        MigrationFact::LinkStreams { shard, .. } => Some(*shard),
        _ => None,
    };
    let is_lost = |fact: &MigrationFact| match fact {
        MigrationFact::LinkLost { shard, why: LinkLoss::TargetTooSmall, .. } => Some(*shard),
        _ => None,
    };
    assert_eq!([0, 1, 2].map(|link| of_shard(link, streams)), [0, 1, 1]);
    assert!(of_shard(0, is_lost) > 1, "it is tried again and again");
    assert_eq!([1, 2].map(|link| of_shard(link, is_lost)), [0, 0]);
}

#[test]
fn om_09_complete_migration_promotes_the_target() {
    let story = started("[[operation]]\nat = \"1800s\"\ncomplete-migration = \"shop\"\n");
    let (facts, outcome) = story.run();
    let expected = [(600, Status::Modifying), (660, Status::Migrating), (1_820, Status::Available)];
    assert_eq!(statuses(&facts), expected);
    let state = state_at(&story.plan(), 1_900);
    assert_eq!(state.node(NodeId(3)).upstream, None, "a primary");
    for replica in [NodeId(4), NodeId(5)] {
        assert_eq!(state.node(replica).upstream, Some(NodeId(3)), "with its replicas");
    }
    assert!(state.books(ShardId(1)).accepting);
    assert_eq!(lost(&outcome), 0, "lag is nothing here, and all clients moved at once");
}

#[test]
fn om_09_complete_migration_needs_a_target_in_sync() {
    // At 690 s the copy is being sent; at 720 s the call has been looked at.
    let (facts, _) = started("[[operation]]\nat = \"690s\"\ncomplete-migration = \"shop\"\n").run();
    let why = Hindrance::NotInSync;
    let at = once(&facts, |fact| {
        told(fact, |fact| *fact == MigrationFact::NotCompleted { group: SHOP, why })
    });
    assert_eq!(at, SimTime::START + secs(710));
    assert_eq!(statuses(&facts).last(), Some(&(660, Status::Migrating)), "it stays so");
    // And so it is while a node of the target is replaced.
    let story = started(
        "[[operation]]\nat = \"1801s\"\ncomplete-migration = \"shop\"\n\
         [[fault]]\nat = \"1800s\"\nfail-node = { node = \"shop-003\" }\n",
    );
    let why = Hindrance::NodeIsReplaced;
    let not = MigrationFact::NotCompleted { group: SHOP, why };
    assert_eq!(count(&story.run().0, |fact| told(fact, |fact| *fact == not)), 1);
}

#[test]
fn om_10_writes_to_the_target_are_refused_until_it_is_promoted() {
    // A quarter of the clients moves at 700 s, is on its way for 2 s, and is refused until 1820 s;
    // the others move then, at once, and are on their way for 2 s.
    let story = Story {
        clients: "moves = \"0s\"\nearly = 1\nearly-at = \"700s\"\n",
        ..started("[[operation]]\nat = \"1800s\"\ncomplete-migration = \"shop\"\n")
    };
    let (_, outcome) = story.run();
    assert_eq!(rejected(&outcome), 250 * 1_120 + 750 * 2);
    assert_eq!(lost(&outcome), 0);
}

#[test]
fn om_11_info_of_both_sides_is_that_of_the_trace() {
    let path = std::env::temp_dir().join(format!("ecsim-om-11-{}.toml", std::process::id()));
    std::fs::write(&path, started("").text()).expect("a temporary file");
    let info = |at: &str| {
        let path = path.to_str().expect("a path in Unicode");
        let output = ecsim(&["replay", path, "--info-at", at]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let syncing = info("700s");
    for line in ["master_link_status:down", "master_sync_in_progress:1", "role:master"] {
        assert!(syncing.contains(line), "{line} in\n{syncing}");
    }
    let streaming = info("1800s");
    std::fs::remove_file(&path).expect("the file is there");
    // 1800 s of 1000 writes of 1 KiB, on both sides.
    for line in [
        "master_link_status:up",
        "master_sync_in_progress:0",
        "master_repl_offset:1843200000",
        "slave_repl_offset:1843200000",
        "state=online,offset=1843200000,lag=0",
    ] {
        assert!(streaming.contains(line), "{line} in\n{streaming}");
    }
}

#[test]
fn om_12_each_stage_is_reached_and_other_calls_are_refused() {
    let story = started(
        "[[operation]]\nat = \"60s\"\ncomplete-migration = \"shop\"\n\
         [[operation]]\nat = \"120s\"\ntest-migration = \"shop\"\n\
         [[operation]]\nat = \"610s\"\nstart-migration = \"shop\"\n\
         [[operation]]\nat = \"620s\"\ncomplete-migration = \"shop\"\n\
         [[operation]]\nat = \"1000s\"\ntest-migration = \"shop\"\n\
         [[operation]]\nat = \"1010s\"\nmodify = { group = \"shop\", multi-az = false }\n\
         [[operation]]\nat = \"1020s\"\ntest-failover = { group = \"shop\" }\n\
         [[operation]]\nat = \"1030s\"\ncreate-snapshot = { group = \"shop\" }\n\
         [[operation]]\nat = \"1800s\"\ncomplete-migration = \"shop\"\n\
         [[operation]]\nat = \"1810s\"\ncomplete-migration = \"shop\"\n\
         [[operation]]\nat = \"1900s\"\nstop-migration = \"shop\"\n",
    );
    let (facts, _) = story.run();
    let expected = [
        (60, Refusal::NotUnderMigration),
        (610, Refusal::AlreadyUnderMigration),
        (620, Refusal::GroupIsModifying),
        (1_000, Refusal::AlreadyUnderMigration),
        (1_010, Refusal::GroupIsMigrating),
        (1_020, Refusal::GroupIsMigrating),
        (1_030, Refusal::GroupIsMigrating),
        (1_810, Refusal::GroupIsModifying),
        (1_900, Refusal::NotUnderMigration),
    ];
    assert_eq!(refusals(&facts), expected);
    let stages = seconds_of(&facts, |fact| {
        told(fact, |fact| {
            matches!(
                fact,
                MigrationFact::Tested { obstacle: None, .. }
                    | MigrationFact::Connected { .. }
                    | MigrationFact::AllInSync { .. }
                    | MigrationFact::Completed { .. }
            )
        })
    });
    assert_eq!(stages, [150, 660, 755, 1_820]);
}

#[test]
fn om_12_a_cut_over_waits_for_the_target_to_be_a_replica() {
    // The target is one from 660 s on; who looks again does so 60 s later.
    let (facts, _) = started(
        "[[operation]]\nat = \"60s\"\ncut-over = \"shop\"\n\
         [[operation]]\nat = \"620s\"\ncut-over = \"shop\"\n",
    )
    .run();
    assert_eq!(refusals(&facts), [(60, Refusal::NotUnderMigration)]);
    let began = seconds_of(&facts, |fact| {
        told(fact, |fact| *fact == MigrationFact::CutOverBegan { group: SHOP })
    });
    assert_eq!(began, [680]);
    let completed =
        count(&facts, |fact| told(fact, |fact| matches!(fact, MigrationFact::Completed { .. })));
    assert_eq!(completed, 1);
}

#[test]
fn om_12_a_target_that_fails_is_replaced_and_copies_again() {
    let story = started("[[fault]]\nat = \"1800s\"\nfail-node = { node = \"shop-001\" }\n");
    let (facts, outcome) = story.run();
    let stopped = |fact: &Fact| {
        let (stop, role) = (Stop::HostLost, Role::Primary);
        matches!(fact, Fact::NodeDown { stop: s, role: r, .. } if (*s, *r) == (stop, role))
    };
    assert_eq!(count(&facts, stopped), 1);
    let syncs = count(&facts, |fact| {
        told(fact, |fact| matches!(fact, MigrationFact::LinkSyncBegan { .. }))
    });
    assert_eq!(syncs, 2);
    let state = state_at(&story.plan(), 20_000);
    assert_eq!(state.migration.links[0].stage, LinkStage::Streaming);
    assert_ne!(state.shard(ShardId(1)).primary, NodeId(3), "by another primary");
    assert_eq!((lost(&outcome), rejected(&outcome)), (0, 0), "the application is on the source");
}

/// The migration is completed at 1820 s; a quarter of the clients each moves, and all go back at the
/// given second.
fn rolled_back(at: u64) -> Outcome {
    let rest = format!(
        "[[operation]]\nat = \"1800s\"\ncomplete-migration = \"shop\"\n\
         [[operation]]\nat = \"{at}s\"\nroll-back = \"shop\"\n"
    );
    started(Box::leak(rest.into_boxed_str())).run().1
}

#[test]
fn om_13_rolling_back_costs_what_was_written_since() {
    // Before the completion it is free.
    let before = rolled_back(1_750);
    assert_eq!((lost(&before), rejected(&before)), (0, 0));
    // The first write to the target comes at 1822 s, and from then on 1000 more a second. The clients
    // are on their way for 2 s each time.
    for (at, price) in [(1_821, 0), (1_823, 1_000), (2_022, 200_000), (11_822, 10_000_000)] {
        let outcome = rolled_back(at);
        assert_eq!(lost(&outcome), price, "back at {at} s");
        assert_eq!(outcome.raw(Metric::RollBackPrice), 0, "nothing is left to go back from");
    }
    let (facts, outcome) =
        started("[[operation]]\nat = \"1800s\"\ncomplete-migration = \"shop\"\n").run();
    let point = once(&facts, |fact| {
        told(fact, |fact| matches!(fact, MigrationFact::PointOfNoReturn { .. }))
    });
    assert_eq!(point, SimTime::START + secs(1_822), "the irreversible point");
    let price = outcome.raw(Metric::RollBackPrice) / WRITE;
    assert_eq!(price, 1_000 * (6 * 3_600 - 1_822));
}

#[test]
fn om_13_each_part_of_the_clients_goes_back_when_it_hears_of_it() {
    let rest = format!(
        "{START}[[operation]]\nat = \"1800s\"\ncomplete-migration = \"shop\"\n\
         [[operation]]\nat = \"3000s\"\nroll-back = \"shop\"\n"
    );
    let clients = "moves = { uniform = [\"0s\", \"1m\"] }\n";
    let (facts, _) = Story { clients, rest: Box::leak(rest.into_boxed_str()), ..CLEAN }.run();
    let (mut came, mut left, mut price) = (Vec::new(), Vec::new(), 0);
    for (at, fact) in &facts {
        match fact {
            Fact::Migration(MigrationFact::CohortArrived { at: Side::Target, .. }) => {
                came.push(*at);
            }
            Fact::Migration(MigrationFact::CohortMoves { to: Side::Source, .. }) => left.push(*at),
            Fact::Migration(MigrationFact::ShardRolledBack { loss, .. }) => {
                price += loss.writes;
                // Since the completion; and what those wrote that did not know yet.
                let since = if left.is_empty() { 1_820 } else { 3_000 };
                let window = at.since(SimTime::START + secs(since));
                assert!(loss.window <= window, "no older than that");
            }
            _ => {}
        }
    }
    let back = SimTime::START + secs(3_000);
    assert_eq!((came.len(), left.len()), (4, 4));
    assert!(left.iter().all(|at| back < *at && *at < back + secs(60)), "{left:?}");
    assert!(left.windows(2).all(|pair| pair[0] < pair[1]), "one after the other: {left:?}");
    // A quarter of the thousand writes a second from the coming to the leaving of each.
    let sum = |of: &[SimTime]| of.iter().map(|at| u128::from(at.as_nanos())).sum::<u128>();
    assert_eq!(price, (sum(&left) - sum(&came)) * 250);
}
