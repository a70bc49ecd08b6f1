//! `wadeck config`: checks, prints and migrates the configuration file.

use serde_json::json;

use crate::app::AppError;
use crate::cli::client::error::CliError;
use crate::cli::doctor::environment;
use crate::cli::exit::Exit;
use crate::cli::options::Common;
use crate::cli::print::layout::json as printed;
use crate::cli::verbs::ConfigVerb;
use crate::config::{self, ConfigError, Fault};
use crate::console::{CustomCommands, Keymap};
use crate::provider::Registry;

pub(in crate::cli) fn run(common: &Common, verb: &ConfigVerb) -> Exit {
    match verb {
        ConfigVerb::Check => check(common),
        ConfigVerb::Show => show(common),
        ConfigVerb::Migrate => migrate(common),
    }
}

fn lines(warnings: &[Fault]) -> String {
    let line = |warning: &Fault| format!("\n  line {}, column {}: {}", warning.line, warning.column, warning.what);
    let migrate =
        if warnings.is_empty() { "" } else { "\nPrint the file with all keys renamed: `wadeck config migrate`." };
    format!("{}{migrate}", warnings.iter().map(line).collect::<String>())
}

/// Checks the keys, and the keys and panes of custom commands.
fn check_keys(config: &config::Config) -> Result<(), Vec<String>> {
    let mut keymap = Keymap::with(&config.keys)?;
    CustomCommands::read(&config.commands, &mut keymap).map(|_| ())
}

/// Prints errors and warnings of the configuration file.
fn check(common: &Common) -> Exit {
    let path = config::config_file(common.config.as_deref());
    let loaded = config::load(&path, Registry::SHAPES);
    let keys = loaded.as_ref().ok().and_then(|config| check_keys(config).err());
    let warnings: &[Fault] = loaded.as_ref().map_or(&[], |config| &config.warnings);
    let environment = loaded.as_ref().map(environment::warnings).unwrap_or_default();
    let (exit, faults, text) = match (&loaded, keys) {
        (Ok(_), None) => (Exit::Done, vec![], format!("{} is valid.{}", path.display(), lines(warnings))),
        (Ok(_), Some(faults)) => (Exit::Failed, vec![], faults.join("\n")),
        (Err(ConfigError::Faulty { faults, .. }), _) => {
            (Exit::Failed, faults.clone(), loaded.as_ref().err().map(ToString::to_string).unwrap_or_default())
        }
        (Err(error), _) => (Exit::Failed, vec![], error.to_string()),
    };
    if common.json {
        let right = exit == Exit::Done;
        let renamed = warnings.iter().map(|one| one.what.clone());
        let warnings: Vec<String> = renamed.chain(environment).collect();
        println!("{}", printed(&json!({ "file": path, "right": right, "faults": faults, "warnings": warnings })));
    } else if exit == Exit::Done {
        println!("{text}");
        for warning in &environment {
            println!("Warning: {warning}");
        }
    } else {
        eprintln!("{text}");
    }
    exit
}

/// Prints the effective configuration, defaults included.
fn show(common: &Common) -> Exit {
    let path = config::config_file(common.config.as_deref());
    match config::effective_table(&path, Registry::SHAPES) {
        Ok(value) if common.json => {
            println!("{}", printed(&value));
            Exit::Done
        }
        Ok(value) => {
            println!("# {}", path.display());
            print!("{}", config::to_toml(&value));
            Exit::Done
        }
        Err(error) => CliError::from(AppError::Config(error)).report(common.json),
    }
}

/// Prints the file with renamed keys replaced by their current names.
fn migrate(common: &Common) -> Exit {
    let path = config::config_file(common.config.as_deref());
    match config::migrate(&path, Registry::SHAPES) {
        Ok((text, renamed)) if common.json => {
            println!("{}", printed(&json!({ "file": path, "text": text, "renamed": renamed })));
            Exit::Done
        }
        Ok((text, _)) => {
            print!("{text}");
            Exit::Done
        }
        Err(error) => CliError::from(AppError::Config(error)).report(common.json),
    }
}
