//! The measurement that chose the function behind `engine::rng::draw`.
//!
//! All candidates answer the same question, one word for (trial key, address), and run in the
//! same process in three loops: one draw after the other (`latency`), draws that do not wait for
//! each other (`throughput`), and a loop shaped like the simulator (`hold`: pop an event, draw a
//! lifetime, take its logarithm, schedule). The table at the end is the outcome: ratios to the
//! chosen function, each from the fastest sample, since load on the machine only ever adds time.
//!
//! `cargo bench --bench draws`

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use elasticache_sim::engine::queue::{EventQueue, Slot};
use elasticache_sim::engine::rng::{Address, TrialKey, TrialKeys, draw};
use elasticache_sim::engine::time::{SimTime, Span};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The address as two words, and the key of the trial: what every candidate takes.
type Input = [u64; 3];

/// Philox2x64 with `R` rounds (Salmon et al. 2011).
fn philox2x64<const R: u32>(input: Input) -> u64 {
    let [mut left, mut right, mut key] = input;
    for _ in 0..R {
        let product = u128::from(left) * 0xD2B7_4407_B1CE_6E93;
        left = (product >> 64) as u64 ^ key ^ right;
        right = product as u64;
        key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    }
    left
}

/// Philox4x32 with ten rounds; two of its four words.
fn philox4x32(input: Input) -> u64 {
    let split = |x: u64| [x as u32, (x >> 32) as u32];
    let [[mut a, mut b], [mut c, mut d], [mut k0, mut k1]] = input.map(split);
    for _ in 0..10 {
        let [lo0, hi0] = split(u64::from(a) * 0xD251_1F53);
        let [lo1, hi1] = split(u64::from(c) * 0xCD9E_8D57);
        (a, b, c, d) = (hi1 ^ b ^ k0, lo1, hi0 ^ d ^ k1, lo0);
        (k0, k1) = (k0.wrapping_add(0x9E37_79B9), k1.wrapping_add(0xBB67_AE85));
    }
    u64::from(a) << 32 | u64::from(c)
}

/// Threefry2x64 with `R` rounds; the second key word is zero.
fn threefry2x64<const R: usize>(input: Input) -> u64 {
    const TURNS: [u32; 8] = [16, 42, 12, 31, 16, 32, 24, 21];
    let [entity, rest, key] = input;
    let keys = [key, 0, key ^ 0x1BD1_1BDA_A9FC_1A22];
    let (mut x, mut y) = (entity.wrapping_add(keys[0]), rest.wrapping_add(keys[1]));
    for round in 0..R {
        x = x.wrapping_add(y);
        y = y.rotate_left(TURNS[round % 8]) ^ x;
        if round % 4 == 3 {
            let s = round / 4 + 1;
            x = x.wrapping_add(keys[s % 3]);
            y = y.wrapping_add(keys[(s + 1) % 3]).wrapping_add(s as u64);
        }
    }
    x
}

/// Squares64 (Widynski 2020). Its counter has 64 bits: this packing is *not* injective.
fn squares64(input: Input) -> u64 {
    let [entity, rest, key] = input;
    let mut x = ((entity << 40) ^ rest).wrapping_mul(key | 1);
    let (y, z) = (x, x.wrapping_add(key | 1));
    for add in [y, z, y] {
        x = x.wrapping_mul(x).wrapping_add(add).rotate_left(32);
    }
    let t = x.wrapping_mul(x).wrapping_add(z);
    let x = t.rotate_left(32);
    t ^ (x.wrapping_mul(x).wrapping_add(y) >> 32)
}

/// ChaCha8 through `rand_chacha`, a row of keystream per entity. Each seek computes 32 numbers,
/// of which this keeps one: the components of a model do not draw side by side.
fn chacha8(keystream: &RefCell<ChaCha8Rng>, [entity, n, _]: Input) -> u64 {
    let mut keystream = keystream.borrow_mut();
    keystream.set_word_pos((u128::from(entity) << 33) | (u128::from(n as u32) << 1));
    keystream.next_u64()
}

