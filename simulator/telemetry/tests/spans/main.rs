//! Shapes, encoder, catalogue and convention checker over every kind of span of a small shop.

mod catalogue;
mod conventions;
mod encode;
mod shapes;
mod shop;
