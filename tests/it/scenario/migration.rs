//! `[migration]` and `[group.self-hosted]`: each key lands in the plan, the API's refusals and the
//! source's obstacles are told and the run goes on, and each mistake has its message.

use elasticache_sim::model::api::Refusal;
use elasticache_sim::model::plan::{
    Action, CutOver, CutOverBegins, Detector, Force, Keeper, Layout, MigrationCall, MigrationPlan,
    Obstacle, Operation, SourceEndpoint,
};
use elasticache_sim::scenario::resolved;

use super::*;

const HOURS: &str = "schema = 1\n[run]\nhorizon = \"10h\"\n";
const START: &str = "[[operation]]\nat = \"1h\"\nstart-migration = \"shop\"\n";

/// A file with a source that has `own` in its table, a target with `shop`, `migration` below
/// `[migration]`, and `rest` behind that.
fn file(own: &str, shop: &str, migration: &str, rest: &str) -> String {
    format!(
        "{HOURS}[[group]]\nid = \"legacy\"\nengine = \"redis\"\nengine-version = \"6.2\"\n\
         azs = [\"a\", \"b\"]\nreplicas = 2\n[group.self-hosted]\n{own}\n\
         [[group]]\nid = \"shop\"\nazs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n{shop}\n\
         [migration]\nsource = \"legacy\"\ntarget = \"shop\"\n{migration}\n{rest}"
    )
}

/// A file with two clusters of two shards each; these are their hash slots.
fn clusters(source: &str, target: &str, rest: &str) -> String {
    let keys = "cluster-mode = \"enabled\"\nazs = [\"a\", \"b\"]\nshards = 2\nreplicas = 1\n";
    format!(
        "{HOURS}[[group]]\nid = \"legacy\"\n{keys}{source}\nself-hosted = {{}}\n\
         [[group]]\nid = \"shop\"\n{keys}{target}\n\
         [migration]\nsource = \"legacy\"\ntarget = \"shop\"\n{rest}"
    )
}

fn migration(text: &str) -> MigrationPlan {
    valid(text).plan.migration.expect("there is one")
}

/// Codes of the warnings about a valid file.
fn warnings(text: &str) -> Vec<(&'static str, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let experiment = scenario::parse("test.toml", text, dir, &Overrides::default())
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}\nin\n{text}"));
    let of_warning = |d: &&Diagnostic| d.severity() == Severity::Warning;
    let warnings = experiment.remarks.iter().filter(of_warning);
    warnings.map(|d| (d.code.id(), d.message.clone())).collect()
}

#[track_caller]
fn warns(text: &str, code: &str, message: &str) {
    let found = warnings(text);
    let is_it = |(of, what): &(&str, String)| *of == code && what.contains(message);
    assert!(found.iter().any(is_it), "{code} {message}: {found:?}\nin\n{text}");
}

/// The only operation of a file.
fn call(text: &str) -> (GroupId, MigrationCall) {
    let plan = valid(text).plan;
    match &plan.script[0].action {
        Action::Operation(Operation::Migration { target, call }) => (*target, *call),
        other => panic!("{other:?}"),
    }
}

fn seconds(n: u64) -> Law {
    Law::fixed(Span::from_secs(n))
}

#[test]
fn defaults_are_those_of_the_engine_and_of_our_guesses() {
    let plan = valid(&file("", "", "", "")).plan;
    let migration = plan.migration.as_ref().expect("there is one");
    assert_eq!((migration.source, migration.target), (GroupId(0), GroupId(1)));
    assert_eq!(migration.pairs, [ShardId(0)]);
    assert_eq!((migration.layout, migration.cut_over), (Layout::Same, CutOver::StopWritesFirst));
    assert_eq!((migration.refusals.len(), migration.obstacles.len()), (0, 0));
    assert_eq!(migration.cut_over_begins, None);
    let link = &migration.link;
    assert_eq!(link.bytes_per_sec, 100_000_000);
    assert_eq!(link.lag, plan.replication.lag);
    assert_eq!((link.hard_limit, link.soft_limit), (Some(256 << 20), Some(64 << 20)));
    assert_eq!((link.soft_for, link.backlog_bytes), (Span::from_secs(60), 1 << 20));
    assert_eq!((link.source_memory, link.page_bytes), (None, 4096));
    assert_eq!(link.save, FullSync::PerGib(Span::from_secs(9)));
    assert_eq!(link.load, FullSync::PerGib(Span::from_secs(5)));
    assert_eq!((link.retry.clone(), link.attempts), (seconds(10), 10));
    assert_eq!((link.reconnect.clone(), link.room), (seconds(1), None));
    assert_eq!(migration.timing.complete, seconds(60));
    let clients = &migration.clients;
    assert_eq!((clients.cohorts, clients.stray, clients.early), (10, 0, 0));
    let source = &plan.groups[0];
    assert_eq!((source.keeper, source.detector), (Keeper::Users, Detector::Sentinel));
    assert_eq!((source.automatic_failover, source.multi_az), (Switch::On, Switch::Off));
    assert_eq!(plan.groups[1].keeper, Keeper::ElastiCache);
    assert!(plan.nodes.iter().all(|node| node.chained_to.is_none()));
}

