//! What happens, as server-sent events: from one event on, in order, with nothing left out. Whoever
//! was cut off names the last one it saw and goes on from there.

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
use crate::domain::agents::requests::{AgentQuery, AgentTold, EventView};
use crate::domain::code::Code;
use crate::domain::ids::{EventId, TokenId};
use crate::domain::query::{Answer, Query};
use crate::domain::text::escape_json;
use crate::operations::{Arrival, OperationError, System, newest_event, run_query, still_known};

/// Events that are read from the database at once.
const PAGE: u32 = 200;
/// A sign of life, so that a line that is dead is seen to be.
const STILL_HERE: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize)]
pub(super) struct From {
    after: Option<EventId>,
    /// Somebody reads along: their console is open for as long as they do.
    #[serde(default)]
    console: Option<String>,
    /// A scope as JSON: what happens elsewhere is left out.
    #[serde(default)]
    scope: Option<String>,
}

fn wrong(reason: &str, remedy: &str) -> Response {
    super::error(Code::Parameter, reason, remedy)
}

pub(super) async fn follow(
    State(system): State<System>,
    Extension(actor): Extension<Actor>,
    caller: Option<Extension<super::http::Caller>>,
    from: Result<Parameters<From>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Parameters(from)) = from else {
        let message = "`after` is not the id of an event, such as e12.";
        let remedy = "Omit it to receive events from now on.";
        return wrong(message, remedy);
    };
    let Ok(scope) = from.scope.map(|text| serde_json::from_str::<ScopeChoice>(&text)).transpose() else {
        return wrong("`scope` is not a scope.", "Omit it.");
    };
    // Listening begins before looking: nothing falls between.
    let listener = system.bus().subscribe();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let after = match last.or(from.after) {
        Some(after) => Ok(after),
        None => newest_event(&system).await,
    };
    let first = match after {
        Ok(after) => page(&system, &actor, scope.as_ref(), after).await.map(|events| (after, events)),
        Err(error) => Err(error),
    };
    let (after, events) = match first {
        Ok(first) => first,
        Err(error) => return super::answer::<()>(Err(error)),
    };
    let person = matches!(actor, Actor::Operator { .. });
    let here = from.console.filter(|_| person).map(|_| system.arrives(&actor, "lines"));
    let token = caller.map(|Extension(caller)| caller.token.id);
    let follower = Follower { system, actor, scope, token, listener, after, ready: events.into(), _here: here };
    let stream = futures::stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(as_sent(&event)), follower))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(STILL_HERE)).into_response()
}

struct Follower {
    system: System,
    actor: Actor,
    scope: Option<ScopeChoice>,
    token: Option<TokenId>,
    listener: Subscription,
    after: EventId,
    ready: std::collections::VecDeque<EventView>,
    /// Gone with this.
    _here: Option<Arrival>,
}

impl Follower {
    /// The next event, whenever it comes; none when the engine ends.
    async fn next(&mut self) -> Option<EventView> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.after = event.id;
                return Some(event);
            }
            // Whoever is not known any more hears nothing more.
            match still_known(&self.system, &self.actor, self.token).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    tracing::warn!(%error, "Event stream closed");
                    return None;
                }
            }
            match page(&self.system, &self.actor, self.scope.as_ref(), self.after).await {
                Ok(events) if !events.is_empty() => self.ready = events.into(),
                Ok(_) => {
                    self.listener.next().await?;
                }
                Err(error) => {
                    tracing::warn!(%error, "Event stream closed");
                    return None;
                }
            }
        }
    }
}

async fn page(
    system: &System,
    actor: &Actor,
    scope: Option<&ScopeChoice>,
    after: EventId,
) -> Result<Vec<EventView>, OperationError> {
    let query = Query::Desk(AgentQuery::Events { after: Some(after), limit: PAGE });
    let query = match scope {
        Some(scope) => Query::Within { scope: scope.clone(), query: Box::new(query) },
        None => query,
    };
    match run_query(system, actor, query).await? {
        Answer::Desk(told) => match *told {
            AgentTold::Events(events) => Ok(events),
            _ => Ok(vec![]),
        },
        _ => Ok(vec![]),
    }
}

fn as_sent(event: &EventView) -> Event {
    let data = escape_json(&serde_json::to_string(event).unwrap_or_default());
    Event::default().id(event.id.to_string()).event(&event.event).data(data)
}
