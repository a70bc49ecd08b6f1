//! What we ask providers is what their published descriptions say can be asked. Where a description is
//! known to be wrong, the place is named here, and nothing else is let through.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use serde_json::{Value, json};
use wadeck::domain::contacts::address::Address;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::message::content::{Card, Content};
use wadeck::domain::message::interactive::{Action, Choice, Interactive};
use wadeck::domain::message::media::Media;
use wadeck::domain::numbers::connection::{Connection, ConnectionSettings, Environment, ProviderName};
use wadeck::domain::numbers::number::Profile;
use wadeck::domain::outbox::entry::Outgoing;
use wadeck::domain::templates::form;
use wadeck::domain::templates::starter;
use wadeck::domain::text::Untrusted;
use wadeck::provider::{Provider, Registry};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

fn description(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openapi").join(name);
    serde_json::from_str(&fs::read_to_string(path).expect("a fixture")).expect("JSON")
}

fn provider(name: &str) -> Arc<dyn Provider> {
    let secrets = |name: &str| (name == "TWILIO_ACCOUNT_SID").then(|| SecretString::from(ACCOUNT.to_owned()));
    let registry = Registry::new(Arc::new(secrets), &mut |_| {}).expect("built");
    registry.address().set(Some("https://hooks.example.com".into()));
    registry.get(&ProviderName::new(name)).expect("known").clone()
}

fn connection(provider: &str) -> Connection {
    Connection {
        id: ConnectionId(1),
        name: "support".into(),
        organization: "lumen".into(),
        environment: Environment::Development,
        provider: ProviderName::new(provider),
        phone_number: PhoneNumber::parse("+15550100001").expect("a number"),
        phone_number_id: "106540352242922".into(),
        business_account_id: if provider == "twilio" { String::new() } else { "102290129340398".into() },
        kind: wadeck::domain::numbers::number_kind::NumberKind::default(),
        customer_id: None,
        settings: ConnectionSettings {
            messaging_service: Some("MG0123456789abcdef0123456789abcdef".into()),
            ..ConnectionSettings::default()
        },
    }
}

fn media() -> Media {
    Media { id: "https://hooks.example.com/media/1".into(), mime_type: "image/png".into(), ..Media::default() }
}

/// Everything that can be sent, with what is hard to write in it.
fn contents() -> Vec<Content> {
    let captioned = |words: &str| Media { caption: Some(words.into()), ..media() };
    let template = |id: Option<&str>| Content::Template {
        name: "visit".into(),
        language: "en".into(),
        id: id.map(str::to_owned),
        parameters: vec![("1".into(), "Asha & \"co\"".into()), ("2".into(), "3 pm +5:30".into())],
        header: None,
        rendered: None,
    };
    vec![
        Content::text("¿Qué tal? + & = % \u{1f9b7} https://example.net"),
        Content::Image(captioned("a + b")),
        Content::Video(media()),
        Content::Audio(media()),
        Content::Document(Media { file_name: Some("a.pdf".into()), ..captioned("read me") }),
        Content::Sticker(media()),
        Content::Location {
            latitude: 48.88,
            longitude: -2.355,
            name: Some("Gare".into()),
            address: Some("Paris".into()),
        },
        template(Some("HX0123456789abcdef0123456789abcdef")),
    ]
}

/// What the platform itself can carry besides.
fn more() -> Vec<Content> {
    let card = Card { name: "Ana Ruiz".into(), phones: vec!["+15550100012".into()], emails: vec![], more: vec![] };
    let buttons = Action::Buttons { buttons: vec![Choice { id: "a".into(), title: "Yes".into(), description: None }] };
    vec![
        Content::Reaction { target: "wamid.X".into(), emoji: Some("👍".into()) },
        Content::Contacts { cards: vec![card] },
        Content::Offer(Interactive {
            heading: None,
            body: "Which?".into(),
            footer: Some(Untrusted::from("Lumen")),
            action: buttons,
        }),
    ]
}

fn outgoing(to: Address, content: Content) -> Outgoing {
    Outgoing { to, content, reply_to: None, reference: "w:0123456789abcdef".into(), at: None, take_over: false }
}

/// A part of a description as a schema that stands alone.
fn schema(description: &Value, of: &Value) -> jsonschema::Validator {
    let mut whole = of.clone();
    whole["components"] = description["components"].clone();
    jsonschema::options().should_validate_formats(false).build(&whole).expect("a schema")
}

