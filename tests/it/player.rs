//! The page that `ecsim replay --format html` writes, and the diagram of `--format mermaid`, as
//! texts: what stands in them, and what cannot. `browser` opens pages.

use serde_json::Value;

use crate::support::{Scenario, ecsim, load, parse, root, run, stories};
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::report::mermaid;
use elasticache_sim::report::page::{Panel, Replay, render};
use elasticache_sim::report::scene::{Scene, Told};

/// The page of a scenario's first trial.
fn page_of(plan: &elasticache_sim::model::plan::Plan, seed: u64) -> (String, Scene) {
    let (facts, _) = run(plan, seed, 0);
    let scene = Scene::of(plan, &facts, plan.horizon);
    let groups = vec![plan.groups[0].id.clone()];
    let (name, notes) = (&plan.name, String::new());
    let panel = Panel { name, groups, notes, plan, scene: &scene, facts: &facts };
    let page = render(&Replay {
        title: &plan.name,
        trial: "trial 0".to_owned(),
        command: "ecsim replay".to_owned(),
        panels: vec![panel],
    });
    (page, scene)
}

/// The data that the player reads.
fn data(page: &str) -> Value {
    let rest = page.split("<script type=\"application/json\" id=\"scene\">").nth(1);
    let json = rest.and_then(|rest| rest.split("</script>").next()).expect("there is data");
    serde_json::from_str(json).expect("the data is JSON")
}

/// As askama escapes text.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[test]
fn every_story_has_a_page_that_tells_it_all() {
    for name in stories() {
        let scenario = load(&name);
        let (page, scene) = page_of(&scenario.plan, scenario.seed);
        for told in scene.frames.iter().flat_map(|frame| &frame.told) {
            let text = match told {
                Told::Line { text, .. } => text,
                Told::Event { message, .. } => message,
            };
            assert!(page.contains(&escaped(text)), "{name}: {text}");
        }
        let data = data(&page);
        let steps = data["steps"].as_array().expect("steps").len();
        assert_eq!(page.matches("class=\"step\"").count(), steps, "{name}");
        assert_eq!(data["panels"][0]["frames"].as_array().expect("frames").len(), steps, "{name}");
        assert!(page.len() < 1_000_000, "{name}: {} bytes", page.len());
    }
}

#[test]
fn a_page_says_from_when_on_it_counts() {
    let scenario = load("az-outage");
    let (page, _) = page_of(&scenario.plan, scenario.seed);
    assert!(
        !page.contains("Counting begins after") && data(&page)["panels"][0]["warmUp"].is_null()
    );
    let mut plan = scenario.plan.clone();
    plan.warm_up = SimTime::START + Span::from_secs(1_800);
    let (page, scene) = page_of(&plan, scenario.seed);
    assert!(page.contains("Counting begins after 30m"));
    assert_eq!(data(&page)["panels"][0]["warmUp"]["at"], 1_800_000_000);
    assert!(
        scene.losses.is_empty() && !scene.outages.is_empty(),
        "what came before counts nowhere"
    );
}

#[test]
fn a_wipe_is_told_by_page_and_diagram() {
    let scenario = load("customer-reboot");
    let (page, scene) = page_of(&scenario.plan, scenario.seed);
    let data = data(&page);
    let frames = data["panels"][0]["frames"].as_array().expect("frames");
    let emptied: Vec<&Value> = frames.iter().filter_map(|frame| frame.get("emptied")).collect();
    let tags = serde_json::json!({
        "0": "has no data", "1": "dropped its copy", "2": "dropped its copy",
    });
    assert_eq!(emptied, [&tags], "at one moment, and no longer");
    assert_eq!(data["panels"][0]["losses"][0]["dataset"], true);
    // Who has no player reads the answers without opening anything.
    assert!(page.contains("<details class=\"why\" open>"));
    let diagram = mermaid::diagram(&scenario.plan, &scene, "trial 0");
    for part in ["Note over N1: dropped its copy", "the whole dataset, with 3,000,000 ack"] {
        assert!(diagram.contains(part), "{part}\n{diagram}");
    }
}

