//! Where nodes stand and what a loss takes along: by hand, against the simulator, and as text, DOT
//! and SVG.

use std::collections::BTreeSet;

use elasticache_sim::engine::law::Law;
use elasticache_sim::model::fact::Fact;
use elasticache_sim::model::plan::{
    Action, AzId, GroupId, NodeId, Plan, Scripted, ScriptedFault, ShardId, Share, Victim,
};
use elasticache_sim::report::picture::topology_svg;
use elasticache_sim::report::placement::{Detail, shard_list, slot_share};
use elasticache_sim::report::{dot, topology};
use elasticache_sim::scenario::domains::{Effect, Map, Place};

use crate::support::{
    check_xml, library, load, load_all, parse, policy_options, program, root, run, secs,
    with_fixed_times,
};

/// A scenario with these groups, each a `[[group]]` table without its header.
fn plan(title: &str, groups: &[&str]) -> Plan {
    let title = title.replace('\\', "\\\\").replace('"', "\\\"");
    let groups: String = groups.iter().map(|group| format!("[[group]]\n{group}\n")).collect();
    let text = format!(
        "schema = 1\nname = \"{title}\"\n[run]\nhorizon = \"6h\"\n[control-plane]\n\
         detector = \"managed\"\n[workload]\nwrites-per-second = 6_000\ndataset = \"1 GiB\"\n\
         {groups}"
    );
    parse(&text).plan
}

const SPREAD: &str = r#"id = "g"
azs = ["us-west-2a", "us-west-2b", "us-west-2c"]
replicas = 2"#;
const PACKED: &str = r#"id = "g"
azs = ["us-west-2a"]
replicas = 2"#;
const BARE: &str = r#"id = "g"
azs = ["us-west-2a"]
replicas = 0"#;
const RING: &str = r#"id = "g"
cluster-mode = "enabled"
azs = ["us-west-2a", "us-west-2b", "us-west-2c"]
shards = 3
replicas = 1"#;
const NO_FAILOVER: &str = r#"id = "g"
automatic-failover = false
azs = ["us-west-2a", "us-west-2b"]
replicas = 2"#;
const BESIDE: &str = r#"id = "g"
[[group.shard]]
primary = { node = "p", az = "us-west-2a" }
replicas = [{ node = "q", az = "us-west-2a" }, { node = "r", az = "us-west-2b" }]"#;
/// One shard in one AZ, one in two.
const LOPSIDED: &str = r#"id = "g"
cluster-mode = "enabled"
[[group.shard]]
id = "x"
primary = { node = "x1", az = "us-west-2a" }
replicas = [{ node = "x2", az = "us-west-2a" }]
[[group.shard]]
id = "y"
primary = { node = "y1", az = "us-west-2a" }
replicas = [{ node = "y2", az = "us-west-2b" }]"#;
/// Shares two AZs with [`SPREAD`], whose nodes are `g-001` and so on.
const BESIDE_SPREAD: &str = r#"id = "h"
automatic-failover = false
azs = ["us-west-2b", "us-west-2a"]
replicas = 1"#;
/// As large as a group may be: 450 nodes.
const LARGE: &str = r#"id = "big"
cluster-mode = "enabled"
azs = ["us-west-2a", "us-west-2b", "us-west-2c"]
shards = 90
replicas = 4"#;

/// All plans of this module that are small.
fn small_plans() -> Vec<Plan> {
    let single = [SPREAD, PACKED, BARE, RING, NO_FAILOVER, BESIDE, LOPSIDED];
    let mut plans: Vec<Plan> = single.iter().map(|group| plan("small", &[group])).collect();
    plans.push(plan("two groups", &[SPREAD, BESIDE_SPREAD]));
    plans
}

fn place(plan: &Plan, name: &str) -> Place {
    let az = plan.az_ids().find(|az| plan.azs[az.idx()].name == name).map(Place::Az);
    let mut nodes = plan.node_ids();
    let node = nodes.find(|node| plan.nodes[node.idx()].name == name).map(Place::Node);
    az.or(node).expect("the plan has such a place")
}

