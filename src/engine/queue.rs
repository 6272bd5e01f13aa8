//! The event queue: at most one pending event per slot, earliest first.
//!
//! Everything that can be pending belongs to a [`Slot`] known before the trial starts (the life
//! of a node, an AZ, a failover, ...). Scheduling a slot again replaces what it held, clearing it
//! cancels, so nothing is ever searched for and no stale event stays behind.
//!
//! **Order.** Events leave by `(time, slot)`; there is no insertion counter, so the order never
//! depends on history. Slots are numbered by the caller: whoever wants `(time, rank, slot)` numbers
//! all slots of the first rank before all slots of the second, and the slot order *is* the rank
//! order. The queue knows nothing of ranks.
//!
//! **Two ways of finding the minimum** stand behind the one type. Both start from an array with
//! one `u64` per slot, in which the largest value means "nothing pending", and both decide by
//! comparisons that compile to conditional moves, since which event comes next is exactly what a
//! branch predictor cannot know:
//!
//! - up to [`SCAN_SLOTS`] slots a *scan*: eight times at a moment, pairwise, left wins ties;
//! - above, a *tournament*: a complete binary tree whose nodes hold the smaller of their two
//!   children. An update plays one match per level, and the siblings it meets are known in
//!   advance, so that the loads do not wait for one another. Finding the winner's slot walks down
//!   once, to the left whenever both children hold the minimum.
//!
//! Time per hold (pop the earliest event and schedule it anew; in brackets: and replace the event
//! of a random slot) as a ratio to the scan with 7 slots, measured on one shared 2-core machine:
//!
//! | slots           | 7         | 16        | 32        | 48        | 64        | 1024      |
//! |-----------------|-----------|-----------|-----------|-----------|-----------|-----------|
//! | scan            | 1.0 (1.0) | 1.5 (1.5) | 2.0 (2.0) | 2.4 (2.3) | 3.0 (2.7) | 38 (31)   |
//! | tournament      | 1.4 (1.8) | 1.7 (2.2) | 2.1 (2.5) | 2.4 (2.8) | 2.5 (2.8) | 4.1 (4.3) |
//! | heap, 4 children| 2.3 (3.1) | 2.7 (3.5) | 3.2 (4.0) | 3.6 (4.7) | 3.7 (4.4) | 5.6 (6.0) |
//!
//! The indexed heap (the position of every slot known, events replaced in place) is left out: it
//! was never the fastest, and the tournament has no positions to keep in step. The nodes of the
//! tournament are a function of the pending times alone, so two queues that hold the same events
//! are equal as data, whatever their histories.

use crate::engine::time::SimTime;

/// The place of one pending event. A smaller number goes first among events of one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub u32);

/// Up to this many slots the queue scans, above it plays a tournament. Around here the two cost
/// the same, and the scan gains with every event that a rule schedules (see the module's table).
pub const SCAN_SLOTS: usize = 48;

/// Times compared in one step of the scan; the array of times is padded to a multiple of it.
const LANES: usize = 8;
/// The time of a slot with nothing pending.
const EMPTY: u64 = SimTime::NEVER.as_nanos();

/// A queue of events, at most one per slot, popped in the order of `(time, slot)`.
///
/// Scheduling, clearing and popping never allocate. Equality, like `Hash`, is about what is
/// pending and how far the queue has come, not about how it got there.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct EventQueue<E: Copy> {
    search: Search,
    /// The nodes of the tournament (the root is number 1, the children of `i` are `2i` and
    /// `2i + 1`) and from `first_leaf` on one time per slot; a scan has the latter only.
    times: Vec<u64>,
    first_leaf: usize,
    /// What each slot will do, `None` exactly where the time is [`EMPTY`].
    events: Vec<Option<E>>,
    last_popped: SimTime,
}

impl<E: Copy> Clone for EventQueue<E> {
    fn clone(&self) -> Self {
        let (times, events) = (self.times.clone(), self.events.clone());
        EventQueue { times, events, ..*self }
    }

    /// Derived, this would allocate anew.
    fn clone_from(&mut self, other: &Self) {
        let EventQueue { search, times, first_leaf, events, last_popped } = other;
        self.times.clone_from(times);
        self.events.clone_from(events);
        (self.search, self.first_leaf, self.last_popped) = (*search, *first_leaf, *last_popped);
    }
}

/// How the earliest slot is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Search {
    Scan,
    Tournament,
}

impl<E: Copy> EventQueue<E> {
    /// An empty queue for the slots `0..n`.
    pub fn with_slots(n: usize) -> Self {
        let mut queue = EventQueue {
            search: Search::Scan,
            times: Vec::new(),
            first_leaf: 0,
            events: Vec::new(),
            last_popped: SimTime::START,
        };
        queue.reset_to(n);
        queue
    }

    /// The number of slots.
    pub fn n_slots(&self) -> usize {
        self.events.len()
    }

    /// Makes `event` the one pending event of `slot`, due at `at`, in place of what the slot held.
    /// At [`SimTime::NEVER`] this is [`EventQueue::clear`].
    ///
    /// Panics if there is no such slot, or if `at` lies before the last popped event: a rule that
    /// schedules into the past is a bug.
    #[inline]
    pub fn schedule(&mut self, slot: Slot, at: SimTime, event: E) {
        assert!(at >= self.last_popped, "an event must not be scheduled before the present");
        if at == SimTime::NEVER {
            self.clear(slot);
        } else {
            self.put(slot, at.as_nanos(), Some(event));
        }
    }

