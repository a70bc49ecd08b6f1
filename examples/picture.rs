//! Draws the picture in the README: plays the demo for a while, sits down at its console, and writes
//! the screen as SVG. `cargo run --example picture > docs/console.svg`
#![expect(clippy::print_stdout, reason = "the picture goes to standard output")]

use std::fmt::Write as _;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use wadeck::api::request_error;
use wadeck::app::{Demo, SystemClock};
use wadeck::console::{
    Console, CustomCommands, Effect, Event, KeyCode, KeyEvent, KeyModifiers, Keymap, Settings, Theme,
};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::time::Clock;
use wadeck::operations::{perform, run_query};

const COLUMNS: u16 = 120;
const ROWS: u16 = 36;
const CELL: (f64, f64) = (8.4, 18.0);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let directory = std::env::temp_dir().join(format!("wadeck-picture-{}", std::process::id()));
    let demo = Demo::start(7, 2.0, directory, |_| None).await?;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let actor = Actor::Operator { name: "ada".into(), role: Role::Admin };
    let settings = Settings {
        theme: Theme { colour: true, ascii: false },
        zone: jiff::tz::TimeZone::UTC,
        actor: actor.clone(),
        enter_sends: true,
        mark_read_on_open: true,
        typing: false,
        pictures: wadeck::domain::message::picture::Pictures::Off,
        editor: true,
        files: wadeck::console::FilePlace::Here,
        keymap: Keymap::default(),
        commands: CustomCommands::default(),
        scope: wadeck::domain::access::scope_choice::ScopeChoice::default(),
        quitting_ends: None,
        greeting: None,
    };
    let (mut console, effects) = Console::new(settings, COLUMNS, ROWS, SystemClock.now());
    settle(&demo, &actor, &mut console, effects).await?;
    // The thread in which something went wrong tells most.
    for key in [
        KeyCode::Char('/'),
        KeyCode::Char('v'),
        KeyCode::Char('e'),
        KeyCode::Char('g'),
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Esc,
    ] {
        let effects = console.update(Event::Key(KeyEvent::new(key, KeyModifiers::NONE)));
        settle(&demo, &actor, &mut console, effects).await?;
    }
    let mut terminal = Terminal::new(TestBackend::new(COLUMNS, ROWS))?;
    terminal.draw(|frame| console.draw(frame))?;
    println!("{}", svg(terminal.backend().buffer()));
    demo.stop().await;
    Ok(())
}

async fn settle(demo: &Demo, actor: &Actor, console: &mut Console, mut effects: Vec<Effect>) -> anyhow::Result<()> {
    while let Some(effect) = effects.pop() {
        let system = &demo.engine.system;
        let event = match effect {
            Effect::Ask(query) => {
                let answer = Box::new(run_query(system, actor, query.clone()).await?);
                Event::Answered { query, answer }
            }
            Effect::Perform(request) => {
                let result = perform(system, actor, request.clone()).await.map_err(request_error);
                Event::Performed { request, result }
            }
            _ => continue,
        };
        effects.extend(console.update(event));
    }
    Ok(())
}

fn svg(buffer: &Buffer) -> String {
    let (width, height) = (f64::from(COLUMNS) * CELL.0 + 24.0, f64::from(ROWS) * CELL.1 + 24.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#14161b\"/>\n"
    );
    for y in 0..ROWS {
        let mut x = 0;
        while x < COLUMNS {
            let start = x;
            let look = look(&buffer[(x, y)]);
            let mut text = String::new();
            while x < COLUMNS && self::look(&buffer[(x, y)]) == look {
                let symbol = buffer[(x, y)].symbol();
                let wide = (unicode_width::UnicodeWidthStr::width(symbol) as u16).max(1);
                text.push_str(symbol);
                x += wide;
                // What is wide is placed on its own, so that a font's idea of it moves nothing else.
                if wide > 1 || !symbol.is_ascii() {
                    break;
                }
                if x < COLUMNS && !buffer[(x, y)].symbol().is_ascii() {
                    break;
                }
            }
            cells(&mut out, start, y, x - start, &text, look);
        }
    }
    out.push_str("</svg>");
    out
}

/// Foreground, background and weight.
type Look = (&'static str, Option<&'static str>, bool);

fn look(cell: &Cell) -> Look {
    let front = match cell.fg {
        Color::Cyan => "#56b6c2",
        Color::Green => "#98c379",
        Color::Yellow => "#d7a65f",
        Color::Red => "#e06c75",
        _ if cell.modifier.contains(Modifier::DIM) => "#8b92a0",
        _ => "#c8ccd4",
    };
    let bold = cell.modifier.contains(Modifier::BOLD);
    if cell.modifier.contains(Modifier::REVERSED) { ("#14161b", Some(front), bold) } else { (front, None, bold) }
}

fn cells(out: &mut String, x: u16, y: u16, count: u16, text: &str, (front, back, bold): Look) {
    let (left, top) = (f64::from(x) * CELL.0 + 12.0, f64::from(y) * CELL.1 + 12.0);
    let width = f64::from(count) * CELL.0;
    if let Some(back) = back {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{back}\"/>",
            CELL.1
        );
    }
    // Blanks at the edges are space, not text: some viewers drop them.
    let text = text.trim_end();
    if text.trim().is_empty() {
        return;
    }
    let leading = text.len() - text.trim_start().len();
    let (left, text) = (left + leading as f64 * CELL.0, text.trim_start());
    let width = unicode_width::UnicodeWidthStr::width(text) as f64 * CELL.0;
    let weight = if bold { " font-weight=\"bold\"" } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{front}\"{weight}>{text}</text>",
        top + 13.5
    );
}
