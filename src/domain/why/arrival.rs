//! Why a message that came has, or has not, been answered; and how a thread stands.

use super::{Chain, Verdict, Why, window_words};
use crate::domain::access::audit::AuditRow;
use crate::domain::agents::requests::RunView;
use crate::domain::agents::routing::NoRun;
use crate::domain::agents::run::RunState;
use crate::domain::ids::EntryId;
use crate::domain::inbound::event::Origin;
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::domain::view::{DeliveryRow, EntryRow, MessageDetail, ThreadRow};

/// What is known around a message that came.
#[derive(Debug)]
pub struct ArrivalFacts<'a> {
    pub message: &'a MessageDetail,
    pub thread: Option<&'a ThreadRow>,
    pub delivery: Option<&'a DeliveryRow>,
    /// Runs of the thread that were made for this message or after it, oldest first.
    pub runs: &'a [RunView],
    /// What went out after it, oldest first.
    pub entries: &'a [EntryRow],
    pub audit: &'a [AuditRow],
    pub now: Timestamp,
}

/// Why a message that came was, or was not, answered.
pub fn of_arrival(known: &ArrivalFacts<'_>) -> Why {
    let mut chain = Chain::default();
    let message = known.message;
    match known.delivery {
        Some(delivery) => {
            let again =
                if delivery.repeats > 0 { format!(" ({} more times since)", delivery.repeats) } else { String::new() };
            chain.about(
                Some(delivery.received_at),
                format!("the provider pushed it as {}{again}, signed right", clean_line(&delivery.event)),
                delivery.id,
            );
        }
        None if message.message.origin == Origin::Filled => {
            chain.at(message.received_at, "it was never pushed to us; it was found in the provider's own list");
        }
        None => chain.at(message.received_at, "its delivery is not here any more"),
    }
    chain.about(
        Some(message.message.created_at),
        format!(
            "{}: {}",
            if InboundKind::is_said(&message.message.kind) { "the contact wrote" } else { "it says" },
            shortened(&message.message.text.line())
        ),
        message.message.id,
    );
    if let Some(reason) = &message.not_routed {
        chain.at(message.received_at, format!("no agent was asked: {}", clean_line(reason)));
    }
    add_runs(&mut chain, known.runs);
    add_entries(&mut chain, known.entries);
    add_audit(&mut chain, known.audit);
    let verdict = answered(known).unwrap_or_else(|| unanswered(known));
    chain.end(message.message.id, format!("{} from the contact", message.message.kind), verdict)
}

fn add_runs(chain: &mut Chain, runs: &[RunView]) {
    for run in runs {
        let at = run.finished_at.or(run.started_at).unwrap_or(run.due_at);
        let why = run.error.as_ref().map(|error| format!(": {}", error.line())).unwrap_or_default();
        chain.about(Some(at), format!("agent {}: {}{why}", run.agent, run.state.name().replace('_', " ")), run.id);
    }
}

fn add_entries(chain: &mut Chain, entries: &[EntryRow]) {
    for entry in entries {
        let who = entry.author.as_deref().map_or_else(|| "somebody".to_owned(), clean_line);
        chain.about(Some(entry.created_at), format!("{who} answered; it is {}", entry.state.name()), entry.id);
    }
}

fn add_audit(chain: &mut Chain, audit: &[AuditRow]) {
    for row in audit {
        if matches!(
            row.action.as_str(),
            "take" | "release" | "opt_out" | "opt_in" | "approve" | "reject" | "merge" | "split"
        ) {
            chain.at(
                row.at,
                format!("{}: {} {}", clean_line(&row.actor), row.action.replace('_', " "), clean_line(&row.detail))
                    .trim_end()
                    .to_owned(),
            );
        }
    }
}

/// An answer that has gone, or is on its way.
fn answered(known: &ArrivalFacts<'_>) -> Option<Verdict> {
    let last = known.entries.last()?;
    let id: EntryId = last.id;
    let fine = known.entries.iter().find(|entry| entry.state.name() == "accepted" && entry.status.name() != "failed");
    if let Some(fine) = fine {
        let who = fine.author.as_deref().map_or_else(|| "somebody".to_owned(), clean_line);
        return Some(Verdict::new(
            "answered",
            format!("It was answered by {who} with {}, which is {}.", fine.id, fine.status.name()),
            "",
        ));
    }
    match last.state.name() {
        "discarded" => None,
        "queued" | "sending" | "scheduled" => Some(Verdict::new(
            "reply_waits",
            format!("An answer is written and not sent yet ({id})."),
            format!("Ask why {id} waits."),
        )),
        "uncertain" => Some(Verdict::new(
            "reply_uncertain",
            format!("An answer was sent and nobody knows whether it arrived ({id})."),
            format!("Ask why {id} is uncertain."),
        )),
        _ => {
            let why = last.error.as_ref().map(crate::domain::failure::Failure::line).unwrap_or_default();
            Some(Verdict::new(
                "reply_failed",
                format!("An answer was written and did not arrive ({id}): {why}."),
                format!("Ask why {id} failed; then retry or write anew."),
            ))
        }
    }
}

