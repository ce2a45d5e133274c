//! Makes the mistake that each row of `discrepancies.yaml` names, and runs the row's tests: one of
//! them has to fail.
//!
//! Mistakes are made in a copy below the target directory, never in the work tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use indexmap::IndexMap;
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    tests: Vec<String>,
    mutation: Option<Mutation>,
}

#[derive(Deserialize)]
struct Mutation {
    file: String,
    within: Option<String>,
    from: String,
    to: String,
}

impl Mutation {
    /// The text of the file with the mistake in it.
    fn applied(&self, text: &str) -> Result<String> {
        let (mut is_in, mut places) = (self.within.is_none(), 0);
        let mut lines = Vec::new();
        for line in text.split('\n') {
            if let Some(within) = &self.within {
                is_in = line.trim() == within || is_in && !line.starts_with('}');
            }
            if is_in {
                places += line.matches(&self.from).count();
                lines.push(line.replace(&self.from, &self.to));
            } else {
                lines.push(line.to_owned());
            }
        }
        ensure!(
            places == 1,
            "{} has `{}` {places} times",
            self.file,
            self.from
        );
        Ok(lines.join("\n"))
    }
}

/// The program that has a test: its package, and what tells cargo to build nothing else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Program {
    package: String,
    target: Vec<String>,
}

/// The copy, and its target folder.
struct Workshop<'a> {
    cargo: &'a str,
    tree: PathBuf,
    build: PathBuf,
}

pub(crate) fn run(cargo: &str, root: &Path, arguments: &[&str]) -> Result<()> {
    let rows = selected(root, arguments)?;
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let folder = target.map_or_else(|| root.join("target"), PathBuf::from);
    let folder = root.join(folder).join("mutants");
    let (tree, build) = (folder.join("tree"), folder.join("build"));
    copy_tracked(root, &tree)?;
    let copy = Workshop { cargo, tree, build };
    let programs = copy.programs(&rows)?;

    // A test that fails without any mistake is no evidence.
    let mut all = BTreeMap::<&Program, Vec<&str>>::new();
    for (name, program) in &programs {
        all.entry(program).or_default().push(name);
    }
    for (program, names) in all {
        let ran = copy.test(program, &names)?;
        let ran = ran.map_err(|error| anyhow::anyhow!("without a mistake: {error}"))?;
        for name in names {
            ensure!(
                ran.get(name) == Some(&true),
                "{name} does not pass without a mistake"
            );
        }
    }

    let mut caught = 0;
    for (name, row, mutation) in &rows {
        let file = copy.tree.join(&mutation.file);
        let text = fs::read_to_string(&file).with_context(|| mutation.file.clone())?;
        fs::write(&file, mutation.applied(&text)?)?;
        let verdict = copy.verdict(&row.tests, &programs);
        fs::write(&file, text)?;
        let verdict = verdict?;
        caught += usize::from(verdict.is_ok());
        match verdict {
            Ok(test) => println!("{name} caught by {test}"),
            Err(why) => println!("{name} NOT CAUGHT: {why}"),
        }
    }
    println!("rows {}, caught {caught}", rows.len());
    ensure!(caught == rows.len(), "a mistake was not caught");
    Ok(())
}

/// The rows that have a mistake: all, those of `--rows`, or from `--from` on.
fn selected(root: &Path, arguments: &[&str]) -> Result<Vec<(String, Row, Mutation)>> {
    let text = fs::read_to_string(root.join("xtask/spec/discrepancies.yaml"))?;
    let table: IndexMap<String, IndexMap<String, Row>> = serde_saphyr::from_str(&text)?;
    let mut rows = Vec::new();
    for (version, of_version) in table {
        for (number, mut row) in of_version {
            if let Some(mutation) = row.mutation.take() {
                rows.push((format!("{version} {number}"), row, mutation));
            }
        }
    }
    let spaced = |row: &str| row.replace(':', " ");
    let wanted: BTreeSet<String> = match arguments {
        [] => return Ok(rows),
        ["--rows", list] => list.split(',').map(spaced).collect(),
        ["--from", first] => {
            let names = rows.iter().map(|it| it.0.clone());
            names.skip_while(|it| *it != spaced(first)).collect()
        }
        _ => bail!("usage: cargo xtask mutate [--rows v1:10,v2:5.6 | --from v2:5.6]"),
    };
    ensure!(!wanted.is_empty(), "there is no such row");
    for name in &wanted {
        let is_there = rows.iter().any(|it| it.0 == *name);
        ensure!(is_there, "{name} is no row with a mistake");
    }
    rows.retain(|it| wanted.contains(&it.0));
    Ok(rows)
}

