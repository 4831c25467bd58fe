//! Invertible ids.
