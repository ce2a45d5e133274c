//! The world around the merchant's processes: gateway, time, network, and killer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use ccpayment::bytes::Bytes;
use ccpayment::http::{Request, Response};
use ccpayment::v2::CreateAppOrderDepositAddress;
use ccpayment::{Chain, Client, Credentials, Exchange, OrderId, ReqwestTransport, Transport};
use ccpayment_sandbox::{BadResponse, Fault, Notification, Sandbox, Server};
use ccpayment_sqlx::{PostgresStore, SqliteStore};
use ccpayment_testing::{SandboxClock, SandboxTransport};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::books::{self, Found};
use crate::clock::{self, SPEED};
use crate::cluster::Cluster;
use crate::process::{self, USDT};
use crate::shop::Shop;
use crate::steps::STEPS;
use crate::{Arguments, Error, Kind};

/// How long the world takes between two looks at everything.
pub const TICK: Duration = Duration::from_millis(100);

const FAULTS: [Fault; 7] = [
    Fault::ActThenDrop,
    Fault::DropBeforeActing,
    Fault::DeliverAfterLookup,
    Fault::ResetUnread,
    Fault::Silence { acted: true },
    Fault::DeliveredTwiceAnswerSecond,
    Fault::Reply {
        acted: true,
        with: BadResponse::BadGateway,
    },
];

/// The gateway, and what the merchant's processes need to come up.
pub struct World {
    pub sandbox: Sandbox,
    _gateway: Server,
    pub folder: PathBuf,
    pub url: String,
    arguments: process::Arguments,
    client: Client,
    orders: u32,
    /// The payouts that some process has planned.
    pub planned: BTreeSet<String>,
    token: String,
    _kept: Option<tempfile::TempDir>,
}

/// A running process and its output.
pub struct Process {
    child: Child,
    pub stdin: ChildStdin,
    pub lines: UnboundedReceiver<String>,
    pub address: String,
    fate: Option<String>,
    age: u32,
}

