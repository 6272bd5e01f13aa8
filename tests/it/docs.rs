//! The reference of the scenario language, `docs/scenario.md`: its examples are read as it says,
//! it names every key, and its defaults are the program's.

use std::collections::{BTreeMap, BTreeSet};

use elasticache_sim::scenario::codes::{Code, Severity};
use elasticache_sim::scenario::resolved::Giver;
use elasticache_sim::scenario::{self, Diagnostic, MAX_TRIALS, Origin, Overrides};
use serde_json::Value;
use toml::de::DeTable;

use crate::blocks;
use crate::support::{experiment, root};

fn text_of(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).expect("readable")
}

fn reference() -> String {
    text_of("docs/scenario.md")
}

#[test]
fn its_examples_are_read_as_it_says() {
    for file in ["docs/scenario.md", "README.md"] {
        let text = text_of(file);
        let dir = blocks::samples(&text, "docs");
        let blocks = blocks::blocks(&text);
        let examples = blocks.iter().filter(|block| block.kind.starts_with("toml"));
        let mut n = 0;
        for block in examples {
            n += 1;
            let whole = blocks::whole(block.text);
            let read = scenario::parse("my.toml", &whole, &dir, &Overrides::default());
            let mistakes = read.err().unwrap_or_default();
            let of_errors = |d: &&Diagnostic| d.severity() == Severity::Error;
            let errors: Vec<&Diagnostic> = mistakes.iter().filter(of_errors).collect();
            let at = format!("{file}:{}", block.line);
            match block.kind {
                "toml" => assert!(errors.is_empty(), "{at}: {errors:?}"),
                "toml wrong" => {
                    assert!(!errors.is_empty(), "{at}: is refused");
                    for code in blocks::numbered(block.text, &["E0"]) {
                        assert!(errors.iter().any(|e| e.code.id() == code), "{at}: {errors:?}");
                    }
                }
                other => panic!("{at}: {other}"),
            }
        }
        assert!(n > 0, "{file} has examples");
    }
}

/// All keys, and all words that are the only ones allowed somewhere.
fn words(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                into.extend(properties.keys().cloned());
            }
            let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
            let choices = listed.chain(members.get("const")).filter_map(Value::as_str);
            into.extend(choices.map(str::to_owned));
            members.values().for_each(|member| words(member, into));
        }
        Value::Array(elements) => elements.iter().for_each(|element| words(element, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn it_names_every_key_and_every_choice() {
    let text = reference();
    let mut all = BTreeSet::new();
    words(scenario::schema::scenario().as_value(), &mut all);
    assert!(all.contains("full-sync") && all.contains("after-failover"), "{all:?}");
    for word in all {
        let forms = [format!("`{word}`"), format!("`[{word}]`"), format!("`[[{word}]]`")];
        assert!(forms.iter().any(|form| text.contains(form)), "{word} is not explained");
    }
}

/// A row of a table of keys.
#[derive(Debug)]
struct Row<'t> {
    /// The section, from the heading.
    section: &'t str,
    key: &'t str,
    default: &'t str,
    founded: &'t str,
}

impl Row<'_> {
    fn is_of(&self, path: &str) -> bool {
        let own = match self.section {
            "" => self.key.to_owned(),
            section => format!("{section}.{}", self.key),
        };
        // Faults are called by their names: fault.az-loss.enabled.
        let of_fault = path.strip_prefix("fault.").and_then(|rest| rest.split_once('.'));
        let is_of_fault = self.section == "fault" && of_fault.map(|(_, key)| key) == Some(self.key);
        let of_operation = path.strip_prefix("operation.").and_then(|rest| rest.split_once('.'));
        let is_of_operation =
            self.section == "operation" && of_operation.map(|(_, key)| key) == Some(self.key);
        path == own || path.ends_with(&format!(".{own}")) || is_of_fault || is_of_operation
    }
}

