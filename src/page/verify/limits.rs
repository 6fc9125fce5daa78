//! The limits of the keys in a page.

use crate::page::verify::order::{Order, Ranked};

/// The limits of the keys in a page: each is at or above `low`, and below `high`.
#[derive(Clone, Copy)]
pub(crate) struct RankedLimits<'k> {
    pub low: Option<Ranked<'k>>,
    pub high: Option<Ranked<'k>>,
}

impl<'k> RankedLimits<'k> {
    /// No limits: every key is allowed.
    pub(crate) const NONE: RankedLimits<'static> = RankedLimits { low: None, high: None };

    /// Whether `key` is within the limits.
    #[inline]
    pub(crate) fn hold(self, order: Order, key: Ranked<'k>) -> bool {
        self.low.is_none_or(|low| order.compare(low, key).is_le())
            && self.high.is_none_or(|high| order.compare(key, high).is_lt())
    }

    /// Whether a separator is allowed here: above the lower limit and below the upper one.
    pub(crate) fn enclose(self, order: Order, separator: Ranked<'k>) -> bool {
        self.low.is_none_or(|low| order.compare(low, separator).is_lt())
            && self.high.is_none_or(|high| order.compare(separator, high).is_lt())
    }
}
