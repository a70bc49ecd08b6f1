//! Checks just before sending: whether an entry must not be sent, and whether it is too early.

use std::time::Duration;

use crate::domain::failure::{Failure, FailureClass};
use crate::domain::message::content::Content;
use crate::domain::message::window;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::limits::{Hold, Rate};
use crate::domain::outbox::scheduling::SchedulingLimits;
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::store::{Claimed, Pace};

/// Returns why a message must not be sent: opt-out, missing file, or closed service window.
pub(super) fn forbidden(claimed: &Claimed, now: Timestamp) -> Option<Failure> {
    if claimed.opted_out {
        return Some(Failure::own(
            FailureClass::Policy,
            "Opted out",
            "The contact opted out.",
            "Wait until the contact opts in.",
        ));
    }
    if claimed.outgoing.content.media().is_some_and(|media| media.id.is_empty()) {
        return Some(Failure::own(
            FailureClass::Request,
            "File missing",
            "The file of this message was deleted, so it could not be uploaded. Nothing was sent.",
            "Send the file again.",
        ));
    }
    (claimed.freeform && !window::is_open(claimed.window_closes_at, now)).then(|| {
        Failure::own(
            FailureClass::Window,
            "Service window closed",
            "The window closed before the message was sent. Nothing was sent.",
            "Send an approved template. The window opens when the contact replies.",
        )
    })
}

/// Returns why a freeform message waits for a person: another app took over the conversation after it was written, and
/// sending would take the conversation back without consent. A template takes nothing over.
pub(super) fn held_by_other(claimed: &Claimed, now: Timestamp) -> Option<Failure> {
    let held = claimed.held_elsewhere.as_ref().filter(|held| held.is_current(now))?;
    (claimed.freeform && !claimed.outgoing.take_over).then(|| {
        Failure::own(
            FailureClass::Policy,
            Failure::ANOTHER_APP,
            format!(
                "{} took the conversation at the provider after this was written. Sending takes it over.",
                held.who()
            ),
            "Discard it, or release it to take the conversation over.",
        )
    })
}

/// Returns why a template can no longer be sent, according to the list fetched last. Templates that are in no list
/// are left to the provider.
pub(super) fn template_withdrawn(system: &System, claimed: &Claimed, now: Timestamp) -> Option<Failure> {
    let Content::Template { name, language, .. } = &claimed.outgoing.content else { return None };
    let lists = system.templates();
    let template = lists.get(&claimed.connection)?.named(name, language)?;
    (!template.can_send(window::is_open(claimed.window_closes_at, now))).then(|| {
        let why = format!(
            "Template {} ({}) is {} according to the provider. Nothing was sent.",
            template.name.line(),
            template.language.line(),
            template.status.name()
        );
        Failure::own(FailureClass::Template, "Template not approved", why, "Send another template.")
    })
}

/// Returns `true` if the message may be scheduled at the provider now, to be sent at `then`.
pub(super) fn can_schedule_at_provider(
    connection: &Connection,
    ahead: Option<SchedulingLimits>,
    claimed: &Claimed,
    pace: &Pace,
    (then, now): (Timestamp, Timestamp),
) -> bool {
    !claimed.freeform
        && ahead.is_some_and(|ahead| ahead.takes(then, now))
        && hour(connection, claimed, pace, then) <= then
}

/// Returns when the hourly policy allows a message planned for `when`. Messages scheduled for later count like those
/// sent.
fn hour(connection: &Connection, claimed: &Claimed, pace: &Pace, when: Timestamp) -> Timestamp {
    const HOUR: Duration = Duration::from_secs(3_600);
    if !connection.settings.hourly_policy || !claimed.business_initiated {
        return when;
    }
    let near = pace.business_initiated.iter().filter(|other| other.plus(HOUR) > when && when.plus(HOUR) > **other);
    near.map(|other| other.plus(HOUR)).max().unwrap_or(when)
}

/// Returns the rule that holds the entry back longest, and until when; `None` if it may go now.
pub(super) fn too_early(
    connection: &Connection,
    rate: Rate,
    claimed: &Claimed,
    pace: &Pace,
    now: Timestamp,
) -> Option<(Hold, Timestamp)> {
    let number = rate.ready_at(&pace.connection, now);
    let pair = Rate::PAIR.ready_at(&pace.pair, now);
    let hour = hour(connection, claimed, pace, now);
    // For an entry that is scheduled at the provider, its own time was checked before.
    let ahead = claimed.outgoing.at.is_some();
    [(Hold::HourlyPolicy, hour), (Hold::PairRate, pair), (Hold::ConnectionRate, number)]
        .into_iter()
        .filter(|(hold, _)| !ahead || *hold == Hold::ConnectionRate)
        .filter(|(_, until)| *until > now)
        .max_by_key(|(_, until)| *until)
}
