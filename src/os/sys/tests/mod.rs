//! What every system must do, as laws. A port passes them too, as far as it offers the request at all.

mod directories;
mod files;
mod locks;
mod machine;
mod memory;
mod names_of_files;

type Outcome = Result<(), Box<dyn std::error::Error>>;
