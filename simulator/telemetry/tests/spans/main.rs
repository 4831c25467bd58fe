//! Shapes, encoder and convention checker over every kind of span of a small shop.

mod conventions;
mod encode;
mod logs;
mod metrics;
mod shapes;
mod shop;
