//! `kill -9` at any moment loses no acknowledged webhook and sends no message twice. Repeated many times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wadeck::simulator::{Person, Saying};

use crate::world::{SECRET, SUPPORT, World, now_millis, simulator, until};

const ROUNDS: u64 = 12;

fn signed(body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_is_sent_twice() {
    let simulator = Arc::new(simulator().await);
    let world = World::new(&simulator);
    let acknowledged: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().expect("a client");
    for round in 0..ROUNDS {
        let taken = acknowledged.lock().expect("whole").len();
        let mut served = world.serve();
        let mut senders = vec![];
        for lane in 0..6 {
            let (client, acknowledged, url) =
                (client.clone(), acknowledged.clone(), format!("{}/webhook/kapso/messages", world.url()));
            let simulator = simulator.clone();
            senders.push(tokio::spawn(async move {
                for number in 0.. {
                    // The simulator must know the contacts to allow replies to them.
                    let person = Person::new("Someone", &format!("1555{round:03}{lane:02}{number:03}"));
                    simulator.says(SUPPORT, &person, &Saying::text("seen by the simulator only"));
                    let id = format!("wamid.{round}.{lane}.{number}");
                    let body = serde_json::json!({
                        "message": { "id": id, "from": person.phone, "timestamp": (now_millis() / 1_000).to_string(), "type": "text",
                            "text": { "body": "are you open?" }, "kapso": { "direction": "inbound" } },
                        "conversation": { "phone_number": person.phone }, "phone_number_id": SUPPORT,
                    })
                    .to_string();
                    let request = client.post(&url).header("x-webhook-signature", signed(&body)).header("x-webhook-event", "whatsapp.message.received");
                    match request.body(body).send().await {
                        Ok(answer) if answer.status() == 200 => {
                            acknowledged.lock().expect("whole").insert(id);
                        }
                        Ok(_) => {}
                        Err(_) => return,
                    }
                }
            }));
        }
        // Each round kills at another moment: while storing, applying, replying or sending.
        let wanted = taken + 8 + (round * 7 % 23) as usize;
        until("enough is acknowledged", || acknowledged.lock().expect("whole").len() >= wanted);
        served.0.kill().expect("killed");
        let _ = served.0.wait();
        for sender in senders {
            let _ = sender.await;
        }
    }
    let acknowledged = acknowledged.lock().expect("whole").clone();
    assert!(acknowledged.len() > 100, "only {} were acknowledged", acknowledged.len());

    // All accepted webhooks are applied and answered once the engine runs undisturbed.
    let served = world.serve();
    until("everything is applied", || world.json(&["status"])["deliveries_pending"] == 0);
    until("everything is settled or in doubt", || {
        let status = world.json(&["status"]);
        status["queued"] == 0 && status["runs_open"] == 0
    });
    drop(served);

    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.data().join("wadeck.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("opened");
    let stored: Vec<String> =
        sqlx::query_scalar("SELECT provider_message_id FROM messages WHERE direction = 'inbound'")
            .fetch_all(&pool)
            .await
            .expect("read");
    let stored_once: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(stored.len(), stored_once.len(), "no message twice");
    let lost: Vec<&String> = acknowledged.difference(&stored_once).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");

    let mut sent: BTreeMap<String, u32> = BTreeMap::new();
    for one in simulator.accepted() {
        *sent.entry(one.reference.expect("a reference")).or_default() += 1;
    }
    assert!(sent.values().all(|count| *count == 1), "an entry was sent twice");
    let mut to: BTreeMap<String, u32> = BTreeMap::new();
    for one in simulator.accepted() {
        *to.entry(one.to).or_default() += 1;
    }
    let twice: Vec<_> = to.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "somebody got an answer twice: {twice:?}");
    assert!(!sent.is_empty());
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.expect("checked");
    assert_eq!(check, "ok");
}
