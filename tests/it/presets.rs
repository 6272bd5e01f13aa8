//! The presets of `ecsim new`: each is accepted and tells its story, and a file is written once.

use std::path::{Path, PathBuf};
use std::process::Output;

use elasticache_sim::engine::law::Law;
use elasticache_sim::model::plan::{ClusterMode, HASH_SLOTS, Plan, Switch};
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::quantity::Probability;
use elasticache_sim::montecarlo::tally::Tally;
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::scenario::presets::{PRESETS, STARTER, find};

use crate::support::{experiment, parse, program, run, secs, with_fixed_times};

/// The ways of running a group that are worth comparing, and the presets that show them.
const CATALOGUE: [(&str, &[&str]); 20] = [
    ("single", &["single"]),
    ("single + AOF (engine < 2.8.22)", &["single-aof"]),
    ("replicas, no Multi-AZ", &["replicas-no-multi-az"]),
    ("Multi-AZ 1+1 (2 AZs)", &["multi-az-1x2"]),
    ("Multi-AZ 1+2 (3 AZs)", &["multi-az-1x3"]),
    ("Multi-AZ, all in one AZ", &["multi-az-one-az"]),
    ("cluster mode 3x(1+1), 3 AZs", &["cluster-3x2"]),
    ("cluster mode 2x(1+1)", &["cluster-2x2"]),
    ("min-replicas-to-write 1", &["min-replicas-to-write"]),
    ("WAIT 1 clients", &["wait-1"]),
    ("durable sync / async (Valkey >= 9.0)", &["durable-sync", "durable-async"]),
    ("snapshots daily", &["snapshots-daily"]),
    ("Global Datastore", &["global-datastore"]),
    ("online migration", &["migration"]),
    ("client: aws-lettuce", &["client-aws-lettuce"]),
    ("client: resolve-once pool", &["client-resolve-once-pool"]),
    ("client: no keepalive", &["client-no-keepalive"]),
    ("client: jedis-2022", &["client-jedis-2022"]),
    ("client: reconnect on READONLY", &["client-reconnect-on-readonly"]),
    ("client: max connection age 60 s", &["client-max-connection-age"]),
];

/// Presets of something that the model does not have, which must say so.
const STAND_INS: [&str; 6] = [
    "client-aws-lettuce",
    "client-resolve-once-pool",
    "client-no-keepalive",
    "client-jedis-2022",
    "client-reconnect-on-readonly",
    "client-max-connection-age",
];

fn text(name: &str) -> &'static str {
    find(name).unwrap_or_else(|| panic!("no preset {name}")).text
}

fn plan(name: &str) -> Plan {
    parse(text(name)).plan
}

/// The preset without its random faults: what the scheduled ones alone do.
fn scheduled(name: &str) -> Plan {
    without_random(plan(name))
}

fn without_random(mut plan: Plan) -> Plan {
    plan.node_failures.clear();
    plan.az_failures.clear();
    plan.group_failures.clear();
    plan
}

/// The preset with this fault on its tenth day and no other.
fn with_fault(name: &str, fault: &str) -> Plan {
    let faults = format!("{}\n[[fault]]\nat = \"10d\"\n{fault}\n", text(name));
    let mut plan = without_random(parse(&faults).plan);
    plan.script.retain(|scripted| scripted.at == Law::fixed(secs(10 * 86_400)));
    assert_eq!(plan.script.len(), 1, "{name}: {fault}");
    plan
}

fn trials(plan: &Plan, trials: u64) -> Tally {
    batch::run(plan, BatchSpec { seed: 42, trials }).expect("a sound trial")
}

/// The mean of a metric lies in a range.
fn check(summary: &Tally, metric: Metric, low: f64, high: f64) {
    let mean = summary.of(metric).mean();
    assert!((low..=high).contains(&mean), "{} is {mean}, not {low} to {high}", metric.name());
}

/// Every trial has a failover of so many seconds, and no dataset is lost.
/// The most writes that a trial lost.
fn most_lost(tally: &Tally) -> f64 {
    let (nano_writes, _) = tally.values(Metric::LostWrites).max().expect("trials");
    nano_writes as f64 / 1e9
}