/// What losing these places at once means for each shard.
fn check(group: &[&str], lost: &[&str], expected: &[Effect]) {
    let plan = plan("by hand", group);
    let map = Map::of(&plan);
    let places: Vec<Place> = lost.iter().map(|name| place(&plan, name)).collect();
    let effects: Vec<Effect> = plan.shard_ids().map(|shard| map.effect(shard, &places)).collect();
    assert_eq!(effects, expected, "{group:?} without {lost:?}");
}

/// A log keeps what a shard holds, and writes that ask for replicas wait for them.
#[test]
fn effects_of_what_protects_data() {
    use Effect::{FailsOver, LacksReplicas, LosesReplicas, ReadsLog, Unharmed};
    let durable = [&format!("{RING}\nengine-version = \"9.0\"\ndurability = \"sync\"")[..]];
    check(&durable, &["us-west-2a", "us-west-2b"], &[ReadsLog, FailsOver, LosesReplicas]);
    check(&durable, &["us-west-2a"], &[FailsOver, Unharmed, LosesReplicas]);
    let mut plan = plan("asks", &[SPREAD]);
    plan.replication.min_replicas = 2;
    let effect = |lost: &[&str]| {
        let places: Vec<Place> = lost.iter().map(|name| place(&plan, name)).collect();
        Map::of(&plan).effect(ShardId(0), &places)
    };
    assert_eq!(effect(&[]), Unharmed);
    assert_eq!(effect(&["g-003"]), LacksReplicas);
    assert_eq!(effect(&["us-west-2a"]), LacksReplicas);
}

#[test]
fn effects_by_hand() {
    use Effect::{FailsOver, LosesDataset, LosesReplicas, Unharmed, Waits};
    check(&[SPREAD], &[], &[Unharmed]);
    check(&[SPREAD], &["us-west-2a"], &[FailsOver]);
    check(&[SPREAD], &["us-west-2b"], &[LosesReplicas]);
    check(&[SPREAD], &["us-west-2b", "us-west-2c"], &[LosesReplicas]);
    check(&[SPREAD], &["us-west-2a", "us-west-2b"], &[FailsOver]);
    check(&[SPREAD], &["us-west-2a", "us-west-2b", "us-west-2c"], &[LosesDataset]);
    check(&[SPREAD], &["us-west-2a", "us-west-2b", "g-003"], &[LosesDataset]);
    check(&[SPREAD], &["g-001"], &[FailsOver]);
    check(&[SPREAD], &["g-001", "g-002"], &[FailsOver]);
    check(&[PACKED], &["us-west-2a"], &[LosesDataset]);
    check(&[PACKED], &["g-001"], &[FailsOver]);
    check(&[PACKED], &["g-002", "g-003"], &[LosesReplicas]);
    check(&[BARE], &["us-west-2a"], &[LosesDataset]);
    check(&[BARE], &["g-001"], &[LosesDataset]);
    check(&[RING], &["us-west-2a"], &[FailsOver, Unharmed, LosesReplicas]);
    check(&[RING], &["us-west-2a", "us-west-2b"], &[LosesDataset, FailsOver, LosesReplicas]);
    check(&[NO_FAILOVER], &["us-west-2a"], &[Waits]);
    check(&[NO_FAILOVER], &["us-west-2b"], &[LosesReplicas]);
    check(&[NO_FAILOVER], &["g-001"], &[Waits]);
    check(&[NO_FAILOVER], &["us-west-2a", "us-west-2b"], &[LosesDataset]);
    check(&[BESIDE], &["us-west-2a"], &[FailsOver]);
    check(&[BESIDE], &["us-west-2b"], &[LosesReplicas]);
    check(&[SPREAD, BESIDE_SPREAD], &["us-west-2a"], &[FailsOver, LosesReplicas]);
    check(&[SPREAD, BESIDE_SPREAD], &["us-west-2b"], &[LosesReplicas, Waits]);
    check(&[SPREAD, BESIDE_SPREAD], &["us-west-2c"], &[LosesReplicas, Unharmed]);
    check(&[SPREAD, BESIDE_SPREAD], &["h-001", "g-001"], &[FailsOver, Waits]);
}

