//! Writes the files that `data_file` starts from to `corpus/data_file`.

use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/data_file");
    fs::create_dir_all(&corpus)?;
    for (name, bytes) in mapleaf_fuzz::seeds::files()? {
        fs::write(corpus.join(name), &bytes)?;
        println!("{name}: {} bytes", bytes.len());
    }
    Ok(())
}
