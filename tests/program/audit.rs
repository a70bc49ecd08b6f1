//! The head of the audit chain is stored outside the database, so that removed rows are detected.

use std::process::Output;

use sqlx::{Connection, SqliteConnection};

use crate::world::{World, signal, simulator, until};

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

async fn change(world: &World, statements: &[&'static str]) {
    let url = format!("sqlite://{}", world.data().join("wadeck.db").display());
    let mut eve = SqliteConnection::connect(&url).await.expect("opened beside the engine");
    let triggers: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit'")
            .fetch_all(&mut eve)
            .await
            .expect("read");
    for trigger in triggers {
        let text = format!("DROP TRIGGER {trigger}");
        sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut eve).await.expect("dropped");
    }
    for statement in statements {
        sqlx::query(*statement).execute(&mut eve).await.expect("done");
    }
    eve.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_audit_rows_are_detected() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut engine = world.serve();
    for number in 10..16 {
        let number = format!("+155501000{number}");
        let added = world.run(&["contacts", "add", "--connection", "c1", "--name", "Rosa", "--number", &number]);
        assert!(added.status.success(), "{}", stdout(&added));
    }
    let rows = world.json(&["audit", "list"]);
    let rows = rows.as_array().expect("a list").len();
    assert!(rows >= 6, "{rows}");
    let verified = world.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", stdout(&verified));
    let digest = world.json(&["audit", "list"])[0]["digest"].as_str().expect("a digest").to_owned();
    assert!(world.run(&["audit", "verify", "--against", &digest]).status.success());
    let copy = world.directory.path().join("copy.db").display().to_string();
    assert!(world.run(&["backup", &copy]).status.success());
    let manifest = format!("{copy}.audit");
    assert!(std::fs::read_to_string(&manifest).expect("beside the copy").contains(&digest));
    assert!(world.run(&["audit", "verify", "--against", &manifest]).status.success());
    let figures =
        reqwest::get(format!("{}/metrics", world.url())).await.expect("an answer").text().await.expect("text");
    assert!(figures.contains(&format!("digest=\"{digest}\"")), "{figures}");
    until("the end is kept beside the database", || {
        std::fs::read_to_string(world.data().join("audit.head")).is_ok_and(|text| text.contains(&digest))
    });

    // Remove the last rows while the engine runs.
    change(&world, &["DELETE FROM audit WHERE id > (SELECT max(id) - 2 FROM audit)"]).await;
    let verified = world.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(stdout(&verified).contains(&format!("u{rows} is missing")), "{}", stdout(&verified));
    let against = world.run(&["audit", "verify", "--against", &manifest]);
    assert!(stdout(&against).contains("copy.db.audit has its digest"), "{}", stdout(&against));
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
    assert!(world.log().contains("audit head row=u"), "it is in the log too");

    // Remove all rows while the engine is stopped; a new chain begins.
    change(&world, &["DELETE FROM audit"]).await;
    let mut engine = world.serve();
    until("it says so", || stdout(&world.run(&["alerts", "list"])).contains("The audit lacks"));
    let added = world.run(&["contacts", "add", "--connection", "c1", "--name", "Ana", "--number", "+15550100020"]);
    assert!(added.status.success(), "{}", stdout(&added));
    let verified = world.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", stdout(&verified));
    assert!(stdout(&verified).contains(&format!("u{rows} is missing")), "{}", stdout(&verified));
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
    // The loss is reported without an engine and after another start.
    assert_eq!(world.run(&["audit", "verify"]).status.code(), Some(1));
    let _engine = world.serve();
    let verified = world.run(&["audit", "verify"]);
    assert!(stdout(&verified).contains(&format!("u{rows} is missing")), "{}", stdout(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_audit_chain_is_detected() {
    use wadeck::domain::access::audit::{AuditRow, link};
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let mut engine = world.serve();
    for number in 10..13 {
        let number = format!("+155501000{number}");
        assert!(
            world
                .run(&["contacts", "add", "--connection", "c1", "--name", "Rosa", "--number", &number])
                .status
                .success()
        );
    }
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
    let rows: Vec<AuditRow> = serde_json::from_value(world.json(&["audit", "list"])).expect("rows");
    change(&world, &[]).await;
    let url = format!("sqlite://{}", world.data().join("wadeck.db").display());
    let mut eve = SqliteConnection::connect(&url).await.expect("opened");
    let mut before = String::new();
    for row in rows.into_iter().rev() {
        let row = AuditRow { actor: "eve".into(), ..row };
        before = link(&before, &row);
        sqlx::query("UPDATE audit SET actor = $2, digest = $3 WHERE id = $1")
            .bind(row.id.0)
            .bind(&row.actor)
            .bind(&before)
            .execute(&mut eve)
            .await
            .expect("rewritten");
    }
    eve.close().await.expect("closed");
    let verified = world.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", stdout(&verified));
    assert!(stdout(&verified).contains("has another digest"), "{}", stdout(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_is_reported_until_an_admin_accepts_it() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let add = |number: u32| {
        let number = format!("+155501000{number}");
        let added = world.run(&["contacts", "add", "--connection", "c1", "--name", "Rosa", "--number", &number]);
        assert!(added.status.success(), "{}", stdout(&added));
    };
    let mut engine = world.serve();
    add(10);
    let copy = world.directory.path().join("copy.db").display().to_string();
    assert!(world.run(&["backup", &copy]).status.success());
    add(11);
    add(12);
    let before = world.json(&["audit", "list"]);
    signal(&engine.0, "-TERM");
    assert!(engine.0.wait().expect("ended").success());
    let kept = std::fs::read_to_string(world.data().join("audit.head")).expect("kept");
    for file in ["wadeck.db-wal", "wadeck.db-shm"] {
        let _ = std::fs::remove_file(world.data().join(file));
    }
    std::fs::copy(&copy, world.data().join("wadeck.db")).expect("restored");
    let mut engine = world.serve();
    let verified = world.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", stdout(&verified));
    let words = stdout(&verified);
    assert!(words.contains("is missing") && words.contains("an older copy of the database was restored"), "{words}");
    let lost = &before[0];
    let (row, digest) = (lost["id"].as_str().expect("an id"), lost["digest"].as_str().expect("a digest"));
    assert!(words.contains(&format!("wadeck audit accept-restored --confirm {row}")), "{words}");
    until("there is an alert", || stdout(&world.run(&["alerts", "list", "--open"])).contains("accept-restored"));
    let end = world.json(&["audit", "list"])[0]["digest"].as_str().expect("a digest").to_owned();

    // Only an admin who confirms the loss can accept it.
    let refused = world.run(&["audit", "accept-restored", "--confirm", "u1", "--json"]);
    assert!(refused.status.code() == Some(3) && stdout(&refused).contains("\"typed\""), "{}", stdout(&refused));
    let accepted = world.run(&["audit", "accept-restored", "--confirm", row]);
    assert!(accepted.status.success(), "{}", stdout(&accepted));
    let refused = world.run(&["audit", "accept-restored", "--confirm", row, "--json"]);
    assert!(stdout(&refused).contains("nothing_to_accept"), "{}", stdout(&refused));
    let audited = &world.json(&["audit", "list"])[0];
    assert_eq!(audited["action"], "accept_restored");
    let detail = audited["detail"].as_str().expect("a detail");
    assert!(detail.contains(digest) && detail.contains(&end), "{detail}");
    until("the alert is over", || !stdout(&world.run(&["alerts", "list", "--open"])).contains("accept-restored"));
    let verified = world.run(&["audit", "verify"]);
    assert!(verified.status.success() && stdout(&verified).contains(digest), "{}", stdout(&verified));
    // The acceptance persists with new rows and after another start; verification still works.
    add(13);
    add(14);
    let head = world.directory.path().join("kept.head").display().to_string();
    std::fs::write(&head, &kept).expect("written");
    for _ in 0..2 {
        let verified = world.run(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", stdout(&verified));
        assert_eq!(world.run(&["audit", "verify", "--against", &head]).status.code(), Some(1));
        signal(&engine.0, "-TERM");
        assert!(engine.0.wait().expect("ended").success());
        engine = world.serve();
    }
    assert!(!stdout(&world.run(&["alerts", "list", "--open"])).contains("The audit lacks"));
    // Rows that are removed later are detected again.
    change(&world, &["DELETE FROM audit WHERE id > (SELECT max(id) - 1 FROM audit)"]).await;
    assert_eq!(world.run(&["audit", "verify"]).status.code(), Some(1));
}
