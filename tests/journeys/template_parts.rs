//! Every part of a template goes out as the platform takes it; what does not fit is refused with its place and limit;
//! and a thread shows the words as they were sent.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::{Done, Refusal};
use wadeck::domain::request::Request;
use wadeck::operations::{self, OperationError};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, rosa};

fn template(name: &str, category: &str, components: &Value) -> Value {
    json!({ "id": name, "name": name, "language": "en", "category": category, "status": "APPROVED",
        "parameter_format": "POSITIONAL", "components": components })
}

fn body(text: &str) -> Value {
    json!({ "type": "BODY", "text": text })
}

fn buttons(buttons: &Value) -> Value {
    json!({ "type": "BUTTONS", "buttons": buttons })
}

async fn request(stage: &Stage, name: &str, parameters: &[(&str, &str)]) -> Request {
    Request::SendTemplate {
        connection: stage.system.store().connections().await.expect("listed")[0].id,
        to: PhoneNumber::parse("+15550100002").expect("a number"),
        name: name.into(),
        language: String::new(),
        parameters: parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        header: None,
        at: None,
    }
}

async fn queue(stage: &Stage, name: &str, parameters: &[(&str, &str)]) -> Result<Done, Refusal> {
    match stage.act(request(stage, name, parameters).await).await {
        Ok(done) => Ok(done),
        Err(OperationError::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

/// Adds a template, sends it, and returns the components that the platform took.
async fn goes(stage: &Stage, name: &str, components: &Value, parameters: &[(&str, &str)]) -> Value {
    stage.simulator.add_template(template(name, "MARKETING", components));
    stage.pass(Duration::from_secs(4_000));
    queue(stage, name, parameters).await.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    assert_eq!(stage.send().await, 1, "{name}");
    let entry = stage.outbox().await.into_iter().max_by_key(|row| row.id).expect("there");
    assert_eq!(entry.state, EntryState::Accepted, "{name}: {:?}", entry.error);
    stage.simulator.accepted().pop().expect("taken").object["components"].clone()
}

async fn set() -> Stage {
    Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await
}

fn picture(stage: &Stage, name: &str) -> String {
    let path = stage.outside.path().join(name);
    image::RgbImage::from_pixel(40, 40, image::Rgb([1, 2, 3])).save(&path).expect("written");
    path.display().to_string()
}

#[tokio::test]
async fn every_card_of_a_carousel_goes_with_its_own_header_words_and_buttons() {
    let stage = set().await;
    let card = |text: &str| {
        json!({ "components": [{ "type": "HEADER", "format": "IMAGE" }, body(text),
            buttons(&json!([{ "type": "QUICK_REPLY", "text": "More" },
                { "type": "URL", "text": "Open", "url": "https://example.com/{{1}}" }])) ] })
    };
    let parts = json!([body("Look {{1}} here"), { "type": "CAROUSEL", "cards": [card("One"), card("Two {{1}} now")] }]);
    stage.simulator.add_template(template("cards", "MARKETING", &parts));
    let refusal = queue(&stage, "cards", &[("1", "x")]).await.expect_err("cards have files");
    assert!(refusal.reason.contains("card 1, header, image"), "{refusal}");
    let upload = stage.upload(&picture(&stage, "second.png")).await.to_string();
    let given = [
        ("1", "Rosa"),
        ("card:0:header", "https://cdn.example.com/one.png"),
        ("card:0:button:0:payload", "more-1"),
        ("card:0:button:1:url", "one"),
        ("card:1:header", upload.as_str()),
        ("card:1:1", "blue"),
        ("card:1:button:1:url", "two"),
    ];
    for (without, words) in [("card:1:1", "card 2, 1"), ("card:1:button:1:url", "card 2, button")] {
        let fewer: Vec<_> = given.iter().copied().filter(|(key, _)| *key != without).collect();
        let refusal = queue(&stage, "cards", &fewer).await.expect_err(without);
        assert!(refusal.reason.contains(words), "{refusal}");
    }
    let text = stage.outside.path().join("letter.pdf");
    std::fs::write(&text, b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
        .expect("written");
    let letter = stage.upload(&text.display().to_string()).await.to_string();
    let mut wrong = given;
    wrong[4].1 = &letter;
    let refusal = queue(&stage, "cards", &wrong).await.expect_err("no image");
    assert!(refusal.reason.contains("document"), "{refusal}");
    assert!(stage.outbox().await.is_empty(), "nothing was queued");
    let upload = stage.upload(&picture(&stage, "again.png")).await.to_string();
    let mut right = given;
    right[4].1 = &upload;
    queue(&stage, "cards", &right).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.outbox().await[0].state, EntryState::Accepted, "{:?}", stage.outbox().await[0].error);
    let sent = stage.simulator.accepted()[0].object["components"].clone();
    let cards = &sent[1]["cards"];
    assert_eq!(cards[0]["components"][0]["parameters"][0]["image"]["link"], "https://cdn.example.com/one.png");
    assert_eq!(cards[0]["components"][1]["parameters"][0]["payload"], "more-1");
    let id = cards[1]["components"][0]["parameters"][0]["image"]["id"].as_str().expect("an id").to_owned();
    assert!(stage.simulator.file(&id).is_some(), "it was uploaded before");
    assert_eq!(cards[1]["components"][1]["parameters"][0]["text"], "blue");
}

#[tokio::test]
async fn headers_take_a_link_an_id_a_file_and_a_product() {
    let stage = set().await;
    let header = |format: &str| json!([{ "type": "HEADER", "format": format }, body("Hello there")]);
    for (name, format) in [("picture", "IMAGE"), ("film", "VIDEO"), ("letter", "DOCUMENT")] {
        let kind = format.to_lowercase();
        let sent = goes(&stage, name, &header(format), &[("header", "https://cdn.example.com/x")]).await;
        assert_eq!(sent[0]["parameters"][0][&kind], json!({ "link": "https://cdn.example.com/x" }));
    }
    // A file that is named among the parameters goes up with its message.
    stage.pass(Duration::from_secs(4_000));
    let upload = stage.upload(&picture(&stage, "a.png")).await.to_string();
    queue(&stage, "picture", &[("header", &upload)]).await.expect("queued");
    stage.carry_files().await;
    assert_eq!(stage.send().await, 1);
    let sent = stage.simulator.accepted().pop().expect("taken").object["components"].clone();
    let id = sent[0]["parameters"][0]["image"]["id"].as_str().expect("an id").to_owned();
    // The provider's media id is taken again.
    stage.pass(Duration::from_secs(4_000));
    queue(&stage, "picture", &[("header", &id)]).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    let sent = stage.simulator.accepted().pop().expect("taken").object["components"].clone();
    assert_eq!(sent[0]["parameters"][0]["image"], json!({ "id": id }));
    for (value, words) in [("http://cdn.example.com/x", "https"), ("no file", "media id")] {
        let refusal = queue(&stage, "picture", &[("header", value)]).await.expect_err(value);
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    let product = [("header:product", "SHIRT-9"), ("header:catalog", "194836987003835")];
    let sent = goes(&stage, "product", &header("PRODUCT"), &product).await;
    assert_eq!(sent[0]["parameters"][0]["product"]["product_retailer_id"], "SHIRT-9");
}

#[tokio::test]
async fn every_button_and_an_offer_that_ends_go_with_their_values() {
    let stage = set().await;
    let one = |button: Value| json!([body("Look here"), buttons(&json!([button]))]);
    let plain = |kind: &str| one(json!({ "type": kind, "text": "Press" }));
    let action = |sent: &Value| sent[0]["parameters"][0]["action"].clone();
    let sent = goes(&stage, "reply", &plain("QUICK_REPLY"), &[("button:0:payload", "confirm-17")]).await;
    assert_eq!(sent[0]["sub_type"], "quick_reply");
    let flow = [("button:0:flow_token", "s-1"), ("button:0:flow_data", r#"{"customer":"c1"}"#)];
    let sent = goes(&stage, "form", &plain("FLOW"), &flow).await;
    assert_eq!(action(&sent), json!({ "flow_token": "s-1", "flow_action_data": { "customer": "c1" } }));
    let sent = goes(&stage, "catalog", &plain("CATALOG"), &[("button:0:product", "TEA-1")]).await;
    assert_eq!(
        (sent[0]["sub_type"].as_str(), action(&sent)["thumbnail_product_retailer_id"].as_str()),
        (Some("catalog"), Some("TEA-1"))
    );
    let list = [("button:0:product", "TEA-1"), ("button:0:sections", "Tea: TEA-1, TEA-2; Cups: CUP-7")];
    let sent = goes(&stage, "products", &plain("MPM"), &list).await;
    assert_eq!(action(&sent)["sections"][0]["product_items"][1]["product_retailer_id"], "TEA-2");
    let sent = goes(&stage, "call", &plain("VOICE_CALL"), &[("button:0:minutes", "60")]).await;
    assert_eq!(sent[0]["parameters"][0], json!({ "type": "ttl_minutes", "ttl_minutes": 60 }));
    for (name, kind) in
        [("call2", "VOICE_CALL"), ("contact", "REQUEST_CONTACT_INFO"), ("phone", "PHONE_NUMBER"), ("one", "SPM")]
    {
        assert!(goes(&stage, name, &plain(kind), &[]).await.is_null(), "{kind} needs no values");
    }
    let offer = json!([body("Look here"),
        { "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "Ends soon", "has_expiration": true } },
        buttons(&json!([{ "type": "COPY_CODE", "example": "SAVE10" }]))]);
    let ends = stage.now().plus(Duration::from_secs(400_000));
    let code = ("button:0:code", "SAVE10");
    let sent = goes(&stage, "offer", &offer, &[code, ("offer:expires", &ends.to_string())]).await;
    let told = sent.as_array().expect("parts").iter().find(|part| part["type"] == "limited_time_offer").expect("there");
    let told = &told["parameters"][0]["limited_time_offer"]["expiration_time_ms"];
    assert_eq!(told.as_i64().map(|millis| millis / 1_000), Some(ends.seconds()));
    let before = stage.outbox().await.len();
    let long = "x".repeat(129);
    let sections = (0..11).map(|index| format!("S{index}: P{index}")).collect::<Vec<_>>().join("; ");
    for (name, parameters, words) in [
        ("reply", vec![("button:0:payload", long.as_str())], ["payload", "128"]),
        ("form", vec![("button:0:flow_data", "[1]")], ["Flow data", "JSON object"]),
        ("products", vec![("button:0:product", "TEA-1")], ["sections", "not filled in"]),
        ("products", vec![("button:0:product", "T"), ("button:0:sections", &sections)], ["11 sections", "10"]),
        ("call", vec![("button:0:minutes", "43201")], ["minutes", "43200"]),
        ("offer", vec![code], ["end of the offer", "not filled in"]),
        ("offer", vec![code, ("offer:expires", "tomorrow")], ["tomorrow", "no time"]),
        ("offer", vec![code, ("offer:expires", "2020-01-01T00:00:00Z")], ["offer ends", "before"]),
        ("offer", vec![("button:0:code", "SAVE10SAVE10SAVE"), ("offer:expires", "2035-01-01T00:00:00Z")], ["16", "15"]),
    ] {
        let refusal = queue(&stage, name, &parameters).await.expect_err(name);
        for word in words {
            assert!(refusal.reason.contains(word), "{word}: {refusal}");
        }
    }
    assert_eq!(stage.outbox().await.len(), before, "nothing was queued");
}

#[tokio::test]
async fn values_by_position_go_in_their_order_however_they_were_given() {
    let stage = set().await;
    let text = (1..=11).map(|index| format!("v {{{{{index}}}}}")).collect::<Vec<_>>().join(" ");
    let keys: Vec<String> = (1..=11).map(|index| index.to_string()).collect();
    let mut given: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), key.as_str())).collect();
    given.sort_unstable();
    let sent = goes(&stage, "many", &json!([body(&format!("{text} end"))]), &given).await;
    let texts: Vec<&str> =
        sent[0]["parameters"].as_array().expect("all").iter().filter_map(|one| one["text"].as_str()).collect();
    assert_eq!(texts, keys);
}

#[tokio::test]
async fn a_thread_shows_the_words_of_a_template_as_they_were_sent() {
    let mut stage = set().await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    let parts = json!([{ "type": "HEADER", "format": "TEXT", "text": "Order {{1}}" }, body("Hello {{1}}, it left."),
        { "type": "FOOTER", "text": "Lumen Store" },
        buttons(&json!([{ "type": "URL", "text": "Track", "url": "https://example.com/o/{{1}}" }])) ]);
    stage.simulator.add_template(template("order", "MARKETING", &parts));
    let done =
        queue(&stage, "order", &[("header:1", "A-17"), ("1", "Rosa"), ("button:0:url", "A-17")]).await.expect("queued");
    assert!(done.message.contains("opted in"), "marketing says its note: {}", done.message);
    stage.send().await;
    let lines = ["Order A-17", "Hello Rosa, it left.", "Lumen Store", "[Track] https://example.com/o/A-17"];
    let message = stage.messages(thread).await.into_iter().find(|one| one.kind == "template").expect("there");
    assert_eq!(message.text.line(), "[Template: order]", "the short text is stored");
    assert_eq!(message.rendered.as_ref().expect("words").lines(), lines);
    let Answer::Message(Some(detail)) = stage.ask(Query::Message { message: message.id }).await else { panic!("one") };
    assert_eq!(serde_json::json!(detail)["rendered"], lines.join("\n"));
    let Answer::Export(export) = stage.ask(Query::Export { thread }).await else { panic!("a text") };
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "enter").await;
    for line in lines.iter().chain(&["[Template: order]"]) {
        assert!(export.contains(line), "{export}");
        sitting.sees(line);
    }
}

#[tokio::test]
async fn a_template_can_be_undone_before_it_goes() {
    let config = CONFIG.replace("agent = \"helper\"\n", "undo_seconds = 10\n");
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    stage.simulator.add_template(template("notice", "UTILITY", &json!([body("It is time.")])));
    queue(&stage, "notice", &[]).await.expect("queued");
    assert_eq!(stage.send().await, 0, "it can still be undone");
    let row = stage.outbox().await.remove(0);
    assert_eq!(row.not_before, Some(stage.now().plus(Duration::from_secs(10))), "the list says until when it waits");
    stage.act(Request::UndoSend { thread }).await.expect("undone");
    stage.pass(Duration::from_secs(11));
    assert_eq!((stage.send().await, stage.simulator.send_requests()), (0, 0));
    queue(&stage, "notice", &[]).await.expect("queued");
    stage.pass(Duration::from_secs(11));
    assert_eq!(stage.send().await, 1);
    stage.act(Request::UndoSend { thread }).await.expect_err("it has gone");
}

#[tokio::test]
async fn a_refusal_by_the_provider_shows_the_template_as_it_is_everywhere() {
    let mut stage = set().await;
    stage.says(&rosa(), "hello").await;
    stage.simulator.add_template(template("notice", "UTILITY", &json!([body("It is time.")])));
    queue(&stage, "notice", &[]).await.expect("queued");
    stage.simulator.review("notice", "PAUSED", "NONE");
    stage.send().await;
    let entry = stage.outbox().await.remove(0);
    assert_eq!(entry.error.expect("refused").code, "132015");
    operations::refresh_templates(&stage.system).await.expect("the worker that was woken");
    let Answer::Templates(lists) = stage.ask(Query::Templates).await else { panic!("templates") };
    assert_eq!(lists[0].templates[0].status.name(), "PAUSED");
    let Answer::Why(why) = stage.ask(Query::Why { id: "template notice".into() }).await else { panic!("why") };
    assert!(why.answer.contains("paused"), "{why:?}");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "enter T").await;
    sitting.sees("It is paused.");
}

#[tokio::test]
async fn a_pending_template_shows_its_age() {
    let stage = set().await;
    let mut pending = template("notice", "UTILITY", &json!([body("It is time.")]));
    pending["status"] = "PENDING".into();
    stage.simulator.add_template(pending);
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let since = stage.now();
    stage.pass(Duration::from_secs(3 * 3_600));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let Answer::Templates(lists) = stage.ask(Query::Templates).await else { panic!("templates") };
    assert_eq!(lists[0].templates[0].since, Some(since), "the first time it was seen so");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "4").await;
    sitting.sees("pending 3h");
    sitting.sees("seen since");
    stage.simulator.review("notice", "APPROVED", "NONE");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let Answer::Templates(lists) = stage.ask(Query::Templates).await else { panic!("templates") };
    assert_eq!(lists[0].templates[0].since, Some(stage.now()));
}
