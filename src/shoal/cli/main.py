"""The `shoal` command: the table of verbs, and the one place where an error becomes words and an exit code.

A verb's module is imported when the verb is called, never for `--help` or completion of another one.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

import shoal

VERBS: dict[str, tuple[str, str]] = {
    "check": ("check", "Lint a file: findings with line numbers and fixes."),
    "convert": ("convert", "Turn a RayCluster into a cluster.yaml, or the reverse."),
    "plan": ("plan", "Show what `up` would do, action by action, and why."),
    "up": ("up", "Make a cluster as its file says, and wait until Ray sees every node."),
    "list": ("list", "List clusters."),
    "status": ("status", "Show what is ready, and why the rest is not."),
    "exec": ("exec", "Run a command in the head's environment."),
    "submit": ("submit", "Run a command as a Ray job and follow its log."),
    "jobs": ("jobs", "List the jobs of a cluster."),
    "job": ("job", "Show, follow or stop one job."),
    "connect": ("connect", "Run a command here as a Ray Client of a cluster."),
    "env": ("env", "Print the environment that stock Ray tools need."),
    "expose": ("expose", "Open a cluster's dashboard to the outside, by TLS and token only."),
    "attach": ("attach", "Open a shell on the head."),
    "logs": ("logs", "Read the logs of a cluster, also of one that is gone."),
    "rsync-up": ("rsync_up", "Copy files to the head."),
    "rsync-down": ("rsync_down", "Copy files from the head."),
    "down": ("down", "Stop a cluster and remove everything of it but its logs."),
    "operator": ("operator", "Run Ray clusters on Kubernetes: the operator and what it needs."),
    "air": ("air", "The toolkit `shoal.air`: bring scripts for Ray AIR 2.2 up to date."),
    "explain": ("explain", "Explain a code of a finding or an error."),
    "completion": ("completion", "Print the script that completes `shoal` in your shell."),
}
EXIT_CODES = "0 ok, 1 failed, 2 usage or bad input, 3 changes pending (plan, air migrate), 4 timed out, 130 interrupted"


class Verbs(click.Group):
    """Finds a verb in its own module: ``shoal.cli.VERB``, an attribute ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order of a cluster's life."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, imported now."""
        if cmd_name not in VERBS:
            return None
        return _with_quiet(import_module(f"shoal.cli.{VERBS[cmd_name][0]}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb, or a usage error that names the nearest one."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, n=1)
            raise click.UsageError(f"no verb {args[0]!r}" + (f", did you mean {near[0]!r}?" if near else ""), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of verbs, without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


def _be_quiet(ctx: click.Context, option: click.Parameter, quiet: bool) -> None:
    if quiet:
        ctx.obj.quiet = True


def _with_quiet(command: click.Command) -> click.Command:
    """The verb, and those below it, with the option that `shoal` itself has too."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _with_quiet(below)
    elif not any(option.name == "quiet" for option in command.params):
        help_text = "Say nothing on stderr but errors."
        command.params.append(
            click.Option(["-q", "--quiet"], is_flag=True, expose_value=False, callback=_be_quiet, help=help_text)
        )
    return command


@click.group(cls=Verbs, epilog=f"Exit codes: {EXIT_CODES}.", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(shoal.__version__, message="shoal %(version)s")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
@click.pass_context
def cli(ctx: click.Context, quiet: bool) -> None:
    """Real Ray clusters from one spec, a RayCluster manifest or a cluster.yaml: on this machine, or on Kubernetes."""
    from shoal.cli.console import Console

    ctx.obj = Console(quiet=quiet)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `shoal` and exit with its code. No traceback reaches a person, unless SHOAL_DEBUG is set."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run `shoal`; the exit code."""
    try:
        result: Any = cli.main(list(arguments), prog_name="shoal", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the one place where anything becomes words
        from shoal.cli.failure import report

        return report(error)
    finally:
        _close_connections()
    return result if isinstance(result, int) else 0


def _close_connections() -> None:
    """Those to Kubernetes, if the verb had any: nothing of the sort is imported for the others."""
    portals = sys.modules.get("shoal.backends.kubernetes.remote.portal")
    if portals is not None:
        portals.close_all()
