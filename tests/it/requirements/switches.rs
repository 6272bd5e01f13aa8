//! When Multi-AZ may be on and when it is on by itself: what the checker says of a scenario
//! (MZ-14 to MZ-17, MZ-38, MZ-53, MZ-54, MZ-58, MZ-66, MZ-68, MZ-69).

use elasticache_sim::model::fact::Fact;
use elasticache_sim::model::plan::{Plan, Switch};
use elasticache_sim::observe::metrics::Metric;

use super::count;
use crate::support::{codes, parse, run, with_fixed_times};

/// A scenario of one group with these keys, followed by `rest`.
fn group(keys: &str, rest: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\n{keys}\n[control-plane]\n\
         detector = \"managed\"\n{rest}"
    )
}

/// A group of one shard with two replicas in three AZs, with further keys.
fn spread(keys: &str) -> String {
    group(&format!("azs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n{keys}"), "")
}

/// A shard of an exact placement: the AZs of its nodes, the primary's first.
fn shard(id: &str, azs: &[&str]) -> String {
    let node = |n: usize| format!("{{ node = \"g-{id}-00{}\", az = \"{}\" }}", n + 1, azs[n]);
    let replicas: Vec<String> = (1..azs.len()).map(node).collect();
    let replicas = replicas.join(", ");
    format!("[[group.shard]]\nid = \"{id}\"\nprimary = {}\nreplicas = [{replicas}]\n", node(0))
}

/// A group with cluster mode enabled, its nodes in these AZs, shard by shard.
fn cluster(keys: &str, shards: &[&[&str]]) -> String {
    let mut placed = format!("cluster-mode = \"enabled\"\n{keys}\n");
    for (n, azs) in shards.iter().enumerate() {
        placed.push_str(&shard(&format!("000{}", n + 1), azs));
    }
    group(&placed, "")
}

/// Checks that the scenario has exactly these errors.
#[track_caller]
fn check_errors(text: &str, expected: &[&str]) {
    let codes = codes(text);
    let errors: Vec<&str> =
        codes.iter().map(String::as_str).filter(|code| code.starts_with('E')).collect();
    assert_eq!(errors, expected, "\nin\n{text}");
}

/// Checks whether something with this code is said of the scenario, and that it is valid.
#[track_caller]
fn check_remark(text: &str, code: &str, expected: bool) {
    check_errors(text, &[]);
    let said = codes(text).iter().any(|said| said == code);
    assert_eq!(said, expected, "{code}\nin\n{text}");
}

fn multi_az(text: &str) -> bool {
    parse(text).plan.groups[0].multi_az == Switch::On
}

#[test]
fn mz_14_multi_az_needs_a_replica() {
    let with = |replicas: u32| {
        group(&format!("azs = [\"a\", \"b\"]\nreplicas = {replicas}\nmulti-az = true"), "")
    };
    check_errors(&with(0), &["E0503"]);
    check_errors(&with(1), &[]);
    assert!(multi_az(&with(1)));
}

#[test]
fn mz_15_multi_az_needs_two_nodes_in_every_shard() {
    check_errors(&cluster("multi-az = true", &[&["a", "b"], &["a"], &["c", "a"]]), &["E0503"]);
    check_errors(&cluster("multi-az = true", &[&["a", "b"], &["a", "b"], &["c", "a"]]), &[]);
}

#[test]
fn mz_16_cluster_mode_has_multi_az_by_default() {
    let apart: &[&[&str]] = &[&["a", "b"], &["b", "c"]];
    assert!(multi_az(&cluster("", apart)));
    assert!(!multi_az(&cluster("multi-az = false", apart)), "unless it is switched off");
}

#[test]
fn mz_17_multi_az_is_on_by_itself_where_every_shard_has_a_replica_elsewhere() {
    let check = |shards: &[&[&str]], expected: bool| {
        let text = cluster("", shards);
        assert_eq!(multi_az(&text), expected, "{text}");
    };
    check(&[&["a", "b"], &["b", "a"]], true);
    check(&[&["a", "a", "b"], &["b", "b", "b", "c"]], true);
    check(&[&["a", "a"]], false);
    check(&[&["a", "a", "a"], &["a", "a"]], false);
    check(&[&["a", "b"], &["c", "c"], &["b", "c"]], false);
    check(&[&["a", "b"], &["c"]], false);
}

#[test]
fn mz_17_multi_az_in_a_single_az_is_accepted_with_a_warning() {
    let explicit = cluster("multi-az = true", &[&["a", "a"], &["a", "b"]]);
    check_remark(&explicit, "W0904", true);
    assert!(multi_az(&explicit));
    check_remark(&cluster("multi-az = true", &[&["a", "b"], &["b", "a"]]), "W0904", false);
}

#[test]
fn mz_38_nodes_in_a_single_az_are_warned_about() {
    let placed = |azs: &str| group(&format!("azs = [{azs}]\nreplicas = 2\nmulti-az = true"), "");
    check_remark(&placed("\"a\""), "W0904", true);
    assert!(multi_az(&placed("\"a\"")));
    check_remark(&placed("\"a\", \"b\", \"c\""), "W0904", false);
}

#[test]
fn mz_53_multi_az_begins_with_redis_2_8_6() {
    let check = |engine: &str, version: &str, expected: &[&str]| {
        let keys =
            format!("engine = \"{engine}\"\nengine-version = \"{version}\"\nmulti-az = true");
        check_errors(&spread(&keys), expected);
    };
    check("redis", "2.8.5", &["E0505"]);
    check("redis", "2.8.6", &[]);
    check("redis", "2.8.19", &[]);
    check("redis", "7.1", &[]);
    check("valkey", "7.2", &[]);
    check("valkey", "8.0", &[]);
}

