//! Records: values with a version, a token, times, metadata and an expiry.

// In the order in which rustdoc is to show the methods of `Records`.
mod open;

mod read;

mod write;

mod each;
mod update;

mod sweep;

mod listing;
mod query;

mod prefixes;

mod batch;
mod info;

mod at;
mod in_txn;

mod in_txn_more;

mod conflict;
mod core;
mod expiry;
mod handle;
mod header;
mod live_rows;
mod meta;
mod put_options;
mod record_bytes;
mod rows;
mod time;
mod token;
mod verbs;
mod writer;

pub use at::RecordsAt;
pub use batch::RecordBatch;
pub use conflict::{RecordConflict, RecordConflicts};
pub use handle::Records;
pub use in_txn::RecordsTxn;
pub use info::RecordsInfo;
pub use listing::RecordListing;
pub use meta::{Entry, Meta, RecordKind, read_record};
pub use open::RecordsOptions;
pub use put_options::{Expect, PutOptions, Ttl};
pub use query::{Query, QueryEntries};
pub use token::Token;