/// No answer: what stood in its way, and how long there still is.
fn unanswered(known: &ArrivalFacts<'_>) -> Verdict {
    let window = window_words(known.thread.and_then(|thread| thread.window_closes_at), known.now);
    let nobody = match known.thread.and_then(|thread| thread.taken_by.as_deref()) {
        Some(operator) => format!("{} has the thread and has not answered", clean_line(operator)),
        None => "nobody took the thread".to_owned(),
    };
    let tail = format!("{nobody}; {window}");
    let say = |cause: &'static str, why: String, remedy: &str| {
        Verdict::new(cause, format!("No reply: {why}; {tail}."), remedy)
    };
    if let Some(reason) = &known.message.not_routed {
        return not_routed(reason, &tail);
    }
    match known.runs.last() {
        None => say("no_run", "no agent was asked, and no reason was kept".to_owned(), "Answer it yourself."),
        Some(run) => {
            let error = run.error.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default();
            let agent = &run.agent;
            match run.state {
                RunState::Scheduled => Verdict::new(
                    "collecting",
                    format!(
                        "No reply yet: {agent} waits for the burst to end, {}.",
                        if run.due_at > known.now {
                            format!("{} more", short_span(run.due_at.since(known.now)))
                        } else {
                            "and is due".to_owned()
                        }
                    ),
                    "Wait, or take the thread.",
                ),
                RunState::Running => {
                    Verdict::new("running", format!("No reply yet: {agent} is writing."), "Wait, or take the thread.")
                }
                RunState::Proposed if !run.breaches.is_empty() => say(
                    "held",
                    format!(
                        "the answer of {agent} is held: {}",
                        run.breaches.iter().map(|one| clean_line(one)).collect::<Vec<_>>().join("; ")
                    ),
                    "Read the answer and send it, change it, or write your own.",
                ),
                RunState::Proposed => say(
                    "draft_waits",
                    format!("{agent} proposed an answer, and drafts wait for a person"),
                    "Read the draft and send it, or write your own.",
                ),
                RunState::Rejected => say(
                    "rejected",
                    format!("{} did not want what {agent} proposed", run.decided_by.as_deref().unwrap_or("somebody")),
                    "Answer it yourself.",
                ),
                RunState::Silent => {
                    say("silent", format!("{agent} chose to say nothing"), "Answer it yourself if it needs one.")
                }
                RunState::Superseded => say(
                    "superseded",
                    format!("a newer message came before {agent} had answered"),
                    "Ask about the newer message.",
                ),
                RunState::HandedOff => {
                    say("handed_off", format!("{agent} gave it to a person: {error}"), "Take the thread and answer.")
                }
                RunState::Failed => say(
                    "agent_failed",
                    format!("{agent} failed: {error}"),
                    "Take the thread and answer; look at the agent.",
                ),
                RunState::Cancelled => say("cancelled", format!("{agent} was stopped: {error}"), "Answer it yourself."),
                RunState::Answered => say(
                    "caught",
                    format!("{agent} answered, and its words were caught before they went"),
                    "Answer it yourself.",
                ),
            }
        }
    }
}

