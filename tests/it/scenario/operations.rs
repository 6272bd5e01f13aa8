//! Operations, windows, and the nodes that operations add.

use std::path::Path;

use elasticache_sim::engine::time::Span;
use elasticache_sim::model::api::Refusal;
use elasticache_sim::model::fact::{Fact, OperationFact};
use elasticache_sim::model::plan::{
    Action, ExternalReplicas, Handover, InAzOutage, Membership, Operation, Plan, Scripted,
    UpdateMethod,
};
use elasticache_sim::scenario::{self, Overrides, resolved};

use super::{GROUP, HEAD, check, with};
use crate::support::{codes, experiment, run};

fn operations(plan: &Plan) -> Vec<&Operation> {
    let operation = |scripted: &Scripted| matches!(scripted.action, Action::Operation(_));
    let operations = plan.script.iter().filter(|scripted| operation(scripted));
    operations
        .map(|scripted| match &scripted.action {
            Action::Operation(operation) => operation,
            Action::Fault(fault) => panic!("{fault:?}"),
        })
        .collect()
}

fn assumed(text: &str) -> Vec<String> {
    let policies = experiment(text).policies;
    let values = policies[0].resolved.values.iter();
    values.filter(|value| !value.origins.is_empty()).map(|value| value.path.clone()).collect()
}

/// Replicas that come later are nodes from the start, absent, and named and placed as others.
#[test]
fn added_replicas_are_absent_nodes() {
    let grow = |operation: &str| with(&format!("[[operation]]\nat = \"1h\"\n{operation}\n")).plan;
    let plan = grow("increase-replica-count = { to = 4 }");
    let nodes: Vec<(&str, &str, Membership)> = plan
        .nodes
        .iter()
        .map(|n| (n.name.as_str(), plan.azs[n.az.idx()].name.as_str(), n.membership))
        .collect();
    assert_eq!(nodes[2], ("g-003", "c", Membership::Member));
    assert_eq!(nodes[3], ("g-004", "a", Membership::Absent));
    assert_eq!(nodes[4], ("g-005", "b", Membership::Absent));
    assert_eq!((plan.n_members(plan.nodes[0].shard), plan.nodes.len()), (3, 5));
    let elsewhere = grow("increase-replica-count = { to = 4, azs = [\"d\", \"a\"] }");
    let az = |n: usize| elsewhere.azs[elsewhere.nodes[n].az.idx()].name.as_str();
    assert_eq!((az(3), az(4)), ("d", "a"));
    let text = "cli = 'aws elasticache increase-replica-count --replication-group-id g \
                --new-replica-count 4'";
    assert_eq!(grow(text).nodes, plan.nodes);
    let off = grow("enabled = false\nincrease-replica-count = { to = 4 }");
    assert_eq!((off.nodes.len(), off.script.len()), (3, 0));
    let fewer = grow("increase-replica-count = { to = 1 }");
    assert_eq!(fewer.nodes.len(), 3, "the model refuses it");
}

#[test]
fn what_only_operations_use_is_listed_with_them_only() {
    let plain = assumed(&format!("{HEAD}{GROUP}"));
    for path in ["timing.modify", "timing.patch", "run.start", "group.maintenance-window"] {
        assert!(!plain.contains(&path.to_owned()), "{path}");
    }
    let of = |rest: &str| {
        let now = assumed(&format!("{HEAD}{GROUP}{rest}\n"));
        let is_new = |path: &String| {
            !plain.contains(path) && !path.starts_with("operation.") && !path.starts_with("fault.")
        };
        now.into_iter().filter(is_new).collect::<Vec<String>>()
    };
    let at = "[[operation]]\nat = \"1h\"\n";
    assert_eq!(
        of(&format!("{at}modify = {{ multi-az = false }}")),
        ["run.start", "group.maintenance-window", "timing.modify"]
    );
    assert_eq!(
        of(&format!("{at}test-failover = {{}}")),
        [
            "timing.test-failover",
            "timing.maintenance-step",
            "timing.planned-replacement",
            "control-plane.test-failover-in-az-outage",
            "control-plane.event-order",
        ]
    );
    assert_eq!(
        of(&format!("{at}service-update = {{ method = \"patch\", apply-immediately = true }}")),
        [
            "timing.maintenance-step",
            "timing.handover-start",
            "timing.handover-pause",
            "timing.patch-restart",
            "timing.patch",
        ]
    );
    assert_eq!(of(&format!("{at}enabled = false\ntest-failover = {{}}")), Vec::<String>::new());
}

