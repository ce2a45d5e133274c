//! The time of the sandbox, in a file that the world writes and each process reads.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ccpayment::{Clock, async_trait};

/// How much faster the sandbox's time passes than real time.
pub const SPEED: u32 = 10;

/// Writes the time, for everybody at once.
pub fn write(folder: &Path, unix_seconds: u64) -> std::io::Result<()> {
    let new = folder.join("time.new");
    std::fs::write(&new, unix_seconds.to_string())?;
    std::fs::rename(new, folder.join("time"))
}

/// A process's clock: the sandbox's time, off by this many seconds.
#[derive(Debug)]
pub struct SharedClock {
    file: PathBuf,
    wrong_by: i64,
    /// The last time that was read, for the moment in which the file is replaced.
    last: AtomicU64,
}

impl SharedClock {
    pub fn new(folder: &Path, wrong_by: i64) -> Self {
        let clock = Self {
            file: folder.join("time"),
            wrong_by,
            last: AtomicU64::new(0),
        };
        clock.seconds();
        clock
    }

    fn seconds(&self) -> u64 {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let seconds = text.parse().unwrap_or(0);
        self.last.fetch_max(seconds, Ordering::SeqCst).max(seconds)
    }
}

#[async_trait]
impl Clock for SharedClock {
    fn now(&self) -> SystemTime {
        let seconds = self.seconds().saturating_add_signed(self.wrong_by);
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.seconds())
    }

    async fn sleep(&self, duration: Duration) {
        let end = self.elapsed() + duration;
        while self.elapsed() < end {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn deadline(&self, duration: Duration) {
        tokio::time::sleep(duration / SPEED).await;
    }

    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
}
