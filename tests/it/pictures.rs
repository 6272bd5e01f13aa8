//! Pictures of results, through the program and the library: what is in them, for folders of every
//! kind; that they are well-formed; that they are the same whatever made them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use elasticache_sim::engine::time::Span;
use elasticache_sim::model::plan::ShardId;
use elasticache_sim::report::numbers::writes;
use elasticache_sim::report::picture::{self, Gallery, Picture};
use elasticache_sim::report::results;
use elasticache_sim::report::scene::{LossMark, Scene};

use crate::support::{check_xml, load, program, root};

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("what an earlier test left goes");
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Runs a command line in a folder; gives what was said.
fn ecsim(dir: &Path, arguments: &[&str], code: i32) -> String {
    let mut command = program();
    let output = command.current_dir(dir).args(arguments).output().expect("ecsim runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// A scenario of random node failures, with more text behind it.
fn scenario(rest: &str) -> String {
    format!(
        r#"schema = 1
name = "<b>&\"study\" 東京"
[run]
horizon = "1y"
trials = 400
[group]
id = "g1"
azs = ["a", "b", "c"]
replicas = 2
[workload]
writes-per-second = 1_000
[[fault]]
id = "node"
node-failure = {{ mttf = "40d" }}
{rest}"#
    )
}

/// Runs a scenario with these arguments; gives the folder with its results.
fn run(name: &str, text: &str, arguments: &[&str]) -> PathBuf {
    let dir = folder(name);
    std::fs::write(dir.join("my.toml"), text).expect("written");
    ecsim(&dir, &[&["run", "my.toml", "-q", "-o", "r"][..], arguments].concat(), 0);
    dir.join("r")
}

fn gallery(folder: &Path) -> Gallery {
    let results = results::read(folder).unwrap_or_else(|error| panic!("{error:?}"));
    picture::all(&results)
}

fn names(gallery: &Gallery) -> BTreeSet<&str> {
    gallery.pictures.iter().map(|picture| picture.name.as_str()).collect()
}

fn named<'g>(gallery: &'g Gallery, name: &str) -> &'g Picture {
    let found = gallery.pictures.iter().find(|picture| picture.name == name);
    found.unwrap_or_else(|| panic!("no {name}: {:?}", gallery.missing))
}

/// What is true of every picture.
fn check(gallery: &Gallery) {
    let mut seen = BTreeSet::new();
    for picture in &gallery.pictures {
        let (svg, name) = (picture.svg(), &picture.name);
        assert!(seen.insert(name), "{name} twice");
        check_xml(&svg);
        assert!(svg.contains("role=\"img\"") && svg.contains("viewBox=\"0 0 "), "{name}");
        for part in ["title", "desc"] {
            assert!(svg.contains(&format!("<{part} id=\"{name}-{part}\">")), "{name}: {part}");
        }
        assert!(!picture.alt.is_empty() && !picture.title.is_empty(), "{name}");
        assert!(!svg.contains("href") && !svg.contains("url("), "{name} needs something");
        assert!(svg.len() < 60_000, "{name} has {} bytes", svg.len());
        for color in svg.split("=\"#").skip(1).map(|rest| &rest[..6]) {
            let palette = "222222 666666 AAAAAA F5F5F5 FFFFFF 0072B2 D55E00 009E73 E69F00 56B4E9 \
                           CC79A7 F0E442";
            assert!(palette.contains(color), "{name} has #{color}");
        }
        for upright in svg.split("<text ").filter(|text| text.contains("rotate(270")) {
            assert!(!upright.contains('…'), "{name} cuts the title of an axis: {upright}");
        }
    }
    for missing in &gallery.missing {
        assert!(missing.why.len() > 20 && !missing.why.ends_with('.'), "{missing:?}");
    }
}

const TWO: &str = r#"[[policy]]
name = "as it is"
[[policy]]
name = "<i>fewer & \"less\""
set = { group.replicas = 1 }
[[policy]]
name = "بدون نسخة"
set = { group.replicas = 0, group.multi-az = false, group.automatic-failover = false }
"#;

