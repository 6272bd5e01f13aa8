//! [`Batch`]: many trials of one or several policies on the same faults, on any number of threads.
//!
//! The unit of work is one trial index with all policies, so that pairing cannot be forgotten.
//! Trials are cut into blocks of [`BLOCK`] consecutive ones. Workers take blocks from a counter;
//! the calling thread merges what they found in the order of the blocks, so that no number depends
//! on how many workers there were or who was faster. Between two blocks the state of the batch is
//! a value that can be kept and gone on from.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use crate::engine::rng::TrialKeys;
use crate::engine::time::SimTime;
use crate::model::plan::Plan;
use crate::montecarlo::compare::{Differences, Side};
use crate::montecarlo::objectives::Objectives;
use crate::montecarlo::tally::{BlockTally, Finished, Tally};
use crate::montecarlo::trial::{Checks, Trial};
use crate::observe::episodes::Episodes;
use crate::observe::metrics::{Metric, Metrics, N_METRICS, Outcome};

/// Trials in a block. Part of the results: sums of floating-point numbers are made block by block.
/// Small enough that an interrupted batch loses little, large enough that handing blocks around
/// costs nothing.
pub const BLOCK: u64 = 100;

/// How many blocks per worker may be under way or wait to be merged, so that a slow one neither
/// stops the others at once nor lets them fill the memory.
const WINDOW: u64 = 4;

/// Which trials to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchSpec {
    /// One number per run.
    pub seed: u64,
    /// Trials 0 to this, exclusive; at least one.
    pub trials: u64,
}

/// A policy that takes part in a batch.
#[derive(Clone, Copy, Debug)]
pub struct Contender<'a> {
    /// What its trials are run with.
    pub plan: &'a Plan,
    /// What its episodes are held against.
    pub objectives: Objectives,
}

/// What a batch runs, and how.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The policies; at least one.
    pub contenders: &'a [Contender<'a>],
    /// The position of the one that the others are compared with.
    pub reference: usize,
    /// Which trials.
    pub spec: BatchSpec,
    /// How many workers; at least one.
    pub threads: usize,
}

/// A trial broke one of our own assertions: a bug of ours, with what reproduces it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokenTrial {
    /// The seed.
    pub seed: u64,
    /// The trial.
    pub trial: u64,
    /// Which of the batch's policies.
    pub policy: usize,
    /// When in it.
    pub at: SimTime,
}

/// Why a batch ended before its time.
#[derive(Debug)]
pub enum BatchError<E> {
    /// A trial broke an assertion.
    Broken(BrokenTrial),
    /// Who listened to it failed.
    Listener(E),
}

/// A batch between two blocks: all that it takes to go on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// Trials merged: 0 to this, exclusive.
    pub trials: u64,
    /// By policy.
    pub tallies: Vec<Tally>,
    /// By policy; empty for the reference.
    pub differences: Vec<Differences>,
}

impl Progress {
    /// Nothing done yet.
    pub fn start(n_policies: usize) -> Self {
        Progress {
            trials: 0,
            tallies: vec![Tally::default(); n_policies],
            differences: vec![Differences::default(); n_policies],
        }
    }

    /// Whether a batch of so many policies can go on with it: what was written by another version
    /// may have other metrics, or stand within a block.
    pub fn is_of(&self, n_policies: usize) -> bool {
        self.trials.is_multiple_of(BLOCK)
            && self.tallies.len() == n_policies
            && self.differences.len() == n_policies
            && self.tallies.iter().all(Tally::is_whole)
            && self.differences.iter().all(Differences::is_whole)
    }
}

/// A trial of one policy, for who writes rows.
#[derive(Clone, Copy, Debug)]
pub struct TrialRow<'a> {
    /// Position of the policy.
    pub policy: usize,
    /// Number of the trial.
    pub trial: u64,
    /// What it came to.
    pub outcome: &'a Outcome,
    /// In the units of the metrics.
    pub values: &'a [f64; N_METRICS],
    /// Its outages and failovers.
    pub episodes: &'a Episodes,
}

