//! Admins and operators at the desk for agents: everything that is decided about them, by key.

use std::time::Duration;

use wadeck::console::Theme;
use wadeck::domain::access::role::Role;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::ids::ConnectionId;
use wadeck::operations;
use wadeck::simulator::Person;

use crate::sitting::{Sitting, THEME};
use crate::stage::{CONFIG, SUPPORT, Stage, proposal, rosa};

/// A number that nobody answers yet, two agents, and one exchange that a person had.
async fn two_agents() -> Stage {
    let head = CONFIG.split("[[agents]]").next().expect("a head").replace("agent = \"helper\"", "");
    let agents = "[[agents]]\nname = \"helper\"\nkind = \"scripted\"\nrules = [{ when = [\"sunday\"], reply = [\"We rest.\", \"Really.\", \"Truly.\", \"Honestly.\"] }, { reply = [\"We open at nine, {name}.\"] }]\n\
        [[agents]]\nname = \"night\"\nkind = \"scripted\"\nrules = [{ reply = [\"Good night.\"] }]\n";
    let mut stage = Stage::with_config(&format!("{head}{agents}")).await;
    stage.says(&rosa(), "When do you open?").await;
    let thread = stage.thread().await.id;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "enter c").await;
    sitting.types(&stage, "At nine, every day.").await;
    sitting.press(&stage, "enter").await;
    stage.send().await;
    stage.deliver().await;
    assert_eq!(stage.messages(thread).await.len(), 2);
    stage.act(wadeck::domain::request::Request::ReleaseThread { thread }).await.ok();
    stage
}

async fn rehearse(stage: &Stage) {
    while operations::rehearse_next(&stage.system).await.expect("played") {}
}

#[tokio::test]
async fn an_admin_sees_the_evidence_and_approves_narrows_puts_off_and_revokes() {
    let stage = two_agents().await;
    stage.act(proposal(ConnectionId(1), "helper", Mode::Auto)).await.expect("proposed");
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "5 enter").await;
    desk.sees("no agent answers there now");
    desk.sees("Not rehearsed.");
    desk.press(&stage, "r enter").await;
    rehearse(&stage).await;
    desk.look_up(&stage).await;
    desk.sees("When do you open?");
    desk.sees("At nine, every day. (ada)");
    desk.sees("We open at nine, Rosa Field.");

    desk.press(&stage, "s").await;
    desk.sees("Postpone g1");
    desk.press(&stage, "enter").await;
    desk.sees("postponed until");

    desk.press(&stage, "a").await;
    desk.sees("Approve: helper answers support (auto) from now on?");
    desk.press(&stage, "y").await;
    desk.sees("recorded with the approval");

    // A second one for the same place is shown as what it changes.
    stage.act(proposal(ConnectionId(1), "night", Mode::Draft)).await.expect("proposed");
    desk.look_up(&stage).await;
    desk.press(&stage, "esc g g d").await;
    desk.sees("helper is active there now");
    desk.sees("- mode        auto");
    desk.sees("+ mode        draft");
    desk.press(&stage, "esc E").await;
    desk.sees("Restrict how night answers support");
    // From the first field, the mode, to the replies per hour.
    desk.press(&stage, "down down backspace backspace 4 ctrl-s").await;
    desk.sees("night answers support");
    desk.press(&stage, "g g").await;
    desk.press(&stage, "/").await;
    desk.types(&stage, "active").await;
    desk.press(&stage, "enter enter").await;
    desk.sees("4 replies per thread");
    desk.press(&stage, "X").await;
    desk.sees("Revoke: night answers support");
    desk.types(&stage, "not at night").await;
    desk.press(&stage, "ctrl-s").await;
    desk.sees("no longer answers");
}

#[tokio::test]
async fn an_operator_proposes_and_does_not_decide() {
    let stage = two_agents().await;
    let mut desk = Sitting::with(&stage, 120, 40, Role::Operator, THEME).await;
    desk.press(&stage, "5 p").await;
    desk.sees("Agent");
    desk.types(&stage, "nig").await;
    desk.press(&stage, "enter").await;
    desk.sees("Propose that night answers support");
    desk.press(&stage, "ctrl-s").await;
    desk.sees("Proposed as g1: night answers support (draft). An admin decides.");
    desk.press(&stage, "g g a").await;
    desk.sees("needs the role admin");
    desk.press(&stage, "X").await;
    desk.sees("It is already proposed.");

    // For one contact only, from their thread.
    desk.press(&stage, "2 enter A enter").await;
    desk.press(&stage, "enter").await;
    desk.sees("Propose that helper answers Rosa Field");
    desk.press(&stage, "ctrl-s").await;
    desk.press(&stage, "5 g g").await;
    desk.sees("helper proposed for Rosa Field");
    desk.sees("Rosa Field via support");
    let mut viewer = Sitting::with(&stage, 120, 40, Role::Viewer, THEME).await;
    viewer.press(&stage, "5 p").await;
    viewer.sees("needs the role operator");
    viewer.press(&stage, "!").await;
    viewer.sees("needs the role operator");
}

