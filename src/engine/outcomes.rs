//! Decisions taken from outside instead of drawn, so that all of them can be tried in turn.
//!
//! Whoever asks [`Outcomes::decide`] gets the first outcome, until [`Outcomes::advance`] has moved
//! on: then the same questions get the next combination of answers, in the order of a depth-first
//! walk. Which questions are asked may depend on the answers before them.

use std::cell::{Cell, RefCell};

/// The chances of a decision.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Odds {
    /// So many outcomes, equally likely; at least one.
    Equal(u32),
    /// Outcome 1 with this probability, strictly between 0 and 1, outcome 0 otherwise.
    Yes(f64),
}

impl Odds {
    fn n(self) -> u32 {
        match self {
            Odds::Equal(n) => n,
            Odds::Yes(_) => 2,
        }
    }

    fn probability(self, outcome: u32) -> f64 {
        match (self, outcome) {
            (Odds::Equal(n), _) => 1.0 / f64::from(n),
            (Odds::Yes(yes), 0) => 1.0 - yes,
            (Odds::Yes(yes), _) => yes,
        }
    }
}

/// One combination of answers, and how far they have been asked for.
#[derive(Debug, Default)]
pub struct Outcomes {
    answers: RefCell<Vec<(u32, Odds)>>,
    asked: Cell<usize>,
}

impl Outcomes {
    /// The answer to the next question.
    ///
    /// Panics if the same questions are not asked in the same order after [`Outcomes::advance`].
    pub fn decide(&self, odds: Odds) -> u32 {
        let mut answers = self.answers.borrow_mut();
        let asked = self.asked.get();
        self.asked.set(asked + 1);
        match answers.get(asked) {
            Some((answer, of)) => {
                assert!(*of == odds, "the same questions come in the same order");
                *answer
            }
            None => {
                assert!(odds.n() > 0, "a decision has an outcome");
                answers.push((0, odds));
                0
            }
        }
    }

    /// The probability of the combination.
    pub fn probability(&self) -> f64 {
        self.answers.borrow().iter().map(|(answer, odds)| odds.probability(*answer)).product()
    }

    /// Moves on to the next combination; says whether there is one. Where there is none, the next
    /// question is the first of all again.
    pub fn advance(&self) -> bool {
        let mut answers = self.answers.borrow_mut();
        self.asked.set(0);
        while let Some((answer, odds)) = answers.pop() {
            if answer + 1 < odds.n() {
                answers.push((answer + 1, odds));
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_comes_once_and_they_sum_to_one() {
        let outcomes = Outcomes::default();
        let mut seen = Vec::new();
        let mut total = 0.0;
        loop {
            let first = outcomes.decide(Odds::Equal(3));
            // The second question is asked after one answer only.
            let second = (first == 1).then(|| outcomes.decide(Odds::Yes(0.25)));
            total += outcomes.probability();
            seen.push((first, second));
            if !outcomes.advance() {
                break;
            }
        }
        assert_eq!(seen, [(0, None), (1, Some(0)), (1, Some(1)), (2, None)]);
        assert!((total - 1.0).abs() < 1e-15);
        assert_eq!(outcomes.probability(), 1.0);
    }
}
