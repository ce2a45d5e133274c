//! `SENDER_ADDRESSES` and `is_known_sender`: where deliveries come from.

use std::net::{IpAddr, Ipv4Addr};

/// The addresses that the gateway sends notifications from, by its documents. A firewall with an
/// allow list has to let them in.
///
/// The gateway may change them at any time. A notification is trusted for its signature: nothing in
/// this crate looks at an address.
pub const SENDER_ADDRESSES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(54, 150, 123, 157)),
    IpAddr::V4(Ipv4Addr::new(35, 72, 150, 75)),
    IpAddr::V4(Ipv4Addr::new(18, 176, 186, 244)),
];

/// Whether this is one of [`SENDER_ADDRESSES`], also where it comes as an IPv6 address.
///
/// Give it the address of the connection's other end. Behind a proxy that is the proxy. Its
/// forwarding header is not read here, because anybody can send one: only the server knows whether
/// the header can be trusted.
///
/// ```
/// use ccpayment_webhook::is_known_sender;
///
/// assert!(is_known_sender([54, 150, 123, 157].into()));
/// assert!(!is_known_sender([127, 0, 0, 1].into()));
/// ```
#[must_use]
pub fn is_known_sender(address: IpAddr) -> bool {
    SENDER_ADDRESSES.contains(&address.to_canonical())
}
