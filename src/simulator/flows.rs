//! The Flows API: versions, data endpoint, encryption, responses and logs.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::payload::iso;
use super::records::FlowRecord;
use super::responses::{Page, invalid, not_found, paged};
use super::shared::SharedState;

pub(super) fn routes() -> axum::Router<SharedState> {
    const FLOW: &str = "/platform/v1/whatsapp/flows/{id}";
    axum::Router::new()
        .route("/platform/v1/whatsapp/flows", get(list).post(create))
        .route(FLOW, get(one))
        .route(&format!("{FLOW}/versions"), get(versions).post(write))
        .route(&format!("{FLOW}/versions/{{version}}"), get(version))
        .route(&format!("{FLOW}/publish"), post(publish))
        .route(&format!("{FLOW}/data_endpoint"), get(endpoint).post(set_code))
        .route(&format!("{FLOW}/data_endpoint/deploy"), post(deploy))
        .route(&format!("{FLOW}/data_endpoint/register"), post(register))
        .route(&format!("{FLOW}/setup_encryption"), post(encrypt))
        .route(&format!("{FLOW}/responses"), get(responses))
        .route(&format!("{FLOW}/function_logs"), get(logs))
        .route(&format!("{FLOW}/function_invocations"), get(invocations))
        .route("/meta/whatsapp/{version}/{flow}/deprecate", post(deprecate))
}