    /// Cancels what is pending at `slot`, if anything. Panics if there is no such slot.
    #[inline]
    pub fn clear(&mut self, slot: Slot) {
        self.put(slot, EMPTY, None);
    }

    /// When the earliest event is due, and in which slot it waits.
    #[inline]
    pub fn peek(&self) -> Option<(SimTime, Slot)> {
        let (nanos, slot) = self.earliest();
        (nanos != EMPTY).then_some((SimTime::from_nanos(nanos), slot))
    }

    /// Takes the earliest event out if it is due at `horizon` or before; later ones stay pending.
    #[inline]
    pub fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, E)> {
        let (nanos, slot) = self.earliest();
        let at = SimTime::from_nanos(nanos);
        if at == SimTime::NEVER || at > horizon {
            return None;
        }
        let event = self.events[slot.0 as usize].expect("a slot with a time holds an event");
        self.put(slot, EMPTY, None);
        self.last_popped = at;
        Some((at, event))
    }

    /// When the event of `slot` is due, if one is pending. Panics if there is no such slot.
    #[inline]
    pub fn pending(&self, slot: Slot) -> Option<SimTime> {
        self.events[slot.0 as usize]?;
        Some(SimTime::from_nanos(self.times[self.first_leaf + slot.0 as usize]))
    }

    /// The event pending at `slot`, if any. Panics if there is no such slot.
    #[inline]
    pub fn event(&self, slot: Slot) -> Option<E> {
        self.events[slot.0 as usize]
    }

    /// Empties the queue and returns it to the start of time, keeping slots and memory.
    pub fn reset(&mut self) {
        self.times.fill(EMPTY);
        self.events.fill(None);
        self.last_popped = SimTime::START;
    }

    /// Like [`EventQueue::reset`], for the slots `0..n` from now on. Allocates only if this queue
    /// never had that many; never frees.
    pub fn reset_to(&mut self, n: usize) {
        assert!(u32::try_from(n).is_ok(), "slots are numbered with 32 bits");
        let n_times = if n <= SCAN_SLOTS {
            (self.search, self.first_leaf) = (Search::Scan, 0);
            n.next_multiple_of(LANES)
        } else {
            (self.search, self.first_leaf) = (Search::Tournament, n.next_power_of_two());
            2 * n.next_power_of_two()
        };
        self.times.resize(n_times, EMPTY);
        self.events.resize(n, None);
        self.reset();
    }

    /// Writes one slot; time and event agree on whether something is pending.
    #[inline]
    fn put(&mut self, slot: Slot, nanos: u64, event: Option<E>) {
        let slot = slot.0 as usize;
        assert!(slot < self.events.len(), "the queue has no such slot");
        self.events[slot] = event;
        let leaf = self.first_leaf + slot;
        match self.search {
            Search::Scan => self.times[leaf] = nanos,
            Search::Tournament => replay(&mut self.times, leaf, nanos),
        }
    }

    /// The smallest time and the first slot that holds it; [`EMPTY`] if nothing is pending.
    #[inline]
    fn earliest(&self) -> (u64, Slot) {
        match self.search {
            Search::Scan => scan(&self.times),
            Search::Tournament => winner(&self.times, self.first_leaf),
        }
    }
}

/// The smallest of `times` and the first place where it stands.
#[inline]
fn scan(times: &[u64]) -> (u64, Slot) {
    let (chunks, rest) = times.as_chunks::<LANES>();
    debug_assert!(rest.is_empty(), "times are padded to whole chunks");
    let mut best = (EMPTY, 0);
    let mut base = 0;
    for t in chunks {
        let a = sooner((t[0], base), (t[1], base + 1));
        let b = sooner((t[2], base + 2), (t[3], base + 3));
        let c = sooner((t[4], base + 4), (t[5], base + 5));
        let d = sooner((t[6], base + 6), (t[7], base + 7));
        best = sooner(best, sooner(sooner(a, b), sooner(c, d)));
        base += LANES as u32;
    }
    (best.0, Slot(best.1))
}

/// The candidate with the smaller time, on a tie the one on the left.
#[inline(always)]
fn sooner(left: (u64, u32), right: (u64, u32)) -> (u64, u32) {
    if right.0 < left.0 { right } else { left }
}

/// Writes a leaf of the tournament and plays its matches again, up to the root.
#[inline]
fn replay(nodes: &mut [u64], leaf: usize, nanos: u64) {
    let mut node = leaf;
    let mut smallest = nanos;
    nodes[node] = smallest;
    while node > 1 {
        smallest = smallest.min(nodes[node ^ 1]);
        node >>= 1;
        nodes[node] = smallest;
    }
}

/// The time at the root of the tournament and the leftmost slot that holds it.
#[inline]
fn winner(nodes: &[u64], first_leaf: usize) -> (u64, Slot) {
    let smallest = nodes[1];
    let mut node = 1;
    while node < first_leaf {
        node *= 2;
        node += usize::from(nodes[node] != smallest);
    }
    (smallest, Slot((node - first_leaf) as u32))
}