#[test]
fn each_key_of_the_migration_lands_in_the_plan() {
    let keys = "bandwidth = \"1 Gbit/s\"\nlag = \"1s\"\nfork-pause = \"2s\"\nload = \"3s\"\n\
                save = \"19s\"\nsource-page = \"2 MiB\"\nsource-restart = \"4s\"\nretry = \"5s\"\nattempts = 6\n\
                reconnect = \"500ms\"\n\
                test = \"7s\"\nstart = \"8s\"\nreshard-per-slot = \"9s\"\ncomplete = \"10s\"\n\
                complete-again = \"11s\"\npatience = \"12s\"\ncut-over = \"force\"\n\
                cut-over-after-start = \"13s\"\n[migration.clients]\ncohorts = 100\n\
                moves = \"14s\"\nrepoint = \"15s\"\nstray = 16\nearly = 17\nearly-at = \"18s\"\n";
    let plan = migration(&file("", "", keys, ""));
    let link = &plan.link;
    assert_eq!((link.bytes_per_sec, link.page_bytes), (125_000_000, 2 << 20));
    assert_eq!((link.lag.clone(), link.restart.clone()), (seconds(1), seconds(4)));
    assert_eq!(link.fork_pause, FullSync::Law(seconds(2)));
    assert_eq!(link.save, FullSync::Law(seconds(19)));
    assert_eq!(link.load, FullSync::Law(seconds(3)));
    assert_eq!((link.retry.clone(), link.attempts), (seconds(5), 6));
    assert_eq!(link.reconnect, Law::fixed(Span::from_nanos(500_000_000)));
    let timing = &plan.timing;
    assert_eq!((timing.test.clone(), timing.start.clone()), (seconds(7), seconds(8)));
    assert_eq!((timing.complete.clone(), timing.again.clone()), (seconds(10), seconds(11)));
    assert_eq!(timing.reshard_slot, Span::from_secs(9));
    assert_eq!(timing.patience, Span::from_secs(12));
    assert_eq!(plan.cut_over, CutOver::Force);
    assert_eq!(plan.cut_over_begins, Some(CutOverBegins::AfterStart(seconds(13))));
    let clients = &plan.clients;
    assert_eq!((clients.cohorts, clients.stray, clients.early), (100, 16, 17));
    assert_eq!((clients.moves.clone(), clients.repoint.clone()), (seconds(14), seconds(15)));
    assert_eq!(clients.early_at, seconds(18));
    let per_gib = "fork-pause-per-gib = \"1s\"\nsave-per-gib = \"4s\"\nload-per-gib = \"2s\"\n\
                   cut-over = \"switch-on-the-fly\"\ncut-over-after-sync = \"3s\"";
    let plan = migration(&file("", "", per_gib, ""));
    assert_eq!(plan.link.fork_pause, FullSync::PerGib(Span::from_secs(1)));
    assert_eq!(plan.link.save, FullSync::PerGib(Span::from_secs(4)));
    assert_eq!(plan.link.load, FullSync::PerGib(Span::from_secs(2)));
    assert_eq!(plan.cut_over, CutOver::SwitchOnTheFly);
    assert_eq!(plan.cut_over_begins, Some(CutOverBegins::AfterSync(seconds(3))));
}

#[test]
fn each_key_of_a_self_hosted_group_lands_in_the_plan() {
    let own = "detector = \"none\"\nmemory = \"32 GiB\"\noutput-buffer-hard-limit = 0\n\
               output-buffer-soft-limit = \"8 MiB\"\noutput-buffer-soft-for = \"9s\"\n\
               backlog = \"10 MiB\"\nchained = { legacy-003 = \"legacy-002\" }\n";
    let plan = valid(&file(own, "", "", "")).plan;
    let source = &plan.groups[0];
    assert_eq!((source.detector, source.promotion), (Detector::Managed, None));
    assert_eq!(source.automatic_failover, Switch::Off);
    assert_eq!(source.memory_bytes, Some(32 << 30));
    assert_eq!(plan.nodes[2].chained_to, Some(NodeId(1)));
    let link = &plan.migration.as_ref().expect("there is one").link;
    assert_eq!((link.hard_limit, link.soft_limit), (None, Some(8 << 20)));
    assert_eq!((link.soft_for, link.backlog_bytes), (Span::from_secs(9), 10 << 20));
    assert_eq!(link.source_memory, Some(32 << 30));
    assert_eq!(plan.groups[1].promotion, Some(Promotion::LeastLag));
    // ElastiCache's limits and advice are not about such a group.
    let alone = format!(
        "{HEAD}[group]\nid = \"g\"\nazs = [\"a\"]\nreplicas = 9\nappend-only-file = true\n\
         self-hosted = {{}}\n[[fault]]\nnode-failure = {{ mttf = \"1y\" }}\n"
    );
    assert_eq!(valid(&alone).plan.nodes.len(), 10);
    assert_eq!(warnings(&alone), []);
}

