//! [`IndexedList`]: lists that keep the order of arrival and find their items by id.

use std::collections::HashMap;

/// A key that finds an item. Keys of two kinds are never equal, whatever text a merchant chooses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// The merchant's id.
    Order(String),
    /// The merchant's id of something that an end user does.
    UserOrder(String),
    /// The gateway's id.
    Record(String),
    /// An address, folded as its chain compares addresses.
    Address(String),
    /// The id of a transaction on a chain.
    Transaction(String),
}

pub(crate) fn by_order(order_id: &str) -> Key {
    Key::Order(order_id.to_owned())
}

pub(crate) fn by_user_order(order_id: &str) -> Key {
    Key::UserOrder(order_id.to_owned())
}

pub(crate) fn by_record(record_id: &str) -> Key {
    Key::Record(record_id.to_owned())
}

pub(crate) fn by_address(folded: &str) -> Key {
    Key::Address(folded.to_owned())
}

pub(crate) fn by_transaction(tx_id: &str) -> Key {
    Key::Transaction(tx_id.to_owned())
}

/// A list in order of arrival.
#[derive(Debug)]
pub(crate) struct IndexedList<T> {
    items: Vec<T>,
    /// Nobody iterates over it, so its order never matters.
    places: HashMap<Key, usize>,
}

impl<T> Default for IndexedList<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T> IndexedList<T> {
    pub(crate) fn push(&mut self, keys: impl IntoIterator<Item = Key>, item: T) {
        let place = self.items.len();
        self.places.extend(keys.into_iter().map(|key| (key, place)));
        self.items.push(item);
    }

    pub(crate) fn has(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&T> {
        self.items.get(*self.places.get(key)?)
    }

    pub(crate) fn get_mut(&mut self, key: &Key) -> Option<&mut T> {
        self.items.get_mut(*self.places.get(key)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }

    /// Items with their places, newest first, from the newest or from the one before a place.
    pub(crate) fn newest(&self, before: Option<usize>) -> impl Iterator<Item = (usize, &T)> {
        let end = before.map_or(self.items.len(), |before| before.min(self.items.len()));
        self.items
            .get(..end)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .rev()
    }
}
