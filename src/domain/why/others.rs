//! Explains the state of deliveries, runs, connections, templates, assignments, alerts and contacts.

use super::{Chain, Verdict, Why};
use crate::domain::agents::assignment::{AssignmentState, Mode, TIME_IS_OVER};
use crate::domain::agents::contract::Money;
use crate::domain::agents::requests::{AssignmentRow, RunView};
use crate::domain::agents::run::RunState;
use crate::domain::contacts::view::ContactRow;
use crate::domain::contacts::view::OptOutSource;
use crate::domain::ids::ConnectionId;
use crate::domain::inbound::delivery::{DUPLICATE_OF, DeliveryState};
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::Check;
use crate::domain::numbers::life::{NumberEvent, NumberState, Presence};
use crate::domain::numbers::setup::Setup;
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::domain::view::{AlertView, DeliveryDetail};

/// Explains the state of a delivery.
pub fn of_delivery(delivery: &DeliveryDetail) -> Why {
    let mut chain = Chain::default();
    let row = &delivery.row;
    chain.at(row.received_at, format!("{} bytes received at {}", row.bytes, clean_line(&row.path)));
    if !delivery.verdict.is_empty() {
        chain.at(row.received_at, clean_line(&delivery.verdict));
    }
    if row.repeats > 0 {
        chain.note(format!("the same delivery arrived {} more time(s) and was applied once", row.repeats));
    }
    let note = row.note.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default();
    let verdict = match row.state {
        DeliveryState::Applied if note.starts_with(DUPLICATE_OF) => {
            Verdict::new("duplicate", format!("It is a duplicate. {note}"), "")
        }
        DeliveryState::Applied if note.starts_with("Recorded") => Verdict::new("recorded", note.clone(), ""),
        DeliveryState::Applied if !note.is_empty() => Verdict::new("set_aside", format!("It was applied. {note}"), ""),
        DeliveryState::Applied => Verdict::new("applied", "It was applied.", ""),
        DeliveryState::Pending => {
            Verdict::new("pending", "It is acknowledged and will be applied next.", "If it stays pending, see the log.")
        }
        DeliveryState::Quarantined | DeliveryState::Unreadable if note.contains("items were applied") => Verdict::new(
            "partially_applied",
            format!("It was partially applied: {note}."),
            "Connect the number, and its items are applied. Report items that cannot be read.",
        ),
        DeliveryState::Quarantined => Verdict::new(
            "quarantined",
            format!("It was not applied: no connection has this number ({note})."),
            "Connect the number. The delivery is then applied automatically.",
        ),
        DeliveryState::Unreadable => Verdict::new(
            "unreadable",
            format!("Its signature is valid, but it cannot be read: {note}."),
            "Report it, and replay it after an update.",
        ),
        DeliveryState::Rejected => Verdict::new(
            "rejected",
            format!("It was rejected with 401 and never applied: {note}."),
            "Compare the secret with the one at the provider.",
        ),
    };
    chain.end(row.id, format!("delivery of {}", clean_line(&row.event)), verdict)
}

/// Explains the state of a run.
pub fn of_run(run: &RunView, now: Timestamp) -> Why {
    let mut chain = Chain::default();
    chain.about(
        Some(run.due_at),
        format!("{} message(s) from {} collected", run.batch_size, run.contact.display_name()),
        run.thread_id,
    );
    if let Some(at) = run.started_at {
        chain.at(at, format!("{} was run", run.agent));
    }
    if let Some(at) = run.finished_at {
        chain.at(at, run.state.name().replace('_', " "));
    }
    let error = run.error.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default();
    let verdict = match run.state {
        RunState::Scheduled => Verdict::new(
            "collecting",
            format!(
                "It waits for further messages{}.",
                if run.due_at > now { format!(", {} more", short_span(run.due_at.since(now))) } else { String::new() }
            ),
            "",
        ),
        RunState::Running => Verdict::new("running", "The agent is writing.", ""),
        RunState::Answered => Verdict::new("answered", "It replied; the reply is in the outbox.", ""),
        RunState::Proposed if !run.breaches.is_empty() => Verdict::new(
            "held",
            format!(
                "Its reply is held: {}.",
                run.breaches.iter().map(|one| clean_line(one)).collect::<Vec<_>>().join("; ")
            ),
            "Read it, then send it, change it, or write your own.",
        ),
        RunState::Proposed => Verdict::new(
            "draft_waits",
            "It suggested a reply: the assignment's mode is draft.",
            "Read it, then send it or write your own.",
        ),
        RunState::Rejected => {
            let by = run.decided_by.as_deref().unwrap_or("somebody");
            Verdict::new("rejected", format!("{by} dismissed its suggested reply."), "Reply yourself.")
        }
        RunState::Silent => Verdict::new("silent", "The agent decided not to reply.", ""),
        RunState::Superseded => Verdict::new(
            "superseded",
            "A newer message arrived before its reply was sent.",
            "The next run answers both.",
        ),
        RunState::HandedOff => {
            Verdict::new("handed_off", format!("It escalated the thread: {error}."), "Take the thread.")
        }
        RunState::Failed => {
            Verdict::new("agent_failed", format!("It failed: {error}."), "Check the agent; reply yourself meanwhile.")
        }
        RunState::Cancelled => Verdict::new("cancelled", format!("It was stopped: {error}."), ""),
    };
    chain.end(run.id, format!("run of {}", run.agent), verdict)
}

