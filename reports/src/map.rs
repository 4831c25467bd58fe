//! The shop's map as one inline SVG: who asks whom, from left to right.
//!
//! Owns which part of a great shop is drawn, where it stands and how it is drawn. Refuses colours (classes; the page's style
//! sheet has them), scripts, and a meaning that a colour alone would carry: dashes and labels say the same.

mod choice;
mod draw;
mod edge;
mod label;
mod layout;

pub(crate) use draw::drawing;
pub(crate) use edge::{Edge, edges, error_share, windows};