#[test]
fn a_value_that_nothing_uses_is_told() {
    let given = |rest: &str| {
        codes(&format!(
            "{HEAD}{GROUP}[timing]\nmodify = \"1m\"\n[[fault]]\nat = \"1h\"\n\
                        fail-primary = {{}}\n{rest}"
        ))
    };
    assert_eq!(given(""), ["W0914"]);
    assert_eq!(given("[[operation]]\nat = \"1h\"\nmodify = { multi-az = false }\n"), [""; 0]);
    let off = "[[operation]]\nat = \"1h\"\nenabled = false\nmodify = { multi-az = false }\n";
    assert_eq!(given(off), [""; 0]);
}

/// A start that only one policy uses is the start of all.
#[test]
fn the_start_of_some_policies_is_written_once() {
    let text = format!(
        "{HEAD}{GROUP}[[fault]]\nat = \"1h\"\nfail-primary = {{}}\n[[operation]]\nat = \"1h\"\n\
         modify = {{ multi-az = false }}\n[[policy]]\nname = \"off\"\nset = {{ \
         operation.modify-1.enabled = false }}\n[[policy]]\nname = \"waits\"\n[[policy]]\n\
         name = \"at once\"\nset = {{ operation.modify-1.modify.apply-immediately = true }}\n"
    );
    let first = experiment(&text);
    let written = resolved::render(&first);
    assert_eq!(written.matches("\nstart = ").count(), 1, "{written}");
    let again = experiment(&written);
    assert_eq!(resolved::render(&again), written);
    for (one, other) in first.policies.iter().zip(&again.policies) {
        assert_eq!(one.plan, other.plan);
    }
}

/// What waits for a window that opens after the end is told.
#[test]
fn a_window_after_the_horizon_is_told() {
    let week = |horizon: &str, rest: &str| {
        let head = HEAD.replace("1y", horizon);
        codes(&format!("{head}{GROUP}{rest}\n"))
    };
    let at = "[[operation]]\nat = \"1h\"\n";
    let waiting = format!("{at}service-update = {{}}");
    assert_eq!(week("3d", &waiting), ["W0921"]);
    assert_eq!(week("7d", &waiting), [""; 0]);
    // The window of the sixth day is over by then.
    let late = waiting.replace("1h", "150h");
    assert_eq!(week("7d", &late), ["W0921"]);
    assert_eq!(week("3d", &format!("{at}modify = {{ multi-az = false }}")), ["W0921"]);
    let at_once = format!("{at}service-update = {{ apply-immediately = true }}");
    assert_eq!(week("3d", &at_once), [""; 0]);
    let again = "[[fault]]\nservice-update = { every = { exponential = { mean = \"1d\" } } }";
    assert_eq!(week("3d", again), ["W0921"]);
    let fault = "[[fault]]\nat = \"1h\"\nfail-primary = {}";
    assert_eq!(week("3h", &format!("snapshot-retention = 1\n{fault}")), ["W0921"]);
    assert_eq!(week("8h", &format!("snapshot-retention = 1\n{fault}")), [""; 0]);
}

#[test]
fn faults_and_operations_are_told_apart() {
    check(
        "[[operation]]\nat = \"1h\"\nfail-primary = {}\n",
        &["operation[0].fail-primary: is a fault, no operation"],
    );
    check(
        "[[operation]]\nat = \"1h\"\nnode-failure = { mttf = \"1y\" }\n",
        &["operation[0].node-failure: is a fault, no operation"],
    );
    for kind in ["promote-replica", "test-failover", "cli", "maintenance"] {
        check(
            &format!("[[fault]]\nat = \"1h\"\n{kind} = {{}}\n"),
            &[&format!("fault[0].{kind}: is an operation, no fault")],
        );
    }
}

