//! `ecsim exact` as people run it: tables, JSON, and everything that it refuses; and that the chain
//! of a plan does not depend on what its laws are called.

use std::path::PathBuf;

use elasticache_sim::exact::explore::Explorer;
use elasticache_sim::exact::lags::{AsksForIds, Lags};
use elasticache_sim::exact::symbols::{Numbering, Obstacle, SCHEDULED, Symbols};
use elasticache_sim::exact::{self, size};
use elasticache_sim::model::plan::{Plan, Promotion};
use elasticache_sim::observe::metrics::Metric;
use serde_json::Value;

use crate::exact::random_scenario;
use crate::support::exact_cases::{case, scenario_text};
use crate::support::{ecsim, library, load_all, parse};

/// One replica in another AZ, with every law that it can use exponential.
const ONE_REPLICA: &str = r#"
schema = 1
[run]
horizon = "30d"
[group]
id = "g"
azs = ["a", "b"]
replicas = 1
[workload]
writes-per-second = 100
[control-plane]
detector = "managed"
[timing]
detection = { exponential = { mean = "10s" } }
promotion = { exponential = { mean = "5s" } }
endpoint = { exponential = { mean = "5s" } }
replacement = { exponential = { mean = "6m" } }
full-sync = { exponential = { mean = "60s" } }
cold-start = { exponential = { mean = "60s" } }
[[fault]]
node-failure = { mttf = "30d" }
"#;

/// Runs `ecsim exact` on a scenario text; gives the exit code, the answers and the talk.
fn run(name: &str, scenario: &str, options: &[&str]) -> (i32, String, String) {
    let dir = std::env::temp_dir().join(format!("ecsim-exact-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a temporary folder");
    let file: PathBuf = dir.join("my.toml");
    std::fs::write(&file, scenario).expect("a temporary file");
    let output = ecsim(&[&["exact", &file.to_string_lossy()], options].concat());
    std::fs::remove_dir_all(&dir).expect("the temporary folder goes");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let said = text(output.stderr).replace(&*file.to_string_lossy(), "my.toml");
    (output.status.code().expect("no signal"), text(output.stdout), said)
}

fn json(name: &str, scenario: &str, options: &[&str]) -> (i32, Value) {
    let (code, printed, _) = run(name, scenario, &[options, &["--format", "json"]].concat());
    (code, serde_json::from_str(&printed).expect("JSON"))
}

/// The obstacles of a scenario: keys and reasons.
fn obstacles(text: &str) -> Vec<(String, String)> {
    let refused = exact::solve(&parse(text).plan).expect_err("it has no exact answer");
    refused.into_iter().map(|Obstacle { key, why, .. }| (key, why)).collect()
}

fn keys(text: &str) -> Vec<String> {
    obstacles(text).into_iter().map(|(key, _)| key).collect()
}

/// The text with some of its parts replaced, each of which is there.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(ONE_REPLICA.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn a_table_of_one_policy_and_of_several() {
    let (code, printed, said) = run("table", ONE_REPLICA, &[]);
    assert_eq!((code, said.contains("error")), (0, false), "{said}");
    for part in [
        "my · exact\n",
        "mean over 30d from a fresh start",
        "long run, mean per y",
        "probability to lose a dataset in 30d",
        "Markov chain of ",
        " assumed, with no source for it:\n",
    ] {
        assert!(printed.contains(part), "no `{part}` in:\n{printed}");
    }
    let swept = ["--sweep", "group.replicas=1..2"];
    let (code, printed, _) = run("several", ONE_REPLICA, &swept);
    assert_eq!(code, 0);
    for part in ["group.replicas=1 ", "group.replicas=2 ", "P(dataset loss)", "--policy NAME"] {
        assert!(printed.contains(part), "no `{part}` in:\n{printed}");
    }
    assert!(printed.lines().all(|line| line == line.trim_end()), "{printed}");
    let one = [&swept[..], &["--policy", "group.replicas=2"]].concat();
    let (_, printed, _) = run("chosen", ONE_REPLICA, &one);
    assert!(printed.contains(" policy: group.replicas=2\n"), "{printed}");
}

