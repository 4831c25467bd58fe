//! A sample in a few numbers: mean, quantiles, greatest.

/// A sample. Quantiles are values of the sample itself, by nearest rank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    sorted: Vec<u64>,
}

impl Spread {
    pub(super) fn of(sample: &[u64]) -> Self {
        let mut sorted = sample.to_vec();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// How many values there are.
    pub(super) fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The mean; nothing of nothing.
    pub(super) fn mean(&self) -> Option<f64> {
        let sum: u128 = self.sorted.iter().map(|value| u128::from(*value)).sum();
        (self.count() > 0).then(|| sum as f64 / self.count() as f64)
    }

    /// The least value that at least so many in a thousand do not exceed; nothing where that leaves less than one value above it.
    pub(super) fn quantile(&self, per_mille: usize) -> Option<u64> {
        if self.count() * (1_000 - per_mille) < 1_000 {
            return None;
        }
        let rank = (self.count() * per_mille).div_ceil(1_000).max(1);
        self.sorted.get(rank - 1).copied()
    }

    /// The greatest value.
    pub(super) fn most(&self) -> Option<u64> {
        self.sorted.last().copied()
    }
}
