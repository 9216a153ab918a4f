"""The click commands: options in, text out; the work is done by the file of each command."""

import codecs
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from sklearn_imbgen import __version__
from sklearn_imbgen.cli import CommandError, Tally, collect_warnings, explained, one_line

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


class OneLineErrors(click.Group):
    """Group of commands whose mistakes of use and of input are one line on stderr."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and leave with 0, with 2 after an error, with 130 after Ctrl-C."""
        options["standalone_mode"] = False
        given = args[0] if args else options.get("args")
        # for a report, which says how it was made
        options["obj"] = sys.argv[1:] if given is None else list(given)
        try:
            status = super().main(*args, **options)
        except click.ClickException as error:
            _leave(f"error: {one_line(error.format_message())}", EXIT_ERROR)
        except CommandError as error:
            _leave(f"error: {one_line(error)}", EXIT_ERROR)
        except OSError as error:
            # such as a full disk behind stdout; files have messages of their own
            _leave(f"error: {one_line(error)}", EXIT_ERROR)
        except click.Abort:
            _leave("interrupted", EXIT_INTERRUPTED)
        sys.exit(status if isinstance(status, int) else 0)


def _leave(text: str, status: int) -> NoReturn:
    click.echo(f"imbgen: {text}", err=True)
    sys.exit(status)


# older versions of click have no type to give
class Names(click.ParamType):  # type: ignore[type-arg]
    """Names separated by commas, as a list."""

    name = "a,b,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[str]:
        """Split at commas; blanks around a name do not count."""
        if isinstance(value, list):
            return value
        return [name for part in str(value).split(",") if (name := part.strip())]


class Separator(click.ParamType):  # type: ignore[type-arg]
    """One character; a tab can be written as a word."""

    name = "character"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """A tab for "tab", and what is one character."""
        text = {"tab": "\t", "\\t": "\t"}.get(str(value), str(value))
        if len(text) != 1:
            self.fail(f"{value!r} is not one character; write a tab as tab", param, ctx)
        return text


