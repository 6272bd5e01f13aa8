//! How losses happen: chains of failures against closed forms, examples that are told again, and
//! the words for both.
//!
//! Fixed seeds and a band of 4 standard errors: a right program fails none of these, and the
//! seeds never change.

use std::sync::atomic::AtomicBool;

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Cause, Fact};
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::rare::estimate::Tally;
use elasticache_sim::montecarlo::rare::excursion::Steering;
use elasticache_sim::montecarlo::rare::replication::Manner;
use elasticache_sim::montecarlo::rare::study::{Found, Study, Untold, Wish};
use elasticache_sim::montecarlo::rare::ways::{
    Chain, Course, Culprit, Disorder, During, Example, Link, Portion, Share, Struck, Ways, With,
};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::trace::Recorder;
use elasticache_sim::report::ways;
use elasticache_sim::stats::level::Level;
use elasticache_sim::stats::paired_ratio::PairedRatio;

use crate::support::{ecsim, parse, program, root};

const YEAR_S: f64 = 365.0 * 86_400.0;

/// One shard in AZs of which each has one letter, primary first; at 10 minutes for a replacement,
/// 5 for a full sync, with faults as given.
fn plan(azs: &str, detection: &str, faults: &str) -> Plan {
    parse(&text(azs, detection, faults)).plan
}

fn text(azs: &str, detection: &str, faults: &str) -> String {
    let place = |(n, az): (usize, char)| format!("{{ node = \"n{n}\", az = \"{az}\" }}");
    let nodes: Vec<String> = azs.chars().enumerate().map(place).collect();
    let (primary, replicas) = nodes.split_first().expect("a node");
    format!(
        r#"
schema = 1
[run]
horizon = "1y"
[group]
id = "g"
multi-az = true
automatic-failover = true
[[group.shard]]
id = "0001"
primary = {primary}
replicas = [{}]
[workload]
writes-per-second = 1000
[control-plane]
detector = "managed"
[timing]
detection = {detection}
promotion = "0s"
endpoint = "0s"
replacement = {{ exponential = {{ mean = "10m" }} }}
full-sync = {{ exponential = {{ mean = "5m" }} }}
[rules]
replacement-starts = "at-failure"
resync-after-failover = "none"
{faults}
"#,
        replicas.join(", ")
    )
}

const NODES: &str = "[[fault]]\nnode-failure = { mttf = \"1y\" }\n";
const AZS: &str = "[[fault]]\naz-failure = { mttf = \"5y\", duration = { exponential = \
                   { mean = \"2h\" } } }\n";

fn wish(steering: Option<Steering>, most: u64) -> Wish {
    Wish { seed: 1, share: None, level: Level::default(), most, steering, threads: 2 }
}

fn found(study: &Study<'_>) -> Found {
    study.run(|_| (), &AtomicBool::new(false)).pop().expect("one policy")
}

/// The share of the ways that are of a kind; errors are added, which is never too little.
fn share_of(ways: &Ways, is_of_the_kind: impl Fn(&Chain) -> bool) -> Share {
    let mut sum = Share { value: 0.0, error: 0.0, hits: 0 };
    for (_, _, share) in ways.most_likely().iter().filter(|(chain, ..)| is_of_the_kind(chain)) {
        sum.value += share.value;
        sum.error += share.error;
        sum.hits += share.hits;
    }
    sum
}

fn check(what: &str, share: Share, exact: f64) {
    let off = (share.value - exact).abs();
    assert!(share.error > 0.0 && share.error < 0.05, "{what}: {share:?}");
    assert!(off < 4.0 * share.error, "{what}: {share:?}, and it is {exact}");
}

/// One failure leaves the other node alone until its own is replaced (600 s) and filled (300 s). If
/// the primary fails, the replica can fill nobody before it is promoted (30 s after): whichever of
/// the two is later is what counts first.
#[test]
fn two_nodes_against_the_closed_form() {
    let plan = plan("ab", "{ exponential = { mean = \"30s\" } }", NODES);
    let study = Study::new(&[&plan], 0, wish(None, 3_000));
    let ways = found(&study).tally.ways;
    let (replaced, filled, noticed) = (600.0, 300.0, 30.0);
    let waits = noticed - 1.0 / (1.0 / replaced + 1.0 / noticed);
    let all = 2.0 * (replaced + filled) + waits;
    check("primary first", ways.primary_first(), (replaced + filled + waits) / all);
    let second =
        |is: fn(&Disorder) -> bool| move |chain: &Chain| chain.len() == 2 && is(&chain[1].disorder);
    let down = share_of(&ways, second(|disorder| disorder.down == 1));
    check("down", down, 2.0 * replaced / all);
    let syncing = share_of(&ways, second(|disorder| disorder.syncing == 1));
    check("being filled", syncing, 2.0 * filled / all);
    let whole = ways.all();
    let mut in_failover = Portion::default();
    for (_, way, _) in ways.most_likely() {
        in_failover.weight += way.in_failover.weight;
        in_failover.squares += way.in_failover.squares;
        in_failover.hits += way.in_failover.hits;
    }
    check("during a failover", in_failover.share_of(&whole), noticed / all);
}

