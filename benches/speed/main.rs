//! Benchmarks in one run on one machine, compared with the simplest design. Only the ratios are meaningful. `cargo
//! bench` runs all; `cargo bench -- ingest` runs one.

mod drawing;
mod ingest;
mod outbox;
mod reading;
mod support;

use criterion::{criterion_group, criterion_main};

criterion_group! {
    name = speed;
    config = criterion::Criterion::default().sample_size(10).warm_up_time(std::time::Duration::from_millis(500));
    targets = ingest::ingest, outbox::outbox, drawing::drawing, reading::reading
}
criterion_main!(speed);
