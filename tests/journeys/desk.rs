//! A shift at the desk, by keys alone: answering with everything, finding, repairing, understanding.

use std::time::Duration;

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::message::content::Content;
use wadeck::domain::outbox::entry::EntryState;
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::{Person, Saying, SendFault};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

async fn at_the_desk() -> (Stage, Sitting) {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.simulator.add_template(serde_json::json!({ "id": "1", "name": "order_update", "language": "en_US", "category": "UTILITY",
        "status": "APPROVED", "parameter_format": "NAMED", "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Order {{order_id}}" },
            { "type": "BODY", "text": "Hello {{customer_name}}, it is {{status}}.",
              "example": { "body_text_named_params": [{ "param_name": "customer_name", "example": "Rosa" }] } },
            { "type": "BUTTONS", "buttons": [{ "type": "URL", "text": "Track", "url": "https://example.net/{{1}}" }] } ] }));
    stage.simulator.add_template(
        serde_json::json!({ "id": "2", "name": "spring_offer", "language": "en_US", "category": "MARKETING",
        "status": "PAUSED", "components": [{ "type": "BODY", "text": "Spring!" }] }),
    );
    operations::refresh_templates(&stage.system).await.expect("fetched");
    stage.says(&rosa(), "where is my order?").await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.look_up(&stage).await;
    ada.press(&stage, "enter").await;
    (stage, ada)
}

#[tokio::test]
async fn a_template_is_chosen_filled_in_seen_and_sent() {
    let (stage, mut ada) = at_the_desk().await;
    stage.pass(Duration::from_secs(25 * 3_600));
    ada.look_up(&stage).await;
    ada.sees("window closed");
    ada.press(&stage, "c").await;
    ada.sees("service window closed");
    ada.press(&stage, "ctrl-t").await;
    ada.sees("It is paused.");
    ada.press(&stage, "down enter").await;
    ada.sees("It is paused.");
    ada.press(&stage, "up enter").await;
    ada.sees("such as Rosa");
    ada.sees("Hello {{customer_name}}, it is {{status}}.");
    for words in ["A-17", "Rosa", "shipped"] {
        ada.types(&stage, words).await;
        ada.press(&stage, "enter").await;
    }
    ada.sees("Hello Rosa, it is shipped.");
    ada.press(&stage, "ctrl-s").await;
    ada.sees("is not filled in");
    ada.types(&stage, "A-17").await;
    ada.press(&stage, "ctrl-s").await;
    ada.sees("[Template: order_update]");
    assert_eq!(stage.send().await, 1);
    let sent = stage.simulator.accepted().remove(0);
    assert_eq!(sent.object["components"].as_array().map(Vec::len), Some(3), "header, body and button: {}", sent.object);
    ada.press(&stage, "esc i").await;
    ada.sees("Hello Rosa, it is shipped.");
}

#[tokio::test]
async fn buttons_a_place_a_reaction_and_a_note_by_keys() {
    let (stage, mut ada) = at_the_desk().await;
    ada.press(&stage, "a").await;
    ada.types(&stage, "butt").await;
    ada.press(&stage, "enter").await;
    ada.types(&stage, "Keep the slot?").await;
    ada.press(&stage, "enter").await;
    ada.types(&stage, "Keep; Move; Cancel; Other").await;
    ada.press(&stage, "ctrl-s").await;
    ada.sees("the range is 1 to 3");
    for _ in 0.."; Other".len() {
        ada.press(&stage, "backspace").await;
    }
    ada.press(&stage, "ctrl-s").await;
    ada.sees("Keep the slot? [Keep] [Move] [Cancel]");
    stage.send().await;
    assert_eq!(stage.simulator.accepted()[0].object["type"], "button");

    ada.press(&stage, "k k e").await;
    ada.sees("React with");
    ada.types(&stage, "thanks").await;
    ada.press(&stage, "enter y").await;
    stage.send().await;
    ada.look_up(&stage).await;
    ada.sees("🙏 us");

    ada.press(&stage, "n").await;
    ada.types(&stage, "pays in cash").await;
    ada.sees("Notes are never sent");
    ada.press(&stage, "enter").await;
    ada.sees("internal note by ada");
    ada.sees("pays in cash");
    assert_eq!(stage.simulator.send_requests(), 2, "a note never leaves");
}

#[tokio::test]
async fn a_form_that_is_left_keeps_its_words() {
    let (stage, mut ada) = at_the_desk().await;
    ada.press(&stage, "n").await;
    ada.types(&stage, "half a tho").await;
    ada.press(&stage, "esc n").await;
    ada.sees("half a tho");
}

