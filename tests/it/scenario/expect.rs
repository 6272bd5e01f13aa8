//! `[objectives]` and `[[expect]]`: what is read, what is refused, and how a result is judged.

use super::*;
use elasticache_sim::montecarlo::objectives::Objectives;
use elasticache_sim::montecarlo::quantity::Quantity;
use elasticache_sim::scenario::expect::{Bound, Expectation, Verdict};
use elasticache_sim::scenario::{Experiment, resolved};

fn experiment(rest: &str, overrides: &Overrides) -> Result<Experiment, Vec<Diagnostic>> {
    let text = format!("{HEAD}{GROUP}{rest}");
    scenario::parse("dir/test.toml", &text, Path::new(""), overrides)
}

fn accepted(rest: &str) -> Experiment {
    experiment(rest, &Overrides::default()).unwrap_or_else(|found| {
        let all: String = found.iter().map(Diagnostic::to_string).collect();
        panic!("{rest}\n{all}")
    })
}

/// The one expectation with these keys.
fn expectation(keys: &str) -> Expectation {
    let objectives = "[objectives]\nrto = \"60s\"\nrpo = \"1s\"\n";
    let experiment = accepted(&format!("{objectives}[[expect]]\n{keys}\n"));
    let [expectation] = experiment.expectations.as_slice() else {
        panic!("{keys}: {:?}", experiment.expectations);
    };
    expectation.clone()
}

#[test]
fn objectives_are_of_each_cell() {
    let none = Objectives::default();
    assert_eq!(accepted("").policies[0].objectives, none);
    let experiment = accepted(
        "[objectives]\nrto = \"1m\"\n[[policy]]\nname = \"a\"\n[[policy]]\nname = \"b\"\n\
         set = { objectives.rpo = \"2s\", group.replicas = 1 }\n\
         [sweep]\n\"objectives.rto\" = [\"30s\", \"45s\"]\n",
    );
    let found: Vec<(Option<Span>, Option<Span>)> =
        experiment.policies.iter().map(|p| (p.objectives.rto, p.objectives.rpo)).collect();
    let rto = [Some(secs(30)), Some(secs(45))];
    let rpo = Some(secs(2));
    assert_eq!(found, [(rto[0], None), (rto[1], None), (rto[0], rpo), (rto[1], rpo)]);
    // Cells that differ in what is asked of them are not the same.
    assert!(!experiment.remarks.iter().any(|d| d.code.id() == "W0912"));
}

#[test]
fn limits_are_numbers_or_durations() {
    let check = |keys: &str, name: &str, bound: Bound, shown: &str| {
        let found = expectation(keys);
        assert_eq!(found.quantity.name(), name, "{keys}");
        assert_eq!((found.bound, found.limit_shown.as_str()), (bound, shown), "{keys}");
        assert_eq!(Quantity::parse(&found.metric), Ok(found.quantity), "{keys}");
    };
    let below = Bound::Below;
    check("metric = \"write_outage_s.p99\"\nbelow = 60", "write_outage_s.p99", below(60.0), "60 s");
    check("metric = \"read_outage_s\"\nbelow = \"2m\"", "read_outage_s.mean", below(120.0), "2m");
    check("metric = \"lost_writes\"\nabove = 0", "lost_writes.mean", Bound::Above(0.0), "0");
    check("metric = \"lost_bytes.p50\"\nbelow = 1_000", "lost_bytes.p50", below(1e3), "1000");
    check("metric = \"dataset_loss\"\nbelow = 1e-3", "dataset_loss", below(1e-3), "1e-3");
    check("metric = \"outages.rto_missed\"\nbelow = 1", "outages.rto_missed", below(1.0), "1");
    check(
        "metric = \"failovers.rpo_missed\"\nbelow = 0.5",
        "failovers.rpo_missed",
        below(0.5),
        "0.5",
    );
    check(
        "metric = \"outages.length_s.max\"\nbelow = 0.5",
        "outages.length_s.max",
        below(0.5),
        "0.5 s",
    );
    check(
        "metric = \"write_unavailability.p95\"\nbelow = 1e-5",
        "write_unavailability.p95",
        below(1e-5),
        "1e-5",
    );
}

