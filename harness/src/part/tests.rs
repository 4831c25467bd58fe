//! Workers and their shares of the cells.

use super::Worker;

/// *Scenario* One to seven cells among as many workers as there can be.
///
/// *Guarantees* Every cell is played once, in the order of the workers, and none has more than one cell more than another.
#[test]
fn every_cell_is_of_one_worker() {
    for all in 1..=7 {
        for of in 1..=all {
            let shares: Vec<_> = (1..=of).map(|number| Worker { number, of }.cells(all)).collect();
            let cells: Vec<u32> = shares.iter().cloned().flatten().collect();
            assert_eq!(cells, (0..all).collect::<Vec<u32>>(), "{all} cells among {of}");
            let sizes = shares.iter().map(ExactSizeIterator::len);
            assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1, "{shares:?}");
        }
    }
}

/// *Scenario* Workers as people write them, rightly and wrongly.
///
/// *Guarantees* They count from one, and what is no worker is told what one is.
#[test]
fn a_worker_is_i_of_n() {
    assert_eq!("2/3".parse(), Ok(Worker { number: 2, of: 3 }));
    assert_eq!(Worker { number: 2, of: 3 }.to_string(), "2/3");
    for text in ["0/3", "4/3", "1/0", "1", "1/2/3", "-1/3", ""] {
        assert!(text.parse::<Worker>().unwrap_err().contains("such as 2/3"), "{text}");
    }
}
