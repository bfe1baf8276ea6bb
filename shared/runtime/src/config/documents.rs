//! Each document on its own: read, parsed, checked, and named as it should be.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use weir_domain::config::{ConfigError, ConsoleConfig, ErpConfig, StoreConfig};
use weir_domain::id::{ErpId, StoreId};
use weir_domain::mapping::{MappingDocument, MappingKey, MappingKind, Mappings};

use super::{NoConfiguration, Problem};
use crate::environment::Profile;

/// The texts of a directory.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub(super) stores: Vec<Document>,
    pub(super) erps: Vec<Document>,
    pub(super) mappings: Vec<Document>,
    /// `console.json`, if there is one.
    pub(super) console: Option<Document>,
}

/// One text.
#[derive(Debug)]
pub(super) struct Document {
    /// The file's name without `.json`: the id of what it describes.
    pub(super) name: String,
    /// As shown to people: `stores/main.json`.
    pub(super) path: String,
    /// The text, or why it could not be read.
    pub(super) text: Result<String, String>,
}

impl Document {
    pub(super) fn problem(&self, field: impl Into<String>, problem: impl Into<String>) -> Problem {
        Problem { document: self.path.clone(), field: field.into(), problem: problem.into() }
    }
}

impl Documents {
    pub(super) fn read(directory: &Path) -> Result<Self, NoConfiguration> {
        let folder = |name: &str| {
            read_folder(directory, name).map_err(|error| NoConfiguration {
                directory: directory.to_owned(),
                problem: format!("{name}/ cannot be read ({})", error.kind()),
            })
        };
        // A shop whose names are the ERP's needs no mappings.
        let mappings = if directory.join("mappings").exists() { folder("mappings")? } else { Vec::new() };
        let console = read_file(&directory.join("console.json"), "console", "console.json");
        Ok(Self { stores: folder("stores")?, erps: folder("erps")?, mappings, console })
    }
}

/// A document that need not be there.
fn read_file(file: &Path, name: &str, path: &str) -> Option<Document> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        read => read.map_err(|error| format!("cannot be read: {error}")),
    };
    Some(Document { name: name.to_owned(), path: path.to_owned(), text })
}

fn read_folder(directory: &Path, folder: &str) -> io::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for entry in directory.join(folder).read_dir()? {
        let file = entry?.path();
        let (Some(name), Some("json")) = (file.file_stem(), file.extension().and_then(|end| end.to_str()))
        else {
            continue;
        };
        let name = name.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).map_err(|error| format!("cannot be read: {error}"));
        documents.push(Document { path: format!("{folder}/{name}.json"), name, text });
    }
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(documents)
}

/// Every document that names an id: what it says, or what is wrong with it.
pub(super) type ById<I, T> = BTreeMap<I, Result<T, Problem>>;

pub(super) fn stores(
    documents: &[Document],
    profile: Profile,
    problems: &mut Vec<Problem>,
) -> ById<StoreId, StoreConfig> {
    by_id(documents, problems, |document| {
        let config: StoreConfig = parse(document)?;
        named(document, "store", config.store.as_str())?;
        config.check(profile.is_local()).map_err(|error| refused(document, error))?;
        Ok(config)
    })
}

pub(super) fn erps(
    documents: &[Document],
    profile: Profile,
    problems: &mut Vec<Problem>,
) -> ById<ErpId, ErpConfig> {
    by_id(documents, problems, |document| {
        let config: ErpConfig = parse(document)?;
        named(document, "erp", config.erp.as_str())?;
        config.check(profile.is_local()).map_err(|error| refused(document, error))?;
        Ok(config)
    })
}

pub(super) fn seeds(documents: &[Document], problems: &mut Vec<Problem>) -> ById<StoreId, Mappings> {
    by_id(documents, problems, |document| {
        let seed: MappingDocument = parse(document)?;
        named(document, "store", seed.store.as_str())?;
        flatten(document, seed)
    })
}

pub(super) fn console(document: &Document, profile: Profile) -> Result<ConsoleConfig, Problem> {
    let config: ConsoleConfig = parse(document)?;
    config.check(profile.is_local()).map_err(|error| refused(document, error))?;
    Ok(config)
}

fn by_id<I: FromStr + Ord, T>(
    documents: &[Document],
    problems: &mut Vec<Problem>,
    read: impl Fn(&Document) -> Result<T, Problem>,
) -> ById<I, T> {
    let mut found = BTreeMap::new();
    for document in documents {
        let value = read(document);
        problems.extend(value.as_ref().err().cloned());
        // Whose name is no id was refused as misnamed: it belongs to nobody.
        if let Ok(id) = document.name.parse() {
            found.insert(id, value);
        }
    }
    found
}

fn parse<T: DeserializeOwned>(document: &Document) -> Result<T, Problem> {
    let text = document.text.as_ref().map_err(|problem| document.problem("", problem))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // "." is the whole document, "?" one that ends too early.
        let field = Some(error.path().to_string()).filter(|path| path != "." && path != "?");
        document.problem(field.unwrap_or_default(), error.into_inner().to_string())
    })?;
    json.end().map_err(|error| document.problem("", error.to_string()))?;
    Ok(value)
}

fn named(document: &Document, field: &str, id: &str) -> Result<(), Problem> {
    if document.name == id {
        return Ok(());
    }
    Err(document
        .problem(field, format!("is {id:?}, but the file is named {:?}: make them equal", document.name)))
}

fn refused(document: &Document, error: ConfigError) -> Problem {
    document.problem(error.field, error.problem)
}

/// Only a tax set may map to any number of codes; everything else is one.
fn flatten(document: &Document, seed: MappingDocument) -> Result<Mappings, Problem> {
    let mut mappings = Mappings::new();
    for (kind, entries) in seed.mappings {
        for (name, codes) in entries {
            let field = || format!("mappings.{}.{name:?}", kind.as_str());
            if name.trim().is_empty() || codes.iter().any(|code| code.trim().is_empty()) {
                return Err(document.problem(field(), "names and codes must not be empty"));
            }
            if kind != MappingKind::Tax && codes.len() != 1 {
                return Err(document.problem(field(), format!("needs exactly one code, has {}", codes.len())));
            }
            mappings.insert(MappingKey::new(kind, name), codes);
        }
    }
    Ok(mappings)
}
