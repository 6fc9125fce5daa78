//! Whether the nodes of a page fill the room that its header gives them.

use crate::error::Result;
use crate::page::layout::{NODE_HEADER, Page};
use crate::page::verify::walk::Walk;

impl Walk<'_> {
    /// Checks that the nodes of a page, each of an even size, are together as long as the room between the free space and
    /// the end of the page.
    ///
    /// LMDB leaves no gaps. When it removes a node it moves what lies before it by the size that the node claims, and
    /// takes that off the free space: a size that lies would have it write where it should not.
    pub(crate) fn tiles(&mut self, page: Page<'_>) {
        let size = |slot| {
            let data = if page.is_leaf() { page.node(slot)?.data.len() } else { 0 };
            Ok((NODE_HEADER + page.key(slot)?.len() + data).next_multiple_of(2))
        };
        // Nobody else looks at the first key of a branch, which stands for minus infinity and has a size all the same.
        let sum: Result<usize> = (0..page.slots()).map(size).sum();
        if self.note(sum).is_some_and(|sum| sum != page.node_room()) {
            self.report
                .fault(page.number(), "the sizes of the nodes do not add up to the room that the page has for them");
        }
    }
}
