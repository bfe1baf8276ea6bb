use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A connection, with the secrets it was made with.
type Made<Secrets, Peer> = (Arc<Secrets>, Arc<Peer>);

/// Connections by name.
pub(super) struct Kept<Name, Secrets, Peer: ?Sized>(Mutex<BTreeMap<Name, Made<Secrets, Peer>>>);

// Derived, it would ask for the same of what is kept.
impl<Name, Secrets, Peer: ?Sized> Default for Kept<Name, Secrets, Peer> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Name: Ord + Clone, Secrets, Peer: ?Sized> Kept<Name, Secrets, Peer> {
    /// The kept connection, unless its secrets were renewed since: then a new
    /// one. Whatever `connect` does, it does not wait.
    pub(super) fn get_or<E>(
        &self,
        name: &Name,
        secrets: Arc<Secrets>,
        connect: impl FnOnce(&Secrets) -> Result<Arc<Peer>, E>,
    ) -> Result<Arc<Peer>, E> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((with, peer)) = all.get(name)
            && Arc::ptr_eq(with, &secrets)
        {
            return Ok(Arc::clone(peer));
        }
        let peer = connect(&secrets)?;
        all.insert(name.clone(), (secrets, Arc::clone(&peer)));
        Ok(peer)
    }
}
