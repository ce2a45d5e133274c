//! Everything outside of the merchant's process: the gateway, the clock on the wall, and whoever
//! kills and restarts the process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ccpayment_sandbox::Sandbox;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::Error;
use crate::bugs::Bug;
use crate::merchant::ORDER_ID;
use crate::timeline::Timeline;

/// The merchant's process, as the world sees it.
pub struct World {
    pub sandbox: Sandbox,
    pub timeline: Timeline,
    pub database: PathBuf,
    origin: String,
    bug: Option<Bug>,
    process: Option<Process>,
    address: SocketAddr,
    /// After how many more steps of the process it is killed.
    fuse: Arc<Mutex<Option<u32>>>,
    pub kills: u32,
}

struct Process {
    stdin: Arc<AsyncMutex<ChildStdin>>,
    /// What it answered to a command; none when it died.
    answers: UnboundedReceiver<Option<String>>,
}

impl World {
    pub async fn new(
        sandbox: Sandbox,
        origin: String,
        database: PathBuf,
        bug: Option<Bug>,
    ) -> Result<Self, Error> {
        let mut world = Self {
            timeline: Timeline::new(sandbox.clone()),
            sandbox,
            database,
            origin,
            bug,
            process: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            fuse: Arc::default(),
            kills: 0,
        };
        world.start().await?;
        world
            .sandbox
            .set_webhook_url(format!("http://{}/notify", world.address));
        Ok(world)
    }

    /// From now on the process dies after so many steps.
    pub fn light_fuse(&self, steps: u32) {
        *self.fuse.lock().unwrap_or_else(PoisonError::into_inner) = Some(steps);
    }

    /// Starts the merchant's process, on the same file and the same port as before.
    async fn start(&mut self) -> Result<(), Error> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--merchant")
            .arg(&self.database)
            .args([
                "--origin",
                &self.origin,
                "--listen",
                &self.address.to_string(),
            ])
            .env("CCPAYMENT_APP_ID", self.sandbox.app_id())
            .env("CCPAYMENT_APP_SECRET", self.sandbox.app_secret())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(bug) = self.bug {
            command.args(["--bug", bug.name()]);
        }
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().ok_or("the process has no input")?;
        let stdout = child.stdout.take().ok_or("the process has no output")?;
        let stdin = Arc::new(AsyncMutex::new(stdin));
        let (answer, answers) = unbounded_channel();
        let listener = Listener {
            child,
            lines: BufReader::new(stdout).lines(),
            stdin: Arc::clone(&stdin),
            sandbox: self.sandbox.clone(),
            timeline: self.timeline.clone(),
            fuse: Arc::clone(&self.fuse),
            answer,
        };
        tokio::spawn(listener.run());
        self.process = Some(Process { stdin, answers });
        // Its time, and then the address that it listens on.
        let time = format!("time {}", self.sandbox.now());
        self.ask(&time)
            .await?
            .ok_or("the process died before it began")?;
        let address = self
            .answer()
            .await
            .ok_or("the process died before it listened")?;
        self.address = address.trim().parse()?;
        Ok(())
    }

    async fn ask(&mut self, line: &str) -> Result<Option<String>, Error> {
        let Some(process) = &mut self.process else {
            return Ok(None);
        };
        let line = format!("{line}\n");
        // One that has died can't be told anything, and its answer is that it died.
        let _ = process.stdin.lock().await.write_all(line.as_bytes()).await;
        Ok(self.answer().await)
    }

    async fn answer(&mut self) -> Option<String> {
        self.process.as_mut()?.answers.recv().await.flatten()
    }

    /// Has the process do something. It is started again where it dies meanwhile, and told again.
    pub async fn command(&mut self, command: &str) -> Result<String, Error> {
        for _ in 0..3 {
            self.revive().await?;
            if let Some(answer) = self.ask(command).await? {
                return Ok(answer.trim().to_owned());
            }
            self.bury().await?;
        }
        Err(format!("the merchant's process dies whenever it is told to {command}").into())
    }

    /// Lets time pass, for the process too.
    pub async fn advance(&mut self, seconds: u64) -> Result<(), Error> {
        self.sandbox.advance(Duration::from_secs(seconds));
        self.revive().await?;
        let time = format!("time {}", self.sandbox.now());
        if self.ask(&time).await?.is_none() {
            self.bury().await?;
        }
        Ok(())
    }

    /// Starts the process where it was killed outside of a command, such as by a notification.
    pub async fn revive(&mut self) -> Result<(), Error> {
        let is_dead = self
            .process
            .as_mut()
            .is_none_or(|it| matches!(it.answers.try_recv(), Ok(None)) || it.answers.is_closed());
        if is_dead {
            self.bury().await?;
        }
        Ok(())
    }

    async fn bury(&mut self) -> Result<(), Error> {
        self.process = None;
        self.kills += 1;
        if self.kills > 1 {
            return Err("the merchant's process died by itself".into());
        }
        self.start().await?;
        let line = "comes up again, on the same file; what it held waits for its lease";
        self.timeline.say("merchant", ORDER_ID, line);
        Ok(())
    }
}

/// Hears what a process says, and lets it go on.
struct Listener {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    stdin: Arc<AsyncMutex<ChildStdin>>,
    sandbox: Sandbox,
    timeline: Timeline,
    fuse: Arc<Mutex<Option<u32>>>,
    answer: UnboundedSender<Option<String>>,
}

impl Listener {
    async fn run(mut self) {
        while let Ok(Some(line)) = self.lines.next_line().await {
            let mut parts = line.splitn(4, '\t');
            match (parts.next(), parts.next(), parts.next(), parts.next()) {
                (Some("say"), Some(who), Some(about), Some(what)) => {
                    let about = self.timeline.name(about);
                    self.timeline.say(who, &about, what);
                    if self.is_burnt() {
                        self.timeline
                            .say("fate", &about, "kills the merchant's process (SIGKILL)");
                        break;
                    }
                }
                (Some("sleep"), Some(seconds), ..) => {
                    let seconds = seconds.parse().unwrap_or(1);
                    self.sandbox.advance(Duration::from_secs(seconds));
                }
                _ => {
                    let done = line.strip_prefix("done").map(str::to_owned);
                    if self.answer.send(done).is_err() {
                        break;
                    }
                    continue;
                }
            }
            let go = format!("go {}\n", self.sandbox.now());
            if self
                .stdin
                .lock()
                .await
                .write_all(go.as_bytes())
                .await
                .is_err()
            {
                break;
            }
        }
        let _ = self.child.kill().await;
        let _ = self.answer.send(None);
    }

    /// Counts a step, and says whether it was the last one.
    fn is_burnt(&self) -> bool {
        let mut fuse = self.fuse.lock().unwrap_or_else(PoisonError::into_inner);
        *fuse = fuse.map(|steps| steps.saturating_sub(1));
        let is_burnt = *fuse == Some(0);
        if is_burnt {
            *fuse = None;
        }
        is_burnt
    }
}
