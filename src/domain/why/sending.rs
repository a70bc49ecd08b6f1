//! Explains the state of an outgoing message.

use super::{Chain, Verdict, Why};
use crate::domain::agents::requests::RunView;
use crate::domain::agents::run::RunState;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::message::media::{MediaState, MediaView};
use crate::domain::message::status::DeliveryStatus;
use crate::domain::message::status_view::impossible;
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::outbox::limits::Hold;
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::domain::view::{AttemptView, EntryDetail, EntryRow, ThreadRow};

/// Time without a status from the provider after which that is unusual.
const USUAL: std::time::Duration = std::time::Duration::from_secs(300);

/// Facts beside an entry and its thread.
#[derive(Debug, Clone, Copy)]
pub struct EntryContext {
    /// The provider has a message list that can be queried.
    pub listed: bool,
    /// The message opens a Flow that the contact has not submitted.
    pub unanswered_flow: bool,
    pub now: Timestamp,
}

/// Explains the state of an entry.
pub fn of_entry(
    entry: &EntryDetail,
    thread: Option<&ThreadRow>,
    file: Option<&MediaView>,
    run: Option<&RunView>,
    EntryContext { listed, unanswered_flow, now }: EntryContext,
) -> Why {
    let mut chain = Chain::default();
    let row = &entry.row;
    let who = row.author.as_deref().map_or_else(|| "somebody".to_owned(), clean_line);
    chain.about(Some(row.created_at), format!("queued by {who} for {}", row.contact.display_name()), row.message_id);
    if let Some(at) = row.not_before {
        chain.at(at, "scheduled for this time");
    }
    let mut series = 1;
    let twice = entry.tries.iter().filter(|attempt| arrived(attempt)).count() > 1
        || entry.tries.iter().any(|attempt| {
            arrived(attempt)
                && attempt.provider_message_id != entry.provider_message_id
                && entry.provider_message_id.is_some()
        });
    for attempt in &entry.tries {
        if attempt.series != series {
            chain.note("retried by a person: a new series of attempts");
            series = attempt.series;
        }
        let outcome = attempt.outcome.as_deref().unwrap_or("is in flight");
        let http = attempt.http_status.map(|status| format!(", HTTP {status}")).unwrap_or_default();
        let why = attempt.failure.as_ref().map(|failure| format!(": {}", failure.line())).unwrap_or_default();
        let what = if attempt.upload { "upload" } else { "attempt" };
        let id = attempt.provider_message_id.as_deref();
        let id = id.map(|id| format!(", as {}", clean_line(id))).unwrap_or_default();
        chain.at(attempt.started_at, format!("{what} {}.{} {outcome}{http}{id}{why}", attempt.series, attempt.number));
        // Statuses of the current attempt are added below, with the message.
        if attempt.provider_message_id != entry.provider_message_id {
            for status in &attempt.statuses {
                let why = status.failure.as_ref().map(|failure| format!(": {}", failure.line())).unwrap_or_default();
                let of = format!("of attempt {}.{}", attempt.series, attempt.number);
                let odd = impossible(status.told_at);
                chain.at(status.at, format!("status {} {of}{odd}{why}", status.status.name()));
            }
        }
    }
    if twice {
        chain.note("an earlier attempt arrived too: the contact may have it twice");
    }
    for status in &entry.statuses {
        let why = status.failure.as_ref().map(|failure| format!(": {}", failure.line())).unwrap_or_default();
        let late = status.received_at.since(status.at);
        let late = if late.as_secs() > 60 { format!(", received {} later", short_span(late)) } else { String::new() };
        // Provider times have whole seconds; within that second, the time of arrival is more precise.
        let told = status.at.plus(std::time::Duration::from_millis(999)).min(status.received_at).max(status.at);
        let odd = impossible(status.told_at);
        chain.at(told, format!("status {}{odd}{why}{late}", status.status.name()));
    }
    let mut verdict = match row.state {
        EntryState::Uncertain => uncertain(entry, listed, now),
        EntryState::Accepted if unanswered_flow && row.status.proves_arrival() && !entry.contradictory => Verdict::new(
            "flow_unanswered",
            format!("It is {}, and the contact has not submitted the Flow.", row.status.name()),
            "Wait, or ask the contact. For a Flow with an endpoint, see its invocations for errors.",
        ),
        _ => verdict(entry, thread, file, run, now),
    };
    if twice {
        verdict.answer.push_str(" An earlier attempt arrived too: the contact may have it twice.");
    }
    chain.end(row.id, format!("{} to {}", row.state.name(), row.contact.display_name()), verdict)
}