def _check_encoding(context: click.Context, option: click.Parameter, name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise click.BadParameter(f"{name!r} is not known; try latin-1, utf-16 or cp1252") from None
    return name


SEED = click.IntRange(0, 2**32 - 1)
FILE = click.Path(path_type=Path)

seed_option = click.option("--seed", type=SEED, default=0, show_default=True)
report_option = click.option(
    "--report", type=FILE, help="HTML page with all figures, ready to send; its folder is made."
)
quiet_option = click.option("--quiet", is_flag=True, help="Show no progress and no notes.")
categorical_option = click.option(
    "--categorical",
    type=Names(),
    default="",
    help="Columns whose values are categories; pandas categories of a Parquet file "
    "need not be named.",
)


sep_option = click.option(
    "--sep",
    type=Separator(),
    default=",",
    help="Between the cells of a CSV file, such as ';' or tab.",
)
encoding_option = click.option(
    "--encoding",
    default="utf-8",
    show_default=True,
    callback=_check_encoding,
    help="Of the text in a CSV file.",
)
drop_option = click.option(
    "--drop", type=Names(), default="", help="Columns to leave out, such as numbers of the rows."
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a CSV file is written, and what of a table is left out."""
    for option in reversed(
        (
            categorical_option,
            drop_option,
            sep_option,
            click.option(
                "--decimal", type=Separator(), default=".", help="The decimal point in a CSV file."
            ),
            click.option(
                "--thousands", type=Separator(), help="Mark between thousands in a CSV file."
            ),
            encoding_option,
            click.option(
                "--na-values",
                type=Names(),
                default="",
                help='Cells that mean "missing" in a CSV file, as empty ones do.',
            ),
        )
    ):
        command = option(command)
    return command


@click.group(cls=OneLineErrors, invoke_without_command=True)
@click.version_option(__version__, prog_name="imbgen")
@click.pass_context
def app(context: click.Context) -> None:
    """Imbalanced classes: compare over-samplers, resample tables, aggregate votes."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@app.command()
@click.argument("data", type=FILE, required=False)
@click.option("--target", help="Column with the class; needed with DATA.")
@click.option(
    "--methods",
    type=Names(),
    default="none,smote,glgan",
    show_default=True,
    help="Also random, swim, latent-smote, conditional-gan, bagan, imb-mix.",
)
@click.option("--folds", type=click.IntRange(min=2), default=5, show_default=True)
@click.option("--classifiers", type=Names(), default="linear-svc,adaboost,mlp", show_default=True)
@reading_options
@click.option(
    "--ratio",
    type=click.FloatRange(0, 1, min_open=True),
    help="Minority to majority in the training parts of the built-in digits.  [default: 0.05]",
)
@click.option(
    "--picture",
    type=FILE,
    default=Path("out/comparison.png"),
    show_default=True,
    help="PNG, PDF or SVG; its folder is made.",
)
@report_option
@seed_option
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@quiet_option
def compare(
    data: Path | None,
    target: str | None,
    methods: list[str],
    folds: int,
    classifiers: list[str],
    categorical: list[str],
    ratio: float | None,
    picture: Path,
    report: Path | None,
    seed: int,
    jobs: int,
    quiet: bool,
    **reading: Any,
) -> None:
    """Cross-validate over-samplers in front of the same classifiers.

    DATA is a table (.csv, .csv.gz, .parquet). Without it, two of scikit-learn's
    handwritten digits are compared, made imbalanced in the training parts.
    Prints a table of scores and draws original and synthetic rows.
    """
    _check_data_options(data, target, categorical, ratio)
    # imported here: --help needs neither scikit-learn nor imbalanced-learn
    from sklearn_imbgen.cli import _compare
    from sklearn_imbgen.cli._page import check_picture
    from sklearn_imbgen.cli._resample import METHODS, known
    from sklearn_imbgen.cli._tables import Reading, read_table

    methods = known(methods, METHODS, "method")
    classifiers = known(classifiers, _compare.CLASSIFIERS, "classifier")
    if data is None:
        study = _compare.digits_study(0.05 if ratio is None else ratio, folds, seed)
    else:
        with collect_warnings() as of_table:
            table = read_table(data, target, categorical, Reading(**reading))
        _report(of_table, "the table")
        study = _compare.table_study(table, data.name, folds, seed)
    _compare.check_training_rows(study, methods)
    check_picture(picture)
    _check_report(report, {"DATA": data, "--picture": picture})
    comparison = _compare.compare(study, methods, classifiers, jobs, quiet)
    scores, _, warned = comparison
    click.echo(f"{_compare.describe(study)}\n\n{_compare.summarise(scores).to_string()}")
    _report(warned, f"{len(scores)} fits")
    with collect_warnings() as of_picture:
        resampled = _compare.resample_first_fold(study, methods)
        display = _compare.draw(study, resampled, picture)
    _report(of_picture, "the picture")
    if report is not None:
        from sklearn_imbgen.cli._compare_report import compare_page
        from sklearn_imbgen.cli._page import write_page
        from sklearn_imbgen.cli._report import run_of

        called = run_of(
            click.get_current_context(), {f"{len(scores)} fits": warned, "the picture": of_picture}
        )
        with collect_warnings() as warned, explained("the report"):
            write_page(compare_page(study, comparison, resampled, display, called), report)
        _report(warned, "the report")
    if not quiet:
        note = "no picture: no method made rows" if display is None else f"picture: {picture}"
        click.echo(note if report is None else f"{note}\nreport: {report}", err=True)


def _check_data_options(
    data: Path | None, target: str | None, categorical: list[str], ratio: float | None
) -> None:
    if data is None and (target is not None or categorical):
        raise CommandError("--target and --categorical describe DATA, and no DATA is given")
    if data is not None and ratio is not None:
        raise CommandError("--ratio thins the built-in digits; DATA is taken as it is")


def _refuse_same_file(named: dict[str, Path | None]) -> None:
    """What is written must not be what is read, or what else is written."""
    from sklearn_imbgen.cli._tables import is_same_file

    seen: dict[str, Path] = {}
    for name, file in named.items():
        if file is None:
            continue
        for before, other in seen.items():
            if is_same_file(other, file):
                raise CommandError(f"{before} and {name} are the same file, {file}")
        seen[name] = file


def _check_report(report: Path | None, others: dict[str, Path | None]) -> None:
    """Refuse a report that cannot be written, before any work is done."""
    if report is None:
        return
    from sklearn_imbgen.cli._page import check_page

    check_page(report)
    for name, file in others.items():
        _refuse_same_file({name: file, "--report": report})


def _report(warned: Tally, source: str) -> None:
    for (kind, text), count in warned.most_common():
        click.echo(f"imbgen: warning: {kind}, {count} time(s) in {source}: {text}", err=True)


@app.command()
@click.argument("table", metavar="IN", type=FILE)
@click.option("--target", help="Column with the class.")
@click.option("-o", "--output", metavar="OUT", type=FILE, required=True)
@click.option("--method", default="glgan", show_default=True)
@click.option(
    "--sampling-strategy",
    default="auto",
    show_default=True,
    help="auto: all classes to the size of the largest; a class: only this one; "
    "a number above 0 up to 1: minority to majority, two classes only.",
)
@reading_options
@seed_option
@report_option
@click.option("--synthetic-only", is_flag=True, help="Leave the original rows out.")
@click.option(
    "--max-training-rows",
    type=click.IntRange(min=1),
    help="A larger Parquet table is not loaded but streamed, and learned from by a sample of so "
    "many rows, all rows of the growing classes among them.  [default: 100000]",
)
@click.option(
    "--max-minority-rows",
    type=click.IntRange(min=1),
    help="Most rows of the growing classes in that sample.  [default: 250000]",
)
@quiet_option
def resample(
    table: Path,
    target: str | None,
    output: Path,
    method: str,
    sampling_strategy: str,
    categorical: list[str],
    seed: int,
    report: Path | None,
    synthetic_only: bool,
    max_training_rows: int | None,
    max_minority_rows: int | None,
    quiet: bool,
    **reading: Any,
) -> None:
    """Add synthetic rows of the small classes to the table IN and write OUT.

    Both are tables (.csv, .csv.gz, .parquet). OUT holds the original rows, then
    the synthetic ones, with the same columns and types. It appears complete or
    not at all.
    """
    from sklearn_imbgen.cli._resample import METHODS, NO_METHOD, Request, known, streams
    from sklearn_imbgen.cli._resample import resample as run
    from sklearn_imbgen.cli._tables import Reading, check_output, describe_counts

    known([method], [name for name in METHODS if name != NO_METHOD], "method")
    check_output(output)
    _check_report(report, {"IN": table, "--output": output})
    request = Request(
        table=table,
        output=output,
        target=target,
        method=method,
        strategy=sampling_strategy,
        categorical=categorical,
        reading=Reading(**reading),
        seed=seed,
        synthetic_only=synthetic_only,
        verbose=not quiet,
        max_training_rows=max_training_rows,
        max_minority_rows=max_minority_rows,
    )
    if report is not None and streams(request):
        raise CommandError(
            f"--report shows all rows, and {table} is streamed; raise --max-training-rows above "
            "its number of rows to load it as a whole, or leave the report out"
        )
    with collect_warnings() as warned:
        done = run(request)
    _report(warned, "resampling")
    if report is not None and done.table is not None:
        from sklearn_imbgen.cli._page import write_page
        from sklearn_imbgen.cli._report import run_of
        from sklearn_imbgen.cli._resample_report import resample_page

        called = run_of(click.get_current_context(), {"resampling": warned})
        with collect_warnings() as warned, explained("the report"):
            write_page(resample_page(done.table, done.rows, done.sampler, called), report)
        _report(warned, "the report")
    if not any(done.made.values()):
        text = f"no class is to grow: {output} holds the original rows alone"
        click.echo(f"imbgen: warning: {text}", err=True)
    if not quiet:
        click.echo(f"before   {describe_counts(done.counts)}")
        after = {label: count + done.made.get(label, 0) for label, count in done.counts.items()}
        click.echo(f"after    {describe_counts(after)}")
        n_made = sum(done.made.values())
        n_rows = n_made + (0 if synthetic_only else sum(done.counts.values()))
        click.echo(f"written  {output} ({n_rows} rows, {n_made} of them synthetic)")
        if report is not None:
            click.echo(f"report   {report}")


@app.command()
@click.argument("votes", type=FILE)
@click.option("-o", "--output", metavar="OUT", type=FILE, required=True)
@click.option(
    "--method",
    type=click.Choice(["dawid-skene", "majority"]),
    default="dawid-skene",
    show_default=True,
)
@click.option(
    "--sample",
    default="task",
    show_default=True,
    help="Column that says what was labelled.",
)
@click.option("--worker", help="Column that says by whom.  [default: worker]")
@click.option("--label", help="Column that says as what.  [default: label]")
@click.option("--wide", is_flag=True, help="Each column besides --sample is a worker.")
@drop_option
@sep_option
@encoding_option
@click.option("--missing", help='Label that means "not labelled", as empty cells with --wide do.')
@click.option("--report", type=FILE, help="Table with all figures of all workers.")
@click.option("--picture", type=FILE, help="PNG, PDF or SVG of the workers; its folder is made.")
@click.option(
    "--prior",
    type=click.Choice(["estimated", "uniform"]),
    help="Of dawid-skene: class shares before any label.  [default: estimated]",
)
@click.option(
    "--smoothing",
    type=click.FloatRange(min=0),
    help="Of dawid-skene: pseudo-labels per worker and class.  [default: 1]",
)
@click.option(
    "--max-iter",
    type=click.IntRange(min=1),
    help="Of dawid-skene: iterations at most.  [default: 300]",
)
@click.option("--quiet", is_flag=True, help="Print no report.")
def aggregate(
    votes: Path,
    output: Path,
    method: str,
    sample: str,
    worker: str | None,
    label: str | None,
    wide: bool,
    drop: list[str],
    sep: str,
    encoding: str,
    missing: str | None,
    report: Path | None,
    picture: Path | None,
    quiet: bool,
    **settings: Any,
) -> None:
    """Infer one label per sample from the votes of several workers.

    VOTES is a table (.csv, .csv.gz, .parquet) with one row per vote in the
    columns task, worker and label, or with one column per worker (--wide). OUT
    gets a row per sample: its label and the probability of each class (the share
    of the votes, by --method majority). Labels stay as they are written.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    _check_vote_options(method, given, wide, [worker, label])
    from sklearn_imbgen.cli._aggregate import VoteColumns, describe, draw, infer, read_votes
    from sklearn_imbgen.cli._page import check_picture
    from sklearn_imbgen.cli._tables import Reading, check_output, write_table

    for path in filter(None, (output, report)):
        check_output(path)
    _refuse_same_file(
        {"the votes": votes, "--output": output, "--report": report, "--picture": picture}
    )
    columns = VoteColumns(sample, None if wide else worker or "worker", label or "label")
    if picture is not None:
        check_picture(picture)
    with collect_warnings() as warned:
        reading = Reading(sep=sep, encoding=encoding, drop=drop)
        content = read_votes(votes, columns, missing, reading)
        inferred = infer(content, method, **given)
    write_table(inferred.labels, output)
    if report is not None:
        write_table(inferred.workers, report)
    if picture is not None:
        draw(content, inferred, picture)
    _report(warned, "aggregation")
    if content.suspects and missing is None:
        text = "-1 counts as a class here; if it means not labelled, say --missing=-1"
        click.echo(f"imbgen: warning: {text}", err=True)
    if not quiet:
        written = ", ".join(str(path) for path in (output, report, picture) if path is not None)
        click.echo(describe(content, inferred))
        click.echo(f"written    {written}")


def _check_vote_options(
    method: str, settings: dict[str, Any], wide: bool, of_long: list[str | None]
) -> None:
    if method != "dawid-skene" and settings:
        raise CommandError("--prior, --smoothing and --max-iter belong to --method dawid-skene")
    if wide and any(name is not None for name in of_long):
        raise CommandError(
            "--worker and --label name columns of a table with one row per vote; with --wide "
            "every column besides --sample is a worker"
        )
