//! Tables of the program itself: what each role may do, and the console's keys.

use serde_json::json;

use super::{Common, Exit, print};
use crate::console::{Keymap, keys_markdown};
use crate::domain::access::permission::Right;

pub(super) fn roles(common: &Common, markdown: bool) -> Exit {
    if markdown {
        print!("{}", crate::api::roles_markdown());
    } else if common.json {
        let row = |right: &Right| json!({ "role": right.role().name(), "may": right.what() });
        println!("{}", print::json(&Right::ALL.iter().map(row).collect::<Vec<_>>()));
    } else {
        for right in Right::ALL {
            println!("{:<10}{}", right.role().name(), right.what());
        }
    }
    Exit::Done
}

pub(super) fn keys(common: &Common, markdown: bool) -> Exit {
    let map = Keymap::default();
    let table = crate::console::table();
    if markdown {
        print!("{}", keys_markdown());
    } else if common.json {
        let rows = table.iter().map(|spec| json!({ "command": spec.id, "keys": map.shown(spec), "what": spec.help }));
        println!("{}", print::json(&rows.collect::<Vec<_>>()));
    } else {
        for spec in table {
            println!("{:<24} {:<18} {}", spec.id, map.shown(spec), spec.help);
        }
    }
    Exit::Done
}
