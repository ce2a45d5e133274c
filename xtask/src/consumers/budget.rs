//! `Budget`: the limits of a consumer's costs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

const FILE: &str = "budget.toml";
const HEAD: &str = "# Written by `cargo xtask consumers --bless`. A consumer that costs a tenth more \
                    fails.\n\n";

/// A consumer's costs: the number of crates that its build compiles, and the size of its stripped
/// program.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Cost {
    pub(super) crates: u64,
    pub(super) kilobytes: u64,
}

impl Cost {
    pub(super) const HEAD: &str =
        "consumer               crates budget      KB budget  CPU of what was not built above";

    pub(super) fn line(self, name: &str, time: Duration, budget: Option<Self>) -> String {
        let of = |what: fn(Self) -> u64| budget.map_or("-".to_owned(), |it| what(it).to_string());
        format!(
            "{name:<22} {:>6} {:>6} {:>7} {:>6} {time:>7.1?}",
            self.crates,
            of(|it| it.crates),
            self.kilobytes,
            of(|it| it.kilobytes),
        )
    }
}

/// The costs that were agreed to.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Budget(BTreeMap<String, Cost>);

impl Budget {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        match fs::read_to_string(folder.join(FILE)) {
            Ok(text) => toml::from_str(&text).context(FILE),
            Err(_) => Ok(Self::default()),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = toml::to_string(self)?;
        Ok(fs::write(folder.join(FILE), format!("{HEAD}{text}"))?)
    }

    pub(super) fn of(&self, name: &str) -> Option<Cost> {
        self.0.get(name).copied()
    }

    pub(super) fn set(&mut self, name: &str, cost: Cost) {
        self.0.insert(name.to_owned(), cost);
    }

    /// Fails when a cost has grown by more than a tenth.
    pub(super) fn hold(&self, name: &str, cost: Cost) -> Result<()> {
        let budget = self.of(name);
        let budget = budget.with_context(|| format!("{name} has no budget: --bless"))?;
        for (what, now, then) in [
            ("crates", cost.crates, budget.crates),
            ("kilobytes", cost.kilobytes, budget.kilobytes),
        ] {
            ensure!(
                now * 10 <= then * 11,
                "{name} has {now} {what}, a tenth more than {then}: find out why, or --bless"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_held_and_one_above_it_fails() {
        let cost = |crates, kilobytes| Cost { crates, kilobytes };
        let mut budget = Budget::default();
        budget.set("shop", cost(50, 1_000));
        budget.hold("shop", cost(55, 1_100)).unwrap();
        for grown in [cost(56, 1_000), cost(50, 1_101)] {
            budget.hold("shop", grown).unwrap_err();
        }
        budget.hold("another", cost(1, 1)).unwrap_err();
    }
}