#[test]
fn a_domain_names_its_nodes_and_weighs_its_shards() {
    let plan = plan("ring", &[RING]);
    let map = Map::of(&plan);
    let domains = map.failure_domains();
    assert_eq!(domains.len(), 3 + 6);
    let domain = &domains[0];
    assert_eq!(domain.place, place(&plan, "us-west-2a"));
    let names: Vec<&str> =
        domain.nodes.iter().map(|node| plan.nodes[node.idx()].name.as_str()).collect();
    assert_eq!(names, ["g-0001-001", "g-0003-002"]);
    assert_eq!(domain.fails_over.shards, [ShardId(0)]);
    assert_eq!(domain.fails_over.hash_slots, 5_462);
    // 6,000 by slots: 2,000.24 and twice 1,999.88.
    assert_eq!(domain.fails_over.writes_per_sec, 2_000);
    assert_eq!(domain.loses_replicas.shards, [ShardId(2)]);
    assert_eq!(domain.loses_replicas.hash_slots, 5_461);
    assert!(domain.waits.shards.is_empty());
    assert!(domain.loses_dataset.shards.is_empty());
    let domain = map.domain(place(&plan, "g-0002-002"));
    assert_eq!(domain.nodes, [NodeId(3)]);
    assert_eq!(domain.loses_replicas.shards, [ShardId(1)]);
}

#[test]
fn who_reaches_whom_while_something_is_lost() {
    let plan = plan("spread", &[SPREAD]);
    let map = Map::of(&plan);
    let [a, b, c] = [0, 1, 2].map(NodeId);
    assert!(map.reaches(a, c, &[]));
    assert!(map.reaches(b, c, &[place(&plan, "us-west-2a")]));
    assert!(!map.reaches(a, c, &[place(&plan, "us-west-2a")]));
    assert!(!map.reaches(c, a, &[place(&plan, "g-003")]));
    assert!(!map.reaches(a, a, &[place(&plan, "g-001")]));
    assert_eq!(map.followers(ShardId(0), &[place(&plan, "us-west-2b")]), [c]);
    assert_eq!(map.followers(ShardId(0), &[place(&plan, "us-west-2a")]), []);
    assert_eq!(map.survivors(ShardId(0), &[place(&plan, "us-west-2a")]), [b, c]);
}

#[test]
fn spread_by_hand() {
    let check = |group: &str, azs: &[(usize, usize)], fewest: (usize, usize)| {
        let plan = plan("spread", &[group]);
        let spread = Map::of(&plan).spread(GroupId(0));
        let uses: Vec<(usize, usize)> =
            spread.azs.iter().map(|used| (used.primaries, used.replicas)).collect();
        assert_eq!(uses, azs, "{group}");
        assert_eq!((spread.fewest_azs, spread.fewest_nodes), fewest, "{group}");
        (spread.in_one_az.len(), spread.beside_primary.len(), spread.primary_skew())
    };
    assert_eq!(check(SPREAD, &[(1, 0), (0, 1), (0, 1)], (3, 3)), (0, 0, 1));
    assert_eq!(check(PACKED, &[(1, 2)], (1, 3)), (1, 1, 0));
    assert_eq!(check(BARE, &[(1, 0)], (1, 1)), (1, 0, 0));
    assert_eq!(check(RING, &[(1, 1), (1, 1), (1, 1)], (2, 2)), (0, 0, 0));
    assert_eq!(check(BESIDE, &[(1, 1), (0, 1)], (2, 3)), (0, 1, 1));
    assert_eq!(check(LOPSIDED, &[(2, 1), (0, 1)], (1, 2)), (1, 1, 2));
    assert_eq!(check(LARGE, &[(30, 120), (30, 120), (30, 120)], (3, 5)), (0, 90, 0));
}

