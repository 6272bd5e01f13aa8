//! Decisions of a trial, and what those who made them knew then.

use crate::engine::time::SimTime;
use crate::model::fact::{BusFact, Fact, IsolationFact, Loss, OperationFact, ReplicasFact};
use crate::model::persistence::Durability;
use crate::model::plan::{
    ColdStartNode, Detector, Keeper, NodeId, Plan, Promotion, ReplacementStarts, Resync, ShardId,
};
use crate::report::status::{Fold, Lag, NodeIs, Reach};
use crate::report::words::Words;

/// What was decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Decision {
    /// A node is declared failed.
    Detection,
    /// A failover begins.
    Failover,
    /// Replicas stand for election, or cannot.
    Election,
    /// A replica is promoted.
    Promotion,
    /// There is nobody to promote.
    NoCandidate,
    /// No copy is left, so there is nothing to decide any more.
    Loss,
    /// A replacement begins, or waits.
    Replacement,
    /// Somebody refuses: a call, or writes.
    Refusal,
    /// A copy is dropped.
    Flush,
    /// Somebody serves without data.
    Empty,
}

impl Decision {
    /// The name in the data of a page.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Detection => "detection",
            Decision::Failover => "failover",
            Decision::Election => "election",
            Decision::Promotion => "promotion",
            Decision::NoCandidate => "no-candidate",
            Decision::Loss => "loss",
            Decision::Replacement => "replacement",
            Decision::Refusal => "refusal",
            Decision::Flush => "flush",
            Decision::Empty => "empty",
        }
    }
}

/// A decision, and what was known then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Why {
    /// What was decided.
    pub decision: Decision,
    /// What one asks.
    pub question: String,
    /// The answer, in sentences.
    pub answer: Vec<String>,
    /// The nodes among which somebody chose, if somebody did.
    pub choices: Vec<Choice>,
}

/// A node that could be chosen, or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The node.
    pub node: NodeId,
    /// What became of it.
    pub verdict: Verdict,
    /// How far it trailed by its own report, where that is known.
    pub lag: Option<Lag>,
}

/// What became of a node that could be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was chosen.
    Chosen,
    /// It could have been.
    Eligible,
    /// It could not, and why.
    NotEligible(&'static str),
}

/// Why the fact is so, if it is a decision; `status` is how things were before it.
pub(super) fn of((plan, status): (&Plan, &Fold<'_>), now: SimTime, fact: &Fact) -> Option<Why> {
    let asked = Asked { plan, status, words: Words::new(plan), now };
    match *fact {
        Fact::NodeDetected { node } => Some(asked.detection(node)),
        Fact::FailoverBegan { shard } => Some(asked.failover(shard)),
        Fact::Promoted { shard, to, loss, .. } => Some(asked.promotion(shard, to, loss)),
        Fact::FailoverFailed { shard } => Some(asked.no_candidate(shard)),
        Fact::DatasetLost { shard, .. } => Some(asked.loss(shard)),
        Fact::ReplacementWaits { node } | Fact::ReplacementStarted { node } => {
            asked.replacement(node, fact)
        }
        Fact::Flushed { node } => Some(asked.flush(node)),
        Fact::EmptyPrimary { node, .. } => Some(asked.empty(node)),
        Fact::ColdStartBegan { shard, node } => Some(asked.cold_start(shard, node)),
        Fact::Bus(fact) => asked.bus(fact),
        Fact::Operation(OperationFact::Refused { refusal, .. }) => Some(Why {
            decision: Decision::Refusal,
            question: "Why is the call refused?".to_owned(),
            answer: vec![format!("{} ({}).", capital(refusal.says()), refusal.rule())],
            choices: Vec::new(),
        }),
        Fact::Replicas(ReplicasFact::TooFew { shard, good, needed }) => {
            Some(asked.too_few(shard, (good, needed)))
        }
        Fact::Isolation(IsolationFact::Refuses { node }) => Some(Why {
            decision: Decision::Refusal,
            question: format!("Why does {} refuse writes?", asked.words.node(node)),
            answer: vec![
                "It is cut off and hears no majority of the other primaries. They may elect a \
                 successor, so what it takes now could be lost."
                    .to_owned(),
            ],
            choices: Vec::new(),
        }),
        _ => None,
    }
}

struct Asked<'a> {
    plan: &'a Plan,
    status: &'a Fold<'a>,
    words: Words<'a>,
    now: SimTime,
}

