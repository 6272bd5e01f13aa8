//! The event queue against a naive one, which keeps a sorted set and is obviously right.

use std::collections::BTreeSet;

use elasticache_sim::engine::queue::{EventQueue, SCAN_SLOTS, Slot};
use elasticache_sim::engine::time::SimTime;

/// Every size at which something changes: one slot, a padded chunk, the last scan, the first
/// tournament, a tournament without spare leaves, a big one.
const SIZES: [usize; 7] = [1, 2, 7, SCAN_SLOTS, SCAN_SLOTS + 1, 64, 1000];
const STEPS_PER_SIZE: u32 = 430_000;

/// What a test event says: which slot and which call of `schedule` it comes from.
type Note = (u32, u32);

fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

/// A small generator (SplitMix64), so that these tests do not lean on the engine's own.
struct Dice(u64);

impl Dice {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.word() % n
    }
}

/// The naive queue.
struct Shadow {
    order: BTreeSet<(SimTime, u32)>,
    pending: Vec<Option<(SimTime, Note)>>,
}

impl Shadow {
    fn with_slots(n: usize) -> Self {
        Shadow { order: BTreeSet::new(), pending: vec![None; n] }
    }

    fn clear(&mut self, slot: u32) {
        if let Some((time, _)) = self.pending[slot as usize].take() {
            self.order.remove(&(time, slot));
        }
    }

    fn schedule(&mut self, slot: u32, time: SimTime, note: Note) {
        self.clear(slot);
        if time != SimTime::NEVER {
            self.order.insert((time, slot));
            self.pending[slot as usize] = Some((time, note));
        }
    }

    fn peek(&self) -> Option<(SimTime, Slot)> {
        self.order.first().map(|&(time, slot)| (time, Slot(slot)))
    }

    fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, Note)> {
        let &(time, slot) = self.order.first().filter(|(time, _)| *time <= horizon)?;
        let popped = self.pending[slot as usize];
        self.clear(slot);
        assert_eq!(popped.map(|(t, _)| t), Some(time), "the shadow agrees with itself");
        popped
    }
}

/// An instant at or after `now`: most often a tie, sometimes far, sometimes never.
fn some_time(dice: &mut Dice, now: SimTime) -> SimTime {
    let far = |nanos: u64| at(now.as_nanos().saturating_add(nanos));
    match dice.below(64) {
        0 => SimTime::NEVER,
        1 => at(u64::MAX - 1).max(now),
        2..8 => now,
        8..40 => far(dice.below(4)),
        40..56 => far(dice.below(2000)),
        _ => far(dice.word() >> dice.below(50).max(12)),
    }
}

/// Plays the same random game with both queues and compares everything they say.
fn play(n: usize, steps: u32) -> EventQueue<Note> {
    let mut dice = Dice(n as u64);
    let mut queue = EventQueue::with_slots(n);
    let mut shadow = Shadow::with_slots(n);
    let mut now = SimTime::START;
    for step in 0..steps {
        let slot = dice.below(n as u64) as u32;
        match dice.below(100) {
            0..45 => {
                let time = some_time(&mut dice, now);
                queue.schedule(Slot(slot), time, (slot, step));
                shadow.schedule(slot, time, (slot, step));
            }
            45..52 => {
                queue.clear(Slot(slot));
                shadow.clear(slot);
            }
            _ => {
                let horizon = match dice.below(200) {
                    0 => SimTime::NEVER,
                    _ => at(now.as_nanos().saturating_add(dice.below(400))),
                };
                let popped = queue.pop_until(horizon);
                assert_eq!(popped, shadow.pop_until(horizon), "{n} slots, step {step}");
                now = popped.map_or(now, |(time, _)| time);
            }
        }
        assert_eq!(queue.peek(), shadow.peek(), "{n} slots, step {step}");
        let expected = shadow.pending[slot as usize];
        assert_eq!(queue.pending(Slot(slot)), expected.map(|(time, _)| time));
        assert_eq!(queue.event(Slot(slot)), expected.map(|(_, note)| note));
        if dice.below(3000) == 0 {
            queue.reset();
            assert!(queue == EventQueue::with_slots(n), "a reset queue is a new one");
            (shadow, now) = (Shadow::with_slots(n), SimTime::START);
        }
    }
    queue
}

#[test]
fn a_random_game_agrees_with_a_sorted_set() {
    for n in SIZES {
        play(n, STEPS_PER_SIZE);
    }
}

#[test]
fn a_clone_goes_on_like_the_original() {
    for n in SIZES {
        let mut original = play(n, 2_000);
        let mut copy = original.clone();
        assert!(original == copy);
        loop {
            let popped = original.pop_until(SimTime::NEVER);
            assert!(popped.is_none() || original != copy, "{n} slots: the copy is its own");
            assert_eq!(popped, copy.pop_until(SimTime::NEVER));
            assert!(original == copy);
            if popped.is_none() {
                break;
            }
        }
    }
}

