//! What the schema refuses the decoder refuses, and what one accepts the other does, as far as a
//! schema can tell.

use elasticache_sim::scenario::units;
use serde_json::{Value, json};

use super::{GROUP, HEAD, each_object, is_read, json_of, scenario_schema, validator};

/// The usual head and group, followed by `rest`.
fn with(rest: &str) -> String {
    format!("{HEAD}{GROUP}{rest}\n")
}

/// The usual head, followed by a group with these keys.
fn group(keys: &str) -> String {
    format!("{HEAD}[group]\n{keys}\n")
}

/// The usual file with one scheduled fault.
fn at(fault: &str) -> String {
    with(&format!("[[fault]]\nat = \"1h\"\n{fault}"))
}

/// The usual file with one fault.
fn fault(keys: &str) -> String {
    with(&format!("[[fault]]\n{keys}"))
}

/// The usual file with one operation.
fn operation(keys: &str) -> String {
    with(&format!("[[operation]]\nat = \"1h\"\n{keys}"))
}

/// The usual file with this law of detection.
fn law(law: &str) -> String {
    with(&format!("[timing]\ndetection = {law}"))
}

/// A file with a migration, these keys of its source, and `rest` below `[migration]`.
fn migration(own: &str, rest: &str) -> String {
    format!(
        "{HEAD}[[group]]\nid = \"old\"\nazs = [\"a\"]\nreplicas = 2\n[group.self-hosted]\n{own}\n\
         [[group]]\nid = \"g\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n\
         [migration]\nsource = \"old\"\ntarget = \"g\"\n{rest}\n"
    )
}

