//! `cargo xtask consumers`: builds and runs the projects of `tests/consumers` on the packaged
//! crates, and holds what each costs against its budget.
//!
//! A lock file has no checksum for a crate that is patched by a path. So the projects' lock files
//! are valid before anything is published.

mod budget;
mod gateway;
mod payer;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::package::{self, Packages, Published, done, output};
use budget::{Budget, Cost};
use gateway::Gateway;

/// How a consumer proves that it works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// It works on a sandbox, and fails on one that has another secret.
    Secret,
    /// The same with an RSA key in the place of the secret.
    Rsa,
    /// It brings its own sandbox.
    Alone,
}

const CONSUMERS: [(&str, Proof); 9] = [
    ("core-ureq", Proof::Secret),
    ("webhook-hyper", Proof::Secret),
    ("webhook-axum-sqlite", Proof::Secret),
    ("own-transport", Proof::Secret),
    ("hyper-rsa", Proof::Rsa),
    ("blocking", Proof::Secret),
    ("snapshots", Proof::Secret),
    ("v1", Proof::Secret),
    ("with-sandbox", Proof::Alone),
];

/// One profile for all: small, and cheap to build. Two parts are not optimised: the foreign code
/// that takes the longest, since we can't make it smaller, and the sandbox, since it does not go to
/// production.
const PROFILE: [&str; 8] = [
    "profile.release.opt-level=\"s\"",
    "profile.release.strip=true",
    "profile.release.debug=false",
    "profile.release.codegen-units=16",
    "profile.release.package.aws-lc-sys.opt-level=0",
    "profile.release.package.libsqlite3-sys.opt-level=0",
    "profile.release.package.jsonschema.opt-level=0",
    "profile.release.package.ccpayment-sandbox.opt-level=0",
];

const SECRET: &str = "a-secret-of-a-consumer-0000000001";
const KEYS: &str = "crates/ccpayment-core/src/rsa_key/keys";

pub(crate) fn run(cargo: &str, root: &Path, arguments: &[&str]) -> Result<()> {
    let (is_bless, only) = match arguments {
        ["--bless"] => (true, None),
        [] => (false, None),
        [name] if !name.starts_with('-') => (false, Some(*name)),
        _ => bail!("usage: cargo xtask consumers [NAME | --bless]"),
    };
    if let Some(only) = only {
        let is_there = CONSUMERS.iter().any(|(name, _)| *name == only);
        ensure!(is_there, "there is no consumer {only}");
    }
    let folder = root.join("tests/consumers");
    all_are_listed(&folder)?;
    let target = package::target_folder(root);
    let packages = package::pack(cargo, root, &target)?;
    let builder = Builder {
        cargo,
        packages: &packages,
        target: target.join("packages/consumers"),
    };
    let sandbox = builder.sandbox(&target)?;

    let mut budget = Budget::read(&folder)?;
    let mut troubles = Vec::new();
    println!("\n{}", Cost::HEAD);
    for (name, proof) in CONSUMERS {
        if only.is_some_and(|it| it != name) {
            continue;
        }
        let consumer = folder.join(name);
        let (crates, patches) = builder.lock(root, &consumer, is_bless)?;
        let before = children_time()?;
        builder.cargo(&consumer, &["build", "--release", "--locked"], &patches)?;
        let program = builder.target.join("release").join(name);
        let cost = Cost {
            crates,
            kilobytes: fs::metadata(&program)?.len().div_ceil(1000),
        };
        let time = children_time()? - before;
        println!("{}", cost.line(name, time, budget.of(name)));
        if is_bless {
            budget.set(name, cost);
        } else if let Err(trouble) = budget.hold(name, cost) {
            troubles.push(trouble.to_string());
        }
        prove(root, proof, &sandbox, &program).with_context(|| format!("{name} does not work"))?;
        if consumer.join("tests").exists() {
            builder.cargo(
                &consumer,
                &["test", "--release", "--locked", "--test", "*"],
                &patches,
            )?;
        }
    }
    if is_bless {
        budget.write(&folder)?;
    }
    ensure!(troubles.is_empty(), "{}", troubles.join("\n"));
    println!("{:<51} {:>7.1?}", "all, with the sandbox", children_time()?);
    println!("consumers work, and none costs more than its budget");
    Ok(())
}

/// Fails if a project is not listed: a project that nobody runs proves nothing.
fn all_are_listed(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_listed = CONSUMERS.iter().any(|(listed, _)| name == **listed);
        ensure!(is_listed || !entry.path().is_dir(), "{name:?} is not run");
    }
    Ok(())
}

