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
pub(super) mod core;
mod expiry;
mod handle;
pub(super) mod header;
mod live_rows;
mod meta;
mod put_options;
mod record_bytes;
pub(super) mod rows;
pub(super) mod time;
mod token;
mod verbs;
mod writer;

pub use at::RecordsAt;
pub use batch::RecordBatch;
pub(crate) use batch::Step;
pub use conflict::{RecordConflict, RecordConflicts};
pub(crate) use each::{Put, encode_put, refuse_twice};
pub use handle::Records;
pub(crate) use handle::sought;
pub use in_txn::RecordsTxn;
pub use info::RecordsInfo;
pub use listing::RecordListing;
pub use meta::{Entry, Meta, RecordKind, read_record};
pub use open::RecordsOptions;
pub use put_options::{Expect, PutOptions, Ttl};
pub use query::{Query, QueryEntries};
pub use token::Token;