fn graph(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({ "error": { "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code, "fbtrace_id": "AbFqT3sWLrYk" } });
    (status, Json(body)).into_response()
}

/// Runs `change` on a Flow, or returns 404.
fn with_flow(shared: &SharedState, id: &str, change: impl FnOnce(&mut FlowRecord) -> Response) -> Response {
    match shared.world().flows.iter_mut().find(|one| one.head["id"] == id) {
        Some(found) => change(found),
        None => not_found("Flow"),
    }
}

fn data(value: &Value) -> Response {
    Json(json!({ "data": value })).into_response()
}

#[derive(Deserialize)]
struct Filters {
    business_account_id: Option<String>,
    phone_number_id: Option<String>,
    status: Option<String>,
    name_contains: Option<String>,
}

/// Lists Flows. They belong to an account: a number has those of its account.
async fn list(State(shared): State<SharedState>, Query(page): Query<Page>, Query(filters): Query<Filters>) -> Response {
    let world = shared.world();
    let of_number = filters.phone_number_id.as_ref().map(|id| {
        let number = world.numbers.iter().find(|one| one.phone_number_id == *id);
        number.map(|one| one.business_account_id.clone()).unwrap_or_default()
    });
    let is = |head: &Value, field: &str, expected: &Option<String>| {
        expected.as_ref().is_none_or(|expected| head[field] == expected.as_str())
    };
    let heads = world.flows.iter().map(|one| &one.head);
    let found = heads
        .filter(|head| is(head, "business_account_id", &filters.business_account_id))
        .filter(|head| is(head, "business_account_id", &of_number))
        .filter(|head| is(head, "status", &filters.status))
        .filter(|head| {
            let name = head["name"].as_str().unwrap_or_default();
            filters.name_contains.as_ref().is_none_or(|part| name.contains(part.as_str()))
        });
    paged(found.cloned().collect(), &page)
}

/// Returns the validation errors of a Flow's JSON, of which only a missing terminal screen is simulated.
fn findings(json: &Value) -> Value {
    let screens = json["screens"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !screens.is_empty() && screens.iter().any(|screen| screen["terminal"] == true) {
        return json!([]);
    }
    json!([{ "error": "MISSING_TERMINAL_SCREEN", "error_type": "FLOW_JSON_ERROR", "message": "Flow JSON must have at least one terminal screen.",
        "line_start": 1, "line_end": 1, "column_start": 1, "column_end": 1 }])
}

fn new_version(record: &mut FlowRecord, json: &Value, now: i64) -> Value {
    let number = record.versions.len() + 1;
    let version = json!({ "id": format!("{}-v{number}", record.head["id"].as_str().unwrap_or_default()), "version_label": format!("v{number}"),
        "status": "draft", "published_at": null, "validation_errors": findings(json), "flow_json": json, "created_at": iso(now), "updated_at": iso(now) });
    record.head["json_version"] = json["version"].clone();
    record.head["data_api_version"] = json["data_api_version"].clone();
    record.head["updated_at"] = iso(now).into();
    record.versions.push(version.clone());
    version
}

async fn create(State(shared): State<SharedState>, Json(body): Json<Value>) -> Response {
    let now = shared.now();
    let mut world = shared.world();
    let number = world.numbers.iter().find(|number| body["phone_number_id"] == number.phone_number_id.as_str());
    let Some(account) = number.map(|number| number.business_account_id.clone()) else {
        return not_found("WhatsApp configuration");
    };
    let same = |head: &Value| head["name"] == body["name"] && head["business_account_id"] == account.as_str();
    if world.flows.iter().any(|one| same(&one.head)) {
        return invalid("Name has already been taken");
    }
    let id = world.records.id();
    let network = (1_197_715_005_513_000 + world.flows.len() as u64).to_string();
    let mut record = FlowRecord {
        head: json!({ "id": id, "meta_flow_id": network, "business_account_id": account, "name": body["name"], "status": "draft", "has_data_endpoint": false,
            "data_endpoint_url": null, "flows_encryption_configured": false, "published_at": null,
            "preview_url": format!("https://business.facebook.com/wa/manage/flows/{network}/preview/?token=simulator"),
            "created_at": iso(now), "updated_at": iso(now) }),
        ..FlowRecord::default()
    };
    new_version(&mut record, &body["flow_json"], now);
    let head = record.head.clone();
    world.flows.push(record);
    (StatusCode::CREATED, data(&head)).into_response()
}

async fn one(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    with_flow(&shared, &id, |flow| data(&flow.head))
}

async fn versions(State(shared): State<SharedState>, Path(id): Path<String>, Query(page): Query<Page>) -> Response {
    with_flow(&shared, &id, |flow| {
        let bare = |one: &Value| {
            let mut one = one.clone();
            one.as_object_mut().map(|fields| fields.remove("flow_json"));
            one
        };
        paged(flow.versions.iter().map(bare).collect(), &page)
    })
}

async fn version(State(shared): State<SharedState>, Path((id, version)): Path<(String, String)>) -> Response {
    with_flow(&shared, &id, |flow| match flow.versions.iter().find(|one| one["id"] == version.as_str()) {
        Some(found) => data(found),
        None => not_found("Version"),
    })
}

async fn write(State(shared): State<SharedState>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let now = shared.now();
    with_flow(&shared, &id, |flow| {
        let version = new_version(flow, &body["flow_json"], now);
        (StatusCode::CREATED, data(&version)).into_response()
    })
}

async fn publish(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    with_flow(&shared, &id, |flow| {
        let newest = flow.versions.last().cloned().unwrap_or_default();
        if newest["validation_errors"].as_array().is_some_and(|list| !list.is_empty()) {
            return invalid("Flow has validation errors");
        }
        let dynamic = newest["flow_json"]["data_api_version"].is_string();
        if dynamic && (flow.head["data_endpoint_url"].is_null() || flow.head["flows_encryption_configured"] != true) {
            return graph(StatusCode::BAD_REQUEST, 139_002, "Publishing failed: the endpoint is not set up");
        }
        flow.head["status"] = "published".into();
        flow.head["published_at"] = iso(now).into();
        if let Some(newest) = flow.versions.last_mut() {
            newest["status"] = "published".into();
        }
        data(&flow.head)
    })
}

async fn endpoint(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    with_flow(
        &shared,
        &id,
        |flow| if flow.endpoint.is_null() { not_found("Data endpoint") } else { data(&flow.endpoint) },
    )
}

async fn set_code(State(shared): State<SharedState>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    with_flow(&shared, &id, |flow| {
        let code = body["code"].as_str().unwrap_or_default();
        if !code.contains("async function handler(request, env)") {
            return invalid("Code must define async function handler(request, env)");
        }
        let name = format!("{} data endpoint", flow.head["name"].as_str().unwrap_or_default());
        flow.endpoint = json!({ "flow_id": flow.head["id"], "function_id": "0f7e5e4c-58f5-4c1d-8f4d-0a1f53a3d9f2", "function_name": name,
            "status": "draft", "endpoint_url": null, "last_deployed_at": null, "code": code });
        flow.head["has_data_endpoint"] = true.into();
        data(&flow.endpoint)
    })
}

async fn deploy(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    let now = shared.now();
    with_flow(&shared, &id, |flow| {
        if flow.endpoint.is_null() {
            return not_found("Data endpoint");
        }
        flow.endpoint["status"] = "deployed".into();
        flow.endpoint["endpoint_url"] = "https://functions.example.net/flow-endpoint".into();
        flow.endpoint["last_deployed_at"] = iso(now).into();
        flow.logs.push(
            json!({ "level": "info", "message": "deployed", "logged_at": iso(now), "stack": null, "outcome": "ok" }),
        );
        data(&flow.endpoint)
    })
}

async fn register(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    with_flow(&shared, &id, |flow| {
        if flow.endpoint["status"] != "deployed" {
            return invalid("Function must be deployed first");
        }
        flow.head["data_endpoint_url"] = flow.endpoint["endpoint_url"].clone();
        flow.endpoint["flow_data_endpoint_function_id"] = flow.endpoint["function_id"].clone();
        flow.endpoint["flow_has_encryption"] = flow.head["flows_encryption_configured"].clone();
        data(&flow.endpoint)
    })
}

async fn encrypt(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    with_flow(&shared, &id, |flow| {
        flow.head["flows_encryption_configured"] = true.into();
        data(&json!({ "status": "success", "message": "Encryption configured", "flows_encryption_configured": true }))
    })
}

async fn responses(State(shared): State<SharedState>, Path(id): Path<String>, Query(page): Query<Page>) -> Response {
    with_flow(&shared, &id, |flow| paged(flow.responses.clone(), &page))
}

async fn logs(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    with_flow(&shared, &id, |flow| data(&json!({ "function_id": "f", "function_name": "endpoint", "logs": flow.logs })))
}

async fn invocations(State(shared): State<SharedState>, Path(id): Path<String>) -> Response {
    with_flow(&shared, &id, |flow| {
        data(&json!({ "function_id": "f", "function_name": "endpoint", "invocations": flow.invocations }))
    })
}

#[derive(Deserialize)]
pub(super) struct Owner {
    phone_number_id: Option<String>,
    business_account_id: Option<String>,
}

impl Owner {
    fn known(&self) -> bool {
        self.phone_number_id.is_some() != self.business_account_id.is_some()
    }
}

async fn deprecate(
    State(shared): State<SharedState>,
    Path((_, id)): Path<(String, String)>,
    Query(owner): Query<Owner>,
) -> Response {
    if !owner.known() {
        return not_found("WhatsApp configuration");
    }
    match shared.world().flows.iter_mut().find(|one| one.head["meta_flow_id"] == id.as_str()) {
        Some(flow) if flow.head["status"] == "published" => {
            flow.head["status"] = "deprecated".into();
            Json(json!({ "success": true })).into_response()
        }
        Some(_) => graph(StatusCode::BAD_REQUEST, 139_004, "Only published Flows can be deprecated"),
        None => not_found("WhatsApp configuration"),
    }
}

pub(super) async fn delete(
    State(shared): State<SharedState>,
    Path((_, id)): Path<(String, String)>,
    Query(owner): Query<Owner>,
) -> Response {
    if !owner.known() {
        return not_found("WhatsApp configuration");
    }
    let mut world = shared.world();
    let Some(at) = world.flows.iter().position(|one| one.head["meta_flow_id"] == id.as_str()) else {
        return not_found("WhatsApp configuration");
    };
    if world.flows[at].head["status"] != "draft" {
        return graph(StatusCode::BAD_REQUEST, 139_004, "Only draft Flows can be deleted");
    }
    world.flows.remove(at);
    Json(json!({ "success": true })).into_response()
}