#[test]
fn nobody_writes_to_the_target_and_it_grows_to_the_source() {
    let load = "[workload]\nwrites-per-second = 900\nreads-per-second = 90\ndataset = \"2 GiB\"\n";
    let plan = valid(&file("", "", "", load)).plan;
    let of = |n: usize| {
        let shard = &plan.shards[n];
        (shard.writes_per_sec, shard.reads_per_sec, shard.dataset_bytes)
    };
    assert_eq!((of(0), of(1)), ((900, 90, 2 << 30), (0, 0, 2 << 30)));
    let plan = valid(&clusters("slots = [4096, 12288]", "", load)).plan;
    let sizes: Vec<u32> = plan.shards.iter().map(|shard| shard.hash_slots).collect();
    assert_eq!(sizes, [4096, 12_288, 4096, 12_288], "the target has the source's layout");
    assert_eq!(plan.shards[2].dataset_bytes, 512 << 20);
    let migration = plan.migration.expect("there is one");
    assert_eq!(migration.pairs, [ShardId(0), ShardId(1)]);
    assert_eq!(migration.layout, Layout::Resharded { slots: 4096 });
    let slots = "slots = [4096, 12288]";
    assert_eq!(self::migration(&clusters(slots, slots, "")).layout, Layout::Same);
}

#[test]
fn what_the_api_refuses_is_in_its_order_and_told() {
    let check = |text: String, expected: &[Refusal]| {
        assert_eq!(migration(&text).refusals, expected, "{text}");
        warns(&format!("{text}{START}"), "W0919", "is refused whenever it comes");
    };
    let of_shop = |shop: &str, expected: &[Refusal]| check(file("", shop, "", ""), expected);
    of_shop("node-type = \"cache.r6gd.xlarge\"", &[Refusal::MigrationToDataTiering]);
    of_shop("transit-encryption = true", &[Refusal::MigrationToEncrypted]);
    let old = "engine = \"redis\"\nengine-version = \"5.0.5\"";
    of_shop(old, &[Refusal::MigrationToOldEngine]);
    of_shop("databases = 4", &[Refusal::MigrationDatabases]);
    of_shop("cluster-mode = \"enabled\"", &[Refusal::MigrationModes, Refusal::MigrationDatabases]);
    let all = format!("{old}\ntransit-encryption = true\nnode-type = \"cache.r6gd.xlarge\"");
    let expected = [
        Refusal::MigrationToDataTiering,
        Refusal::MigrationToEncrypted,
        Refusal::MigrationToOldEngine,
    ];
    of_shop(&all, &expected);
    let region = "[global-datastore]\nregion = \"eu-west-1\"\n";
    check(file("", "", "", region), &[Refusal::MigrationToGlobalDatastore]);
    let three = clusters("", "", "").replacen("shards = 2", "shards = 3", 1);
    check(three.clone(), &[Refusal::MigrationShards]);
    assert!(migration(&three).pairs.is_empty());
    let managed = file("", "", "", "").replace("[group.self-hosted]\n", "");
    check(managed, &[Refusal::SourceIsElastiCache]);
    // Redis OSS 5.0.6 will do, and cluster mode has one database.
    let young = "engine = \"redis\"\nengine-version = \"5.0.6\"";
    assert_eq!(migration(&file("", young, "", "")).refusals, []);
    assert_eq!(migration(&clusters("", "", "")).refusals, []);
}

#[test]
fn what_keeps_the_target_out_is_an_obstacle_and_told() {
    let check = |text: &str, expected: &[Obstacle]| {
        assert_eq!(migration(text).obstacles, expected, "{text}");
        warns(text, "W0927", "cannot connect");
    };
    for (own, expected) in [
        ("auth = true", Obstacle::Auth),
        ("protected-mode = true", Obstacle::ProtectedMode),
        ("bind = \"127.0.0.1\"", Obstacle::BlockedNetwork),
        ("bind = \"::1 localhost\"", Obstacle::BlockedNetwork),
        ("security-group-admits-target = false", Obstacle::BlockedNetwork),
        ("renamed-commands = [\"config\"]", Obstacle::RenamedCommand),
        ("renamed-commands = [\"keys\", \"FLUSHALL\"]", Obstacle::RenamedCommand),
        ("ports = [6379, 6379, 6380]", Obstacle::UnequalPorts),
    ] {
        check(&file(own, "", "", ""), &[expected]);
    }
    let old = file("", "", "", "").replace("\"6.2\"", "\"2.8.20\"");
    check(&old, &[Obstacle::SourceTooOld]);
    for own in ["bind = \"0.0.0.0\"", "renamed-commands = [\"debug\"]", "ports = [1, 1, 1]"] {
        let text = file(own, "addresses = []", "", "").replace("addresses = []", "");
        assert_eq!(migration(&text).obstacles, [], "{own}");
    }
    let small = "node-type = \"cache.t4g.micro\"";
    let data = "[workload]\ndataset = \"1 GiB\"\n";
    let plan = migration(&file("", small, "", data));
    assert_eq!(plan.obstacles, []);
    assert!(plan.link.has_no_room_for(1 << 30) && !plan.link.has_no_room_for(1 << 20));
    warns(&file("", small, "", data), "W0907", "has room for");
}

