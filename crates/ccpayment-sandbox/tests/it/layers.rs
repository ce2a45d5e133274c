//! The crate's modules are layers: none takes from one that takes from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the ground up; each takes only from those before it.
const LAYERS: [&str; 10] = [
    "model",
    "state",
    "rules",
    "routes",
    "gateway",
    "ops",
    "api",
    "http_admin",
    "in_process",
    "server",
];

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Each module's own code by its path, without tests and comments.
fn modules() -> BTreeMap<String, String> {
    fn read(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if stem != "bin" {
                    read(&path, &format!("{prefix}{stem}::"), found);
                }
                continue;
            }
            let name = match stem.as_str() {
                "lib" => continue,
                "mod" => prefix.trim_end_matches("::").to_owned(),
                _ => format!("{prefix}{stem}"),
            };
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("\n#[cfg(test)]\n").next().unwrap();
            let code = text.lines().map(|line| line.split("//").next().unwrap());
            found.insert(name, code.collect::<Vec<_>>().join(" "));
        }
    }
    let mut found = BTreeMap::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    read(&source, "", &mut found);
    found
}

/// The paths of a tree such as `a::{b, c::{self, D}}`, which ends where its braces do.
fn paths(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let end = tree.find(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)));
    let (head, rest) = tree.split_at(end.unwrap_or(tree.len()));
    let Some(inner) = rest.strip_prefix('{') else {
        found.push(format!("{prefix}{head}"));
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (place, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                let part = inner[start..place].trim();
                if !part.is_empty() {
                    paths(&format!("{prefix}{head}"), part, found);
                }
                start = place + 1;
                if letter == '}' {
                    return;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
}

fn edges(modules: &BTreeMap<String, String>) -> Edges {
    let mut edges = Edges::new();
    for (name, code) in modules {
        let parent = name.rsplit_once("::").map_or("", |(parent, _)| parent);
        let mut named = Vec::new();
        for (keyword, prefix) in [("crate::", ""), ("super::", parent)] {
            let prefix = if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}::")
            };
            for (place, _) in code.match_indices(keyword) {
                paths(&prefix, &code[place + keyword.len()..], &mut named);
            }
        }
        let mut taken: BTreeSet<String> = named
            .iter()
            .map(|path| {
                let mut module = path.as_str();
                while !modules.contains_key(module) {
                    // What the root has, it has from below.
                    module = module
                        .rsplit_once("::")
                        .unwrap_or_else(|| panic!("{name} takes {path} from the root"))
                        .0;
                }
                module.to_owned()
            })
            .collect();
        // A parent has its children.
        let inside = format!("{name}::");
        let children = modules.keys().filter(|other| {
            let rest = other.strip_prefix(&inside);
            rest.is_some_and(|rest| !rest.contains("::"))
        });
        taken.extend(children.cloned());
        taken.remove(name);
        edges.insert(name.clone(), taken);
    }
    edges
}

/// What is left when everything is gone that takes from nothing that is left, or that nothing that
/// is left takes from.
fn circles(mut edges: Edges) -> Edges {
    loop {
        let taken: BTreeSet<String> = edges.values().flatten().cloned().collect();
        let before = edges.len();
        edges.retain(|name, takes| !takes.is_empty() && taken.contains(name));
        if edges.len() == before {
            return edges;
        }
        let left: BTreeSet<String> = edges.keys().cloned().collect();
        for takes in edges.values_mut() {
            takes.retain(|name| left.contains(name));
        }
    }
}

#[test]
fn no_module_takes_from_one_that_takes_from_it() {
    let modules = modules();
    let edges = edges(&modules);
    assert!(edges["state"].contains("model::indexed_list"), "{edges:?}");
    assert_eq!(circles(edges.clone()), Edges::new());

    let top = |path: &str| path.split("::").next().unwrap().to_owned();
    let mut folders = Edges::new();
    for (name, taken) in &edges {
        let folder = folders.entry(top(name)).or_default();
        folder.extend(taken.iter().map(|path| top(path)));
        folder.remove(&top(name));
    }
    assert_eq!(circles(folders.clone()), Edges::new());
    for (height, layer) in LAYERS.iter().enumerate() {
        for above in &LAYERS[height + 1..] {
            assert!(
                !folders[*layer].contains(*above),
                "{layer} takes from {above}"
            );
        }
    }
}

#[test]
fn circles_and_trees_of_paths_are_seen() {
    let mut found = Vec::new();
    paths(
        "",
        "model::{money, chains::{self, Chain}, v1}; other",
        &mut found,
    );
    let chains = "model::chains::";
    let expected = [
        "model::money".to_owned(),
        format!("{chains}self"),
        format!("{chains}Chain"),
        "model::v1".to_owned(),
    ];
    assert_eq!(found, expected);
    let edge = |from: &str, to: &[&str]| {
        let taken = to.iter().map(|name| (*name).to_owned()).collect();
        (from.to_owned(), taken)
    };
    let round = Edges::from([
        edge("a", &["b"]),
        edge("b", &["a", "c"]),
        edge("c", &[]),
        edge("d", &["a"]),
    ]);
    let left: Vec<_> = circles(round).into_keys().collect();
    assert_eq!(left, ["a", "b"]);
}
