//! Linux: through the standard library, nix and memmap2.

pub(super) mod directories;
pub(super) mod files;
pub(super) mod locks;
pub(super) mod machine;
pub(super) mod memory;
