"""`shoal completion SHELL`."""

import click

from shoal.cli.console import Console

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def command(ctx: click.Context, shell: str | None) -> int:
    """Print the script that completes verbs, options and names of live clusters; SHELL is by default yours.

    In ~/.bashrc or ~/.zshrc: eval "$(shoal completion bash)" (or zsh). For fish: shoal completion fish | source
    """
    import os
    from pathlib import PurePath

    from click.shell_completion import get_completion_class

    chosen = shell or PurePath(os.environ.get("SHELL", "")).name
    kind = get_completion_class(chosen)
    if kind is None:
        raise click.UsageError(f"no completion for the shell {chosen!r}: name one of {', '.join(SHELLS)}")
    console: Console = ctx.obj
    console.emit(kind(ctx.find_root().command, {}, "shoal", "_SHOAL_COMPLETE").source())
    return 0