#[test]
fn json_has_the_same_numbers_and_names_what_is_refused() {
    let options = ["--sweep", "timing.promotion.exponential.mean=1s,5s"];
    let (code, whole) = json("json", ONE_REPLICA, &options);
    assert_eq!(code, 0);
    assert_eq!(whole["refused"], serde_json::json!([]));
    let policies = whole["policies"].as_array().expect("policies");
    assert_eq!(policies.len(), 2);
    let exact = exact::solve(&parse(ONE_REPLICA).plan).expect("a Markov chain");
    let policy = &policies[1];
    assert_eq!(policy["method"], "exact");
    assert_eq!(policy["states"], exact.n_states);
    let close = |found: &Value, expected: f64| {
        let found = found.as_f64().expect("a number");
        assert!((found / expected - 1.0).abs() < 1e-11, "{found} instead of {expected}");
    };
    for metric in exact::chain::METRICS {
        let expected = exact.horizon(metric).expect("one part");
        let found = &policy["horizon"]["metrics"][metric.name()]["mean"]["value"];
        match expected == 0.0 {
            true => assert_eq!(found.as_f64(), Some(0.0), "{}", metric.name()),
            false => close(found, expected),
        }
    }
    close(&policy["horizon"]["probabilities"]["dataset_loss"]["value"], exact.loss);
    let outage = &policy["long_run"]["metrics"]["write_outage_s"]["mean"]["value"];
    close(outage, exact.long_run(Metric::WriteOutage).expect("one part") * 365.0 * 86_400.0);
}

#[test]
fn where_the_chain_differs_from_the_rules_it_says_so() {
    let az = "[[fault]]\naz-failure = { mttf = \"90d\", duration = { exponential = { mean = \"1h\" } } }\n";
    let even = format!("{ONE_REPLICA}{az}");
    let uneven = even.replace("replicas = 1", "replicas = 2");
    let by_slot = format!("{uneven}[rules]\ncold-start-node = \"primary-slot\"\n");
    for (name, text, differs) in
        [("even", &even, false), ("uneven", &uneven, true), ("by-slot", &by_slot, false)]
    {
        let said = "cold starts: any live node";
        let (code, table, talk) = run(name, text, &[]);
        assert_eq!(code, 0, "{name}: {talk}");
        assert_eq!(table.contains(said), differs, "{name}: {table}");
        let (_, answers) = json(name, text, &[]);
        let notes = answers["policies"][0]["notes"].as_array().expect("a list");
        let is_of = |words: &str| {
            notes.iter().any(|note| note.as_str().is_some_and(|note| note.starts_with(words)))
        };
        assert_eq!(is_of(said), differs, "{name}: {notes:?}");
        assert!(is_of("writes lost: as if no lag"), "{name}: {notes:?}");
    }
}

#[test]
fn what_is_answered_is_printed_though_some_is_refused() {
    let options = ["--sweep", "timing.detection={exponential={mean=\"9s\"}},4s"];
    let (code, printed, said) = run("partly", ONE_REPLICA, &options);
    assert_eq!(code, 3);
    assert!(printed.contains("policy: timing.detection={"), "{printed}");
    for part in [
        "error: `timing.detection=4s` has no exact answer\n",
        "  timing.detection is fixed: \"4s\"\n",
        "hint: with exponential laws of the same means it is another scenario, near to this one, \
         and can be solved: ecsim exact my.toml --sweep ",
        " --set timing.detection.exponential.mean=4s\n",
        "hint: what has no exact answer is estimated: ecsim run my.toml --sweep ",
    ] {
        assert!(said.contains(part), "no `{part}` in:\n{said}");
    }
    let (code, whole) = json("partly-json", ONE_REPLICA, &options);
    assert_eq!(code, 3);
    assert_eq!(whole["policies"].as_array().map(Vec::len), Some(1));
    let reason = serde_json::json!({
        "path": "timing.detection",
        "why": "is fixed",
        "value": "\"4s\"",
    });
    assert_eq!(whole["refused"][0]["obstacles"], serde_json::json!([reason]));
}

