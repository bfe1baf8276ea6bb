//! How the console connects to ERPs beside the orders' side of them: to their
//! books, and to what people ask of them.

use std::sync::Arc;

use async_trait::async_trait;
use weir_domain::id::ErpId;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, ErpBooks, ErpConnections, ErpDesk};
use weir_runtime::config::Configuration;
use weir_runtime::connections::Erps;
use weir_runtime::environment::Profile;
use weir_runtime::secrets::Secrets;

/// The configured ERPs, as people see them.
pub struct DeskErps {
    books: Erps<dyn ErpBooks>,
    desks: Erps<dyn ErpDesk>,
}

impl DeskErps {
    /// Nothing is sent before the first call.
    pub fn new(
        configuration: &Arc<Configuration>,
        secrets: Secrets,
        clock: &Arc<dyn Clock>,
        profile: Profile,
    ) -> Self {
        let secrets = Arc::new(secrets);
        let (of_books, of_desks) = (Arc::clone(clock), Arc::clone(clock));
        let local = profile.is_local();
        let books = Erps::new(Arc::clone(configuration), Arc::clone(&secrets), move |config, secrets| {
            weir_erp::connect_books(config, secrets.api_key.clone(), Arc::clone(&of_books), local)
        });
        let desks = Erps::new(Arc::clone(configuration), secrets, move |config, secrets| {
            weir_erp::connect_desk(config, secrets.api_key.clone(), Arc::clone(&of_desks), local)
        });
        Self { books, desks }
    }
}

#[async_trait]
impl ErpConnections for DeskErps {
    async fn books(&self, erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        self.books.get(erp).await
    }

    async fn desk(&self, erp: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        self.desks.get(erp).await
    }
}