/// All sets of `items`, by the bits of a number.
fn subsets<T: Copy>(items: &[T]) -> impl Iterator<Item = Vec<T>> + '_ {
    let bit = |set: u32, n: usize| set >> n & 1 == 1;
    (0..1u32 << items.len())
        .map(move |set| (0..items.len()).filter(|n| bit(set, *n)).map(|n| items[n]).collect())
}

#[test]
fn the_fewest_losses_are_those_of_a_search_over_all_sets() {
    for plan in small_plans() {
        let map = Map::of(&plan);
        let azs: Vec<Place> = plan.az_ids().map(Place::Az).collect();
        let nodes: Vec<Place> = plan.node_ids().map(Place::Node).collect();
        for group in plan.group_ids() {
            let loses = |lost: &Vec<Place>| {
                let mut shards = map.shards_of(group).into_iter();
                shards.any(|shard| map.effect(shard, lost) == Effect::LosesDataset)
            };
            let fewest = |places: &[Place]| {
                subsets(places).filter(|lost| loses(lost)).map(|lost| lost.len()).min()
            };
            let spread = map.spread(group);
            assert_eq!(fewest(&azs), Some(spread.fewest_azs));
            assert_eq!(fewest(&nodes), Some(spread.fewest_nodes));
        }
    }
}

#[test]
fn regions_hold_the_azs_that_are_named_after_them() {
    let group = r#"id = "g"
azs = ["rack-7", "us-west-2b", "eu-west-1a", "us-west-2a", "lab"]
replicas = 4"#;
    let plan = plan("regions", &[group]);
    let map = Map::of(&plan);
    let name = |az: &AzId| plan.azs[az.idx()].name.as_str();
    let regions: Vec<(Option<&str>, Vec<&str>)> = map
        .regions
        .iter()
        .map(|region| (region.name.as_deref(), region.azs.iter().map(name).collect()))
        .collect();
    assert_eq!(
        regions,
        [
            (Some("eu-west-1"), vec!["eu-west-1a"]),
            (Some("us-west-2"), vec!["us-west-2a", "us-west-2b"]),
            (None, vec!["lab", "rack-7"]),
        ]
    );
}

/// What the simulator makes of losing `lost` at once, shard by shard.
fn simulated(plan: &Plan, lost: &[Place]) -> Vec<Effect> {
    let mut plan = with_fixed_times(plan.clone());
    let strike = |(n, place): (usize, &Place)| Scripted {
        at: Law::fixed(secs(60)),
        action: Action::Fault(match *place {
            Place::Az(az) => ScriptedFault::FailAz {
                az: Victim::Named(az),
                duration: Law::fixed(secs(3_600)),
                share: Share::All,
            },
            Place::Node(node) => ScriptedFault::FailNode(Victim::Named(node)),
        }),
        address: n as u32 + 1,
    };
    plan.script = lost.iter().enumerate().map(strike).collect();
    let (facts, _) = run(&plan, 1, 0);
    let facts: Vec<Fact> = facts.into_iter().map(|(_, fact)| fact).collect();
    let of_shard = |shard: ShardId| {
        let has = |is: &dyn Fn(&Fact) -> bool| facts.iter().any(is);
        let stopped = has(&|f| matches!(f, Fact::WritesStopped { shard: s, .. } if *s == shard));
        let lost = has(&|f| matches!(f, Fact::DatasetLost { shard: s, .. } if *s == shard));
        let promoted = has(&|f| matches!(f, Fact::Promoted { shard: s, .. } if *s == shard));
        let recreated =
            has(&|f| matches!(f, Fact::PrimaryRecreated { shard: s, .. } if *s == shard));
        let struck = has(
            &|f| matches!(f, Fact::NodeDown { node, .. } if plan.nodes[node.idx()].shard == shard),
        );
        match (lost, promoted, recreated, stopped, struck) {
            (true, false, false, true, true) => Effect::LosesDataset,
            (false, true, false, true, true) => Effect::FailsOver,
            (false, false, true, true, true) => Effect::Waits,
            (false, false, false, false, true) => Effect::LosesReplicas,
            (false, false, false, false, false) => Effect::Unharmed,
            other => panic!("{shard:?} without {lost:?}: {other:?}"),
        }
    };
    plan.shard_ids().map(of_shard).collect()
}

