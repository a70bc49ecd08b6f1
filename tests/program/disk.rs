//! A disk that fails, is full or damages the database: only stored webhooks are acknowledged, an alert is raised, and
//! the engine recovers without a restart.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wadeck::simulator::{Person, Saying, Simulator};

use crate::world::{SECRET, SUPPORT, Served, WAIT_LIMIT, World, now_millis, signal, simulator, until};

const SHIM: &str = include_str!("../fixtures/shims/diskfault.c");
/// Time limit of the recovery after a fault.
const RECOVERY: Duration = Duration::from_secs(5);

pub fn signed(body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

/// Posts webhooks and records the acknowledged ones.
struct Sender<'a> {
    simulator: &'a Simulator,
    client: reqwest::Client,
    url: String,
    count: u32,
    acknowledged: BTreeSet<String>,
}

impl<'a> Sender<'a> {
    fn new(simulator: &'a Simulator, world: &World) -> Self {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
        let url = format!("{}/webhook/kapso/messages", world.url());
        Self { simulator, client, url, count: 0, acknowledged: BTreeSet::new() }
    }

    async fn post(&mut self) -> u16 {
        self.count += 1;
        let person = Person::new("Someone", &format!("1555010{:04}", self.count));
        // The simulator must know the contacts to allow replies to them.
        self.simulator.says(SUPPORT, &person, &Saying::text("seen by the simulator only"));
        let id = format!("wamid.disk.{}", self.count);
        let body = serde_json::json!({
            "message": { "id": id, "from": person.phone, "timestamp": (now_millis() / 1_000).to_string(), "type": "text",
                "text": { "body": "are you open?" }, "kapso": { "direction": "inbound" } },
            "conversation": { "phone_number": person.phone }, "phone_number_id": SUPPORT,
        })
        .to_string();
        let request = self.client.post(&self.url).header("x-webhook-signature", signed(&body));
        let request = request.header("x-webhook-event", "whatsapp.message.received").body(body);
        let status = request.send().await.expect("an answer").status().as_u16();
        if status == 200 {
            self.acknowledged.insert(id);
        }
        status
    }
}