/// The rows of a block as text: what workers write and the keeper appends.
#[derive(Clone, Debug, Default)]
pub struct RowText {
    /// One row per policy and trial.
    pub trials: Vec<u8>,
    /// One row per outage and failover.
    pub outages: Vec<u8>,
}

/// Writes rows of trials, in the workers.
pub trait RowWriter: Sync {
    /// Writes the rows of a trial; called in the order of trials within a block.
    fn write(&self, row: &TrialRow<'_>, text: &mut RowText);
}

/// Writes none.
impl RowWriter for () {
    fn write(&self, _: &TrialRow<'_>, _: &mut RowText) {}
}

/// Writes those of somebody, or none.
impl<W: RowWriter> RowWriter for Option<W> {
    fn write(&self, row: &TrialRow<'_>, text: &mut RowText) {
        if let Some(writer) = self {
            writer.write(row, text);
        }
    }
}

/// Whether a batch goes on after a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It does.
    GoOn,
    /// It ends here. Blocks under way are thrown away.
    Enough,
}

/// Why a worker did not finish a block.
enum Unfinished {
    /// The batch was stopped.
    Stopped,
    /// A trial broke an assertion.
    Broken(BrokenTrial),
}

/// What a worker found in a block.
struct Block {
    tallies: Vec<BlockTally>,
    differences: Vec<Differences>,
    text: RowText,
}

impl Batch<'_> {
    /// Runs the trials that `progress` lacks, and after each block tells `listener` its rows and
    /// what is merged so far. It ends early when `stop` is set, after the trials under way, whose
    /// blocks are thrown away, or when the listener has enough; what was merged by then is in
    /// `progress`.
    pub fn run<E>(
        &self,
        progress: &mut Progress,
        rows: &impl RowWriter,
        mut listener: impl FnMut(&RowText, &Progress) -> Result<Next, E>,
        stop: &AtomicBool,
    ) -> Result<(), BatchError<E>> {
        assert!(self.spec.trials > 0, "a batch has at least one trial");
        assert!(progress.trials.is_multiple_of(BLOCK), "a batch goes on between two blocks");
        let first = progress.trials / BLOCK;
        let end = self.spec.trials.div_ceil(BLOCK);
        let n_workers = self.threads.min(end.saturating_sub(first) as usize);
        let counter = Counter::new(first..end, WINDOW * n_workers.max(1) as u64);
        if n_workers <= 1 {
            let mut worker = Worker::new(self);
            while let Some(n) = counter.take(stop) {
                let block = match worker.run(n, (rows, stop)) {
                    Ok(block) => block,
                    Err(Unfinished::Stopped) => break,
                    Err(Unfinished::Broken(broken)) => return Err(BatchError::Broken(broken)),
                };
                self.merge(&block, progress);
                counter.merged();
                match listener(&block.text, progress).map_err(BatchError::Listener)? {
                    Next::GoOn => {}
                    Next::Enough => break,
                }
            }
            return Ok(());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_workers)
            .build()
            .expect("the system gives us threads");
        let (sender, receiver) = sync_channel(n_workers);
        pool.in_place_scope(|scope| {
            for _ in 0..n_workers {
                let (sender, counter) = (sender.clone(), &counter);
                scope.spawn(move |_| {
                    let _closing = CloseOnPanic(counter);
                    let mut worker = Worker::new(self);
                    while let Some(n) = counter.take(stop) {
                        let block = match worker.run(n, (rows, stop)) {
                            Ok(block) => Ok(block),
                            Err(Unfinished::Stopped) => break,
                            Err(Unfinished::Broken(broken)) => Err(broken),
                        };
                        if sender.send((n, block)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let _closing = CloseOnPanic(&counter);
            let result = self.merge_all(receiver, (&counter, stop), progress, &mut listener);
            counter.close();
            result
        })
    }

    /// Merges blocks in their order, however they come. Of a batch that was stopped those behind
    /// one that was thrown away are left over.
    fn merge_all<E>(
        &self,
        receiver: Receiver<(u64, Result<Block, BrokenTrial>)>,
        (counter, stop): (&Counter, &AtomicBool),
        progress: &mut Progress,
        listener: &mut impl FnMut(&RowText, &Progress) -> Result<Next, E>,
    ) -> Result<(), BatchError<E>> {
        let mut early = BTreeMap::new();
        let mut expected = progress.trials / BLOCK;
        while let Ok((n, block)) = receiver.recv() {
            early.insert(n, block);
            while let Some(block) = early.remove(&expected) {
                let block = block.map_err(BatchError::Broken)?;
                self.merge(&block, progress);
                counter.merged();
                expected += 1;
                match listener(&block.text, progress).map_err(BatchError::Listener)? {
                    Next::GoOn => {}
                    Next::Enough => return Ok(()),
                }
            }
        }
        let is_stopped = stop.load(Ordering::Relaxed);
        assert!(is_stopped || early.is_empty(), "a block that was taken comes back");
        Ok(())
    }

    fn merge(&self, block: &Block, progress: &mut Progress) {
        for (tally, block) in progress.tallies.iter_mut().zip(&block.tallies) {
            tally.merge(block);
        }
        for (differences, block) in progress.differences.iter_mut().zip(&block.differences) {
            differences.merge(block);
        }
        progress.trials = (progress.trials + BLOCK).min(self.spec.trials);
    }
}

/// Hands out blocks, in order, and not too many at a time.
struct Counter {
    state: Mutex<CounterState>,
    changed: Condvar,
    end: u64,
    window: u64,
}

struct CounterState {
    next: u64,
    merged: u64,
}

/// Wakes everybody who waits for a block when somebody panics, so that the panic is seen.
struct CloseOnPanic<'c>(&'c Counter);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

impl Counter {
    fn new(blocks: Range<u64>, window: u64) -> Self {
        let state = Mutex::new(CounterState { next: blocks.start, merged: blocks.start });
        Counter { state, changed: Condvar::new(), end: blocks.end, window }
    }

    /// The next block; `None` when there is no more, or nobody wants any.
    fn take(&self, stop: &AtomicBool) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if stop.load(Ordering::Relaxed) || state.next >= self.end {
                return None;
            }
            if state.next < state.merged.saturating_add(self.window) {
                state.next += 1;
                return Some(state.next - 1);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn merged(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).merged += 1;
        self.changed.notify_all();
    }

    /// No more blocks are handed out.
    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).next = self.end;
        self.changed.notify_all();
    }
}

/// One thread's memory: a trial and its observers per policy, used again and again.
struct Worker<'a> {
    batch: &'a Batch<'a>,
    keys: TrialKeys,
    seats: Vec<Seat<'a>>,
}

/// A policy's place in a worker.
struct Seat<'a> {
    trial: Trial<'a>,
    observers: (Metrics<'a>, Episodes),
    divisors: [f64; N_METRICS],
    outcome: Outcome,
    values: [f64; N_METRICS],
}

impl<'a> Worker<'a> {
    fn new(batch: &'a Batch<'a>) -> Self {
        let mut keys = TrialKeys::new(batch.spec.seed);
        let key = keys.key(0);
        let seat = |contender: &Contender<'a>| {
            let plan = contender.plan;
            Seat {
                trial: Trial::begin(plan, key),
                observers: (Metrics::new(plan), Episodes::new(plan)),
                divisors: Metric::ALL.map(|metric| metric.divisor(plan)),
                outcome: Outcome::ZERO,
                values: [0.0; N_METRICS],
            }
        };
        Worker { batch, keys, seats: batch.contenders.iter().map(seat).collect() }
    }

