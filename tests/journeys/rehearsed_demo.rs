//! The demo's world: what was said before is there for a rehearsal from the first minute.

use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::requests::AgentRequest;
use wadeck::domain::ids::AssignmentId;
use wadeck::operations;
use wadeck::simulator::{DEMO_CONFIG, Story};

use crate::stage::{Stage, proposal};

#[tokio::test]
async fn an_assignment_can_be_rehearsed_before_anybody_has_written() {
    let mut stage = Stage::with_config(DEMO_CONFIG).await;
    Story::new(7).set_up(&stage.simulator);
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    stage.deliver().await;
    stage.apply().await;
    let connections = stage.system.store().connections().await.expect("asked");
    let billing = connections.iter().find(|one| one.name == "billing").expect("declared").id;
    let made =
        stage.act(proposal(billing, "collector", Mode::Auto)).await.expect("proposed").created_id.expect("an id");
    let assignment: AssignmentId = made.parse().expect("an assignment");
    let done = stage.agents(AgentRequest::Rehearse { assignment, exchanges: 20 }).await.expect("there is something");
    assert!(done.message.starts_with("Rehearsing 3 exchange(s)"), "{}", done.message);
    for _ in 0..3 {
        assert!(operations::rehearse_next(&stage.system).await.expect("played"));
    }
    // Nobody waits for an answer to what was answered then.
    let before = stage.threads().await.into_iter().filter(|row| row.contact.display_name() == "Omar Haddad");
    assert!(before.into_iter().all(|row| row.unread == 0 && row.waiting.is_none()));
    assert_eq!(stage.simulator.send_requests(), 0);
}