#[tokio::test]
async fn sent_later_and_taken_back() {
    let (stage, mut ada) = at_the_desk().await;
    ada.press(&stage, "c").await;
    ada.types(&stage, "see you").await;
    ada.press(&stage, "ctrl-y").await;
    ada.types(&stage, "soon").await;
    ada.press(&stage, "enter").await;
    ada.sees("is not a time");
    ada.press(&stage, "ctrl-u").await;
    ada.types(&stage, "2h").await;
    ada.press(&stage, "enter").await;
    ada.sees("sends 11:00");
    assert_eq!(stage.send().await, 0);
    ada.press(&stage, "esc u").await;
    ada.sees("Undone: ");
    ada.press(&stage, "c").await;
    ada.sees("see you");
    stage.pass(Duration::from_secs(3 * 3_600));
    assert_eq!(stage.send().await, 0);
}

#[tokio::test]
async fn files_are_seen_viewed_and_sent_by_keys() {
    let (mut stage, mut ada) = at_the_desk().await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Image { caption: Some("my tooth".into()) });
    stage.deliver().await;
    ada.look_up(&stage).await;
    ada.sees("downloading");
    stage.carry_files().await;
    ada.look_up(&stage).await;
    ada.sees("o open");
    ada.press(&stage, "v").await;
    ada.sees("▀▀▀▀▀▀▀▀");
    ada.press(&stage, "esc o").await;
    assert!(ada.copied.last().expect("the path").contains("/media/"));

    let path = stage.outside.path().join("wide.png");
    image::RgbImage::from_pixel(1200, 630, image::Rgb([200, 40, 40])).save(&path).expect("written");
    ada.press(&stage, "a enter").await;
    ada.types(&stage, &path.display().to_string()).await;
    ada.press(&stage, "enter").await;
    ada.sees("phones show a strip");
    ada.press(&stage, "down ctrl-u").await;
    ada.types(&stage, "square").await;
    ada.press(&stage, "ctrl-s").await;
    ada.sees("[image");
    stage.carry_files().await;
    stage.send().await;
    ada.look_up(&stage).await;
    ada.sees("→A");
    ada.press(&stage, "a enter").await;
    ada.types(&stage, "/nowhere.png").await;
    ada.press(&stage, "ctrl-s").await;
    ada.sees("Cannot read /nowhere.png");
}

#[tokio::test]
async fn a_path_is_completed_and_a_file_that_was_given_up_is_not_kept() {
    let (stage, mut ada) = at_the_desk().await;
    let path = stage.outside.path().join("invoice-of-rosa.txt");
    std::fs::write(&path, "hello").expect("written");
    let begun = stage.outside.path().join("invo").display().to_string();
    ada.press(&stage, "a enter").await;
    ada.types(&stage, &begun).await;
    ada.press(&stage, "tab").await;
    ada.sees("invoice-of-rosa.txt");
    ada.press(&stage, "enter").await;
    ada.types(&stage, "for Rosa alone").await;
    ada.sees("for Rosa alone");
    ada.press(&stage, "esc").await;
    ada.press(&stage, "a enter").await;
    let screen = ada.screen();
    assert!(!screen.contains("for Rosa alone") && !screen.contains("invoice-of-rosa"), "{screen}");
}

#[tokio::test]
async fn a_search_opens_its_place_and_the_newest_is_one_key_away() {
    let (mut stage, mut ada) = at_the_desk().await;
    for number in 0..120 {
        stage.says(&rosa(), &format!("line number {number}")).await;
    }
    stage.says(&Person::new("Kim", "15550100044"), "hello").await;
    ada.look_up(&stage).await;
    ada.press(&stage, "esc ctrl-f").await;
    ada.sees("Type words");
    ada.types(&stage, "where is my order dir:in").await;
    ada.press(&stage, "enter").await;
    ada.sees("where is my order?");
    ada.does_not_see("line number 119");
    ada.press(&stage, "G").await;
    ada.sees("line number 119");
    ada.press(&stage, "esc g f").await;
    ada.types(&stage, "km").await;
    ada.press(&stage, "enter").await;
    ada.sees("hello");
}

#[tokio::test]
async fn lists_are_narrowed_by_key_kept_and_counted() {
    let (mut stage, mut ada) = at_the_desk().await;
    ada.press(&stage, "C esc").await;
    stage.says(&Person::new("Kim", "15550100044"), "hello").await;
    ada.look_up(&stage).await;
    ada.press(&stage, "u").await;
    ada.does_not_see("Rosa Field  ");
    ada.sees("/is:unread");
    ada.press(&stage, "K").await;
    ada.types(&stage, "new ones").await;
    ada.press(&stage, "enter u V").await;
    ada.sees("new ones");
    ada.sees("needs a person");
    ada.types(&stage, "mine").await;
    ada.press(&stage, "enter").await;
    ada.sees("/is:mine");
    ada.sees("Rosa Field");
    ada.press(&stage, "esc g r").await;
    ada.sees("no owner");
    ada.press(&stage, "esc /").await;
    ada.types(&stage, "is:happy").await;
    ada.sees("Invalid value in");
}