#[test]
fn endpoints_name_a_node_or_are_told() {
    let own = "addresses = [\"10.0.0.1\", \"10.0.0.2\", \"redis3\"]\nports = 7000";
    let with = |keys: &str| {
        file(own, "", "", &format!("[[operation]]\nat = \"1h\"\nstart-migration = {keys}\n"))
    };
    let check = |keys: &str, expected: SourceEndpoint| {
        assert_eq!(call(&with(keys)), (GroupId(1), MigrationCall::Start(expected)), "{keys}");
    };
    let refused = SourceEndpoint::Refused;
    check("\"shop\"", SourceEndpoint::Node(NodeId(0)));
    check("{}", SourceEndpoint::Node(NodeId(0)));
    check("{ endpoint = \"10.0.0.2:7000\" }", SourceEndpoint::Node(NodeId(1)));
    check("{ endpoints = [\"REDIS3:7000\"] }", SourceEndpoint::Node(NodeId(2)));
    check("{ endpoint = \"10.0.0.2:6379\" }", SourceEndpoint::Unknown);
    check("{ endpoint = \"10.0.0.9:7000\" }", SourceEndpoint::Unknown);
    warns(&with("{ endpoint = \"10.0.0.9:7000\" }"), "W0927", "nobody listens at `10.0.0.9:7000`");
    check("{ endpoint = \"shop-001:6379\" }", refused(Refusal::SourceIsElastiCache));
    let aws = "{ endpoint = \"x.v5r9dc.0001.usw2.cache.amazonaws.com:6379\" }";
    check(aws, refused(Refusal::SourceIsElastiCache));
    let two = "{ endpoints = [\"10.0.0.1:7000\", \"10.0.0.2:7000\"] }";
    check(two, refused(Refusal::OneSourceEndpoint));
    warns(&with(two), "W0919", "is refused");
    check("{ endpoints = [] }", refused(Refusal::OneSourceEndpoint));
    check("{ serverless-cache = \"x\" }", refused(Refusal::MigrationToServerless));
    // The API knows nothing of a self-hosted group.
    let legacy = with("\"legacy\"");
    assert_eq!(call(&legacy).0, GroupId(0));
    warns(&legacy, "W0919", "is refused");
}

#[test]
fn each_operation_and_the_cut_land_in_the_plan() {
    let usual = SourceEndpoint::Node(NodeId(0));
    for (keys, expected) in [
        ("test-migration = \"shop\"", MigrationCall::Test(usual)),
        ("start-migration = { group = \"shop\" }", MigrationCall::Start(usual)),
        ("complete-migration = {}", MigrationCall::Complete(Force::No)),
        ("complete-migration = \"shop\"", MigrationCall::Complete(Force::No)),
        ("complete-migration = { force = true }", MigrationCall::Complete(Force::Yes)),
        ("stop-migration = \"shop\"", MigrationCall::Stop),
        ("cut-over = {}", MigrationCall::CutOver),
        ("roll-back = { group = \"shop\" }", MigrationCall::RollBack),
    ] {
        let text = file("", "", "", &format!("[[operation]]\nat = \"1h\"\n{keys}\n"));
        assert_eq!(call(&text), (GroupId(1), expected), "{keys}");
    }
    let cut = "[[fault]]\nat = \"1h\"\ncut-migration-link = { duration = \"30s\" }\n";
    let plan = valid(&file("", "", "", cut)).plan;
    let expected = ScriptedFault::CutMigrationLink { duration: seconds(30) };
    assert_eq!(plan.script[0].fault(), Some(&expected));
}

#[test]
fn calls_are_read_as_aws_writes_them() {
    let own = "addresses = [\"10.0.0.241\", \"10.0.0.242\", \"10.0.0.243\"]";
    let read =
        |keys: String| call(&file(own, "", "", &format!("[[operation]]\nat = \"1h\"\n{keys}\n"))).1;
    let cli = |rest: &str| read(format!("cli = '''aws elasticache {rest}'''"));
    let request = |rest: &str| {
        let host = "https://elasticache.us-west-2.amazonaws.com";
        read(format!("request = \"{host}/?Action={rest}&Version=2015-02-02\""))
    };
    let group = "--replication-group-id shop";
    let first = SourceEndpoint::Node(NodeId(0));
    for list in [
        r#""Address='10.0.0.241',Port=6379""#,
        "Address=10.0.0.241,Port=6379",
        "Port=6379,Address=10.0.0.241",
        r#""[{\"Address\":\"10.0.0.241\",\"Port\":6379}]""#,
    ] {
        let list = format!("{group} --customer-node-endpoint-list {list}");
        assert_eq!(cli(&format!("test-migration {list}")), MigrationCall::Test(first));
        assert_eq!(cli(&format!("start-migration \\\n {list}")), MigrationCall::Start(first));
    }
    let two = "Address=10.0.0.241,Port=6379 Address=10.0.0.242,Port=6379";
    let refused = SourceEndpoint::Refused;
    assert_eq!(
        cli(&format!("start-migration {group} --customer-node-endpoint-list {two}")),
        MigrationCall::Start(refused(Refusal::OneSourceEndpoint))
    );
    let serverless = MigrationCall::Start(refused(Refusal::MigrationToServerless));
    assert_eq!(cli("start-migration --serverless-cache-name x"), serverless);
    assert_eq!(cli(&format!("complete-migration {group}")), MigrationCall::Complete(Force::No));
    assert_eq!(
        cli(&format!("complete-migration {group} --no-force")),
        MigrationCall::Complete(Force::No)
    );
    assert_eq!(
        cli(&format!("complete-migration {group} --force")),
        MigrationCall::Complete(Force::Yes)
    );
    let member = "CustomerNodeEndpointList.member.1";
    let list = format!("ReplicationGroupId=shop&{member}.Address=10.0.0.242&{member}.Port=6379");
    let second = SourceEndpoint::Node(NodeId(1));
    assert_eq!(request(&format!("StartMigration&{list}")), MigrationCall::Start(second));
    assert_eq!(request(&format!("TestMigration&{list}")), MigrationCall::Test(second));
    let other = "CustomerNodeEndpointList.member.2";
    let two = format!("{list}&{other}.Address=10.0.0.241&{other}.Port=6379");
    assert_eq!(
        request(&format!("StartMigration&{two}")),
        MigrationCall::Start(refused(Refusal::OneSourceEndpoint))
    );
    assert_eq!(request("StartMigration&ServerlessCacheName=x"), serverless);
    assert_eq!(
        request("CompleteMigration&ReplicationGroupId=shop&Force=true"),
        MigrationCall::Complete(Force::Yes)
    );
}