#[test]
fn the_simulator_agrees_for_every_loss_and_every_two_at_once() {
    let mut seen = BTreeSet::new();
    for plan in small_plans() {
        let map = Map::of(&plan);
        let azs = plan.az_ids().map(Place::Az);
        let places: Vec<Place> = azs.chain(plan.node_ids().map(Place::Node)).collect();
        let single = places.iter().map(|place| vec![*place]);
        let two = |n: usize| places[n + 1..].iter().map(move |b| (n, *b));
        let pairs = (0..places.len()).flat_map(two).map(|(n, b)| vec![places[n], b]);
        for lost in single.chain(pairs) {
            let expected: Vec<Effect> =
                plan.shard_ids().map(|shard| map.effect(shard, &lost)).collect();
            assert_eq!(simulated(&plan, &lost), expected, "{:?} without {lost:?}", plan.groups);
            seen.extend(expected);
        }
    }
    assert_eq!(seen.len(), 5, "every effect is met: {seen:?}");
}

fn golden(file: &str, text: String) {
    let path = root().join("tests/golden/topology").join(file);
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&path, None).raw());
}

#[test]
fn texts_read_like_their_goldens() {
    let one = load("az-outage").plan;
    golden("one-shard.txt", topology::text(&Map::of(&one), Detail::Folded));
    let large = plan("ninety shards", &[LARGE]);
    golden("ninety-shards.txt", topology::text(&Map::of(&large), Detail::Folded));
    let two = plan("two groups", &[SPREAD, BESIDE_SPREAD]);
    golden("two-groups.txt", topology::text(&Map::of(&two), Detail::Folded));
}

#[test]
fn failure_domains_in_a_few_lines() {
    let check = |groups: &[&str], expected: &str| {
        let plan = plan("domains", groups);
        assert_eq!(topology::failure_domains_text(&Map::of(&plan)), expected, "{groups:?}");
    };
    check(
        &[SPREAD],
        "losing us-west-2a: 1 primary fails over · no dataset lost\n\
         losing us-west-2b or us-west-2c: 1 shard has fewer replicas · writes go on · \
         no dataset lost\n\
         losing g-001: 1 primary fails over · no dataset lost\n\
         losing any one replica: 1 shard has fewer replicas · writes go on · no dataset lost\n\
         it takes at least 3 AZs, or 3 nodes, lost at once to lose a dataset\n",
    );
    check(
        &[PACKED],
        "losing us-west-2a: 1 shard loses its dataset\n\
         losing g-001: 1 primary fails over · no dataset lost\n\
         losing any one replica: 1 shard has fewer replicas · writes go on · no dataset lost\n\
         it takes at least 1 AZ, or 3 nodes, lost at once to lose a dataset\n",
    );
    check(
        &[BARE],
        "losing us-west-2a: 1 shard loses its dataset\n\
         losing g-001: 1 shard loses its dataset\n\
         it takes at least 1 AZ, or 1 node, lost to lose a dataset\n",
    );
    check(
        &[LARGE],
        "losing any one AZ: 30 primaries fail over (33.3 % of the slots, 2,000 writes/s) · \
         60 shards have fewer replicas ·\n      no dataset lost\n\
         losing any one primary: 1 primary fails over (1.1 % of the slots, 67 writes/s) · \
         no dataset lost\n\
         losing any one replica: 1 shard has fewer replicas · writes go on · no dataset lost\n\
         it takes at least 3 AZs, or 5 nodes, lost at once to lose a dataset\n",
    );
    check(
        &[NO_FAILOVER],
        "losing us-west-2a: 1 shard takes no writes until its primary is replaced · \
         no dataset lost\n\
         losing us-west-2b: 1 shard has fewer replicas · writes go on · no dataset lost\n\
         losing g-001: 1 shard takes no writes until its primary is replaced · no dataset lost\n\
         losing any one replica: 1 shard has fewer replicas · writes go on · no dataset lost\n\
         it takes at least 2 AZs, or 3 nodes, lost at once to lose a dataset\n",
    );
}

