//! Keys in every form, on every backend, and keys that are refused.

use std::path::Path;

use super::{KeyError, RsaBackend, RsaPrivateKey, RsaPublicKey, SignText};

const SIZES: [usize; 4] = [2048, 3072, 4096, 8192];

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rsa_key/keys");
    std::fs::read(folder.join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(file(name)).unwrap()
}

fn both(do_it: impl Fn(RsaBackend)) {
    assert_eq!(
        RsaBackend::ALL.len(),
        usize::from(cfg!(feature = "rsa")) + usize::from(cfg!(feature = "aws-lc-rs"))
    );
    assert_eq!(RsaBackend::ALL[0], RsaBackend::default());
    RsaBackend::ALL.iter().copied().for_each(do_it);
}

const TEXT: SignText<'static> = SignText {
    app_id: "testappid0000001",
    timestamp: "1677152720",
    body: br#"{"coinId":1280}"#,
};

#[test]
fn a_key_is_the_same_in_every_form() {
    both(|backend| {
        for bits in SIZES {
            let name = |rest: &str| format!("rsa{bits}.{rest}");
            assert_ne!(
                file(&name("private.pkcs8.der")),
                file(&name("private.pkcs1.der"))
            );
            assert_ne!(
                file(&name("public.spki.der")),
                file(&name("public.pkcs1.der"))
            );
            let private = [
                RsaPrivateKey::from_pem_with(backend, &text(&name("private.pkcs8.pem"))),
                RsaPrivateKey::from_pem_with(backend, &text(&name("private.pkcs1.pem"))),
                RsaPrivateKey::from_der_with(backend, &file(&name("private.pkcs8.der"))),
                RsaPrivateKey::from_der_with(backend, &file(&name("private.pkcs1.der"))),
            ]
            .map(|key| key.unwrap().sign(&TEXT).unwrap());
            assert!(private.iter().all(|it| it.as_str() == private[0].as_str()));
            for key in [
                RsaPublicKey::from_pem_with(backend, &text(&name("public.spki.pem"))),
                RsaPublicKey::from_pem_with(backend, &text(&name("public.pkcs1.pem"))),
                RsaPublicKey::from_der_with(backend, &file(&name("public.spki.der"))),
                RsaPublicKey::from_der_with(backend, &file(&name("public.pkcs1.der"))),
            ] {
                let key = key.unwrap();
                assert_eq!(key.bits(), bits);
                assert!(key.verify(&TEXT, private[0].as_str().as_bytes()));
                let other = SignText {
                    timestamp: "1677152721",
                    ..TEXT
                };
                assert!(!key.verify(&other, private[0].as_str().as_bytes()));
            }
        }
    });
}

/// `openssl dgst -sha256 -sign rsa2048.private.pkcs8.pem | base64` over the text, without line ends.
#[test]
fn a_signature_is_what_openssl_makes_of_the_text() {
    const EXPECTED: &str = concat!(
        "nFzNQwD/QWXWWCmi+MjJpRrNXqtRY0iQLgWL33lg8dHQ2CWd1KYvubrQwhyCpPrD/qnbOm0JgXdnNRRv",
        "GrhBz4IRgavHH1KEwNZWuDMJpC1vNfn1yO3g+pHCbCNnX6SvB3Tmxy3DkrR0DVRySH70aNpPJL+ln+g/",
        "oeLn7UATnDcpSTgJlK6n4CoWRes/phD1q4iHLnHPLWtCbG15GPZmEZ4kwkc3Msj1b0TeVeqobm6XQyF0",
        "9qnoAsO/esXw4WbfLc4ppYixn1++oAU9n81x+sJEpKfwMoNfsi7oBVdoiPFYTNqHR/yWaFFZxojtExPf",
        "mO3v4R8gUSiV6ewNdK7IWg=="
    );
    both(|backend| {
        let pem = text("rsa2048.private.pkcs8.pem");
        let key = RsaPrivateKey::from_pem_with(backend, &pem).unwrap();
        assert_eq!(key.sign(&TEXT).unwrap().as_str(), EXPECTED, "{backend:?}");
        assert!(key.public_key().verify(&TEXT, EXPECTED.as_bytes()));
    });
}

