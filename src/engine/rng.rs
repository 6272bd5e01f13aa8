//! Random numbers as a pure function of where they are used.
//!
//! A random number has an address: the seed, the trial, and within the trial the [`Address`]. No
//! stream is opened and none can be disturbed; a state keeps only how many numbers each of its
//! parts has drawn, so it clones, compares and hashes. Two policies that ask at the same address
//! get the same number, whatever else they do. What a word means (a lifetime, a choice) is the
//! business of `law`.
//!
//! **The contract.** Everything below is frozen by tests with published and own numbers:
//!
//! 1. The ChaCha8 key of a seed is the seed as 8 little-endian bytes, then the 24 ASCII bytes
//!    `elasticache-sim trial v1`; nonce zero.
//! 2. The key of trial `i` is the `i`-th 64-bit word of that keystream (little-endian, from block
//!    zero). Equal keys of two trials would be equal trials: among ten million trials that has a
//!    chance of 3 in a million.
//! 3. The counter is the two words `entity` and `purpose << 56 | line << 32 | n`. Nothing is hashed
//!    or folded: different addresses are different counters.
//! 4. The draw is word 0 of Philox2x64-10 of that counter under the key of the trial. Word 1 is a
//!    multiple of word 0 of the round before, so it has one round less and is not used.
//!
//! **Why Philox2x64, and why ten rounds.** The ratios are from `benches/draws.rs`, measured on one
//! shared 2-core machine; "hold" is a loop of queue, draw and logarithm, in which drawing nothing
//! at all costs 0.8:
//!
//! | function             | latency | throughput | hold | what its authors say of it          |
//! |----------------------|---------|------------|------|-------------------------------------|
//! | **Philox2x64-10**    | 1       | 1          | 1    | the default, with a safety margin   |
//! | Philox2x64-7         | 0.7     | 0.5-0.7    | 0.92 | one round of margin                 |
//! | Philox2x64-6         | 0.6     | 0.6-0.8    | 0.90 | no known flaw from here on          |
//! | Squares64            | 0.5     | 0.4-0.5    | 0.90 | passes BigCrush; 64-bit counter     |
//! | Philox4x32-10        | 1.0     | 1.8-2.7    | 1.02 | the default                         |
//! | Threefry2x64-13      | 0.7-0.8 | 1.5-2.1    | 0.9-1.0 | fails a long weight test; 14 pass |
//! | Threefry2x64-20      | 1.1-1.3 | 2.6-3.6    | 1.0-1.1 | the default                      |
//! | ChaCha8, one seek    | 5       | 14         | 2.1  | a cipher; 32 words per seek         |
//!
//! Squares64 is no faster in the loop than six rounds of Philox, has room for half an address
//! only, and asks for keys of a special form. Ten rounds cost a tenth of a loop that does nothing
//! but draw, and buy distance from the six that are known to suffice for dense counters; ours are
//! sparse and regular. (Our own battery in `tests/it/rng.rs` rejects four rounds and sees nothing
//! wrong with five.)
//!
//! Sources: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11,
//! and the notes on rounds in the headers of Random123; Widynski, "Squares: a fast counter-based
//! RNG", arXiv 2004.06278; Bernstein, "ChaCha, a variant of Salsa20".

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The key of one trial: all its random numbers follow from it and their addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TrialKey(u64);

/// The keys of the trials of one seed, in any order.
///
/// Trial `i` has the 32-bit words `2i` and `2i + 1` of the ChaCha8 keystream of the seed. The
/// generator computes 32 keys at a time: consecutive trials are cheap, every jump costs a buffer.
#[derive(Clone, Debug)]
pub struct TrialKeys {
    keystream: ChaCha8Rng,
    /// Where the keystream stands, in 32-bit words. Noted here since the generator would have to
    /// compute it; 128 bits since the last trial of all ends beyond 64.
    position: u128,
}

/// Which random number of a trial is meant. Two addresses that differ anywhere are two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Address {
    /// Who draws: a node, an AZ, ..., numbered independently of the policy under test.
    pub entity: u64,
    /// What for.
    pub purpose: u8,
    /// Which random fault line, 0 where there is none. Less than [`LINES`].
    pub line: u32,
    /// How many were drawn before it by this entity, for this purpose and on this line.
    pub n: u32,
}

/// The number of fault lines that an address can tell apart.
pub const LINES: u32 = 1 << 24;

/// Bytes 8 to 31 of every ChaCha8 key; the first eight are the seed, little-endian.
const KEY_TAG: [u8; 24] = *b"elasticache-sim trial v1";

/// A key has 64 bits, the keystream counts words of 32.
const KEYSTREAM_WORDS_PER_TRIAL: u128 = 2;

/// The multiplier of Philox2x64 (Salmon et al. 2011, `PHILOX_M2x64_0`).
const PHILOX_MULTIPLIER: u64 = 0xD2B7_4407_B1CE_6E93;
/// What the key grows by from round to round: the golden ratio (`PHILOX_W64_0`).
const PHILOX_WEYL: u64 = 0x9E37_79B9_7F4A_7C15;
/// The number of rounds that its authors recommend and that the module documentation weighs.
const PHILOX_ROUNDS: u32 = 10;

impl TrialKeys {
    /// The keys of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(&KEY_TAG);
        TrialKeys { keystream: ChaCha8Rng::from_seed(key), position: 0 }
    }

    /// The key of the trial with index `trial`.
    #[inline]
    pub fn key(&mut self, trial: u64) -> TrialKey {
        let wanted = u128::from(trial) * KEYSTREAM_WORDS_PER_TRIAL;
        if self.position != wanted {
            self.keystream.set_word_pos(wanted);
        }
        self.position = wanted + KEYSTREAM_WORDS_PER_TRIAL;
        TrialKey(self.keystream.next_u64())
    }
}

/// Who draws the keys of branches, and for what: an address that no model uses.
const BRANCH: Address = Address { entity: u64::MAX, purpose: u8::MAX, line: 0, n: 0 };

impl TrialKey {
    /// The key of the n-th branch of a trial: from where it leaves the trial on, its numbers have
    /// nothing to do with those of the trial or of any other branch.
    pub fn branch(self, n: u32) -> TrialKey {
        TrialKey(draw(self, Address { n, ..BRANCH }))
    }
}

/// The random number at `address` in the trial of `key`: 64 uniform bits, the same on every call.
///
/// Panics if the line does not fit its 24 bits, since it would then be another address.
#[inline]
pub fn draw(key: TrialKey, address: Address) -> u64 {
    let Address { entity, purpose, line, n } = address;
    assert!(line < LINES, "a fault line is numbered with 24 bits");
    let rest = u64::from(purpose) << 56 | u64::from(line) << 32 | u64::from(n);
    philox2x64([entity, rest], key.0)[0]
}

/// Philox2x64-10: a keyed bijection of 128 bits.
///
/// Public so that the published test vectors can be run against it.
#[inline]
pub fn philox2x64(counter: [u64; 2], key: u64) -> [u64; 2] {
    let [mut left, mut right] = counter;
    let mut round_key = key;
    for _ in 0..PHILOX_ROUNDS {
        let product = u128::from(left) * u128::from(PHILOX_MULTIPLIER);
        left = (product >> 64) as u64 ^ round_key ^ right;
        right = product as u64;
        round_key = round_key.wrapping_add(PHILOX_WEYL);
    }
    [left, right]
}