#[test]
fn the_worst_losses_come_first_and_only_so_many_are_told() {
    // AZ n holds the replicas of n shards, AZ z all primaries.
    let mut text = "id = \"g\"\ncluster-mode = \"enabled\"\n".to_owned();
    for (az, shard) in (1..=10).flat_map(|az| (0..az).map(move |shard| (az, shard))) {
        text.push_str(&format!(
            "[[group.shard]]\nid = \"{az}-{shard}\"\n\
             primary = {{ node = \"p-{az}-{shard}\", az = \"z\" }}\n\
             replicas = [{{ node = \"r-{az}-{shard}\", az = \"az-{az}\" }}]\n"
        ));
    }
    let plan = plan("many kinds", &[&text]);
    let lines = topology::failure_domains_text(&Map::of(&plan));
    let lines: Vec<&str> = lines.lines().collect();
    let worst = "losing z: 55 primaries fail over (100 % of the slots, 6,000 writes/s) · no data";
    assert!(lines[0].starts_with(worst), "{lines:#?}");
    for (n, line) in (4..=10).rev().zip(&lines[1..8]) {
        assert!(line.starts_with(&format!("losing az-{n}: {n} shards have fewer")), "{line}");
    }
    assert_eq!(lines[8], "losing one of 3 further AZs: nothing worse");
    assert!(lines[9].starts_with("losing any one primary: "), "{lines:#?}");
}

#[test]
fn an_az_without_nodes_is_said_to_have_none() {
    let group = r#"id = "g"
azs = ["us-west-2a", "us-west-2b", "us-west-2c"]
replicas = 1"#;
    let plan = plan("unused AZ", &[group]);
    let text = topology::failure_domains_text(&Map::of(&plan));
    assert!(text.contains("losing us-west-2c: no node runs there\n"), "{text}");
    let svg = topology_svg(&Map::of(&plan), Detail::Folded);
    assert!(!svg.contains("\nus-west-2c\n"), "{svg}");
    check_dot(&dot::topology_dot(&Map::of(&plan)), 2);
}

#[test]
fn shards_are_listed_short() {
    let plan = plan("large", &[LARGE]);
    let check = |ids: &[u16], expected: &str| {
        let shards: Vec<ShardId> = ids.iter().copied().map(ShardId).collect();
        assert_eq!(shard_list(&plan, &shards), expected);
    };
    check(&[], "");
    check(&[6], "0007");
    check(&[0, 1], "0001, 0002");
    check(&[0, 1, 2], "0001–0003 (3)");
    check(&(0..90).collect::<Vec<_>>(), "0001–0090 (90)");
    check(&[0, 3, 6, 9], "0001, 0004, 0007, 0010 (4)");
    check(&(0..90).step_by(3).collect::<Vec<_>>(), "0001, 0004, … 0088 (30)");
    check(&[0, 1, 2, 6, 8, 9, 10], "0001–0003, 0007, 0009–0011 (7)");
    check(&[0, 1, 2, 6, 8, 9, 10, 20, 30], "0001–0003, 0007, … 0031 (9)");
    assert_eq!(slot_share(16_384, 1), "100 %");
    assert_eq!(slot_share(16_384, 2), "50.0 %");
    assert_eq!(slot_share(5_462, 1), "33.3 %");
    assert_eq!(slot_share(1, 1), "< 0.1 %");
    assert_eq!(slot_share(0, 1), "0 %");
}