fn check_failover(summary: &Tally, low: f64, high: f64) {
    check(summary, Metric::Failovers, 1.0, 1.0);
    check(summary, Metric::WriteOutage, low, high);
    assert_eq!(summary.hits(Probability::DatasetLoss), 0);
}

fn is_option(line: &str) -> bool {
    line.strip_prefix('#').is_some_and(|rest| !rest.is_empty() && !rest.starts_with(' '))
}

/// The preset with the options in `range` of lines turned on.
fn turned_on(text: &str, range: std::ops::Range<usize>) -> String {
    let line = |(n, line): (usize, &str)| match range.contains(&n) && is_option(line) {
        true => line[1..].to_owned(),
        false => line.to_owned(),
    };
    text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Line numbers of each run of options.
fn options(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (n, _) in text.lines().enumerate().filter(|(_, line)| is_option(line)) {
        match runs.last_mut() {
            Some(run) if run.end == n => run.end = n + 1,
            Some(_) | None => runs.push(n..n + 1),
        }
    }
    runs
}

#[test]
fn every_way_of_running_a_group_has_its_preset() {
    for (way, presets) in CATALOGUE {
        for name in presets {
            assert!(find(name).is_some(), "{way}: no preset {name}");
        }
    }
    for preset in PRESETS {
        let shown = CATALOGUE.iter().filter(|(_, names)| names.contains(&preset.name)).count();
        assert_eq!(shown, 1, "{} is in the catalogue once", preset.name);
    }
    assert_eq!(PRESETS.len(), 21);
}

#[test]
fn every_preset_is_accepted_and_runs() {
    for preset in PRESETS {
        let scenario = parse(preset.text);
        assert_eq!(scenario.plan.name, preset.name);
        assert_eq!(scenario.trials, 10_000, "{}", preset.name);
        let summary = trials(&scenario.plan, 20);
        assert!(summary.n_events > 0, "{}", preset.name);
        let (facts, outcome) = run(&scenario.plan, scenario.seed, summary.worst_outage());
        assert_eq!(run(&scenario.plan, scenario.seed, summary.worst_outage()), (facts, outcome));
    }
}

#[test]
fn every_preset_tells_its_story_and_what_it_runs_on() {
    for preset in PRESETS {
        let name = preset.name;
        let story: Vec<&str> =
            preset.text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(story.len() >= 6, "{name} opens with its story");
        assert!(story.iter().any(|line| line.starts_with("# Look at: ")), "{name}");
        let says_so = story.iter().any(|line| line.starts_with("# Not modelled yet: "));
        assert_eq!(says_so, STAND_INS.contains(&name), "{name}: what is missing is said");
        for key in ["schema", "engine", "engine-version", "node-type", "cluster-mode"] {
            let given = |line: &str| line.starts_with(&format!("{key} = "));
            assert!(preset.text.lines().any(given), "{name} gives no {key}");
        }
        for line in preset.text.lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
            assert_eq!(line.trim_end(), line, "{name}: {line}");
        }
        let words: Vec<&str> = preset.text.split_whitespace().filter(|word| *word != "#").collect();
        for pair in words.windows(2).filter(|pair| pair[0] == "preset" || pair[0] == "presets") {
            let named = pair[1].trim_end_matches([',', '.', ':', ';']);
            assert!(find(named).is_some(), "{name} speaks of the preset {named}");
        }
    }
}

#[test]
fn options_can_be_turned_on() {
    let mut n_options = 0;
    for preset in PRESETS {
        let mut all = preset.text.to_owned();
        for range in options(preset.text) {
            n_options += 1;
            let on = turned_on(preset.text, range.clone());
            assert_ne!(on, preset.text.trim_end(), "{}", preset.name);
            for policy in experiment(&on).policies {
                trials(&policy.plan, 5);
            }
            all = turned_on(&all, range);
        }
        for policy in experiment(&all).policies {
            trials(&policy.plan, 5);
        }
    }
    assert!(n_options >= 12, "only {n_options} options");
}