/// A node whose AZ is down is replaced once the AZ is back, 2 h later. The last copy goes with its
/// node or with its AZ.
#[test]
fn two_azs_against_the_closed_form() {
    let plan = plan("ab", "\"0s\"", &format!("{NODES}{AZS}"));
    let study = Study::new(&[&plan], 0, wish(None, 3_000));
    let ways = found(&study).tally.ways;
    let (node, az) = (1.0 / YEAR_S, 0.2 / YEAR_S);
    let (away, repaired) = (7_200.0, 900.0);
    let (by_node, by_az) = (node * repaired, az * (away + repaired));
    let begins = |struck| move |chain: &Chain| chain.first().is_some_and(|it| it.struck == struck);
    check("AZ first", share_of(&ways, begins(Struck::Az)), by_az / (by_node + by_az));
    let ends = |struck| move |chain: &Chain| chain.last().is_some_and(|it| it.struck == struck);
    check("AZ last", share_of(&ways, ends(Struck::Az)), az / (node + az));
    for (culprit, share) in ways.firsts() {
        match culprit {
            Culprit::Az(_) => check("one AZ", share, by_az / 2.0 / (by_node + by_az)),
            Culprit::Node(_) => check("one node", share, by_node / 2.0 / (by_node + by_az)),
            Culprit::Group(_) | Culprit::Scheduled => panic!("nothing else fails"),
        }
    }
}

/// Every example is told again: to its departure it is the trial of its number, it ends with a
/// loss, and what failed on the way is what its chain says.
#[test]
fn examples_tell_what_their_chains_say() {
    let plan = plan("abb", "{ exponential = { mean = \"30s\" } }", &format!("{NODES}{AZS}"));
    let study = Study::new(&[&plan], 0, wish(None, 300));
    let ways = found(&study).tally.ways;
    let all = ways.most_likely();
    assert!(all.len() >= 10, "there are several ways");
    for (chain, way, _) in all {
        let mut recorder = Recorder::default();
        let told = study.replay(0, way.example, &mut recorder).expect("it was seen");
        let facts = recorder.facts;
        let (lost_at, lost) = facts
            .iter()
            .find_map(|(at, fact)| match fact {
                Fact::DatasetLost { shard, .. } => Some((*at, *shard)),
                _ => None,
            })
            .expect("it ends with a loss");
        assert_eq!((lost_at, Some(lost)), (told.ended, told.ending.lost));
        let strikes = facts.iter().filter(|(at, _)| *at >= told.left);
        let strikes = strikes.filter_map(|(_, fact)| match fact {
            Fact::FaultStruck { cause: Cause::Node, .. } => Some(Struck::Node),
            Fact::FaultStruck { cause: Cause::Az, .. } => Some(Struck::Az),
            _ => None,
        });
        let strikes: Vec<Struck> = strikes.collect();
        assert_eq!(strikes.len(), told.n_chosen as usize, "{}", way.example);
        let mut left = strikes.iter();
        let is_told = chain.iter().all(|link| left.any(|struck| *struck == link.struck));
        assert!(is_told, "{}: {chain:?} in {strikes:?}", way.example);
        if way.portion.hits == 1 {
            assert_eq!(told.weight.to_bits(), way.portion.weight.to_bits(), "{}", way.example);
        }
        as_it_is((&plan, way.example), &facts, told.left);
    }
}

/// Before its departure a steered trial is the trial of that number.
fn as_it_is((plan, example): (&Plan, Example), facts: &[(SimTime, Fact)], left: SimTime) {
    let mut recorder = Recorder::default();
    let mut trial = Trial::begin(plan, TrialKeys::new(1).key(example.replication));
    trial.run_until(left, &mut recorder);
    let before = |facts: &[(SimTime, Fact)]| -> Vec<(SimTime, Fact)> {
        facts.iter().filter(|(at, _)| *at < left).copied().collect()
    };
    assert_eq!(before(facts), before(&recorder.facts), "{example}");
}

