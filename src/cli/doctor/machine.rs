//! Checks of the machine: clock synchronization, terminal, tmux.

use std::process::Command;

use super::finding::{Finding, ok, warn};

/// Returns the output of a system tool; `None` if it is missing, fails or prints nothing.
fn tool_output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Checks that the clock is synchronized: signatures, windows and retries depend on it.
pub(in crate::cli) fn clock() -> Finding {
    match tool_output("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).as_deref() {
        Some("yes") => ok("clock", "synchronized over the network"),
        Some("no") => warn(
            "clock",
            "not synchronized",
            "Run `timedatectl set-ntp true`. Service windows and retries depend on the clock.",
        ),
        _ => ok("clock", "this system does not report whether it is synchronized"),
    }
}

pub(in crate::cli) fn terminal() -> Vec<Finding> {
    let term = std::env::var("TERM").unwrap_or_else(|_| "unset".into());
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let utf8 = locale.as_deref().is_none_or(|locale| locale.to_lowercase().replace('-', "").contains("utf8"));
    let mut found = vec![if utf8 {
        ok("terminal", format!("TERM={term}"))
    } else {
        let said = format!("the locale {} is not UTF-8", locale.unwrap_or_default());
        warn("terminal", said, "Set LANG to a UTF-8 locale, such as C.UTF-8. Until then the console draws ASCII.")
    }];
    if std::env::var_os("TMUX").is_some() {
        found.extend(tmux(|option| tool_output("tmux", &["show-options", "-gv", option])));
    }
    if std::env::var_os("MOSH_CONNECTION").is_some() {
        found.push(warn("mosh", "does not pass on the clipboard", "Use ssh to copy text from the console."));
    }
    found
}

/// Checks the tmux options that affect keys and clipboard.
fn tmux(option: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut found = vec![];
    if option("set-clipboard").as_deref() == Some("off") {
        found.push(warn("tmux", "does not pass on the clipboard", "Run `tmux set-option -g set-clipboard on`."));
    }
    let wait = option("escape-time").and_then(|wait| wait.parse::<u32>().ok());
    if let Some(wait) = wait.filter(|wait| *wait > 50) {
        let said = format!("delays esc by {wait} ms");
        found.push(warn("tmux", said, "Run `tmux set-option -g escape-time 10`."));
    }
    if found.is_empty() {
        found.push(ok("tmux", "keys and clipboard work"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tmux_keeps_back_is_named_with_its_remedy() {
        let findings = |clipboard: &'static str, wait: &'static str| {
            tmux(move |option| Some(if option == "set-clipboard" { clipboard } else { wait }.to_owned()))
        };
        let bad = findings("off", "500");
        assert_eq!(bad.len(), 2);
        assert!(bad.iter().all(|one| !one.fine && one.remedy.starts_with("Run `tmux set-option")), "{bad:?}");
        assert!(findings("external", "0").iter().all(|one| one.fine));
        assert!(tmux(|_| None).iter().all(|one| one.fine), "what cannot be asked is not complained about");
    }
}
