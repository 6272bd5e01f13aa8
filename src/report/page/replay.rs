//! The page that plays a trial, or two policies side by side on the same faults.
//!
//! Everything that happens stands in it as an ordered list, which is all that is seen without
//! JavaScript; the player shows of that list what belongs to the moment.

use askama::Template;

use super::data;
use crate::engine::time::{SimTime, Span};
use crate::model::fact::Fact;
use crate::model::plan::Plan;
use crate::model::state::NanoWrites;
use crate::report::numbers::{count, writes};
use crate::report::scene::{Choice, Frame, FrameKind, Scene, Told, Verdict, Why};
use crate::report::words::Words;

/// What a page shows.
pub struct Replay<'a> {
    /// The scenario's name.
    pub title: &'a str,
    /// Which trial: "trial 3 · seed 42 · until 1d".
    pub trial: String,
    /// The command that makes the page.
    pub command: String,
    /// One policy, or two.
    pub panels: Vec<Panel<'a>>,
}

/// A policy of a page.
pub struct Panel<'a> {
    /// The policy's name.
    pub name: &'a str,
    /// Its groups, a line each.
    pub groups: Vec<String>,
    /// What is assumed, and how a loss was found: whole lines.
    pub notes: String,
    /// What was run.
    pub plan: &'a Plan,
    /// What happened.
    pub scene: &'a Scene,
    /// The same as facts.
    pub facts: &'a [(SimTime, Fact)],
}

/// An instant at which something happens in a panel, or in both.
pub(super) struct Step<'a> {
    pub(super) at: SimTime,
    /// By panel.
    pub(super) frames: Vec<Option<&'a Frame>>,
}

/// The instants of all panels in order.
pub(super) fn steps<'a>(panels: &[Panel<'a>]) -> Vec<Step<'a>> {
    let mut instants: Vec<SimTime> =
        panels.iter().flat_map(|panel| panel.scene.frames.iter().map(|frame| frame.at)).collect();
    instants.sort_unstable();
    instants.dedup();
    let mut rest: Vec<&[Frame]> =
        panels.iter().map(|panel| panel.scene.frames.as_slice()).collect();
    let mut steps = Vec::new();
    for at in instants {
        // A trial can have two frames at one instant: the start and a fault, a fault and the end.
        while rest.iter().any(|frames| frames.first().is_some_and(|frame| frame.at == at)) {
            let mut frames = Vec::new();
            for rest in &mut rest {
                let (first, others) = match rest.split_first() {
                    Some((first, others)) if first.at == at => (Some(first), others),
                    Some(_) | None => (None, *rest),
                };
                *rest = others;
                frames.push(first);
            }
            steps.push(Step { at, frames });
        }
    }
    steps
}

#[derive(Template)]
#[template(path = "replay.html")]
struct Page<'a> {
    title: &'a str,
    lead: &'static str,
    trial: &'a str,
    warm_ups: Vec<String>,
    omitted: String,
    steps: Vec<ListedStep<'a>>,
    version: &'static str,
    command: &'a str,
    panels: &'a [Panel<'a>],
    data: String,
}

struct ListedStep<'a> {
    number: usize,
    clock: String,
    since: String,
    parts: Vec<Part<'a>>,
}

/// What happens in one panel.
struct Part<'a> {
    panel: usize,
    policy: &'a str,
    omitted: String,
    told: Vec<ListedTold<'a>>,
    whys: Vec<ListedWhy<'a>>,
}

struct ListedTold<'a> {
    kind: &'a str,
    /// Of an event: its source.
    event: Option<&'a str>,
    text: &'a str,
    is_loss: bool,
}

struct ListedWhy<'a> {
    question: &'a str,
    answer: &'a [String],
    choices: Vec<ListedChoice<'a>>,
}

struct ListedChoice<'a> {
    node: &'a str,
    az: &'a str,
    lag: String,
    behind: String,
    verdict: &'static str,
    is_chosen: bool,
}

const LEAD: &str = "Clients write to the primary, and replicas copy a moment later what it has \
                    taken. Watch what becomes of the writes when something fails.";
const LEAD_OF_TWO: &str =
    "The same faults strike two policies. Watch what becomes of the writes to the primary of each.";

/// The page as a file.
pub fn render(replay: &Replay<'_>) -> String {
    let panels = &replay.panels;
    let steps = steps(panels);
    let listed = listed(panels, &steps);
    let n_left_out: usize = panels.iter().map(|panel| panel.scene.n_left_out).sum();
    let page = Page {
        title: replay.title,
        lead: if panels.len() > 1 { LEAD_OF_TWO } else { LEAD },
        trial: &replay.trial,
        warm_ups: warm_ups(panels),
        omitted: match n_left_out {
            0 => String::new(),
            n => format!(
                "So much happens that a page cannot show it all: {} moments are left out. Shown \
                 are the worst dataset losses, lost writes and outages, each from the first fault \
                 until everything is whole again. All is in --format json.",
                count(n as u128)
            ),
        },
        steps: listed,
        version: env!("CARGO_PKG_VERSION"),
        command: &replay.command,
        panels,
        data: data::json(panels, &steps),
    };
    page.render().expect("writing into memory does not fail")
}

