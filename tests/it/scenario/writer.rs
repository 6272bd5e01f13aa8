//! Writes scenarios from a list of choices: every section, law and kind of fault and operation,
//! groups in both forms of placement, policies, sweeps, sources; mostly valid, with a wrong value
//! here and there. Fewer choices, or smaller ones, make a simpler scenario: that is how a failure
//! is shrunk.

use std::fmt::Write as _;

/// Words that decide; where they end, the first choice is taken.
pub struct Choices<'w> {
    words: std::slice::Iter<'w, u32>,
}

impl<'w> Choices<'w> {
    /// The choices that `words` make.
    pub fn new(words: &'w [u32]) -> Self {
        Choices { words: words.iter() }
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        let word = self.words.next().copied().unwrap_or(0);
        ((u64::from(word) * n as u64) >> 32) as usize
    }

    /// One of `choices`.
    fn one_of<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices[self.below(choices.len())]
    }

    /// Whether something happens that does so once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) + 1 == n
    }

    /// `value`, or rarely something that is wrong nearly everywhere.
    fn value(&mut self, value: String) -> String {
        const WRONG: [&str; 20] = [
            "1",
            "-1",
            "0.5",
            "nan",
            "1e400",
            "99999999999999999999",
            "0xffff_ffff_ffff_ffff",
            "true",
            "1979-05-27T07:32:00Z",
            "\"\"",
            "\"0s\"",
            "\"1 month\"",
            "\"999y\"",
            "\"two words\"",
            "\"\\u0000\\u202e\"",
            "\"\"\"\nx\"\"\"",
            "[]",
            "[\"a\", 1]",
            "{}",
            "{ fixed = \"1s\", zzz = 1 }",
        ];
        match self.once_in(120) {
            true => self.one_of(&WRONG).to_owned(),
            false => value,
        }
    }
}

/// A header with its keys, and what stands below it in the file.
#[derive(Clone, Debug)]
struct Section {
    /// `[run]`; empty for the keys at the top.
    header: &'static str,
    keys: Vec<(String, String)>,
    /// Sections that belong to this one, in order.
    below: Vec<Section>,
}

impl Section {
    fn new(header: &'static str) -> Self {
        Section { header, keys: Vec::new(), below: Vec::new() }
    }

    fn set(&mut self, key: &str, value: impl Into<String>, choices: &mut Choices<'_>) {
        let value = choices.value(value.into());
        self.keys.push((key.to_owned(), value));
    }

    fn write(&self, text: &mut String) {
        if !self.header.is_empty() {
            let _ = writeln!(text, "\n{}", self.header);
        }
        for (key, value) in &self.keys {
            let _ = writeln!(text, "{key} = {value}");
        }
        for section in &self.below {
            section.write(text);
        }
    }
}

/// A scenario as its sections.
#[derive(Clone, Debug)]
pub struct Document {
    sections: Vec<Section>,
}

impl Document {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            section.write(&mut text);
        }
        text
    }

    /// The same sections and keys in another order, except where order means something: among
    /// groups, shards, faults and policies, and among the axes of a sweep.
    pub fn shuffled(&self, choices: &mut Choices<'_>) -> Document {
        let (top, rest) = self.sections.split_first().expect("the top is always there");
        let mut left: Vec<Section> = rest.to_vec();
        let mut sections = vec![top.clone()];
        while !left.is_empty() {
            let header = left[choices.below(left.len())].header;
            let first = left.iter().position(|section| section.header == header);
            sections.push(left.remove(first.expect("it is one of them")));
        }
        for section in sections.iter_mut().filter(|section| section.header != "[sweep]") {
            shuffle_keys(section, choices);
        }
        Document { sections }
    }
}

fn shuffle_keys(section: &mut Section, choices: &mut Choices<'_>) {
    for n in (1..section.keys.len()).rev() {
        section.keys.swap(n, choices.below(n + 1));
    }
    for section in &mut section.below {
        shuffle_keys(section, choices);
    }
}