#[tokio::test]
async fn everything_that_failed_is_retried_at_once_with_its_numbers_first() {
    let (mut stage, mut ada) = at_the_desk().await;
    let thread = stage.thread().await.id;
    for words in ["one", "two"] {
        stage.simulator.next_send(SendFault::graph(400, 131_026, "Message undeliverable"));
        stage
            .act(Request::Send { thread, content: Box::new(Content::text(words)), reply_to: None, at: None })
            .await
            .expect("queued");
        stage.send().await;
    }
    ada.press(&stage, "3 *").await;
    ada.sees("Filter the list first");
    ada.press(&stage, "/").await;
    ada.types(&stage, "status:failed").await;
    ada.press(&stage, "enter * enter").await;
    ada.sees("Of 2 found 2 will be sent again.");
    ada.press(&stage, "enter").await;
    ada.sees("Of 2 found");
    ada.press(&stage, "y").await;
    while operations::step_job(&stage.system).await.expect("a step") {}
    assert_eq!(stage.send().await, 2);
    ada.look_up(&stage).await;
    ada.press(&stage, "g j").await;
    ada.sees("2 done, 0 refused of 2");
    ada.press(&stage, "esc esc Y").await;
    assert!(ada.copied.last().expect("a command").starts_with("curl -X POST 'http://127.0.0.1"));
    assert!(
        ada.copied.last().expect("a command").contains("$KAPSO_API_KEY")
            && !ada.copied.last().expect("there").contains("stage-key")
    );
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    ada.press(&stage, "M").await;
    ada.sees("above 95 %");
    ada.sees("support");
}

#[tokio::test]
async fn a_queued_message_is_held_and_released_and_why_says_so() {
    let (stage, mut ada) = at_the_desk().await;
    let thread = stage.thread().await.id;
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("wait")), reply_to: None, at: None })
        .await
        .expect("queued");
    ada.press(&stage, "3 H").await;
    ada.sees("held by a person");
    assert_eq!(stage.send().await, 0);
    ada.press(&stage, "w").await;
    ada.sees("a person holds it");
    ada.sees("Causes");
    ada.press(&stage, "esc H").await;
    assert_eq!(stage.send().await, 1);
    ada.press(&stage, "2 w").await;
    ada.sees("answered by ada");
}

#[tokio::test]
async fn the_provider_is_asked_by_key_in_both_panes() {
    let (mut stage, mut ada) = at_the_desk().await;
    let thread = stage.thread().await.id;
    stage.simulator.switch_webhook(false);
    let content = Box::new(Content::text("on our way"));
    stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
    stage.send().await;
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    ada.look_up(&stage).await;
    ada.press(&stage, "G p").await;
    ada.sees("The provider says read");
    ada.press(&stage, "esc 3 p").await;
    ada.sees("says the same");
}

#[tokio::test]
async fn an_uncertain_message_shows_its_evidence() {
    let (stage, mut ada) = at_the_desk().await;
    let thread = stage.thread().await.id;
    stage.simulator.next_send(SendFault::Vanish);
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("lost")), reply_to: None, at: None })
        .await
        .expect("queued");
    stage.send().await;
    ada.press(&stage, "3 p").await;
    ada.sees("Provider's message list");
    ada.sees("not among ");
    assert_eq!(stage.outbox().await[0].state, EntryState::Uncertain);
    ada.press(&stage, "R").await;
    ada.sees("gets it twice");
}

#[tokio::test]
async fn the_inspector_follows_pauses_and_tries_copies() {
    let (mut stage, mut ada) = at_the_desk().await;
    ada.press(&stage, "7 F").await;
    ada.sees("is paused");
    stage.says(&Person::new("Kim", "15550100044"), "hello kim").await;
    ada.look_up(&stage).await;
    ada.press(&stage, "F /").await;
    ada.types(&stage, "hello kim").await;
    ada.press(&stage, "enter").await;
    ada.sees("message.received  Kim");
    ada.press(&stage, "t").await;
    ada.sees("Threads ▸ Kim");
    ada.press(&stage, "esc 7").await;
    ada.press(&stage, "enter").await;
    ada.sees("signed with the configured secret");
    ada.editor = Some("{\"message\": 7}".into());
    ada.press(&stage, "E").await;
    assert!(ada.edited.as_deref().expect("the body").contains("hello kim"));
    ada.sees("Dry run");
    ada.press(&stage, "esc D").await;
    ada.sees("this was a dry run");
}

