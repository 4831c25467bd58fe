//! Shapes, encoder and convention checker over every kind of span of a small shop.

mod conventions;
mod encode;
mod library;
mod logs;
mod metrics;
mod shapes;
mod shop;
mod templates;
