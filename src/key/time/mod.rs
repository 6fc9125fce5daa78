//! Points in time as keys: nanoseconds since the epoch, eight bytes.

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
mod rfc3339;
mod timestamp;

pub use timestamp::Timestamp;