    /// Runs the trials of a block, unless `stop` is set before the last of them.
    fn run(
        &mut self,
        block: u64,
        (rows, stop): (&impl RowWriter, &AtomicBool),
    ) -> Result<Block, Unfinished> {
        let trials = block * BLOCK..((block + 1) * BLOCK).min(self.batch.spec.trials);
        let n_policies = self.seats.len();
        let mut result = Block {
            tallies: vec![BlockTally::new(trials.start); n_policies],
            differences: vec![Differences::default(); n_policies],
            text: RowText::default(),
        };
        for trial in trials.clone() {
            if stop.load(Ordering::Relaxed) {
                return Err(Unfinished::Stopped);
            }
            self.run_trial(trial).map_err(Unfinished::Broken)?;
            self.tell(trial, rows, &mut result);
        }
        for tally in &mut result.tallies {
            tally.finish();
        }
        for (policy, differences) in result.differences.iter_mut().enumerate() {
            if policy != self.batch.reference {
                differences.finish(trials.end - trials.start);
            }
        }
        Ok(result)
    }

    /// Runs one trial of all policies.
    fn run_trial(&mut self, number: u64) -> Result<(), BrokenTrial> {
        let key = self.keys.key(number);
        let seed = self.batch.spec.seed;
        for (policy, seat) in self.seats.iter_mut().enumerate() {
            let plan = self.batch.contenders[policy].plan;
            seat.trial.restart(key);
            seat.trial.look_over(Checks::in_batch(number));
            seat.observers.0.restart();
            seat.observers.1.restart();
            seat.trial
                .run_guarded(plan.horizon, &mut seat.observers)
                .map_err(|broken| BrokenTrial { seed, trial: number, policy, at: broken.at })?;
            seat.outcome = seat.observers.0.finish(seat.trial.now());
            seat.observers.1.finish(seat.trial.now());
            for (value, (raw, divisor)) in
                seat.values.iter_mut().zip(seat.outcome.values.iter().zip(&seat.divisors))
            {
                *value = if *raw > 0 { *raw as f64 / divisor } else { 0.0 };
            }
        }
        Ok(())
    }

