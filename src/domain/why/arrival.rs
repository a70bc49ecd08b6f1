//! Explains why an inbound message was or was not answered, and the state of a thread.

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

/// Facts around an inbound message.
#[derive(Debug)]
pub struct ArrivalFacts<'a> {
    pub message: &'a MessageDetail,
    pub thread: Option<&'a ThreadRow>,
    pub delivery: Option<&'a DeliveryRow>,
    /// Runs of the thread for this message or later ones, oldest first.
    pub runs: &'a [RunView],
    /// Entries after the message, oldest first.
    pub entries: &'a [EntryRow],
    pub audit: &'a [AuditRow],
    pub now: Timestamp,
}

/// Explains why an inbound message was or was not answered.
pub fn of_arrival(known: &ArrivalFacts<'_>) -> Why {
    let mut chain = Chain::default();
    let message = known.message;
    match known.delivery {
        Some(delivery) => {
            let again =
                if delivery.repeats > 0 { format!(" ({} more times since)", delivery.repeats) } else { String::new() };
            chain.about(
                Some(delivery.received_at),
                format!("received as {}{again} with a valid signature", clean_line(&delivery.event)),
                delivery.id,
            );
        }
        None if message.message.origin == Origin::Filled => {
            chain.at(message.received_at, "backfilled from the provider's message list; no webhook arrived");
        }
        None => chain.at(message.received_at, "its webhook delivery was deleted"),
    }
    chain.about(
        Some(message.message.created_at),
        format!(
            "{}: {}",
            if InboundKind::is_contact_content(&message.message.kind) { "the contact wrote" } else { "content" },
            shortened(&message.message.text.line())
        ),
        message.message.id,
    );
    if let Some(reason) = &message.not_routed {
        chain.at(message.received_at, format!("no agent was run: {}", clean_line(reason)));
    }
    add_runs(&mut chain, known.runs);
    add_entries(&mut chain, known.entries);
    add_audit(&mut chain, known.audit);
    let verdict = answered(known).unwrap_or_else(|| unanswered(known));
    chain.end(message.message.id, format!("{} from the contact", message.message.kind), verdict)
}

/// Adds agent runs to the chain.
fn add_runs(chain: &mut Chain, runs: &[RunView]) {
    for run in runs {
        let at = run.finished_at.or(run.started_at).unwrap_or(run.due_at);
        let why = run.error.as_ref().map(|error| format!(": {}", error.line())).unwrap_or_default();
        chain.about(Some(at), format!("agent {}: {}{why}", run.agent, run.state.name().replace('_', " ")), run.id);
    }
}

/// Adds outbox entries to the chain.
fn add_entries(chain: &mut Chain, entries: &[EntryRow]) {
    for entry in entries {
        let who = entry.author.as_deref().map_or_else(|| "somebody".to_owned(), clean_line);
        chain.about(Some(entry.created_at), format!("{who} replied; it is {}", entry.state.name()), entry.id);
    }
}

/// Adds audit rows to the chain.
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

/// Returns the verdict if a reply was sent or is queued.
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
            format!("A reply is written and not sent yet ({id})."),
            format!("See why {id} waits."),
        )),
        "uncertain" => Some(Verdict::new(
            "reply_uncertain",
            format!("A reply was sent, and it is uncertain whether it arrived ({id})."),
            format!("See why {id} is uncertain."),
        )),
        _ => {
            let why = last.error.as_ref().map(crate::domain::failure::Failure::line).unwrap_or_default();
            Some(Verdict::new(
                "reply_failed",
                format!("A reply was not delivered ({id}): {why}."),
                format!("See why {id} failed; then retry it or write a new reply."),
            ))
        }
    }
}

