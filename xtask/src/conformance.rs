//! A second opinion on the sandbox by a tool that is not ours. Schemathesis makes requests from the
//! documents, and `tests/conformance/hooks.py` checks the answers. It tests both readings of a
//! request; the default one gets fields that are null, 0 or empty, as clients send them.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::clients;

/// How many examples for each route, unless another number is asked for.
pub(crate) const EXAMPLES: u32 = 200;

/// How many times more the strict reading gets, since both share all but a small part.
const SHARE_OF_DEFAULT: u32 = 5;

/// An environment of Python, below the root.
const FOLDER: &str = "target/conformance";

/// Makes the same requests in every run.
const SEED: &str = "20260101";

/// A served sandbox, which ends with its standard input.
struct Served {
    child: Child,
    input: Option<ChildStdin>,
    about: Value,
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(cargo: &str, root: &Path, reading: &str) -> Result<Self> {
        let mut child = Command::new(cargo)
            .current_dir(root)
            .args(["run", "--quiet", "-p", "ccpayment-tests", "--bin"])
            .args(["conformance", "--", reading])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cargo can't be started")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let about = serde_json::from_str(&line).context("the sandbox did not start")?;
        Ok(Self {
            child,
            input,
            about,
        })
    }

    /// Whether the sandbox has routes of a version, and of how many.
    fn routes(&self, version: &str) -> Option<(u64, u64)> {
        let versions = self.about.get("versions")?.as_array()?;
        let has_name = |it: &&Value| it.get("version").and_then(Value::as_str) == Some(version);
        let found = versions.iter().find(has_name)?;
        Some((number(found, "routes"), number(found, "of")))
    }

    /// Ends the sandbox, which checks its books last.
    fn end(mut self) -> Result<()> {
        drop(self.input.take());
        ensure!(self.child.wait()?.success(), "the sandbox failed");
        Ok(())
    }
}

/// The counts of the hooks.
#[derive(Default)]
struct Counts {
    routes: u64,
    examples: u64,
    successes: u64,
    server_errors: u64,
    undocumented: u64,
}

impl Counts {
    fn add(&mut self, counted: &Value) {
        self.routes += number(counted, "routes");
        self.examples += number(counted, "examples");
        self.successes += number(counted, "successes");
        self.server_errors += number(counted, "server_errors");
        self.undocumented += number(counted, "undocumented");
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "conformance: routes {}, examples {}, server errors {}, undocumented {}",
            self.routes, self.examples, self.server_errors, self.undocumented
        )
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Every document that the sandbox serves, in turn and in both readings.
pub(crate) fn run(cargo: &str, root: &Path, examples: u32) -> Result<()> {
    let tool = install(root)?;
    let mut all = explore_all(cargo, root, &tool, "strict", examples)?;
    let fewer = examples.div_ceil(SHARE_OF_DEFAULT);
    let routes = all.routes;
    let default = explore_all(cargo, root, &tool, "default", fewer)?;
    all.examples += default.examples;
    all.server_errors += default.server_errors;
    all.undocumented += default.undocumented;
    ensure!(default.routes == routes, "a reading has not all routes");
    println!("{all}");
    ensure!(
        all.server_errors + all.undocumented == 0 && all.successes > 0 && default.successes > 0,
        "the sandbox does not keep to the documents"
    );
    Ok(())
}

fn explore_all(
    cargo: &str,
    root: &Path,
    tool: &Path,
    reading: &str,
    examples: u32,
) -> Result<Counts> {
    let served = Served::start(cargo, root, reading)?;
    if reading == "default" {
        clients::run(root, &root.join(FOLDER), &served.about)?;
    }
    let mut all = Counts::default();
    for version in ["v2", "v1"] {
        let Some((has, of)) = served.routes(version) else {
            println!("{version}: the sandbox has none of its routes, so that nothing is asked");
            continue;
        };
        let counted = explore(tool, root, &served.about, (version, reading), examples)?;
        println!(
            "{version}, {reading} reading: the sandbox has {has} of {of} routes; {} of {} requests succeeded; a route \
             that takes something got {} or more",
            number(&counted, "successes"),
            number(&counted, "examples"),
            number(&counted, "least_examples"),
        );
        if let Some(never) = counted
            .get("never_successful")
            .filter(|it| **it != json!([]))
        {
            println!("{version}: no request succeeded on {never}");
        }
        ensure!(number(&counted, "routes") == of, "a route was never called");
        all.add(&counted);
    }
    served.end()?;
    Ok(all)
}

/// Installs schemathesis and the client generators in a folder of their own below `target`.
fn install(root: &Path) -> Result<PathBuf> {
    let folder = root.join(FOLDER);
    let tool = folder.join("bin/schemathesis");
    if !tool.exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&folder);
        finish(&mut venv, "python3 and its module venv are needed")?;
    }
    // This returns at once if everything is there already in its version.
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(root.join("tests/conformance/requirements.txt"));
    finish(&mut pip, "what tries the documents can't be installed")?;
    Ok(tool)
}

/// Sends the requests of one document; returns the counts.
fn explore(
    tool: &Path,
    root: &Path,
    about: &Value,
    (version, reading): (&str, &str),
    examples: u32,
) -> Result<Value> {
    let counts = root.join(format!("target/conformance/{version}-{reading}.json"));
    let origin = about.get("origin").and_then(Value::as_str);
    let origin = origin.context("a sandbox without an address")?;
    let mut run = Command::new(tool);
    run.current_dir(root.join(FOLDER))
        .env(
            "SCHEMATHESIS_HOOKS",
            root.join("tests/conformance/hooks.py"),
        )
        .env("CONFORMANCE_GATEWAY", about.to_string())
        .env("CONFORMANCE_VERSION", version)
        .env("CONFORMANCE_READING", reading)
        .env("CONFORMANCE_COUNTS", &counts)
        .arg("run")
        .arg(root.join(format!("xtask/spec/ccpayment-{version}.yaml")))
        .args(["--url", &format!("{origin}/ccpayment/{version}")])
        .args([
            "--checks",
            "not_a_server_error,content_type_conformance,envelope",
        ])
        .args([
            "--phases",
            "fuzzing",
            "--max-examples",
            &examples.to_string(),
        ])
        .args(["--seed", SEED, "--generation-database", "none"])
        .args(["--generation-with-security-parameters", "false"])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        .args(["--continue-on-failure", "--no-color"]);
    finish(&mut run, "an answer that the document does not allow")?;
    Ok(serde_json::from_str(&std::fs::read_to_string(&counts)?)?)
}

fn finish(command: &mut Command, otherwise: &'static str) -> Result<()> {
    let status = command.status().context(otherwise)?;
    ensure!(status.success(), otherwise);
    Ok(())
}