impl World {
    pub async fn new(arguments: &Arguments, cluster: Option<&Cluster>) -> Result<Self, Error> {
        let (folder, kept) = match &arguments.keep {
            Some(folder) => (folder.clone(), None),
            None => {
                let folder = tempfile::tempdir()?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        std::fs::create_dir_all(&folder)?;
        let sandbox = Sandbox::builder()
            .strict()
            .seed(arguments.seed)
            .start_time(1_767_225_600)
            .balance(USDT.get(), "1000000")
            .webhook_url("http://127.0.0.1:9/")
            .build()?;
        clock::write(&folder, sandbox.now())?;
        let gateway = sandbox.serve(([127, 0, 0, 1], 0).into()).await?;
        let url = match cluster {
            Some(cluster) => cluster.url(),
            None => folder
                .join("shop.db")
                .to_str()
                .ok_or("a path in UTF-8")?
                .to_owned(),
        };
        let credentials = Credentials::new(sandbox.app_id(), sandbox.app_secret())?;
        let client = Client::new(credentials, SandboxTransport::new(&sandbox))
            .with_clock(SandboxClock::new(&sandbox));
        let token = sandbox
            .v1_token_id(USDT.get(), "POLYGON")
            .ok_or("a token")?
            .to_owned();
        Ok(Self {
            arguments: process::Arguments {
                folder: folder.clone(),
                url: url.clone(),
                is_postgres: arguments.store == Kind::Postgres,
                origin: gateway.origin(),
                app_id: sandbox.app_id().to_owned(),
                app_secret: sandbox.app_secret().to_owned(),
                wrong_by: 0,
                fate: None,
                holds: false,
                plant: None,
                reconciles: true,
            },
            sandbox,
            _gateway: gateway,
            folder,
            url,
            client,
            orders: 0,
            planned: BTreeSet::new(),
            token,
            _kept: kept,
        })
    }

    /// Starts a process with the arguments as `change` leaves them.
    pub async fn start(
        &self,
        change: impl FnOnce(&mut process::Arguments),
    ) -> Result<Process, Error> {
        let mut arguments = self.arguments.clone();
        change(&mut arguments);
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--process")
            .arg(serde_json::to_string(&arguments)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().ok_or("no input")?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let (said, mut lines) = unbounded_channel();
        tokio::spawn(async move {
            let mut stdout = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = stdout.next_line().await {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        let mut address = String::new();
        let mut said = Vec::new();
        // It may die before it listens. Then its words are kept for a later look.
        while let Ok(Some(line)) = tokio::time::timeout(Duration::from_secs(20), lines.recv()).await
        {
            if let Some(at) = line.strip_prefix("listens at ") {
                address = at.to_owned();
                break;
            }
            said.push(line);
        }
        let (back, again) = unbounded_channel();
        if !said.is_empty() {
            for line in said {
                let _ = back.send(line);
            }
            lines = again;
        }
        Ok(Process {
            child,
            stdin,
            lines,
            address,
            fate: arguments.fate.map(|(at, _)| at),
            age: 0,
        })
    }

    /// Lets this much of the sandbox's time pass.
    pub fn advance(&self, seconds: u64) -> Result<(), Error> {
        self.sandbox.advance(Duration::from_secs(seconds));
        Ok(clock::write(&self.folder, self.sandbox.now())?)
    }

    /// A payer orders and pays.
    pub async fn pay(&mut self) -> Result<String, Error> {
        self.orders += 1;
        let id = OrderId::new(format!("order-{}", self.orders));
        let price = format!("{}.25", self.orders);
        let polygon = Chain::new("POLYGON");
        let order = CreateAppOrderDepositAddress::new(id, USDT, polygon, price.parse()?);
        let address = self
            .client
            .submit(&order)
            .await?
            .created
            .address
            .to_string();
        Ok(self.sandbox.pay(&address, &price)?.record_id)
    }

    /// Asks a process to plan a payout; returns whether it did. It may die before it answers.
    pub async fn plan(&mut self, process: &Process, order_id: &str) -> bool {
        let order = format!("{order_id} 1.5 {}", self.token);
        let url = format!("http://{}/plan", process.address);
        let answer = post(&url, &[], order).await;
        let is_planned = answer.is_ok_and(|it| it.status() == 200);
        if is_planned {
            self.planned.insert(order_id.to_owned());
        }
        is_planned
    }

    /// Delivers notifications that are due, well or badly.
    pub fn deliver(&self, processes: &[Process], random: &mut fastrand::Rng, is_calm: bool) {
        let mut due = self.sandbox.due_notifications();
        random.shuffle(&mut due);
        for notification in due {
            let Some(process) = random.choice(processes) else {
                return;
            };
            let fate = if is_calm { 99 } else { random.u8(..100) };
            if fate < 15 {
                let _ = self.sandbox.record_answer(notification, None);
                continue;
            }
            let url = url_of(&process.address, &notification);
            let (sandbox, twice, late) = (self.sandbox.clone(), fate < 35, fate > 84 && !is_calm);
            let delay = Duration::from_millis(random.u64(..2_000));
            tokio::spawn(async move {
                let body = notification.body.clone();
                if late {
                    // The gateway has given this attempt up, but it arrives later.
                    let headers = notification.headers.clone();
                    let _ = sandbox.record_answer(notification, None);
                    tokio::time::sleep(delay).await;
                    let _ = post(&url, &headers, body).await;
                    return;
                }
                if twice {
                    let _ = post(&url, &notification.headers, body.clone()).await;
                }
                let answer = post(&url, &notification.headers, body).await.ok();
                let _ = sandbox.record_answer(notification, answer.as_ref());
            });
        }
    }
}

pub fn url_of(address: &str, notification: &Notification) -> String {
    let version = if notification.event_type.contains(' ') {
        "-v1"
    } else {
        ""
    };
    format!("http://{address}/notify{version}")
}

pub async fn post(
    url: &str,
    headers: &[(&str, String)],
    body: String,
) -> Result<Response<Bytes>, Error> {
    let mut request = Request::post(url).header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let exchange = Exchange::new(request.body(body.into())?, "notification");
    let transport = ReqwestTransport::new()?;
    let answer = tokio::time::timeout(Duration::from_secs(3), transport.send(exchange));
    Ok(answer.await??)
}

impl Process {
    /// Kills it, whatever it is doing.
    pub async fn kill(&mut self) -> Result<(), Error> {
        Ok(self.child.kill().await?)
    }

    pub async fn go_on(&mut self) -> Result<(), Error> {
        Ok(self.stdin.write_all(b"go\n").await?)
    }

    fn is_dead(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The step at which the process says that it dies or holds.
    pub fn step(&mut self) -> Option<String> {
        let mut step = None;
        while let Ok(line) = self.lines.try_recv() {
            let words = line
                .strip_prefix("dies at ")
                .or_else(|| line.strip_prefix("holds at "));
            step = words.map(str::to_owned).or(step);
        }
        step
    }
}

pub async fn run(arguments: &Arguments) -> Result<(), Error> {
    match arguments.store {
        Kind::Sqlite => {
            let world = World::new(arguments, None).await?;
            story::<SqliteStore>(arguments, world, None, 2).await
        }
        Kind::Postgres => {
            let cluster = Cluster::start().ok_or("no PostgreSQL is installed")?;
            let world = World::new(arguments, Some(&cluster)).await?;
            story::<PostgresStore>(arguments, world, Some(&cluster), 3).await
        }
    }
}

async fn story<S: Shop>(
    arguments: &Arguments,
    mut world: World,
    cluster: Option<&Cluster>,
    count: usize,
) -> Result<(), Error> {
    let shop = S::open(&world.url).await?;
    shop.create().await?;
    println!("seed {}, {count} processes", arguments.seed);
    let mut random = fastrand::Rng::with_seed(arguments.seed);
    world.sandbox.faults_by_seed(arguments.seed, 40, &FAULTS);
    let wrong_by = [0, 3 * 3_600, -2 * 3_600];
    let mut next_step = 0;
    let mut processes = Vec::new();
    for number in 0..count {
        processes.push(destined(&world, &mut random, &mut next_step, wrong_by[number % 3]).await?);
    }
    let (mut kills, mut steps) = (0, BTreeMap::<String, u32>::new());
    let (mut payouts, mut to_plan) = (0_u32, Vec::new());
    let mut restarts_postgres = cluster;
    while kills < arguments.kills {
        tokio::time::sleep(TICK).await;
        world.advance(u64::from(SPEED) / 10)?;
        if random.u8(..4) > 0 {
            world.pay().await?;
        }
        if random.u8(..3) == 0 {
            payouts += 1;
            let kind = ["v1", "cwallet", "payout", "payout"][random.usize(..4)];
            to_plan.push(format!("{kind}-{payouts}"));
        }
        for order_id in std::mem::take(&mut to_plan) {
            let process = &processes[random.usize(..processes.len())];
            if !world.plan(process, &order_id).await {
                to_plan.push(order_id);
            }
        }
        world.deliver(&processes, &mut random, false);
        if kills >= arguments.kills / 2
            && let Some(cluster) = restarts_postgres.take()
        {
            println!("PostgreSQL is stopped in the middle of everything, and started again");
            cluster.restart();
        }
        for (number, process) in processes.iter_mut().enumerate() {
            process.age += 1;
            let is_over = match process.fate {
                None => random.u8(..4) == 0,
                Some(_) => process.age > 40,
            };
            if is_over && !process.is_dead() {
                process.kill().await?;
            }
            if process.is_dead() {
                kills += 1;
                let at = process
                    .step()
                    .unwrap_or_else(|| "a random moment".to_owned());
                *steps.entry(at).or_default() += 1;
                let wrong_by = wrong_by[number % 3];
                *process = destined(&world, &mut random, &mut next_step, wrong_by).await?;
            }
        }
    }
    for (step, times) in &steps {
        println!("  {times:>4} killed at: {step}");
    }
    // From here on nobody dies, and everything under way ends.
    world.sandbox.faults_by_seed(0, 0, &[]);
    processes.clear();
    for number in 0..count {
        let wrong_by = wrong_by[number % 3];
        processes.push(world.start(|it| it.wrong_by = wrong_by).await?);
    }
    while let Some(order_id) = to_plan.pop() {
        if !world.plan(&processes[0], &order_id).await {
            return Err(format!("{order_id} can't be planned").into());
        }
    }
    let found = settle_down(&world, &shop, &processes, &mut random).await?;
    let missed = STEPS.iter().filter(|step| !steps.contains_key(**step));
    let missed: Vec<_> = missed.collect();
    println!("{found}");
    println!("kills {kills}, {}", found.last_line());
    if arguments.kills >= 100 && !missed.is_empty() {
        return Err(format!("nobody died at: {missed:?}").into());
    }
    found.check()
}

/// Starts a process that dies at one of the steps in turn, or by a kill.
async fn destined(
    world: &World,
    random: &mut fastrand::Rng,
    next_step: &mut usize,
    wrong_by: i64,
) -> Result<Process, Error> {
    let fate = random.bool().then(|| {
        *next_step += 1;
        (STEPS[*next_step % STEPS.len()].to_owned(), random.u32(1..4))
    });
    world
        .start(|it| {
            it.wrong_by = wrong_by;
            it.fate = fate;
        })
        .await
}

/// Lets time pass quickly until nothing is left to do.
pub async fn settle_down<S: Shop>(
    world: &World,
    shop: &S,
    processes: &[Process],
    random: &mut fastrand::Rng,
) -> Result<Found, Error> {
    let mut found = Found::default();
    for _ in 0..900 {
        world.advance(5)?;
        world.deliver(processes, random, true);
        tokio::time::sleep(TICK).await;
        found = books::compare(world, shop).await?;
        if found.is_over() && world.sandbox.pending_notifications() == 0 {
            return Ok(found);
        }
    }
    println!("{found}");
    Err(found
        .check()
        .err()
        .unwrap_or_else(|| "it does not come to an end".into()))
}