fn faults(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

/// A form as the description types it: lists where it says so, and nothing that it does not name.
fn typed(form: &str, properties: &Value) -> Value {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(form.as_bytes()) {
        fields.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let mut value = json!({});
    for (name, values) in fields {
        let kind = &properties[&name];
        assert!(!kind.is_null(), "{name} is no parameter of the description");
        value[&name] = match kind["type"].as_str() {
            Some("array") => json!(values),
            _ => {
                assert_eq!(values.len(), 1, "{name} stands once");
                json!(values[0])
            }
        };
    }
    value
}

#[test]
fn forms_are_what_the_description_of_messages_says() {
    let description = description("twilio-messages.json");
    let operation = &description["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"];
    let body = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
    let validator = schema(&description, body);
    let provider = provider("twilio");
    let people =
        [Address::Phone(PhoneNumber::parse("+919812345678").expect("a number")), Address::User("IN.1A2B3C".into())];
    for to in people {
        for content in contents() {
            let name = content.kind().to_owned();
            let request = provider.compose(&connection("twilio"), &outgoing(to.clone(), content));
            assert_eq!(request.path, format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json"));
            let value = typed(&request.body, &body["properties"]);
            assert_eq!(faults(&validator, &value), Vec::<String>::new(), "{name}: {}", request.body);
            if name == "template" {
                assert!(value.get("Body").is_none() && value.get("MediaUrl").is_none());
                let values: Value =
                    serde_json::from_str(value["ContentVariables"].as_str().expect("text")).expect("JSON");
                assert_eq!(values, json!({ "1": "Asha & \"co\"", "2": "3 pm +5:30" }));
            }
        }
    }
    let later = Outgoing {
        at: Some(wadeck::domain::time::Timestamp::from_millis(1_780_304_400_001)),
        ..outgoing(Address::Phone(PhoneNumber::parse("+919812345678").expect("a number")), contents().remove(7))
    };
    let request = provider.compose(&connection("twilio"), &later);
    let value = typed(&request.body, &body["properties"]);
    assert_eq!(faults(&validator, &value), Vec::<String>::new(), "{}", request.body);
    assert_eq!(value["SendAt"], "2026-06-01T09:00:01Z", "never before its time, in whole seconds");
    let wrong = json!({ "To": "+919812345678", "ScheduleType": "loose" });
    assert!(!faults(&validator, &wrong).is_empty());
    // The check itself can fail.
    let wrong = json!({ "To": "15550100002", "MessagingServiceSid": "MG1" });
    let found = faults(&validator, &wrong).join("; ");
    assert!(found.contains("/To") && found.contains("/MessagingServiceSid"), "{found}");
}

type Taken = Arc<Mutex<Vec<(String, Value)>>>;

/// An address where everything is taken, and what was.
async fn listening() -> (String, Taken) {
    let taken = Taken::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = taken.clone();
    let take = move |uri: axum::http::Uri, axum::Json(body): axum::Json<Value>| async move {
        heard.lock().expect("alone").push((uri.path().to_owned(), body));
        (
            axum::http::StatusCode::CREATED,
            axum::Json(
                json!({ "sid": "HX0123456789abcdef0123456789abcdef", "id": "594425479261596", "status": "received" }),
            ),
        )
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(take)).await });
    (base, taken)
}

/// A template as it is submitted: two calls, and what each carries.
#[tokio::test]
async fn content_is_what_the_description_of_content_says() {
    let description = description("twilio-content-v1.json");
    let schemas = |name: &str| schema(&description, &json!({ "$ref": format!("#/components/schemas/{name}") }));
    let (create, approve) = (schemas("ContentCreateRequest"), schemas("ContentApprovalRequest"));
    let (base, taken) = listening().await;
    let secrets = move |name: &str| {
        let value = match name {
            "TWILIO_ACCOUNT_SID" => ACCOUNT,
            "TWILIO_AUTH_TOKEN" => "token",
            "TWILIO_API_BASE_URL" => &base,
            _ => return None,
        };
        Some(SecretString::from(value.to_owned()))
    };
    let registry = Registry::new(Arc::new(secrets), &mut |_| {}).expect("built");
    let provider = registry.get(&ProviderName::new("twilio")).expect("known");
    let desk = provider.template_api().expect("templates can be made");
    for starter in starter::TEMPLATES.iter().filter(|one| one.name != "spring_offer") {
        let form = form::read(starter.text).expect("a starter");
        desk.create(&connection("twilio"), &form).await.expect("submitted");
    }
    let taken = taken.lock().expect("alone").clone();
    assert_eq!(taken.len(), 2 * (starter::TEMPLATES.len() - 1));
    for (path, body) in taken {
        let validator = if path == "/v1/Content" { &create } else { &approve };
        assert_eq!(faults(validator, &body), Vec::<String>::new(), "{path}: {body}");
    }
    assert!(!faults(&create, &json!({ "types": {} })).is_empty());
}

/// Kinds of messages are told as a common part and one of their own, each of which would allow nothing of
/// the other: what is meant is both together.
fn together(mut description: Value) -> Value {
    let whole = description.clone();
    for schema in description["components"]["schemas"].as_object_mut().expect("schemas").values_mut() {
        let Some(parts) = schema.get("allOf").and_then(Value::as_array).cloned() else { continue };
        let mut merged = json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false });
        for part in parts {
            let part = match part["$ref"].as_str() {
                Some(name) => whole.pointer(name.trim_start_matches('#')).expect("a part").clone(),
                None => part,
            };
            for (name, property) in part["properties"].as_object().into_iter().flatten() {
                merged["properties"][name] = property.clone();
            }
            let required = part["required"].as_array().cloned().unwrap_or_default();
            merged["required"].as_array_mut().expect("a list").extend(required);
        }
        *schema = merged;
    }
    description
}