impl Asked<'_> {
    fn detection(&self, node: NodeId) -> Why {
        let (plan, name) = (self.plan, self.words.node(node));
        let shard = plan.nodes[node.idx()].shard;
        let group = plan.group_of(shard);
        let silent = match (self.status.stopped(node), self.status.node(node).reach) {
            (Some(since), _) => format!("{name} stopped {} ago.", self.now.since(since)),
            (None, Reach::CutOff) => format!("{name} runs, but cannot be reached."),
            (None, _) => format!("{name} does not answer."),
        };
        let who = match group.keeper {
            Keeper::ElastiCache => "The control plane",
            Keeper::Users => "Whoever watches the group",
        };
        let known = format!(
            "{who} is told of no failure: it notices silence, and acts once the detection's time \
             has passed. Until then it takes {name} for healthy."
        );
        let next = match (self.status.primary(shard) == node, group.detector) {
            (false, _) => "It was no primary: writes go on, and it is only replaced (MZ-37).",
            (true, Detector::ClusterBus) => {
                "Who follows is up to the other primaries; this is for the repair."
            }
            (true, Detector::Sentinel) => "Who follows is up to Sentinels; this is for the repair.",
            (true, Detector::Managed) if self.rule(shard).is_none() => {
                "Automatic failover is off, so no replica takes over: the primary itself is to \
                 come back, and is filled from the best copy (MZ-06)."
            }
            (true, Detector::Managed) if !self.has_candidate(shard) => {
                "It was the primary, and no replica can follow it: none answers and holds a \
                 complete copy."
            }
            (true, Detector::Managed) => "It was the primary, so a replica is to follow it.",
        };
        Why {
            decision: Decision::Detection,
            question: format!("Why is {name} declared failed only now?"),
            answer: vec![silent, known, next.to_owned()],
            choices: Vec::new(),
        }
    }

    fn failover(&self, shard: ShardId) -> Why {
        let because = match self.plan.group_of(shard).detector {
            Detector::Managed => "The primary is known to be gone, and automatic failover is on.",
            Detector::ClusterBus => "The primary is gone by agreement of a majority of primaries.",
            Detector::Sentinel => "A quorum of Sentinels finds the primary down.",
        };
        let next = "The role moves to a node that has the data already, so nothing waits for a \
                    new node (MZ-02). Which one is decided at the promotion, among those that \
                    answer then.";
        Why {
            decision: Decision::Failover,
            question: format!("Why does a failover of {} begin?", self.words.shard(shard)),
            answer: vec![because.to_owned(), next.to_owned()],
            choices: self.choices(shard, None),
        }
    }

    fn promotion(&self, shard: ShardId, to: NodeId, loss: Loss) -> Why {
        let name = self.words.node(to);
        let choices = self.choices(shard, Some(to));
        let is_able = |choice: &&Choice| match choice.verdict {
            Verdict::Chosen | Verdict::Eligible => true,
            Verdict::NotEligible(_) => false,
        };
        let by_rule = match (choices.iter().filter(is_able).count(), self.rule(shard)) {
            (0 | 1, _) | (_, None) => format!("{name} is the only one that can be."),
            (_, Some(Promotion::LeastLag)) => format!(
                "Rule \"promotion = least-lag\" (MZ-24): of those that can, the one that reports \
                 the most of the history; equal ones go by the smallest id (MZ-26). In which AZ \
                 it is has no part in it (MZ-25). That is {name}."
            ),
            (_, Some(Promotion::LowestId)) => {
                format!("Rule \"promotion = lowest-id\": the smallest node id. That is {name}.")
            }
            (_, Some(Promotion::Random)) => {
                format!("Rule \"promotion = random\": any of those that can. It is {name}.")
            }
        };
        let cost = match (self.plan.group_of(shard).durability, loss.writes) {
            (Durability::Async | Durability::Sync, _) => {
                "What it did not have it reads from the log in several AZs."
            }
            (Durability::Disabled, 0) => "It had every write, so nothing is lost.",
            (Durability::Disabled, _) => {
                "What it did not have yet is lost: the old primary had acknowledged those writes \
                 without waiting for it."
            }
        };
        Why {
            decision: Decision::Promotion,
            question: format!("Why is {name} promoted?"),
            answer: vec![by_rule, cost.to_owned()],
            choices,
        }
    }

    fn no_candidate(&self, shard: ShardId) -> Why {
        let choices = self.choices(shard, None);
        let answer = match choices.is_empty() {
            true => "The shard has no replica.",
            false => "No replica both answers and holds a complete copy.",
        };
        Why {
            decision: Decision::NoCandidate,
            question: format!("Why is nobody promoted in {}?", self.words.shard(shard)),
            answer: vec![answer.to_owned()],
            choices,
        }
    }

    /// Whether the primary of a shard came back empty at this instant.
    fn is_empty_now(&self, shard: ShardId) -> bool {
        self.status.came_back_empty(shard) == Some(self.now)
    }

    fn loss(&self, shard: ShardId) -> Why {
        let primary = self.status.primary(shard);
        let question = format!("Why is the dataset of {} lost?", self.words.shard(shard));
        if self.is_empty_now(shard) {
            let (decision, choices) = (Decision::Loss, Vec::new());
            return Why { decision, question, answer: self.emptied(shard, primary), choices };
        }
        let nodes = self.plan.shards[shard.idx()].node_ids();
        let there = nodes.filter(|node| self.status.node(*node).is != NodeIs::Absent);
        let choice = |node: NodeId| Choice {
            node,
            verdict: self.verdict(node, primary),
            lag: self.status.node(node).lag,
        };
        Why {
            decision: Decision::Loss,
            question,
            answer: vec![
                "The last node with a complete copy is gone: there is nobody to promote, and \
                 nothing to copy from."
                    .to_owned(),
            ],
            choices: there.map(choice).collect(),
        }
    }

    /// Why nothing is left of a shard whose primary came back empty.
    fn emptied(&self, shard: ShardId, primary: NodeId) -> Vec<String> {
        let name = self.words.node(primary);
        let mut answer = vec![format!(
            "{name} is primary still, and came back empty: its memory went with its process \
             (MZ-61). What it holds is the dataset, and it holds nothing."
        )];
        let mut others = self.plan.shards[shard.idx()].node_ids().filter(|node| *node != primary);
        if others.any(|node| self.status.node(node).is != NodeIs::Absent) {
            let text = "No node is gone: replicas had the data a moment ago. They attach to it, see \
                        another history, and clear their copies.";
            answer.push(text.to_owned());
        }
        answer
    }

    fn replacement(&self, node: NodeId, fact: &Fact) -> Option<Why> {
        let (plan, name) = (self.plan, self.words.node(node));
        let az = self.words.az(plan.nodes[node.idx()].az);
        // A node that still answers is replaced as planned work.
        if self.status.node(node).is.runs() {
            return None;
        }
        let (question, answer) = match fact {
            Fact::ReplacementWaits { .. } => (
                format!("Why is {name} not replaced yet?"),
                format!(
                    "A new node goes into the AZ of the old one, and {az} is down (MZ-59, rule \
                     \"replacement-waits-for-az\")."
                ),
            ),
            _ if self.status.node(node).is == NodeIs::WaitingForAz => (
                format!("Why is {name} replaced now?"),
                format!(
                    "Its failure was detected before; the new node waited for the AZ of the old \
                     one, {az}, which is up again (MZ-59)."
                ),
            ),
            _ => {
                let when = match plan.rules.replacement_starts {
                    ReplacementStarts::AtFailure => "at the failure itself",
                    ReplacementStarts::AfterDetection => "once the failure is detected",
                    ReplacementStarts::AfterFailover => {
                        "once the failure is detected and no failover is under way (MZ-27)"
                    }
                };
                let text = format!("A lost node is replaced in its own AZ, {az}, {when}.");
                (format!("Why is {name} replaced now?"), text)
            }
        };
        let choices = Vec::new();
        Some(Why { decision: Decision::Replacement, question, answer: vec![answer], choices })
    }

    fn flush(&self, node: NodeId) -> Why {
        let (plan, name) = (self.plan, self.words.node(node));
        let primary = self.words.node(self.status.primary(plan.nodes[node.idx()].shard));
        let rule = match plan.rules.resync {
            _ if self.is_empty_now(plan.nodes[node.idx()].shard) => {
                "That one came back empty, with a new history; a replica that sees this clears what \
                 it has (MZ-61)."
            }
            Resync::Full => {
                "Rule \"resync-after-failover = full\": after a failover the other replicas copy \
                 everything anew (MZ-62), also where they lack little."
            }
            Resync::Engine | Resync::None => {
                "What it lacks cannot be fetched alone: the two histories have parted, or too \
                 much is missing."
            }
        };
        Why {
            decision: Decision::Flush,
            question: format!("Why does {name} drop its copy?"),
            answer: vec![
                format!("A replica holds what its primary holds, and {primary} is its primary."),
                rule.to_owned(),
            ],
            choices: Vec::new(),
        }
    }

    fn empty(&self, node: NodeId) -> Why {
        Why {
            decision: Decision::Empty,
            question: "Why does no replica take over?".to_owned(),
            answer: vec![
                format!(
                    "{} still had the role when its process came back: nobody had declared it \
                     failed. A reboot that the customer asks for is no failure (MZ-60), and a \
                     crash can be over before it is detected.",
                    self.words.node(node)
                ),
                "The data was in the memory of the old process. Replicas follow their primary, \
                 whatever it holds: they drop their copies, too."
                    .to_owned(),
            ],
            choices: Vec::new(),
        }
    }

    fn cold_start(&self, shard: ShardId, node: NodeId) -> Why {
        let rule = match self.plan.rules.cold_start_node {
            ColdStartNode::FirstReady => "the first node that answers serves (MZ-33)",
            ColdStartNode::PrimarySlot => "the slot of the lost primary serves again",
        };
        Why {
            decision: Decision::Empty,
            question: format!("Why is {} made an empty primary?", self.words.node(node)),
            answer: vec![format!(
                "No node has a complete copy of {} any more. So that writes go on at all, {rule}.",
                self.words.shard(shard)
            )],
            choices: Vec::new(),
        }
    }

    fn bus(&self, fact: BusFact) -> Option<Why> {
        let (question, text, shard) = match fact {
            BusFact::ElectionBegan { shard, .. } => (
                format!("Who stands for election in {}?", self.words.shard(shard)),
                "Each replica whose data is young enough; who has more of the history asks for \
                 votes earlier. The primaries of the group vote."
                    .to_owned(),
                Some(shard),
            ),
            BusFact::NoAgreement { shard } => (
                format!("Why is nobody elected in {}?", self.words.shard(shard)),
                "Only the primaries of the group have votes, and no majority of them is left; or \
                 no replica is fit. They try again, unless the managed control plane comes first."
                    .to_owned(),
                Some(shard),
            ),
            BusFact::TakeoverBegan { shard } => (
                "Why does the control plane step in?".to_owned(),
                "The primaries could not elect anybody in its time.".to_owned(),
                Some(shard),
            ),
            BusFact::MajorityLost { serving, majority, .. } => (
                "Why does that matter to the other shards?".to_owned(),
                format!(
                    "Serving primaries: {serving}; a majority is {majority}. Without one they can \
                     neither agree on a failure nor elect, and soon refuse writes themselves."
                ),
                None,
            ),
            BusFact::WritesRefused { .. } => (
                "Why do healthy primaries refuse writes?".to_owned(),
                "Each hears no majority of the primaries, so it might be the one that is cut off: \
                 what it takes could be lost."
                    .to_owned(),
                None,
            ),
            BusFact::Suspected { .. }
            | BusFact::ObjectivelyDown { .. }
            | BusFact::VoteSplit { .. }
            | BusFact::MajorityBack { .. }
            | BusFact::WritesTaken { .. } => return None,
        };
        let choices = shard.map(|shard| self.choices(shard, None)).unwrap_or_default();
        Some(Why { decision: Decision::Election, question, answer: vec![text], choices })
    }

    fn too_few(&self, shard: ShardId, (good, needed): (u8, u8)) -> Why {
        Why {
            decision: Decision::Refusal,
            question: format!("Why does the primary of {} refuse?", self.words.shard(shard)),
            answer: vec![format!(
                "Writes ask for {needed} replicas that were heard of lately; it has {good}. What \
                 no replica has would be lost with it, so it takes nothing."
            )],
            choices: Vec::new(),
        }
    }

    /// Which replica follows a lost primary of the shard at this instant.
    fn rule(&self, shard: ShardId) -> Option<Promotion> {
        let group = self.plan.shards[shard.idx()].group;
        let rule = self.plan.group_of(shard).promotion;
        rule.filter(|_| self.status.failover(group).protects())
    }

    /// Whether any replica of the shard can be promoted now.
    fn has_candidate(&self, shard: ShardId) -> bool {
        self.choices(shard, None).iter().any(|choice| choice.verdict == Verdict::Eligible)
    }

    /// The replicas of a shard, and which of them can be promoted.
    fn choices(&self, shard: ShardId, chosen: Option<NodeId>) -> Vec<Choice> {
        let primary = self.status.primary(shard);
        let nodes = self.plan.shards[shard.idx()].node_ids();
        let is_other = |node: &NodeId| *node != primary || chosen == Some(*node);
        let there =
            nodes.filter(is_other).filter(|node| self.status.node(*node).is != NodeIs::Absent);
        let choice = |node: NodeId| {
            let verdict = match chosen == Some(node) {
                true => Verdict::Chosen,
                false => self.verdict(node, primary),
            };
            Choice { node, verdict, lag: self.status.node(node).lag }
        };
        there.map(choice).collect()
    }

    fn verdict(&self, node: NodeId, primary: NodeId) -> Verdict {
        let view = self.status.node(node);
        let is_chained = self.plan.nodes[node.idx()].chained_to.is_some_and(|to| to != primary);
        let why_not = match view.is {
            _ if view.reach != Reach::Open => "cannot be reached",
            NodeIs::Replica if is_chained => "copies from another replica",
            NodeIs::Replica => return Verdict::Eligible,
            NodeIs::Syncing => "has no complete copy yet: its full sync is not over",
            NodeIs::Reading => "has no complete copy yet: it reads its log",
            NodeIs::Empty => "answers, and is empty",
            NodeIs::Down | NodeIs::WaitingForAz | NodeIs::Provisioning => "is lost, with its copy",
            NodeIs::ProcessDown => "its process is gone, with its copy",
            NodeIs::Rebooting => "is rebooting, and its copy is gone",
            NodeIs::Primary | NodeIs::FormerPrimary => "is no replica",
            NodeIs::Absent => "is not there",
        };
        Verdict::NotEligible(why_not)
    }
}

/// A sentence begins with a capital letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