/// Returns `true` if the provider reported that this attempt's message reached the phone.
fn arrived(attempt: &AttemptView) -> bool {
    attempt.statuses.iter().any(|status| status.status.proves_arrival())
}

/// Returns the verdict for an entry, by its state.
fn verdict(
    entry: &EntryDetail,
    thread: Option<&ThreadRow>,
    file: Option<&MediaView>,
    run: Option<&RunView>,
    now: Timestamp,
) -> Verdict {
    match entry.row.state {
        EntryState::Queued => waiting(entry, thread, file, now),
        EntryState::Sending => Verdict::new("on_the_wire", "Not sent yet: the request is in flight.", "Wait a moment."),
        EntryState::Scheduled => kept(entry, now),
        EntryState::Accepted => accepted(entry, now),
        EntryState::Uncertain => uncertain(entry, true, now),
        EntryState::Failed => refused(entry, thread, now),
        EntryState::Dead => {
            let failure = entry.row.error.as_ref();
            let why = failure.map(crate::domain::failure::Failure::line).unwrap_or_default();
            let remedy = failure.map(|failure| failure.remedy.to_string()).unwrap_or_default();
            Verdict::new(
                "dead",
                format!("Not sent: {} attempts failed, the last with {why}.", entry.row.attempts),
                remedy,
            )
        }
        EntryState::Discarded => {
            let stopped = run.filter(|run| run.state == RunState::Cancelled).and_then(|run| run.error.as_ref());
            if entry.row.settled_by == Some(SettledBy::Person) {
                Verdict::new(
                    "discarded_by_person",
                    "Not sent: a person discarded it.",
                    "Retry it to send it after all.",
                )
            } else if let Some(why) = stopped {
                Verdict::new(
                    "discarded_by_stop",
                    format!("Not sent: its agent was stopped first ({}).", why.line()),
                    "Reply yourself.",
                )
            } else {
                Verdict::new(
                    "discarded_by_newer",
                    "Not sent: a newer message arrived or a person wrote before the agent's reply was sent.",
                    "Nothing needs to be done; the newer reply counts.",
                )
            }
        }
    }
}

/// Returns the verdict for an uncertain message: what is known, and what can resolve it.
fn uncertain(entry: &EntryDetail, listed: bool, now: Timestamp) -> Verdict {
    let cause = match &entry.row.error {
        Some(failure) if failure.code.is_empty() && failure.class == FailureClass::Transient => {
            "the response was lost".to_owned()
        }
        Some(failure) => format!("{} ({})", failure.line(), failure.explanation.trim_end_matches('.')),
        None => "the response was lost".to_owned(),
    };
    if !listed {
        return Verdict::new(
            "uncertain",
            format!("Uncertain whether it arrived: {cause}, and the provider cannot be queried."),
            "A status webhook settles it, or decide by the evidence. A retry may send it twice.",
        );
    }
    let looks = entry.evidence.as_ref().map_or_else(
        || "the provider has not been queried yet".to_owned(),
        |evidence| {
            let ago = short_span(now.since(evidence.asked_at));
            format!("the provider was queried {ago} ago without a result")
        },
    );
    Verdict::new(
        "uncertain",
        format!("Uncertain whether it arrived: {cause}, and {looks}."),
        "Query the provider, or decide by the evidence. A retry may send it twice.",
    )
}

/// Returns the verdict for a message that is scheduled or being cancelled at the provider.
fn kept(entry: &EntryDetail, now: Timestamp) -> Verdict {
    let row = &entry.row;
    let then = row.not_before.unwrap_or(row.due_at);
    if let Some(by) = &row.recalled_by {
        return Verdict::new(
            "being_called_back",
            format!("Being canceled for {}: the provider has not confirmed it yet.", clean_line(by)),
            "Wait a moment. An alert is raised if it cannot be canceled.",
        );
    }
    if then > now {
        return Verdict::new(
            "kept_by_provider",
            format!("Not sent yet: it is scheduled at the provider, in {}.", short_span(then.since(now))),
            "Discard it to cancel it.",
        );
    }
    Verdict::new(
        "its_time_has_come",
        format!(
            "The provider should have sent it {} ago. No status has arrived, and the provider is being queried.",
            short_span(now.since(then))
        ),
        "Wait a moment.",
    )
}

/// Formats a future time as "in 5 min", a past one as "now".
fn until(at: Timestamp, now: Timestamp) -> String {
    if at > now { format!("in {}", short_span(at.since(now))) } else { "now".to_owned() }
}

