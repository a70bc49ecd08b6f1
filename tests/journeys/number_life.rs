//! Whatever happens to numbers, in any order: each has a way on, the way is offered where it is shown, and it leads to
//! a number that works.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::Connection as _;
use wadeck::domain::numbers::connected::ConnectionList;
use wadeck::domain::numbers::connection::Connection;
use wadeck::domain::numbers::life::{NumberEvent, Presence};
use wadeck::domain::numbers::number::NumberRequest;
use wadeck::domain::numbers::setup::{Setup, SetupState, SetupStep};
use wadeck::domain::request::Request;
use wadeck::operations::OperationError;

use crate::conformance::{self, WIRES};
use crate::numbers::{kapso, list, number, only_setup, proved, support};
use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage};

/// The same dice for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

async fn line(stage: &Stage) -> sqlx::SqliteConnection {
    let url = format!("sqlite://{}", stage.directory.path().join("wadeck.db").display());
    sqlx::SqliteConnection::connect(&url).await.expect("a database")
}

/// Something happens: somebody asks for it, its owner follows the link, or the provider acts.
async fn something(stage: &mut Stage, dice: &mut Dice, made: &mut u32) -> Result<(), OperationError> {
    let now = list(stage).await;
    let setup = now.others.get(dice.below(now.others.len())).map(|setup| setup.id);
    let live = now.connected.get(dice.below(now.connected.len())).map(|row| row.connection.clone());
    let request = match (dice.below(14), setup, live) {
        (0, ..) => {
            *made += 1;
            NumberRequest::SetUp {
                name: format!("branch {made}"),
                provider: kapso(),
                organization: None,
                environment: None,
                options: Box::default(),
            }
        }
        (1, Some(setup), _) => NumberRequest::Resume { setup },
        (2, Some(setup), _) => NumberRequest::NewLink { setup },
        (3, Some(setup), _) => NumberRequest::Cancel { setup },
        (4 | 5, Some(setup), _) => NumberRequest::Reconnect { setup },
        (6, _, Some(one)) => NumberRequest::Register { connection: one.id },
        (7, _, Some(one)) => NumberRequest::Renew { connection: one.id },
        (8, _, Some(one)) => NumberRequest::Unregister { connection: one.id },
        (9, _, Some(one)) => NumberRequest::Disconnect { connection: one.id, typed: one.phone_number.to_string() },
        (10, _, Some(one)) => {
            // Somebody deletes it at the provider.
            let path = format!("/platform/v1/whatsapp/phone_numbers/{}", one.phone_number_id);
            let call = Request::Call { provider: kapso(), method: "delete".into(), path, body: None, connection: None };
            stage.act(call).await?;
            stage.deliver().await;
            return Ok(());
        }
        (11, ..) => {
            let failed = serde_json::json!({ "error": "down" });
            for call in ["POST /customers", "GET /customers", "GET /webhooks", "POST /setup_links"] {
                if dice.below(2) == 0 {
                    stage.simulator.next_call(call, 500, failed.clone());
                }
            }
            return Ok(());
        }
        (12, ..) => {
            stage.simulator.follow_link();
            stage.deliver().await;
            return Ok(());
        }
        _ => {
            stage.pass(Duration::from_secs([3, 62, 4_000][dice.below(3)]));
            stage.set_up().await;
            stage.deliver().await;
            stage.set_up().await;
            return Ok(());
        }
    };
    number(stage, request).await.map(|_| ())
}

/// Every number that is not connected stands in the list with a verb.
async fn everything_has_a_way_on(stage: &Stage, past: &str) -> ConnectionList {
    let now = list(stage).await;
    for setup in &now.others {
        assert!(!now.verbs(setup).is_empty(), "{past}: {setup:?}");
    }
    let gone: Vec<String> = sqlx::query_scalar("SELECT name FROM connections WHERE state = 'disconnected'")
        .fetch_all(&mut line(stage).await)
        .await
        .expect("asked");
    for name in gone {
        assert!(now.others.iter().any(|setup| setup.name == name), "{past}: {name} stands nowhere");
    }
    now
}

/// What somebody does who wants the number to work: the first verb that is offered and leads on.
fn onwards(list: &ConnectionList, setup: &Setup) -> Option<NumberRequest> {
    let (presence, setup_id) = (list.presence(setup), setup.id);
    setup.verbs(presence).into_iter().find_map(|event| match event {
        NumberEvent::Reconnect => Some(NumberRequest::Reconnect { setup: setup_id }),
        // A link that expired, or that somebody revoked, is replaced; else the step is taken again.
        NumberEvent::NewLink if setup.step == SetupStep::Used => Some(NumberRequest::NewLink { setup: setup_id }),
        NumberEvent::GoOn if setup.step != SetupStep::Used || presence == Presence::Live => {
            Some(NumberRequest::Resume { setup: setup_id })
        }
        _ => None,
    })
}

