//! The configuration documents, read once at the start. A wrong document
//! disables only its own store, or the stores that need it, and says so.

mod documents;
mod references;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_domain::config::{ConsoleConfig, ErpConfig, StoreConfig};
use weir_domain::id::{ErpId, StoreId};
use weir_domain::mapping::Mappings;
use weir_domain::ports::StoreDisabled;

use crate::environment::Profile;
use documents::Documents;

/// Everything the documents say.
#[derive(Debug, Default)]
pub struct Configuration {
    /// Every store that has a document, usable or not.
    pub stores: BTreeMap<StoreId, Result<Arc<StoreConfig>, Disabled>>,
    /// Usable ERP connections.
    pub erps: BTreeMap<ErpId, ErpConfig>,
    /// Seeds of the mappings, by store.
    pub seeds: BTreeMap<StoreId, Mappings>,
    /// Who may use the console; `None` where there is no `console.json`.
    pub console: Option<Result<Arc<ConsoleConfig>, Problem>>,
    /// What is wrong, in the order of the documents' names.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The document, e.g. `stores/main.json`.
    pub document: String,
    /// JSON path of the field; empty for the document as a whole.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.document, self.problem),
            field => write!(f, "{}: {field}: {}", self.document, self.problem),
        }
    }
}

/// Why a store does not work: never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled(pub Vec<Problem>);

impl fmt::Display for Disabled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&problems.join("; "))
    }
}

impl std::error::Error for Disabled {}

/// There are no documents to read at all.
#[derive(Debug, thiserror::Error)]
#[error("no configuration in {directory}: {problem}")]
pub struct NoConfiguration {
    directory: PathBuf,
    problem: String,
}

impl Configuration {
    /// Reads `stores/*.json`, `erps/*.json`, `mappings/*.json` and
    /// `console.json` of a directory. Every problem is logged once, here.
    pub fn load(directory: &Path, profile: Profile) -> Result<Self, NoConfiguration> {
        let configuration = Self::of(&Documents::read(directory)?, profile);
        for problem in &configuration.problems {
            tracing::error!(
                config.document = problem.document,
                config.field = problem.field,
                "wrong configuration: {problem}"
            );
        }
        Ok(configuration)
    }

    fn of(documents: &Documents, profile: Profile) -> Self {
        let mut problems = Vec::new();
        let erps = documents::erps(&documents.erps, profile, &mut problems);
        let stores = documents::stores(&documents.stores, profile, &mut problems);
        let seeds = documents::seeds(&documents.mappings, &mut problems);
        let console = documents.console.as_ref().map(|document| documents::console(document, profile));
        problems.extend(console.iter().filter_map(|console| console.as_ref().err().cloned()));
        let joined = references::join(stores, erps, seeds, problems);
        Self { console: console.map(|console| console.map(Arc::new)), ..joined }
    }

    /// A store that works, or why it does not.
    pub fn store(&self, id: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled> {
        let disabled = |why: String| StoreDisabled { store: id.clone(), why };
        match self.stores.get(id) {
            Some(Ok(store)) => Ok(Arc::clone(store)),
            Some(Err(problems)) => Err(disabled(problems.to_string())),
            None => Err(disabled(format!("there is no stores/{id}.json"))),
        }
    }

    /// The stores that work.
    pub fn usable_stores(&self) -> impl Iterator<Item = &Arc<StoreConfig>> {
        self.stores.values().filter_map(|store| store.as_ref().ok())
    }
}

/// Everything that is wrong with a directory of documents; empty if all is
/// well. This is what `make check CONFIG=directory` prints.
pub fn check_directory(directory: &Path, profile: Profile) -> Vec<Problem> {
    match Documents::read(directory) {
        Ok(documents) => Configuration::of(&documents, profile).problems,
        Err(missing) => vec![Problem {
            document: missing.directory.display().to_string(),
            field: String::new(),
            problem: missing.problem,
        }],
    }
}

#[cfg(test)]
mod tests;
