//! What every system must do. A port has to pass these tests, as far as the system offers the request at all.

mod directories;
mod files;
mod locks;
mod machine;
mod memory;
mod names_of_files;

type Outcome = Result<(), Box<dyn std::error::Error>>;