    /// Tells a trial to who counts and to who writes rows.
    fn tell(&self, trial: u64, rows: &impl RowWriter, block: &mut Block) {
        let side = |seat: &'_ Seat<'a>| (seat.outcome, seat.values);
        let reference = side(&self.seats[self.batch.reference]);
        for (policy, seat) in self.seats.iter().enumerate() {
            let Seat { outcome, values, .. } = seat;
            let episodes = &seat.observers.1;
            let objectives = self.batch.contenders[policy].objectives;
            let n_events = seat.trial.n_events();
            block.tallies[policy].add(&Finished {
                outcome,
                values,
                episodes,
                objectives,
                n_events,
            });
            if policy != self.batch.reference {
                let this = Side { outcome, values };
                let reference = Side { outcome: &reference.0, values: &reference.1 };
                block.differences[policy].add(this, reference);
            }
            rows.write(&TrialRow { policy, trial, outcome, values, episodes }, &mut block.text);
        }
    }
}

/// Works on blocks on so many threads, each with a memory of its own; the results come in the order
/// of the blocks.
pub fn blocks_in_order<M, T: Send>(
    blocks: Range<u64>,
    threads: usize,
    (begin, work): (impl Fn() -> M + Sync, impl Fn(&mut M, u64) -> T + Sync),
) -> Vec<T> {
    let n_workers = threads.min(blocks.end.saturating_sub(blocks.start) as usize);
    if n_workers <= 1 {
        let mut memory = begin();
        return blocks.map(|block| work(&mut memory, block)).collect();
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(n_workers)
        .build()
        .expect("the system gives us threads");
    pool.install(|| blocks.into_par_iter().map_init(&begin, &work).collect())
}

/// Runs the trials of one plan one after the other, for those who want nothing else.
pub fn run(plan: &Plan, spec: BatchSpec) -> Result<Tally, BrokenTrial> {
    run_on(plan, spec, 1)
}

/// The same on `threads` threads, at least one.
pub fn run_on(plan: &Plan, spec: BatchSpec, threads: usize) -> Result<Tally, BrokenTrial> {
    let contenders = [Contender { plan, objectives: Objectives::default() }];
    let batch = Batch { contenders: &contenders, reference: 0, spec, threads };
    let mut progress = Progress::start(1);
    let go_on = |_: &RowText, _: &Progress| Ok::<Next, Infallible>(Next::GoOn);
    match batch.run(&mut progress, &(), go_on, &AtomicBool::new(false)) {
        Ok(()) => Ok(progress.tallies.pop().expect("one policy has one tally")),
        Err(BatchError::Broken(broken)) => Err(broken),
        Err(BatchError::Listener(never)) => match never {},
    }
}