/// What is scheduled is a link like others, and its branch says that it begins so.
#[test]
fn what_is_scheduled_begins_a_chain() {
    let faults = "[[fault]]\nnode-failure = { mttf = \"60d\" }\n[[fault]]\nat = \"30d\"\nfail-az = \
                  { az = \"b\", duration = \"2h\" }\n";
    // Replacements that take so long that the scheduled fault meets some.
    let slow = text("abb", "\"10s\"", faults).replace("mean = \"10m\"", "mean = \"5d\"");
    let plan = parse(&slow).plan;
    let study = Study::new(&[&plan], 0, wish(Some(Steering::Guide), 300));
    let ways = found(&study).tally.ways;
    let all = ways.most_likely();
    let scheduled = all.iter().find(|(chain, ..)| {
        chain.first().is_some_and(|link| link.struck == Struck::Scheduled && link.copies == 2)
    });
    let (chain, way, _) = scheduled.expect("the AZ takes two copies, and a node the third");
    assert_eq!(chain[0].left, 1);
    assert!(way.example.is_scheduled() && way.example.to_string().ends_with(".s0"));
    let mut recorder = Recorder::default();
    let told = study.replay(0, way.example, &mut recorder).expect("it was seen");
    assert_eq!(told.left, SimTime::START + crate::support::secs(30 * 86_400));
    // In an excursion that begins before, too.
    let later = |chain: &&Chain| chain.iter().skip(1).any(|link| link.struck == Struck::Scheduled);
    assert!(all.iter().map(|(chain, ..)| *chain).any(|chain| later(&chain)), "it meets others");
}

#[test]
fn a_loss_by_what_is_scheduled_alone() {
    let plan = plan("ab", "\"10s\"", "[[fault]]\nat = \"30d\"\nfail-group = {}\n");
    let study = Study::new(&[&plan], 0, wish(Some(Steering::Guide), 100));
    let found = found(&study);
    assert_eq!(found.tally.probability(), 1.0);
    let told = ways::render(&plan, &found, ("x.toml", Level::default()));
    let line = "   100 %  0.s0  what is scheduled takes the last 2 copies\n";
    assert!(told.contains(line), "{told}");
    let replayed = study.replay(0, "0.s0".parse().expect("an id"), &mut Recorder::default());
    assert_eq!(replayed.map(|told| told.n_chosen), Ok(0));
}

#[test]
fn split_trials_are_not_told() {
    let often = "[[fault]]\nnode-failure = { mttf = \"10d\" }\n";
    let plan = plan("ab", "\"10s\"", often);
    let study = Study::new(&[&plan], 0, wish(Some(Steering::Split), 300));
    let found = found(&study);
    assert!(found.tally.hits > 0);
    let text = ways::render(&plan, &found, ("x.toml", Level::default()));
    assert!(text.contains("split") && !text.contains("ecsim replay"), "{text}");
    let example = found.tally.ways.most_likely()[0].1.example;
    let told = study.replay(0, example, &mut Recorder::default());
    assert_eq!(told, Err(Untold::IsSplit));
    let json = serde_json::to_value(ways::ways(&found, Level::default())).expect("it is JSON");
    assert!(json[0]["example"].is_null());
}

fn link(struck: Struck, (copies, left): (u8, u8), disorder: Disorder) -> Link {
    Link { struck, copies, left, disorder }
}

/// A study that saw these chains, so many of each, all of the same weight.
fn seen(chains: &[(Chain, u64)]) -> Found {
    let mut found = Found {
        manner: Manner { steering: Steering::Guide, departures: 8 },
        tally: Tally::default(),
        ratio: PairedRatio::default(),
        guide_states: 1,
    };
    for (chain, n) in chains {
        for replication in 0..*n {
            let last = if replication % 4 == 0 { During::Failover } else { During::Rest };
            let first = Some((Culprit::Node((replication % 3) as u16), With::Replicas));
            let course = Course { shard: 0, chain: chain.clone(), first, last };
            found.tally.ways.add(course, (0.5, Example { replication, branch: 2 }));
            found.tally.hits += 1;
        }
    }
    found
}

#[test]
fn chains_in_words() {
    let none = Disorder::default();
    let down = |down| Disorder { down, ..none };
    let chains = [
        (vec![link(Struck::Node, (1, 1), none), link(Struck::Node, (1, 0), down(1))], 600),
        (
            vec![
                link(Struck::Az, (1, 2), none),
                link(Struck::Node, (0, 2), Disorder { syncing: 1, ..none }),
                link(Struck::Az, (2, 0), Disorder { azs_down: 1, ..down(1) }),
            ],
            300,
        ),
        (vec![link(Struck::Group, (3, 0), none)], 90),
        (vec![], 4),
        (vec![link(Struck::Scheduled, (1, 2), Disorder { empty: 2, azs_down: 2, ..down(1) })], 3),
        (vec![link(Struck::Scheduled, (3, 0), none)], 2),
        (vec![link(Struck::Node, (1, 0), none)], 1),
    ];
    let plan = plan("abc", "\"10s\"", NODES);
    let text = ways::render(&plan, &seen(&chains), ("x.toml --seed 3", Level::default()));
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let path = root().join("tests/golden/ways.txt");
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&path, None).raw());
}

