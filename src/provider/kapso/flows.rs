//! WhatsApp Flows through the platform, or through the mirror where the platform has no endpoint. Source: part 7.

use serde_json::{Value, json};

use super::client::Kapso;
use crate::domain::flow::{Flow, FlowEndpoint, FlowLogLine, FlowResponse, FlowVersion, ProviderFinding};
use crate::domain::numbers::connection::Connection;
use crate::domain::text::{Untrusted, clean_line};
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{encoded, missing_field, parse_response};
use crate::provider::cloud_api::{loose, text, time, untrusted};
use crate::provider::flows::Flows;
use crate::provider::numbers::ProviderFuture;

const BASE: &str = "/platform/v1/whatsapp/flows";

impl Kapso {
    async fn flow_call(
        &self,
        connection: &Connection,
        method: &str,
        tail: &str,
        body: Option<Value>,
    ) -> Result<Value, ProviderError> {
        self.call(connection.into(), method, &format!("{BASE}{tail}"), body.as_ref()).await
    }

    /// Returns the mirror's path of a Flow. It contains the number whose credentials the mirror uses.
    fn mirrored(&self, connection: &Connection, flow: &Flow, tail: &str) -> String {
        let path =
            format!("/{}{tail}?phone_number_id={}", encoded(&flow.network_id), encoded(&connection.phone_number_id));
        self.proxy(&path)
    }
}

impl Flows for Kapso {
    fn list<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Vec<Flow>> {
        Box::pin(async move {
            let path = format!("{BASE}?business_account_id={}", encoded(&connection.business_account_id));
            Ok(self.pages(connection.into(), &path).await?.iter().filter_map(flow).collect())
        })
    }

    fn flow<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Flow> {
        Box::pin(async move {
            let answer = self.flow_call(connection, "GET", &format!("/{}", encoded(id)), None).await?;
            flow(answer.get("data").unwrap_or(&answer)).ok_or_else(|| missing_field("Flow").into())
        })
    }

    fn create<'a>(&'a self, connection: &'a Connection, name: &'a str, json: &'a Value) -> ProviderFuture<'a, Flow> {
        Box::pin(async move {
            let body = json!({ "phone_number_id": connection.phone_number_id, "name": name, "flow_json": json, "publish": false });
            let answer = self.flow_call(connection, "POST", "", Some(body)).await?;
            flow(answer.get("data").unwrap_or(&answer)).ok_or_else(|| missing_field("Flow").into())
        })
    }

    fn versions<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowVersion>> {
        Box::pin(async move {
            let path = format!("{BASE}/{}/versions", encoded(id));
            Ok(self.pages(connection.into(), &path).await?.iter().filter_map(version).collect())
        })
    }

    fn version<'a>(&'a self, connection: &'a Connection, id: &'a str, of: &'a str) -> ProviderFuture<'a, FlowVersion> {
        Box::pin(async move {
            let tail = format!("/{}/versions/{}", encoded(id), encoded(of));
            let answer = self.flow_call(connection, "GET", &tail, None).await?;
            version(answer.get("data").unwrap_or(&answer)).ok_or_else(|| missing_field("version").into())
        })
    }