#[tokio::test]
async fn from_wherever_chance_leads_a_number_its_verbs_lead_it_home() {
    for seed in [3, 11, 29, 71, 113] {
        let mut stage = Stage::set().await;
        let (mut dice, mut made, mut past, mut were) = (Dice(seed), 0, String::new(), BTreeSet::new());
        for _ in 0..60 {
            let outcome = something(&mut stage, &mut dice, &mut made).await;
            if let Err(error) = &outcome {
                assert!(matches!(error, OperationError::Refused(_)), "{seed}: {error}");
            }
            past = format!("seed {seed}, the last: {outcome:?}");
            let now = everything_has_a_way_on(&stage, &past).await;
            were.extend(now.connected.iter().map(|row| row.connection.name.clone()));
        }
        for _ in 0..20 {
            let now = everything_has_a_way_on(&stage, &past).await;
            let Some(setup) = now.others.first().cloned() else { break };
            if let Some(request) = onwards(&now, &setup) {
                number(&stage, request).await.expect("what is offered is done");
            }
            stage.set_up().await;
            stage.simulator.follow_link();
            stage.deliver().await;
            proved(&mut stage).await;
            // A deletion that was told is looked into for an hour.
            stage.pass(Duration::from_secs(62));
            stage.set_up().await;
        }
        let home = list(&stage).await;
        assert!(home.others.is_empty(), "seed {seed}: {:?}", home.others);
        for name in were {
            assert!(home.connected.iter().any(|row| row.connection.name == name), "seed {seed}: {name} is lost");
        }
    }
}

#[tokio::test]
async fn the_console_offers_what_can_be_done_and_nothing_else() {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    number(&stage, NumberRequest::Unregister { connection }).await.expect("unregistered");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1").await;
    sitting.sees("Actions");
    sitting.sees("R  connect it again");
    sitting.does_not_see("X  give");
    sitting.press(&stage, "X").await;
    sitting.sees("support is disconnected.");
    assert_eq!(only_setup(&stage).await.state, SetupState::Disconnected);
    sitting.press(&stage, "R").await;
    assert_ne!(only_setup(&stage).await.state, SetupState::Disconnected, "the key does what it says");
    sitting.sees("X  cancel the setup");
}

#[tokio::test]
async fn numbers_that_an_older_version_left_without_a_way_on_are_found_at_the_start() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    number(&stage, NumberRequest::Unregister { connection }).await.expect("unregistered");
    // So it was when reconnecting was given up.
    let stranded = "UPDATE setups SET state = 'cancelled'";
    sqlx::query(stranded).execute(&mut line(&stage).await).await.expect("as before");
    assert!(list(&stage).await.others.is_empty());
    stage.restart(CONFIG).await;
    let setup = only_setup(&stage).await;
    assert_eq!(setup.state, SetupState::Disconnected);
    number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("again");
    proved(&mut stage).await;
    assert_eq!(support(&stage).await, connection);

    // One of which no setup is known at all.
    number(&stage, NumberRequest::Unregister { connection }).await.expect("unregistered");
    let mut line = line(&stage).await;
    for statement in ["DELETE FROM setup_steps", "DELETE FROM setups"] {
        sqlx::query(statement).execute(&mut line).await.expect("as before");
    }
    stage.restart(CONFIG).await;
    assert_eq!(only_setup(&stage).await.connection_id, Some(connection));
}

#[tokio::test]
async fn a_number_whose_id_is_gone_at_the_provider_gets_a_link() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    number(&stage, NumberRequest::Unregister { connection }).await.expect("unregistered");
    let path = format!("/platform/v1/whatsapp/phone_numbers/{SUPPORT}");
    let call = Request::Call { provider: kapso(), method: "delete".into(), path, body: None, connection: None };
    stage.act(call).await.expect("deleted");
    stage.deliver().await;
    let setup = only_setup(&stage).await;
    number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("begun");
    stage.set_up().await;
    let setup = only_setup(&stage).await;
    let why = setup.trouble.clone().expect("why");
    assert!(why.contains(SUPPORT) && why.contains("no longer has"), "{why}");
    number(&stage, NumberRequest::Resume { setup: setup.id }).await.expect("from the first step on");
    stage.set_up().await;
    assert_eq!(only_setup(&stage).await.step, SetupStep::Used);
    stage.simulator.follow_link().expect("followed");
    stage.deliver().await;
    proved(&mut stage).await;
    assert_eq!(support(&stage).await, connection, "its threads are its own still");
    // One that was never connected may be mistyped: it is told, and given up.
    let adopt = NumberRequest::Adopt {
        name: "typo".into(),
        provider: kapso(),
        phone_number_id: "999".into(),
        organization: None,
        environment: None,
    };
    number(&stage, adopt).await.expect("begun");
    stage.set_up().await;
    let setup = only_setup(&stage).await;
    assert_eq!((setup.state, setup.step), (SetupState::Failed, SetupStep::Number));
    number(&stage, NumberRequest::Cancel { setup: setup.id }).await.expect("given up");
    assert!(list(&stage).await.others.is_empty());
}

fn provider_sends_no_tests(connection: &Connection) -> bool {
    connection.provider != kapso()
}

#[tokio::test]
async fn numbers_of_every_provider_come_back() {
    for wire in &WIRES {
        let mut stage = conformance::stage(wire).await;
        let connection = list(&stage).await.connected[0].connection.clone();
        number(&stage, NumberRequest::Unregister { connection: connection.id }).await.expect("unregistered");
        let setup = only_setup(&stage).await;
        number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("begun");
        if provider_sends_no_tests(&connection) {
            // Ours would go to a listener that nobody serves here: the last step fails, and the number is connected.
            stage.system.forget_public_url();
            stage.set_up().await;
            number(&stage, NumberRequest::Cancel { setup: setup.id }).await.expect("given up");
        } else {
            proved(&mut stage).await;
        }
        let back = list(&stage).await;
        let again = &back.connected[0].connection;
        assert_eq!((again.id, &again.phone_number), (connection.id, &connection.phone_number), "{back:?}");
        assert_eq!((&again.phone_number_id, &again.settings), (&connection.phone_number_id, &connection.settings));
        assert!(back.others.is_empty(), "{:?}", back.others);
    }
}