fn prove(root: &Path, proof: Proof, sandbox: &Path, program: &Path) -> Result<()> {
    let key = |bits: u32, half: &str| root.join(KEYS).join(format!("rsa{bits}.{half}.pem"));
    let public = key(2048, "public.spki");
    let (right, wrong) = match proof {
        Proof::Alone => return payer::run(program, None, &[]),
        Proof::Secret => (
            ("CCPAYMENT_APP_SECRET", PathBuf::from(SECRET)),
            ("CCPAYMENT_APP_SECRET", PathBuf::from("not-the-secret")),
        ),
        Proof::Rsa => (
            ("CCPAYMENT_RSA_KEY", key(2048, "private.pkcs8")),
            ("CCPAYMENT_RSA_KEY", key(3072, "private.pkcs8")),
        ),
    };
    let is_rsa = proof == Proof::Rsa;
    let start = || Gateway::start(sandbox, SECRET, is_rsa.then_some(public.as_path()));
    payer::run(program, Some(start()?), &[right])?;
    let with_wrong = payer::run(program, Some(start()?), &[wrong]);
    ensure!(with_wrong.is_err(), "it succeeds with a wrong key");
    Ok(())
}

struct Builder<'a> {
    cargo: &'a str,
    packages: &'a Packages,
    target: PathBuf,
}

impl Builder<'_> {
    /// The sandbox of the package. It is not measured, so the build may reuse what the tests of the
    /// packages have built.
    fn sandbox(&self, target: &Path) -> Result<PathBuf> {
        let mut build = Command::new(self.cargo);
        build
            .current_dir(&self.packages.folder)
            .args(["build", "--quiet", "--bin", "ccpayment-sandbox"])
            .args(["-p", "ccpayment-sandbox", "--target-dir"])
            .arg(target);
        done(&mut build)?;
        Ok(target.join("debug/ccpayment-sandbox"))
    }

    fn cargo(&self, folder: &Path, arguments: &[&str], patches: &[String]) -> Result<()> {
        let mut command = self.command(folder, arguments, patches);
        command.arg("--target-dir").arg(&self.target);
        for setting in PROFILE {
            command.args(["--config", setting]);
        }
        done(command.arg("--quiet"))
    }

    fn command(&self, folder: &Path, arguments: &[&str], patches: &[String]) -> Command {
        let mut command = Command::new(self.cargo);
        command.current_dir(folder).args(arguments);
        // Snapshots are compared, and never written.
        command.env("INSTA_UPDATE", "no");
        for patch in patches {
            command.args(["--config", patch]);
        }
        command
    }

    /// How many crates a consumer needs, and the patches for its lock file. An unused patch would
    /// change the lock file.
    fn lock(&self, root: &Path, consumer: &Path, is_new: bool) -> Result<(u64, Vec<String>)> {
        let lock = consumer.join("Cargo.lock");
        if is_new {
            // With the versions of the repository, and the patches that it turns out to use.
            fs::copy(root.join("Cargo.lock"), &lock)?;
            let all = self.patches(|_| true);
            output(&mut self.command(consumer, &["metadata", "--format-version", "1"], &all))?;
        }
        let text = fs::read_to_string(&lock)?;
        let (used, _) = text.split_once("\n[[patch.unused]]").unwrap_or((&text, ""));
        let patches = self.patches(|name| used.contains(&format!("\nname = \"{name}\"\n")));
        let mut tree = vec!["tree", "--prefix", "none", "-e", "normal,build"];
        if !is_new {
            tree.push("--locked");
        }
        let listed = output(&mut self.command(consumer, &tree, &patches))
            .context("if only versions of our own crates have changed: --bless")?;
        let mut crates: Vec<_> = listed
            .lines()
            .map(|it| it.trim_end_matches(" (*)"))
            .collect();
        crates.sort_unstable();
        crates.dedup();
        Ok((u64::try_from(crates.len())? - 1, patches))
    }

    fn patches(&self, is_used: impl Fn(&str) -> bool) -> Vec<String> {
        let crates = self.packages.crates.iter().filter(|it| is_used(&it.name));
        crates
            .map(|Published { name, .. }| {
                let path = self.packages.folder.join(name);
                format!(
                    "patch.crates-io.{name}.path={:?}",
                    path.display().to_string()
                )
            })
            .collect()
    }
}

/// The processor time of all finished children.
fn children_time() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    Ok(Duration::from_millis(time.num_milliseconds().try_into()?))
}