#[test]
fn what_is_wrong_with_calls_is_told() {
    let check = |keys: &str, expected: &str| {
        let rest = format!("[[operation]]\nat = \"1h\"\nid = \"o\"\n{keys}\n");
        let whole = file("", "", "", &rest);
        let found = parse(&whole).err().unwrap_or_default();
        let found: Vec<String> = found
            .iter()
            .filter(|mistake| mistake.severity() == Severity::Error)
            .map(|mistake| format!("{} {}", mistake.code.id(), mistake.message))
            .collect();
        assert_eq!(found, [expected], "{keys}");
    };
    check(
        "start-migration = { endpoint = \"10.0.0.1\" }",
        "E0313 `10.0.0.1` is not an endpoint: it has no port",
    );
    check(
        "start-migration = { endpoint = \"legacy-001:6379\", endpoints = [] }",
        "E0203 `endpoint` and `endpoints` exclude each other",
    );
    check("cut-over = \"legacy\"", "E0601 is not the group to which data is migrated");
    check("start-migration = \"shopp\"", "E0601 there is no such group");
    check("complete-migration = { force = 1 }", "E0206 expected true or false, found an integer");
    let cli = |rest: &str| format!("cli = '''aws elasticache {rest}'''");
    let start = "start-migration --replication-group-id shop";
    check(&cli(start), "E0609 `customer-node-endpoint-list` is missing");
    let list = |list: &str| cli(&format!("{start} --customer-node-endpoint-list {list}"));
    check(&list("Address=10.0.0.1"), "E0609 an endpoint has no `Port`");
    check(&list("10.0.0.1:6379"), "E0609 is not an endpoint");
    check(
        &list("Address=10.0.0.1,Port=99999"),
        "E0313 `10.0.0.1:99999` is not an endpoint: port `99999` is no number from 1 to 65535",
    );
    check(&list(r#""[{\"Address\":1,\"Host\":2}]""#), "E0609 is no part of an endpoint");
    check(
        &list(r#""[7]""#),
        "E0609 is no JSON list of endpoints: invalid type: integer `7`, expected a map at line 1 column 2",
    );
    check(&list("Host=10.0.0.1,Port=1"), "E0609 is no part of an endpoint");
    check(&cli("prepare-migration --x y"), "E0205 `prepare-migration` is not in this version");
    check(&cli("stop-migration --x y"), "E0205 `stop-migration` is not in this version");
    let more = format!("{} --auto-cutover", list("Address=legacy-001,Port=6379"));
    check(
        &more.replace("''' --auto-cutover", " --auto-cutover'''"),
        "E0205 `--auto-cutover` is not in this version",
    );
    // Without a migration there is nothing to do.
    let without = |keys: &str| format!("{HEAD}{GROUP}{keys}");
    for keys in [
        "[[operation]]\nat = \"1h\"\nstart-migration = {}\n",
        "[[operation]]\nat = \"1h\"\ncut-over = \"g\"\n",
        "[[fault]]\nat = \"1h\"\ncut-migration-link = { duration = \"1s\" }\n",
    ] {
        let found = parse(&without(keys)).err().unwrap_or_default();
        assert!(found.iter().any(|mistake| mistake.code.id() == "E0610"), "{keys}: {found:?}");
    }
}

#[track_caller]
fn refuses(text: &str, expected: &[&str]) {
    check_whole(text, expected);
}

#[test]
fn what_is_wrong_with_a_migration_is_told() {
    let of = |keys: &str, expected: &str| refuses(&file("", "", keys, ""), &[expected]);
    of("bandwidth = \"fast\"", "migration.bandwidth = \"fast\": is not a rate");
    of("bandwidth = 0", "migration.bandwidth = 0: must be from 1 to 1125899906842624");
    let zero = "can be zero, and would be tried for ever at one instant";
    of("retry = \"0s\"", &format!("migration.retry = \"0s\": {zero}"));
    of("reconnect = \"0s\"", &format!("migration.reconnect = \"0s\": {zero}"));
    of(
        "complete-again = { uniform = [\"0s\", \"1m\"] }",
        &format!("migration.complete-again: {zero}"),
    );
    of("attempts = 0", "migration.attempts = 0: must be from 1 to 65535");
    of(
        "load = \"1s\"\nload-per-gib = \"1s\"",
        "migration.load = \"1s\": `load` and `load-per-gib` exclude each other",
    );
    of(
        "cut-over-after-sync = \"1m\"\ncut-over-after-start = \"1m\"",
        "migration.cut-over-after-sync = \"1m\": `cut-over-after-sync` and \
         `cut-over-after-start` exclude each other",
    );
    of("cut-over = \"slowly\"", "migration.cut-over = \"slowly\": is not one of the choices");
    of("speed = 1", "migration.speed: unknown key");
    let of = |keys: &str, expected: &str| {
        refuses(&file("", "", "", &format!("[migration.clients]\n{keys}\n")), &[expected]);
    };
    of("cohorts = 1001", "migration.clients.cohorts = 1001: must be from 1 to 1000");
    of("early = 1", "migration.clients.early-at: is missing");
    of(
        "early = 6\nstray = 6\nearly-at = \"1m\"",
        "migration.clients.early = 6: 6 move early and 6 never, of 10 cohorts",
    );
    let same = file("", "", "", "").replace("target = \"shop\"", "target = \"legacy\"");
    refuses(&same, &["migration.target = \"legacy\": is the source too"]);
    let own = file("", "self-hosted = {}", "", "");
    let message = "is self-hosted, and StartMigration knows groups in ElastiCache only";
    refuses(&own, &[&format!("migration.target = \"shop\": {message}")]);
    let unknown = file("", "", "", "").replace("source = \"legacy\"", "source = \"lagacy\"");
    refuses(&unknown, &["migration.source = \"lagacy\": there is no such group"]);
    let wait = file("", "", "", "[workload]\nwait = { replicas = 1 }\n");
    refuses(&wait, &["workload.wait: is not modelled beside a migration"]);
    let durable = clusters("", "engine-version = \"9.0\"\ndurability = \"sync\"", "");
    let message = "a durable group is not modelled beside a migration of its data";
    refuses(&durable, &[&format!("group.shop: {message}")]);
    let isolated = "[[fault]]\nat = \"1h\"\nid = \"f\"\n\
                    isolate-node = { node = \"any\", duration = \"1m\" }\n";
    let message = "nodes of a migration's source and target that are cut off are not modelled";
    refuses(&file("", "", "", isolated), &[&format!("fault.f.isolate-node: {message}")]);
}

#[test]
fn what_is_wrong_with_a_self_hosted_group_is_told() {
    let of = |own: &str, expected: &str| refuses(&file(own, "", "", ""), &[expected]);
    let at = "group.legacy.self-hosted";
    let bus = "the group has cluster mode disabled";
    of("detector = \"cluster-bus\"", &format!("{at}.detector = \"cluster-bus\": {bus}"));
    let few = "addresses = [\"10.0.0.1\"]";
    of(few, &format!("{at}.{few}: has 1 addresses for 3 nodes").replace("s = [", "s = ["));
    of("ports = [1, 2]", &format!("{at}.ports = [1, 2]: has 2 ports for 3 nodes"));
    of("ports = 0", &format!("{at}.ports = 0: must be from 1 to 65535"));
    for wrong in ["a b", "10.0.0.1:6379"] {
        let addresses = format!("addresses = [\"{wrong}\", \"fd00::1\", \"d\"]");
        of(&addresses, &format!("{at}.addresses[0] = \"{wrong}\": is not an address"));
    }
    let chained = |pair: &str, key: &str, message: &str| {
        of(&format!("chained = {{ {pair} }}"), &format!("{at}.chained.{key}: {message}"));
    };
    chained(
        "legacy-002 = \"legacy-001\"",
        "legacy-002 = \"legacy-001\"",
        "is the primary, from which replicas copy anyway",
    );
    chained(
        "legacy-001 = \"legacy-002\"",
        "legacy-001",
        "is the primary, which copies from nobody",
    );
    chained(
        "legacy-002 = \"legacy-002\"",
        "legacy-002 = \"legacy-002\"",
        "copies from this replica itself",
    );
    chained(
        "legacy-002 = \"legacy-003\", legacy-003 = \"legacy-002\"",
        "legacy-003 = \"legacy-002\"",
        "copies from this replica itself",
    );
    chained("legacy-004 = \"legacy-002\"", "legacy-004", "is no node of the group");
    for key in ["multi-az = true", "automatic-failover = false", "snapshot-retention = 1"] {
        let text =
            file("", "", "", "").replacen("replicas = 2", &format!("replicas = 2\n{key}"), 1);
        let name = key.split(' ').next().expect("a key");
        let message = "is a key of ElastiCache, and the group is self-hosted";
        refuses(&text, &[&format!("group.legacy.{name}: {message}")]);
    }
    let several = file("", "", "", "").replacen("replicas = 2", "replicas = 2\nshards = 2", 1);
    let found = parse(&several).err().unwrap_or_default();
    assert!(found.iter().any(|mistake| mistake.code.id() == "E0502"), "{found:?}");
    let answers = |d: &&Diagnostic| d.hints.iter().any(|hint| hint.contains("AWS answers"));
    assert_eq!(found.iter().filter(answers).count(), 0, "AWS is not asked");
    let slots = |slots: &str, message: &str| {
        let text = clusters("", &format!("slots = {slots}"), "");
        refuses(&text, &[&format!("group.shop.slots = {slots}: {message}")]);
    };
    slots("[16384]", "names 1 shards of 2");
    slots("[1, 2]", "sums to 3, not to 16384");
}

#[test]
fn service_updates_of_every_group_leave_out_the_self_hosted() {
    let update = "[[fault]]\nservice-update = { every = \"90d\" }\n";
    let updates = valid(&file("", "", "", update)).plan.service_updates;
    let groups: Vec<Option<GroupId>> = updates.iter().map(|update| update.group).collect();
    assert_eq!(groups, [Some(GroupId(1))]);
    let named = "[[fault]]\nid = \"u\"\nservice-update = { every = \"90d\", group = \"legacy\" }\n";
    let message = "is about a self-hosted group, and the service updates groups of its own";
    let at = "fault.u.service-update.group = \"legacy\"";
    refuses(&file("", "", "", named), &[&format!("{at}: {message}")]);
}

#[test]
fn what_arithmetic_tells_is_told() {
    let load = |writes: u64, gib: u64| {
        format!(
            "[workload]\nwrites-per-second = {writes}\nwrite-size = 1000\ndataset = \"{gib} GiB\"\n"
        )
    };
    let codes = |own: &str, migration: &str, load: &str| -> Vec<&'static str> {
        let text = format!("{}{START}", file(own, "", migration, load));
        warnings(&text).into_iter().map(|(code, _)| code).collect()
    };
    // 100 MB/s of writes over 100 MB/s.
    let open = "output-buffer-hard-limit = 0\noutput-buffer-soft-limit = 0";
    assert_eq!(codes(open, "", &load(99_999, 1)), Vec::<&str>::new());
    assert_eq!(codes(open, "", &load(100_000, 1)), ["W0924"]);
    warns(&file(open, "", "", &load(100_000, 1)), "W0924", "100.0 MB/s of writes");
    // 1 GiB is forked in 10 ms, saved in 9 s, sent in 10.74 s and loaded in 5 s, 24.75 s in all:
    // 268.4 MB wait from 10,847 writes per second on.
    let hard = "output-buffer-soft-limit = 0";
    assert_eq!(codes(hard, "", &load(10_800, 1)), Vec::<&str>::new());
    assert_eq!(codes(hard, "", &load(10_900, 1)), ["W0925"]);
    warns(&file(hard, "", "", &load(10_900, 1)), "W0925", "above 256 MiB: ");
    // Every limit that is too low is named, with what is needed.
    let both = file("", "", "", &load(10_900, 8));
    warns(
        &both,
        "W0925",
        "2.1 GiB wait for the target, and the source drops it above 256 MiB, and above 64 MiB for \
         more than 1m",
    );
    // 8 GiB take 8 * 24.75 = 198 s. With 480 writes a second 64 MiB wait after 139.8 s, 58.2 s
    // before the end, and 0.3 s after it less waits again; with 500 after 134.2 s, 63.8 s before.
    let soft = "output-buffer-hard-limit = 0";
    assert_eq!(codes(soft, "", &load(480, 8)), Vec::<&str>::new());
    assert_eq!(codes(soft, "", &load(500, 8)), ["W0925"]);
    warns(&file(soft, "", "", &load(500, 8)), "W0925", "for more than 1m");
    // 8,590 MB are forked and saved in 72.08 s: of 1,000 writes per second 72,080 copy 295.2 MB of
    // pages, and 72.1 MB wait; 8,957.2 MB in all. Later only what waits grows.
    let memory = |bytes: u64| format!("{open}\nmemory = {bytes}");
    assert_eq!(codes(&memory(8_958_000_000), "", &load(1_000, 8)), Vec::<&str>::new());
    assert_eq!(codes(&memory(8_956_000_000), "", &load(1_000, 8)), ["W0926"]);
    warns(&file(&memory(8_956_000_000), "", "", &load(1_000, 8)), "W0926", "of copied pages");
    // No more than all pages are copied: 2 * 8,589.9 MB and 72.1 MB that wait.
    let huge = "source-page = \"2 MiB\"";
    assert_eq!(codes(&memory(17_252_000_000), huge, &load(1_000, 8)), Vec::<&str>::new());
    assert_eq!(codes(&memory(17_251_000_000), huge, &load(1_000, 8)), ["W0926"]);
}

#[test]
fn operations_that_come_too_early_or_not_at_all_are_told() {
    let codes = |migration: &str, rest: &str| -> Vec<&'static str> {
        let all = warnings(&file("", "", migration, rest)).into_iter();
        all.map(|(code, _)| code).filter(|code| code.starts_with("W09")).collect()
    };
    let at = |at: &str, what: &str| format!("[[operation]]\nat = \"{at}\"\n{what} = \"shop\"\n");
    // "fault: nothing can fail" is said of an empty file.
    assert!(codes("", "").contains(&"W0929"));
    assert_eq!(codes("", START), Vec::<&str>::new());
    assert_eq!(codes("", &at("1h", "complete-migration")), ["W0929"]);
    let early = at("30m", "complete-migration");
    assert_eq!(codes("", &format!("{early}{START}")), ["W0930"]);
    assert_eq!(codes("", &format!("{}{START}", at("30m", "cut-over"))), ["W0930"]);
    // 1 GiB: 2 min until it connects, 10 ms of fork, 9 s saved, 10.74 s sent, 5 s loaded.
    let sized = "[workload]\ndataset = \"1 GiB\"\nwrites-per-second = 100\n";
    let with = |rest: &str| format!("{START}{rest}{sized}");
    assert_eq!(codes("", &with(&at("1h 2m 24s", "cut-over"))), ["W0931"]);
    assert_eq!(codes("", &with(&at("1h 2m 25s", "cut-over"))), Vec::<&str>::new());
    // A call that is made once only changes nothing, and may be meant.
    assert_eq!(codes("", &with(&at("1h 1m", "complete-migration"))), Vec::<&str>::new());
    assert_eq!(codes("cut-over-after-start = \"1m\"", &with("")), ["W0931"]);
    assert_eq!(codes("cut-over-after-start = \"3m\"", &with("")), Vec::<&str>::new());
    let drawn = "cut-over-after-start = { uniform = [\"1m\", \"2m\"] }";
    assert_eq!(codes(drawn, &with("")), Vec::<&str>::new());
}

#[test]
fn nothing_is_reckoned_from_what_could_not_be_read() {
    let rate = |text: &str| file("", "", &format!("bandwidth = \"{text}\""), START);
    let said = |text: &str| {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mistakes = scenario::parse("test.toml", text, dir, &Overrides::default());
        mistakes.expect_err("a mistake")
    };
    for (wrong, hint) in [
        ("200 MB", "did you mean \"200 MB/s\" or \"200 Mbit/s\"?"),
        ("200 Mbps", "did you mean \"200 Mbit/s\"?"),
        ("2 GBps", "did you mean \"2 GB/s\"?"),
        ("fast", "write a rate like"),
    ] {
        let said = said(&rate(wrong));
        assert_eq!(said.len(), 1, "{wrong}: {said:?}");
        assert_eq!(said[0].code.id(), "E0312");
        assert!(said[0].hints[0].starts_with(hint), "{:?}", said[0].hints);
    }
    let call = "[[operation]]\nat = \"1h\"\nstart-migration = { endpoint = \"10.0.0.1:6379\" }\n";
    let short = said(&file("addresses = [\"10.0.0.1\", \"10.0.0.2\"]", "", "", call));
    let codes: Vec<&str> = short.iter().map(|d| d.code.id()).collect();
    assert_eq!(codes, ["E0305"], "{short:?}");
}

#[test]
fn a_forgotten_table_and_a_larger_node_are_named() {
    let text = file("", "", "", START).replace("[group.self-hosted]", "");
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = scenario::parse("test.toml", &text, dir, &Overrides::default()).expect("valid");
    let refused = said.remarks.iter().find(|d| d.code.id() == "W0919").expect("it is told");
    let hint = "if `legacy` is self-hosted, add [group.self-hosted] below it";
    assert!(refused.hints.iter().any(|told| told == hint), "{:?}", refused.hints);
    let text = file(
        "",
        "node-type = \"cache.r7g.large\"",
        "",
        &format!("{START}[workload]\ndataset = \"16 GiB\"\n"),
    );
    let said = scenario::parse("test.toml", &text, dir, &Overrides::default()).expect("valid");
    let small = said.remarks.iter().find(|d| d.code.id() == "W0907").expect("it is told");
    assert!(small.message.ends_with("the migration never gets in sync"), "{}", small.message);
    assert!(small.hints[0].contains("(cache.r7g.xlarge has room)"), "{:?}", small.hints);
}

#[test]
fn a_resolved_migration_is_the_same_migration() {
    let own = "addresses = [\"10.0.0.1\", \"10.0.0.2\", \"redis3\"]\nmemory = \"32 GiB\"\n\
               chained = { legacy-003 = \"legacy-002\" }";
    let rest = format!(
        "{START}[[operation]]\nat = \"2h\"\ncomplete-migration = {{}}\n\
         [[operation]]\nat = \"3h\"\ntest-migration = {{}}\n\
         [[policy]]\nname = \"one\"\n\
         [[policy]]\nname = \"two\"\nset = {{ migration.cut-over = \"force\" }}\n"
    );
    let text = file(own, "slots = [16384]", "cut-over-after-sync = \"1m\"", &rest);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |text: &str| {
        scenario::parse("test.toml", text, dir, &Overrides::default())
            .unwrap_or_else(|mistakes| panic!("{mistakes:?}\nin\n{text}"))
    };
    let experiment = read(&text);
    let written = resolved::render(&experiment);
    assert!(written.contains("clients = { cohorts = 10"), "{written}");
    let again = read(&written);
    for (one, other) in experiment.policies.iter().zip(&again.policies) {
        assert_eq!(one.plan, other.plan, "{written}");
        assert_eq!(one.assumptions, other.assumptions, "{written}");
    }
    assert_eq!(resolved::render(&again), written);
    let cut_overs = experiment
        .policies
        .iter()
        .map(|policy| policy.plan.migration.as_ref().expect("there is one").cut_over);
    assert_eq!(cut_overs.collect::<Vec<_>>(), [CutOver::StopWritesFirst, CutOver::Force]);
}
