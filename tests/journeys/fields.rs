//! Every place that takes a line of text takes it in the same way: the cursor moves, words go, a paste becomes one
//! line, and the cursor is drawn where the next letter goes.

use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

async fn desk(stage: &mut Stage) -> Sitting {
    stage.says(&rosa(), "hello").await;
    Sitting::down(stage, 120, 40).await
}

/// Types, corrects in the middle, deletes a word and pastes; then what is there, with a bar at the cursor.
async fn edited(stage: &Stage, desk: &mut Sitting) -> String {
    desk.types(stage, "one tree").await;
    desk.press(stage, "home ctrl-right right right").await;
    desk.types(stage, "h").await;
    desk.press(stage, "left backspace").await;
    desk.types(stage, "T").await;
    desk.press(stage, "home delete ctrl-right").await;
    desk.pastes(stage, " and\r\ntwo\u{1b}").await;
    desk.press(stage, "end ctrl-w").await;
    let (left, right) = desk.around_cursor();
    let begins = left.rfind("ne ").unwrap_or(0);
    format!("{}|{}", &left[begins..], right.split("  ").next().unwrap_or_default().trim_end())
}

#[tokio::test]
async fn filter_palette_finder_and_form_edit_a_line_alike() {
    let mut stage = Stage::set().await;
    let mut desk = desk(&mut stage).await;
    for place in ["/", ":", "ctrl-f", "enter n"] {
        desk.press(&stage, place).await;
        assert_eq!(edited(&stage, &mut desk).await, "ne and two |", "{place}:\n{}", desk.screen());
        desk.press(&stage, "esc").await;
        desk.press(&stage, "esc").await;
    }
}

#[tokio::test]
async fn the_composer_moves_and_deletes_by_words_too() {
    let mut stage = Stage::set().await;
    let mut desk = desk(&mut stage).await;
    desk.press(&stage, "enter c").await;
    desk.types(&stage, "one two").await;
    desk.press(&stage, "ctrl-left").await;
    desk.types(&stage, "x").await;
    desk.press(&stage, "end ctrl-w").await;
    desk.sees("one");
    desk.does_not_see("xtwo");
}

#[tokio::test]
async fn a_filter_that_was_applied_is_recalled() {
    let mut stage = Stage::set().await;
    let mut desk = desk(&mut stage).await;
    desk.press(&stage, "/").await;
    desk.types(&stage, "is:unread").await;
    desk.press(&stage, "enter esc / up").await;
    let (left, _) = desk.around_cursor();
    assert!(left.ends_with("is:unread"), "{left:?}\n{}", desk.screen());
    desk.press(&stage, "enter").await;
    desk.sees("/is:unread");
}

#[tokio::test]
async fn the_start_of_a_long_line_is_seen_when_the_cursor_is_there() {
    let mut stage = Stage::set().await;
    let mut desk = desk(&mut stage).await;
    desk.press(&stage, "enter n").await;
    let long = "word ".repeat(40);
    desk.types(&stage, &format!("Begin {long}end")).await;
    desk.does_not_see("Begin");
    desk.press(&stage, "home").await;
    desk.sees("Begin");
    let (_, right) = desk.around_cursor();
    assert!(right.starts_with("Begin"), "{right:?}");
}