/// Files with one mistake each.
fn mistakes() -> Vec<String> {
    let text = |text: &str| text.to_owned();
    let exact = "id = \"g\"\n[[group.shard]]\nprimary = { node = \"n1\", az = \"a\" }\n";
    vec![
        // Keys that are not there, or not known.
        text(GROUP),
        format!("schema = 1\n{GROUP}"),
        text(HEAD),
        format!("schema = 1\n[run]\ntrials = 5\n{GROUP}"),
        format!("{HEAD}warmup = \"1s\"\n{GROUP}"),
        with("[polcy]"),
        with("[[expect]]"),
        with("[[expect]]\nmetric = \"write_outage_s\""),
        with("[[expect]]\nbelow = 5"),
        with("[[expect]]\nmetric = \"write_outage_s.p98\"\nbelow = 5"),
        with("[[expect]]\nmetric = \"write_outage.p99\"\nbelow = 0.5"),
        with("[[expect]]\nmetric = \"outages.length_s.zero\"\nbelow = 0.5"),
        with("[[expect]]\nmetric = \"nines\"\nbelow = 5"),
        with("[[expect]]\nmetric = 5\nbelow = 5"),
        with("[[expect]]\nmetric = \"write_outage_s\"\nbelow = 5\nabove = 1"),
        with("[[expect]]\nmetric = \"write_outage_s\"\nbelow = -5"),
        with("[[expect]]\nmetric = \"write_outage_s\"\nbelow = \"5\""),
        with("[[expect]]\nmetric = \"write_outage_s\"\nbelow = true"),
        with("[[expect]]\nmetric = \"write_outage_s\"\nbelow = 5\npolicy = 5"),
        with("[[expect]]\nmetric = \"write_outage_s\"\nbelow = 5\nlevel = 0.9"),
        with("[expect]\nmetric = \"write_outage_s\"\nbelow = 5"),
        with("[objectives]\nrto = 60"),
        with("[objectives]\nrto = \"60\""),
        with("[objectives]\nrpo = [\"1s\"]"),
        with("[objectives]\nrto-s = 60"),
        with("[[objectives]]\nrto = \"60s\""),
        format!("{HEAD}start = 5\n{GROUP}"),
        // The head.
        format!("schema = 2\n[run]\nhorizon = \"1y\"\n{GROUP}"),
        format!("schema = \"one\"\n[run]\nhorizon = \"1y\"\n{GROUP}"),
        format!("name = 5\n{HEAD}{GROUP}"),
        format!("name = \"  \"\n{HEAD}{GROUP}"),
        format!("name = \"two\\nlines\"\n{HEAD}{GROUP}"),
        format!("name = \"{}\"\n{HEAD}{GROUP}", "x".repeat(201)),
        format!("schema = 1\nrun = 3\n{GROUP}"),
        format!("schema = 1\n[run]\nhorizon = 3600\n{GROUP}"),
        format!("schema = 1\n[run]\nhorizon = \"3600\"\n{GROUP}"),
        format!("schema = 1\n[run]\nhorizon = \"1 month\"\n{GROUP}"),
        format!("schema = 1\n[run]\nhorizon = \"-1h\"\n{GROUP}"),
        format!("{HEAD}trials = 0\n{GROUP}"),
        format!("{HEAD}trials = 100_000_001\n{GROUP}"),
        format!("{HEAD}trials = 1.5\n{GROUP}"),
        format!("{HEAD}trials = \"many\"\n{GROUP}"),
        format!("{HEAD}trials = true\n{GROUP}"),
        format!("{HEAD}seed = -1\n{GROUP}"),
        format!("{HEAD}warm-up = 0\n{GROUP}"),
        // Groups.
        format!("{HEAD}group = []\n"),
        format!("group = 3\n{HEAD}"),
        group("azs = [\"a\"]\nreplicas = 1"),
        group("id = \"a b\"\nazs = [\"a\"]\nreplicas = 1"),
        group("id = \"\"\nazs = [\"a\"]\nreplicas = 1"),
        group("id = \"g\"\nreplicas = 1"),
        group("id = \"g\"\nazs = [\"a\"]"),
        group("id = \"g\"\nazs = []\nreplicas = 1"),
        group("id = \"g\"\nazs = \"a\"\nreplicas = 1"),
        group("id = \"g\"\nazs = [\"a\", \"a\"]\nreplicas = 1"),
        group("id = \"g\"\nazs = [3]\nreplicas = 1"),
        group("id = \"g\"\nazs = [\"a\"]\nreplicas = 6"),
        group("id = \"g\"\nazs = [\"a\"]\nreplicas = \"two\""),
        group("id = \"g\"\nazs = [\"a\"]\nreplicas = 1\nshards = 0"),
        group("id = \"g\"\nazs = [\"a\"]\nreplicas = 0\nshards = 501"),
        with("engine = \"valkey\"").replace("valkey", "memcached"),
        with("engine-version = 8.0"),
        with("engine-version = \"eight\""),
        with("node-type = \"r7g.large\""),
        with("cluster-mode = true"),
        with("cluster-mode = \"compatible\""),
        with("durability = \"always\""),
        with("multi-az = \"yes\""),
        with("automatic-failover = 1"),
        group(exact).replace("id = \"g\"\n", "id = \"g\"\nreplicas = 1\n"),
        group(exact).replace("id = \"g\"\n", "id = \"g\"\nazs = [\"a\"]\n"),
        group(exact).replace("id = \"g\"\n", "id = \"g\"\nshards = 1\n"),
        group("id = \"g\"\nshard = []"),
        group("id = \"g\"\n[[group.shard]]\nid = \"0001\""),
        group(&format!("{exact}id = 1")),
        group(&format!("{exact}slots = 5")),
        group(&format!("{exact}replicas = [{{ node = \"n2\" }}]")),
        group(&format!("{exact}replicas = [{{ node = \"n2\", az = \"b\", up = true }}]")),
        group(&format!(
            "{exact}replicas = [{}]",
            (2..8).map(|n| format!("{{ node = \"n{n}\", az = \"b\" }}, ")).collect::<String>()
        )),
        // Numbers.
        with("[control-plane]\ndetector = \"bus\""),
        with("[control-plane]\ndetector = \"sentinel\"\nsentinels = 10"),
        with("[control-plane]\ndetector = \"sentinel\"\ndown-after = 5"),
        with("[control-plane]\nspeed = 1"),
        with("[workload]\nwrites-per-second = -5"),
        with("[workload]\nwrites-per-second = 1_000_000_001"),
        with("[workload]\nwrites-per-second = 1\nwrites-per-second-per-shard = 1"),
        with("[workload]\nwrites-per-second-per-shard = \"some\""),
        with("[workload]\nwrite-size = 0"),
        with("[workload]\nwrite-size = 536_870_913"),
        with("[workload]\nwrite-size = \"512 bytes\""),
        with("[workload]\ndataset = 1_125_899_906_842_625"),
        with("[workload]\ndataset = \"8 GiB!\""),
        with("[workload]\ndataset = \"2 PB\""),
        with("[workload]\nwait = 1"),
        with("[workload]\nwait = { share = 0.5 }"),
        with("[workload]\nwait = { replicas = 0 }"),
        with("[workload]\nwait = { replicas = 1, share = 1.5 }"),
        with("[workload]\nwait = { replicas = 1, time = \"1s\" }"),
        with("[workload]\ndataset = [8]"),
        with("[replication]\nlag = 0.2"),
        with("[replication]\nbacklog = \"1 M\""),
        with("[replication]\nmin-replicas-to-write = 6"),
        with("[replication]\nmin-replicas-max-lag = 10"),
        with("[replication]\nlink = 1"),
        with("[timing]\nelection = \"1s\""),
        with("[timing]\nfull-sync = { per-gb = \"1s\" }"),
        with("[timing]\nfull-sync = { per-gib = 18 }"),
        with("[timing]\nfull-sync = { per-gib = \"1s\", fixed = \"1s\" }"),
        with("[timing]\nfull-sync = {}"),
        with("[rules]\npromotion = \"first\""),
        with("[rules]\nresync-needs-primary = 1"),
        with("[rules]\nresync = \"full\""),
        // Laws.
        law("5"),
        law("\"10\""),
        law("{}"),
        law("{ source = \"x\" }"),
        law("{ fixed = \"1s\", source = 1 }"),
        law("{ range = [\"1s\", \"2s\"] }"),
        law("{ fixed = \"1s\", range = \"2s\" }"),
        law("{ fixed = \"1s\", range = [\"1s\"] }"),
        law("{ fixed = \"1s\", range = [1, 2] }"),
        fault("node-failure = { mttf = \"1y\", range = [\"1y\", 2] }"),
        law("{ fixed = 5 }"),
        law("{ fixed = \"1s\", uniform = [\"1s\", \"2s\"] }"),
        law("{ exponentail = { mean = \"1s\" } }"),
        law("{ exponential = \"1s\" }"),
        law("{ exponential = {} }"),
        law("{ exponential = { mean = \"1s\", sd = \"1s\" } }"),
        law("{ uniform = [\"1s\"] }"),
        law("{ uniform = [\"1s\", \"2s\", \"3s\"] }"),
        law("{ uniform = [\"1s\", 2] }"),
        law("{ triangular = [\"1s\", \"2s\"] }"),
        law("{ lognormal = { median = \"1s\" } }"),
        law("{ lognormal = { median = \"1s\", sd = \"2s\" } }"),
        law("{ lognormal = { median = \"1s\", p95 = \"2s\", p99 = \"3s\" } }"),
        law("{ lognormal = { median = \"1s\", p95 = \"2s\", mean = \"1s\" } }"),
        law("{ lognormal = { median = \"1s\", p90 = \"2s\" } }"),
        law("{ weibull = { mean = \"1s\" } }"),
        law("{ weibull = { mean = \"1s\", shape = 0 } }"),
        law("{ weibull = { mean = \"1s\", shape = nan } }"),
        law("{ gamma = { mean = \"1s\", shape = 10_001 } }"),
        law("{ gamma = { mean = \"1s\", shape = \"2\" } }"),
        law("{ erlang = { mean = \"1s\", stages = 0 } }"),
        law("{ erlang = { mean = \"1s\", stages = 1.5 } }"),
        law("{ erlang = { mean = \"1s\", stages = 10_001 } }"),
        law("{ empirical = {} }"),
        law("{ empirical = { file = 5 } }"),
        law("{ empirical = { file = \"x.csv\", column = 0 } }"),
        law("{ empirical = { file = \"x.csv\", column = true } }"),
        // Faults.
        with("[fault]\nat = \"1h\"\nfail-primary = {}"),
        fault(""),
        fault("at = \"1h\""),
        fault("at = \"1h\"\nfail-rack = {}"),
        fault("at = \"1h\"\npartition-az = {}"),
        fault("at = \"1h\"\nfail-group = {}\nfail-primary = {}"),
        fault("at = \"1h\"\nfail-group = {}\nnode-failure = { mttf = \"1y\" }"),
        fault("node-failure = { mttf = \"1y\" }\ngroup-failure = { mttf = \"1y\" }"),
        fault("at = 5\nfail-primary = {}"),
        fault("at = {}\nfail-primary = {}"),
        fault("at = { uniform = [\"1h\"] }\nfail-primary = {}"),
        fault("at = { uniform = [\"1h\", \"2h\"] }\nnode-failure = { mttf = \"1y\" }"),
        at("enabled = \"no\"\nfail-primary = {}"),
        at("enabled = 0\nfail-primary = {}"),
        at("enabled = true"),
        at("enable = false\nfail-primary = {}"),
        at("fail-node = { node = \"any\", group = 1 }"),
        at("fail-node = { group = \"g\" }"),
        at("fail-az = { az = \"any\" }"),
        fault("id = \"a b\"\nnode-failure = { mttf = \"1y\" }"),
        fault("fail-primary = {}"),
        fault("fail-node = { node = \"g-001\" }"),
        fault("crash-node = { node = \"g-001\", restart-after = \"1s\" }"),
        fault("fail-replicas = { count = 1 }"),
        fault("fail-az = { az = \"a\", duration = \"1h\" }"),
        fault("fail-group = {}"),
        fault("reboot-node = { node = \"g-001\", by = \"service\" }"),
        at("node-failure = { mttf = \"1y\" }"),
        at("az-failure = { mttf = \"1y\", duration = \"1h\" }"),
        at("group-failure = { mttf = \"1y\" }"),
        at("fail-primary = 3"),
        at("fail-primary = { node = \"g-001\" }"),
        at("fail-primary = { shard = 1 }"),
        at("fail-node = {}"),
        at("fail-node = { node = 1 }"),
        at("crash-node = { node = \"g-001\" }"),
        at("crash-node = { restart-after = \"1s\" }"),
        at("isolate-node = { node = \"g-001\" }"),
        at("isolate-node = { duration = \"1s\" }"),
        at("isolate-primary = {}"),
        at("isolate-primary = { node = \"g-001\", duration = \"1s\" }"),
        fault("isolate-primary = { duration = \"1s\" }"),
        fault("isolate-node = { node = \"g-001\", duration = \"1s\" }"),
        at("isolate-node = { node = \"g-001\", duration = \"1s\", writers-beside = -1 }"),
        at("fail-replicas = {}"),
        at("fail-replicas = { count = 0 }"),
        at("fail-replicas = { count = 251 }"),
        at("fail-az = { az = \"a\" }"),
        at("fail-az = { duration = \"1h\" }"),
        at("fail-az = { az = \"a\", duration = 2 }"),
        at("fail-az = { az = \"a\", duration = \"1h\", share = 0 }"),
        at("fail-az = { az = \"a\", duration = \"1h\", share = 1.5 }"),
        at("fail-az = { az = \"a\", duration = \"1h\", share = \"half\" }"),
        at("fail-az = { az = \"a\", duration = \"1h\", share = { uniform = [0.5] } }"),
        at("fail-az = { az = \"a\", duration = \"1h\", share = { uniform = [0, 2] } }"),
        at("fail-az = { az = \"a\", duration = \"1h\", share = { fixed = 1 } }"),
        at("fail-group = { shard = \"0001\" }"),
        at("reboot-node = { node = \"g-001\" }"),
        at("reboot-node = { node = \"g-001\", by = \"me\" }"),
        fault("at = \"1h\"\nservice-update = { every = \"90d\" }"),
        fault("service-update = {}"),
        fault("service-update = { every = 90 }"),
        with("[operation]\nat = \"1h\"\ncreate-snapshot = {}"),
        operation(""),
        with("[[operation]]\ncreate-snapshot = {}"),
        operation("create-snapshot = {}\nreboot = { node = \"g-001\" }"),
        operation("start-migration = { nodes = 1 }"),
        migration("", "bandwidth = \"100 MB\""),
        migration("", "bandwidth = 0"),
        migration("", "attempts = 0"),
        migration("", "retry = 5"),
        migration("", "load = \"1s\"\nload-per-gib = \"1s\""),
        migration("", "fork-pause = \"1s\"\nfork-pause-per-gib = \"1s\""),
        migration("", "save = \"1s\"\nsave-per-gib = \"1s\""),
        migration("", "cut-over-after-sync = \"1s\"\ncut-over-after-start = \"1s\""),
        migration("", "cut-over = \"later\""),
        migration("", "speed = 1"),
        migration("", "clients = { cohorts = 0 }"),
        migration("", "clients = { cohorts = 1001 }"),
        migration("", "clients = { moves = 1 }"),
        migration("", "").replace("source = \"old\"\n", ""),
        migration("", "").replace("target = \"g\"\n", ""),
        migration("", "[[operation]]\nat = \"1h\"\ncomplete-migration = { force = 1 }"),
        migration("", "[[operation]]\nat = \"1h\"\ncut-over = 1"),
        migration(
            "",
            "[[operation]]\nat = \"1h\"\nstart-migration = { endpoint = \"x:1\", endpoints = [] }",
        ),
        migration("", "[[fault]]\nat = \"1h\"\ncut-migration-link = {}"),
        migration("", "[[fault]]\ncut-migration-link = { duration = \"1s\" }"),
        migration("ports = 0", ""),
        migration("ports = [0, 1]", ""),
        migration("auth = \"no\"", ""),
        migration("detector = \"managed\"", ""),
        migration("renamed-commands = \"config\"", ""),
        migration("output-buffer-hard-limit = \"much\"", ""),
        migration("chained = { old-003 = 2 }", ""),
        migration("maxmemory = 1", ""),
        with("slots = 16384"),
        with("slots = [0, 16384]"),
        with("transit-encryption = 1"),
        with("databases = 0"),
        operation("create-snapshot = { name = \"x\" }"),
        operation("modify = { multi-az = 1 }"),
        operation("modify = { snapshot-retention = 36 }"),
        operation("promote-replica = {}"),
        operation("test-failover = { cancel = \"no\" }"),
        operation("reboot = { node = 1 }"),
        operation("increase-replica-count = {}"),
        operation("increase-replica-count = { to = 6 }"),
        operation("increase-replica-count = { to = 3, azs = [] }"),
        operation("decrease-replica-count = { to = 5 }"),
        operation("attach-external-replica = { hinders = 1.5 }"),
        operation("service-update = { method = \"reboot\" }"),
        operation("cli = 5"),
        operation("request = {}"),
        with("maintenance-window = \"sunday\""),
        with("snapshot-window = \"7-8\""),
        with("snapshot-retention = 36"),
        with("snapshot-every = 6"),
        with("snapshot-every = { mean = \"6h\" }"),
        with("dns-label = \"A b\""),
        with("[control-plane]\naz-event-slowdown = 0.5"),
        with("[control-plane]\nevent-order = \"random\""),
        with("[control-plane]\ntest-failover-in-az-outage = true"),
        fault("node-failure = {}"),
        fault("node-failure = { mtbf = \"1y\" }"),
        fault("node-failure = { mttf = 365 }"),
        fault("node-failure = { mttf = \"1y\", lifetime = \"1y\" }"),
        fault("node-failure = { mttf = \"1y\", source = 1 }"),
        fault("node-failure = { mttf = \"1y\", share = 0.5 }"),
        fault("az-failure = { mttf = \"1y\" }"),
        fault("az-failure = { duration = \"1h\" }"),
        fault("group-failure = { group = \"g\" }"),
        fault("group-failure = { mttf = \"1y\", group = 1 }"),
    ]
}

