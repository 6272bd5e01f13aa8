//! Examples in documents: the fenced blocks of Markdown, and what stands around a fragment.
//!
//! A block that names its `schema` is a whole scenario. Any other is a fragment: it stands behind
//! `schema = 1`, and before the sections that it lacks of those that every scenario needs.

use std::path::Path;

/// What a fragment without `[run]` gets.
const RUN: &str = "\n[run]\nhorizon = \"1y\"\n";
/// What a fragment without a group gets: one shard, a primary and two replicas in three AZs.
const GROUP: &str = "\n[group]\nid = \"redis1x3\"\n\
    azs = [\"us-west-2a\", \"us-west-2b\", \"us-west-2c\"]\nreplicas = 2\n";

/// A fenced block.
pub struct Block<'t> {
    /// What stands behind the opening fence: `toml`, `toml wrong`.
    pub kind: &'t str,
    /// What it holds.
    pub text: &'t str,
    /// The line of the opening fence, from 1.
    pub line: usize,
}

/// All fenced blocks of a Markdown text.
pub fn blocks(markdown: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str, usize)> = None;
    let mut at = 0;
    for (n, line) in markdown.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let Some(kind) = line.trim_end().strip_prefix("```") else {
            continue;
        };
        match open.take() {
            None => open = Some((n + 1, kind, at)),
            Some((line, kind, from)) => {
                blocks.push(Block { kind, text: &markdown[from..start], line });
            }
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

/// The scenario that a block stands for.
pub fn whole(block: &str) -> String {
    let has = |starts: &[&str]| {
        block.lines().any(|line| starts.iter().any(|start| line.starts_with(start)))
    };
    if has(&["schema ="]) {
        return block.to_owned();
    }
    let run = if has(&["[run]"]) { "" } else { RUN };
    let group = if has(&["[group]", "[[group]]"]) { "" } else { GROUP };
    format!("schema = 1\n{block}{run}{group}")
}

/// Makes the samples of a text, its `csv` blocks, the file measured.csv in a folder of its own;
/// returns the folder.
pub fn samples(markdown: &str, name: &str) -> std::path::PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).expect("a folder for the samples");
    for block in blocks(markdown).iter().filter(|block| block.kind == "csv") {
        std::fs::write(dir.join("measured.csv"), block.text).expect("a sample");
    }
    dir
}

/// The words of a text that look like the name of something numbered: capitals and digits, as in
/// `E0201` or `MZ-66`.
pub fn numbered<'t>(text: &'t str, prefixes: &[&str]) -> Vec<&'t str> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(|c: char| !is_inside(c))
        .filter(|word| {
            prefixes.iter().any(|prefix| {
                let number = word.strip_prefix(prefix).unwrap_or_default();
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
        .collect()
}

#[test]
fn a_fragment_gets_what_it_lacks() {
    let check = |block: &str, expected: &str| assert_eq!(whole(block), expected);
    check("schema = 1\n", "schema = 1\n");
    check("name = \"x\"\n", &format!("schema = 1\nname = \"x\"\n{RUN}{GROUP}"));
    check("[[group]]\n", &format!("schema = 1\n[[group]]\n{RUN}"));
    check("[run]\n", &format!("schema = 1\n[run]\n{GROUP}"));
}

#[test]
fn blocks_are_found_with_their_kinds_and_lines() {
    let found = blocks("a\n```toml wrong\nb\n```\n\n```\nc\n```\n");
    let shown: Vec<_> = found.iter().map(|b| (b.kind, b.text, b.line)).collect();
    assert_eq!(shown, [("toml wrong", "b\n", 2), ("", "c\n", 6)]);
    assert_eq!(numbered("(MZ-66) `E0201`, E02x, EC2", &["MZ-", "E"]), ["MZ-66", "E0201"]);
}
