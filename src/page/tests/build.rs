//! Builds data files in LMDB's layout in plain Rust, for an interpreter, which cannot call LMDB.

use std::collections::BTreeMap;

use crate::page::fields::overflow_pages;
use crate::page::format::{HEADER, META_PAGES, NODE_HEADER, flag};
use crate::page::format::{MAGIC, META_BYTES, NO_PAGE, RECORD_BYTES, VERSION};
use crate::page::node::Node;
use crate::page::tests::samples::{Image, Model, PAGE};

/// The value of a longer node is in overflow pages.
const NODE_MAX: usize = (PAGE - HEADER) / 2 / 2 * 2 - 2;

/// A file that contains only `trees`, by name.
pub(super) fn image(trees: &BTreeMap<&str, &Model>) -> Image {
    let mut file = Builder { pages: vec![[0; PAGE]; 2] };
    let entries = |(name, model): (&&str, &&Model)| Entry {
        key: name.as_bytes().to_vec(),
        flags: Node::SUB,
        size: RECORD_BYTES,
        data: file.tree(model.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))).to_vec(),
    };
    let names: Vec<Entry> = trees.iter().map(entries).collect();
    let main = file.levels(names, 0);
    for slot in 0..META_PAGES {
        file.meta(slot, &main);
    }
    Image::holding(file.pages.as_flattened())
}

/// The value under one key of a leaf.
struct Entry {
    key: Vec<u8>,
    flags: u16,
    size: usize,
    data: Vec<u8>,
}

struct Builder {
    pages: Vec<[u8; PAGE]>,
}

type Record = [u8; RECORD_BYTES];

