//! Scenes of trials: pictures agree with the state of the model, and with what the text says.

use elasticache_sim::engine::rng::TrialKeys;
use std::collections::{BTreeMap, BTreeSet};

use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::Fact;
use elasticache_sim::model::plan::{NodeId, Plan, ShardId};
use elasticache_sim::model::state::{Data, Process, Reach as ModelReach, Update};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::report::scene::{
    Choice, Decision, Emptied, FrameKind, LossMark, Scene, Told, Verdict, totals_at,
};
use elasticache_sim::report::status::{Ending, NodeIs, Reach, Writes};
use elasticache_sim::report::timeline;
use elasticache_sim::scenario::Policy;

use crate::support::{load, load_all, run, stories};

fn scene(plan: &Plan, seed: u64, trial: u64) -> Scene {
    let (facts, _) = run(plan, seed, trial);
    Scene::of(plan, &facts, plan.horizon)
}

/// What is wrong with a node of a picture beside the node of the model.
fn differs(trial: &Trial<'_>, node: NodeId, is: NodeIs, reach: Reach) -> Option<String> {
    let state = trial.state();
    let (model, shard) = (state.node(node), trial.plan().nodes[node.idx()].shard);
    let is_primary = state.shard(shard).primary == node;
    let fits = match (model.process, model.data) {
        (Process::Absent, _) => is == NodeIs::Absent,
        (Process::Lost, _) => {
            matches!(is, NodeIs::Down | NodeIs::WaitingForAz | NodeIs::Provisioning)
        }
        // A patch restarts the process, and is told as a reboot.
        (Process::Crashed, _) if model.update == Update::UnderWay => is == NodeIs::Rebooting,
        (Process::Crashed, _) => is == NodeIs::ProcessDown,
        (Process::Rebooting(_), _) => is == NodeIs::Rebooting,
        (Process::Running, Data::Complete) if is_primary => {
            // One that is recreated keeps its data for the new node, and that is what one sees.
            matches!(
                is,
                NodeIs::Primary | NodeIs::FormerPrimary | NodeIs::Provisioning | NodeIs::Syncing
            )
        }
        (Process::Running, Data::Complete) => {
            matches!(is, NodeIs::Replica | NodeIs::FormerPrimary)
        }
        (Process::Running, Data::Syncing) => is == NodeIs::Syncing,
        (Process::Running, Data::Logged) => matches!(is, NodeIs::Reading | NodeIs::Empty),
        (Process::Running, Data::Empty) => {
            matches!(is, NodeIs::Empty | NodeIs::Primary | NodeIs::Syncing)
        }
    };
    let cut = matches!(model.reach, ModelReach::Isolated | ModelReach::Minority);
    let reach_fits = cut == (reach == Reach::CutOff);
    (!fits || !reach_fits).then(|| {
        let name = &trial.plan().nodes[node.idx()].name;
        format!("{name}: {is:?} {reach:?}, but {model:?} in {:?}", state.shard(shard))
    })
}

