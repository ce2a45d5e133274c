//! A PostgreSQL server of a test's own, from the installed binaries. It needs nothing of the other
//! files here.
//!
//! A shell starts the server, and stops and removes it when its standard input ends: so it goes
//! with the test program, however that ends.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// When such a variable is set, what is not installed fails the tests that need it.
const NEEDED: &str = "CCPAYMENT_NEEDS_POSTGRES";
const FAKETIME_NEEDED: &str = "CCPAYMENT_NEEDS_FAKETIME";

const SERVER: &str = r#"
dir=$(mktemp -d /tmp/ccpayment-pg-XXXXXX)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1; rm -rf "$dir"' EXIT
trap exit HUP INT PIPE TERM
"$bin/initdb" -D "$dir/data" -U merchant -A trust -E UTF8 --no-locale >"$dir/log" 2>&1 &&
cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = ''
max_connections = 200
fsync = on
unix_socket_directories = '$dir'
END
if [ -n "$faketime" ]; then
    echo +0 >"$dir/clock"
    faked="LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$dir/clock FAKETIME_NO_CACHE=1 \
        FAKETIME_DONT_FAKE_MONOTONIC=1"
fi
env $faked "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" start >/dev/null ||
    { cat "$dir/log" >&2; exit 1; }
echo "$dir"
cat >/dev/null
"#;

const POOLER: &str = r#"
dir=$(mktemp -d /tmp/ccpayment-pb-XXXXXX)
trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
trap exit HUP INT PIPE TERM
cat >"$dir/ini" <<END
[databases]
* = host=$server user=merchant
[pgbouncer]
listen_addr =
unix_socket_dir = $dir
listen_port = 5432
auth_type = any
pool_mode = transaction
default_pool_size = 4
END
"$bin/pgbouncer" "$dir/ini" >"$dir/log" 2>&1 &
pid=$!
while ! [ -S "$dir/.s.PGSQL.5432" ]; do
    kill -0 $pid || { cat "$dir/log" >&2; exit 1; }
    sleep 0.05
done
echo "$dir"
cat >/dev/null
"#;

/// A running server, or a pooler in front of one. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    shell: Child,
    dir: String,
}

impl Cluster {
    /// Starts a server, where its binaries are installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_by("")
    }

    /// Starts a server whose clock can be set, where libfaketime is installed as well.
    pub(crate) fn start_with_clock() -> Option<Self> {
        let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let places = folders.map(|it| it.path().join("faketime/libfaketime.so.1"));
        let found = places.into_iter().find(|it| it.is_file());
        if found.is_none() {
            let what = "TESTS OF POSTGRESQL'S CLOCK SKIPPED: no libfaketime found";
            missing(FAKETIME_NEEDED, what);
        }
        Self::start_by(found?.to_str()?)
    }

    fn start_by(faketime: &str) -> Option<Self> {
        let found = binaries("initdb");
        if found.is_none() {
            missing(NEEDED, "POSTGRESQL TESTS SKIPPED: no server binaries found");
        }
        let variables = [("bin", &*found?), ("faketime", faketime)];
        Some(Self::run(SERVER, &variables))
    }

    /// Sets the server's clock off the machine's, such as by `-1h`.
    pub(crate) fn set_clock(&self, offset: &str) {
        let clock = format!("{}/clock", self.dir);
        fs::write(clock, offset).expect("a server with a clock");
    }

    /// Starts PgBouncer in transaction mode in front of this server, where it is installed.
    pub(crate) fn pooler(&self) -> Option<Self> {
        let found = binaries("pgbouncer");
        if found.is_none() {
            missing(NEEDED, "PGBOUNCER TESTS SKIPPED: no pgbouncer found");
        }
        Some(Self::run(
            POOLER,
            &[("bin", &found?), ("server", &self.dir)],
        ))
    }

    /// Stops the server without a goodbye, as a crash does, and starts it again.
    pub(crate) fn restart(&self) {
        self.control("restart");
    }

    /// Stops the server without a goodbye, as a crash does.
    pub(crate) fn stop(&self) {
        self.control("stop");
    }

    /// Starts a server that was stopped.
    pub(crate) fn go_on(&self) {
        self.control("start");
    }

    fn control(&self, what: &str) {
        let bin = binaries("pg_ctl").expect("it was started by it");
        let data = format!("{}/data", self.dir);
        let log = format!("{}/log", self.dir);
        let status = unprivileged()
            .arg(format!("{bin}/pg_ctl"))
            .args(["-D", &data, "-w"])
            .args(match what {
                "stop" => ["-m", "immediate"],
                _ => ["-l", &log],
            })
            .args(match what {
                "restart" => &["-m", "immediate"][..],
                _ => &[],
            })
            .arg(what)
            .current_dir("/")
            .stdout(Stdio::null())
            .status();
        assert!(
            status.is_ok_and(|it| it.success()),
            "the server did not {what}"
        );
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=merchant", self.dir)
    }

    fn run(script: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = unprivileged();
        let mut shell = command
            .args(["sh", "-c", script])
            .envs(variables.iter().copied())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut dir = String::new();
        let mut output = BufReader::new(shell.stdout.take().expect("its output"));
        output.read_line(&mut dir).expect("its directory");
        let dir = dir.trim().to_owned();
        assert!(!dir.is_empty(), "the server did not start");
        Self { shell, dir }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn missing(needed: &str, what: &str) {
    assert!(std::env::var_os(needed).is_none(), "{what}");
    // Past the macros: a passing test does not show what those print.
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// Where a program is installed. The newest server comes first.
fn binaries(program: &str) -> Option<String> {
    let mut places: Vec<PathBuf> = Vec::new();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<_> = versions.flatten().map(|it| it.path()).collect();
        versions.sort_by_key(|it| {
            it.file_name()
                .and_then(|it| it.to_str()?.parse::<u32>().ok())
        });
        places.extend(versions.iter().rev().map(|it| it.join("bin")));
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path));
    places.push("/usr/sbin".into());
    let found = places.into_iter().find(|it| it.join(program).is_file())?;
    found.to_str().map(str::to_owned)
}

/// What runs a command as somebody else than root, whom the servers refuse.
fn unprivileged() -> Command {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().expect("id");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    if id(&["-u"]) != "0" {
        return Command::new("env");
    }
    let users = ["postgres", "nobody"];
    let user = users.into_iter().find(|user| !id(&["-u", user]).is_empty());
    let user = user.expect("a user for the server");
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}"));
    command.arg(format!("--regid={}", id(&["-g", user])));
    command.arg("--clear-groups");
    command
}
