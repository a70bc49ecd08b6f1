//! The event stream: events in order, without gaps, as server-sent events. A client that reconnects passes the id of
//! the last event it received.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query as Parameters, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::bus::Subscription;
use crate::domain::access::actor::Actor;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::agents::requests::{AgentQuery, AgentsAnswer, EventView};
use crate::domain::code::Code;
use crate::domain::ids::{EventId, TokenId};
use crate::domain::query::{Answer, Query};
use crate::domain::text::escape_json;
use crate::operations::{Arrival, OperationError, System, is_still_authorized, newest_event, run_query};

/// Events per database query.
const PAGE_SIZE: u32 = 200;
/// Interval of keep-alive comments, which make broken connections detectable.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// The query parameters of the event stream.
#[derive(Debug, Deserialize)]
pub(super) struct FollowParams {
    after: Option<EventId>,
    /// A person reads the events: they count as present while the stream is open.
    #[serde(default)]
    console: Option<String>,
    /// A scope as JSON: events outside it are left out.
    #[serde(default)]
    scope: Option<String>,
}

fn parameter_error(reason: &str, remedy: &str) -> Response {
    super::error(Code::Parameter, reason, remedy)
}

/// Streams events from `Last-Event-ID` or `after` on, without either from now on, until the connection closes or the
/// caller loses access.
pub(super) async fn follow(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    caller: Option<Extension<super::http::Caller>>,
    from: Result<Parameters<FollowParams>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Parameters(from)) = from else {
        let message = "`after` is not the id of an event, such as e12.";
        let remedy = "Omit it to receive events from now on.";
        return parameter_error(message, remedy);
    };
    let Ok(scope) = from.scope.map(|text| serde_json::from_str::<ScopeChoice>(&text)).transpose() else {
        return parameter_error("`scope` is not a scope.", "Omit it.");
    };
    // The subscription starts before the first query, so that no event is missed in between.
    let changes = system.bus().subscribe();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let after = match last.or(from.after) {
        Some(after) => Ok(after),
        None => newest_event(&system).await,
    };
    let first = match after {
        Ok(after) => load_events(&system, &actor, scope.as_ref(), after).await.map(|events| (after, events)),
        Err(error) => Err(error),
    };
    let (after, events) = match first {
        Ok(first) => first,
        Err(error) => return super::answer::<()>(Err(error)),
    };
    let person = matches!(actor, Actor::Operator { .. });
    let presence = from.console.filter(|_| person).map(|_| system.arrives(&actor, "lines"));
    let token = caller.map(|Extension(caller)| caller.token.id);
    let follower = Follower { system, actor, scope, token, changes, after, ready: events.into(), _presence: presence };
    let stream = futures::stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(to_sse(&event)), follower))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_INTERVAL)).into_response()
}

/// The state of one event stream.
struct Follower {
    system: System,
    actor: Actor,
    scope: Option<ScopeChoice>,
    token: Option<TokenId>,
    changes: Subscription,
    after: EventId,
    ready: std::collections::VecDeque<EventView>,
    /// Ends with this value.
    _presence: Option<Arrival>,
}

impl Follower {
    /// Waits for the next event. `None` if the engine ends, the query fails or the caller has lost access.
    async fn next(&mut self) -> Option<EventView> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.after = event.id;
                return Some(event);
            }
            // A caller whose access was revoked receives no further events.
            match is_still_authorized(&self.system, &self.actor, self.token).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    tracing::warn!(%error, "Event stream closed");
                    return None;
                }
            }
            match load_events(&self.system, &self.actor, self.scope.as_ref(), self.after).await {
                Ok(events) if !events.is_empty() => self.ready = events.into(),
                Ok(_) => {
                    self.changes.next().await?;
                    // One query serves all changes that have arrived.
                    while self.changes.try_next().is_some() {}
                }
                Err(error) => {
                    tracing::warn!(%error, "Event stream closed");
                    return None;
                }
            }
        }
    }
}

/// Loads the next [`PAGE_SIZE`] events after an id.
async fn load_events(
    system: &System,
    actor: &Actor,
    scope: Option<&ScopeChoice>,
    after: EventId,
) -> Result<Vec<EventView>, OperationError> {
    let query = Query::Agent(AgentQuery::Events { after: Some(after), limit: PAGE_SIZE });
    let query = match scope {
        Some(scope) => Query::Within { scope: scope.clone(), query: Box::new(query) },
        None => query,
    };
    match run_query(system, actor, query).await? {
        Answer::Agent(answer) => match *answer {
            AgentsAnswer::Events(events) => Ok(events),
            _ => Ok(vec![]),
        },
        _ => Ok(vec![]),
    }
}

fn to_sse(event: &EventView) -> Event {
    let data = escape_json(&serde_json::to_string(event).unwrap_or_default());
    Event::default().id(event.id.to_string()).event(&event.event).data(data)
}