/// Returns the verdict without a reply: what prevented it, and how long the window stays open.
fn unanswered(known: &ArrivalFacts<'_>) -> Verdict {
    let window = window_words(known.thread.and_then(|thread| thread.window_closes_at), known.now);
    let nobody = match known.thread.and_then(|thread| thread.taken_by.as_deref()) {
        Some(operator) => format!("{} owns the thread and has not replied", clean_line(operator)),
        None => "the thread has no owner".to_owned(),
    };
    let tail = format!("{nobody}; {window}");
    let say = |cause: &'static str, why: String, remedy: &str| {
        Verdict::new(cause, format!("No reply: {why}; {tail}."), remedy)
    };
    if known.message.message.kind == "reaction" {
        return not_routed(NoRun::Reaction.words(), &tail);
    }
    if let Some(reason) = &known.message.not_routed {
        return not_routed(reason, &tail);
    }
    match known.runs.last() {
        None => say("no_run", "no agent was run, and the reason was not recorded".to_owned(), "Reply yourself."),
        Some(run) => {
            let error = run.error.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default();
            let agent = &run.agent;
            match run.state {
                RunState::Scheduled => {
                    let rest = run.due_at.since(known.now);
                    let rest = if run.due_at > known.now {
                        format!("{} more", short_span(rest))
                    } else {
                        "and is due now".to_owned()
                    };
                    let why = format!("No reply yet: {agent} waits for further messages, {rest}.");
                    Verdict::new("collecting", why, "Wait, or take the thread.")
                }
                RunState::Running => {
                    Verdict::new("running", format!("No reply yet: {agent} is writing."), "Wait, or take the thread.")
                }
                RunState::Proposed if !run.breaches.is_empty() => say(
                    "held",
                    format!(
                        "the reply of {agent} is held: {}",
                        run.breaches.iter().map(|one| clean_line(one)).collect::<Vec<_>>().join("; ")
                    ),
                    "Read the reply, then send it, change it, or write your own.",
                ),
                RunState::Proposed => say(
                    "draft_waits",
                    format!("{agent} suggested a reply, which waits for a person"),
                    "Read the suggested reply, then send it or write your own.",
                ),
                RunState::Rejected => say(
                    "rejected",
                    format!(
                        "{} dismissed the reply that {agent} suggested",
                        run.decided_by.as_deref().unwrap_or("somebody")
                    ),
                    "Reply yourself.",
                ),
                RunState::Silent => {
                    say("silent", format!("{agent} decided not to reply"), "Reply yourself if it needs a reply.")
                }
                RunState::Superseded => say(
                    "superseded",
                    format!("a newer message arrived before {agent} replied"),
                    "See the explanation of the newer message.",
                ),
                RunState::HandedOff => {
                    say("handed_off", format!("{agent} escalated it: {error}"), "Take the thread and reply.")
                }
                RunState::Failed => say(
                    "agent_failed",
                    format!("{agent} failed: {error}"),
                    "Take the thread and reply; check the agent.",
                ),
                RunState::Cancelled => say("cancelled", format!("{agent} was stopped: {error}"), "Reply yourself."),
                RunState::Answered => say(
                    "caught",
                    format!("{agent} replied, and the reply was canceled before it was sent"),
                    "Reply yourself.",
                ),
            }
        }
    }
}

