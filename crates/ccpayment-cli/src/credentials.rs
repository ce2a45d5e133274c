//! `read`, which takes credentials from the environment, a file or a prompt, and never from an
//! argument.

use std::io::IsTerminal;

use ccpayment::{
    APP_ID_VARIABLE, APP_SECRET_VARIABLE, AppSecret, Credentials, ErrorReport, RsaPrivateKey,
};

use crate::args::Global;
use crate::exit::CliError;
use crate::operations;

/// The credentials that requests are signed with.
pub(crate) fn read(global: &Global) -> Result<Credentials, CliError> {
    if let Some(path) = &global.rsa_key_file {
        let pem = text(operations::read(path)?)?;
        let key = RsaPrivateKey::from_pem(&pem).map_err(refused)?;
        return Credentials::rsa(app_id(global)?, key).map_err(refused);
    }
    let has = |name: &str| std::env::var_os(name).is_some();
    if global.app_id.is_none()
        && global.secret_file.is_none()
        && has(APP_ID_VARIABLE)
        && has(APP_SECRET_VARIABLE)
    {
        return Credentials::from_env().map_err(refused);
    }
    Credentials::new(app_id(global)?, secret(global)?).map_err(refused)
}

/// The app id and the secret, for a gateway of our own.
pub(crate) fn pair(global: &Global) -> Result<(String, AppSecret), CliError> {
    Ok((app_id(global)?, secret(global)?))
}

/// Whether there is a secret without asking.
pub(crate) fn is_given(global: &Global) -> bool {
    global.secret_file.is_some() || std::env::var_os(APP_SECRET_VARIABLE).is_some()
}

fn app_id(global: &Global) -> Result<String, CliError> {
    if let Some(app_id) = &global.app_id {
        return Ok(app_id.clone());
    }
    std::env::var(APP_ID_VARIABLE)
        .map_err(|_| CliError::Credentials("there is no APP ID".to_owned()))
}

fn secret(global: &Global) -> Result<AppSecret, CliError> {
    if let Some(path) = &global.secret_file {
        let mut secret = text(operations::read(path)?)?;
        // Editors end a file with a line end, which is not part of the secret.
        secret.truncate(secret.trim_end_matches(['\r', '\n']).len());
        return Ok(AppSecret::new(secret));
    }
    if let Ok(secret) = std::env::var(APP_SECRET_VARIABLE) {
        return Ok(AppSecret::new(secret));
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Credentials("there is no APP Secret".to_owned()));
    }
    let secret = rpassword::prompt_password("APP Secret: ");
    Ok(AppSecret::new(
        secret.map_err(CliError::io("the APP Secret can't be read"))?,
    ))
}

fn text(bytes: Vec<u8>) -> Result<String, CliError> {
    // The error would hold the bytes.
    String::from_utf8(bytes).map_err(|_| CliError::Credentials("the file is no text".to_owned()))
}

fn refused(error: impl std::error::Error + 'static) -> CliError {
    CliError::Credentials(ErrorReport::new(&error).to_string())
}
