//! What a provider knows of a number of its own accord: its state, where its webhooks go, and what contacts see.

use std::time::Duration;

use wadeck::domain::numbers::connection::Check;
use wadeck::domain::numbers::number::{NumberAnswer, NumberQuery, NumberRequest, Profile};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::Saying;

use crate::conformance::{WIRES, Wire, says, stage};
use crate::numbers::{ask, list};
use crate::sitting::Sitting;
use crate::stage::{Stage, ada, rosa};

/// What is wrong now, in words.
async fn open_alerts(stage: &Stage) -> Vec<String> {
    let Answer::Alerts(list) = stage.ask(Query::Alerts { open: true, limit: 50 }).await else { panic!("alerts") };
    list.iter().map(|alert| alert.said.as_received().to_owned()).collect()
}

/// Whether the registration is proved, and the note of it.
async fn registration(stage: &Stage) -> Option<(bool, String)> {
    let list = list(stage).await;
    let proof = list.connected[0].checks.iter().find(|proof| proof.check == Check::Registration);
    proof.map(|proof| (proof.works, proof.note.clone()))
}

#[tokio::test]
async fn what_contacts_see_is_read_and_changed_over_every_wire() {
    for wire in &WIRES {
        let stage = stage(wire).await;
        let connection = list(&stage).await.connected[0].connection.id;
        let NumberAnswer::Profile(profile) = ask(&stage, NumberQuery::Profile { connection }).await else {
            panic!("a profile")
        };
        assert_eq!(profile.vertical, "HEALTH");
        assert_eq!(profile.email.as_received(), "hello@lumen.example");
        let new = Profile {
            about: "Open on Sundays, too".into(),
            vertical: "EDU".into(),
            websites: vec!["https://lumen.example/hours".into()],
            ..*profile.clone()
        };
        let save = NumberRequest::SaveProfile { connection, profile: Box::new(new.clone()) };
        stage.act(Request::Number(save)).await.expect("saved");
        let NumberAnswer::Profile(changed) = ask(&stage, NumberQuery::Profile { connection }).await else {
            panic!("a profile")
        };
        assert_eq!((changed.about, changed.vertical), (new.about, new.vertical));
        assert_eq!((changed.websites, changed.email), (new.websites, profile.email));
    }
}

#[tokio::test]
async fn a_kind_of_business_that_one_provider_does_not_know_is_not_sent_there() {
    let stage = stage(&WIRES[1]).await;
    let connection = list(&stage).await.connected[0].connection.id;
    let NumberAnswer::Profile(profile) = ask(&stage, NumberQuery::Profile { connection }).await else {
        panic!("a profile")
    };
    let odd = Profile { vertical: "ONLINE_GAMBLING".into(), ..*profile };
    let save = NumberRequest::SaveProfile { connection, profile: Box::new(odd) };
    let refused = stage.act(Request::Number(save)).await.expect_err("not known").to_string();
    assert!(refused.contains("This provider has no kind of business that is ONLINE_GAMBLING"), "{refused}");
}

#[tokio::test]
async fn a_sender_that_is_off_says_why_and_is_heard_when_it_is_back() {
    let wire = &WIRES[1];
    let stage = stage(wire).await;
    stage.simulator.set_sender_status(wire.number, "OFFLINE", Some(("63020", "Accept the\u{1b}[31m invitation.")));
    operations::check_all(&stage.system).await.expect("checked");
    let alerts = open_alerts(&stage).await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].contains("The sender is offline: Accept the") && !alerts[0].contains('\u{1b}'), "{alerts:?}");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1").await;
    sitting.sees("Sender off");
    stage.simulator.set_sender_status(wire.number, "ONLINE", None);
    operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(open_alerts(&stage).await, [""; 0]);
    sitting.look_up(&stage).await;
    sitting.sees("sender online, quality");
    sitting.sees("10K Customers/24hr");
}

/// Somebody writes another address in, at the provider.
fn point_elsewhere(stage: &Stage, wire: &Wire, address: &str) {
    stage.simulator.set_sender_webhook(wire.number, address);
    stage.simulator.set_app_webhook(wire.number, address);
}

#[tokio::test]
async fn an_address_on_file_that_is_not_ours_is_told_until_it_is() {
    for wire in &WIRES[1..] {
        let mut stage = stage(wire).await;
        operations::check_all(&stage.system).await.expect("checked");
        let (works, note) = registration(&stage).await.expect("asked");
        assert!(works && note.starts_with("registered: http://"), "{note}");
        says(&mut stage, wire, &rosa(), &Saying::text("hello")).await;
        assert_eq!(open_alerts(&stage).await, [""; 0]);
        // Whoever was heard before is not heard any more once the address is another.
        stage.pass(Duration::from_secs(60));
        point_elsewhere(&stage, wire, "https://elsewhere.example/hook");
        operations::check_all(&stage.system).await.expect("checked");
        let (works, note) = registration(&stage).await.expect("asked");
        assert_eq!((works, note.as_str()), (false, "another URL is registered: https://elsewhere.example/hook"));
        let alerts = open_alerts(&stage).await;
        assert!(alerts[0].contains("to https://elsewhere.example/hook. No messages arrive here"), "{alerts:?}");
        stage.pass(Duration::from_secs(60));
        operations::check_all(&stage.system).await.expect("checked");
        assert_eq!(open_alerts(&stage).await.len(), 1, "it stays, and is said once");
        let ours = format!("http://{}", stage.address);
        stage.simulator.subscribe(&ours);
        operations::check_all(&stage.system).await.expect("checked");
        assert!(registration(&stage).await.expect("asked").0);
        assert_eq!(open_alerts(&stage).await, [""; 0]);
    }
}