#[test]
fn pictures_are_whole_and_name_all_policies_in_any_script() {
    let folder = run("names", &scenario(TWO), &[]);
    let gallery = gallery(&folder);
    check(&gallery);
    let expected = [
        "survival-write-outage",
        "survival-lost-writes",
        "difference-write-outage",
        "difference-lost-writes",
        "difference-dataset-loss",
        "outage-by-phase",
        "outage-by-fault",
        "availability",
        "tradeoff-lost-writes",
        "convergence",
        "topology",
        "topology-3",
    ];
    for name in expected {
        assert!(names(&gallery).contains(name), "no {name}: {:?}", gallery.missing);
    }
    for name in ["survival-write-outage", "outage-by-phase", "availability"] {
        let svg = named(&gallery, name).svg();
        // What is read from right to left takes no number along.
        let apart = "\u{2068}بدون نسخة\u{2069}";
        for label in ["as it is", "&lt;i&gt;fewer &amp; &quot;less&quot;", apart] {
            assert!(svg.contains(&format!(">\n{label}\n<")), "{name} does not name {label}");
        }
        assert!(svg.contains("95 %"), "{name} says what its intervals are");
    }
    let alt = &named(&gallery, "difference-dataset-loss").alt;
    assert!(alt.contains("\u{2068}بدون نسخة\u{2069}: +"), "{alt}");
}

#[test]
fn intervals_are_drawn() {
    let folder = run("intervals", &scenario(TWO), &[]);
    let gallery = gallery(&folder);
    // A band per curve, seen through.
    let svg = named(&gallery, "survival-write-outage").svg();
    assert_eq!(svg.matches("<polygon opacity=\"0.2\"").count(), 3);
    assert_eq!(named(&gallery, "convergence").svg().matches("opacity=\"0.2\"").count(), 2);
    // Whiskers are lines of this width, with an end on either side.
    for (name, n) in [("difference-write-outage", 2), ("availability", 3)] {
        let svg = named(&gallery, name).svg();
        let whiskers = svg.matches("stroke=\"#222222\" stroke-width=\"3\"").count();
        let arrows = svg.matches("<polygon").count();
        assert_eq!(whiskers + arrows, 3 * n, "{name}");
    }
}

#[test]
fn one_thread_and_two_give_the_same_pictures() {
    let text = scenario(TWO);
    let one = run("one-thread", &text, &["--threads", "1"]);
    let two = run("two-threads", &text, &["--threads", "2"]);
    let (one, two) = (gallery(&one), gallery(&two));
    assert_eq!(one, two);
    let first = |gallery: &Gallery| gallery.pictures[0].png().expect("a PNG");
    assert!(first(&one) == first(&two), "PNG has the same bytes too");
}

#[test]
fn the_program_writes_both_formats_and_says_what_it_left_out() {
    let folder = run("program", &scenario(TWO), &[]);
    let dir = folder.parent().expect("it is in one");
    let said = ecsim(dir, &["plot", "r", "-o", "pictures"], 0);
    assert!(said.contains("no tornado: "), "{said}");
    let warnings =
        said.lines().filter(|line| line.starts_with("warning: some names are in scripts"));
    let [warning] = warnings.collect::<Vec<&str>>()[..] else { panic!("{said}") };
    assert!(warning.contains("survival-write-outage"), "{warning}");
    let svg = std::fs::read_to_string(dir.join("pictures/availability.svg")).expect("written");
    assert_eq!(svg, named(&gallery(&folder), "availability").svg());
    let png = std::fs::read(dir.join("pictures/availability.png")).expect("written");
    assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((size(16), size(20)), (2_400, 1_350));
    // One format alone, into the folder, whose results are not touched by it.
    ecsim(dir, &["plot", "r", "--format", "svg", "--quiet"], 0);
    assert!(folder.join("plots/topology.svg").exists());
    assert!(!folder.join("plots/topology.png").exists());
    let again = ecsim(dir, &["run", "my.toml", "-o", "r"], 0);
    assert!(again.contains("holds this very run"), "{again}");
    assert!(ecsim(dir, &["plot"], 2).contains("<RESULTS>"));
}

