"""The application: the verbs in the order of the story, and what `fidelia` says of itself."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

import fidelia
from fidelia.cli import ask, bench, check, enhance, fill, jobs, judge, know, move, reports, serve

MAKE, JUDGE, ASK, KNOW = "Make synthetic data", "Judge synthetic data", "Ask one question", "Know"

app = typer.Typer(name="fidelia", rich_markup_mode="rich", pretty_exceptions_enable=False, no_args_is_help=False)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fidelia {fidelia.__version__}")
        raise typer.Exit


@app.callback(
    invoke_without_command=True,
    epilog="Begin with  [bold]fidelia run DATA --target COLUMN[/]\nEach verb has its own --help, with examples.",
)
def fidelia_(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - acts when it is read
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Say the version.", show_default=False, metavar=""
        ),
    ] = False,
) -> None:
    """Synthetic tables that you can trust: make them, measure them beside fresh real data, audit every row."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def examples(*lines: str) -> str:
    """Return command lines as the last part of a help text."""
    return "\n".join(("[bold]Examples[/]", *(f"  [dim]$[/] {escape(line)}" for line in lines)))


app.command(
    rich_help_panel=MAKE,
    epilog=examples(
        "fidelia run adult.parquet --target income --out out/adult",
        "fidelia run clinic.csv --kind zip=category --holdout 0.3 --rows 5000",
        "fidelia run adult.parquet --target income --generator diffusion --time-limit 5m",
        "fidelia run out/adult/recipe.toml",
    ),
)(jobs.run)
app.command(
    rich_help_panel=MAKE,
    epilog=examples(
        "fidelia fit adult.parquet -o adult.fidelia", "fidelia fit adult.csv --generator copula -o c.fidelia"
    ),
)(jobs.fit)
app.command(
    rich_help_panel=MAKE,
    epilog=examples(
        "fidelia sample adult.fidelia -n 100000 -o big.parquet",
        'fidelia sample adult.fidelia -n 1000 --given sex=Female --given "age=30..40" -o some.csv',
        "fidelia sample adult.fidelia -n 1000 --balance income -o even.csv",
        "fidelia sample adult.fidelia -n 10 | column -s, -t",
    ),
)(jobs.sample)
app.command(
    rich_help_panel=MAKE,
    epilog=examples(
        "fidelia fit clinic.csv --generator autoregressive -o clinic.fidelia",
        "fidelia impute clinic.fidelia clinic.csv -o filled.csv",
    ),
)(fill.impute)
app.command(
    rich_help_panel=MAKE,
    epilog=examples("fidelia transfer adult.fidelia nurses.csv --target income -o nurses.fidelia"),
)(move.transfer)
app.command(
    rich_help_panel=MAKE,
    epilog=examples("fidelia adapt labelled.csv unlabelled.csv --target income -o rows.parquet"),
)(move.adapt)
app.command(
    rich_help_panel=JUDGE,
    epilog=examples(
        "fidelia evaluate --train a.parquet --synthetic b.csv --holdout c.parquet --out out/eval",
        "fidelia evaluate --train a.csv --synthetic b.csv --json | jq .verdict",
    ),
)(judge.evaluate)
app.command(
    rich_help_panel=JUDGE,
    epilog=examples("fidelia audit --train a.parquet --synthetic b.parquet --holdout c.parquet -o audited.parquet"),
)(judge.audit)
app.command(
    rich_help_panel=JUDGE,
    epilog=examples(
        "fidelia enhance churn.csv --target Churn --out out/churn",
        "fidelia enhance churn.csv --target Churn --share 0.1",
        "fidelia enhance visits.csv --target Revenue --rare True",
    ),
)(enhance.enhance)
app.command(
    rich_help_panel=JUDGE,
    epilog=examples(
        "fidelia report out/adult/results.json",
        "fidelia report results.json -o report.md",
        "fidelia report --compare trees/results.json vae/results.json -o compare.html",
    ),
)(reports.report)
for _question in (ask.fidelity, ask.utility, ask.completeness):
    app.command(
        rich_help_panel=ASK,
        epilog=examples(f"fidelia {_question.__name__} --train a.parquet --synthetic b.csv --holdout c.parquet"),
    )(_question)
app.command(
    rich_help_panel=ASK,
    epilog=examples(
        "fidelia privacy --train a.csv --synthetic b.csv --holdout c.csv",
        "fidelia privacy --train a.csv --synthetic b.csv --known age --known zip --secret diagnosis",
    ),
)(ask.privacy)
app.command(
    rich_help_panel=ASK,
    epilog=examples("fidelia stability --train a.csv --synthetic s1.csv --synthetic s2.csv --synthetic s3.csv"),
)(ask.stability)
app.command(
    rich_help_panel=ASK,
    epilog=examples(
        "fidelia compare --train a.csv --holdout c.csv trees=t1.csv trees=t2.csv copula=c1.csv copula=c2.csv"
    ),
)(ask.compare)
app.command(
    rich_help_panel=KNOW,
    epilog=examples("fidelia schema adult.parquet", "fidelia schema adult.csv --kind zip=category -o schema.json"),
)(know.schema)
app.command("list", rich_help_panel=KNOW, epilog=examples("fidelia list generators", "fidelia list metrics --json"))(
    know.list_
)
app.command(
    rich_help_panel=KNOW,
    epilog=examples("fidelia serve", "fidelia serve results --allow /data/tables --port 9000"),
)(serve.serve)
app.command(rich_help_panel=KNOW, epilog=examples("fidelia explain AUT01"))(know.explain)
app.command(rich_help_panel=KNOW, epilog=examples("fidelia doctor", "fidelia doctor --json"))(know.doctor)
app.command(
    rich_help_panel=KNOW,
    epilog=examples("fidelia selftest --quick", "fidelia selftest --metric FID16 --metric DIV01 --json"),
)(check.selftest)
app.add_typer(bench.app, rich_help_panel=KNOW)
