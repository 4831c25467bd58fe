//! In which order the items of a column stand.
//!
//! Owns that order: each item near the mean of those it is joined with, the order with the fewest crossings kept. Refuses to
//! find the best one, which nobody can in reasonable time.

use super::layers::Layers;

/// Sweeps to the right and back. Chosen: more change little.
const SWEEPS: usize = 12;

/// Orders the columns.
pub(super) fn settle(layers: &mut Layers) {
    let neighbours = layers.neighbours();
    let mut best = (crossings(layers, &neighbours), layers.columns.clone());
    for sweep in 0..SWEEPS {
        let to_right = sweep % 2 == 0;
        let count = layers.columns.len();
        for step in 1..count {
            let column = if to_right { step } else { count - 1 - step };
            sort(layers, &neighbours, column, usize::from(!to_right));
        }
        let found = crossings(layers, &neighbours);
        if found < best.0 {
            best = (found, layers.columns.clone());
        }
    }
    layers.columns = best.1;
}

/// Sorts a column by the mean place of its neighbours on one side; who has none stays where it is.
fn sort(layers: &mut Layers, neighbours: &[[Vec<usize>; 2]], column: usize, side: usize) {
    let place = places(layers);
    let key = |item: &usize| {
        let there = &neighbours[*item][side];
        let sum: f64 = there.iter().map(|other| place[*other]).sum();
        if there.is_empty() { place[*item] } else { sum / there.len() as f64 }
    };
    layers.columns[column].sort_by(|a, b| key(a).total_cmp(&key(b)));
}

/// How far down its column each item stands, from 0 to 1.
fn places(layers: &Layers) -> Vec<f64> {
    let mut places = vec![0.0; layers.items.len()];
    for column in &layers.columns {
        for (place, item) in column.iter().enumerate() {
            places[*item] = (place as f64 + 0.5) / column.len() as f64;
        }
    }
    places
}

/// Pairs of lines that cross between two columns.
fn crossings(layers: &Layers, neighbours: &[[Vec<usize>; 2]]) -> usize {
    let mut place = vec![0; layers.items.len()];
    for column in &layers.columns {
        column.iter().enumerate().for_each(|(at, item)| place[*item] = at);
    }
    let mut count = 0;
    for column in &layers.columns {
        let lines = column.iter().flat_map(|item| {
            let mut ends: Vec<usize> = neighbours[*item][1].iter().map(|other| place[*other]).collect();
            ends.sort_unstable();
            ends
        });
        let lines: Vec<usize> = lines.collect();
        for (at, end) in lines.iter().enumerate() {
            count += lines[..at].iter().filter(|other| *other > end).count();
        }
    }
    count
}
