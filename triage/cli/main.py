"""The application: its commands, its exit statuses and the one place where errors become words.

Exit status 0: done. 1: done, and something was found wrong. 2: it could not be done as asked
(usage, configuration, an account or a file that cannot be used).
"""

import gc
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from triage import __version__
from triage.errors import ConfigError, TriageError
from triage.records import Category

FOUND_WRONG = 1
NOT_DONE = 2
INTERRUPTED = 130


class LogFormat(StrEnum):
    """How the log looks."""

    PLAIN = "plain"
    JSON = "json"


class _Commands(TyperGroup):
    """The commands, with an end of our own for what Typer would end in silence, or with status 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  the context is of a private class of Typer
        """Run a command; Ctrl-C is answered, and a reader that has gone (`| head`) has read all it wanted."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # here, not while the interpreter ends: nobody could answer the error there
        except KeyboardInterrupt:
            say("stopped; nothing is half-written, and the next run goes on")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the last flush fails again
            raise typer.Exit from None


app = typer.Typer(
    name="triage",
    cls=_Commands,
    help="Tell genuine recruiter and referral mail from scams, and label it over IMAP.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:  # noqa: FBT001  Typer's own signature
    if value:
        typer.echo(f"triage {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration file.", metavar="FILE")
    ] = None,
    version: Annotated[  # noqa: ARG001  handled by its callback
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    context.obj = config


def _lazy(module: str, function: str) -> Callable[..., Any]:
    """Import a command's work only when it is run: help must come at once.

    What is imported stays, so that it is not searched for garbage: a tenth of the start.
    """
    gc.disable()
    try:
        return getattr(import_module(f"triage.cli.{module}"), function)  # type: ignore[no-any-return]
    finally:
        gc.freeze()
        gc.enable()


@app.command()
def demo() -> None:
    """Judge and label a shipped sample mailbox: no server, no configuration, no network."""
    _lazy("demo", "demo")()


@app.command()
def scan(  # noqa: PLR0913, PLR0917  one parameter for each option of the contract
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Mail files, folders of them, Maildir or mbox; none: all accounts.", metavar="[PATH]..."),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="Only this account; may be repeated.", metavar="NAME")
    ] = None,
    folder: Annotated[list[str] | None, typer.Option(help="Only this folder; may be repeated.", metavar="F")] = None,
    since: Annotated[str | None, typer.Option(help="Only mail of the last days: 30d, 12h, 2w.", metavar="AGE")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many of each folder, the newest of a server's.", metavar="N")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write the labels; without it nothing changes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Judge mail and show, or with --apply write, the labels."""
    _lazy("scan", "scan")(
        context.obj,
        paths=paths or [],
        accounts=account or [],
        folders=folder or [],
        since=since,
        limit=limit,
        apply=apply,
        as_json=as_json,
    )


@app.command()
def explain(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="A mail file, or 'SOURCE' in quotes as `scan --json` prints it.")],
    card: Annotated[bool, typer.Option("--card", help="Show the lead card though it is judged no lead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show why a message is judged as it is, with exact contributions, and what a lead says."""
    _lazy("explain", "explain")(context.obj, message, with_card=card, as_json=as_json)


@app.command()
def run(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(help="On the first visit of a folder judge mail of so long too: 30d, 2w.", metavar="AGE"),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="How the log looks; by default as daemon.log_format says.")
    ] = None,
) -> None:
    """Run as a daemon: label new mail as it comes, until SIGTERM; SIGHUP reads the configuration anew."""
    _lazy("run", "run")(context.obj, since=since, verbose=verbose, log_format=log_format and log_format.value)


@app.command()
def doctor(
    context: typer.Context,
    account: Annotated[
        list[str] | None, typer.Option(help="Only this account; may be repeated.", metavar="NAME")
    ] = None,
    no_write: Annotated[
        bool, typer.Option("--no-write", help="Do not try the labels on a message of our own, made and removed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a check.")] = False,
) -> None:
    """Check configuration, store, model and accounts, prove that labels can be written, and say what to do."""
    _lazy("doctor", "doctor")(context.obj, account or [], write=not no_write, as_json=as_json)


@app.command()
def status(
    context: typer.Context,
    check: Annotated[
        bool,
        typer.Option("--check", help="Print nothing when all is well; end with 1 if the daemon or an account is not."),
    ] = False,
    unjudged: Annotated[bool, typer.Option("--unjudged", help="List the messages that are tried again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object an account or message.")] = False,
) -> None:
    """Show the daemon, each account's last pass and problem, and what is unjudged."""
    _lazy("status", "status")(context.obj, check=check, unjudged=unjudged, as_json=as_json)


@app.command()
def undo(
    context: typer.Context,
    run_id: Annotated[
        str | None, typer.Argument(help="The run to take back; none lists the latest.", metavar="RUN")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Take back every run of the last 2h, 3d or 1w.", metavar="AGE")
    ] = None,
) -> None:
    """Take back every label that a run wrote, and every move."""
    _lazy("undo", "undo")(context.obj, run_id, since=since)


@app.command()
def train(  # noqa: PLR0913, PLR0917  one parameter for each option of the contract
    context: typer.Context,
    base: Annotated[bool, typer.Option("--base", help="Rebuild the shipped model from the corpus instead.")] = False,
    leads: Annotated[
        bool, typer.Option("--leads", help="Rebuild what reads lead cards from the annotated corpus instead.")
    ] = False,
    corpus: Annotated[Path, typer.Option(help="With --base or --leads: the corpus.", metavar="DIR")] = Path(
        "models/corpus"
    ),
    extra: Annotated[
        list[Path] | None,
        typer.Option(help="With --base or --leads: more corpus files; may be repeated.", metavar="FILE"),
    ] = None,
    output: Annotated[Path, typer.Option(help="With --base: where the model and its card go.", metavar="DIR")] = Path(
        "models"
    ),
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Learn although hundreds of messages contradict what was known.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Learn from the folders you sort (training.folders) and from your corrections."""
    if base:
        _lazy("train", "train_base")(corpus=corpus, extra=extra or [], output=output)
    elif leads:
        _lazy("train_leads", "train_leads")(corpus=corpus, extra=extra or [], annotations=output / "leads")
    else:
        _lazy("train", "train")(context.obj, confirmed=confirm, as_json=as_json)


@app.command()
def correct(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="A mail file, or 'SOURCE' in quotes as `scan --json` prints it.")],
    category: Annotated[Category, typer.Argument(help="What it is.")],
) -> None:
    """Tell what a message is: it is labelled so, and the next training learns it."""
    _lazy("correct", "correct")(context.obj, message, category)


@app.command()
def review(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Mail files, folders of them, Maildir or mbox; none: all accounts.", metavar="[PATH]..."),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="Only this account; may be repeated.", metavar="NAME")
    ] = None,
    folder: Annotated[list[str] | None, typer.Option(help="Only this folder; may be repeated.", metavar="F")] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Look at so many of each folder, the newest of a server's.", metavar="N")
    ] = 500,
    count: Annotated[int, typer.Option(min=1, help="Ask about so many.", metavar="N")] = 10,
) -> None:
    """Ask, by one key each, about the messages that the model would learn most from."""
    _lazy("review", "review")(
        context.obj, paths=paths or [], accounts=account or [], folders=folder or [], limit=limit, count=count
    )


@app.command()
def learned(
    context: typer.Context,
    conflicts: Annotated[
        bool, typer.Option("--conflicts", help="List messages that lie in folders of several categories instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object an example.")] = False,
) -> None:
    """List every example that the model in use learnt from, or will, with its share of all that was learnt."""
    _lazy("learned", "learned")(context.obj, conflicts=conflicts, as_json=as_json)


@app.command()
def unlearn(
    context: typer.Context,
    examples: Annotated[
        list[str], typer.Argument(help="Examples as `triage learned` names them, or mail files.", metavar="EXAMPLE...")
    ],
) -> None:
    """Take examples back: the next training makes the model as if they had never been there."""
    _lazy("learned", "unlearn")(context.obj, examples)


models_app = typer.Typer(help="Show, choose and go back to models.", no_args_is_help=True)
app.add_typer(models_app, name="models")


@models_app.command("list")
def list_models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a model.")] = False,
) -> None:
    """List the shipped model and the personal ones."""
    _lazy("models", "list_models")(context.obj, as_json=as_json)


@models_app.command("show")
def show_model(
    context: typer.Context,
    model: Annotated[str | None, typer.Argument(help="Its name; none for the one in use.", metavar="MODEL")] = None,
) -> None:
    """Print the card of a model as JSON."""
    _lazy("models", "show_model")(context.obj, model)


@models_app.command("use")
def use_model(
    context: typer.Context, model: Annotated[str, typer.Argument(help="Its name, or base for the shipped one.")]
) -> None:
    """Take a model into use; a running daemon follows within fifteen seconds."""
    _lazy("models", "use_model")(context.obj, model)


@models_app.command("rollback")
def roll_back(context: typer.Context) -> None:
    """Take the model before the one in use into use again."""
    _lazy("models", "roll_back")(context.obj)


@app.command()
def leads(
    context: typer.Context,
    unanswered: Annotated[
        bool, typer.Option("--unanswered", help="Only those who wait for an answer of yours.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="Only leads with mail of the last days: 30d, 2w.", metavar="AGE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a lead.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for spreadsheets.")] = False,
    as_ics: Annotated[bool, typer.Option("--ics", help="Print tasks and deadlines for calendars.")] = False,
) -> None:
    """List leads: what is offered, by whom, how it stands, and how well it fits."""
    _lazy("leads", "leads")(
        context.obj, unanswered=unanswered, since=since, as_json=as_json, as_csv=as_csv, as_ics=as_ics
    )


@app.command()
def network(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a person.")] = False,
) -> None:
    """Show who brought leads, who has not been in touch for long, and whom to thank."""
    _lazy("network", "network")(context.obj, as_json=as_json)


@app.command()
def report(
    context: typer.Context,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page of HTML.")] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write it to a file instead.", metavar="FILE")] = None,
    append: Annotated[
        bool,
        typer.Option("--append", help="Put the report that is due into the mailbox, as the daemon does: once a week."),
    ] = False,
) -> None:
    """Tell the last seven days: leads, who waits, scams kept away, near misses, what was learnt."""
    _lazy("report", "report")(context.obj, as_html=as_html, as_markdown=as_markdown, output=output, append=append)


@app.command()
def draft(  # noqa: PLR0913, PLR0917  one parameter for each option of the contract
    context: typer.Context,
    lead: Annotated[str, typer.Argument(help="The lead, as `triage leads` names it.", metavar="LEAD")],
    interested: Annotated[bool, typer.Option("--interested", help="You want to talk.")] = False,
    not_now: Annotated[bool, typer.Option("--not-now", help="You decline for now.")] = False,
    refer: Annotated[bool, typer.Option("--refer", help="You may know somebody else.")] = False,
    ask: Annotated[bool, typer.Option("--ask", help="You want to know what the mail does not say.")] = False,
    language: Annotated[
        str | None, typer.Option(help="Write in this language; by default in that of the mail.", metavar="XX")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="Answer who wrote from this address, where several offer it; by default who wrote last.",
            metavar="ADDRESS",
        ),
    ] = None,
) -> None:
    """Write an answer into the Drafts folder, asking for what the mail does not say; nothing is ever sent."""
    given = {"interested": interested, "not-now": not_now, "refer": refer, "ask": ask}
    _lazy("draft", "draft")(context.obj, lead, [kind for kind, is_given in given.items() if is_given], language, to)


@app.command()
def evaluate(
    context: typer.Context,
    account: Annotated[
        str | None,
        typer.Option(help="Judge this account's own labelled mail instead of the corpus.", metavar="NAME"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write report.md, report.json and pictures there (needs the extra plots).", metavar="FOLDER"),
    ] = None,
    corpus: Annotated[Path, typer.Option(help="The corpus.", metavar="DIR")] = Path("models/corpus"),
    quick: Annotated[bool, typer.Option("--quick", help="Fewer parts, languages, kinds and draws.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure the judging on mail by authors that training had not seen; ends with 1 if an error budget is exceeded.

    With --account: on the mail of its folders, against the shipped model, a list of words and always `other`; ends
    with 1 if the personal model is worse than the shipped one, or a folder could not be read.
    """
    if account is not None:
        _lazy("evaluate_own", "evaluate_own")(context.obj, account, output=output, as_json=as_json)
    else:
        _lazy("evaluate", "evaluate")(corpus=corpus, output=output, quick=quick, as_json=as_json)


def main() -> None:
    """Run the command line and end the process with its status."""
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            say(problem)
        sys.exit(NOT_DONE)
    except TriageError as error:
        say(str(error))
        sys.exit(NOT_DONE)


def say(text: str) -> None:
    """Write a line to standard error, as every problem is told."""
    sys.stderr.write(f"triage: {text}\n")