/// The description lacks these, or has them wrong; the reference says which.
fn known_wrong(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        // It is documented for every kind, and missing there.
        fields.remove("biz_opaque_callback_data");
    }
    // Numbers on the wire, texts in the description.
    for name in ["latitude", "longitude"] {
        if body["location"][name].is_number() {
            body["location"][name] = body["location"][name].to_string().into();
        }
    }
    // Phones are of two kinds in the description, and of more in the platform's own samples.
    if body["contacts"][0]["phones"][0]["type"] == "MOBILE" {
        body["contacts"][0]["phones"][0]["type"] = "WORK".into();
    }
    // A policy is said to be needed; it has one value only, and has long been optional.
    if body["template"]["language"].is_object() {
        body["template"]["language"]["policy"] = "deterministic".into();
    }
    body
}

#[test]
fn objects_are_what_the_description_of_the_platform_says() {
    let description = together(description("meta-messages.json"));
    let provider = provider("meta");
    let to = Address::Phone(PhoneNumber::parse("+919812345678").expect("a number"));
    for content in contents().into_iter().chain(more()) {
        let kind = content.kind().to_owned();
        let mut letters = kind.chars();
        let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        let of = json!({ "$ref": format!("#/components/schemas/{name}Message") });
        let validator = schema(&description, &of);
        let request = provider.compose(&connection("meta"), &outgoing(to.clone(), content));
        assert_eq!(request.path, "/v24.0/106540352242922/messages");
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        assert_eq!(faults(&validator, &known_wrong(body)), Vec::<String>::new(), "{kind}: {}", request.body);
    }
    let text = schema(&description, &json!({ "$ref": "#/components/schemas/TextMessage" }));
    assert!(!faults(&text, &json!({ "messaging_product": "whatsapp", "type": "text", "text": {} })).is_empty());
}

fn meta_at(base: String) -> Arc<dyn Provider> {
    let secrets = move |name: &str| {
        let value = match name {
            "META_ACCESS_TOKEN" => "token",
            "META_GRAPH_BASE_URL" => &base,
            _ => return None,
        };
        Some(SecretString::from(value.to_owned()))
    };
    let registry = Registry::new(Arc::new(secrets), &mut |_| {}).expect("built");
    registry.get(&ProviderName::new("meta")).expect("known").clone()
}

#[tokio::test]
async fn templates_are_what_the_description_of_the_platform_says() {
    let description = description("meta-messages.json");
    let at = "/paths/~1{Version}~1{WABA-ID}~1message_templates/post/requestBody/content/application~1json/schema";
    let validator = schema(&description, description.pointer(at).expect("described"));
    let (base, taken) = listening().await;
    let provider = meta_at(base);
    let desk = provider.template_api().expect("templates can be made");
    for starter in starter::TEMPLATES.iter().filter(|one| one.name != "spring_offer") {
        let form = form::read(starter.text).expect("a starter");
        desk.create(&connection("meta"), &form).await.expect("submitted");
    }
    let taken = taken.lock().expect("alone").clone();
    assert_eq!(taken.len(), starter::TEMPLATES.len() - 1);
    for (path, body) in taken {
        assert_eq!(path, "/v24.0/102290129340398/message_templates");
        assert_eq!(faults(&validator, &body), Vec::<String>::new(), "{body}");
    }
    assert!(!faults(&validator, &json!({ "name": 7 })).is_empty());
}

#[tokio::test]
async fn a_profile_is_what_the_description_of_the_platform_says() {
    let description = description("meta-messages.json");
    let validator =
        schema(&description, &json!({ "$ref": "#/components/schemas/WhatsAppBusinessProfileUpdateRequest" }));
    let (base, taken) = listening().await;
    let provider = meta_at(base);
    let profiles = provider.profiles().expect("profiles can be changed");
    let whole = Profile {
        about: "Care, on Sundays too".into(),
        address: "101 Forest Avenue".into(),
        description: "Dentists".into(),
        email: "hello@lumen.example".into(),
        websites: vec!["https://lumen.example".into()],
        vertical: "HEALTH".into(),
        picture_url: None,
    };
    // What the platform takes for `about` is never empty: whoever leaves it out leaves it as it is.
    let bare = Profile { about: "".into(), vertical: String::new(), ..whole.clone() };
    for profile in [&whole, &bare] {
        profiles.save_profile(&connection("meta"), profile).await.expect("saved");
    }
    let taken = taken.lock().expect("alone").clone();
    assert_eq!(taken.len(), 2);
    for (path, body) in taken {
        assert_eq!(path, "/v24.0/106540352242922/whatsapp_business_profile");
        assert_eq!(faults(&validator, &body), Vec::<String>::new(), "{body}");
    }
    assert!(!faults(&validator, &json!({ "about": "" })).is_empty());
}
