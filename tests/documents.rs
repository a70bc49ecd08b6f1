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