#[test]
fn one_policy_one_trial_and_no_loss_have_pictures_or_reasons() {
    let check_one = |name: &str, text: &str, arguments: &[&str], expected: &[&str]| {
        let folder = run(name, text, arguments);
        let gallery = gallery(&folder);
        check(&gallery);
        for name in expected {
            named(&gallery, name);
        }
        let n_others = names(&gallery).iter().filter(|name| !expected.contains(name)).count();
        let is_calm = expected == ["topology"];
        assert!(!is_calm || n_others == 0, "{name}: {:?}", names(&gallery));
        assert!(gallery.missing.iter().any(|it| it.why.starts_with("there is one policy")));
    };
    let usual = [
        "availability",
        "convergence",
        "outage-by-fault",
        "outage-by-phase",
        "survival-lost-writes",
        "survival-write-outage",
        "timeline-1-worst-outage",
    ];
    check_one("one-policy", &scenario(""), &[], &usual);
    let few = ["outage-by-phase", "survival-write-outage", "timeline-1-worst-outage"];
    check_one("one-trial", &scenario(""), &["--trials", "1"], &few);
    let calm = ["--set", "fault.node.enabled=false", "--trials", "20"];
    check_one("calm", &scenario(""), &calm, &["topology"]);
}

#[test]
fn forty_policies_and_a_sweep_stay_legible() {
    let policies: Vec<String> = (0..40)
        .map(|n| {
            let mean = n + 3;
            format!(
                "[[policy]]\nname = \"policy called {n}\"\n\
                 set = {{ timing.detection = \"{mean}s\" }}\n"
            )
        })
        .collect();
    let folder = run("forty", &scenario(&policies.concat()), &["--trials", "100"]);
    let forty = gallery(&folder);
    check(&forty);
    let svg = named(&forty, "difference-write-outage").svg();
    assert!(svg.contains("Of 40 policies the reference and the 15 that differ most"), "{svg}");
    // Curves are not of neighbours alone.
    let curves = named(&forty, "survival-write-outage").svg();
    assert!(curves.contains("Of 40 policies the reference and 5 whose differences"), "{curves}");
    let has = |n: i32| curves.contains(&format!(">\npolicy called {n}\n<"));
    assert!(has(39) && (12..28).any(has), "{curves}");
    let tradeoff = named(&forty, "tradeoff-lost-writes");
    let front = tradeoff.alt.strip_prefix("On the front: ").expect("who is on the front");
    let front = front.split_once(". ").expect("a sentence").0;
    for name in front.split(", ").chain(["policy called 0 (reference)"]) {
        assert!(tradeoff.svg().contains(&format!(">\n{name}")), "{name} has no name in it");
    }
    let sweep = "[sweep]\n\"timing.detection\" = [\"5s\", \"10s\", \"20s\"]\n\
                 \"group.replicas\" = [1, 2]\n";
    let swept = gallery(&run("sweep", &scenario(sweep), &["--trials", "200"]));
    check(&swept);
    let svg = named(&swept, "sweep-write-outage").svg();
    for text in ["timing.detection", "5s", "20s", "group.replicas"] {
        assert!(svg.contains(&format!(">\n{text}\n<")), "{text} is missing");
    }
    assert_eq!(svg.matches("<polygon opacity=\"0.2\"").count(), 2);
}

