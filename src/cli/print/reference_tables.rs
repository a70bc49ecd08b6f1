//! Prints reference tables: permissions of roles, error codes, alert kinds, connection states and console keys.

use serde_json::json;

use super::layout;
use crate::cli::exit::Exit;
use crate::cli::options::Common;
use crate::console::{Keymap, keys_markdown};
use crate::domain::access::permission::Permission;
use crate::domain::code::{Code, codes_markdown};
use crate::domain::message::inbound_kind::InboundKind;
use crate::domain::monitoring::alert_kind::{AlertKind, alerts_markdown};
use crate::domain::numbers::life::LIFE;
use crate::domain::outbox::error_code::ErrorCode;
use crate::provider::error_codes::{error_codes, error_codes_markdown};

pub(in crate::cli) fn roles(common: &Common, markdown: bool) -> Exit {
    if markdown {
        print!("{}", crate::api::roles_markdown());
    } else if common.json {
        let row = |right: &Permission| json!({ "role": right.role().name(), "may": right.what() });
        println!("{}", layout::json(&Permission::ALL.iter().map(row).collect::<Vec<_>>()));
    } else {
        for right in Permission::ALL {
            println!("{:<10}{}", right.role().name(), right.what());
        }
    }
    Exit::Done
}

pub(in crate::cli) fn codes(common: &Common, markdown: bool) -> Exit {
    if markdown {
        print!("{}", codes_markdown());
    } else if common.json {
        let row = |code: &Code| {
            json!({ "code": code, "meaning": code.meaning(), "http_status": code.http_status(),
                "exit_code": code.exit_code(), "remedy": code.remedy() })
        };
        println!("{}", layout::json(&Code::ALL.iter().map(row).collect::<Vec<_>>()));
    } else {
        for code in Code::ALL {
            println!("{:<26} {}", code.as_str(), code.meaning());
        }
    }
    Exit::Done
}

/// Prints the providers' error codes.
pub(in crate::cli) fn provider_codes(common: &Common, markdown: bool) -> Exit {
    if markdown {
        print!("{}", error_codes_markdown());
    } else if common.json {
        let row = |(provider, one): (&str, &ErrorCode)| {
            json!({ "provider": provider, "code": one.code, "class": one.class, "title": one.title,
                "meaning": one.explanation, "handling": one.handling(), "who_acts": one.class.who_acts(),
                "remedy": one.remedy })
        };
        let all = error_codes();
        let rows = all.iter().flat_map(|(name, codes)| codes.iter().map(move |one| row((name, one))));
        println!("{}", layout::json(&rows.collect::<Vec<_>>()));
    } else {
        for (name, codes) in error_codes() {
            println!("{name}");
            for one in codes {
                println!("  {:<9} {}: {}", one.code, one.title, one.handling());
            }
        }
    }
    Exit::Done
}

/// Returns the alert kinds with their remedies, one per line.
pub(in crate::cli) fn alerts_text() -> String {
    let line = |kind: &AlertKind| format!("{:<18} {}", kind.as_str(), kind.raised());
    AlertKind::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns the alert kinds as JSON.
pub(in crate::cli) fn alerts_json() -> String {
    let row = |kind: &AlertKind| json!({ "kind": kind.as_str(), "title": kind.title(), "raised": kind.raised(), "remedy": kind.remedy() });
    layout::json(&AlertKind::ALL.iter().map(row).collect::<Vec<_>>())
}

pub(in crate::cli) fn alerts(common: &Common, markdown: bool) -> Exit {
    if markdown {
        print!("{}", alerts_markdown());
    } else if common.json {
        println!("{}", alerts_json());
    } else {
        println!("{}", alerts_text());
    }
    Exit::Done
}

/// Returns the connection states and their possible actions as JSON.
pub(in crate::cli) fn states_json() -> String {
    let rows = LIFE.iter().map(|(state, ways)| {
        let ways = ways.iter().filter_map(|(event, next)| {
            let verb = event.verb()?;
            Some(json!({ "command": verb.for_id("ID"), "what": verb.words, "leads_to": next.name() }))
        });
        json!({ "state": state.name(), "ways": ways.collect::<Vec<_>>() })
    });
    layout::json(&rows.collect::<Vec<_>>())
}

/// Returns the kinds of inbound messages and their effects as JSON.
pub(in crate::cli) fn inbound_kinds_json() -> String {
    let rows = InboundKind::ALL.map(|kind| {
        let follows = kind.effects();
        json!({ "kind": kind.name(), "in_thread": follows.line, "opens_window": follows.window, "unread": follows.unread,
            "asks_agent": follows.routed, "waits_for_person": follows.waits })
    });
    layout::json(&rows)
}

pub(in crate::cli) fn keys(common: &Common, markdown: bool) -> Exit {
    let map = Keymap::default();
    let table = crate::console::table();
    if markdown {
        print!("{}", keys_markdown());
    } else if common.json {
        let rows = table.map(|spec| json!({ "command": spec.id, "keys": map.keys_of(spec), "what": spec.help }));
        println!("{}", layout::json(&rows.collect::<Vec<_>>()));
    } else {
        for spec in table {
            println!("{:<24} {:<18} {}", spec.id, map.keys_of(spec), spec.help);
        }
    }
    Exit::Done
}
