//! `ccpay completions` and `ccpay man`.

use std::path::Path;

use crate::args;
use crate::context::Context;
use crate::exit::CliError;

pub(crate) fn completions(
    context: &mut Context<'_>,
    shell: clap_complete::Shell,
) -> Result<(), CliError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut args::command()?, "ccpay", &mut text);
    context.terminal.text(&text)
}

pub(crate) fn man(context: &mut Context<'_>, folder: Option<&Path>) -> Result<(), CliError> {
    let command = args::command()?;
    if let Some(folder) = folder {
        let written = clap_mangen::generate_to(command, folder);
        return written.map_err(CliError::io(format!(
            "{} can't be written",
            folder.display()
        )));
    }
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut text);
    rendered.map_err(CliError::io("the page can't be made"))?;
    context.terminal.text(&text)
}