#[tokio::test]
async fn how_long_the_agent_leaves_a_thread_to_a_person_is_proposed_in_the_form_and_shown() {
    let stage = two_agents().await;
    let mut desk = Sitting::with(&stage, 120, 40, Role::Operator, THEME).await;
    desk.press(&stage, "5 p").await;
    desk.types(&stage, "nig").await;
    desk.press(&stage, "enter").await;
    desk.sees("minutes of silence");
    // The last but one.
    desk.press(&stage, &["tab"; 12].join(" ")).await;
    desk.types(&stage, "soon").await;
    desk.press(&stage, "ctrl-s").await;
    desk.sees("The minutes of the pause are a whole number.");
    desk.press(&stage, "ctrl-u").await;
    desk.types(&stage, "240").await;
    desk.press(&stage, "ctrl-s").await;
    desk.sees("Proposed as g1");
    desk.press(&stage, "g g").await;
    desk.sees("240 minutes after a person wrote");
}

/// A number whose agent drafts.
async fn drafting() -> Stage {
    let text = CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"");
    Stage::with_config(&text).await
}

#[tokio::test]
async fn a_proposed_answer_is_sent_edited_or_dropped_by_key() {
    let mut stage = drafting().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    assert!(stage.simulator.accepted().is_empty());
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter").await;
    desk.sees("helper suggests");
    stage.pass(Duration::from_secs(180));
    desk.look_up(&stage).await;
    desk.sees("helper suggests · 3m ago");
    desk.sees("You said it, Rosa Field.");
    desk.press(&stage, "Y y").await;
    desk.sees("queued for Rosa Field");
    stage.send().await;
    assert_eq!(stage.simulator.accepted()[0].text, "You said it, Rosa Field.");
    desk.look_up(&stage).await;
    desk.does_not_see("helper suggests");

    stage.says(&rosa(), "and now?").await;
    stage.answer().await;
    desk.look_up(&stage).await;
    desk.press(&stage, "E").await;
    desk.sees("Instead of the suggested reply, to Rosa Field");
    desk.types(&stage, " Or so.").await;
    desk.press(&stage, "ctrl-s").await;
    stage.send().await;
    assert_eq!(stage.simulator.accepted()[1].text, "You said it, Rosa Field. Or so.");
    desk.look_up(&stage).await;
    desk.sees("ada · 09:03");

    stage.says(&rosa(), "really?").await;
    stage.answer().await;
    desk.look_up(&stage).await;
    desk.press(&stage, "esc X").await;
    desk.sees("Dismiss the reply that helper suggests");
    desk.press(&stage, "ctrl-s").await;
    desk.sees("Dismissed the suggested reply");
    desk.does_not_see("helper suggests");

    // What was being edited is a draft like any other once the answer waits no more.
    stage.says(&rosa(), "again").await;
    stage.answer().await;
    desk.look_up(&stage).await;
    desk.press(&stage, "E").await;
    stage.says(&rosa(), "never mind").await;
    desk.look_up(&stage).await;
    desk.press(&stage, "ctrl-s").await;
    desk.sees("was already decided: superseded");
    desk.sees("To Rosa Field");
    desk.sees("You said it, Rosa Field.");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 2);
}

#[tokio::test]
async fn a_draft_does_not_take_the_place_of_what_was_begun() {
    let mut stage = drafting().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter c").await;
    desk.types(&stage, "My own words").await;
    desk.press(&stage, "esc E").await;
    desk.sees("You have started a message here");
    desk.sees("My own words");
}

