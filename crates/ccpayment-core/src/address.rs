//! `Address::is_same`, which says whether two spellings are one address.
//!
//! The gateway may show an address in another spelling than the one that it was given. Many
//! chains define several spellings of one address, so text alone can't tell two addresses apart.
//! Ids stay text in `Eq`, `Ord` and `Hash`; [`Address::is_same`] compares what the text stands for.

mod base58;
mod cash;
mod forms;

use crate::ids::Address;
use forms::Form;

impl Address {
    /// Whether both are the same address on one chain: `None` where that can't be told.
    ///
    /// `Some(true)`: they are equal as text but for surrounding white space, or they are two
    /// spellings of one address by the standard of their chain. `Some(false)`: both are valid by
    /// the same standard and stand for different addresses. `None` for everything else, such as
    /// two texts that differ in letter case where case matters: the gateway may have changed it.
    ///
    /// Known standards: EVM addresses (EIP-55, also with XDC's `xdc` prefix), 32 bytes in hex (Sui,
    /// Aptos), Bech32 and Bech32m (BIP 173, BIP 350), CashAddr with and without its prefix, Base58
    /// with a checksum (Bitcoin, TRON, also TRON's hex) and without one (Solana), and TON's raw and
    /// user-friendly forms.
    ///
    /// ```
    /// use ccpayment_core::Address;
    ///
    /// let in_capitals = Address::new("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4");
    /// let in_small = Address::new("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
    /// assert_eq!(in_capitals.is_same(&in_small), Some(true));
    ///
    /// let account = Address::new("alice@example.com");
    /// assert_eq!(account.is_same(&in_small), None);
    /// ```
    #[must_use]
    pub fn is_same(&self, other: &Self) -> Option<bool> {
        let (one, two) = (self.as_str().trim(), other.as_str().trim());
        if one == two {
            return Some(true);
        }
        let is_same = Form::of(one)?.is_same(&Form::of(two)?)?;
        // Without a checksum, a text may stay valid when its letter case changes.
        let may_be_respelt = !is_same && one.eq_ignore_ascii_case(two);
        (!may_be_respelt).then_some(is_same)
    }
}

#[cfg(test)]
mod tests;