/// The verdicts on every side of a limit: value, ends of the interval, and what is said of `below`
/// and of `above`.
#[test]
fn a_verdict_needs_the_whole_interval() {
    use Verdict::{Fail, Pass, Undecided};
    let cases = [
        (5.0, Some(4.0), Some(6.0), Pass, Fail),
        (15.0, Some(14.0), Some(16.0), Fail, Pass),
        (9.5, Some(9.0), Some(11.0), Undecided, Undecided),
        // The limit is on neither side.
        (9.5, Some(9.0), Some(10.0), Undecided, Fail),
        (10.5, Some(10.0), Some(11.0), Fail, Undecided),
        (10.0, Some(10.0), Some(10.0), Fail, Fail),
        // An end that is not known may be anywhere.
        (5.0, Some(4.0), None, Undecided, Undecided),
        (5.0, None, Some(6.0), Pass, Fail),
        (15.0, None, Some(16.0), Undecided, Undecided),
        (15.0, Some(14.0), None, Fail, Pass),
        (5.0, None, None, Undecided, Undecided),
        (f64::NAN, Some(1.0), Some(2.0), Undecided, Undecided),
        // The value counts, also where it is beside its interval.
        (10.5, Some(8.0), Some(9.0), Undecided, Undecided),
    ];
    for (value, low, high, below, above) in cases {
        let told = format!("{value} in {low:?} to {high:?}");
        assert_eq!(Bound::Below(10.0).judge(value, low, high), below, "{told}");
        assert_eq!(Bound::Above(10.0).judge(value, low, high), above, "{told}");
    }
    let largest = expectation("metric = \"lost_writes.max\"\nbelow = 10");
    assert_eq!(largest.judge(9.0, None, None), Undecided, "a larger one may come");
    assert_eq!(largest.judge(10.0, None, None), Fail);
    let mean = expectation("metric = \"lost_writes.mean\"\nbelow = 10");
    assert_eq!(mean.judge(9.0, None, None), Undecided);
}

#[test]
fn expectations_that_differ_do_not_contradict() {
    let both = |one: &str, other: &str| {
        accepted(&format!(
            "[[policy]]\nname = \"a\"\n[[policy]]\nname = \"b\"\nset = {{ group.replicas = 1 }}\n\
             [[expect]]\n{one}\n[[expect]]\n{other}\n"
        ))
    };
    let lost = "metric = \"lost_writes\"";
    both(&format!("{lost}\nbelow = 10"), &format!("{lost}\nabove = 9"));
    both(&format!("{lost}\nbelow = 10"), &format!("{lost}\nbelow = 9"));
    both(&format!("{lost}\nbelow = 5"), "metric = \"lost_writes.p99\"\nabove = 5");
    both(
        &format!("{lost}\nbelow = 5\npolicy = \"a\""),
        &format!("{lost}\nabove = 5\npolicy = \"b\""),
    );
}

/// Expectations of the resolved scenario are about the same cells.
#[test]
fn the_resolved_scenario_expects_the_same() {
    let first = accepted(
        "[objectives]\nrto = \"60s\"\n[[fault]]\nnode-failure = { mttf = \"1y\" }\n\
         [[policy]]\nname = \"a\"\n[[policy]]\nname = \"b\"\nset = { objectives.rto = \"9s\" }\n\
         [sweep]\n\"group.replicas\" = [1, 2]\n\
         [[expect]]\nmetric = \"write_outage_s\"\nbelow = \"1m 30s\"\n\
         [[expect]]\nmetric = \"outages.length_s.p95\"\nbelow = 40.5\npolicy = \"a\"\n\
         [[expect]]\nmetric = \"dataset_loss\"\nbelow = 1e-3\npolicy = \"b, group.replicas=1\"\n",
    );
    let text = resolved::render(&first);
    let read = |text: &str| scenario::parse("t.toml", text, Path::new(""), &Overrides::default());
    let second = read(&text).expect("a resolved scenario is valid");
    assert_eq!(resolved::render(&second), text);
    let about = |experiment: &Experiment| {
        let mut about: Vec<(String, Expectation)> = Vec::new();
        for expectation in &experiment.expectations {
            for policy in &experiment.policies {
                let named = expectation.policy.as_deref();
                if named.is_none_or(|name| policy.name == name || policy.base == name) {
                    let common = Expectation { policy: None, ..expectation.clone() };
                    about.push((policy.name.clone(), common));
                }
            }
        }
        about
    };
    assert_eq!(about(&first).len(), 7);
    assert_eq!(about(&second), about(&first));
    let objectives = |experiment: &Experiment| {
        experiment.policies.iter().map(|policy| policy.objectives).collect::<Vec<Objectives>>()
    };
    assert_eq!(objectives(&second), objectives(&first));
}

#[test]
fn options_set_objectives_and_no_expectations() {
    let file = "[[expect]]\nmetric = \"outages.rto_missed\"\nbelow = 0.1\n";
    let with = |set: &str| {
        experiment(file, &Overrides { set: vec![set.to_owned()], ..Overrides::default() })
    };
    let experiment = with("objectives.rto=30s").expect("the objective is there");
    assert_eq!(experiment.policies[0].objectives.rto, Some(secs(30)));
    let codes = |set: &str| -> Vec<&str> {
        with(set).expect_err("refused").iter().map(|d| d.code.id()).collect()
    };
    assert!(codes("run.trials=5").contains(&"E0704"));
    assert!(codes("expect=[]").contains(&"E0803"));
}
