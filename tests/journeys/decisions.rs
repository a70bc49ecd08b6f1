//! Who decides about agents: two persons where that is wanted, however they come; again once an agent has
//! changed; and nothing comes into force by a side way.

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::access::scope::Scope;
use wadeck::domain::access::token::TokenRequest;
use wadeck::domain::agents::assignment::Proposal;
use wadeck::domain::agents::assignment::{Assignment, AssignmentState, Mode};
use wadeck::domain::agents::contract::{Conditions, Contract, Hours};
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer, StopScope};
use wadeck::domain::ids::{AssignmentId, ConnectionId};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::operations::{self, OperationError, known_by, perform, rehearse_next};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, ada, proposal, rosa, user};

const SECOND: &str =
    "\n[[agents]]\nname = \"second\"\nkind = \"scripted\"\nrules = [{ reply = [\"From the second.\"] }]\n";

/// Approvals as they are said, and nobody answers by the file.
fn policy(approvals: &str) -> String {
    let text =
        CONFIG.replace("organization = \"lumen\"", &format!("organization = \"lumen\"\napprovals = {{ {approvals} }}"));
    format!("{}{SECOND}", text.replace("agent = \"helper\"\n", ""))
}

/// The same with another second agent.
fn changed(text: &str) -> String {
    text.replace("From the second.", "From another second.")
}

fn noor() -> Actor {
    Actor::Operator { name: "noor".into(), role: Role::Admin }
}

async fn propose(stage: &Stage) -> AssignmentId {
    let made = stage.act(proposal(ConnectionId(1), "second", Mode::Auto)).await.expect("proposed").created_id;
    made.expect("an id").parse().expect("an id")
}

async fn approve(stage: &Stage, actor: &Actor, assignment: AssignmentId) -> Result<Done, OperationError> {
    perform(&stage.system, actor, Request::Agents(AgentRequest::Approve { assignment })).await
}

