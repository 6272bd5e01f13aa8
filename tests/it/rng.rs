//! Random numbers: published vectors, frozen values of our own, and a statistical battery.
//!
//! Every statistic here is computed from fixed seeds, so a test that passes once passes always.
//! The bands are 4.5 to 5 standard deviations wide. They are there for whoever changes the
//! function: a mistake in a round, a constant or the packing of addresses shows at once.

use std::collections::BTreeSet;

use elasticache_sim::engine::rng::{Address, LINES, TrialKey, TrialKeys, draw, philox2x64};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The standard deviations that a single statistic may be away from its expectation.
const BAND: f64 = 4.5;

const HERE: Address = Address { entity: 3, purpose: 1, line: 0, n: 5 };

fn key(seed: u64, trial: u64) -> TrialKey {
    TrialKeys::new(seed).key(trial)
}

/// Words as a batch of trials would draw them: few entities and purposes, short counts.
fn words(seed: u64, n_trials: u64) -> impl Iterator<Item = u64> {
    let mut keys = TrialKeys::new(seed);
    (0..n_trials).map(move |trial| keys.key(trial)).flat_map(|key| {
        (0..8).flat_map(move |entity| {
            (0..2).flat_map(move |purpose| {
                (0..16).map(move |n| draw(key, Address { entity, purpose, line: 0, n }))
            })
        })
    })
}

/// How many standard deviations `sum` is away from `mean`.
fn sigmas(sum: f64, mean: f64, variance: f64) -> f64 {
    (sum - mean).abs() / variance.sqrt()
}

