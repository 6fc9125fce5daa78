//! The documents speak of the code as it is: docs/design.md names each folder of the source, files that are named exist,
//! and links within the documents lead somewhere.

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

/// What stands between back quotes in `text`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn the_design_names_each_folder_of_the_source() -> Outcome {
    let design = fs::read_to_string(root().join("docs/design.md"))?;
    let mut count = 0;
    for entry in fs::read_dir(root().join("src"))? {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().ok_or("a folder without a name")?.to_string_lossy().into_owned();
            assert!(
                design.contains(&format!("`{name}/`")) || design.contains(&format!("`src/{name}/`")),
                "no word of {name}"
            );
            count += 1;
        }
    }
    assert!(count > 10, "only {count} folders were found");
    Ok(())
}

#[test]
fn files_that_documents_name_exist() -> Outcome {
    let mut count = 0;
    for (document, text) in documents()? {
        let files = quoted(&text)
            .filter(|name| ["src/", "tests/", "docs/", "examples/", "tour/"].iter().any(|at| name.starts_with(at)));
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
