//! Shapes, encoder and convention checker over every kind of span of a small shop.

mod conventions;
mod encode;
mod shapes;
mod shop;
