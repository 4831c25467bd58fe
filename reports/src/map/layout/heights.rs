//! How high the items of a column stand, given their order.
//!
//! Owns the heights: each item as near as can be to the mean of those it is joined with, none over another. Refuses to change
//! the order.

use super::layers::Layers;
use super::{GAP_Y, Item};

/// Rounds of settling. Chosen: more move nothing by a whole px.
const ROUNDS: usize = 24;

/// The middle of every item; the highest item's upper edge is at 0.
pub(super) fn heights(layers: &Layers) -> Vec<f64> {
    let neighbours = layers.neighbours();
    let mut middles = vec![0.0; layers.items.len()];
    for column in &layers.columns {
        let offsets = offsets(layers, column);
        let tall = offsets.last().copied().unwrap_or_default();
        for (item, offset) in column.iter().zip(offsets) {
            middles[*item] = offset - tall / 2.0;
        }
    }
    for round in 0..ROUNDS {
        let count = layers.columns.len();
        for step in 0..count {
            let column = &layers.columns[if round % 2 == 0 { step } else { count - 1 - step }];
            let wanted: Vec<f64> = column.iter().map(|item| mean(&neighbours[*item], &middles, *item)).collect();
            let apart = apart(&wanted, &offsets(layers, column));
            column.iter().zip(apart).for_each(|(item, middle)| middles[*item] = middle);
        }
    }
    let edges = middles.iter().zip(&layers.items).map(|(middle, item)| middle - item.height() / 2.0);
    let top = edges.fold(f64::MAX, f64::min);
    middles.iter_mut().for_each(|middle| *middle -= top);
    middles
}

/// The mean of an item's neighbours on both sides; where it stands if it has none.
fn mean(neighbours: &[Vec<usize>; 2], middles: &[f64], item: usize) -> f64 {
    let count = neighbours[0].len() + neighbours[1].len();
    let sum: f64 = neighbours.iter().flatten().map(|other| middles[*other]).sum();
    if count == 0 { middles[item] } else { sum / count as f64 }
}

/// How far each item's middle is below the first one's at least.
fn offsets(layers: &Layers, column: &[usize]) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(column.len());
    let mut at = 0.0;
    for (place, item) in column.iter().enumerate() {
        if let Some(above) = place.checked_sub(1).map(|above| layers.items[column[above]]) {
            let here = layers.items[*item];
            let gap = if above == Item::Line && here == Item::Line { GAP_Y / 4.0 } else { GAP_Y };
            at += f64::midpoint(above.height(), here.height()) + gap;
        }
        offsets.push(at);
    }
    offsets
}

/// The heights nearest to those wanted, in the sense of least squares, with each at least so far below the one above as the
/// offsets say. Less their offsets, heights may not fall from one to the next: where they would, neighbours share their mean.
fn apart(wanted: &[f64], offsets: &[f64]) -> Vec<f64> {
    // Sum and number of neighbours that stand together.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(offsets) {
        let mut block = (wanted - offset, 1);
        while let Some(above) = blocks.pop_if(|above| above.0 * block.1 as f64 >= block.0 * above.1 as f64) {
            block = (block.0 + above.0, block.1 + above.1);
        }
        blocks.push(block);
    }
    let bases = blocks.iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / *count as f64, *count));
    bases.zip(offsets).map(|(base, offset)| base + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_want_one_place_share_it() {
        assert_eq!(apart(&[10.0, 10.0, 100.0], &[0.0, 20.0, 40.0]), [0.0, 20.0, 100.0]);
        assert_eq!(apart(&[50.0, 0.0], &[0.0, 10.0]), [20.0, 30.0]);
        assert_eq!(apart(&[], &[]), [] as [f64; 0]);
    }
}
