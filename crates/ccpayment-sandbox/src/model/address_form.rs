//! The forms of addresses on the chains that are neither EVM nor have a family of their own.

const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64_URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BECH32: &str = "023456789acdefghjklmnpqrstuvwxyz";

/// The form of an address. Made-up ones have its letters and its length, and no valid checksum.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AddressForm {
    /// What a made-up address begins with.
    pub(crate) prefix: &'static str,
    /// What follows, at random.
    pub(crate) letters: &'static str,
    pub(crate) count: usize,
    /// How other addresses may begin, the prefix included, and how long they may be.
    accepted: &'static [&'static str],
    lengths: (usize, usize),
    /// Payments name no sender.
    pub(crate) hides_sender: bool,
}

impl AddressForm {
    /// By form only, no checksum.
    pub(crate) fn accepts(&self, address: &str) -> bool {
        let rest = (self.accepted.iter()).find_map(|start| address.strip_prefix(start));
        (self.lengths.0..=self.lengths.1).contains(&address.len())
            && rest.is_some_and(|rest| {
                rest.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            })
    }
}

const fn form(
    prefix: &'static str,
    letters: &'static str,
    count: usize,
    accepted: &'static [&'static str],
    lengths: (usize, usize),
) -> AddressForm {
    AddressForm {
        prefix,
        letters,
        count,
        accepted,
        lengths,
        hides_sender: false,
    }
}

const fn without_sender(form: AddressForm) -> AddressForm {
    AddressForm {
        hides_sender: true,
        ..form
    }
}

pub(crate) static SOLANA: AddressForm = form("", BASE58, 44, &[""], (32, 44));
pub(crate) static TON: AddressForm =
    form("UQ", BASE64_URL, 46, &["UQ", "EQ", "0Q", "kQ"], (48, 48));
pub(crate) static LITECOIN: AddressForm = without_sender(form(
    "ltc1q",
    BECH32,
    38,
    &["ltc1", "L", "M", "3"],
    (26, 63),
));
pub(crate) static DOGE: AddressForm =
    without_sender(form("D", BASE58, 33, &["D", "A", "9"], (34, 34)));
pub(crate) static BITCOIN_CASH: AddressForm = without_sender(form(
    "bitcoincash:q",
    BECH32,
    41,
    &["bitcoincash:", "q", "p", "1", "3"],
    (26, 54),
));
pub(crate) static CARDANO: AddressForm = without_sender(form(
    "addr1q",
    BECH32,
    97,
    &["addr1", "DdzFF", "Ae2"],
    (58, 120),
));
pub(crate) static STELLAR: AddressForm = form("G", BASE32, 55, &["G", "M"], (56, 69));
pub(crate) static POLKADOT: AddressForm = form("1", BASE58, 47, &["1"], (46, 48));
pub(crate) static COSMOS: AddressForm = form("cosmos1", BECH32, 38, &["cosmos1"], (45, 65));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chains::Family;
    use crate::model::ids::Ids;

    #[test]
    fn each_form_takes_what_it_makes_and_real_ones() {
        for (form, real) in [
            (&SOLANA, "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
            (&TON, "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"),
            (&LITECOIN, "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9"),
            (&DOGE, "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"),
            (
                &BITCOIN_CASH,
                "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
            ),
            (
                &CARDANO,
                "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8",
            ),
            (
                &STELLAR,
                "GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN",
            ),
            (
                &POLKADOT,
                "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
            ),
            (&COSMOS, "cosmos1depk54cuajgkzea6zpgkq36tnjwdzv4afc3d27"),
        ] {
            let made = Ids::new(7).address(Family::Formed(form));
            assert_eq!(made.len(), form.prefix.len() + form.count);
            assert!(form.accepts(&made), "{made}");
            assert!(form.accepts(real), "{real}");
            assert!(
                !form.accepts("") && !form.accepts("0xBb9C4e7F3687aca1AE2828c18f9E3ae067F569FE@")
            );
            assert!(!form.accepts(&format!("{made} ")));
        }
    }
}