/// Valid files that together use every key.
fn valid_files() -> Vec<String> {
    let exact = "id = \"g\"\n[[group.shard]]\nprimary = { node = \"n1\", az = \"a\" }\n";
    let counts = "trials = \"1e4\"\nseed = 0xff\nwarm-up = \"PT1H\"\n";
    let bus = "[control-plane]\ndetector = \"cluster-bus\"\nnode-timeout = \"5s\"\ngossip = \"1s\"\n\
               takeover = { uniform = [\"30s\", \"60s\"] }\nminority = \"serve\"\n";
    let sentinel = "[control-plane]\ndetector = \"sentinel\"\ndown-after = \"5s\"\nsentinels = 5\n\
                    quorum = 3\nfailover-timeout = \"1m\"\n";
    let managed = "[control-plane]\ndetector = \"managed\"\n";
    let mut files = vec![
        with(""),
        with(&format!("cluster-mode = \"enabled\"\n{bus}")),
        with(sentinel),
        with(
            "[[policy]]\nname = \"p\"\nset = { group.multi-az = false }\n\
             [sweep]\n\"group.replicas\" = \"1..2\"\n[sources]\n\"run.horizon\" = \"us\"\n",
        ),
        format!("#:schema ./scenario.schema.json\nname = \"AZ loss, 1×3\"\n{HEAD}{GROUP}"),
        format!("{HEAD}{counts}{GROUP}"),
        format!("{HEAD}trials = 1e3\nseed = \"1_000\"\n{GROUP}"),
        format!("{HEAD}trials = 100_000_000\nseed = {}\n{GROUP}", i64::MAX),
        format!("{}{GROUP}", HEAD.replace("schema = 1", "schema = \"1\"")),
        with(
            "engine = \"redis\"\nengine-version = \"7.0.1\"\nnode-type = \"cache.r7g.large\"\n\
             cluster-mode = \"disabled\"\nappend-only-file = false\ndurability = \"disabled\"\n\
             automatic-failover = true\nmulti-az = true\nshards = 1",
        ),
        with("engine = \"valkey\"\nengine-version = \"8.0\""),
        group("id = \"g\"\nazs = [\"a\", \"b\"]\nreplicas = \"1\""),
        group("id = \"g\"\nazs = [\"a\", \"b\"]\nreplicas = 5"),
        group(&format!(
            "id = \"g\"\ncluster-mode = \"enabled\"\nazs = [\"a\", \"b\"]\nshards = 500\n\
             replicas = 0\n{managed}"
        )),
        group(exact),
        group(&format!("{exact}id = \"x\"\nreplicas = [{{ node = \"n2\", az = \"b\" }}]")),
        format!("{HEAD}[[group]]\n{exact}"),
        format!(
            "{HEAD}[[group]]\nid = \"one\"\nazs = [\"b\"]\nreplicas = 0\n[[group]]\n{exact}\
             [[fault]]\nat = \"1h\"\nfail-group = {{ group = \"one\" }}\n\
             [[fault]]\nat = \"1h\"\nfail-primary = {{ group = \"g\", shard = \"0001\" }}\n\
             [[fault]]\ngroup-failure = {{ group = \"one\", mttf = \"9y\" }}\n"
        ),
        with(managed),
        with(
            "description = \"one\"\ndns-label = \"v5r9dc\"\nsnapshotting-node = \"g-002\"\n\
             maintenance-window = \"sun:05:00-sun:06:00\"\nsnapshot-window = \"07:00-08:00\"\n\
             snapshot-retention = 35\nsnapshot-every = \"6h\"\n\
             [control-plane]\naz-event-slowdown = 2.5\n\
             test-failover-in-az-outage = \"allowed\"\nevent-order = \"jittered\"\n\
             [timing]\nmodify = \"1m\"\ntest-failover = \"1m\"\nmaintenance-step = \"1m\"\n\
             handover-start = \"1m\"\nhandover-pause = \"1s\"\nhandover-gap = \"1s\"\n\
             planned-replacement = \"9m\"\npatch-restart = \"2s\"\npatch = \"50s\"",
        ),
        format!("{HEAD}start = \"2026-01-05T00:00:00Z\"\n{GROUP}"),
        operation("id = \"x\"\nenabled = false\nmodify = { group = \"g\", multi-az = false }"),
        operation(
            "modify = { automatic-failover = true, primary = \"g-002\", append-only-file = false, \
             snapshot-retention = 0, snapshotting-node = \"g-002\", apply-immediately = true }",
        ),
        operation("promote-replica = { node = \"g-002\" }"),
        operation("test-failover = { shard = \"g-0001\", cancel = true }"),
        operation("reboot = { node = \"g-001\" }"),
        operation("increase-replica-count = { to = 5, azs = [\"d\"], apply-immediately = true }"),
        operation("decrease-replica-count = { to = 0, apply-immediately = true }"),
        operation("attach-external-replica = { hinders = 0.25 }"),
        operation("create-snapshot = {}"),
        operation("service-update = { method = \"patch\", apply-immediately = true }"),
        operation(
            "cli = \"aws elasticache test-failover --replication-group-id g --node-group-id 0001\"",
        ),
        operation(
            "request = \"https://elasticache.us-west-2.amazonaws.com/?Action=TestFailover\
             &ReplicationGroupId=g&NodeGroupId=0001&Version=2015-02-02\"",
        ),
        with(
            "[[fault]]\nservice-update = { every = \"90d\", group = \"g\", method = \"replace\" }",
        ),
        with("[control-plane]\n[workload]\n[replication]\n[timing]\n[rules]\n"),
        format!("fault = []\n{HEAD}{GROUP}"),
        with(
            "[workload]\nwrites-per-second = 1_000_000_000\nwrite-size = \"512 B\"\n\
             dataset = \"1.5 GiB\"",
        ),
        with("[workload]\nwrites-per-second-per-shard = \"1e3\"\nwrite-size = 1\ndataset = 0"),
        with("[workload]\nwrites-per-second = 1\nwrite-size = \"512mib\"\ndataset = \"1_024 TiB\""),
        with("[replication]\nlag = \"0s\"\nbacklog = 1_125_899_906_842_624"),
        with("[replication]\nmin-replicas-to-write = 1\nmin-replicas-max-lag = \"10s\""),
        with("[workload]\nwait = { replicas = 2, share = 0.25 }\n[rules]\nwait-timeout = \"fail\""),
        with(
            "[timing]\ndetection = \"10s\"\npromotion = { fixed = \"1s\" }\n\
             endpoint = { fixed = \"1s\" }\nreplacement = \"8m\"\n\
             full-sync = { per-gib = \"9s\", source = \"us\" }\ncold-start = \"1s\"\n\
             reboot = \"1m\"\nsnapshot = \"1m\"\nfork = { per-gib = \"5ms\" }\n\
             restore-decision = \"1h\"\nrestore-provision = \"9m\"\n\
             snapshot-load = { per-gib = \"4s\" }\nre-pointing = \"1m\"",
        ),
        with(
            "snapshot-retention = 35\n[workload]\nreads-per-second = 7\n[backup]\nafter-dataset-loss = \"start-cold\"\n[persistence]\nfsync = \"no\"\nreplay = \"1m\"",
        ),
        with(
            "engine-version = \"9.0\"\ncluster-mode = \"enabled\"\ndurability = \"async\"\n\
             [durability]\nlog-lag = \"1s\"\nrestore = { per-gib = \"9s\" }",
        ),
        with(
            "[global-datastore]\nregion = \"eu-west-1\"\nlag = \"1s\"\ndecision = \"1h\"\n\
             promotion = \"2m\"\nendpoint = \"1m\"",
        ),
        migration("", ""),
        migration("", "").replace("replicas = 2", "replicas = 250"),
        migration(
            "detector = \"sentinel\"\naddresses = [\"10.0.0.1\", \"10.0.0.2\", \"c\"]\nports = 6379\n\
             auth = false\nprotected-mode = false\nbind = \"0.0.0.0\"\n\
             security-group-admits-target = true\nrenamed-commands = [\"config\"]\n\
             databases = 16\nmemory = \"32 GiB\"\noutput-buffer-hard-limit = \"256 MB\"\n\
             output-buffer-soft-limit = 0\noutput-buffer-soft-for = \"60s\"\nbacklog = \"1 MB\"\n\
             chained = { old-003 = \"old-002\" }",
            "bandwidth = \"1 Gbit/s\"\nlag = \"10ms\"\nfork-pause-per-gib = \"1ms\"\n\
             save-per-gib = \"9s\"\nload-per-gib = \"1s\"\nsource-page = \"4 KiB\"\nsource-restart = \"30s\"\nin-sync-lag = \"5s\"\n\
             retry = \"10s\"\nattempts = 10\ntest = \"1m\"\nstart = \"1m\"\n\
             reshard-per-slot = \"1ms\"\ncomplete = \"1m\"\ncomplete-again = \"1m\"\nreconnect = \"1s\"\n\
             patience = \"1h\"\ncut-over = \"force\"\ncut-over-after-sync = \"1m\"\n\
             clients = { cohorts = 10, moves = \"1s\", repoint = \"1s\", stray = 1, early = 1, \
             early-at = \"1m\" }",
        ),
        migration("ports = [1, 2, 3]", "bandwidth = 5\ncut-over-after-start = \"1h\""),
        migration("ports = \"6379\"", "fork-pause = \"1s\"\nsave = \"1s\"\nload = \"1s\""),
        migration(
            "",
            "[[operation]]\nat = \"1h\"\ntest-migration = { group = \"g\", endpoint = \"x:1\" }\n\
             [[operation]]\nat = \"1h\"\nstart-migration = \"g\"\n\
             [[operation]]\nat = \"1h\"\nstart-migration = { endpoints = [\"x:1\"], \
             serverless-cache = \"x\" }\n\
             [[operation]]\nat = \"1h\"\ncomplete-migration = { force = true }\n\
             [[operation]]\nat = \"1h\"\nstop-migration = \"g\"\n\
             [[operation]]\nat = \"1h\"\ncut-over = {}\n\
             [[operation]]\nat = \"1h\"\nroll-back = { group = \"g\" }\n\
             [[fault]]\nat = \"1h\"\ncut-migration-link = { duration = \"1s\" }",
        ),
        with("slots = [16384]\ntransit-encryption = true\ndatabases = 16"),
        with("[objectives]\nrto = \"60s\"\nrpo = \"500ms\""),
        with("[objectives]"),
        format!("expect = []\n{HEAD}{GROUP}"),
        with("[[expect]]\nmetric = \"write_outage_s.p99\"\nbelow = 60"),
        with("[[expect]]\nmetric = \"lost_writes\"\nabove = 0.5\npolicy = \"test\""),
        with("[[expect]]\nmetric = \"outages.length_s.max\"\nbelow = \"1m 30s\""),
        with("[[expect]]\nmetric = \"failovers.length_s\"\nbelow = 1e2"),
        with("[[expect]]\nmetric = \"dataset_loss\"\nbelow = 1e-3"),
        with("[[expect]]\nmetric = \"write_outage_s.zero\"\nabove = 0.9"),
        with(
            "[objectives]\nrto = \"60s\"\nrpo = \"1s\"\n\
             [[expect]]\nmetric = \"outages.rto_missed\"\nbelow = 0.01\n\
             [[expect]]\nmetric = \"failovers.rpo_missed\"\nbelow = 0.01",
        ),
        with("[timing]\nfull-sync = \"9s\""),
        with("[timing]\npreset = \"documented\""),
        with("[timing]\nfull-sync = { exponential = { mean = \"9s\" }, source = \"us\" }"),
        with("[timing.detection.exponential]\nmean = \"3s\""),
        with(
            "[rules]\nreplacement-starts = \"after-failover\"\nresync-after-failover = \"engine\"\n\
             promotion = \"lowest-id\"\nreplacement-waits-for-az = false\n\
             resync-needs-primary = false\nsyncing-counts-as-complete = true\n\
             failure-during-failover = \"restart\"\nsyncing-nodes-can-fail = false\n\
             cold-start-node = \"primary-slot\"\nsub-detection-fault = \"failover\"",
        ),
        with(
            "[rules]\nfencing = \"on-return\"\n[[fault]]\nat = \"1h\"\n\
             isolate-node = { node = \"any\", duration = \"1m\" }",
        ),
    ];
    let laws = [
        "{ fixed = \"1m\", range = [\"1s\", \"2m\"] }",
        "{ fixed = \"1m 30s\", source = \"us\" }",
        "{ uniform = [\"1s\", \"5s\"] }",
        "{ exponential = { mean = \"5000y\" } }",
        "{ lognormal = { median = \"1s\", p95 = \"2s\" } }",
        "{ lognormal = { median = \"1s\", p99 = \"2s\" } }",
        "{ lognormal = { mean = \"1s\", sd = \"2s\" } }",
        "{ weibull = { mean = \"1s\", shape = 0.001 } }",
        "{ gamma = { mean = \"1s\", shape = 10_000 } }",
        "{ erlang = { mean = \"1s\", stages = 10_000 } }",
        "{ erlang = { mean = \"1s\", stages = \"3\" } }",
        "{ triangular = [\"1s\", \"2s\", \"4s\"] }",
        "{ empirical = { file = \"tests/data/lengths.csv\" } }",
        "{ empirical = { file = \"tests/data/lengths.csv\", column = 2 } }",
        "{ empirical = { file = \"tests/data/lengths.csv\", column = \"seconds\" } }",
    ];
    files.extend(laws.map(law));
    let scheduled = [
        "fail-primary = {}",
        "id = \"it\"\nfail-primary = { group = \"g\", shard = \"0001\" }",
        "fail-node = { node = \"g-002\" }",
        "crash-node = { node = \"g-001\", restart-after = { uniform = [\"1s\", \"2s\"] } }",
        "isolate-node = { node = \"g-001\", duration = \"1m\", writers-beside = 3 }",
        "isolate-node = { node = \"any\", duration = \"1m\", group = \"g\" }",
        "isolate-primary = { duration = \"1m\", writers-beside = 3 }",
        "isolate-primary = { group = \"g\", shard = \"any\", duration = \"1m\" }",
        "fail-replicas = { count = 2, group = \"g\", shard = \"0001\" }",
        "fail-az = { az = \"a\", duration = \"2h\" }",
        "fail-az = { az = \"a\", duration = \"2h\", share = 0.25 }",
        "fail-az = { az = \"a\", duration = \"2h\", share = { uniform = [0, 1] } }",
        "fail-group = {}",
        "fail-group = { group = \"g\" }",
        "reboot-node = { node = \"g-001\", by = \"customer\" }",
        "reboot-node = { node = \"g-001\", by = \"service\" }",
    ];
    files.extend(scheduled.map(at));
    let by_chance = [
        "fail-node = { node = \"any\" }",
        "crash-node = { node = \"any\", restart-after = \"1s\", group = \"g\" }",
        "reboot-node = { node = \"any\", by = \"service\", group = \"g\" }",
        "fail-az = { az = \"any\", duration = \"2h\" }",
        "fail-primary = { shard = \"any\" }",
        "fail-replicas = { shard = \"any\", count = 2, group = \"g\" }",
        "enabled = false\nfail-node = { node = \"any\", group = \"g\" }",
    ];
    files.extend(by_chance.map(at));
    let moments = [
        "{ uniform = [\"1d\", \"300d\"], source = \"us\" }",
        "{ triangular = [\"1d\", \"30d\", \"300d\"] }",
        "{ fixed = \"1d\" }",
        "{ empirical = { file = \"tests/data/lengths.csv\" } }",
    ];
    files.extend(moments.map(|law| fault(&format!("at = {law}\nfail-primary = {{}}"))));
    let random = [
        "node-failure = { mttf = \"10y\", source = \"the fleet\" }",
        "enabled = false\nnode-failure = { mttf = \"10y\" }",
        "node-failure = { lifetime = { weibull = { mean = \"10y\", shape = 1.5 } } }",
        "az-failure = { mttf = \"50y\", duration = \"2h\", share = 1, source = \"us\" }",
        "az-failure = { lifetime = \"1y\", duration = { fixed = \"2h\", source = \"us\" } }",
        "node-failure = { mttf = \"10y\", range = [\"5y\", \"20y\"] }",
        "az-failure = { mttf = \"50y\", range = [\"20y\", \"100y\"], duration = \"2h\" }",
        "group-failure = { mttf = \"9y\", range = [\"5y\", \"20y\"] }",
        "group-failure = { mttf = \"200y\", source = \"us\" }",
        "group-failure = { lifetime = { exponential = { mean = \"1y\" } }, group = \"g\" }",
    ];
    files.extend(random.map(fault));
    for choices in [
        ("replacement-starts", &["after-detection", "at-failure", "after-failover"][..]),
        ("resync-after-failover", &["full", "engine", "none"]),
        ("promotion", &["least-lag", "random", "lowest-id", "none"]),
        ("failure-during-failover", &["continue", "restart"]),
        ("cold-start-node", &["first-ready", "primary-slot"]),
        ("sub-detection-fault", &["blip", "failover"]),
    ] {
        let (key, values) = choices;
        files.extend(values.iter().map(|value| with(&format!("[rules]\n{key} = \"{value}\""))));
    }
    files
}

