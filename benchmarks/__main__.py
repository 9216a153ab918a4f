"""The command line of all benchmarks: ``python -m benchmarks QUESTION``.

Every question has sets, methods and seeds, and the same options. With --output each row is
written as it is found, and the same command goes on where it was stopped; a file of another
question or of other settings is refused. Run it from the folder above this one.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.question import Question, Settings
from benchmarks.sweep import sweep

# name -> module and what it answers
QUESTIONS = {
    "oversampling": ("oversampling.compare", "tables 2.2 to 2.6, figures 2.3 and 2.4"),
    "glgan-parts": ("oversampling.parts", "what each part of GLGAN is worth, figure 2.5"),
    "attacked": ("oversampling.attacked", "over-samplers when test rows are attacked"),
    "crowd": ("crowd.questions", "table 3.2: ICED and others on worker labels"),
    "crowd-inference": ("crowd.questions", "figure 3.2: accuracy of inferred labels"),
    "crowd-warm-up": ("crowd.questions", "table 3.3: rows of the warm-up"),
    "crowd-parts": ("crowd.questions", "what each part of ICED is worth"),
    "aggregators": ("crowd.questions", "votes and Dawid-Skene beside other libraries"),
    "robust": ("robust.questions", "tables 4.1 to 4.7"),
    "robust-weights": ("robust.questions", "figure 4.5: weights of the rare classes"),
    "robust-separation": ("robust.questions", "figure 4.6: the separation weight"),
    "robust-ratio": ("robust.questions", "figure 4.7: the imbalance ratio"),
    "robust-schedule": ("robust.questions", "when class weights set in"),
    "robust-confirm": ("robust.questions", "attacks of other libraries"),
    "srat-parts": ("robust.questions", "what each setting of SRAT-LDAM is worth"),
    "imb-mix": ("robust.questions", "tables 5.1 to 5.7"),
    "imb-mix-averaging": ("robust.questions", "figures 5.2 to 5.7: averaging"),
    "imb-mix-parts": ("robust.questions", "what each part of Imb-Mix is worth"),
    "imb-mix-together": ("robust.questions", "Imb-Mix with the losses of chapter 4"),
    "speed": ("cost.speed", "time and memory of one resampling"),
    "streaming": ("cost.streaming", "imbgen resample on tables larger than memory"),
    "training": ("cost.training", "adversarial training beside a bare loop"),
    "threads": ("cost.threads", "searches by many workers, threads that want to run"),
    "dawid-skene": ("cost.dawid_skene", "Dawid-Skene per iteration, beside crowd-kit"),
    "soak": ("cost.soak", "does anything grow over many fits"),
    "trips": ("cost.trips", "files, functions and calls that one call goes through"),
}


def find(name: str) -> Question:
    """A question by its name."""
    if name not in QUESTIONS:
        raise SystemExit(f"no question {name!r}; there are: {', '.join(QUESTIONS)}")
    module = import_module(f"benchmarks.{QUESTIONS[name][0]}")
    question: Question = module.QUESTIONS[name]
    return question


def parser_of(name: str, question: Question) -> argparse.ArgumentParser:
    """The options of a question."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}",
        description=question.about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data-dir", type=Path, metavar="DIR", help="folder of the sets' files")
    add("--sets", nargs="+", default=list(question.sets), metavar="SET",
        help=f"default: {' '.join(question.sets)}")  # fmt: skip
    add("--methods", nargs="+", metavar="METHOD", help=f"any of: {'; '.join(question.methods)}")
    add("--seeds", "--repeats", type=int, metavar="N", help=f"default: {question.seeds}")
    add("--first-seed", type=int, default=0, metavar="N")
    add("--output", type=Path, metavar="FILE.csv", help="all rows; gone on with if it exists")
    add("--quick", action="store_true",
        help="one seed, trained for a moment: to see it run, not for numbers")  # fmt: skip
    if not question.alone:
        add("--jobs", type=int, default=1, metavar="N", help="cells at the same time")
        add("--cluster", metavar="HOST:PORT", help="all workers of this dask cluster, not --jobs")
    if question.draw is not None:
        add("--plot", type=Path, metavar="FILE.png", help="the figure")
    if "norm" in question.flags:
        add("--norm", choices=("linf", "l2"), default="linf")
    if "device" in question.flags:
        add("--device", default="cpu")
    return parser


def main(words: list[str] | None = None) -> None:
    """Ask a question: run its cells and print its tables."""
    words = sys.argv[1:] if words is None else words
    if not words or words[0] in ("-h", "--help"):
        lines = [f"  {name:<18} {about}" for name, (_, about) in QUESTIONS.items()]
        print("\n".join([__doc__ or "", *lines]))
        return
    question = find(words[0])
    options = parser_of(words[0], question).parse_args(words[1:])
    methods, missing = question.choose(options.methods)
    shared = {name: getattr(options, name) for name in ("data_dir", "quick", *question.flags)}
    settings = Settings(**shared)
    for name in options.sets:
        question.check(name, settings)
    n_seeds = options.seeds or (1 if options.quick else question.seeds)
    scores = sweep(
        words[0],
        question,
        sets=options.sets,
        methods=methods,
        seeds=range(options.first_seed, options.first_seed + n_seeds),
        settings=settings,
        jobs=1 if question.alone else options.jobs,
        cluster=None if question.alone else options.cluster,
        output=options.output,
    )
    print(question.report(scores))
    if missing:
        print(f"\nnot installed: {', '.join(missing)}")
    if question.draw is not None and options.plot is not None:
        options.plot.parent.mkdir(parents=True, exist_ok=True)
        question.draw(scores, options.plot)
        print(f"\ndrawn: {options.plot}")


if __name__ == "__main__":
    main()