    fn write<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        json: &'a Value,
    ) -> ProviderFuture<'a, FlowVersion> {
        Box::pin(async move {
            let body = json!({ "flow_json": json, "phone_number_id": connection.phone_number_id });
            let answer = self.flow_call(connection, "POST", &format!("/{}/versions", encoded(id)), Some(body)).await?;
            version(answer.get("data").unwrap_or(&answer)).ok_or_else(|| missing_field("version").into())
        })
    }

    fn publish<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()> {
        let body = json!({ "phone_number_id": connection.phone_number_id });
        Box::pin(async move {
            self.flow_call(connection, "POST", &format!("/{}/publish", encoded(id)), Some(body)).await.map(|_| ())
        })
    }

    fn deprecate<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = self.mirrored(connection, flow, "/deprecate");
            self.call(connection.into(), "POST", &path, Some(&json!({}))).await.map(|_| ())
        })
    }

    fn delete<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = self.mirrored(connection, flow, "");
            let answer = self.answer(connection.into(), "DELETE", &path, None).await?;
            if answer.status != 404 {
                return parse_response(&answer).map(|_| ());
            }
            // The documentation has two paths; the second one is tried after a 404.
            let tail = format!(
                "/flows/{}?phone_number_id={}",
                encoded(&flow.network_id),
                encoded(&connection.phone_number_id)
            );
            self.call(connection.into(), "DELETE", &self.proxy(&tail), None).await.map(|_| ())
        })
    }

    fn endpoint<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<FlowEndpoint>> {
        Box::pin(async move {
            let path = format!("{BASE}/{}/data_endpoint", encoded(id));
            let answer = self.answer(connection.into(), "GET", &path, None).await?;
            if answer.status == 404 {
                return Ok(None);
            }
            let answer = parse_response(&answer)?;
            let one = answer.get("data").unwrap_or(&answer);
            if text(one, "/function_id").is_none() {
                return Ok(None);
            }
            Ok(Some(FlowEndpoint {
                status: clean_line(text(one, "/status").unwrap_or("unknown")),
                url: untrusted(one, "/endpoint_url").map(|url| url.line()),
                deployed_at: time(one, "/last_deployed_at"),
                registered: text(one, "/flow_data_endpoint_function_id").is_some()
                    || one["registered"].as_bool().unwrap_or(false),
                code: text(one, "/code").unwrap_or_default().to_owned(),
            }))
        })
    }

    fn set_code<'a>(&'a self, connection: &'a Connection, id: &'a str, code: &'a str) -> ProviderFuture<'a, ()> {
        let body = json!({ "code": code });
        Box::pin(async move {
            self.flow_call(connection, "POST", &format!("/{}/data_endpoint", encoded(id)), Some(body)).await.map(|_| ())
        })
    }

    fn deploy<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let tail = format!("/{}/data_endpoint/deploy", encoded(id));
            self.flow_call(connection, "POST", &tail, Some(json!({}))).await.map(|_| ())
        })
    }

    fn register<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<String>> {
        let body = json!({ "phone_number_id": connection.phone_number_id });
        Box::pin(async move {
            let tail = format!("/{}/data_endpoint/register", encoded(id));
            let answer = self.flow_call(connection, "POST", &tail, Some(body)).await?;
            // A warning in a 200 response means that it was only partially applied.
            Ok(untrusted(&answer, "/data/warning").map(|warning| warning.line()))
        })
    }

    fn encrypt<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()> {
        let body = json!({ "phone_number_id": connection.phone_number_id });
        Box::pin(async move {
            self.flow_call(connection, "POST", &format!("/{}/setup_encryption", encoded(id)), Some(body))
                .await
                .map(|_| ())
        })
    }

    fn responses<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowResponse>> {
        Box::pin(async move {
            let path = format!("{BASE}/{}/responses", encoded(id));
            Ok(self.pages(connection.into(), &path).await?.iter().map(response).collect())
        })
    }

    fn logs<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowLogLine>> {
        Box::pin(async move {
            let answer =
                self.flow_call(connection, "GET", &format!("/{}/function_logs?limit=100", encoded(id)), None).await?;
            let list = answer.pointer("/data/logs").and_then(Value::as_array).into_iter().flatten();
            Ok(list
                .map(|one| {
                    let level = clean_line(text(one, "/level").unwrap_or("log"));
                    let stack = text(one, "/stack").map(|stack| format!("\n{stack}")).unwrap_or_default();
                    FlowLogLine {
                        at: time(one, "/logged_at"),
                        bad: level == "error" || text(one, "/outcome") == Some("exception"),
                        said: Untrusted::new(format!("{}{stack}", text(one, "/message").unwrap_or_default())),
                        level,
                    }
                })
                .collect())
        })
    }

    fn invocations<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowLogLine>> {
        Box::pin(async move {
            let tail = format!("/{}/function_invocations?limit=20", encoded(id));
            let answer = self.flow_call(connection, "GET", &tail, None).await?;
            let list = answer.pointer("/data/invocations").and_then(Value::as_array).into_iter().flatten();
            Ok(list
                .map(|one| {
                    let status = loose(one, "/status_code").unwrap_or_default();
                    let took = loose(one, "/duration_ms").map(|ms| format!("{ms} ms  ")).unwrap_or_default();
                    let error = text(one, "/error_message").map(|error| format!("{error}  ")).unwrap_or_default();
                    FlowLogLine {
                        at: time(one, "/created_at"),
                        bad: !status.starts_with('2'),
                        said: Untrusted::new(format!(
                            "{took}{error}asked {} answered {}",
                            one["request_body"], one["response_body"]
                        )),
                        level: status,
                    }
                })
                .collect())
        })
    }
}

