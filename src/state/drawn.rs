//! What is drawn at random when an environment is opened.

use crate::error::{Error, ErrorKind, Result};

/// Random numbers of an open environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn {
    /// The UUID that mapleaf's first commit writes, if the file has none.
    pub uuid: [u8; 16],
    /// The incarnation of this opening. With a commit's id it names that commit for ever: ids alone repeat after a
    /// copy, a restored file, or commits that a power failure undid. Never 0, which stands for none.
    #[cfg_attr(not(feature = "store"), expect(dead_code, reason = "only the store layer stamps rows"))]
    pub incarnation: u64,
}

impl Drawn {
    /// Draws them.
    pub(crate) fn new() -> Result<Self> {
        let mut uuid = [0; 16];
        let drawn = getrandom::fill(&mut uuid).and_then(|()| getrandom::u64());
        let incarnation = drawn.map_err(|error| {
            let why = format!(
                "no random bytes for the environment's UUID: {error}; retry, or allow getrandom in the sandbox"
            );
            Error::new(ErrorKind::Io, why).caused_by(error)
        })?;
        Ok(Self { uuid, incarnation: incarnation.max(1) })
    }
}