#[test]
fn mz_54_t1_nodes_have_no_multi_az() {
    let check = |node_type: &str, expected: &[&str]| {
        check_errors(&spread(&format!("node-type = \"{node_type}\"\nmulti-az = true")), expected);
    };
    check("cache.t1.micro", &["E0506"]);
    check("cache.t2.micro", &[]);
    check("cache.t3.small", &[]);
    check("cache.t4g.medium", &[]);
    check("cache.r7g.large", &[]);
    check_errors(&spread("node-type = \"cache.t1.micro\"\nmulti-az = false"), &[]);
}

/// Whether the checker's answer holds this code.
#[track_caller]
fn check_code(text: &str, code: &str, expected: bool) {
    let codes = codes(text);
    assert_eq!(codes.iter().any(|said| said == code), expected, "{codes:?}\nin\n{text}");
}

#[test]
fn mz_58_multi_az_and_the_append_only_file_exclude_each_other() {
    let old = |keys: &str| spread(&format!("engine = \"redis\"\nengine-version = {keys}"));
    let policy = |set: &str| format!("[[policy]]\nname = \"other\"\nset = {{ group.{set} }}\n");
    for version in ["2.8.6", "2.8.21"] {
        let both = old(&format!("\"{version}\"\nmulti-az = true\nappend-only-file = true"));
        check_errors(&both, &["E0510"]);
        // In both directions: whichever comes second is refused.
        let multi_az = old(&format!("\"{version}\"\nmulti-az = true"));
        check_code(&multi_az, "E0510", false);
        let then_file = multi_az + &policy("append-only-file = true");
        check_code(&then_file, "E0510", true);
        let file = old(&format!("\"{version}\"\nmulti-az = false\nappend-only-file = true"));
        check_code(&file, "E0510", false);
        let then_multi_az = file + &policy("multi-az = true");
        check_code(&then_multi_az, "E0510", true);
    }
}

#[test]
fn mz_58_newer_engines_and_small_nodes_have_no_append_only_file() {
    let check = |keys: &str, expected: &[&str]| {
        check_errors(&spread(&format!("append-only-file = true\n{keys}")), expected);
    };
    let redis = |version: &str, rest: &str| {
        format!("engine = \"redis\"\nengine-version = \"{version}\"\n{rest}")
    };
    for rest in ["multi-az = true", "multi-az = false"] {
        check(&redis("2.8.22", rest), &["E0509"]);
        check(&redis("7.1", rest), &["E0509"]);
        check(&format!("engine = \"valkey\"\nengine-version = \"8.0\"\n{rest}"), &["E0509"]);
        let t2 = format!("{rest}\nnode-type = \"cache.t2.micro\"");
        check(&redis("2.8.21", &t2), &["E0509"]);
    }
    let t1 = "multi-az = false\nnode-type = \"cache.t1.micro\"";
    check(&redis("2.8.21", t1), &["E0509"]);
    // What remains is what ElastiCache offers.
    check(&redis("2.8.21", "multi-az = false"), &[]);
}

#[test]
fn mz_66_multi_az_needs_automatic_failover() {
    let check = |multi_az: bool, failover: bool, expected: &[&str]| {
        let keys = format!("multi-az = {multi_az}\nautomatic-failover = {failover}");
        check_errors(&spread(&keys), expected);
    };
    check(true, true, &[]);
    check(true, false, &["E0504"]);
    check(false, true, &[]);
    check(false, false, &[]);
}

/// Runs a trial in which the primary of the first shard fails, and counts promotions.
fn promotions(plan: &Plan) -> usize {
    let (facts, outcome) = run(plan, 1, 0);
    let told = count(&facts, |f| matches!(f, Fact::Promoted { .. }));
    assert_eq!(told as u128, outcome.raw(Metric::Failovers));
    told
}

#[test]
fn mz_66_automatic_failover_promotes_without_multi_az() {
    let fault = "[[fault]]\nat = \"10m\"\nfail-primary = { shard = \"0001\" }\n";
    let check = |text: String, expected: usize| {
        let plan = with_fixed_times(parse(&(text.clone() + fault)).plan);
        assert_eq!(plan.groups[0].multi_az, Switch::Off, "{text}");
        assert_eq!(promotions(&plan), expected, "{text}");
    };
    check(spread("multi-az = false\nautomatic-failover = true"), 1);
    check(spread("multi-az = false\nautomatic-failover = false"), 0);
    // Cluster mode that does not qualify for Multi-AZ has automatic failover all the same.
    check(cluster("", &[&["a", "a"], &["b", "b"]]), 1);
}

#[test]
fn mz_68_a_group_without_replicas_is_warned_about() {
    let with = |replicas: u32| group(&format!("azs = [\"a\", \"b\"]\nreplicas = {replicas}"), "");
    check_remark(&with(0), "W0906", true);
    check_remark(&with(1), "W0906", false);
}

#[test]
fn mz_69_a_second_replica_is_advised() {
    let with =
        |replicas: u32| group(&format!("azs = [\"a\", \"b\", \"c\"]\nreplicas = {replicas}"), "");
    check_remark(&with(1), "W0905", true);
    check_remark(&with(2), "W0905", false);
}