#[tokio::test]
async fn a_canary_and_a_new_alert_are_noticed() {
    let (mut stage, mut ada) = at_the_desk().await;
    ada.press(&stage, "1 c").await;
    ada.sees("Requested a test webhook");
    stage.pass(Duration::from_millis(80));
    stage.deliver().await;
    ada.look_up(&stage).await;
    ada.sees("the test webhook arrived after 80 ms");
    assert!(ada.rings.is_empty());
    stage.simulator.rate("RED");
    operations::check_all(&stage.system).await.expect("checked");
    ada.look_up(&stage).await;
    assert_eq!(ada.rings.len(), 1, "{:?}", ada.rings);
    ada.press(&stage, "7 A y").await;
    ada.does_not_see("open alert");
}

#[tokio::test]
async fn two_people_see_each_other_and_merge_what_is_one() {
    let (mut stage, mut ada) = at_the_desk().await;
    let ben = Actor::Operator { name: "ben".into(), role: Role::Operator };
    let thread = stage.thread().await.id;
    operations::perform(
        &stage.system,
        &ben,
        Request::UpdatePresence { thread: Some(thread), writes: true, typing: false },
    )
    .await
    .expect("noted");
    ada.look_up(&stage).await;
    ada.sees("ben writes");
    stage.says(&Person::new("Rosa (work)", "15550100055"), "me too").await;
    ada.look_up(&stage).await;
    ada.press(&stage, "g m").await;
    ada.sees("Merge with");
    ada.press(&stage, "enter").await;
    ada.sees("Splitting undoes it");
    ada.press(&stage, "y").await;
    ada.sees("me too");
    ada.press(&stage, "g s y").await;
    ada.look_up(&stage).await;
    assert_eq!(stage.messages(thread).await.len(), 1);
}

#[tokio::test]
async fn pictures_are_drawn_in_the_terminals_own_way_where_it_has_one() {
    use wadeck::domain::message::picture::Pictures;
    let (mut stage, _) = at_the_desk().await;
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Image { caption: None });
    stage.deliver().await;
    stage.carry_files().await;
    for (way, mark) in [
        (Pictures::Kitty, "\u{1b}_G"),
        (Pictures::Sixel, "\u{1b}P"),
        (Pictures::Iterm2, "\u{1b}]1337"),
        (Pictures::Blocks, "▀"),
    ] {
        let mut ada = Sitting::drawing(&stage, way).await;
        ada.look_up(&stage).await;
        ada.press(&stage, "enter v").await;
        assert!(ada.screen().contains(mark), "{way:?}");
        ada.press(&stage, "esc").await;
        assert!(!ada.screen().contains(mark), "{way:?} leaves nothing behind");
    }
    let mut ada = Sitting::drawing(&stage, Pictures::Off).await;
    ada.look_up(&stage).await;
    ada.press(&stage, "enter v").await;
    ada.sees("Images are off");
}

#[tokio::test]
async fn the_desk_in_pictures() {
    let (mut stage, _) = at_the_desk().await;
    stage.says(&Person::new("Kim Aström", "15550104567"), "is it ready?").await;
    let thread = stage.thread_of("rosa").await.id;
    stage.act(Request::AddNote { thread, text: "pays in cash".into() }).await.expect("noted");
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Document { file_name: "receipt.pdf".into() });
    stage.deliver().await;
    stage.carry_files().await;
    for (columns, rows) in [(80, 24), (120, 40)] {
        for (name, keys, typed) in [
            ("thread", "", ""),
            ("templates", "T", ""),
            ("template", "T enter", "A-17"),
            ("kinds", "a", ""),
            ("buttons", "a down enter", "Keep the slot?"),
            ("note", "n", "call before noon"),
            ("emoji", "e", "th"),
            ("search", "ctrl-f", "order"),
            ("contacts", "g f", "k"),
            ("expiring", "g r", ""),
            ("views", "V", ""),
            ("statistics", "M", ""),
            ("why", "w", ""),
            ("help", "?", ""),
        ] {
            let mut ada = Sitting::down(&stage, columns, rows).await;
            ada.look_up(&stage).await;
            ada.press(&stage, "/").await;
            ada.types(&stage, "rosa").await;
            ada.press(&stage, "enter enter").await;
            if !keys.is_empty() {
                ada.press(&stage, keys).await;
            }
            ada.types(&stage, typed).await;
            // How long webhooks took is another time each time.
            let screen: Vec<String> = ada
                .screen()
                .lines()
                .filter(|line| !line.contains("webhooks ") && !line.contains(" ms"))
                .map(str::to_owned)
                .collect();
            insta::assert_snapshot!(format!("desk_{name}_{columns}x{rows}"), screen.join("\n"));
        }
    }
}
