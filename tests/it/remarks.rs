//! The lines under the tables of results: refused calls, ways of losing writes, shares of slots.

use crate::support::{ecsim, root};

/// What `ecsim` prints for these arguments; it succeeds.
fn printed(arguments: &[&str]) -> String {
    let output = ecsim(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The lines of a text that begin with `label`, without it.
fn lines<'t>(text: &'t str, label: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.strip_prefix(label)).collect()
}

const REFUSED: &str = "tests/data/refused.toml";

#[test]
fn a_run_tells_which_calls_were_refused_and_why() {
    let one = printed(&["run", REFUSED, "--policy", "with failover"]);
    let expected = "TestFailover 40 times, in 40 of 40 trials: InvalidReplicationGroupState: the \
                    test failover before is not over: wait for its `Finished recovery`";
    assert_eq!(lines(&one, " refused: "), [expected]);
    let without = printed(&["run", REFUSED, "--policy", "without"]);
    let expected = "TestFailover 80 times, in 40 of 40 trials: InvalidReplicationGroupState: \
                    automatic failover is not enabled";
    assert_eq!(lines(&without, " refused: "), [expected]);
    let accepted = printed(&["run", "scenarios/test-failover.toml", "--trials", "20"]);
    assert!(!accepted.contains("refused"), "{accepted}");
}

#[test]
fn a_comparison_tells_it_of_each_policy() {
    let both = printed(&["compare", REFUSED]);
    let lines = lines(&both, " refused (");
    let [first, second] = lines.as_slice() else { panic!("two lines: {both}") };
    assert!(first.starts_with("with failover): TestFailover 40 times"), "{first}");
    assert!(second.starts_with("without): TestFailover 80 times"), "{second}");
    let alike = printed(&["compare", REFUSED, "--sweep", "workload.dataset=1 GiB,2 GiB"]);
    assert!(alike.contains(" refused ("), "{alike}");
}

#[test]
fn sensitivity_tells_where_calls_are_refused_more_or_less_often() {
    // A test that takes no longer than until the second call does not stand in its way.
    let options = ["--policy", "with failover", "--sensitivity", "--trials", "20"];
    let set = ["--set", "timing.replacement=1s", "--set", "timing.test-failover=15s"];
    let moved = printed(&[&["run", REFUSED][..], &options, &set].concat());
    let lines = lines(&moved, " refused calls, which are ");
    assert!(lines.iter().any(|line| line.contains(" at ")), "{moved}");
}

#[test]
fn writes_are_lost_in_the_ways_that_the_table_names() {
    let isolated = printed(&["run", "scenarios/isolated-primary.toml", "--trials", "200"]);
    let ways = lines(&isolated, " how writes were lost: ");
    let [way] = ways.as_slice() else { panic!("one line: {isolated}") };
    let (split, lag) = way.split_once(" · ").expect("two ways");
    assert!(split.starts_with("in a split brain ") && lag.starts_with("by lag "), "{way}");
    let failed = printed(&["run", "scenarios/primary-failure.toml", "--trials", "200"]);
    assert_eq!(lines(&failed, " how writes were lost: "), ["by lag 100 %"]);
    assert!(!failed.contains("writes lost with it"), "{failed}");
    let replica = printed(&["run", "scenarios/replica-failure.toml", "--trials", "20"]);
    assert!(lines(&replica, " how writes were lost: ").is_empty(), "{replica}");
}

#[test]
fn writes_lost_with_a_dataset_have_a_column_of_their_own() {
    let whole = printed(&["run", "scenarios/whole-group.toml", "--trials", "20"]);
    assert!(whole.contains("writes lost with it/trial"), "{whole}");
    let sweep = ["--sweep", "group.replicas=1..2", "--trials", "20"];
    let compared = printed(&[&["compare", "scenarios/whole-group.toml"][..], &sweep].concat());
    assert!(compared.contains("writes lost with it/trial"), "{compared}");
}