/// 83 shards of six nodes, each in an AZ that looks random.
fn scattered() -> Plan {
    let mut text = "id = \"g\"\ncluster-mode = \"enabled\"\nmulti-az = false\n".to_owned();
    let mut word = 1u32;
    let mut node = |shard: usize, n: usize| {
        // The generator of the C standard's example.
        word = word.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let az = ["a", "b", "c", "d", "e", "f"][(word >> 16) as usize % 6];
        format!("{{ node = \"n-{shard}-{n}\", az = \"us-east-1{az}\" }}")
    };
    for shard in 0..83 {
        let primary = node(shard, 1);
        let replicas: Vec<String> = (2..7).map(|n| node(shard, n)).collect();
        text.push_str(&format!(
            "[[group.shard]]\nprimary = {primary}\nreplicas = [{}]\n",
            replicas.join(", ")
        ));
    }
    plan("scattered", &[&text])
}

#[test]
fn large_topologies_stay_short_unless_all_is_asked_for() {
    for plan in [plan("large", &[LARGE]), scattered()] {
        let map = Map::of(&plan);
        let text = topology::text(&map, Detail::Folded);
        assert!(text.lines().count() <= 60, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 118), "{text}");
        let svg = topology_svg(&map, Detail::Folded);
        check_svg(&svg);
        assert!(svg.len() < 60_000, "{}", svg.len());
        let all = topology::text(&map, Detail::Every);
        let svg = topology_svg(&map, Detail::Every);
        check_svg(&svg);
        assert!(svg.len() < 250_000, "{}", svg.len());
        for shard in &plan.shards {
            assert!(all.contains(&format!("  {} ", shard.id)), "{} is missing", shard.id);
            assert!(svg.contains(&format!("\n{}\n", shard.id)), "{} is missing", shard.id);
        }
    }
}

/// Whether a picture is well-formed, and no wider than a page.
fn check_svg(svg: &str) {
    check_xml(svg);
    let width = svg.split_once("width=\"").and_then(|(_, rest)| rest.split_once('"'));
    let width: u32 = width.expect("a width").0.parse().expect("a number");
    assert!(width <= 1_000, "{width}");
}