#[test]
fn a_page_asks_nobody_for_anything() {
    let scenario = load("az-outage");
    let (page, _) = page_of(&scenario.plan, scenario.seed);
    assert!(page.contains("default-src 'none'"));
    for word in
        [" src=", "<link", "@import", "url(", "fetch(", "XMLHttpRequest", "eval(", "innerHTML"]
    {
        assert!(!page.contains(word), "{word}");
    }
    let named = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!named.contains("http:") && !named.contains("https:"));
    for tag in ["html", "head", "body", "main", "ol", "ul", "section", "dialog", "table", "details"]
    {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

/// A name with all that means something to HTML, JavaScript, templates or Mermaid.
pub const BAD: &str = "<b>&\"'</script><script>alert(1)</script> 日本語 {{x}} ]]> --> `${y}` end;#";

/// The page and the diagram of a trial in which everything is called so.
pub fn badly_named() -> (String, String) {
    let scenario = load("az-outage");
    let mut plan = scenario.plan.clone();
    plan.name = BAD.to_owned();
    plan.groups[0].id = BAD.to_owned();
    plan.azs.iter_mut().for_each(|az| az.name = BAD.to_owned());
    plan.nodes.iter_mut().for_each(|node| node.name = BAD.to_owned());
    let (page, scene) = page_of(&plan, scenario.seed);
    (page, mermaid::diagram(&plan, &scene, "trial 0"))
}

#[test]
fn names_with_markup_are_only_names() {
    let (page, diagram) = badly_named();
    assert!(!page.contains("<b>") && !page.contains("<script>alert"));
    assert_eq!(page.matches("</script>").count(), 2, "those of the page itself");
    assert_eq!(data(&page)["panels"][0]["azs"][0], BAD, "the data has the name as it is");
    is_mermaid(&diagram);
}

/// Each line is one of the few forms that we write, and all names are declared.
fn is_mermaid(diagram: &str) {
    let mut lines = diagram.lines();
    assert_eq!(lines.next(), Some("sequenceDiagram"));
    let mut known = Vec::new();
    assert!(diagram.lines().count() <= 64, "{diagram}");
    for line in lines.map(str::trim) {
        if line.starts_with("%% ") {
            continue;
        }
        if let Some(rest) = line.strip_prefix("participant ") {
            let (id, name) = rest.split_once(" as ").expect("a participant has a name");
            known.push(id.to_owned());
            assert!(!name.replace("<br/>", "").contains(['<', '>', '"', '&', ':']), "{line}");
            continue;
        }
        let (who, text) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        let whom: Vec<&str> = match who.strip_prefix("Note over ") {
            Some(whom) => whom.split(',').collect(),
            None => {
                let arrow = ["-->>", "->>", "-x"].into_iter().find(|arrow| who.contains(arrow));
                who.split(arrow.unwrap_or_else(|| panic!("{line}"))).collect()
            }
        };
        for one in whom {
            assert!(known.contains(&one.to_owned()), "{one} in {line}");
        }
        assert!(!text.is_empty() && !text.contains(['<', '>', '"', '&']), "{line}");
        let numbers = text.split('#').skip(1);
        for number in numbers {
            let digits = number.split(';').next().expect("there is a first");
            assert!(digits.parse::<u32>().is_ok(), "{line}");
        }
    }
}

#[test]
fn every_story_has_a_diagram() {
    for name in stories() {
        let scenario = load(&name);
        let (facts, _) = run(&scenario.plan, scenario.seed, 0);
        let scene = Scene::of(&scenario.plan, &facts, scenario.plan.horizon);
        is_mermaid(&mermaid::diagram(&scenario.plan, &scene, "trial 0"));
    }
    let scenario = load("az-outage");
    let (facts, _) = run(&scenario.plan, scenario.seed, 0);
    let scene = Scene::of(&scenario.plan, &facts, scenario.plan.horizon);
    let diagram = mermaid::diagram(&scenario.plan, &scene, "trial 0");
    let parts = [
        "Note over C,P: AZ us-west-2c fails",
        "Note over C,P: us-west-2c is up",
        "C-xN0: writes fail: detection",
        "promote, it trailed by",
        "Note over C,P: lost: ",
    ];
    for part in parts {
        assert!(diagram.contains(part), "{part}\n{diagram}");
    }
}

#[test]
fn a_diagram_says_all_that_happens_to_a_node_at_once() {
    let of = |scenario: &Scenario| {
        let (facts, _) = run(&scenario.plan, scenario.seed, 0);
        let scene = Scene::of(&scenario.plan, &facts, scenario.plan.horizon);
        mermaid::diagram(&scenario.plan, &scene, "trial 0")
    };
    let diagram = of(&load("isolated-primary"));
    let both = "Note over N0: is reached again\n  N2->>N0: full sync begins";
    assert!(diagram.contains(both), "{diagram}");
    // A node that is cut off and dies is not reached again.
    let text = std::fs::read_to_string(root().join("scenarios/isolated-primary.toml"));
    let fault = "\n[[fault]]\nat = \"15m\"\nfail-node = { node = \"redis1x3-001\" }\n";
    let diagram = of(&parse(&(text.expect("readable") + fault)));
    assert!(diagram.contains("loses its host\n  P->>N0: replace"), "{diagram}");
    assert!(!diagram.contains("is reached again"), "{diagram}");
}

#[test]
fn what_cannot_be_drawn_is_refused_with_a_hint() {
    let check = |arguments: &[&str], parts: &[&str]| {
        let output = ecsim(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{arguments:?}: {said}");
        }
    };
    let file = "scenarios/az-outage.toml";
    check(&["replay", file, "--format", "html", "--events"], &["--events", "hint: leave out"]);
    check(
        &["replay", file, "--format", "mermaid", "--describe-at", "1h"],
        &["--describe-at", "hint: leave out"],
    );
    check(&["replay", file, "-o", file], &["is not overwritten", "hint: name another file"]);
    check(
        &["replay", "scenarios/policy-study.toml", "--format", "html"],
        &["two side by side", "hint: choose one or two with --policy"],
    );
    check(
        &["replay", "scenarios/policy-study.toml", "--format", "mermaid"],
        &["one policy at a time", "hint: choose with --policy"],
    );
}

#[test]
fn a_dataset_loss_has_a_page() {
    // Whether a branch comes to a loss is its own affair: the first that does is told.
    let ids = (0..40).flat_map(|trial| (0..4).map(move |branch| format!("{trial}.{branch}")));
    let told = ids.map(|id| {
        let output = ecsim(&["replay", "tests/data/ways.toml", "--loss", &id, "--format", "html"]);
        (id, output)
    });
    let (id, output) = told
        .into_iter()
        .find(|(_, output)| output.status.success())
        .expect("one of so many branches comes to a loss");
    let page = String::from_utf8(output.stdout).expect("pages are UTF-8");
    assert!(page.contains("a steered history") && page.contains(&format!("--loss {id}")));
    let losses = &data(&page)["panels"][0]["losses"];
    assert!(losses.as_array().is_some_and(|losses| !losses.is_empty()), "{losses}");
}

/// A folder for what a test writes.
fn folder() -> std::path::PathBuf {
    let folder = crate::support::root().join("target").join("tmp");
    std::fs::create_dir_all(&folder).expect("the build folder can be written");
    folder
}

#[test]
fn of_results_with_many_policies_a_page_has_the_reference() {
    let results = folder().join("player-results");
    let name = results.to_str().expect("a plain name");
    let _ = std::fs::remove_dir_all(&results);
    let study = ["run", "scenarios/policy-study.toml", "--trials", "2", "-q", "-o", name];
    assert!(ecsim(&study).status.success());
    let asked = ["replay", name, "--trial", "worst-outage", "--format", "html"];
    let made = ecsim(&asked);
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success() && said.contains("'Multi-AZ, 1+2', the reference"), "{said}");
    let page = String::from_utf8(made.stdout).expect("pages are UTF-8");
    assert_eq!(data(&page)["panels"].as_array().map(Vec::len), Some(1));
    assert!(page.contains(&escaped("--policy 'Multi-AZ, 1+2'")), "the command makes the same page");
    let three = ["--policy=Multi-AZ, 1+2", "--policy=no failover", "--policy=one replica"];
    assert_eq!(ecsim(&[&asked[..], &three].concat()).status.code(), Some(2), "who asks for more");
    std::fs::remove_dir_all(&results).expect("it was written");
}

#[test]
fn a_page_is_written_into_a_file() {
    let folder = folder();
    let file = folder.join("player-written.html");
    let name = file.to_str().expect("a plain name");
    let written = ["replay", "scenarios/az-outage.toml", "--format", "html", "-o", name];
    let printed = ecsim(&written[..4]).stdout;
    for _ in 0..2 {
        assert!(ecsim(&written).status.success(), "what is there is replaced");
        assert_eq!(std::fs::read(&file).expect("it was written"), printed, "the same bytes");
    }
    std::fs::remove_file(&file).expect("it was written");
}