/// The options that are proposed lead to an answer.
#[test]
fn laws_of_the_same_mean_can_be_put_in_their_place() {
    let text = with(&[
        ("promotion = { exponential = { mean = \"5s\" } }", "promotion = \"7s\""),
        ("endpoint = { exponential = { mean = \"5s\" } }", ""),
        ("full-sync = { exponential = { mean = \"60s\" } }", ""),
    ]);
    let (code, _, said) = run("proposed", &text, &[]);
    assert_eq!(code, 3);
    let hint = said.lines().find(|line| line.starts_with("hint: with exponential laws"));
    let options = hint.and_then(|hint| hint.split_once("my.toml ")).expect("a command").1;
    let options: Vec<&str> = options.split(' ').collect();
    assert_eq!(options.len(), 6, "{said}");
    let (code, printed, said) = run("as-proposed", &text, &options);
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("timing.promotion = { exponential = { mean = \"7s\" } }"));
}

#[test]
fn everything_that_stands_in_the_way_is_told_at_once() {
    let text = with(&[
        ("detection = { exponential = { mean = \"10s\" } }", ""),
        ("replacement = { exponential = { mean = \"6m\" } }", "replacement = \"6m\""),
        (
            "[[fault]]",
            "[[fault]]\nat = \"1h\"\nfail-primary = {}\n[[fault]]\nenabled = false\n\
             az-failure = { mttf = \"1y\", duration = \"2h\" }\n[[fault]]\nid = \"zone\"\n\
             az-failure = { lifetime = { weibull = { mean = \"1y\", shape = 0.5 } }, \
             duration = \"2h\", share = { uniform = [0, 1] } }\n[[fault]]",
        ),
        ("replicas = 1", "replicas = 1\nsnapshot-retention = 3\nnode-type = \"cache.r7g.large\""),
    ]);
    assert_eq!(
        keys(&text),
        [
            SCHEDULED,
            "group.snapshot-retention",
            "fault.az-failure[1].share",
            "timing.detection",
            "timing.replacement",
            "fault.az-failure[1].lifetime",
            "fault.az-failure[1].duration",
        ]
    );
    let (code, printed, said) = run("all", &text, &[]);
    assert_eq!((code, printed.as_str()), (3, ""));
    for line in [
        "  fault.fail-primary-1.at comes at a set time: \"1h\"\n",
        "  group.snapshot-retention is not 0, and backups come at set times: 3\n",
        "  fault.zone.az-failure.share is a range, not one number: { uniform = [0, 1] }\n",
        "  timing.detection is lognormal: { lognormal = { median = \"10s\", p95 = \"25s\" } } \
         (the default, assumed)\n",
        "  timing.replacement is fixed: \"6m\"\n",
        "  fault.zone.az-failure.lifetime is a Weibull law: { weibull = { mean = \"1y\", \
         shape = 0.5 } }\n",
        "  fault.zone.az-failure.duration is fixed: \"2h\"\n",
        "hint: exponential laws of the same means: --set timing.detection.exponential.mean=11",
        " --set fault.zone.az-failure.duration.exponential.mean=7200s\n",
        "hint: what has no exact answer is estimated: ecsim run my.toml --precision \
         dataset_loss=5%\n",
    ] {
        assert!(said.contains(line), "no `{line}` in:\n{said}");
    }
    assert!(!said.contains("can be solved"), "more is in the way than laws: {said}");
}

/// Nothing reboots, and a group that never promotes has no promotion: their laws may be any.
#[test]
fn laws_that_nothing_waits_for_may_be_any() {
    let text = with(&[
        ("replicas = 1", "replicas = 1\nautomatic-failover = false"),
        ("promotion = { exponential = { mean = \"5s\" } }", "promotion = \"5s\""),
        ("cold-start", "reboot = \"1m\"\ncold-start"),
    ]);
    exact::solve(&parse(&text).plan).expect("nothing is in the way");
    // With a failover it is.
    let text = with(&[("promotion = { exponential = { mean = \"5s\" } }", "promotion = \"5s\"")]);
    assert_eq!(obstacles(&text), [("timing.promotion".to_owned(), "is fixed".to_owned())]);
}

