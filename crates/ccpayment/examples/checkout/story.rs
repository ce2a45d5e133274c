//! How a process of the story is led: it tells each step on its standard output, and waits on its
//! standard input until it may go on. So it can be killed between any two steps, and the same seed
//! tells the same story.

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ccpayment::{Clock, async_trait};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

static GO: OnceLock<Mutex<Receiver<()>>> = OnceLock::new();
static NOW: AtomicU64 = AtomicU64::new(0);

/// Tells a step of the merchant, and goes on when it may.
pub fn say(about: &str, what: impl std::fmt::Display) {
    tell(&format!("say\tmerchant\t{about}\t{what}"));
}

/// Writes a line and waits for the word to go on, which brings the time.
pub fn tell(line: &str) {
    let Some(go) = GO.get() else { return };
    let go = go.lock().unwrap_or_else(PoisonError::into_inner);
    write(line);
    if go.recv().is_err() {
        // Nobody is there any more.
        std::process::exit(0);
    }
}

pub fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    // Without a reader there is nothing to tell, and the next word will not come.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Reads what the story says: `go`, `time`, and commands.
fn listen_to_the_story(go: &Sender<()>, commands: &UnboundedSender<String>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        if let ("go" | "time", Ok(now)) = (word, rest.parse()) {
            NOW.store(now, Ordering::SeqCst);
        }
        let is_heard = match word {
            "go" => go.send(()).is_ok(),
            "time" => {
                write("done");
                true
            }
            _ => commands.send(line).is_ok(),
        };
        if !is_heard {
            break;
        }
    }
    std::process::exit(0);
}

/// Begins to listen, and gives the commands. The first word is the time, so that nothing begins
/// without it.
pub fn listen() -> UnboundedReceiver<String> {
    let (go, may_go) = channel();
    let _ = GO.set(Mutex::new(may_go));
    let (told, commands) = unbounded_channel();
    std::thread::spawn(move || listen_to_the_story(&go, &told));
    while NOW.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    commands
}

pub fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW.load(Ordering::SeqCst))
}

/// The story's time. A pause lets it pass.
#[derive(Debug, Clone, Copy)]
pub struct StoryClock;

#[async_trait]
impl Clock for StoryClock {
    fn now(&self) -> SystemTime {
        now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(NOW.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        tell(&format!("sleep\t{}", duration.as_secs() + 1));
    }

    /// A bound for what hangs, in real time.
    #[allow(clippy::disallowed_methods, reason = "what hangs does so in real time")]
    async fn deadline(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn random(&self) -> u64 {
        0
    }
}
