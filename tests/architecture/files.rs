//! Circles of files: what each file names, followed through the re-exports to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, is_name, words};

type Path = Vec<String>;

/// The files as modules, and what each module re-exports or imports under which name.
struct Modules<'s> {
    files: BTreeMap<Path, &'s Source>,
    imports: BTreeMap<Path, BTreeMap<String, Path>>,
}

/// Groups of more than `most` files in which each file leads to all others by what it names.
///
/// Methods that another file implements on a type are not seen, nor names behind a glob, a macro, or a module that was imported
/// under its own name.
pub(crate) fn circles(sources: &[Source], most: usize) -> Vec<String> {
    let files: BTreeMap<Path, &Source> = sources.iter().map(|source| (owned(source), source)).collect();
    let imports = files.iter().map(|(module, source)| (module.clone(), imports(module, source, &files))).collect();
    let modules = Modules { files, imports };
    let edges: BTreeMap<&Path, BTreeSet<Path>> =
        modules.files.iter().map(|(module, source)| (module, modules.named_by(module, source))).collect();
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = edges.keys().map(|from| (*from, reach(from, &edges))).collect();
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    for (module, there) in &reached {
        let circle: Vec<&Path> = there.iter().copied().filter(|other| reached[*other].contains(*module)).collect();
        if circle.len() > most && seen.insert(circle.clone()) {
            let names: Vec<String> = circle.iter().map(|path| path.join("::")).collect();
            out.push(format!("a circle of {} files: {}", names.len(), names.join(", ")));
        }
    }
    out
}

fn owned(source: &Source) -> Path {
    source.module().into_iter().map(str::to_owned).collect()
}

/// All that can be reached from a module, itself only round a circle.
fn reach<'e>(from: &Path, edges: &'e BTreeMap<&Path, BTreeSet<Path>>) -> BTreeSet<&'e Path> {
    let mut out = BTreeSet::new();
    let mut open: Vec<&Path> = edges.get(from).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if out.insert(next) {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    out
}

impl Modules<'_> {
    /// The modules of the files that a file names, itself excepted.
    fn named_by(&self, module: &Path, source: &Source) -> BTreeSet<Path> {
        let paths = paths(module, source, &self.files);
        paths.into_iter().filter_map(|path| self.file_of(&path, 0)).filter(|there| there != module).collect()
    }

    /// The module of the file that defines what a path leads to.
    fn file_of(&self, path: &[String], followed: usize) -> Option<Path> {
        let depth = (0..=path.len()).rev().find(|depth| self.files.contains_key(&path[..*depth]))?;
        let (module, rest) = path.split_at(depth);
        let imported = rest.first().and_then(|name| self.imports.get(module)?.get(name));
        match imported {
            Some(target) if followed < 20 && target[..] != path[..=depth] => {
                let longer = [&target[..], &rest[1..]].concat();
                self.file_of(&longer, followed + 1)
            }
            _ => Some(module.to_vec()),
        }
    }
}

/// The names that a file imports, with the paths that they stand for.
fn imports(module: &Path, source: &Source, files: &BTreeMap<Path, &Source>) -> BTreeMap<String, Path> {
    let text = source.code.join("\n");
    let statements = words(&text, "use").map(|at| &text[at + "use".len()..]);
    let trees = statements.flat_map(|rest| tree(rest.split(';').next().unwrap_or_default()));
    trees
        .filter_map(|(path, alias)| {
            let name = alias.or_else(|| path.last().cloned())?;
            Some((name, absolute(&path, module, files)?))
        })
        .collect()
}

/// All paths of a file that begin in this crate, from its root. What a module re-exports from one below it, it does not use.
fn paths(module: &Path, source: &Source, files: &BTreeMap<Path, &Source>) -> Vec<Path> {
    let text = source.code.join("\n");
    let mut out = Vec::new();
    for at in words(&text, "use") {
        let before = text[..at].trim_end();
        let is_public = before.ends_with("pub") || before.ends_with(')');
        for (path, _) in tree(text[at + "use".len()..].split(';').next().unwrap_or_default()) {
            let is_below = path.first().is_some_and(|first| !["crate", "super", "self"].contains(&first.as_str()));
            out.extend(absolute(&path, module, files).filter(|_| !(is_public && is_below)));
        }
    }
    for word in ["crate", "super", "self"] {
        let begins = |at: &usize| !text[..*at].trim_end().ends_with("::") && text[at + word.len()..].starts_with("::");
        for at in words(&text, word).filter(begins) {
            let path = text[at..].split(|c: char| !is_name(c) && c != ':').next().unwrap_or_default();
            let path: Path = path.split("::").map(str::to_owned).take_while(|name| !name.is_empty()).collect();
            out.extend(absolute(&path, module, files).filter(|path| !path.is_empty()));
        }
    }
    out
}

/// The paths of what follows a `use`, each with its alias.
fn tree(text: &str) -> Vec<(Path, Option<String>)> {
    let text = text.trim();
    if let Some(at) = text.find('{') {
        let before = text[..at].trim().trim_end_matches("::");
        let before: Path =
            before.split("::").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let inside = text[at + 1..].rsplit_once('}').map_or("", |(inside, _)| inside);
        let longer = |(path, alias)| ([before.clone(), path].concat(), alias);
        return parts(inside).into_iter().flat_map(tree).map(longer).collect();
    }
    let (path, alias) =
        text.split_once(" as ").map_or((text, None), |(path, alias)| (path, Some(alias.trim().to_owned())));
    let path: Path = path.split("::").map(|name| name.trim().to_owned()).filter(|name| name != "self").collect();
    if path.iter().all(String::is_empty) { Vec::new() } else { vec![(path, alias)] }
}

/// What stands between the commas of a group, other groups whole.
fn parts(inside: &str) -> Vec<&str> {
    let (mut depth, mut from, mut out) = (0_usize, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&inside[from..]);
    out.retain(|part| !part.trim().is_empty());
    out
}

/// A path from the crate's root; none for one into another crate.
fn absolute(path: &[String], module: &Path, files: &BTreeMap<Path, &Source>) -> Option<Path> {
    let first = path.first()?;
    let (mut base, mut rest) = (module.clone(), path);
    match first.as_str() {
        "crate" => return Some(path[1..].to_vec()),
        "self" => rest = &path[1..],
        "super" => {
            while let Some(("super", after)) = rest.split_first().map(|(name, after)| (name.as_str(), after)) {
                base.pop();
                rest = after;
            }
        }
        // A module below this one.
        _ if files.contains_key(&[&module[..], &path[..1]].concat()) => {}
        _ => return None,
    }
    Some([&base[..], rest].concat())
}