#[test]
fn a_timeline_tells_of_its_trial_and_of_its_shard_alone() {
    let dir = folder("timeline");
    let file = root().join("scenarios/two-shards-az-outage.toml").display().to_string();
    ecsim(&dir, &["run", &file, "--seed", "1", "--trials", "20", "-q", "-o", "r"], 0);
    let gallery = gallery(&dir.join("r"));
    let scenario = load("two-shards-az-outage");
    let plan = &scenario.plan;
    let mut n_losses = 0;
    for picture in gallery.pictures.iter().filter(|it| it.name.starts_with("timeline")) {
        let svg = picture.svg();
        let after = |words: &str| svg.split(words).nth(1).expect("it says which").to_owned();
        let trial = after(" · trial ").split(' ').next().and_then(|n| n.parse().ok());
        let is_of =
            |shard: &ShardId| svg.contains(&format!("shard {}", plan.shards[shard.idx()].id));
        let [shard] = plan.shard_ids().filter(is_of).collect::<Vec<ShardId>>()[..] else {
            panic!("{}: {svg}", picture.name)
        };
        let (facts, _) = crate::support::run(plan, 1, trial.expect("a number"));
        let scene = Scene::of(plan, &facts, plan.horizon);
        let outage = scene.outages_of(shard).max_by_key(|it| it.to.since(it.from));
        let outage = outage.expect("an outage is drawn");
        for (phase, _) in &outage.phases {
            assert!(picture.alt.contains(phase.name()), "{}: {phase:?}", picture.alt);
        }
        assert_eq!(svg.matches("<polygon opacity=\"0.2\"").count(), 1, "the outage is shaded");
        for node in plan.shards[shard.idx()].node_ids() {
            assert!(svg.contains(&plan.nodes[node.idx()].name), "{}", picture.name);
        }
        let lost = |loss: &LossMark| format!(">\n{} writes lost", writes(loss.writes));
        for loss in &scene.losses {
            let is_own = loss.shard == shard && (outage.from..=outage.to).contains(&loss.at);
            assert_eq!(svg.contains(&lost(loss)), is_own, "{}: {loss:?}", picture.name);
            n_losses += usize::from(is_own);
        }
    }
    assert!(n_losses > 0, "no timeline shows a loss");
}

#[test]
fn timelines_show_outages_that_count() {
    let text = r#"schema = 1
name = "warm-up"
[run]
horizon = "2d"
warm-up = "1d"
trials = 60
[group]
id = "g1"
azs = ["a", "b"]
replicas = 1
[workload]
writes-per-second = 1_000
[[fault]]
node-failure = { mttf = "6h" }
"#;
    let folder = run("warm-up", text, &["--rows", "always"]);
    let rows = std::fs::read_to_string(folder.join("outages.csv")).expect("rows");
    // The policy, the trial, what it is, the group, the shard, the start, the length.
    let rows: Vec<Vec<&str>> = rows.lines().skip(1).map(|row| row.split(',').collect()).collect();
    let gallery = gallery(&folder);
    check(&gallery);
    let mut n_told = 0;
    for picture in gallery.pictures.iter().filter(|it| it.name.starts_with("timeline")) {
        let alt = &picture.alt;
        let trial = alt.split(' ').nth(1).expect("the number of the trial");
        let own = rows.iter().filter(|row| row[1] == trial && row[2] == "outage");
        let length = |row: &Vec<&str>| Span::from_nanos_f64(row[6].parse::<f64>().unwrap() * 1e9);
        let own: Vec<String> = own.map(|row| length(row).to_string()).collect();
        let place = match own.len() {
            1 => "its only outage".to_owned(),
            n => format!("the longest of {n} outages, "),
        };
        let is_worst_loss = picture.name.ends_with("worst-loss");
        assert!(alt.contains(&place) || is_worst_loss, "{alt}: {own:?}");
        assert!(alt.contains(" lost in this trial"), "{alt}");
        let told: Vec<&str> = alt.split("Writes stop for ").skip(1).collect();
        for outage in told.iter().filter_map(|it| it.split(": ").next()) {
            let counted = match outage.split_once(", of which ") {
                _ if outage.contains("does not count") => continue,
                Some((_, rest)) => rest.split(" count ").next(),
                None => outage.split(", and ").next(),
            };
            let counted = counted.expect("how long it was");
            assert!(own.iter().any(|row| row == counted), "{counted} is no row: {alt}");
            n_told += 1;
        }
    }
    assert!(n_told >= 4, "{n_told}");
}

#[test]
fn timelines_show_who_takes_writes_in_an_outage() {
    let drawn = |name: &str, trials: &str| {
        let dir = folder(name);
        let file = root().join(format!("scenarios/{name}.toml")).display().to_string();
        ecsim(&dir, &["run", &file, "--trials", trials, "-q", "-o", "r"], 0);
        gallery(&dir.join("r"))
    };
    let cut = drawn("isolated-primary", "5");
    check(&cut);
    let beside = named(&cut, "timeline-1-worst-outage");
    assert!(beside.svg().contains(">\nbeside the cut\n<"));
    let told = "Beside the cut 1,000 writes/s to redis1x3-001, lost later";
    assert!(beside.alt.contains(told), "{}", beside.alt);
    let moved = drawn("migration", "3");
    check(&moved);
    let svg = named(&moved, "timeline-1-worst-outage").svg();
    for words in ["writes to legacy", "writes to shop", "nobody writes", "accepted"] {
        assert!(svg.contains(&format!(">\n{words}\n<")), "no {words}");
    }
}

