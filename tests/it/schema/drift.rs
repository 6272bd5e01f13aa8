//! The keys, choices and defaults of the schema are the decoder's own.

use std::collections::BTreeSet;
use std::path::Path;

use elasticache_sim::scenario::{self, Diagnostic, Origin, Overrides};
use serde_json::Value;

use super::{GROUP, HEAD, each_object, json_of, scenario_schema, validator};
use crate::support::parse;

/// A table that the decoder never reads as such, but merges with the file.
const MERGED: &str = "Overlay";

/// What the decoder says about `text`.
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    let base_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    scenario::parse("test.toml", text, base_dir, &Overrides::default()).err().unwrap_or_default()
}

/// The names that the decoder allows at the place whose path ends with `end`.
fn allowed(text: &str, end: &str) -> BTreeSet<String> {
    let found = diagnostics(text);
    let diagnostic = found.iter().find(|diagnostic| diagnostic.path.ends_with(end));
    let diagnostic = diagnostic.unwrap_or_else(|| panic!("nothing is said of {end} in\n{text}"));
    let list = diagnostic.hints.iter().find_map(|hint| hint.strip_prefix("allowed: "));
    let list = list.unwrap_or_else(|| panic!("no names are offered for {end} in\n{text}"));
    assert!(!list.contains("more"), "the list is cut: {list}");
    list.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// The keys of a table in the schema.
fn keys(schema: &Value, definition: &str) -> BTreeSet<String> {
    let table = if definition.is_empty() { schema } else { &schema["definitions"][definition] };
    assert_eq!(table["additionalProperties"], false, "{definition} is open");
    table["properties"].as_object().expect("keys").keys().cloned().collect()
}

#[test]
fn the_keys_of_each_table_are_those_of_the_decoder() {
    let schema = scenario_schema();
    let section = |name: &str| format!("{HEAD}{GROUP}[{name}]\nzzz = 1\n");
    let law = |law: &str| format!("{HEAD}{GROUP}[timing]\nreboot = {law}\n");
    let fault = |fault: &str| format!("{HEAD}{GROUP}[[fault]]\n{fault}\n");
    let operation = |keys: &str| format!("{HEAD}{GROUP}[[operation]]\n{keys}\n");
    let shard = "[[group.shard]]\nprimary = { node = \"n\", az = \"a\"";
    let tables = [
        ("", format!("zzz = 1\n{HEAD}{GROUP}")),
        ("Run", format!("{HEAD}zzz = 1\n{GROUP}")),
        ("Groups", format!("{HEAD}{GROUP}zzz = 1\n")),
        ("Group", format!("{HEAD}{GROUP}zzz = 1\n").replace("[group]", "[[group]]")),
        ("Shard", format!("{HEAD}[group]\nid = \"g\"\n{shard} }}\nzzz = 1\n")),
        ("Node", format!("{HEAD}[group]\nid = \"g\"\n{shard}, zzz = 1 }}\n")),
        ("ControlPlane", section("control-plane")),
        ("Policy", format!("{HEAD}{GROUP}[[policy]]\nname = \"p\"\nzzz = 1\n")),
        ("Workload", section("workload")),
        ("Replication", section("replication")),
        ("Wait", format!("{HEAD}{GROUP}[workload]\nwait = {{ zzz = 1 }}\n")),
        ("Objectives", section("objectives")),
        ("Expectation", format!("{HEAD}{GROUP}[[expect]]\nzzz = 1\n")),
        ("Timing", section("timing")),
        ("Rules", section("rules")),
        ("Law", law("{ zzz = 1 }")),
        ("FullSync", law("{ zzz = 1 }").replace("reboot", "full-sync")),
        ("Exponential", law("{ exponential = { zzz = 1 } }")),
        ("Lognormal", law("{ lognormal = { zzz = 1 } }")),
        ("MeanAndShape", law("{ weibull = { zzz = 1 } }")),
        ("MeanAndShape", law("{ gamma = { zzz = 1 } }")),
        ("Erlang", law("{ erlang = { zzz = 1 } }")),
        ("Empirical", law("{ empirical = { zzz = 1 } }")),
        ("Fault", fault("zzz = 1")),
        ("ShardTarget", fault("fail-primary = { zzz = 1 }")),
        ("NodeTarget", fault("fail-node = { zzz = 1 }")),
        ("Crash", fault("crash-node = { zzz = 1 }")),
        ("Isolation", fault("isolate-node = { zzz = 1 }")),
        ("PrimaryIsolation", fault("isolate-primary = { zzz = 1 }")),
        ("ReplicasTarget", fault("fail-replicas = { zzz = 1 }")),
        ("AzOutage", fault("fail-az = { zzz = 1 }")),
        ("Share", fault("fail-az = { share = { zzz = 1 } }")),
        ("GroupTarget", fault("fail-group = { zzz = 1 }")),
        ("Reboot", fault("reboot-node = { zzz = 1 }")),
        ("NodeFailure", fault("node-failure = { zzz = 1 }")),
        ("AzFailure", fault("az-failure = { zzz = 1 }")),
        ("GroupFailure", fault("group-failure = { zzz = 1 }")),
        ("Backup", section("backup")),
        ("Persistence", section("persistence")),
        ("DurableLog", section("durability")),
        ("GlobalDatastore", section("global-datastore")),
        ("ServiceUpdates", fault("service-update = { zzz = 1 }")),
        ("Operation", operation("zzz = 1")),
        ("Modify", operation("modify = { zzz = 1 }")),
        ("OperatedNode", operation("reboot = { zzz = 1 }")),
        ("OperatedNode", operation("promote-replica = { zzz = 1 }")),
        ("OperatedGroup", operation("create-snapshot = { zzz = 1 }")),
        ("Test", operation("test-failover = { zzz = 1 }")),
        ("Increase", operation("increase-replica-count = { zzz = 1 }")),
        ("Decrease", operation("decrease-replica-count = { zzz = 1 }")),
        ("External", operation("attach-external-replica = { zzz = 1 }")),
        ("Update", operation("service-update = { zzz = 1 }")),
        ("SelfHosted", format!("{HEAD}{GROUP}self-hosted = {{ zzz = 1 }}\n")),
        ("Migration", section("migration")),
        ("MigrationClients", section("migration.clients")),
        ("MigrationStart", operation("test-migration = { zzz = 1 }")),
        ("MigrationStart", operation("start-migration = { zzz = 1 }")),
        ("MigrationComplete", operation("complete-migration = { zzz = 1 }")),
        ("MigrationStep", operation("stop-migration = { zzz = 1 }")),
        ("MigrationStep", operation("cut-over = { zzz = 1 }")),
        ("MigrationStep", operation("roll-back = { zzz = 1 }")),
        ("LinkCut", fault("cut-migration-link = { zzz = 1 }")),
    ];
    for (definition, text) in &tables {
        assert_eq!(keys(&schema, definition), allowed(text, "zzz"), "{definition}");
    }
    for (definition, table) in schema["definitions"].as_object().expect("definitions") {
        let is_known = tables.iter().any(|(name, _)| name == definition)
            || definition == MERGED
            || definition.starts_with("Part_of_");
        assert!(is_known || table.get("properties").is_none(), "{definition} is not compared");
    }
}

#[test]
fn the_choices_are_those_of_the_decoder() {
    let schema = scenario_schema();
    let check = |definition: &str, text: &str, key: &str, later: &[&str]| {
        let choices = schema["definitions"][definition]["oneOf"].as_array().expect("choices");
        let mut named: BTreeSet<String> = choices
            .iter()
            .map(|choice| choice["const"].as_str().expect("a name").to_owned())
            .collect();
        named.extend(later.iter().map(|&name| name.to_owned()));
        let text = format!("{HEAD}{GROUP}{text}{key} = \"zzz\"");
        assert_eq!(named, allowed(&format!("{text}\n"), key), "{definition}");
    };
    check("Engine", "", "engine", &[]);
    check("ClusterMode", "", "cluster-mode", &[]);
    check("Durability", "", "durability", &[]);
    check("Detector", "[control-plane]\n", "detector", &[]);
    check("OwnDetector", "[group.self-hosted]\n", "detector", &[]);
    check("CutOver", "[migration]\n", "cut-over", &[]);
    check("Minority", "cluster-mode = \"enabled\"\n[control-plane]\n", "minority", &[]);
    check("ReplacementStarts", "[rules]\n", "replacement-starts", &[]);
    check("Resync", "[rules]\n", "resync-after-failover", &[]);
    check("Promotion", "[rules]\n", "promotion", &[]);
    check("DuringFailover", "[rules]\n", "failure-during-failover", &[]);
    check("ColdStartNode", "[rules]\n", "cold-start-node", &[]);
    check("SubDetection", "[rules]\n", "sub-detection-fault", &[]);
    let used =
        "[[fault]]\nat = \"1h\"\nisolate-node = { node = \"any\", duration = \"1h\" }\n[rules]\n";
    check("Fencing", used, "fencing", &[]);
    let used = "[workload]\nwait = { replicas = 1 }\n[rules]\n";
    check("WaitTimeout", used, "wait-timeout", &[]);
    let used = "[[operation]]\nat = \"1h\"\ntest-failover = {}\n[control-plane]\n";
    check("InAzOutage", used, "test-failover-in-az-outage", &[]);
    check("EventOrder", used, "event-order", &[]);
    let update = "[[operation]]\nat = \"1h\"\n[operation.service-update]\n";
    check("UpdateMethod", update, "method", &[]);
    let reboot = "[[fault]]\nat = \"1h\"\n[fault.reboot-node]\nnode = \"g-001\"\n";
    check("RebootBy", reboot, "by", &[]);
}

/// A file that uses every default of the sections that its engine has.
fn planned(engine: &str) -> String {
    let update = "[[fault]]\nservice-update = { every = \"90d\"";
    format!(
        "{HEAD}{GROUP}{engine}{update} }}\n{update}, method = \"patch\" }}\n\
         [[fault]]\nat = \"1h\"\nisolate-node = {{ node = \"any\", duration = \"1m\" }}\n\
         [backup]\n[persistence]\n[replication]\nmin-replicas-to-write = 1\n[workload]\n\
         wait = {{ replicas = 1, share = 1.0 }}\n\
         [[operation]]\nat = \"1h\"\ntest-failover = {{}}\n\
         [[operation]]\nat = \"2h\"\nmodify = {{ multi-az = false, \
         snapshot-retention = 3 }}\n"
    )
}

/// The defaults that the schema names are the decoder's, and their descriptions say how well each
/// is founded.
#[test]
fn the_defaults_are_those_of_the_decoder() {
    /// Defaults that depend on other values stand in the description only.
    const DEPENDENT: [&str; 4] = [
        "group.automatic-failover",
        "group.multi-az",
        "replication.backlog",
        "control-plane.detector",
    ];
    let schema = scenario_schema();
    let mut compared = BTreeSet::new();
    let old = "engine = \"redis\"\nengine-version = \"4.0.10\"\n";
    let durable = "engine-version = \"9.0\"\ncluster-mode = \"enabled\"\n\
         durability = \"async\"\n[control-plane]\ndetector = \"managed\"\n";
    let durable = format!("{HEAD}{GROUP}{durable}");
    let region = format!("{HEAD}{GROUP}[global-datastore]\nregion = \"eu-west-1\"\n");
    let all = [planned(""), planned(old), durable, region].map(|text| parse(&text).assumptions);
    for assumption in all.into_iter().flatten() {
        // Those of single faults and operations are compared by eye.
        if ["fault.", "operation."].iter().any(|start| assumption.path.starts_with(start)) {
            continue;
        }
        let (section, key) = assumption.path.split_once('.').expect("a section and a key");
        let section = match section {
            "control-plane" => "ControlPlane",
            "group" => "Group",
            "workload" => "Workload",
            "replication" => "Replication",
            "timing" => "Timing",
            "rules" => "Rules",
            "backup" => "Backup",
            "persistence" => "Persistence",
            "durability" => "DurableLog",
            "global-datastore" => "GlobalDatastore",
            other => panic!("a default in a new section: {other}"),
        };
        let property = &schema["definitions"][section]["properties"][key];
        let text = property["description"].as_str().expect("a description");
        let (Origin::Default { confidence, .. } | Origin::Derived { confidence, .. }) =
            assumption.why
        else {
            panic!("nothing is given: {}", assumption.path);
        };
        assert!(text.contains(&confidence.to_string()), "{}: {text}", assumption.path);
        if !DEPENDENT.contains(&assumption.path.as_str()) {
            let value = json_of(&format!("value = {}", assumption.value));
            assert_eq!(property["default"], value["value"], "{}", assumption.path);
        }
        compared.insert(format!("{section}/{key}"));
    }
    for section in ["Workload", "Replication", "Timing", "Rules"] {
        for key in keys(&schema, section) {
            let is_compared = compared.contains(&format!("{section}/{key}"));
            // A convention is no claim to be compared.
            let alternatives = [
                "writes-per-second-per-shard",
                "reads-per-second",
                "preset",
                "min-replicas-to-write",
                "wait",
            ];
            let is_alternative = alternatives.contains(&key.as_str());
            assert!(is_compared || is_alternative, "{section}.{key} has no default");
        }
    }
    let plain = parse(&format!("{HEAD}{GROUP}"));
    let run = &schema["definitions"]["Run"]["properties"];
    assert_eq!(run["trials"]["default"], plain.trials);
    assert_eq!(run["seed"]["default"], plain.seed);
}

/// The same of a migration and its source.
#[test]
fn the_defaults_of_a_migration_are_those_of_the_decoder() {
    /// They depend on other values.
    const DEPENDENT: [&str; 3] = ["detector", "backlog", "lag"];
    let schema = scenario_schema();
    let text = format!(
        "{HEAD}[[group]]\nid = \"old\"\nazs = [\"a\"]\nreplicas = 1\nself-hosted = {{}}\n\
         [[group]]\nid = \"g\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n\
         [migration]\nsource = \"old\"\ntarget = \"g\"\n"
    );
    let mut n_compared = 0;
    for assumption in parse(&text).assumptions {
        let (section, key) = assumption.path.rsplit_once('.').unwrap_or_default();
        let definition = match section {
            "migration" => "Migration",
            "migration.clients" => "MigrationClients",
            "group.old.self-hosted" => "SelfHosted",
            _ => continue,
        };
        let property = &schema["definitions"][definition]["properties"][key];
        let text = property["description"].as_str().expect("a description");
        let (Origin::Default { confidence, .. } | Origin::Derived { confidence, .. }) =
            assumption.why
        else {
            panic!("nothing is given: {}", assumption.path);
        };
        assert!(text.contains(&confidence.to_string()), "{}: {text}", assumption.path);
        if !DEPENDENT.contains(&key) {
            let value = json_of(&format!("value = {}", assumption.value));
            assert_eq!(property["default"], value["value"], "{}", assumption.path);
        }
        n_compared += 1;
    }
    assert!(n_compared > 15, "only {n_compared} defaults");
}

/// No table is open but those whose keys are names, so no key is unknown without a word.
#[test]
fn only_tables_keyed_by_names_are_open() {
    let mut open = BTreeSet::new();
    each_object(&scenario_schema(), "", &mut |path, object| {
        let is_table = match object.get("type") {
            Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
            Some(name) => name == "object",
            None => false,
        };
        let is_closed = object.get("additionalProperties") == Some(&Value::Bool(false));
        // Branches and parts of sections only add to what is closed elsewhere.
        let adds = path.contains("/oneOf/") || path.contains("Part_of_");
        if is_table && !is_closed && !adds {
            open.insert(path.to_owned());
        }
    });
    let expected = [
        "/definitions/AllOrById/anyOf/1",
        "/definitions/AllOrById2/anyOf/1",
        "/definitions/OneOrById/anyOf/1",
        "/definitions/OneOrById/anyOf/1/additionalProperties",
        "/definitions/Overlay/properties/sources",
        "/definitions/SelfHosted/properties/chained",
        "/definitions/Sources",
        "/definitions/Sweep",
        "/definitions/SweptValues",
    ];
    assert_eq!(open, expected.map(str::to_owned).into());
}

/// Of a choice between schemas a validator can only say "none of these"; so there is none but
/// where a part of a value may stand for the whole.
#[test]
fn mistakes_are_told_where_they_are() {
    let schema = scenario_schema();
    each_object(&schema, "", &mut |path, object| {
        let is_overlay = ["Part_of_", "OneOrById", "AllOrById"].iter().any(|o| path.contains(o));
        assert!(!object.contains_key("anyOf") || is_overlay || path.ends_with("/not"), "{path}");
    });
    let validator = validator(&schema);
    let check = |text: &str, place: &str, message: &str| {
        let json = json_of(text);
        let errors: Vec<(String, String)> = validator
            .iter_errors(&json)
            .map(|error| (error.instance_path().to_string(), error.to_string()))
            .collect();
        let found = errors.iter().any(|(at, what)| at == place && what.contains(message));
        assert!(found, "{errors:?}\nin\n{text}");
    };
    check(&format!("{HEAD}{GROUP}zzz = 1\n"), "/group", "'zzz' was unexpected");
    check(
        &format!("{HEAD}{GROUP}zzz = 1\n").replace("[group]", "[[group]]"),
        "/group/0",
        "'zzz' was unexpected",
    );
    check(&format!("{HEAD}{GROUP}").replace("= 2", "= 6"), "/group/replicas", "maximum");
    let timing = |law: &str| format!("{HEAD}{GROUP}[timing]\nreboot = {law}\n");
    check(&timing("\"soon\""), "/timing/reboot", "does not match");
    check(&timing("{ zzz = 1 }"), "/timing/reboot", "'zzz' was unexpected");
    check(&timing("{ exponential = { mean = 1 } }"), "/timing/reboot/exponential/mean", "string");
}
