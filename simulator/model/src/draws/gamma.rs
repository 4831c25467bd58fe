//! Quantiles of the gamma distribution with scale 1.
//!
//! Owns the regularised incomplete gamma function (series and continued fraction, as in Press et al.,
//! Numerical Recipes, section 6.2) and its inverse.

/// A gamma distribution of scale 1.
pub(super) struct Gamma {
    shape: f64,
    ln_gamma: f64,
}

/// More terms than shape 1,000 needs; bounds the loops.
const TERMS: u32 = 20_000;
/// Terms smaller than this part of the sum don't change it.
const EPSILON: f64 = 1e-16;
/// Steps of the inverse; from a quantile nearby it takes one or two.
const STEPS: usize = 60;

impl Gamma {
    pub(super) fn new(shape: f64) -> Self {
        Self { shape, ln_gamma: libm::lgamma(shape) }
    }

    /// The value above which `tail` lies, found from a lower quantile `before`, or from nothing if that is 0.
    ///
    /// Halley's method in the logarithm of x on the logarithm of the smaller of the two probabilities:
    /// concave there whatever the shape, so it converges from any start on the outer side.
    pub(super) fn quantile(&self, tail: f64, before: f64) -> f64 {
        let low = 1.0 - tail;
        let lower_half = low < 0.5;
        // P(x) <= x^shape / Gamma(shape + 1), so this is never above the root.
        let floor = (libm::log(low) + self.ln_gamma + libm::log(self.shape)) / self.shape;
        let mut y = if before > 0.0 { libm::log(before).max(floor) } else { floor };
        for _ in 0..STEPS {
            let x = libm::exp(y);
            let slope = libm::exp(self.shape * y - x - self.ln_gamma);
            let (below, above) = self.sides(x, slope);
            let (excess, rate) = if lower_half {
                (libm::log(below / low), slope / below)
            } else {
                (libm::log(above / tail), -slope / above)
            };
            let newton = excess / rate;
            let bend = 0.5 * newton * (self.shape - x - rate);
            // Halley's correction, kept where it is one; far out Newton's own step is safe.
            let step = newton / if bend.abs() < 0.5 { 1.0 - bend } else { 1.0 };
            y -= step;
            // The error left over is of the third order of a step measured in standard deviations.
            if step.abs() * libm::sqrt(self.shape + 1.0) < 1e-3 {
                break;
            }
        }
        libm::exp(y)
    }

    /// Probability below and above x; `slope` is x times the density.
    fn sides(&self, x: f64, slope: f64) -> (f64, f64) {
        if x < self.shape + 1.0 {
            let below = slope * self.series(x);
            (below, 1.0 - below)
        } else {
            let above = slope * self.fraction(x);
            (1.0 - above, above)
        }
    }

    fn series(&self, x: f64) -> f64 {
        let mut term = 1.0 / self.shape;
        let mut sum = term;
        for n in 1..TERMS {
            term *= x / (self.shape + f64::from(n));
            sum += term;
            if term < sum * EPSILON {
                break;
            }
        }
        sum
    }

    /// The continued fraction by Lentz's method.
    fn fraction(&self, x: f64) -> f64 {
        let mut b = x + 1.0 - self.shape;
        let mut c = f64::INFINITY;
        let mut d = 1.0 / b;
        let mut value = d;
        for n in 1..TERMS {
            let a = -f64::from(n) * (f64::from(n) - self.shape);
            b += 2.0;
            d = 1.0 / (a * d + b);
            c = b + a / c;
            let factor = c * d;
            value *= factor;
            if (factor - 1.0).abs() < 4.0 * EPSILON {
                break;
            }
        }
        value
    }
}