#[test]
fn both_refuse_each_single_mistake() {
    let validator = validator(&scenario_schema());
    for text in mistakes() {
        assert!(!is_read(&text), "the decoder reads\n{text}");
        assert!(!validator.is_valid(&json_of(&text)), "the schema accepts\n{text}");
    }
}

#[test]
fn both_accept_what_is_valid() {
    let validator = validator(&scenario_schema());
    for text in valid_files() {
        let errors: Vec<String> =
            validator.iter_errors(&json_of(&text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "the schema refuses\n{text}{errors:?}");
        assert!(is_read(&text), "the decoder refuses\n{text}");
    }
}

/// Every key of the schema is used by some valid file, at least once under its name.
#[test]
fn the_valid_files_use_every_key() {
    let mut used = Vec::new();
    for text in valid_files() {
        each_object(&json_of(&text), "", &mut |_, object| used.extend(object.keys().cloned()));
    }
    each_object(&scenario_schema(), "", &mut |path, object| {
        let is_ahead = ["Part_of_", "Policy", "Overlay"].iter().any(|name| path.contains(name));
        let properties = object.get("properties").and_then(Value::as_object);
        for key in properties.into_iter().flat_map(|properties| properties.keys()) {
            let is_used = used.contains(key);
            assert!(is_used || is_ahead, "no valid file uses {path}/{key}");
        }
    });
}

/// The sections about policies, which both judge alike unless it takes the rest of the file.
#[test]
fn policies_sweeps_and_sources() {
    let validator = validator(&scenario_schema());
    let check = |rest: &str, expected: bool| {
        assert_eq!(validator.is_valid(&json_of(&with(rest))), expected, "{rest}");
    };
    check("[[policy]]\nname = \"as it is\"", true);
    let policy = |set: &str, expected: bool| {
        check(&format!("[[policy]]\nname = \"other\"\nset = {set}"), expected);
    };
    policy("{ group.multi-az = false, group.automatic-failover = false }", true);
    policy("{ group.replicas = 1, rules.promotion = \"random\" }", true);
    policy("{ run.trials = 100 }", false);
    policy("{ objectives.rto = \"30s\" }", true);
    policy("{ objectives.rto = 30 }", false);
    policy("{ expect = [] }", false);
    policy("{ timing.detection = \"5s\", timing.replacement.lognormal.p95 = \"1h\" }", true);
    policy("{ fault.disk.node-failure.mttf = \"5y\" }", true);
    policy("{ group.multi-azz = false }", false);
    policy("{ group.replicas = 251 }", false);
    policy("{ migration.cut-over = \"force\" }", true);
    policy("{ migration.cut-over = 1 }", false);
    policy("{ rules.promotion = \"first\" }", false);
    policy("{ timing.detection = 5 }", false);
    policy("{ schema = 1 }", false);
    policy("{ fault.disk.node-failur.mttf = \"5y\" }", false);
    check("[[policy]]\nset = {}", false);
    check("[[policy]]\npreset = \"multi-az-1x2\"", true);
    check("[[policy]]\nname = \"x\"\npreset = \"single\"\nset = { group.replicas = 1 }", true);
    check("[[policy]]\npreset = \"wait-1\"", true);
    check("[[policy]]\npreset = \"durable-sync\"", true);
    check("[[policy]]\npreset = \"client-jedis-2022\"", false);
    check("[[policy]]\npreset = \"multi-az-1x4\"", false);
    check("[[policy]]\npreset = 2", false);
    check("[[policy]]\nname = \"x\"\nsett = {}", false);
    check("[policy]\nname = \"x\"", false);
    check("[sweep]\n\"group.replicas\" = [0, 1, 2]\n\"timing.detection\" = [\"5s\"]", true);
    check("[sweep]\n\"group.replicas\" = \"0..2\"", true);
    check("[sweep]\n\"group.replicas\" = []", false);
    check("[sweep]\n\"group.replicas\" = \"0-2\"", false);
    check("[sweep]\n\"group.replicas\" = 2", false);
    check("[sources]\n\"timing.detection\" = \"our last game day\"", true);
    check("[sources]\n\"timing.detection\" = 5", false);
}

/// Tries every text of up to four of `tokens`: what the schema refuses the decoder refuses, and
/// what the decoder reads is not rare.
fn no_text_is_refused_in_vain(schema: &Value, tokens: &[&str], is_read: impl Fn(&str) -> bool) {
    let validator = validator(schema);
    let (mut texts, mut n_read) = (vec![String::new()], 0);
    for _ in 0..4 {
        let longer = texts.iter().flat_map(|text| tokens.iter().map(move |t| format!("{text}{t}")));
        texts = longer.collect();
        for text in &texts {
            if is_read(text) {
                n_read += 1;
                assert!(validator.is_valid(&json!(text)), "refused in vain: {text:?}");
            }
        }
    }
    assert!(n_read > 100, "only {n_read} texts were read");
}

#[test]
fn texts_are_not_refused_in_vain() {
    let schema = scenario_schema();
    let tokens =
        ["1", "1.5", ",5", " ", "y", "wk", "days", "h", "hr", "min", "s", "ms", ":", "P", "T", "D"];
    let duration = |text: &str| units::duration(text).is_ok();
    no_text_is_refused_in_vain(&schema["definitions"]["Duration"], &tokens, duration);
    let tokens = ["1", "00", ".5", "_", " ", "k", "M", "GiB", "ib", "B", "b", "-", "e"];
    let size = |text: &str| units::size(text).is_ok();
    let dataset = &schema["definitions"]["Workload"]["properties"]["dataset"];
    no_text_is_refused_in_vain(dataset, &tokens, size);
    let tokens = ["1", "00", ".0", "_", " ", "e", "E", "+", "2", "x"];
    let count = |text: &str| units::count(text).is_ok();
    let seed = &schema["definitions"]["Run"]["properties"]["seed"];
    no_text_is_refused_in_vain(seed, &tokens, count);
}

#[test]
fn every_way_to_write_a_unit_is_known() {
    let schema = scenario_schema();
    let duration = validator(&schema["definitions"]["Duration"]);
    let check = |text: &str, expected: bool| {
        assert_eq!(units::duration(text).is_ok(), expected, "{text}");
        assert_eq!(duration.is_valid(&json!(text)), expected, "{text}");
    };
    for unit in [
        "y",
        "yr",
        "yrs",
        "year",
        "years",
        "w",
        "wk",
        "wks",
        "week",
        "weeks",
        "d",
        "day",
        "days",
        "h",
        "hr",
        "hrs",
        "hour",
        "hours",
        "m",
        "min",
        "mins",
        "minute",
        "minutes",
        "s",
        "sec",
        "secs",
        "second",
        "seconds",
        "ms",
        "msec",
        "msecs",
        "milli",
        "millis",
        "millisecond",
        "milliseconds",
        "us",
        "µs",
        "usec",
        "usecs",
        "µsec",
        "µsecs",
        "micro",
        "micros",
        "microsecond",
        "microseconds",
        "ns",
        "nsec",
        "nsecs",
        "nano",
        "nanos",
        "nanosecond",
        "nanoseconds",
    ] {
        check(&format!("3{unit}"), true);
        check(&format!("3 {unit}"), true);
        check(&format!("-3 {unit}"), false);
        check(&format!("3 {unit} ago"), false);
    }
    for text in [
        "1 year, 2 weeks 3 days, 01:02:03.5",
        "1h30m",
        "01:02:03",
        "+5s",
        " 5s ",
        "1,5s",
        "pt1.5s",
        "P1Y2W3DT4H5M6.7S",
    ] {
        check(text, true);
    }
    for text in [
        "",
        "30",
        "1.5",
        "s",
        "1mo",
        "1 month",
        "P1M",
        "1.5d",
        "1 fortnight",
        "1H",
        "1 h 5",
        "P",
        "PT",
        "soon",
        "1s!",
        "1;2s",
    ] {
        check(text, false);
    }
}