#[test]
fn newcomers_are_told_what_to_write() {
    let said = |rest: &str| {
        let found = scenario::parse("t.toml", rest, Path::new("."), &Overrides::default());
        let found = found.map_or_else(|mistakes| mistakes, |experiment| experiment.remarks);
        found.iter().map(|diagnostic| diagnostic.to_string()).collect::<String>()
    };
    let with = |rest: &str| said(&format!("{HEAD}{GROUP}{rest}\n"));
    let days = "a number of days, as in snapshot-retention = 7";
    assert!(with("snapshot-retention = \"7d\"").contains(days));
    let at = "[[operation]]\nat = \"1h\"\n";
    assert!(with(&format!("{at}modify = {{ snapshot-retention = 99 }}")).contains(days));
    let cli = "cli = 'aws elasticache modify-replication-group --replication-group-id g --no-";
    for flag in ["automatic-failover", "multi-az", "automatic-failover-enable"] {
        let text = with(&format!("{at}{cli}{flag}'"));
        let expected =
            if flag == "multi-az" { "multi-az-enabled" } else { "automatic-failover-en" };
        assert!(text.contains(&format!("AWS writes it `--no-{expected}")), "{text}");
    }
    let never = with("[[fault]]\nservice-update = { every = \"3y\" }");
    assert!(never.contains("no random fault can come within the 1y"), "{never}");
    let backup = with("[backup]\nafter-dataset-loss = \"start-cold\"");
    assert!(backup.contains("W0914") && backup.contains("no snapshot is taken"), "{backup}");
    let policy = "[[policy]]\nname = \"mine\"\nset = { run.horizon = \"2y\" }";
    assert!(with(policy).contains("in the policy `mine`"), "{}", with(policy));
}

/// What `check` says of a call that is always refused is what the model answers to it.
#[test]
fn calls_that_are_always_refused_are_warned_of() {
    let clustered = format!(
        "{HEAD}[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\nreplicas = 1\ncluster-mode = \
         \"enabled\"\nmulti-az = false\n[control-plane]\ndetector = \"managed\"\n"
    );
    let plain = format!("{HEAD}{GROUP}multi-az = false\n");
    let off = plain.replace("multi-az = false", "multi-az = false\nautomatic-failover = false");
    let bare = off.replace("replicas = 2", "replicas = 0");
    let old = format!("{off}engine = \"redis\"\nengine-version = \"2.8.5\"\n");
    let oldest = format!("{plain}engine = \"redis\"\nengine-version = \"2.8.5\"\n");
    let nobody = format!("{plain}[rules]\npromotion = \"none\"\n");
    for (text, operation) in [
        (&clustered, "reboot = { node = \"g-0001-001\" }"),
        (&clustered, "promote-replica = { node = \"g-0001-002\" }"),
        (&clustered, "modify = { primary = \"g-0001-002\", apply-immediately = true }"),
        (&clustered, "modify = { snapshotting-node = \"g-0001-002\" }"),
        (&clustered, "modify = { automatic-failover = false }"),
        (&plain, "attach-external-replica = {}"),
        (&plain, "increase-replica-count = { to = 3, apply-immediately = false }"),
        (&off, "modify = { multi-az = true, automatic-failover = false }"),
        (&off, "modify = { primary = \"g-002\", automatic-failover = true }"),
        (&off, "modify = { append-only-file = true }"),
        (&old, "modify = { automatic-failover = true, multi-az = true }"),
        (&oldest, "test-failover = {}"),
        (&bare, "modify = { automatic-failover = true }"),
        (&bare, "test-failover = {}"),
        (&clustered, "decrease-replica-count = { to = 0 }"),
        (&nobody, "test-failover = {}"),
    ] {
        let text = format!("{text}[[operation]]\nat = \"1h\"\n{operation}\n");
        let experiment = experiment(&text);
        let mut warnings = experiment.remarks.iter().filter(|r| r.code.id() == "W0919");
        let warning = warnings.next().unwrap_or_else(|| panic!("no warning of {operation}"));
        let (facts, _) = run(&experiment.policies[0].plan, 1, 0);
        let refusal = facts.iter().find_map(|(_, fact)| match fact {
            Fact::Operation(OperationFact::Refused { refusal, .. }) => Some(*refusal),
            _ => None,
        });
        let refusal = refusal.unwrap_or_else(|| panic!("{operation} is not refused"));
        let answer = format!(
            "AWS answers {} ({}): {}",
            refusal.error().code(),
            refusal.error().http_status(),
            refusal.rule()
        );
        assert_eq!(warning.hints, [refusal.says().to_owned(), answer], "{operation}");
        let off = text.replace("at = \"1h\"", "at = \"1h\"\nenabled = false");
        assert!(!codes(&off).contains(&"W0919".to_owned()), "{operation} does not come");
    }
    for operation in ["test-failover = {}", "reboot = { node = \"g-001\" }"] {
        let text = format!("{HEAD}{GROUP}[[operation]]\nat = \"1h\"\n{operation}\n");
        assert_eq!(codes(&text), [""; 0], "{operation}");
    }
}