#[test]
fn outages_of_several_shards_are_weighted_and_the_table_says_so() {
    let weights = "an outage of one shard counts by its share of the slots";
    let says = |name: &str| {
        let file = format!("scenarios/{name}.toml");
        printed(&["run", &file, "--trials", "20"]).contains(weights)
    };
    assert!(says("two-shards-az-outage"));
    assert!(!says("primary-failure"));
}

#[test]
fn mz_65_the_report_flags_a_group_whose_external_replica_hinders_failover() {
    let file = "tests/data/external-replica.toml";
    let hazard = "g: while Multi-AZ is on, the external replica can hinder failovers (MZ-65)";
    let table = printed(&["run", file]);
    let lines_of_run = lines(&table, " external replica: ");
    let [line] = lines_of_run.as_slice() else { panic!("one line: {table}") };
    let often = line.strip_prefix(hazard).expect("the hazard is named");
    assert!(often.starts_with("; it did ") && often.ends_with(" of 40 trials"), "{line}");
    let switched_off = ["--set", "group.multi-az=false"];
    let off = printed(&[&["run", file][..], &switched_off].concat());
    assert!(!off.contains("external replica:"), "{off}");
    // Trial by trial the story names each time, and counts them.
    let story = |n: u64| printed(&["replay", file, "--trial", &n.to_string()]);
    let stories: Vec<String> = (0..8).map(story).collect();
    for story in &stories {
        let last = story.lines().find(|line| line.starts_with("external replica")).expect("a line");
        let times = story.matches("because of the external replica").count();
        let told = match times {
            0 => "; it did not".to_owned(),
            1 => "; it did once".to_owned(),
            n => format!("; it did {n} times"),
        };
        assert!(last.contains(hazard) && last.ends_with(&told), "{last}");
    }
    assert!(stories.iter().any(|story| story.contains("it did once")), "half of them, about");
}