/// Explains the state of a connection.
pub fn of_connection(view: &ConnectionView, now: Timestamp) -> Why {
    let mut chain = Chain::default();
    for check in Check::ALL {
        match view.checks.iter().find(|result| result.check == check) {
            Some(result) => {
                let sign = if result.works { "works" } else { "failing" };
                chain.at(result.at, format!("{} {sign}: {}", check.name(), clean_line(&result.note)));
            }
            None => chain.note(format!("{}: not verified yet", check.name())),
        }
    }
    let broken =
        Check::ALL.iter().find_map(|check| view.checks.iter().find(|result| result.check == *check && !result.works));
    let verdict = match broken {
        Some(result) => {
            let (cause, remedy) = match result.check {
                Check::Provider => ("provider", "Check the API key, the base URL and the number."),
                Check::Registration => {
                    ("registration", "Enable the webhook at the provider, or register this engine's URL there.")
                }
                Check::Upstream => {
                    ("upstream", "Check the responses of this engine, and whether the public URL is reachable.")
                }
                Check::Public => ("public", "Check the public URL and the reverse proxy."),
                Check::Signature => ("signature", "Compare the secrets."),
                Check::Agent => ("agent_failed", "Check the agent."),
                Check::Outbox => ("outbox", "See why the oldest message waits."),
                Check::Send => ("send", "See the last attempt."),
                Check::Inbound => {
                    ("inbound", "Write to the number from a phone: a test webhook does not verify inbound messages.")
                }
                Check::Status => {
                    ("status", "Check that the registered webhook includes statuses, then send a test message.")
                }
            };
            Verdict::new(
                cause,
                format!(
                    "{} check failing since {}: {}.",
                    result.check.name(),
                    short_span(now.since(result.at)),
                    clean_line(&result.note)
                ),
                remedy,
            )
        }
        None => without_failure(view),
    };
    chain.end(view.connection.id, format!("connection {}", view.connection.name), verdict)
}

/// Returns the verdict if no check fails: the checks without a result decide whether that shows anything.
fn without_failure(view: &ConnectionView) -> Verdict {
    let missing = |check: &Check| !view.checks.iter().any(|result| result.check == *check);
    let open: Vec<&str> = Check::ALL.iter().filter(|check| missing(check)).map(|check| check.name()).collect();
    if view.checks.is_empty() {
        return Verdict::new("unproved", "Not verified yet.", "Check the connection, and request a test webhook.");
    }
    if missing(&Check::Inbound) {
        return Verdict::new(
            "not_received",
            format!("Not verified yet: no message has arrived. Checks without a result: {}.", open.join(", ")),
            "Write to the number from a phone: a test webhook does not verify inbound messages.",
        );
    }
    if open.is_empty() {
        return Verdict::new("works", "All checks pass.", "");
    }
    Verdict::new("works", format!("All completed checks pass. Checks without a result: {}.", open.join(", ")), "")
}

/// Explains a connection whose number is not connected: its setup is in progress or failed, or it was disconnected.
pub fn of_setup(id: ConnectionId, setup: &Setup, presence: Presence) -> Why {
    let mut chain = Chain::default();
    chain.at(setup.started_at, format!("{} started the setup", clean_line(&setup.started_by)));
    let life = setup.life(presence);
    let ways: Vec<&str> = life.verbs().filter_map(NumberEvent::verb).map(|verb| verb.words).collect();
    let reason = setup.trouble.as_deref().map(|why| format!(": {}", clean_line(why))).unwrap_or_default();
    let cause = match life {
        NumberState::Disconnected => "disconnected",
        NumberState::SetupFailed | NumberState::ReconnectFailed => "setup_failed",
        _ => "setup_open",
    };
    let answer = format!("Nothing is sent or received: the number is {}{}.", life.name(), reason.trim_end_matches('.'));
    let verdict = Verdict::new(cause, answer, format!("Possible actions: {}.", ways.join("; ")));
    chain.end(id, format!("connection {}", setup.name), verdict)
}