/// Returns the verdict for a held entry.
fn held(row: &EntryRow, hold: Hold, now: Timestamp) -> Verdict {
    match hold {
        Hold::Operator => held_by_person(row),
        Hold::Credentials | Hold::Account => blocked_sender(row, hold),
        Hold::TemplateList => Verdict::new(
            "template_list",
            format!(
                "Not sent yet: the contact opted out of marketing, and the list of templates, which says whether this is \
                     marketing, was not fetched yet; it is looked at again {}.",
                until(row.due_at, now)
            ),
            "Wait. If it stays queued, fetch the templates of the connection and see why that fails.",
        ),
        Hold::HourlyPolicy => Verdict::new(
            "hourly_policy",
            format!(
                "Not sent yet: this contact got a business-initiated message within the last hour; it will be sent {}.",
                until(row.due_at, now)
            ),
            "Wait, or disable hourly_policy for this number.",
        ),
        Hold::PairRate => Verdict::new(
            "pair_rate",
            format!(
                "Not sent yet: a contact gets at most one message per 6 s; it will be sent {}.",
                until(row.due_at, now)
            ),
            "Wait.",
        ),
        Hold::ConnectionRate => Verdict::new(
            "connection_rate",
            format!(
                "Not sent yet: the send rate of the number is reached; it will be sent {}.",
                until(row.due_at, now)
            ),
            "Wait.",
        ),
    }
}

/// Returns the verdict for an entry that a person holds.
fn held_by_person(row: &EntryRow) -> Verdict {
    match row.error.as_ref().filter(|failure| failure.title == Failure::ANOTHER_APP) {
        Some(failure) => {
            let answer = format!("Not sent: {}. {}", failure.line(), failure.explanation);
            Verdict::new("another_app", answer, failure.remedy.to_string())
        }
        None => Verdict::new("held_by_person", "Not sent: a person holds it.", "Release it."),
    }
}

/// Returns the verdict if the number cannot send because of its API key, account or base URL.
fn blocked_sender(row: &EntryRow, hold: Hold) -> Verdict {
    let failure = row.error.as_ref();
    let why = failure.map(|failure| format!("{}. {}", failure.line(), failure.explanation)).unwrap_or_default();
    let remedy = failure.map(|failure| failure.remedy.to_string()).unwrap_or_default();
    if failure.is_some_and(|failure| failure.class == FailureClass::Endpoint) {
        let answer = format!("Not sent: the response was not from the provider's API: {why}");
        return Verdict::new("base_url", answer, remedy);
    }
    if hold == Hold::Credentials {
        return Verdict::new(
            "credentials",
            "Not sent: the provider rejects the API key, so this number cannot send.",
            "Correct the key. Waiting messages are then sent automatically, each at its own time.",
        );
    }
    Verdict::new(
        "account",
        format!("Not sent: the provider has blocked this number from sending: {why}"),
        format!("{remedy} wadeck tries one message now and then, and sends all of them once that works.").trim(),
    )
}

/// Returns the verdict for a queued entry: why it was not sent yet.
fn waiting(entry: &EntryDetail, thread: Option<&ThreadRow>, file: Option<&MediaView>, now: Timestamp) -> Verdict {
    let row = &entry.row;
    if let Some(behind) = row.behind {
        return Verdict::new(
            "behind",
            format!("Not sent yet: {behind} comes before it in the same thread."),
            format!("See why {behind} waits."),
        );
    }
    if let Some(at) = row.not_before.filter(|at| *at > now) {
        let long = at.since(row.created_at).as_secs() > 300;
        return if long {
            Verdict::new(
                "later",
                format!("Not sent yet: it is scheduled, {}.", until(at, now)),
                "Undo it, or release it to send it now.",
            )
        } else {
            Verdict::new(
                "undo",
                format!("Not sent yet: it can still be undone; it will be sent {}.", until(at, now)),
                "Undo it within that time if it should not be sent.",
            )
        };
    }
    if let Some(hold) = row.hold {
        return held(row, hold, now);
    }
    let waits_for_file = file.is_some_and(|file| file.state == MediaState::Kept)
        && entry
            .tries
            .iter()
            .all(|attempt| attempt.outcome.as_deref() != Some("accepted") || attempt.series != entry.series);
    if waits_for_file {
        let why = row
            .error
            .as_ref()
            .map(|failure| format!(" The last attempt failed: {}.", failure.line()))
            .unwrap_or_default();
        return Verdict::new(
            "upload",
            format!("Not sent yet: its file is being uploaded.{why}"),
            "Wait. It is retried automatically.",
        );
    }
    if let Some(failure) = &row.error {
        return Verdict::new(
            "retry",
            format!("Not sent yet: {}; the next attempt is {}.", failure.line(), until(row.due_at, now)),
            "Wait. It is retried automatically.",
        );
    }
    if let Some(thread) = thread.filter(|thread| thread.opted_out) {
        return Verdict::new(
            "opted_out",
            format!("It will not be sent: {} opted out.", thread.contact.display_name()),
            "Wait until the contact opts in.",
        );
    }
    Verdict::new("due", "Not sent yet: it is next in the queue.", "If it stays queued, check that the engine runs.")
}

