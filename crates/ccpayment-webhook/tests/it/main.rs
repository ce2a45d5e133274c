//! The crate from outside, as a merchant's program sees it.

#[cfg(test)]
#[cfg(feature = "axum")]
mod axum_extractor;
#[cfg(test)]
mod confirm;
#[cfg(test)]
#[cfg(feature = "client")]
mod confirm_by_client;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod events;
#[cfg(test)]
mod explain;
#[cfg(test)]
#[cfg(feature = "tower")]
mod layer;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod trust;
#[cfg(test)]
#[cfg(feature = "v1")]
mod v1_confirm;
