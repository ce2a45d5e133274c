//! The vectors of each standard, and addresses of no standard.

use super::*;

#[track_caller]
fn is_same(one: &str, two: &str) -> Option<bool> {
    let (one, two) = (Address::new(one), Address::new(two));
    let answer = one.is_same(&two);
    assert_eq!(answer, two.is_same(&one), "{one} {two}");
    answer
}

/// EIP-55's examples.
#[test]
fn evm_letter_case_is_a_checksum_only() {
    for address in [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    ] {
        let bare = &address[2..];
        for other in [
            address.to_lowercase(),
            format!("0X{}", bare.to_uppercase()),
            format!("xdc{bare}"),
            bare.to_owned(),
            format!(" {address}\n"),
        ] {
            assert_eq!(is_same(address, &other), Some(true), "{other}");
        }
        let mut wrong = address.to_owned();
        wrong.replace_range(41.., if address.ends_with('1') { "2" } else { "1" });
        assert_eq!(is_same(address, &wrong), Some(false));
    }
}

#[test]
fn thirty_two_bytes_of_hex_may_lack_leading_zeros() {
    let full = format!(
        "0x{:0>64}",
        "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607"
    );
    let short = "0xA1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F607";
    assert_eq!(is_same(&full, short), Some(true));
    assert_eq!(is_same(&full, &full.replace('7', "8")), Some(false));
}

/// BIP 173 and BIP 350.
#[test]
fn bech32_is_the_same_in_capitals() {
    for address in [
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "BC1SW50QGDZ25J",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
        "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ] {
        assert!(cash::bech32(address).is_some(), "{address}");
        let other = address.to_uppercase();
        assert_eq!(
            is_same(&address.to_lowercase(), &other),
            Some(true),
            "{address}"
        );
    }
    // One character changed, letter cases mixed, no data, no prefix, a character of its own.
    for bad in [
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
        "bc1",
        "1qzzfhee",
        "bc1qb508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ] {
        assert!(cash::bech32(bad).is_none(), "{bad}");
    }
    let (one, two) = (
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
    );
    assert_eq!(is_same(one, two), Some(false));
    assert_eq!(
        is_same(one, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
        None
    );
}

/// The table of the CashAddr specification.
#[test]
fn cash_addr_has_a_legacy_form_and_an_optional_prefix() {
    for (legacy, cash) in [
        (
            "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu",
            "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        ),
        (
            "1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR",
            "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy",
        ),
        (
            "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC",
            "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq",
        ),
        (
            "3LDsS579y7sruadqu11beEJoTjdFiFCdX4",
            "bitcoincash:pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e",
        ),
    ] {
        let bare = cash.strip_prefix("bitcoincash:").unwrap();
        for other in [bare.to_owned(), bare.to_uppercase(), cash.to_uppercase()] {
            assert_eq!(is_same(cash, &other), Some(true), "{other}");
            assert_eq!(is_same(legacy, &other), Some(true), "{other}");
        }
    }
    let one = "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a";
    let other = "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy";
    assert_eq!(is_same(one, other), Some(false));
    // The same hash for a script.
    let script = "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq";
    assert_eq!(is_same(one, script), Some(false));
    assert_eq!(is_same(one, &other.replace("qr95", "qr96")), None);
}

#[test]
fn base58_is_told_by_its_checksum() {
    let tron = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
    let hex = "41a614f803b6fd780986a42c78ec9c7f77e6ded13c";
    assert_eq!(is_same(tron, hex), Some(true));
    assert_eq!(is_same(tron, &hex.to_uppercase()), Some(true));
    let bitcoin = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    assert_eq!(is_same(tron, bitcoin), Some(false));
    // A letter case that was changed proves nothing; nor does a bad copy.
    assert_eq!(is_same(tron, &tron.to_lowercase()), None);
    assert_eq!(is_same(tron, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u"), None);
    // One script on Litecoin, by its old and its new version.
    let (old, new) = (
        "3CDJNfdWX8m2NwuGUV3nhXHXEeLygMXoAj",
        "MJKtegHXvvLiGjFjTmBjASK5dxWVbvZwfw",
    );
    assert_ne!(is_same(old, new), Some(true));
}

#[test]
fn solana_has_no_checksum() {
    let (one, two) = (
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
    );
    assert_eq!(is_same(one, one), Some(true));
    assert_eq!(is_same(one, two), Some(false));
    assert_eq!(
        is_same("11111111111111111111111111111111", one),
        Some(false)
    );
    let respelt = one.replace("Tokenkeg", "TOKENKEG");
    assert_ne!(is_same(one, &respelt), Some(true));
}

/// TON's own documentation of smart contract addresses.
#[test]
fn ton_has_a_raw_form_and_several_friendly_ones() {
    let raw = "-1:fcb91a3a3816d0f7b8c2c76108b8a9bc5a6b7a55bd79f8ab101c52db29232260";
    for friendly in [
        "kf_8uRo6OBbQ97jCx2EIuKm8Wmt6Vb15-KsQHFLbKSMiYIny",
        "kf/8uRo6OBbQ97jCx2EIuKm8Wmt6Vb15+KsQHFLbKSMiYIny",
    ] {
        assert_eq!(is_same(raw, friendly), Some(true), "{friendly}");
    }
    let upper = "-1:FCB91A3A3816D0F7B8C2C76108B8A9BC5A6B7A55BD79F8AB101C52DB29232260";
    assert_eq!(is_same(raw, upper), Some(true));
    let (bounceable, not) = (
        "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N",
        "UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI",
    );
    assert_eq!(is_same(bounceable, not), Some(true));
    assert_eq!(is_same(bounceable, raw), Some(false));
    assert_eq!(is_same(bounceable, &bounceable.to_lowercase()), None);
}

#[test]
fn what_follows_no_standard_is_told_by_its_text_alone() {
    for (one, two) in [
        ("alice@example.com", "35255142"),
        ("alice@example.com", "Alice@example.com"),
        ("", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ("0x", "0x0"),
        ("адрес", "address"),
        // Two standards.
        (
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
            "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c",
        ),
    ] {
        assert_eq!(is_same(one, two), None, "{one} {two}");
        assert_eq!(is_same(one, one), Some(true));
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// For any text, `is_same` ends and is symmetric, and a text is the same address as itself.
        #[test]
        fn any_text_is_compared(one in "[ -~]{0,90}|\\PC{0,40}", two in "[ -~]{0,90}") {
            is_same(&one, &two);
            prop_assert_eq!(is_same(&one, &one), Some(true));
        }

        /// Twenty bytes are one address however their digits are written.
        #[test]
        fn hex_is_compared_by_its_bytes(bytes in any::<[u8; 20]>(), other in any::<[u8; 20]>()) {
            let hex = |bytes: &[u8; 20]| {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
            };
            let (one, two) = (format!("0x{}", hex(&bytes)), format!("0X{}", hex(&other).to_uppercase()));
            prop_assert_eq!(is_same(&one, &two), Some(bytes == other));
        }
    }
}
