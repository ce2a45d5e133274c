//! A browser that is told what to do over the DevTools protocol, through two pipes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::browser::FLAGS;

/// What no page takes on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Devtools {
    process: Child,
    commands: File,
    messages: Receiver<Value>,
    sent: u64,
    session: Option<String>,
    /// Errors and warnings, of the console and of the page's own.
    complaints: Vec<String>,
    folder: PathBuf,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) dark: bool,
}

impl Devtools {
    /// The pipes are numbers 3 and 4 of the browser, and have names in the folder for us.
    pub(crate) fn start(name: &str, folder: &Path) -> Self {
        for pipe in ["commands", "messages"] {
            let made = Command::new("mkfifo")
                .arg(folder.join(pipe))
                .status()
                .unwrap();
            assert!(made.success());
        }
        let process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<commands 4>messages", name])
            .args(FLAGS)
            .arg("--remote-debugging-pipe")
            .arg(format!(
                "--user-data-dir={}",
                folder.join("profile").display()
            ))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // In the order in which the shell opens them.
        let commands = OpenOptions::new()
            .write(true)
            .open(folder.join("commands"))
            .unwrap();
        let messages = File::open(folder.join("messages")).unwrap();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            for message in BufReader::new(messages).split(0) {
                let Ok(message) = message else { return };
                if sender
                    .send(serde_json::from_slice(&message).unwrap())
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut devtools = Self {
            process,
            commands,
            messages: receiver,
            sent: 0,
            session: None,
            complaints: Vec::new(),
            folder: folder.to_owned(),
        };
        let target = devtools.command("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let session = devtools.command("Target.attachToTarget", target);
        devtools.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            devtools.command(domain, json!({}));
        }
        devtools
    }

    /// The result of a command. What is said meanwhile is noted.
    pub(crate) fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.commands
            .write_all((message.to_string() + "\0").as_bytes())
            .unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        let message = self
            .messages
            .recv_timeout(PATIENCE)
            .expect("the browser went silent");
        let event = &message["params"];
        match message["method"].as_str() {
            Some("Log.entryAdded") => self.complaints.push(event["entry"].to_string()),
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown") => {
                self.complaints.push(event.to_string());
            }
            _ => {}
        }
        message
    }

    /// A page in its final state: loaded, and its script has asked for the state once.
    pub(crate) fn open(&mut self, url: &str, screen: Screen) {
        let Screen { width, dark } = screen;
        let size = json!({
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.command("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.command("Emulation.setEmulatedMedia", media);
        self.command("Page.navigate", json!({ "url": url }));
        while self.next()["method"] != "Page.loadEventFired" {}
    }

    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
            "userGesture": true,
        });
        let answer = self.command("Runtime.evaluate", asked);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self, id: &str) -> String {
        let found = self.value(&format!(
            "document.getElementById('{id}')?.textContent.trim()"
        ));
        found
            .as_str()
            .unwrap_or_else(|| panic!("no {id}"))
            .to_owned()
    }

    /// The picture of the whole page or of a part of it, as a PNG that is kept.
    pub(crate) fn picture(&mut self, name: &str, selector: &str) -> Vec<u8> {
        let place = self.value(&format!(
            "(() => {{ const r = document.querySelector('{selector}').getBoundingClientRect(); \
             return {{ x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height }} }})()"
        ));
        let mut clip = place;
        clip["scale"] = json!(1);
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.command("Page.captureScreenshot", asked);
        let picture = BASE64
            .decode(picture["data"].as_str().unwrap().as_bytes())
            .unwrap();
        std::fs::write(self.folder.join(name), &picture).unwrap();
        picture
    }

    /// What the browser complained of since the last time.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        // Whatever came before this answer has been noted.
        self.value("1");
        std::mem::take(&mut self.complaints)
    }
}

impl Drop for Devtools {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
