//! The stores from outside. `suite` has what every store has to do, and runs on both databases.

#[cfg(test)]
#[cfg(feature = "postgres")]
mod cluster;
#[cfg(test)]
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod fixture;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod suite;
