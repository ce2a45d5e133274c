//! A list that forgets its oldest items, so that a long run does not fill the memory.

use std::collections::VecDeque;

/// The newest `MOST` items; an item keeps its number when older ones are gone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recent<T, const MOST: usize> {
    items: VecDeque<T>,
    gone: usize,
}

impl<T, const MOST: usize> Default for Recent<T, MOST> {
    fn default() -> Self {
        Self {
            items: VecDeque::new(),
            gone: 0,
        }
    }
}

impl<T, const MOST: usize> Recent<T, MOST> {
    /// The number of the item.
    pub(crate) fn push(&mut self, item: T) -> usize {
        if self.items.len() >= MOST {
            self.items.pop_front();
            self.gone = self.gone.saturating_add(1);
        }
        self.items.push_back(item);
        self.next_number().saturating_sub(1)
    }

    /// The number that the next item gets.
    pub(crate) fn next_number(&self) -> usize {
        self.gone.saturating_add(self.items.len())
    }

    pub(crate) fn get(&self, number: usize) -> Option<&T> {
        self.items.get(number.checked_sub(self.gone)?)
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.items.get_mut(number.checked_sub(self.gone)?)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_and_numbers_stay() {
        let mut list = Recent::<char, 2>::default();
        let numbers = ['a', 'b', 'c'].map(|item| list.push(item));
        assert_eq!((numbers, list.next_number()), ([0, 1, 2], 3));
        assert_eq!(list.iter().collect::<String>(), "bc");
        assert_eq!((list.get(0), list.get(2)), (None, Some(&'c')));
        assert_eq!(list.get_mut(1), Some(&mut 'b'));
    }
}