/// What stands in backticks, if all of it does.
fn in_backticks(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`')
}

fn rows(text: &str) -> Vec<Row<'_>> {
    const HEADER: &str = "| key | value | default | founded | meaning |";
    let mut rows = Vec::new();
    let mut section = "";
    let mut is_inside = false;
    for line in text.lines() {
        if line.starts_with('#') {
            let name = line.trim_start_matches(['#', ' ']);
            section = in_backticks(name).unwrap_or_default().trim_matches(['[', ']']);
        }
        is_inside = line == HEADER || is_inside && line.starts_with('|');
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", key, _, default, founded, _, ""] = cells.as_slice()
            && is_inside
            && let Some(key) = in_backticks(key)
        {
            rows.push(Row { section, key, default, founded });
        }
    }
    rows
}

/// How well a default is founded, in the words of the tables; `None` for what is given.
fn founded(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Default { confidence, .. } => Some(confidence.to_string()),
        Origin::Derived { confidence, .. } => Some(format!("{confidence}; depends")),
        Origin::Convention(_) => Some("convention".to_owned()),
        Origin::Unsourced | Origin::Sourced(_) => None,
    }
}

/// All defaults of the program: by path, the value and how well it is founded.
fn defaults(text: &str) -> BTreeMap<String, (String, String)> {
    let experiment = experiment(text);
    let policy = &experiment.policies[0];
    let mut defaults = BTreeMap::new();
    for value in policy.resolved.values.iter().filter(|value| value.giver == Giver::Nobody) {
        let own = value.origins.iter().find(|(path, _)| *path == value.path);
        let (_, origin) = own.expect("a default has an origin");
        let founded = founded(origin).expect("a default is not given");
        defaults.insert(value.path.clone(), (value.value.clone(), founded));
    }
    // Conventions inside a value that is given, as it is written.
    for value in &policy.resolved.values {
        let inner = value.origins.iter().filter(|(path, _)| *path != value.path);
        for (path, _) in inner.filter(|(_, origin)| matches!(origin, Origin::Convention(_))) {
            let text = format!("value = {}", value.value);
            let table = DeTable::parse(&text).expect("a value is TOML");
            let key = path.rsplit('.').next().expect("a path has keys");
            let value = &table.get_ref()["value"];
            if let Some(value) = value.get_ref().get(key) {
                let default = (text[value.span()].to_owned(), "convention".to_owned());
                defaults.insert(path.clone(), default);
            }
        }
    }
    // Defaults inside a value that is given.
    for assumption in &policy.assumptions {
        if let Some(founded) = founded(&assumption.why) {
            defaults
                .entry(assumption.path.clone())
                .or_insert_with(|| (assumption.value.clone(), founded));
        }
    }
    defaults
}

#[test]
fn its_defaults_are_those_of_the_program() {
    let text = reference();
    let rows = rows(&text);
    let shortest = blocks::blocks(&text).into_iter().find(|block| block.kind == "toml");
    let shortest = shortest.expect("there is an example").text;
    let az = "[[fault]]\naz-failure = { mttf = \"50y\", duration = \"2h\" }\n";
    // With whatever uses each of the defaults that others need not.
    let update = "[[fault]]\nservice-update = { every = \"90d\"";
    let update = format!("{update}, method = \"replace\" }}\n{update}, method = \"patch\" }}\n");
    let at = "[[operation]]\nat = \"1h\"\n";
    let cut = "[[fault]]\nat = \"1h\"\nisolate-node = { node = \"any\", duration = \"1m\", \
               writers-beside = 0 }\n";
    let test = format!("{at}test-failover = {{ cancel = false }}\n");
    let modify = "modify = { snapshotting-node = \"cache-002\", apply-immediately = false }\n";
    let planned = format!("{az}{cut}{update}{test}{at}{modify}");
    let sections = "[backup]\n[persistence]\n";
    let mut all = defaults(&format!("{shortest}\n{sections}{planned}"));
    // No engine has both a pause and a gap.
    let old = "engine = \"redis\"\nengine-version = \"4.0.10\"\nazs = [\"a\"]\nreplicas = 0";
    let gap = defaults(&blocks::whole(
        &format!("{planned}[group]\nid = \"cache\"\n{old}\n")
            .replace("snapshotting-node = \"cache-002\"", "multi-az = false"),
    ));
    all.extend(gap.into_iter().filter(|(path, _)| path == "timing.handover-gap"));
    let asks = "[group]\nid = \"cache\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n[replication]\n\
                min-replicas-to-write = 1\n[workload]\nwait = { replicas = 1, share = 1.0 }\n";
    let asks = defaults(&blocks::whole(asks));
    all.extend(asks.into_iter().filter(|(path, _)| {
        ["replication.min-replicas-max-lag", "rules.wait-timeout"].contains(&path.as_str())
    }));
    let durable = "engine-version = \"9.0\"\ncluster-mode = \"enabled\"\ndurability = \"async\"\n\
                   azs = [\"a\", \"b\"]\nreplicas = 1";
    let durable = defaults(&blocks::whole(&format!("[group]\nid = \"cache\"\n{durable}\n")));
    all.extend(durable.into_iter().filter(|(path, _)| path.starts_with("durability.")));
    let region = "[global-datastore]\nregion = \"eu-west-1\"\n";
    let region = defaults(&blocks::whole(region));
    all.extend(region.into_iter().filter(|(path, _)| path.starts_with("global-datastore.")));
    let migration = "[[group]]\nid = \"old\"\nengine = \"redis\"\nazs = [\"a\"]\nreplicas = 1\n\
                     [group.self-hosted]\n[[group]]\nid = \"new\"\nazs = [\"a\", \"b\"]\n\
                     replicas = 1\n[migration]\nsource = \"old\"\ntarget = \"new\"\n\
                     [migration.clients]\n";
    let migration = defaults(&blocks::whole(migration));
    let is_its = |path: &str| {
        ["migration.", "group.old.self-hosted.", "group.new.transit", "group.new.databases"]
            .iter()
            .any(|start| path.starts_with(start))
    };
    let migration = migration.into_iter().filter(|(path, _)| is_its(path));
    all.extend(migration.map(|(path, default)| {
        (path.replace("group.old.", "group.").replace("group.new.", "group."), default)
    }));
    let defaults = all;
    for row in &rows {
        let program = defaults.iter().find(|(path, _)| row.is_of(path)).map(|(_, default)| default);
        match (in_backticks(row.default), program) {
            (Some(value), Some(program)) => {
                assert_eq!(
                    (value, row.founded),
                    (program.0.as_str(), program.1.as_str()),
                    "{row:?}"
                );
            }
            (None, Some(program)) => {
                assert_eq!((row.key, row.founded), ("name", program.1.as_str()), "{row:?}");
            }
            (Some(_), None) => panic!("the program has no such default: {row:?}"),
            (None, None) => assert_eq!(row.founded, "", "{row:?}"),
        }
    }
    for path in defaults.keys() {
        let n = rows.iter().filter(|row| row.is_of(path)).count();
        assert_eq!(n, 1, "{path} has one row with its default");
    }
}

/// What the tables say of defaults that depend on other values.
#[test]
fn defaults_that_depend_are_as_it_says() {
    let check = |group: &str, path: &str, expected: &str| {
        let text = format!("[group]\nid = \"g\"\n{group}\n");
        let found = defaults(&blocks::whole(&text)).remove(path);
        let (value, _) = found.unwrap_or_else(|| panic!("{path} in\n{text}"));
        assert_eq!(value, expected, "{path} in\n{text}");
    };
    let redis = "engine = \"redis\"\nazs = [\"a\", \"b\"]\nreplicas = 1";
    check(redis, "group.engine-version", "\"7.1\"");
    check(redis, "replication.backlog", "\"1 MiB\"");
    let older = "engine-version = \"7.2\"\nazs = [\"a\", \"b\"]\nreplicas = 1";
    check(older, "replication.backlog", "\"1 MiB\"");
    let single = "azs = [\"a\"]\nreplicas = 0";
    check(single, "group.automatic-failover", "false");
    check(single, "group.multi-az", "false");
    let crowded = "azs = [\"a\"]\nreplicas = 1";
    check(crowded, "group.automatic-failover", "true");
    check(crowded, "group.multi-az", "false");
    let off = "azs = [\"a\", \"b\"]\nreplicas = 1\nautomatic-failover = false";
    check(off, "group.multi-az", "false");
}

#[test]
fn what_it_refers_to_is_there() {
    let text = reference();
    let rules = text_of("docs/requirements.md");
    for rule in blocks::numbered(&text, &["MZ-", "D-"]) {
        assert!(rules.contains(&format!("| {rule} |")), "no rule {rule}");
    }
    for file in ["docs/scenario.md", "docs/requirements.md", "README.md", "ARCHITECTURE.md"] {
        for code in blocks::numbered(&text_of(file), &["E0", "W0"]) {
            assert!(Code::find(code).is_some(), "{file}: no code {code}");
        }
    }
    assert!(text.contains(&format!("1 to {MAX_TRIALS}")), "the limit on trials");
}
