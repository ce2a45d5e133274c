//! `cargo bench`: the hot paths beside their lower bounds, for a look at the distribution.

#![allow(clippy::expect_used, reason = "a benchmark that can't run shall stop")]
#![allow(missing_docs, reason = "criterion's macros write the functions")]

mod hot;

use criterion::{Criterion, criterion_group, criterion_main};

fn hot_paths(criterion: &mut Criterion) {
    let sign = hot::Sign::new();
    let mut group = criterion.benchmark_group("sign_200_bytes");
    group.bench_function("ours", |bencher| bencher.iter(|| sign.ours()));
    group.bench_function("bound", |bencher| bencher.iter(|| sign.bound()));
    group.finish();

    let verify = hot::Verify::new().expect("the lower bound works");
    let mut group = criterion.benchmark_group("verify_and_parse_186_bytes");
    group.bench_function("ours", |bencher| bencher.iter(|| verify.ours()));
    group.bench_function("bound", |bencher| bencher.iter(|| verify.bound()));
    group.finish();
}

criterion_group!(benches, hot_paths);
criterion_main!(benches);