#[tokio::test]
async fn what_somebody_in_between_hands_on_is_not_called_lost() {
    for wire in &WIRES[1..] {
        let mut stage = stage(wire).await;
        says(&mut stage, wire, &rosa(), &Saying::text("hello")).await;
        point_elsewhere(&stage, wire, "https://relay.example/hook");
        operations::check_all(&stage.system).await.expect("checked");
        let (works, note) = registration(&stage).await.expect("asked");
        assert!(works && note.contains("forwards to this engine"), "{note}");
        assert_eq!(open_alerts(&stage).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_number_without_an_address_is_being_set_up() {
    for wire in &WIRES[1..] {
        let stage = stage(wire).await;
        stage.simulator.forget_webhooks();
        stage.simulator.clear_sender_webhooks();
        operations::check_all(&stage.system).await.expect("checked");
        assert_eq!(registration(&stage).await, Some((false, "no URL is registered".to_owned())));
        assert_eq!(open_alerts(&stage).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_number_that_nobody_has_answered_for_is_not_called_proved() {
    let stage = stage(&WIRES[1]).await;
    let mut sitting = Sitting::down(&stage, 80, 24).await;
    sitting.sees("1 not verified");
    operations::check_all(&stage.system).await.expect("checked");
    sitting.look_up(&stage).await;
    sitting.sees("1 verified");
    let told = stage.overview().await;
    assert_eq!((told.connections_proved, told.connections_in_trouble), (1, 0));
    stage.simulator.set_sender_status(WIRES[1].number, "OFFLINE", None);
    operations::check_all(&stage.system).await.expect("checked");
    let told = stage.overview().await;
    assert_eq!((told.connections_proved, told.connections_in_trouble), (0, 1));
}

#[tokio::test]
async fn a_sender_that_is_not_listed_is_told_and_no_failure() {
    let text = "organization = \"lumen\"\n[[connections]]\nname = \"desk\"\nprovider = \"twilio\"\n\
                phone_number = \"+15550100399\"\n";
    let stage = Stage::with_config(text).await;
    operations::check_all(&stage.system).await.expect("checked");
    let list = list(&stage).await;
    let proof = list.connected[0].checks.iter().find(|proof| proof.check == Check::Provider).expect("asked");
    assert!(proof.works && proof.note.ends_with("not in its list of senders"), "{}", proof.note);
    let connection = list.connected[0].connection.id;
    let asked = operations::run_query(&stage.system, &ada(), Query::Number(NumberQuery::Profile { connection })).await;
    let refused = asked.expect_err("there is none").to_string();
    assert!(refused.contains("list of senders has no +15550100399"), "{refused}");
}

#[tokio::test]
async fn an_address_that_is_not_told_costs_no_other_proof() {
    let stage = stage(&WIRES[2]).await;
    stage.simulator.hide_webhooks();
    operations::check_all(&stage.system).await.expect("checked");
    let proofs = list(&stage).await.connected[0].checks.clone();
    let provider = proofs.iter().find(|proof| proof.check == Check::Provider).expect("asked");
    assert!(provider.works, "{}", provider.note);
    assert_eq!(registration(&stage).await, None, "nothing is known of it");
}

#[tokio::test]
async fn a_number_of_a_pool_has_its_address_pasted_in_both_places() {
    let text = "organization = \"lumen\"\n[[connections]]\nname = \"desk\"\nprovider = \"twilio\"\n\
                phone_number = \"+15550100300\"\nmessaging_service = \"MG0123456789abcdef0123456789abcdef\"\n";
    let mut stage = Stage::with_config(text).await;
    stage.simulator.add_sender(WIRES[1].number, false);
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(registration(&stage).await, None, "the pool's own page may say something else");
    let number = list(&stage).await.connected.remove(0);
    let pasted: Vec<_> = number.chores.iter().filter(|chore| chore.paste.is_some()).collect();
    assert!(pasted.iter().all(|chore| chore.place.contains("sender, and the messaging service")), "{pasted:?}");
    assert!(number.last_check(pasted[0]).is_none());
    // What came over it is the proof, as nothing else is told.
    says(&mut stage, &WIRES[1], &rosa(), &Saying::text("hello")).await;
    let number = list(&stage).await.connected.remove(0);
    assert_eq!(number.last_check(&number.chores[1]).map(|proof| proof.check), Some(Check::Inbound));
}
