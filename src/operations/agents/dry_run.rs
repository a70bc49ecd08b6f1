//! Dry runs: a provider's test message is passed to the agent that would answer it, and the answer is stored with the
//! message. Nothing is sent, and the thread does not wait for a person.

use crate::domain::agents::assignment::Assignment;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{MessageId, RunId};
use crate::domain::refusal::Refusal;
use crate::operations::agents::ask_agent::Question;
use crate::operations::{Result, System};

/// The worker's step: asks an agent about the next test message. Returns `false` if there is none.
pub async fn dry_run_next(system: &System) -> Result<bool> {
    let Some((message, assignment)) = system.store().next_dry_run().await? else { return Ok(false) };
    let mut write = system.store().write().await?;
    let assignment = write.assignment(assignment).await?.map(|row| row.assignment);
    drop(write);
    let told = match &assignment {
        Some(assignment) => ask(system, assignment, message).await,
        None => Err(gone().into()),
    };
    let (said, error) = match told {
        Ok(told) => told,
        Err(error) => (None, Some(error.to_string())),
    };
    let mut write = system.store().write().await?;
    write.finish_dry_run(message, said.as_deref(), error.as_deref(), system.now()).await?;
    write.commit().await?;
    if let Some((thread, _)) = system.store().provider_id(message).await? {
        system.bus().publish([Change::Thread(thread)]);
    }
    Ok(true)
}

fn gone() -> Refusal {
    Refusal::new(Code::Gone, "The assignment or the message no longer exists.", "Send another test.")
}

/// Returns what the agent would answer, and its error if it failed.
async fn ask(system: &System, assignment: &Assignment, message: MessageId) -> Result<(Option<String>, Option<String>)> {
    let store = system.store();
    let detail = store.message(message).await?.ok_or_else(gone)?;
    let thread = store.thread(detail.message.thread_id).await?.ok_or_else(gone)?;
    let connection = store.connection(thread.connection_id).await?.ok_or_else(gone)?;
    let question = Question {
        run: RunId(0),
        agent: assignment.agent.clone(),
        contract: assignment.contract.clone(),
        thread,
        connection,
        messages: vec![detail.message],
        contents: None,
        batch_size: 1,
        first_contact: true,
    };
    let told = question.ask(system).await?;
    let words = told.words.iter().map(|one| one.text.trim()).filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let said = match (words.is_empty(), told.hand_off) {
        (true, None) => None,
        (true, Some(reason)) => Some(format!("(hands off: {reason})")),
        (false, _) => Some(words.join("\n\n")),
    };
    Ok((said, told.error.map(|error| error.to_string())))
}
