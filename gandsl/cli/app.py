"""The `gandsl` command: a table of commands, each of which is imported when it is called and not before."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from keyword import iskeyword
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from gandsl.version import __version__


@dataclass(frozen=True)
class _Row:
    module: str
    summary: str


def _module(command: str) -> str:
    """`import` is a keyword and `export-weights` no name: their modules are import_ and export_weights."""
    name = command.replace("-", "_")
    return f"gandsl.cli.commands.{name}_" if iskeyword(name) else f"gandsl.cli.commands.{name}"


COMMANDS: dict[str, _Row] = {
    name: _Row(_module(name), summary)
    for name, summary in {
        "check": "Check specs: every error at once, with its place.",
        "show": "Print the resolved spec with every default, or its IR.",
        "cost": "Parameters, FLOPs and memory, by stage and by training step.",
        "graph": "Draw the networks: HTML with collapsible stages, or SVG.",
        "diff": "Compare two specs: what changed, what it costs, whether weights fit.",
        "compile": "Write readable source and plan to generated/NAME/.",
        "data": "Inspect a set of images, or pack it into a zip.",
        "new": "Write a spec that fits the images, memory and time at hand.",
        "train": "Train a spec on images.",
        "plot": "Curves and samples of runs beside each other, as one page.",
        "eval": "Measure how good samples are, beside real images.",
        "sample": "Draw images from a trained run.",
        "import": "Bring an official checkpoint into the matching spec.",
        "export-weights": "Write weights as files that other implementations load.",
        "specs": "List the specs that gandsl has, say what one takes, copy it.",
        "schema": "Print the JSON Schema of spec files, for editors.",
        "explain": "Explain a code, an op, a block, a field of the plan.",
    }.items()
}

SETTINGS = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command that refuses values which are empty, options given twice, and options that cancel others."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Fail for an empty value, as a shell gives it for a variable that is not set: `-o "$OUT"`.

        An empty path would mean the folder one is in.
        """
        from gandsl.cli.apart import name_of, refusals, repeated

        if ctx.resilient_parsing:  # a shell that completes: there is nothing to refuse yet
            return super().parse_args(ctx, args)
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for param in self.params:
            given = values.get(param.name or "")
            if "" in (given if isinstance(given, list | tuple) else [given]):
                option = param.param_type_name == "option"
                ctx.fail(f"{name_of(param)} is empty: give it a value" + ", or leave it out" * option)
        if twice := repeated(order):
            ctx.fail(f"{twice} is given twice: the last would win; leave one out")
        rest = super().parse_args(ctx, args)
        given = {name_of(param) for param in order if values.get(param.name) is not None}
        command = " ".join(ctx.command_path.split()[1:])
        for refusal in refusals(command, given):
            ctx.fail(refusal)
        return rest


class LazyGroup(TyperGroup):
    """Knows its commands by name and summary; builds one of them when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table, which is the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command's module and make its `run` a command, or its `RUNS` a group; else None."""
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        from gandsl.cli.guard import guarded

        module = import_module(row.module)
        runs = getattr(module, "RUNS", None) or {cmd_name: module.run}
        made = typer.Typer(
            name=cmd_name,
            help=row.summary,
            no_args_is_help=len(runs) > 1,
            add_completion=False,
            rich_markup_mode=None,
            context_settings=SETTINGS,
        )
        for name, run in runs.items():
            made.command(name, cls=Command, context_settings=SETTINGS)(guarded(run))
        return typer.main.get_command(made)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A wrong name gets the nearest right one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from gandsl.diagnostics.suggest import did_you_mean

            ctx.fail(f"there is no command `{args[0]}`: {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gandsl {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=SETTINGS,
)


@app.callback()
def gandsl(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and end")
    ] = False,
) -> None:
    """An architecture compiler for GANs: a spec is checked, costed, compared, compiled and trained."""