#[test]
fn a_chain_that_is_too_large_says_what_makes_it_so() {
    let text = with(&[
        ("replicas = 1", "replicas = 5"),
        (
            "full-sync = { exponential = { mean = \"60s\" } }",
            "full-sync = { erlang = { mean = \"60s\", stages = 40 } }",
        ),
    ]);
    let plan = parse(&text).plan;
    let symbols = Symbols::of(&plan).expect("no obstacle");
    let lags = Lags::new(&plan.replication.lag, AsksForIds::No);
    let explorer = Explorer::new(&symbols, &lags, exact::parts(&plan).remove(0));
    let refused = explorer.chain(200).expect_err("there are more");
    assert_eq!(refused[0].key, size::TOO_LARGE);
    assert_eq!(
        refused[0].why,
        "has too many states: more than 200; what makes them many: 6 nodes in a shard, \
         40 stages of timing.full-sync (an exponential law has one)"
    );
    // A hundred shards that share AZs are not even begun with; laws are told all the same.
    let shards = with(&[
        ("replicas = 1", "cluster-mode = \"enabled\"\nshards = 100\nreplicas = 4"),
        ("endpoint = { exponential = { mean = \"5s\" } }", "endpoint = \"5s\""),
        ("[[fault]]", "[[fault]]\naz-failure = { mttf = \"1y\", duration = \"2h\" }\n[[fault]]"),
    ]);
    let found = obstacles(&shards);
    let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["timing.endpoint", "fault.az-failure[1].duration", size::TOO_LARGE]);
    assert!(found[2].1.contains("at least 96,560,646; "), "{}", found[2].1);
    assert!(found[2].1.contains(": 100 shards that fail together, 5 nodes in"), "{}", found[2].1);
}

/// Shards that nothing connects are solved one for all; an AZ that fails connects them.
#[test]
fn shards_are_solved_apart_unless_an_az_connects_them() {
    let two = with(&[("replicas = 1", "cluster-mode = \"enabled\"\nshards = 2\nreplicas = 1")]);
    let (code, whole) = json("apart", &two, &[]);
    assert_eq!(code, 0);
    let apart = &whole["policies"][0];
    assert_eq!(apart["parts"], 2);
    assert!(apart["horizon"]["metrics"]["write_outages"].is_null());
    let (_, printed, _) = run("apart-table", &two, &[]);
    assert!(printed.contains(" 2 parts that nothing connects, solved apart; "), "{printed}");
    let alone = exact::solve(&parse(ONE_REPLICA).plan).expect("a Markov chain");
    let both = exact::solve(&parse(&two).plan).expect("a Markov chain");
    assert_eq!(both.n_states, alone.n_states);
    let failovers = |exact: &exact::Exact| exact.horizon(Metric::Failovers).expect("a sum");
    assert!((failovers(&both) / failovers(&alone) - 2.0).abs() < 1e-12);
    let kept = (1.0 - alone.loss) * (1.0 - alone.loss);
    assert!((both.loss - (1.0 - kept)).abs() < 1e-14);
    // AZs that fail once in ten thousand years change nothing but that all is solved as one.
    let rare = "az-failure = { mttf = \"10000y\", duration = { exponential = { mean = \"1m\" } } }";
    let joined = two.replace("[[fault]]", &format!("[[fault]]\n{rare}\n[[fault]]"));
    let (code, whole) = json("joined", &joined, &[]);
    assert_eq!(code, 0);
    assert_eq!(whole["policies"][0]["parts"], 1);
    assert!(whole["policies"][0]["horizon"]["metrics"]["write_outages"].is_object());
    let joined = exact::solve(&parse(&joined).plan).expect("a Markov chain");
    assert!(joined.n_states > alone.n_states);
    assert!((failovers(&joined) / failovers(&both) - 1.0).abs() < 1e-4);
}

