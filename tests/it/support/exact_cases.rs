//! The published cases, solved elsewhere, as scenarios: for the tests, and for `benches/precision`.

use serde_json::Value;

const HOUR_S: f64 = 3600.0;

/// The published cases: rates per hour, and what they come to.
pub fn cases() -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../data/exact-cases.json")).expect("valid JSON");
    all["cases"].as_array().expect("cases").clone()
}

/// The published case of that name.
pub fn case(id: &str) -> Value {
    let found = cases().into_iter().find(|case| case["id"] == id);
    found.expect("the case is there")
}

fn rate(case: &Value, key: &str) -> f64 {
    case["params"][key].as_f64().expect("a rate")
}

/// The mean of the exponential law that has the rate of that name.
pub fn mean_hours(case: &Value, key: &str) -> f64 {
    1.0 / rate(case, key)
}

/// Hours as a scenario has them.
pub fn nanos(hours: f64) -> String {
    format!("{}ns", (hours * HOUR_S * 1e9).round())
}

/// The scenario of a case, in the form that the cases' semantics prescribe: one exponential for
/// the whole failover (as detection), repair that starts at the failure, no resync.
pub fn scenario_text(case: &Value) -> String {
    let mean = |key: &str| nanos(mean_hours(case, key));
    let nodes = case["nodes_shard_az"].as_array().expect("nodes");
    let shard_of = |node: &Value| node[0].as_u64().expect("a shard");
    let n_shards = nodes.iter().map(shard_of).max().map_or(0, |last| last + 1);
    let is_multi_az = case["multi_az"].as_bool().expect("a switch");
    let failover = is_multi_az && nodes.len() as u64 > n_shards;
    let mut groups =
        format!("[group]\nid = \"g\"\nmulti-az = {failover}\nautomatic-failover = {failover}\n");
    match n_shards {
        1 => {
            // Replicas walk through the AZs, and begin again at the end.
            let mut azs: Vec<String> = nodes.iter().map(|n| format!("\"az{}\"", n[1])).collect();
            azs.dedup();
            let replicas = nodes.len() - 1;
            groups += &format!("azs = [{}]\nreplicas = {replicas}\n", azs.join(", "));
        }
        _ => groups += &shards_text(nodes, n_shards),
    }
    let w = rate(case, "w") as u64;
    let writes = match n_shards {
        1 => format!("writes-per-second = {w}"),
        _ => format!("writes-per-second-per-shard = {w}"),
    };
    let waits = case["options"]["repl_needs_az"].as_bool().unwrap_or(true);
    let mut text = format!(
        r#"
schema = 1
[run]
horizon = "1y"
{groups}
[workload]
{writes}
[replication]
lag = {{ exponential = {{ mean = "{lag}" }} }}
[control-plane]
detector = "managed"
[timing]
detection = {{ exponential = {{ mean = "{delta}" }} }}
promotion = "0s"
endpoint = "0s"
replacement = {{ exponential = {{ mean = "{rho}" }} }}
full-sync = {{ exponential = {{ mean = "{sigma}" }} }}
cold-start = {{ exponential = {{ mean = "{delta}" }} }}
[rules]
replacement-starts = "at-failure"
replacement-waits-for-az = {waits}
resync-after-failover = "none"
cold-start-node = "first-ready"
[[fault]]
node-failure = {{ mttf = "{node}" }}
"#,
        lag = nanos(rate(case, "L") / HOUR_S),
        delta = mean("delta"),
        rho = mean("rho"),
        sigma = mean("sigma"),
        node = mean("lam_n"),
    );
    if rate(case, "lam_a") > 0.0 {
        text.push_str(&format!(
            "[[fault]]\naz-failure = {{ mttf = \"{}\", duration = {{ exponential = {{ mean = \
             \"{}\" }} }} }}\n",
            mean("lam_a"),
            mean("mu_a"),
        ));
    }
    text
}

/// Shards node by node, as a group of cluster mode.
fn shards_text(nodes: &[Value], n_shards: u64) -> String {
    let mut text = "cluster-mode = \"enabled\"\n".to_owned();
    for shard in 0..n_shards {
        let of_shard = nodes.iter().filter(|node| node[0].as_u64() == Some(shard));
        let places: Vec<String> = of_shard
            .enumerate()
            .map(|(i, node)| format!("{{ node = \"n{shard}-{i}\", az = \"az{}\" }}", node[1]))
            .collect();
        let (primary, replicas) = places.split_first().expect("a shard has nodes");
        let (id, replicas) = (shard + 1, replicas.join(", "));
        text += &format!(
            "[[group.shard]]\nid = \"{id:04}\"\nprimary = {primary}\nreplicas = [{replicas}]\n"
        );
    }
    text
}