/// Explains the state of a template. `others` are its other languages.
pub fn of_template(list: &TemplateList, template: &Template, others: &[&Template]) -> Why {
    let mut chain = Chain::default();
    if let Some(at) = list.fetched_at {
        chain.at(at, format!("the provider listed it as {}", clean_line(template.status.name()).to_lowercase()));
    }
    for other in others {
        let status = clean_line(other.status.name()).to_lowercase();
        chain.note(format!("in {} it is {status}", other.language.line()));
    }
    if let Some(trouble) = &list.trouble {
        chain.note(format!("the list cannot be fetched: {}", clean_line(trouble)));
    }
    let language = if others.is_empty() { String::new() } else { format!(" ({})", template.language.line()) };
    let name = format!("{}{language}", template.name.line());
    let reason = template.rejected_reason.as_ref().map(crate::domain::text::Untrusted::line);
    let verdict = match template.status.name() {
        "APPROVED" if list.trouble.is_some() => Verdict::new(
            "list_outdated",
            format!("{name} was approved when the list was last fetched; fetching it again fails."),
            "Check the connection: the list of templates cannot be fetched.",
        ),
        "APPROVED" => Verdict::new("approved", format!("{name} is approved and can be sent."), ""),
        "PENDING" | "IN_APPEAL" => Verdict::new(
            "pending",
            format!("{name} cannot be sent yet: it is in review."),
            "Wait. A review takes minutes to a day.",
        ),
        "REJECTED" => Verdict::new(
            "rejected",
            format!(
                "{name} cannot be sent: it was rejected{}.",
                reason.map(|why| format!(" for {why}")).unwrap_or_default()
            ),
            "Change it and submit it again.",
        ),
        "PAUSED" => Verdict::new(
            "paused",
            format!("{name} cannot be sent: it is paused because too many contacts blocked or ignored it."),
            "Wait until it is unpaused, and send it to fewer people.",
        ),
        "DISABLED" => Verdict::new(
            "disabled",
            format!("{name} cannot be sent: it was disabled permanently after several pauses."),
            "Submit another template.",
        ),
        "LIMIT_EXCEEDED" => Verdict::new(
            "limit_exceeded",
            format!("{name} cannot be sent: the account has reached its number of templates."),
            "Delete unused templates, then submit it again.",
        ),
        "DELETED" | "PENDING_DELETION" => Verdict::new(
            "deleted",
            format!("{name} cannot be sent: it is deleted at the provider."),
            "Submit it again under another name.",
        ),
        other => Verdict::new(
            "not_sendable",
            format!("{name} cannot be sent: it is {}.", clean_line(other).to_lowercase()),
            "Check it at the provider.",
        ),
    };
    chain.end(format!("template {name}"), "template".to_owned(), verdict)
}

/// Explains why an assignment is or is not in force. `stopped` names who stopped its agent; `used` is its usage
/// within a day, in tokens and money.
pub fn of_assignment(row: &AssignmentRow, stopped: Option<&str>, used: (u64, u64), now: Timestamp) -> Why {
    let mut chain = Chain::default();
    let one = &row.assignment;
    let agent = clean_line(&one.agent);
    chain.at(one.proposed_at, format!("{} proposed {agent} for {}", clean_line(&one.proposed_by), row.connection_name));
    let reason = one.reason.as_deref().map(|reason| format!(": {}", clean_line(reason))).unwrap_or_default();
    if let (Some(by), Some(at)) = (&one.decided_by, one.decided_at) {
        let did = if one.state == AssignmentState::Active { "approved" } else { one.state.name() };
        chain.at(at, format!("{} {did}{reason}", clean_line(by)));
    }
    if let Some(at) = one.stale_since {
        chain.at(at, format!("{agent} has changed since its approval"));
    }
    let by = one.decided_by.as_deref().map_or_else(|| "unknown user".to_owned(), clean_line);
    let verdict = match one.state {
        AssignmentState::Active => in_force(row, &agent, stopped, used, now),
        AssignmentState::Proposed => Verdict::new(
            "proposed",
            format!("{agent} does not answer yet: an admin has to approve it."),
            "Let an admin approve or reject it.",
        ),
        AssignmentState::Approved => Verdict::new(
            "half_approved",
            format!("{agent} does not answer yet: one of two approvers has approved it."),
            "Let a second admin approve or reject it.",
        ),
        AssignmentState::Rejected => {
            Verdict::new("rejected", format!("{agent} does not answer: {by} rejected it{reason}."), "Propose it again.")
        }
        AssignmentState::Revoked => {
            Verdict::new("revoked", format!("{agent} no longer answers: {by} revoked it{reason}."), "Propose it again.")
        }
        AssignmentState::Expired if one.reason.as_deref() == Some(TIME_IS_OVER) => {
            Verdict::new("ended", format!("{agent} no longer answers: the assignment expired."), "Propose it again.")
        }
        AssignmentState::Expired => Verdict::new(
            "expired",
            format!("{agent} does not answer: the proposal expired without a decision."),
            "Propose it again.",
        ),
    };
    chain.end(one.id, "assignment", verdict)
}