#[test]
fn pictures_hold_every_node_and_escape_what_is_not_a_name() {
    for plan in small_plans() {
        let map = Map::of(&plan);
        let svg = topology_svg(&map, Detail::Folded);
        check_svg(&svg);
        for node in &plan.nodes {
            assert!(svg.contains(&format!(" {}\n", node.name)), "{} is missing", node.name);
        }
        assert_eq!(svg.matches("\nP ").count(), plan.shards.len());
        assert_eq!(svg.matches("\nR ").count(), plan.nodes.len() - plan.shards.len());
        // Every replica has an arrow, and the legend one.
        let n_arrows = svg.matches("<polygon").count();
        assert_eq!(n_arrows, plan.nodes.len() - plan.shards.len() + 1);
        check_dot(&dot::topology_dot(&map), plan.nodes.len());
    }
    let plan = plan(r#"<b>&amp; "x" \N ]]> ünï — 東京"#, &[SPREAD]);
    let svg = topology_svg(&Map::of(&plan), Detail::Folded);
    check_svg(&svg);
    assert!(svg.contains("&lt;b&gt;&amp;amp; &quot;x&quot; \\N ]]&gt; ünï — 東京"), "{svg}");
    let dot = dot::topology_dot(&Map::of(&plan));
    check_dot(&dot, 3);
    assert!(dot.contains(r#"label="<b>&amp;amp; \"x\" \\N ]]> ünï — 東京\n"#), "{dot}");
}

#[test]
fn long_names_and_titles_stay_on_the_page() {
    let long = "n".repeat(55);
    let group = format!(
        "id = \"{long}\"\ncluster-mode = \"enabled\"\nshards = 3\nreplicas = 5\n\
         azs = [\"us-east-1a\", \"us-east-1b\", \"us-east-1c\", \"us-east-1d\"]"
    );
    let plan = plan(&"W".repeat(200), &[&group]);
    let svg = topology_svg(&Map::of(&plan), Detail::Folded);
    check_svg(&svg);
    assert!(svg.contains("-0003-006\n"), "the end of a name tells nodes apart");
    let drawn = svg.split_once("</desc>").expect("a description").1;
    assert!(!drawn.contains(&"W".repeat(60)), "a title is broken");
}

/// Balanced braces and quotes, every node once, an edge per replica.
fn check_dot(dot: &str, n_nodes: usize) {
    let mut depth = 0;
    let mut in_quotes = false;
    let mut characters = dot.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' if in_quotes => drop(characters.next()),
            '"' => in_quotes = !in_quotes,
            '{' if !in_quotes => depth += 1,
            '}' if !in_quotes => depth -= 1,
            _ => {}
        }
    }
    assert!(depth == 0 && !in_quotes, "{dot}");
    let n = |pattern: &str| dot.matches(pattern).count();
    assert_eq!(n("label=\"P ") + n("label=\"r "), n_nodes);
    let n_edges = n(" -> ") - n("[style=invis, constraint=true]");
    assert_eq!(n_edges, n("label=\"r "));
}

#[test]
fn the_command_shows_every_scenario_of_the_library() {
    let ecsim = |arguments: &[&str]| {
        let output = program()
            .current_dir(root())
            .arg("topology")
            .args(arguments)
            .output()
            .expect("ecsim runs");
        // Studies warn of what they compare.
        let is_warned = !output.stderr.is_empty() && !arguments.contains(&"--policy");
        assert!(output.status.success() && !is_warned, "{arguments:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    for name in library() {
        let file = format!("scenarios/{name}.toml");
        let experiment = load_all(&name);
        let policy = &experiment.policies[0];
        let options = policy_options(&experiment, policy);
        let shown = |arguments: &[&str]| {
            let chosen = options.iter().map(String::as_str);
            ecsim(
                &[file.as_str()]
                    .into_iter()
                    .chain(chosen)
                    .chain(arguments.to_vec())
                    .collect::<Vec<_>>(),
            )
        };
        let map = Map::of(&policy.plan);
        let text = topology::text(&map, Detail::Folded);
        assert_eq!(shown(&[]), text);
        assert_eq!(shown(&["--format", "text"]), text);
        assert_eq!(shown(&["--format", "dot"]), dot::topology_dot(&map));
        let svg = topology_svg(&map, Detail::Every);
        assert_eq!(shown(&["--format", "svg", "--all"]), svg);
        check_svg(&svg);
    }
}

#[test]
fn a_migration_is_drawn_and_weighs_by_the_clients_of_its_source() {
    let plan = load("migration-cluster").plan;
    let map = Map::of(&plan);
    let text = topology::text(&map, Detail::Folded);
    for line in [
        "  legacy 0002 → shop 0002: legacy-0002-001 → shop-0002-001",
        " migration: once it is started, shop copies from legacy, after 4,615 hash slots have moved \
         within shop",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
    // As they are created, the target's shards have equal parts.
    assert!(text.contains("33.3 %      0"), "{text}");
    assert!(text.contains("(at most 48.8 % of the slots, 1,465 writes/s)"), "{text}");
    assert!(text.contains("shop-0003-001: 1 primary fails over (no client uses it yet)"), "{text}");
    let graph = dot::topology_dot(&map);
    let link = "  \"legacy-0003-001\" -> \"shop-0003-001\" [style=dashed";
    assert!(graph.lines().any(|line| line.starts_with(link)), "{graph}");
}
