//! INFO of both sides at an instant is what the trace says (OM-11).

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::plan::{CutOver, Plan};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::report::describe::{self, Answer};
use elasticache_sim::report::info;

use super::{TARGET, compare, of, plan};
use crate::support::{ecsim, load, secs};

/// INFO at an instant.
fn info_at(plan: &Plan, at: Span) -> String {
    let mut plan = plan.clone();
    let at = SimTime::START + at;
    plan.horizon = at;
    let mut trial = Trial::begin(&plan, TrialKeys::new(1).key(0));
    trial.finish(&mut ());
    info::text(&plan, trial.state(), at)
}

/// The lines of a node.
fn of_node(text: &str, node: &str) -> Vec<String> {
    let begins = format!("# {node},");
    let from = text.lines().skip_while(|line| !line.starts_with(&begins)).skip(1);
    from.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn before_the_start_both_are_masters() {
    let text = info_at(&plan(), secs(50));
    // 50 s of 4,000 writes of 1,000 bytes.
    assert_eq!(
        of_node(&text, "src-001"),
        [
            "role:master",
            "connected_slaves:1",
            "slave0:ip=src-002,port=6379,state=online,offset=200000000,lag=0",
            "master_repl_offset:200000000",
        ]
    );
    assert_eq!(of_node(&text, "tgt-001")[0], "role:master");
    assert!(text.contains("Status: available"), "{text}");
    assert!(text.contains("rolling back loses nothing"), "{text}");
}

#[test]
fn the_api_calls_the_target_migrating() {
    let plan = Plan { horizon: SimTime::START + secs(100), ..plan() };
    let mut trial = Trial::begin(&plan, TrialKeys::new(1).key(0));
    trial.finish(&mut ());
    let document = describe::document(&plan, trial.state(), TARGET, Answer::Describe);
    assert!(document.contains("\"Status\": \"migrating\""), "{document}");
}

#[test]
fn a_full_sync_is_in_progress() {
    for (at, state) in [(71, "wait_bgsave"), (100, "send_bulk"), (180, "online")] {
        let text = info_at(&plan(), secs(at));
        assert_eq!(
            of_node(&text, "tgt-001")[..5],
            [
                "role:slave",
                "master_host:src-001",
                "master_port:6379",
                "master_link_status:down",
                "master_sync_in_progress:1",
            ]
        );
        let line = format!("slave1:ip=tgt-001,port=6379,state={state},offset=0,lag=0");
        assert!(of_node(&text, "src-001").contains(&line), "{text}");
        assert!(text.contains("Status: migrating"), "{text}");
        assert!(text.contains("Primary Link Health Status 0"), "{text}");
        // What was written since 70 s waits.
        let omem = (at - 70) * 4_000_000;
        assert!(text.contains(&format!("CLIENT LIST on src-001: omem={omem}\n")), "{text}");
    }
}

#[test]
fn a_target_lacks_what_waits_for_it() {
    // 486,000 writes wait at 191.5 s, and 6,000 fewer each second.
    let waits = (486_000 - 231_000) * 1_000;
    // What was sent within the lag of 100 ms is on its way.
    let offset = 230 * 4_000_000 - waits - 400_000;
    let text = info_at(&plan(), secs(230));
    compare(text.clone(), "info-230s.txt");
    let target = of_node(&text, "tgt-001");
    assert_eq!(
        target[3..6],
        [
            "master_link_status:up".to_owned(),
            "master_sync_in_progress:0".to_owned(),
            format!("slave_repl_offset:{offset}"),
        ]
    );
    let line = format!("slave1:ip=tgt-001,port=6379,state=online,offset={offset},lag=0");
    assert!(of_node(&text, "src-001").contains(&line), "{text}");
    assert!(text.contains(&format!("omem={waits}\n")), "{text}");
    assert!(text.contains("Primary Link Health Status 0"), "{text}");
    let later = info_at(&plan(), secs(280));
    assert!(later.contains("Primary Link Health Status 1"), "{later}");
    assert!(later.contains("omem=0\n"), "{later}");
    assert!(of_node(&later, "tgt-001").contains(&"slave_repl_offset:1119600000".to_owned()));
}

#[test]
fn a_target_trails_by_the_lag_of_its_link_until_the_writes_stop() {
    let mut plan = plan();
    of(&mut plan).link.lag = Law::fixed(Span::from_nanos(2_500_000_000));
    of(&mut plan).cut_over = CutOver::StopWritesFirst;
    let offsets = |at: u64, offset: u64, lag: u64| {
        let text = info_at(&plan, secs(at));
        let target = of_node(&text, "tgt-001");
        assert!(target.contains(&format!("slave_repl_offset:{offset}")), "{text}");
        let line = format!("slave1:ip=tgt-001,port=6379,state=online,offset={offset},lag={lag}");
        assert!(of_node(&text, "src-001").contains(&line), "{text}");
        assert!(text.contains("Primary Link Health Status 1"), "{text}");
        assert!(text.contains("omem=0\n"), "{text}");
    };
    // 2.5 s of 4,000 writes of 1,000 bytes, and the last of them arrive 2.5 s after 300 s.
    offsets(290, 290 * 4_000_000 - 10_000_000, 2);
    offsets(301, 300 * 4_000_000 - 6_000_000, 2);
    offsets(303, 300 * 4_000_000, 2);
}

#[test]
fn after_the_completion_a_way_back_costs() {
    let text = info_at(&plan(), secs(400));
    assert_eq!(of_node(&text, "tgt-001")[0], "role:master");
    assert!(text.contains("Status: available"), "{text}");
    // Clients write to it since 317 s.
    assert!(text.contains("rolling back loses 332,000 writes"), "{text}");
    // It has what the source had at 304.9 s.
    let offset = 304_900 * 4_000 + 83 * 4_000_000;
    let last = of_node(&text, "tgt-001").pop().expect("lines");
    assert_eq!(last, format!("master_repl_offset:{offset}"));
}

#[test]
fn a_link_that_is_cut_is_down() {
    let mut plan = plan();
    of(&mut plan).link.hard_limit = Some(100_000_000);
    // 100,000 writes wait at 95 s: the source drops its reader.
    let text = info_at(&plan, secs(96));
    assert!(of_node(&text, "tgt-001").contains(&"master_link_status:down".to_owned()), "{text}");
    assert!(of_node(&text, "tgt-001").contains(&"master_sync_in_progress:0".to_owned()));
    assert!(!text.contains("omem"), "{text}");
    assert!(of_node(&text, "src-001").contains(&"connected_slaves:1".to_owned()), "{text}");
}

#[test]
fn a_group_without_a_migration_has_info_too() {
    let plan = load("primary-failure").plan;
    let text = info_at(&plan, secs(610));
    assert!(text.contains("no answer"), "{text}");
    let output = ecsim(&["replay", "scenarios/primary-failure.toml", "--info-at", "5m"]);
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success());
    assert!(printed.starts_with("# redis1x3-001, shard 0001\nrole:master\nconnected_slaves:2\n"));
    assert_eq!(printed.matches("role:slave").count(), 2);
    assert!(!printed.contains("migration"), "{printed}");
    assert!(!printed.ends_with("\n\n"));
}