/// In the other direction: what the model refuses in a quiet trial is warned of, unless a call
/// before it could have changed the answer.
#[test]
fn calls_that_are_refused_without_need_of_a_state_are_warned_of() {
    let clustered = format!(
        "{HEAD}[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\nreplicas = 1\ncluster-mode = \
         \"enabled\"\nmulti-az = false\n[control-plane]\ndetector = \"managed\"\n"
    );
    let plain = format!("{HEAD}{GROUP}multi-az = false\n");
    let off = plain.replace("multi-az = false", "multi-az = false\nautomatic-failover = false");
    let old = format!("{off}engine = \"redis\"\nengine-version = \"2.8.5\"\n");
    let operations = |second: &str, third: &str| {
        [
            format!("reboot = {{ node = \"{second}\" }}"),
            format!("promote-replica = {{ node = \"{second}\" }}"),
            format!("modify = {{ primary = \"{second}\", apply-immediately = true }}"),
            format!("modify = {{ snapshotting-node = \"{second}\" }}"),
            "modify = { automatic-failover = false }".to_owned(),
            "modify = { automatic-failover = true, multi-az = true }".to_owned(),
            "modify = { append-only-file = true }".to_owned(),
            "test-failover = {}".to_owned(),
            "increase-replica-count = { to = 3 }".to_owned(),
            format!("increase-replica-count = {{ to = 3, apply-immediately = {third} }}"),
            "decrease-replica-count = { to = 0 }".to_owned(),
            "attach-external-replica = {}".to_owned(),
            "create-snapshot = {}".to_owned(),
        ]
    };
    let mut n_refused = 0;
    for (text, second) in
        [(&clustered, "g-0001-002"), (&plain, "g-002"), (&off, "g-002"), (&old, "g-002")]
    {
        for operation in operations(second, "false") {
            let text = format!("{text}[[operation]]\nat = \"1h\"\n{operation}\n");
            let experiment = experiment(&text);
            let (facts, _) = run(&experiment.policies[0].plan, 1, 0);
            let refusal = facts.iter().find_map(|(_, fact)| match fact {
                Fact::Operation(OperationFact::Refused { refusal, .. }) => Some(*refusal),
                _ => None,
            });
            // Calls before could switch these, or add and remove nodes; not in cluster mode.
            let can_change = |refusal: Refusal| match refusal {
                Refusal::TooFewReplicas => !text.contains("enabled"),
                other => matches!(
                    other,
                    Refusal::FailoverOff
                        | Refusal::MultiAzOff
                        | Refusal::MultiAzNeedsFailover
                        | Refusal::PromotionIsProtected
                        | Refusal::AppendOnlyFile
                ),
            };
            let is_warned = experiment.remarks.iter().any(|r| r.code.id() == "W0919");
            match refusal {
                None => assert!(!is_warned, "{operation}"),
                // It may be refused for another reason later, and be warned of for that.
                Some(refusal) if can_change(refusal) => {}
                Some(refusal) => {
                    assert!(is_warned, "{operation}: {refusal:?}");
                    n_refused += 1;
                }
            }
        }
    }
    assert!(n_refused > 10, "{n_refused}");
}

#[test]
fn service_updates_come_again_and_again() {
    let plan = with("[[fault]]\nservice-update = { every = \"90d\", method = \"patch\" }").plan;
    let updates = &plan.service_updates[0];
    assert_eq!((updates.group, updates.method), (None, UpdateMethod::Patch));
    assert_eq!(updates.life.mean(), 90.0 * 86_400e9);
    assert_eq!(plan.groups[0].maintenance.length, Span::from_nanos(3600 * 1_000_000_000));
}

#[test]
fn the_engine_decides_what_a_hand_over_costs() {
    let check = |engine: &str, handover: Handover, external: ExternalReplicas| {
        let plan = super::valid(&format!("{HEAD}{GROUP}{engine}\n")).plan;
        let group = &plan.groups[0];
        assert_eq!((group.handover, group.external_replicas), (handover, external), "{engine}");
    };
    use ExternalReplicas::{Hazard, Refused};
    use Handover::{DnsGap, Seamless};
    let redis = |version: &str| format!("engine = \"redis\"\nengine-version = \"{version}\"");
    check(&redis("2.8.21"), DnsGap, Hazard);
    check(&redis("2.8.22"), DnsGap, Refused);
    for version in ["4.0.10", "5.0.0", "5.0.5"] {
        check(&redis(version), DnsGap, Refused);
    }
    for version in ["5.0.6", "7.1"] {
        check(&redis(version), Seamless, Refused);
    }
    check("engine-version = \"7.2\"", Seamless, Hazard);
    check("engine-version = \"7.2.6\"", Seamless, Refused);
    let clustered = "cluster-mode = \"enabled\"\n[control-plane]\ndetector = \"managed\"";
    check(&format!("{}\n{clustered}", redis("4.0.10")), Seamless, Refused);
}