#[test]
fn lost_datasets_are_told_where_lost_writes_leave_them_out() {
    let sweep = "[sweep]\n\"group.replicas\" = [0, 1, 2]\n";
    let gallery = gallery(&run("sweep-loss", &scenario(sweep), &["--trials", "100"]));
    check(&gallery);
    let svg = named(&gallery, "sweep-lost-writes").svg();
    for words in ["A hollow triangle lost datasets", "Writes that go with a lost dataset"] {
        assert!(svg.contains(words), "no {words}: {svg}");
    }
    let svg = named(&gallery, "tradeoff-dataset-loss").svg();
    assert!(svg.contains("A hollow triangle lost datasets"), "{svg}");
    // Without replicas nothing is lost but datasets.
    let svg = named(&gallery, "survival-lost-writes").svg();
    for words in ["in any trial ‡", "‡ Writes that go with a lost dataset"] {
        assert!(svg.contains(words), "no {words}: {svg}");
    }
}

#[test]
fn a_policy_that_changes_nothing_has_a_plain_dot() {
    let text = scenario(&format!(
        "{TWO}[[policy]]\nname = \"the same\"\nset = {{ group.replicas = 2 }}\n"
    ));
    let gallery = gallery(&run("the-same", &text, &["--trials", "100"]));
    let picture = named(&gallery, "difference-write-outage");
    assert!(picture.alt.contains("the same: 0 in every trial"), "{}", picture.alt);
}

#[test]
fn sensitivities_are_kept_and_drawn() {
    let folder = run("sensitivity", &scenario(""), &["--sensitivity", "--trials", "60"]);
    let gallery = gallery(&folder);
    check(&gallery);
    let svg = named(&gallery, "tornado-write-outage").svg();
    assert!(svg.contains("timing.detection: mean 5s"), "{svg}");
    // Variants are no policies to be compared.
    assert!(!names(&gallery).contains("difference-write-outage"));
    let again = ecsim(
        folder.parent().expect("it is in one"),
        &["run", "my.toml", "--trials", "60", "-o", "r"],
        1,
    );
    assert!(again.contains("variants: "), "{again}");
}

#[test]
fn damaged_older_and_unfinished_folders_are_told_apart() {
    let folder = run("damaged", &scenario(TWO), &["--trials", "50"]);
    let dir = folder.parent().expect("it is in one").to_owned();
    let plot = |code: i32| ecsim(&dir, &["plot", "r", "--format", "svg"], code);
    // An older ecsim had no distributions.
    let distributions = std::fs::read(folder.join("distributions.csv")).expect("there");
    std::fs::remove_file(folder.join("distributions.csv")).expect("removed");
    assert!(plot(0).contains("no survival-write-outage: the folder has no distributions.csv"));
    let broken = "policy,metric,value,trials_above\na,write_outage_s,x,1\n";
    std::fs::write(folder.join("distributions.csv"), broken).expect("written");
    let told = plot(1);
    assert!(told.contains("distributions.csv has no numbers in line 2"), "{told}");
    assert!(told.contains("hint: "), "{told}");
    std::fs::write(folder.join("distributions.csv"), distributions).expect("written");
    // An interruption is in every title.
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).expect("there");
    let interrupted = manifest.replace("\"finished\"", "\"interrupted\"");
    std::fs::write(folder.join("manifest.json"), interrupted).expect("written");
    for picture in &gallery(&folder).pictures {
        assert!(picture.title.ends_with("— interrupted after 50 trials"), "{}", picture.title);
    }
    std::fs::write(folder.join("summary.json"), "{}").expect("written");
    assert!(plot(1).contains("summary.json has no `schema`"));
    std::fs::remove_file(folder.join("summary.json")).expect("removed");
    let unfinished = plot(1);
    assert!(unfinished.contains("holds an unfinished run that has no numbers yet"), "{unfinished}");
    assert!(ecsim(&dir, &["plot", "."], 1).contains("holds no results of ecsim"));
}
