//! Where the configuration and the data are.

use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

fn places() -> Option<impl AppStrategy> {
    let names = AppStrategyArgs { top_level_domain: String::new(), author: String::new(), app_name: "wadeck".into() };
    choose_app_strategy(names).ok()
}

/// What was named, else `./wadeck.toml`, else the user's configuration directory. An empty name is none.
pub fn config_file(named: Option<&Path>) -> PathBuf {
    let here = Path::new("wadeck.toml");
    match named.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => path.to_owned(),
        None if here.exists() => here.to_owned(),
        None => places().map_or_else(|| here.to_owned(), |places| places.config_dir().join("config.toml")),
    }
}

/// What was named, else the user's data directory. An empty name is none.
pub fn data_directory(named: Option<&Path>) -> PathBuf {
    match named.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => path.to_owned(),
        None => places().map_or_else(|| PathBuf::from("wadeck-data"), |places| places.data_dir()),
    }
}
