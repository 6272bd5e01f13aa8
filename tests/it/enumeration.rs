//! All orders of few faults on a coarse grid of times, in a group of two and of three nodes: every
//! one runs with the invariants checked after each event, and heals.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::model::plan::{
    Action, AzId, GroupId, NodeId, Plan, RebootBy, Scripted, ScriptedFault, Share, Victim,
};
use elasticache_sim::model::state::{Data, Process};
use elasticache_sim::montecarlo::trial::Trial;

use crate::support::{parse, secs, with_fixed_times};

/// Instants around the steps of one failover with fixed times: fault, inside the detection, its
/// end, inside and after the promotion, during the sync, after everything.
const GRID: [u64; 7] = [600, 605, 610, 611, 613, 700, 1_100];

fn plan(rules: &str, replicas: u64) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"6h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
         replicas = {replicas}\n[rules]\n{rules}\n"
    );
    with_fixed_times(parse(&text).plan)
}

fn fail_az(az: AzId, duration_s: u64) -> ScriptedFault {
    let duration = Law::fixed(secs(duration_s));
    ScriptedFault::FailAz { az: Victim::Named(az), duration, share: Share::All }
}

fn faults(plan: &Plan) -> Vec<ScriptedFault> {
    let mut faults =
        vec![fail_az(AzId(0), 50), fail_az(AzId(1), 900), ScriptedFault::FailGroup(GroupId(0))];
    for node in (0..plan.nodes.len() as u16).map(NodeId) {
        let node = Victim::Named(node);
        faults.push(ScriptedFault::FailNode(node.clone()));
        for after in [2, 50] {
            let restart_after = Law::fixed(secs(after));
            faults.push(ScriptedFault::CrashNode { node: node.clone(), restart_after });
        }
        faults.push(ScriptedFault::RebootNode { node, by: RebootBy::Customer });
    }
    faults
}

fn check(rules: &str, replicas: u64) -> u64 {
    let mut plan = plan(rules, replicas);
    let faults = faults(&plan);
    let key = TrialKeys::new(1).key(0);
    let mut n = 0;
    for (i, &first) in GRID.iter().enumerate() {
        for &second in &GRID[i..] {
            for a in &faults {
                for b in &faults {
                    let script = |at, fault: &ScriptedFault, address| Scripted {
                        at: Law::fixed(secs(at)),
                        action: Action::Fault(fault.clone()),
                        address,
                    };
                    plan.script = vec![script(first, a, 1), script(second, b, 2)];
                    let mut trial = Trial::begin(&plan, key);
                    trial.finish(&mut ());
                    let state = trial.state();
                    let story = || format!("{rules}: {a:?} at {first} s, {b:?} at {second} s");
                    assert!(state.ledger.shards[0].accepting, "no writes after {}", story());
                    let whole = state
                        .config
                        .nodes
                        .iter()
                        .all(|n| n.process == Process::Running && n.data == Data::Complete);
                    assert!(whole, "a node is not whole after {}", story());
                    n += 1;
                }
            }
        }
    }
    n
}

#[test]
fn all_pairs_of_faults_heal() {
    let mut n = 0;
    for replicas in [1, 2] {
        for rules in [
            "",
            "replacement-starts = \"at-failure\"",
            "replacement-starts = \"after-failover\"\nresync-after-failover = \"none\"",
            "promotion = \"none\"",
            "resync-needs-primary = false\nsyncing-counts-as-complete = true",
            "failure-during-failover = \"restart\"\nsub-detection-fault = \"failover\"",
            "cold-start-node = \"primary-slot\"\nsyncing-nodes-can-fail = false",
        ] {
            n += check(rules, replicas);
        }
    }
    assert!(n > 50_000, "{n} histories");
}