/// Returns the verdict for an accepted entry, by its delivery status.
fn accepted(entry: &EntryDetail, now: Timestamp) -> Verdict {
    let row = &entry.row;
    let settled = match row.settled_by {
        Some(SettledBy::Reference) => " The provider's response was lost; a status with our reference settled it.",
        Some(SettledBy::Status) => " The provider's response was lost; a status with the same text settled it.",
        Some(SettledBy::Look) => " The provider's response was lost; its message list settled it.",
        Some(SettledBy::Person) => " The provider's response was lost; a person settled it.",
        _ => "",
    };
    if entry.contradictory {
        let answer = "It arrived, and the provider also reported a failure; both are recorded.";
        return Verdict::new("contradiction", answer, "Ask the contact, or contact the provider with the message id.");
    }
    match row.status {
        DeliveryStatus::Read => Verdict::new("read", format!("It arrived and was read.{settled}"), ""),
        DeliveryStatus::Played => Verdict::new("played", format!("It arrived and was played.{settled}"), ""),
        DeliveryStatus::Delivered => Verdict::new(
            "delivered",
            format!("It was delivered; it is unread, or the contact sends no read receipts.{settled}"),
            "",
        ),
        DeliveryStatus::Failed => refused(entry, None, now),
        DeliveryStatus::Sent => Verdict::new(
            "sent",
            format!("It was sent, but not delivered: the phone is off or offline.{settled}"),
            "Wait. WhatsApp retries for days.",
        ),
        _ => {
            let last = entry.tries.last().and_then(|attempt| attempt.finished_at).unwrap_or(row.created_at);
            let silent = now.since(last);
            if silent > USUAL {
                Verdict::new(
                    "no_status",
                    format!(
                        "The provider accepted it {} ago and has sent no status since.{settled}",
                        short_span(silent)
                    ),
                    "Check whether statuses arrive at all: see the checks of the connection.",
                )
            } else {
                Verdict::new(
                    "accepted",
                    format!("The provider accepted it a moment ago; a status is expected.{settled}"),
                    "Wait.",
                )
            }
        }
    }
}

/// Returns the verdict for a failed entry, by the class of its failure.
fn refused(entry: &EntryDetail, thread: Option<&ThreadRow>, now: Timestamp) -> Verdict {
    let Some(failure) = &entry.row.error else {
        return Verdict::new(
            "refused",
            "Not delivered; the provider gave no reason.",
            "Contact the provider with the message id.",
        );
    };
    let cause = match failure.class {
        FailureClass::Window => "window_closed",
        FailureClass::Recipient => "recipient",
        FailureClass::Template => "template",
        FailureClass::Policy if failure.title == "Opted out" => "opted_out",
        FailureClass::Policy if failure.title == Failure::MARKETING_STOPPED => "marketing_stopped",
        FailureClass::Policy => "policy",
        FailureClass::Request => "request",
        FailureClass::Setup => "setup",
        FailureClass::Withdrawn => "withdrawn",
        FailureClass::Authorization => "credentials",
        FailureClass::Account => "account",
        FailureClass::Endpoint => "base_url",
        FailureClass::Throttled => "throttled",
        FailureClass::Transient => "provider_unwell",
        FailureClass::Unknown => "unknown_code",
    };
    let taken = entry.tries.iter().any(|attempt| attempt.outcome.as_deref() == Some("accepted"));
    let when = if taken { "The provider accepted it, and then it failed" } else { "Not sent" };
    let said = match failure.class {
        FailureClass::Request | FailureClass::Unknown if !failure.said.is_empty() => {
            format!(" Provider response: {}", failure.said.line())
        }
        _ => String::new(),
    };
    let open = thread.and_then(|thread| thread.window_closes_at).filter(|closes| *closes > now);
    let doubt = match (failure.class, open) {
        (FailureClass::Window, Some(closes)) if !failure.code.is_empty() => format!(
            " According to the received messages the window is open for another {}.",
            short_span(closes.since(now))
        ),
        _ => String::new(),
    };
    let answer = format!("{when}: {}. {}{doubt}{said}", failure.line(), failure.explanation);
    Verdict::new(cause, answer, failure.remedy.to_string())
}
