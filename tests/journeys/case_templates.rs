//! Templates of kinds that were sent wrongly elsewhere: filled in whole, or refused in words before anything is queued.

use serde_json::{Value, json};
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::UploadId;
use wadeck::domain::refusal::Refusal;
use wadeck::domain::request::Request;
use wadeck::operations::OperationError;

use crate::cases::case;
use crate::stage::Stage;

/// A stage whose provider lists the template of this case, under its name.
async fn listed(number: &str) -> (Stage, String) {
    let stage = Stage::set().await;
    let template: Value = serde_json::from_str(&case(number)).expect("JSON");
    let name = template["name"].as_str().expect("a name").to_owned();
    stage.simulator.add_template(template);
    (stage, name)
}

async fn send(
    stage: &Stage,
    (name, language): (&str, &str),
    parameters: &[(&str, &str)],
    header: Option<UploadId>,
) -> Result<(), Refusal> {
    let request = Request::SendTemplate {
        connection: stage.system.store().connections().await.expect("listed")[0].id,
        to: PhoneNumber::parse("+4915550100077").expect("a number"),
        name: name.into(),
        language: language.into(),
        parameters: parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        header,
        at: None,
    };
    match stage.act(request).await {
        Ok(_) => Ok(()),
        Err(OperationError::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

/// Nothing goes to the provider, and nothing waits to go.
async fn nothing_goes(stage: &Stage) {
    assert!(stage.outbox().await.is_empty());
    stage.carry_files().await;
    assert_eq!((stage.send().await, stage.simulator.send_requests()), (0, 0));
}

#[tokio::test]
async fn a_carousel_never_goes_without_its_cards() {
    let (stage, name) = listed("28").await;
    let refusal = send(&stage, (&name, "en_US"), &[("1", "x")], None).await.expect_err("it has cards");
    assert!(refusal.reason.contains("card 1"), "{refusal}");
    nothing_goes(&stage).await;
    let link = "https://cdn.example.com/card.png";
    let given = [("1", "x"), ("card:0:header", link), ("card:1:header", link)];
    send(&stage, (&name, "en_US"), &given, None).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    let sent = stage.simulator.accepted().pop().expect("it went").object;
    assert_eq!(sent["components"][1]["cards"].as_array().map(Vec::len), Some(2), "{sent}");
}

#[tokio::test]
async fn the_one_language_is_taken_and_a_picture_is_no_document() {
    let (stage, name) = listed("30").await;
    let refusal = send(&stage, (&name, "en_US"), &[("1", "x")], None).await.expect_err("it is in pt_BR");
    assert!(refusal.reason.contains("pt_BR"), "{refusal}");
    let path = stage.outside.path().join("pic.png");
    image::RgbImage::from_pixel(40, 40, image::Rgb([1, 2, 3])).save(&path).expect("written");
    let picture = stage.upload(&path.display().to_string()).await;
    let refused = send(&stage, (&name, "pt_BR"), &[("1", "x")], Some(picture)).await;
    match refused {
        Err(refusal) => {
            assert!(refusal.to_string().contains("document"), "{refusal}");
            nothing_goes(&stage).await;
        }
        Ok(()) => {
            stage.carry_files().await;
            stage.send().await;
            assert!(!stage.simulator.accepted()[0].object.to_string().contains("\"image\""), "never as an image");
        }
    }
    let path = stage.outside.path().join("letter.pdf");
    std::fs::write(&path, b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
        .expect("written");
    let letter = stage.upload(&path.display().to_string()).await;
    send(&stage, (&name, ""), &[("1", "x")], Some(letter)).await.expect("the one language there is");
    stage.carry_files().await;
    stage.send().await;
    let sent = stage.simulator.accepted().pop().expect("it went").object;
    assert_eq!(sent["language"]["code"], "pt_BR");
    assert_eq!(sent["components"][0]["parameters"][0]["type"], "document", "{sent}");
}

#[tokio::test]
async fn a_place_can_be_given_for_a_location_header() {
    let (stage, name) = listed("31").await;
    send(&stage, (&name, "en_US"), &[], None).await.expect_err("where?");
    let place = [
        ("header:latitude", "52.5"),
        ("header:longitude", "13.4"),
        ("header:name", "Lumen"),
        ("header:address", "1 Elm Street"),
    ];
    send(&stage, (&name, "en_US"), &place, None).await.expect("queued");
    assert_eq!(stage.send().await, 1);
    let sent = stage.simulator.accepted().pop().expect("it went").object;
    let told = &sent["components"][0]["parameters"][0]["location"];
    assert_eq!((told["name"].as_str(), told["address"].as_str()), (Some("Lumen"), Some("1 Elm Street")), "{sent}");
}

#[test]
fn a_calendar_may_require_one_of_its_two_dates() {
    use wadeck::domain::lint::flow::lint;
    let right = case("33");
    let found = lint(&right);
    assert!(found.is_empty(), "{found:?}");
    for (from, to) in [
        ("\"range\"", "\"single\""),
        ("\"end-date\": false", "\"end-date\": \"no\""),
        ("\"end-date\": false", "\"end\": false"),
    ] {
        let found = lint(&right.replace(from, to));
        assert!(found.iter().any(|one| one.rule == "F5"), "{to}: {found:?}");
    }
}

#[tokio::test]
async fn a_template_is_previewed_over_http_as_its_recipient_will_see_it() {
    let programs = crate::programs::Programs::new().await;
    let viewer = programs.token("viewer", wadeck::domain::access::role::Role::Viewer, None).await;
    let ask =
        async |body: serde_json::Value| programs.ask(&viewer, "POST", "/templates/preview", Some(body), None).await;
    let text =
        "name: order_update\nlanguage: en_US\ncategory: utility\nbody:\nHello {{name}}, it left.\nexample name: Rosa\n";
    let (status, written) = ask(json!({ "text": text })).await;
    assert_eq!((status, &written["preview"]), (200, &json!("Hello Rosa, it left.")), "{written}");
    assert_eq!(written["places"][0]["key"], "name");
    assert_eq!(written["status"], json!(null));
    let connection = "c1";
    let given = json!({ "connection": connection, "name": "reminder", "parameters": { "1": "Friday" } });
    let (status, listed) = ask(given).await;
    assert_eq!((status, &listed["preview"]), (200, &json!("See you on Friday.")), "{listed}");
    assert_eq!((&listed["status"], &listed["refusal"]), (&json!("APPROVED"), &json!(null)));
    let (_, wrong) = ask(json!({ "connection": connection, "name": "reminder", "parameters": { "2": "x" } })).await;
    assert!(wrong["refusal"].as_str().is_some_and(|why| why.contains("not filled in")), "{wrong}");
    let (status, none) = ask(json!({ "connection": connection, "name": "no_such" })).await;
    assert_eq!((status, &none["error"]["code"]), (404, &json!("not_found")), "{none}");
}
