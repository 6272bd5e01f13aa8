//! What is said about mistakes.

use super::*;

#[test]
fn laws_that_are_none() {
    let check = |text: &str, expected: &[&str]| {
        check(&format!("[timing]\ndetection = {text}\n"), expected);
    };
    let at = "timing.detection";
    check("5", &[&format!("{at} = 5: expected a duration or a law, found an integer")]);
    check("{ }", &[&format!("{at}: names no law")]);
    check("{ source = \"x\" }", &[&format!("{at}: names no law")]);
    check(
        "{ fixed = \"1s\", source = 1 }",
        &[&format!(
            "{at}.source = 1: expected text that says where the value comes from, found an integer"
        )],
    );
    check(
        r#"{ fixed = "1s", uniform = ["1s", "2s"] }"#,
        &[&format!("{at}: names more than one law: `fixed` and `uniform`")],
    );
    check("{ exponentail = 1 }", &[&format!("{at}.exponentail: unknown key")]);
    check(
        r#"{ exponential = "1s" }"#,
        &[&format!(r#"{at}.exponential = "1s": expected a table, found a string"#)],
    );
    check("{ exponential = { } }", &[&format!("{at}.exponential.mean: is missing")]);
    check(
        r#"{ exponential = { mean = "0s" } }"#,
        &[&format!("{at}.exponential: the mean must be above zero (1e-30 to 1e30 ns)")],
    );
    check(
        r#"{ uniform = ["5s", "1s"] }"#,
        &[&format!(r#"{at}.uniform = ["5s", "1s"]: high must not be below low"#)],
    );
    check(
        r#"{ uniform = ["5s"] }"#,
        &[&format!(r#"{at}.uniform = ["5s"]: needs 2 durations, not 1"#)],
    );
    check(
        r#"{ triangular = ["1s", 2, "x"] }"#,
        &[
            &format!("{at}.triangular[1] = 2: expected a duration, found an integer"),
            &format!(r#"{at}.triangular[2] = "x": is not a duration"#),
        ],
    );
    check(
        r#"{ lognormal = { median = "10s", p95 = "5s" } }"#,
        &[&format!("{at}.lognormal: p95 must be above the median")],
    );
    check(
        r#"{ lognormal = { median = "10s", sd = "5s" } }"#,
        &[&format!(
            "{at}.lognormal: needs `median` and `p95`, `median` and `p99`, or `mean` and `sd`"
        )],
    );
    check(
        r#"{ lognormal = { median = "10s", p59 = "5s" } }"#,
        &[&format!("{at}.lognormal.p59: unknown key")],
    );
    for shape in ["nan", "inf", "-1", "0", "1e999"] {
        check(
            &format!(r#"{{ weibull = {{ mean = "10s", shape = {shape} }} }}"#),
            &[&format!("{at}.weibull: the shape must be from 0.001 to 10000")],
        );
    }
    check(
        r#"{ gamma = { mean = "1s", shape = "2" } }"#,
        &[&format!(r#"{at}.gamma.shape = "2": expected a number, found a string"#)],
    );
    check(
        r#"{ erlang = { mean = "1s", stages = 0 } }"#,
        &[&format!("{at}.erlang.stages = 0: must be from 1 to 4294967295")],
    );
    check(
        r#"{ erlang = { mean = "1s", stages = 1_000_000 } }"#,
        &[&format!("{at}.erlang: the number of stages must be from 1 to 10000")],
    );
    check(r#""600y""#, &[&format!(r#"{at} = "600y": is too long"#)]);
}

#[test]
fn mistakes_in_the_head() {
    check_whole("", &["schema: is missing", "run: is missing", "group: is missing"]);
    check_whole(&format!("[run]\nhorizon = \"1y\"\n{GROUP}"), &["schema: is missing"]);
    let run = |schema: &str, run: &str, expected: &[&str]| {
        check_whole(&format!("{schema}\n[run]\n{run}\n{GROUP}"), expected);
    };
    let one = "schema = 1";
    run("schema = 2", "horizon = \"1d\"", &["schema = 2: is not a known schema"]);
    run("schema = \"one\"", "horizon = \"1d\"", &["schema = \"one\": is not a whole number"]);
    run(
        "schema = 1\nname = \"\"",
        "horizon = \"1d\"",
        &["name = \"\": must be one line of at most 200 bytes"],
    );
    run("schema = 1\nnmae = 5", "horizon = \"1d\"", &["nmae: unknown key"]);
    run(one, "", &["run.horizon: is missing"]);
    run(one, "horizon = 5", &["run.horizon = 5: expected a duration, found an integer"]);
    run(one, "horizon = \"5\"", &["run.horizon = \"5\": a duration needs a unit"]);
    run(one, "horizon = \"2mo\"", &["run.horizon = \"2mo\": months are not accepted"]);
    let limits = "must be above zero and below 500 years";
    for horizon in ["0s", "500y", "600y"] {
        let expected = format!("run.horizon = \"{horizon}\": {limits}");
        run(one, &format!("horizon = \"{horizon}\""), &[&expected]);
    }
    let negative = "run.horizon = \"-1h\": a duration must not be negative";
    run(one, "horizon = \"-1h\"", &[negative]);
    let trials = |value: &str, message: &str| {
        let expected = format!("run.trials = {value}: {message}");
        run(one, &format!("horizon = \"1d\"\ntrials = {value}"), &[&expected]);
    };
    trials("0", "must be from 1 to 100000000");
    trials("-1", "must not be negative");
    trials("1.5", "is not a whole number");
    trials("nan", "is not a whole number");
    trials("inf", "is not a whole number");
    trials("99999999999999999999", "is too large");
    trials("\"many\"", "is not a whole number");
    trials("true", "expected a whole number, found a boolean");
    trials("2026-11-21", "expected a whole number, found a datetime");
    run(
        one,
        "horizon = \"1d\"\nwarm-up = \"1d\"",
        &["run.warm-up = \"1d\": must be shorter than the horizon"],
    );
    run(
        one,
        "horizon = \"1d\"\nstart = 2026-11-21",
        &["run.start = 2026-11-21: is not an instant"],
    );
    run("schema = 1\ngroup = 5", "horizon = \"1d\"", &["`group` comes twice"]);
    check_whole(
        &format!("schema = 1\nrun = 3\n{GROUP}"),
        &["run = 3: expected a table, found an integer"],
    );
    check_whole(&format!("{HEAD}group = [1]\n"), &["group: is missing", "run.group: unknown key"]);
    check_whole(
        "schema = 1\ngroup = 3\n[run]\nhorizon = \"1y\"\n",
        &["group = 3: expected a table, found an integer"],
    );
    check_whole("schema = 1\ngroup = []\n[run]\nhorizon = \"1y\"\n", &["group: is missing"]);
}

#[test]
fn mistakes_in_a_group() {
    let rest = "azs = [\"a\", \"b\"]\nreplicas = 1\n";
    let with_rest = |keys: &str, expected: &[&str]| {
        check_group(&format!("id = \"g\"\n{rest}{keys}"), expected);
    };
    check_group(
        "",
        &["group.id: is missing", "group.replicas: is missing", "group.azs: is missing"],
    );
    check_group(rest, &["group.id: is missing"]);
    check_group(&format!("id = \"a b\"\n{rest}"), &["group.id = \"a b\": is not a name"]);
    with_rest("engine = \"redsi\"", &["group.engine = \"redsi\": is not one of the choices"]);
    with_rest(
        "engine-version = 8.0",
        &["group.engine-version = 8.0: expected a version, found a float"],
    );
    with_rest("engine-version = \"new\"", &["group.engine-version = \"new\": is not a version"]);
    with_rest(
        "node-type = \"r7g.large\"",
        &["group.node-type = \"r7g.large\": is not a node type"],
    );
    with_rest(
        "cluster-mode = true",
        &["group.cluster-mode = true: expected a string, found a boolean"],
    );
    with_rest(
        "multi-az = \"yes\"",
        &["group.multi-az = \"yes\": expected true or false, found a string"],
    );
    with_rest(
        "append-only-file = true",
        &["group.append-only-file = true: this engine version has no append-only file"],
    );
    with_rest("append-only-file = true\nengine = \"redis\"\nengine-version = \"2.8.6\"", &[]);
    with_rest(
        "durability = \"sync\"",
        &["group.durability = \"sync\": this engine version has no durability"],
    );
    with_rest(
        "multi-az = true\nautomatic-failover = false",
        &["group.multi-az = true: needs automatic failover"],
    );
    with_rest(
        "multi-az = true\nengine = \"redis\"\nengine-version = \"2.8.5\"",
        &["group.multi-az = true: this engine version has no Multi-AZ"],
    );
    with_rest(
        "multi-az = true\nnode-type = \"cache.t1.micro\"",
        &["group.multi-az = true: this node type has no Multi-AZ"],
    );
    with_rest("shards = 2", &["group: has 2 shards with cluster mode disabled"]);
    with_rest("shards = 0", &["group.shards = 0: must be from 1 to 500"]);
    with_rest("replcias = 2", &["group.replcias: unknown key"]);
    with_rest(
        "[[group.shard]]\nprimary = { node = \"n\", az = \"a\" }",
        &["group.azs = [\"a\", \"b\"]: `azs` and `shard` exclude each other"],
    );
    let keys =
        |azs: &str, replicas: &str| format!("id = \"g\"\nazs = {azs}\nreplicas = {replicas}");
    check_group(&keys("[\"a\"]", "6"), &["group.replicas = 6: must be from 0 to 5"]);
    check_group(&keys("[]", "1"), &["group.azs = []: names no AZ"]);
    check_group(
        &keys("\"a\"", "1"),
        &["group.azs = \"a\": expected an array of AZ names, found a string"],
    );
    check_group(
        &keys("[\"a\", \"a\", 3, \"\"]", "1"),
        &[
            "group.azs[1] = \"a\": is in the list already",
            "group.azs[2] = 3: expected a name, found an integer",
            "group.azs[3] = \"\": is not a name",
        ],
    );
    check_group(
        &format!("{}\nautomatic-failover = true", keys("[\"a\"]", "0")),
        &["group.automatic-failover = true: there is no replica to fail over to"],
    );
    check_group(
        &format!("{}\nmulti-az = true", keys("[\"a\", \"b\"]", "0")),
        &["group.multi-az = true: shard `0001` has no replica"],
    );
}

#[test]
fn mistakes_in_exact_placement() {
    let shard = "[[group.shard]]\nprimary = { node = \"n1\", az = \"a\" }\n";
    let check =
        |rest: &str, expected: &[&str]| check_group(&format!("id = \"g\"\n{rest}"), expected);
    check("shard = 5", &["group.shard = 5: expected an array of tables, found an integer"]);
    check("shard = []", &["group.shard = []: holds no shard"]);
    check("[[group.shard]]", &["group.shard.0001.primary: is missing"]);
    check(
        "[[group.shard]]\nprimary = { node = \"n\" }",
        &["group.shard.0001.primary.az: is missing"],
    );
    check(
        &format!("{shard}replicas = [{{ node = \"n1\", az = \"b\" }}]"),
        &["group.shard.0001.replicas[0].node = \"n1\": another node has the name `n1`"],
    );
    let seven = "{ node = \"x\", az = \"b\" }, ".repeat(6);
    let found = parse(&format!("{HEAD}[group]\nid = \"g\"\n{shard}replicas = [{seven}]\n"));
    let found = found.expect_err("six replicas");
    assert_eq!(found[0].message, "holds 6 replicas");
    check(
        &format!("{shard}replicas = [5]\nslots = 3"),
        &[
            "group.shard.0001.replicas[0] = 5: expected a table, found an integer",
            "group.shard.0001.slots: unknown key",
        ],
    );
    let twice = shard.replace("n1", "n2");
    check(
        &format!(
            "cluster-mode = \"enabled\"\n{shard}id = \"x\"\n{twice}id = \"x\"\n\
                    [control-plane]\ndetector = \"managed\""
        ),
        &["group.shard[1].id = \"x\": another shard has the id `x`"],
    );
}

#[test]
fn mistakes_in_clusters_and_between_groups() {
    let group = |keys: &str| {
        format!(
            "{HEAD}[group]\nid = \"g\"\ncluster-mode = \"enabled\"\nazs = [\"a\", \"b\"]\n{keys}\n"
        )
    };
    let managed = "[control-plane]\ndetector = \"managed\"\n";
    check_whole(
        &group("replicas = 1\n[control-plane]\ndetector = \"sentinel\""),
        &["control-plane.detector = \"sentinel\": group `g` has cluster mode enabled"],
    );
    check_whole(
        &group(&format!("shards = 100\nreplicas = 5\n{managed}")),
        &["group: has 600 nodes"],
    );
    check_whole(
        &group(&format!("replicas = 1\nautomatic-failover = false\n{managed}")),
        &["group.automatic-failover = false: cluster mode has automatic failover"],
    );
    let two = "[[group]]\nid = \"g\"\nazs = [\"a\"]\nreplicas = 0\n".repeat(2);
    check_whole(&format!("{HEAD}{two}"), &["group[1]: another group has the id `g`"]);
    let two = two.replacen("\"g\"", "\"h\"", 1);
    let fault = |fault: &str| format!("{HEAD}{two}[[fault]]\nat = \"1h\"\n{fault}\n");
    check_whole(
        &fault("fail-primary = {}"),
        &["fault.fail-primary-1.fail-primary.group: is missing"],
    );
    check_whole(
        &fault("fail-group = { group = \"x\" }"),
        &["fault.fail-group-1.fail-group.group = \"x\": there is no such group"],
    );
    let clustered = group(&format!("shards = 2\nreplicas = 1\n{managed}[[fault]]\nat = \"1h\"\n"));
    check_whole(
        &format!("{clustered}fail-primary = {{}}\n"),
        &["fault.fail-primary-1.fail-primary.shard: is missing"],
    );
    check_whole(
        &format!("{clustered}fail-primary = {{ shard = \"3\" }}\n"),
        &["fault.fail-primary-1.fail-primary.shard = \"3\": the group has no such shard"],
    );
}

#[test]
fn mistakes_in_workload_and_elsewhere() {
    check(
        "[workload]\nwrites-per-second = -5\nwrite-size = \"0 B\"\ndataset = \"2 PB\"\n",
        &[
            "workload.writes-per-second = -5: must not be negative",
            "workload.write-size = \"0 B\": must be from 1 B to 512 MiB",
            "workload.dataset = \"2 PB\": is not a size",
        ],
    );
    check(
        "[workload]\nwrites-per-second = 1\nwrites-per-second-per-shard = 1\n",
        &["workload.writes-per-second-per-shard = 1: `writes-per-second` and \
         `writes-per-second-per-shard` exclude each other"],
    );
    check(
        "[replication]\nlag = 0.2\nbacklog = \"17000000 TiB\"\n",
        &[
            "replication.lag = 0.2: expected a duration or a law, found a float",
            "replication.backlog = \"17000000 TiB\": is too large",
        ],
    );
    check(
        "[timing]\nfull-sync = { per-gb = \"1s\" }\ndetcetion = \"1s\"\n",
        &["timing.full-sync.per-gb: unknown key", "timing.detcetion: unknown key"],
    );
    check("[timing]\nfull-sync = {}\n", &["timing.full-sync: names no law"]);
    check(
        "[rules]\npromotion = \"first\"\nresync-needs-primary = 1\n",
        &[
            "rules.promotion = \"first\": is not one of the choices",
            "rules.resync-needs-primary = 1: expected true or false, found an integer",
        ],
    );
    check(
        "[control-plane]\ndetector = \"cluster-bus\"\nspeed = 1\n",
        &[
            "control-plane.detector = \"cluster-bus\": group `g` has cluster mode disabled",
            "control-plane.speed: unknown key",
        ],
    );
    check(
        "[control-plane]\ndetector = \"sentinel\"\nsentinels = 3\nquorum = 4\ndown-after = \"1ms\"\n",
        &[
            "control-plane.quorum = 4: must be from 1 to 3",
            "control-plane.down-after = \"1ms\": must be between 10 ms and a day",
        ],
    );
    check(
        "timing = 3\n[rules]\n[[rules]]\n",
        &["group.timing: unknown key", "`rules` comes twice"],
    );
    check(
        "[sweep]\n[[policy]]\n[objectives]\n[[expect]]\n[polcy]\n",
        &[
            "policy[0].name: is missing",
            "expect[0].metric: is missing",
            "expect[0]: names no limit",
            "polcy: unknown key",
        ],
    );
}

#[test]
fn mistakes_in_faults() {
    check("[fault]\nat = \"1h\"\n", &["fault: expected an array of tables, found a table"]);
    check_fault("", &["fault[0]: names no fault"]);
    check_fault("at = \"1h\"\nfial-az = 1", &["fault[0].fial-az: unknown key"]);
    check_fault(
        "at = \"1h\"\nfail-group = {}\nfail-primary = {}",
        &["fault.fail-primary-1: names more than one fault: `fail-group` and `fail-primary`"],
    );
    for operation in ["maintenance", "test-failover", "start-migration"] {
        check_fault(
            &format!("at = \"1h\"\n{operation} = {{}}"),
            &[&format!("fault[0].{operation}: is an operation, no fault")],
        );
    }
    check_fault(
        "at = \"1h\"\npartition-az = {}",
        &["fault[0].partition-az: is not in this version"],
    );
    check_fault("fail-primary = {}", &["fault.fail-primary-1.at: is missing"]);
    check_fault(
        "at = \"2y\"\nfail-primary = {}",
        &["fault.fail-primary-1.at = \"2y\": is after the horizon"],
    );
    check_fault(
        "at = 5\nfail-primary = 3",
        &[
            "fault.fail-primary-1.at = 5: expected a duration or a law, found an integer",
            "fault.fail-primary-1.fail-primary = 3: expected a table, found an integer",
        ],
    );
    check_fault(
        "at = \"1h\"\nnode-failure = { mttf = \"1y\" }",
        &[
            "fault.node-failure-1.at = \"1h\": `node-failure` strikes at random times and takes no `at`",
        ],
    );
    let at =
        |fault: &str, expected: &[&str]| check_fault(&format!("at = \"1h\"\n{fault}"), expected);
    at(
        "fail-primary = { shard = 1 }",
        &[
            "fault.fail-primary-1.fail-primary.shard = 1: expected the id of a shard, found an integer",
        ],
    );
    at("fail-node = {}", &["fault.fail-node-1.fail-node.node: is missing"]);
    at(
        "fail-node = { node = \"g-004\" }",
        &["fault.fail-node-1.fail-node.node = \"g-004\": there is no such node"],
    );
    at(
        "crash-node = { node = \"g-001\" }",
        &["fault.crash-node-1.crash-node.restart-after: is missing"],
    );
    at("fail-replicas = {}", &["fault.fail-replicas-1.fail-replicas.count: is missing"]);
    at(
        "fail-replicas = { count = 3 }",
        &["fault.fail-replicas-1.fail-replicas.count = 3: must be from 1 to 2"],
    );
    at(
        "fail-az = { az = \"d\", duration = \"1h\" }",
        &["fault.fail-az-1.fail-az.az = \"d\": no node is in this AZ"],
    );
    at("fail-az = { az = \"a\" }", &["fault.fail-az-1.fail-az.duration: is missing"]);
    for share in ["0", "1.5", "-1", "nan", "{ uniform = [0.5, 0.2] }"] {
        let mistakes = parse(&format!(
            "{HEAD}{GROUP}[[fault]]\nat = \"1h\"\n\
             fail-az = {{ az = \"a\", duration = \"1h\", share = {share} }}\n"
        ));
        let message = mistakes.expect_err("a bad share")[0].message.clone();
        assert_eq!(message, "a share lies above 0 and up to 1", "{share}");
    }
    at(
        "reboot-node = { node = \"g-001\", by = \"me\" }",
        &["fault.reboot-node-1.reboot-node.by = \"me\": is not one of the choices"],
    );
    check_fault("node-failure = {}", &["fault.node-failure-1.node-failure: names no lifetime"]);
    check_fault(
        "node-failure = { mttf = \"0s\" }",
        &["fault.node-failure-1.node-failure.mttf = \"0s\": the mean life must be at least 1s"],
    );
    check_fault(
        "node-failure = { lifetime = \"0s\" }",
        &["fault.node-failure-1.node-failure.lifetime = \"0s\": the mean life must be at least 1s"],
    );
    check_fault(
        "node-failure = { mtbf = \"1y\" }",
        &["fault.node-failure-1.node-failure.mtbf: unknown key"],
    );
    check_fault(
        "node-failure = { mttf = \"1y\", lifetime = \"1y\" }",
        &["fault.node-failure-1.node-failure: names more than one lifetime: `mttf` and `lifetime`"],
    );
    check_fault(
        "az-failure = { mttf = \"1y\" }",
        &["fault.az-failure-1.az-failure.duration: is missing"],
    );
    check_fault(
        "id = \"a b\"\nnode-failure = { mttf = \"1y\" }",
        &["fault.\"a b\".id = \"a b\": is not a name"],
    );
    let twice = "[[fault]]\nid = \"x\"\nnode-failure = { mttf = \"1y\" }\n".repeat(2);
    check(&twice, &["fault[1].id = \"x\": another fault has the id `x`"]);
}

#[test]
fn all_mistakes_are_told_at_once_in_file_order_and_none_twice() {
    let text = "schema = 1\nname = 5\n[run]\nhorizon = \"1 month\"\ntrials = 0\n\
                [group]\nid = \"g\"\nazs = [\"a\"]\nreplicas = \"two\"\nmulti-az = 1\n\
                [timing]\ndetection = { fixed = 5 }\n\
                [[fault]]\nat = \"3y\"\nfail-node = { node = \"g-001\" }\n\
                [[fault]]\nnode-failure = { mttf = \"1 mo\" }\n";
    // Without a horizon no time is late, and without the group's nodes no name is unknown.
    check_whole(
        text,
        &[
            "name = 5: expected a name, found an integer",
            "run.horizon = \"1 month\": months are not accepted",
            "run.trials = 0: must be from 1 to 100000000",
            "group.replicas = \"two\": is not a whole number",
            "group.multi-az = 1: expected true or false, found an integer",
            "timing.detection.fixed = 5: expected a duration, found an integer",
            "fault.node-failure-1.node-failure.mttf = \"1 mo\": months are not accepted",
        ],
    );
}

#[test]
fn broken_toml_is_told_together_with_the_rest() {
    let text = format!("{HEAD}{GROUP}engine = valkey\nshards = \n[workload]\nwrite-size = 0\n");
    check_whole(
        &text,
        &[
            "text must be quoted",
            "a value is missing",
            "workload.write-size = 0: must be from 1 to 536870912",
        ],
    );
    // Where text is broken, nobody is told that something is missing.
    check_whole("schema = 1\n[run\nhorizon =\n", &["a header is not closed, expected `]`"]);
    for text in ["\0", "=", "[", "]]", "a.b.c", "a = \"", "\u{feff}=", "'''", "{", "🦀 = 1"] {
        assert!(parse(text).is_err_and(|mistakes| !mistakes.is_empty()), "{text:?}");
    }
}

#[test]
fn a_broken_spot_is_told_once_and_so_is_what_follows() {
    /// What is wrong behind the broken spot.
    const AFTER: &str = "replicass = 3\n[workload]\nwrite-size = 0\n[timing]\ndetction = 1\n";
    const TOLD: [&str; 3] = [
        "group.replicass: unknown key",
        "workload.write-size = 0: must be from 1 to 536870912",
        "timing.detction: unknown key",
    ];
    let check = |broken: &str, after: &str, message: &str, told: &[&str]| {
        let text = format!("{HEAD}{GROUP}{broken}\n{after}");
        check_whole(&text, &[&[message], told].concat());
    };
    let (_, after_header) = AFTER.split_once('\n').expect("several lines");
    let bracket = "`[` is never closed";
    for broken in [
        "shards = [",
        "shards = [1",
        "shards = [1,",
        "shards = [1, 2,",
        "shards = [\n  1,\n  2,\n",
        "shards = [\n  1, # ]\n  \"]\", ']'",
        "shards = [\n  [1, 2],\n  { x = 1 },",
        "shards = [\n  { x = 1,",
    ] {
        check(broken, "", bracket, &[]);
        // A header could be an array in the array.
        check(broken, after_header, bracket, &TOLD[1..]);
        if !broken.contains("{ x = 1,") {
            check(broken, AFTER, bracket, &TOLD);
        }
    }
    check("shards = { x = 1", AFTER, "`{` is never closed", &TOLD);
    check("shards = { x = 1", "", "`{` is never closed", &[]);
    check("engine = \"\"\"valkey", AFTER, "`\"\"\"` is never closed", &TOLD);
    check("engine = '''", "", "`'''` is never closed", &[]);
    check("engine = \"valkey", AFTER, "a string is not closed, expected `\"`", &TOLD);
    check("engine", AFTER, "key with no value, expected `=`", &TOLD);
    check("engine =", AFTER, "a value is missing", &TOLD);
    let word = "is neither text in quotes nor true or false";
    check("multi-az = ture", AFTER, word, &TOLD);
    check("shards = 1,000", AFTER, "unexpected key or value, expected the end of the line", &TOLD);
    // What stands under a broken header belongs nowhere; what stands behind it does.
    let header = "[timing\nendpont = 1";
    check(header, after_header, "a header is not closed, expected `]`", &TOLD[1..]);
    // What is closed is not called unclosed, and several values of a list are told one by one.
    let comma = "shards = [\n  { x = 1\n    y = 2 },\n]";
    check(comma, AFTER, "missing comma between key-value pairs, expected `,`", &TOLD);
    let quotes = "text must be quoted";
    let list = "shards = [\n  one,\n  six\n]";
    let list_message = "group.shards = […: expected a whole number, found an array";
    check(list, AFTER, list_message, &[&[quotes, quotes], &TOLD[..]].concat());
    // An unclosed bracket and another mistake in it are two.
    check("shards = [one,", AFTER, bracket, &[&[quotes], &TOLD[..]].concat());
    let lines = "x = [\n".repeat(30);
    let mistakes = parse(&format!("{HEAD}{GROUP}{lines}")).expect_err("thirty open brackets");
    assert_eq!(mistakes.len(), 30);
}

#[test]
fn syntax_mistakes_point_at_the_spot() {
    let place = |text: &str| {
        let mistakes = parse(text).expect_err("broken");
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        let mistake = &mistakes[0];
        (mistake.code.id(), mistake.line, mistake.column, mistake.hints.clone())
    };
    let text = format!("{HEAD}{GROUP}shards = [\n  1,\n[workload]\nwrite-size = 1\n");
    assert_eq!(place(&text), ("E0103", 8, 10, vec!["close it with `]`".to_owned()]));
    let text = format!("{HEAD}{GROUP}shards = 1,000\n");
    let hint = "digits are grouped with `_`, as in 10_000";
    assert_eq!(place(&text), ("E0103", 8, 11, vec![hint.to_owned()]));
    let text = format!("{HEAD}{GROUP}replicas = 1\n");
    let hint = "keep one of them; what differs between policies belongs into [[policy]]";
    assert_eq!(place(&text), ("E0104", 8, 1, vec![hint.to_owned()]));
}

#[test]
fn a_diagnostic_names_the_place_and_hints() {
    let text = format!(
        "{HEAD}{GROUP}[timing]\r\n  ä = 1 \nendpiont = \"1s\"\n[[fault]]\nat = \"1h\"\n\
                        fail-az = {{ az = \"aa\", duration = \"1h\" }}\n"
    );
    let mistakes = parse(&text).expect_err("mistakes");
    let shown: Vec<String> = mistakes.iter().map(Diagnostic::to_string).collect();
    assert_eq!(
        shown[1],
        "error[E0201]: dir/test.toml:10:1: timing.endpiont: unknown key\n\
        hint: did you mean `endpoint`?\n"
    );
    assert_eq!(
        shown[2],
        "error[E0601]: dir/test.toml:13:18: fault.fail-az-1.fail-az.az = \"aa\": no node is \
        in this AZ\nhint: did you mean `a`?\nhint: allowed: `a`, `b`, `c`, `any`\n"
    );
    let multi_az = format!("{HEAD}{GROUP}multi-az = true\nautomatic-failover = false\n");
    let shown = parse(&multi_az).expect_err("MZ-66")[0].to_string();
    assert!(shown.contains("hint: write automatic-failover = true, or multi-az = false (MZ-66)"));
    // Control characters of a file never reach a terminal.
    let shown = parse("\"\\u001b[31m\" = \"\u{7f}\"\nx = \"\\u001b\"\n").expect_err("unknown keys");
    assert!(shown.iter().all(|mistake| !mistake.to_string().contains(['\u{1b}', '\u{7f}'])));
}

#[test]
fn files_that_cannot_be_read_are_the_environments_fault() {
    let missing = scenario::load(Path::new("no/such/file.toml"), &Overrides::default());
    assert!(matches!(missing, Err(LoadError::Unreadable { .. })));
    let directory = std::env::temp_dir().join(format!("scenario-files-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let path = directory.join("story.toml");
    let load = |content: &[u8], overrides: Overrides| {
        std::fs::write(&path, content).expect("a temporary file");
        scenario::load(&path, &overrides)
    };
    let text = format!("{HEAD}{GROUP}");
    let scenario =
        load(text.as_bytes(), Overrides { trials: Some(7), seed: Some(8), ..Overrides::default() });
    let scenario = scenario.expect("a valid file");
    assert_eq!((scenario.trials, scenario.seed, scenario.stem.as_str()), (7, 8, "story"));
    let Err(LoadError::Invalid(mistakes)) = load(b"schema = 1\nx = \"\xff\"", Overrides::default())
    else {
        panic!("not UTF-8");
    };
    assert_eq!((mistakes[0].line, mistakes[0].column), (2, 6));
    let large = vec![b'\n'; (1 << 20) + 1];
    assert!(matches!(load(&large, Overrides::default()), Err(LoadError::Invalid(_))));
    std::fs::remove_dir_all(&directory).expect("ours to remove");
}

/// However much advice there is, what stops a scenario is told, and sources are read.
#[test]
fn advice_hides_no_mistake() {
    let group = |n: usize| {
        format!(
            "[[group]]\nid = \"g{n}\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n\
             node-type = \"cache.unknown.large\"\n"
        )
    };
    let groups: String = (0..260).map(group).collect();
    let wrong = format!("{HEAD}{groups}[timing]\ndetection = \"soon\"\n");
    check_whole(&wrong, &["timing.detection = \"soon\": is not a duration"]);
    let sourced = format!("{HEAD}{groups}[sources]\n\"timing.detection\" = \"our drill\"\n");
    let assumptions = valid(&sourced).assumptions;
    assert!(assumptions.iter().all(|a| a.path != "timing.detection"));
}

#[test]
fn what_was_meant_is_told_only_where_it_is_near() {
    let hints = |text: &str, set: &[&str]| {
        let set = set.iter().map(|&set| set.to_owned()).collect();
        let overrides = Overrides { set, ..Overrides::default() };
        let text = format!("{HEAD}{GROUP}{text}");
        let mistakes = scenario::parse("test.toml", &text, Path::new("."), &overrides);
        let mut mistakes = mistakes.expect_err("a mistake");
        mistakes.retain(|mistake| mistake.severity() == Severity::Error);
        mistakes.swap_remove(0).hints
    };
    let az = "azs = [\"us-west-2a\", \"us-west-2c\"]";
    let group = format!("{HEAD}[group]\nid = \"g\"\n{az}\nreplicas = 1\n");
    let fault = "[[fault]]\nat = \"1h\"\nfail-az = { az = \"us-east-1a\", duration = \"1h\" }\n";
    let mistakes = parse(&format!("{group}{fault}")).expect_err("no such AZ");
    let far = mistakes.iter().find(|it| it.code.id() == "E0601").expect("it is told");
    assert_eq!(far.hints, ["allowed: `us-west-2a`, `us-west-2c`, `any`"]);
    assert_eq!(hints("", &["azs=[\"b\"]"]), ["did you mean `group.azs`?"]);
    let failing = "[[fault]]\nnode-failure = { mttf = \"10y\" }\n";
    assert_eq!(hints(failing, &["detection=30s"]), ["did you mean `timing.detection`?"]);
    assert_eq!(hints("[timing]\ndetecton = \"1s\"\n", &[]), ["did you mean `detection`?"]);
    let whole = r#"{ lognormal = { median = "10s", p95 = "25s" } }"#;
    let told = hints("", &["timing.detection.lognormal.median=30s"]);
    assert_eq!(told[1], format!("a law is replaced as a whole, as in 'timing.detection={whole}'"));
    let fault = "[[fault]]\nat = \"1h\"\nfail-primary = true\n";
    assert_eq!(hints(fault, &[]), ["write fail-primary = {}"]);
}
