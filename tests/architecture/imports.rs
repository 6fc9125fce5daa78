//! Which module imports which: layers, the one module that names `heed`, and the one that names the system.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, is_name, words};

/// The layers from the bottom up: the modules of the crate's root. A module imports itself and modules of lower layers.
const LAYERS: [(&str, u8); 20] = [
    ("error", 0),
    ("durability", 0),
    ("observe", 1),
    ("os", 1),
    ("key", 1),
    ("value", 1),
    ("page", 2),
    ("catalog", 3),
    ("write_set", 4),
    ("lmdb", 4),
    ("read", 5),
    ("state", 6),
    ("commit", 7),
    ("env", 8),
    ("open", 9),
    ("txn", 9),
    ("scan", 10),
    ("dbi", 11),
    ("store", 12),
    ("testing", 13),
];

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// Every name that directly follows the crate's root in a path, with its line: `page` in `crate::page::tree`, in
/// `use crate::{error::Error, page}` and in a `super::super::page` that climbs that far.
fn roots(source: &Source) -> Vec<(usize, String)> {
    let text = source.code.join("\n");
    let depth = source.module().len();
    let from_root = words(&text, "crate").map(|at| (at, 0, &text[at + "crate".len()..]));
    // A `super` behind a `::` is a later step of a path that is followed from its beginning.
    let climbing = words(&text, "super").filter(|at| !text[..*at].trim_end().ends_with("::"));
    let climbing = climbing.map(|at| (at, depth.saturating_sub(1), &text[at + "super".len()..]));
    let mut out = Vec::new();
    for (at, mut above, mut rest) in from_root.chain(climbing) {
        let line = text[..at].matches('\n').count();
        while let Some(next) = rest.trim_start().strip_prefix("::").map(str::trim_start) {
            match next.strip_prefix("super").filter(|behind| !behind.starts_with(is_name)) {
                Some(behind) => (above, rest) = (above.saturating_sub(1), behind),
                None if above == 0 => {
                    out.extend(heads(next).into_iter().map(|head| (line, head)));
                    break;
                }
                None => break,
            }
        }
    }
    out.sort();
    out
}

/// The first name of each path in what follows a `::`, which may be a group.
fn heads(path: &str) -> Vec<String> {
    let name = |path: &str| path.trim_start().chars().take_while(|c| is_name(*c) || *c == '*').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut begins, mut out) = (0_usize, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && !c.is_whitespace() => {
                out.push(name(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    out
}

/// Paths that run up, sideways, or around the modules by the crate's root.
pub(crate) fn upward(source: &Source) -> Vec<String> {
    let Some(here) = source.root() else { return Vec::new() };
    let Some(own) = layer(here) else {
        return vec![source.offence(0, format_args!("the module `{here}` is in no layer"))];
    };
    let mut out = Vec::new();
    for (line, there) in roots(source) {
        match layer(&there) {
            _ if there == here => {}
            Some(layer) if layer < own => {}
            Some(_) => {
                out.push(source.offence(line, format_args!("`{here}` imports `{there}`, which is not below it")));
            }
            None => {
                out.push(source.offence(
                    line,
                    format_args!("`crate::{there}` names no module; import it from the one that has it"),
                ));
            }
        }
    }
    out
}

/// Circles of modules, by their imports alone.
pub(crate) fn circles(sources: &[Source]) -> Vec<String> {
    let mut edges: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let Some(here) = source.root() else { continue };
        edges.entry(here).or_default().extend(roots(source).into_iter().map(|(_, there)| there).filter(|r| r != here));
    }
    // A module that imports settled modules alone is settled; what never settles is in a circle, or above one.
    let mut open: BTreeSet<&str> = edges.keys().copied().collect();
    while let Some(settled) =
        open.iter().copied().find(|module| !edges[module].iter().any(|to| open.contains(to.as_str())))
    {
        open.remove(settled);
    }
    if open.is_empty() { Vec::new() } else { vec![format!("modules in or above a circle: {open:?}")] }
}

/// `heed` named outside the one module that may.
pub(crate) fn heed(source: &Source) -> Vec<String> {
    if source.path.starts_with("src/lmdb/") {
        return Vec::new();
    }
    let named = source.code.iter().enumerate().filter(|(_, line)| words(line, "heed").next().is_some());
    named.map(|(line, _)| source.offence(line, "heed is named outside src/lmdb/")).collect()
}

/// The one folder that asks the operating system.
const SYSTEM: &str = "src/os/sys/";
/// The crates by which it asks, and others that do the same; and what chooses code by the system.
const OF_THE_SYSTEM: [&str; 7] = ["nix", "libc", "memmap2", "rustix", "windows_sys", "target_os", "target_family"];

/// The folder with all that asks for files by their names.
const FILES: &str = "src/os/";
/// What asks for a file by its name: the crate for temporary files, and the calls of the standard library on a path or
/// an open file's type.
const BY_NAME: [&str; 8] = [
    "tempfile",
    "OpenOptions",
    "symlink_metadata",
    "is_symlink",
    "canonicalize",
    "read_dir",
    "read_link",
    "try_exists",
];

/// Files asked for by name outside the one folder that may: `std::fs` in any form, and what does without that path.
pub(crate) fn files(source: &Source) -> Vec<String> {
    if !source.path.starts_with("src/") || source.path.starts_with(FILES) {
        return Vec::new();
    }
    let text = source.code.join("\n");
    let calls = BY_NAME.iter().flat_map(|name| words(&text, name).map(|at| (at, (*name).to_owned())));
    let exists = words(&text, "exists").filter(|at| text[..*at].ends_with('.') && text[*at..].starts_with("exists()"));
    let openers = words(&text, "File").filter(|at| {
        let behind = text[at + "File".len()..].strip_prefix("::").unwrap_or_default();
        heads(behind).iter().any(|head| ["open", "create", "create_new", "options"].contains(&head.as_str()))
    });
    let of_path = exists.map(|at| (at, ".exists()".to_owned()));
    let of_type = openers.map(|at| (at, "File::open or the like".to_owned()));
    let named = calls.chain(of_std(&text, "fs")).chain(of_path).chain(of_type).collect();
    offences(source, &text, named, FILES)
}

/// A crate that calls the operating system, `std::os` or a choice by system, named outside the one folder that may.
pub(crate) fn system(source: &Source) -> Vec<String> {
    if source.path.starts_with(SYSTEM) {
        return Vec::new();
    }
    let text = source.code.join("\n");
    let crates = OF_THE_SYSTEM.iter().flat_map(|name| words(&text, name).map(|at| (at, (*name).to_owned())));
    let named = crates.chain(of_std(&text, "os")).collect();
    offences(source, &text, named, SYSTEM)
}

/// Where a text names the module `std::` `module`, also in a group.
fn of_std<'t>(text: &'t str, module: &'t str) -> impl Iterator<Item = (usize, String)> + 't {
    words(text, "std").filter_map(move |at| {
        let path = text[at + "std".len()..].trim_start().strip_prefix("::")?.trim_start();
        heads(path).iter().any(|head| head == module).then(|| (at, format!("std::{module}")))
    })
}

/// An offence for each name in `text` that only the folder `place` may have.
fn offences(source: &Source, text: &str, mut named: Vec<(usize, String)>, place: &str) -> Vec<String> {
    named.sort();
    let line = |at: usize| text[..at].matches('\n').count();
    named.iter().map(|(at, name)| source.offence(line(*at), format_args!("{name} is named outside {place}"))).collect()
}