#[test]
fn an_answer_is_shown_only_of_a_call_that_is_made() {
    let tested = "scenarios/test-failover.toml";
    let refused = |file: &str, call: &str| {
        let output = ecsim(&["replay", file, "--describe-at", "90s", "--as", call]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let said = refused(tested, "modify-replication-group");
    assert!(said.contains("calls no modify-replication-group of redis1x3"), "{said}");
    assert!(said.contains("hint: the scenario has test-failover; or leave out --as"), "{said}");
    let said = refused("scenarios/primary-failure.toml", "test-failover");
    assert!(said.contains("hint: leave out --as"), "{said}");
    printed(&["replay", tested, "--describe-at", "90s", "--as", "test-failover"]);
    let by_hand = "scenarios/promotion-by-hand.toml";
    printed(&["replay", by_hand, "--describe-at", "90s", "--as", "modify-replication-group"]);
    // The calls of a migration answer with the group, also the one that the operator's cut-over
    // makes.
    let migrated = "scenarios/migration.toml";
    for call in ["test-migration", "start-migration", "complete-migration"] {
        let answer = printed(&["replay", migrated, "--describe-at", "30m", "--as", call]);
        assert!(answer.contains("\"ReplicationGroupId\": \"shop\""), "{answer}");
        assert!(answer.contains("\"Status\": \"migrating\""), "{answer}");
    }
    let said = refused(migrated, "test-failover");
    assert!(said.contains("test-migration, start-migration, complete-migration; or"), "{said}");
}

#[test]
fn the_api_does_not_know_a_self_hosted_group() {
    let migrated = "scenarios/migration.toml";
    let output = ecsim(&["replay", migrated, "--describe-at", "30m", "--group", "legacy"]);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("ReplicationGroupNotFoundFault: legacy is self-hosted"), "{said}");
    assert!(said.ends_with("hint: name one with --group: shop\n"), "{said}");
    // So there is only one that can be meant.
    let meant = printed(&["replay", migrated, "--describe-at", "30m"]);
    assert!(meant.contains("\"ReplicationGroupId\": \"shop\""), "{meant}");
    // Its nodes listen where the scenario says, and have no name of AWS's.
    let names = printed(&["replay", migrated, "--endpoints"]);
    assert!(names.contains("10.0.1.17:6379"), "{names}");
    let of_aws = names.lines().filter(|line| line.contains("amazonaws.com"));
    assert!(of_aws.clone().all(|line| line.contains("shop")) && of_aws.count() > 3, "{names}");
    let log = printed(&["replay", migrated, "--events"]);
    assert!(log.contains("Test Migration successful for shop"), "{log}");
}

#[test]
fn a_target_has_its_own_slots_until_it_is_resharded() {
    let cluster = "scenarios/migration-cluster.toml";
    for (at, slots) in [("5m", "0-5460"), ("2h", "0-7999")] {
        let group = printed(&["replay", cluster, "--describe-at", at]);
        assert!(group.contains(&format!("\"Slots\": \"{slots}\"")), "{at}: {group}");
    }
}

#[test]
fn what_replay_shows_of_a_test_failover_is_as_reviewed() {
    for (options, file) in [
        (&["--describe-at", "90s"][..], "test-failover.described"),
        (&["--describe-at", "10m 30s", "--as", "test-failover"], "test-failover.answer"),
        (&["--endpoints"], "test-failover.endpoints"),
        (&["--events"], "test-failover.events"),
    ] {
        let shown = printed(&[&["replay", "scenarios/test-failover.toml"][..], options].concat());
        let path = root().join("tests/golden").join(file);
        snapbox::assert_data_eq!(shown, snapbox::Data::read_from(&path, None).raw());
    }
}

#[test]
fn what_wait_does_not_confirm_is_no_outage_and_is_told() {
    let file = "tests/data/wait.toml";
    let compared = printed(&["compare", file]);
    assert!(compared.contains("writes unconfirmed/trial"), "{compared}");
    assert_eq!(lines(&compared, " writes unconfirmed: ").len(), 1, "{compared}");
    let latency = " how long each write waits for its replicas is in none of the figures";
    assert_eq!(lines(&compared, latency), [" (all policies)"], "{compared}");
    let one = printed(&["run", file, "--policy", "they fail"]);
    assert_eq!(lines(&one, " writes unconfirmed/trial: mean ").len(), 1, "{one}");
    assert_eq!(lines(&one, latency), [""], "{one}");
    let without = printed(&["run", "scenarios/primary-failure.toml", "--trials", "20"]);
    assert!(!without.contains("unconfirmed") && !without.contains("how long each"), "{without}");
    let durable = printed(&["run", "scenarios/durability.toml", "--trials", "20"]);
    assert!(durable.contains("waits for the log is in none of the figures ("), "{durable}");
}

#[test]
fn what_nobody_can_show_is_refused() {
    let file = "scenarios/primary-failure.toml";
    for (options, wanted) in [
        (&["--events", "--source-identifier", "shop-009"][..], "no group and no node shop-009"),
        (&["--events", "--as", "test-failover"], "cannot be used with"),
        (&["--events", "--group", "redis1x3"], "cannot be used with"),
        (&["--endpoints", "--source-identifier", "redis1x3"], "cannot be used with"),
        (&["--describe-at", "1m", "--message", "x"], "cannot be used with"),
        (&["--describe-at", "1m", "--group", "redis1x3-restored-1"], "hint: there is redis1x3"),
        (&["--describe-at", "1m", "--group", "redis1x3-restored-0"], "there is no group"),
    ] {
        let output = ecsim(&[&["replay", file][..], options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.contains(wanted), "{options:?}: {said}");
    }
    for known in ["redis1x3", "redis1x3-002", "redis1x3-restored-1-001"] {
        printed(&["replay", file, "--events", "--source-identifier", known]);
    }
    let output = ecsim(&["check", "scenarios"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("scenarios is a folder, not a scenario"), "{said}");
}

#[test]
fn a_study_of_migrations_shows_what_each_way_costs() {
    let study = printed(&["run", "scenarios/migration-study.toml", "--trials", "60"]);
    for column in [
        " write outage/trial",
        " writes lost/trial",
        " writes rejected/trial",
        " writes diverged/trial",
        " price of a way back/trial",
    ] {
        assert!(study.contains(column), "no {column:?} in\n{study}");
    }
    let price = lines(&study, " rolling back (");
    assert!(!price.is_empty() && price.iter().all(|line| line.contains("after the start")));
    let one = printed(&["run", "scenarios/migration-late-clients.toml", "--trials", "20"]);
    assert!(one.contains(" writes rejected/trial"), "{one}");
    let other = printed(&["run", "scenarios/primary-failure.toml", "--trials", "20"]);
    assert!(!other.contains("rejected"), "{other}");
}

#[test]
fn a_migration_that_is_never_in_sync_has_no_time_and_a_reason() {
    let planning = ["run", "scenarios/migration-planning.toml", "--trials", "20"];
    let all = printed(&planning);
    // At 16,000 writes a second two of three bandwidths carry too little.
    let never = |line: &&str| line.matches("never (0 of 20)").count() == 3;
    assert_eq!(all.lines().filter(never).count(), 2, "{all}");
    assert_eq!(lines(&all, " ≥ ").len(), 0, "{all}");
    let sets = ["--set", "workload.writes-per-second=16_000", "--set"];
    let slow = printed(
        &[
            &["run", "scenarios/migration-output-buffer.toml", "--policy", "as shipped"][..],
            &sets,
            &["run.horizon=3h", "--trials", "20"],
        ]
        .concat(),
    );
    let said = lines(&slow, " migration: ");
    let [said] = said.as_slice() else { panic!("one line: {slow}") };
    let none = "completed in NONE of 20 trials; in sync in NONE of 20 trials; full syncs ";
    assert!(said.starts_with(none), "{said}");
    assert_eq!(lines(&slow, " until in sync: "), ["never in 20 trials"]);
    let hindered = lines(&slow, " migration hindered: ");
    let [hindered] = hindered.as_slice() else { panic!("one line: {slow}") };
    let why = "in 20 of 20 trials: more waited in the source than its output buffer may hold";
    assert!(hindered.starts_with("a link is lost ") && hindered.ends_with(why), "{hindered}");
    let price = lines(&slow, " rolling back: ");
    assert_eq!(price, ["no client wrote to a complete target: a way back loses nothing"]);
}

#[test]
fn a_target_that_needs_the_clients_stopped_does_not_look_like_one_that_keeps_up() {
    let migration = ["run", "scenarios/migration.toml", "--trials", "20"];
    let keeps_up = printed(&migration);
    let said = lines(&keeps_up, " migration: ");
    assert!(said.len() == 1 && !said[0].contains("stopped"), "{keeps_up}");
    let until = lines(&keeps_up, " until in sync: ");
    let replicas = "until the replicas of shop have it too 6m 16s";
    assert!(until.len() == 1 && until[0].contains(replicas), "{keeps_up}");
    let fast = ["--set", "workload.writes-per-second=10000"];
    let silenced = printed(&[&migration[..], &fast].concat());
    let said = lines(&silenced, " migration: ");
    assert!(
        said.len() == 1 && said[0].contains("only after the clients were stopped"),
        "{silenced}"
    );
    let sweep = ["--sweep", "workload.writes-per-second=1000,10000"];
    let both = printed(&[&migration[..], &sweep].concat());
    let marked = |line: &&str| line.starts_with("   10000 ") && line.contains("(all alike) †");
    assert_eq!(both.lines().filter(marked).count(), 1, "{both}");
    assert_eq!(lines(&both, " † ").len(), 1, "{both}");
}

#[test]
fn times_of_a_migration_count_from_its_start_even_if_that_is_not_observed() {
    let migration = ["run", "scenarios/migration.toml", "--trials", "20", "--set"];
    let early = printed(&[&migration[..], &["run.warm-up=20m"]].concat());
    assert_eq!(lines(&early, " started: before the observed time").len(), 1, "{early}");
    assert_eq!(lines(&early, " until in sync: "), ["not seen in 20 trials"]);
    let back = lines(&early, " rolling back: the first write on the target comes 31m ");
    assert_eq!(back.len(), 1, "{early}");
    let whole = printed(&[&migration[..], &["run.warm-up=0s"]].concat());
    assert!(lines(&whole, " started: ").is_empty(), "{whole}");
}