#[test]
fn a_second_failure_meets_one_replica_and_two() {
    let twice = |name: &str| {
        let text = text(name);
        let second = text.lines().position(|line| line == "#at = \"100d 5m\"").expect("an option");
        without_random(parse(&turned_on(text, second - 1..second + 2)).plan)
    };
    let one = trials(&with_fixed_times(twice("multi-az-1x2")), 10);
    assert_eq!(one.hits(Probability::DatasetLoss), 10, "nothing is left to promote");
    let two = trials(&with_fixed_times(twice("multi-az-1x3")), 10);
    assert_eq!(two.hits(Probability::DatasetLoss), 0, "the other replica takes over");
    check(&two, Metric::Failovers, 2.0, 2.0);
}

#[test]
fn single_loses_all_with_its_node() {
    let plan = plan("single");
    assert_eq!(plan.nodes.len(), 1);
    let summary = trials(&with_fault("single", "fail-primary = {}"), 200);
    assert_eq!(summary.hits(Probability::DatasetLoss), 200);
    // Detection and provisioning: 12 s and 9 min in the mean.
    check(&summary, Metric::WriteOutage, 480.0, 660.0);
    // A node's fault in ten years and an AZ's in fifty: 0.12 a year, within 4 standard errors.
    let years = trials(&plan, 4_000);
    check(&years, Metric::DatasetLosses, 0.12 - 0.022, 0.12 + 0.022);
    check(&years, Metric::Failovers, 0.0, 0.0);
}

#[test]
fn single_aof_is_as_bad_as_single_when_the_host_is_lost() {
    let (single, aof) = (trials(&plan("single"), 500), trials(&plan("single-aof"), 500));
    assert!(aof.hits(Probability::DatasetLoss) > 0);
    assert_eq!(aof.hits(Probability::DatasetLoss), single.hits(Probability::DatasetLoss));
    let text = text("single-aof");
    let [crash] = &options(text)[..] else {
        panic!("the crash is the one option");
    };
    let crashed = trials(&without_random(parse(&turned_on(text, crash.clone())).plan), 20);
    // The restart of 2 s and the replay of 8 GiB at 14 s each, whatever the detection.
    check(&crashed, Metric::WriteOutage, 114.0, 114.0);
    assert_eq!(crashed.hits(Probability::DatasetLoss), 0);
    let worst = most_lost(&crashed);
    assert!(worst > 0.0 && worst <= 5_000.0, "the writes of a second: {worst}");
}

#[test]
fn replicas_without_failover_keep_the_data_and_wait() {
    let summary = trials(&scheduled("replicas-no-multi-az"), 500);
    check(&summary, Metric::Failovers, 0.0, 0.0);
    check(&summary, Metric::PrimaryRecreations, 1.0, 1.0);
    assert_eq!(summary.hits(Probability::DatasetLoss), 0);
    // Detection, provisioning and the sync of 8 GiB at 18 s each.
    check(&summary, Metric::WriteOutage, 12.0 + 480.0 + 144.0, 12.0 + 660.0 + 144.0);
    // 5,000 writes a second times a lag of 0.2 s.
    check(&summary, Metric::LostWrites, 800.0, 1_200.0);
}

#[test]
fn multi_az_fails_over_in_tens_of_seconds_and_lives_exposed_for_minutes() {
    for (name, n_nodes) in [("multi-az-1x2", 2), (STARTER, 3)] {
        let plan = scheduled(name);
        assert_eq!((plan.nodes.len(), plan.azs.len()), (n_nodes, n_nodes));
        assert_eq!(plan.groups[0].multi_az, Switch::On);
        let summary = trials(&plan, 500);
        // Detection 12 s, promotion 3 s, endpoint 3 s.
        check_failover(&summary, 16.5, 19.5);
        check(&summary, Metric::ReducedRedundancy, 600.0, 900.0);
    }
    // The better of two lags is half as long in the mean.
    check(&trials(&scheduled("multi-az-1x2"), 500), Metric::LostWrites, 800.0, 1_200.0);
    check(&trials(&scheduled(STARTER), 500), Metric::LostWrites, 400.0, 600.0);
    assert_eq!(STARTER, "multi-az-1x3");
}

