//! Events for other programs: recorded in the transaction of the change, then posted to each subscribed endpoint,
//! signed, in order within a thread, and retried until the endpoint accepts them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::domain::change::Change;
use crate::domain::error_text::error_text;
use crate::domain::event_name::EventName;
use crate::domain::ids::{EventId, ThreadId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::monitoring::unreadable_row::unreadable_row;
use crate::operations::{Result, System};
use crate::store::{EventDelivery, EventRow, NewAlert, StoreError, Write};

/// An endpoint that receives events.
#[derive(Debug, Clone)]
pub struct EventEndpoint {
    pub name: String,
    pub url: String,
    pub secret: Option<SecretString>,
    /// Event patterns such as `message.received` or `assignment.*`; empty means all events.
    pub events: Vec<String>,
}

impl EventEndpoint {
    /// Returns `true` if the endpoint receives this event.
    pub fn receives(&self, event: EventName) -> bool {
        self.events.is_empty() || self.events.iter().any(|pattern| event.fits(pattern))
    }
}

/// Pauses before each retry. After the last one the delivery is given up, and an alert is raised.
const AGAIN: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(1_800),
    Duration::from_secs(3_600),
    Duration::from_secs(4 * 3_600),
    Duration::from_secs(12 * 3_600),
];
const LEASE: Duration = Duration::from_secs(60);

/// Returns the newest event, as the start for a client that follows later ones.
pub async fn newest_event(system: &System) -> Result<EventId> {
    Ok(system.store().newest_event().await?)
}

impl System {
    /// Records an event. Runs in the transaction of the change.
    pub(crate) async fn record_event(
        &self,
        write: &mut Write,
        event: EventName,
        thread: Option<ThreadId>,
        data: &Value,
    ) -> Result<(), StoreError> {
        let row = EventRow { at: self.now(), event, thread, data: data.to_string() };
        write.insert_events(&[row], &[self.receivers(event)]).await
    }

    /// Wakes the worker that delivers events, if there are endpoints.
    pub(crate) fn wake_event_delivery(&self) {
        if !self.endpoints().is_empty() {
            self.wakeups().event_delivery.notify_one();
        }
    }

    /// Returns the names of the endpoints that receive this event.
    pub(crate) fn receivers(&self, event: EventName) -> Vec<&str> {
        self.endpoints().iter().filter(|one| one.receives(event)).map(|one| one.name.as_str()).collect()
    }
}

/// The worker's step: delivers one event to one endpoint. Returns `false` if none is due.
pub async fn deliver_next_event(system: &System) -> Result<bool> {
    let now = system.now();
    let mut write = system.store().write().await?;
    let delivery = match write.claim_event_delivery(now, LEASE).await {
        Ok(Some(delivery)) => delivery,
        Ok(None) => return Ok(false),
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["events", "event_deliveries"]) else { return Err(error.into()) };
            write.give_up_event(EventId(row.key), &format!("column {} cannot be read", row.column)).await?;
            row.raise(&mut write, "No endpoint receives this event.", None, now).await?;
            write.commit().await?;
            system.bus().publish([Change::Alerts]);
            return Ok(true);
        }
    };
    write.commit().await?;
    system.wakeups().event_delivery.notify_one();
    let endpoint = system.endpoints().iter().find(|one| one.name == delivery.endpoint);
    let outcome = match endpoint {
        None => Err("it is no longer configured".into()),
        Some(endpoint) => {
            let mut body = json!({ "id": delivery.event.id, "event": delivery.event.event, "at": delivery.event.at,
                "thread": delivery.event.thread, "data": delivery.event.data });
            if delivery.event.event == EventName::DeliveryQuarantined.as_str() {
                body["request"] = request(system, &delivery.event.data).await?;
            }
            system
                .agents()
                .post(&endpoint.url, endpoint.secret.as_ref(), &body)
                .await
                .map_err(|error| error.to_string().into())
        }
    };
    settle(system, &delivery, endpoint.is_some(), outcome).await?;
    system.wakeups().event_delivery.notify_one();
    Ok(true)
}

/// Returns a quarantined webhook as received, so that an endpoint that handles its number can verify and read it:
/// `body` contains its text, or `body_base64` if it is not UTF-8. Only endpoints receive it; it is not part of the
/// event, which every viewer may read.
async fn request(system: &System, data: &Value) -> Result<Value> {
    let id = data["delivery"].as_str().and_then(|id| id.parse().ok());
    let stored = match id {
        Some(id) => system.store().raw_delivery(id).await?,
        None => None,
    };
    let Some(stored) = stored else { return Ok(Value::Null) };
    let raw = Arc::unwrap_or_clone(stored.raw);
    let headers: serde_json::Map<String, Value> =
        raw.headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    let mut request = json!({ "path": raw.path, "headers": headers });
    match String::from_utf8(raw.body) {
        Ok(text) => request["body"] = text.into(),
        Err(error) => request["body_base64"] = STANDARD.encode(error.as_bytes()).into(),
    }
    Ok(request)
}

error_text! {
    /// Why an endpoint did not accept an event.
    EventDeliveryError
}

async fn settle(
    system: &System,
    delivery: &EventDelivery,
    declared: bool,
    outcome: Result<(), EventDeliveryError>,
) -> Result<()> {
    let now = system.now();
    let result = if outcome.is_ok() { "told" } else { "failed" };
    system.increment(
        MetricFamily::EventDeliveries,
        vec![("endpoint", delivery.endpoint.clone()), ("result", result.to_owned())],
    );
    let mut write = system.store().write().await?;
    match outcome {
        Ok(()) => write.settle_event_delivery(delivery, true, None, "").await?,
        Err(why) => {
            let again = AGAIN.get(delivery.tried as usize).filter(|_| declared).map(|wait| now.plus(*wait));
            write.settle_event_delivery(delivery, false, again, &why.0).await?;
            if again.is_none() && declared {
                let said = format!(
                    "Cannot deliver to {} the event {} {}: {}",
                    delivery.endpoint,
                    delivery.event.event,
                    delivery.event.id,
                    crate::domain::text::clean_line(&why.0)
                );
                let alert = NewAlert {
                    kind: AlertKind::Endpoint,
                    subject: &delivery.endpoint,
                    said: &said,
                    thread: delivery.event.thread,
                };
                write.raise(&alert, now).await?;
                system.bus().publish([Change::Alerts]);
            }
        }
    }
    Ok(write.commit().await?)
}
