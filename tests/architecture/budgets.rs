//! Sizes, `unsafe`, and what finished code does not contain.

use super::source::{Source, is_name, words};

const FILE_MAX: usize = 600;
const FUNCTION_MAX: usize = 80;
/// Where `unsafe` may be: the reader of pages, what maps and shares memory, and what calls LMDB.
const UNSAFE: [&str; 3] = ["src/page/layout.rs", "src/os/", "src/lmdb/"];

/// Each function's name, first line (from 0) and number of lines, to the brace that closes its body.
fn functions(source: &Source) -> Vec<(String, usize, usize)> {
    let mut out = Vec::new();
    for (first, line) in source.code.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let (mut depth, mut opened) = (0_usize, false);
        let body = source.code[first..].iter().position(|line| {
            opened |= line.contains('{');
            depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
            (opened && depth == 0) || (!opened && line.trim_end().ends_with(';'))
        });
        out.push((name, first, body.map_or(source.code.len() - first, |last| last + 1)));
    }
    out
}

/// The name of the function that begins on the line.
fn function_name(line: &str) -> Option<String> {
    let at = words(line, "fn").next()?;
    let before = line[..at].replace("extern  ", " ");
    let qualifiers = before.split(|c: char| c.is_whitespace() || "():".contains(c)).filter(|word| !word.is_empty());
    let known = ["pub", "crate", "super", "in", "const", "async", "unsafe", "extern", "default"];
    if !qualifiers.clone().all(|word| known.contains(&word) || before.contains("pub(in")) {
        return None;
    }
    let name: String = line[at + 2..].trim_start().chars().take_while(|c| is_name(*c)).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// Files and functions that are too long.
pub(crate) fn sizes(source: &Source) -> Vec<String> {
    let mut out = Vec::new();
    let lines = source.production_lines();
    if lines > FILE_MAX {
        out.push(source.offence(0, format_args!("{lines} lines; no file has more than {FILE_MAX}")));
    }
    for (name, first, lines) in functions(source).into_iter().filter(|(_, _, lines)| *lines > FUNCTION_MAX) {
        let what = format_args!("fn {name} has {lines} lines; none has more than {FUNCTION_MAX}").to_string();
        out.push(source.offence(first, what));
    }
    out
}

/// `unsafe` outside its places, or without a note on why it is sound in the five lines above.
pub(crate) fn unsafety(source: &Source) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in source.code.iter().enumerate().filter(|(_, line)| words(line, "unsafe").next().is_some()) {
        if !UNSAFE.iter().any(|place| source.path.starts_with(place)) {
            out.push(source.offence(at, "unsafe outside of the modules that may have it"));
        }
        let near = source.comments[at.saturating_sub(5)..=at].join("\n");
        if !near.contains("SAFETY") && !near.contains("# Safety") {
            out.push(source.offence(at, "unsafe without a SAFETY note"));
        }
    }
    out
}

/// `.unwrap()` in production code.
pub(crate) fn unwraps(source: &Source) -> Vec<String> {
    let found = source.code.iter().enumerate().filter(|(_, line)| line.contains(".unwrap()"));
    found.map(|(at, _)| source.offence(at, "unwrap() in production code")).collect()
}

/// Marks of work left undone.
pub(crate) fn unfinished(source: &Source) -> Vec<String> {
    let in_code = |line: &String| {
        ["todo", "unimplemented"]
            .iter()
            .any(|word| words(line, word).any(|at| line[at + word.len()..].starts_with('!')))
    };
    let in_comment = |line: &String| ["TODO", "FIXME", "XXX"].iter().any(|word| words(line, word).next().is_some());
    let lines = source.code.iter().zip(&source.comments).enumerate();
    let found = lines.filter(|(_, (code, comment))| in_code(code) || in_comment(comment));
    found.map(|(at, _)| source.offence(at, format_args!("unfinished: {}", source.lines[at].trim()))).collect()
}

/// A file whose first line does not say what it is.
pub(crate) fn untitled(source: &Source) -> Vec<String> {
    let titled =
        source.lines.first().is_some_and(|line| line.strip_prefix("//!").is_some_and(|t| !t.trim().is_empty()));
    if titled { Vec::new() } else { vec![source.offence(0, "the first line is no `//!` with what the file is")] }
}
