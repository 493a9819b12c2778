//! Generates the `Kw` enumeration and its perfect hash from `data/keywords.csv`.
use std::{env, fmt::Write as _, fs, path::Path};

const BUCKETS: usize = 256;
const SLOTS: usize = 1024;

/// Must agree with `keyword::hash`.
fn hash(word: &[u8]) -> u32 {
    let mut h: u32 = 0x811c_9dc5;
    for &b in word {
        h = (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
    }
    h
}

/// Must agree with `keyword::slot`.
fn slot(h: u32, displacement: u32) -> usize {
    ((h ^ displacement.wrapping_mul(0x9e37_79b1)).wrapping_mul(0x85eb_ca6b) >> 22) as usize
}

fn camel(word: &str) -> String {
    word.split('_').map(|p| p[..1].to_uppercase() + &p[1..]).collect()
}

fn main() {
    println!("cargo:rerun-if-changed=data/keywords.csv");
    let csv = fs::read_to_string("data/keywords.csv").expect("keywords.csv");
    let words: Vec<(&str, &str, bool)> = csv
        .lines()
        .skip(1)
        .map(|l| {
            let f: Vec<&str> = l.split(',').collect();
            (f[0], f[1], f[2] == "t")
        })
        .collect();

    let mut buckets: Vec<Vec<usize>> = vec![Vec::new(); BUCKETS];
    for (i, (word, ..)) in words.iter().enumerate() {
        buckets[hash(word.as_bytes()) as usize & (BUCKETS - 1)].push(i);
    }
    let mut order: Vec<usize> = (0..BUCKETS).collect();
    order.sort_by_key(|&b| std::cmp::Reverse(buckets[b].len()));
    let mut slots = vec![u16::MAX; SLOTS];
    let mut displacements = vec![0u16; BUCKETS];
    for b in order {
        let hashes: Vec<u32> = buckets[b].iter().map(|&i| hash(words[i].0.as_bytes())).collect();
        let d = (0..u16::MAX)
            .find(|&d| {
                let mut at: Vec<usize> = hashes.iter().map(|&h| slot(h, d.into())).collect();
                let free = at.iter().all(|&s| slots[s] == u16::MAX);
                at.sort_unstable();
                at.dedup();
                free && at.len() == hashes.len()
            })
            .expect("no displacement separates the keywords");
        displacements[b] = d;
        for (&i, &h) in buckets[b].iter().zip(&hashes) {
            slots[slot(h, d.into())] = i as u16;
        }
    }

    let mut out = String::new();
    out.push_str("/// A keyword.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[repr(u16)]\npub enum Kw {\n");
    for (word, ..) in &words {
        let _ = writeln!(out, "    /// `{word}`\n    {},", camel(word));
    }
    out.push_str(
        "}\n\n/// All keywords in order of their names.\npub static KEYWORDS: &[Keyword] = &[\n",
    );
    for (word, cat, bare) in &words {
        let cat = match *cat {
            "U" => "Unreserved",
            "C" => "ColName",
            "T" => "TypeFuncName",
            "R" => "Reserved",
            other => panic!("unknown keyword category {other}"),
        };
        let _ = writeln!(
            out,
            "    Keyword {{ word: \"{word}\", kw: Kw::{}, category: Category::{cat}, bare_label: {bare} }},",
            camel(word)
        );
    }
    out.push_str("];\n");
    let _ = writeln!(
        out,
        "const LONGEST: usize = {};",
        words.iter().map(|w| w.0.len()).max().unwrap_or(0)
    );
    let _ = writeln!(out, "static DISPLACEMENTS: [u16; {BUCKETS}] = {displacements:?};");
    let _ = writeln!(out, "static SLOTS: [u16; {SLOTS}] = {slots:?};");
    let dir = env::var("OUT_DIR").expect("OUT_DIR");
    fs::write(Path::new(&dir).join("keywords.rs"), out).expect("write keywords.rs");
}