#[test]
fn one_az_for_all_nodes_loses_all_with_the_az() {
    let outage = "fail-az = { az = \"us-west-2a\", duration = \"2h\" }";
    let summary = trials(&with_fault("multi-az-one-az", outage), 100);
    assert_eq!(summary.hits(Probability::DatasetLoss), 100);
    assert!(summary.of(Metric::WriteOutage).mean() > 7_200.0);
    let apart = trials(&with_fault(STARTER, outage), 100);
    assert_eq!(apart.hits(Probability::DatasetLoss), 0);
    // The rate of the AZ alone, within 4 standard errors.
    let years = trials(&plan("multi-az-one-az"), 4_000);
    check(&years, Metric::DatasetLosses, 0.02 - 0.009, 0.02 + 0.009);
}

#[test]
fn a_cluster_loses_the_slots_of_one_shard_and_is_slower_without_a_majority() {
    // Of two shards the one that has not failed refuses writes as well, for half a minute.
    let clusters = [("cluster-3x2", 3, 17.0, 25.0, 1.0), ("cluster-2x2", 2, 45.0, 56.0, 1.62)];
    for (name, n_shards, low, high, shards_down) in clusters {
        let plan = scheduled(name);
        assert_eq!(plan.groups[0].cluster_mode, ClusterMode::Enabled);
        assert_eq!((plan.shards.len(), plan.nodes.len()), (n_shards, 2 * n_shards));
        let summary = trials(&plan, 300);
        check(&summary, Metric::WriteOutageAnyShard, low, high);
        // 16,384 slots are no multiple of three.
        let part = |slots: u32| f64::from(slots) / f64::from(HASH_SLOTS);
        let struck = plan.shards.iter().map(|shard| part(shard.hash_slots));
        let share = struck.fold(0.0, f64::max);
        let share = share * shards_down;
        check_failover(&summary, low * share * 0.99, high * share);
    }
}

#[test]
fn min_replicas_cost_the_sync_after_a_failover_and_bound_a_split_brain() {
    // Detection, promotion and the sync of 8 GiB at 18 s each; nothing for the lost replica, nor
    // for the cut of the primary beyond the same again.
    let plan = scheduled("min-replicas-to-write");
    let summary = trials(&plan, 300);
    check(&summary, Metric::Failovers, 2.0, 2.0);
    check(&summary, Metric::WriteOutage, 2.0 * 156.0, 2.0 * 162.0);
    // Ten seconds of 1,000 writes, and the lag of 5,000 twice.
    assert!(most_lost(&summary) < 10_000.0 + 2.0 * 10_000.0);
    let mut without = plan;
    without.replication.min_replicas = 0;
    let unbounded = trials(&without, 300);
    check(&unbounded, Metric::WriteOutage, 2.0 * 16.5, 2.0 * 19.5);
    assert!(most_lost(&unbounded) > 500_000.0, "as long as the cut, without a fence");
}

#[test]
fn writes_that_wait_are_not_lost() {
    let summary = trials(&scheduled("wait-1"), 300);
    check_failover(&summary, 16.5, 19.5);
    assert_eq!(summary.hits(Probability::WriteLoss), 0);
    // What those who do not wait lose counts as rejected beside what the outage rejects.
    let mut without = scheduled("wait-1");
    without.workload.wait = None;
    let without = trials(&without, 300);
    let mean = |tally: &Tally, metric| tally.of(metric).mean();
    let lost = mean(&without, Metric::LostWrites);
    assert!((800.0..=1_200.0).contains(&lost), "5,000 a second times a lag of 0.2 s: {lost}");
    let more = mean(&summary, Metric::RejectedWrites) - mean(&without, Metric::RejectedWrites);
    assert!((more - lost).abs() < 1e-6 * lost, "{more}, not {lost}");
}

