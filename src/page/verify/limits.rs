//! The limits of the keys in a page.

use crate::page::verify::order::{Order, OrderedKey};

/// The limits of the keys in a page: each is at or above `low`, and below `high`.
#[derive(Clone, Copy)]
pub(crate) struct KeyLimits<'k> {
    pub low: Option<OrderedKey<'k>>,
    pub high: Option<OrderedKey<'k>>,
}

impl<'k> KeyLimits<'k> {
    /// No limits: every key is allowed.
    pub(crate) const NONE: KeyLimits<'static> = KeyLimits { low: None, high: None };

    /// Whether `key` is within the limits.
    #[inline]
    pub(crate) fn contain(self, order: Order, key: OrderedKey<'k>) -> bool {
        self.low.is_none_or(|low| order.compare(low, key).is_le())
            && self.high.is_none_or(|high| order.compare(key, high).is_lt())
    }

    /// Whether a separator is allowed here: above the lower limit and below the upper one.
    pub(crate) fn admit_separator(self, order: Order, separator: OrderedKey<'k>) -> bool {
        self.low.is_none_or(|low| order.compare(low, separator).is_lt())
            && self.high.is_none_or(|high| order.compare(separator, high).is_lt())
    }
}
