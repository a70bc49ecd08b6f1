//! The send endpoint of the mirror and of the Graph API.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::faults::SendFault;
use super::responses::{apply_delay, broken_response, refusal};
use super::rules::rejection;
use super::shared::SharedState;

pub(super) async fn send(
    State(shared): State<SharedState>,
    Path((_, number)): Path<(String, String)>,
    Json(request): Json<Value>,
) -> Response {
    if !shared.world().numbers.iter().any(|known| known.phone_number_id == number) {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "WhatsApp configuration not found" }))).into_response();
    }
    if request["status"] == "read" {
        let id = request["message_id"].as_str().unwrap_or_default().to_owned();
        shared.world().read_marks.push((id, request.get("typing_indicator").is_some()));
        return Json(json!({ "success": true })).into_response();
    }
    let to: String = request["to"].as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let pair = (number.clone(), to.clone());
    let fault = {
        let mut world = shared.world();
        world.send_requests += 1;
        let direct = world.numbers.iter().any(|known| known.phone_number_id == number && known.direct);
        if world.in_flight.contains(&pair) && !direct {
            return (
                StatusCode::CONFLICT,
                Json(json!({ "error": "Another message is in flight for this conversation" })),
            )
                .into_response();
        }
        world.in_flight.push(pair.clone());
        world.faults.pop_front()
    };
    let latency = shared.config.latency;
    if !latency.is_zero() {
        let share = shared.world().random_below(100);
        tokio::time::sleep(latency * share / 100).await;
    }
    let fault = apply_delay(fault).await;
    let response = answer(&shared, &number, &to, &request, fault).await;
    shared.world().in_flight.retain(|busy| *busy != pair);
    response
}

async fn answer(shared: &SharedState, number: &str, to: &str, request: &Value, fault: Option<SendFault>) -> Response {
    let now = shared.now();
    if let Some(refusal) = rejection(shared, number, to, request, now) {
        return refusal;
    }
    let accept = || shared.world().accept(number, request, now, |millis| shared.scaled(millis));
    match fault {
        None | Some(SendFault::Slow(_)) => {
            let id = accept();
            shared.posted.notify_one();
            let mut body = json!({ "messaging_product": "whatsapp", "contacts": [{ "input": to, "wa_id": to }], "messages": [{ "id": id }] });
            if request["type"] == "template" {
                body["messages"][0]["message_status"] = "accepted".into();
            }
            Json(body).into_response()
        }
        Some(SendFault::LoseAnswer) => {
            accept();
            shared.posted.notify_one();
            broken_response().await
        }
        Some(SendFault::Vanish) => broken_response().await,
        Some(SendFault::GatewayError) => {
            accept();
            shared.posted.notify_one();
            (StatusCode::BAD_GATEWAY, "upstream sent no answer").into_response()
        }
        Some(SendFault::Answer { status, body, retry_after }) => refusal(status, body, retry_after),
    }
}