#[test]
fn durable_writes_are_lost_never_or_up_to_ten_seconds_of_them() {
    let sync = trials(&scheduled("durable-sync"), 300);
    check_failover(&sync, 5.5, 8.5);
    assert_eq!(sync.hits(Probability::WriteLoss), 0);
    let plan = scheduled("durable-async");
    let behind = trials(&plan, 300);
    check_failover(&behind, 5.5, 8.5);
    let per_sec = plan.shards.iter().map(|shard| shard.writes_per_sec).max().expect("shards");
    let worst = most_lost(&behind);
    assert!(worst > per_sec as f64 && worst <= 10.0 * per_sec as f64, "{worst}");
}

#[test]
fn a_snapshot_lacks_the_writes_since_it_was_taken() {
    let summary = trials(&plan("snapshots-daily"), 100);
    assert_eq!(summary.hits(Probability::DatasetLoss), 100);
    let half_a_day = 12.0 * 3_600.0 * 5_000.0;
    // And what the copied replica lacked: a lag of 200 ms in the mean.
    let lag = 0.2 * 5_000.0;
    check(&summary, Metric::DatasetLostWrites, half_a_day, half_a_day + 2.0 * lag);
    check(&summary, Metric::DatasetLostBytes, 0.0, 0.0);
    // The old group takes writes for about a quarter of an hour, and loses them at re-pointing.
    check(&summary, Metric::LostWrites, 1_200.0 * 5_000.0, 1_800.0 * 5_000.0);
    let plan = plan("snapshots-daily");
    assert_eq!(plan.horizon.as_nanos(), 86_400_000_000_000, "a trial is a day");
}

#[test]
fn a_region_is_left_by_hand_and_loses_less_than_a_second() {
    let plan = scheduled("global-datastore");
    let summary = trials(&plan, 300);
    // A decision of 21 min in the mean, and a minute.
    check(&summary, Metric::WriteOutage, 1_000.0, 1_800.0);
    check(&summary, Metric::Failovers, 0.0, 0.0);
    check(&summary, Metric::DatasetLosses, 1.0, 1.0);
    check(&summary, Metric::DatasetLostWrites, 0.0, 0.0);
    let worst = most_lost(&summary);
    assert!(worst > 0.0 && worst <= 5_000.0, "{worst}");
    assert_eq!(plan.region.expect("a second region").name, "eu-west-1");
}