/// What shards share strikes them together and changes nothing of each: alone it is the same.
#[test]
fn each_kind_of_shard_has_its_own_numbers() {
    let az = "[[fault]]\naz-failure = { mttf = \"60d\", duration = { exponential = { mean = \
              \"3h\" } } }\n[[fault]]";
    let shard = |id: &str, replicas: &str| {
        format!(
            "[[group.shard]]\nid = \"{id}\"\nprimary = {{ node = \"n{id}\", az = \"a\" }}\n\
             replicas = [{replicas}]\n"
        )
    };
    let one = shard("0001", "{ node = \"r1\", az = \"b\" }");
    let two = shard("0002", "{ node = \"r2\", az = \"a\" }");
    let of = |shards: &str| {
        let start = format!("cluster-mode = \"enabled\"\n{shards}");
        let text = with(&[
            ("azs = [\"a\", \"b\"]\nreplicas = 1\n", &start),
            ("promotion = { exponential = { mean = \"5s\" } }", "promotion = \"0s\""),
            ("endpoint = { exponential = { mean = \"5s\" } }", "endpoint = \"0s\""),
            ("[[fault]]", az),
        ]);
        (exact::solve(&parse(&text).plan).expect("a Markov chain"), text)
    };
    let (both, text) = of(&format!("{one}{two}"));
    assert_eq!((both.n_parts, both.by_shard.len()), (1, 2));
    for (kind, alone) in both.by_shard.iter().zip([of(&one).0, of(&two).0]) {
        let out = alone.long_run(Metric::WriteOutage).expect("one shard");
        assert!((kind.out / out - 1.0).abs() < 1e-11, "{} instead of {out}", kind.out);
        assert!((kind.loss / alone.loss - 1.0).abs() < 1e-9, "{} not {}", kind.loss, alone.loss);
    }
    let mean = 0.5 * (both.by_shard[0].out + both.by_shard[1].out);
    let whole = both.long_run(Metric::WriteOutage).expect("one part");
    assert!((mean / whole - 1.0).abs() < 1e-11, "the shards make up {mean}, not {whole}");
    let (_, printed, _) = run("kinds", &text, &[]);
    assert!(printed.contains("\n   of shard 0002 "), "{printed}");
    let (_, json) = json("kinds-json", &text, &[]);
    let shards = json["policies"][0]["shards"].as_array().expect("a list");
    assert_eq!(shards[1]["names"], serde_json::json!(["shard 0002"]));
}

