//! Documents: every relative link in them leads to a file, and to a heading that it has.

use std::fs;
use std::path::{Path, PathBuf};

/// All Markdown files that people read.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_folder = |folder: PathBuf| fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = in_folder(root.to_owned()).chain(in_folder(root.join("docs"))).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found
}

/// The targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).expect("readable");
        for target in links(&text).filter(|target| !target.contains("://") && !target.starts_with("mailto:")) {
            let (file, heading) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
            let path = if file.is_empty() { document.clone() } else { document.with_file_name("").join(file) };
            assert!(path.exists(), "{}: {target} leads nowhere", document.display());
            if let Some(heading) = heading {
                let known = anchors(&fs::read_to_string(&path).expect("readable"));
                assert!(
                    known.iter().any(|anchor| anchor == heading),
                    "{}: {target}: no such heading",
                    document.display()
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}

#[test]
fn every_document_is_named_in_the_readme() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("readable");
    for document in documents() {
        let name = document.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(name == "README.md" || readme.contains(&name), "README.md does not name {name}");
    }
}

/// The files below a folder, with paths relative to the project.
fn files_below(folder: &Path, found: &mut Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in fs::read_dir(root.join(folder)).expect("a folder").flatten().map(|entry| entry.path()) {
        let relative = path.strip_prefix(root).expect("inside").to_owned();
        if path.is_dir() {
            files_below(&relative, found);
        } else {
            found.push(relative.display().to_string());
        }
    }
}

#[test]
fn every_named_source_file_exists() {
    let mut files = vec![];
    for folder in ["src", "tests", "benches", "examples"] {
        files_below(Path::new(folder), &mut files);
    }
    let (mut seen, mut missing) = (0, vec![]);
    for document in documents() {
        let text = fs::read_to_string(&document).expect("readable");
        let is_path = |name: &&str| {
            let is_rust = Path::new(name).extension().is_some_and(|extension| extension == "rs");
            is_rust && name.contains('/') && !name.contains(['*', '{', ' ', '<']) && !name.contains(char::is_uppercase)
        };
        for name in text.split('`').skip(1).step_by(2).filter(is_path) {
            seen += 1;
            if !files.iter().any(|file| file == name || file.ends_with(&format!("/{name}"))) {
                missing.push(format!("{}: {name}", document.file_name().unwrap_or_default().display()));
            }
        }
    }
    assert!(seen > 30, "only {seen} paths were found");
    assert!(missing.is_empty(), "{missing:#?}");
}
