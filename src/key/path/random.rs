//! New ids for segments.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::list::Path;
use crate::error::{Error, ErrorKind, Result};

/// How many ids this process has created; the lower 24 bits go into the id.
static MADE: AtomicU32 = AtomicU32::new(0);

impl Path {
    /// Creates a new id for a segment: 24 hexadecimal digits, as text, not a path.
    ///
    /// 4 bytes of seconds since the epoch, 3 bytes of a counter in the process, 5 random bytes. Ids sort by the
    /// second of their creation, and ids of one process by the order of their creation (the counter restarts after
    /// 16,777,216). The random bytes are new for each id, so forked processes do not repeat each other's.
    ///
    /// One system call, one allocation.
    ///
    /// # Errors
    /// `Io` when the operating system returns no random bytes.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// let post = Path::parse("/user:ann/posts")?.child(&Path::random_id()?)?;
    /// assert_eq!(post.value().len(), 24);
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn random_id() -> Result<String> {
        let mut random = [0; 5];
        getrandom::fill(&mut random).map_err(|cause| {
            Error::new(ErrorKind::Io, "the operating system gave no random bytes").caused_by(cause.to_string())
        })?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) & 0xFFFF_FFFF;
        let count = MADE.fetch_add(1, Ordering::Relaxed) & 0x00FF_FFFF;
        let random = random.iter().fold(0_u64, |high, &byte| high << 8 | u64::from(byte));
        Ok(format!("{seconds:08x}{count:06x}{random:010x}"))
    }
}