/// Where losses are frequent, one is certain: 1, and no number beyond it.
#[test]
fn a_loss_that_is_certain_has_probability_one() {
    for horizon in ["8d", "10d", "12d", "100d", "1y"] {
        let text = with(&[("mttf = \"30d\"", "mttf = \"1h\"")]);
        let text = text.replace("horizon = \"30d\"", &format!("horizon = \"{horizon}\""));
        let loss = exact::solve(&parse(&text).plan).expect("a Markov chain").loss;
        assert!((1.0 - 1e-9..=1.0).contains(&loss), "{horizon}: {loss}");
    }
    // Without faults none is possible, and that is no negative zero.
    let calm = ONE_REPLICA.split("[[fault]]").next().expect("the text before it");
    let loss = exact::solve(&parse(calm).plan).expect("a Markov chain").loss;
    assert_eq!(loss.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn a_spreadsheet_has_the_same_numbers_as_json() {
    let (code, printed, _) = run("csv", ONE_REPLICA, &["--format", "csv"]);
    assert_eq!(code, 0);
    let (_, whole) = json("csv-json", ONE_REPLICA, &[]);
    let policy = &whole["policies"][0];
    let loss = &policy["horizon"]["probabilities"]["dataset_loss"]["value"];
    let row = |section: &str, name: &str| {
        let starts = format!("my,{section},{name},");
        let line = printed.lines().find(|line| line.starts_with(&starts));
        line.unwrap_or_else(|| panic!("no {starts} in:\n{printed}")).to_owned()
    };
    assert!(row("horizon", "probabilities,dataset_loss").contains(&loss.to_string()));
    let failovers = &policy["long_run"]["metrics"]["failovers"]["mean"]["value"];
    assert!(row("long_run", "metrics,failovers.mean").contains(&failovers.to_string()));
}

/// What the published cases come to by other rules, to the digits that were published with them.
#[test]
fn published_cases_with_other_rules_have_their_published_digits() {
    for (id, rule, expected) in [
        ("C05", "syncing-counts-as-complete = true", 4.277e-4),
        ("C07", "syncing-counts-as-complete = true", 9.16e-8),
        ("C05", "replacement-waits-for-az = false", 1.285e-4),
        ("C07", "replacement-waits-for-az = false", 8.34e-9),
    ] {
        let text = scenario_text(&case(id)).replace("replacement-waits-for-az = true\n", "");
        let waits =
            if rule.starts_with("syncing") { "replacement-waits-for-az = true\n" } else { "" };
        let text = text.replace("[rules]\n", &format!("[rules]\n{rule}\n{waits}"));
        let loss = exact::solve(&parse(&text).plan).expect("a Markov chain").loss;
        assert!((loss / expected - 1.0).abs() < 7e-4, "{id}, {rule}: {loss:e}");
    }
}

/// A rule by which a copy is made of an unfinished one is refused where nobody is promoted, and
/// leaves the guide of a study something to go by.
#[test]
fn unfinished_copies_are_refused_where_nobody_is_promoted() {
    let text = with(&[
        ("replicas = 1", "replicas = 1\nautomatic-failover = false"),
        ("[[fault]]", "[rules]\nsyncing-counts-as-complete = true\n[[fault]]"),
    ]);
    assert_eq!(keys(&text), ["rules.syncing-counts-as-complete"]);
    let guide = exact::guide::Guide::of(&parse(&text).plan);
    assert!(guide.n_states() > 1);
}

/// Every scenario of the library is answered, or refused with reasons that the scenario has a path
/// for; in good time.
#[test]
fn the_whole_library_is_answered_or_refused() {
    let mut answered = Vec::new();
    for name in library() {
        for policy in load_all(&name).policies.iter().take(3) {
            match exact::solve(&policy.plan) {
                Ok(exact) => {
                    assert!((0.0..=1.0).contains(&exact.loss), "{name}");
                    answered.push(name.clone());
                }
                Err(obstacles) => {
                    assert!(!obstacles.is_empty(), "{name}");
                    let rules = obstacles.iter().find(|obstacle| obstacle.key == "rules");
                    assert_eq!(rules, None, "{name}");
                }
            }
        }
    }
    assert_eq!(answered, ["exact-one-replica"]);
}

fn symbols(plan: &Plan, numbering: Numbering) -> Symbols {
    Symbols::numbered(plan, numbering).expect("no obstacle")
}

/// A rule that compares or scales the symbols of laws would make another chain of other symbols.
#[test]
fn the_chain_is_the_same_whatever_the_laws_are_called() {
    let mut n_states = 0;
    for n in 0..14 {
        let text = random_scenario(n);
        let plan = parse(&text).plan;
        let by_id = plan.groups[0].promotes_at_start() == Some(Promotion::LowestId);
        let asks = if by_id { AsksForIds::Yes } else { AsksForIds::No };
        let lags = Lags::new(&plan.replication.lag, asks);
        let chains = [Numbering::Forwards, Numbering::Backwards].map(|numbering| {
            let symbols = symbols(&plan, numbering);
            let part = exact::parts(&plan).remove(0);
            Explorer::new(&symbols, &lags, part).chain(2_000)
        });
        match chains {
            [Ok(one), Ok(other)] => {
                n_states += one.n_states();
                assert_eq!(one.exits, other.exits, "case {n}\n{text}");
                assert_eq!(one.losses, other.losses, "case {n}\n{text}");
                assert_eq!(one.rewards, other.rewards, "case {n}\n{text}");
            }
            [one, other] => assert_eq!(one.err(), other.err(), "case {n}: too large in both"),
        }
    }
    assert!(n_states > 1_000, "{n_states} states were compared");
}

/// Behind the back of the check: replacements that take twice as long while an AZ is down have a
/// time that is no law's, and that ends the exploration.
#[test]
fn a_rule_that_scales_a_symbol_is_found() {
    let failure = "az-failure = { mttf = \"1y\", duration = { exponential = { mean = \"1h\" } } }";
    let text = with(&[("[[fault]]", &format!("[[fault]]\n{failure}\n[[fault]]"))]);
    let plan = parse(&text).plan;
    let lags = Lags::new(&plan.replication.lag, AsksForIds::No);
    for numbering in [Numbering::Forwards, Numbering::Backwards] {
        let mut symbols = symbols(&plan, numbering);
        let part = || exact::parts(&plan).remove(0);
        assert!(Explorer::new(&symbols, &lags, part()).chain(2_000).is_ok());
        symbols.plan.control_plane.az_event_slowdown_permille = 2_000;
        let refused = Explorer::new(&symbols, &lags, part()).chain(2_000).expect_err("no law's");
        assert_eq!(refused[0].key, "rules", "{numbering:?}");
    }
}
