//! Imports run down the layers only, files form no circles, and every file stays inside the budgets.

mod budgets;
mod files;
mod imports;
mod planted;
mod source;

use std::fs;
use std::path::Path;

use source::Source;

/// Every Rust file of production code under `src/`, in order of its path.
fn sources() -> Vec<Source> {
    let out = sources_of("src");
    assert!(out.len() > 5, "found only {} files", out.len());
    out
}

/// Those of all packages of the workspace. Only budgets and form are checked in the others: they have no layers.
fn sources_of_all() -> Vec<Source> {
    let derive = sources_of("derive/src");
    assert!(derive.len() > 3, "found only {} files", derive.len());
    let tour = sources_of("tour/src");
    assert!(tour.len() > 3, "found only {} files", tour.len());
    sources().into_iter().chain(derive).chain(tour).collect()
}

/// Every Rust file of production code in a folder, in order of its path.
fn sources_of(folder: &str) -> Vec<Source> {
    fn collect(folder: &Path, root: &Path, out: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).expect("the sources are readable") {
            let path = entry.expect("the sources are readable").path();
            // A folder of unit tests is no production code: heed is the second opinion there.
            if path.is_dir() && path.file_name().is_some_and(|name| name == "tests") {
                continue;
            }
            if path.is_dir() {
                collect(&path, root, out);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("the sources are text");
                let path = path.strip_prefix(root).expect("it was found below").components();
                let path = path.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
                out.push(Source::new(&path, &text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    collect(&root.join(folder), root, &mut out);
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

#[track_caller]
fn assert_none(offences: &[String]) {
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

#[test]
fn imports_run_down() {
    assert_none(&sources().iter().flat_map(imports::upward).collect::<Vec<_>>());
}

#[test]
fn layers_form_no_circle() {
    assert_none(&imports::circles(&sources()));
}

/// Two files may name each other, as a type and the iterator over it do.
const CIRCLE_MAX: usize = 2;

#[test]
fn files_form_no_circle_of_more_than_two() {
    assert_none(&files::circles(&sources(), CIRCLE_MAX));
}

#[test]
fn heed_and_unsafe_stay_in_their_modules() {
    let sources = sources_of_all();
    assert_none(&sources.iter().flat_map(imports::heed).collect::<Vec<_>>());
    assert_none(&sources.iter().flat_map(budgets::unsafety).collect::<Vec<_>>());
}

#[test]
fn one_folder_asks_the_operating_system() {
    assert_none(&sources_of_all().iter().flat_map(imports::system).collect::<Vec<_>>());
    assert_none(&sources().iter().flat_map(imports::files).collect::<Vec<_>>());
}

#[test]
fn files_and_functions_are_inside_their_budgets() {
    let sources = sources_of_all();
    assert_none(&sources.iter().flat_map(budgets::sizes).collect::<Vec<_>>());
    let mut lengths: Vec<usize> = sources.iter().map(Source::production_lines).collect();
    lengths.sort_unstable();
    println!("{} files, median {} lines (aim: at most 150)", lengths.len(), lengths[lengths.len() / 2]);
}

#[test]
fn code_is_finished_and_says_what_it_is() {
    let sources = sources_of_all();
    assert_none(&sources.iter().flat_map(budgets::unwraps).collect::<Vec<_>>());
    assert_none(&sources.iter().flat_map(budgets::unfinished).collect::<Vec<_>>());
    assert_none(&sources.iter().flat_map(budgets::untitled).collect::<Vec<_>>());
}