#[test]
fn whoever_stands_out_is_named() {
    let plan = plan("abc", "\"10s\"", NODES);
    let mut found = seen(&[(vec![link(Struck::Node, (1, 2), Disorder::default())], 300)]);
    let alike = ways::render(&plan, &found, ("x", Level::default()));
    assert!(!alike.contains("who fails first"), "{alike}");
    for replication in 0..900 {
        let first = Some((Culprit::Node(1), With::Primary));
        let course = Course { shard: 0, chain: vec![], first, last: During::Rest };
        found.tally.ways.add(course, (0.5, Example { replication, branch: 0 }));
    }
    let text = ways::render(&plan, &found, ("x", Level::default()));
    assert!(
        text.contains(" what fails first: a node 100 %; it takes the primary in 75 %"),
        "{text}"
    );
    assert!(
        text.contains(" who fails first: n1 83 ± 2 % · n0 (primary at the start) 8 ± 2 %"),
        "{text}"
    );
    let json = serde_json::to_value(ways::first_failures(&plan, &found, Level::default()));
    let json = json.expect("it is JSON");
    assert_eq!((&json[1]["struck"], &json[1]["name"]), (&"node".into(), &"n1".into()));
}

#[test]
fn ways_for_programs() {
    let none = Disorder::default();
    let last = link(Struck::Node, (1, 0), Disorder { down: 1, ..none });
    let found = seen(&[(vec![link(Struck::Node, (1, 1), none), last], 30), (vec![], 10)]);
    let json = serde_json::to_value(ways::ways(&found, Level::default())).expect("it is JSON");
    assert_eq!(json[0]["share"]["value"], 0.75);
    assert_eq!(json[0]["hits"], 30);
    assert_eq!(json[0]["chain"][1]["struck"], "node");
    assert_eq!(json[0]["chain"][1]["down"], 1);
    let example = serde_json::json!({ "loss": "0.2", "replication": 0, "branch": 2 });
    assert_eq!(json[0]["example"], example);
    let ci = &json[0]["share"]["ci"];
    // By the binomial, since all weights are alike: 0.75 ± 1.96 √(0.75 · 0.25 / 40).
    let low = ci[0].as_f64().expect("an end");
    assert!((low - (0.75 - 1.96 * (0.75_f64 * 0.25 / 40.0).sqrt())).abs() < 1e-4, "{ci}");
}

#[test]
fn ids_are_read_as_they_are_printed() {
    for id in ["0.0", "7.3", "18446744073709551615.65535", "12.s0", "12.s7"] {
        let example: Example = id.parse().expect("an id");
        assert_eq!(example.to_string(), id);
    }
    for id in ["", "7", "7.", ".3", "7.s", "7.65536", "-1.2", "7.+3", "s7.3", "7.3.1", "7,3"] {
        assert!(id.parse::<Example>().is_err(), "{id}");
    }
}

const FILE: &str = "tests/data/ways.toml";

fn refused(options: &[&str]) -> String {
    let output = ecsim(&[&["replay", FILE], options].concat());
    assert_eq!(output.status.code(), Some(2), "{options:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn losses_that_are_not_there() {
    assert!(refused(&["--loss", "7"]).contains("as 7.3 or 7.s0"));
    assert!(refused(&["--loss", "7.3", "--trial", "7"]).contains("cannot be used with"));
    assert!(refused(&["--loss", "7.3", "--until", "1d"]).contains("cannot be used with"));
    assert!(refused(&["--loss", "7.9999"]).contains("there is no such branch"));
    assert!(refused(&["--loss", "7.s0"]).contains("there is no such branch"));
}

/// The likeliest ways of a plan, and the story of the first of them, as people read them.
#[test]
fn a_loss_told_from_the_list_to_the_story() {
    let plan = parse(&std::fs::read_to_string(root().join(FILE)).expect("it is there")).plan;
    let study = Study::new(&[&plan], 0, Wish { seed: 7, ..wish(None, 1_000) });
    let found = found(&study);
    let list = ways::render(&plan, &found, (FILE, Level::default()));
    let command = list.lines().find_map(|line| line.split_once("ecsim replay "));
    let options = command.expect("there is a command").1.split(' ');
    let replay = |format: &str| {
        let output = program()
            .current_dir(root())
            .arg("replay")
            .args(options.clone())
            .args(["--format", format])
            .output()
            .expect("ecsim runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let path = root().join("tests/golden/loss.trace");
    let told = format!("{list}\n{}", replay("text"));
    snapbox::assert_data_eq!(told, snapbox::Data::read_from(&path, None).raw());
    let json = replay("json");
    let header: serde_json::Value =
        serde_json::from_str(json.lines().next().expect("a header")).expect("it is JSON");
    assert_eq!(header["steered"]["loss"], found.tally.ways.most_likely()[0].1.example.to_string());
    assert!(json.contains("\"dataset_lost\""), "it ends with a loss");
}