#[test]
fn scan_and_tournament_pop_in_the_same_order() {
    let mut dice = Dice(7);
    for n in [1, 2, 7, 8, 9, SCAN_SLOTS] {
        let mut scan = EventQueue::with_slots(n);
        let mut tournament = EventQueue::with_slots(SCAN_SLOTS + 1);
        let mut now = SimTime::START;
        for step in 0..20_000_u32 {
            let slot = Slot(dice.below(n as u64) as u32);
            let time = at(now.as_nanos() + dice.below(6));
            scan.schedule(slot, time, step);
            tournament.schedule(slot, time, step);
            if dice.below(2) == 0 {
                let horizon = at(now.as_nanos() + dice.below(6));
                let popped = scan.pop_until(horizon);
                assert_eq!(popped, tournament.pop_until(horizon), "{n} slots, step {step}");
                now = popped.map_or(now, |(time, _)| time);
            }
        }
    }
}

#[test]
fn events_of_one_instant_leave_in_slot_order() {
    for n in SIZES {
        let mut queue = EventQueue::with_slots(n);
        for slot in (0..n as u32).rev() {
            queue.schedule(Slot(slot), at(5), slot);
        }
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop_until(at(5))).collect();
        assert!(popped.iter().copied().eq((0..n as u32).map(|slot| (at(5), slot))), "{n} slots");
    }
}

#[test]
fn a_horizon_leaves_later_events_pending() {
    for n in [3, SCAN_SLOTS + 3] {
        let mut queue = EventQueue::with_slots(n);
        queue.schedule(Slot(2), at(10), 'a');
        queue.schedule(Slot(0), at(11), 'b');
        assert_eq!(queue.pop_until(at(9)), None);
        assert_eq!(queue.pop_until(at(10)), Some((at(10), 'a')));
        assert_eq!(queue.pop_until(at(10)), None);
        assert_eq!(queue.peek(), Some((at(11), Slot(0))));
        assert_eq!(queue.pending(Slot(2)), None);
        assert_eq!(queue.pop_until(SimTime::NEVER), Some((at(11), 'b')));
        assert_eq!(queue.peek(), None);
        assert_eq!(queue.pop_until(SimTime::NEVER), None);
    }
}

#[test]
fn scheduling_again_replaces_and_never_clears() {
    for n in [2, SCAN_SLOTS + 2] {
        let mut queue = EventQueue::with_slots(n);
        queue.schedule(Slot(1), at(10), 'a');
        queue.schedule(Slot(1), at(20), 'b');
        assert_eq!((queue.pending(Slot(1)), queue.event(Slot(1))), (Some(at(20)), Some('b')));
        queue.schedule(Slot(1), SimTime::NEVER, 'c');
        assert_eq!((queue.pending(Slot(1)), queue.event(Slot(1))), (None, None));
        assert!(queue == EventQueue::with_slots(n), "what was replaced leaves no trace");
    }
}

#[test]
fn equality_forgets_the_history() {
    for n in [5, SCAN_SLOTS + 5] {
        let mut there = EventQueue::with_slots(n);
        let mut back = EventQueue::with_slots(n);
        for slot in 0..5 {
            there.schedule(Slot(slot), at(u64::from(slot)), slot);
            back.schedule(Slot(4 - slot), at(99), slot);
            back.schedule(Slot(4 - slot), at(u64::from(4 - slot)), 4 - slot);
        }
        assert!(there == back);
        back.schedule(Slot(3), at(3), 17);
        assert!(there != back, "another event at the same time is another queue");
    }
}

#[test]
fn a_queue_takes_another_size() {
    let mut queue = EventQueue::with_slots(1000);
    queue.schedule(Slot(999), at(1), 'a');
    for n in [0, 3, SCAN_SLOTS, SCAN_SLOTS + 1, 5000, 1] {
        queue.reset_to(n);
        assert_eq!(queue.n_slots(), n);
        assert_eq!(queue.peek(), None);
        assert_eq!(queue.pop_until(SimTime::NEVER), None);
        assert!(queue == EventQueue::with_slots(n));
        if let Some(last) = n.checked_sub(1) {
            queue.schedule(Slot(last as u32), at(7), 'b');
            assert_eq!(queue.peek(), Some((at(7), Slot(last as u32))));
        }
    }
}

#[test]
#[should_panic(expected = "before the present")]
fn scheduling_into_the_past_is_a_bug() {
    let mut queue = EventQueue::with_slots(2);
    queue.schedule(Slot(0), at(10), ());
    queue.pop_until(SimTime::NEVER);
    queue.schedule(Slot(1), at(9), ());
}

#[test]
#[should_panic(expected = "no such slot")]
fn padding_is_not_a_slot() {
    EventQueue::with_slots(3).schedule(Slot(3), at(1), ());
}