#[test]
fn the_control_plane_has_its_keys() {
    let plan = super::valid(&format!(
        "{HEAD}{GROUP}[control-plane]\naz-event-slowdown = 2.5\n\
         test-failover-in-az-outage = \"allowed\"\n"
    ));
    let plane = &plan.plan.control_plane;
    assert_eq!(plane.az_event_slowdown_permille, 2_500);
    assert_eq!(plane.test_failover_in_az_outage, InAzOutage::Allowed);
}

/// Faults and operations at one instant come in this order, and ids are unique over both.
#[test]
fn faults_and_operations_share_their_names() {
    let update = "[[fault]]\nservice-update = { every = \"90d\" }\n[[operation]]\nat = \"1h\"\n\
                  service-update = {}\n[[fault]]\nat = \"1h\"\nfail-primary = {}\n";
    let plan = with(update).plan;
    assert!(plan.script[0].fault().is_some() && plan.script[1].fault().is_none());
    assert_eq!(operations(&plan).len(), 1);
    assert_ne!(plan.service_updates[0].address, plan.script[1].address);
    let twice = "[[fault]]\nid = \"x\"\nat = \"1h\"\nfail-primary = {}\n[[operation]]\nid = \"x\"\n\
                 at = \"1h\"\ncreate-snapshot = {}\n";
    assert_eq!(codes(&format!("{HEAD}{GROUP}{twice}")), ["E0207"]);
}

/// Multi-AZ changes no number, unless nodes are replaced as planned (MZ-08, MZ-10).
#[test]
fn multi_az_matters_where_something_is_planned() {
    let policies = "[[policy]]\nname = \"on\"\n[[policy]]\nname = \"off\"\n\
                    set = { group.multi-az = false }\n";
    let fault = "[[fault]]\nat = \"1h\"\nfail-primary = {}\n";
    assert_eq!(codes(&format!("{HEAD}{GROUP}{fault}{policies}")), ["W0912"]);
    let update = "[[operation]]\nat = \"1h\"\nservice-update = {}\n";
    assert_eq!(codes(&format!("{HEAD}{GROUP}{update}{policies}")), [""; 0]);
}

/// Overlays reach operations, and only there one kind comes in place of another.
#[test]
fn overlays_reach_operations() {
    let text = format!(
        "{HEAD}{GROUP}[timing]\ntest-failover = \"1m\"\n[[operation]]\nat = \"1h\"\n\
         test-failover = {{}}\n[[operation]]\nid = \"b\"\nat = \"2h\"\nmodify = {{ multi-az = \
         false }}\n[[policy]]\nname = \"p\"\n[policy.set]\ntiming.modify = \"9m\"\n\
         operation.test-failover-1.at = \"3h\"\noperation.b.reboot = {{ node = \"g-001\" }}\n"
    );
    let plan = &experiment(&text).policies[0].plan;
    assert_eq!(plan.timing.test_failover.mean(), 60e9, "another key of [timing] stays");
    assert!(matches!(operations(plan)[0], Operation::Reboot { .. }));
    assert!(matches!(operations(plan)[1], Operation::TestFailover { .. }));
}

#[test]
fn the_resolved_scenario_gives_the_same_plan() {
    let text = format!(
        "{HEAD}{GROUP}snapshot-retention = 7\n[[fault]]\nservice-update = {{ every = \"90d\" }}\n\
         [[operation]]\nat = \"1h\"\nincrease-replica-count = {{ to = 3 }}\n\
         [[operation]]\nat = \"2h\"\ncli = '''\naws elasticache test-failover \\\n \
         --replication-group-id g --node-group-id 0001'''\n\
         [[policy]]\nname = \"as it is\"\n[[policy]]\nname = \"off\"\n\
         set = {{ operation.cli-1.enabled = false }}\n"
    );
    let first = experiment(&text);
    let written = resolved::render(&first);
    let again = experiment(&written);
    assert_eq!(resolved::render(&again), written);
    for (one, other) in first.policies.iter().zip(&again.policies) {
        assert_eq!(one.plan, other.plan);
    }
}