#[test]
fn a_small_key_is_refused() {
    both(|backend| {
        let small = |key: Result<(), KeyError>| {
            assert_eq!(key, Err(KeyError::TooSmall { bits: 1024 }));
        };
        for form in ["pkcs8", "pkcs1"] {
            let pem = text(&format!("rsa1024.private.{form}.pem"));
            small(RsaPrivateKey::from_pem_with(backend, &pem).map(drop));
            let der = file(&format!("rsa1024.private.{form}.der"));
            small(RsaPrivateKey::from_der_with(backend, &der).map(drop));
        }
        for form in ["spki", "pkcs1"] {
            let pem = text(&format!("rsa1024.public.{form}.pem"));
            small(RsaPublicKey::from_pem_with(backend, &pem).map(drop));
            let der = file(&format!("rsa1024.public.{form}.der"));
            small(RsaPublicKey::from_der_with(backend, &der).map(drop));
        }
    });
}

/// A public key with a modulus of so many bits, all ones.
fn public_of(bits: usize) -> Vec<u8> {
    let mut n = vec![0xff; bits.div_ceil(8)];
    n[0] >>= n.len() * 8 - bits;
    public(n, &[1, 0, 1])
}

fn public(mut n: Vec<u8>, e: &[u8]) -> Vec<u8> {
    if n[0] >= 0x80 {
        n.insert(0, 0);
    }
    let long = |tag: u8, content: &[u8]| {
        let mut all = vec![tag, 0x82];
        all.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        all.extend(content);
        all
    };
    let mut inside = long(2, &n);
    inside.extend([2, u8::try_from(e.len()).unwrap()]);
    inside.extend(e);
    long(0x30, &inside)
}

#[test]
fn the_bounds_are_exact() {
    both(|backend| {
        let read =
            |bits| RsaPublicKey::from_der_with(backend, &public_of(bits)).map(|it| it.bits());
        assert_eq!(read(2047), Err(KeyError::TooSmall { bits: 2047 }));
        assert_eq!(read(2048), Ok(2048));
        assert_eq!(read(2049), Ok(2049));
        assert_eq!(read(8192), Ok(8192));
        assert_eq!(read(8193), Err(KeyError::TooLarge { bits: 8193 }));
        assert_eq!(read(40_000), Err(KeyError::TooLarge { bits: 40_000 }));
    });
}