/// From when on trials count that have a warm-up, a line for all or for each policy.
fn warm_ups(panels: &[Panel<'_>]) -> Vec<String> {
    let says = |panel: &Panel<'_>| {
        let length = warm_up(panel.plan)?;
        Some(format!(
            "Counting begins after {length}, the warm-up: what happens before is shown, and counts \
             nowhere."
        ))
    };
    let mut lines: Vec<String> = panels
        .iter()
        .filter_map(|panel| says(panel).map(|says| (panel, says)))
        .map(|(panel, says)| match panels.iter().all(|it| it.plan.warm_up == panel.plan.warm_up) {
            true => says,
            false => format!("{}: {says}", panel.name),
        })
        .collect();
    lines.dedup();
    lines
}

/// How long a trial of the plan does not count; nothing where it counts from the start.
pub(super) fn warm_up(plan: &Plan) -> Option<Span> {
    let length = plan.warm_up.since(SimTime::START);
    (length > Span::ZERO).then_some(length)
}

fn listed<'a>(panels: &[Panel<'a>], steps: &[Step<'a>]) -> Vec<ListedStep<'a>> {
    let mut before = SimTime::START;
    let mut listed = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let since = match step.at.since(before) {
            Span::ZERO => String::new(),
            since => since.to_string(),
        };
        before = step.at;
        let parts =
            panels.iter().zip(&step.frames).enumerate().filter_map(|(n, (panel, frame))| {
                let mut part = part(panel, (*frame)?);
                part.panel = n;
                if panels.len() > 1 {
                    part.policy = panel.name;
                }
                Some(part)
            });
        let parts = parts.collect();
        listed.push(ListedStep { number, clock: step.at.to_string(), since, parts });
    }
    listed
}

/// Kinds of lines that are about lost data.
const LOSSES: [&str; 2] = ["lost", "LOST"];

fn part<'a>(panel: &Panel<'a>, frame: &'a Frame) -> Part<'a> {
    let line = |text| ListedTold { kind: "replay", event: None, text, is_loss: false };
    let mut told: Vec<ListedTold<'a>> = Vec::new();
    match frame.kind {
        FrameKind::Start => told.push(line("begins: everything is up")),
        FrameKind::End => told.push(line("ends here")),
        FrameKind::Moment | FrameKind::AfterOmission(_) => {}
    }
    told.extend(frame.told.iter().map(|told| match told {
        Told::Line { kind, text } => {
            let is_loss = LOSSES.contains(kind) && !text.starts_with("nothing");
            ListedTold { kind, event: None, text, is_loss }
        }
        Told::Event { source, message } => {
            ListedTold { kind: "event", event: Some(source), text: message, is_loss: false }
        }
    }));
    if told.is_empty() {
        told.push(line("nothing that concerns clients"));
    }
    Part {
        panel: 0,
        policy: "",
        omitted: match frame.kind {
            FrameKind::AfterOmission(1) => "1 moment before this one is left out".to_owned(),
            FrameKind::AfterOmission(n) => {
                format!("{} moments before this one are left out", count(n as u128))
            }
            FrameKind::Start | FrameKind::Moment | FrameKind::End => String::new(),
        },
        told,
        whys: frame.whys.iter().map(|why| listed_why(panel.plan, why)).collect(),
    }
}

fn listed_why<'a>(plan: &'a Plan, why: &'a Why) -> ListedWhy<'a> {
    let words = Words::new(plan);
    let choice = |choice: &Choice| ListedChoice {
        node: words.node(choice.node),
        az: words.az(plan.nodes[choice.node.idx()].az),
        lag: choice.lag.map_or("–".to_owned(), |lag| lag.time.to_string()),
        behind: choice.lag.map_or("–".to_owned(), |lag| in_writes(lag.behind)),
        verdict: match choice.verdict {
            Verdict::Chosen => "chosen",
            Verdict::Eligible => "can be chosen",
            Verdict::NotEligible(why) => why,
        },
        is_chosen: choice.verdict == Verdict::Chosen,
    };
    let choices = why.choices.iter().map(choice).collect();
    ListedWhy { question: &why.question, answer: &why.answer, choices }
}

/// "64 writes".
pub(super) fn in_writes(amount: NanoWrites) -> String {
    match writes(amount).as_str() {
        "1" => "1 write".to_owned(),
        n => format!("{n} writes"),
    }
}