/// What faults and overlays can name.
#[derive(Default)]
struct Names {
    groups: Vec<String>,
    /// Of each group.
    shards: Vec<Vec<String>>,
    nodes: Vec<String>,
    azs: Vec<String>,
    /// By which overlays address faults, and the kinds.
    faults: Vec<(String, &'static str)>,
    /// The same of operations.
    operations: Vec<(String, &'static str)>,
}

/// The scenario that `choices` make.
pub fn scenario(choices: &mut Choices<'_>) -> Document {
    let mut names = Names::default();
    let mut top = Section::new("");
    top.set("schema", "1", choices);
    if choices.once_in(2) {
        top.set("name", choices.one_of(&["\"a year\"", "'it''s\"'", "\"größe 🦀\""]), choices);
    }
    let mut sections = vec![top, run(choices)];
    let header = if choices.once_in(2) { "[[group]]" } else { "[group]" };
    let n_groups = if header == "[group]" { 1 } else { 1 + choices.below(3) };
    for n in 0..n_groups {
        sections.push(group(header, n, &mut names, choices));
    }
    let mut control = Section::new("[control-plane]");
    control.set("detector", "\"managed\"", choices);
    if choices.once_in(4) {
        // Read, checked, and without effect.
        control.set("node-timeout", choices.one_of(&["\"5s\"", "\"15s\""]), choices);
        control.set("takeover", law(choices), choices);
        control.set("quorum", choices.one_of(&["1", "2"]), choices);
    }
    sections.push(control);
    let mut load = workload(choices);
    if choices.once_in(4) {
        load.set(
            "wait",
            choices.one_of(&["{ replicas = 1 }", "{ replicas = 2, share = 0.5 }"]),
            choices,
        );
    }
    sections.push(load);
    let mut replication = Section::new("[replication]");
    if choices.once_in(2) {
        replication.set("lag", law(choices), choices);
        replication.set("backlog", choices.one_of(&["0", "\"1 MiB\"", "\"1 PiB\""]), choices);
    }
    if choices.once_in(3) {
        replication.set("min-replicas-to-write", choices.one_of(&["0", "1"]), choices);
        replication.set("min-replicas-max-lag", choices.one_of(&["\"1s\"", "\"2m\""]), choices);
    }
    sections.push(replication);
    sections.push(timing(choices));
    sections.push(rules(choices));
    for n in 0..choices.below(6) {
        sections.push(fault(n, &mut names, choices));
    }
    for n in 0..choices.below(4) {
        sections.push(operation(n, &mut names, choices));
    }
    for n in 0..choices.below(4) {
        sections.push(policy(n, header, &names, choices));
    }
    if choices.once_in(4) {
        sections.push(sweep(header, &names, choices));
    }
    if choices.once_in(3) {
        sections.push(sources(choices));
    }
    if choices.once_in(3) {
        let mut objectives = Section::new("[objectives]");
        objectives.set("rto", choices.one_of(&["\"60s\"", "\"1h 30m\""]), choices);
        objectives.set("rpo", choices.one_of(&["\"1s\"", "\"1ms\""]), choices);
        sections.push(objectives);
    }
    for _ in 0..choices.below(3) {
        sections.push(expectation(choices));
    }
    Document { sections }
}

fn expectation(choices: &mut Choices<'_>) -> Section {
    let mut expect = Section::new("[[expect]]");
    let metrics = ["write_outage_s.p99", "lost_writes", "outages.length_s.max", "read_outage_s"];
    expect.set("metric", format!("\"{}\"", choices.one_of(&metrics)), choices);
    match choices.below(4) {
        1 => expect.set("above", "0", choices),
        2 => expect.set("below", "1e20", choices),
        3 => expect.set("below", "0.123456789123", choices),
        _ => expect.set("below", "60", choices),
    }
    expect
}

fn run(choices: &mut Choices<'_>) -> Section {
    let mut run = Section::new("[run]");
    let horizon = choices.one_of(&["\"1d\"", "\"1y\"", "\"PT1H\"", "\"499y\"", "\"1ns\""]);
    run.set("horizon", horizon, choices);
    if choices.once_in(2) {
        run.set("trials", choices.one_of(&["1", "10_000", "1e4", "\"1e6\""]), choices);
    }
    if choices.once_in(2) {
        run.set("seed", choices.one_of(&["0", "0x2a", "18446744073709551615"]), choices);
    }
    if choices.once_in(4) {
        run.set("warm-up", choices.one_of(&["\"0s\"", "\"1m\"", "\"1h\""]), choices);
    }
    run
}

/// A name for a thing that the user names: plain, long, or one that TOML must quote in a path.
fn id(prefix: &str, n: usize, choices: &mut Choices<'_>) -> String {
    match choices.below(6) {
        4 => format!("{prefix}_{}{n}", "x".repeat(61 - prefix.len())),
        5 => format!("{n}-{prefix}"),
        _ => format!("{prefix}{n}"),
    }
}

fn group(header: &'static str, n: usize, names: &mut Names, choices: &mut Choices<'_>) -> Section {
    let mut group = Section::new(header);
    let group_id = id("g", n, choices);
    group.set("id", format!("\"{group_id}\""), choices);
    let is_clustered = choices.once_in(3);
    if is_clustered || choices.once_in(3) {
        let mode = if is_clustered { "\"enabled\"" } else { "\"disabled\"" };
        group.set("cluster-mode", mode, choices);
    }
    let mut n_shards = if is_clustered { 1 + choices.below(4) } else { 1 };
    let n_replicas = [2, 1, 0, 3, 5][choices.below(5)];
    let mut azs: Vec<String> = ["a", "b", "c", "d"].map(|az| format!("us-west-2{az}")).to_vec();
    azs.rotate_left(choices.below(4));
    azs.truncate(4 - choices.below(4));
    let is_exact = choices.once_in(3);
    let mut shard_ids = Vec::new();
    for h in 0..n_shards {
        let node = |slot: usize| match is_clustered {
            true => format!("{group_id}-{:04}-{:03}", h + 1, slot + 1),
            false => format!("{group_id}-{:03}", slot + 1),
        };
        // Node names have at most 63 letters as well.
        let short = |slot: usize| format!("n{n}-{h}-{slot}");
        let name = |slot| if is_exact { short(slot) } else { node(slot) };
        names.nodes.extend((0..=n_replicas).map(name));
        let place = |slot: usize| {
            let az = &azs[(h + slot) % azs.len()];
            format!("{{ node = \"{}\", az = \"{az}\" }}", short(slot))
        };
        let mut shard_id = format!("{:04}", h + 1);
        if is_exact {
            let mut shard = Section::new("[[group.shard]]");
            if choices.once_in(2) {
                shard_id = id("s", h, choices);
                shard.set("id", format!("\"{shard_id}\""), choices);
            }
            shard.set("primary", place(0), choices);
            let replicas: Vec<String> = (1..=n_replicas).map(place).collect();
            if !replicas.is_empty() || choices.once_in(2) {
                shard.set("replicas", format!("[{}]", replicas.join(", ")), choices);
            }
            group.below.push(shard);
        }
        shard_ids.push(shard_id);
    }
    if !is_exact {
        let listed: Vec<String> = azs.iter().map(|az| format!("\"{az}\"")).collect();
        group.set("azs", format!("[{}]", listed.join(", ")), choices);
        group.set("replicas", n_replicas.to_string(), choices);
        if n_shards > 1 || choices.once_in(3) {
            if choices.once_in(40) {
                n_shards = 600;
            }
            group.set("shards", n_shards.to_string(), choices);
        }
    }
    names.groups.push(group_id);
    names.shards.push(shard_ids);
    names.azs.extend(azs);
    switches(&mut group, n_replicas, is_clustered, choices);
    group
}

fn switches(group: &mut Section, n_replicas: usize, is_clustered: bool, choices: &mut Choices<'_>) {
    let has_replica = n_replicas > 0;
    if choices.once_in(3) {
        let is_on = has_replica && (is_clustered || choices.once_in(2));
        group.set("automatic-failover", is_on.to_string(), choices);
    }
    if choices.once_in(3) {
        group.set("multi-az", choices.one_of(&["false", "true"]), choices);
    }
    if choices.once_in(3) {
        let engine = choices.one_of(&["\"valkey\"", "\"redis\""]);
        group.set("engine", engine, choices);
        let versions = match engine {
            "\"redis\"" => ["\"7.1\"", "\"6.2.6\"", "\"5.0.6\""],
            _ => ["\"8.0\"", "\"7.2\"", "\"9.0.1\""],
        };
        let version = choices.one_of(&versions);
        group.set("engine-version", version, choices);
        let level = choices.one_of(&["\"disabled\"", "\"async\"", "\"sync\""]);
        let is_able = is_clustered && version == "\"9.0.1\"";
        group.set("durability", if is_able { level } else { "\"disabled\"" }, choices);
    }
    if choices.once_in(4) {
        let types = ["\"cache.r7g.large\"", "\"cache.t4g.micro\"", "\"cache.t1.micro\""];
        group.set("node-type", choices.one_of(&types), choices);
    }
    if choices.once_in(6) {
        group.set("append-only-file", "false", choices);
    }
}

fn workload(choices: &mut Choices<'_>) -> Section {
    let mut workload = Section::new("[workload]");
    match choices.below(4) {
        1 => workload.set("writes-per-second", choices.one_of(&["0", "7", "1e6"]), choices),
        2 => workload.set("writes-per-second-per-shard", "1_000", choices),
        _ => {}
    }
    if choices.once_in(2) {
        let sizes = ["1", "\"512 B\"", "\"1.5 KiB\"", "\"512 MiB\""];
        workload.set("write-size", choices.one_of(&sizes), choices);
    }
    if choices.once_in(2) {
        workload.set("dataset", choices.one_of(&["0", "\"8 GiB\"", "\"1 TB\""]), choices);
    }
    workload
}

fn timing(choices: &mut Choices<'_>) -> Section {
    let mut timing = Section::new("[timing]");
    if choices.once_in(3) {
        let presets = ["\"typical\"", "\"fast\"", "\"slow\"", "\"documented\""];
        timing.set("preset", choices.one_of(&presets), choices);
    }
    for key in ["detection", "promotion", "endpoint", "replacement", "cold-start", "reboot"] {
        if choices.once_in(2) {
            timing.set(key, law(choices), choices);
        }
    }
    match choices.below(3) {
        1 => timing.set("full-sync", "{ per-gib = \"18s\" }", choices),
        2 => timing.set("full-sync", law(choices), choices),
        _ => {}
    }
    timing
}

const RULES: [(&str, &[&str]); 10] = [
    ("replacement-starts", &["\"after-detection\"", "\"at-failure\"", "\"after-failover\""]),
    ("resync-after-failover", &["\"full\"", "\"engine\"", "\"none\""]),
    ("promotion", &["\"least-lag\"", "\"random\"", "\"lowest-id\"", "\"none\""]),
    ("replacement-waits-for-az", &["true", "false"]),
    ("resync-needs-primary", &["true", "false"]),
    ("syncing-counts-as-complete", &["false", "true"]),
    ("failure-during-failover", &["\"continue\"", "\"restart\""]),
    ("syncing-nodes-can-fail", &["true", "false"]),
    ("cold-start-node", &["\"first-ready\"", "\"primary-slot\""]),
    ("sub-detection-fault", &["\"blip\"", "\"failover\""]),
];

fn rules(choices: &mut Choices<'_>) -> Section {
    let mut rules = Section::new("[rules]");
    for (key, values) in RULES {
        if choices.once_in(3) {
            rules.set(key, choices.one_of(values), choices);
        }
    }
    rules
}

/// Any law, with or without a source.
fn law(choices: &mut Choices<'_>) -> String {
    const TIMES: [&str; 6] = ["1s", "200ms", "10s", "1m 30s", "PT1H", "1d"];
    let mut time = || choices.one_of(&TIMES);
    let (mean, shorter, longer) = (time(), "1ms", "2d");
    let law = match choices.below(13) {
        0 => return format!("\"{mean}\""),
        1 => return "\"0s\"".to_owned(),
        2 => format!("fixed = \"{mean}\""),
        3 => format!("uniform = [\"{shorter}\", \"{mean}\"]"),
        4 => format!("triangular = [\"0s\", \"{mean}\", \"{longer}\"]"),
        5 => format!("exponential = {{ mean = \"{mean}\" }}"),
        6 => format!("lognormal = {{ median = \"{mean}\", p95 = \"{longer}\" }}"),
        7 => format!("lognormal = {{ median = \"{mean}\", p99 = \"{longer}\" }}"),
        8 => format!("lognormal = {{ mean = \"{mean}\", sd = \"{longer}\" }}"),
        9 => format!("weibull = {{ mean = \"{mean}\", shape = 1.5 }}"),
        10 => format!("gamma = {{ mean = \"{mean}\", shape = 2 }}"),
        11 => format!("erlang = {{ mean = \"{mean}\", stages = 3 }}"),
        _ => {
            let columns = ["", ", column = \"seconds\"", ", column = 2"];
            let column = choices.one_of(&columns[1..]);
            format!("empirical = {{ file = \"lengths.csv\"{column} }}")
        }
    };
    match choices.below(5) {
        1 => format!("{{ {law}, source = \"a guess\" }}"),
        3 => format!("{{ {law}, range = [\"1ms\", \"30d\"] }}"),
        4 => format!("{{ range = [\"0s\", \"1m\"], {law}, source = \"a guess\" }}"),
        2 => format!("{{ source = \"sah, 'so', \\\"gut\\\"\", {law} }}"),
        _ => format!("{{ {law} }}"),
    }
}

fn fault(n: usize, names: &mut Names, choices: &mut Choices<'_>) -> Section {
    const KINDS: [&str; 12] = [
        "node-failure",
        "isolate-node",
        "isolate-primary",
        "fail-primary",
        "fail-node",
        "crash-node",
        "fail-replicas",
        "fail-az",
        "fail-group",
        "reboot-node",
        "az-failure",
        "group-failure",
    ];
    let mut fault = Section::new("[[fault]]");
    let kind = choices.one_of(&KINDS);
    let n_alike = names.faults.iter().filter(|(_, other)| *other == kind).count();
    let mut name = format!("{kind}-{}", n_alike + 1);
    if choices.once_in(3) {
        name = id("f", n, choices);
        fault.set("id", format!("\"{name}\""), choices);
    }
    names.faults.push((name, kind));
    if !kind.ends_with("failure") {
        let moments = [
            "\"10m\"",
            "\"0s\"",
            "\"601s\"",
            "{ uniform = [\"1m\", \"10m\"] }",
            "{ source = \"us\", triangular = [\"0s\", \"1s\", \"30m\"] }",
        ];
        let at = choices.one_of(&moments);
        fault.set("at", at, choices);
    }
    if choices.once_in(4) {
        fault.set("enabled", choices.one_of(&["false", "true"]), choices);
    }
    let value = parameters(kind, names, choices);
    fault.set(kind, value, choices);
    fault
}

/// What a fault of the kind `kind` says about itself.
fn parameters(kind: &str, names: &Names, choices: &mut Choices<'_>) -> String {
    let g = choices.below(names.groups.len());
    let shards = &names.shards[g];
    let group = match names.groups.len() {
        1 if choices.once_in(2) => String::new(),
        _ => format!("group = \"{}\"", names.groups[g]),
    };
    let comma = if group.is_empty() { "" } else { ", " };
    let shard = match shards.len() {
        1 if choices.once_in(2) => group.clone(),
        _ if choices.once_in(4) => format!("{group}{comma}shard = \"any\""),
        n => format!("{group}{comma}shard = \"{}\"", shards[choices.below(n)]),
    };
    let node = match choices.once_in(4) {
        true => "any",
        false => &names.nodes[choices.below(names.nodes.len())],
    };
    let az = match choices.once_in(4) {
        true => "any",
        false => &names.azs[choices.below(names.azs.len())],
    };
    let share = choices.one_of(&["", ", share = 0.5", ", share = { uniform = [0.1, 1] }"]);
    let life = choices.one_of(&["mttf = \"30d\"", "mttf = \"1h\", source = \"x\""]);
    match kind {
        "fail-primary" => format!("{{ {shard} }}"),
        "fail-replicas" => match shard.as_str() {
            "" => "{ count = 1 }".to_owned(),
            _ => format!("{{ {shard}, count = 1 }}"),
        },
        "isolate-primary" => match shard.as_str() {
            "" => "{ duration = \"1m\" }".to_owned(),
            _ => format!("{{ {shard}, duration = {} }}", law(choices)),
        },
        "fail-group" => format!("{{ {group} }}"),
        "fail-node" => format!("{{ node = \"{node}\" }}"),
        "crash-node" => format!("{{ node = \"{node}\", restart-after = {} }}", law(choices)),
        "isolate-node" => {
            let writers = choices.one_of(&["", ", writers-beside = 0", ", writers-beside = 50"]);
            format!("{{ node = \"{node}\", duration = {}{writers} }}", law(choices))
        }
        "reboot-node" => {
            let by = choices.one_of(&["service", "service", "service", "customer"]);
            format!("{{ node = \"{node}\", by = \"{by}\" }}")
        }
        "fail-az" => format!("{{ az = \"{az}\", duration = {}{share} }}", law(choices)),
        "az-failure" => format!("{{ {life}, duration = {}{share} }}", law(choices)),
        "group-failure" => match group.as_str() {
            "" => format!("{{ {life} }}"),
            _ => format!("{{ {group}, {life} }}"),
        },
        _ => match choices.below(3) {
            1 => format!("{{ lifetime = {} }}", law(choices)),
            _ => format!("{{ {life} }}"),
        },
    }
}

fn operation(n: usize, names: &mut Names, choices: &mut Choices<'_>) -> Section {
    const KINDS: [&str; 10] = [
        "modify",
        "promote-replica",
        "test-failover",
        "reboot",
        "increase-replica-count",
        "decrease-replica-count",
        "attach-external-replica",
        "create-snapshot",
        "service-update",
        "cli",
    ];
    let mut operation = Section::new("[[operation]]");
    let kind = choices.one_of(&KINDS);
    let n_alike = names.operations.iter().filter(|(_, other)| *other == kind).count();
    let mut name = format!("{kind}-{}", n_alike + 1);
    if choices.once_in(3) {
        name = id("o", n, choices);
        operation.set("id", format!("\"{name}\""), choices);
    }
    names.operations.push((name, kind));
    let moments = ["\"10m\"", "\"0s\"", "{ uniform = [\"1m\", \"10m\"] }"];
    operation.set("at", choices.one_of(&moments), choices);
    if choices.once_in(4) {
        operation.set("enabled", choices.one_of(&["false", "true"]), choices);
    }
    let value = asked(kind, names, choices);
    operation.set(kind, value, choices);
    operation
}

/// What an operation of the kind `kind` asks for.
fn asked(kind: &str, names: &Names, choices: &mut Choices<'_>) -> String {
    let g = choices.below(names.groups.len());
    let group = format!("group = \"{}\"", names.groups[g]);
    let shard = &names.shards[g][choices.below(names.shards[g].len())];
    let node = &names.nodes[choices.below(names.nodes.len())];
    let apply = choices.one_of(&["", ", apply-immediately = true", ", apply-immediately = false"]);
    match kind {
        "modify" => {
            let change = match choices.below(6) {
                1 => "automatic-failover = true".to_owned(),
                2 => "automatic-failover = false, multi-az = false".to_owned(),
                3 => format!("primary = \"{node}\""),
                4 => "snapshot-retention = 7".to_owned(),
                5 => format!("snapshotting-node = \"{node}\""),
                _ => "multi-az = false".to_owned(),
            };
            format!("{{ {group}, {change}{apply} }}")
        }
        "promote-replica" | "reboot" => format!("{{ node = \"{node}\" }}"),
        "test-failover" => {
            let cancel = choices.one_of(&["", ", cancel = true"]);
            format!("{{ {group}, shard = \"{shard}\"{cancel} }}")
        }
        "increase-replica-count" => {
            let azs = choices.one_of(&["", ", azs = [\"us-west-2d\"]"]);
            format!("{{ {group}, to = {}{azs}{apply} }}", 1 + choices.below(5))
        }
        "decrease-replica-count" => format!("{{ {group}, to = {}{apply} }}", choices.below(3)),
        "attach-external-replica" => {
            format!("{{ {group}{} }}", choices.one_of(&["", ", hinders = 0.25"]))
        }
        "service-update" => {
            let method = choices.one_of(&["", ", method = \"replace\"", ", method = \"patch\""]);
            format!("{{ {group}{method}{apply} }}")
        }
        "cli" => format!(
            "\"aws elasticache test-failover --replication-group-id {} --node-group-id {shard}\"",
            names.groups[g]
        ),
        _ => format!("{{ {group} }}"),
    }
}

/// A path into the first group.
fn group_path(header: &str, names: &Names) -> String {
    match header {
        "[group]" => "group".to_owned(),
        _ => format!("group.{}", names.groups[0]),
    }
}

/// Paths that an overlay can set, with a value.
fn change(header: &str, names: &Names, choices: &mut Choices<'_>) -> (String, String) {
    let group = group_path(header, names);
    let (fault, kind) = match names.faults.is_empty() {
        true => ("node-failure-1".to_owned(), "node-failure"),
        false => names.faults[choices.below(names.faults.len())].clone(),
    };
    if !names.operations.is_empty() && choices.once_in(6) {
        let (operation, _) = &names.operations[choices.below(names.operations.len())];
        return (format!("operation.{operation}.enabled"), "false".to_owned());
    }
    match choices.below(12) {
        11 => ("timing.preset".to_owned(), "\"slow\"".to_owned()),
        0 => ("timing.detection".to_owned(), law(choices)),
        1 => (format!("{group}.replicas"), choices.below(4).to_string()),
        2 => (format!("{group}.multi-az"), "false".to_owned()),
        3 => (format!("{group}.azs"), "[\"us-west-2d\", \"us-west-2e\"]".to_owned()),
        4 => ("workload.writes-per-second".to_owned(), "50".to_owned()),
        5 => ("rules.promotion".to_owned(), "\"random\"".to_owned()),
        6 => (format!("fault.{fault}.{kind}.mttf"), "\"5d\"".to_owned()),
        7 => ("timing.full-sync.per-gib".to_owned(), "\"2s\"".to_owned()),
        8 => (format!("fault.{fault}.enabled"), "false".to_owned()),
        9 if !kind.ends_with("failure") => {
            (format!("fault.{fault}.at.uniform"), "[\"1m\", \"9m\"]".to_owned())
        }
        _ => ("sources.\"timing.promotion\"".to_owned(), "\"an overlay\"".to_owned()),
    }
}

fn policy(n: usize, header: &str, names: &Names, choices: &mut Choices<'_>) -> Section {
    let mut policy = Section::new("[[policy]]");
    let name = choices.one_of(&["one", "two words", "größe, \\\"3\\\"", "a=b"]);
    policy.set("name", format!("\"{name} {n}\""), choices);
    let mut changes: Vec<(String, String)> = Vec::new();
    for _ in 0..choices.below(4) {
        let (path, value) = change(header, names, choices);
        if changes.iter().all(|(other, _)| *other != path) {
            changes.push((path, choices.value(value)));
        }
    }
    let changes: Vec<String> = changes.iter().map(|(path, to)| format!("{path} = {to}")).collect();
    if !changes.is_empty() || choices.once_in(4) {
        policy.set("set", format!("{{ {} }}", changes.join(", ")), choices);
    }
    policy
}

fn sweep(header: &str, names: &Names, choices: &mut Choices<'_>) -> Section {
    let mut sweep = Section::new("[sweep]");
    let group = group_path(header, names);
    let axes = [
        (format!("\"{group}.replicas\""), "\"0..2\""),
        ("timing.detection".to_owned(), "[\"5s\", { exponential = { mean = \"10s\" } }]"),
        ("\"workload.writes-per-second\"".to_owned(), "[10, 1e3]"),
    ];
    for (path, values) in &axes {
        if choices.once_in(2) {
            sweep.set(path, *values, choices);
        }
    }
    sweep
}

fn sources(choices: &mut Choices<'_>) -> Section {
    let mut sources = Section::new("[sources]");
    for path in ["run.horizon", "timing.endpoint", "workload.dataset", "rules.promotion"] {
        if choices.once_in(2) {
            let source = choices.one_of(&[
                "\"measured\"",
                "\"default, assumed: so\"",
                "\"\"",
                "\"one\\ntwo = 2 \\u001b[31m\"",
            ]);
            sources.set(&format!("\"{path}\""), source, choices);
        }
    }
    sources
}
