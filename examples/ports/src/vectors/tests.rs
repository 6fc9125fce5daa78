//! The graph against one that is computed in memory.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Index, Nearest, bytes_of};
use crate::Result;
use crate::tests::{Random, for_both};

for_both! {
    items_are_linked_with_the_nearest_of_all_transactions
    an_item_has_no_link_to_itself
}

fn items_are_linked_with_the_nearest_of_all_transactions<I: Index>(path: &Path) -> Result<()> {
    let (index, mut random) = (I::open(path)?, Random(5));
    let mut memory: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for _ in 0..5 {
        let mut items = Vec::new();
        for _ in 0..40 {
            // An id may come again, with another vector.
            let vector = [0; 4].map(|_: u8| f32::from(u16::try_from(random.below(1000)).unwrap_or(0)));
            items.push((u32::try_from(random.below(150))?, vector.to_vec()));
        }
        index.add(&items)?;
        memory.extend(items.iter().map(|(id, vector)| (*id, bytes_of(vector))));
        for (id, vector) in &memory {
            let mut nearest = Nearest::new(vector);
            memory.iter().filter(|(other, _)| *other != id).for_each(|(other, vector)| nearest.offer(*other, vector));
            assert_eq!(index.nearest(*id)?, Some(nearest.ids()));
        }
    }
    assert!(memory.len() > 80);
    assert_eq!(index.nearest(1000)?, None);
    Ok(())
}

fn an_item_has_no_link_to_itself<I: Index>(path: &Path) -> Result<()> {
    let index = I::open(path)?;
    index.add(&[])?;
    index.add(&[(7, vec![0.5, 1.0])])?;
    assert_eq!(index.nearest(7)?, Some(vec![]));
    index.add(&[(9, vec![0.5, 2.0]), (8, vec![0.5, 1.5])])?;
    assert_eq!(index.nearest(7)?, Some(vec![8, 9]));
    assert_eq!(index.nearest(9)?, Some(vec![8, 7]));
    Ok(())
}
