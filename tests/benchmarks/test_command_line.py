"""``python -m benchmarks``: the questions, their options, and the commands that pages name."""

import re
import shlex
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import __main__ as runner
from benchmarks.oversampling import sets
from benchmarks.question import Question, Settings

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]
CALL = "python -m benchmarks "


def commands_of(page):
    """Commands of code blocks and backticks; "..." before options repeats the last question."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", text, flags=re.DOTALL)
    calls = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for span in re.findall(r"`([^`\n]+(?:\n[^`\n]+)*)`", outside):
        if span.startswith("... --") and calls:
            calls.append(f"{CALL}{calls[-1].removeprefix(CALL).split()[0]} {span[4:]}")
        elif span.startswith(CALL):
            calls.append(span)
    # in tables a letter stands for the first words of a command
    letters = dict(re.findall(rf"\b([A-Z]) is\s`({CALL}[^`]*)`", text))
    tables = re.findall(r"\| ([A-Z]) `([^`]*)`", text)
    calls += [f"{letters[letter]} {words}" for letter, words in tables]
    # of placeholders there is nothing to be parsed
    calls = [call.replace("--sets ...", "") for call in calls if f"{CALL}NAME" not in call]
    return [
        shlex.split(call.removeprefix(CALL), comments=True)
        for call in calls
        if call.startswith(CALL)
    ]


def refusal(question, name, data_dir):
    """Why a question does not take a set: not more than that its file is not in DIR."""
    with suppress(SystemExit):
        question.check(name, Settings(data_dir=data_dir))
        return ""
    with pytest.raises(SystemExit) as refused:
        question.check(name, Settings(data_dir=data_dir))
    missing = data_dir and f"needs the file {data_dir}/" in str(refused.value)
    return "needs the file" if missing else str(refused.value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_on_the_pages_can_be_asked(page, monkeypatch):
    # it would be fetched
    monkeypatch.setitem(sets.BALANCED, "gisette", sets.digits)
    for name, *words in commands_of(page):
        question = runner.find(name)
        options = runner.parser_of(name, question).parse_args(words)
        assert set(options.methods or ()) <= set(question.methods)
        for asked in options.sets:
            assert refusal(question, asked, options.data_dir) in ("", "needs the file")


def test_the_pages_name_commands():
    named = {command[0] for page in PAGES for command in commands_of(page)}
    assert named > {"oversampling", "glgan-parts", "crowd", "robust", "imb-mix", "speed"}


@pytest.mark.parametrize("name", runner.QUESTIONS)
def test_every_question_has_sets_and_methods_that_it_knows(name):
    question = runner.find(name)
    assert set(question.default_methods) <= set(question.methods)
    assert set(question.packages) <= set(question.methods)
    for asked in question.sets:
        question.check(asked, Settings())
    with pytest.raises(SystemExit, match="--sets no-such: a set is"):
        question.check("no-such", Settings())


def test_questions_are_listed_and_unknown_ones_refused(capsys):
    runner.main([])
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in runner.QUESTIONS)
    with pytest.raises(SystemExit, match="no question 'oversample'; there are: oversampling, "):
        runner.main(["oversample"])
    with pytest.raises(SystemExit, match=r"no method Foo; there are: none; "):
        runner.main(["oversampling", "--methods", "Foo"])
    with pytest.raises(SystemExit, match="2"):
        runner.main(["speed", "--jobs", "2"])
    assert "unrecognized arguments: --jobs 2" in capsys.readouterr().err


def test_seeds_are_those_of_the_question_and_one_if_it_is_quick(monkeypatch, capsys):
    question = Question(
        about="",
        run=lambda method, name, seed, settings: [{"score": seed}],
        methods={"a": None},
        measures=("score",),
        report=lambda scores: str(scores["seed"].tolist()),
        sets=("s",),
        check=lambda name, settings: None,
        seeds=3,
    )
    monkeypatch.setattr(runner, "find", lambda _: question)
    for words in ([], ["--quick"], ["--seeds", "2", "--first-seed", "5", "--quick"]):
        runner.main(["any", *words])
    assert capsys.readouterr().out.split("\n")[:3] == ["[0, 1, 2]", "[0]", "[5, 6]"]


def test_a_question_is_answered_drawn_and_gone_on_with(tmp_path, monkeypatch, capsys):
    question = runner.find("oversampling")
    packages = {"SMOTE": "numpy", "MDO": "no_such_package"}
    monkeypatch.setattr(
        runner, "find", lambda _: type(question)(**vars(question) | {"packages": packages})
    )
    path, figure = tmp_path / "s.csv", tmp_path / "figures" / "r.png"
    words = ["oversampling", "--quick", "--output", str(path)]
    runner.main([*words, "--methods", "none", "SMOTE", "MDO", "--plot", str(figure)])
    printed = capsys.readouterr().out
    for text in ("digits-0.05: mean", "1 seed(s), ratio 0.05", "SMOTE", "not installed: MDO"):
        assert text in printed
    assert figure.stat().st_size > 1000
    assert len(pd.read_csv(path)) == 2 * 3
    with pytest.raises(SystemExit, match="has the settings 'quick', this run 'standard'"):
        runner.main(["oversampling", "--output", str(path)])
    with pytest.raises(SystemExit, match="not installed: MDO"):
        runner.main([*words, "--methods", "MDO"])