/// Copies the tracked files as they are in the work tree. Equal files are left alone, so that
/// nothing is built again without need.
fn copy_tracked(root: &Path, tree: &Path) -> Result<()> {
    let listed = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z"])
        .output();
    let listed = listed.context("git can't be started")?;
    ensure!(listed.status.success(), "git lists no files");
    fs::create_dir_all(tree)?;
    let mut copies = BTreeSet::new();
    for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let (from, to) = (root.join(name), tree.join(name));
        if !from.is_file() {
            continue;
        }
        let bytes = fs::read(from)?;
        if fs::read(&to).ok().as_ref() != Some(&bytes) {
            fs::create_dir_all(to.parent().context("no folder")?)?;
            fs::write(&to, bytes)?;
        }
        copies.insert(to);
    }
    for file in files(tree)?.iter().filter(|it| !copies.contains(*it)) {
        fs::remove_file(file)?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

impl Workshop<'_> {
    /// The program of each test, by where its source is.
    fn programs(&self, rows: &[(String, Row, Mutation)]) -> Result<BTreeMap<String, Program>> {
        let names: BTreeSet<&String> = rows.iter().flat_map(|it| &it.1.tests).collect();
        let mut programs = BTreeMap::new();
        for file in files(&self.tree)? {
            if file.extension().is_none_or(|it| it != "rs") {
                continue;
            }
            let text = fs::read_to_string(&file)?;
            for name in &names {
                if text.contains(&format!("fn {name}(")) {
                    let before = programs.insert((*name).clone(), program_of(&file)?);
                    ensure!(before.is_none(), "{name} is there twice");
                }
            }
        }
        for name in names {
            ensure!(programs.contains_key(name), "there is no test {name}");
        }
        Ok(programs)
    }

    /// The test that fails, or why none does.
    fn verdict(
        &self,
        tests: &[String],
        programs: &BTreeMap<String, Program>,
    ) -> Result<Result<String, String>> {
        for test in tests {
            let program = programs.get(test).context("a test without a program")?;
            match self.test(program, &[test.as_str()])? {
                Err(error) => return Ok(Err(format!("the mistake does not compile: {error}"))),
                Ok(ran) if ran.get(test) == Some(&false) => return Ok(Ok(test.clone())),
                Ok(_) => {}
            }
        }
        Ok(Err(format!("no test failed of {}", tests.join(", "))))
    }

    /// Whether each test passed, by its name; or the compiler's first error.
    fn test(
        &self,
        program: &Program,
        names: &[&str],
    ) -> Result<Result<BTreeMap<String, bool>, String>> {
        let cargo = |seconds: &str, more: &[&str]| {
            // `timeout` ends what cargo started as well.
            Command::new("timeout")
                .args([seconds, self.cargo])
                .current_dir(&self.tree)
                // Incremental, because one line changes again and again. Snapshots are never
                // written.
                .env("CARGO_INCREMENTAL", "1")
                .env("INSTA_UPDATE", "no")
                .args(["test", "--locked", "--all-features", "--target-dir"])
                .arg(&self.build)
                .args(["-p", &program.package])
                .args(&program.target)
                .args(more)
                .output()
                .context("cargo can't be started")
        };
        let built = cargo("1800", &["--no-run"])?;
        if !built.status.success() {
            let text = String::from_utf8_lossy(&built.stderr).into_owned();
            let error = text.lines().find(|line| line.starts_with("error"));
            return Ok(Err(error.unwrap_or("cargo says nothing").to_owned()));
        }
        let mut filter = vec!["--"];
        filter.extend(names);
        let ran = cargo("120", &filter)?;
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        let mut verdicts: BTreeMap<_, _> = text.lines().filter_map(passed).collect();
        // A mistake may make a test wait for ever, which counts as a failure.
        if ran.status.code() == Some(124) {
            for name in names {
                verdicts.entry((*name).to_owned()).or_insert(false);
            }
        }
        Ok(Ok(verdicts))
    }
}

/// The name of a test and whether it passed, from a line of its program.
fn passed(line: &str) -> Option<(String, bool)> {
    let (path, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let name = path.rsplit("::").next()?.to_owned();
    match verdict {
        "ok" => Some((name, true)),
        "FAILED" => Some((name, false)),
        _ => None,
    }
}

/// Unit tests are below `src`. Others are below a folder, or in a file, of their program's name.
fn program_of(file: &Path) -> Result<Program> {
    let folder = file.ancestors().find(|it| it.join("Cargo.toml").is_file());
    let folder = folder.context("a test outside of any package")?;
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    let name = manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = "));
    let package = name
        .context("a package without a name")?
        .trim_matches('"')
        .to_owned();
    let inner = file.strip_prefix(folder)?;
    let inner = inner.strip_prefix("tests").unwrap_or(inner);
    let first = inner.iter().next().context("no file")?;
    let first = Path::new(first).with_extension("");
    let first = first.to_str().context("a name that is no text")?;
    let target: &[&str] = match first {
        "src" => &["--lib"],
        name => &["--test", name],
    };
    let target = target.iter().map(|it| (*it).to_owned()).collect();
    Ok(Program { package, target })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_one_place_and_is_one() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let rows = selected(root, &[]).unwrap();
        assert!(rows.len() > 150, "{} rows", rows.len());
        for (name, _, mutation) in rows {
            let text = fs::read_to_string(root.join(&mutation.file)).unwrap();
            if let Err(error) = mutation.applied(&text) {
                panic!("{name}: {error}");
            }
            assert_ne!(mutation.from, mutation.to, "{name}");
        }
    }
}
