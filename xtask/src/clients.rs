//! Other people's tools on the published OpenAPI documents: a linter and three generators take
//! them, and a generated Python client pays an order on a sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Each document, with the name of the Python package that is made of it.
const DOCUMENTS: [(&str, &str); 3] = [
    ("ccpayment_v1", "docs/openapi/ccpayment-v1.json"),
    ("ccpayment_v2", "docs/openapi/ccpayment-v2.json"),
    (
        "sandbox_admin",
        "crates/ccpayment-sandbox/openapi/admin.json",
    ),
];

/// The tools from npm; `tests/conformance/requirements.txt` has the others.
const FROM_NPM: [&str; 3] = [
    "@redocly/cli@2.77.0",
    "openapi-typescript@7.13.0",
    "typescript@5.9.3",
];

struct Tools<'a> {
    root: &'a Path,
    /// An environment of Python, which has `npm` and Java as well.
    venv: PathBuf,
}

/// `about` is the line that a served sandbox prints about itself.
pub(crate) fn run(root: &Path, venv: &Path, about: &Value) -> Result<()> {
    let venv = venv.to_owned();
    let tools = Tools { root, venv };
    let mut install = tools.command("npm");
    install
        .args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
        ])
        .arg("--prefix")
        .arg(tools.folder("npm"))
        .args(FROM_NPM);
    done(&mut install, "the tools of npm can't be installed")?;
    let mut lint = tools.command("redocly");
    lint.args([
        "lint",
        "--config",
        "docs/openapi/redocly.yaml",
        "--max-problems",
        "1000",
    ])
    .args(DOCUMENTS.map(|(_, path)| path));
    let said = done(&mut lint, "redocly refuses a document")?;
    ensure!(
        !said.contains("warning"),
        "a warning without a reason:\n{said}"
    );
    for (name, path) in DOCUMENTS {
        tools.typescript(name, path)?;
        tools.python(name, path)?;
        tools.openapi_generator(name, path)?;
    }
    let mut pay = tools.command("python");
    pay.env("CONFORMANCE_GATEWAY", about.to_string())
        .arg("tests/conformance/pay.py")
        .arg(tools.folder("python"));
    let said = done(&mut pay, "a generated client does not work on the sandbox")?;
    print!("{said}");
    println!(
        "documents: redocly, openapi-typescript, openapi-python-client and openapi-generator take \
         all {}",
        DOCUMENTS.len()
    );
    Ok(())
}

impl Tools<'_> {
    fn folder(&self, name: &str) -> PathBuf {
        self.root.join("target/conformance").join(name)
    }

    /// One of the installed programs, which finds the others.
    fn command(&self, name: &str) -> Command {
        let npm = self.folder("npm/node_modules/.bin");
        let python = self.venv.join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [npm.clone(), python.clone()];
        let folders = folders.into_iter().chain(std::env::split_paths(&path));
        let installed = [npm, python].map(|folder| folder.join(name));
        let program = installed.into_iter().find(|file| file.exists());
        let mut command = Command::new(program.unwrap_or_else(|| name.into()));
        command.current_dir(self.root);
        if let Ok(joined) = std::env::join_paths(folders) {
            command.env("PATH", joined);
        }
        command
    }

    fn typescript(&self, name: &str, path: &str) -> Result<()> {
        let types = self.folder(&format!("{name}.ts"));
        let mut generate = self.command("openapi-typescript");
        generate.arg(path).arg("--output").arg(&types);
        done(&mut generate, "openapi-typescript refuses a document")?;
        let mut compile = self.command("tsc");
        compile.args(["--noEmit", "--strict"]).arg(&types);
        done(
            &mut compile,
            "the types of openapi-typescript are no TypeScript",
        )?;
        Ok(())
    }

    fn python(&self, name: &str, path: &str) -> Result<()> {
        let package = self.folder("python").join(name);
        let mut generate = self.command("openapi-python-client");
        generate
            .args([
                "generate",
                "--fail-on-warning",
                "--overwrite",
                "--meta",
                "none",
            ])
            .args(["--path", path, "--output-path"])
            .arg(&package);
        fs::create_dir_all(self.folder("python"))?;
        done(&mut generate, "openapi-python-client refuses a document")?;
        self.parses(&package)
    }

    /// Runs the generator, and leaves out the methods that it makes for notifications: they are not
    /// valid Python.
    fn openapi_generator(&self, name: &str, path: &str) -> Result<()> {
        let package = self.folder("openapi-generator").join(name);
        // Otherwise a type of a former run would stay.
        if package.exists() {
            fs::remove_dir_all(&package)?;
        }
        let mut generate = self.command("openapi-generator-cli");
        generate
            .args(["generate", "-g", "python", "-i", path])
            .args(["--global-property", "apis,models,supportingFiles", "-o"])
            .arg(&package);
        done(&mut generate, "openapi-generator refuses a document")?;
        self.parses(&package.join("openapi_client/api"))?;
        self.parses(&package)
    }

    fn parses(&self, package: &Path) -> Result<()> {
        ensure!(package.exists(), "{} was not made", package.display());
        let mut compile = self.command("python");
        compile.args(["-m", "compileall", "-q"]).arg(package);
        done(&mut compile, "what was generated is no Python")?;
        Ok(())
    }
}

/// Runs a command. Its output is shown only when it fails.
fn done(command: &mut Command, otherwise: &'static str) -> Result<String> {
    let output = command.output().context(otherwise)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    ensure!(output.status.success(), "{otherwise}:\n{said}");
    Ok(said)
}
