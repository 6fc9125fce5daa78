//! The role of each page of a healthy file: a walk of LMDB's format that shares no code with the library.

use std::collections::BTreeSet;

use crate::common::damage::PAGE;

/// The role of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Meta,
    Branch,
    Leaf,
    /// The first page of a large value.
    Large,
    /// A page of a large value without a header.
    Rest,
    /// In no tree of the newest state.
    Unused,
}

/// The owner of the pages of the main tree.
pub const MAIN: &str = "main";
/// The owner of the pages of the free list.
pub const FREE: &str = "free";
/// The catalogue, which says what the databases are.
pub const CATALOGUE: &str = "__mapleaf";

/// What the pages of a file are for.
#[derive(Debug)]
pub struct Atlas {
    pages: Vec<(Kind, String)>,
    /// For each page of a tree its parent; for a root, the page itself.
    parents: Vec<usize>,
}

impl Atlas {
    pub fn of(bytes: &[u8]) -> Self {
        let count = bytes.len() / PAGE;
        let mut atlas = Self { pages: vec![(Kind::Unused, String::new()); count], parents: vec![0; count] };
        let meta = newest_meta(bytes);
        atlas.pages[..2].fill((Kind::Meta, String::new()));
        atlas.tree(bytes, meta + 40, FREE);
        atlas.tree(bytes, meta + 88, MAIN);
        atlas
    }

    pub fn count(&self) -> usize {
        self.pages.len()
    }

    pub fn kind(&self, page: usize) -> Kind {
        self.pages[page].0
    }

    pub fn owner(&self, page: usize) -> &str {
        &self.pages[page].1
    }

    /// The pages with this role, ascending.
    pub fn pages_of(&self, kind: Kind) -> Vec<usize> {
        (0..self.count()).filter(|page| self.kind(*page) == kind).collect()
    }

    /// The pages above `page` in its tree, from the nearest up.
    pub fn ancestors(&self, page: usize) -> Vec<usize> {
        let mut above = Vec::new();
        let mut at = page;
        while self.parents[at] != at {
            at = self.parents[at];
            above.push(at);
        }
        above
    }

    /// Whether damage of these bytes leaves database `name` intact: its pages, and all pages that lead to it.
    pub fn spares(&self, name: &str, hit: &BTreeSet<usize>) -> bool {
        hit.iter().map(|at| at / PAGE).all(|page| {
            let owner = self.owner(page);
            self.kind(page) != Kind::Meta && owner != MAIN && owner != CATALOGUE && owner != name
        })
    }

    fn tree(&mut self, bytes: &[u8], record: usize, owner: &str) {
        let root = u64_at(bytes, record + 40);
        if let Ok(root) = usize::try_from(root)
            && root < self.count()
        {
            self.page(bytes, root, root, owner);
        }
    }

    fn page(&mut self, bytes: &[u8], number: usize, parent: usize, owner: &str) {
        let at = number * PAGE;
        let leaf = u16_at(bytes, at + 10) & 2 != 0;
        self.mark(number, parent, if leaf { Kind::Leaf } else { Kind::Branch }, owner);
        for node in nodes(bytes, number) {
            if !leaf {
                self.page(bytes, child(bytes, node), number, owner);
                continue;
            }
            let data = node + 8 + usize::from(u16_at(bytes, node + 6));
            match u16_at(bytes, node + 4) {
                1 => self.run(bytes, child_at(bytes, data), number, owner),
                2 => {
                    let name = String::from_utf8_lossy(&bytes[node + 8..data]).into_owned();
                    self.tree(bytes, data, &name);
                }
                _ => {}
            }
        }
    }

    fn run(&mut self, bytes: &[u8], first: usize, parent: usize, owner: &str) {
        let count = u16_at(bytes, first * PAGE + 12);
        for page in first..first + usize::from(count) {
            self.mark(page, parent, if page == first { Kind::Large } else { Kind::Rest }, owner);
        }
    }

    fn mark(&mut self, page: usize, parent: usize, kind: Kind, owner: &str) {
        assert_eq!(self.kind(page), Kind::Unused, "page {page} has two uses");
        self.pages[page] = (kind, owner.to_owned());
        self.parents[page] = parent;
    }
}

/// The offset of the newest meta page.
pub fn newest_meta(bytes: &[u8]) -> usize {
    if u64_at(bytes, 144) > u64_at(bytes, PAGE + 144) { 0 } else { PAGE }
}

/// The offsets of the nodes of page `number`, in the order of its slots.
pub fn nodes(bytes: &[u8], number: usize) -> Vec<usize> {
    let at = number * PAGE;
    let lower = usize::from(u16_at(bytes, at + 12));
    (at + 16..at + lower).step_by(2).map(|slot| at + usize::from(u16_at(bytes, slot))).collect()
}

/// The child page of the branch node at `node`.
pub fn child(bytes: &[u8], node: usize) -> usize {
    usize::try_from(u64_at(bytes, node) & 0xFFFF_FFFF_FFFF).expect("a page")
}

/// The page number in the eight bytes at `at`.
pub fn child_at(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64_at(bytes, at)).expect("a page")
}

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(*bytes[at..].first_chunk().expect("inside the file"))
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("inside the file"))
}