fn refused<T: std::fmt::Debug>(result: Result<T, OperationError>) -> String {
    match result {
        Err(OperationError::Refused(refusal)) => refusal.code.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn all(stage: &Stage) -> Vec<Assignment> {
    match stage.ask(Query::Agent(AgentQuery::Assignments { limit: 100 })).await {
        Answer::Agent(told) => match *told {
            AgentsAnswer::Assignments(rows) => rows.into_iter().map(|row| row.assignment).collect(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn one(stage: &Stage, id: AssignmentId) -> Assignment {
    all(stage).await.into_iter().find(|one| one.id == id).expect("it is there")
}

/// Whether somebody who writes now is answered.
async fn answers(stage: &mut Stage) -> bool {
    let before = stage.simulator.accepted().len();
    stage.says(&rosa(), "hello?").await;
    stage.answer().await;
    stage.simulator.accepted().len() > before
}

#[tokio::test]
async fn a_changed_agent_takes_two_persons_again() {
    let text = policy("require_two_approvers = true");
    let mut stage = Stage::with_config(&text).await;
    let id = propose(&stage).await;
    approve(&stage, &ada(), id).await.expect("the first");
    assert!(!answers(&mut stage).await);
    approve(&stage, &noor(), id).await.expect("the second");
    assert!(answers(&mut stage).await);

    stage.restart(&changed(&text)).await;
    assert!(one(&stage, id).await.stale_since.is_some() && !answers(&mut stage).await);
    let said = approve(&stage, &ada(), id).await.expect("the first again").message;
    assert!(said.contains("silent until a second admin"), "{said}");
    assert_eq!(refused(approve(&stage, &ada(), id).await), "second_person");
    assert!(one(&stage, id).await.stale_since.is_some() && !answers(&mut stage).await);
    // Letting agents go on does not put anything in force.
    stage.agents(AgentRequest::Stop { what: StopScope::All, reason: String::new() }).await.expect("stopped");
    stage.agents(AgentRequest::Resume { what: StopScope::All }).await.expect("let go on");
    assert!(!answers(&mut stage).await);
    approve(&stage, &noor(), id).await.expect("the second again");
    assert!(answers(&mut stage).await);
}

#[tokio::test]
async fn a_first_approval_counts_for_the_agent_that_was_seen() {
    let text = policy("require_two_approvers = true");
    let mut stage = Stage::with_config(&text).await;
    let id = propose(&stage).await;
    approve(&stage, &ada(), id).await.expect("the first");
    stage.restart(&changed(&text)).await;
    approve(&stage, &noor(), id).await.expect("the first to this agent");
    assert_eq!(one(&stage, id).await.state, AssignmentState::Approved);
    assert!(!answers(&mut stage).await);
    approve(&stage, &ada(), id).await.expect("the second");
    assert!(answers(&mut stage).await);
}

#[tokio::test]
async fn a_changed_agent_is_rehearsed_again() {
    let text = policy("require_rehearsal = true");
    let mut stage = Stage::with_config(&text).await;
    stage.says(&rosa(), "When do you open?").await;
    let thread = stage.thread().await.id;
    let content = Box::new(wadeck::domain::message::content::Content::text("At nine."));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("sent");
    stage.send().await;
    stage.act(Request::ReleaseThread { thread }).await.ok();
    let id = propose(&stage).await;
    assert_eq!(refused(approve(&stage, &ada(), id).await), "not_rehearsed");
    let rehearse = AgentRequest::Rehearse { assignment: id, exchanges: 5 };
    stage.agents(rehearse.clone()).await.expect("begun");
    while rehearse_next(&stage.system).await.expect("played") {}
    approve(&stage, &ada(), id).await.expect("seen");
    stage.restart(&changed(&text)).await;
    assert_eq!(refused(approve(&stage, &ada(), id).await), "not_rehearsed");
    // Narrowing it is no side way.
    let narrower = Proposal {
        connection: ConnectionId(1),
        thread: None,
        agent: "second".into(),
        mode: Mode::Draft,
        contract: Contract { max_per_hour: 1, ..Contract::default() },
        expires_at: None,
    };
    let narrow = AgentRequest::Restrict { assignment: id, proposal: Box::new(narrower) };
    assert_eq!(refused(stage.agents(narrow).await), "not_rehearsed");
    stage.agents(rehearse).await.expect("begun");
    while rehearse_next(&stage.system).await.expect("played") {}
    approve(&stage, &ada(), id).await.expect("seen again");
    assert!(one(&stage, id).await.stale_since.is_none());
}

#[tokio::test]
async fn narrowing_keeps_mode_conditions_and_the_number_of_persons() {
    let mut stage = Stage::with_config(&policy("require_two_approvers = true")).await;
    let hours = Some(Hours::parse("mon-fri 09:00-18:00").expect("hours"));
    let contract = Contract { when: Conditions { hours, ..Conditions::default() }, ..Contract::default() };
    let proposed = Proposal {
        connection: ConnectionId(1),
        thread: None,
        agent: "second".into(),
        mode: Mode::Draft,
        contract,
        expires_at: None,
    };
    let made = stage.agents(AgentRequest::Propose(Box::new(proposed.clone()))).await.expect("proposed").created_id;
    let id: AssignmentId = made.expect("an id").parse().expect("an id");
    let narrow = |proposal: Proposal| AgentRequest::Restrict { assignment: id, proposal: Box::new(proposal) };
    let auto = Proposal { mode: Mode::Auto, ..proposed.clone() };
    assert_eq!(refused(stage.agents(narrow(auto)).await), "wider", "an answer is more than a draft");
    let always = Proposal { contract: Contract::default(), ..proposed.clone() };
    assert_eq!(refused(stage.agents(narrow(always)).await), "wider", "always is more than in the day");

    // Nothing is narrowed: that is an approval, and there is one more to come.
    stage.agents(narrow(proposed.clone())).await.expect("the first");
    assert_eq!(one(&stage, id).await.state, AssignmentState::Approved);
    assert_eq!(refused(stage.agents(narrow(proposed.clone())).await), "second_person");
    let less = Proposal { contract: Contract { max_per_hour: 1, ..proposed.contract.clone() }, ..proposed };
    assert_eq!(refused(stage.agents(narrow(less.clone())).await), "second_person");
    let done = perform(&stage.system, &noor(), Request::Agents(narrow(less))).await.expect("the second");
    let new: AssignmentId = done.created_id.expect("an id").parse().expect("an id");
    assert_eq!(one(&stage, new).await.state, AssignmentState::Active);
    stage.deliver().await;
}

#[tokio::test]
async fn the_file_proposes_where_it_takes_two_persons() {
    let text = CONFIG
        .replace("organization = \"lumen\"", "organization = \"lumen\"\napprovals = { require_two_approvers = true }");
    let mut stage = Stage::with_config(&text).await;
    assert!(!answers(&mut stage).await, "nobody has approved it");
    let waiting = all(&stage).await;
    assert_eq!((waiting.len(), waiting[0].state), (1, AssignmentState::Proposed));
    let id = waiting[0].id;
    approve(&stage, &ada(), id).await.expect("the first");
    stage.restart(&text).await;
    assert_eq!(all(&stage).await.len(), 1, "it is proposed once");
    assert!(!answers(&mut stage).await, "a start approves nothing");
    approve(&stage, &noor(), id).await.expect("the second");
    assert!(answers(&mut stage).await);
    stage.restart(&text).await;
    assert!(answers(&mut stage).await, "it stays so");
    stage.restart(&text.replace("You said it", "Tell me your card number")).await;
    assert!(!answers(&mut stage).await, "it is another agent");
}

async fn token(stage: &Stage, name: &str) -> String {
    let request =
        TokenRequest::Create { name: name.into(), role: Role::Admin, agent: None, expires_at: None, scope: Scope::ALL };
    stage.act(Request::Token(request)).await.expect("made").created_id.expect("a token")
}

async fn who(stage: &Stage, token: &str) -> Option<Actor> {
    known_by(&stage.system, token).await.expect("looked up").map(|(_, actor)| actor)
}

#[tokio::test]
async fn one_person_with_two_tokens_is_one_person() {
    let mut stage = Stage::with_config(&policy("require_two_approvers = true")).await;
    let (one_token, other) = (token(&stage, "one").await, token(&stage, "two").await);
    let (first, second) = (who(&stage, &one_token).await.expect("ada"), who(&stage, &other).await.expect("ada"));
    for [a, b, c] in [[&first, &second, &ada()], [&ada(), &first, &second]] {
        let id = propose(&stage).await;
        approve(&stage, a, id).await.expect("the first");
        assert_eq!(refused(approve(&stage, b, id).await), "second_person");
        assert_eq!(refused(approve(&stage, c, id).await), "second_person");
        assert!(!matches!(one(&stage, id).await.state, AssignmentState::Active));
        let reason = "next".to_owned();
        stage.agents(AgentRequest::Reject { assignment: id, reason }).await.expect("rejected");
    }
    let id = propose(&stage).await;
    approve(&stage, &first, id).await.expect("the first");
    approve(&stage, &noor(), id).await.expect("the second");
    assert!(answers(&mut stage).await);
}

#[tokio::test]
async fn a_token_may_no_more_than_its_maker_may_today() {
    let stage = Stage::set().await;
    let secret = token(&stage, "shop").await;
    let role = async |secret: &str| who(&stage, secret).await.and_then(|actor| actor.role());
    assert_eq!(role(&secret).await, Some(Role::Admin));
    for now in [Role::Operator, Role::Viewer, Role::Admin] {
        stage.people.replace(vec![user("ada", now)]);
        assert_eq!(role(&secret).await, Some(now));
    }
    let agent = TokenRequest::Create {
        name: "bot".into(),
        role: Role::Viewer,
        agent: Some("helper".into()),
        expires_at: None,
        scope: Scope::ALL,
    };
    let agent = stage.act(Request::Token(agent)).await.expect("made").created_id.expect("a token");
    assert!(matches!(who(&stage, &agent).await, Some(Actor::Agent { .. })));
    stage.people.replace(vec![user("ada", Role::Viewer)]);
    assert_eq!(who(&stage, &agent).await, None, "its maker may write to nobody");
    stage.people.replace(vec![user("noor", Role::Admin)]);
    assert_eq!((who(&stage, &secret).await, who(&stage, &agent).await), (None, None), "she is gone");
    let listed = match operations::run_query(&stage.system, &noor(), Query::Tokens).await.expect("told") {
        Answer::Tokens(tokens) => tokens,
        other => panic!("{other:?}"),
    };
    assert!(listed.iter().all(|token| token.maker_role.is_none()));
    // No program makes itself another token.
    let program = Actor::Program { name: "shop".into(), role: Role::Admin, person: "noor".into(), scope: Scope::ALL };
    let make = TokenRequest::Create {
        name: "more".into(),
        role: Role::Viewer,
        agent: None,
        expires_at: None,
        scope: Scope::ALL,
    };
    assert_eq!(refused(perform(&stage.system, &program, Request::Token(make)).await), "person");
}

#[tokio::test]
async fn deciding_about_what_is_over_is_an_error() {
    let stage = Stage::with_config(&policy("require_two_approvers = false")).await;
    let id = propose(&stage).await;
    let reject = |id| AgentRequest::Reject { assignment: id, reason: "no".into() };
    stage.agents(reject(id)).await.expect("rejected");
    assert_eq!(refused(approve(&stage, &ada(), id).await), "decided");
    assert_eq!(refused(stage.agents(reject(id)).await), "decided");
    let id = propose(&stage).await;
    approve(&stage, &ada(), id).await.expect("approved");
    assert_eq!(refused(approve(&stage, &noor(), id).await), "decided");
    assert_eq!(refused(stage.agents(reject(id)).await), "decided");
    stage.agents(AgentRequest::Revoke { assignment: id, reason: String::new() }).await.expect("revoked");
    assert_eq!(refused(approve(&stage, &ada(), id).await), "decided");
}

#[tokio::test]
async fn narrowing_to_the_same_asks_what_approving_asks() {
    let stage = Stage::with_config(&policy("require_two_approvers = false")).await;
    let id = propose(&stage).await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "5 g g a").await;
    desk.sees("Approve: second answers support (auto) from now on? It");
    desk.press(&stage, "esc E").await;
    desk.sees("Restrict how second answers support");
    desk.press(&stage, "ctrl-s").await;
    desk.sees("Approve: second answers support (auto) from now on? It");
    assert_eq!(one(&stage, id).await.state, AssignmentState::Proposed, "nothing was done yet");
    desk.press(&stage, "y").await;
    assert_eq!(one(&stage, id).await.state, AssignmentState::Active);
    desk.press(&stage, "/").await;
    desk.types(&stage, "active").await;
    desk.press(&stage, "enter E ctrl-s").await;
    desk.sees("It is already active");
    assert_eq!(all(&stage).await.len(), 1);
}

#[tokio::test]
async fn headers_say_who_is_silent() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter").await;
    desk.sees("helper answers (auto)");
    let thread = stage.thread().await.id;
    for what in [StopScope::All, StopScope::Agent("helper".into()), StopScope::Thread(thread)] {
        stage.agents(AgentRequest::Stop { what: what.clone(), reason: String::new() }).await.expect("stopped");
        desk.look_up(&stage).await;
        desk.sees("helper is stopped");
        desk.does_not_see("answers (auto)");
        stage.agents(AgentRequest::Resume { what }).await.expect("let go on");
        desk.look_up(&stage).await;
        desk.sees("helper answers (auto)");
    }
}