/// Returns the verdict for an assignment in force, including reasons why its agent does not reply.
fn in_force(row: &AssignmentRow, agent: &str, stopped: Option<&str>, used: (u64, u64), now: Timestamp) -> Verdict {
    let one = &row.assignment;
    if one.expires_at.is_some_and(|at| at <= now) {
        return Verdict::new(
            "ended",
            format!("{agent} no longer answers: the assignment expired."),
            "Propose it again.",
        );
    }
    if let Some(by) = stopped {
        let answer = format!("{agent} is silent: {}.", clean_line(by));
        return Verdict::new("stopped", answer, "Resume the agent.");
    }
    if one.stale_since.is_some() {
        return Verdict::new(
            "changed",
            format!("{agent} is silent: it has changed since its approval."),
            "Let an admin approve the changed agent.",
        );
    }
    let over = [
        one.contract.tokens_per_day.filter(|most| used.0 >= *most).map(|most| format!("{} of {most} tokens", used.0)),
        one.contract.money_per_day.filter(|most| used.1 >= most.0).map(|most| format!("{} of {most}", Money(used.1))),
    ];
    if let Some(over) = over.into_iter().flatten().next() {
        return Verdict::new(
            "budget",
            format!("{agent} is silent: it has used up its daily budget, {over}."),
            "Wait until tomorrow, or propose it with a larger budget.",
        );
    }
    match one.mode {
        Mode::Off => {
            Verdict::new("off", format!("{agent} is silent: its mode is off."), "Propose it in mode draft or auto.")
        }
        mode => {
            let until = one.expires_at.map(|at| format!(" for {} more", short_span(at.since(now)))).unwrap_or_default();
            let file = if one.from_file { ", from configuration" } else { "" };
            Verdict::new("active", format!("{agent} answers ({}){until}{file}.", mode.name()), "")
        }
    }
}

/// Explains an alert.
pub fn of_alert(alert: &AlertView) -> Why {
    let mut chain = Chain::default();
    chain.at(alert.raised_at, format!("raised as {}", alert.title()));
    if alert.count > 1 {
        chain.at(alert.last_at, format!("raised {} times, last here", alert.count));
    }
    if let Some((by, at)) = &alert.acked {
        chain.at(
            *at,
            if by == "system" {
                "it ended by itself".to_owned()
            } else {
                format!("{} acknowledged it", clean_line(by))
            },
        );
    }
    let verdict = match &alert.acked {
        None => Verdict::new("open", alert.said.line(), alert.remedy()),
        Some((by, _)) if by == "system" => Verdict::new("over", format!("It has ended: {}", alert.said.line()), ""),
        Some((by, _)) => {
            Verdict::new("acknowledged", format!("{} has acknowledged it: {}", clean_line(by), alert.said.line()), "")
        }
    };
    let about = if alert.subject.is_empty() { None } else { Some(alert.subject.clone()) };
    if let Some(about) = about {
        chain.about(None, "subject", about);
    }
    chain.end(alert.id, "alert", verdict)
}

/// Explains the state of a contact.
pub fn of_contact(row: &ContactRow) -> Why {
    let mut chain = Chain::default();
    for address in &row.addresses {
        chain.note(format!("known as {}", clean_line(address)));
    }
    for (thread, at, connection) in &row.threads {
        chain.about(Some(*at), format!("thread via {connection}"), thread);
    }
    if row.merged > 0 {
        chain.note(format!("{} other contact(s) were merged into this one", row.merged));
    }
    let name = row.contact.display_name();
    if let Some(told) = row.opted_out_by.as_ref().filter(|_| row.opted_out) {
        chain.at(told.at, format!("opted out: {}", clean_line(&told.by)));
    }
    if let Some(told) = row.no_marketing_by.as_ref().filter(|_| row.no_marketing) {
        chain.at(told.at, format!("opted out of marketing: {}", clean_line(&told.by)));
    }
    let by = |told: Option<&OptOutSource>| told.map(|told| format!(" ({})", clean_line(&told.by))).unwrap_or_default();
    let verdict = if row.opted_out {
        Verdict::new(
            "opted_out",
            format!("{name} gets no messages: the contact opted out{}.", by(row.opted_out_by.as_ref())),
            "Wait until the contact opts in.",
        )
    } else if row.no_marketing {
        Verdict::new(
            "no_marketing",
            format!("{name} gets no marketing templates{}; other messages are sent.", by(row.no_marketing_by.as_ref())),
            "Wait until the contact opts in to marketing.",
        )
    } else if row.contact.phone_number.is_none() {
        Verdict::new("no_number", format!("{name} hides the phone number: messages go to the user id."), "")
    } else {
        Verdict::new("reachable", format!("{name} can be written to."), "")
    };
    chain.end(row.id, "contact", verdict)
}
