//! Default paths of the configuration and the data directory.

use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

fn app_strategy() -> Option<impl AppStrategy> {
    let names = AppStrategyArgs { top_level_domain: String::new(), author: String::new(), app_name: "wadeck".into() };
    choose_app_strategy(names).ok()
}

/// Returns the given path, or else `./wadeck.toml` if it exists, or else `config.toml` in the user's configuration
/// directory. An empty path counts as none.
pub fn config_file(given: Option<&Path>) -> PathBuf {
    let local = Path::new("wadeck.toml");
    match given.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => path.to_owned(),
        None if local.exists() => local.to_owned(),
        None => app_strategy().map_or_else(|| local.to_owned(), |strategy| strategy.config_dir().join("config.toml")),
    }
}

/// Returns the given path, or else the user's data directory. An empty path counts as none.
pub fn data_directory(given: Option<&Path>) -> PathBuf {
    match given.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => path.to_owned(),
        None => app_strategy().map_or_else(|| PathBuf::from("wadeck-data"), |strategy| strategy.data_dir()),
    }
}