/// No agent was asked: what that reason means, and what can be done about it.
fn not_routed(reason: &str, tail: &str) -> Verdict {
    let (cause, remedy) = match NoRun::from_words(reason) {
        Some(NoRun::Test) => {
            return Verdict::new("test", "No reply: it is a test of the provider's, and tests are never answered.", "");
        }
        Some(NoRun::History) => {
            let answer = "No reply: it is history that was synchronised, and nobody expects an answer to it now.";
            return Verdict::new("history", answer, "");
        }
        Some(NoRun::Reaction) => return Verdict::new("reaction", "No reply: a reaction needs none.", ""),
        Some(NoRun::Outbound) => return Verdict::new("outbound", "No reply: it went out from us.", ""),
        Some(NoRun::News) => {
            return Verdict::new("news", "No reply: it is news about the conversation, and needs none.", "");
        }
        Some(NoRun::Ours) => {
            let said = "No reply: a number of our own wrote it, and two machines would talk to each other.";
            return Verdict::new("own_number", said, "");
        }
        Some(NoRun::Call) => ("call", "Call back, or write while the window is open."),
        Some(NoRun::Unsupported) => {
            ("unsupported", "Ask the contact to say it in another way: what they sent cannot be read here.")
        }
        Some(NoRun::Standby) => ("standby", "Sending takes the conversation over; do it on purpose."),
        Some(NoRun::Sticker) => ("sticker", "Answer it yourself if it asks for something."),
        Some(NoRun::Filled) => ("filled", "Answer it yourself: an agent does not answer what it finds late."),
        Some(NoRun::Stale) => ("stale", "Answer it yourself: an agent does not answer what came so late."),
        Some(NoRun::OptedOut) => ("opted_out", "Nothing is sent to them until they want it again."),
        Some(NoRun::Taken) => ("taken", "Answer, or release the thread to its agent."),
        Some(NoRun::HandedOff) => ("handed_off", "Answer, then release the thread: its agent is silent until that."),
        Some(NoRun::NoAssignment) => ("no_agent", "Answer it yourself, or have an agent assigned."),
        Some(NoRun::NoneFits) => {
            ("none_fits", "Answer it yourself, or widen the hours, language or words of an assignment.")
        }
        Some(NoRun::Off) => ("agent_off", "Answer it yourself, or propose the agent in the mode draft or auto."),
        Some(NoRun::Stopped) => ("agent_stopped", "Answer it yourself, or resume the agent."),
        Some(NoRun::Changed) => ("agent_changed", "Answer it yourself; an admin has to approve the changed agent."),
        Some(NoRun::PersonWrote) => {
            ("person_wrote", "Answer, or release the thread: its agent answers the next message then.")
        }
        Some(NoRun::Capped) => {
            ("capped", "See whether two machines talk to each other; its next reply is free when an hour has passed.")
        }
        Some(NoRun::Budget) => ("budget", "Answer it yourself, or give the agent more for a day."),
        None => ("not_routed", "Answer it yourself if it needs an answer."),
    };
    Verdict::new(cause, format!("No reply: {}; {tail}.", clean_line(reason)), remedy)
}

/// How a thread stands, from its last message on.
pub fn of_thread(thread: &ThreadRow, last: Option<&ArrivalFacts<'_>>, now: Timestamp) -> Why {
    let mut chain = Chain::default();
    let about = format!("thread with {}", thread.contact.shown());
    if let Some(known) = last {
        chain.about(
            Some(known.message.message.created_at),
            format!("the contact last wrote: {}", shortened(&known.message.message.text.line())),
            known.message.message.id,
        );
        add_runs(&mut chain, known.runs);
        add_entries(&mut chain, known.entries);
        add_audit(&mut chain, known.audit);
    }
    if let Some(waiting) = &thread.waiting {
        chain.at(waiting.since, format!("a person is waited for: {}", clean_line(&waiting.reason)));
    }
    let window = window_words(thread.window_closes_at, now);
    let open = thread.window_closes_at.is_some_and(|at| at > now);
    let verdict = if thread.opted_out {
        Verdict::new(
            "opted_out",
            "Nothing can be sent: they asked not to be written to.",
            "Write when they want it again.",
        )
    } else if let Some(other) = thread.held_by_other(now) {
        Verdict::new(
            "held_elsewhere",
            format!(
                "The conversation is with {} at the provider, as was told {} ago: it is shown here, and no agent answers.",
                other.who(),
                short_span(now.since(other.told_at))
            ),
            "Leave it to them, or send something: that takes the conversation over.",
        )
    } else if let Some(verdict) = last.and_then(answered) {
        verdict
    } else if let Some(known) = last.filter(|_| open || thread.waiting.is_some()) {
        unanswered(known)
    } else if open {
        Verdict::new("quiet", format!("Nothing is open here; {window}."), "")
    } else {
        Verdict::new(
            "window_closed",
            format!("Freeform cannot be sent: {window}."),
            "Send an approved template; the window opens again when they answer.",
        )
    };
    chain.end(thread.id, about, verdict)
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}
