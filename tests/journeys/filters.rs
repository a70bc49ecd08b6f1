//! A filter that cannot be read: why stands under its field, in the words of every other door, and the list stays as
//! it was.

use serde_json::json;
use wadeck::domain::access::role::Role;
use wadeck::domain::filter::Filter;
use wadeck::domain::list_filter::WordList;

use crate::programs::Programs;
use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

#[tokio::test]
async fn why_a_filter_cannot_be_read_stands_under_its_field_and_the_list_stays() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    stage.send().await;
    let mut sitting = Sitting::down(&stage, 160, 40).await;
    for (pane, typed) in [("2", "staus:failed"), ("2", "is:happy"), ("3", "status:lost"), ("3", "since:yesterday")] {
        sitting.press(&stage, pane).await;
        // All that does not lie below the field.
        let rows = |sitting: &Sitting| sitting.screen().lines().take(36).map(str::to_owned).collect::<Vec<_>>();
        let whole = rows(&sitting);
        assert!(whole.iter().any(|line| line.contains("Rosa Field")), "{}", sitting.screen());
        sitting.press(&stage, "/").await;
        // Up to here it narrows the list while it is typed.
        let readable = (0..typed.len()).rev().find(|end| Filter::read(&typed[..*end], stage.now()).is_ok());
        let (before, rest) = typed.split_at(readable.expect("nothing is readable"));
        sitting.types(&stage, before).await;
        let narrowed = rows(&sitting);
        sitting.types(&stage, rest).await;
        let refusal = Filter::read(typed, stage.now()).expect_err("it cannot be read");
        let words: String = refusal.to_string().chars().take(100).collect();
        sitting.sees(&words);
        let under = sitting.screen().lines().rev().take(2).collect::<Vec<_>>().join("\n");
        assert!(under.contains(&words) && under.contains(typed), "under the field: {under}");
        assert_eq!(rows(&sitting), narrowed, "the list is as it was");
        // It is not kept either.
        sitting.press(&stage, "enter").await;
        sitting.sees(&words);
        sitting.press(&stage, "esc").await;
        sitting.does_not_see(&words);
        sitting.press(&stage, "esc").await;
        assert_eq!(rows(&sitting), whole);
    }
}

#[tokio::test]
async fn the_api_says_the_same_of_a_filter_as_the_console() {
    let mut programs = Programs::new().await;
    programs.stage.says(&rosa(), "hello").await;
    let token = programs.token("eyes", Role::Viewer, None).await;
    for typed in ["staus:failed", "is:happy", "status:lost"] {
        let refusal = Filter::read(typed, programs.stage.now()).expect_err("it cannot be read");
        for path in ["/threads", "/outbox", "/messages"] {
            let (status, body) = programs.ask(&token, "GET", &format!("{path}?filter={typed}"), None, None).await;
            if status == 404 || status == 405 || body["error"]["code"] == "parameter" {
                continue;
            }
            assert_eq!(status, 409, "{path}: {body}");
            let error = &body["error"];
            assert_eq!(
                (&error["code"], &error["reason"], &error["remedy"]),
                (&json!("filter"), &json!(refusal.reason), &json!(refusal.remedy)),
                "{path}"
            );
        }
        let (good, told) = programs.tool(&token, "threads.list", json!({ "filter": typed })).await;
        assert!(!good && told["error"]["reason"] == json!(refusal.reason), "{told}");
    }
}

#[tokio::test]
async fn lists_that_take_words_say_so_and_refuse_the_terms_of_others() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let mut sitting = Sitting::down(&stage, 160, 40).await;
    for (pane, list, typed) in [
        ("1", WordList::Connections, "is:unread"),
        ("4", WordList::Templates, "staus:approved"),
        ("5", WordList::Agents, "status:failed"),
        ("6", WordList::Flows, "since:2h"),
        ("7", WordList::Activity, "code:131047"),
    ] {
        sitting.press(&stage, pane).await;
        sitting.press(&stage, "/").await;
        sitting.sees(list.hint());
        sitting.types(&stage, typed).await;
        let refusal = list.check(typed).expect_err("no term of this list");
        sitting.sees(&refusal.to_string());
        sitting.press(&stage, "esc esc").await;
        sitting.does_not_see(&refusal.to_string());
    }
    // What they take narrows them while it is typed.
    sitting.press(&stage, "5 /").await;
    sitting.types(&stage, "no such agent").await;
    sitting.sees("No matches for \"no such agent\"");
    sitting.press(&stage, "esc esc").await;
    sitting.press(&stage, "7 /").await;
    sitting.types(&stage, "nothing like it").await;
    sitting.sees("No matches for \"nothing like it\"");
}
