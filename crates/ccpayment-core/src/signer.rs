//! `Signer`, the trait of a key that is held elsewhere.

use std::pin::Pin;
use std::sync::Arc;

use crate::sign::{SignText, Signature, SigningError};

/// What [`Signer::sign`] gives: a future that can move between threads.
pub type SigningFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Signature, SigningError>> + Send + 'a>>;

/// Signs with a key that never comes here: in a key service, an HSM or another process.
///
/// It is called once for each attempt, within the attempt's time. It may also be used to sign with
/// a local key on another thread. The future may not finish: it is dropped when the time is up.
///
/// ```
/// use ccpayment_core::{AppId, Credentials, SignText, Signature, Signer, SigningError, SigningFuture};
/// # struct Service;
/// # impl Service {
/// #     async fn sign(&self, _key: &str, _sha256: [u8; 32]) -> Result<Vec<u8>, std::io::Error> {
/// #         Ok(vec![0; 256])
/// #     }
/// # }
///
/// /// An RSA key in a key service, which takes a digest and gives the bytes of a signature.
/// struct InKeyService {
///     service: Service,
///     key: String,
/// }
///
/// impl Signer for InKeyService {
///     fn sign<'a>(&'a self, text: SignText<'a>) -> SigningFuture<'a> {
///         Box::pin(async move {
///             let bytes = (self.service.sign(&self.key, text.sha256()).await)
///                 .map_err(|error| SigningError::Signer(error.into()))?;
///             Signature::rsa(&bytes)
///         })
///     }
/// }
///
/// let signer = InKeyService { service: Service, key: "merchant".into() };
/// let credentials = Credentials::with_signer(AppId::new("app-id"), signer)?;
/// # Ok::<(), ccpayment_core::ValidationError>(())
/// ```
pub trait Signer: Send + Sync {
    /// Signs [`SignText::parts`]: with RSA as PKCS#1 v1.5 over SHA-256, made into a [`Signature`]
    /// by [`Signature::rsa`], or with HMAC-SHA256 and [`Signature::hmac_sha256`].
    fn sign<'a>(&'a self, text: SignText<'a>) -> SigningFuture<'a>;
}

impl<T: Signer + ?Sized> Signer for Arc<T> {
    fn sign<'a>(&'a self, text: SignText<'a>) -> SigningFuture<'a> {
        (**self).sign(text)
    }
}