#[test]
fn numbers_that_make_no_key_are_refused_by_every_backend() {
    both(|backend| {
        let odd = vec![0xff; 256];
        let even = [&[0xff; 255][..], &[0xfe]].concat();
        let read = |n: &[u8], e: &[u8]| {
            RsaPublicKey::from_der_with(backend, &public(n.to_vec(), e)).map(drop)
        };
        for e in [
            &[3][..],
            &[1, 0, 1],
            &[1, 0, 0, 0, 1],
            &[1, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(read(&odd, e), Ok(()), "{backend:?} {e:?}");
            assert_eq!(read(&even, e), Err(KeyError::Inconsistent), "{backend:?}");
        }
        // None, one, even, and more than 33 bits.
        for e in [
            &[0][..],
            &[1],
            &[2],
            &[1, 0, 0],
            &[2, 0, 0, 0, 1],
            &[1, 0, 0, 0, 0, 0, 0, 0, 1],
        ] {
            let error = read(&odd, e);
            assert_eq!(error, Err(KeyError::Inconsistent), "{backend:?} {e:?}");
        }
        // Not in the shortest form, or negative.
        for e in [&[0, 3][..], &[0x83], &[]] {
            assert_eq!(read(&odd, e), Err(KeyError::Malformed));
        }
    });
}

#[test]
fn what_is_no_key_for_us_is_named() {
    both(|backend| {
        let private = |pem: &str| RsaPrivateKey::from_pem_with(backend, pem).unwrap_err();
        let public = |pem: &str| RsaPublicKey::from_pem_with(backend, pem).unwrap_err();
        assert_eq!(
            private(&text("rsa2048.encrypted.pkcs8.pem")),
            KeyError::Encrypted
        );
        assert_eq!(
            private(&text("rsa2048.encrypted.pkcs1.pem")),
            KeyError::Encrypted
        );
        assert_eq!(private(&text("p256.private.pkcs8.pem")), KeyError::NotRsa);
        assert_eq!(private(&text("p256.private.sec1.pem")), KeyError::NotRsa);
        assert_eq!(
            private(&text("rsa2048pss.private.pkcs8.pem")),
            KeyError::NotRsa
        );
        assert_eq!(public(&text("p256.public.spki.pem")), KeyError::NotRsa);
        for form in ["spki", "pkcs1"] {
            let pem = text(&format!("rsa2048.public.{form}.pem"));
            assert_eq!(private(&pem), KeyError::WrongHalf);
        }
        for form in ["pkcs8", "pkcs1"] {
            let pem = text(&format!("rsa2048.private.{form}.pem"));
            assert_eq!(public(&pem), KeyError::WrongHalf);
        }
        let der = |name: &str| RsaPrivateKey::from_der_with(backend, &file(name)).unwrap_err();
        assert_eq!(der("rsa2048.encrypted.pkcs8.der"), KeyError::Encrypted);
        // PEM where DER is asked for, and the other way round.
        assert_eq!(der("rsa2048.private.pkcs8.pem"), KeyError::Malformed);
        for bad in [
            "",
            "no key",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(private(bad), KeyError::Malformed);
            assert_eq!(public(bad), KeyError::Malformed);
        }
    });
}

#[test]
fn line_ends_and_lengths_of_pem_do_not_matter() {
    both(|backend| {
        let pem = text("rsa2048.private.pkcs8.pem");
        let expected = RsaPrivateKey::from_pem_with(backend, &pem)
            .unwrap()
            .sign(&TEXT)
            .unwrap();
        let one_line = pem.replace('\n', " ");
        let (head, rest) = pem.split_once("-----\n").unwrap();
        let (body, foot) = rest.split_once("-----END").unwrap();
        let unwrapped = format!("{head}-----{}-----END{foot}", body.replace('\n', ""));
        for variant in [
            pem.replace('\n', "\r\n"),
            format!("Key of the shop\n{pem}"),
            pem.trim_end().to_owned(),
            one_line,
            unwrapped,
        ] {
            let key = RsaPrivateKey::from_pem_with(backend, &variant).unwrap();
            assert_eq!(key.sign(&TEXT).unwrap().as_str(), expected.as_str());
        }
        for broken in [
            pem.replacen("MII", "MI!", 1),
            pem.replace("-----END PRIVATE", "-----END PUBLIC"),
            pem.replacen("MIIE", "MIIEA", 1),
        ] {
            let error = RsaPrivateKey::from_pem_with(backend, &broken).unwrap_err();
            assert_eq!(error, KeyError::Malformed);
        }
    });
}

/// With one bit flipped, a private key is refused or is still the same key.
#[test]
fn a_damaged_key_is_refused_by_every_backend() {
    both(|backend| {
        let der = file("rsa2048.private.pkcs1.der");
        // The numbers lie one after the other, so steps of 37 bytes meet each of them.
        for at in (4..der.len()).step_by(37) {
            let mut damaged = der.clone();
            damaged[at] ^= 2;
            let error = RsaPrivateKey::from_der_with(backend, &damaged);
            assert!(error.is_err(), "{backend:?} takes a key damaged at {at}");
        }
        for length in 0..der.len().min(600) {
            assert!(RsaPrivateKey::from_der_with(backend, &der[..length]).is_err());
        }
        let longer = [&der[..], &[0]].concat();
        assert_eq!(
            RsaPrivateKey::from_der_with(backend, &longer).unwrap_err(),
            KeyError::Malformed
        );
    });
}

#[test]
fn only_whole_standard_base64_is_a_signature() {
    both(|backend| {
        let pem = text("rsa2048.private.pkcs8.pem");
        let key = RsaPrivateKey::from_pem_with(backend, &pem).unwrap();
        let signature = key.sign(&TEXT).unwrap().as_str().to_owned();
        assert_eq!(signature.len(), 344);
        let verify = |it: &str| key.public_key().verify(&TEXT, it.as_bytes());
        assert!(verify(&signature));
        for other in [
            String::new(),
            format!("{signature} "),
            format!("\n{signature}"),
            format!("{signature}\n"),
            signature.trim_end_matches('=').to_owned(),
            format!("{signature}="),
            signature.replace('+', "-").replace('/', "_"),
            // Bits that stand for nothing have to be zero.
            {
                let end = signature.len() - 3;
                let last = if signature.as_bytes()[end] == b'A' {
                    'B'
                } else {
                    'A'
                };
                format!("{}{last}==", &signature[..end])
            },
            "A".repeat(4096),
            "00".repeat(32),
        ] {
            assert!(!verify(&other), "{backend:?} takes {other:?}");
        }
        // Each place of the text counts.
        for at in (0..342).step_by(7) {
            let mut forged = signature.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert!(!key.public_key().verify(&TEXT, &forged));
        }
    });
}

#[test]
fn nothing_secret_is_printed() {
    both(|backend| {
        let pem = text("rsa2048.private.pkcs8.pem");
        let key = RsaPrivateKey::from_pem_with(backend, &pem).unwrap();
        assert_eq!(format!("{key:?}"), "RsaPrivateKey([redacted])");
        assert_eq!(
            format!("{:?}", key.public_key()),
            "RsaPublicKey { bits: 2048, .. }"
        );
    });
}