/// Chi-square of `counts` against equal shares, in standard deviations.
fn chi_square_sigmas(counts: &[u64]) -> f64 {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let chi: f64 = counts.iter().map(|&c| (c as f64 - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    sigmas(chi, freedom, 2.0 * freedom)
}

fn uniform(word: u64) -> f64 {
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn philox_gives_the_published_numbers() {
    // Random123, tests/kat_vectors, the lines "philox2x64 10".
    let pi = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0];
    let vectors = [
        ([0; 3], [0xca00_a045_9843_d731, 0x66c2_4222_c9a8_45b5]),
        ([u64::MAX; 3], [0x65b0_21d6_0cd8_310f, 0x4d02_f322_2f86_df20]),
        (pi, [0x0a5e_742c_2997_341c, 0xb0f8_83d3_8000_de5d]),
    ];
    for ([low, high, key], expected) in vectors {
        assert_eq!(philox2x64([low, high], key), expected, "{low:x} {high:x} {key:x}");
    }
}

#[test]
fn chacha8_gives_the_published_keystream() {
    // draft-strombergson-chacha-test-vectors, TC1: 256-bit key and nonce zero, 8 rounds, block 0.
    let mut keystream = [0; 32];
    ChaCha8Rng::from_seed([0; 32]).fill_bytes(&mut keystream);
    let expected = [
        0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6, 0x7f, 0x5b, 0xb8, 0xe8, 0x1f, 0x09, 0xa5,
        0xa1, 0x2c, 0x84, 0x0e, 0xc3, 0xce, 0x9a, 0x7f, 0x3b, 0x18, 0x1b, 0xe1, 0x88, 0xef, 0x71,
        0x1a, 0x1e,
    ];
    assert_eq!(keystream, expected);
}

#[test]
fn an_address_becomes_the_counter_that_the_documentation_says() {
    let seed: u64 = 0x0123_4567_89AB_CDEF;
    let mut bytes = *b"........elasticache-sim trial v1";
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut keystream = ChaCha8Rng::from_seed(bytes);
    let mut keys = TrialKeys::new(seed);
    for trial in 0..100 {
        let word = keystream.next_u64();
        let address = Address { entity: 1 << 60 | trial, purpose: 0xAB, line: 0xC_DEF0, n: 77 };
        let counter = [address.entity, 0xAB0C_DEF0_0000_004D];
        assert_eq!(draw(keys.key(trial), address), philox2x64(counter, word)[0]);
    }
}

#[test]
fn our_numbers_are_frozen() {
    // Computed by a second implementation, written from the documentation alone. Whoever has to
    // change a number here breaks every published result and says so in the commit.
    let far = Address { entity: u64::MAX, purpose: 255, line: LINES - 1, n: u32::MAX };
    let origin = Address { entity: 0, purpose: 0, line: 0, n: 0 };
    let frozen: [(u64, u64, [u64; 3]); 5] = [
        (0, 0, [0xe282_b53b_fe3b_c649, 0xd247_b7fa_339a_63a5, 0x33a4_98c7_2d45_1ffe]),
        (0, 1, [0x3a11_f472_b7cc_fbe5, 0xeebe_460c_e85b_9db1, 0x3bf7_0643_e137_a246]),
        (1, 0, [0x6ca0_96e8_6769_d8c6, 0x5e59_671f_2ccc_7e6c, 0xee04_5418_4f8d_16af]),
        (42, 1 << 32, [0x4d05_00f8_37d7_67a8, 0xaba8_c3c8_79aa_409b, 0x82f4_e753_417f_4b61]),
        (u64::MAX, u64::MAX, [0x7457_2746_00d8_ee5c, 0x9e05_a088_c48b_fdbb, 0xd2c1_55be_bb84_6139]),
    ];
    for (seed, trial, expected) in frozen {
        let drawn = [origin, HERE, far].map(|address| draw(key(seed, trial), address));
        assert_eq!(drawn, expected, "seed {seed}, trial {trial}: {drawn:#x?}");
    }
}

#[test]
fn the_keys_of_trials_come_in_any_order() {
    let mut keys = TrialKeys::new(9);
    let in_order: Vec<_> = (0..300).map(|trial| keys.key(trial)).collect();
    for step in [1, 7, 32, 33, 299] {
        for i in 0..300 {
            let trial = i * step % 300;
            assert_eq!(keys.key(trial), in_order[trial as usize], "trial {trial}");
        }
    }
    let mut last = TrialKeys::new(9);
    let key = last.key(u64::MAX);
    assert_eq!(last.key(u64::MAX), key);
    assert_eq!(last.key(0), in_order[0]);
    assert_eq!(in_order.iter().map(|k| draw(*k, HERE)).collect::<BTreeSet<_>>().len(), 300);
}

#[test]
fn a_draw_depends_on_its_address_and_on_nothing_else() {
    let key = key(1, 1);
    let before = draw(key, HERE);
    for n in 0..1000 {
        draw(key, Address { n, ..HERE });
    }
    assert_eq!(draw(key, HERE), before);
}

#[test]
fn different_addresses_give_different_words() {
    let key = key(2, 0);
    let mut seen = BTreeSet::new();
    for entity in 0..16 {
        for purpose in 0..16 {
            for line in 0..16 {
                for n in 0..16 {
                    seen.insert(draw(key, Address { entity, purpose, line, n }));
                }
            }
        }
    }
    assert_eq!(seen.len(), 1 << 16, "two equal words here would be a chance of 1 in 8 billion");
}

#[test]
#[should_panic(expected = "24 bits")]
fn a_line_beyond_its_bits_is_a_bug() {
    draw(key(0, 0), Address { line: LINES, ..HERE });
}

#[test]
fn every_bit_is_set_half_of_the_time() {
    let mut ones = [0_u64; 64];
    let mut n_words = 0;
    for word in words(11, 1024) {
        n_words += 1;
        for (bit, count) in ones.iter_mut().enumerate() {
            *count += word >> bit & 1;
        }
    }
    let half = f64::from(n_words) / 2.0;
    for (bit, &count) in ones.iter().enumerate() {
        assert!(sigmas(count as f64, half, half / 2.0) < BAND, "bit {bit}: {count} of {n_words}");
    }
    let total = ones.iter().sum::<u64>() as f64;
    assert!(sigmas(total, 64.0 * half, 32.0 * half) < BAND, "{total} ones");
}

#[test]
fn every_byte_takes_every_value() {
    let mut counts = vec![[0; 256]; 8];
    for word in words(12, 2048) {
        for (counts, byte) in counts.iter_mut().zip(word.to_le_bytes()) {
            counts[usize::from(byte)] += 1;
        }
    }
    for (place, counts) in counts.iter().enumerate() {
        assert!(chi_square_sigmas(counts) < BAND, "byte {place}");
    }
}

/// A step to a neighbour in one direction of the space of (seed, trial, address).
type Step = fn(u64, u64, Address) -> (u64, u64, Address);

const STEPS: [(&str, Step); 8] = [
    ("n", |s, t, a| (s, t, Address { n: a.n + 1, ..a })),
    ("entity", |s, t, a| (s, t, Address { entity: a.entity + 1, ..a })),
    ("entity, bit 16", |s, t, a| (s, t, Address { entity: a.entity + (1 << 16), ..a })),
    ("entity, bit 32", |s, t, a| (s, t, Address { entity: a.entity + (1 << 32), ..a })),
    ("purpose", |s, t, a| (s, t, Address { purpose: a.purpose + 1, ..a })),
    ("line", |s, t, a| (s, t, Address { line: a.line + 1, ..a })),
    ("trial", |s, t, a| (s, t + 1, a)),
    ("seed", |s, t, a| (s + 1, t, a)),
];

/// Pairs of neighbouring words in the direction of `step`, over trials and small addresses.
fn neighbours(step: Step) -> Vec<(u64, u64)> {
    let base = 21;
    // One generator of keys per seed that a step can reach; the two trials of a pair are asked
    // of different ones, so that both go forward.
    let mut own = TrialKeys::new(base);
    let mut pairs = Vec::new();
    let (seed, trial, _) = step(base, 0, HERE);
    let mut other = TrialKeys::new(seed);
    for t in 0..512 {
        let (this, next) = (own.key(t), other.key(t + trial));
        for entity in 0..8 {
            for n in 0..16 {
                let address = Address { entity, purpose: 1, line: 0, n };
                let (_, _, moved) = step(base, t, address);
                pairs.push((draw(this, address), draw(next, moved)));
            }
        }
    }
    pairs
}

#[test]
fn neighbouring_addresses_are_uncorrelated() {
    for (direction, step) in STEPS {
        let pairs = neighbours(step);
        let n = pairs.len() as f64;
        // Under independence each product has mean 0 and variance 1/144.
        let centred = |word| uniform(word) - 0.5;
        let product: f64 = pairs.iter().map(|&(a, b)| centred(a) * centred(b)).sum();
        assert!(sigmas(product, 0.0, n / 144.0) < BAND, "{direction}: correlated");
        let flipped: u32 = pairs.iter().map(|(a, b)| (a ^ b).count_ones()).sum();
        assert!(sigmas(f64::from(flipped), 32.0 * n, 16.0 * n) < BAND, "{direction}: {flipped}");
    }
}

#[test]
fn pairs_of_neighbours_fill_the_square() {
    for (direction, step) in STEPS {
        let (mut high, mut low) = ([0; 256], [0; 256]);
        for (a, b) in neighbours(step) {
            high[(a >> 60 << 4 | b >> 60) as usize] += 1;
            low[((a & 15) << 4 | (b & 15)) as usize] += 1;
        }
        assert!(chi_square_sigmas(&high) < BAND, "{direction}: highest bits");
        assert!(chi_square_sigmas(&low) < BAND, "{direction}: lowest bits");
    }
}

#[test]
fn runs_are_as_long_as_chance_makes_them() {
    let sequence: Vec<u64> = words(13, 2048).collect();
    let n = sequence.len() as f64;
    for bit in [0, 31, 63] {
        let changes = sequence.windows(2).filter(|w| (w[0] ^ w[1]) >> bit & 1 == 1).count();
        assert!(sigmas(changes as f64, (n - 1.0) / 2.0, (n - 1.0) / 4.0) < BAND, "bit {bit}");
    }
    // Runs up and down (Wallis and Moore): mean (2n - 1) / 3, variance (16n - 29) / 90.
    let turns = sequence.windows(3).filter(|w| (w[0] < w[1]) != (w[1] < w[2])).count();
    let runs = turns as f64 + 1.0;
    assert!(sigmas(runs, (2.0 * n - 1.0) / 3.0, (16.0 * n - 29.0) / 90.0) < BAND, "{runs} runs");
}

#[test]
fn birthday_spacings_repeat_as_often_as_they_should() {
    // Marsaglia: m birthdays in a year of d days give Poisson(m^3 / 4d) repeated spacings.
    const BIRTHDAYS: usize = 4096;
    let all: Vec<u64> = words(14, 1024).collect();
    for (name, shift) in [("high", 32), ("low", 0)] {
        let mut repeats = 0;
        for group in all.chunks_exact(BIRTHDAYS) {
            let mut days: Vec<u32> = group.iter().map(|word| (word >> shift) as u32).collect();
            days.sort_unstable();
            let mut spacings: Vec<u32> = days.windows(2).map(|w| w[1] - w[0]).collect();
            spacings.sort_unstable();
            repeats += spacings.windows(2).filter(|w| w[0] == w[1]).count();
        }
        let n_groups = (all.len() / BIRTHDAYS) as f64;
        let mean = n_groups * (BIRTHDAYS as f64).powi(3) / 4.0 / 2_f64.powi(32);
        assert!(sigmas(repeats as f64, mean, mean) < BAND, "{name} bits: {repeats}, not {mean}");
    }
}

#[test]
fn one_flipped_bit_of_the_input_flips_half_of_the_output() {
    const SAMPLES: u32 = 1024;
    let mut keystream = ChaCha8Rng::from_seed([5; 32]);
    let bases: Vec<[u64; 3]> = (0..u64::from(SAMPLES))
        .map(|i| [i % 8, (1 << 56) | (i / 8), keystream.next_u64()])
        .collect();
    for input_bit in 0..192 {
        let mut flips = [0_u32; 64];
        for base in &bases {
            let mut changed = *base;
            changed[input_bit / 64] ^= 1 << (input_bit % 64);
            let word = |[low, high, key]: [u64; 3]| philox2x64([low, high], key)[0];
            let difference = word(*base) ^ word(changed);
            for (bit, count) in flips.iter_mut().enumerate() {
                *count += (difference >> bit & 1) as u32;
            }
        }
        let n = f64::from(SAMPLES);
        let total = f64::from(flips.iter().sum::<u32>());
        assert!(sigmas(total, 32.0 * n, 16.0 * n) < BAND, "input bit {input_bit}: {total}");
        // Twelve thousand pairs of bits are tested, hence the wider band.
        let worst = flips.map(|count| sigmas(f64::from(count), n / 2.0, n / 4.0));
        assert!(worst.iter().all(|&z| z < 5.0), "input bit {input_bit}: {flips:?}");
    }
}

#[test]
fn a_fixed_address_is_uniform_across_trials() {
    const TRIALS: u64 = 65_536;
    let addresses = [
        Address { entity: 0, purpose: 0, line: 0, n: 0 },
        HERE,
        Address { line: 1, ..HERE },
        Address { entity: 1 << 48, purpose: 200, line: LINES - 1, n: u32::MAX },
    ];
    for address in addresses {
        let mut keys = TrialKeys::new(15);
        let mut sample: Vec<f64> =
            (0..TRIALS).map(|trial| uniform(draw(keys.key(trial), address))).collect();
        sample.sort_unstable_by(f64::total_cmp);
        let n = TRIALS as f64;
        let distance = |(i, &u): (usize, &f64)| (u - i as f64 / n).max((i + 1) as f64 / n - u);
        let largest = sample.iter().enumerate().map(distance).fold(0.0, f64::max);
        // Kolmogorov: P(sqrt(n) D > 2.4) = 2e-5 = P(sqrt(n) D < 0.31).
        let scaled = largest * n.sqrt();
        assert!((0.31..2.4).contains(&scaled), "{address:?}: {scaled}");
    }
}
