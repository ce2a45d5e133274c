//! `cargo xtask routes`: one line a route with what is known of it, whether the sandbox has it, and
//! which payload of the documents covers it, and one line of totals: what the types have, of what
//! the facts have.

#![allow(
    clippy::print_stdout,
    reason = "what this program prints is its purpose"
)]

mod api;
mod notifications;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use ccpayment_sandbox::Sandbox;
use ccpayment_tests::sandbox::knows;

use api::{API, Counted, Line};

fn main() -> Result<()> {
    // Read at run time, so that a program built for one checkout never reads another.
    let here = std::env::var("CARGO_MANIFEST_DIR").context("run it as `cargo xtask routes`")?;
    let root = PathBuf::from(here);
    let root = root.parent().context("the tests have a parent")?;
    let sandbox = Sandbox::builder().build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let has = |path: &str| runtime.block_on(knows(&sandbox, path));
    let mut lines = Vec::new();
    let mut counted = Vec::new();
    for api in &API {
        lines.extend(api.lines(root, has)?);
        counted.push((api, api.counted(root)?));
    }
    print(&lines);
    let totals = |what: fn(&Counted) -> (usize, usize)| {
        let totals = counted.iter().map(|(api, counted)| {
            let (have, of) = what(counted);
            format!("{} {have}/{of}", api.version)
        });
        totals.collect::<Vec<_>>().join(" ")
    };
    let (routes, webhooks) = (totals(|it| it.routes), totals(|it| it.webhooks));
    println!("{routes} webhooks {webhooks}");
    for (api, counted) in &counted {
        let whole = |(have, of)| have >= of;
        let is_whole = whole(counted.routes) && whole(counted.webhooks);
        ensure!(is_whole, "{} lacks something", api.version);
    }
    Ok(())
}

/// Each column as wide as its widest word.
fn print(lines: &[Line]) {
    let width = |column: usize| {
        let words = lines.iter().filter_map(|line| line.get(column));
        words.map(|word| word.len()).max().unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    for line in lines {
        let columns = line.iter().zip(widths);
        let padded: Vec<_> = columns
            .map(|(word, width)| format!("{word:width$}"))
            .collect();
        println!("{}", padded.join("  ").trim_end());
    }
}

fn read(root: &Path, path: &str) -> Result<String> {
    let path = root.join(path);
    std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))
}
