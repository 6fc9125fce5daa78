//! What the tests share that make calls to the system fail.

pub mod bench;
pub mod campaign;
pub mod ledger;
#[path = "../common/process.rs"]
pub mod process;
pub mod shim;
