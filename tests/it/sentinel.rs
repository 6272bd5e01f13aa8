//! Redis Sentinel against measurements of real failovers: `tests/data/sentinel-failovers.csv`,
//! which `tests/data/sentinel-failovers.md` explains.

use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{BusFact, Fact};

use crate::support::{parse, root, run};

/// Milliseconds from the fault, less `down-after`: when a quorum agreed, when the replica took
/// writes, when the client's were acknowledged.
#[derive(Default, Debug)]
struct Times {
    agreed: Vec<f64>,
    promoted: Vec<f64>,
    acknowledged: Vec<f64>,
}

/// Those measured with a kind of fault.
fn measured(fault: &str) -> Times {
    let path = root().join("tests/data/sentinel-failovers.csv");
    let text = std::fs::read_to_string(path).expect("the measurements are there");
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let mut times = Times::default();
    for line in lines {
        let values: Vec<&str> = line.split(',').collect();
        let value = |name: &str| {
            let column = head.iter().position(|head| *head == name).expect("a column");
            values[column]
        };
        let number = |name: &str| value(name).parse::<f64>().expect("a number");
        if value("fault") == fault {
            let after = number("down_after_ms");
            times.agreed.push(number("odown_ms") - after);
            times.promoted.push(number("master_mode_ms") - after);
            times.acknowledged.push(number("first_ack_after_ms") - after);
        }
    }
    times
}

fn scenario(fault: &str, down_after: u64, rest: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
         replicas = 2\n[control-plane]\ndetector = \"sentinel\"\ndown-after = \"{down_after}s\"\n\
         {rest}[[fault]]\nat = \"10m\"\n{fault}\n"
    )
}

/// A crash that is over too late to matter.
const CRASH: &str = "crash-node = { node = \"g-001\", restart-after = \"20m\" }";
const HOST_LOSS: &str = "fail-primary = {}";

/// Those of the model, of the trials without a split vote.
fn simulated(fault: &str, down_after: u64) -> Times {
    let plan = parse(&scenario(fault, down_after, "")).plan;
    let mut times = Times::default();
    for trial in 0..1_000 {
        let (facts, _) = run(&plan, 7, trial);
        let after = 600_000.0 + down_after as f64 * 1_000.0;
        let ms = |at: SimTime| at.as_nanos() as f64 / 1e6 - after;
        let when = |is: &dyn Fn(&Fact) -> bool| {
            facts.iter().find(|(_, fact)| is(fact)).map(|(at, _)| ms(*at)).expect("it happens")
        };
        if facts.iter().any(|(_, f)| matches!(f, Fact::Bus(BusFact::VoteSplit { .. }))) {
            continue;
        }
        times.agreed.push(when(&|f| matches!(f, Fact::Bus(BusFact::ObjectivelyDown { .. }))));
        times.promoted.push(when(&|f| matches!(f, Fact::Promoted { .. })));
        times.acknowledged.push(when(&|f| matches!(f, Fact::WritesResumed { .. })));
    }
    times
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(share * (sorted.len() - 1) as f64).round() as usize]
}

/// The simulated quantile lies within `band` ms of the measured one.
#[track_caller]
fn check((model, real): (&[f64], &[f64]), share: f64, band: f64) {
    let (model, real) = (quantile(model, share), quantile(real, share));
    assert!((model - real).abs() <= band, "quantile {share}: {model:.0} ms, measured {real:.0} ms");
}

/// 64 runs: their median is known to 10 ms. A tick more or less is 72 ms, the first Sentinel in
/// place of the second 30 ms earlier.
#[test]
fn a_crash_is_followed_as_measured() {
    let real = measured("crash");
    assert_eq!(real.promoted.len(), 64);
    for down_after in [1, 5] {
        let model = simulated(CRASH, down_after);
        check((&model.agreed, &real.agreed), 0.5, 30.0);
        check((&model.promoted, &real.promoted), 0.5, 40.0);
        for share in [0.1, 0.9] {
            check((&model.promoted, &real.promoted), share, 60.0);
        }
        // The client asks again every few milliseconds, which is not modelled.
        let late = quantile(&real.acknowledged, 0.5) - quantile(&model.acknowledged, 0.5);
        assert!((0.0..80.0).contains(&late), "{late}");
    }
}

/// 20 runs, whose median is known to 70 ms. Without the wait for the next ping it would be half a
/// second earlier; with the first or third Sentinel's a quarter earlier or later.
#[test]
fn a_lost_host_is_followed_as_measured() {
    let real = measured("hostloss");
    assert_eq!(real.promoted.len(), 20);
    for down_after in [1, 5] {
        let model = simulated(HOST_LOSS, down_after);
        check((&model.promoted, &real.promoted), 0.5, 150.0);
        check((&model.acknowledged, &real.acknowledged), 0.5, 170.0);
        for share in [0.1, 0.9] {
            check((&model.promoted, &real.promoted), share, 250.0);
        }
    }
}

/// In 12 of 84 runs a second Sentinel tried; for a split the third must try too: 1 in 49. It costs
/// twice the failover timeout.
#[test]
fn a_split_vote_costs_two_timeouts() {
    let second = measured_tries();
    assert_eq!(second, (12, 84));
    let plan = parse(&scenario(CRASH, 1, "failover-timeout = \"3m\"\n")).plan;
    let (mut splits, trials) = (0_u32, 4_000);
    for trial in 0..trials {
        let (facts, _) = run(&plan, 3, trial);
        let split = facts.iter().any(|(_, f)| matches!(f, Fact::Bus(BusFact::VoteSplit { .. })));
        splits += u32::from(split);
        let promoted = facts.iter().find(|(_, f)| matches!(f, Fact::Promoted { .. }));
        let (at, _) = promoted.expect("somebody is promoted");
        let late = at.as_nanos() > (600 + 360) * 1_000_000_000;
        assert_eq!(late, split, "trial {trial}");
    }
    let (share, expected) = (f64::from(splits) / trials as f64, 1.0 / 49.0);
    let deviation = (expected * (1.0 - expected) / trials as f64).sqrt();
    assert!((share - expected).abs() < 4.0 * deviation, "{share}");
}

/// Runs in which a second Sentinel tried, and all runs.
fn measured_tries() -> (usize, usize) {
    let path = root().join("tests/data/sentinel-failovers.csv");
    let text = std::fs::read_to_string(path).expect("the measurements are there");
    let column = text.lines().next().expect("a header").split(',').position(|c| c == "n_try");
    let column = column.expect("a column");
    let tries: Vec<&str> =
        text.lines().skip(1).map(|line| line.split(',').nth(column).expect("a value")).collect();
    (tries.iter().filter(|tries| **tries == "2").count(), tries.len())
}

#[test]
fn a_single_sentinel_agrees_with_itself() {
    let plan = parse(&scenario(CRASH, 1, "sentinels = 1\nquorum = 1\n")).plan;
    for trial in 0..200 {
        let (facts, _) = run(&plan, 5, trial);
        let promoted = facts.iter().find(|(_, f)| matches!(f, Fact::Promoted { .. }));
        let at = promoted.expect("somebody is promoted").0.as_nanos() as f64 / 1e9 - 601.0;
        // Up to 0.12 s, and four ticks of 1/19 to 1/10 s.
        assert!((4.0 / 19.0..0.12 + 0.4).contains(&at), "trial {trial}: {at}");
    }
}