async fn readiness(world: &World) -> (u16, String) {
    let answer = reqwest::get(format!("{}/readyz", world.url())).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

fn serve(world: &World, environment: &[(&str, &Path)]) -> Served {
    let mut command = world.command(&["serve"]);
    command.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let served = Served(command.spawn().expect("it starts"));
    until("the engine takes webhooks", || std::net::TcpStream::connect(("127.0.0.1", world.port)).is_ok());
    until("the engine takes questions", || world.data().join("wadeck.sock").exists());
    served
}

fn database_alerts(world: &World) -> Vec<String> {
    let alerts = world.json(&["alerts", "list", "--open"]);
    let alerts = alerts.as_array().expect("a list").iter().filter(|alert| alert["kind"] == "database");
    alerts.map(|alert| alert["said"].as_str().expect("words").to_owned()).collect()
}

async fn stored(world: &World) -> BTreeSet<String> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.data().join("wadeck.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("opened");
    let ids: Vec<String> = sqlx::query_scalar("SELECT provider_message_id FROM messages WHERE direction = 'inbound'")
        .fetch_all(&pool)
        .await
        .expect("read");
    pool.close().await;
    ids.into_iter().collect()
}

/// Checks the engine before, during and after a fault, which `begin` causes and `end` removes.
async fn check_fault(world: &World, sender: &mut Sender<'_>, words: &str, begin: impl Fn(), end: impl Fn()) {
    assert_eq!(sender.post().await, 200);
    assert_eq!(readiness(world).await.0, 200);
    let lines_before = world.log().lines().count();
    begin();
    let began = Instant::now();
    for _ in 0..40 {
        assert_eq!(sender.post().await, 503, "{words}: nothing is acknowledged that is not stored");
    }
    let (status, output_text) = readiness(world).await;
    assert_eq!(status, 503, "{words}: {output_text}");
    assert!(output_text.contains(words) && output_text.contains("No restart is needed"), "{output_text}");
    let status_report = world.json(&["status"]);
    assert!(
        status_report["database"].as_str().is_some_and(|output_text| output_text.contains(words)),
        "{status_report}"
    );
    assert!(status_report["alerts"].as_u64() >= Some(1));
    let alerts = database_alerts(world);
    assert!(alerts.iter().any(|output_text| output_text.contains(words)), "{alerts:?}");
    end();
    let recovered_at = Instant::now();
    while sender.post().await != 200 {
        assert!(recovered_at.elapsed() < RECOVERY, "{words}: webhooks are not taken again");
    }
    assert!(recovered_at.elapsed() < RECOVERY, "{words}: {:?}", recovered_at.elapsed());
    until("the alert is over", || database_alerts(world).is_empty());
    assert_eq!(readiness(world).await.0, 200);
    let lines = world.log().lines().count() - lines_before;
    // One line per second for all failures of the database, and a few for the beginning and end of the fault.
    let seconds = began.elapsed().as_secs() + 1;
    assert!(lines <= 12 + usize::try_from(seconds).expect("small"), "{words}: {lines} lines in {seconds} s");
    until("what was taken is applied", || world.json(&["status"])["deliveries_pending"] == 0);
    let stored = stored(world).await;
    let lost: Vec<_> = sender.acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{words}: acknowledged and lost: {lost:?}");
    let history = world.json(&["alerts", "list"]);
    let closed = history.as_array().expect("a list").iter().find(|alert| alert["kind"] == "database");
    assert!(closed.is_some_and(|alert| !alert["acked"].is_null()), "it is written down, and over: {history}");
}

/// Compiles the preloaded library that injects disk faults.
fn shim(world: &World) -> PathBuf {
    let source = world.directory.path().join("diskfault.c");
    let library = world.directory.path().join("diskfault.so");
    std::fs::write(&source, SHIM).expect("written");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(compiler.status().expect("a C compiler is there").success());
    library
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_is_not_notified_while_writes_fail() {
    use std::os::unix::net::UnixDatagram;
    use std::sync::{Arc, Mutex};
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let library = shim(&world);
    let control = world.directory.path().join("fault");
    let place = world.directory.path().join("notify");
    let manager = UnixDatagram::bind(&place).expect("a socket");
    let output_text = Arc::new(Mutex::new(Vec::<String>::new()));
    let received = output_text.clone();
    // It keeps reading, as a service manager never lets its socket fill up.
    std::thread::spawn(move || {
        let mut bytes = [0; 1_024];
        while let Ok(count) = manager.recv(&mut bytes) {
            received.lock().expect("whole").push(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
    });
    let count = |words: &str| output_text.lock().expect("whole").iter().filter(|one| one.contains(words)).count();
    let mut engine = serve(
        &world,
        &[
            ("LD_PRELOAD", &library),
            ("WADECK_TEST_FAULT", &control),
            ("NOTIFY_SOCKET", &place),
            ("WATCHDOG_USEC", Path::new("600000")),
        ],
    );
    until("it is fed", || count("WATCHDOG=1") > 1);
    for fault in ["write 5", "sync 5"] {
        std::fs::write(&control, fault).expect("written");
        until("it says so", || count("STATUS=cannot accept webhooks") > 0);
        output_text.lock().expect("whole").clear();
        until("it goes on saying so", || count("STATUS=cannot accept webhooks") > 3);
        assert_eq!(count("WATCHDOG=1"), 0, "{fault}");
        std::fs::remove_file(&control).expect("removed");
        until("it is fed again", || count("WATCHDOG=1") > 0);
        output_text.lock().expect("whole").clear();
    }
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_fault_loses_nothing_and_is_reported() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let library = shim(&world);
    let control = world.directory.path().join("fault");
    let mut engine = serve(&world, &[("LD_PRELOAD", &library), ("WADECK_TEST_FAULT", &control)]);
    let mut sender = Sender::new(&simulator, &world);
    for _ in 0..20 {
        assert_eq!(sender.post().await, 200);
    }
    until("they are applied", || world.json(&["status"])["deliveries_pending"] == 0);
    std::fs::write(&control, "read 5").expect("written");
    // Cached pages stay readable; at some point a page must be read from the disk.
    let mut refused = 0;
    until("something is refused, and said", || {
        let looked = world.run(&["messages", "search", "open"]);
        refused += u32::from(!looked.status.success());
        refused > 0
    });
    for _ in 0..10 {
        let status = sender.post().await;
        assert!(matches!(status, 200 | 503), "{status}: stored, or to come again");
    }
    let (status, output_text) = readiness(&world).await;
    assert!(status == 503 && output_text.contains("not ready"), "{output_text}");
    std::fs::remove_file(&control).expect("removed");
    // SQLite reports a failed read as damage, so the whole file is checked before it is used again.
    let recovered_at = Instant::now();
    while sender.post().await != 200 {
        assert!(recovered_at.elapsed() < 6 * RECOVERY, "webhooks are not taken again: {}", world.log());
    }
    until("the alert is over", || database_alerts(&world).is_empty());
    until("what was taken is applied", || world.json(&["status"])["deliveries_pending"] == 0);
    let stored = stored(&world).await;
    let lost: Vec<_> = sender.acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(engine.0.try_wait().expect("asked").is_none(), "it is the same process");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_fault_is_reported_and_the_engine_recovers() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let library = shim(&world);
    let control = world.directory.path().join("fault");
    let mut engine = serve(&world, &[("LD_PRELOAD", &library), ("WADECK_TEST_FAULT", &control)]);
    let mut sender = Sender::new(&simulator, &world);
    for (fault, words) in [("sync 5", "Disk failure"), ("write 28", "Disk full"), ("write 5", "Disk failure")] {
        let begin = || std::fs::write(&control, fault).expect("written");
        let end = || std::fs::remove_file(&control).expect("removed");
        check_fault(&world, &mut sender, words, begin, end).await;
    }
    assert!(engine.0.try_wait().expect("asked").is_none(), "it is the same process");
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
}

/// A small file system, unmounted when this is dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).expect("made");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"]).arg(at).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_reported_and_the_engine_recovers() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let Some(_disk) = Tmpfs::mount(&world.data(), "16m") else {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "\n*** SKIPPED a_full_disk_is_reported_and_the_engine_recovers: no tmpfs can be mounted here (needs root) ***\n"
        );
        return;
    };
    let engine = serve(&world, &[]);
    let mut sender = Sender::new(&simulator, &world);
    let filler = world.data().join("filler");
    let begin = || {
        let mut file = std::fs::File::create(&filler).expect("made");
        let bytes = [1_u8; 4_096];
        while std::io::Write::write_all(&mut file, &bytes).is_ok() {}
    };
    // The database's WAL has preallocated space, so the first webhooks still succeed.
    for _ in 0..5 {
        assert_eq!(sender.post().await, 200);
    }
    begin();
    // The readiness check makes a small write, which may succeed where a webhook does not; both are repeated until
    // both fail.
    let mut attempts = 0;
    while sender.post().await == 200 || readiness(&world).await.0 == 200 {
        attempts += 1;
        assert!(attempts < 2_000, "the disk never filled up");
    }
    until("it says that the disk is full", || {
        database_alerts(&world).iter().any(|output_text| output_text.contains("Disk full"))
    });
    std::fs::remove_file(&filler).expect("removed");
    let recovered_at = Instant::now();
    while sender.post().await != 200 {
        assert!(recovered_at.elapsed() < RECOVERY, "webhooks are not taken again");
    }
    until("the alert is over", || database_alerts(&world).is_empty());
    until("what was taken is applied", || world.json(&["status"])["deliveries_pending"] == 0);
    let stored = stored(&world).await;
    let lost: Vec<_> = sender.acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    drop(engine);
}

/// Overwrites the pages of a table's rows and indexes.
async fn damage(database: &Path, table: &str) {
    use std::os::unix::fs::FileExt;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("opened");
    let pages: Vec<i64> = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE tbl_name = $1 AND rootpage > 0")
        .bind(table)
        .fetch_all(&pool)
        .await
        .expect("read");
    let size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&pool).await.expect("read");
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await.expect("Cannot checkpoint");
    pool.close().await;
    assert!(!pages.is_empty());
    let file = std::fs::OpenOptions::new().write(true).open(database).expect("opened");
    for page in pages {
        let at = u64::try_from((page - 1) * size).expect("a place");
        file.write_all_at(&[0xAB; 512], at).expect("written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_is_reported_with_its_remedy_and_nothing_is_acknowledged() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut sender = Sender::new(&simulator, &world);
    let mut engine = serve(&world, &[]);
    for _ in 0..3 {
        assert_eq!(sender.post().await, 200);
    }
    until("they are applied", || world.json(&["status"])["deliveries_pending"] == 0);
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
    damage(&world.data().join("wadeck.db"), "messages").await;
    let _engine = serve(&world, &[]);
    until("it says so", || {
        let alerts = world.run(&["alerts", "list", "--json"]);
        String::from_utf8_lossy(&alerts.stdout).contains("The database file is damaged")
    });
    let (status, output_text) = readiness(&world).await;
    assert_eq!(status, 503);
    assert!(output_text.contains("damaged") && output_text.contains("wadeck backup"), "{output_text}");
    assert_eq!(sender.post().await, 503, "what a damaged file takes may be gone with it");
    until("it is in the log", || world.log().contains("The database file is damaged"));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_under_a_running_engine_is_reported() {
    for table in ["messages", "threads", "deliveries", "alerts"] {
        let simulator = simulator().await;
        let world = World::new(&simulator);
        let mut sender = Sender::new(&simulator, &world);
        let mut engine = serve(&world, &[]);
        for _ in 0..3 {
            assert_eq!(sender.post().await, 200);
        }
        until("they are applied", || world.json(&["status"])["deliveries_pending"] == 0);
        assert_eq!(readiness(&world).await.0, 200);
        damage(&world.data().join("wadeck.db"), table).await;
        // Webhooks arrive, and the status is requested repeatedly.
        let began = Instant::now();
        while sender.post().await == 200 {
            world.run(&["status"]);
            assert!(began.elapsed() < WAIT_LIMIT, "{table}: the damage is never noticed");
            tokio::task::yield_now().await;
        }
        until_async(&format!("{table}: it is not ready"), async || readiness(&world).await.0 == 503).await;
        let (_, output_text) = readiness(&world).await;
        assert!(output_text.contains("damaged") && output_text.contains("wadeck backup"), "{table}: {output_text}");
        assert_eq!(sender.post().await, 503, "{table}: what a damaged file takes may be gone with it");
        // The alert is listed even if the table of alerts is damaged.
        until(&format!("{table}: it says so"), || {
            let alerts = world.run(&["alerts", "list", "--json"]);
            let output_text = String::from_utf8_lossy(&[alerts.stdout, alerts.stderr].concat()).into_owned();
            output_text.contains("The database file is damaged")
        });
        until("it is in the log", || world.log().contains("The database file is damaged"));
        assert!(engine.0.try_wait().expect("asked").is_none(), "{table}: the engine goes on saying so");
        // All acknowledged webhooks are in the file, as far as it can be read.
        if table == "messages" {
            let kept = stored_bodies(&world).await;
            for id in &sender.acknowledged {
                assert!(kept.contains(id), "{id} was acknowledged and is not stored");
            }
        }
    }
}

/// Returns the bodies of all stored deliveries.
async fn stored_bodies(world: &World) -> String {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.data().join("wadeck.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("opened");
    let bodies: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT CAST(body AS BLOB) FROM deliveries").fetch_all(&pool).await.expect("read");
    pool.close().await;
    bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect()
}

async fn until_async(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < WAIT_LIMIT, "it never came about: {what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_truncated_database_is_not_recreated() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut sender = Sender::new(&simulator, &world);
    let mut engine = serve(&world, &[]);
    for _ in 0..3 {
        assert_eq!(sender.post().await, 200);
    }
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
    let database = world.data().join("wadeck.db");
    let whole = std::fs::read(&database).expect("read");
    let refused = || {
        let output = world.run(&["serve"]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (bytes, words) in [
        (&whole[..0], "is empty, but "),
        (&whole[..whole.len() / 2], "is damaged: it has "),
        (&[7; 900][..], "is damaged"),
    ] {
        std::fs::write(&database, bytes).expect("written");
        let output_text = refused();
        assert!(output_text.contains(words) && output_text.contains("wadeck backup"), "{output_text}");
        assert_eq!(std::fs::read(&database).expect("read"), bytes, "it is left as it was");
    }
    std::fs::remove_file(&database).expect("removed");
    assert!(refused().contains("is missing, but "));
    assert!(!database.exists());
    std::fs::write(&database, &whole).expect("written");
    let _engine = serve(&world, &[]);
    assert_eq!(sender.post().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_survives_a_full_standard_error() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let mut command = world.command(&["serve"]);
    command.stdin(Stdio::null()).stdout(full()).stderr(full());
    let mut engine = Served(command.spawn().expect("it starts"));
    until("it takes webhooks", || std::net::TcpStream::connect(("127.0.0.1", world.port)).is_ok());
    until("it takes questions", || world.data().join("wadeck.sock").exists());
    let mut sender = Sender::new(&simulator, &world);
    assert_eq!(sender.post().await, 200);
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
}