#[test]
fn pictures_are_what_the_model_says() {
    let mut wrong = Vec::new();
    for name in stories() {
        let scenario = load(&name);
        // In a migration roles and data are those of two groups at once.
        if scenario.plan.migration.is_some() {
            continue;
        }
        let scene = scene(&scenario.plan, scenario.seed, 0);
        let mut trial = Trial::begin(&scenario.plan, TrialKeys::new(scenario.seed).key(0));
        for frame in &scene.frames {
            trial.run_until(frame.at, &mut ());
            for (node, view) in scenario.plan.node_ids().zip(&frame.nodes) {
                let found = differs(&trial, node, view.is, view.reach);
                wrong.extend(found.map(|text| format!("{name} at {}: {text}", frame.at)));
            }
            for (shard, view) in scenario.plan.shard_ids().zip(&frame.shards) {
                let state = trial.state().shard(shard);
                if (view.primary, view.endpoint) != (state.primary, state.endpoint) {
                    wrong.push(format!("{name} at {}: {view:?}, but {state:?}", frame.at));
                }
                let accepts = trial.state().books(shard).accepting;
                let shown = matches!(view.writes, Writes::Accepted | Writes::Unconfirmed(_));
                if accepts != shown && frame.at < scenario.plan.horizon {
                    wrong.push(format!("{name} at {}: {view:?}, accepts {accepts}", frame.at));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn scenes_say_what_the_text_says() {
    for name in stories() {
        let scenario = load(&name);
        let (facts, outcome) = run(&scenario.plan, scenario.seed, 0);
        let text = timeline::render(&scenario.plan, &facts, &outcome);
        let scene = Scene::of(&scenario.plan, &facts, scenario.plan.horizon);
        let folded = text.contains("backups from");
        for told in scene.frames.iter().flat_map(|frame| &frame.told) {
            let said = match told {
                Told::Line { text, .. } => text.clone(),
                Told::Event { source, message } => format!("{source}  \"{message}\""),
            };
            assert!(folded || text.contains(&said), "{name}: {said}");
        }
        let last = scene.frames.last().expect("a scene has a first and a last frame");
        assert_eq!(last.totals.lost, outcome.raw(Metric::LostWrites), "{name}");
        assert_eq!(last.totals.failovers, outcome.raw(Metric::Failovers) as u64, "{name}");
        let (marked, lost) = (marked(&scene), last.totals.lost + last.totals.dataset_lost);
        // A way back of a migration brings back what was lost.
        let is_brought_back = scenario.plan.migration.is_some() && marked > lost;
        assert!(marked == lost || is_brought_back, "{name}: {marked} marked, {lost} lost");
    }
}

/// Acknowledged writes of all marks of a scene, in a dataset or not.
fn marked(scene: &Scene) -> u128 {
    scene.losses.iter().map(|loss| loss.writes + loss.dataset_writes).sum()
}

#[test]
fn a_snapshot_that_nobody_restores_is_a_loss() {
    let experiment = load_all("durability");
    let has_snapshots = |policy: &&Policy| policy.name == "daily snapshots";
    let policy = experiment.policies.iter().find(has_snapshots).expect("the scenario's point");
    let (facts, outcome) = run(&policy.plan, experiment.seed, 54);
    let scene = Scene::of(&policy.plan, &facts, policy.plan.horizon);
    let lost = outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLostWrites);
    assert_eq!(marked(&scene), lost);
    let of_snapshots = |loss: &&LossMark| loss.datasets == 0 && loss.dataset_writes > 0;
    assert_eq!(scene.losses.iter().filter(of_snapshots).count(), 1);
}

#[test]
fn an_empty_primary_says_why_nothing_is_left() {
    let scenario = load("customer-reboot");
    let scene = scene(&scenario.plan, scenario.seed, 0);
    let frame = scene.frames.iter().find(|frame| !frame.emptied.is_empty());
    let frame = frame.expect("the primary comes back empty");
    let how: Vec<Emptied> = frame.emptied.iter().map(|(_, how)| *how).collect();
    let dropped = Emptied::DroppedCopy;
    assert_eq!(how, [Emptied::ServesNothing, dropped, dropped], "the replicas follow it");
    let answer = |decision: Decision| {
        let why = frame.whys.iter().find(|why| why.decision == decision).expect("it is asked");
        why.answer.join(" ")
    };
    let loss = answer(Decision::Loss);
    assert!(loss.contains("came back empty") && loss.contains("No node is gone"), "{loss}");
    let flush = answer(Decision::Flush);
    assert!(flush.contains("MZ-61") && !flush.contains("failover"), "{flush}");
}

#[test]
fn a_promotion_says_who_could_be_chosen() {
    let scenario = load("az-outage");
    let scene = scene(&scenario.plan, scenario.seed, 0);
    let mut whys = scene.frames.iter().flat_map(|frame| &frame.whys);
    let why = whys.find(|why| why.decision == Decision::Promotion).expect("somebody is promoted");
    let verdicts: Vec<Verdict> = why.choices.iter().map(|choice| choice.verdict).collect();
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Chosen).count(), 1);
    let chosen = why.choices.iter().find(|it| it.verdict == Verdict::Chosen).expect("counted");
    let lag = chosen.lag.expect("the primary was lost, so lags were drawn");
    for other in why.choices.iter().filter_map(|choice| choice.lag) {
        assert!(lag.behind <= other.behind, "least-lag chooses the least: {why:?}");
    }
}

#[test]
fn totals_at_an_instant_are_those_of_its_frame() {
    let scenario = load("az-outage");
    let (facts, _) = run(&scenario.plan, scenario.seed, 0);
    let scene = Scene::of(&scenario.plan, &facts, scenario.plan.horizon);
    let instants: Vec<SimTime> = scene.frames.iter().map(|frame| frame.at).collect();
    let totals = totals_at(&scenario.plan, &facts, &instants);
    assert!(scene.frames.iter().map(|frame| frame.totals).eq(totals));
    let [outage] = scene.outages.as_slice() else { panic!("{:?}", scene.outages) };
    let early = outage.from + Span::from_secs(1);
    let [began, later] = totals_at(&scenario.plan, &facts, &[outage.from, early])[..] else {
        panic!("two were asked for")
    };
    assert!(began.rejected < later.rejected, "between two events clients are refused, too");
}

#[test]
fn phases_of_an_outage_fill_it() {
    let scenario = load("az-outage");
    let scene = scene(&scenario.plan, scenario.seed, 0);
    let [outage] = scene.outages.as_slice() else { panic!("{:?}", scene.outages) };
    assert_eq!(outage.ending, Ending::Over);
    assert_eq!(outage.phases.first().map(|(_, at)| *at), Some(outage.from));
    assert!(outage.phases.is_sorted_by_key(|(_, at)| *at));
    assert!(outage.to.since(outage.from) > Span::ZERO);
}

#[test]
fn long_trials_are_cut_to_what_matters() {
    let experiment = load_all("w2-harsh");
    let plan = &experiment.policies[0].plan;
    let mut long = plan.clone();
    long.horizon = elasticache_sim::engine::time::SimTime::START
        + Span::from_nanos(plan.horizon.as_nanos() * 20);
    let scene = scene(&long, experiment.seed, 0);
    assert!(scene.n_left_out > 0 && scene.frames.len() < 1_000, "{}", scene.frames.len());
    let omitted: usize = scene
        .frames
        .iter()
        .map(|frame| match frame.kind {
            FrameKind::AfterOmission(n) => n,
            FrameKind::Start | FrameKind::Moment | FrameKind::End => 0,
        })
        .sum();
    assert_eq!(omitted, scene.n_left_out);
    assert!(scene.frames.is_sorted_by_key(|frame| frame.at));
    let longest = scene.outages.iter().max_by_key(|outage| outage.to.since(outage.from));
    let longest = longest.expect("so long a trial has outages");
    let worst =
        scene.losses.iter().max_by_key(|loss| (loss.datasets, loss.dataset_writes + loss.writes));
    let worst = worst.expect("and losses");
    let phases = longest.phases.iter().map(|(_, at)| *at);
    for at in phases.chain([longest.from, longest.to, worst.at]) {
        assert!(scene.frames.iter().any(|frame| frame.at == at), "nothing is shown of {at}");
    }
    // A part of it has every moment of its interval.
    let (facts, _) = run(&long, experiment.seed, 0);
    let part = Scene::between((&long, &facts), (longest.from, longest.to), long.horizon);
    assert_eq!((&part.outages, &part.losses), (&scene.outages, &scene.losses));
    let is_inside = |at: &SimTime| (longest.from..=longest.to).contains(at);
    let told = facts.iter().map(|(at, _)| *at).filter(is_inside);
    let shown: BTreeSet<SimTime> = part.frames.iter().map(|frame| frame.at).collect();
    assert_eq!(told.filter(|at| !shown.contains(at)).count(), 0);
    assert!(part.frames.len() < scene.frames.len());
}

#[test]
fn a_loss_is_of_the_shard_that_loses() {
    let scenario = load("two-shards-az-outage");
    for trial in 0..20 {
        let (facts, outcome) = run(&scenario.plan, 1, trial);
        let scene = Scene::of(&scenario.plan, &facts, scenario.plan.horizon);
        let mut promoted: BTreeMap<ShardId, u128> = BTreeMap::new();
        for (_, fact) in &facts {
            if let Fact::Promoted { shard, loss, .. } = fact {
                *promoted.entry(*shard).or_default() += loss.writes;
            }
        }
        promoted.retain(|_, lost| *lost > 0);
        let mut marked: BTreeMap<ShardId, u128> = BTreeMap::new();
        for loss in &scene.losses {
            *marked.entry(loss.shard).or_default() += loss.writes;
        }
        assert_eq!(marked, promoted, "trial {trial}");
        assert_eq!(marked.values().sum::<u128>(), outcome.raw(Metric::LostWrites));
    }
}

#[test]
fn a_lost_dataset_says_why() {
    let scenario = load("second-failure-1x2");
    let scene = scene(&scenario.plan, scenario.seed, 0);
    let lost = scene.losses.iter().find(|loss| loss.datasets > 0).expect("the scenario's point");
    let frame = scene.frames.iter().find(|frame| frame.at == lost.at).expect("it is shown");
    let why = frame.whys.iter().find(|why| why.decision == Decision::Loss).expect("it is asked");
    assert_eq!(why.choices.len(), 2, "both nodes are looked at");
    let none = |choice: &Choice| matches!(choice.verdict, Verdict::NotEligible(_));
    assert!(why.choices.iter().all(none), "{why:?}");
    let told = scene.frames.iter().flat_map(|frame| &frame.whys).flat_map(|why| &why.answer);
    let promises = told.filter(|answer| answer.contains("a replica is to follow it"));
    assert_eq!(promises.count(), 1, "the first failure has a candidate, the second has none");
}
