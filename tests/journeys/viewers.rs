//! Somebody who may only look, at a console: every key of the table is pressed where it is valid, and
//! whatever is asked afterwards is agreed to. Nothing is written.

use wadeck::console::{PaneId, Scope, table};
use wadeck::domain::access::role::Role;

use crate::sitting::{Sitting, THEME};
use crate::stage::{Stage, rosa};

async fn audited(stage: &Stage) -> Vec<(String, String)> {
    use sqlx::Connection;
    let url = format!("sqlite://{}", stage.directory.path().join("wadeck.db").display());
    let mut line = sqlx::SqliteConnection::connect(&url).await.expect("a database");
    sqlx::query_as("SELECT actor, action FROM audit ORDER BY id").fetch_all(&mut line).await.expect("read")
}

#[tokio::test]
async fn no_key_of_the_table_lets_a_viewer_change_anything() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage.says(&rosa(), "A person, please").await;
    stage.answer().await;
    let before = audited(&stage).await;
    let entries = stage.outbox().await.len();
    let mut pressed = 0;
    for spec in table() {
        let place = match spec.scope {
            Scope::Pane(PaneId::Connections) => "1",
            Scope::Pane(PaneId::Threads) | Scope::Everywhere | Scope::List => "2",
            Scope::Pane(PaneId::Delivery) => "3",
            Scope::Pane(PaneId::Templates) => "4",
            Scope::Pane(PaneId::Agents) => "5",
            Scope::Pane(PaneId::Flows) => "6",
            Scope::Pane(PaneId::Activity) => "7",
            Scope::Pane(PaneId::Log) => "8",
            Scope::Messages | Scope::Detail | Scope::Composer => "2 enter",
        };
        for keys in spec.keys {
            let mut desk = Sitting::with(&stage, 120, 40, Role::Viewer, THEME).await;
            desk.press(&stage, place).await;
            desk.press(&stage, keys).await;
            for agreed in ["y", "enter", "ctrl-s"] {
                desk.press(&stage, agreed).await;
            }
            pressed += 1;
            let now = audited(&stage).await;
            assert_eq!(now.len(), before.len(), "{}: {:?}", spec.id, &now[before.len()..]);
        }
    }
    assert!(pressed > 100, "{pressed}");
    assert_eq!(stage.outbox().await.len(), entries);
    assert!(stage.thread().await.taken_by.is_none());
}