/// `steps` draws in a chain: each address depends on the number before.
fn latency(steps: u64, f: &impl Fn(Input) -> u64) -> u64 {
    (0..steps).fold(1, |x, n| f([x & 7, PURPOSE | n, KEY]))
}

/// `steps` draws that may overlap.
fn throughput(steps: u64, f: &impl Fn(Input) -> u64) -> u64 {
    (0..steps).fold(0, |x, n| x ^ f([n & 7, PURPOSE | (n >> 3), KEY]))
}

/// `steps` events of seven components that fail after an exponential time and start again.
fn hold(steps: u64, f: &impl Fn(Input) -> u64) -> u64 {
    let mut queue = EventQueue::with_slots(7);
    let mut drawn = [0_u64; 7];
    for slot in 0..7 {
        queue.schedule(Slot(slot), SimTime::START, slot);
    }
    for _ in 0..steps {
        let (now, slot) = queue.pop_until(SimTime::NEVER).expect("seven events are pending");
        let n = &mut drawn[slot as usize % 7];
        let word = f([u64::from(slot), PURPOSE | *n, KEY]);
        *n += 1;
        let uniform = ((word >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        queue.schedule(Slot(slot), now + Span::from_nanos_f64(-1e9 * libm::log(uniform)), slot);
    }
    queue.peek().map_or(0, |(at, _)| at.as_nanos())
}

const KEY: u64 = 0x3C6E_F372_FE94_F82B;
const PURPOSE: u64 = 1 << 56;
/// The chosen function, Philox2x64-10, as the engine offers it: the unit of the table.
const CHOSEN: &str = "engine::rng::draw";

/// The fastest sample per loop and candidate, in seconds per draw.
type Fastest = RefCell<BTreeMap<(&'static str, &'static str), f64>>;

fn measure(c: &mut Criterion, fastest: &Fastest, name: &'static str, f: impl Fn(Input) -> u64) {
    let mut run = |group: &'static str, body: &dyn Fn(u64) -> u64| {
        c.bench_function(&format!("{group}/{name}"), |b| {
            b.iter_custom(|steps| {
                let start = Instant::now();
                black_box(body(black_box(steps)));
                let taken = start.elapsed();
                if steps >= 1000 {
                    let each = taken.as_secs_f64() / steps as f64;
                    let mut fastest = fastest.borrow_mut();
                    let best = fastest.entry((group, name)).or_insert(f64::INFINITY);
                    *best = best.min(each);
                }
                taken
            });
        });
    };
    run("latency", &|steps| latency(steps, &f));
    run("throughput", &|steps| throughput(steps, &f));
    run("hold", &|steps| hold(steps, &f));
}

fn main() {
    let mut c = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400));
    let fastest = Fastest::default();
    let keystream = RefCell::new(ChaCha8Rng::from_seed([7; 32]));
    let key: TrialKey = TrialKeys::new(1).key(0);
    let engine = |[entity, rest, _]: Input| {
        let (purpose, n) = ((rest >> 56) as u8, rest as u32);
        draw(key, Address { entity, purpose, line: 0, n })
    };
    measure(&mut c, &fastest, CHOSEN, engine);
    measure(&mut c, &fastest, "none", |[_, rest, key]| black_box(rest).wrapping_mul(key));
    measure(&mut c, &fastest, "squares64", squares64);
    measure(&mut c, &fastest, "philox2x64-6", philox2x64::<6>);
    measure(&mut c, &fastest, "philox2x64-7", philox2x64::<7>);
    measure(&mut c, &fastest, "philox4x32-10", philox4x32);
    measure(&mut c, &fastest, "threefry2x64-13", threefry2x64::<13>);
    measure(&mut c, &fastest, "threefry2x64-20", threefry2x64::<20>);
    measure(&mut c, &fastest, "chacha8", |i| chacha8(&keystream, i));
    let fastest = fastest.into_inner();
    for (&(group, name), &each) in &fastest {
        if let Some(chosen) = fastest.get(&(group, CHOSEN)) {
            println!("{group:12} {name:18} {:6.2}", each / chosen);
        }
    }
    c.final_summary();
}
