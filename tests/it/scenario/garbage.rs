//! Nothing makes the reader panic.

use super::*;

/// Numerical Recipes' quick generator; good enough to choose what to break.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    const SNIPPETS: [&str; 24] = [
        "\0",
        "\"",
        "'''",
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "-",
        "1e999",
        "nan",
        "-inf",
        "99999999999999999999",
        "\"1 month\"",
        "{ fixed = \"0s\" }",
        "[[fault]]\n",
        "a.a.a.a.a.a",
        "\u{feff}",
        "🦀",
        "{ x = { x = [ [ [",
    ];
    let rounds: usize = match std::env::var("SCENARIO_MUTATIONS") {
        Ok(rounds) => rounds.parse().expect("a number of rounds"),
        Err(_) => 3_000,
    };
    let mut dice = Dice(1);
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for _ in 0..rounds {
        let mut text = EXAMPLE.as_bytes().to_vec();
        for _ in 0..=dice.below(6) {
            let at = dice.below(text.len());
            match dice.below(5) {
                0 => text[at] = dice.below(256) as u8,
                1 => drop(text.drain(at..(at + dice.below(40)).min(text.len()))),
                2 => drop(text.splice(at..at, SNIPPETS[dice.below(SNIPPETS.len())].bytes())),
                3 => {
                    let line = format!("\n{}\n", lines[dice.below(lines.len())]);
                    drop(text.splice(at..at, line.into_bytes()));
                }
                _ => {
                    // One value in place of another.
                    let end = (at + dice.below(12)).min(text.len());
                    let value = SNIPPETS[dice.below(SNIPPETS.len())];
                    drop(text.splice(at..end, value.bytes()));
                }
            }
        }
        let text = String::from_utf8_lossy(&text);
        if let Err(mistakes) = parse(&text) {
            assert!(!mistakes.is_empty(), "no scenario and no reason:\n{text}");
            for mistake in mistakes {
                assert!(mistake.line >= 1 && !mistake.to_string().is_empty());
            }
        }
    }
    // Nesting far beyond any limit.
    for (open, close) in [("[", "]"), ("{ a = ", "}"), ("a.", "")] {
        let deep = format!("x = {}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(parse(&deep).is_err());
        let deep = format!("{}x = 1", open.repeat(100_000));
        assert!(parse(&deep).is_err());
    }
}
