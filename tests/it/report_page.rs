//! `ecsim report`: one page that stands alone, whatever the study is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::browser::{self, Theme, Window};
use crate::support::ecsim;
use crate::support::markup::{self, Element};

/// Five policies with markup, quotes and letters of several scripts in their names.
const STUDY: &str = r#"
schema = 1
name = "<i>Study</i> & \"more\""
[run]
horizon = "1y"
trials = 400
seed = 5
[group]
id = "cache"
azs = ["us-west-2a", "us-west-2b", "us-west-2c"]
replicas = 1
[workload]
writes-per-second = 2_000
dataset = "4 GiB"
[[fault]]
node-failure = { mttf = "60d" }
[[fault]]
az-failure = { mttf = "3y", duration = { exponential = { mean = "1h" } } }
[objectives]
rto = "60s"
rpo = "1s"
[[policy]]
name = "one replica"
[[policy]]
name = "two <b>replicas</b>"
set = { group.replicas = 2 }
[[policy]]
name = "كود & 缓存"
set = { timing.detection = "20s" }
[[policy]]
name = "no \"automatic\" failover"
set = { group.multi-az = false, group.automatic-failover = false }
[[policy]]
name = "slow's replacement"
set = { timing.replacement = "2h" }
[[expect]]
metric = "write_outage_s.p99"
below = 100_000
[[expect]]
metric = "lost_writes.mean"
below = 0.001
"#;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An empty folder.
fn temporary(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("removed");
    }
    fs::create_dir_all(&folder).expect("created");
    folder
}

/// Runs a scenario into a folder of its own and gives that.
fn study(name: &str, scenario: &str, options: &[&str]) -> PathBuf {
    let folder = temporary(name);
    let file = folder.join("study.toml");
    fs::write(&file, scenario).expect("written");
    let results = folder.join("results");
    let (file, to) = (file.display().to_string(), results.display().to_string());
    let run = ecsim(&[&["run", &file, "-o", &to, "--quiet"], options].concat());
    assert!(matches!(run.status.code(), Some(0 | 4)), "{}", text(&run.stderr));
    results
}

fn report(folder: &Path, options: &[&str]) -> Output {
    ecsim(&[&["report", &folder.display().to_string()], options].concat())
}

