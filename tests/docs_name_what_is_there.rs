//! The documents speak of the code as it is: docs/design.md has one line for each source file, files that are named exist,
//! and links within the documents lead somewhere.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Outcome = Result<(), Box<dyn Error>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents, by their path from the root.
fn documents() -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let mut paths = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for entry in fs::read_dir(root().join("docs"))? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let read = |path: PathBuf| -> Result<_, Box<dyn Error>> {
        let text = fs::read_to_string(&path)?;
        Ok((path, text))
    };
    paths.into_iter().map(read).collect()
}

/// The Rust files below `folder`, from it, without the rooms' wiring and unit tests.
fn sources(folder: &Path, base: &Path, out: &mut BTreeSet<String>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                sources(&path, base, out)?;
            }
        } else if path.file_name().is_some_and(|name| name != "mod.rs") {
            out.insert(path.strip_prefix(base)?.display().to_string());
        }
    }
    Ok(())
}

/// What stands between back quotes in `text`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn the_design_has_a_line_for_each_file_of_a_room() -> Outcome {
    let design = fs::read_to_string(root().join("docs/design.md"))?;
    for room in ["dbi", "scan", "txn", "env", "page", "value", "key"] {
        let mut there = BTreeSet::new();
        sources(&root().join("src").join(room), &root().join("src").join(room), &mut there)?;
        let heading = format!("### `src/{room}/`");
        let table = design.split_once(&heading).ok_or_else(|| format!("no {heading}"))?.1;
        let table = table.split("\n#").next().unwrap_or_default();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let named: BTreeSet<String> = rows.map(str::to_owned).collect();
        assert_eq!(named, there, "files of {room}");
    }
    Ok(())
}

#[test]
fn files_that_documents_name_exist() -> Outcome {
    let mut count = 0;
    for (document, text) in documents()? {
        let files =
            quoted(&text).filter(|name| ["src/", "tests/", "docs/", "examples/"].iter().any(|at| name.starts_with(at)));
        // A name with a star is that of a family of files.
        for name in files.filter(|name| !name.contains('*')) {
            assert!(root().join(name).exists(), "{} names {name}", document.display());
            count += 1;
        }
    }
    assert!(count > 30, "only {count} names were found");
    Ok(())
}

/// The anchor that forges make of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || "- _".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_to_headings_lead_somewhere() -> Outcome {
    let documents = documents()?;
    let mut count = 0;
    for (document, text) in &documents {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, heading)) = link.split_once('#').filter(|(file, _)| !file.contains("://")) else {
                continue;
            };
            let target = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
            let (_, target) = documents.iter().find(|(path, _)| *path == target).ok_or_else(|| format!("no {file}"))?;
            let headings = target.lines().filter(|line| line.starts_with('#')).map(anchor);
            assert!(headings.into_iter().any(|found| found == heading), "{}: {link}", document.display());
            count += 1;
        }
    }
    assert!(count > 30, "only {count} links were found");
    Ok(())
}