/// Returns the verdict if no agent was selected: the reason and its remedy.
fn not_routed(reason: &str, tail: &str) -> Verdict {
    let (cause, remedy) = match NoRun::from_words(reason) {
        Some(NoRun::Test) => {
            return Verdict::new("test", "No reply: it is a test of the provider, and tests are never answered.", "");
        }
        Some(NoRun::History) => {
            let answer = "No reply: it is synchronized history.";
            return Verdict::new("history", answer, "");
        }
        Some(NoRun::Reaction) => return Verdict::new("reaction", "No reply: reactions need none.", ""),
        Some(NoRun::Outbound) => return Verdict::new("outbound", "No reply: it is an outgoing message.", ""),
        Some(NoRun::News) => {
            return Verdict::new("news", "No reply: it is a notice about the conversation and needs none.", "");
        }
        Some(NoRun::Ours) => {
            let said = "No reply: one of our own numbers sent it, and two machines would answer each other.";
            return Verdict::new("own_number", said, "");
        }
        Some(NoRun::Call) => ("call", "Call back, or write while the window is open."),
        Some(NoRun::Unsupported) => {
            ("unsupported", "Ask the contact to send it in another form: its content is not supported.")
        }
        Some(NoRun::Standby) => ("standby", "Sending a message takes the conversation over from the other app."),
        Some(NoRun::Sticker) => ("sticker", "Reply yourself if it needs a reply."),
        Some(NoRun::Filled) => ("filled", "Reply yourself: agents do not answer backfilled messages."),
        Some(NoRun::Stale) => ("stale", "Reply yourself: agents do not answer messages that arrive hours late."),
        Some(NoRun::OptedOut) => ("opted_out", "Nothing is sent until the contact opts in."),
        Some(NoRun::Taken) => ("taken", "Reply, or release the thread to its agent."),
        Some(NoRun::HandedOff) => ("handed_off", "Reply, then release the thread; its agent stays silent until then."),
        Some(NoRun::NoAssignment) => ("no_agent", "Reply yourself, or assign an agent."),
        Some(NoRun::NoneFits) => {
            ("none_fits", "Reply yourself, or extend the hours, language or words of an assignment.")
        }
        Some(NoRun::Off) => ("agent_off", "Reply yourself, or propose the agent in the mode draft or auto."),
        Some(NoRun::Stopped) => ("agent_stopped", "Reply yourself, or resume the agent."),
        Some(NoRun::Changed) => ("agent_changed", "Reply yourself, and let an admin approve the changed agent."),
        Some(NoRun::PersonWrote) => {
            ("person_wrote", "Reply, or release the thread: its agent then answers the next message.")
        }
        Some(NoRun::Capped) => (
            "capped",
            "Check whether two machines answer each other. The agent may reply again when the hour has passed.",
        ),
        Some(NoRun::Budget) => ("budget", "Reply yourself, or raise the agent's daily budget."),
        None => ("not_routed", "Reply yourself if it needs a reply."),
    };
    Verdict::new(cause, format!("No reply: {}; {tail}.", clean_line(reason)), remedy)
}

/// Explains the state of a thread, based on its latest message.
pub fn of_thread(thread: &ThreadRow, last: Option<&ArrivalFacts<'_>>, now: Timestamp) -> Why {
    let mut chain = Chain::default();
    let about = format!("thread with {}", thread.contact.display_name());
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
        chain.at(waiting.since, format!("waits for a person: {}", clean_line(&waiting.reason)));
    }
    if let Some(resolved) = &thread.resolved {
        chain.at(resolved.at, resolved.line());
    }
    if let Some(snoozed) = &thread.snoozed {
        chain.at(snoozed.at, snoozed.line(now));
    }
    let window = window_words(thread.window_closes_at, now);
    let open = thread.window_closes_at.is_some_and(|at| at > now);
    let verdict = if thread.opted_out {
        Verdict::new("opted_out", "Nothing can be sent: the contact opted out.", "Wait until the contact opts in.")
    } else if let Some(other) = thread.held_by_other(now) {
        Verdict::new(
            "held_elsewhere",
            format!(
                "{} took over the conversation at the provider {} ago: it is shown here, and no agent answers.",
                other.who(),
                short_span(now.since(other.told_at))
            ),
            "Leave it to the other app, or send a message to take the conversation over.",
        )
    } else if let Some(resolved) = &thread.resolved {
        let said = resolved.sentence();
        Verdict::new(
            "resolved",
            said,
            format!(
                "The contact's next message reopens the thread; `wadeck threads reopen {}` does so now.",
                thread.id
            ),
        )
    } else if let Some(snoozed) = &thread.snoozed {
        Verdict::new(
            "snoozed",
            format!("{} snoozed this thread: it returns in {}.", clean_line(&snoozed.by), snoozed.left(now)),
            format!("The contact's next message ends the snooze; `wadeck threads unsnooze {}` does so now.", thread.id),
        )
    } else if let Some(verdict) = last.and_then(answered) {
        verdict
    } else if let Some(known) = last.filter(|_| open || thread.waiting.is_some()) {
        unanswered(known)
    } else if open {
        Verdict::new("quiet", format!("Nothing is pending; {window}."), "")
    } else {
        Verdict::new(
            "window_closed",
            format!("Only templates can be sent: {window}."),
            "Send an approved template. The window opens when the contact replies.",
        )
    };
    chain.end(thread.id, about, verdict)
}

/// Cuts a text to 60 characters.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}