impl Builder {
    fn tree<'e>(&mut self, entries: impl Iterator<Item = (&'e [u8], &'e [u8])>) -> Record {
        let mut overflow = 0;
        let entries = entries.map(|(key, value)| {
            let (mut flags, mut data) = (0, value.to_vec());
            if NODE_HEADER + key.len() + value.len() > NODE_MAX {
                let pages = overflow_pages(PAGE, value.len());
                (flags, data) = (Node::BIG, self.run(pages, value).to_le_bytes().to_vec());
                overflow += pages;
            }
            Entry { key: key.to_vec(), flags, size: value.len(), data }
        });
        let entries = entries.collect();
        self.levels(entries, overflow)
    }

    /// Builds a tree over entries whose large values are already written.
    fn levels(&mut self, entries: Vec<Entry>, overflow: u64) -> Record {
        let count = entries.len() as u64;
        let nodes = entries.into_iter().map(|entry| {
            let size = u32::try_from(entry.size).unwrap().to_le_bytes();
            let header = [size[0], size[1], size[2], size[3]];
            (entry.key.clone(), node(header, entry.flags, &entry.key, &entry.data))
        });
        let mut level = self.level(flag::LEAF, nodes.collect());
        let (mut depth, mut branches, leaves) = (u16::from(!level.is_empty()), 0, level.len() as u64);
        while level.len() > 1 {
            let nodes = level.into_iter().map(|(key, child)| {
                let child = child.to_le_bytes();
                let high = u16::from_le_bytes([child[4], child[5]]);
                (key.clone(), node([child[0], child[1], child[2], child[3]], high, &key, &[]))
            });
            level = self.level(flag::BRANCH, nodes.collect());
            (depth, branches) = (depth + 1, branches + level.len() as u64);
        }
        let root = level.first().map_or(NO_PAGE.0, |(_, page)| *page);
        let mut record = [0; RECORD_BYTES];
        record[6..8].copy_from_slice(&depth.to_le_bytes());
        for (at, field) in [(8, branches), (16, leaves), (24, overflow), (32, count), (40, root)] {
            record[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        record
    }

    /// Builds pages of these nodes; returns each page's first key and number.
    fn level(&mut self, kind: u16, mut nodes: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, u64)> {
        let mut pages = Vec::new();
        while let Some((first, _)) = nodes.first() {
            let first = first.clone();
            if kind == flag::BRANCH {
                // The first key of a branch represents minus infinity, and is left out.
                nodes[0].1.truncate(NODE_HEADER);
                nodes[0].1[6..].fill(0);
            }
            let mut room = PAGE - HEADER;
            let fits = |(_, node): &&(Vec<u8>, Vec<u8>)| {
                let left = room.checked_sub(node.len() + 2);
                room = left.unwrap_or(0);
                left.is_some()
            };
            let mut count = nodes.iter().take_while(fits).count();
            // A branch never has a single child.
            count -= usize::from(kind == flag::BRANCH && nodes.len() == count + 1);
            let rest = nodes.split_off(count);
            let page: Vec<Vec<u8>> = nodes.into_iter().map(|(_, node)| node).collect();
            pages.push((first, self.page(kind, &page)));
            nodes = rest;
        }
        pages
    }

    fn page(&mut self, kind: u16, nodes: &[Vec<u8>]) -> u64 {
        let (number, mut page) = (self.pages.len() as u64, [0; PAGE]);
        let mut upper = PAGE;
        for (slot, node) in nodes.iter().enumerate() {
            upper -= node.len();
            page[upper..upper + node.len()].copy_from_slice(node);
            page[HEADER + 2 * slot..][..2].copy_from_slice(&u16::try_from(upper).unwrap().to_le_bytes());
        }
        header(&mut page, number, kind);
        for (at, end) in [(12, HEADER + 2 * nodes.len()), (14, upper)] {
            page[at..at + 2].copy_from_slice(&u16::try_from(end).unwrap().to_le_bytes());
        }
        self.pages.push(page);
        number
    }

    fn run(&mut self, pages: u64, value: &[u8]) -> u64 {
        let number = self.pages.len() as u64;
        let mut bytes = vec![0; usize::try_from(pages).unwrap() * PAGE];
        header(&mut bytes, number, flag::OVERFLOW);
        bytes[12..16].copy_from_slice(&u32::try_from(pages).unwrap().to_le_bytes());
        bytes[HEADER..HEADER + value.len()].copy_from_slice(value);
        self.pages.extend(bytes.chunks_exact(PAGE).map(|page| *page.first_chunk::<PAGE>().unwrap()));
        number
    }

    fn meta(&mut self, slot: u64, main: &Record) {
        let last = self.pages.len() as u64 - 1;
        let page = &mut self.pages[usize::try_from(slot).unwrap()];
        header(page, slot, flag::META);
        page[16..20].copy_from_slice(&MAGIC.to_le_bytes());
        page[20..24].copy_from_slice(&VERSION.to_le_bytes());
        page[32..40].copy_from_slice(&(1_u64 << 30).to_le_bytes());
        // The free list: no pages. Its pad is the page size, its flag that of integer keys.
        page[40..44].copy_from_slice(&u32::try_from(PAGE).unwrap().to_le_bytes());
        page[44] = 8;
        page[80..88].copy_from_slice(&NO_PAGE.0.to_le_bytes());
        page[88..136].copy_from_slice(main);
        page[136..144].copy_from_slice(&last.to_le_bytes());
        page[144..META_BYTES].copy_from_slice(&(2 + slot).to_le_bytes());
    }
}

fn header(page: &mut [u8], number: u64, kind: u16) {
    page[..8].copy_from_slice(&number.to_le_bytes());
    page[10..12].copy_from_slice(&kind.to_le_bytes());
}

/// A node, padded to an even length.
fn node(size: [u8; 4], flags: u16, key: &[u8], data: &[u8]) -> Vec<u8> {
    let key_len = u16::try_from(key.len()).unwrap();
    let mut node = [&size[..], &flags.to_le_bytes(), &key_len.to_le_bytes(), key, data].concat();
    node.resize(node.len().next_multiple_of(2), 0);
    node
}