fn flow(object: &Value) -> Option<Flow> {
    let id = loose(object, "/id")?;
    let address = |path: &str| untrusted(object, path).map(|url| url.line());
    Some(Flow {
        network_id: loose(object, "/meta_flow_id").unwrap_or_else(|| id.clone()),
        id,
        name: untrusted(object, "/name").unwrap_or_default(),
        status: clean_line(text(object, "/status").unwrap_or("unknown")).to_ascii_lowercase(),
        json_version: text(object, "/json_version").map(clean_line),
        data_api_version: text(object, "/data_api_version").map(clean_line),
        preview_url: address("/preview_url"),
        has_endpoint: object["has_data_endpoint"].as_bool().unwrap_or(false),
        endpoint_url: address("/data_endpoint_url"),
        encryption: object["flows_encryption_configured"].as_bool().unwrap_or(false),
        published_at: time(object, "/published_at"),
        updated_at: time(object, "/updated_at"),
    })
}

fn version(object: &Value) -> Option<FlowVersion> {
    let findings = object["validation_errors"].as_array().into_iter().flatten();
    Some(FlowVersion {
        id: loose(object, "/id")?,
        label: clean_line(text(object, "/version_label").unwrap_or("version")),
        status: clean_line(text(object, "/status").unwrap_or("unknown")),
        created_at: time(object, "/created_at"),
        published_at: time(object, "/published_at"),
        findings: findings
            .map(|one| ProviderFinding {
                code: clean_line(text(one, "/error").unwrap_or("INVALID")),
                said: untrusted(one, "/message").unwrap_or_default(),
                line: one["line_start"].as_u64().and_then(|line| u32::try_from(line).ok()),
            })
            .collect(),
        json: Some(object["flow_json"].clone()).filter(Value::is_object),
    })
}

/// Parses a submitted form. The response's fields are not documented: known names are tried, and otherwise the whole
/// object is kept.
fn response(object: &Value) -> FlowResponse {
    let places = ["/response", "/response_json", "/data", "/answers", "/values", "/submitted_data"];
    let found = places.iter().find_map(|path| object.pointer(path).filter(|value| !value.is_null())).unwrap_or(object);
    let parsed: Option<Value> = found.as_str().and_then(|text| crate::domain::json_text::parse(text.as_bytes()).ok());
    let values = parsed.as_ref().unwrap_or(found);
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields = values.as_object().into_iter().flatten();
    let from = ["/phone_number", "/from", "/contact/phone_number", "/wa_id"];
    FlowResponse {
        id: loose(object, "/id").unwrap_or_default(),
        at: ["/created_at", "/submitted_at", "/timestamp"].iter().find_map(|path| time(object, path)),
        from: from.iter().find_map(|path| untrusted(object, path)).unwrap_or_default(),
        fields: fields.map(|(name, value)| (Untrusted::from(name.as_str()), Untrusted::new(shown(value)))).collect(),
    }
}