/// The page of a folder.
fn page(folder: &Path) -> String {
    let made = report(folder, &[]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    fs::read_to_string(folder.join("report.html")).expect("a page")
}

fn headings(elements: &[Element]) -> Vec<&str> {
    let of = |element: &&Element| element.name == "h2";
    elements.iter().filter(of).map(|element| element.text.trim()).collect()
}

#[test]
fn a_study_of_five_policies_makes_a_page_that_stands_alone() {
    let folder = study("report-five", STUDY, &[]);
    let page = page(&folder);
    markup::is_sound(&page);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    let elements = markup::elements(&page);
    let all = headings(&elements);
    for heading in [
        "Answer",
        "Numbers",
        "How data is lost",
        "What this rests on",
        "What is not modelled",
        "Reproduce",
    ] {
        assert!(all.contains(&heading), "{all:?}");
    }
    for name in
        ["two &#60;b&#62;replicas&#60;/b&#62;", "كود &#38; 缓存", "no &#34;automatic&#34; failover"]
    {
        assert!(page.contains(name), "{name}");
    }
    assert!(!page.contains("<b>replicas"), "names are no markup");
    let n_pictures = elements.iter().filter(|element| element.name == "svg").count();
    assert!(n_pictures >= 6, "{n_pictures} pictures");
    assert!(page.contains("FAILED") && page.contains("passed"), "what is expected is judged");
    assert!(page.contains("default, assumed") && page.contains("timing.detection"));
    // A study says how sure it is, and how to make it again.
    assert!(page.contains("--trials 400 --seed 5") && page.contains("95 %"));
    // A name that runs from right to left takes nothing with it, in no sentence and in no cell.
    let answer = page.split_once("<h2 id=\"answer\">").expect("an answer").1;
    let told = answer.split_once("<svg").expect("pictures follow").0;
    let (name, isolated) = ("كود &#38; 缓存", "<bdi>كود &#38; 缓存</bdi>");
    assert!(told.matches(isolated).count() >= 5, "{told}");
    assert_eq!(told.matches(isolated).count(), told.matches(name).count(), "{told}");
    assert!(page.contains("<title>\u{2068}&#60;i&#62;Study"), "a title has no elements");
    // Lost writes beside lost datasets are marked.
    let summary = std::fs::read_to_string(folder.join("summary.json")).expect("kept");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let lost =
        |entry: &serde_json::Value| entry["metrics"]["dataset_losses"]["mean"]["value"] != 0.0;
    let loses = summary["policies"].as_array().expect("a list").iter().any(lost);
    assert_eq!(page.contains("‡ Datasets were lost as well"), loses);
}

/// What a browser says of a page: texts that stand out too little from their ground (WCAG 2.2, AA:
/// 4.5 to 1, or 3 to 1 where they are large), what sticks out of the window, and its parts.
const INSPECTION: &str = "
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
      const part = (n) => { const c = colour[n] / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
      return 0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2);
    };
    const ground = (it) => {
      for (; it; it = it.parentElement) {
        const colour = rgb(getComputedStyle(it).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    const faint = (it) => {
      const style = getComputedStyle(it), size = parseFloat(style.fontSize);
      const [a, b] = [light(rgb(style.color)), light(ground(it))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      return ratio < (isLarge ? 3 : 4.5);
    };
    const says = (it) => [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const texts = [...document.body.querySelectorAll('*')]
      .filter((it) => says(it) && !it.closest('svg') && it.getClientRects().length);
    return {
      texts: texts.length,
      faint: texts.filter(faint).map((it) => `${it.className}: ${it.textContent.slice(0, 40)}`),
      wide: document.documentElement.scrollWidth - innerWidth,
      paper: getComputedStyle(document.documentElement).backgroundColor,
      headings: [...document.querySelectorAll('h1, h2, h3')].map((it) => Number(it.tagName[1])),
      unnamed: [...document.querySelectorAll('svg')].filter((it) => {
        const ids = (it.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean);
        const isNamed = it.getAttribute('aria-label') ||
          (ids.length && ids.every((id) => byId(id)?.textContent.trim()));
        return it.getAttribute('role') !== 'img' || !isNamed;
      }).length,
      pictures: [...document.querySelectorAll('figure svg')].map(box),
      dangling: [...document.querySelectorAll('a[href^=\"#\"]')].filter((it) =>
        !byId(it.getAttribute('href').slice(1))).length,
    };";

#[test]
fn a_browser_shows_a_report_to_every_reader() {
    let page = page(&study("report-opened", STUDY, &["--trials", "200"]));
    let mut papers = Vec::new();
    for (width, theme) in [(1280, Theme::Light), (1280, Theme::Dark), (500, Theme::Light)] {
        let window = Window { width, height: 900, theme };
        let Some(seen) = browser::open(&page, ("", window), INSPECTION) else { return };
        seen.is_quiet();
        let r = &seen.result;
        assert!(r["texts"].as_u64() > Some(100), "{r}");
        assert_eq!(r["faint"], serde_json::json!([]), "{theme:?}");
        assert_eq!(r["wide"], 0, "nothing sticks out of {width} pixels");
        assert_eq!((&r["unnamed"], &r["dangling"]), (&0.into(), &0.into()));
        let levels: Vec<u64> = serde_json::from_value(r["headings"].clone()).expect("numbers");
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{levels:?}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
        let pictures = r["pictures"].as_array().expect("a list");
        assert!(pictures.len() >= 6, "{} pictures", pictures.len());
        for picture in pictures {
            let of = |side: &str| picture[side].as_f64().expect("a number");
            let (wide, high) = (of("right") - of("left"), of("bottom") - of("top"));
            assert!(wide > 300.0 && high > 100.0 && of("right") <= f64::from(width), "{picture}");
        }
        papers.push((theme, r["paper"].clone()));
    }
    assert_ne!(papers[0].1, papers[1].1, "who likes it dark gets it dark");
}

#[test]
fn the_same_results_make_the_same_page() {
    let one = page(&study("report-same-1", STUDY, &["--threads", "1", "--trials", "200"]));
    let two = page(&study("report-same-2", STUDY, &["--threads", "2", "--trials", "200"]));
    let named = |page: &str| page.replace("report-same-1", "report-same-2");
    assert!(named(&one) == named(&two), "the pages of equal results differ");
}

#[test]
fn the_least_study_makes_a_page_too() {
    let calm = "schema = 1\nname = \"calm\"\n[run]\nhorizon = \"1y\"\n[group]\nid = \"g\"\nazs = [\"a\"]\nreplicas = 0\n";
    for (name, options) in
        [("report-one", &["--trials", "1"][..]), ("report-few", &["--trials", "30"][..])]
    {
        let page = page(&study(name, calm, options));
        markup::is_sound(&page);
        assert!(page.contains("in none of the trials"), "no outage is said in words");
        assert!(page.contains("No acknowledged write is lost in any trial"));
        assert!(page.contains("Never strikes here"), "what cannot happen is said");
        // Single nodes are cut off in some scenarios.
        assert!(page.contains("never AZs from each other") && !page.contains("modelled yet"));
    }
}

#[test]
fn forty_policies_make_a_page() {
    let mut text = STUDY.split("[[policy]]").next().expect("a beginning").to_owned();
    for n in 0..40 {
        text.push_str(&format!(
            "[[policy]]\nname = \"p{n}\"\nset = {{ timing.detection = \"{}s\" }}\n",
            n + 1
        ));
    }
    let page = page(&study("report-forty", &text, &["--trials", "40"]));
    markup::is_sound(&page);
    assert!(page.contains("p39") && page.len() < 2_000_000, "{} bytes", page.len());
}

#[test]
fn what_is_no_folder_of_results_is_refused() {
    let folder = temporary("report-none");
    let check = |folder: &Path, code: i32, expected: &str| {
        let made = report(folder, &[]);
        let said = text(&made.stderr);
        assert_eq!(made.status.code(), Some(code), "{said}");
        assert!(said.contains(expected) && said.contains("hint: "), "{said}");
    };
    check(&folder, 1, "holds no results");
    let results = study("report-damaged", STUDY, &["--trials", "20"]);
    fs::write(results.join("summary.json"), "{").expect("written");
    check(&results, 1, "summary.json");
}

#[test]
fn a_page_goes_where_it_is_wanted() {
    let folder = study("report-elsewhere", STUDY, &["--trials", "20"]);
    let file = folder.join("elsewhere.html");
    let made = report(&folder, &["-o", &file.display().to_string()]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(file.is_file() && !folder.join("report.html").exists());
    let no_folder = folder.join("nowhere/page.html");
    let made = report(&folder, &["-o", &no_folder.display().to_string()]);
    assert_eq!(made.status.code(), Some(1), "{}", text(&made.stderr));
}

/// Two policies of which one loses datasets; one's name looks like an option.
const RISKY: &str = r#"
schema = 1
name = "risky"
[run]
horizon = "1y"
trials = 400
seed = 5
[group]
id = "cache"
azs = ["us-west-2a", "us-west-2b"]
replicas = 1
[workload]
writes-per-second = 2_000
dataset = "4 GiB"
[[fault]]
node-failure = { mttf = "60d" }
[[policy]]
name = "-safe"
[[policy]]
name = "none"
set = { group.replicas = 0, group.multi-az = false, group.automatic-failover = false }
[[policy]]
name = "slow"
set = { timing.detection = "20s" }
"#;

/// The command of a page that comes to its numbers.
fn command(page: &str, program: &str) -> String {
    let elements = markup::elements(page);
    let of = |element: &&Element| {
        element.name == "code" && element.text.contains(&format!("ecsim {program} "))
    };
    let mut written = elements.iter().filter(of).map(|element| element.text.clone());
    let line = written.next_back().expect("a command");
    line.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\"")
}

/// Runs a command as a reader would, and gives the numbers that it comes to.
fn again(folder: &Path, line: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_ecsim"));
    let mut paths = vec![program.parent().expect("a folder").to_owned()];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line]).current_dir(folder).env("ECSIM_RESULTS", "");
    let path = std::env::join_paths(paths).expect("paths without colons");
    let ran = shell.env("PATH", path).output().expect("a shell");
    assert!(ran.status.success(), "{line}: {}", text(&ran.stderr));
    fs::read_to_string(folder.join("again/summary.json")).expect("numbers")
}

fn summary(results: &Path) -> String {
    fs::read_to_string(results.join("summary.json")).expect("numbers")
}

#[test]
fn the_command_of_a_page_comes_to_its_numbers() {
    let folder = temporary("report-again");
    let file = folder.join("pair.toml");
    fs::write(&file, RISKY).expect("written");
    let results = folder.join("it's -results");
    let (file, to) = (file.display().to_string(), results.display().to_string());
    let options = ["--level", "0.9", "--reference=-safe", "--policy", "slow", "--keep", "3"];
    let made = ecsim(
        &[&["compare", &file, "-o", &to, "-q", "--trials", "40", "--seed", "7"], &options[..]]
            .concat(),
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    let page = page(&results);
    assert!(page.contains("--policy=-safe --trial worst-outage"), "no name is an option");
    for (path, ran) in [("run.trials", "40"), ("run.seed", "7")] {
        let row = page.split(&format!("<code>{path}</code></th>")).nth(1).expect("a row");
        let row = row.split("</tr>").next().expect("it ends");
        assert!(row.contains(&format!("<code>{ran}</code>")) && row.contains("command line"));
    }
    assert_eq!(again(&folder, &command(&page, "compare")), summary(&results));
}

#[test]
fn a_scenario_called_after_its_file_runs_again_beside_its_samples() {
    let folder = temporary("report-samples");
    fs::create_dir(folder.join("below")).expect("created");
    fs::write(folder.join("lags.csv"), "12\n14\n15\n").expect("written");
    let file = folder.join("below/nameless.toml");
    let scenario = RISKY.split("[[policy]]").next().expect("a beginning");
    let scenario = scenario.replace("name = \"risky\"\n", "")
        + "[timing]\ndetection = { empirical = { file = \"../lags.csv\" } }\n";
    fs::write(&file, scenario).expect("written");
    let results = folder.join("results");
    let (file, to) = (file.display().to_string(), results.display().to_string());
    let made = ecsim(&["run", &file, "-o", &to, "-q", "--trials", "20"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(again(&folder, &command(&page(&results), "run")), summary(&results));
}

#[test]
fn few_lost_writes_are_no_merit_of_who_loses_datasets() {
    let page = page(&study("report-risky", RISKY, &[]));
    let answer = page.split_once("<h2 id=\"answer\">").expect("an answer").1;
    let sentences: Vec<&str> =
        answer.split("</ul>").next().expect("a list").split("<li>").collect();
    let of = |opening: &str| sentences.iter().find(|sentence| sentence.starts_with(opening));
    let apart = of("Not comparable with").expect("a sentence of its own");
    assert!(apart.contains("“<bdi>none</bdi>”") && apart.contains("GiB"), "{apart}");
    assert!(of("Fewer lost writes").is_none_or(|it| !it.contains("none")), "{sentences:?}");
    assert!(page.contains("–, automatic failover is off") && page.contains("\u{a0}pp ["));
}

#[test]
fn moved_assumptions_are_no_policies() {
    let options = ["--trials", "20", "--policy", "slow", "--sensitivity"];
    let page = page(&study("report-moved", RISKY, &options));
    let numbers = page.split_once("<h2 id=\"answer\">").expect("an answer").1;
    let numbers = numbers.split_once("<svg").expect("pictures follow").0;
    assert!(!numbers.contains("instead of"), "{numbers}");
    assert!(page.contains("with one assumption moved"), "but it is said that there are some");
}