/// Each client's outage, fault to write, and none loses more writes than another.
#[test]
fn the_client_makes_the_outage() {
    let clients = [
        ("client-aws-lettuce", 25.0, 32.0),
        ("client-resolve-once-pool", 1_800.0, 7_200.0),
        ("client-no-keepalive", 890.0, 910.0),
        ("client-jedis-2022", 350.0, 370.0),
        ("client-reconnect-on-readonly", 18.0, 23.0),
        ("client-max-connection-age", 43.0, 54.0),
    ];
    let reference = trials(&scheduled(STARTER), 300).of(Metric::LostWrites).mean();
    for (name, low, high) in clients {
        let plan = scheduled(name);
        assert_eq!(plan.nodes.len(), 3, "{name}");
        let summary = trials(&plan, 300);
        check_failover(&summary, low, high);
        let lost = summary.of(Metric::LostWrites).mean();
        assert!((lost / reference - 1.0).abs() < 0.1, "{name}: {lost}, not {reference}");
    }
    let n_clients = PRESETS.iter().filter(|preset| preset.name.starts_with("client-")).count();
    assert_eq!(n_clients, clients.len());
}

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("ecsim-new-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    fn ecsim(&self, arguments: &[&str]) -> Output {
        let mut command = program();
        command.current_dir(&self.0).args(arguments).output().expect("ecsim runs")
    }

    /// Exit code, stdout and stderr.
    fn says(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.ecsim(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().expect("no signal");
        (code, text(&output.stdout), text(&output.stderr))
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).expect("readable")
    }

    fn files(&self) -> usize {
        std::fs::read_dir(&self.0).expect("readable").count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_preset_is_written_run_and_replayed() {
    let folder = Folder::new("round-trip");
    for preset in PRESETS {
        let file = format!("{}.toml", preset.name);
        let (code, out, said) = folder.says(&["new", "--preset", preset.name, &file]);
        assert_eq!((code, out.as_str()), (0, ""), "{}: {said}", preset.name);
        assert_eq!(folder.read(&file), preset.text);
        // What it says is next can be done.
        let commands: Vec<Vec<&str>> = said
            .lines()
            .filter_map(|line| line.strip_prefix("  ecsim "))
            .map(|line| line.split("   ").next().expect("a command").split(' ').collect())
            .collect();
        assert_eq!(commands.len(), 2, "{said}");
        assert!(said.starts_with(&format!("wrote {file} ")), "{said}");
        let [run, replay] = [&commands[0], &commands[1]];
        assert_eq!((run[0], replay[0]), ("run", "replay"));
        for (command, options) in [(run, &["--trials", "20"][..]), (replay, &["--until", "1d"])] {
            let (code, out, said) = folder.says(&[&command[..], options].concat());
            assert_eq!(code, 0, "{command:?}: {said}");
            assert!(out.starts_with(preset.name), "{command:?}: {out}");
        }
    }
    assert_eq!(folder.files(), PRESETS.len());
}

#[test]
fn without_a_name_the_starter_is_written() {
    let folder = Folder::new("starter");
    assert_eq!(folder.says(&["new", "mine.toml"]).0, 0);
    assert_eq!(folder.read("mine.toml"), text("multi-az-1x3"));
}

#[test]
fn a_file_that_exists_is_left_as_it_is() {
    let folder = Folder::new("exists");
    std::fs::write(folder.0.join("mine.toml"), "years of work").expect("a file");
    std::fs::create_dir(folder.0.join("folder")).expect("a folder");
    for file in ["mine.toml", "folder"] {
        let (code, out, said) = folder.says(&["new", "--preset", "single", file]);
        assert_eq!((code, out.as_str()), (1, ""), "{said}");
        assert!(said.contains(file) && said.contains("exists"), "{said}");
        assert!(said.contains("hint: choose another name, or remove it"), "{said}");
    }
    assert_eq!(folder.read("mine.toml"), "years of work");
    assert_eq!(folder.files(), 2);
}

#[test]
fn a_missing_folder_is_named_and_not_created() {
    let folder = Folder::new("missing");
    let file = Path::new("no").join("such").join("mine.toml");
    let (code, _, said) = folder.says(&["new", &file.to_string_lossy()]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&*file.to_string_lossy()), "{said}");
    let parent = Path::new("no").join("such");
    assert!(said.contains(&format!("there is no folder {}", parent.display())), "{said}");
    assert_eq!(folder.files(), 0);
}

#[test]
fn an_unknown_preset_is_wrong_usage() {
    let folder = Folder::new("unknown");
    let (code, out, said) = folder.says(&["new", "--preset", "multi-az-1x4", "mine.toml"]);
    assert_eq!((code, out.as_str()), (2, ""), "{said}");
    assert!(said.contains("similar") && said.contains("'multi-az-1x3'"), "{said}");
    for preset in PRESETS {
        assert!(said.contains(preset.name), "{} is not named: {said}", preset.name);
    }
    assert_eq!(folder.says(&["new"]).0, 2, "where to, if not to a file");
    assert_eq!(folder.files(), 0);
}

#[test]
fn a_dash_is_stdout() {
    let folder = Folder::new("dash");
    let (code, out, said) = folder.says(&["new", "--preset", "wait-1", "-"]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert_eq!(out, text("wait-1"));
    assert_eq!(folder.files(), 0);
}

#[test]
fn help_has_every_preset_with_what_it_is() {
    let (code, out, _) = Folder::new("help").says(&["new", "--help"]);
    assert_eq!(code, 0);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let out = words(&out);
    for preset in PRESETS {
        let line = format!("- {}: {}", preset.name, preset.summary);
        assert!(out.contains(&words(&line)), "no `{line}` in {out}");
    }
}
