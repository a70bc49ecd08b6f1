//! Renders `docs/codes.md` from the list.

use super::Code;

/// Returns `docs/codes.md`: every code with its meaning, HTTP status, exit code and typical remedy, by section.
pub fn codes_markdown() -> String {
    let mut text = "# Error codes\n\n\
        Printed by `wadeck codes --markdown` from the list that every error takes its code from. Every surface answers an\n\
        error as `{\"error\": {\"code\", \"reason\", \"remedy\"}}`: the HTTP API and the tools for models with the HTTP status of\n\
        the code, the command line with its exit code (with `--json`, the same object on standard error). Codes do not\n\
        change; `reason` and `remedy` are sentences for people, and do. An error names its own remedy where it knows better\n\
        than the typical one. Codes without an HTTP status come from the command line alone.\n"
        .to_owned();
    for (title, codes) in Code::SECTIONS {
        text.push_str(&format!(
            "\n## {title}\n\n| code | meaning | HTTP | exit | typical remedy |\n|---|---|---|---|---|\n"
        ));
        for code in *codes {
            let http = code.http_status().map_or_else(|| "–".to_owned(), |status| status.to_string());
            let (meaning, exit, remedy) = (code.meaning(), code.exit_code(), code.remedy());
            text.push_str(&format!("| `{code}` | {meaning} | {http} | {exit} | {remedy} |\n"));
        }
    }
    text
}