#[tokio::test]
async fn silence_is_two_keys_and_shows_what_was_caught() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage.says(&Person::new("Tom Weber", "15550100077"), "hi").await;
    stage.pass(Duration::from_secs(5));
    stage.run_agents().await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "!").await;
    desk.sees("Stop: the agent of Tom Weber");
    desk.sees("Stop: every agent");
    desk.press(&stage, "down enter y").await;
    desk.sees("canceled     o2 to Tom Weber");
    desk.sees("You said it, Tom Weber.");
    desk.sees("already left o1 to Rosa Field");
    desk.sees("You said it, Rosa Field.");
    stage.send().await;
    assert_eq!(stage.simulator.accepted().len(), 1);
    desk.press(&stage, "esc 5").await;
    desk.sees("silent: the agent helper");
    desk.sees("1 stopped");
    desk.press(&stage, "g g !").await;
    desk.sees("Resume: helper everywhere");
    desk.press(&stage, "enter y").await;
    desk.sees("Resumed ");
    desk.does_not_see("1 stopped");
    stage.says(&Person::new("Tom Weber", "15550100077"), "hello again").await;
    stage.answer().await;
    assert_eq!(stage.simulator.accepted().len(), 2);
}

#[tokio::test]
async fn an_agent_begins_anew_where_it_is_told_to() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter A down enter y").await;
    desk.sees("Cleared the agent's memory");
    stage.pass(Duration::from_secs(60));
    stage.says(&rosa(), "hello again").await;
    stage.answer().await;
    desk.look_up(&stage).await;
    desk.sees("agent memory cleared here");
    let given = stage.run(2).await.given.expect("given").as_received().to_owned();
    assert!(given.contains("hello again") && !given.contains("\"hello\""), "{given}");
}

#[tokio::test]
async fn a_run_is_read_from_its_message() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter k I").await;
    desk.sees("r1 under g1");
    desk.sees("Reply");
    desk.sees("Result");
    desk.press(&stage, "esc k i").await;
    desk.sees("Routing");
    desk.sees("helper (g1): answers (auto)");
    desk.press(&stage, "esc 5 /").await;
    desk.types(&stage, "rosa").await;
    desk.press(&stage, "enter o").await;
    desk.sees("To Rosa Field");
}

#[tokio::test]
async fn pictures_of_the_desk_for_agents() {
    let mut stage = two_agents().await;
    let tom = Person::new("Tom Weber", "15550100077");
    stage.says(&tom, "Are you open on Sunday?").await;
    stage.act(proposal(ConnectionId(1), "helper", Mode::Auto)).await.expect("proposed");
    stage
        .agents(wadeck::domain::agents::requests::AgentRequest::Rehearse {
            assignment: wadeck::domain::ids::AssignmentId(1),
            exchanges: 5,
        })
        .await
        .expect("begun");
    rehearse(&stage).await;
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut desk = Sitting::down(&stage, columns, rows).await;
        let shot = |desk: &Sitting, name: &str| {
            insta::assert_snapshot!(format!("agents_{name}_{columns}x{rows}"), desk.screen());
        };
        desk.press(&stage, "5").await;
        shot(&desk, "list");
        desk.press(&stage, "enter").await;
        shot(&desk, "dossier");
        desk.press(&stage, "d").await;
        shot(&desk, "difference");
        desk.press(&stage, "esc E").await;
        shot(&desk, "narrow");
        desk.press(&stage, "esc !").await;
        shot(&desk, "stop");
    }
    stage
        .agents(wadeck::domain::agents::requests::AgentRequest::Approve {
            assignment: wadeck::domain::ids::AssignmentId(1),
        })
        .await
        .expect("approved");
    stage.says(&tom, "On Sunday, please?").await;
    stage.answer().await;
    stage.pass(Duration::from_secs(120));
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut desk = Sitting::down(&stage, columns, rows).await;
        let shot = |desk: &Sitting, name: &str| {
            insta::assert_snapshot!(format!("agents_{name}_{columns}x{rows}"), desk.screen());
        };
        desk.press(&stage, "enter").await;
        shot(&desk, "held");
        desk.press(&stage, "I").await;
        shot(&desk, "run");
        desk.press(&stage, "esc 5 G enter").await;
        shot(&desk, "last");
    }
    let mut plain = Sitting::with(&stage, 80, 24, Role::Admin, Theme { colour: false, ascii: true }).await;
    plain.press(&stage, "enter").await;
    insta::assert_snapshot!("agents_held_plain_80x24", plain.screen());
    assert!(stage.simulator.accepted().iter().all(|sent| !sent.text.contains("rest")), "{SUPPORT}");
}
